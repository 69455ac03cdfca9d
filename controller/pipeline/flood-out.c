/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "hash.h"
#include "packets.h"

/* Stage "flood-out": broadcast and multicast to other chassis.
 *
 * For what a local port sent, one copy for each other chassis with ports in the network, or
 * one for the provider bridge.  A long list is split by a hash of the tunnel addresses.  Copies
 * over IPv6 come first: the switch takes a packet with tunnel destinations of both families for
 * one over IPv4. */

#define PRIORITY_NETWORK 100

/* The copies of a part to the chassis that are reached over 'underlay'.  Returns false if there are
 * none. */
static bool
act_copies(struct ofpbuf *actions, uint32_t part, uint32_t n_parts, const struct in6_addr *tunnels,
           size_t n, enum underlay underlay, ofp_port_t ofport)
{
    bool any = false;

    for (size_t i = 0; ofport && i < n; i++) {
        if (underlay_of(&tunnels[i]) == underlay
            && hash_bytes(&tunnels[i], sizeof tunnels[i], 0) % n_parts == part) {
            act_set_tunnel_dst(actions, &tunnels[i]);
            act_output(actions, ofport);
            any = true;
        }
    }
    return any;
}

static void
flood_out_part(struct run *run, const struct network *network, uint32_t part, uint32_t n_parts,
               const struct in6_addr *tunnels, size_t n, uint32_t tun_id,
               const ofp_port_t ofports[N_UNDERLAYS])
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_network(&match, network);
    match_flags(&match, 0, FLAGS_FROM_OUTSIDE);
    match_set_reg(&match, reg_index(REG_SLOT), part);
    act_set(&actions, MFF_TUN_ID, tun_id);
    if (act_copies(&actions, part, n_parts, tunnels, n, UNDERLAY_IPV6, ofports[UNDERLAY_IPV6])) {
        act_set_tunnel_dst(&actions, &in6addr_any);
    }
    act_copies(&actions, part, n_parts, tunnels, n, UNDERLAY_IPV4, ofports[UNDERLAY_IPV4]);
    /* The first part calls the others. */
    for (uint32_t other = 1; !part && other < n_parts; other++) {
        act_set(&actions, REG_SLOT, other);
        act_resubmit(&actions, &stage_flood_out);
    }
    stage_flow(run, &stage_flood_out, PRIORITY_NETWORK, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
flood_out_overlay(struct run *run, const struct network *network,
                  const struct network_config *config)
{
    const ofp_port_t ofports[N_UNDERLAYS] = {
        host_tunnel_ofport(run, config->type, UNDERLAY_IPV4),
        host_tunnel_ofport(run, config->type, UNDERLAY_IPV6),
    };
    size_t n;
    struct in6_addr *tunnels = network_remote_tunnels(run, network, config->type, &n);

    if ((ofports[UNDERLAY_IPV4] || ofports[UNDERLAY_IPV6]) && n) {
        uint32_t n_parts = flood_n_parts(n);

        for (uint32_t part = 0; part < n_parts; part++) {
            flood_out_part(run, network, part, n_parts, tunnels, n, config->segmentation_id,
                           ofports);
        }
    }
    free(tunnels);
}

static void
flood_out_provider(struct run *run, const struct network *network,
                   const struct network_config *config)
{
    ofp_port_t ofport = host_provider_ofport(run, config->physical_network);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (ofport) {
        match_network(&match, network);
        match_flags(&match, 0, FLAGS_FROM_OUTSIDE);
        if (config->type == NETWORK_VLAN) {
            act_push_vlan(&actions, config->segmentation_id);
        }
        act_output(&actions, ofport);
        stage_flow(run, &stage_flood_out, PRIORITY_NETWORK, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

static void
flood_out_network(struct run *run, const struct subject *subject)
{
    const struct network *network = subject_network(subject);
    const struct network_config *config = network_look(run, network);

    if (!network_floods(run, network)) {
        return;
    }
    if (network_type_is_overlay(config->type)) {
        flood_out_overlay(run, network, config);
    } else if (network_type_is_provider(config->type)) {
        flood_out_provider(run, network, config);
    }
}

const struct stage stage_flood_out = {
    .table = 169,
    .name = "flood-out",
    .purpose = "broadcast and multicast to other chassis",
    .next = STAGE_LIST(&stage_flood_out),
    .priorities = PRIORITY_LIST({PRIORITY_NETWORK, "a network, or a part of its list"}),
    .reads = REGISTER_LIST(REG_NETWORK, REG_FLAGS, REG_SLOT),
    .writes = REGISTER_LIST(REG_SLOT),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .rules = RULE_LIST({"flood-out", &topology_kinds[KIND_NETWORK], flood_out_network}),
        },
};
