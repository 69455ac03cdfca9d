/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"
#include "pipeline/transit.h"

/* Stage "deliver": out to another chassis or a physical network.
 *
 * Overlay: with the network's own VNI or key, to the chassis that stage "fdb" has
 * put in the tunnel destination, by the tunnel port of that address' family.
 *
 * Provider network: with the network's VLAN.  A router port's MAC exists on every
 * chassis; if it appeared as a source on the fabric from several of them, a
 * learning switch would see it move with every packet.  So a routed packet leaves
 * with this chassis' own MAC as its source, which is only ever seen here.
 *
 * What came from outside never goes out again: no loops, no echoes. */

#define PRIORITY_NETWORK 100

/* The flows to the OpenFlow port of a provider network. */
typedef void deliver_to_provider(struct run *, const struct network *,
                                 const struct network_config *, ofp_port_t);

static void
deliver_by_tunnel(struct run *run, uint64_t network, uint32_t tun_id, enum network_type type,
                  enum underlay underlay)
{
    uint32_t known = underlay == UNDERLAY_IPV4 ? FLAG_KNOWN : FLAG_KNOWN_IPV6;
    ofp_port_t ofport = host_tunnel_ofport(run, type, underlay);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (ofport) {
        match_set_metadata(&match, htonll(network));
        match_flags(&match, known, known | FLAGS_FROM_OUTSIDE);
        act_set(&actions, MFF_TUN_ID, tun_id);
        act_output(&actions, ofport);
        stage_flow(run, &stage_deliver, PRIORITY_NETWORK, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

static void
deliver_provider(struct run *run, const struct network *network,
                 const struct network_config *config, ofp_port_t ofport)
{
    for (int routed = 0; routed <= 1; routed++) {
        struct match match = MATCH_CATCHALL_INITIALIZER;
        ACTIONS(actions);

        match_network(&match, network);
        match_flags(&match, routed ? FLAG_ROUTED : 0, FLAG_ROUTED | FLAGS_FROM_OUTSIDE);
        if (routed) {
            act_set_mac(&actions, MFF_ETH_SRC, host_chassis_mac(run));
        }
        if (config->type == NETWORK_VLAN) {
            act_push_vlan(&actions, config->segmentation_id);
        }
        act_output(&actions, ofport);
        stage_flow(run, &stage_deliver, PRIORITY_NETWORK, &match, &actions);
        ofpbuf_uninit(&actions);
    }
}

/* To a gateway: a network of each encapsulation (transit.h). */
static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    for (int i = 0; i < N_ENCAPS * N_UNDERLAYS; i++) {
        enum network_type type = i / N_UNDERLAYS;
        enum underlay underlay = i % N_UNDERLAYS;

        deliver_by_tunnel(run, transit_network(type), TRANSIT_TUN_ID, type, underlay);
    }
}

static void
flows_network(struct run *run, const struct subject *subject, deliver_to_provider *provider)
{
    const struct network *network = subject_network(subject);
    const struct network_config *config = network_look(run, network);

    if (!config || !network_is_needed(run, network)) {
        return;
    }
    if (network_type_is_overlay(config->type)) {
        for (enum underlay underlay = 0; underlay < N_UNDERLAYS; underlay++) {
            deliver_by_tunnel(run, network_key(network), config->segmentation_id, config->type,
                              underlay);
        }
    } else if (network_type_is_provider(config->type)) {
        ofp_port_t ofport = host_provider_ofport(run, config->physical_network);

        if (ofport) {
            provider(run, network, config, ofport);
        }
    }
}

static void
deliver_network(struct run *run, const struct subject *subject)
{
    flows_network(run, subject, deliver_provider);
}

/* Beside the stock agent: its flows on the other bridge know the network by its local VLAN. */
static void
ml2_deliver_provider(struct run *run, const struct network *network,
                     const struct network_config *config OVS_UNUSED, ofp_port_t ofport)
{
    uint16_t vlan = network_local_vlan(run, network);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (vlan) {
        match_network(&match, network);
        match_flags(&match, FLAG_ROUTED, FLAG_ROUTED);
        act_push_vlan(&actions, vlan);
        act_output(&actions, ofport);
        stage_flow(run, &stage_deliver, PRIORITY_NETWORK, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

static void
ml2_deliver_network(struct run *run, const struct subject *subject)
{
    flows_network(run, subject, ml2_deliver_provider);
}

const struct stage stage_deliver = {
    .table = 160,
    .name = "deliver",
    .purpose = "out to another chassis or a physical network",
    .priorities = PRIORITY_LIST({PRIORITY_NETWORK, "a network"}),
    .reads = REGISTER_LIST(REG_NETWORK, REG_FLAGS),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"deliver", &topology_kinds[KIND_NETWORK], deliver_network}),
        },
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .rules = RULE_LIST({"ml2-deliver", &topology_kinds[KIND_NETWORK], ml2_deliver_network}),
        },
};
