/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Packets that the switch hands over, which virtual machines write as they please.
 *
 * The first bytes of the input choose what the pipeline says about the frame, or how many bytes
 * behind them are the userdata; the rest is the frame.  Properties: nothing crashes; each packet
 * is counted once; a service gets what it is registered for; what is injected is a
 * datagram of the offender's family with correct checksums, from one host to the offender, of at
 * most the permitted length, or the advertisement that a probe asks for; and an error is never the
 * answer to an error. */

#include "service/router-service.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "nb/ip.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "service/datagram.h"
#include "service/dispatch.h"
#include "service/duplicate-address.h"
#include "service/icmp.h"
#include "service/icmp6.h"
#include "service/strangers.h"
#include "tests/unit/frames.h"
#include "unaligned.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the input starts with. */
struct preamble {
    uint8_t reason;
    uint8_t flags;        /* PRE_*. */
    uint8_t userdata_len; /* With PRE_USERDATA. */
    uint8_t mtu;          /* 0, 256, 512 ... */
};
enum {
    PRE_NO_SOURCE = 1 << 0, /* The router has no address, a probed address no owner. */
    PRE_BROADCAST = 1 << 1, /* Any destination is a directed broadcast. */
    PRE_LIMITED = 1 << 2,   /* The source has used up its share before. */
    PRE_FIX_CSUM = 1 << 3,  /* The frame gets correct checksums, which mutation spoils. */
    PRE_USERDATA = 1 << 4,  /* The userdata comes next, instead of 'reason' alone. */
    PRE_PAYLOAD = 1 << 5,   /* PIN_STRANGER has a payload. */
    PRE_OWN = 1 << 6,       /* Any source is the router's, any probed address the asker's. */
    PRE_SEVERAL = 1 << 7,   /* The way to the offender is one of several; addresses are shared. */
};

/* Of a reason that has one. */
struct payload {
    uint8_t bytes[8];
};

#define ROUTER_KEY 1
#define NETWORK_KEY 2
#define ASKER OFP_PORT_C(3)

struct context {
    const struct preamble *pre;
    enum packet_in_reason reason; /* As the userdata has it, well-formed or not. */
    const uint8_t *frame;
    size_t len;
    int n_injected;
};

/* The router's addresses, and a next hop. */
static const struct in6_addr router4 = {.s6_addr = {[10] = 0xff, 0xff, 10, 0, 1, 1}};
static const struct in6_addr router6 = {.s6_addr = {0xfd, 0, 0, 1, [15] = 1}};
static const struct in6_addr link_local = {.s6_addr = {0xfe, 0x80, [15] = 1}};

static const struct in6_addr *
router_address(const struct in6_addr *towards)
{
    return (address_is_ipv4(towards)     ? &router4
            : address_is_scoped(towards) ? &link_local
                                         : &router6);
}

static bool
fuzz_way(void *aux, uint64_t router_key OVS_UNUSED, uint64_t network_key OVS_UNUSED,
         const struct in6_addr *towards, struct router_service_way *way)
{
    const struct context *ctx = aux;

    way->src = *router_address(towards);
    if (ctx->pre->flags & PRE_SEVERAL) {
        way->network_key = NETWORK_KEY;
        way->nexthop = way->src;
    }
    return !(ctx->pre->flags & PRE_NO_SOURCE);
}

static bool
fuzz_is_own_address(void *aux, uint64_t router_key OVS_UNUSED,
                    const struct in6_addr *address OVS_UNUSED)
{
    const struct context *ctx = aux;

    return ctx->pre->flags & PRE_OWN;
}

static bool
fuzz_anycast_source(void *aux, uint64_t router_key OVS_UNUSED, const struct in6_addr *address,
                    struct in6_addr *src)
{
    const struct context *ctx = aux;

    if (ctx->pre->flags & PRE_SEVERAL && !address_is_ipv4(address)) {
        *src = router6;
        return true;
    }
    return false;
}

static bool
fuzz_is_directed_broadcast(void *aux, uint64_t router_key OVS_UNUSED,
                           const struct in6_addr *dst OVS_UNUSED)
{
    const struct context *ctx = aux;

    return ctx->pre->flags & PRE_BROADCAST;
}

static uint16_t
fuzz_network_mtu(void *aux, uint64_t network_key OVS_UNUSED)
{
    const struct context *ctx = aux;

    return ctx->pre->mtu << 8;
}

