/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "pipeline/transit.h"

/* Stage "gateway": on which chassis a packet leaves for a physical network.
 *
 * Only what has been routed towards a provider network comes here.  A chassis that is connected to
 * the physical network sends by itself.  From another one the packet goes to the active gateway of
 * the egress router port, as it was when it entered the router: there it is routed once more, and
 * loses the one hop of its TTL.
 *
 * What has come in this way goes on from here in no other, so that chassis which disagree about the
 * active gateway do not send it around. */

enum {
    PRIORITY_ARRIVED = 110,
    PRIORITY_NOT_CONNECTED = 100,
};

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_resubmit(&actions, &stage_pmtu);
    stage_flow(run, &stage_gateway, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
flow_not_connected(struct run *run, const struct router_port *rp)
{
    const struct chassis *gateway = router_port_gateway(run, rp);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_network(&match, router_port_network(rp));
    match_router(&match, router_port_router(rp));
    if (!gateway || !transit_act_send(run, &actions, rp, gateway)) {
        ofpbuf_clear(&actions);
        native_attachment.refuse(&actions, PIN_NO_NEIGHBOUR);
    }
    stage_flow(run, &stage_gateway, PRIORITY_NOT_CONNECTED, &match, &actions);

    match_flags(&match, FLAG_TRANSIT, FLAG_TRANSIT);
    ofpbuf_clear(&actions);
    stage_flow(run, &stage_gateway, PRIORITY_ARRIVED, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
gateway_router_port(struct run *run, const struct subject *subject)
{
    const struct router_port *rp = subject_router_port(subject);
    const struct network_config *network = network_look(run, router_port_network(rp));

    if (network && network_type_is_provider(network->type)
        && router_is_active(run, router_port_router(rp))
        && !host_provider_ofport(run, network->physical_network)) {
        flow_not_connected(run, rp);
    }
}

const struct stage stage_gateway = {
    .table = 132,
    .name = "gateway",
    .purpose = "on which chassis it leaves for a physical network",
    .next = STAGE_LIST(&stage_pmtu, &stage_deliver, &stage_limit_port),
    .priorities = PRIORITY_LIST({PRIORITY_ARRIVED, "has come to a gateway that is none"},
                                {PRIORITY_NOT_CONNECTED, "this chassis is not connected"},
                                {PRIORITY_ELSE, "it leaves here"}),
    .reads = REGISTER_LIST(REG_NETWORK, REG_FLAGS, XREG_ROUTER),
    .writes = REGISTER_LIST(REG_NETWORK, REG_FLAGS),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"gateway", &topology_kinds[KIND_ROUTER_PORT], gateway_router_port}),
        },
};
