/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"

/* Stage "rewrite": the packet becomes the one that leaves.
 *
 * A forwarded packet gets its MAC addresses, and its TTL goes down by one (RFC
 * 1812 5.3.1).  An ARP request becomes its own reply (RFC 826) and returns to where
 * it came from, and only there. */

#define PRIORITY_PACKET 100

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
    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_rewrite, PRIORITY_PACKET, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* An ARP request becomes its reply, once it has gone through 'actions', to which this is
 * appended. */
static void
flow_arp_reply(struct run *run, struct ofpbuf *actions)
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
    stage_flow(run, &stage_rewrite, PRIORITY_PACKET, &match, actions);
}

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    ACTIONS(actions);

    flow_forward(run);
    flow_arp_reply(run, &actions);
    ofpbuf_uninit(&actions);
}

/* Beside the stock agent a router's MAC must not be learned from here: see ml2.c. */
static void
ml2_flow_forward(struct run *run)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_ipv4(&match);
    act_dec_ttl(&actions);
    act_set_mac(&actions, MFF_ETH_SRC, host_chassis_mac(run));
    act_move(&actions, XREG_DST_MAC, MFF_ETH_DST);
    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_rewrite, PRIORITY_PACKET, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* The request goes on to the agent besides, as it came. */
static void
ml2_constants(struct run *run, const struct attachment *attachment)
{
    ACTIONS(actions);

    ml2_flow_forward(run);
    attachment->refuse(&actions, 0);
    flow_arp_reply(run, &actions);
    ofpbuf_uninit(&actions);
}

const struct stage stage_rewrite = {
    .table = 152,
    .name = "rewrite",
    .purpose = "the packet becomes the forwarded one, or the ARP reply",
    .next = STAGE_LIST(&stage_fdb),
    .priorities = PRIORITY_LIST({PRIORITY_PACKET, "what is rewritten"}),
    .reads = REGISTER_LIST(REG_NEXTHOP, XREG_SRC_MAC, XREG_DST_MAC),
    .flows[MODE_NATIVE] = &(const struct stage_flows){.constants = constants},
    .flows[MODE_ML2] = &(const struct stage_flows){.constants = ml2_constants},
};
