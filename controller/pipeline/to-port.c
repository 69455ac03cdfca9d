/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Stage "to-port": out to a local port.
 *
 * Whatever a local port receives comes by here, be it for the port alone or a copy of a
 * broadcast: stages "fdb" and "flood" only say which port it is.  The switch never returns a
 * packet to its in_port. */

#define PRIORITY_PORT 100

static void
to_local_port(struct run *run, const struct subject *subject)
{
    const struct port *port = subject_local_port(subject);
    ofp_port_t ofport = port_local_ofport(run, port);

    if (!ofport) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_set_reg(&match, reg_index(REG_OUTPORT), ofp_to_u16(ofport));

    ACTIONS(actions);
    act_output(&actions, ofport);
    stage_flow(run, &stage_to_port, PRIORITY_PORT, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* What is for a physical network's port is for a host there, with the network's tag. */
static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    size_t n;
    ofp_port_t *ofports = host_provider_ofports(run, &n);

    for (size_t i = 0; i < n; i++) {
        struct match match = MATCH_CATCHALL_INITIALIZER;
        ACTIONS(actions);

        match_set_reg(&match, reg_index(REG_OUTPORT), ofp_to_u16(ofports[i]));
        act_resubmit(&actions, &stage_deliver);
        stage_flow(run, &stage_to_port, PRIORITY_PORT, &match, &actions);
        ofpbuf_uninit(&actions);
    }
    free(ofports);
}

const struct stage stage_to_port = {
    .table = 164,
    .name = "to-port",
    .purpose = "out to a local port",
    .next = STAGE_LIST(&stage_deliver),
    .priorities = PRIORITY_LIST({PRIORITY_PORT, "a local port, or a physical network"}),
    .reads = REGISTER_LIST(REG_OUTPORT),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"to-port", &topology_kinds[KIND_LOCAL_PORT], to_local_port}),
        },
};
