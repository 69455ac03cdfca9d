/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"

/* Stage "stock-transient": the crossroads of Neutron's stock agent, which sees every packet.
 * Those to a router are taken out of it. */

/* Between NORMAL (3), the agent's direct delivery (20) and its firewall (90, 100). */
#define PRIORITY_HOOK 50

/* Packets of local ports are untagged in both tables. */
void
ml2_hook(struct run *run, struct match *match)
{
    ACTIONS(actions);

    match_set_dl_tci_masked(match, 0, htons(VLAN_CFI));
    act_resubmit(&actions, &stage_entry);
    stage_flow(run, &stage_stock_transient, PRIORITY_HOOK, match, &actions);
    stock_egress_hook(run, match, &actions);
    ofpbuf_uninit(&actions);
}

static void
hook_router_port(struct run *run, const struct subject *subject)
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
    ml2_hook(run, &match);
}

const struct stage stage_stock_transient = {
    .table = 60, /* The agent's TRANSIENT_TABLE. */
    .name = "stock-transient",
    .purpose = "the agent's crossroads: packets to a router",
    .next = STAGE_LIST(&stage_entry),
    .priorities = PRIORITY_LIST({PRIORITY_HOOK, "packets to a router"}),
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .rules = RULE_LIST({"ml2-hook", &topology_kinds[KIND_MAC], hook_router_port}),
            .stated_by = STAGE_LIST(&stage_responder),
        },
};
