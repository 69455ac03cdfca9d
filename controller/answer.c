/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "answer.h"

#include <limits.h>

#include "nb/ip.h"
#include "neighbours.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "packet-out.h"
#include "pipeline/packet-in.h"
#include "service/advertiser.h"
#include "service/dispatch.h"
#include "service/duplicate-address.h"
#include "service/nat-errors.h"
#include "service/router-service.h"
#include "service/strangers.h"
#include "switch/types.h"
#include "timeval.h"
#include "topology/advertisement.h"
#include "topology/query.h"
#include "util.h"

struct answer {
    struct dispatch *dispatch;
    struct router_service *router_service;
    struct duplicate_address *duplicate_address;
    struct nat_errors *nat_errors;
    struct strangers *strangers;
    struct neighbours *neighbours;
    struct advertiser *advertiser;
    long long int advertise_at; /* When the next advertisements are due; LLONG_MAX: never. */
    const struct topology *topology;
    struct ofsession *session;
};

static bool
router_way(void *answer_, uint64_t router_key, uint64_t network_key, const struct in6_addr *towards,
           struct router_service_way *way)
{
    const struct answer *answer = answer_;
    struct router_way found;

    if (address_is_scoped(towards)) {
        return topology_router_link_local(answer->topology, router_key, network_key, &way->src);
    }
    if (!topology_router_way(answer->topology, router_key, towards, &found)) {
        return false;
    }
    *way = (struct router_service_way){.src = found.src};
    if (found.is_one_of_several) {
        way->network_key = found.network_key;
        way->mac = found.mac;
        way->nexthop = found.nexthop;
    }
    return true;
}

static bool
is_own_address(void *answer_, uint64_t router_key, const struct in6_addr *address)
{
    const struct answer *answer = answer_;
    return topology_router_has_address(answer->topology, router_key, address);
}

static bool
outside(void *answer_, uint64_t router_key, const struct in6_addr *address, uint64_t *network_key,
        struct eth_addr *mac)
{
    const struct answer *answer = answer_;
    return topology_router_outside(answer->topology, router_key, address, network_key, mac);
}

static bool
anycast_source(void *answer_, uint64_t router_key, const struct in6_addr *address,
               struct in6_addr *src)
{
    const struct answer *answer = answer_;
    return topology_router_anycast(answer->topology, router_key, address, src);
}

static bool
is_directed_broadcast(void *answer_, uint64_t router_key, const struct in6_addr *dst)
{
    const struct answer *answer = answer_;
    return topology_is_directed_broadcast(answer->topology, router_key, dst);
}

static uint16_t
network_mtu(void *answer_, uint64_t network_key)
{
    const struct answer *answer = answer_;
    return topology_network_mtu(answer->topology, network_key);
}

static bool
address_owner(void *answer_, uint64_t network_key, const struct in6_addr *address,
              struct duplicate_address_owner *owner)
{
    const struct answer *answer = answer_;
    struct address_owner found;

    if (!topology_address_owner(answer->topology, network_key, address, &found)) {
        return false;
    }
    *owner = (struct duplicate_address_owner){
        .mac = found.mac,
        .is_router = found.is_router,
        .is_anycast = found.is_anycast,
        .ofport = found.ofport,
    };
    return true;
}

static bool
translation(void *answer_, uint64_t router_key, uint64_t network_key,
            const struct in6_addr *address, bool outward,
            struct nat_errors_translation *translation_)
{
    const struct answer *answer = answer_;
    struct floating_ip found;

    if (!topology_floating_ip(answer->topology, router_key, network_key, address, outward,
                              &found)) {
        return false;
    }
    *translation_ = (struct nat_errors_translation){
        .from = *address,
        .to = outward ? found.external : found.logical,
        .mac = found.mac,
    };
    return true;
}

static void
inject(void *answer_, const struct injection *injection, const struct dp_packet *packet)
{
    const struct answer *answer = answer_;
    packet_out(answer->session, packet, injection);
}

