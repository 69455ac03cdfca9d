/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/query.h"

#include "nb/ip.h"
#include "packets.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/router.h"
#include "util.h"

static bool
router_port_ipv4_towards(const struct router_port *rp, const struct in6_addr *towards,
                         ovs_be32 *src)
{
    for (size_t i = 0; i < rp->config.n_addresses; i++) {
        const struct interface_address *ia = &rp->config.addresses[i];

        if (address_is_ipv4(&ia->address) && (!towards || prefix_contains(&ia->prefix, towards))) {
            *src = in6_addr_get_mapped_ipv4(&ia->address);
            return true;
        }
    }
    return false;
}

bool
topology_router_source(const struct topology *t, uint64_t key, ovs_be32 towards_, ovs_be32 *src)
{
    struct in6_addr towards = in6_addr_mapped_ipv4(towards_);
    const struct router *r = router_find_key(t, key);
    const struct static_route *best = NULL;
    const struct route *route;

    if (!r) {
        return false;
    }

    const struct router_port *rp = router_egress(NULL, r, &towards);
    if (rp) {
        return router_port_ipv4_towards(rp, &towards, src);
    }
    ROUTE_FOR_EACH(route, r)
    {
        const struct static_route *value = &route->value;

        if ((!best || value->prefix.plen > best->prefix.plen
             || (value->prefix.plen == best->prefix.plen && static_route_compare(value, best) < 0))
            && prefix_contains(&value->prefix, &towards)
            && router_egress(NULL, r, &value->nexthop)) {
            best = value;
        }
    }
    rp = best ? router_egress(NULL, r, &best->nexthop) : NULL;
    return rp
           && (router_port_ipv4_towards(rp, &best->nexthop, src)
               || router_port_ipv4_towards(rp, NULL, src));
}

uint16_t
topology_network_mtu(const struct topology *t, uint64_t key)
{
    const struct network *n = network_find_key(t, key);

    return n ? n->config.mtu : 0;
}

bool
topology_is_directed_broadcast(const struct topology *t, uint64_t key, ovs_be32 ip)
{
    const struct router *r = router_find_key(t, key);
    struct in6_addr address = in6_addr_mapped_ipv4(ip);
    const struct router_port *rp;

    if (!r) {
        return false;
    }
    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        for (size_t i = 0; i < rp->config.n_addresses; i++) {
            if (address_subnet_role(&address, &rp->config.addresses[i].prefix) != SUBNET_HOST) {
                return true;
            }
        }
    }
    return false;
}
