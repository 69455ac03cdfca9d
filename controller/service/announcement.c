/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "service/announcement.h"

#include "dp-packet.h"
#include "packets.h"

void
announcement_compose(struct dp_packet *packet, const struct in6_addr *ip, struct eth_addr mac,
                     bool router)
{
    ovs_be32 ip4 = in6_addr_get_mapped_ipv4(ip);
    struct eth_addr all_nodes;

    if (ip4) {
        compose_arp(packet, ARP_OP_REQUEST, mac, eth_addr_zero, true, ip4, ip4);
        return;
    }
    ipv6_multicast_to_ethernet(&all_nodes, &in6addr_all_hosts);
    compose_nd_na(packet, mac, all_nodes, ip, &in6addr_all_hosts,
                  htonl(ND_RSO_OVERRIDE | (router ? ND_RSO_ROUTER : 0)));
}
