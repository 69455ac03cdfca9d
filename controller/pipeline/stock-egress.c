/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Stage "stock-egress": where packets of ports with the openvswitch firewall are, after the egress
 * rules of Neutron's stock agent.  Those to a router are taken out of it. */

/* Above NORMAL (1) and what the agent has there besides (up to 12). */
enum {
    PRIORITY_QUESTION = 60,
    PRIORITY_PACKET = 50,
};

void
stock_egress_hook(struct run *run, bool question, const struct match *match,
                  const struct ofpbuf *actions)
{
    stage_flow(run, &stage_stock_egress, question ? PRIORITY_QUESTION : PRIORITY_PACKET, match,
               actions);
}

const struct stage stage_stock_egress = {
    .table = 94, /* The agent's ACCEPTED_EGRESS_TRAFFIC_NORMAL_TABLE. */
    .name = "stock-egress",
    .purpose = "the agent's accepted egress: packets to a router",
    .next = STAGE_LIST(&stage_entry),
    .priorities = PRIORITY_LIST({PRIORITY_QUESTION, "questions for a router's address"},
                                {PRIORITY_PACKET, "packets to a router"}),
    .writes = REGISTER_LIST(REG_FLAGS),
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .stated_by = STAGE_LIST(&stage_stock_transient, &stage_responder, &stage_solicitation),
        },
};
