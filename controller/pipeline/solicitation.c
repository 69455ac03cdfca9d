/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include <netinet/icmp6.h>

#include "nb/ip.h"
#include "packets.h"
#include "util.h"

/* Stage "solicitation": neighbour solicitations of local ports (RFC 4861 7.2).
 *
 * One for any address that is known in the network is answered on the spot, as an ARP request is
 * (responder.c), be it multicast or unicast.  What RFC 4861 7.1.1 has a host discard, as far as
 * a switch can see that, is not answered: it goes its way, as do solicitations for unknown
 * addresses.
 *
 * A port's solicitation for its own address asks whether another host has the address (duplicate
 * address detection, RFC 4862 5.4), so it must not be answered, and is flooded.
 *
 * Only what is a solicitation comes here, so that nothing is matched here in the switch's cache
 * entries (megaflows) of other packets. */

#define HOP_LIMIT 255 /* RFC 4861 7.1.1: no router has forwarded it. */

enum {
    PRIORITY_OWN = 120,
    PRIORITY_PROBE = 110,
    PRIORITY_BAD_PROBE = 105,
    PRIORITY_SOLICITATION = 100,
};

/* ff02::1:ff00:0/104, the solicited-node multicast addresses (RFC 4291 2.7.1). */
static const struct in6_addr solicited_node = {
    .s6_addr = {0xff, 0x02, [11] = 0x01, 0xff},
};
#define SOLICITED_NODE_LENGTH 104

static void
match_valid(struct match *match)
{
    match_init_catchall(match);
    match_icmpv6(match, ND_NEIGHBOR_SOLICIT);
    match_set_icmp_code(match, 0);
    match_set_nw_ttl(match, HOP_LIMIT);
}

/* From the unspecified address it is a probe, to the solicited-node address and without an option
 * that says where it comes from. */
static void
match_valid_probe(struct match *match)
{
    const struct in6_addr mask = ipv6_create_mask(SOLICITED_NODE_LENGTH);

    match_valid(match);
    match_set_ipv6_src(match, &in6addr_any);
    match_set_ipv6_dst_masked(match, &solicited_node, &mask);
    match_set_arp_sha(match, eth_addr_zero); /* The switch keeps nd_sll there. */
}

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match;
    ACTIONS(actions);

    act_set_flags(&actions, FLAG_RESPOND, FLAG_RESPOND);
    act_move(&actions, MFF_ND_TARGET, XXREG_NEXTHOP);
    act_resubmit(&actions, &stage_neighbour);
    match_valid(&match);
    stage_flow(run, &stage_solicitation, PRIORITY_SOLICITATION, &match, &actions);
    match_valid_probe(&match);
    stage_flow(run, &stage_solicitation, PRIORITY_PROBE, &match, &actions);

    ofpbuf_clear(&actions);
    act_resubmit(&actions, &stage_fdb);
    match_init_catchall(&match);
    match_ipv6(&match);
    match_set_ipv6_src(&match, &in6addr_any);
    stage_flow(run, &stage_solicitation, PRIORITY_BAD_PROBE, &match, &actions);
    match_init_catchall(&match);
    stage_flow(run, &stage_solicitation, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
solicit_own_addresses(struct run *run, const struct subject *subject)
{
    const struct port *port = subject_local_port(subject);
    const struct port_config *config = port_look(run, port);
    ofp_port_t ofport = port_local_ofport(run, port);

    if (!ofport) {
        return;
    }

    ACTIONS(actions);
    act_resubmit(&actions, &stage_fdb);
    for (size_t i = 0; i < config->n_addresses; i++) {
        if (!address_is_ipv4(&config->addresses[i])) {
            struct match match = MATCH_CATCHALL_INITIALIZER;

            match_icmpv6(&match, ND_NEIGHBOR_SOLICIT);
            match_set_in_port(&match, ofport);
            match_set_nd_target(&match, &config->addresses[i]);
            stage_flow(run, &stage_solicitation, PRIORITY_OWN, &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}

/* Beside the stock agent.  A probe is left to the legacy router: while that one is away, no
 * machine depends on the answer. */
static void
ml2_constants(struct run *run, const struct attachment *attachment)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_ipv6(&match);
    match_set_ipv6_src(&match, &in6addr_any);
    attachment->refuse(&actions, 0);
    stage_flow(run, &stage_solicitation, PRIORITY_PROBE, &match, &actions);
    ofpbuf_uninit(&actions);
    ml2_else_normal(run, &stage_solicitation);
}

/* Beside the stock agent: solicitations of local ports for a router's address, as ARP requests are
 * treated (responder.c).  Neighbours make sure of what they know more often than with ARP
 * (neighbour unreachability detection, RFC 4861 7.3): without an answer, seconds would be the end
 * of it.  Anycast addresses, by which no machine knows its router, are left to the legacy
 * router. */
static void
ml2_advertise_address(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct network *network = entry_network(entry);
    const struct holder holder = entry_holder(run, entry);
    const struct router_port *rp = holder.router_port;

    if (!rp || holder.anycast || address_is_ipv4(entry_ip(entry)) || !network_look(run, network)
        || !network_is_local(run, network) || !router_is_active(run, router_port_router(rp))) {
        return;
    }

    /* A unicast solicitation to another host is not for the router. */
    const struct eth_addr mac = router_port_look(run, rp)->mac;
    struct in6_addr group;
    struct eth_addr group_mac;
    in6_addr_solicited_node(&group, entry_ip(entry));
    ipv6_multicast_to_ethernet(&group_mac, &group);
    const struct eth_addr asked[] = {group_mac, mac};
    struct match match;
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        match_valid(&match);
        match_set_nd_target(&match, entry_ip(entry));
        match_set_dl_dst(&match, asked[i]);
        ml2_hook_question(run, &match);
    }

    match_init_catchall(&match);
    match_icmpv6(&match, ND_NEIGHBOR_SOLICIT);
    match_set_nd_target(&match, entry_ip(entry));
    match_network(&match, network);

    ACTIONS(actions);
    act_set(&actions, XREG_DST_MAC, eth_addr_to_uint64(mac));
    act_set_flags(&actions, FLAG_ROUTER, FLAG_ROUTER);
    act_resubmit(&actions, &stage_lease);
    stage_flow(run, &stage_solicitation, PRIORITY_SOLICITATION, &match, &actions);
    ofpbuf_uninit(&actions);
}

const struct stage stage_solicitation = {
    .table = 106,
    .name = "solicitation",
    .purpose = "which neighbour solicitations are answered here",
    .next = STAGE_LIST(&stage_neighbour, &stage_fdb, &stage_lease),
    .priorities = PRIORITY_LIST({PRIORITY_OWN, "a port's solicitation for its own address"},
                                {PRIORITY_PROBE, "a probe for duplicate addresses"},
                                {PRIORITY_BAD_PROBE, "a probe that is not valid"},
                                {PRIORITY_SOLICITATION, "a valid solicitation"},
                                {PRIORITY_ELSE, "another one"}),
    .writes = REGISTER_LIST(REG_FLAGS, XXREG_NEXTHOP),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules =
                RULE_LIST({"solicit-own", &topology_kinds[KIND_LOCAL_PORT], solicit_own_addresses}),
        },
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .constants = ml2_constants,
            .rules =
                RULE_LIST({"ml2-advertise", &topology_kinds[KIND_ADDRESS], ml2_advertise_address}),
            .reads = REGISTER_LIST(REG_NETWORK),
            .writes = REGISTER_LIST(XREG_DST_MAC),
        },
};
