/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "hash.h"
#include "pipeline/l3.h"

/* Stage "ecmp": which of several equal next hops.
 *
 * A hash of the packet's five-tuple chooses one of ECMP_SLOTS slots, and each slot belongs to
 * one next hop by rendezvous hashing, so a next hop that goes takes only its own share with it
 * (Thaler and Ravishankar, "Using name-based mappings to increase hit rates").
 *
 * The flow label of IPv6 is not part of it, as RFC 6438 would have it: the switch's hash leaves it
 * out, and a sender that changes it keeps to its way. */

#define PRIORITY_PREFIX 100 /* Plus the prefix length. */

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

void
ecmp_slots(struct run *run, const struct entry *entry, const struct hop *hops, size_t n)
{
    struct match match;
    ACTIONS(actions);

    for (uint32_t slot = 0; slot < ECMP_SLOTS; slot++) {
        const struct hop *hop = rendezvous(hops, n, slot);

        l3_match_prefix(&match, entry);
        match_set_reg(&match, reg_index(REG_SLOT), slot);
        ofpbuf_clear(&actions);
        if (l3_act_forward(run, &actions, entry, hop->egress, &hop->nexthop)) {
            stage_flow(run, &stage_ecmp, PRIORITY_PREFIX + entry_length(entry), &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}

static const struct stage_flows flows = {.stated_by = STAGE_LIST(&stage_route)};

const struct stage stage_ecmp = {
    .table = 130,
    .name = "ecmp",
    .purpose = "which of several equal next hops",
    .next = STAGE_LIST(&stage_gateway, &stage_pmtu),
    .priorities =
        PRIORITY_LIST({PRIORITY_PREFIX, "a slot of a prefix: plus the prefix length", 128}),
    .reads = REGISTER_LIST(XREG_ROUTER, REG_SLOT),
    .writes = REGISTER_LIST(REG_NETWORK, REG_FLAGS, XXREG_NEXTHOP, XREG_SRC_MAC),
    .flows = {[MODE_NATIVE] = &flows, [MODE_ML2] = &flows},
};
