/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Stage "limit": how much goes to the daemon in all: a meter that what all ports ask of it
 * shares. */

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    ofpact_put_METER(&actions)->meter_id = METER_PACKET_IN;
    stage_flow(run, &stage_limit, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static const struct stage_flows flows = {.constants = constants};

const struct stage stage_limit = {
    .table = 177,
    .name = "limit",
    .purpose = "how much goes to the daemon in all",
    .priorities = PRIORITY_LIST({PRIORITY_ELSE, "all"}),
    .flows = {[MODE_NATIVE] = &flows, [MODE_ML2] = &flows},
};
