/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/neighbour-discovery.h"

#include <netinet/icmp6.h>

#include "packets.h"
#include "service/datagram.h"

/* A smaller hop limit shows that a router has forwarded the packet. */
#define ND_HOP_LIMIT 255

/* An option's length is in units of so many bytes. */
#define OPTION_UNIT 8

static bool
options_are_valid(const uint8_t *p, size_t len, bool has_source)
{
    while (len) {
        size_t option_len = len >= 2 ? p[1] * OPTION_UNIT : 0;

        if (!option_len || option_len > len || (p[0] == ND_OPT_SOURCE_LINKADDR && !has_source)) {
            return false;
        }
        p += option_len;
        len -= option_len;
    }
    return true;
}

bool
nd_message_parse(const void *frame, size_t len, uint8_t type, size_t header_len, struct datagram *d)
{
    return (datagram_parse(frame, len, d) && !datagram_is_ipv4(d) && !d->is_fragment
            && d->protocol == IPPROTO_ICMPV6 && d->ttl == ND_HOP_LIMIT
            && d->payload_len >= header_len && d->payload[0] == type && !d->payload[1]
            && !datagram_csum(&d->src, &d->dst, IPPROTO_ICMPV6, d->payload, d->payload_len)
            && options_are_valid(d->payload + header_len, d->payload_len - header_len,
                                 ipv6_addr_is_set(&d->src)));
}
