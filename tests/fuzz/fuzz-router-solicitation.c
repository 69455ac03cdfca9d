/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Router solicitations, which virtual machines write as they please.
 *
 * The first byte of the input says whether the checksum is corrected, which mutation spoils; the
 * rest is the frame.  Properties: nothing crashes; what is believed is what RFC 4861 6.1.1 lets
 * pass, of a sender that can be answered; and it is answered once, to one port if it has an
 * address, otherwise to all. */

#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "nb/advertisement.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "service/advertiser.h"
#include "service/dispatch.h"
#include "service/router-advertisement.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NETWORK 1
#define PORT 7

/* After this, in milliseconds, a new router has told all, and is quiet for minutes. */
#define QUIET 60000

enum {
    IP6_OFS = ETH_HEADER_LEN,
    ICMP6_OFS = IP6_OFS + IPV6_HEADER_LEN,
    CSUM_OFS = ICMP6_OFS + 2,
};

struct sent {
    unsigned int to_one, to_all;
};

static void
count(void *sent_, const struct injection *injection, const struct dp_packet *packet)
{
    struct sent *sent = sent_;

    ovs_assert(injection->network_key == NETWORK && injection->stays_here);
    ovs_assert(dp_packet_size(packet) <= ETH_HEADER_LEN + RA_MAX_LEN);
    if (injection->outport) {
        ovs_assert(injection->stage == &stage_to_port && injection->outport == PORT);
        sent->to_one++;
    } else {
        ovs_assert(injection->stage == &stage_flood);
        sent->to_all++;
    }
}

/* Corrects the checksum of an untagged frame, as far as it is there. */
static void
fix_csum(uint8_t *frame, size_t len)
{
    const struct ovs_16aligned_ip6_hdr *ip = (const void *) (frame + IP6_OFS);
    ovs_be16 sum;

    if (len < ICMP6_OFS + ICMP6_DATA_HEADER_LEN) {
        return;
    }
    size_t icmp_len = MIN(frame[IP6_OFS + 4] << 8 | frame[IP6_OFS + 5], len - ICMP6_OFS);
    memset(frame + CSUM_OFS, 0, sizeof sum);
    sum = csum_finish(csum_continue(packet_csum_pseudoheader6(ip), frame + ICMP6_OFS, icmp_len));
    memcpy(frame + CSUM_OFS, &sum, sizeof sum);
}

static void
check_sender(const struct ra_receiver *sender)
{
    ovs_assert(!IN6_IS_ADDR_MULTICAST(&sender->ip) && !eth_addr_is_multicast(sender->mac));
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
    if (data[0] & 1) {
        fix_csum(frame, len);
    }

    struct ra_receiver sender;
    bool valid = router_solicitation_parse(frame, len, &sender);
    if (valid) {
        check_sender(&sender);
    }

    struct sent sent = {.to_one = 0};
    struct advertiser *a = advertiser_create(count, &sent);
    struct dispatch *d = dispatch_create();
    struct advertisement ad = {.mac = ETH_ADDR_C(02, 00, 00, 00, 00, 01), .mtu = 1500};
    const struct pipeline_packet_in pin = {
        .reason = PIN_ROUTER_SOLICITATION,
        .network_key = NETWORK,
        .inport = PORT,
    };
    long long int now = 1000000;

    advertiser_register(a, d);
    in6_generate_lla(ad.mac, &ad.source);
    advertiser_set_network(a, NETWORK, true, &ad, 1, now);
    for (const long long int end = now + QUIET; now < end;) {
        now = MIN(advertiser_run(a, now), end);
    }
    memset(&sent, 0, sizeof sent);
    dispatch_packet_in(d, &pin, frame, len, now);
    ovs_assert(dispatch_count(d, pin.reason, PACKET_MALFORMED) == !valid);
    advertiser_run(a, now + RA_MAX_DELAY);
    ovs_assert(sent.to_one == (valid && ipv6_addr_is_set(&sender.ip)));
    ovs_assert(sent.to_all == (valid && !ipv6_addr_is_set(&sender.ip)));

    dispatch_destroy(d);
    advertiser_destroy(a);
    free(frame);
    return 0;
}
