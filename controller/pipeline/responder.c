/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"

/* Stage "responder": ARP requests of local ports (RFC 826, RFC 5227), and which packets stage
 * "solicitation" is to look at.
 *
 * A request for any address that is known in the network is answered on the spot
 * with the MAC that stage "neighbour" knows for it; the answer is put together in
 * stage "rewrite".  Requests for unknown addresses are flooded like any broadcast.
 *
 * A port's request for its own address is a probe (RFC 5227 2.1.1) or an
 * announcement (2.3): it asks whether another host has the address, so it must not be
 * answered, and is flooded, as others may have an old MAC for the address (RFC 5227 3). */

enum {
    PRIORITY_SOLICITATION = 120,
    PRIORITY_OWN = 110,
    PRIORITY_REQUEST = 100,
};

static void
flow_else(struct run *run)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_responder, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_arp_request(&match);
    act_set_flags(&actions, FLAG_RESPOND, FLAG_RESPOND);
    act_move(&actions, MFF_ARP_TPA, REG_NEXTHOP);
    act_resubmit(&actions, &stage_neighbour);
    stage_flow(run, &stage_responder, PRIORITY_REQUEST, &match, &actions);

    match_init_catchall(&match);
    match_icmpv6(&match, ND_NEIGHBOR_SOLICIT);
    ofpbuf_clear(&actions);
    act_resubmit(&actions, &stage_solicitation);
    stage_flow(run, &stage_responder, PRIORITY_REQUEST, &match, &actions);
    ofpbuf_uninit(&actions);
    flow_else(run);
}

/* Beside the stock agent other requests do not come here. */
static void
ml2_constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_icmpv6(&match, ND_NEIGHBOR_SOLICIT);
    match_flags(&match, FLAG_RESPOND, FLAG_RESPOND);
    act_resubmit(&actions, &stage_solicitation);
    stage_flow(run, &stage_responder, PRIORITY_REQUEST, &match, &actions);
    ofpbuf_uninit(&actions);
    flow_else(run);
}

static void
respond_own_addresses(struct run *run, const struct subject *subject)
{
    const struct port *port = subject_local_port(subject);
    const struct port_config *config = port_look(run, port);
    const struct chassis *chassis;
    ofp_port_t ofport;

    if (!network_look(run, port_network(port))
        || port_location(run, port, &ofport, &chassis) != LOCATION_LOCAL) {
        return;
    }

    ACTIONS(actions);
    act_resubmit(&actions, &stage_fdb);
    for (size_t i = 0; i < config->n_addresses; i++) {
        if (address_is_ipv4(&config->addresses[i])) {
            struct match match = MATCH_CATCHALL_INITIALIZER;

            match_arp_request(&match);
            match_set_in_port(&match, ofport);
            match_set_nw_dst(&match, in6_addr_get_mapped_ipv4(&config->addresses[i]));
            stage_flow(run, &stage_responder, PRIORITY_OWN, &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}

static void
respond_solicitations(struct run *run, const struct subject *subject)
{
    responder_solicitations(run, subject, PRIORITY_SOLICITATION);
}

/* Beside the stock agent: ARP requests of local ports for a router's address.  The answer is the
 * legacy router's, since the MAC address is the one that Neutron gave the router port; but it comes
 * also while that router is away: forwarding here does not end when the machines' entries for it
 * expire.
 *
 * The request goes on to NORMAL besides: switches everywhere keep learning the asker's
 * MAC address from it, without which they would flood what is routed to the asker, and
 * the legacy router keeps its entry for the asker.  Since its sender is checked by the
 * agent's tables before, and its answer goes to where it came from, no protection is
 * passed by. */
static void
ml2_answer_address(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct network *network = entry_network(entry);
    const struct router_port *rp = entry_holder(run, entry).router_port;

    if (!rp || !address_is_ipv4(entry_ip(entry)) || !network_look(run, network)
        || !network_is_local(run, network) || !router_is_active(run, router_port_router(rp))) {
        return;
    }

    /* A unicast request to another host is not for the router. */
    const struct eth_addr mac = router_port_look(run, rp)->mac;
    const struct eth_addr asked[] = {eth_addr_broadcast, mac};
    struct match match;
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        match_init_catchall(&match);
        match_arp_request(&match);
        match_set_nw_dst(&match, in6_addr_get_mapped_ipv4(entry_ip(entry)));
        match_set_dl_dst(&match, asked[i]);
        ml2_hook_question(run, &match);
    }

    match_init_catchall(&match);
    match_arp_request(&match);
    match_set_nw_dst(&match, in6_addr_get_mapped_ipv4(entry_ip(entry)));
    match_network(&match, network);

    ACTIONS(actions);
    act_set(&actions, XREG_DST_MAC, eth_addr_to_uint64(mac));
    act_move(&actions, MFF_ARP_TPA, REG_NEXTHOP);
    act_resubmit(&actions, &stage_lease);
    stage_flow(run, &stage_responder, PRIORITY_REQUEST, &match, &actions);
    ofpbuf_uninit(&actions);
}

const struct stage stage_responder = {
    .table = 104,
    .name = "responder",
    .purpose = "which ARP requests are answered here",
    .next = STAGE_LIST(&stage_solicitation, &stage_neighbour, &stage_fdb, &stage_lease,
                       &stage_limit_port),
    .priorities = PRIORITY_LIST({PRIORITY_SOLICITATION, "a router solicitation"},
                                {PRIORITY_OWN, "a port's request for its own address"},
                                {PRIORITY_REQUEST, "a request or solicitation"},
                                {PRIORITY_ELSE, "other packets"}),
    .writes = REGISTER_LIST(REG_NEXTHOP),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST(
                {"respond-own", &topology_kinds[KIND_LOCAL_PORT], respond_own_addresses},
                {"respond-solicitation", &topology_kinds[KIND_NETWORK], respond_solicitations}),
            .reads = REGISTER_LIST(REG_NETWORK),
            .writes = REGISTER_LIST(REG_FLAGS),
        },
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .constants = ml2_constants,
            .rules = RULE_LIST({"ml2-answer", &topology_kinds[KIND_ADDRESS], ml2_answer_address}),
            .reads = REGISTER_LIST(REG_NETWORK, REG_FLAGS),
            .writes = REGISTER_LIST(XREG_DST_MAC),
        },
};
