/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/transaction.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bitmap.h"
#include "dfctl/context.h"
#include "dfctl/hints.h"
#include "dfctl/output.h"
#include "dfctl/print.h"
#include "dfctl/references.h"
#include "dfctl/routes.h"
#include "nb/check.h"
#include "nb/dragonflow-idl.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-data.h"
#include "ovsdb-idl-provider.h"
#include "timeval.h"
#include "util.h"

/* Of more commands each may turn out to need something else, which costs a round each time:
 * everything is read at once. */
#define MANY_COMMANDS 8

/* For transaction_abort() only, so that nothing leaks when a command fails. */
static struct ovsdb_idl_txn *the_txn;

void
transaction_abort(void)
{
    if (the_txn) {
        ovsdb_idl_txn_abort(the_txn);
        ovsdb_idl_txn_destroy(the_txn);
        the_txn = NULL;
    }
}

/* --- What is checked ---------------------------------------------------- */

static bool
row_is_modified(const struct ovsdb_idl_row *row)
{
    if (row->old_datum == row->new_datum) {
        return false;
    }
    if (!row->old_datum) {
        return true;
    }
    const struct ovsdb_idl_table_class *class = row->table->class_;
    for (size_t i = 0; i < class->n_columns; i++) {
        if (row->written && bitmap_is_set(row->written, i)
            && !ovsdb_datum_equals(&row->old_datum[i], &row->new_datum[i],
                                   &class->columns[i].type)) {
            return true;
        }
    }
    return false;
}

/* Counts the rows of the database as the transaction would leave them; sets
 * '*modified' if it inserts or modifies any. */
static size_t
count_rows(const struct ovsdb_idl *idl, bool *modified)
{
    size_t n = 0;

    *modified = false;
    for (size_t i = 0; i < nbrec_idl_class.n_tables; i++) {
        const struct ovsdb_idl_row *row = ovsdb_idl_first_row(idl, &nbrec_idl_class.tables[i]);
        for (; row; row = ovsdb_idl_next_row(row)) {
            n++;
            *modified = *modified || row_is_modified(row);
        }
    }
    return n;
}

/* Makes the transaction fail if another dfctl commits before it. */
static void
replace_generation(const struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn)
{
    const struct nbrec_global *global = nbrec_global_first(idl);
    if (!global) {
        global = nbrec_global_insert(txn);
    } else if (global->header_.old_datum) {
        nbrec_global_verify_external_ids(global);
    }

    struct smap ids;
    smap_clone(&ids, &global->external_ids);
    unsigned long long int generation = smap_get_ullong(&ids, "generation", 0) + 1;
    smap_remove(&ids, "generation");
    smap_add_format(&ids, "generation", "%llu", generation);
    nbrec_global_set_external_ids(global, &ids);
    smap_destroy(&ids);
}

/* Refuses a transaction that adds a fault to those of 'before', or warns about it. */
static void
refuse_new_faults(struct dfctl *dfctl, const struct ovsdb_idl *idl, const struct nb_faults *before)
{
    struct nb_faults after = NB_FAULTS_INITIALIZER;
    size_t n;

    nb_check(idl, &after);
    const struct nb_fault *fault = nb_faults_new(before, &after, &n);
    if (!fault) {
        nb_faults_destroy(&after);
        return;
    }
    const char *origin = shash_find_data(&dfctl->origins, fault->object);
    char *more = n > 1 ? xasprintf(" (and %" PRIuSIZE " more)", n - 1) : xstrdup("");
    char *message = xasprintf("%s%s%s: %s%s", origin ? origin : "", origin ? ": " : "",
                              fault->object, fault->reason, more);
    free(more);
    nb_faults_destroy(&after);
    if (!dfctl->force) {
        print_fatal(message);
    }
    svec_add_nocopy(&dfctl->warnings, message);
}

/* Refuses what the database would. */
static void
refuse_duplicates(const struct ovsdb_idl *idl)
{
    char *error = routes_find_duplicate(idl);

    if (error) {
        print_fatal(error);
    }
}

/* A port may be asked for where no chassis is yet, but not by a slip of the pen.  A file of
 * "apply" may well be older than the chassis. */
static void
warn_about_chassis(struct dfctl *dfctl, const struct ovsdb_idl *idl)
{
    const struct nbrec_port *port;
    const struct nbrec_chassis *chassis;
    struct sset names = SSET_INITIALIZER(&names);

    NBREC_CHASSIS_FOR_EACH (chassis, idl) {
        sset_add(&names, chassis->name);
    }
    NBREC_PORT_FOR_EACH (port, idl) {
        if (shash_is_empty(&dfctl->files) && row_is_modified(&port->header_)
            && port->requested_chassis && !sset_contains(&names, port->requested_chassis)) {
            svec_add_nocopy(&dfctl->warnings, xasprintf("port %s: there is no chassis %s (so far)",
                                                        port->name, port->requested_chassis));
        }
    }
    sset_destroy(&names);
}

