/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"

/* Stage "neighbour": the MAC address of an IP address of a network.
 *
 * The same flow resolves the next hop of routed packets and answers ARP requests or neighbour
 * solicitations: one flow for each address, for any number of routers and ports.
 *
 * The next hops of both families share registers, so no IPv6 packet may get as far as the flows
 * of IPv4 addresses. */

enum {
    PRIORITY_IPV6_ADDRESS = 120,
    PRIORITY_IPV6_NO_NEXT_HOP = 115,
    PRIORITY_IPV6_NO_TARGET = 110,
    PRIORITY_ADDRESS = 100,
    PRIORITY_NO_ADDRESS = 10,
};

/* An unknown address, for packets that 'match' matches. */
static void
flows_no_address(struct run *run, const struct attachment *attachment, const struct match *match_,
                 uint16_t next_hop_priority, uint16_t target_priority)
{
    struct match match = *match_;
    ACTIONS(actions);

    match_flags(&match, FLAG_ROUTED, FLAG_ROUTED);
    attachment->refuse(&actions, PIN_NO_NEIGHBOUR);
    stage_flow(run, &stage_neighbour, next_hop_priority, &match, &actions);

    /* What an ARP request or a neighbour solicitation asks for. */
    match = *match_;
    ofpbuf_clear(&actions);
    act_set_flags(&actions, 0, FLAG_RESPOND);
    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_neighbour, target_priority, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
constants(struct run *run, const struct attachment *attachment)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;

    flows_no_address(run, attachment, &match, PRIORITY_NO_ADDRESS, PRIORITY_ELSE);
    match_ipv6(&match);
    flows_no_address(run, attachment, &match, PRIORITY_IPV6_NO_NEXT_HOP, PRIORITY_IPV6_NO_TARGET);
}

static void
match_next_hop(struct match *match, const struct in6_addr *ip)
{
    if (address_is_ipv4(ip)) {
        match_set_reg(match, reg_index(REG_NEXTHOP), ntohl(in6_addr_get_mapped_ipv4(ip)));
        return;
    }

    const unsigned int first = 4 * (XXREG_NEXTHOP - MFF_XXREG0);
    match_ipv6(match);
    for (unsigned int i = 0; i < 4; i++) {
        ovs_be32 word;

        memcpy(&word, &ip->s6_addr[4 * i], sizeof word);
        match_set_reg(match, first + i, ntohl(word));
    }
}

/* Sets '*mac' to that of what has the address.  Returns false if packets do not get there. */
static bool
holder_mac(struct run *run, const struct holder *holder, struct eth_addr *mac)
{
    if (holder->router_port) {
        *mac = router_port_look(run, holder->router_port)->mac;
        return router_is_active(run, router_port_router(holder->router_port));
    } else if (holder->nat) {
        *mac = nat_mac(holder->nat);
        return nat_router_port(run, holder->nat) != NULL;
    }
    *mac = (holder->neighbour ? external_neighbour_mac(holder->neighbour)
                              : port_look(run, holder->port)->mac);
    return true;
}

