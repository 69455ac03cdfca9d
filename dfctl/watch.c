/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/watch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "db-ctl-base.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/names.h"
#include "dfctl/print.h"
#include "dfctl/scope.h"
#include "nb/dragonflow-idl.h"
#include "nb/text.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-data.h"
#include "ovsdb-idl-provider.h"
#include "timeval.h"
#include "util.h"

/* What 'row' has, or had if it is deleted, in 'column'. */
static const struct ovsdb_datum *
value_of(const struct ovsdb_idl_row *row, const struct ovsdb_idl_column *column)
{
    size_t i = column - row->table->class_->columns;

    return (ovsdb_idl_row_get_seqno(row, OVSDB_IDL_CHANGE_DELETE)
                ? row->tracked_old_datum ? &row->tracked_old_datum[i] : NULL
                : ovsdb_idl_read(row, column));
}

/* The name of a row, what a route says, or its UUID if it has neither.  The caller must free()
 * it. */
static char *
known_name(const struct ovsdb_idl_row *row)
{
    const struct ovsdb_idl_column *column = name_column(row->table->class_);
    const struct ovsdb_datum *name = column ? value_of(row, column) : NULL;

    if (row->table->class_ == &nbrec_table_static_route) {
        const struct ovsdb_datum *prefix = value_of(row, &nbrec_static_route_col_prefix);
        const struct ovsdb_datum *next_hop = value_of(row, &nbrec_static_route_col_next_hop);
        if (prefix && prefix->n && next_hop && next_hop->n) {
            return xasprintf("%s via %s", prefix->keys[0].s->string, next_hop->keys[0].s->string);
        }
    }

    return (name && name->n ? xstrdup(name->keys[0].s->string)
                            : xasprintf(UUID_FMT, UUID_ARGS(&row->uuid)));
}

/* How much of a value is printed. */
#define VALUE_MAX 65536

static const char *
change_of(const struct ovsdb_idl_row *row)
{
    return (ovsdb_idl_row_get_seqno(row, OVSDB_IDL_CHANGE_DELETE)   ? "delete"
            : ovsdb_idl_row_get_seqno(row, OVSDB_IDL_CHANGE_INSERT) ? "insert"
                                                                    : "modify");
}

/* Whether column 'i' is part of what is printed about a change. */
static bool
is_told(const struct ovsdb_idl_row *row, size_t i)
{
    const struct ovsdb_idl_column *column = &row->table->class_->columns[i];
    const char *change = change_of(row);

    if (!strcmp(change, "delete") || column == name_column(row->table->class_)) {
        return false;
    }
    return (!strcmp(change, "insert")
                ? !ovsdb_datum_is_default(ovsdb_idl_read(row, column), &column->type)
                : ovsdb_idl_track_is_updated(row, column));
}

/* A row that refers to one that has changed counts as changed for the library. */
static bool
has_changed(const struct ovsdb_idl_row *row)
{
    if (strcmp(change_of(row), "modify")) {
        return true;
    }
    for (size_t i = 0; i < row->table->class_->n_columns; i++) {
        if (ovsdb_idl_track_is_updated(row, &row->table->class_->columns[i])) {
            return true;
        }
    }
    return false;
}

static void
put_change(struct ds *out, const struct ovsdb_idl_row *row)
{
    const struct ovsdb_idl_table_class *class = row->table->class_;
    const char *change = change_of(row);
    char *name = known_name(row);
    const char *separator = ": ";

    ds_put_format(out, "%s %s ",
                  !strcmp(change, "insert")   ? "+"
                  : !strcmp(change, "delete") ? "-"
                                              : "~",
                  class->name);
    text_put(out, name, TEXT_NAME_MAX);
    for (size_t i = 0; i < class->n_columns; i++) {
        if (is_told(row, i)) {
            struct ds value = DS_EMPTY_INITIALIZER;
            ovsdb_datum_to_string(ovsdb_idl_read(row, &class->columns[i]), &class->columns[i].type,
                                  &value);
            ds_put_format(out, "%s%s=", separator, class->columns[i].name);
            text_put(out, ds_cstr(&value), VALUE_MAX);
            separator = " ";
            ds_destroy(&value);
        }
    }
    ds_put_char(out, '\n');
    free(name);
}

static void
put_json_change(struct ds *out, const struct ovsdb_idl_row *row)
{
    const struct ovsdb_idl_table_class *class = row->table->class_;
    struct json *json = json_object_create();
    struct json *columns = json_object_create();
    char *name = known_name(row);

    for (size_t i = 0; i < class->n_columns; i++) {
        if (is_told(row, i)) {
            json_object_put(columns, class->columns[i].name,
                            ovsdb_datum_to_json(ovsdb_idl_read(row, &class->columns[i]),
                                                &class->columns[i].type));
        }
    }
    json_object_put_string(json, "change", change_of(row));
    json_object_put_string(json, "table", class->name);
    json_object_put_string(json, "name", name);
    json_object_put(json, "columns", columns);
    json_to_ds(json, JSSF_SORT, out);
    ds_put_char(out, '\n');
    json_destroy(json);
    free(name);
}

void
watch(const struct dfctl *dfctl, struct ovsdb_idl *idl)
{
    long long int deadline = dfctl->timeout ? time_msec() + dfctl->timeout * 1000LL : LLONG_MAX;

    /* To be interrupted is how it ends. */
    vlog_set_levels_from_string_assert("fatal_signal:console:off");
    ovsdb_idl_track_clear(idl);
    while (time_msec() < deadline) {
        struct ds out = DS_EMPTY_INITIALIZER;

        ovsdb_idl_run(idl);
        if (!ovsdb_idl_is_alive(idl)) {
            ctl_fatal("watch: the connection to the database was lost, and what has changed since "
                      "is not known");
        }
        for (size_t i = 0; i < NBREC_N_TABLES; i++) {
            const struct ovsdb_idl_table_class *class = &nbrec_idl_class.tables[i];
            const struct ovsdb_idl_row *row = ovsdb_idl_track_get_first(idl, class);
            for (; row; row = ovsdb_idl_track_get_next(row)) {
                if (!has_changed(row)) {
                    continue;
                }
                if (dfctl->style.format == TF_JSON) {
                    put_json_change(&out, row);
                } else {
                    put_change(&out, row);
                }
            }
        }
        ovsdb_idl_track_clear(idl);
        print_text(ds_cstr(&out));
        ds_destroy(&out);
        print_check(false);

        ovsdb_idl_wait(idl);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

/* --- The command -------------------------------------------------------- */

static void
pre_watch(struct ctl_context *ctx)
{
    struct dfctl *dfctl = dfctl_context_cast(ctx)->dfctl;
    bool found = false;

    for (size_t i = 0; i < NBREC_N_TABLES; i++) {
        const struct ovsdb_idl_table_class *class = &nbrec_idl_class.tables[i];
        if (ctx->argc > 1 && strcasecmp(ctx->argv[1], class->name)) {
            continue;
        }
        for (size_t j = 0; j < class->n_columns; j++) {
            ovsdb_idl_track_add_column(ctx->idl, &class->columns[j]);
        }
        scope_all_of(&dfctl->scope, class);
        found = true;
    }
    if (!found) {
        ctl_error(ctx, "unknown table \"%s\"", ctx->argv[1]);
    }
    dfctl->watch = true;
}

static void
cmd_watch(struct ctl_context *ctx OVS_UNUSED)
{
    /* See watch(). */
}

const struct ctl_command_syntax watch_commands[] = {
    {"watch", 0, 1, "[TABLE]", pre_watch, cmd_watch, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
