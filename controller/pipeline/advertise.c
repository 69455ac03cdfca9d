/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include <netinet/icmp6.h>

#include "packets.h"

/* Stage "advertise": the option of a neighbour advertisement (RFC 4861 4.4).
 *
 * Stage "rewrite" has made a solicitation an advertisement.  What its option says is apart, since
 * an action on that field needs a packet that has matched as an advertisement. */

enum {
    PRIORITY_TO_FABRIC = 110,
    PRIORITY_ADVERTISEMENT = 100,
};

static void
flow_advertisement(struct run *run, bool to_fabric)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_icmpv6(&match, ND_NEIGHBOR_ADVERT);
    match_set_icmp_code(&match, 0);
    if (to_fabric) {
        match_flags(&match, FLAG_FROM_PROVIDER, FLAG_FROM_PROVIDER);
    }
    act_move(&actions, XREG_DST_MAC, MFF_ND_TLL);
    rewrite_act_return(&actions, to_fabric);
    stage_flow(run, &stage_advertise, to_fabric ? PRIORITY_TO_FABRIC : PRIORITY_ADVERTISEMENT,
               &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    flow_advertisement(run, false);
    flow_advertisement(run, true);
}

static void
ml2_constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    flow_advertisement(run, false);
}

const struct stage stage_advertise = {
    .table = 154,
    .name = "advertise",
    .purpose = "the option of a neighbour advertisement",
    .next = STAGE_LIST(&stage_fdb),
    .priorities = PRIORITY_LIST({PRIORITY_TO_FABRIC, "an advertisement to the fabric"},
                                {PRIORITY_ADVERTISEMENT, "an advertisement"}),
    .reads = REGISTER_LIST(XREG_DST_MAC),
    .flows[MODE_NATIVE] = &(const struct stage_flows){.constants = constants,
                                                      .reads = REGISTER_LIST(REG_FLAGS),
                                                      .writes = REGISTER_LIST(REG_FLAGS)},
    .flows[MODE_ML2] = &(const struct stage_flows){.constants = ml2_constants},
};
