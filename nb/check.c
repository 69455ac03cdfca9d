/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/check.h"

#include <stdlib.h>
#include <string.h>

#include "nb/check-private.h"
#include "nb/domain.h"
#include "nb/dragonflow-idl.h"
#include "nb/ip.h"
#include "nb/parse.h"
#include "nb/static-route.h"
#include "nb/tables.h"
#include "nb/text.h"
#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

/* RFC 8200 section 5: what every link of IPv6 carries. */
#define IPV6_MTU_MIN 1280

static void
claim_name(struct check *check, const char *kind, const char *name, const struct ovsdb_idl_row *row)
{
    char *object = xasprintf("%s %s", kind, name);
    if (!text_is_clean(name)) {
        check_add_fault(check, object, row, NULL,
                        xstrdup("its name has control characters, or is not UTF-8"));
    }
    check_add_claim(check, kind, xasprintf("name %s", name), object, row);
    free(object);
}

/* --- Prefixes ----------------------------------------------------------- */

static int
compare_occupied(const void *a_, const void *b_)
{
    const struct occupied *a = a_;
    const struct occupied *b = b_;
    int cmp = prefix_compare(&a->ia.prefix, &b->ia.prefix);
    return cmp ? cmp : strcmp(a->owner, b->owner);
}

static void
add_overlap(struct check *check, const struct occupied *o, const struct occupied *other)
{
    char *mine = interface_address_format(&o->ia);
    char *theirs = interface_address_format(&other->ia);
    check_add_fault(check, o->owner, o->row, xasprintf("overlap %s", mine),
                    xasprintf("%s overlaps %s of %s", mine, theirs, other->owner));
    free(mine);
    free(theirs);
}

static void
judge_prefixes(struct check *check, struct hmap *domains)
{
    struct domain *d;

    HMAP_FOR_EACH (d, hmap_node, domains) {
        if (d->n_prefixes < 2) {
            continue;
        }
        qsort(d->prefixes, d->n_prefixes, sizeof *d->prefixes, compare_occupied);

        /* Prefixes are nested or disjoint, so those that contain the current
         * one are a stack, no deeper than there are lengths (and equal ones). */
        struct occupied **stack = xmalloc(d->n_prefixes * sizeof *stack);
        size_t depth = 0;
        for (size_t i = 0; i < d->n_prefixes; i++) {
            struct occupied *o = &d->prefixes[i];
            while (depth && !prefixes_overlap(&stack[depth - 1]->ia.prefix, &o->ia.prefix)) {
                depth--;
            }
            for (size_t j = depth; j-- > 0;) {
                if (stack[j]->row != o->row) {
                    add_overlap(check, o, stack[j]);
                    add_overlap(check, stack[j], o);
                    break;
                }
            }
            stack[depth++] = o;
        }
        free(stack);
    }
}

/* The subnet-router anycast address of a prefix, its first one, is one that all routers on it
 * have (RFC 4291 2.6.1); prefixes of 127 and 128 bits have none (RFC 6164 section 5.1). */
static bool
is_anycast(const struct in6_addr *address, const struct ip_prefix *prefix)
{
    return (!address_is_ipv4(address) && prefix_length(prefix) < 127
            && ipv6_addr_equals(address, &prefix->address));
}

/* Checks 'address' against the subnets of network 'd' and claims it.  'own' is the
 * prefix of a router port's address, or NULL. */
static void
check_address(struct check *check, const struct domain *d, const struct in6_addr *address,
              const struct ip_prefix *own, const char *object, const struct ovsdb_idl_row *row)
{
    check_claim_address(check, d, address, object, row);
    if (address_is_scoped(address)) {
        return; /* Every network has that prefix, without a subnet. */
    }

    char *s = address_format(address);
    const struct occupied *subnet = domain_lookup(d, address);
    if (subnet) {
        unsigned int length = prefix_length(&subnet->ia.prefix);
        char *why = subnet_host_check(address, &subnet->ia.prefix);
        if (!why && !own && is_anycast(address, &subnet->ia.prefix)) {
            why = xasprintf("%s is the subnet-router anycast address of its /%u prefix, which "
                            "only routers have",
                            s, length);
        }
        if (own && own->plen != subnet->ia.prefix.plen) {
            check_add_fault(check, object, row, NULL,
                            xasprintf("address %s/%u does not have the prefix length of %s, /%u", s,
                                      prefix_length(own), subnet->owner, length));
            free(why);
        } else if (why) {
            check_add_fault(check, object, row, NULL, why);
        }
    } else if (d->n_prefixes) {
        check_add_fault(check, object, row, NULL,
                        xasprintf("address %s is outside every subnet of network %s", s, d->name));
    }
    free(s);
}

/* --- Rows --------------------------------------------------------------- */

