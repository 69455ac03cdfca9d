/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include <netinet/icmp6.h>

#include "nb/ip.h"
#include "packets.h"

/* Stage "from-fabric": what of a physical network is for this chassis.
 *
 * An address of the cloud that is none of a machine's, such as a router's, exists on every chassis,
 * but one only answers for it to physical hosts: the active gateway of the router port, so that
 * the fabric learns one place of its MAC address.  ARP requests (RFC 826) and neighbour
 * solicitations (RFC 4861 7.2) for these are answered by the stages that answer those of local
 * ports; everything else goes its way. */

enum {
    PRIORITY_NEIGHBOUR = 130,
    PRIORITY_SIGHTING = 120,
    PRIORITY_QUESTION = 100,
    PRIORITY_ROUTER = 90,
};

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_from_fabric, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
flow_question(struct run *run, const struct network *network, const struct in6_addr *ip,
              struct eth_addr mac, uint32_t flags)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_network(&match, network);
    act_set(&actions, XREG_DST_MAC, eth_addr_to_uint64(mac));
    if (address_is_ipv4(ip)) {
        match_arp_request(&match);
        match_set_nw_dst(&match, in6_addr_get_mapped_ipv4(ip));
        act_move(&actions, MFF_ARP_TPA, REG_NEXTHOP);
    } else {
        match_icmpv6(&match, ND_NEIGHBOR_SOLICIT);
        match_set_icmp_code(&match, 0);
        match_set_nw_ttl(&match, UINT8_MAX); /* RFC 4861 7.1.1. */
        match_set_nd_target(&match, ip);
    }
    act_set_flags(&actions, FLAG_RESPOND | flags, FLAG_RESPOND | flags);
    act_resubmit(&actions, &stage_rewrite);
    stage_flow(run, &stage_from_fabric, PRIORITY_QUESTION, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
from_fabric_address(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct network *network = entry_network(entry);
    const struct network_config *config = network_look(run, network);

    if (!config || !network_type_is_provider(config->type)
        || !host_provider_ofport(run, config->physical_network)) {
        return;
    }

    struct holder holder = entry_holder(run, entry);
    const struct router_port *rp = holder.router_port;
    if (rp && router_is_active(run, router_port_router(rp))
        && router_port_gateway_is_here(run, rp)) {
        flow_question(run, network, entry_ip(entry), router_port_look(run, rp)->mac,
                      FLAG_ROUTER | (holder.anycast ? FLAG_ANYCAST : 0));
    } else if (holder.nat && nat_place(run, holder.nat) == NAT_HERE) {
        flow_question(run, network, entry_ip(entry), nat_mac(holder.nat), 0);
    }
}

static void
from_fabric_neighbour(struct run *run, const struct subject *subject)
{
    from_fabric_sightings(run, subject, PRIORITY_NEIGHBOUR, PRIORITY_SIGHTING);
}

/* What is for the router itself, or to be forwarded by it. */
static void
from_fabric_mac(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct network *network = entry_network(entry);
    const struct router_port *rp = entry_holder(run, entry).router_port;
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (rp && network_look(run, network) && router_is_active(run, router_port_router(rp))
        && router_port_gateway_is_here(run, rp)) {
        match_network(&match, network);
        match_set_dl_dst(&match, entry_mac(entry));
        act_set(&actions, XREG_ROUTER, router_key(router_port_router(rp)));
        act_resubmit(&actions, &stage_fabric_source);
        stage_flow(run, &stage_from_fabric, PRIORITY_ROUTER, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

const struct stage stage_from_fabric = {
    .table = 98,
    .name = "from-fabric",
    .purpose = "what of a physical network is for this chassis",
    .next = STAGE_LIST(&stage_from_fabric, &stage_fabric_source, &stage_fdb, &stage_rewrite,
                       &stage_limit_port),
    .priorities = PRIORITY_LIST({PRIORITY_NEIGHBOUR, "an external neighbour"},
                                {PRIORITY_SIGHTING, "an external neighbour with another MAC"},
                                {PRIORITY_QUESTION, "a question for an address of this chassis"},
                                {PRIORITY_ROUTER, "to a router that is entered on this chassis"},
                                {PRIORITY_ELSE, "other frames"}),
    .reads = REGISTER_LIST(REG_NETWORK, REG_FLAGS),
    .writes = REGISTER_LIST(REG_FLAGS, REG_NEXTHOP, XREG_DST_MAC, XREG_ROUTER),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST(
                {"from-fabric", &topology_kinds[KIND_ADDRESS], from_fabric_address},
                {"from-fabric-neighbour", &topology_kinds[KIND_ADDRESS], from_fabric_neighbour},
                {"from-fabric-router", &topology_kinds[KIND_MAC], from_fabric_mac}),
        },
};
