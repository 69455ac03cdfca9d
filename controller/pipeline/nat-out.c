/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/nat.h"

#include "nb/ip.h"
#include "packets.h"
#include "pipeline/rules.h"

/* Stage "nat-out": the translation of what leaves a router for an external network, of which stage
 * "gateway" has decided that it takes place here.
 *
 * By a floating IP: stateless, the source becomes the external address, and leaves with the MAC
 * address of the floating IP, which is only ever seen where it is translated.  See stage "nat-in"
 * for fragments and ICMP errors.
 *
 * From a translated prefix, of which the longest counts: conntrack gives each connection a port of
 * the address that the prefix shares; it leaves with the router's MAC address, as it leaves on the
 * active gateway only.  Stage "nat-out-done" sees that it has been given one. */

enum {
    PRIORITY_ERROR = 230,
    PRIORITY_FRAGMENT = 220,
    PRIORITY_OWN_ERROR = 210,
    PRIORITY_FLOATING_IP = 200,
    PRIORITY_PREFIX = 100, /* Plus the prefix length. */
};

void
nat_error_flows(struct run *run, const struct stage *stage, uint16_t priority,
                const struct ofpbuf *actions)
{
    /* RFC 792; a redirect (type 5) is for a host on the link. */
    static const uint8_t types[] = {ICMP4_DST_UNREACH, ICMP4_SOURCEQUENCH, ICMP4_REDIRECT,
                                    ICMP4_TIME_EXCEEDED, ICMP4_PARAM_PROB};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct match match = MATCH_CATCHALL_INITIALIZER;

        match_ipv4(&match);
        match_set_nw_proto(&match, IPPROTO_ICMP);
        match_set_icmp_type(&match, types[i]);
        match_set_nw_frag(&match, 0);
        match_flags(&match, FLAG_FLOATING, FLAG_FLOATING);
        stage_flow(run, stage, priority, &match, actions);
    }
}

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    ACTIONS(actions);

    act_to_daemon(&actions, PIN_NAT_ERROR_OUT, NULL, 0);
    nat_error_flows(run, &stage_nat_out, PRIORITY_ERROR, &actions);
    ofpbuf_uninit(&actions);
}

/* By conntrack, in 'zone', if it is not 0.  'mac' is the MAC address that it leaves with. */
static void
flow_conntrack(struct run *run, const struct nat *nat, uint16_t zone, uint16_t priority,
               const struct match *match, enum ct_nat kind, struct eth_addr mac)
{
    ACTIONS(actions);

    if (zone) {
        act_set_mac(&actions, MFF_ETH_SRC, mac);
        act_set_flags(&actions, 0, FLAGS_NAT | FLAG_ROUTED);
        act_ct_nat(&actions, zone, kind, &nat_look(run, nat)->external_ip, &stage_nat_out_done);
    }
    stage_flow(run, &stage_nat_out, priority, match, &actions);
    ofpbuf_uninit(&actions);
}

static void
flows_floating_ip(struct run *run, const struct nat *nat, const struct match *match)
{
    const struct nat_config *config = nat_look(run, nat);
    struct match fragment = *match;
    ACTIONS(actions);

    act_set(&actions, MFF_IPV4_SRC, ntohl(in6_addr_get_mapped_ipv4(&config->external_ip)));
    act_set_mac(&actions, MFF_ETH_SRC, nat_mac(nat));
    act_set_flags(&actions, 0, FLAGS_NAT | FLAG_ROUTED);
    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_nat_out, PRIORITY_FLOATING_IP, match, &actions);
    ofpbuf_uninit(&actions);

    match_set_nw_frag_masked(&fragment, FLOW_NW_FRAG_ANY, FLOW_NW_FRAG_ANY);
    flow_conntrack(run, nat, router_zone_fragments_out(run, nat_router(nat)), PRIORITY_FRAGMENT,
                   &fragment, CT_NAT_SRC, nat_mac(nat));
}

static void
nat_out(struct run *run, const struct subject *subject)
{
    const struct nat *nat = subject_nat(subject);
    const struct nat_config *config = nat_look(run, nat);
    struct match match = MATCH_CATCHALL_INITIALIZER;

    if (nat_place(run, nat) != NAT_HERE || !nat_is_of_source(run, nat)) {
        return;
    }

    const struct router_port *rp = nat_router_port(run, nat);
    unsigned int length = prefix_length(&config->logical);
    match_network(&match, router_port_network(rp));
    match_router(&match, nat_router(nat));
    match_src_prefix(&match, &config->logical.address, length);
    if (config->type == NAT_DNAT_AND_SNAT) {
        flows_floating_ip(run, nat, &match);
    } else {
        struct eth_addr mac = router_port_look(run, rp)->mac;
        uint16_t zone = router_zone(run, nat_router(nat));

        flow_conntrack(run, nat, zone, PRIORITY_PREFIX + length, &match, CT_NAT_SRC, mac);
        match_src_address(&match, &config->external_ip);
        match_set_nw_proto(&match, IPPROTO_ICMP);
        flow_conntrack(run, nat, zone, PRIORITY_OWN_ERROR, &match, CT_NAT_NONE, mac);
    }
}

const struct stage stage_nat_out = {
    .table = 156,
    .name = "nat-out",
    .purpose = "the translation of what leaves a router",
    .next = STAGE_LIST(&stage_fdb, &stage_nat_out_done, &stage_limit_port),
    .priorities =
        PRIORITY_LIST({PRIORITY_ERROR, "an ICMP error"}, {PRIORITY_FRAGMENT, "a fragment"},
                      {PRIORITY_OWN_ERROR, "an ICMP error of the router"},
                      {PRIORITY_FLOATING_IP, "from an address with a floating IP"},
                      {PRIORITY_PREFIX, "from a translated prefix: plus its length", 32}),
    .reads = REGISTER_LIST(REG_NETWORK, XREG_ROUTER, REG_FLAGS),
    .writes = REGISTER_LIST(REG_FLAGS),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"nat-out", &topology_kinds[KIND_NAT], nat_out}),
        },
};
