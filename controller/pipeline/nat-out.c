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
 * for fragments and ICMP errors. */

enum {
    PRIORITY_ERROR = 230,
    PRIORITY_FRAGMENT = 220,
    PRIORITY_FLOATING_IP = 200,
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

static void
flows_floating_ip(struct run *run, const struct nat *nat, const struct match *match)
{
    const struct nat_config *config = nat_look(run, nat);
    ACTIONS(actions);

    act_set(&actions, MFF_IPV4_SRC, ntohl(in6_addr_get_mapped_ipv4(&config->external_ip)));
    act_set_mac(&actions, MFF_ETH_SRC, nat_mac(nat));
    act_set_flags(&actions, 0, FLAGS_NAT | FLAG_ROUTED);
    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_nat_out, PRIORITY_FLOATING_IP, match, &actions);
    ofpbuf_uninit(&actions);
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

    match_network(&match, router_port_network(nat_router_port(run, nat)));
    match_router(&match, nat_router(nat));
    match_src_prefix_ipv4(&match, &config->logical.address, prefix_length(&config->logical));
    if (config->type == NAT_DNAT_AND_SNAT) {
        flows_floating_ip(run, nat, &match);
    }
}

const struct stage stage_nat_out = {
    .table = 156,
    .name = "nat-out",
    .purpose = "the translation of what leaves a router",
    .next = STAGE_LIST(&stage_fdb, &stage_limit_port),
    .priorities =
        PRIORITY_LIST({PRIORITY_ERROR, "an ICMP error"}, {PRIORITY_FRAGMENT, "a fragment"},
                      {PRIORITY_FLOATING_IP, "from an address with a floating IP"}),
    .reads = REGISTER_LIST(REG_NETWORK, XREG_ROUTER, REG_FLAGS),
    .writes = REGISTER_LIST(REG_FLAGS),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"nat-out", &topology_kinds[KIND_NAT], nat_out}),
        },
};
