/* SPDX-License-Identifier: Apache-2.0 */
/* show: the topology for a person to read. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/names.h"
#include "dfctl/output.h"
#include "dfctl/rows.h"
#include "dfctl/show-json.h"
#include "dfctl/values.h"
#include "nb/dragonflow-idl.h"
#include "nb/tables.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

/* Appends 'before', then 's', which may be of any author. */
static void
put(struct ds *out, const char *before, const char *s)
{
    ds_put_cstr(out, before);
    text_put(out, s, TEXT_NAME_MAX);
}

/* What follows the columns in the line of a row. */

static void
finish_network(struct ds *out, const void *row_)
{
    const struct nbrec_network *row = row_;

    ds_put_cstr(out, row->n_external && *row->external ? ", external)" : ")");
}

static void
finish_port(struct ds *out, const void *row_)
{
    const struct nbrec_port *row = row_;

    if (row->n_enabled && !*row->enabled) {
        ds_put_cstr(out, ", disabled");
    } else if (row->chassis) {
        put(out, row->n_up && *row->up ? ", up on " : ", down on ", row->chassis->name);
    } else {
        ds_put_cstr(out, ", on no chassis");
    }
    if (row->requested_chassis
        && (!row->chassis || strcmp(row->chassis->name, row->requested_chassis))) {
        put(out, " (requested: ", row->requested_chassis);
        ds_put_char(out, ')');
    }
}

static void
finish_router(struct ds *out, const void *row_)
{
    const struct nbrec_router *row = row_;

    ds_put_cstr(out, row->n_enabled && !*row->enabled ? " (disabled)" : "");
}

static void
finish_chassis(struct ds *out, const void *row_)
{
    const struct nbrec_chassis *row = row_;

    if (row->hostname[0]) {
        put(out, " (", row->hostname);
        ds_put_char(out, ')');
    }
    ds_put_cstr(out, row->n_gateway && *row->gateway ? ", gateway" : "");
}

static void (*const finish[NB_N_TABLES])(struct ds *, const void *row) = {
    [NB_NETWORK] = finish_network,
    [NB_PORT] = finish_port,
    [NB_ROUTER] = finish_router,
    [NB_CHASSIS] = finish_chassis,
};

static void
show_map(struct ds *out, const char *before, const struct ovsdb_idl_row *row,
         const struct nb_column *column)
{
    struct smap map;

    column_read_map(row, column, &map);
    const struct smap_node **nodes = smap_sort(&map);
    for (size_t i = 0; i < smap_count(&map); i++) {
        put(out, before, nodes[i]->key);
        put(out, ": ", nodes[i]->value);
        ds_put_char(out, '\n');
    }
    free(nodes);
    smap_destroy(&map);
}

/* Each value after 'before', and 'after' after it. */
static void
show_values(struct ds *out, const char *before, const struct ovsdb_idl_row *row,
            const struct nb_column *column, const char *after)
{
    struct svec values;

    column_read(row, column, &values);
    for (size_t i = 0; i < values.n; i++) {
        put(out, before, values.names[i]);
        ds_put_cstr(out, after);
    }
    svec_destroy(&values);
}

static bool
has_own_lines(const struct nb_column *column)
{
    return column->type == NB_ROWS || column->type == NB_MAP || column->type == NB_ROUTES;
}

static void show_rows(struct ds *, const struct rows *, const struct nb_column *, const char *owner,
                      const char *before);

static void
show_row(struct ds *out, const struct rows *rows, enum nb_table_id id,
         const struct ovsdb_idl_row *row, const char *before)
{
    const struct nb_table *table = &nb_tables[id];

    put(out, before, row_name(row));
    NB_COLUMN_FOR_EACH (column, table) {
        if (column->show && !has_own_lines(column)) {
            show_values(out, column->show, row, column, "");
        }
    }
    if (finish[id]) {
        finish[id](out, row);
    }
    ds_put_char(out, '\n');

    NB_COLUMN_FOR_EACH (column, table) {
        if (!column->show || !has_own_lines(column)) {
            continue;
        }
        char *begin = xasprintf("    %s ", column->show);
        if (column->type == NB_ROWS) {
            show_rows(out, rows, column, row_name(row), begin);
        } else if (column->type == NB_MAP) {
            show_map(out, begin, row, column);
        } else {
            show_values(out, begin, row, column, "\n");
        }
        free(begin);
    }
}

static void
show_rows(struct ds *out, const struct rows *rows, const struct nb_column *column,
          const char *owner, const char *before)
{
    const struct row_list *list = rows_of(rows, column->table, owner);

    for (size_t i = 0; i < list->n; i++) {
        show_row(out, rows, column->table, list->nodes[i]->data, before);
    }
}

static void
cmd_show(struct ctl_context *ctx)
{
    struct rows rows;

    rows_init(&rows, ctx->idl);
    if (dfctl_context_cast(ctx)->dfctl->style.format == TF_JSON) {
        output_json(ctx, show_to_json(&rows));
    } else {
        NB_COLUMN_FOR_EACH (column, &nb_topology) {
            char *begin = xasprintf("%s ", column->show);
            show_rows(&ctx->output, &rows, column, "", begin);
            free(begin);
        }
    }
    rows_destroy(&rows);
}

const struct ctl_command_syntax show_commands[] = {
    {"show", 0, 0, "", pre_everything, cmd_show, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
