/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/reach.h"

#include "nb/ip.h"
#include "packets.h"
#include "topology/gateway.h"
#include "topology/index.h"
#include "topology/moves.h"
#include "topology/private.h"
#include "topology/router.h"
#include "util.h"

/* Reachability: what the packets of this chassis' ports can get to.
 *
 *   - A network with local ports is needed, and so is every router on it: its
 *     ports may use any of them.
 *   - A network on which a needed router has a port is needed: the router may
 *     send there.
 *   - A network that this chassis is a gateway for is needed, as if it had local ports, if there
 *     are routers on it: it forwards what comes in.
 *   - A router that is the next hop of a needed router's static route is needed, unless
 *     it is on an external network: that one is reached as a physical host is.
 *     Other routers on that network are not: no packet of this chassis goes to
 *     them.  So hundreds of routers that share a network stay strangers to each
 *     other.
 *
 * The graph of networks and routers is small next to the number of ports, so a
 * change of the graph walks what is reachable anew; a port that comes or goes on
 * a network that already has local ports does not. */

struct reach {
    struct topology *t;
    struct network **networks; /* To visit: those that are needed. */
    size_t n_networks, allocated_networks;
    struct router **routers;
    size_t n_routers, allocated_routers;
};

static void
reach_network(struct reach *r, struct network *n)
{
    if (n->reach_mark != r->t->reach_generation) {
        n->reach_mark = r->t->reach_generation;
        if (r->n_networks >= r->allocated_networks) {
            r->networks = x2nrealloc(r->networks, &r->allocated_networks, sizeof *r->networks);
        }
        r->networks[r->n_networks++] = n;
    }
}

static void
reach_router(struct reach *r, struct router *router)
{
    if (router->defined && router->config.enabled && router->reach_mark != r->t->reach_generation) {
        router->reach_mark = r->t->reach_generation;
        if (r->n_routers >= r->allocated_routers) {
            r->routers = x2nrealloc(r->routers, &r->allocated_routers, sizeof *r->routers);
        }
        r->routers[r->n_routers++] = router;
    }
}

static void
reach_from_router(struct reach *r, struct router *router)
{
    const struct router_port *rp;
    const struct route *route;

    LIST_FOR_EACH (rp, in_router, &router->router_ports) {
        reach_network(r, rp->network);
    }
    ROUTE_FOR_EACH(route, router)
    {
        const struct in6_addr *nexthop = &route->value.nexthop;
        const struct router_port *egress = router_egress(NULL, router, nexthop);
        const struct claim *c = egress ? find_address(r->t, egress->network, nexthop) : NULL;

        if (c && c->router_port && !egress->network->config.external) {
            reach_router(r, c->router_port->router);
        }
    }
}

/* What is behind a router that is not known yet is of interest if there are local ports on
 * its network. */
static bool
has_unknown_router(const struct network *n)
{
    const struct router_port *rp;

    LIST_FOR_EACH (rp, in_network, &n->router_ports) {
        if (!rp->router->defined) {
            return true;
        }
    }
    return false;
}

static void
reach_apply(struct topology *t)
{
    struct network *n;
    struct router *router;

    t->n_needed_networks = 0;
    HMAP_FOR_EACH (n, node, &t->networks) {
        bool needed = n->reach_mark == t->reach_generation;
        bool local = !ovs_list_is_empty(&n->local_ports);

        if (needed != n->needed) {
            t->n_losses += n->needed;
            n->needed = needed;
            t->interest_seqno++;
            fact_changed(t->engine, &n->reach_fact);
        }
        if (local != n->local) {
            n->local = local;
            advertisements_changed(t, n);
            t->interest_seqno += has_unknown_router(n);
            fact_changed(t->engine, &n->local_fact);
        }
        t->n_needed_networks += needed;
    }
    HMAP_FOR_EACH (router, node, &t->routers) {
        bool needed = router->reach_mark == t->reach_generation;

        if (needed != router->needed) {
            t->n_losses += router->needed;
            router->needed = needed;
            router_reach_changed(t, router);
            t->interest_seqno++;
            fact_changed(t->engine, &router->reach_fact);
        }
    }
}

void
topology_settle(struct topology *t)
{
    struct reach r = {.t = t};
    struct network *n;

    moves_settle(t);
    gateways_settle(t);
    if (!t->reach_dirty) {
        return;
    }
    t->reach_dirty = false;
    t->reach_generation++;

    HMAP_FOR_EACH (n, node, &t->networks) {
        bool local = !ovs_list_is_empty(&n->local_ports);
        bool gateway = network_has_gateway_here(t, n);
        const struct router_port *rp;

        if (local) {
            reach_network(&r, n);
        }
        if (gateway || (local && !n->config.external)) {
            LIST_FOR_EACH (rp, in_network, &n->router_ports) {
                reach_router(&r, rp->router);
            }
        }
    }
    for (size_t i = 0; i < r.n_routers; i++) {
        reach_from_router(&r, r.routers[i]);
    }
    free(r.networks);
    free(r.routers);
    reach_apply(t);
    moves_settle(t);
}
