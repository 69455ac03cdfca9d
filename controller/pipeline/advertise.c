/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include <netinet/icmp6.h>

#include "packets.h"

/* Stage "advertise": the option of a neighbour advertisement (RFC 4861 4.4).
 *
 * Stage "rewrite" has made a solicitation an advertisement.  What its option says is apart, since
 * an action on that field needs a packet that has matched as an advertisement. */

#define PRIORITY_ADVERTISEMENT 100

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_icmpv6(&match, ND_NEIGHBOR_ADVERT);
    match_set_icmp_code(&match, 0);
    act_move(&actions, XREG_DST_MAC, MFF_ND_TLL);
    act_output(&actions, OFPP_IN_PORT);
    stage_flow(run, &stage_advertise, PRIORITY_ADVERTISEMENT, &match, &actions);
    ofpbuf_uninit(&actions);
}

static const struct stage_flows flows = {.constants = constants};

const struct stage stage_advertise = {
    .table = 154,
    .name = "advertise",
    .purpose = "the option of a neighbour advertisement",
    .priorities = PRIORITY_LIST({PRIORITY_ADVERTISEMENT, "an advertisement"}),
    .reads = REGISTER_LIST(XREG_DST_MAC),
    .flows = {[MODE_NATIVE] = &flows, [MODE_ML2] = &flows},
};
