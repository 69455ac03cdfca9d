/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "service/neighbour-message.h"

#include <netinet/icmp6.h>
#include <string.h>

#include "dp-packet.h"
#include "nb/ip.h"
#include "packets.h"
#include "service/datagram.h"
#include "util.h"

/* Neighbour discovery accepts packets with this hop limit only: no router has sent it on. */
#define ND_HOP_LIMIT 255

static bool
is_host_mac(struct eth_addr mac)
{
    return !eth_addr_is_zero(mac) && !eth_addr_is_multicast(mac);
}

/* --- ARP ---------------------------------------------------------------- */

static bool
parse_arp(const uint8_t *frame, size_t len, struct neighbour_message *m)
{
    const struct eth_header *eth = (const void *) frame;
    struct arp_eth_header arp;
    struct eth_addr dst;

    if (len < ETH_HEADER_LEN + sizeof arp) {
        return false;
    }
    memcpy(&dst, &eth->eth_dst, sizeof dst);
    memcpy(&arp, frame + ETH_HEADER_LEN, sizeof arp);
    if (arp.ar_hrd != htons(ARP_HRD_ETHERNET) || arp.ar_pro != htons(ARP_PRO_IP)
        || arp.ar_hln != ETH_ADDR_LEN || arp.ar_pln != sizeof(ovs_be32)
        || (arp.ar_op != htons(ARP_OP_REQUEST) && arp.ar_op != htons(ARP_OP_REPLY))) {
        return false;
    }
    in6_addr_set_mapped_ipv4(&m->ip, get_16aligned_be32(&arp.ar_spa));
    m->mac = arp.ar_sha;
    m->is_answer = arp.ar_op == htons(ARP_OP_REPLY) && !eth_addr_is_multicast(dst);
    return true;
}

/* --- Neighbour advertisements ------------------------------------------- */

/* True if the 'len' bytes of options at 'p' are well-formed; sets '*mac' to the target's
 * link-layer address, if one of them is that.  Each option takes at least 8 bytes. */
static bool
parse_options(const uint8_t *p, size_t len, struct eth_addr *mac)
{
    while (len) {
        size_t option_len = len < 8 ? 0 : p[1] * 8;

        if (!option_len || option_len > len) {
            return false;
        }
        if (p[0] == ND_OPT_TARGET_LINKADDR && option_len == 8) {
            memcpy(mac, p + 2, sizeof *mac);
        }
        p += option_len;
        len -= option_len;
    }
    return true;
}

static bool
parse_advertisement(const uint8_t *frame, size_t len, struct neighbour_message *m)
{
    struct ovs_nd_msg na;
    struct datagram d;

    if (!datagram_parse(frame, len, &d) || datagram_is_ipv4(&d) || d.is_fragment
        || d.protocol != IPPROTO_ICMPV6 || d.ttl != ND_HOP_LIMIT || d.payload_len < sizeof na
        || datagram_csum(&d.src, &d.dst, IPPROTO_ICMPV6, d.payload, d.payload_len)) {
        return false;
    }
    memcpy(&na, d.payload, sizeof na);
    memcpy(&m->ip, &na.target, sizeof m->ip);
    m->mac = d.eth_src;

    uint32_t flags = ntohl(get_16aligned_be32(&na.rso_flags));
    m->is_answer = flags & ND_RSO_SOLICITED;
    return (na.icmph.icmp6_type == ND_NEIGHBOR_ADVERT && !na.icmph.icmp6_code
            && !address_is_ipv4(&m->ip) && !(m->is_answer && IN6_IS_ADDR_MULTICAST(&d.dst))
            && (m->is_answer || flags & ND_RSO_OVERRIDE)
            && parse_options(d.payload + sizeof na, d.payload_len - sizeof na, &m->mac));
}

bool
neighbour_message_parse(const void *frame, size_t len, struct neighbour_message *m)
{
    ovs_be16 type;

    if (len < ETH_HEADER_LEN) {
        return false;
    }
    memcpy(&type, (const uint8_t *) frame + 2 * ETH_ADDR_LEN, sizeof type);
    return ((type == htons(ETH_TYPE_ARP) ? parse_arp(frame, len, m)
                                         : parse_advertisement(frame, len, m))
            && is_host_mac(m->mac) && !address_is(&m->ip, ADDRESS_NO_HOST));
}

/* --- Questions ---------------------------------------------------------- */

static struct dp_packet *
compose_arp_request(const struct in6_addr *ip, struct eth_addr src, struct eth_addr dst)
{
    struct dp_packet *b = dp_packet_new(0);

    compose_arp(b, ARP_OP_REQUEST, src, dst, eth_addr_is_zero(dst), 0,
                in6_addr_get_mapped_ipv4(ip));
    return b;
}

static struct dp_packet *
compose_solicitation(const struct in6_addr *ip, struct eth_addr src, struct eth_addr dst)
{
    const size_t len = sizeof(struct ovs_nd_msg) + sizeof(struct ovs_nd_lla_opt);
    struct in6_addr from, to = *ip;
    void *payload;

    in6_generate_lla(src, &from);
    if (eth_addr_is_zero(dst)) {
        in6_addr_solicited_node(&to, ip);
        ipv6_multicast_to_ethernet(&dst, &to);
    }

    struct dp_packet *b = datagram_compose(&from, &to, IPPROTO_ICMPV6, 0, len, &payload);
    struct ovs_nd_msg *ns = payload;
    struct ovs_nd_lla_opt *option = ns->options;
    ns->icmph.icmp6_type = ND_NEIGHBOR_SOLICIT;
    memcpy(&ns->target, ip, sizeof ns->target);
    option->type = ND_OPT_SOURCE_LINKADDR;
    option->len = 1;
    option->mac = src;
    ns->icmph.icmp6_cksum = datagram_csum(&from, &to, IPPROTO_ICMPV6, payload, len);

    struct eth_header *eth = dp_packet_eth(b);
    eth->eth_dst = dst;
    eth->eth_src = src;
    return b;
}

struct dp_packet *
neighbour_question_compose(const struct in6_addr *ip, struct eth_addr src, struct eth_addr dst)
{
    return (address_is_ipv4(ip) ? compose_arp_request(ip, src, dst)
                                : compose_solicitation(ip, src, dst));
}