static void
print_warnings(const struct dfctl *dfctl)
{
    for (size_t i = 0; i < dfctl->warnings.n; i++) {
        char *clean = text_clean(dfctl->warnings.names[i], TEXT_SENTENCE_MAX);
        fprintf(stderr, "%s: warning: %s\n", program_name, clean);
        free(clean);
    }
}

static void
check_symbols(const struct ovsdb_symbol_table *symtab)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &symtab->sh) {
        const struct ovsdb_symbol *symbol = node->data;
        if (!symbol->created) {
            ctl_fatal("row id \"%s\" is referenced but never created", node->name);
        }
    }
}

void
transaction_prepare(struct dfctl *dfctl, struct ctl_command *commands, size_t n,
                    struct ovsdb_idl *idl)
{
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        if (c->syntax->prerequisites) {
            struct dfctl_context ctx = {.dfctl = dfctl};

            ds_init(&c->output);
            c->table = NULL;
            ctl_context_init(&ctx.base, c, idl, NULL, NULL, NULL);
            c->syntax->prerequisites(&ctx.base);
            if (ctx.base.error) {
                print_fatal(hint_for_command(ctx.base.error, idl));
            }
            ctl_context_done(&ctx.base, c);
        }
        scope_generic(&dfctl->scope, c);
        references_prepare(c, &dfctl->scope, idl);
    }
    if (n > MANY_COMMANDS) {
        scope_read_everything(&dfctl->scope, idl);
    } else if (ctl_might_write_to_db(commands, n)) {
        scope_for_writing(&dfctl->scope, idl);
    }
    scope_apply(&dfctl->scope, idl);
}

/* Whether all rows of the table in which one is missing are to be read, to find what may
 * have been meant. */
static bool
reads_names(struct dfctl *dfctl, const char *error)
{
    const struct ovsdb_idl_table_class *table = table_of_missing_row(error);
    return table && scope_all_of(&dfctl->scope, table);
}

/* Runs all commands in 'txn'.  Returns false if one of them wants to be run again
 * after a change of the database. */
static bool
run_commands(struct dfctl *dfctl, struct ctl_command *commands, size_t n, struct ovsdb_idl *idl,
             struct ovsdb_idl_txn *txn, struct ovsdb_symbol_table *symtab)
{
    struct dfctl_context ctx = {.dfctl = dfctl};
    bool done = true;

    ctl_context_init(&ctx.base, NULL, idl, txn, symtab, NULL);
    for (struct ctl_command *c = commands; done && c < &commands[n]; c++) {
        /* Never as the last command, which could hide its changes from the checks
         * that follow. */
        ctl_context_init_command(&ctx.base, c, false);
        struct svec words;
        references_resolve(c, &ctx.base, &words);
        if (words.n) {
            ctx.base.argv = words.names;
        }
        if (c->syntax->run && !ctx.base.error) {
            c->syntax->run(&ctx.base);
        }
        svec_destroy(&words);
        if (ctx.base.error && !reads_names(dfctl, ctx.base.error)) {
            print_fatal(hint_for_command(ctx.base.error, idl));
        } else if (ctx.base.error) {
            free(ctx.base.error);
            ctx.base.error = NULL;
            ctx.base.try_again = true;
        }
        ctl_context_done_command(&ctx.base, c);
        done = !ctx.base.try_again;
    }
    ctl_context_done(&ctx.base, NULL);
    return done;
}

static void
run_postprocess(struct dfctl *dfctl, struct ctl_command *commands, size_t n, struct ovsdb_idl *idl,
                struct ovsdb_idl_txn *txn, struct ovsdb_symbol_table *symtab)
{
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        if (c->syntax->postprocess) {
            struct dfctl_context ctx = {.dfctl = dfctl};

            ctl_context_init(&ctx.base, c, idl, txn, symtab, NULL);
            c->syntax->postprocess(&ctx.base);
            if (ctx.base.error) {
                print_fatal(ctx.base.error);
            }
            ctl_context_done(&ctx.base, c);
        }
    }
}

/* A string member of 'json'; NULL if there is none of this name. */
static const char *
string_member(const struct json *json, const char *name)
{
    const struct json *member =
        json->type == JSON_OBJECT ? shash_find_data(json_object(json), name) : NULL;

    return member && member->type == JSON_STRING ? json_string(member) : NULL;
}