static void
check_network(struct check *check, const struct nbrec_network *row)
{
    struct domain *d = domain_add(&check->networks, &row->header_, row->name);
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct network_config c;
    char *object = xasprintf("network %s", row->name);

    if (nb_parse_network(row, &c, &problems)) {
        const char *type = network_type_to_string(c.type);
        char *segment = NULL;
        if (c.type == NETWORK_FLAT) {
            segment = xasprintf("physical network %s", c.physical_network);
        } else if (c.type == NETWORK_VLAN) {
            segment = xasprintf("segmentation id %" PRIu32 " of physical network %s",
                                c.segmentation_id, c.physical_network);
        } else if (network_type_is_overlay(c.type)) {
            segment = xasprintf("segmentation id %" PRIu32, c.segmentation_id);
        }
        if (segment) {
            check_add_claim(check, type, segment, object, &row->header_);
        }
        d->mtu = c.mtu;
        d->external = c.external;
        network_config_destroy(&c);
    }
    check_add_problems(check, object, &row->header_, &problems);
    svec_destroy(&problems);
    free(object);
}

/* What no subnet may contain any address of.  It may contain ::, which no host can have. */
#define SUBNET_REFUSES (ADDRESS_NO_HOST & ~ADDRESS_UNSPECIFIED)

/* Returns why no subnet can have prefix 'p', NULL if one can. */
static char *
check_subnet_prefix(const struct ip_prefix *p)
{
    if (!prefix_length(p)) {
        return xstrdup("a subnet cannot have a prefix length of 0");
    }

    /* Link-local addresses of IPv4 are assigned like others at times; those of IPv6 never
     * are (RFC 4291 2.5.6). */
    unsigned int refused = SUBNET_REFUSES | (address_is_ipv4(&p->address) ? 0 : ADDRESS_LINK_LOCAL);
    const struct special_range *r = special_range_next(NULL, refused);
    while (r && !prefixes_overlap(p, &r->prefix)) {
        r = special_range_next(r, refused);
    }
    if (!r) {
        return NULL;
    }
    char *mine = prefix_format(p);
    char *range = prefix_format(&r->prefix);
    char *error = xasprintf("%s overlaps %s, which %s", mine, range,
                            r->class == ADDRESS_LINK_LOCAL ? "every network has without a subnet"
                                                           : "no host can be in");
    free(mine);
    free(range);
    return error;
}

/* The gateway of a subnet of IPv6 may be known by its link-local address, which is the one
 * that it advertises (RFC 4861 section 6.1.2). */
static char *
check_gateway(const struct ip_prefix *subnet, const char *gateway_ip)
{
    struct in6_addr gateway;
    char *why = host_address_parse(gateway_ip, &gateway);
    if (!why && address_is_scoped(&gateway) && !address_is_ipv4(&subnet->address)) {
        return NULL;
    }
    if (!why && !prefix_contains(subnet, &gateway)) {
        char *s = prefix_format(subnet);
        why = xasprintf("%s is outside %s", gateway_ip, s);
        free(s);
    }
    if (!why) {
        why = subnet_host_check(&gateway, subnet);
    }
    if (why) {
        char *error = xasprintf("gateway: %s", why);
        free(why);
        return error;
    }
    return NULL;
}

static void
check_subnet(struct check *check, const struct nbrec_subnet *row)
{
    const struct ovsdb_idl_row *header = &row->header_;
    char *object = xasprintf("subnet %s", row->name);
    struct domain *network =
        domain_of(&check->networks, nbrec_subnet_get_network(row, OVSDB_TYPE_UUID));
    struct ip_prefix cidr;

    char *why = subnet_prefix_parse(row->cidr, &cidr);
    if (!why) {
        why = check_subnet_prefix(&cidr);
    }
    bool usable = !why;
    if (usable && row->gateway_ip) {
        why = check_gateway(&cidr, row->gateway_ip);
    }
    if (why) {
        check_add_fault(check, object, header, NULL, why);
    }
    if (!network) {
        check_add_fault(check, object, header, NULL, xstrdup("its network does not exist"));
    } else if (usable) {
        struct interface_address ia = {.address = cidr.address, .prefix = cidr};
        struct svec problems = SVEC_EMPTY_INITIALIZER;
        struct subnet_config c;

        domain_occupy(network, &ia, network, object, header);
        if (nb_parse_subnet(row, &c, &problems)) {
            subnet_config_destroy(&c);
        }
        check_add_problems(check, object, header, &problems);
        svec_destroy(&problems);
        network->ipv6 |= !address_is_ipv4(&cidr.address);
    }
    free(object);
}

