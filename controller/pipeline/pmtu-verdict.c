/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Stage "pmtu-verdict": what does not fit is answered by the daemon with "fragmentation
 * needed", with or without DF, since a switch cannot fragment, or with "packet too big" of IPv6. */

#define PRIORITY_TOO_BIG 100

static void
constants(struct run *run, const struct attachment *attachment)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_resubmit(&actions, &stage_neighbour);
    stage_flow(run, &stage_pmtu_verdict, PRIORITY_ELSE, &match, &actions);

    match_flags(&match, FLAG_TOO_BIG, FLAG_TOO_BIG);
    ofpbuf_clear(&actions);
    attachment->refuse(&actions, PIN_TOO_BIG);
    stage_flow(run, &stage_pmtu_verdict, PRIORITY_TOO_BIG, &match, &actions);
    ofpbuf_uninit(&actions);
}

static const struct stage_flows flows = {.constants = constants};

const struct stage stage_pmtu_verdict = {
    .table = 137,
    .name = "pmtu-verdict",
    .purpose = "answers what does not fit",
    .next = STAGE_LIST(&stage_neighbour, &stage_limit_port),
    .priorities = PRIORITY_LIST({PRIORITY_TOO_BIG, "too big"}, {PRIORITY_ELSE, "it fits"}),
    .reads = REGISTER_LIST(REG_FLAGS),
    .flows = {[MODE_NATIVE] = &flows, [MODE_ML2] = &flows},
};
