/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include <netinet/icmp6.h>

#include "nb/ip.h"
#include "packets.h"

/* Stage "rewrite": the packet becomes the one that leaves.
 *
 * A forwarded packet gets its MAC addresses, and its TTL goes down by one (RFC
 * 1812 5.3.1, RFC 8200 3).  An ARP request becomes its own reply (RFC 826), and a neighbour
 * solicitation its advertisement (RFC 4861 7.2.4); they return to the asker, and only there. */

enum {
    PRIORITY_PROBE = 120,
    PRIORITY_OPTION = 110,
    PRIORITY_TO_FABRIC = 105,
    PRIORITY_TRANSLATED = 103,
    PRIORITY_PACKET = 100,
};

void
rewrite_act_return(struct ofpbuf *actions, bool to_fabric)
{
    if (to_fabric) {
        /* It leaves as what the asker's network sends leaves: with its tag. */
        act_set_flags(actions, 0, FLAG_FROM_PROVIDER | FLAG_RESPOND);
        act_set(actions, MFF_IN_PORT, ofp_to_u16(OFPP_NONE));
        act_resubmit(actions, &stage_fdb);
    } else {
        act_output(actions, OFPP_IN_PORT);
    }
}

static void
match_routed_ipv6(struct match *match)
{
    match_ipv6(match);
    match_flags(match, FLAG_ROUTED, FLAG_ROUTED);
}

static void
match_translated(struct match *match)
{
    match_ipv4(match);
    match_flags(match, FLAG_NAT, FLAG_NAT);
}

static void
flow_forward(struct run *run, uint16_t priority, void (*match_packet)(struct match *),
             const struct stage *next)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_packet(&match);
    act_dec_ttl(&actions);
    act_move(&actions, XREG_SRC_MAC, MFF_ETH_SRC);
    act_move(&actions, XREG_DST_MAC, MFF_ETH_DST);
    /* A router may send a packet out where it came in. */
    act_set(&actions, MFF_IN_PORT, ofp_to_u16(OFPP_NONE));
    act_resubmit(&actions, next);
    stage_flow(run, &stage_rewrite, priority, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* An ARP request becomes its reply, once it has gone through 'actions', to which this is
 * appended. */
static void
flow_arp_reply(struct run *run, struct ofpbuf *actions, bool to_fabric)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;

    match_set_dl_type(&match, htons(ETH_TYPE_ARP));
    if (to_fabric) {
        match_flags(&match, FLAG_FROM_PROVIDER, FLAG_FROM_PROVIDER);
    }
    act_set(actions, MFF_ARP_OP, ARP_OP_REPLY);
    act_move(actions, MFF_ARP_SHA, MFF_ARP_THA);
    act_move(actions, MFF_ARP_SPA, MFF_ARP_TPA);
    act_move(actions, XREG_DST_MAC, MFF_ARP_SHA);
    act_move(actions, REG_NEXTHOP, MFF_ARP_SPA);
    act_move(actions, MFF_ETH_SRC, MFF_ETH_DST);
    act_move(actions, XREG_DST_MAC, MFF_ETH_SRC);
    rewrite_act_return(actions, to_fabric);
    stage_flow(run, &stage_rewrite, to_fabric ? PRIORITY_TO_FABRIC : PRIORITY_PACKET, &match,
               actions);
}

/* Flags of an advertisement (RFC 4861 4.4), as the field has them. */
#define ADVERTISE_ROUTER 0x80000000u
#define ADVERTISE_SOLICITED 0x40000000u
#define ADVERTISE_OVERRIDE 0x20000000u

/* A solicitation becomes its advertisement, for the targets that 'flags' tell: of a router or a
 * port, anycast or not.
 *
 * The advertisement says where the target is if the solicitation has an option that says where the
 * asker is: that one becomes the target's.  Without it the asker knows the target's MAC address
 * already, to which it has sent, and the advertisement overrides nothing (7.2.4); nor does one of
 * an anycast address (7.2.7).  The solicitation goes through 'before' as it came, if that is not
 * null. */
