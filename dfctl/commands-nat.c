/* SPDX-License-Identifier: Apache-2.0 */
/* nat-add, nat-del, nat-list. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/lookup.h"
#include "nb/dragonflow-idl.h"
#include "nb/ip.h"
#include "nb/model.h"
#include "openvswitch/shash.h"
#include "table.h"
#include "util.h"

/* --- nat-add, nat-del --------------------------------------------------- */

/* What nat-add is to make, in canonical spelling. */
struct translation {
    enum nat_type type;
    char *name, *external_ip, *logical_ip;
    char *external_mac; /* NULL: none is given. */
};

static void
translation_destroy(struct translation *t)
{
    free(t->name);
    free(t->external_ip);
    free(t->logical_ip);
    free(t->external_mac);
}

/* A router has one floating IP of an address, and one SNAT of a prefix. */
static char *
make_name(const char *router, const struct translation *t)
{
    return xasprintf("%s-%s", router, t->type == NAT_SNAT ? t->logical_ip : t->external_ip);
}

static bool
parse_translation(struct ctl_context *ctx, struct translation *t)
{
    enum { NAME, EXTERNAL_MAC };
    static const char *const keys[] = {[NAME] = "name", [EXTERNAL_MAC] = "external-mac", NULL};
    const char *values[ARRAY_SIZE(keys)];

    *t = (struct translation){.name = NULL};
    if (!key_values_parse(ctx, 5, keys, values)) {
        return false;
    }
    if (!nat_type_from_string(ctx->argv[2], &t->type)) {
        ctl_error(ctx, "nat-add %s: \"%s\" is none of dnat_and_snat, snat", ctx->argv[1],
                  ctx->argv[2]);
        return false;
    }
    t->external_ip = address_normalize(ctx->argv[3]);
    t->logical_ip = value_normalize(NB_PREFIX, ctx->argv[4]);
    t->external_mac = values[EXTERNAL_MAC] ? mac_normalize(values[EXTERNAL_MAC]) : NULL;
    t->name = values[NAME] ? xstrdup(values[NAME]) : make_name(ctx->argv[1], t);
    return true;
}

static void
require_same_translation(struct ctl_context *ctx, const struct nbrec_nat *row,
                         const struct nbrec_router *router, const struct translation *t)
{
    char *external_ip = address_normalize(row->external_ip);
    char *logical_ip = value_normalize(NB_PREFIX, row->logical_ip);

    require_same(ctx, "nat", t->name, "router", row->router ? row->router->name : NULL,
                 router->name);
    require_same(ctx, "nat", t->name, "type", row->type, ctx->argv[2]);
    require_same(ctx, "nat", t->name, "external address", external_ip, t->external_ip);
    require_same(ctx, "nat", t->name, "logical address", logical_ip, t->logical_ip);
    if (t->external_mac) {
        require_same_mac(ctx, "nat", t->name, row->external_mac ? row->external_mac : "",
                         t->external_mac);
    }
    free(external_ip);
    free(logical_ip);
}

static void
pre_nat_add(struct ctl_context *ctx)
{
    pre_no_ports(ctx);
    /* What scope_follow() would find to be needed, so that there is one round less. */
    scope_address(&dfctl_context_cast(ctx)->dfctl->scope, ctx->argv[3]);
}

static void
cmd_nat_add(struct ctl_context *ctx)
{
    const struct nbrec_router *router = object_get(ctx, NB_ROUTER, ctx->argv[1]);
    struct translation t;

    if (!router) {
        return;
    }
    if (parse_translation(ctx, &t)) {
        const struct nbrec_nat *row = object_find(ctx, NB_NAT, t.name);

        if (may_create(ctx, "nat", t.name, row)) {
            struct nbrec_nat *new_row = nbrec_nat_insert(ctx->txn);
            nbrec_nat_set_name(new_row, t.name);
            nbrec_nat_set_router(new_row, router);
            nbrec_nat_set_type(new_row, ctx->argv[2]);
            nbrec_nat_set_external_ip(new_row, t.external_ip);
            nbrec_nat_set_logical_ip(new_row, t.logical_ip);
            if (t.external_mac) {
                nbrec_nat_set_external_mac(new_row, t.external_mac);
            }
        } else if (row) {
            require_same_translation(ctx, row, router, &t);
        }
    }
    translation_destroy(&t);
}

static void
cmd_nat_del(struct ctl_context *ctx)
{
    object_delete(ctx, NB_NAT);
}

/* --- nat-list ----------------------------------------------------------- */

/* Of more floating IPs the machines are not asked for one by one: the server compares each port
 * with each question. */
#define MANY_MACHINES 64

/* A translation, and what decides on which chassis it is done. */
struct listed {
    struct listed *next; /* Of those with the same logical address. */
    const struct nbrec_nat *row;
    const struct nbrec_network *external; /* NULL: its router has no port there. */
    const struct nbrec_port *machine;     /* NULL: there is none, or it is not a floating IP. */
};

static bool
is_external(const struct nbrec_network *network)
{
    return network && network->n_external && *network->external;
}

/* Whether one of the prefixes of 'rp' contains 'address'. */
static bool
is_on_prefix(const struct nbrec_router_port *rp, const struct in6_addr *address)
{
    for (size_t i = 0; i < rp->n_addresses; i++) {
        struct interface_address ia;
        char *error = interface_address_parse(rp->addresses[i], &ia);
        bool contains = !error && prefix_contains(&ia.prefix, address);

        free(error);
        if (contains) {
            return true;
        }
    }
    return false;
}

