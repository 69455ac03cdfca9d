/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"

/* Stage "nat-in-done": what conntrack has made of what comes from outside.
 *
 * What belongs to a connection of a machine, or is an ICMP error about one, has the machine's
 * address by now, and goes into the router.  All else to an address of the router itself is for the
 * router. */

enum {
    PRIORITY_TRANSLATED = 110,
    PRIORITY_OWN = 100,
};

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_ipv4(&match);
    match_set_ct_state_masked(&match, CS_TRACKED | CS_DST_NAT, CS_TRACKED | CS_DST_NAT);
    act_resubmit(&actions, &stage_router);
    stage_flow(run, &stage_nat_in_done, PRIORITY_TRANSLATED, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
nat_in_done(struct run *run, const struct subject *subject)
{
    const struct nat *nat = subject_nat(subject);
    const struct nat_config *config = nat_look(run, nat);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (config->type == NAT_SNAT && nat_place(run, nat) == NAT_HERE
        && router_zone(run, nat_router(nat))) {
        match_network(&match, router_port_network(nat_router_port(run, nat)));
        match_router(&match, nat_router(nat));
        match_dst_address(&match, &config->external_ip);
        act_resubmit(&actions, &stage_router);
        stage_flow(run, &stage_nat_in_done, PRIORITY_OWN, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

const struct stage stage_nat_in_done = {
    .table = 117,
    .name = "nat-in-done",
    .purpose = "what has been translated on its way in",
    .next = STAGE_LIST(&stage_router),
    .priorities = PRIORITY_LIST({PRIORITY_TRANSLATED, "it has a machine's address"},
                                {PRIORITY_OWN, "it is for the router"}),
    .reads = REGISTER_LIST(REG_NETWORK, XREG_ROUTER),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"nat-in-done", &topology_kinds[KIND_NAT], nat_in_done}),
        },
};
