/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"
#include "pipeline/l3.h"
#include "util.h"

/* Stage "route": the longest prefix that matches decides the egress router port and the
 * next hop (RFC 1812 5.2.4).  A connected prefix precedes static routes to the same prefix.
 * Which of several equal next hops it is, stage "ecmp" decides.
 *
 * A static route with a next hop on no connected subnet is not in force: shorter
 * prefixes decide. */

enum {
    PRIORITY_NEVER = 1000,
    PRIORITY_PREFIX = 100, /* Plus the prefix length. */
};

/* Destinations that are never routed: what no host can have (RFC 1812 5.3.7, RFC 4291 2.5.2, 2.5.3
 * and 2.7), and what stays on its link (RFC 3927 2.7, RFC 4291 2.5.6). */
#define NEVER_ROUTED (ADDRESS_NO_HOST | ADDRESS_LINK_LOCAL)

static void
constants(struct run *run, const struct attachment *attachment)
{
    struct match match;
    ACTIONS(actions);

    for (const struct special_range *r = special_range_next(NULL, NEVER_ROUTED); r;
         r = special_range_next(r, NEVER_ROUTED)) {
        if (address_is_ipv4(&r->prefix.address) && r->class == ADDRESS_UNSPECIFIED) {
            continue; /* 0.0.0.0 is one of "this network". */
        }
        match_init_catchall(&match);
        match_dst_prefix(&match, &r->prefix.address, prefix_length(&r->prefix));
        ofpbuf_clear(&actions);
        attachment->refuse_quiet(&actions, PIN_NO_ROUTE);
        stage_flow(run, &stage_route, PRIORITY_NEVER, &match, &actions);
    }

    ofpbuf_clear(&actions);
    attachment->refuse(&actions, PIN_NO_ROUTE);
    for (size_t i = 0; i < N_FAMILIES; i++) {
        match_init_catchall(&match);
        match_family[i](&match);
        stage_flow(run, &stage_route, PRIORITY_ELSE, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

static void
route_ecmp(struct run *run, const struct entry *entry, const struct hop *hops, size_t n)
{
    struct match match;
    ACTIONS(actions);

    l3_match_prefix(&match, entry);
    act_ecmp_slot(&actions);
    act_resubmit(&actions, &stage_ecmp);
    stage_flow(run, &stage_route, PRIORITY_PREFIX + entry_length(entry), &match, &actions);
    ofpbuf_uninit(&actions);
    ecmp_slots(run, entry, hops, n);
}

static void
route_prefix(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);

    if (!router_is_active(run, entry_router(entry))) {
        return;
    }

    const struct router_port *connected = prefix_connected(run, entry);
    struct hop *hops = NULL;
    size_t n = 0;
    if (!connected) {
        hops = prefix_hops(run, entry, &n);
    }

    if (n > 1) {
        route_ecmp(run, entry, hops, n);
    } else if (connected || n) {
        struct match match;
        ACTIONS(actions);

        l3_match_prefix(&match, entry);
        if (l3_act_forward(run, &actions, entry, connected ? connected : hops->egress,
                           connected ? NULL : &hops->nexthop)) {
            stage_flow(run, &stage_route, PRIORITY_PREFIX + entry_length(entry), &match, &actions);
        }
        ofpbuf_uninit(&actions);
    }
    free(hops);
}

/* Packets to the prefix are not forwarded, nor by shorter prefixes. */
static void
route_refuse(struct run *run, const struct entry *entry, const struct attachment *attachment)
{
    struct match match;
    ACTIONS(actions);

    l3_match_prefix(&match, entry);
    attachment->refuse(&actions, PIN_NO_ROUTE);
    stage_flow(run, &stage_route, PRIORITY_PREFIX + entry_length(entry), &match, &actions);
    ofpbuf_uninit(&actions);
}

/* --- Beside the stock agent --------------------------------------------- */

/* Whether every way to the prefix leads to a network that is known here. */
static bool
all_ways_are_known(struct run *run, const struct entry *entry)
{
    const struct router_port *connected = prefix_connected(run, entry);
    size_t n_routes = prefix_n_routes(run, entry);

    if (connected) {
        return !n_routes && network_look(run, router_port_network(connected));
    }
    if (!entry_length(entry)) {
        return false;
    }

    size_t n_hops;
    struct hop *hops = prefix_hops(run, entry, &n_hops);
    bool known = n_hops == n_routes;
    for (size_t i = 0; i < n_hops && known; i++) {
        known = network_look(run, router_port_network(hops[i].egress)) != NULL;
    }
    free(hops);
    return known;
}

/* The legacy router has more ways than those known here: its external network, to begin
 * with, is on none of the router ports.  A prefix of which any way is unknown is left to it
 * as a whole, and so keeps shorter prefixes, which would lead elsewhere, from deciding.
 * Of equal-cost routes, all or none are taken here, since the legacy router shares them
 * out by itself.  A static route to a connected prefix is left to it, too: which of the
 * two precedes there depends on which came last.  So is the default route, whatever its
 * next hop: it contains the external subnets and the floating IPs, which precede it there
 * and are not known here. */
static void
ml2_route_prefix(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);

    if (!router_is_active(run, entry_router(entry))) {
        return;
    }
    if (all_ways_are_known(run, entry)) {
        route_prefix(run, subject);
    } else {
        route_refuse(run, entry, &ml2_attachment);
    }
}

const struct stage stage_route = {
    .table = 128,
    .name = "route",
    .purpose = "the longest prefix: egress router port and next hop",
    .next = STAGE_LIST(&stage_ecmp, &stage_gateway, &stage_pmtu, &stage_limit_port),
    .priorities = PRIORITY_LIST({PRIORITY_NEVER, "destinations that are never routed"},
                                {PRIORITY_PREFIX, "a prefix: plus its length", 128},
                                {PRIORITY_ELSE, "no prefix"}),
    .reads = REGISTER_LIST(XREG_ROUTER),
    .writes = REGISTER_LIST(REG_NETWORK, REG_FLAGS, XXREG_NEXTHOP, REG_SLOT, XREG_SRC_MAC),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"route", &topology_kinds[KIND_PREFIX], route_prefix}),
        },
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST({"ml2-route", &topology_kinds[KIND_PREFIX], ml2_route_prefix}),
        },
};
