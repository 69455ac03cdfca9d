/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_RULES_H
#define PIPELINE_RULES_H 1

/* The rules, one file a stage, and what they are written with. */

#include "flow.h"
#include "flow/engine.h"
#include "openvswitch/match.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofpbuf.h"
#include "openflow/openflow.h"
#include "pipeline/pipeline.h"
#include "topology/facts.h"

/* --- Actions ------------------------------------------------------------
 *
 * All of them in the form in which the switch reports them back, so that what
 * is installed compares equal to what is wanted. */

/* A buffer for the actions of one flow, without an allocation in most cases. */
#define ACTIONS(NAME)                                                                              \
    uint64_t NAME##_stub[512 / 8];                                                                 \
    struct ofpbuf NAME = OFPBUF_STUB_INITIALIZER(NAME##_stub)

void act_set(struct ofpbuf *, enum mf_field_id, uint64_t value);
/* Sets the bits of reg0 that are in 'mask' to those of 'value'. */
void act_set_flags(struct ofpbuf *, uint32_t value, uint32_t mask);
void act_set_mac(struct ofpbuf *, enum mf_field_id, struct eth_addr);
void act_set_tunnel_dst(struct ofpbuf *, const struct in6_addr *);
void act_move(struct ofpbuf *, enum mf_field_id src, enum mf_field_id dst);
void act_resubmit(struct ofpbuf *, enum stage);
void act_output(struct ofpbuf *, ofp_port_t);
void act_dec_ttl(struct ofpbuf *);
void act_push_vlan(struct ofpbuf *, uint16_t vid);
void act_strip_vlan(struct ofpbuf *);
/* To the daemon, as far as the limits allow. */
void act_to_daemon(struct ofpbuf *, enum packet_in_reason);
void act_check_larger(struct ofpbuf *, uint16_t len, enum mf_field_id, unsigned int bit);
void act_ecmp_slot(struct ofpbuf *);

/* --- Matches ------------------------------------------------------------ */

/* The number of a register, for match_set_reg(). */
unsigned int reg_index(enum mf_field_id);
void match_flags(struct match *, uint32_t value, uint32_t mask);
void match_network(struct match *, const struct network *);
void match_router(struct match *, const struct router *);
void match_ipv4(struct match *);
void match_arp_request(struct match *);

/* --- Rules -------------------------------------------------------------- */

typedef void rule_run(struct run *, const struct subject *);

rule_run constant_flows;      /* pipeline.c */
rule_run classify_local_port; /* classify.c */
/* Brings packets of a local port that are in 'stage' into the port's network. */
void classify_port_in(struct run *, const struct subject *, enum stage);
rule_run classify_network;
rule_run tunnel_source_chassis; /* tunnel-source.c */
/* As 'tunnel_source_chassis'; what comes from the chassis goes through 'actions'. */
void tunnel_source_chassis_by(struct run *, const struct subject *, const struct ofpbuf *actions);
rule_run respond_own_addresses; /* responder.c */
rule_run fdb_mac;               /* fdb.c */
rule_run router_addresses;      /* router.c */
rule_run route_prefix;          /* route.c */
rule_run pmtu_network;          /* pmtu.c */
rule_run neighbour_address;     /* neighbour.c */
/* As 'neighbour_address'; who knows the MAC address goes on to the stage 'next'. */
void neighbour_address_by(struct run *, const struct subject *, enum stage next);
rule_run deliver_network; /* deliver.c */
/* As 'deliver_network', except for the flows to the OpenFlow port of a provider network,
 * which the function states. */
typedef void deliver_to_provider(struct run *, const struct network *,
                                 const struct network_config *, ofp_port_t);
void deliver_network_by(struct run *, const struct subject *, deliver_to_provider *);
rule_run flood_network; /* flood.c */
rule_run flood_out_network;
rule_run limit_local_port; /* limit.c */
/* Gives packets on their way to the daemon that came by 'ofport' (REG_INPORT) a meter. */
void limit_port(struct run *, ofp_port_t ofport);

rule_run ml2_constant_flows; /* ml2.c */
rule_run ml2_hook_router_port;
rule_run ml2_answer_address;
rule_run ml2_entry_local_port;
rule_run ml2_arrive_network;
rule_run ml2_tunnel_source_chassis;
rule_run ml2_route_prefix;
rule_run ml2_neighbour_address;
rule_run ml2_fdb_mac;
rule_run ml2_deliver_network;

/* --- Attachments -------------------------------------------------------- */

/* What becomes of a packet that the router does not forward: in native mode the
 * router answers, beside the stock agent the legacy router does. */
typedef void refuse(struct ofpbuf *actions, enum packet_in_reason);
struct attachment {
    refuse *refuse;       /* It cannot be forwarded, for this reason. */
    refuse *refuse_quiet; /* Its destination is one that is never forwarded to. */
};

/* States that packets to the prefix 'entry' are not forwarded, nor by shorter prefixes. */
void route_refuse(struct run *, const struct entry *, const struct attachment *);

/* The flows of each stage that are there whatever the topology is. */
typedef void stage_constants(struct run *, const struct attachment *);
stage_constants classify_constants, tunnel_source_constants, responder_constants, fdb_constants,
    router_constants, route_constants, pmtu_constants, neighbour_constants, rewrite_constants,
    limit_constants;
/* One of the above: an ARP request becomes its reply, once it has gone through 'actions', to
 * which this is appended. */
void rewrite_arp_reply(struct run *, struct ofpbuf *actions);

#endif /* pipeline/rules.h */
