/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Stage "limit-port": how much of a port goes to the daemon.
 *
 * What is on its way to the daemon comes by, and what is too much ends here: the meter of
 * the port first, so that a port that floods leaves the meter of all, in stage "limit", to the
 * others.  These are two stages because OpenFlow 1.3 and 1.4 allow one meter in a flow. */

#define PRIORITY_PORT 100

static void
flow_port(struct run *run, ofp_port_t ofport)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_set_reg(&match, reg_index(REG_INPORT), ofp_to_u16(ofport));
    ofpact_put_METER(&actions)->meter_id = METER_PORT_FIRST + ofp_to_u16(ofport) % N_PORT_METERS;
    act_resubmit(&actions, &stage_limit);
    stage_flow(run, &stage_limit_port, PRIORITY_PORT, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
limit_local_port(struct run *run, const struct subject *subject)
{
    const struct port *port = subject_local_port(subject);
    const struct chassis *chassis;
    ofp_port_t ofport;

    if (port_location(run, port, &ofport, &chassis) == LOCATION_LOCAL) {
        flow_port(run, ofport);
    }
}

static void
flow_else(struct run *run)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_resubmit(&actions, &stage_limit);
    stage_flow(run, &stage_limit_port, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* A tunnel may ask as much of the daemon as one local port.  What has come from neither
 * shares the meter of all. */
static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{

    for (int i = 0; i < N_ENCAPS * N_UNDERLAYS; i++) {
        ofp_port_t ofport = host_tunnel_ofport(run, i / N_UNDERLAYS, i % N_UNDERLAYS);

        if (ofport) {
            flow_port(run, ofport);
        }
    }
    flow_else(run);
}

/* So may a physical network, with all its hosts. */
static void
native_constants(struct run *run, const struct attachment *attachment)
{
    size_t n;
    ofp_port_t *ofports = host_provider_ofports(run, &n);

    for (size_t i = 0; i < n; i++) {
        flow_port(run, ofports[i]);
    }
    free(ofports);
    constants(run, attachment);
}

const struct stage stage_limit_port = {
    .table = 176,
    .name = "limit-port",
    .purpose = "how much of a port goes to the daemon",
    .next = STAGE_LIST(&stage_limit),
    .priorities = PRIORITY_LIST({PRIORITY_PORT, "a port"}, {PRIORITY_ELSE, "no port"}),
    .reads = REGISTER_LIST(REG_INPORT),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = native_constants,
            .rules = RULE_LIST({"limit-port", &topology_kinds[KIND_LOCAL_PORT], limit_local_port}),
        },
    .flows[MODE_ML2] = &(const struct stage_flows){.constants = constants},
};
