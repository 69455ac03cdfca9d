/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"
#include "util.h"

/* Stages "pmtu" and "pmtu-verdict": path MTU discovery between networks (RFC
 * 1191).
 *
 * A packet is measured only on its way from a network with a larger MTU into one
 * with a smaller MTU: where MTUs do not differ there is no flow, and the megaflow
 * has no length check.  What does not fit is answered by the daemon with
 * "fragmentation needed", with or without DF: a switch cannot fragment. */

void
pmtu_constants(struct run *run, const struct attachment *attachment)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_resubmit(&actions, STAGE_NEIGHBOUR);
    run_flow(run, STAGE_PMTU, 0, &match, &actions);
    run_flow(run, STAGE_PMTU_VERDICT, 0, &match, &actions);

    match_flags(&match, FLAG_TOO_BIG, FLAG_TOO_BIG);
    ofpbuf_clear(&actions);
    attachment->refuse(&actions, PIN_TOO_BIG);
    run_flow(run, STAGE_PMTU_VERDICT, 100, &match, &actions);
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
    act_resubmit(&actions, STAGE_PMTU_VERDICT);
    run_flow(run, STAGE_PMTU, 100, &match, &actions);
    ofpbuf_uninit(&actions);
}

void
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