/* The server's error (RFC 7047 section 3.1, "<error>"), which is JSON, as a sentence.  Where it
 * cannot write its file, there is the reason of the operating system as well. */
static char *
explain_refusal(const char *error)
{
    struct json *json = json_from_string(error);
    const char *what = string_member(json, "error");
    const char *details = string_member(json, "details");
    const char *reason = string_member(json, "io-error");
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "the database refuses it: %s", details ? details : what ? what : error);
    if (details && what) {
        ds_put_format(&s, " (%s%s%s)", what, reason ? ": " : "", reason ? reason : "");
    }
    json_destroy(json);
    return ds_steal_cstr(&s);
}

/* Has the library not log an error of the server, which explain_refusal() tells, unless it is asked
 * to log more than warnings. */
static void
silence_refusals(void)
{
    struct vlog_module *module = vlog_module_from_name("ovsdb_idl");

    if (vlog_get_level(module, VLF_CONSOLE) == VLL_WARN) {
        vlog_set_levels(module, VLF_CONSOLE, VLL_ERR);
    }
}

/* Commits.  Returns TXN_INCOMPLETE at 'deadline'. */
static enum ovsdb_idl_txn_status
commit(struct ovsdb_idl_txn *txn, struct ovsdb_idl *idl, long long int deadline)
{
    silence_refusals();
    for (;;) {
        enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(txn);
        if (status != TXN_INCOMPLETE || time_msec() >= deadline) {
            return status;
        }
        ovsdb_idl_wait(idl);
        ovsdb_idl_txn_wait(txn);
        poll_timer_wait_until(deadline);
        poll_block();
        ovsdb_idl_run(idl);
    }
}

bool
transaction_attempt(struct dfctl *dfctl, const char *args, struct ctl_command *commands, size_t n,
                    struct ovsdb_idl *idl, long long int deadline)
{
    bool writes = ctl_might_write_to_db(commands, n);
    struct nb_faults before = NB_FAULTS_INITIALIZER;
    bool modified;
    size_t n_rows = count_rows(idl, &modified);
    if (writes) {
        nb_check(idl, &before);
    }

    struct ovsdb_idl_txn *txn = the_txn = ovsdb_idl_txn_create(idl);
    if (dfctl->dry_run) {
        ovsdb_idl_txn_set_dry_run(txn);
    }
    ovsdb_idl_txn_add_comment(txn, "dfctl: %s", args);
    struct ovsdb_symbol_table *symtab = ovsdb_symbol_table_create();
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        ds_init(&c->output);
        c->table = NULL;
    }
    shash_clear_free_data(&dfctl->origins);
    sset_clear(&dfctl->removed);
    svec_clear(&dfctl->warnings);
    dfctl->wrong = false;

    scope_remember(&dfctl->scope, idl);
    bool done = run_commands(dfctl, commands, n, idl, txn, symtab);
    if (done && writes) {
        scope_follow(&dfctl->scope, idl);
    }
    dfctl->reads_more = !scope_apply(&dfctl->scope, idl);
    done = done && !dfctl->reads_more;
    if (done) {
        check_symbols(symtab);
        if (writes) {
            refuse_duplicates(idl);
            refuse_new_faults(dfctl, idl, &before);
            warn_about_chassis(dfctl, idl);
            if (count_rows(idl, &modified) != n_rows || modified) {
                replace_generation(idl, txn);
            }
        }

        bool creates_global =
            !nbrec_global_first(idl) || !nbrec_global_first(idl)->header_.old_datum;
        enum ovsdb_idl_txn_status status = commit(txn, idl, deadline);
        if (status == TXN_ERROR && !(writes && creates_global && nbrec_global_first(idl))) {
            print_fatal(explain_refusal(ovsdb_idl_txn_get_error(txn)));
        }
        done = status == TXN_SUCCESS || status == TXN_UNCHANGED;
        dfctl->committed = writes && !dfctl->dry_run && status == TXN_SUCCESS;
        dfctl->uncertain = status == TXN_INCOMPLETE;
        if (done) {
            run_postprocess(dfctl, commands, n, idl, txn, symtab);
            print_warnings(dfctl);
            output_print(commands, n, &dfctl->style);
        }
    }
    if (!done) {
        ovsdb_idl_txn_abort(txn);
    }
    output_free(commands, n);
    ovsdb_idl_txn_destroy(txn);
    the_txn = NULL;
    ovsdb_symbol_table_destroy(symtab);
    nb_faults_destroy(&before);
    return done;
}
