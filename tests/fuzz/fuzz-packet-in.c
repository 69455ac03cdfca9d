/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Packets that the switch hands over, which virtual machines write as they please.
 *
 * The first bytes of the input choose what the pipeline says about the frame, or how many bytes
 * behind them are the userdata; the rest is the frame.  Properties: nothing crashes; each packet
 * is counted once; a service gets what it is registered for; what is injected is an IPv4
 * datagram with correct checksums, from one host to the offender, of at most the
 * permitted length; and an error is never the answer to an error. */

#include "service/router-service.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "service/dispatch.h"
#include "service/icmp.h"
#include "service/strangers.h"
#include "tests/unit/frames.h"
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
    PRE_NO_SOURCE = 1 << 0, /* The router has no address. */
    PRE_BROADCAST = 1 << 1, /* Any destination is a directed broadcast. */
    PRE_LIMITED = 1 << 2,   /* The source has used up its share before. */
    PRE_FIX_CSUM = 1 << 3,  /* The frame gets correct checksums, which mutation spoils. */
    PRE_USERDATA = 1 << 4,  /* The userdata comes next, instead of 'reason' alone. */
    PRE_PAYLOAD = 1 << 5,   /* PIN_STRANGER has a payload. */
};

/* Of a reason that has one. */
struct payload {
    uint8_t bytes[8];
};

#define ROUTER_KEY 1

struct context {
    const struct preamble *pre;
    enum packet_in_reason reason; /* As the userdata has it, well-formed or not. */
    const uint8_t *frame;
    size_t len;
    int n_injected;
};

static bool
fuzz_source_address(void *aux, uint64_t router_key OVS_UNUSED, ovs_be32 towards OVS_UNUSED,
                    ovs_be32 *src)
{
    const struct context *ctx = aux;

    *src = htonl(0x0a000101);
    return !(ctx->pre->flags & PRE_NO_SOURCE);
}

static bool
fuzz_is_directed_broadcast(void *aux, uint64_t router_key OVS_UNUSED, ovs_be32 dst OVS_UNUSED)
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

static void
check_l4(const struct ip_header *ip, size_t l4_len, bool transit)
{
    const uint8_t *l4 = (const uint8_t *) (ip + 1);

    if (ip->ip_proto == IPPROTO_TCP) {
        ovs_assert(l4_len == TCP_HEADER_LEN && !transit);
        ovs_assert(!csum_finish(csum_continue(packet_csum_pseudoheader(ip), l4, l4_len)));
        ovs_assert(l4[13] & TCP_RST);
        return;
    }
    ovs_assert(ip->ip_proto == IPPROTO_ICMP && l4_len >= ICMP_HEADER_LEN && !csum(l4, l4_len));
    if (l4[0] == ICMP4_ECHO_REPLY) {
        ovs_assert(!transit && IP_HEADER_LEN + l4_len <= ICMP_ECHO_MAX_LEN);
        return;
    }

    /* An error, about something that is no error itself. */
    const struct ip_header *quoted = (const struct ip_header *) (l4 + ICMP_HEADER_LEN);
    size_t quoted_len = l4_len - ICMP_HEADER_LEN;
    ovs_assert(l4[0] == ICMP4_DST_UNREACH || l4[0] == ICMP4_TIME_EXCEEDED);
    ovs_assert(IP_HEADER_LEN + l4_len <= ICMP_ERROR_MAX_LEN);
    ovs_assert(quoted_len >= IP_HEADER_LEN);

    size_t quoted_header_len = IP_IHL(quoted->ip_ihl_ver) * 4;
    ovs_assert(quoted_len >= quoted_header_len && !csum(quoted, quoted_header_len));
    ovs_assert(!(quoted->ip_frag_off & htons(IP_FRAG_OFF_MASK)));
    if (quoted->ip_proto == IPPROTO_ICMP) {
        uint8_t type = ((const uint8_t *) quoted)[quoted_header_len];

        ovs_assert(type != 3 && type != 4 && type != 5 && type != 11 && type != 12);
    }
}

static void
fuzz_inject(void *aux, const struct injection *injection, const struct dp_packet *packet)
{
    struct context *ctx = aux;
    size_t size = dp_packet_size(packet);
    const struct ip_header *ip = dp_packet_at_assert(packet, ETH_HEADER_LEN, IP_HEADER_LEN);
    bool transit = ctx->reason != PIN_TO_ROUTER;
    ovs_be32 src, dst;
    uint8_t protocol;

    ctx->n_injected++;
    ovs_assert(injection->stage == &stage_route && injection->router_key == ROUTER_KEY);
    ovs_assert(!(ctx->pre->flags & PRE_BROADCAST));
    ovs_assert(!(ctx->pre->flags & PRE_LIMITED));
    ovs_assert(!transit || !(ctx->pre->flags & PRE_NO_SOURCE));
    ovs_assert(icmp_get_addresses(ctx->frame, ctx->len, &src, &dst, &protocol));
    ovs_assert(get_16aligned_be32(&ip->ip_dst) == src);
    ovs_assert(get_16aligned_be32(&ip->ip_src) == (transit ? htonl(0x0a000101) : dst));
    ovs_assert(!ip_is_multicast(src) && src && src != htonl(UINT32_MAX));
    ovs_assert(!csum(ip, IP_HEADER_LEN));
    ovs_assert(size == ETH_HEADER_LEN + ntohs(ip->ip_tot_len));
    check_l4(ip, size - ETH_HEADER_LEN - IP_HEADER_LEN, transit);
}

static void
drop(void *aux OVS_UNUSED, const struct injection *injection OVS_UNUSED,
     const struct dp_packet *packet OVS_UNUSED)
{
}

static const struct router_service_ops fuzz_ops = {
    .source_address = fuzz_source_address,
    .is_directed_broadcast = fuzz_is_directed_broadcast,
    .network_mtu = fuzz_network_mtu,
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

/* Has the source use up its share. */
static void
flood(struct dispatch *d)
{
    const struct pipeline_packet_in pin = {.reason = PIN_TO_ROUTER, .router_key = ROUTER_KEY};
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
    }

    struct context ctx = {.pre = &pre, .frame = frame, .len = size};
    struct router_service_ops ops = fuzz_ops;
    struct router_service *rs = router_service_create(&ops, &ctx);
    struct strangers *strangers = strangers_create();
    struct dispatch *d = dispatch_create();
    struct ds status = DS_EMPTY_INITIALIZER;

    router_service_register(rs, d);
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
    router_service_destroy(rs);
    free(frame);
    free(userdata);
    return 0;
}