/* The external network on which 'row's address is, or, for one that the fabric routes to the
 * router, the only one that the router is on; NULL if there is none. */
static const struct nbrec_network *
find_external(const struct ovsdb_idl *idl, const struct nbrec_nat *row)
{
    const struct nbrec_network *only = NULL;
    const struct nbrec_router_port *rp;
    struct in6_addr address;
    size_t n = 0;
    char *error = address_parse(row->external_ip, &address);

    if (error) {
        free(error);
        return NULL;
    }
    NBREC_ROUTER_PORT_FOR_EACH (rp, idl) {
        if (rp->router == row->router && is_external(rp->network)) {
            if (is_on_prefix(rp, &address)) {
                return rp->network;
            }
            only = rp->network;
            n++;
        }
    }
    return n == 1 ? only : NULL;
}

static bool
router_is_on(const struct ovsdb_idl *idl, const struct nbrec_router *router,
             const struct nbrec_network *network)
{
    const struct nbrec_router_port *rp;

    NBREC_ROUTER_PORT_FOR_EACH (rp, idl) {
        if (rp->router == router && rp->network == network) {
            return true;
        }
    }
    return false;
}

/* Sets the machines of those in 'floating', which is by logical address. */
static void
find_machines(const struct ovsdb_idl *idl, const struct shash *floating)
{
    const struct nbrec_port *port;

    NBREC_PORT_FOR_EACH (port, idl) {
        for (size_t i = 0; i < port->n_addresses; i++) {
            char *address = address_normalize(port->addresses[i]);
            struct listed *l = shash_find_data(floating, address);

            free(address);
            for (; l; l = l->next) {
                if (port->network && router_is_on(idl, l->row->router, port->network)) {
                    l->machine = port;
                }
            }
        }
    }
}

/* The chassis of the machine of a floating IP, if it is connected to the network outside, and
 * otherwise that which is the gateway of the router's port. */
static char *
format_place(const struct listed *l)
{
    const struct nbrec_chassis *chassis = l->machine ? l->machine->chassis : NULL;

    if (!l->external) {
        return xstrdup("");
    }
    if (chassis && l->external->physical_network
        && smap_get(&chassis->bridge_mappings, l->external->physical_network)) {
        return xasprintf("chassis %s", chassis->name);
    }
    return xstrdup("gateway");
}

static void
put_translation(struct table *table, const struct listed *l)
{
    const struct nbrec_nat *row = l->row;

    table_add_row(table);
    table_add_text(table, row->name);
    table_add_text(table, row->router ? row->router->name : NULL);
    table_add_text(table, row->type);
    table_add_text(table, row->external_ip);
    table_add_text(table, row->logical_ip);
    table_add_text(table, row->external_mac);
    table_add_cell(table)->text = format_place(l);
}

/* Adds 'l' to 'floating', and has the ports with its logical address read. */
static void
add_floating(struct ctl_context *ctx, struct shash *floating, struct listed *l)
{
    struct scope *scope = &dfctl_context_cast(ctx)->dfctl->scope;
    char *logical_ip = value_normalize(NB_PREFIX, l->row->logical_ip);
    struct shash_node *node = shash_find(floating, logical_ip);

    if (node) {
        l->next = node->data;
        node->data = l;
    } else {
        shash_add(floating, logical_ip, l);
    }
    if (shash_count(floating) > MANY_MACHINES) {
        scope_all_of(scope, &nbrec_table_port);
    } else {
        scope_address(scope, logical_ip);
    }
    free(logical_ip);
}

static void
cmd_nat_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "name",       "router",       "type",          "external_ip",
        "logical_ip", "external_mac", "translated_by", NULL,
    };
    const struct nbrec_router *router = NULL;
    struct shash floating = SHASH_INITIALIZER(&floating);
    struct listed *all = NULL;
    const struct nbrec_nat *row;
    size_t n = 0, n_listed = 0;

    if (ctx->argc > 1) {
        router = object_get(ctx, NB_ROUTER, ctx->argv[1]);
        if (!router) {
            return;
        }
    }
    NBREC_NAT_FOR_EACH(row, ctx->idl)
    {
        n++;
    }
    all = xcalloc(n, sizeof *all);
    NBREC_NAT_FOR_EACH(row, ctx->idl)
    {
        if (router && row->router != router) {
            continue;
        }
        struct listed *l = &all[n_listed++];
        l->row = row;
        l->external = find_external(ctx->idl, row);
        if (!strcmp(row->type, "dnat_and_snat") && l->external) {
            add_floating(ctx, &floating, l);
        }
    }
    find_machines(ctx->idl, &floating);

    struct table *table = table_start(ctx, headings);
    for (size_t i = 0; i < n_listed; i++) {
        put_translation(table, &all[i]);
    }
    table_sort(table);
    shash_destroy(&floating);
    free(all);
}

const struct ctl_command_syntax nat_commands[] = {
    {"nat-add", 4, 6, "ROUTER NAT-TYPE EXTERNAL-IP LOGICAL-IP [KEY=VALUE]...", pre_nat_add,
     cmd_nat_add, NULL, "--may-exist", RW},
    {"nat-del", 1, 1, "NAT", pre_no_ports, cmd_nat_del, NULL, "--if-exists", RW},
    {"nat-list", 0, 1, "[ROUTER]", pre_no_ports, cmd_nat_list, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
