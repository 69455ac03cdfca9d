/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"
#include "pipeline/nat.h"
#include "pipeline/transit.h"

/* Stage "fdb": where a MAC address of a network is.
 *
 * Every port is known, so nothing is learned and nothing is flooded for want of
 * knowledge: an unknown destination in an overlay is dropped, on a provider
 * network it is a physical host's and goes out to the fabric. */

enum {
    PRIORITY_ANSWER = 110,
    PRIORITY_TRANSLATED = 105,
    PRIORITY_ADDRESS = 100,
    PRIORITY_BRIDGES = 60,
    PRIORITY_GROUP = 50,
};

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match;
    ACTIONS(actions);

    /* IEEE 802.1Q, table 8-1: never forwarded by a bridge. */
    match_init_catchall(&match);
    match_set_dl_dst_masked(&match, (struct eth_addr) ETH_ADDR_C(01, 80, c2, 00, 00, 00),
                            (struct eth_addr) ETH_ADDR_C(ff, ff, ff, ff, ff, f0));
    stage_flow(run, &stage_fdb, PRIORITY_BRIDGES, &match, &actions);

    match_init_catchall(&match);
    match_set_dl_dst_masked(&match, (struct eth_addr) ETH_ADDR_C(01, 00, 00, 00, 00, 00),
                            (struct eth_addr) ETH_ADDR_C(01, 00, 00, 00, 00, 00));
    act_resubmit(&actions, &stage_flood);
    stage_flow(run, &stage_fdb, PRIORITY_GROUP, &match, &actions);

    match_init_catchall(&match);
    ofpbuf_clear(&actions);
    act_resubmit(&actions, &stage_deliver);
    stage_flow(run, &stage_fdb, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
act_enter_router(struct ofpbuf *actions, const struct router *router, uint16_t mtu)
{
    act_set(actions, XREG_ROUTER, router_key(router));
    act_set(actions, REG_MTU, mtu);
}

/* From a physical network, packets enter the router on the active gateway of its port. */
static void
flow_from_fabric(struct run *run, const struct router_port *rp,
                 const struct network_config *network, const struct match *match_)
{
    struct match match = *match_;
    ACTIONS(actions);

    if (router_port_gateway_is_here(run, rp)) {
        match_flags(&match, FLAG_FROM_PROVIDER, FLAGS_FROM_OUTSIDE);
        act_set_flags(&actions, 0, UINT32_MAX);
        act_enter_router(&actions, router_port_router(rp), network->mtu);
        act_resubmit(&actions, &stage_router);
        stage_flow(run, &stage_fdb, PRIORITY_ADDRESS, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

/* A router port's MAC: the packet enters the router.  Routing happens on the
 * chassis of the source, so what comes from other chassis does not. */
static bool
fdb_router_port(struct run *run, const struct router_port *rp, const struct network_config *network,
                struct match *match, struct ofpbuf *actions)
{
    const struct router *router = router_port_router(rp);

    if (!router_is_active(run, router)) {
        return false;
    }
    if (network_type_is_provider(network->type)) {
        flow_from_fabric(run, rp, network, match);
    }
    match_flags(match, 0, FLAGS_FROM_OUTSIDE);
    act_enter_router(actions, router, network->mtu);
    act_resubmit(actions, &stage_router);
    return true;
}

/* A floating IP's MAC: the packet enters the router where that is translated; elsewhere the fabric
 * knows the way.  Stage "nat-in" measures it. */
static bool
fdb_nat(struct run *run, const struct nat *nat, struct ofpbuf *actions)
{
    if (nat_place(run, nat) != NAT_HERE) {
        return false;
    }
    act_set_flags(actions, FLAG_FLOATING, UINT32_MAX);
    nat_in_act_measure(run, actions, nat);
    act_enter_router(actions, nat_router(nat), 0);
    act_resubmit(actions, &stage_nat_in);
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
        act_to_port(actions, ofport);
        return true;

    case LOCATION_REMOTE:
        if (network_type_is_overlay(network->type)) {
            const struct in6_addr *tunnel = chassis_tunnel(run, chassis, network->type);

            if (tunnel) {
                act_set_chassis(actions, tunnel);
                act_resubmit(actions, &stage_deliver);
                return true;
            }
        }
        return false;

    case LOCATION_NONE:
    default:
        return false;
    }
}

static void
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
        : holder.nat       ? fdb_nat(run, holder.nat, &actions)
        : holder.port      ? fdb_port(run, holder.port, config, &actions)
                           : false) {
        stage_flow(run, &stage_fdb, PRIORITY_ADDRESS, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

/* What other chassis send to be sent on by this one has been taken up by the router already
 * (transit.h).  From which of its networks it came is not known here, so it is taken for the one
 * with the largest MTU. */
static void
fdb_transit(struct run *run, const struct subject *subject)
{
    const struct router_port *rp = subject_router_port(subject);
    const struct router *router = router_port_router(rp);
    const struct network_config *network = network_look(run, router_port_network(rp));

    if (!network || !network_type_is_provider(network->type) || !router_is_active(run, router)
        || !host_forwards_outside(run) || !host_provider_ofport(run, network->physical_network)) {
        return;
    }

    uint16_t mtu = 0;
    size_t n;
    const struct router_port **rps = router_router_ports(run, router, &n);
    for (size_t i = 0; i < n; i++) {
        const struct network_config *config = network_look(run, router_port_network(rps[i]));

        mtu = MAX(mtu, config ? config->mtu : 0);
    }
    free(rps);

    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);
    transit_match(&match, rp);
    act_set_flags(&actions, FLAG_TRANSIT, UINT32_MAX);
    act_enter_router(&actions, router, mtu);
    act_resubmit(&actions, &stage_route);
    stage_flow(run, &stage_fdb, PRIORITY_ADDRESS, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* What comes to a router's MAC for an external address of its own or one that is routed to it.  The
 * connections are known on the active gateway only: what is on its way there from another chassis
 * goes by the fabric. */
static void
fdb_routed_nat(struct run *run, const struct subject *subject)
{
    const struct nat *nat = subject_nat(subject);
    const struct nat_config *config = nat_look(run, nat);
    const struct router_port *rp = nat_router_port(run, nat);
    const struct network_config *network = rp ? network_look(run, router_port_network(rp)) : NULL;
    bool is_floating = config->type == NAT_DNAT_AND_SNAT;

    if (!network || (is_floating && !nat_is_routed(run, nat))
        || !host_provider_ofport(run, network->physical_network)) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);
    match_network(&match, router_port_network(rp));
    match_set_dl_dst(&match, router_port_look(run, rp)->mac);
    match_dst_address(&match, &config->external_ip);
    if (nat_place(run, nat) == NAT_HERE) {
        act_set_flags(&actions, is_floating ? FLAG_FLOATING : 0, UINT32_MAX);
        nat_in_act_measure(run, &actions, nat);
        act_enter_router(&actions, nat_router(nat), is_floating ? 0 : network->mtu);
        act_resubmit(&actions, &stage_nat_in);
    } else {
        act_resubmit(&actions, &stage_deliver);
    }
    stage_flow(run, &stage_fdb, PRIORITY_TRANSLATED, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
fdb_answers(struct run *run, const struct subject *subject)
{
    fdb_neighbour_answers(run, subject, PRIORITY_ANSWER);
}

/* Beside the stock agent only what has been routed here is delivered here. */
static void
ml2_constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    ml2_else_normal(run, &stage_fdb);
}

static void
ml2_fdb_mac(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct port *port = entry_holder(run, entry).port;

    if (!port) {
        fdb_mac(run, subject);
        return;
    }

    ACTIONS(actions);
    if (ml2_act_deliver(run, &actions, port)) {
        struct match match = MATCH_CATCHALL_INITIALIZER;

        match_network(&match, entry_network(entry));
        match_set_dl_dst(&match, entry_mac(entry));
        match_flags(&match, FLAG_ROUTED, FLAG_ROUTED);
        stage_flow(run, &stage_fdb, PRIORITY_ADDRESS, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

const struct stage stage_fdb = {
    .table = 112,
    .name = "fdb",
    .purpose = "where a MAC address of a network is",
    .next = STAGE_LIST(&stage_nat_in, &stage_router, &stage_route, &stage_to_port, &stage_flood,
                       &stage_deliver, &stage_limit_port, &stage_stock_transient),
    .priorities = PRIORITY_LIST(
        {PRIORITY_ANSWER, "what answers the daemon"},
        {PRIORITY_TRANSLATED, "of a router, to a translated address"},
        {PRIORITY_ADDRESS, "an address"}, {PRIORITY_BRIDGES, "addresses of bridges"},
        {PRIORITY_GROUP, "broadcast and multicast"}, {PRIORITY_ELSE, "an unknown address"}),
    .reads = REGISTER_LIST(REG_NETWORK, REG_FLAGS),
    .writes = REGISTER_LIST(REG_FLAGS, XREG_ROUTER, REG_MTU),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"fdb", &topology_kinds[KIND_MAC], fdb_mac},
                               {"fdb-transit", &topology_kinds[KIND_ROUTER_PORT], fdb_transit},
                               {"fdb-nat", &topology_kinds[KIND_NAT], fdb_routed_nat},
                               {"fdb-answer", &topology_kinds[KIND_NETWORK], fdb_answers}),
            .writes = REGISTER_LIST(REG_OUTPORT),
        },
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .constants = ml2_constants,
            .rules = RULE_LIST({"ml2-fdb", &topology_kinds[KIND_MAC], ml2_fdb_mac}),
            .writes = REGISTER_LIST(REG_STOCK_PORT, REG_STOCK_NETWORK, REG_STOCK_GROUP),
        },
};
