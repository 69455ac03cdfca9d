/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* ARP and neighbour discovery, which anybody on a physical network writes as they please, and
 * packets for hosts there.
 *
 * The first byte of the input says what the frame, the rest, has come for, and whether the checksum
 * of an ICMPv6 message is corrected, which mutation spoils.  Properties: nothing crashes; what is
 * believed speaks of one host; a known neighbour keeps its MAC address unless that was verified;
 * and what one frame causes is bounded. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "nb/ip.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "service/neighbour-message.h"
#include "service/resolver.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NETWORK 1

enum {
    FIX_CSUM = 1 << 0,
    IS_PACKET = 1 << 1, /* A packet for a host, instead of a message of one. */
    IS_ASKED = 1 << 2,  /* The host of the message is being asked for, */
    IS_KNOWN = 1 << 3,  /* or is known already. */
};

enum {
    ICMP6_OFS = ETH_HEADER_LEN + IPV6_HEADER_LEN,
    CSUM_OFS = ICMP6_OFS + 2,
};

static const struct uuid network_uuid = {.parts = {1, 2, 3, 4}};
static const struct eth_addr own = ETH_ADDR_C(be, 94, bb, 17, 95, 22);
static const struct eth_addr known = ETH_ADDR_C(02, bb, 00, 00, 00, 01);

/* What has happened. */
struct context {
    struct eth_addr learned;
    unsigned int n_learned, n_injected, n_unreachable;
};

static bool
fuzz_network(struct resolver_network *network)
{
    *network = (struct resolver_network){.uuid = network_uuid, .key = NETWORK, .name = "n"};
    return true;
}

static bool
fuzz_network_by_key(void *ctx OVS_UNUSED, uint64_t key, struct resolver_network *network)
{
    return key == NETWORK && fuzz_network(network);
}

static bool
fuzz_network_by_uuid(void *ctx OVS_UNUSED, const struct uuid *uuid,
                     struct resolver_network *network)
{
    return uuid_equals(uuid, &network_uuid) && fuzz_network(network);
}

static bool
fuzz_no(void *ctx OVS_UNUSED, uint64_t key OVS_UNUSED, const struct in6_addr *ip OVS_UNUSED)
{
    return false;
}

static const char *
fuzz_next_hop_of(void *ctx OVS_UNUSED, const struct uuid *uuid OVS_UNUSED,
                 const struct in6_addr *ip OVS_UNUSED)
{
    return NULL;
}

static struct eth_addr
fuzz_own_mac(void *ctx OVS_UNUSED)
{
    return own;
}

static void
fuzz_learned(void *ctx_, const struct uuid *uuid OVS_UNUSED, const struct in6_addr *ip,
             struct eth_addr mac)
{
    struct context *ctx = ctx_;

    ovs_assert(!eth_addr_is_multicast(mac) && !eth_addr_equals(mac, own)
               && !address_is(ip, ADDRESS_NO_HOST));
    ctx->learned = mac;
    ctx->n_learned++;
}

static enum packet_outcome
fuzz_unreachable(void *ctx_, const struct pipeline_packet_in *pin OVS_UNUSED,
                 const void *frame OVS_UNUSED, size_t len OVS_UNUSED, long long int now OVS_UNUSED)
{
    struct context *ctx = ctx_;

    ctx->n_unreachable++;
    return PACKET_ANSWERED;
}

static void
fuzz_inject(void *ctx_, const struct injection *injection, const struct dp_packet *packet)
{
    struct context *ctx = ctx_;

    ovs_assert(injection->network_key == NETWORK && dp_packet_size(packet) >= ETH_HEADER_LEN);
    ctx->n_injected++;
}

static const struct resolver_ops ops = {
    .network_by_key = fuzz_network_by_key,
    .network_by_uuid = fuzz_network_by_uuid,
    .is_known = fuzz_no,
    .is_broadcast = fuzz_no,
    .next_hop_of = fuzz_next_hop_of,
    .own_mac = fuzz_own_mac,
    .learned = fuzz_learned,
    .unreachable = fuzz_unreachable,
    .inject = fuzz_inject,
};

