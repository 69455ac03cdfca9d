/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/datagram.h"

#include <netinet/ip6.h>
#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "nb/ip.h"
#include "packets.h"
#include "unaligned.h"
#include "util.h"

/* A VLAN tag and one around it (802.1ad) are as many as OVS knows. */
#define MAX_VLAN_TAGS 2

/* --- Taking apart ------------------------------------------------------- */

/* Headers are copied, since nothing in a frame is aligned for certain. */
static bool
parse_ipv4(const uint8_t *data, size_t available, struct datagram *d)
{
    struct ip_header ip;

    if (available < sizeof ip) {
        return false;
    }
    memcpy(&ip, data, sizeof ip);

    size_t header_len = IP_IHL(ip.ip_ihl_ver) * 4;
    size_t len = ntohs(ip.ip_tot_len);
    if (IP_VER(ip.ip_ihl_ver) != IP_VERSION || header_len < IP_HEADER_LEN || header_len > len
        || len > available || csum(data, header_len)) {
        return false;
    }

    d->src = in6_addr_mapped_ipv4(get_16aligned_be32(&ip.ip_src));
    d->dst = in6_addr_mapped_ipv4(get_16aligned_be32(&ip.ip_dst));
    d->tos = ip.ip_tos;
    d->ttl = ip.ip_ttl;
    d->is_fragment = IP_IS_FRAGMENT(ip.ip_frag_off);
    d->is_later_fragment = (ip.ip_frag_off & htons(IP_FRAG_OFF_MASK)) != 0;
    d->data = data;
    d->len = len;
    d->protocol = ip.ip_proto;
    d->protocol_ofs = offsetof(struct ip_header, ip_proto);
    d->payload = data + header_len;
    d->payload_len = len - header_len;
    return true;
}

/* The length of the extension header 'header' of type 'protocol', of which 8 bytes are there; 0 if
 * it is none. */
static size_t
extension_len(uint8_t protocol, const uint8_t *header)
{
    switch (protocol) {
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_DSTOPTS:
        return (header[1] + 1) * 8;
    case IPPROTO_AH: /* RFC 4302 2.2: in words, less two. */
        return (header[1] + 2) * 4;
    case IPPROTO_FRAGMENT:
        return sizeof(struct ip6_frag);
    default:
        return 0;
    }
}

/* Advances over the extension headers.  Each takes at least 8 bytes of the datagram, so
 * this ends.  Behind the header of a later fragment there is the middle of something. */
static bool
skip_extensions(struct datagram *d)
{
    static const uint8_t none[8];

    while (!d->is_later_fragment) {
        const uint8_t *header = d->payload_len < sizeof none ? none : d->payload;
        size_t len = extension_len(d->protocol, header);

        if (!len) {
            return true;
        }
        if (len > d->payload_len) {
            return false;
        }
        if (d->protocol == IPPROTO_FRAGMENT) {
            struct ip6_frag fragment;

            memcpy(&fragment, header, sizeof fragment);
            d->is_fragment |= (fragment.ip6f_offlg & (IP6F_OFF_MASK | IP6F_MORE_FRAG)) != 0;
            d->is_later_fragment = (fragment.ip6f_offlg & IP6F_OFF_MASK) != 0;
        }
        d->protocol = header[0];
        d->protocol_ofs = header - d->data;
        d->payload += len;
        d->payload_len -= len;
    }
    return true;
}

static bool
parse_ipv6(const uint8_t *data, size_t available, struct datagram *d)
{
    struct ovs_16aligned_ip6_hdr ip;

    if (available < sizeof ip) {
        return false;
    }
    memcpy(&ip, data, sizeof ip);

    ovs_be32 flow = get_16aligned_be32(&ip.ip6_flow);
    size_t payload_len = ntohs(ip.ip6_plen);
    memcpy(&d->src, &ip.ip6_src, sizeof d->src);
    memcpy(&d->dst, &ip.ip6_dst, sizeof d->dst);
    if (ntohl(flow) >> 28 != 6 || payload_len > available - sizeof ip || address_is_ipv4(&d->src)
        || address_is_ipv4(&d->dst)) {
        return false;
    }

    d->tos = ntohl(flow) >> 20;
    d->ttl = ip.ip6_hlim;
    d->is_fragment = d->is_later_fragment = false;
    d->data = data;
    d->len = sizeof ip + payload_len;
    d->protocol = ip.ip6_nxt;
    d->protocol_ofs = offsetof(struct ovs_16aligned_ip6_hdr, ip6_nxt);
    d->payload = data + sizeof ip;
    d->payload_len = payload_len;
    return skip_extensions(d);
}

