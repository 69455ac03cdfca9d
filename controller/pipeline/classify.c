/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"
#include "util.h"

/* Stage "classify": where a packet comes from decides which network it is in.
 *
 * A frame with a priority tag, that is with VLAN ID 0, is an untagged one (IEEE 802.1Q 6.9.1),
 * from whomever.  One that hides a tag behind it would leave a flat network with that tag.
 *
 * A local port sends from its own MAC address only.  One that sent from another port's would make
 * physical switches take it for that one. */

void
classify_constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_set_dl_tci_masked(&match, htons(VLAN_CFI), htons(VLAN_CFI | VLAN_VID_MASK));
    act_strip_vlan(&actions);
    act_resubmit(&actions, STAGE_CLASSIFY);
    run_flow(run, STAGE_CLASSIFY, 110, &match, &actions);

    /* The switch sees as many tags as its vlan-limit says, one by default. */
    static const uint16_t tags[] = {ETH_TYPE_VLAN_8021Q, ETH_TYPE_VLAN_8021AD};
    ofpbuf_clear(&actions);
    for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
        match_set_dl_type(&match, htons(tags[i]));
        run_flow(run, STAGE_CLASSIFY, 120, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

void
classify_port_in(struct run *run, const struct subject *subject, enum stage stage)
{
    const struct port *port = subject_local_port(subject);
    const struct chassis *chassis;
    ofp_port_t ofport;

    if (port_location(run, port, &ofport, &chassis) != LOCATION_LOCAL
        || !network_look(run, port_network(port))) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_set_in_port(&match, ofport);
    match_set_dl_tci_masked(&match, 0, htons(VLAN_CFI));
    if (stage == STAGE_CLASSIFY) { /* Otherwise somebody else has checked that. */
        match_set_dl_src(&match, port_look(run, port)->mac);
    }

    ACTIONS(actions);
    act_set(&actions, MFF_METADATA, network_key(port_network(port)));
    act_set(&actions, REG_INPORT, ofp_to_u16(ofport));
    act_resubmit(&actions, STAGE_RESPONDER);
    run_flow(run, stage, 100, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* A local port sends untagged frames; a tag would let it reach into other
 * networks of a VLAN provider. */
void
classify_local_port(struct run *run, const struct subject *subject)
{
    classify_port_in(run, subject, STAGE_CLASSIFY);
}

/* What arrives for a network from outside matters only to its local ports. */
void
classify_network(struct run *run, const struct subject *subject)
{
    const struct network *network = subject_network(subject);
    const struct network_config *config = network_look(run, network);

    if (!config || !network_is_local(run, network)) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    bool overlay = network_type_is_overlay(config->type);
    ACTIONS(actions);
    if (overlay) {
        ofp_port_t ofport = host_tunnel_ofport(run, config->type);
        if (!ofport) {
            return;
        }
        match_set_in_port(&match, ofport);
        match_set_tun_id(&match, htonll(config->segmentation_id));
        act_set_flags(&actions, FLAG_FROM_TUNNEL, UINT32_MAX);
    } else if (network_type_is_provider(config->type)) {
        ofp_port_t ofport = host_provider_ofport(run, config->physical_network);
        if (!ofport) {
            return;
        }
        match_set_in_port(&match, ofport);
        if (config->type == NETWORK_VLAN) {
            match_set_dl_vlan(&match, htons(config->segmentation_id), 0);
            act_strip_vlan(&actions);
        } else {
            match_set_dl_tci_masked(&match, 0, htons(VLAN_CFI));
        }
        act_set_flags(&actions, FLAG_FROM_PROVIDER, UINT32_MAX);
    } else {
        return;
    }
    act_set(&actions, MFF_METADATA, network_key(network));
    act_resubmit(&actions, overlay ? STAGE_TUNNEL_SOURCE : STAGE_FDB);
    run_flow(run, STAGE_CLASSIFY, 100, &match, &actions);
    ofpbuf_uninit(&actions);
}
