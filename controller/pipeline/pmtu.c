/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"
#include "util.h"

/* Stage "pmtu": path MTU discovery between networks (RFC 1191, RFC 8201).
 *
 * A packet is measured only on its way from a network with a larger MTU into one
 * with a smaller MTU: where MTUs do not differ there is no flow, and the megaflow
 * has no length check. */

#define PRIORITY_SMALLER 100

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_resubmit(&actions, &stage_neighbour);
    stage_flow(run, &stage_pmtu, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
flow_measure(struct run *run, const struct network *network, uint16_t from_mtu, uint16_t mtu)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_network(&match, network);
    match_set_reg(&match, reg_index(REG_MTU), from_mtu);
    act_check_larger(&actions, mtu + ETH_HEADER_LEN, REG_FLAGS, FLAG_TOO_BIG_BIT);
    act_resubmit(&actions, &stage_pmtu_verdict);
    stage_flow(run, &stage_pmtu, PRIORITY_SMALLER, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
pmtu_network(struct run *run, const struct subject *subject)
{
    const struct network *network = subject_network(subject);
    const struct network_config *config = network_look(run, network);

    if (!config || !network_is_needed(run, network) || config->mtu > UINT16_MAX - ETH_HEADER_LEN) {
        return;
    }

    /* The networks from which a router can forward into this one. */
    size_t n_rps;
    const struct router_port **rps = network_router_ports(run, network, &n_rps);
    for (size_t i = 0; i < n_rps; i++) {
        const struct router *router = router_port_router(rps[i]);
        if (!router_is_active(run, router)) {
            continue;
        }

        size_t n_others;
        const struct router_port **others = router_router_ports(run, router, &n_others);
        for (size_t j = 0; j < n_others; j++) {
            const struct network_config *from = network_look(run, router_port_network(others[j]));

            if (from && from->mtu > config->mtu) {
                flow_measure(run, network, from->mtu, config->mtu);
            }
        }
        free(others);
    }
    free(rps);
}

static const struct stage_flows flows = {
    .constants = constants,
    .rules = RULE_LIST({"pmtu", &topology_kinds[KIND_NETWORK], pmtu_network}),
};

const struct stage stage_pmtu = {
    .table = 136,
    .name = "pmtu",
    .purpose = "does it fit, where the next network's MTU is smaller",
    .next = STAGE_LIST(&stage_neighbour, &stage_pmtu_verdict),
    .priorities = PRIORITY_LIST({PRIORITY_SMALLER, "into a network with a smaller MTU"},
                                {PRIORITY_ELSE, "into another network"}),
    .reads = REGISTER_LIST(REG_NETWORK, REG_MTU),
    .writes = REGISTER_LIST(REG_FLAGS),
    .flows = {[MODE_NATIVE] = &flows, [MODE_ML2] = &flows},
};