/* Sets the MAC address, and hands the packet to the stage 'next'. */
static void
flow_address(struct run *run, const struct subject *subject, const struct stage *next)
{
    const struct entry *entry = subject_entry(subject);
    const struct network *network = entry_network(entry);
    bool is_ipv4 = address_is_ipv4(entry_ip(entry));

    if (!network_look(run, network) || !network_is_needed(run, network)) {
        return;
    }

    struct holder holder = entry_holder(run, entry);
    struct eth_addr mac;
    if (!holder_mac(run, &holder, &mac)) {
        /* On an external network it is elsewhere, as a physical host is. */
        holder = (struct holder){.neighbour = entry_neighbour(run, entry)};
        if (!holder.neighbour || !network_look(run, network)->external) {
            return;
        }
        mac = external_neighbour_mac(holder.neighbour);
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_network(&match, network);
    match_next_hop(&match, entry_ip(entry));
    if (holder.neighbour) {
        /* Machines ask it themselves. */
        match_flags(&match, FLAG_ROUTED, FLAG_ROUTED);
    }

    ACTIONS(actions);
    act_set(&actions, XREG_DST_MAC, eth_addr_to_uint64(mac));
    if (!is_ipv4 && holder.router_port) {
        uint32_t flags = FLAG_ROUTER | (holder.anycast ? FLAG_ANYCAST : 0);

        act_set_flags(&actions, flags, flags);
    }
    act_resubmit(&actions, next);
    stage_flow(run, &stage_neighbour, is_ipv4 ? PRIORITY_ADDRESS : PRIORITY_IPV6_ADDRESS, &match,
               &actions);
    ofpbuf_uninit(&actions);
}

/* The address of a router that packets of this chassis do not get to, on a network that they get
 * to: nothing is known here of what is behind it, but it is there.  The daemon answers for it, as
 * far as the router itself is spoken to; nothing else has such a next hop, as a route to it would
 * lead there.  On an external network its active gateway answers, as any physical host does. */
static void
flow_stranger(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct network *network = entry_network(entry);
    const struct network_config *config = network_look(run, network);
    struct holder holder = entry_holder(run, entry);
    const struct router_port *rp = holder.router_port;

    if (!rp || holder.anycast || address_is_scoped(entry_ip(entry))
        || router_is_active(run, router_port_router(rp)) || !config || config->external
        || !network_is_needed(run, network)) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_network(&match, network);
    match_next_hop(&match, entry_ip(entry));
    match_flags(&match, FLAG_ROUTED, FLAG_ROUTED);

    ACTIONS(actions);
    act_to_daemon(&actions, PIN_TO_ROUTER, NULL, 0);
    stage_flow(run, &stage_neighbour,
               address_is_ipv4(entry_ip(entry)) ? PRIORITY_ADDRESS : PRIORITY_IPV6_ADDRESS, &match,
               &actions);
    ofpbuf_uninit(&actions);
}

static void
neighbour_address(struct run *run, const struct subject *subject)
{
    flow_address(run, subject, &stage_rewrite);
    flow_stranger(run, subject);
}

/* Beside the stock agent, once an address is resolved the packet will be rewritten: so only
 * addresses of ports that can be reached for certain are. */
static void
ml2_neighbour_address(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct port *port = entry_holder(run, entry).port;

    if (!port) {
        return;
    }

    ACTIONS(actions);
    bool reachable = ml2_act_deliver(run, &actions, port);
    ofpbuf_uninit(&actions);
    if (reachable) {
        flow_address(run, subject, &stage_lease);
    }
}

const struct stage stage_neighbour = {
    .table = 144,
    .name = "neighbour",
    .purpose = "the MAC address of an IP address of a network",
    .next = STAGE_LIST(&stage_rewrite, &stage_fdb, &stage_limit_port, &stage_lease),
    .priorities = PRIORITY_LIST(
        {PRIORITY_IPV6_ADDRESS, "an IPv6 address"},
        {PRIORITY_IPV6_NO_NEXT_HOP, "an unknown next hop of IPv6"},
        {PRIORITY_IPV6_NO_TARGET, "a neighbour solicitation for an unknown address"},
        {PRIORITY_ADDRESS, "an IPv4 address"}, {PRIORITY_NO_ADDRESS, "an unknown next hop"},
        {PRIORITY_ELSE, "an ARP request for an unknown address"}),
    .reads = REGISTER_LIST(REG_NETWORK, REG_FLAGS, XXREG_NEXTHOP),
    .writes = REGISTER_LIST(REG_FLAGS, XREG_DST_MAC),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"neighbour", &topology_kinds[KIND_ADDRESS], neighbour_address}),
        },
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .constants = constants,
            .rules =
                RULE_LIST({"ml2-neighbour", &topology_kinds[KIND_ADDRESS], ml2_neighbour_address}),
        },
};
