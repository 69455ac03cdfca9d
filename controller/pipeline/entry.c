/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Stage "entry": which network a local port is in, for packets taken out of the pipeline of
 * Neutron's stock agent.  The agent has checked their source addresses. */

#define PRIORITY_PORT 100

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    ml2_else_normal(run, &stage_entry);
}

static void
entry_local_port(struct run *run, const struct subject *subject)
{
    classify_port_in(run, subject, &stage_entry, PRIORITY_PORT, false);
}

const struct stage stage_entry = {
    .table = 102,
    .name = "entry",
    .purpose = "which network a local port is in",
    .next = STAGE_LIST(&stage_responder),
    .priorities = PRIORITY_LIST({PRIORITY_PORT, "a local port"}, {PRIORITY_ELSE, "another port"}),
    .writes = REGISTER_LIST(REG_NETWORK, REG_INPORT),
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"ml2-entry", &topology_kinds[KIND_LOCAL_PORT], entry_local_port}),
        },
};