/* The quoted datagram, as far as the error has it, is the offender, which is no error. */
static void
check_error(const struct datagram *offender, const uint8_t *quoted, size_t quoted_len)
{
    size_t header_len = offender->payload - offender->data;

    ovs_assert(quoted_len && quoted_len <= offender->len);
    ovs_assert(!memcmp(quoted, offender->data, quoted_len));
    if (quoted_len > header_len && !offender->is_later_fragment) {
        uint8_t type = quoted[header_len];

        if (offender->protocol == IPPROTO_ICMP && datagram_is_ipv4(offender)) {
            ovs_assert(type != 3 && type != 4 && type != 5 && type != 11 && type != 12);
        } else if (offender->protocol == IPPROTO_ICMPV6 && !datagram_is_ipv4(offender)) {
            ovs_assert(type >= 128 && type != 137);
        }
    }
}

/* What is said, in a datagram whose headers are right. */
static void
check_l4(const struct datagram *d, const struct datagram *offender, bool transit)
{
    const uint8_t *l4 = d->payload;

    if (d->protocol == IPPROTO_TCP) {
        ovs_assert(d->payload_len == TCP_HEADER_LEN && !transit && (l4[13] & TCP_RST));
        ovs_assert(!datagram_csum(&d->src, &d->dst, IPPROTO_TCP, l4, d->payload_len));
    } else if (d->protocol == IPPROTO_ICMP) {
        ovs_assert(datagram_is_ipv4(d) && d->payload_len >= ICMP_HEADER_LEN);
        ovs_assert(!csum(l4, d->payload_len));
        if (l4[0] == ICMP4_ECHO_REPLY) {
            ovs_assert(!transit && d->len <= ICMP_ECHO_MAX_LEN);
            return;
        }
        ovs_assert(l4[0] == ICMP4_DST_UNREACH || l4[0] == ICMP4_TIME_EXCEEDED);
        ovs_assert(d->len <= ICMP_ERROR_MAX_LEN && !offender->is_later_fragment);
        check_error(offender, l4 + ICMP_HEADER_LEN, d->payload_len - ICMP_HEADER_LEN);
    } else {
        ovs_assert(d->protocol == IPPROTO_ICMPV6 && !datagram_is_ipv4(d));
        ovs_assert(d->payload_len >= ICMP6_DATA_HEADER_LEN);
        ovs_assert(!datagram_csum(&d->src, &d->dst, IPPROTO_ICMPV6, l4, d->payload_len));
        if (l4[0] == 129) {
            ovs_assert(!transit && d->len <= ICMP_ECHO_MAX_LEN);
            return;
        }
        ovs_assert(l4[0] >= 1 && l4[0] <= 4 && d->len <= IPV6_MIN_MTU);
        ovs_assert(l4[0] != 2 || ntohl(get_unaligned_be32((const void *) (l4 + 4))) >= 1280);
        check_error(offender, l4 + ICMP6_DATA_HEADER_LEN, d->payload_len - ICMP6_DATA_HEADER_LEN);
    }
}

/* An advertisement is for the port that sent the probe. */
static void
check_advertisement(const struct context *ctx, const struct injection *injection,
                    const struct datagram *d)
{
    struct in6_addr target;

    ovs_assert(injection->stage == &stage_to_port && injection->outport == ASKER);
    ovs_assert(!(ctx->pre->flags & (PRE_OWN | PRE_NO_SOURCE)));
    ovs_assert(dad_probe_parse(ctx->frame, ctx->len, &target));
    ovs_assert(ipv6_addr_equals(&d->src, &target) && d->ttl == 255 && d->payload[0] == 136);
    ovs_assert(!datagram_csum(&d->src, &d->dst, IPPROTO_ICMPV6, d->payload, d->payload_len));
}

static void
fuzz_inject(void *aux, const struct injection *injection, const struct dp_packet *packet)
{
    struct context *ctx = aux;
    size_t size = dp_packet_size(packet);
    bool transit = ctx->reason != PIN_TO_ROUTER;
    struct datagram d, offender;

    ctx->n_injected++;
    ovs_assert(datagram_parse(dp_packet_data(packet), size, &d));
    ovs_assert(size == ETH_HEADER_LEN + d.len);
    if (ctx->reason == PIN_DAD) {
        check_advertisement(ctx, injection, &d);
        return;
    }

    ovs_assert(!(ctx->pre->flags & (PRE_BROADCAST | PRE_LIMITED | PRE_OWN)));
    ovs_assert(!transit || !(ctx->pre->flags & PRE_NO_SOURCE));
    ovs_assert(datagram_parse(ctx->frame, ctx->len, &offender));
    ovs_assert(ipv6_addr_equals(&d.dst, &offender.src));
    ovs_assert(ipv6_addr_equals(&d.src, transit ? router_address(&offender.src) : &offender.dst)
               || (!transit && ctx->pre->flags & PRE_SEVERAL && d.protocol == IPPROTO_ICMPV6
                   && ipv6_addr_equals(&d.src, &router6)));
    ovs_assert(!address_is(&offender.src, ADDRESS_NO_HOST));
    if (address_is_scoped(&offender.src) || address_is_scoped(&offender.dst)) {
        ovs_assert(injection->stage == &stage_to_port && injection->outport == ASKER);
        ovs_assert(eth_addr_equals(d.eth_dst, offender.eth_src));
    } else if (transit && ctx->pre->flags & PRE_SEVERAL) {
        ovs_assert(injection->stage == &stage_neighbour && injection->network_key == NETWORK_KEY);
    } else {
        ovs_assert(injection->stage == &stage_route && injection->router_key == ROUTER_KEY);
    }
    check_l4(&d, &offender, transit);
}

