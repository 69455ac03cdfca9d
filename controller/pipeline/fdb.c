/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"

/* Stage "fdb": where a MAC address of a network is.
 *
 * Every port is known, so nothing is learned and nothing is flooded for want of
 * knowledge: an unknown destination in an overlay is dropped, on a provider
 * network it is a physical host's and goes out to the fabric. */

void
fdb_constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match;
    ACTIONS(actions);

    /* IEEE 802.1Q, table 8-1: never forwarded by a bridge. */
    match_init_catchall(&match);
    match_set_dl_dst_masked(&match, (struct eth_addr) ETH_ADDR_C(01, 80, c2, 00, 00, 00),
                            (struct eth_addr) ETH_ADDR_C(ff, ff, ff, ff, ff, f0));
    run_flow(run, STAGE_FDB, 60, &match, &actions);

    match_init_catchall(&match);
    match_set_dl_dst_masked(&match, (struct eth_addr) ETH_ADDR_C(01, 00, 00, 00, 00, 00),
                            (struct eth_addr) ETH_ADDR_C(01, 00, 00, 00, 00, 00));
    act_resubmit(&actions, STAGE_FLOOD);
    run_flow(run, STAGE_FDB, 50, &match, &actions);

    match_init_catchall(&match);
    ofpbuf_clear(&actions);
    act_resubmit(&actions, STAGE_DELIVER);
    run_flow(run, STAGE_FDB, 0, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* A router port's MAC: the packet enters the router.  Routing happens on the
 * chassis of the source, so what comes from outside does not. */
static bool
fdb_router_port(struct run *run, const struct router_port *rp, const struct network_config *network,
                struct match *match, struct ofpbuf *actions)
{
    const struct router *router = router_port_router(rp);

    if (!router_is_active(run, router)) {
        return false;
    }
    match_flags(match, 0, FLAGS_FROM_OUTSIDE);
    act_set(actions, XREG_ROUTER, router_key(router));
    act_set(actions, REG_MTU, network->mtu);
    act_resubmit(actions, STAGE_ROUTER);
    return true;
}

static bool
fdb_port(struct run *run, const struct port *port, const struct network_config *network,
         struct ofpbuf *actions)
{
    const struct chassis *chassis;
    ofp_port_t ofport;

    switch (port_location(run, port, &ofport, &chassis)) {
    case LOCATION_LOCAL:
        act_output(actions, ofport);
        return true;

    case LOCATION_REMOTE:
        if (network_type_is_overlay(network->type)) {
            const struct in6_addr *tunnel = chassis_tunnel(run, chassis, network->type);

            if (tunnel) {
                act_set_flags(actions, FLAG_KNOWN, FLAG_KNOWN);
                act_set_tunnel_dst(actions, tunnel);
                act_resubmit(actions, STAGE_DELIVER);
                return true;
            }
        }
        return false;

    case LOCATION_NONE:
    default:
        return false;
    }
}

void
fdb_mac(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct network *network = entry_network(entry);
    const struct network_config *config = network_look(run, network);

    if (!config || !network_is_needed(run, network)) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_network(&match, network);
    match_set_dl_dst(&match, entry_mac(entry));

    ACTIONS(actions);
    struct holder holder = entry_holder(run, entry);
    if (holder.router_port ? fdb_router_port(run, holder.router_port, config, &match, &actions)
                           : fdb_port(run, holder.port, config, &actions)) {
        run_flow(run, STAGE_FDB, 100, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}
