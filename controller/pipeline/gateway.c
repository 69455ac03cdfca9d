/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"
#include "pipeline/transit.h"

/* Stage "gateway": on which chassis a packet leaves for a physical network, and whether its source
 * address is translated.
 *
 * Only what has been routed towards a provider network comes here.  A chassis that is connected to
 * the physical network sends by itself.  From another one the packet goes to the active gateway of
 * the egress router port, as it was when it entered the router: there it is routed once more, and
 * loses the one hop of its TTL.
 *
 * What has come in this way goes on from here in no other, so that chassis which disagree about the
 * active gateway do not send it around.
 *
 * Here it is also decided whether the source address is translated, by the router's port that the
 * packet leaves by: by a floating IP on the chassis of the machine, or on the active gateway; by
 * the translation of a prefix, of which the longest counts, on the active gateway.  A packet goes
 * to the chassis that translates it as one goes that cannot leave here.  What a router says itself
 * has its address outside already. */

enum {
    PRIORITY_FLOATING_IP = 200,
    PRIORITY_OWN_ERROR = 195,
    PRIORITY_OWN = 190,
    PRIORITY_ARRIVED = 180,
    PRIORITY_NOT_CONNECTED = 170,
    PRIORITY_PREFIX = 100, /* Plus the prefix length. */
};

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_resubmit(&actions, &stage_pmtu);
    stage_flow(run, &stage_gateway, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
match_egress(struct match *match, const struct router_port *rp)
{
    match_network(match, router_port_network(rp));
    match_router(match, router_port_router(rp));
}

/* What 'match_' matches goes to the active gateway, unless it has come from another chassis. */
static void
flows_to_gateway(struct run *run, const struct router_port *rp, uint16_t priority,
                 uint16_t arrived_priority, const struct match *match_)
{
    const struct chassis *gateway = router_port_gateway(run, rp);
    struct match match = *match_;
    ACTIONS(actions);

    if (!gateway || !transit_act_send(run, &actions, rp, gateway)) {
        ofpbuf_clear(&actions);
        native_attachment.refuse(&actions, PIN_NO_NEIGHBOUR);
    }
    match_flags(&match, 0, arrived_priority == priority ? FLAG_TRANSIT : 0);
    stage_flow(run, &stage_gateway, priority, &match, &actions);

    match_flags(&match, FLAG_TRANSIT, FLAG_TRANSIT);
    ofpbuf_clear(&actions);
    stage_flow(run, &stage_gateway, arrived_priority, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
flow_translate(struct run *run, uint16_t priority, const struct match *match, uint32_t flags)
{
    ACTIONS(actions);

    act_set_flags(&actions, flags, FLAGS_NAT);
    act_resubmit(&actions, &stage_pmtu);
    stage_flow(run, &stage_gateway, priority, match, &actions);
    ofpbuf_uninit(&actions);
}

static void
gateway_router_port(struct run *run, const struct subject *subject)
{
    const struct router_port *rp = subject_router_port(subject);
    const struct network_config *network = network_look(run, router_port_network(rp));

    if (network && network_type_is_provider(network->type)
        && router_is_active(run, router_port_router(rp))
        && !host_provider_ofport(run, network->physical_network)) {
        struct match match = MATCH_CATCHALL_INITIALIZER;

        match_egress(&match, rp);
        flows_to_gateway(run, rp, PRIORITY_NOT_CONNECTED, PRIORITY_ARRIVED, &match);
    }
}

/* Where sources are translated, the router's own ICMP errors (RFC 792) may quote packets that were
 * translated as they came in: conntrack repairs the quotations. */
static void
flows_own_errors(struct run *run, const struct nat *nat, const struct router_port *rp)
{
    static const uint8_t types[] = {ICMP4_DST_UNREACH, ICMP4_TIME_EXCEEDED};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct match match = MATCH_CATCHALL_INITIALIZER;

        match_egress(&match, rp);
        match_src_address(&match, &nat_look(run, nat)->external_ip);
        match_set_nw_proto(&match, IPPROTO_ICMP);
        match_set_icmp_type(&match, types[i]);
        flow_translate(run, PRIORITY_OWN_ERROR, &match, FLAG_NAT);
    }
}

/* The addresses of the router itself may be in the prefix, but need no translation. */
static void
flows_own(struct run *run, const struct router_port *rp)
{
    const struct router_port_config *config = router_port_look(run, rp);

    for (size_t i = 0; i < config->n_addresses; i++) {
        struct match match = MATCH_CATCHALL_INITIALIZER;

        if (address_is_ipv4(&config->addresses[i].address)) {
            ACTIONS(actions);

            match_egress(&match, rp);
            match_src_address(&match, &config->addresses[i].address);
            act_resubmit(&actions, &stage_pmtu);
            stage_flow(run, &stage_gateway, PRIORITY_OWN, &match, &actions);
            ofpbuf_uninit(&actions);
        }
    }
}

static void
gateway_nat(struct run *run, const struct subject *subject)
{
    const struct nat *nat = subject_nat(subject);
    const struct nat_config *config = nat_look(run, nat);
    const struct router_port *rp = nat_router_port(run, nat);
    const struct network_config *network = rp ? network_look(run, router_port_network(rp)) : NULL;

    if (!network || !host_provider_ofport(run, network->physical_network)
        || !nat_is_of_source(run, nat)) {
        return;
    }

    bool is_floating = config->type == NAT_DNAT_AND_SNAT;
    unsigned int length = prefix_length(&config->logical);
    uint16_t priority = is_floating ? PRIORITY_FLOATING_IP : PRIORITY_PREFIX + length;
    struct match match = MATCH_CATCHALL_INITIALIZER;

    match_egress(&match, rp);
    match_src_prefix(&match, &config->logical.address, length);
    switch (nat_place(run, nat)) {
    case NAT_HERE:
        flow_translate(run, priority, &match, FLAG_NAT | (is_floating ? FLAG_FLOATING : 0));
        break;
    case NAT_AT_GATEWAY:
        flows_to_gateway(run, rp, priority, priority, &match);
        break;
    case NAT_ELSEWHERE:
    case NAT_NOWHERE:
    default:
        break;
    }
    if (!is_floating) {
        flows_own(run, rp);
        if (nat_place(run, nat) == NAT_HERE) {
            flows_own_errors(run, nat, rp);
        }
    }
}

const struct stage stage_gateway = {
    .table = 132,
    .name = "gateway",
    .purpose = "on which chassis it leaves for a physical network",
    .next = STAGE_LIST(&stage_pmtu, &stage_deliver, &stage_limit_port),
    .priorities = PRIORITY_LIST({PRIORITY_FLOATING_IP, "from an address with a floating IP"},
                                {PRIORITY_OWN_ERROR, "an ICMP error of the router"},
                                {PRIORITY_OWN, "from an address of the router"},
                                {PRIORITY_ARRIVED, "has come to a gateway that is none"},
                                {PRIORITY_NOT_CONNECTED, "this chassis is not connected"},
                                {PRIORITY_PREFIX, "from a translated prefix: plus its length", 32},
                                {PRIORITY_ELSE, "it leaves here"}),
    .reads = REGISTER_LIST(REG_NETWORK, REG_FLAGS, XREG_ROUTER),
    .writes = REGISTER_LIST(REG_NETWORK, REG_FLAGS),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"gateway", &topology_kinds[KIND_ROUTER_PORT], gateway_router_port},
                               {"gateway-nat", &topology_kinds[KIND_NAT], gateway_nat}),
        },
};
