/* SPDX-License-Identifier: Apache-2.0 */
/* router-add, router-del, router-list, router-port-add, router-port-del, route-add,
 * route-del. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/lookup.h"
#include "dfctl/routes.h"
#include "nb/dragonflow-idl.h"
#include "svec.h"
#include "table.h"
#include "util.h"

static void
cmd_router_add(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    if (may_create(ctx, "router", name, object_find(ctx, NB_ROUTER, name))) {
        nbrec_router_set_name(nbrec_router_insert(ctx->txn), name);
    }
}

static void
cmd_router_del(struct ctl_context *ctx)
{
    object_delete(ctx, NB_ROUTER);
}

/* The routes of a router in canonical spelling, sorted as text. */
static void
read_routes(const struct nbrec_router *router, struct svec *routes)
{
    struct svec written = SVEC_EMPTY_INITIALIZER;

    routes_read(router, &written);
    normalize_all(written.names, written.n, static_route_normalize, routes);
    svec_destroy(&written);
}

static void
cmd_router_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {"name", "enabled", "ports", "routes", NULL};
    struct table *table = table_start(ctx, headings);
    const struct nbrec_router *row;

    NBREC_ROUTER_FOR_EACH (row, ctx->idl) {
        struct svec ports = SVEC_EMPTY_INITIALIZER, routes;
        const struct nbrec_router_port *router_port;
        NBREC_ROUTER_PORT_FOR_EACH (router_port, ctx->idl) {
            if (router_port->router == row) {
                svec_add(&ports, router_port->name);
            }
        }
        svec_sort(&ports);
        read_routes(row, &routes);
        sort_addresses(&routes);

        table_add_row(table);
        table_add_text(table, row->name);
        table_add_text(table, row->n_enabled && !*row->enabled ? "false" : "true");
        table_add_cell(table)->text = svec_join(&ports, " ", "");
        table_add_cell(table)->text = svec_join(&routes, ", ", "");
        svec_destroy(&ports);
        svec_destroy(&routes);
    }
    table_sort(table);
}

static void
cmd_router_port_add(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    const struct nbrec_router *router = object_get(ctx, NB_ROUTER, ctx->argv[2]);
    const struct nbrec_network *network = router ? object_get(ctx, NB_NETWORK, ctx->argv[3]) : NULL;
    if (!network) {
        return;
    }

    char *mac = mac_normalize(ctx->argv[4]);
    struct svec addresses;
    normalize_all(&ctx->argv[5], ctx->argc - 5, interface_address_normalize, &addresses);

    const struct nbrec_router_port *row = object_find(ctx, NB_ROUTER_PORT, name);
    if (may_create(ctx, "router port", name, row)) {
        struct nbrec_router_port *new_row = nbrec_router_port_insert(ctx->txn);
        nbrec_router_port_set_name(new_row, name);
        nbrec_router_port_set_router(new_row, router);
        nbrec_router_port_set_network(new_row, network);
        nbrec_router_port_set_mac(new_row, mac);
        nbrec_router_port_set_addresses(new_row, (const char **) addresses.names, addresses.n);
    } else if (row) {
        require_same(ctx, "router port", name, "router", row->router ? row->router->name : NULL,
                     router->name);
        require_same_network(ctx, "router port", name, row->network, network);
        require_same_mac(ctx, "router port", name, row->mac, mac);
        require_same_addresses(ctx, "router port", name, row->addresses, row->n_addresses,
                               interface_address_normalize, &addresses);
    }
    free(mac);
    svec_destroy(&addresses);
}

static void
cmd_router_port_del(struct ctl_context *ctx)
{
    object_delete(ctx, NB_ROUTER_PORT);
}

static void
cmd_route_add(struct ctl_context *ctx)
{
    const struct nbrec_router *router = object_get(ctx, NB_ROUTER, ctx->argv[1]);
    if (!router) {
        return;
    }

    char *written = xasprintf("%s via %s", ctx->argv[2], ctx->argv[3]);
    char *route = static_route_normalize(written);
    free(written);
    struct svec has;
    read_routes(router, &has);
    if (!svec_contains(&has, route)) {
        routes_add(router, route);
    } else if (!shash_find(&ctx->options, "--may-exist")) {
        ctl_error(ctx, "router %s already has route \"%s\"", router->name, route);
    }
    svec_destroy(&has);
    free(route);
}

static void
cmd_route_del(struct ctl_context *ctx)
{
    const struct nbrec_router *router = object_get(ctx, NB_ROUTER, ctx->argv[1]);
    if (!router) {
        return;
    }

    const char *prefix = ctx->argc > 2 ? ctx->argv[2] : NULL;
    const char *nexthop = ctx->argc > 3 ? ctx->argv[3] : NULL;
    bool removed = routes_remove(router, prefix, nexthop);
    if (!removed && prefix && !shash_find(&ctx->options, "--if-exists")) {
        ctl_error(ctx, "router %s has no route to %s%s%s", router->name, prefix,
                  nexthop ? " via " : "", nexthop ? nexthop : "");
    }
}

const struct ctl_command_syntax router_commands[] = {
    {"router-add", 1, 1, "NEW-ROUTER", pre_no_ports, cmd_router_add, NULL, "--may-exist", RW},
    {"router-del", 1, 1, "ROUTER", pre_no_ports, cmd_router_del, NULL, "--if-exists", RW},
    {"router-list", 0, 0, "", pre_no_ports, cmd_router_list, NULL, "", RO},
    {"router-port-add", 5, INT_MAX, "NEW-ROUTER-PORT ROUTER NETWORK MAC CIDR...", pre_no_ports,
     cmd_router_port_add, NULL, "--may-exist", RW},
    {"router-port-del", 1, 1, "ROUTER-PORT", pre_no_ports, cmd_router_port_del, NULL, "--if-exists",
     RW},
    {"route-add", 3, 3, "ROUTER PREFIX NEXTHOP", pre_no_ports, cmd_route_add, NULL, "--may-exist",
     RW},
    {"route-del", 1, 3, "ROUTER [PREFIX] [NEXTHOP]", pre_no_ports, cmd_route_del, NULL,
     "--if-exists", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