static bool
fuzz_owner(void *aux, uint64_t network_key OVS_UNUSED, const struct in6_addr *address OVS_UNUSED,
           struct duplicate_address_owner *owner)
{
    const struct context *ctx = aux;

    *owner = (struct duplicate_address_owner){
        .mac = ETH_ADDR_C(0a, 00, 00, 00, 00, 01),
        .ofport = ctx->pre->flags & PRE_OWN ? ASKER : 0,
    };
    return !(ctx->pre->flags & PRE_NO_SOURCE);
}

static void
drop(void *aux OVS_UNUSED, const struct injection *injection OVS_UNUSED,
     const struct dp_packet *packet OVS_UNUSED)
{
}

static const struct router_service_ops fuzz_ops = {
    .way = fuzz_way,
    .is_own_address = fuzz_is_own_address,
    .anycast_source = fuzz_anycast_source,
    .is_directed_broadcast = fuzz_is_directed_broadcast,
    .network_mtu = fuzz_network_mtu,
    .inject = fuzz_inject,
};

static const struct duplicate_address_ops fuzz_probe_ops = {
    .owner = fuzz_owner,
    .inject = fuzz_inject,
};

/* Writes the checksum of the 'len' bytes at 'p' into them at 'csum_ofs'. */
static void
fix_csum(uint8_t *p, size_t len, size_t csum_ofs)
{
    ovs_be16 sum;

    memset(p + csum_ofs, 0, sizeof sum);
    sum = csum(p, len);
    memcpy(p + csum_ofs, &sum, sizeof sum);
}

/* Corrects the checksum of the ICMPv6 message in 'frame'. */
static void
fix_csum6(uint8_t *frame, size_t len)
{
    struct datagram d;

    if (datagram_parse(frame, len, &d) && !datagram_is_ipv4(&d) && d.protocol == IPPROTO_ICMPV6
        && d.payload_len >= ICMP6_HEADER_LEN) {
        uint8_t *csum_in_frame = frame + (d.payload + 2 - frame);
        ovs_be16 sum;

        memset(csum_in_frame, 0, sizeof sum);
        sum = datagram_csum(&d.src, &d.dst, IPPROTO_ICMPV6, d.payload, d.payload_len);
        memcpy(csum_in_frame, &sum, sizeof sum);
    }
}

/* Corrects the checksums of the IPv4 header in 'frame' and of the ICMP message behind
 * it, as far as they are there. */
static void
fix_csums(uint8_t *frame, size_t len)
{
    size_t ofs = ETH_HEADER_LEN;

    while (ofs + VLAN_HEADER_LEN <= len && frame[ofs - 2] == 0x81 && !frame[ofs - 1]) {
        ofs += VLAN_HEADER_LEN;
    }
    if (len < ofs + IP_HEADER_LEN) {
        return;
    }

    uint8_t *ip = frame + ofs;
    size_t header_len = MAX(IP_HEADER_LEN, IP_IHL(ip[0]) * 4);
    size_t total_len = MIN(ip[2] << 8 | ip[3], len - ofs);
    if (header_len <= len - ofs) {
        fix_csum(ip, header_len, 10);
    }
    if (ip[9] == IPPROTO_ICMP && header_len + 4 <= total_len) {
        fix_csum(ip + header_len, total_len - header_len, 2);
    }
}

/* A service that reads what its packets carry. */
static enum packet_outcome
take_payload(void *ctx_, const struct pipeline_packet_in *pin, const void *frame, size_t len,
             long long int now OVS_UNUSED)
{
    struct context *ctx = ctx_;
    struct payload payload;

    ovs_assert(pin->payload_len == sizeof payload);
    memcpy(&payload, pin->payload, sizeof payload);
    ovs_assert(frame == ctx->frame && len == ctx->len);
    return payload.bytes[7] & 1 ? PACKET_LIMITED : PACKET_NOT_ALLOWED;
}

