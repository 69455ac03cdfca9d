/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "answer.h"

#include "openvswitch/dynamic-string.h"
#include "packet-out.h"
#include "pipeline/inject.h"
#include "pipeline/pipeline.h"
#include "service/router-service.h"
#include "service/strangers.h"
#include "switch/types.h"
#include "timeval.h"
#include "topology/query.h"
#include "util.h"

struct answer {
    struct router_service *service;
    struct strangers *strangers;
    const struct topology *topology;
    struct ofsession *session;
    uint64_t n_foreign; /* Packet-ins that are not of this pipeline. */
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

static void
inject(void *answer_, uint64_t router_key, const struct dp_packet *packet)
{
    struct answer *answer = answer_;
    const struct injection injection = {.stage = &stage_route, .router_key = router_key};

    packet_out(answer->session, packet, &injection);
}

static const struct router_service_ops ops = {
    .source_address = source_address,
    .is_directed_broadcast = is_directed_broadcast,
    .inject = inject,
};

struct answer *
answer_create(void)
{
    struct answer *answer = xzalloc(sizeof *answer);

    answer->service = router_service_create(&ops, answer);
    answer->strangers = strangers_create();
    return answer;
}

void
answer_destroy(struct answer *answer)
{
    if (answer) {
        router_service_destroy(answer->service);
        strangers_destroy(answer->strangers);
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
    struct pipeline_packet_in why;

    if (!pipeline_decode_packet_in(pin->userdata, pin->userdata_len, pin->metadata, &why)) {
        answer->n_foreign++;
        return;
    }

    if (why.reason == PIN_STRANGER) {
        strangers_add(answer->strangers, &why.tunnel_source, time_msec());
        return;
    }

    uint16_t mtu =
        (why.reason == PIN_TOO_BIG ? topology_network_mtu(answer->topology, why.network_key) : 0);
    router_service_packet_in(answer->service, why.reason, why.router_key, why.inport, mtu,
                             pin->packet, pin->len, time_msec());
}

const struct router_service *
answer_service(const struct answer *answer)
{
    return answer->service;
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
    router_service_format(answer->service, 2, ds);
    if (answer->n_foreign) {
        ds_put_format(ds, "  not of this pipeline: %" PRIu64 "\n", answer->n_foreign);
    }
}
