/* SPDX-License-Identifier: Apache-2.0 */
/* port-add, port-del, port-list. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/lookup.h"
#include "nb/dragonflow-idl.h"
#include "svec.h"
#include "util.h"

/* What scope_follow() would find to be needed, so that there is one round less. */
static void
pre_port_add(struct ctl_context *ctx)
{
    struct scope *scope = &dfctl_context_cast(ctx)->dfctl->scope;

    pre_port(ctx);
    scope_mac(scope, ctx->argv[3]);
    for (int i = 4; i < ctx->argc; i++) {
        scope_address(scope, ctx->argv[i]);
    }
}

static void
cmd_port_add(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    const struct nbrec_network *network = object_get(ctx, NB_NETWORK, ctx->argv[2]);
    if (!network) {
        return;
    }

    char *mac = mac_normalize(ctx->argv[3]);
    struct svec addresses;
    normalize_all(&ctx->argv[4], ctx->argc - 4, address_normalize, &addresses);

    const struct nbrec_port *row = object_find(ctx, NB_PORT, name);
    if (may_create(ctx, "port", name, row)) {
        struct nbrec_port *new_row = nbrec_port_insert(ctx->txn);
        nbrec_port_set_name(new_row, name);
        nbrec_port_set_network(new_row, network);
        nbrec_port_set_mac(new_row, mac);
        nbrec_port_set_addresses(new_row, (const char **) addresses.names, addresses.n);
    } else if (row) {
        require_same_network(ctx, "port", name, row->network, network);
        require_same_mac(ctx, "port", name, row->mac, mac);
        if (addresses.n) {
            require_same_addresses(ctx, "port", name, row->addresses, row->n_addresses,
                                   address_normalize, &addresses);
        }
    }
    free(mac);
    svec_destroy(&addresses);
}

static void
cmd_port_del(struct ctl_context *ctx)
{
    object_delete(ctx, NB_PORT);
}

static void
pre_port_list(struct ctl_context *ctx)
{
    pre_no_ports(ctx);
    if (ctx->argc < 2) {
        scope_all_of(&dfctl_context_cast(ctx)->dfctl->scope, &nbrec_table_port);
    }
}

static void
cmd_port_list(struct ctl_context *ctx)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &nbrec_port_col_name,    &nbrec_port_col_network,
        &nbrec_port_col_mac,     &nbrec_port_col_addresses,
        &nbrec_port_col_enabled, &nbrec_port_col_chassis,
        &nbrec_port_col_up,      NULL,
    };
    const struct nbrec_network *network = NULL;
    if (ctx->argc > 1) {
        network = object_get(ctx, NB_NETWORK, ctx->argv[1]);
        if (!network || !rows_are_read(ctx, &nbrec_port_col_network, &network->header_.uuid)) {
            return;
        }
    }

    objects_list(ctx, NB_PORT, network ? &network->header_ : NULL, columns);
}

const struct ctl_command_syntax port_commands[] = {
    {"port-add", 3, INT_MAX, "NEW-PORT NETWORK MAC [IP]...", pre_port_add, cmd_port_add, NULL,
     "--may-exist", RW},
    {"port-del", 1, 1, "PORT", pre_port, cmd_port_del, NULL, "--if-exists", RW},
    {"port-list", 0, 1, "[NETWORK]", pre_port_list, cmd_port_list, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
