/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"

/* Stage "nat-out-done": what conntrack has made of what leaves a router.
 *
 * A switch whose conntrack finds no free port lets the packet pass as it is, and one that takes a
 * packet for invalid does not translate it: only what has an external address as its source leaves.
 * So the packets that the flow for the rest counts are those that found no port. */

enum {
    PRIORITY_TRANSLATED = 100,
    PRIORITY_OWN_ERROR = 90,
};

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    stage_flow(run, &stage_nat_out_done, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
nat_out_done(struct run *run, const struct subject *subject)
{
    const struct nat *nat = subject_nat(subject);
    const struct nat_config *config = nat_look(run, nat);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (nat_place(run, nat) == NAT_HERE && router_zone(run, nat_router(nat))) {
        match_network(&match, router_port_network(nat_router_port(run, nat)));
        match_router(&match, nat_router(nat));
        match_src_address(&match, &config->external_ip);
        match_set_ct_state_masked(&match, CS_TRACKED | CS_SRC_NAT, CS_TRACKED | CS_SRC_NAT);
        act_resubmit(&actions, &stage_fdb);
        stage_flow(run, &stage_nat_out_done, PRIORITY_TRANSLATED, &match, &actions);

        if (config->type == NAT_SNAT) {
            match_set_ct_state_masked(&match, CS_TRACKED, CS_TRACKED);
            match_set_nw_proto(&match, IPPROTO_ICMP);
            stage_flow(run, &stage_nat_out_done, PRIORITY_OWN_ERROR, &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}

const struct stage stage_nat_out_done = {
    .table = 157,
    .name = "nat-out-done",
    .purpose = "what has been translated on its way out",
    .next = STAGE_LIST(&stage_fdb),
    .priorities = PRIORITY_LIST({PRIORITY_TRANSLATED, "it has an external address"},
                                {PRIORITY_OWN_ERROR, "an ICMP error of the router"},
                                {PRIORITY_ELSE, "it has found no port"}),
    .reads = REGISTER_LIST(REG_NETWORK, XREG_ROUTER),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"nat-out-done", &topology_kinds[KIND_NAT], nat_out_done}),
        },
};
