/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/query.h"

#include "nb/ip.h"
#include "packets.h"
#include "topology/index.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/router.h"
#include "topology/segment.h"
#include "util.h"

/* --- Routes ------------------------------------------------------------- */

/* What decides about an address in a router: the longest prefix that it is in, a connected one
 * before static routes to the same. */
struct decision {
    const struct router_port *egress; /* NULL: there is none. */
    const struct ip_prefix *prefix;
    const struct in6_addr *nexthop; /* NULL: the prefix is connected. */
    bool is_one_of_several;
};

static void
decide_connected(const struct router *r, const struct in6_addr *ip, struct decision *decision)
{
    const struct router_port *rp;

    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        for (size_t i = 0; i < rp->config.n_addresses; i++) {
            const struct ip_prefix *prefix = &rp->config.addresses[i].prefix;

            if (prefix_contains(prefix, ip)
                && (!decision->egress || prefix->plen > decision->prefix->plen
                    || (prefix->plen == decision->prefix->plen
                        && uuid_compare_3way(&rp->uuid, &decision->egress->uuid) < 0))) {
                *decision = (struct decision){.egress = rp, .prefix = prefix};
            }
        }
    }
}

/* Takes longer prefixes of static routes into account.  Which of several it is does not depend on
 * the order they came in. */
static void
decide_static(const struct router *r, const struct in6_addr *ip, struct decision *decision)
{
    const struct static_route *best = NULL;
    const struct route *route;

    ROUTE_FOR_EACH(route, r)
    {
        const struct static_route *value = &route->value;
        const struct router_port *egress;

        if (!prefix_contains(&value->prefix, ip)
            || (decision->egress
                && (value->prefix.plen < decision->prefix->plen
                    || (value->prefix.plen == decision->prefix->plen && !decision->nexthop)))) {
            continue;
        }
        egress = router_egress(NULL, r, &value->nexthop);
        if (!egress) {
            continue;
        }

        bool is_equal = best && best->prefix.plen == value->prefix.plen;
        if (is_equal) {
            decision->is_one_of_several = true;
        }
        if (!is_equal || static_route_compare(value, best) < 0) {
            *decision = (struct decision){egress, &value->prefix, &value->nexthop, is_equal};
            best = value;
        }
    }
}

static struct decision
decide(const struct router *r, const struct in6_addr *ip)
{
    struct decision decision = {.egress = NULL};

    /* It is on every interface, and so on no prefix of one. */
    if (!address_is_scoped(ip)) {
        decide_connected(r, ip, &decision);
        decide_static(r, ip, &decision);
    }
    return decision;
}

/* --- Sources ------------------------------------------------------------ */

/* Of the addresses of 'rp' that are of the family of 'nexthop', and not link-local ones of IPv6,
 * the one on the longest prefix that 'nexthop' is in; else the lowest.  NULL if there is none. */
static const struct interface_address *
source_on(const struct router_port *rp, const struct in6_addr *nexthop)
{
    const struct interface_address *best = NULL;
    bool best_shares = false;

    for (size_t i = 0; i < rp->config.n_addresses; i++) {
        const struct interface_address *ia = &rp->config.addresses[i];
        bool shares = prefix_contains(&ia->prefix, nexthop);

        if (address_is_scoped(&ia->address)
            || address_is_ipv4(&ia->address) != address_is_ipv4(nexthop)) {
            continue;
        }
        if (!best || shares > best_shares
            || (shares == best_shares
                && (shares && ia->prefix.plen != best->prefix.plen
                        ? ia->prefix.plen > best->prefix.plen
                        : interface_address_compare(ia, best) < 0))) {
            best = ia;
            best_shares = shares;
        }
    }
    return best;
}

static const struct interface_address *
source_by(const struct router *r, const struct router_port *egress, const struct in6_addr *nexthop)
{
    const struct interface_address *best = source_on(egress, nexthop);
    const struct router_port *rp;

    if (!best) {
        LIST_FOR_EACH (rp, in_router, &r->router_ports) {
            const struct interface_address *ia = source_on(rp, nexthop);

            if (ia && (!best || interface_address_compare(ia, best) < 0)) {
                best = ia;
            }
        }
    }
    return best;
}

