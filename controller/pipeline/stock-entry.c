/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"

/* Stage "stock-entry": the first table of Neutron's stock agent, where what other chassis send
 * to the tunnel port of ours arrives. */

/* Above whatever the agent has there for untagged packets. */
enum {
    PRIORITY_ARRIVE = 200,
    PRIORITY_UNKNOWN = 199,
};

/* What arrives for a network that the agent does not know here. */
static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    ACTIONS(actions);

    for (int i = 0; i < N_ENCAPS * N_UNDERLAYS; i++) {
        ofp_port_t ofport = host_tunnel_ofport(run, i / N_UNDERLAYS, i % N_UNDERLAYS);
        struct match match = MATCH_CATCHALL_INITIALIZER;

        if (ofport) {
            match_set_in_port(&match, ofport);
            stage_flow(run, &stage_stock_entry, PRIORITY_UNKNOWN, &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}

/* What another chassis sends to the tunnel port of ours, because the agent's tunnel
 * bridge has none for that peer. */
static void
arrive_network(struct run *run, const struct subject *subject)
{
    const struct network *network = subject_network(subject);
    const struct network_config *config = network_look(run, network);
    uint16_t vlan = network_local_vlan(run, network);

    if (!config || !network_type_is_overlay(config->type) || !vlan || !host_reinject_ofport(run)) {
        return;
    }

    ACTIONS(actions);
    act_push_vlan(&actions, vlan);
    act_resubmit(&actions, &stage_tunnel_source);
    for (enum underlay underlay = 0; underlay < N_UNDERLAYS; underlay++) {
        ofp_port_t ofport = host_tunnel_ofport(run, config->type, underlay);
        struct match match = MATCH_CATCHALL_INITIALIZER;

        if (ofport) {
            match_set_in_port(&match, ofport);
            match_set_tun_id(&match, htonll(config->segmentation_id));
            stage_flow(run, &stage_stock_entry, PRIORITY_ARRIVE, &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}

const struct stage stage_stock_entry = {
    .table = 0, /* The agent's LOCAL_SWITCHING. */
    .name = "stock-entry",
    .purpose = "the agent's first table: what arrives by tunnel",
    .next = STAGE_LIST(&stage_tunnel_source),
    .priorities = PRIORITY_LIST({PRIORITY_ARRIVE, "a network that the agent knows"},
                                {PRIORITY_UNKNOWN, "another network"}),
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"ml2-arrive", &topology_kinds[KIND_NETWORK], arrive_network}),
        },
};
