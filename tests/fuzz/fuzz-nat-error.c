/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* ICMP errors across floating IPs, which anybody writes as they please.
 *
 * The first byte of the input says which way the error goes, and whether its checksums are
 * corrected, which mutation spoils; the rest is the frame.  Properties: nothing crashes; what is
 * translated is as long as it was, with correct checksums, and has the new address in both places;
 * and the translation back gives the address that it had. */

#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "packets.h"
#include "service/datagram.h"
#include "service/nat-errors.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTWARD = 1 << 0, FIX_CSUM = 1 << 1 };
enum { IP_OFS = ETH_HEADER_LEN, CSUM_OFS = 2 };

/* Corrects the checksums of an untagged frame, as far as they are there. */
static void
fix_csums(uint8_t *frame, size_t len)
{
    if (len < IP_OFS + IP_HEADER_LEN) {
        return;
    }

    uint8_t *ip = frame + IP_OFS;
    size_t header_len = IP_IHL(ip[0]) * 4;
    size_t total_len = MIN(ip[2] << 8 | ip[3], len - IP_OFS);
    ovs_be16 sum;
    if (header_len < IP_HEADER_LEN || total_len < header_len + ICMP_HEADER_LEN) {
        return;
    }
    memset(ip + offsetof(struct ip_header, ip_csum), 0, sizeof sum);
    sum = csum(ip, header_len);
    memcpy(ip + offsetof(struct ip_header, ip_csum), &sum, sizeof sum);
    memset(ip + header_len + CSUM_OFS, 0, sizeof sum);
    sum = csum(ip + header_len, total_len - header_len);
    memcpy(ip + header_len + CSUM_OFS, &sum, sizeof sum);
}

static const struct in6_addr *
own_address(const struct datagram *d, bool outward)
{
    return outward ? &d->src : &d->dst;
}

static void
check_translated(const struct dp_packet *packet, size_t len, bool outward,
                 const struct nat_errors_translation *t)
{
    struct nat_errors_translation back = {.from = t->to, .to = t->from};
    struct datagram d;

    ovs_assert(dp_packet_size(packet) == len);
    ovs_assert(datagram_parse(dp_packet_data(packet), len, &d));
    ovs_assert(ipv6_addr_equals(own_address(&d, outward), &t->to));
    ovs_assert(!csum(d.payload, d.payload_len));

    struct dp_packet *again = nat_error_translate(dp_packet_data(packet), len, outward, &back);
    ovs_assert(again);
    ovs_assert(datagram_parse(dp_packet_data(again), len, &d));
    ovs_assert(ipv6_addr_equals(own_address(&d, outward), &t->from));
    dp_packet_delete(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct datagram d;

    if (!size) {
        return 0;
    }

    /* A copy, so that the sanitizer sees where it ends. */
    uint8_t *frame = xmemdup(data + 1, size - 1);
    size_t len = size - 1;
    bool outward = data[0] & OUTWARD;
    if (data[0] & FIX_CSUM) {
        fix_csums(frame, len);
    }
    if (datagram_parse(frame, len, &d) && datagram_is_ipv4(&d)) {
        struct nat_errors_translation t = {
            .from = *own_address(&d, outward),
            .to = in6_addr_mapped_ipv4(htonl(0xcb007105)),
        };
        struct dp_packet *packet = nat_error_translate(frame, len, outward, &t);

        if (packet) {
            check_translated(packet, len, outward, &t);
            dp_packet_delete(packet);
        }
    }
    free(frame);
    return 0;
}