static void
flow_advertisement(struct run *run, uint32_t flags, bool has_option, bool to_fabric, refuse *before)
{
    bool overrides = has_option && !(flags & FLAG_ANYCAST);
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    if (before) {
        before(&actions, 0);
    }
    match_icmpv6(&match, ND_NEIGHBOR_SOLICIT);
    match_flags(&match, FLAG_RESPOND | flags | (to_fabric ? FLAG_FROM_PROVIDER : 0),
                FLAG_RESPOND | FLAG_ROUTER | FLAG_ANYCAST | (to_fabric ? FLAG_FROM_PROVIDER : 0));
    act_move(&actions, MFF_ETH_SRC, MFF_ETH_DST);
    act_move(&actions, XREG_DST_MAC, MFF_ETH_SRC);
    act_move(&actions, MFF_IPV6_SRC, MFF_IPV6_DST);
    act_move(&actions, MFF_ND_TARGET, MFF_IPV6_SRC);
    act_set(&actions, MFF_ICMPV6_TYPE, ND_NEIGHBOR_ADVERT);
    act_set(&actions, MFF_ND_RESERVED,
            ADVERTISE_SOLICITED | (flags & FLAG_ROUTER ? ADVERTISE_ROUTER : 0)
                | (overrides ? ADVERTISE_OVERRIDE : 0));
    if (has_option) {
        /* Without an option, the switch would write behind the packet's end. */
        match_set_nd_options_type(&match, ND_OPT_SOURCE_LINKADDR);
        act_set(&actions, MFF_ND_OPTIONS_TYPE, ND_OPT_TARGET_LINKADDR);
        act_resubmit(&actions, &stage_advertise);
    } else {
        rewrite_act_return(&actions, to_fabric);
    }
    stage_flow(run, &stage_rewrite,
               has_option  ? PRIORITY_OPTION
               : to_fabric ? PRIORITY_TO_FABRIC
                           : PRIORITY_PACKET,
               &match, &actions);
    ofpbuf_uninit(&actions);
}

/* A probe has no such option, but its answer must have one (RFC 4861 7.2.4), which the switch
 * cannot add: the daemon does. */
static void
flow_probe(struct run *run)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_icmpv6(&match, ND_NEIGHBOR_SOLICIT);
    match_set_ipv6_src(&match, &in6addr_any);
    match_flags(&match, FLAG_RESPOND, FLAG_RESPOND);
    act_to_daemon(&actions, PIN_DAD, NULL, 0);
    stage_flow(run, &stage_rewrite, PRIORITY_PROBE, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    static const uint32_t targets[] = {0, FLAG_ROUTER, FLAG_ROUTER | FLAG_ANYCAST};
    ACTIONS(actions);

    flow_forward(run, PRIORITY_PACKET, match_ipv4, &stage_fdb);
    flow_forward(run, PRIORITY_PACKET, match_routed_ipv6, &stage_fdb);
    flow_forward(run, PRIORITY_TRANSLATED, match_translated, &stage_nat_out);
    flow_arp_reply(run, &actions, false);
    ofpbuf_clear(&actions);
    flow_arp_reply(run, &actions, true);
    ofpbuf_uninit(&actions);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        flow_advertisement(run, targets[i], false, false, NULL);
        flow_advertisement(run, targets[i], false, true, NULL);
        flow_advertisement(run, targets[i], true, false, NULL);
    }
    flow_probe(run);
}

/* Beside the stock agent a router's MAC must not be learned from here: see ml2.c. */
static void
ml2_flow_forward(struct run *run, void (*match_packet)(struct match *))
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_packet(&match);
    act_dec_ttl(&actions);
    act_set_mac(&actions, MFF_ETH_SRC, host_chassis_mac(run));
    act_move(&actions, XREG_DST_MAC, MFF_ETH_DST);
    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_rewrite, PRIORITY_PACKET, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* A request or solicitation goes on to the agent besides, as it came. */
static void
ml2_constants(struct run *run, const struct attachment *attachment)
{
    ACTIONS(actions);

    ml2_flow_forward(run, match_ipv4);
    ml2_flow_forward(run, match_routed_ipv6);
    attachment->refuse(&actions, 0);
    flow_arp_reply(run, &actions, false);
    ofpbuf_uninit(&actions);
    flow_advertisement(run, FLAG_ROUTER, false, false, attachment->refuse);
    flow_advertisement(run, FLAG_ROUTER, true, false, attachment->refuse);
}

const struct stage stage_rewrite = {
    .table = 152,
    .name = "rewrite",
    .purpose = "the packet becomes the forwarded one, or the answer",
    .next = STAGE_LIST(&stage_fdb, &stage_nat_out, &stage_advertise, &stage_limit_port),
    .priorities = PRIORITY_LIST({PRIORITY_PROBE, "a probe for a known address"},
                                {PRIORITY_OPTION, "a solicitation with an option"},
                                {PRIORITY_TO_FABRIC, "a question of the fabric"},
                                {PRIORITY_TRANSLATED, "what is translated then"},
                                {PRIORITY_PACKET, "what is rewritten"}),
    .reads = REGISTER_LIST(REG_FLAGS, REG_NEXTHOP, XREG_SRC_MAC, XREG_DST_MAC),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){.constants = constants, .writes = REGISTER_LIST(REG_FLAGS)},
    .flows[MODE_ML2] = &(const struct stage_flows){.constants = ml2_constants},
};