static const struct router_service_ops router_service_ops = {
    .way = router_way,
    .is_own_address = is_own_address,
    .outside = outside,
    .anycast_source = anycast_source,
    .is_directed_broadcast = is_directed_broadcast,
    .network_mtu = network_mtu,
    .inject = inject,
};

static const struct duplicate_address_ops duplicate_address_ops = {
    .owner = address_owner,
    .inject = inject,
};

static const struct nat_errors_ops nat_errors_ops = {
    .translation = translation,
    .inject = inject,
};

struct answer *
answer_create(void)
{
    struct answer *answer = xzalloc(sizeof *answer);

    answer->dispatch = dispatch_create();
    answer->router_service = router_service_create(&router_service_ops, answer);
    router_service_register(answer->router_service, answer->dispatch);
    answer->duplicate_address = duplicate_address_create(&duplicate_address_ops, answer);
    duplicate_address_register(answer->duplicate_address, answer->dispatch);
    answer->nat_errors = nat_errors_create(&nat_errors_ops, answer);
    nat_errors_register(answer->nat_errors, answer->dispatch);
    answer->neighbours = neighbours_create(answer->dispatch, answer->router_service);
    answer->strangers = strangers_create();
    strangers_register(answer->strangers, answer->dispatch);
    answer->advertiser = advertiser_create(inject, answer);
    advertiser_register(answer->advertiser, answer->dispatch);
    answer->advertise_at = LLONG_MAX;
    return answer;
}

void
answer_destroy(struct answer *answer)
{
    if (answer) {
        neighbours_destroy(answer->neighbours);
        router_service_destroy(answer->router_service);
        duplicate_address_destroy(answer->duplicate_address);
        nat_errors_destroy(answer->nat_errors);
        strangers_destroy(answer->strangers);
        advertiser_destroy(answer->advertiser);
        dispatch_destroy(answer->dispatch);
        free(answer);
    }
}

void
answer_set_peers(struct answer *answer, struct topology *topology, struct ofsession *session)
{
    answer->topology = topology;
    answer->session = session;
    neighbours_set_peers(answer->neighbours, topology, session);
}

static void
take_advertised(const struct advertised_network *n, void *answer_)
{
    struct answer *answer = answer_;
    advertiser_set_network(answer->advertiser, n->key, n->local, n->advertisements, n->n,
                           time_msec());
}

static void
ignore_advertised(const struct advertised_network *n OVS_UNUSED, void *aux OVS_UNUSED)
{
}

void
answer_run(struct answer *answer, struct topology *topology, bool native, bool able)
{
    topology_for_each_changed_advertised(topology, native ? take_advertised : ignore_advertised,
                                         answer);
    if (!native) {
        advertiser_clear(answer->advertiser);
    }
    answer->advertise_at = advertiser_run(answer->advertiser, time_msec());
    neighbours_run(answer->neighbours, native, able);
}

void
answer_wait(const struct answer *answer)
{
    if (answer->advertise_at != LLONG_MAX) {
        poll_timer_wait_until(answer->advertise_at);
    }
    neighbours_wait(answer->neighbours);
}

const struct advertiser *
answer_advertiser(const struct answer *answer)
{
    return answer->advertiser;
}

uint64_t
answer_advertisements(const struct answer *answer)
{
    return advertiser_count(answer->advertiser);
}

void
answer_packet_in(const struct packet_in *pin, void *answer_)
{
    struct answer *answer = answer_;
    struct pipeline_packet_in parsed;

    packet_in_parse(pin->userdata, pin->userdata_len, pin->metadata, &parsed);
    dispatch_packet_in(answer->dispatch, &parsed, pin->packet, pin->len, time_msec());
}

const struct dispatch *
answer_dispatch(const struct answer *answer)
{
    return answer->dispatch;
}

const struct strangers *
answer_strangers(const struct answer *answer)
{
    return answer->strangers;
}

const struct neighbours *
answer_neighbours(const struct answer *answer)
{
    return answer->neighbours;
}

void
answer_format_status(const struct answer *answer, struct ds *ds)
{
    ds_put_format(ds, "answers:\n");
    dispatch_format(answer->dispatch, 2, ds);
}
