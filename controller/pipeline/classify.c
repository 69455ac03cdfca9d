/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"
#include "pipeline/transit.h"
#include "util.h"

/* Stage "classify": where a packet comes from decides which network it is in.
 *
 * A frame with a priority tag, that is with VLAN ID 0, is an untagged one (IEEE 802.1Q 6.9.1),
 * from any port.  One that hides a tag behind it would leave a flat network with that tag.
 *
 * A local port sends from its own MAC address only: from another port's it would make physical
 * switches learn that address at the wrong place. */

enum {
    PRIORITY_TWO_TAGS = 120,
    PRIORITY_PRIORITY_TAG = 110,
    PRIORITY_SOURCE = 100,
};

/* What comes to be sent on by this chassis. */
static void
constants_transit(struct run *run)
{
    for (int i = 0; i < N_ENCAPS * N_UNDERLAYS; i++) {
        ofp_port_t ofport = host_tunnel_ofport(run, i / N_UNDERLAYS, i % N_UNDERLAYS);
        struct match match = MATCH_CATCHALL_INITIALIZER;
        ACTIONS(actions);

        if (ofport) {
            match_set_in_port(&match, ofport);
            match_set_tun_id(&match, htonll(TRANSIT_TUN_ID));
            act_set_flags(&actions, FLAG_FROM_TUNNEL, UINT32_MAX);
            act_set(&actions, REG_NETWORK, TRANSIT_ARRIVAL);
            act_set(&actions, REG_INPORT, ofp_to_u16(ofport));
            act_resubmit(&actions, &stage_tunnel_source);
            stage_flow(run, &stage_classify, PRIORITY_SOURCE, &match, &actions);
        }
        ofpbuf_uninit(&actions);
    }
}

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_set_dl_tci_masked(&match, htons(VLAN_CFI), htons(VLAN_CFI | VLAN_VID_MASK));
    act_strip_vlan(&actions);
    act_resubmit(&actions, &stage_classify);
    stage_flow(run, &stage_classify, PRIORITY_PRIORITY_TAG, &match, &actions);

    /* The switch sees as many tags as its vlan-limit says, one by default. */
    static const uint16_t tags[] = {ETH_TYPE_VLAN_8021Q, ETH_TYPE_VLAN_8021AD};
    ofpbuf_clear(&actions);
    for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
        match_set_dl_type(&match, htons(tags[i]));
        stage_flow(run, &stage_classify, PRIORITY_TWO_TAGS, &match, &actions);
    }
    ofpbuf_uninit(&actions);
    constants_transit(run);
}

void
classify_port_in(struct run *run, const struct subject *subject, const struct stage *stage,
                 uint16_t priority, bool own_mac)
{
    const struct port *port = subject_local_port(subject);
    ofp_port_t ofport = port_local_ofport(run, port);

    if (!ofport) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_set_in_port(&match, ofport);
    match_set_dl_tci_masked(&match, 0, htons(VLAN_CFI));
    if (own_mac) {
        match_set_dl_src(&match, port_look(run, port)->mac);
    }

    ACTIONS(actions);
    act_set(&actions, REG_NETWORK, network_key(port_network(port)));
    act_set(&actions, REG_INPORT, ofp_to_u16(ofport));
    act_resubmit(&actions, &stage_responder);
    stage_flow(run, stage, priority, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* A local port sends untagged frames; a tag would let it reach into other
 * networks of a VLAN provider. */
static void
classify_local_port(struct run *run, const struct subject *subject)
{
    classify_port_in(run, subject, &stage_classify, PRIORITY_SOURCE, true);
}

static void
classify_overlay(struct run *run, const struct network *network,
                 const struct network_config *config)
{
    ACTIONS(actions);

    act_set_flags(&actions, FLAG_FROM_TUNNEL, UINT32_MAX);
    act_set(&actions, REG_NETWORK, network_key(network));
    act_resubmit(&actions, &stage_tunnel_source);
    for (enum underlay underlay = 0; underlay < N_UNDERLAYS; underlay++) {
        ofp_port_t ofport = host_tunnel_ofport(run, config->type, underlay);
        struct match match = MATCH_CATCHALL_INITIALIZER;

        if (ofport) {
            match_set_in_port(&match, ofport);
            match_set_tun_id(&match, htonll(config->segmentation_id));
            stage_flow(run, &stage_classify, PRIORITY_SOURCE, &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}

static void
classify_provider(struct run *run, const struct network *network,
                  const struct network_config *config)
{
    ofp_port_t ofport = host_provider_ofport(run, config->physical_network);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (ofport) {
        match_set_in_port(&match, ofport);
        if (config->type == NETWORK_VLAN) {
            match_set_dl_vlan(&match, htons(config->segmentation_id), 0);
            act_strip_vlan(&actions);
        } else {
            match_set_dl_tci_masked(&match, 0, htons(VLAN_CFI));
        }
        act_set_flags(&actions, FLAG_FROM_PROVIDER, UINT32_MAX);
        act_set(&actions, REG_NETWORK, network_key(network));
        act_set(&actions, REG_INPORT, ofp_to_u16(ofport));
        act_resubmit(&actions, &stage_from_fabric);
        stage_flow(run, &stage_classify, PRIORITY_SOURCE, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

/* What arrives for an overlay from outside matters only to its local ports; from a physical network
 * also to its routers. */
static void
classify_network(struct run *run, const struct subject *subject)
{
    const struct network *network = subject_network(subject);
    const struct network_config *config = network_look(run, network);

    if (!config) {
        return;
    }
    if (network_type_is_overlay(config->type) && network_is_local(run, network)) {
        classify_overlay(run, network, config);
    } else if (network_type_is_provider(config->type) && network_is_needed(run, network)) {
        classify_provider(run, network, config);
    }
}

const struct stage stage_classify = {
    .table = 0, /* All packets begin in table 0. */
    .name = "classify",
    .purpose = "where a packet comes from: its network",
    .next = STAGE_LIST(&stage_classify, &stage_responder, &stage_tunnel_source, &stage_from_fabric),
    .priorities = PRIORITY_LIST({PRIORITY_TWO_TAGS, "a priority tag that hides another tag"},
                                {PRIORITY_PRIORITY_TAG, "a priority tag"},
                                {PRIORITY_SOURCE, "a place that packets come from"}),
    .writes = REGISTER_LIST(REG_NETWORK, REG_FLAGS, REG_INPORT),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules =
                RULE_LIST({"classify-port", &topology_kinds[KIND_LOCAL_PORT], classify_local_port},
                          {"classify-network", &topology_kinds[KIND_NETWORK], classify_network}),
        },
};
