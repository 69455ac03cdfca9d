/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/router-service.h"

#include <netinet/in.h>

#include "dp-packet.h"
#include "nb/ip.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "service/datagram.h"
#include "service/dispatch.h"
#include "service/icmp.h"
#include "service/icmp6.h"
#include "service/limiter.h"
#include "service/tcp-reset.h"
#include "util.h"

struct router_service {
    const struct router_service_ops *ops;
    void *aux;               /* For 'ops'. */
    struct limiter *limiter; /* Keyed by source. */
};

/* A packet to answer. */
struct offence {
    const struct pipeline_packet_in *pin;
    const struct datagram *datagram;
};

/* What is said about it, and where that goes. */
struct answer {
    struct dp_packet *packet;
    struct injection injection;
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
        return ICMP_ERROR_TOO_BIG;
    case PIN_TO_ROUTER:
        return (o->datagram->protocol == IPPROTO_UDP ? ICMP_ERROR_PORT_UNREACHABLE
                                                     : ICMP_ERROR_PROTO_UNREACHABLE);
    default:
        OVS_NOT_REACHED();
    }
}

static bool
error_allowed(const struct offence *o)
{
    return (datagram_is_ipv4(o->datagram) ? icmp_error_allowed(o->datagram)
                                          : icmp6_error_allowed(error_for(o), o->datagram));
}

static struct dp_packet *
compose_error(const struct router_service *rs, const struct offence *o, const struct in6_addr *src)
{
    enum icmp_error error = error_for(o);
    uint16_t mtu = 0;

    if (error == ICMP_ERROR_TOO_BIG) {
        mtu = rs->ops->network_mtu(rs->aux, o->pin->network_key);
    }
    return (datagram_is_ipv4(o->datagram) ? icmp_compose_error(error, o->datagram, src, mtu)
                                          : icmp6_compose_error(error, o->datagram, src, mtu));
}

/* The answer to a packet for one of the router's own addresses; NULL if none is due.
 * The answer comes from the address that was asked, unless others have it, too (RFC 4443
 * 2.2; a connection of TCP cannot have another). */
static struct dp_packet *
answer_to_router(const struct router_service *rs, const struct offence *o)
{
    struct in6_addr src = o->datagram->dst;

    rs->ops->anycast_source(rs->aux, o->pin->router_key, &o->datagram->dst, &src);
    switch (o->datagram->protocol) {
    case IPPROTO_TCP:
        return tcp_compose_reset(o->datagram);
    case IPPROTO_ICMP:
        if (datagram_is_ipv4(o->datagram)) {
            return icmp_compose_echo_reply(o->datagram);
        }
        break;
    case IPPROTO_ICMPV6:
        if (!datagram_is_ipv4(o->datagram)) {
            return icmp6_compose_echo_reply(o->datagram, &src);
        }
        break;
    case IPPROTO_NONE:
        if (!datagram_is_ipv4(o->datagram)) {
            return NULL;
        }
        break;
    default:
        break;
    }
    return o->datagram->is_later_fragment ? NULL : compose_error(rs, o, &src);
}

/* Back to the port that sent the offender, as if from the router's port on its network. */
static void
answer_to_sender(const struct offence *o, struct answer *answer)
{
    struct eth_header *eth = dp_packet_eth(answer->packet);

    eth->eth_dst = o->datagram->eth_src;
    eth->eth_src = o->datagram->eth_dst;
    answer->injection = (struct injection){
        .stage = &stage_to_port,
        .network_key = o->pin->network_key,
        .outport = u16_to_ofp(o->pin->inport),
    };
}

/* Composes the answer into '*answer' and returns PACKET_ANSWERED, or returns why there is
 * none. */
static enum packet_outcome
compose_answer(const struct router_service *rs, const struct offence *o, struct answer *answer)
{
    const struct in6_addr *offender = &o->datagram->src;
    uint64_t router_key = o->pin->router_key;

    if (rs->ops->is_directed_broadcast(rs->aux, router_key, &o->datagram->dst)
        || rs->ops->is_own_address(rs->aux, router_key, offender)) {
        return PACKET_NOT_ALLOWED;
    }

    answer->injection = (struct injection){.stage = &stage_route, .router_key = router_key};
    if (o->pin->reason == PIN_TO_ROUTER) {
        answer->packet = answer_to_router(rs, o);
    } else {
        struct router_service_way way = {.network_key = 0};

        if (!error_allowed(o) || address_is_scoped(&o->datagram->dst)) {
            return PACKET_NOT_ALLOWED;
        }
        if (!rs->ops->way(rs->aux, router_key, o->pin->network_key, offender, &way)) {
            return PACKET_NO_SOURCE;
        }
        answer->packet = compose_error(rs, o, &way.src);
        if (way.network_key) {
            answer->injection = (struct injection){
                .stage = &stage_neighbour,
                .network_key = way.network_key,
                .src_mac = way.mac,
                .nexthop = way.nexthop,
            };
        }
    }
    if (!answer->packet) {
        return PACKET_NOT_ALLOWED;
    }
    if (address_is_scoped(offender) || address_is_scoped(&o->datagram->dst)) {
        answer_to_sender(o, answer);
    }
    return PACKET_ANSWERED;
}

/* The switch sees no TTL in what it cannot take apart, and so may say of more than is true that it
 * has none left. */
static bool
is_what_its_reason_says(const struct offence *o)
{
    return o->pin->reason != PIN_TTL_EXCEEDED || o->datagram->ttl <= 1;
}

enum packet_outcome
router_service_answer(void *router_service, const struct pipeline_packet_in *pin, const void *frame,
                      size_t len, long long int now)
{
    const struct router_service *rs = router_service;
    struct datagram datagram;
    struct offence o = {.pin = pin, .datagram = &datagram};
    struct answer answer;

    if (!datagram_parse(frame, len, &datagram) || !is_what_its_reason_says(&o)) {
        return PACKET_MALFORMED;
    }

    enum packet_outcome outcome = compose_answer(rs, &o, &answer);
    if (outcome != PACKET_ANSWERED) {
        return outcome;
    }

    /* Only what is really due costs a token. */
    if (limiter_allow(rs->limiter, pin->inport, now)) {
        rs->ops->inject(rs->aux, &answer.injection, answer.packet);
    } else {
        outcome = PACKET_LIMITED;
    }
    dp_packet_delete(answer.packet);
    return outcome;
}

void
router_service_register(struct router_service *rs, struct dispatch *d)
{
    static const struct packet_service entries[] = {
        {PIN_TTL_EXCEEDED, "ttl_exceeded", 0, router_service_answer},
        {PIN_NO_ROUTE, "no_route", 0, router_service_answer},
        {PIN_TO_ROUTER, "to_router", 0, router_service_answer},
        {PIN_TOO_BIG, "too_big", 0, router_service_answer},
    };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        dispatch_register(d, &entries[i], rs);
    }
}
