/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/router-service.h"

#include <netinet/in.h>

#include "dp-packet.h"
#include "pipeline/inject.h"
#include "service/dispatch.h"
#include "service/icmp.h"
#include "service/limiter.h"
#include "util.h"

struct router_service {
    const struct router_service_ops *ops;
    void *aux;               /* For 'ops'. */
    struct limiter *limiter; /* Keyed by source. */
};

/* A packet to answer. */
struct offence {
    const struct pipeline_packet_in *pin;
    const void *frame;
    size_t len;
    ovs_be32 src, dst; /* Of the IPv4 packet in 'frame'. */
    uint8_t protocol;  /* Likewise. */
};

struct router_service *
router_service_create(const struct router_service_ops *ops, void *aux)
{
    struct router_service *rs = xzalloc(sizeof *rs);

    rs->ops = ops;
    rs->aux = aux;
    rs->limiter = limiter_create(RS_RATE, RS_BURST, RS_MAX_SOURCES);
    return rs;
}

void
router_service_destroy(struct router_service *rs)
{
    if (rs) {
        limiter_destroy(rs->limiter);
        free(rs);
    }
}

/* The error that a packet to somewhere else, or UDP and the like to the router
 * itself, is answered with. */
static enum icmp_error
error_for(const struct offence *o)
{
    switch (o->pin->reason) {
    case PIN_TTL_EXCEEDED:
        return ICMP_ERROR_TTL_EXCEEDED;
    case PIN_NO_ROUTE:
        return ICMP_ERROR_NET_UNREACHABLE;
    case PIN_NO_NEIGHBOUR:
        return ICMP_ERROR_HOST_UNREACHABLE;
    case PIN_TOO_BIG:
        return ICMP_ERROR_FRAG_NEEDED;
    case PIN_TO_ROUTER:
        return (o->protocol == IPPROTO_UDP ? ICMP_ERROR_PORT_UNREACHABLE
                                           : ICMP_ERROR_PROTO_UNREACHABLE);
    default:
        OVS_NOT_REACHED();
    }
}

static struct dp_packet *
compose_error(const struct router_service *rs, const struct offence *o, ovs_be32 src)
{
    enum icmp_error error = error_for(o);
    uint16_t mtu = 0;

    if (error == ICMP_ERROR_FRAG_NEEDED) {
        mtu = rs->ops->network_mtu(rs->aux, o->pin->network_key);
    }
    return icmp_compose_error(error, o->frame, o->len, src, mtu);
}

/* The answer to a packet for one of the router's own addresses; NULL if none is due.
 * Whoever asked an address gets the answer from that address. */
static struct dp_packet *
answer_to_router(const struct router_service *rs, const struct offence *o)
{
    switch (o->protocol) {
    case IPPROTO_TCP:
        return tcp_compose_reset(o->frame, o->len);
    case IPPROTO_ICMP:
        return icmp_compose_echo_reply(o->frame, o->len);
    default:
        return compose_error(rs, o, o->dst);
    }
}

/* Composes the answer into '*answerp' and returns PACKET_ANSWERED, or returns why there is
 * none. */
static enum packet_outcome
answer(const struct router_service *rs, const struct offence *o, struct dp_packet **answerp)
{
    if (rs->ops->is_directed_broadcast(rs->aux, o->pin->router_key, o->dst)) {
        return PACKET_NOT_ALLOWED;
    }
    if (o->pin->reason == PIN_TO_ROUTER) {
        *answerp = answer_to_router(rs, o);
    } else {
        ovs_be32 src;

        if (!icmp_error_allowed(o->frame, o->len)) {
            return PACKET_NOT_ALLOWED;
        }
        if (!rs->ops->source_address(rs->aux, o->pin->router_key, o->src, &src)) {
            return PACKET_NO_SOURCE;
        }
        *answerp = compose_error(rs, o, src);
    }
    return *answerp ? PACKET_ANSWERED : PACKET_NOT_ALLOWED;
}

/* Routes the packet as if the router had sent it. */
static void
inject(const struct router_service *rs, uint64_t router_key, const struct dp_packet *packet)
{
    const struct injection injection = {.stage = &stage_route, .router_key = router_key};

    rs->ops->inject(rs->aux, &injection, packet);
}

static enum packet_outcome
handle(void *rs_, const struct pipeline_packet_in *pin, const void *frame, size_t len,
       long long int now)
{
    const struct router_service *rs = rs_;
    struct offence o = {.pin = pin, .frame = frame, .len = len};
    struct dp_packet *packet;

    if (!icmp_get_addresses(frame, len, &o.src, &o.dst, &o.protocol)) {
        return PACKET_MALFORMED;
    }

    enum packet_outcome outcome = answer(rs, &o, &packet);
    if (outcome != PACKET_ANSWERED) {
        return outcome;
    }

    /* Only what is really due costs a token. */
    if (limiter_allow(rs->limiter, pin->inport, now)) {
        inject(rs, pin->router_key, packet);
    } else {
        outcome = PACKET_LIMITED;
    }
    dp_packet_delete(packet);
    return outcome;
}

void
router_service_register(struct router_service *rs, struct dispatch *d)
{
    static const struct packet_service entries[] = {
        {PIN_TTL_EXCEEDED, "ttl_exceeded", 0, handle}, {PIN_NO_ROUTE, "no_route", 0, handle},
        {PIN_NO_NEIGHBOUR, "no_neighbour", 0, handle}, {PIN_TO_ROUTER, "to_router", 0, handle},
        {PIN_TOO_BIG, "too_big", 0, handle},
    };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        dispatch_register(d, &entries[i], rs);
    }
}
