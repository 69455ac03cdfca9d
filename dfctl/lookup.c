/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "db-ctl-base.h"
#include "dfctl/canonical.h"
#include "dfctl/context.h"
#include "dfctl/names.h"
#include "dfctl/routes.h"
#include "dfctl/values.h"
#include "openvswitch/shash.h"
#include "ovsdb-idl-provider.h"
#include "svec.h"
#include "table.h"
#include "util.h"

const void *
object_find(struct ctl_context *ctx, enum nb_table_id id, const char *name)
{
    return row_find(ctx->idl, nb_tables[id].class, name);
}

const void *
object_get(struct ctl_context *ctx, enum nb_table_id id, const char *name)
{
    const void *row = object_find(ctx, id, name);
    if (!row) {
        ctl_error(ctx, "%s %s does not exist", nb_tables[id].kind, name);
    }
    return row;
}

void
report_missing(struct ctl_context *ctx, const char *kind, const char *name)
{
    if (!shash_find(&ctx->options, "--if-exists")) {
        ctl_error(ctx, "%s %s does not exist", kind, name);
    }
}

const void *
object_to_delete(struct ctl_context *ctx, enum nb_table_id id)
{
    const void *row = object_find(ctx, id, ctx->argv[1]);
    if (!row) {
        report_missing(ctx, nb_tables[id].kind, ctx->argv[1]);
    }
    return row;
}

/* "router port r1-blue": the first, by the alphabet, of the objects that refer to 'row' of table
 * 'id'; NULL if none does.  Returns false if they have yet to be read. */
static bool
find_user(struct ctl_context *ctx, enum nb_table_id id, const struct ovsdb_idl_row *row,
          char **first)
{
    *first = NULL;
    NB_TABLE_FOR_EACH (table) {
        NB_COLUMN_FOR_EACH (column, table) {
            if (column->type != NB_REFERENCE || column->table != id || !nb_table_has_names(table)) {
                continue;
            }
            if (!rows_are_read(ctx, column->column, &row->uuid)) {
                return false;
            }
            const char *name = first_reference(ctx->idl, column->column, row);
            char *user = name ? xasprintf("%s %s", table->kind, name) : NULL;
            if (user && (!*first || strcmp(user, *first) < 0)) {
                free(*first);
                *first = user;
            } else {
                free(user);
            }
        }
    }
    return true;
}

void
object_delete(struct ctl_context *ctx, enum nb_table_id id)
{
    const struct ovsdb_idl_row *row = object_to_delete(ctx, id);
    char *user = NULL;

    if (!row || !find_user(ctx, id, row, &user)) {
        free(user);
        return;
    }
    if (user) {
        ctl_error(ctx, "%s %s is still used by %s", nb_tables[id].kind, ctx->argv[1], user);
        free(user);
    } else {
        row_delete(row);
    }
}

bool
may_create(struct ctl_context *ctx, const char *kind, const char *name, bool exists)
{
    if (exists) {
        if (!shash_find(&ctx->options, "--may-exist")) {
            ctl_error(ctx, "%s %s already exists", kind, name);
        }
        return false;
    }
    /* What others may have written must not stop an import, so this is no matter of
     * name_check(). */
    const char *why = name[0] == '-' ? "begins with \"-\", as options do" : name_check(name);
    if (why) {
        ctl_error(ctx, "the name of a %s %s", kind, why);
    }
    return !why;
}

void
require_same(struct ctl_context *ctx, const char *kind, const char *name, const char *what,
             const char *has, const char *wanted)
{
    if (!ctx->error && !nullable_string_is_equal(has, wanted)) {
        ctl_error(ctx, "%s %s already exists with %s %s, not %s", kind, name, what,
                  has && has[0] ? has : "(none)", wanted && wanted[0] ? wanted : "(none)");
    }
}

void
require_same_network(struct ctl_context *ctx, const char *kind, const char *name,
                     const struct nbrec_network *has, const struct nbrec_network *wanted)
{
    require_same(ctx, kind, name, "network", has ? has->name : NULL, wanted->name);
}