static void
check_port(struct check *check, const struct nbrec_port *row)
{
    const struct ovsdb_idl_row *header = &row->header_;
    char *object = xasprintf("port %s", row->name);
    const struct domain *network =
        domain_of(&check->networks, nbrec_port_get_network(row, OVSDB_TYPE_UUID));
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct port_config c;

    if (!network) {
        svec_add(&problems, "its network does not exist");
    } else if (nb_parse_port(row, &c, &problems)) {
        check_claim_mac(check, network, c.mac, object, header);
        for (size_t i = 0; i < c.n_addresses; i++) {
            check_address(check, network, &c.addresses[i], NULL, object, header);
        }
        port_config_destroy(&c);
    }
    check_add_problems(check, object, header, &problems);
    svec_destroy(&problems);
    free(object);
}

/* A router port's link-local address, if it has one without being given it. */
static void
claim_link_local(struct check *check, const struct domain *network,
                 const struct router_port_config *c, const char *object,
                 const struct ovsdb_idl_row *row)
{
    struct in6_addr address;
    bool given = !router_port_config_link_local(c, &address);

    for (size_t i = 0; i < c->n_addresses; i++) {
        given = given || ipv6_addr_equals(&c->addresses[i].address, &address);
    }
    if (!given) {
        check_claim_address(check, network, &address, object, row);
    }
}

static void
check_router_port(struct check *check, const struct nbrec_router_port *row)
{
    const struct ovsdb_idl_row *header = &row->header_;
    char *object = xasprintf("router port %s", row->name);
    struct domain *network =
        domain_of(&check->networks, nbrec_router_port_get_network(row, OVSDB_TYPE_UUID));
    struct domain *router =
        domain_of(&check->routers, nbrec_router_port_get_router(row, OVSDB_TYPE_UUID));
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct router_port_config c;

    if (!network) {
        svec_add(&problems, "its network does not exist");
    }
    if (!router) {
        svec_add(&problems, "its router does not exist");
    }
    if (network && router && nb_parse_router_port(row, &c, &problems)) {
        check_claim_mac(check, network, c.mac, object, header);
        claim_link_local(check, network, &c, object, header);
        for (size_t i = 0; i < c.n_addresses; i++) {
            const struct interface_address *ia = &c.addresses[i];

            check_address(check, network, &ia->address, &ia->prefix, object, header);
            network->ipv6 |= !address_is_ipv4(&ia->address);
            if (!address_is_scoped(&ia->address)) {
                domain_occupy(router, ia, network, object, header);
            }
        }
        router_port_config_destroy(&c);
    }
    check_add_problems(check, object, header, &problems);
    svec_destroy(&problems);
    free(object);
}

/* Why static route 'r' of 'router' would not do what it says, NULL if it does. */
static char *
judge_route(const struct domain *router, const struct static_route *r)
{
    const struct occupied *o = domain_lookup(router, &r->nexthop);
    bool own = false, connected = false;

    for (size_t i = 0; i < router->n_prefixes; i++) {
        const struct occupied *p = &router->prefixes[i];
        own = own || ipv6_addr_equals(&p->ia.address, &r->nexthop)
              || is_anycast(&r->nexthop, &p->ia.prefix);
        connected = connected || !prefix_compare(&p->ia.prefix, &r->prefix);
    }
    bool host = !o || address_subnet_role(&r->nexthop, &o->ia.prefix) == SUBNET_HOST;
    bool unusable = prefix_is(&r->prefix, ADDRESS_NO_HOST);
    bool local = prefix_is(&r->prefix, ADDRESS_LINK_LOCAL);
    bool scoped = address_is_scoped(&r->nexthop);
    const char *why = (unusable    ? "no host can have an address in this prefix"
                       : local     ? "packets to link-local addresses are never forwarded"
                       : scoped    ? "a link-local next hop does not say on which network it is"
                       : own       ? "next hop is an address of the router itself"
                       : !host     ? "next hop is a network or broadcast address"
                       : !o        ? "next hop is on none of the router's connected prefixes"
                       : connected ? "the router is connected to that prefix itself"
                                   : NULL);
    char *error = NULL;
    if (why) {
        char *route = static_route_format(r);
        error = xasprintf("route \"%s\": %s", route, why);
        free(route);
    }
    return error;
}

/* 'object' and 'row' are what the route is part of. */
static void
check_route(struct check *check, struct domain *router, const struct static_route *route,
            const char *object, const struct ovsdb_idl_row *row)
{
    char *why = judge_route(router, route);

    if (why) {
        check_add_fault(check, object, row, NULL, why);
    } else {
        domain_add_route(router, route);
    }
}

static void
check_router(struct check *check, const struct nbrec_router *row)
{
    const struct ovsdb_idl_row *header = &row->header_;
    char *object = xasprintf("router %s", row->name);
    struct domain *router = domain_find(&check->routers, &header->uuid);
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct router_config c;

    if (nb_parse_router(row, &c, &problems)) {
        for (size_t i = 0; i < c.n_routes; i++) {
            check_route(check, router, &c.routes[i], object, header);
        }
        router_config_destroy(&c);
    }
    check_add_problems(check, object, header, &problems);
    svec_destroy(&problems);
    free(object);
}

