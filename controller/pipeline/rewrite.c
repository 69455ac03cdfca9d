/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"

/* Stage "rewrite": the packet becomes the one that leaves.
 *
 * A forwarded packet gets its MAC addresses, and its TTL goes down by one (RFC
 * 1812 5.3.1).  An ARP request becomes its own reply (RFC 826) and returns to where
 * it came from, and only there. */

static void
flow_forward(struct run *run)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_ipv4(&match);
    act_dec_ttl(&actions);
    act_move(&actions, XREG_SRC_MAC, MFF_ETH_SRC);
    act_move(&actions, XREG_DST_MAC, MFF_ETH_DST);
    /* A router may send a packet out where it came in. */
    act_set(&actions, MFF_IN_PORT, ofp_to_u16(OFPP_NONE));
    act_resubmit(&actions, STAGE_FDB);
    run_flow(run, STAGE_REWRITE, 100, &match, &actions);
    ofpbuf_uninit(&actions);
}

void
rewrite_arp_reply(struct run *run, struct ofpbuf *actions)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;

    match_set_dl_type(&match, htons(ETH_TYPE_ARP));
    act_set(actions, MFF_ARP_OP, ARP_OP_REPLY);
    act_move(actions, MFF_ARP_SHA, MFF_ARP_THA);
    act_move(actions, MFF_ARP_SPA, MFF_ARP_TPA);
    act_move(actions, XREG_DST_MAC, MFF_ARP_SHA);
    act_move(actions, REG_NEXTHOP, MFF_ARP_SPA);
    act_move(actions, MFF_ETH_SRC, MFF_ETH_DST);
    act_move(actions, XREG_DST_MAC, MFF_ETH_SRC);
    act_output(actions, OFPP_IN_PORT);
    run_flow(run, STAGE_REWRITE, 100, &match, actions);
}

void
rewrite_constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    ACTIONS(actions);

    flow_forward(run);
    rewrite_arp_reply(run, &actions);
    ofpbuf_uninit(&actions);
}
