/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"

/* Beside Neutron's stock Open vSwitch agent: a short cut for East-West IPv4.
 *
 * The agent keeps doing layer 2, security groups, broadcasts and everything that a
 * router does beyond forwarding between known ports.  A packet of a local port to a
 * router's MAC is taken out of the agent's pipeline where it would go on to NORMAL,
 * after the sender's security groups.  If, and only if, it is certain that it can be
 * forwarded to a port whose place is known, it is rewritten and delivered: to another
 * chassis by tunnel or provider bridge, where the agent of that chassis receives it
 * like any packet of the network; or to a local port by the agent's pipeline, as if
 * it had come from its tunnel bridge, so that the receiver's security groups apply.
 * Whatever else it may be goes on to NORMAL, unchanged, and so to the legacy router.
 *
 * NORMAL and the tunnel bridges learn source MACs.  A router's MAC, as a source, must
 * come from the legacy router only, or answers to it would go astray: what is
 * forwarded here carries a MAC of this chassis.
 *
 * Between what only asks and what alters a packet stands the lease, a flow that expires
 * unless it is renewed: without a living controller packets go to NORMAL.  It is asked
 * last so that a switch's cache entry (megaflow) has the same mask with the lease as
 * without: when the lease is lost or returns, entries change their actions and none has to
 * be made anew.  The userspace datapath of Open vSwitch before 3.1.3 even alters the wrong
 * entry where two of different masks overlap (ovs.git 21410ff800cc). */

/* Between NORMAL (3), the agent's direct delivery (20) and its firewall (90, 100).
 * In the egress table NORMAL has 1, direct delivery up to 12. */
#define PRIORITY_HOOK 50

#define PRIORITY_ABOVE_LEASE 200

/* Above whatever the agent has in its first table for untagged packets. */
#define PRIORITY_ARRIVE 200

static void
act_normal(struct ofpbuf *actions, enum packet_in_reason reason OVS_UNUSED)
{
    act_output(actions, OFPP_NORMAL);
}

static const struct attachment ml2 = {.refuse = act_normal, .refuse_quiet = act_normal};

void
ml2_put_lease(struct ofpbuf *actions)
{
    act_resubmit(actions, STAGE_REWRITE);
}

/* Into the agent's pipeline, as if the packet, which has its local VLAN, came from its tunnel
 * bridge. */
static void
act_enter(struct run *run, struct ofpbuf *actions)
{
    act_set(actions, MFF_IN_PORT, ofp_to_u16(host_reinject_ofport(run)));
    act_resubmit(actions, STAGE_STOCK_TRANSIENT);
}

static void
act_reinject(struct run *run, struct ofpbuf *actions, uint16_t vlan)
{
    ofpact_put_CT_CLEAR(actions);
    act_push_vlan(actions, vlan);
    act_enter(run, actions);
}

/* --- In ----------------------------------------------------------------- */

static void
flow_rewrite(struct run *run)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_ipv4(&match);
    act_dec_ttl(&actions);
    act_set_mac(&actions, MFF_ETH_SRC, host_chassis_mac(run));
    act_move(&actions, XREG_DST_MAC, MFF_ETH_DST);
    act_resubmit(&actions, STAGE_FDB);
    run_flow(run, STAGE_REWRITE, 100, &match, &actions);
    ofpbuf_uninit(&actions);
}

void
ml2_constant_flows(struct run *run, const struct subject *subject OVS_UNUSED)
{
    static const enum stage unless_known[] = {STAGE_ENTRY, STAGE_FDB, STAGE_LEASE};
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_normal(&actions, 0);
    for (size_t i = 0; i < ARRAY_SIZE(unless_known); i++) {
        run_flow(run, unless_known[i], 0, &match, &actions);
    }

    /* To lower a TTL the switch looks at the protocol, since it leaves the headers of
     * protocol 0 as they are (ovs.git 9d840923d321).  With this flow it looks there without
     * a lease, too; and what it cannot alter is left to the legacy router. */
    match_ipv4(&match);
    match_set_nw_proto(&match, 0);
    run_flow(run, STAGE_LEASE, PRIORITY_ABOVE_LEASE, &match, &actions);

    /* What arrives for a network that the agent does not know here. */
    ofpbuf_clear(&actions);
    for (int type = 0; type < N_ENCAPS; type++) {
        ofp_port_t ofport = host_tunnel_ofport(run, type);
        if (ofport) {
            match_init_catchall(&match);
            match_set_in_port(&match, ofport);
            run_flow(run, STAGE_STOCK_ENTRY, PRIORITY_ARRIVE - 1, &match, &actions);
        }
    }

    match_init_catchall(&match);
    ofpbuf_clear(&actions);
    act_resubmit(&actions, STAGE_FDB);
    run_flow(run, STAGE_RESPONDER, 0, &match, &actions);

    tunnel_source_constants(run, &ml2);
    limit_constants(run, &ml2);
    router_constants(run, &ml2);
    route_constants(run, &ml2);
    pmtu_constants(run, &ml2);
    neighbour_constants(run, &ml2);
    flow_rewrite(run);

    ofpbuf_clear(&actions);
    act_normal(&actions, 0);
    rewrite_arp_reply(run, &actions);
    ofpbuf_uninit(&actions);
}

