/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "hash.h"
#include "util.h"

/* Stage "flood": broadcast and multicast to the local ports of a network.
 *
 * One copy for each other local port, then on to stage "flood-out".  A long list is split by a
 * hash of the ports; of 4096 steps that a packet may take in the switch, a copy is one.  Routers
 * hear nothing of it, however many there are: what they must answer, stage "responder"
 * does. */

#define PRIORITY_NETWORK 100

uint32_t
flood_n_parts(size_t n)
{
    return n <= COPIES_PER_PART ? 1 : 1u << log_2_ceil(n / COPIES_PER_PART);
}

/* Routers, too, send to a physical network. */
bool
network_floods(struct run *run, const struct network *network)
{
    const struct network_config *config = network_look(run, network);

    return (config
            && (network_type_is_provider(config->type) ? network_is_needed(run, network)
                                                       : network_is_local(run, network)));
}

static void
flood_part(struct run *run, const struct network *network, uint32_t part, uint32_t n_parts,
           const ofp_port_t *ofports, size_t n)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_network(&match, network);
    match_set_reg(&match, reg_index(REG_SLOT), part);
    for (size_t i = 0; i < n; i++) {
        if (hash_int(ofp_to_u16(ofports[i]), 0) % n_parts == part) {
            act_to_port(&actions, ofports[i]);
        }
    }
    /* The first part calls the others. */
    if (!part) {
        for (uint32_t other = 1; other < n_parts; other++) {
            act_set(&actions, REG_SLOT, other);
            act_resubmit(&actions, &stage_flood);
        }
        if (n_parts > 1) {
            act_set(&actions, REG_SLOT, 0);
        }
        act_resubmit(&actions, &stage_flood_out);
    }
    stage_flow(run, &stage_flood, PRIORITY_NETWORK, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
flood_network(struct run *run, const struct subject *subject)
{
    const struct network *network = subject_network(subject);

    if (!network_floods(run, network)) {
        return;
    }

    size_t n;
    ofp_port_t *ofports = network_local_ofports(run, network, &n);
    uint32_t n_parts = flood_n_parts(n);
    for (uint32_t part = 0; part < n_parts; part++) {
        flood_part(run, network, part, n_parts, ofports, n);
    }
    free(ofports);
}

const struct stage stage_flood = {
    .table = 168,
    .name = "flood",
    .purpose = "broadcast and multicast to the local ports of a network",
    .next = STAGE_LIST(&stage_to_port, &stage_flood, &stage_flood_out),
    .priorities = PRIORITY_LIST({PRIORITY_NETWORK, "a network, or a part of its list"}),
    .reads = REGISTER_LIST(REG_NETWORK, REG_SLOT),
    .writes = REGISTER_LIST(REG_OUTPORT, REG_SLOT),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .rules = RULE_LIST({"flood", &topology_kinds[KIND_NETWORK], flood_network}),
        },
};
