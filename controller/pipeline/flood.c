/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Stage "flood": broadcast and multicast to the local ports of a network.
 *
 * One copy for each other local port (the switch never returns a packet to its
 * in_port), then on to stage "flood-out".  Routers hear nothing of it, however many
 * there are: what they must answer, stage "responder" does. */

#define PRIORITY_NETWORK 100

static void
flood_network(struct run *run, const struct subject *subject)
{
    const struct network *network = subject_network(subject);

    if (!network_look(run, network) || !network_is_local(run, network)) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_network(&match, network);

    ACTIONS(actions);
    size_t n;
    ofp_port_t *ofports = network_local_ofports(run, network, &n);
    for (size_t i = 0; i < n; i++) {
        act_output(&actions, ofports[i]);
    }
    free(ofports);
    act_resubmit(&actions, &stage_flood_out);
    stage_flow(run, &stage_flood, PRIORITY_NETWORK, &match, &actions);
    ofpbuf_uninit(&actions);
}

const struct stage stage_flood = {
    .table = 168,
    .name = "flood",
    .purpose = "broadcast and multicast to the local ports of a network",
    .next = STAGE_LIST(&stage_flood_out),
    .priorities = PRIORITY_LIST({PRIORITY_NETWORK, "a network"}),
    .reads = REGISTER_LIST(REG_NETWORK),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .rules = RULE_LIST({"flood", &topology_kinds[KIND_NETWORK], flood_network}),
        },
};