bool
datagram_parse(const void *frame, size_t len, struct datagram *d)
{
    const uint8_t *p = frame;

    if (len < ETH_HEADER_LEN) {
        return false;
    }
    memcpy(&d->eth_dst, p, sizeof d->eth_dst);
    memcpy(&d->eth_src, p + ETH_ADDR_LEN, sizeof d->eth_src);

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

    switch (ntohs(eth_type)) {
    case ETH_TYPE_IP:
        return parse_ipv4(p + ofs, len - ofs, d);
    case ETH_TYPE_IPV6:
        return parse_ipv6(p + ofs, len - ofs, d);
    default:
        return false;
    }
}

bool
datagram_is_ipv4(const struct datagram *d)
{
    return address_is_ipv4(&d->src);
}

bool
datagram_is_from_host(const struct datagram *d)
{
    return !eth_addr_is_multicast(d->eth_src) && !address_is(&d->src, ADDRESS_NO_HOST);
}

bool
datagram_is_to_host(const struct datagram *d)
{
    return !eth_addr_is_multicast(d->eth_dst) && !address_is(&d->dst, ADDRESS_NO_HOST);
}

/* --- Putting together --------------------------------------------------- */

static struct dp_packet *
compose_ipv4(ovs_be32 src, ovs_be32 dst, uint8_t protocol, uint8_t tos, size_t payload_len,
             void **payload)
{
    struct dp_packet *b = dp_packet_new(0);
    struct ip_header *ip =
        eth_compose(b, eth_addr_zero, eth_addr_zero, ETH_TYPE_IP, IP_HEADER_LEN + payload_len);

    ip->ip_ihl_ver = IP_IHL_VER(IP_HEADER_LEN / 4, IP_VERSION);
    ip->ip_tos = tos;
    ip->ip_tot_len = htons(IP_HEADER_LEN + payload_len);
    ip->ip_frag_off = htons(IP_DONT_FRAGMENT);
    ip->ip_ttl = DATAGRAM_ROUTER_TTL;
    ip->ip_proto = protocol;
    put_16aligned_be32(&ip->ip_src, src);
    put_16aligned_be32(&ip->ip_dst, dst);
    ip->ip_csum = csum(ip, IP_HEADER_LEN);
    dp_packet_set_l4(b, ip + 1);

    *payload = ip + 1;
    return b;
}

struct dp_packet *
datagram_compose(const struct in6_addr *src, const struct in6_addr *dst, uint8_t protocol,
                 uint8_t tos, size_t payload_len, void **payload)
{
    if (address_is_ipv4(src)) {
        return compose_ipv4(in6_addr_get_mapped_ipv4(src), in6_addr_get_mapped_ipv4(dst), protocol,
                            tos, payload_len, payload);
    }

    struct dp_packet *b = dp_packet_new(0);
    eth_compose(b, eth_addr_zero, eth_addr_zero, ETH_TYPE_IPV6, IPV6_HEADER_LEN);
    *payload = compose_ipv6(b, protocol, src, dst, tos, 0, DATAGRAM_ROUTER_TTL, payload_len);
    /* It has written a checksum there. */
    memset(*payload, 0, payload_len);
    return b;
}

ovs_be16
datagram_csum(const struct in6_addr *src, const struct in6_addr *dst, uint8_t protocol,
              const void *payload, size_t len)
{
    uint32_t sum = 0;

    if (address_is_ipv4(src)) {
        sum = csum_add32(sum, in6_addr_get_mapped_ipv4(src));
        sum = csum_add32(sum, in6_addr_get_mapped_ipv4(dst));
    } else {
        sum = csum_continue(sum, src, sizeof *src);
        sum = csum_continue(sum, dst, sizeof *dst);
    }
    sum = csum_add16(sum, htons(protocol));
    sum = csum_add16(sum, htons(len));
    return csum_finish(csum_continue(sum, payload, len));
}
