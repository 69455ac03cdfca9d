/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "neighbours.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "dirs.h"
#include "nb/text.h"
#include "neighbour-store.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "packet-out.h"
#include "packets.h"
#include "service/resolver.h"
#include "service/router-service.h"
#include "timeval.h"
#include "topology/query.h"
#include "topology/topology.h"
#include "util.h"

struct neighbours {
    struct resolver *resolver;
    struct neighbour_store *store;
    struct router_service *router_service;
    struct topology *topology; /* NULL: not yet. */
    struct ofsession *session;
    long long int next; /* When there is something to do; LLONG_MAX: never. */
};

/* --- What the resolver needs --------------------------------------------- */

static void
take_network(const struct outside_network *outside, struct resolver_network *network)
{
    *network = (struct resolver_network){
        .uuid = outside->uuid,
        .key = outside->key,
        .name = outside->name,
    };
}

static bool
network_by_key(void *ns_, uint64_t key, struct resolver_network *network)
{
    const struct neighbours *ns = ns_;
    struct outside_network outside;

    if (!topology_outside_network(ns->topology, key, &outside)) {
        return false;
    }
    take_network(&outside, network);
    return true;
}

static bool
network_by_uuid(void *ns_, const struct uuid *uuid, struct resolver_network *network)
{
    const struct neighbours *ns = ns_;
    struct outside_network outside;

    if (!topology_outside_network_by_uuid(ns->topology, uuid, &outside)) {
        return false;
    }
    take_network(&outside, network);
    return true;
}

static bool
is_known(void *ns_, uint64_t network_key, const struct in6_addr *ip)
{
    const struct neighbours *ns = ns_;
    return topology_address_is_placed(ns->topology, network_key, ip);
}

static bool
is_broadcast(void *ns_, uint64_t router_key, const struct in6_addr *ip)
{
    const struct neighbours *ns = ns_;
    return topology_is_directed_broadcast(ns->topology, router_key, ip);
}

static const char *
next_hop_of(void *ns_, const struct uuid *network, const struct in6_addr *ip)
{
    const struct neighbours *ns = ns_;
    return topology_next_hop_router(ns->topology, network, ip);
}

static struct eth_addr
own_mac(void *ns_)
{
    const struct neighbours *ns = ns_;
    return topology_chassis_mac(ns->topology);
}

static void
learned(void *ns_, const struct uuid *network, const struct in6_addr *ip, struct eth_addr mac)
{
    const struct neighbours *ns = ns_;

    if (ns->topology) {
        topology_set_neighbour(ns->topology, network, ip, mac);
    }
}

static enum packet_outcome
unreachable(void *ns_, const struct pipeline_packet_in *pin, const void *frame, size_t len,
            long long int now)
{
    const struct neighbours *ns = ns_;
    return router_service_answer(ns->router_service, pin, frame, len, now);
}

static void
inject(void *ns_, const struct injection *injection, const struct dp_packet *packet)
{
    const struct neighbours *ns = ns_;
    packet_out(ns->session, packet, injection);
}

static const struct resolver_ops resolver_ops = {
    .network_by_key = network_by_key,
    .network_by_uuid = network_by_uuid,
    .is_known = is_known,
    .is_broadcast = is_broadcast,
    .next_hop_of = next_hop_of,
    .own_mac = own_mac,
    .learned = learned,
    .unreachable = unreachable,
    .inject = inject,
};

/* --- Life --------------------------------------------------------------- */

struct neighbours *
neighbours_create(struct dispatch *dispatch, struct router_service *router_service)
{
    struct neighbours *ns = xzalloc(sizeof *ns);
    char *path = xasprintf("%s/df-controller.neighbours", ovs_rundir());

    ns->router_service = router_service;
    ns->resolver = resolver_create(&resolver_ops, ns);
    resolver_register(ns->resolver, dispatch);
    ns->store = neighbour_store_create(path);
    neighbour_store_load(ns->store, ns->resolver, time_msec());
    ns->next = LLONG_MAX;
    free(path);
    return ns;
}

void
neighbours_destroy(struct neighbours *ns)
{
    if (ns) {
        neighbour_store_destroy(ns->store, ns->resolver);
        resolver_destroy(ns->resolver);
        free(ns);
    }
}

static void
tell(const struct resolver_neighbour *n, void *topology)
{
    if (!eth_addr_is_zero(n->mac)) {
        topology_set_neighbour(topology, n->network, n->ip, n->mac);
    }
}

void
neighbours_set_peers(struct neighbours *ns, struct topology *topology, struct ofsession *session)
{
    ns->topology = topology;
    ns->session = session;
    resolver_for_each(ns->resolver, tell, topology);
}

void
neighbours_run(struct neighbours *ns, bool native, bool able)
{
    long long int now = time_msec();

    if (!native) {
        resolver_clear(ns->resolver);
    }

    long long int due = resolver_run(ns->resolver, now, able);
    long long int write = neighbour_store_run(ns->store, ns->resolver, now);
    ns->next = MIN(due, write);
}

void
neighbours_wait(const struct neighbours *ns)
{
    if (ns->next != LLONG_MAX) {
        poll_timer_wait_until(ns->next);
    }
}

/* --- What is told of them ------------------------------------------------ */

struct format_aux {
    const struct neighbours *ns;
    struct ds *ds;
};

static void
format_neighbour(const struct resolver_neighbour *n, void *aux_)
{
    const struct format_aux *aux = aux_;
    struct outside_network outside;
    struct ds *ds = aux->ds;

    if (topology_outside_network_by_uuid(aux->ns->topology, n->network, &outside)) {
        text_put(ds, outside.name, TEXT_NAME_MAX);
    } else {
        ds_put_format(ds, UUID_FMT, UUID_ARGS(n->network));
    }
    ds_put_char(ds, ' ');
    ipv6_format_mapped(n->ip, ds);
    if (eth_addr_is_zero(n->mac)) {
        ds_put_cstr(ds, " -");
    } else {
        ds_put_format(ds, " " ETH_ADDR_FMT, ETH_ADDR_ARGS(n->mac));
    }
    ds_put_format(ds, " %s %lld\n", neighbour_state_name(n->state),
                  (time_msec() - n->since) / 1000);
}

void
neighbours_format(const struct neighbours *ns, struct ds *ds)
{
    struct format_aux aux = {.ns = ns, .ds = ds};

    resolver_for_each(ns->resolver, format_neighbour, &aux);
}

void
neighbours_get_stats(const struct neighbours *ns, struct resolver_stats *stats)
{
    resolver_get_stats(ns->resolver, stats);
}

void
neighbours_problems(const struct neighbours *ns, struct svec *problems)
{
    resolver_problems(ns->resolver, problems);
}
