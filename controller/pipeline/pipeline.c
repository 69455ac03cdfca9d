/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/pipeline.h"

#include "pipeline/rules.h"
#include "topology/topology.h"
#include "util.h"

#define STAGE(NAME, TABLE, STRING, PURPOSE) {TABLE, STRING, PURPOSE},
static const struct stage_info native_stages[] = {STAGES};
static const struct stage_info ml2_stages[] = {ML2_STAGES STAGES_SHARED};
#undef STAGE

static void
drop(struct ofpbuf *actions OVS_UNUSED, enum packet_in_reason reason OVS_UNUSED)
{
}

static const struct attachment native = {.refuse = act_to_daemon, .refuse_quiet = drop};

void
constant_flows(struct run *run, const struct subject *subject OVS_UNUSED)
{
    classify_constants(run, &native);
    tunnel_source_constants(run, &native);
    responder_constants(run, &native);
    fdb_constants(run, &native);
    router_constants(run, &native);
    route_constants(run, &native);
    pmtu_constants(run, &native);
    neighbour_constants(run, &native);
    rewrite_constants(run, &native);
    limit_constants(run, &native);
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
    if (reason < PIN_TTL_EXCEEDED || reason > PIN_STRANGER) {
        return false;
    }
    pin->reason = reason;
    pin->router_key = flow_get_xreg(flow, XREG_ROUTER - MFF_XREG0);
    pin->network_key = ntohll(flow->metadata);
    pin->inport = flow->regs[reg_index(REG_INPORT)];
    pin->tunnel_source = flow_tnl_src(&flow->tunnel);
    return true;
}

void
pipeline_put_inject(struct ofpbuf *actions, uint64_t router_key)
{
    act_set(actions, XREG_ROUTER, router_key);
    act_resubmit(actions, STAGE_ROUTE);
}

void
pipeline_put_flood_local(struct ofpbuf *actions, uint64_t network_key, ofp_port_t except)
{
    act_set(actions, MFF_METADATA, network_key);
    act_set_flags(actions, FLAG_FROM_TUNNEL, UINT32_MAX); /* So it does not leave the chassis. */
    if (except) {
        act_set(actions, MFF_IN_PORT, ofp_to_u16(except));
    }
    act_resubmit(actions, STAGE_FLOOD);
}

/* The names are hashed into cookies: renaming a rule makes a restart replace its
 * flows. */
static const struct rule native_rules[] = {
    {"constant", &topology_kinds[KIND_PIPELINE], constant_flows},
    {"classify-port", &topology_kinds[KIND_LOCAL_PORT], classify_local_port},
    {"classify-network", &topology_kinds[KIND_NETWORK], classify_network},
    {"tunnel-source", &topology_kinds[KIND_CHASSIS], tunnel_source_chassis},
    {"respond-own", &topology_kinds[KIND_LOCAL_PORT], respond_own_addresses},
    {"fdb", &topology_kinds[KIND_MAC], fdb_mac},
    {"router-address", &topology_kinds[KIND_ROUTER_PORT], router_addresses},
    {"route", &topology_kinds[KIND_PREFIX], route_prefix},
    {"pmtu", &topology_kinds[KIND_NETWORK], pmtu_network},
    {"neighbour", &topology_kinds[KIND_ADDRESS], neighbour_address},
    {"deliver", &topology_kinds[KIND_NETWORK], deliver_network},
    {"flood", &topology_kinds[KIND_NETWORK], flood_network},
    {"flood-out", &topology_kinds[KIND_NETWORK], flood_out_network},
    {"limit-port", &topology_kinds[KIND_LOCAL_PORT], limit_local_port},
};

static const struct rule ml2_rules[] = {
    {"ml2-constant", &topology_kinds[KIND_PIPELINE], ml2_constant_flows},
    {"ml2-hook", &topology_kinds[KIND_MAC], ml2_hook_router_port},
    {"ml2-answer", &topology_kinds[KIND_ADDRESS], ml2_answer_address},
    {"ml2-entry", &topology_kinds[KIND_LOCAL_PORT], ml2_entry_local_port},
    {"ml2-arrive", &topology_kinds[KIND_NETWORK], ml2_arrive_network},
    {"ml2-tunnel-source", &topology_kinds[KIND_CHASSIS], ml2_tunnel_source_chassis},
    {"ml2-fdb", &topology_kinds[KIND_MAC], ml2_fdb_mac},
    {"ml2-route", &topology_kinds[KIND_PREFIX], ml2_route_prefix},
    {"pmtu", &topology_kinds[KIND_NETWORK], pmtu_network},
    {"ml2-neighbour", &topology_kinds[KIND_ADDRESS], ml2_neighbour_address},
    {"ml2-deliver", &topology_kinds[KIND_NETWORK], ml2_deliver_network},
};

/* The agent removes what it does not know from its own tables, and, with
 * drop_flows_on_start, from all. */
#define STAGE(NAME, TABLE, STRING, PURPOSE) TABLE,
static const uint8_t ml2_shared_tables[] = {ML2_STAGES STAGES_SHARED};
#undef STAGE

/* In native mode every flow of the bridge is ours. */
const struct pipeline pipeline_native = {
    .stages = native_stages,
    .n_stages = ARRAY_SIZE(native_stages),
    .rules = native_rules,
    .n_rules = ARRAY_SIZE(native_rules),
    .cookie_mask = 0,
};

const struct pipeline pipeline_ml2 = {
    .stages = ml2_stages,
    .n_stages = ARRAY_SIZE(ml2_stages),
    .rules = ml2_rules,
    .n_rules = ARRAY_SIZE(ml2_rules),
    .cookie_mask = COOKIE_MASK,
    .shared_tables = ml2_shared_tables,
    .n_shared_tables = ARRAY_SIZE(ml2_shared_tables),
};

struct topology *
pipeline_create_topology(const struct pipeline *pipeline)
{
    return topology_create(pipeline->rules, pipeline->n_rules);
}
