/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/pipeline.h"

#include "pipeline/rules.h"
#include "topology/topology.h"
#include "util.h"

const struct stage_info pipeline_stages[] = {
#define STAGE(NAME, TABLE, STRING, PURPOSE) {TABLE, STRING, PURPOSE},
    STAGES
#undef STAGE
};
const size_t pipeline_n_stages = ARRAY_SIZE(pipeline_stages);

void
constant_flows(struct run *run, const struct subject *subject OVS_UNUSED)
{
    responder_constants(run);
    fdb_constants(run);
    router_constants(run);
    route_constants(run);
    pmtu_constants(run);
    neighbour_constants(run);
    rewrite_constants(run);
}

bool
pipeline_decode_packet_in(const void *userdata, size_t len, const struct match *metadata,
                          struct pipeline_packet_in *pin)
{
    const struct flow *flow = &metadata->flow;
    uint8_t reason;

    if (len != sizeof reason) {
        return false;
    }
    memcpy(&reason, userdata, sizeof reason);
    if (reason < PIN_TTL_EXCEEDED || reason > PIN_TOO_BIG) {
        return false;
    }
    pin->reason = reason;
    pin->router_key = flow_get_xreg(flow, XREG_ROUTER - MFF_XREG0);
    pin->network_key = ntohll(flow->metadata);
    pin->inport = flow->regs[REG_INPORT - MFF_REG0];
    return true;
}

void
pipeline_put_inject(struct ofpbuf *actions, uint64_t router_key)
{
    act_set(actions, XREG_ROUTER, router_key);
    act_resubmit(actions, STAGE_ROUTE);
}

/* The names are hashed into cookies: renaming a rule makes a restart replace its
 * flows. */
const struct rule pipeline_rules[] = {
    {"constant", &topology_kinds[KIND_PIPELINE], constant_flows},
    {"classify-port", &topology_kinds[KIND_LOCAL_PORT], classify_local_port},
    {"classify-network", &topology_kinds[KIND_NETWORK], classify_network},
    {"respond-own", &topology_kinds[KIND_LOCAL_PORT], respond_own_addresses},
    {"fdb", &topology_kinds[KIND_MAC], fdb_mac},
    {"router-address", &topology_kinds[KIND_ADDRESS], router_address},
    {"route", &topology_kinds[KIND_PREFIX], route_prefix},
    {"pmtu", &topology_kinds[KIND_NETWORK], pmtu_network},
    {"neighbour", &topology_kinds[KIND_ADDRESS], neighbour_address},
    {"deliver", &topology_kinds[KIND_NETWORK], deliver_network},
    {"flood", &topology_kinds[KIND_NETWORK], flood_network},
    {"flood-out", &topology_kinds[KIND_NETWORK], flood_out_network},
};
const size_t pipeline_n_rules = ARRAY_SIZE(pipeline_rules);