/* Faults are the router's, as those of routes in its column are. */
static void
check_static_route(struct check *check, const struct nbrec_static_route *row)
{
    const struct ovsdb_idl_row *header = &row->header_;
    struct domain *router =
        domain_of(&check->routers, nbrec_static_route_get_router(row, OVSDB_TYPE_UUID));
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct static_route_config c;

    if (!router) {
        char *route = nb_static_route_text(row);
        char *object = xasprintf("route %s", route);
        check_add_fault(check, object, header, NULL, xstrdup("its router does not exist"));
        free(object);
        free(route);
        return;
    }

    char *object = xasprintf("router %s", router->name);
    if (nb_parse_static_route(row, &c, &problems)) {
        check_route(check, router, &c.route, object, header);
        char *route = static_route_format(&c.route);
        check_add_claim(check, object, xasprintf("route \"%s\"", route), object, header);
        free(route);
    }
    check_add_problems(check, object, header, &problems);
    svec_destroy(&problems);
    free(object);
}

static void
check_chassis(struct check *check, const struct nbrec_chassis *row)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct chassis_config c;
    char *object = xasprintf("chassis %s", row->name);

    if (nb_parse_chassis(row, &c, &problems)) {
        chassis_config_destroy(&c);
    }
    check_add_problems(check, object, &row->header_, &problems);
    svec_destroy(&problems);
    free(object);
}

/* What the rows of other tables make of the networks. */
static void
judge_networks(struct check *check)
{
    const struct domain *d;

    HMAP_FOR_EACH (d, hmap_node, &check->networks) {
        if (d->ipv6 && d->mtu && d->mtu < IPV6_MTU_MIN) {
            char *object = xasprintf("network %s", d->name);
            check_add_fault(
                check, object, d->row, xstrdup("MTU too small for IPv6"),
                xasprintf("MTU %u is less than %d, which IPv6 needs", d->mtu, IPV6_MTU_MIN));
            free(object);
        }
    }
}

/* --- All ---------------------------------------------------------------- */

static void
check_names(struct check *check, const struct ovsdb_idl *idl)
{
    NB_TABLE_FOR_EACH (table) {
        const struct ovsdb_idl_row *row = ovsdb_idl_first_row(idl, table->class);
        for (; row && nb_table_has_names(table); row = ovsdb_idl_next_row(row)) {
            const struct ovsdb_datum *name = ovsdb_idl_read(row, table->columns[0].column);
            claim_name(check, table->kind, name->keys[0].s->string, row);
        }
    }
}

static void
check_rows(struct check *check, const struct ovsdb_idl *idl)
{
    const struct nbrec_network *network;
    const struct nbrec_subnet *subnet;
    const struct nbrec_port *port;
    const struct nbrec_router *router;
    const struct nbrec_router_port *router_port;
    const struct nbrec_static_route *static_route;
    const struct nbrec_nat *nat;
    const struct nbrec_chassis *chassis;

    NBREC_NETWORK_FOR_EACH (network, idl) {
        check_network(check, network);
    }
    NBREC_SUBNET_FOR_EACH (subnet, idl) {
        check_subnet(check, subnet);
    }
    NBREC_PORT_FOR_EACH (port, idl) {
        check_port(check, port);
    }
    NBREC_ROUTER_FOR_EACH (router, idl) {
        domain_add(&check->routers, &router->header_, router->name);
    }
    NBREC_ROUTER_PORT_FOR_EACH (router_port, idl) {
        check_router_port(check, router_port);
    }
    NBREC_ROUTER_FOR_EACH (router, idl) {
        check_router(check, router);
    }
    NBREC_STATIC_ROUTE_FOR_EACH(static_route, idl)
    {
        check_static_route(check, static_route);
    }
    NBREC_NAT_FOR_EACH(nat, idl)
    {
        check_nat(check, nat);
    }
    NBREC_CHASSIS_FOR_EACH (chassis, idl) {
        check_chassis(check, chassis);
    }
}

void
nb_check(const struct ovsdb_idl *idl, struct nb_faults *faults)
{
    nb_faults_destroy(faults);

    struct check check = {
        .faults = faults,
        .networks = HMAP_INITIALIZER(&check.networks),
        .routers = HMAP_INITIALIZER(&check.routers),
        .claims = SHASH_INITIALIZER(&check.claims),
    };
    check_names(&check, idl);
    check_rows(&check, idl);
    check_judge_claims(&check);
    judge_networks(&check);
    judge_prefixes(&check, &check.networks);
    judge_prefixes(&check, &check.routers);
    nb_faults_sort(faults);

    check_destroy_claims(&check);
    domains_destroy(&check.networks);
    domains_destroy(&check.routers);
}
