/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>

#include "nb/check-private.h"
#include "nb/domain.h"
#include "nb/dragonflow-idl.h"
#include "nb/ip.h"
#include "nb/model.h"
#include "nb/parse.h"
#include "nb/static-route.h"
#include "ovsdb-idl-provider.h"
#include "packets.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

/* Where a router meets the external address of a translation. */
struct outside {
    const struct occupied *prefix; /* The longest that contains it, on an external network. */
    const struct occupied *port;   /* One on an external network. */
    bool several;                  /* There is more than one such port. */
    const struct occupied *inside; /* One that contains it, on a network that is not external. */
    bool own;                      /* It is an address of the router on an external network. */
};

static struct outside
find_outside(const struct domain *router, const struct in6_addr *address)
{
    struct outside o = {.prefix = NULL};

    for (size_t i = 0; i < router->n_prefixes; i++) {
        const struct occupied *p = &router->prefixes[i];
        bool contains = prefix_contains(&p->ia.prefix, address);

        if (!p->network->external) {
            o.inside = contains ? p : o.inside;
            continue;
        }
        o.several = o.several || (o.port && o.port->row != p->row);
        o.port = p;
        o.own = o.own || ipv6_addr_equals(&p->ia.address, address);
        if (contains && (!o.prefix || p->ia.prefix.plen > o.prefix->ia.prefix.plen)) {
            o.prefix = p;
        }
    }
    return o;
}

/* The network that the translation is on; NULL if there is none. */
static const struct domain *
outside_network(const struct outside *o)
{
    /* Another address than those on the network is one that the fabric routes to the router. */
    const struct occupied *p = o->prefix ? o->prefix : o->several ? NULL : o->port;

    return p ? p->network : NULL;
}

static bool
is_next_hop(const struct domain *router, const struct in6_addr *address)
{
    for (size_t i = 0; i < router->n_routes; i++) {
        if (ipv6_addr_equals(&router->routes[i].nexthop, address)) {
            return true;
        }
    }
    return false;
}

/* Why no machine can have the external address of a floating IP, NULL if one can. */
static char *
check_floating(const struct domain *router, const struct outside *o, const struct in6_addr *address)
{
    const struct occupied *subnet = domain_lookup(outside_network(o), address);
    char *why = o->prefix ? subnet_host_check(address, &o->prefix->ia.prefix) : NULL;

    if (!why && subnet) {
        why = subnet_host_check(address, &subnet->ia.prefix);
    }
    if (!why && is_next_hop(router, address)) {
        why = xasprintf("it is a next hop of router %s", router->name);
    }
    return why;
}

/* What is wrong with the external address, NULL if nothing is. */
static char *
check_external(const struct domain *router, const struct nat_config *c, const struct outside *o)
{
    char *address = address_format(&c->external_ip);
    char *error = NULL;

    if (o->inside) {
        char *prefix = prefix_format(&o->inside->ia.prefix);
        error = xasprintf("external address %s is in %s of %s, whose network %s is not external",
                          address, prefix, o->inside->owner, o->inside->network->name);
        free(prefix);
    } else if (!o->port) {
        error = xasprintf("router %s has no port on an external network", router->name);
    } else if (c->type == NAT_SNAT && !o->own) {
        error = xasprintf("external address %s is not one of router %s on an external network",
                          address, router->name);
    } else if (!outside_network(o)) {
        error = xasprintf("external address %s is on none of the external networks of router %s",
                          address, router->name);
    } else if (c->type == NAT_DNAT_AND_SNAT) {
        char *why = check_floating(router, o, &c->external_ip);
        error = why ? xasprintf("external address %s: %s", address, why) : NULL;
        free(why);
    }
    free(address);
    return error;
}

/* Whether there is something of 'prefix' behind a static route of the router, via an internal
 * network. */
static bool
is_behind_route(const struct domain *router, const struct ip_prefix *prefix)
{
    for (size_t i = 0; i < router->n_routes; i++) {
        const struct static_route *r = &router->routes[i];
        const struct occupied *hop = domain_lookup(router, &r->nexthop);

        if (hop && !hop->network->external && prefixes_overlap(&r->prefix, prefix)) {
            return true;
        }
    }
    return false;
}

/* What is wrong with the logical address or prefix, NULL if nothing is. */
static char *
check_logical(const struct domain *router, const struct nat_config *c)
{
    bool floating = c->type == NAT_DNAT_AND_SNAT;
    const struct occupied *inside = NULL;
    bool own = false;
    char *error = NULL;

    if (!prefix_length(&c->logical)) {
        return NULL; /* Whatever there is inside, and there may be nothing yet. */
    }
    for (size_t i = 0; i < router->n_prefixes; i++) {
        const struct occupied *p = &router->prefixes[i];
        if (!p->network->external && prefixes_overlap(&p->ia.prefix, &c->logical)) {
            inside = p;
        }
        own = own || ipv6_addr_equals(&p->ia.address, &c->logical.address);
    }

    char *logical = (floating ? address_format(&c->logical.address) : prefix_format(&c->logical));
    if (floating && own) {
        error = xasprintf("logical address %s is one of router %s itself", logical, router->name);
    } else if (floating && inside) {
        char *why = subnet_host_check(&c->logical.address, &inside->ia.prefix);
        error = why ? xasprintf("logical address %s: %s", logical, why) : NULL;
        free(why);
    } else if (!inside && !is_behind_route(router, &c->logical)) {
        error = xasprintf("logical address %s is on no internal network of router %s, nor behind "
                          "a static route",
                          logical, router->name);
    }
    free(logical);
    return error;
}

/* A floating IP has its external address for itself, and its machine has no other; a prefix shares
 * one address on a network. */
static void
claim_translation(struct check *check, const struct domain *router, const struct domain *network,
                  const struct nat_config *c, const char *object, const struct ovsdb_idl_row *row)
{
    char *logical, *scope;

    if (c->type == NAT_DNAT_AND_SNAT) {
        check_claim_address(check, network, &c->external_ip, object, row);
        if (!eth_addr_is_zero(c->external_mac)) {
            check_claim_mac(check, network, c->external_mac, object, row);
        }
        logical = address_format(&c->logical.address);
        scope = xasprintf("router " UUID_FMT, UUID_ARGS(&router->uuid));
    } else {
        logical = prefix_format(&c->logical);
        scope = xasprintf("router " UUID_FMT " network " UUID_FMT, UUID_ARGS(&router->uuid),
                          UUID_ARGS(&network->uuid));
    }
    check_add_claim(check, scope, xasprintf("logical address %s", logical), object, row);
    free(scope);
    free(logical);
}

void
check_nat(struct check *check, const struct nbrec_nat *row)
{
    const struct ovsdb_idl_row *header = &row->header_;
    const struct domain *router =
        domain_of(&check->routers, nbrec_nat_get_router(row, OVSDB_TYPE_UUID));
    char *object = xasprintf("nat %s", row->name);
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nat_config c;

    if (!router) {
        svec_add(&problems, "its router does not exist");
    } else if (nb_parse_nat(row, &c, &problems)) {
        struct outside outside = find_outside(router, &c.external_ip);
        const struct domain *network = outside_network(&outside);
        char *external = check_external(router, &c, &outside);
        char *logical = check_logical(router, &c);

        if (external) {
            svec_add_nocopy(&problems, external);
        }
        if (logical) {
            svec_add_nocopy(&problems, logical);
        }
        if (network) {
            claim_translation(check, router, network, &c, object, header);
        }
        nat_config_destroy(&c);
    }
    check_add_problems(check, object, header, &problems);
    svec_destroy(&problems);
    free(object);
}
