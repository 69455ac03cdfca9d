/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/lease.h"

#include "pipeline/rules.h"

/* Stage "lease": is there a living controller.
 *
 * Between what only asks and what alters a packet stands the lease, a flow that expires
 * unless it is renewed: without a living controller packets go to NORMAL.  It is asked
 * last so that a switch's cache entry (megaflow) has the same mask with the lease as
 * without: when the lease is lost or returns, entries change their actions and none has to
 * be made anew.  The userspace datapath of Open vSwitch before 3.1.3 even alters the wrong
 * entry where two of different masks overlap (ovs.git 21410ff800cc). */

enum {
    PRIORITY_NO_PROTOCOL = 200,
    PRIORITY_LEASE = 100,
};

void
ml2_put_lease(struct ofpbuf *actions, uint8_t *table, uint16_t *priority)
{
    *table = stage_lease.table;
    *priority = PRIORITY_LEASE;
    act_resubmit(actions, &stage_rewrite);
}

static void
constants(struct run *run, const struct attachment *attachment)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    ml2_else_normal(run, &stage_lease);

    /* To lower a TTL the switch looks at the protocol, since it leaves the headers of
     * protocol 0 as they are (ovs.git 9d840923d321).  With this flow it looks there without
     * a lease, too; and what it cannot alter is left to the legacy router. */
    match_ipv4(&match);
    match_set_nw_proto(&match, 0);
    attachment->refuse(&actions, 0);
    stage_flow(run, &stage_lease, PRIORITY_NO_PROTOCOL, &match, &actions);
    ofpbuf_uninit(&actions);
}

const struct stage stage_lease = {
    .table = 148,
    .name = "lease",
    .purpose = "is there a living controller",
    .next = STAGE_LIST(&stage_rewrite),
    .priorities = PRIORITY_LIST({PRIORITY_NO_PROTOCOL, "what cannot be altered"},
                                {PRIORITY_LEASE, "the lease"}, {PRIORITY_ELSE, "no lease"}),
    .flows[MODE_ML2] = &(const struct stage_flows){.constants = constants},
};