/* The hooks in the agent's tables, in both of which packets of local ports are
 * untagged. */
static void
flow_hook(struct run *run, struct match *match)
{
    ACTIONS(actions);

    match_set_dl_tci_masked(match, 0, htons(VLAN_CFI));
    act_resubmit(&actions, STAGE_ENTRY);
    run_flow(run, STAGE_STOCK_TRANSIENT, PRIORITY_HOOK, match, &actions);
    run_flow(run, STAGE_STOCK_EGRESS, PRIORITY_HOOK, match, &actions);
    ofpbuf_uninit(&actions);
}

void
ml2_hook_router_port(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct router_port *rp = entry_holder(run, entry).router_port;

    if (!rp || !network_look(run, entry_network(entry))
        || !network_is_local(run, entry_network(entry))
        || !router_is_active(run, router_port_router(rp))) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_ipv4(&match);
    match_set_dl_dst(&match, entry_mac(entry));
    flow_hook(run, &match);
}

/* ARP requests of local ports for a router's address.  The answer is the legacy router's,
 * since the MAC address is the one that Neutron gave the router port; but it comes also
 * while that router is away: forwarding here does not end when the machines'
 * entries for it expire.
 *
 * The request goes on to NORMAL besides: switches everywhere keep learning the asker's
 * MAC address from it, without which they would flood what is routed to the asker, and
 * the legacy router keeps learning who asks.  Since its sender is checked by the agent's
 * tables before, and its answer goes to where it came from, no protection is passed by. */
void
ml2_answer_address(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct network *network = entry_network(entry);
    const struct router_port *rp = entry_holder(run, entry).router_port;

    if (!rp || !address_is_ipv4(entry_ip(entry)) || !network_look(run, network)
        || !network_is_local(run, network) || !router_is_active(run, router_port_router(rp))) {
        return;
    }

    /* A unicast request to somebody else is none of the router's business. */
    const struct eth_addr mac = router_port_look(run, rp)->mac;
    const struct eth_addr asked[] = {eth_addr_broadcast, mac};
    struct match match;
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        match_init_catchall(&match);
        match_arp_request(&match);
        match_set_nw_dst(&match, in6_addr_get_mapped_ipv4(entry_ip(entry)));
        match_set_dl_dst(&match, asked[i]);
        flow_hook(run, &match);
    }

    match_init_catchall(&match);
    match_arp_request(&match);
    match_set_nw_dst(&match, in6_addr_get_mapped_ipv4(entry_ip(entry)));
    match_network(&match, network);

    ACTIONS(actions);
    act_set(&actions, XREG_DST_MAC, eth_addr_to_uint64(mac));
    act_move(&actions, MFF_ARP_TPA, REG_NEXTHOP);
    act_resubmit(&actions, STAGE_LEASE);
    run_flow(run, STAGE_RESPONDER, 100, &match, &actions);
    ofpbuf_uninit(&actions);
}

void
ml2_entry_local_port(struct run *run, const struct subject *subject)
{
    classify_port_in(run, subject, STAGE_ENTRY);
}

/* What another chassis sends to the tunnel port of ours, because the agent's tunnel
 * bridge has none for that peer. */
void
ml2_arrive_network(struct run *run, const struct subject *subject)
{
    const struct network *network = subject_network(subject);
    const struct network_config *config = network_look(run, network);
    uint16_t vlan = network_local_vlan(run, network);

    if (!config || !network_type_is_overlay(config->type) || !vlan
        || !host_tunnel_ofport(run, config->type) || !host_reinject_ofport(run)) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_set_in_port(&match, host_tunnel_ofport(run, config->type));
    match_set_tun_id(&match, htonll(config->segmentation_id));

    ACTIONS(actions);
    act_push_vlan(&actions, vlan);
    act_resubmit(&actions, STAGE_TUNNEL_SOURCE);
    run_flow(run, STAGE_STOCK_ENTRY, PRIORITY_ARRIVE, &match, &actions);
    ofpbuf_uninit(&actions);
}

void
ml2_tunnel_source_chassis(struct run *run, const struct subject *subject)
{
    ACTIONS(actions);

    if (host_reinject_ofport(run)) {
        act_enter(run, &actions);
        tunnel_source_chassis_by(run, subject, &actions);
    }
    ofpbuf_uninit(&actions);
}

