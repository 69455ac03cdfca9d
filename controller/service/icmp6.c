/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/icmp6.h"

#include <netinet/icmp6.h>
#include <string.h>

#include "dp-packet.h"
#include "nb/ip.h"
#include "packets.h"
#include "service/datagram.h"
#include "util.h"

/* RFC 4443 2.4 (e.1) and (e.2).  In a fragment other than the first there is no type. */
static bool
may_be_error(const struct datagram *d)
{
    return (d->protocol == IPPROTO_ICMPV6
            && (d->is_later_fragment || !d->payload_len || !(d->payload[0] & ICMP6_INFOMSG_MASK)
                || d->payload[0] == ND_REDIRECT));
}

bool
icmp6_error_allowed(enum icmp_error error, const struct datagram *d)
{
    return (!datagram_is_ipv4(d) && datagram_is_from_host(d)
            && (datagram_is_to_host(d) || error == ICMP_ERROR_TOO_BIG) && !may_be_error(d));
}

/* Sets type, code and what goes with them. */
static void
set_header(struct icmp6_data_header *icmp, enum icmp_error error, const struct datagram *d,
           uint16_t mtu)
{
    uint8_t *type = &icmp->icmp6_base.icmp6_type;
    uint8_t *code = &icmp->icmp6_base.icmp6_code;
    uint32_t data = 0;

    *type = ICMP6_DST_UNREACH;
    switch (error) {
    case ICMP_ERROR_NET_UNREACHABLE:
        *code = (address_is_scoped(&d->src) ? ICMP6_DST_UNREACH_BEYONDSCOPE
                                            : ICMP6_DST_UNREACH_NOROUTE);
        break;
    case ICMP_ERROR_HOST_UNREACHABLE:
        *code = ICMP6_DST_UNREACH_ADDR;
        break;
    case ICMP_ERROR_PROTO_UNREACHABLE:
        *type = ICMP6_PARAM_PROB;
        *code = ICMP6_PARAMPROB_NEXTHEADER;
        data = d->protocol_ofs;
        break;
    case ICMP_ERROR_PORT_UNREACHABLE:
        *code = ICMP6_DST_UNREACH_NOPORT;
        break;
    case ICMP_ERROR_TOO_BIG:
        *type = ICMP6_PACKET_TOO_BIG;
        data = MAX(mtu, IPV6_MIN_MTU);
        break;
    case ICMP_ERROR_TTL_EXCEEDED:
        *type = ICMP6_TIME_EXCEEDED;
        *code = ICMP6_TIME_EXCEED_TRANSIT;
        break;
    default:
        OVS_NOT_REACHED();
    }
    put_16aligned_be32(&icmp->icmp6_data.be32[0], htonl(data));
}

struct dp_packet *
icmp6_compose_error(enum icmp_error error, const struct datagram *d, const struct in6_addr *src,
                    uint16_t mtu)
{
    if (!icmp6_error_allowed(error, d)) {
        return NULL;
    }

    size_t quote_len = MIN(d->len, IPV6_MIN_MTU - IPV6_HEADER_LEN - ICMP6_DATA_HEADER_LEN);
    size_t icmp_len = ICMP6_DATA_HEADER_LEN + quote_len;
    void *payload;
    struct dp_packet *b =
        datagram_compose(src, &d->src, IPPROTO_ICMPV6, IP_DSCP_CS6, icmp_len, &payload);
    struct icmp6_data_header *icmp = payload;

    set_header(icmp, error, d, mtu);
    memcpy(icmp + 1, d->data, quote_len);
    icmp->icmp6_base.icmp6_cksum = datagram_csum(src, &d->src, IPPROTO_ICMPV6, icmp, icmp_len);
    return b;
}

struct dp_packet *
icmp6_compose_echo_reply(const struct datagram *d, const struct in6_addr *src)
{
    const uint8_t *request = d->payload;

    if (datagram_is_ipv4(d) || !datagram_is_from_host(d) || !datagram_is_to_host(d)
        || d->is_fragment || d->protocol != IPPROTO_ICMPV6 || d->len > ICMP_ECHO_MAX_LEN
        || d->payload_len < ICMP6_DATA_HEADER_LEN || request[0] != ICMP6_ECHO_REQUEST
        || request[1] != 0
        || datagram_csum(&d->src, &d->dst, IPPROTO_ICMPV6, request, d->payload_len)) {
        return NULL;
    }

    void *payload;
    struct dp_packet *b =
        datagram_compose(src, &d->src, IPPROTO_ICMPV6, d->tos, d->payload_len, &payload);
    struct icmp6_header *icmp = payload;
    memcpy(icmp, request, d->payload_len);
    icmp->icmp6_type = ICMP6_ECHO_REPLY;
    icmp->icmp6_cksum = 0;
    icmp->icmp6_cksum = datagram_csum(src, &d->src, IPPROTO_ICMPV6, icmp, d->payload_len);
    return b;
}
