/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/icmp.h"

#include <netinet/in.h>
#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "nb/ip.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "unaligned.h"
#include "util.h"

/* Routers number the hops from here on (RFC 1812 4.2.2.9 leaves the choice). */
#define ROUTER_TTL 255

/* A VLAN tag and one around it (802.1ad) are as many as OVS knows. */
#define MAX_VLAN_TAGS 2

/* What a frame holds, once its IPv4 header has passed RFC 1812 5.2.2.  Headers are
 * copies, since nothing in a frame is aligned for certain. */
struct datagram {
    struct eth_addr eth_dst;
    struct ip_header ip; /* Without the options. */
    ovs_be32 src, dst;   /* IP addresses. */
    const uint8_t *data; /* The IPv4 header in the frame. */
    size_t header_len;   /* Of the IPv4 header, options included. */
    size_t total_len;    /* What the header says. */
    size_t available;    /* Bytes from 'data': 'total_len', or less if truncated. */
};

static bool
datagram_parse(const void *frame, size_t len, struct datagram *d)
{
    const uint8_t *p = frame;

    if (len < ETH_HEADER_LEN) {
        return false;
    }
    memcpy(&d->eth_dst, p, sizeof d->eth_dst);

    size_t ofs = 2 * ETH_ADDR_LEN;
    ovs_be16 eth_type = get_unaligned_be16((const void *) (p + ofs));
    for (int i = 0; i < MAX_VLAN_TAGS && eth_type_vlan(eth_type); i++) {
        ofs += VLAN_HEADER_LEN;
        if (len < ofs + sizeof eth_type) {
            return false;
        }
        eth_type = get_unaligned_be16((const void *) (p + ofs));
    }
    ofs += sizeof eth_type;

    if (eth_type != htons(ETH_TYPE_IP) || len - ofs < IP_HEADER_LEN) {
        return false;
    }
    d->data = p + ofs;
    memcpy(&d->ip, d->data, sizeof d->ip);
    d->header_len = IP_IHL(d->ip.ip_ihl_ver) * 4;
    d->total_len = ntohs(d->ip.ip_tot_len);
    d->available = MIN(d->total_len, len - ofs);
    d->src = get_16aligned_be32(&d->ip.ip_src);
    d->dst = get_16aligned_be32(&d->ip.ip_dst);
    return (IP_VER(d->ip.ip_ihl_ver) == IP_VERSION && d->header_len >= IP_HEADER_LEN
            && d->header_len <= d->available && !csum(d->data, d->header_len));
}

static bool
is_first_fragment(const struct datagram *d)
{
    return !(d->ip.ip_frag_off & htons(IP_FRAG_OFF_MASK));
}

static bool
is_whole(const struct datagram *d)
{
    return !IP_IS_FRAGMENT(d->ip.ip_frag_off);
}

static bool
is_host(ovs_be32 ip)
{
    struct in6_addr address = in6_addr_mapped_ipv4(ip);

    return !address_is(&address, ADDRESS_NO_HOST);
}

static bool
is_from_host_to_host(const struct datagram *d)
{
    return !eth_addr_is_multicast(d->eth_dst) && is_host(d->src) && is_host(d->dst);
}

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

static bool
error_allowed(const struct datagram *d)
{
    if (!is_from_host_to_host(d) || !is_first_fragment(d)) {
        return false;
    }
    /* A message cut off before its type may be an error. */
    return (d->ip.ip_proto != IPPROTO_ICMP
            || (d->available > d->header_len && is_icmp_query(d->data[d->header_len])));
}

bool
icmp_error_allowed(const void *frame, size_t len)
{
    struct datagram d;

    return datagram_parse(frame, len, &d) && error_allowed(&d);
}

bool
icmp_get_addresses(const void *frame, size_t len, ovs_be32 *src, ovs_be32 *dst, uint8_t *protocol)
{
    struct datagram d;

    if (!datagram_parse(frame, len, &d)) {
        return false;
    }
    *src = d.src;
    *dst = d.dst;
    *protocol = d.ip.ip_proto;
    return true;
}

/* Returns a new packet with Ethernet and IPv4 headers complete and 'payload_len'
 * zero bytes behind them, at '*payload'.  Identification can stay 0 since the
 * datagram is atomic (RFC 6864 4.1). */
