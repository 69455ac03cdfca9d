/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "answer.h"

#include <limits.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "packet-out.h"
#include "pipeline/packet-in.h"
#include "service/advertiser.h"
#include "service/dispatch.h"
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
    struct strangers *strangers;
    struct advertiser *advertiser;
    long long int advertise_at; /* When the next advertisements are due; LLONG_MAX: never. */
    const struct topology *topology;
    struct ofsession *session;
};

static bool
source_address(void *answer_, uint64_t router_key, ovs_be32 towards, ovs_be32 *src)
{
    struct answer *answer = answer_;
    return topology_router_source(answer->topology, router_key, towards, src);
}

static bool
is_directed_broadcast(void *answer_, uint64_t router_key, ovs_be32 dst)
{
    struct answer *answer = answer_;
    return topology_is_directed_broadcast(answer->topology, router_key, dst);
}

static uint16_t
network_mtu(void *answer_, uint64_t network_key)
{
    struct answer *answer = answer_;
    return topology_network_mtu(answer->topology, network_key);
}

static void
inject(void *answer_, const struct injection *injection, const struct dp_packet *packet)
{
    struct answer *answer = answer_;
    packet_out(answer->session, packet, injection);
}

static const struct router_service_ops ops = {
    .source_address = source_address,
    .is_directed_broadcast = is_directed_broadcast,
    .network_mtu = network_mtu,
    .inject = inject,
};

struct answer *
answer_create(void)
{
    struct answer *answer = xzalloc(sizeof *answer);

    answer->dispatch = dispatch_create();
    answer->router_service = router_service_create(&ops, answer);
    router_service_register(answer->router_service, answer->dispatch);
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
        router_service_destroy(answer->router_service);
        strangers_destroy(answer->strangers);
        advertiser_destroy(answer->advertiser);
        dispatch_destroy(answer->dispatch);
        free(answer);
    }
}

void
answer_set_peers(struct answer *answer, const struct topology *topology, struct ofsession *session)
{
    answer->topology = topology;
    answer->session = session;
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
answer_run(struct answer *answer, struct topology *topology, bool native)
{
    topology_for_each_changed_advertised(topology, native ? take_advertised : ignore_advertised,
                                         answer);
    if (!native) {
        advertiser_clear(answer->advertiser);
    }
    answer->advertise_at = advertiser_run(answer->advertiser, time_msec());
}

void
answer_wait(const struct answer *answer)
{
    if (answer->advertise_at != LLONG_MAX) {
        poll_timer_wait_until(answer->advertise_at);
    }
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

void
answer_format_status(const struct answer *answer, struct ds *ds)
{
    ds_put_format(ds, "answers:\n");
    dispatch_format(answer->dispatch, 2, ds);
}