/* --- Routes ------------------------------------------------------------- */

/* Whether every way to the prefix leads to a network that is known here. */
static bool
all_ways_are_known(struct run *run, const struct entry *entry)
{
    const struct router_port *connected = prefix_connected(run, entry);
    size_t n_routes = prefix_n_routes(run, entry);

    if (connected) {
        return !n_routes && network_look(run, router_port_network(connected));
    }
    if (!entry_length(entry)) {
        return false;
    }

    size_t n_hops;
    struct hop *hops = prefix_hops(run, entry, &n_hops);
    bool known = n_hops == n_routes;
    for (size_t i = 0; i < n_hops && known; i++) {
        known = network_look(run, router_port_network(hops[i].egress)) != NULL;
    }
    free(hops);
    return known;
}

/* The legacy router has more ways than those known here: its external network, to begin
 * with, is on none of the router ports.  A prefix of which any way is unknown is left to it
 * as a whole, and so keeps shorter prefixes, which would lead elsewhere, from deciding.
 * Of equal-cost routes, all or none are taken here, since the legacy router shares them
 * out by itself.  A static route to a connected prefix is left to it, too: which of the
 * two precedes there depends on which came last.  So is the default route, whatever its
 * next hop: it contains the external subnets and the floating IPs, which precede it there
 * and are not known here. */
void
ml2_route_prefix(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);

    if (!address_is_ipv4(entry_ip(entry)) || !router_is_active(run, entry_router(entry))) {
        return;
    }
    if (all_ways_are_known(run, entry)) {
        route_prefix(run, subject);
    } else {
        route_refuse(run, entry, &ml2);
    }
}

/* --- Out ---------------------------------------------------------------- */

/* Appends the actions that deliver a packet in the network of 'port' to it.  Returns
 * false if there is no certain way. */
static bool
act_deliver(struct run *run, struct ofpbuf *actions, const struct port *port)
{
    const struct network *network = port_network(port);
    const struct network_config *config = network_look(run, network);
    const struct chassis *chassis;
    ofp_port_t ofport;

    if (!config || !network_is_needed(run, network)) {
        return false;
    }

    enum location location = port_location(run, port, &ofport, &chassis);
    uint16_t vlan = network_local_vlan(run, network);
    if (location == LOCATION_LOCAL) {
        if (!vlan || !host_reinject_ofport(run)) {
            return false;
        }
        act_reinject(run, actions, vlan);
        return true;
    }
    if (location != LOCATION_REMOTE) {
        return false;
    }
    if (network_type_is_overlay(config->type)) {
        const struct in6_addr *tunnel = chassis_tunnel(run, chassis, config->type);

        if (!tunnel || !host_tunnel_ofport(run, config->type)) {
            return false;
        }
        act_set_flags(actions, FLAG_KNOWN, FLAG_KNOWN);
        act_set_tunnel_dst(actions, tunnel);
    } else if (!network_type_is_provider(config->type) || !vlan
               || !host_provider_ofport(run, config->physical_network)) {
        return false;
    }
    act_resubmit(actions, STAGE_DELIVER);
    return true;
}

/* Once an address is resolved here the packet will be rewritten: so only addresses
 * of ports that can be reached for certain are. */
void
ml2_neighbour_address(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct port *port = entry_holder(run, entry).port;

    if (!port || !address_is_ipv4(entry_ip(entry))) {
        return;
    }

    ACTIONS(actions);
    bool reachable = act_deliver(run, &actions, port);
    ofpbuf_uninit(&actions);
    if (reachable) {
        neighbour_address_by(run, subject, STAGE_LEASE);
    }
}

void
ml2_fdb_mac(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct port *port = entry_holder(run, entry).port;

    if (!port) {
        fdb_mac(run, subject);
        return;
    }

    ACTIONS(actions);
    if (act_deliver(run, &actions, port)) {
        struct match match = MATCH_CATCHALL_INITIALIZER;

        match_network(&match, entry_network(entry));
        match_set_dl_dst(&match, entry_mac(entry));
        match_flags(&match, FLAG_ROUTED, FLAG_ROUTED);
        run_flow(run, STAGE_FDB, 100, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

/* The agent's flows on the other bridge know the network by its local VLAN. */
static void
deliver_provider(struct run *run, const struct network *network,
                 const struct network_config *config OVS_UNUSED, ofp_port_t ofport)
{
    uint16_t vlan = network_local_vlan(run, network);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (vlan) {
        match_network(&match, network);
        match_flags(&match, FLAG_ROUTED, FLAG_ROUTED);
        act_push_vlan(&actions, vlan);
        act_output(&actions, ofport);
        run_flow(run, STAGE_DELIVER, 100, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

void
ml2_deliver_network(struct run *run, const struct subject *subject)
{
    deliver_network_by(run, subject, deliver_provider);
}