bool
topology_router_way(const struct topology *t, uint64_t key, const struct in6_addr *towards,
                    struct router_way *way)
{
    const struct router *r = router_find_key(t, key);

    if (!r) {
        return false;
    }

    struct decision decision = decide(r, towards);
    if (!decision.egress) {
        return false;
    }

    const struct in6_addr *nexthop = decision.nexthop ? decision.nexthop : towards;
    const struct interface_address *source = source_by(r, decision.egress, nexthop);
    if (!source) {
        return false;
    }
    *way = (struct router_way){
        .src = source->address,
        .is_one_of_several = decision.is_one_of_several,
        .network_key = uuid_key(&decision.egress->network->uuid),
        .mac = decision.egress->config.mac,
        .nexthop = *nexthop,
    };
    return true;
}

/* --- Addresses ---------------------------------------------------------- */

bool
topology_router_link_local(const struct topology *t, uint64_t router_key, uint64_t network_key,
                           struct in6_addr *address)
{
    const struct router *r = router_find_key(t, router_key);
    const struct router_port *best = NULL;
    const struct router_port *rp;

    if (!r) {
        return false;
    }
    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        struct in6_addr ip;

        if (uuid_key(&rp->network->uuid) == network_key
            && router_port_config_link_local(&rp->config, &ip)
            && (!best || uuid_compare_3way(&rp->uuid, &best->uuid) < 0)) {
            best = rp;
            *address = ip;
        }
    }
    return best != NULL;
}

/* The address of the router whose prefix has 'ip' as its anycast address; NULL if there is none. */
static const struct in6_addr *
anycast_source(const struct router *r, const struct in6_addr *ip)
{
    const struct interface_address *best = NULL;
    const struct router_port *rp;

    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        for (size_t i = 0; i < rp->config.n_addresses; i++) {
            const struct interface_address *ia = &rp->config.addresses[i];

            if (has_anycast_address(&ia->prefix) && ipv6_addr_equals(&ia->prefix.address, ip)
                && (!best || interface_address_compare(ia, best) < 0)) {
                best = ia;
            }
        }
    }
    return best ? &best->address : NULL;
}

bool
topology_router_anycast(const struct topology *t, uint64_t key, const struct in6_addr *ip,
                        struct in6_addr *src)
{
    const struct router *r = router_find_key(t, key);
    const struct in6_addr *source = r ? anycast_source(r, ip) : NULL;

    if (source) {
        *src = *source;
    }
    return source != NULL;
}

bool
topology_router_has_address(const struct topology *t, uint64_t key, const struct in6_addr *ip)
{
    const struct router *r = router_find_key(t, key);
    const struct router_port *rp;
    struct in6_addr link_local;

    if (!r) {
        return false;
    }
    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        for (size_t i = 0; i < rp->config.n_addresses; i++) {
            if (ipv6_addr_equals(&rp->config.addresses[i].address, ip)) {
                return true;
            }
        }
        if (router_port_config_link_local(&rp->config, &link_local)
            && ipv6_addr_equals(&link_local, ip)) {
            return true;
        }
    }
    return anycast_source(r, ip) != NULL;
}

bool
topology_router_outside(const struct topology *t, uint64_t key, const struct in6_addr *ip,
                        uint64_t *network_key, struct eth_addr *mac)
{
    const struct router *r = router_find_key(t, key);
    const struct router_port *rp;

    if (!r) {
        return false;
    }
    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        for (size_t i = 0; i < rp->config.n_addresses; i++) {
            if (rp->network->config.external
                && ipv6_addr_equals(&rp->config.addresses[i].address, ip)) {
                *network_key = uuid_key(&rp->network->uuid);
                *mac = rp->config.mac;
                return true;
            }
        }
    }
    return false;
}

uint16_t
topology_network_mtu(const struct topology *t, uint64_t key)
{
    const struct network *n = network_find_key(t, key);

    return n ? n->config.mtu : 0;
}