static struct dp_packet *
compose_ipv4(ovs_be32 src, ovs_be32 dst, uint8_t proto, uint8_t tos, size_t payload_len,
             void **payload)
{
    struct dp_packet *b = dp_packet_new(0);
    struct ip_header *ip =
        eth_compose(b, eth_addr_zero, eth_addr_zero, ETH_TYPE_IP, IP_HEADER_LEN + payload_len);

    ip->ip_ihl_ver = IP_IHL_VER(IP_HEADER_LEN / 4, IP_VERSION);
    ip->ip_tos = tos;
    ip->ip_tot_len = htons(IP_HEADER_LEN + payload_len);
    ip->ip_frag_off = htons(IP_DONT_FRAGMENT);
    ip->ip_ttl = ROUTER_TTL;
    ip->ip_proto = proto;
    put_16aligned_be32(&ip->ip_src, src);
    put_16aligned_be32(&ip->ip_dst, dst);
    ip->ip_csum = csum(ip, IP_HEADER_LEN);
    dp_packet_set_l4(b, ip + 1);

    *payload = ip + 1;
    return b;
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
    case ICMP_ERROR_FRAG_NEEDED:
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
icmp_compose_error(enum icmp_error error, const void *frame, size_t len, ovs_be32 src, uint16_t mtu)
{
    struct datagram d;

    if (!datagram_parse(frame, len, &d) || !error_allowed(&d)) {
        return NULL;
    }

    size_t quote_len = MIN(d.available, ICMP_ERROR_MAX_LEN - IP_HEADER_LEN - ICMP_HEADER_LEN);
    size_t icmp_len = ICMP_HEADER_LEN + quote_len;
    void *payload;
    struct dp_packet *b = compose_ipv4(src, d.src, IPPROTO_ICMP, IP_DSCP_CS6, icmp_len, &payload);
    struct icmp_header *icmp = payload;

    set_type_and_code(icmp, error, mtu);
    memcpy(icmp + 1, d.data, quote_len);
    icmp->icmp_csum = csum(icmp, icmp_len);
    return b;
}

struct dp_packet *
icmp_compose_echo_reply(const void *frame, size_t len)
{
    struct datagram d;

    if (!datagram_parse(frame, len, &d) || !is_from_host_to_host(&d) || !is_whole(&d)
        || d.ip.ip_proto != IPPROTO_ICMP || d.available < d.total_len
        || d.total_len > ICMP_ECHO_MAX_LEN || d.total_len - d.header_len < ICMP_HEADER_LEN) {
        return NULL;
    }

    const uint8_t *request = d.data + d.header_len;
    size_t icmp_len = d.total_len - d.header_len;
    if (request[0] != ICMP4_ECHO_REQUEST || request[1] != 0 || csum(request, icmp_len)) {
        return NULL;
    }

    void *payload;
    struct dp_packet *b = compose_ipv4(d.dst, d.src, IPPROTO_ICMP, d.ip.ip_tos, icmp_len, &payload);
    struct icmp_header *icmp = payload;
    memcpy(icmp, request, icmp_len);
    icmp->icmp_type = ICMP4_ECHO_REPLY;
    icmp->icmp_csum = 0;
    icmp->icmp_csum = csum(icmp, icmp_len);
    return b;
}

struct dp_packet *
tcp_compose_reset(const void *frame, size_t len)
{
    struct datagram d;

    if (!datagram_parse(frame, len, &d) || !is_from_host_to_host(&d) || !is_whole(&d)
        || d.ip.ip_proto != IPPROTO_TCP || d.available - d.header_len < TCP_HEADER_LEN) {
        return NULL;
    }

    struct tcp_header seg;
    memcpy(&seg, d.data + d.header_len, sizeof seg);
    uint16_t flags = TCP_FLAGS(seg.tcp_ctl);
    size_t seg_header_len = TCP_OFFSET(seg.tcp_ctl) * 4;
    if (flags & TCP_RST || seg_header_len < TCP_HEADER_LEN
        || seg_header_len > d.total_len - d.header_len) {
        return NULL;
    }

    void *payload;
    struct dp_packet *b = compose_ipv4(d.dst, d.src, IPPROTO_TCP, 0, TCP_HEADER_LEN, &payload);
    struct tcp_header *tcp = payload;
    tcp->tcp_src = seg.tcp_dst;
    tcp->tcp_dst = seg.tcp_src;
    if (flags & TCP_ACK) {
        tcp->tcp_seq = seg.tcp_ack;
        tcp->tcp_ctl = TCP_CTL(TCP_RST, TCP_HEADER_LEN / 4);
    } else {
        uint32_t seq = ntohl(get_16aligned_be32(&seg.tcp_seq));
        uint32_t seg_len = (d.total_len - d.header_len - seg_header_len + !!(flags & TCP_SYN)
                            + !!(flags & TCP_FIN));

        put_16aligned_be32(&tcp->tcp_ack, htonl(seq + seg_len));
        tcp->tcp_ctl = TCP_CTL(TCP_RST | TCP_ACK, TCP_HEADER_LEN / 4);
    }
    tcp->tcp_csum =
        csum_finish(csum_continue(packet_csum_pseudoheader(dp_packet_l3(b)), tcp, TCP_HEADER_LEN));
    return b;
}