static const struct packet_service with_payload = {
    PIN_STRANGER,
    "with_payload",
    sizeof(struct payload),
    take_payload,
};

/* Others take these packets, and give them to the service. */
static const struct packet_service no_neighbour = {
    PIN_NO_NEIGHBOUR,
    "no_neighbour",
    0,
    router_service_answer,
};

/* Has the source use up its share. */
static void
flood(struct dispatch *d)
{
    const struct pipeline_packet_in pin = {
        .reason = PIN_TO_ROUTER,
        .router_key = ROUTER_KEY,
        .inport = ofp_to_u16(ASKER),
    };
    struct frame f = frame_from_hex(UDP_HEX);

    for (int i = 0; i < RS_BURST; i++) {
        dispatch_packet_in(d, &pin, f.data, f.len, 0);
    }
    ovs_assert(dispatch_count(d, PIN_TO_ROUTER, PACKET_ANSWERED) == RS_BURST);
}

/* A packet with this userdata arrives, and is counted once. */
static void
arrive(struct dispatch *d, struct context *ctx, const uint8_t *userdata, size_t userdata_len)
{
    struct match metadata = MATCH_CATCHALL_INITIALIZER;
    struct pipeline_packet_in pin;
    uint64_t before = dispatch_count(d, PIN_TO_ROUTER, PACKET_ANSWERED), total = 0, answered = 0;

    match_set_xreg(&metadata, 1, ROUTER_KEY);
    match_set_reg(&metadata, 8, ofp_to_u16(ASKER));
    ctx->reason = userdata_len ? userdata[0] : 0;
    packet_in_parse(userdata, userdata_len, &metadata, &pin);
    ovs_assert(!pin.reason
               || (pin.reason == ctx->reason && pin.reason < PIN_N_REASONS
                   && userdata_len == sizeof(struct packet_in_header) + pin.payload_len));
    dispatch_packet_in(d, &pin, ctx->frame, ctx->len, 0);

    for (int reason = 0; reason < PIN_N_REASONS; reason++) {
        for (int outcome = 0; outcome < N_PACKET_OUTCOMES; outcome++) {
            total += dispatch_count(d, reason, outcome);
        }
        answered += dispatch_count(d, reason, PACKET_ANSWERED);
    }
    ovs_assert(total - before == 1);
    ovs_assert(answered - before == ctx->n_injected);
    ovs_assert(pin.reason || dispatch_count(d, 0, PACKET_MALFORMED) == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct preamble pre;
    if (size < sizeof pre) {
        return 0;
    }
    memcpy(&pre, data, sizeof pre);
    data += sizeof pre;
    size -= sizeof pre;

    /* Copies, so that the sanitizer sees where userdata and frame begin and end. */
    const uint8_t usual[] = {pre.reason, 0};
    size_t userdata_len = pre.flags & PRE_USERDATA ? MIN(pre.userdata_len, size) : sizeof usual;
    uint8_t *userdata = xmemdup(pre.flags & PRE_USERDATA ? data : usual, userdata_len);
    if (pre.flags & PRE_USERDATA) {
        data += userdata_len;
        size -= userdata_len;
    }
    uint8_t *frame = xmemdup(data, size);
    if (pre.flags & PRE_FIX_CSUM) {
        fix_csums(frame, size);
        fix_csum6(frame, size);
    }

    struct context ctx = {.pre = &pre, .frame = frame, .len = size};
    struct router_service_ops ops = fuzz_ops;
    struct router_service *rs = router_service_create(&ops, &ctx);
    struct strangers *strangers = strangers_create();
    struct duplicate_address *da = duplicate_address_create(&fuzz_probe_ops, &ctx);
    struct dispatch *d = dispatch_create();
    struct ds status = DS_EMPTY_INITIALIZER;

    router_service_register(rs, d);
    dispatch_register(d, &no_neighbour, rs);
    duplicate_address_register(da, d);
    if (pre.flags & PRE_PAYLOAD) {
        dispatch_register(d, &with_payload, &ctx);
    } else {
        strangers_register(strangers, d);
    }
    if (pre.flags & PRE_LIMITED) {
        struct preamble quiet = {.flags = 0};

        ctx.pre = &quiet;
        ops.inject = drop;
        flood(d);
        ctx.pre = &pre;
        ops.inject = fuzz_inject;
    }
    arrive(d, &ctx, userdata, userdata_len);

    dispatch_format(d, 2, &status);
    ovs_assert(status.length);
    ds_destroy(&status);
    dispatch_destroy(d);
    strangers_destroy(strangers);
    duplicate_address_destroy(da);
    router_service_destroy(rs);
    free(frame);
    free(userdata);
    return 0;
}
