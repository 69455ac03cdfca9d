/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "hash.h"
#include "nb/ip.h"
#include "packets.h"
#include "util.h"

/* Stages "route" and "ecmp": the longest prefix that matches decides the egress
 * router port and the next hop (RFC 1812 5.2.4).  A connected prefix precedes
 * static routes to the same prefix.
 *
 * Equal-cost static routes: a hash of the packet's five-tuple chooses one of
 * ECMP_SLOTS slots, and each slot belongs to one next hop by rendezvous hashing,
 * so a next hop that goes takes only its own share with it (Thaler and Ravishankar,
 * "Using name-based mappings to increase hit rates").
 *
 * A static route whose next hop is on no connected subnet is not in force: shorter
 * prefixes decide. */

#define PRIORITY_NEVER 1000 /* Destinations that are never routed. */
#define PRIORITY_PREFIX 100 /* Plus the prefix length. */

/* Destinations that are never routed: what no host can have (RFC 1812 5.3.7), and what
 * stays on its link (RFC 3927 2.7).  0.0.0.0 is one of "this network". */
#define NEVER_ROUTED ((ADDRESS_NO_HOST & ~ADDRESS_UNSPECIFIED) | ADDRESS_LINK_LOCAL)

void
route_constants(struct run *run, const struct attachment *attachment)
{
    struct match match;
    ACTIONS(actions);

    for (const struct special_range *r = special_range_next(NULL, NEVER_ROUTED); r;
         r = special_range_next(r, NEVER_ROUTED)) {
        if (!address_is_ipv4(&r->prefix.address)) {
            continue;
        }
        match_init_catchall(&match);
        match_ipv4(&match);
        match_set_nw_dst_masked(&match, in6_addr_get_mapped_ipv4(&r->prefix.address),
                                be32_prefix_mask(prefix_length(&r->prefix)));
        ofpbuf_clear(&actions);
        attachment->refuse_quiet(&actions, PIN_NO_ROUTE);
        run_flow(run, STAGE_ROUTE, PRIORITY_NEVER, &match, &actions);
    }

    match_init_catchall(&match);
    match_ipv4(&match);
    ofpbuf_clear(&actions);
    attachment->refuse(&actions, PIN_NO_ROUTE);
    run_flow(run, STAGE_ROUTE, 0, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* Decides for 'egress' and 'nexthop', or the packet's own destination if that is
 * null.  Returns false if 'egress' leads nowhere. */
static bool
act_forward(struct run *run, struct ofpbuf *actions, const struct router_port *egress,
            const struct in6_addr *nexthop)
{
    const struct network *network = router_port_network(egress);

    if (!network_look(run, network)) {
        return false;
    }
    act_set(actions, XREG_SRC_MAC, eth_addr_to_uint64(router_port_look(run, egress)->mac));
    act_set(actions, MFF_METADATA, network_key(network));
    act_set_flags(actions, FLAG_ROUTED, FLAG_ROUTED);
    if (nexthop) {
        act_set(actions, REG_NEXTHOP, ntohl(in6_addr_get_mapped_ipv4(nexthop)));
    } else {
        act_move(actions, MFF_IPV4_DST, REG_NEXTHOP);
    }
    act_resubmit(actions, STAGE_PMTU);
    return true;
}

static void
match_prefix(struct match *match, const struct entry *entry)
{
    match_init_catchall(match);
    match_router(match, entry_router(entry));
    match_ipv4(match);
    match_set_nw_dst_masked(match, in6_addr_get_mapped_ipv4(entry_ip(entry)),
                            be32_prefix_mask(entry_length(entry)));
}

/* The hop with the highest weight for 'slot'. */
static const struct hop *
rendezvous(const struct hop *hops, size_t n, uint32_t slot)
{
    const struct hop *best = NULL;
    uint32_t best_weight = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t weight = hash_bytes(&hops[i].nexthop, sizeof hops[i].nexthop, hash_int(slot, 0));
        if (!best || weight > best_weight) {
            best = &hops[i];
            best_weight = weight;
        }
    }
    return best;
}

static void
route_ecmp(struct run *run, const struct entry *entry, const struct hop *hops, size_t n)
{
    struct match match;
    ACTIONS(actions);

    match_prefix(&match, entry);
    act_ecmp_slot(&actions);
    act_resubmit(&actions, STAGE_ECMP);
    run_flow(run, STAGE_ROUTE, PRIORITY_PREFIX + entry_length(entry), &match, &actions);

    for (uint32_t slot = 0; slot < ECMP_SLOTS; slot++) {
        const struct hop *hop = rendezvous(hops, n, slot);

        match_prefix(&match, entry);
        match_set_reg(&match, reg_index(REG_SLOT), slot);
        ofpbuf_clear(&actions);
        if (act_forward(run, &actions, hop->egress, &hop->nexthop)) {
            run_flow(run, STAGE_ECMP, PRIORITY_PREFIX + entry_length(entry), &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}

void
route_prefix(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);

    if (!address_is_ipv4(entry_ip(entry)) || !router_is_active(run, entry_router(entry))) {
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

        match_prefix(&match, entry);
        if (act_forward(run, &actions, connected ? connected : hops->egress,
                        connected ? NULL : &hops->nexthop)) {
            run_flow(run, STAGE_ROUTE, PRIORITY_PREFIX + entry_length(entry), &match, &actions);
        }
        ofpbuf_uninit(&actions);
    }
    free(hops);
}

void
route_refuse(struct run *run, const struct entry *entry, const struct attachment *attachment)
{
    struct match match;
    ACTIONS(actions);

    match_prefix(&match, entry);
    attachment->refuse(&actions, PIN_NO_ROUTE);
    run_flow(run, STAGE_ROUTE, PRIORITY_PREFIX + entry_length(entry), &match, &actions);
    ofpbuf_uninit(&actions);
}