void
require_same_mac(struct ctl_context *ctx, const char *kind, const char *name, const char *has,
                 const char *wanted)
{
    char *mac = mac_normalize(has);

    require_same(ctx, kind, name, "MAC address", mac, wanted);
    free(mac);
}

void
require_same_addresses(struct ctl_context *ctx, const char *kind, const char *name,
                       char *const *has, size_t n_has, char *(*normalize)(const char *),
                       const struct svec *wanted)
{
    struct svec addresses;
    normalize_all(has, n_has, normalize, &addresses);
    char *has_text = svec_join(&addresses, ", ", "");
    char *text = svec_join(wanted, ", ", "");

    require_same(ctx, kind, name, "addresses", has_text, text);
    free(has_text);
    free(text);
    svec_destroy(&addresses);
}

bool
key_values_parse(struct ctl_context *ctx, int first, const char *const keys[], const char *values[])
{
    size_t n_keys = 0;
    for (; keys[n_keys]; n_keys++) {
        values[n_keys] = NULL;
    }

    for (int i = first; i < ctx->argc; i++) {
        const char *arg = ctx->argv[i];
        size_t len = strcspn(arg, "=");
        size_t k = 0;
        while (k < n_keys && (strlen(keys[k]) != len || strncmp(keys[k], arg, len))) {
            k++;
        }
        if (!arg[len] || k >= n_keys) {
            struct ds known = DS_EMPTY_INITIALIZER;
            for (k = 0; k < n_keys; k++) {
                ds_put_format(&known, "%s%s=", k ? ", " : "", keys[k]);
            }
            ctl_error(ctx, "%s %s: \"%s\" is none of %s", ctx->argv[0], ctx->argv[1], arg,
                      ds_cstr(&known));
            ds_destroy(&known);
            return false;
        }
        if (values[k]) {
            ctl_error(ctx, "%s %s: %s is given twice", ctx->argv[0], ctx->argv[1], keys[k]);
            return false;
        }
        values[k] = arg + len + 1;
    }
    return true;
}

/* --- Tables ------------------------------------------------------------- */

void
table_add_text(struct table *table, const char *s)
{
    table_add_cell(table)->text = xstrdup(s ? s : "");
}

struct table *
table_start(struct ctl_context *ctx, const char *const headings[])
{
    struct table *table = xmalloc(sizeof *table);

    table_init(table);
    for (size_t i = 0; headings[i]; i++) {
        table_add_column(table, "%s", headings[i]);
    }
    ctx->table = table;
    return table;
}

static int
compare_first_cells(const void *a_, const void *b_)
{
    const struct cell *a = a_;
    const struct cell *b = b_;
    return strcmp(a->text, b->text);
}

void
table_sort(struct table *table)
{
    if (table->n_rows > 1) {
        qsort(table->cells, table->n_rows, table->n_columns * sizeof *table->cells,
              compare_first_cells);
    }
}

void
objects_list(struct ctl_context *ctx, enum nb_table_id id, const struct ovsdb_idl_row *owner,
             const struct ovsdb_idl_column *const columns[])
{
    const struct nb_table *description = &nb_tables[id];
    const struct ovsdb_idl_row *row = ovsdb_idl_first_row(ctx->idl, description->class);
    struct table *table = ctx->table = xmalloc(sizeof *table);

    table_init(table);
    for (size_t i = 0; columns[i]; i++) {
        table_add_column(table, "%s", columns[i]->name);
    }
    for (; row; row = ovsdb_idl_next_row(row)) {
        if (owner && column_reference(row, nb_table_owner(description)) != owner) {
            continue;
        }
        table_add_row(table);
        for (size_t i = 0; columns[i]; i++) {
            struct svec values;
            column_read(row, nb_table_column(description, columns[i]), &values);
            table_add_cell(table)->text = svec_join(&values, " ", "");
            svec_destroy(&values);
        }
    }
    table_sort(table);
}
