/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/nat.h"

#include "nb/ip.h"
#include "packets.h"
#include "pipeline/rules.h"

/* Stage "nat-in": the translation of what comes from outside, into the router.
 *
 * To a floating IP: stateless, the destination becomes the machine's address.  What a router has to
 * say of the packet (TTL, path MTU) is said before, as it quotes the packet that its sender sent.
 * An ICMP error quotes a packet that was translated as well: the daemon repairs the quotation (RFC
 * 5508 4.2).  Of a fragmented datagram only the first part has the checksum that addresses are part
 * of, so conntrack translates the datagram as a whole: in zones of their own for both directions,
 * as it translates a packet once in each, and one from a machine may be translated out and in
 * again.
 *
 * To an address that sources are translated to: conntrack knows which machine it is for, in stage
 * "nat-in-done". */

enum {
    PRIORITY_TTL = 150,
    PRIORITY_TOO_BIG = 140,
    PRIORITY_ERROR = 130,
    PRIORITY_FRAGMENT = 120,
    PRIORITY_ADDRESS = 100,
};

/* RFC 1812 5.3.1. */
static void
constants(struct run *run, const struct attachment *attachment)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    attachment->refuse(&actions, PIN_TTL_EXCEEDED);
    match_ipv4(&match);
    match_flags(&match, FLAG_FLOATING, FLAG_FLOATING);
    for (uint8_t ttl = 0; ttl <= 1; ttl++) {
        match_set_nw_ttl(&match, ttl);
        stage_flow(run, &stage_nat_in, PRIORITY_TTL, &match, &actions);
    }

    ofpbuf_clear(&actions);
    act_to_daemon(&actions, PIN_NAT_ERROR_IN, NULL, 0);
    nat_error_flows(run, &stage_nat_in, PRIORITY_ERROR, &actions);
    ofpbuf_uninit(&actions);
}

/* The network of the machine, if its MTU is smaller than that of the network outside. */
static const struct network *
smaller_network(struct run *run, const struct nat *nat)
{
    const struct router_port *outside = nat_router_port(run, nat);
    const struct router_port *inside = nat_inside(run, nat);

    if (!outside || !inside) {
        return NULL;
    }

    const struct network_config *from = network_look(run, router_port_network(outside));
    const struct network_config *to = network_look(run, router_port_network(inside));
    return from && to && to->mtu < from->mtu ? router_port_network(inside) : NULL;
}

void
nat_in_act_measure(struct run *run, struct ofpbuf *actions, const struct nat *nat)
{
    const struct network *network =
        nat_look(run, nat)->type == NAT_DNAT_AND_SNAT ? smaller_network(run, nat) : NULL;

    if (network) {
        act_check_larger(actions, network_look(run, network)->mtu + ETH_HEADER_LEN, REG_FLAGS,
                         FLAG_TOO_BIG_BIT);
    }
}

static void
match_external(struct run *run, struct match *match, const struct nat *nat)
{
    match_network(match, router_port_network(nat_router_port(run, nat)));
    match_router(match, nat_router(nat));
    match_dst_address(match, &nat_look(run, nat)->external_ip);
}

/* The daemon takes the network that it would go to for what the packet does not fit into. */
static void
flow_too_big(struct run *run, const struct nat *nat)
{
    const struct network *network = smaller_network(run, nat);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (network) {
        match_external(run, &match, nat);
        match_flags(&match, FLAG_TOO_BIG, FLAG_TOO_BIG);
        act_set(&actions, REG_NETWORK, network_key(network));
        native_attachment.refuse(&actions, PIN_TOO_BIG);
        stage_flow(run, &stage_nat_in, PRIORITY_TOO_BIG, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

static void
flows_floating_ip(struct run *run, const struct nat *nat)
{
    const struct nat_config *config = nat_look(run, nat);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_external(run, &match, nat);
    act_set(&actions, MFF_IPV4_DST, ntohl(in6_addr_get_mapped_ipv4(&config->logical.address)));
    act_resubmit(&actions, &stage_router);
    stage_flow(run, &stage_nat_in, PRIORITY_ADDRESS, &match, &actions);

    uint16_t zone = router_zone_fragments_in(run, nat_router(nat));
    match_set_nw_frag_masked(&match, FLOW_NW_FRAG_ANY, FLOW_NW_FRAG_ANY);
    ofpbuf_clear(&actions);
    if (zone) {
        act_ct_nat(&actions, zone, CT_NAT_DST, &config->logical.address, &stage_nat_in_done);
    }
    stage_flow(run, &stage_nat_in, PRIORITY_FRAGMENT, &match, &actions);
    ofpbuf_uninit(&actions);
    flow_too_big(run, nat);
}

static void
flow_connections(struct run *run, const struct nat *nat)
{
    uint16_t zone = router_zone(run, nat_router(nat));
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (zone) {
        match_external(run, &match, nat);
        act_ct_nat(&actions, zone, CT_NAT_NONE, NULL, &stage_nat_in_done);
        stage_flow(run, &stage_nat_in, PRIORITY_ADDRESS, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

static void
nat_in(struct run *run, const struct subject *subject)
{
    const struct nat *nat = subject_nat(subject);

    if (nat_place(run, nat) != NAT_HERE) {
        return;
    }
    if (nat_look(run, nat)->type == NAT_DNAT_AND_SNAT) {
        flows_floating_ip(run, nat);
    } else {
        flow_connections(run, nat);
    }
}

const struct stage stage_nat_in = {
    .table = 116,
    .name = "nat-in",
    .purpose = "the translation of what comes from outside",
    .next = STAGE_LIST(&stage_nat_in_done, &stage_router, &stage_limit_port),
    .priorities = PRIORITY_LIST(
        {PRIORITY_TTL, "a TTL that ends here"},
        {PRIORITY_TOO_BIG, "too big for the network inside"}, {PRIORITY_ERROR, "an ICMP error"},
        {PRIORITY_FRAGMENT, "a fragment"}, {PRIORITY_ADDRESS, "an external address"}),
    .reads = REGISTER_LIST(REG_NETWORK, XREG_ROUTER, REG_FLAGS),
    .writes = REGISTER_LIST(REG_NETWORK),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"nat-in", &topology_kinds[KIND_NAT], nat_in}),
        },
};
