/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Stages "limit-port" and "limit": how much goes to the daemon.
 *
 * What is on its way to the daemon comes by, and what is too much ends here: the meter of
 * the port first, so that a port that floods leaves the meter of all to the others.  These
 * are two stages because OpenFlow 1.3 and 1.4 allow one meter in a flow. */

static void
flow_limit(struct run *run, enum stage stage, uint16_t priority, const struct match *match,
           uint32_t meter)
{
    ACTIONS(actions);

    if (meter) {
        ofpact_put_METER(&actions)->meter_id = meter;
    }
    if (stage != STAGE_LIMIT) {
        act_resubmit(&actions, STAGE_LIMIT);
    }
    run_flow(run, stage, priority, match, &actions);
    ofpbuf_uninit(&actions);
}

void
limit_port(struct run *run, ofp_port_t ofport)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;

    match_set_reg(&match, reg_index(REG_INPORT), ofp_to_u16(ofport));
    flow_limit(run, STAGE_LIMIT_PORT, 100, &match,
               METER_PORT_FIRST + ofp_to_u16(ofport) % N_PORT_METERS);
}

void
limit_local_port(struct run *run, const struct subject *subject)
{
    const struct port *port = subject_local_port(subject);
    const struct chassis *chassis;
    ofp_port_t ofport;

    if (port_location(run, port, &ofport, &chassis) == LOCATION_LOCAL) {
        limit_port(run, ofport);
    }
}

/* What has not come from a local port shares the meter of all. */
void
limit_constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;

    flow_limit(run, STAGE_LIMIT_PORT, 0, &match, 0);
    flow_limit(run, STAGE_LIMIT, 0, &match, METER_PACKET_IN);
}