/* Corrects the checksum of an untagged frame, as far as it is there. */
static void
fix_csum(uint8_t *frame, size_t len)
{
    const struct ovs_16aligned_ip6_hdr *ip = (const void *) (frame + ETH_HEADER_LEN);
    ovs_be16 sum;

    if (len < ICMP6_OFS + ICMP6_DATA_HEADER_LEN) {
        return;
    }
    size_t icmp_len =
        MIN(frame[ETH_HEADER_LEN + 4] << 8 | frame[ETH_HEADER_LEN + 5], len - ICMP6_OFS);
    memset(frame + CSUM_OFS, 0, sizeof sum);
    sum = csum_finish(csum_continue(packet_csum_pseudoheader6(ip), frame + ICMP6_OFS, icmp_len));
    memcpy(frame + CSUM_OFS, &sum, sizeof sum);
}

/* A packet for 'ip', as a machine sends it. */
static void
send_packet(struct dispatch *d, const struct in6_addr *ip, const uint8_t *frame, size_t len)
{
    const struct pipeline_packet_in pin = {
        .reason = PIN_NO_NEIGHBOUR,
        .network_key = NETWORK,
        .nexthop = *ip,
        .nexthop4 = *ip,
    };

    dispatch_packet_in(d, &pin, frame, len, 0);
}

/* One of either family. */
static void
send_any_packet(struct dispatch *d, const struct in6_addr *ip)
{
    static const uint8_t udp4[] = {
        2, 0,  0,  0,    0,    1,  2, 0, 0, 0,  0, 2, 8, 0, 0x45, 0, 0, 28, 0, 0, 0,
        0, 64, 17, 0x66, 0xcf, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1,    0, 2, 0,  8, 0, 0,
    };
    uint8_t udp6[ICMP6_OFS + 8] = {[12] = 0x86, 0xdd, 0x60, [19] = 8, 17, 64};

    udp6[22] = udp6[38] = 0xfd;
    udp6[37] = 1;
    udp6[53] = 2;
    if (address_is_ipv4(ip)) {
        send_packet(d, ip, udp4, sizeof udp4);
    } else {
        send_packet(d, ip, udp6, sizeof udp6);
    }
}

static void
hear(struct resolver *r, struct dispatch *d, struct context *ctx, uint8_t flags,
     const uint8_t *frame, size_t len)
{
    const struct pipeline_packet_in pin = {.reason = PIN_NEIGHBOUR, .network_key = NETWORK};
    struct neighbour_message m;
    bool valid = neighbour_message_parse(frame, len, &m);

    if (valid) {
        ovs_assert(!eth_addr_is_multicast(m.mac) && !eth_addr_is_zero(m.mac)
                   && !address_is(&m.ip, ADDRESS_NO_HOST));
        if (flags & IS_KNOWN) {
            resolver_restore(r, &network_uuid, &m.ip, known, 0);
            ovs_assert(ctx->n_learned == 1);
        } else if (flags & IS_ASKED) {
            send_any_packet(d, &m.ip);
            ovs_assert(dispatch_count(d, PIN_NO_NEIGHBOUR, PACKET_QUEUED) == 1);
        }
    }
    ctx->n_injected = 0;
    dispatch_packet_in(d, &pin, frame, len, 0);
    ovs_assert(dispatch_count(d, PIN_NEIGHBOUR, PACKET_MALFORMED) == !valid);
    ovs_assert(ctx->n_injected <= 2);
    if (flags & IS_KNOWN) {
        ovs_assert(!valid || eth_addr_equals(ctx->learned, known));
    } else if (valid && !eth_addr_equals(m.mac, own)) {
        ovs_assert(ctx->n_learned == (flags & IS_ASKED && m.is_answer));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) {
        return 0;
    }

    /* A copy, so that the sanitizer sees where it ends. */
    uint8_t *frame = xmemdup(data + 1, size - 1);
    size_t len = size - 1;
    if (data[0] & FIX_CSUM) {
        fix_csum(frame, len);
    }

    struct context ctx = {.n_learned = 0};
    struct resolver *r = resolver_create(&ops, &ctx);
    struct dispatch *d = dispatch_create();
    resolver_register(r, d);
    if (data[0] & IS_PACKET) {
        static const struct in6_addr ip = {.s6_addr = {[10] = 0xff, 0xff, 10, 0, 4, 254}};

        send_packet(d, &ip, frame, len);
    } else {
        hear(r, d, &ctx, data[0], frame, len);
    }
    for (long long int now = 0; now != LLONG_MAX && now < 3600000;) {
        now = resolver_run(r, now, true);
    }
    dispatch_destroy(d);
    resolver_destroy(r);
    free(frame);
    return 0;
}
