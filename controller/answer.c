/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "answer.h"

#include "openvswitch/dynamic-string.h"
#include "packet-out.h"
#include "pipeline/packet-in.h"
#include "service/dispatch.h"
#include "service/router-service.h"
#include "service/strangers.h"
#include "switch/types.h"
#include "timeval.h"
#include "topology/query.h"
#include "util.h"

struct answer {
    struct dispatch *dispatch;
    struct router_service *router_service;
    struct strangers *strangers;
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
    return answer;
}

void
answer_destroy(struct answer *answer)
{
    if (answer) {
        router_service_destroy(answer->router_service);
        strangers_destroy(answer->strangers);
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
