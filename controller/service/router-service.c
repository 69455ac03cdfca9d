/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/router-service.h"

#include <inttypes.h>
#include <netinet/in.h>

#include "dp-packet.h"
#include "openvswitch/dynamic-string.h"
#include "service/icmp.h"
#include "service/limiter.h"
#include "util.h"

struct router_service {
    const struct router_service_ops *ops;
    void *aux;               /* For 'ops'. */
    struct limiter *limiter; /* Keyed by source. */
    uint64_t counts[PIN_N_REASONS][RS_N_OUTCOMES];
};

/* A packet to answer, and with what. */
struct offence {
    enum packet_in_reason reason;
    uint64_t router_key;
    const void *frame;
    size_t len;
    ovs_be32 src, dst; /* Of the IPv4 packet in 'frame'. */
    uint8_t protocol;  /* Likewise. */
    uint16_t mtu;
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
    switch (o->reason) {
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
compose_error(const struct offence *o, ovs_be32 src)
{
    return icmp_compose_error(error_for(o), o->frame, o->len, src, o->mtu);
}

/* The answer to a packet for one of the router's own addresses; NULL if none is due.
 * Whoever asked an address gets the answer from that address. */
static struct dp_packet *
answer_to_router(const struct offence *o)
{
    switch (o->protocol) {
    case IPPROTO_TCP:
        return tcp_compose_reset(o->frame, o->len);
    case IPPROTO_ICMP:
        return icmp_compose_echo_reply(o->frame, o->len);
    default:
        return compose_error(o, o->dst);
    }
}

/* Composes the answer into '*answerp' and returns RS_SENT, or returns why there is
 * none. */
static enum router_service_outcome
answer(const struct router_service *rs, const struct offence *o, struct dp_packet **answerp)
{
    if (rs->ops->is_directed_broadcast(rs->aux, o->router_key, o->dst)) {
        return RS_NOT_ALLOWED;
    }
    if (o->reason == PIN_TO_ROUTER) {
        *answerp = answer_to_router(o);
    } else {
        ovs_be32 src;

        if (!icmp_error_allowed(o->frame, o->len)) {
            return RS_NOT_ALLOWED;
        }
        if (!rs->ops->source_address(rs->aux, o->router_key, o->src, &src)) {
            return RS_NO_SOURCE;
        }
        *answerp = compose_error(o, src);
    }
    return *answerp ? RS_SENT : RS_NOT_ALLOWED;
}

static enum router_service_outcome
handle(struct router_service *rs, struct offence *o, uint64_t source_key, long long int now)
{
    struct dp_packet *packet;

    if (!o->reason || !icmp_get_addresses(o->frame, o->len, &o->src, &o->dst, &o->protocol)) {
        return RS_MALFORMED;
    }

    enum router_service_outcome outcome = answer(rs, o, &packet);
    if (outcome != RS_SENT) {
        return outcome;
    }

    /* Only what is really due costs a token. */
    if (limiter_allow(rs->limiter, source_key, now)) {
        rs->ops->inject(rs->aux, o->router_key, packet);
    } else {
        outcome = RS_RATE_LIMITED;
    }
    dp_packet_delete(packet);
    return outcome;
}

/* 'reason' came in a packet from the switch, whatever its type promises. */
static enum packet_in_reason
known_reason(enum packet_in_reason reason)
{
    return (unsigned int) reason < PIN_N_REASONS ? reason : 0;
}

void
router_service_packet_in(struct router_service *rs, enum packet_in_reason reason,
                         uint64_t router_key, uint64_t source_key, uint16_t mtu, const void *frame,
                         size_t len, long long int now)
{
    struct offence o = {
        .reason = known_reason(reason),
        .router_key = router_key,
        .frame = frame,
        .len = len,
        .mtu = mtu,
    };

    rs->counts[o.reason][handle(rs, &o, source_key, now)]++;
}

uint64_t
router_service_count(const struct router_service *rs, enum packet_in_reason reason,
                     enum router_service_outcome outcome)
{
    return rs->counts[known_reason(reason)][outcome];
}

void
router_service_format(const struct router_service *rs, int indent, struct ds *ds)
{
    static const char *const reasons[PIN_N_REASONS] = {
        [0] = "unknown reason",        [PIN_TTL_EXCEEDED] = "ttl exceeded",
        [PIN_NO_ROUTE] = "no route",   [PIN_NO_NEIGHBOUR] = "no neighbour",
        [PIN_TO_ROUTER] = "to router", [PIN_TOO_BIG] = "too big",
    };
    static const char *const outcomes[RS_N_OUTCOMES] = {
        [RS_SENT] = "sent",
        [RS_RATE_LIMITED] = "rate-limited",
        [RS_NOT_ALLOWED] = "not allowed",
        [RS_MALFORMED] = "malformed",
        [RS_NO_SOURCE] = "without source address",
    };

    for (size_t i = 0; i < PIN_N_REASONS; i++) {
        uint64_t total = 0;

        for (size_t j = 0; j < RS_N_OUTCOMES; j++) {
            total += rs->counts[i][j];
        }
        if (!total) {
            continue;
        }
        ds_put_char_multiple(ds, ' ', indent);
        ds_put_format(ds, "%s:", reasons[i]);
        for (size_t j = 0; j < RS_N_OUTCOMES; j++) {
            ds_put_format(ds, "%s %" PRIu64 " %s", j ? "," : "", rs->counts[i][j], outcomes[j]);
        }
        ds_put_char(ds, '\n');
    }
}
