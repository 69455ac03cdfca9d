/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"

/* Stage "stock-transient": the crossroads of Neutron's stock agent, which sees every packet.
 * Those to a router are taken out of it. */

/* Between NORMAL (3), the agent's direct delivery (20) and its firewall (90, 100). */
enum {
    PRIORITY_QUESTION = 60,
    PRIORITY_PACKET = 50,
};

static void
hook(struct run *run, bool question, struct match *match, const struct ofpbuf *actions)
{
    /* Packets of local ports are untagged in both tables. */
    match_set_dl_tci_masked(match, 0, htons(VLAN_CFI));
    stage_flow(run, &stage_stock_transient, question ? PRIORITY_QUESTION : PRIORITY_PACKET, match,
               actions);
    stock_egress_hook(run, question, match, actions);
}

void
ml2_hook_question(struct run *run, struct match *match)
{
    ACTIONS(actions);

    act_set_flags(&actions, FLAG_RESPOND, FLAG_RESPOND);
    act_resubmit(&actions, &stage_entry);
    hook(run, true, match, &actions);
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

    /* Packets of the versions of IP that the router speaks there. */
    const struct router_port_config *config = router_port_look(run, rp);
    ACTIONS(actions);
    act_resubmit(&actions, &stage_entry);
    for (size_t i = 0; i < config->n_addresses; i++) {
        struct match match = MATCH_CATCHALL_INITIALIZER;

        (address_is_ipv4(&config->addresses[i].address) ? match_ipv4 : match_ipv6)(&match);
        match_set_dl_dst(&match, entry_mac(entry));
        hook(run, false, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

const struct stage stage_stock_transient = {
    .table = 60, /* The agent's TRANSIENT_TABLE. */
    .name = "stock-transient",
    .purpose = "the agent's crossroads: packets to a router",
    .next = STAGE_LIST(&stage_entry),
    .priorities = PRIORITY_LIST({PRIORITY_QUESTION, "questions for a router's address"},
                                {PRIORITY_PACKET, "packets to a router"}),
    .writes = REGISTER_LIST(REG_FLAGS),
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .rules = RULE_LIST({"ml2-hook", &topology_kinds[KIND_MAC], hook_router_port}),
            .stated_by = STAGE_LIST(&stage_responder, &stage_solicitation),
        },
};
