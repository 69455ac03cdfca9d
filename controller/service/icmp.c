/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/icmp.h"

#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "packets.h"
#include "service/datagram.h"
#include "util.h"

/* True for the messages that ask or answer a question.  All others are errors, or
 * unknown and may be, and RFC 1122 3.2.2 has the unknown ones silently discarded. */
static bool
is_icmp_query(uint8_t type)
{
    switch (type) {
    case ICMP4_ECHO_REPLY:
    case ICMP4_ECHO_REQUEST:
    case 9:  /* Router advertisement, RFC 1256. */
    case 10: /* Router solicitation, RFC 1256. */
    case ICMP4_TIMESTAMP:
    case ICMP4_TIMESTAMPREPLY:
    case ICMP4_INFOREQUEST:
    case ICMP4_INFOREPLY:
    case 17: /* Address mask request, RFC 950. */
    case 18: /* Address mask reply, RFC 950. */
    case 42: /* Extended echo request, RFC 8335. */
    case 43: /* Extended echo reply, RFC 8335. */
        return true;
    default:
        return false;
    }
}

bool
icmp_error_allowed(const struct datagram *d)
{
    if (!datagram_is_ipv4(d) || !datagram_is_from_host(d) || !datagram_is_to_host(d)
        || d->is_later_fragment) {
        return false;
    }
    /* A message that ends before its type may be an error. */
    return d->protocol != IPPROTO_ICMP || (d->payload_len && is_icmp_query(d->payload[0]));
}

static void
set_type_and_code(struct icmp_header *icmp, enum icmp_error error, uint16_t mtu)
{
    /* The codes of RFC 792, "Destination Unreachable Message". */
    enum { NET = 0, HOST = 1, PROTOCOL = 2, PORT = 3, FRAG_NEEDED = 4 };

    icmp->icmp_type = ICMP4_DST_UNREACH;
    switch (error) {
    case ICMP_ERROR_NET_UNREACHABLE:
        icmp->icmp_code = NET;
        break;
    case ICMP_ERROR_HOST_UNREACHABLE:
        icmp->icmp_code = HOST;
        break;
    case ICMP_ERROR_PROTO_UNREACHABLE:
        icmp->icmp_code = PROTOCOL;
        break;
    case ICMP_ERROR_PORT_UNREACHABLE:
        icmp->icmp_code = PORT;
        break;
    case ICMP_ERROR_TOO_BIG:
        icmp->icmp_code = FRAG_NEEDED;
        icmp->icmp_fields.frag.mtu = htons(mtu);
        break;
    case ICMP_ERROR_TTL_EXCEEDED:
        icmp->icmp_type = ICMP4_TIME_EXCEEDED;
        break;
    default:
        OVS_NOT_REACHED();
    }
}

struct dp_packet *
icmp_compose_error(enum icmp_error error, const struct datagram *d, const struct in6_addr *src,
                   uint16_t mtu)
{
    if (!icmp_error_allowed(d)) {
        return NULL;
    }

    size_t quote_len = MIN(d->len, ICMP_ERROR_MAX_LEN - IP_HEADER_LEN - ICMP_HEADER_LEN);
    size_t icmp_len = ICMP_HEADER_LEN + quote_len;
    void *payload;
    struct dp_packet *b =
        datagram_compose(src, &d->src, IPPROTO_ICMP, IP_DSCP_CS6, icmp_len, &payload);
    struct icmp_header *icmp = payload;

    set_type_and_code(icmp, error, mtu);
    memcpy(icmp + 1, d->data, quote_len);
    icmp->icmp_csum = csum(icmp, icmp_len);
    return b;
}

struct dp_packet *
icmp_compose_echo_reply(const struct datagram *d)
{
    const uint8_t *request = d->payload;

    if (!datagram_is_ipv4(d) || !datagram_is_from_host(d) || !datagram_is_to_host(d)
        || d->is_fragment || d->protocol != IPPROTO_ICMP || d->len > ICMP_ECHO_MAX_LEN
        || d->payload_len < ICMP_HEADER_LEN || request[0] != ICMP4_ECHO_REQUEST || request[1] != 0
        || csum(request, d->payload_len)) {
        return NULL;
    }

    void *payload;
    struct dp_packet *b =
        datagram_compose(&d->dst, &d->src, IPPROTO_ICMP, d->tos, d->payload_len, &payload);
    struct icmp_header *icmp = payload;
    memcpy(icmp, request, d->payload_len);
    icmp->icmp_type = ICMP4_ECHO_REPLY;
    icmp->icmp_csum = 0;
    icmp->icmp_csum = csum(icmp, d->payload_len);
    return b;
}
