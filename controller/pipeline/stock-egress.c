/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Stage "stock-egress": where packets of ports with the openvswitch firewall are, after the egress
 * rules of Neutron's stock agent.  Those to a router are taken out of it. */

/* Between NORMAL (1) and what the agent has above (up to 12), and its own rules. */
#define PRIORITY_HOOK 50

void
stock_egress_hook(struct run *run, const struct match *match, const struct ofpbuf *actions)
{
    stage_flow(run, &stage_stock_egress, PRIORITY_HOOK, match, actions);
}

const struct stage stage_stock_egress = {
    .table = 94, /* The agent's ACCEPTED_EGRESS_TRAFFIC_NORMAL_TABLE. */
    .name = "stock-egress",
    .purpose = "the agent's accepted egress: packets to a router",
    .next = STAGE_LIST(&stage_entry),
    .priorities = PRIORITY_LIST({PRIORITY_HOOK, "packets to a router"}),
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .stated_by = STAGE_LIST(&stage_stock_transient, &stage_responder),
        },
};
