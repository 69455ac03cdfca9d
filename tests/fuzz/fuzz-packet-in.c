/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Packets that the switch hands over, which virtual machines write as they please.
 *
 * The first bytes of the input choose what the pipeline says about the frame, the
 * rest is the frame.  Properties: nothing crashes; what is injected is an IPv4
 * datagram with correct checksums, from one host to the offender, of at most the
 * permitted length; and an error is never the answer to an error. */

#include "service/router-service.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "service/icmp.h"
#include "tests/unit/frames.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the input starts with. */
struct preamble {
    uint8_t reason;
    uint8_t flags; /* PRE_*. */
    uint8_t unused;
    uint8_t mtu; /* 0, 256, 512 ... */
};
enum {
    PRE_NO_SOURCE = 1 << 0, /* The router has no address. */
    PRE_BROADCAST = 1 << 1, /* Any destination is a directed broadcast. */
    PRE_LIMITED = 1 << 2,   /* The source has used up its share before. */
    PRE_FIX_CSUM = 1 << 3,  /* The frame gets correct checksums, which mutation spoils. */
};

struct context {
    const struct preamble *pre;
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
fuzz_inject(void *aux, uint64_t router_key OVS_UNUSED, const struct dp_packet *packet)
{
    struct context *ctx = aux;
    size_t size = dp_packet_size(packet);
    const struct ip_header *ip = dp_packet_at_assert(packet, ETH_HEADER_LEN, IP_HEADER_LEN);
    bool transit = ctx->pre->reason != PIN_TO_ROUTER;
    ovs_be32 src, dst;
    uint8_t protocol;

    ctx->n_injected++;
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
drop(void *aux OVS_UNUSED, uint64_t router_key OVS_UNUSED,
     const struct dp_packet *packet OVS_UNUSED)
{
}

static const struct router_service_ops fuzz_ops = {
    .source_address = fuzz_source_address,
    .is_directed_broadcast = fuzz_is_directed_broadcast,
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

/* Has source 1 use up its share. */
static void
flood(struct router_service *rs)
{
    struct frame f = frame_from_hex(UDP_HEX);

    for (int i = 0; i < RS_BURST; i++) {
        router_service_packet_in(rs, PIN_TO_ROUTER, 1, 1, 0, f.data, f.len, 0);
    }
    ovs_assert(router_service_count(rs, PIN_TO_ROUTER, RS_SENT) == RS_BURST);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct preamble pre;
    if (size < sizeof pre) {
        return 0;
    }
    memcpy(&pre, data, sizeof pre);

    /* A copy, so that the sanitizer sees where the frame begins. */
    size_t len = size - sizeof pre;
    uint8_t *frame = xmemdup(data + sizeof pre, len);
    if (pre.flags & PRE_FIX_CSUM) {
        fix_csums(frame, len);
    }

    struct context ctx = {.pre = &pre, .frame = frame, .len = len};
    struct router_service_ops ops = fuzz_ops;
    struct router_service *rs = router_service_create(&ops, &ctx);
    struct ds status = DS_EMPTY_INITIALIZER;
    uint64_t before = 0;

    if (pre.flags & PRE_LIMITED) {
        struct preamble quiet = {.flags = 0};

        ctx.pre = &quiet;
        ops.inject = drop;
        flood(rs);
        ctx.pre = &pre;
        ops.inject = fuzz_inject;
        before = pre.reason == PIN_TO_ROUTER ? RS_BURST : 0;
    }
    router_service_packet_in(rs, pre.reason, 1, 1, pre.mtu << 8, ctx.frame, ctx.len, 0);

    ovs_assert(router_service_count(rs, pre.reason, RS_SENT) == before + ctx.n_injected);
    router_service_format(rs, 2, &status);
    ovs_assert(status.length);
    ds_destroy(&status);
    router_service_destroy(rs);
    free(frame);
    return 0;
}
