/* SPDX-License-Identifier: Apache-2.0 */
/* chassis-list, chassis-del. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>

#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/lookup.h"
#include "nb/dragonflow-idl.h"
#include "smap.h"
#include "svec.h"
#include "table.h"
#include "util.h"

static void
add_pairs(struct svec *v, const struct smap *smap, const char *separator)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, smap) {
        svec_add_nocopy(v, xasprintf("%s%s%s", node->key, separator, node->value));
    }
}

/* "KEY SEPARATOR VALUE" of both, sorted; 'more' may be NULL. */
static char *
smap_text(const struct smap *smap, const struct smap *more, const char *separator)
{
    struct svec v = SVEC_EMPTY_INITIALIZER;

    add_pairs(&v, smap, separator);
    if (more) {
        add_pairs(&v, more, separator);
    }
    svec_sort(&v);
    char *s = svec_join(&v, ", ", "");
    svec_destroy(&v);
    return s;
}

static void
pre_chassis_list(struct ctl_context *ctx)
{
    scope_read_table(&dfctl_context_cast(ctx)->dfctl->scope, ctx->idl, &nbrec_table_chassis);
}

static void
cmd_chassis_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "name", "hostname", "encaps", "bridge_mappings", "gateway", "applied", NULL,
    };
    struct table *table = table_start(ctx, headings);
    const struct nbrec_chassis *row;

    NBREC_CHASSIS_FOR_EACH (row, ctx->idl) {
        table_add_row(table);
        table_add_text(table, row->name);
        table_add_text(table, row->hostname);
        table_add_cell(table)->text = smap_text(&row->encaps, &row->encaps_ipv6, " ");
        table_add_cell(table)->text = smap_text(&row->bridge_mappings, NULL, ":");
        table_add_text(table, row->n_gateway && *row->gateway ? "true" : "false");
        table_add_cell(table)->text = xasprintf("%" PRId64, row->applied);
    }
    table_sort(table);
}

static void
cmd_chassis_del(struct ctl_context *ctx)
{
    const struct nbrec_chassis *row = object_to_delete(ctx, NB_CHASSIS);
    if (!row || !rows_are_read(ctx, &nbrec_port_col_chassis, &row->header_.uuid)) {
        return;
    }
    /* Port.chassis is a weak reference, which clears itself; Port.up would go on
     * claiming that a port on no chassis is up. */
    const struct nbrec_port *port;
    NBREC_PORT_FOR_EACH (port, ctx->idl) {
        if (port->chassis == row && port->n_up) {
            nbrec_port_set_up(port, NULL, 0);
        }
    }
    nbrec_chassis_delete(row);
}

const struct ctl_command_syntax chassis_commands[] = {
    {"chassis-list", 0, 0, "", pre_chassis_list, cmd_chassis_list, NULL, "", RO},
    {"chassis-del", 1, 1, "CHASSIS", pre_no_ports, cmd_chassis_del, NULL, "--if-exists", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