bool
topology_is_directed_broadcast(const struct topology *t, uint64_t key, const struct in6_addr *ip)
{
    const struct router *r = router_find_key(t, key);

    if (!r) {
        return false;
    }

    struct decision decision = decide(r, ip);
    return (decision.egress && !decision.nexthop
            && address_subnet_role(ip, decision.prefix) != SUBNET_HOST);
}

bool
topology_address_owner(const struct topology *t, uint64_t network_key, const struct in6_addr *ip,
                       struct address_owner *owner)
{
    const struct network *n = network_find_key(t, network_key);
    const struct claim *c = n ? find_address(t, n, ip) : NULL;

    if (!c || c->neighbour) {
        return false;
    }
    *owner = (struct address_owner){
        .is_router = c->router_port != NULL,
        .is_anycast = c->anycast,
    };
    owner->mac = claim_holder_mac(c);
    owner->ofport = c->port && c->port->location == LOCATION_LOCAL ? c->port->ofport : 0;
    return true;
}

/* --- External neighbours ------------------------------------------------- */

struct eth_addr
topology_chassis_mac(const struct topology *t)
{
    return own_chassis_mac(t);
}

static bool
get_outside(const struct topology *t, const struct network *n, struct outside_network *outside)
{
    if (!n || !network_is_active(n) || !n->needed || !network_type_is_provider(n->config.type)
        || !t->forwards_outside
        || !shash_find(&t->host.provider_ofports, n->config.physical_network)) {
        return false;
    }
    *outside = (struct outside_network){
        .uuid = n->uuid,
        .key = uuid_key(&n->uuid),
        .name = n->config.name,
    };
    return true;
}

bool
topology_outside_network(const struct topology *t, uint64_t key, struct outside_network *outside)
{
    return get_outside(t, network_find_key(t, key), outside);
}

bool
topology_outside_network_by_uuid(const struct topology *t, const struct uuid *uuid,
                                 struct outside_network *outside)
{
    return get_outside(t, network_find(t, uuid), outside);
}

bool
topology_address_is_placed(const struct topology *t, uint64_t network_key,
                           const struct in6_addr *ip)
{
    const struct network *n = network_find_key(t, network_key);
    const struct claim *c = n ? find_address(t, n, ip) : NULL;
    const struct router *r = (!c               ? NULL
                              : c->router_port ? c->router_port->router
                              : c->nat         ? c->nat->router
                                               : NULL);

    return c && !c->neighbour && !(r && n->config.external && !r->needed);
}

const char *
topology_next_hop_router(const struct topology *t, const struct uuid *network,
                         const struct in6_addr *ip)
{
    const struct network *n = network_find(t, network);
    const struct router *best = NULL;
    const struct router_port *rp;

    if (!n) {
        return NULL;
    }
    LIST_FOR_EACH (rp, in_network, &n->router_ports) {
        const struct router *r = rp->router;
        const struct route *route;

        if (!r->needed || (best && uuid_compare_3way(&r->uuid, &best->uuid) >= 0)) {
            continue;
        }
        ROUTE_FOR_EACH(route, r)
        {
            const struct router_port *egress;

            if (ipv6_addr_equals(&route->value.nexthop, ip)) {
                egress = router_egress(NULL, r, ip);
                best = egress && egress->network == n ? r : best;
            }
        }
    }
    return best ? best->config.name : NULL;
}

bool
topology_floating_ip(const struct topology *t, uint64_t router_key, uint64_t network_key,
                     const struct in6_addr *address, bool is_logical, struct floating_ip *fip)
{
    const struct router *r = router_find_key(t, router_key);
    const struct nat *best = NULL;
    const struct nat *nat;

    if (!r) {
        return false;
    }
    LIST_FOR_EACH (nat, in_router, &r->nats) {
        const struct in6_addr *own =
            is_logical ? &nat->config.logical.address : &nat->config.external_ip;

        if (nat->config.type == NAT_DNAT_AND_SNAT && nat->network
            && uuid_key(&nat->network->uuid) == network_key && ipv6_addr_equals(own, address)
            && (!best || uuid_compare_3way(&nat->uuid, &best->uuid) < 0)) {
            best = nat;
        }
    }
    if (best) {
        *fip =
            (struct floating_ip){best->config.external_ip, best->config.logical.address, best->mac};
    }
    return best != NULL;
}
