/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "service/neighbour-message.h"

#include <netinet/icmp6.h>
#include <string.h>

#include "dp-packet.h"
#include "nb/ip.h"
#include "packets.h"
#include "service/datagram.h"
#include "service/neighbour-discovery.h"
#include "util.h"

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

/* The target's link-layer address in the 'len' bytes of well-formed options at 'p', or 'mac' if
 * there is none. */
static struct eth_addr
target_mac(const uint8_t *p, size_t len, struct eth_addr mac)
{
    for (size_t ofs = 0; ofs < len; ofs += p[ofs + 1] * ND_LLA_OPT_LEN) {
        if (p[ofs] == ND_OPT_TARGET_LINKADDR && p[ofs + 1] == 1) {
            memcpy(&mac, &p[ofs + 2], sizeof mac);
        }
    }
    return mac;
}

static bool
parse_advertisement(const uint8_t *frame, size_t len, struct neighbour_message *m)
{
    struct ovs_nd_msg na;
    struct datagram d;

    if (!nd_message_parse(frame, len, ND_NEIGHBOR_ADVERT, sizeof na, &d)) {
        return false;
    }
    memcpy(&na, d.payload, sizeof na);
    memcpy(&m->ip, &na.target, sizeof m->ip);
    m->mac = target_mac(d.payload + sizeof na, d.payload_len - sizeof na, d.eth_src);

    uint32_t flags = ntohl(get_16aligned_be32(&na.rso_flags));
    m->is_answer = flags & ND_RSO_SOLICITED;
    return (!address_is_ipv4(&m->ip) && !(m->is_answer && IN6_IS_ADDR_MULTICAST(&d.dst))
            && (m->is_answer || flags & ND_RSO_OVERRIDE));
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
