/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_RULES_H
#define PIPELINE_RULES_H 1

/* What rules are written with, and what the files of several stages share. */

#include "flow.h"
#include "flow/engine.h"
#include "openvswitch/match.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofpbuf.h"
#include "openflow/openflow.h"
#include "pipeline/packet-in.h"
#include "pipeline/registers.h"
#include "pipeline/stage.h"
#include "topology/facts.h"
#include "topology/subjects.h"

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
void act_set_ipv6(struct ofpbuf *, enum mf_field_id, const struct in6_addr *);
void act_set_tunnel_dst(struct ofpbuf *, const struct in6_addr *);
/* The chassis with this tunnel address is the one that stage "deliver" sends to. */
void act_set_chassis(struct ofpbuf *, const struct in6_addr *tunnel);
void act_move(struct ofpbuf *, enum mf_field_id src, enum mf_field_id dst);
void act_resubmit(struct ofpbuf *, const struct stage *);
void act_output(struct ofpbuf *, ofp_port_t);
/* To a local port, by stage "to-port". */
void act_to_port(struct ofpbuf *, ofp_port_t);
void act_dec_ttl(struct ofpbuf *);
void act_push_vlan(struct ofpbuf *, uint16_t vid);
void act_strip_vlan(struct ofpbuf *);
/* To the daemon, as far as the limits allow, with the payload of the reason (packet-in.h). */
void act_to_daemon(struct ofpbuf *, enum packet_in_reason, const void *payload, size_t payload_len);
void act_check_larger(struct ofpbuf *, uint16_t len, enum mf_field_id, unsigned int bit);
void act_ecmp_slot(struct ofpbuf *);

/* What conntrack does to the addresses of a packet of a connection that it does not know; what it
 * knows, it translates as before. */
enum ct_nat {
    CT_NAT_NONE, /* Nothing, and it is not remembered. */
    CT_NAT_SRC,  /* Its source becomes 'ip'. */
    CT_NAT_DST,  /* Its destination does. */
};
/* Through conntrack, by 'zone', and on to 'next'.  'ip' is IPv4-mapped. */
void act_ct_nat(struct ofpbuf *, uint16_t zone, enum ct_nat, const struct in6_addr *ip,
                const struct stage *next);

/* --- Matches ------------------------------------------------------------ */

/* The number of a register, for match_set_reg(). */
unsigned int reg_index(enum mf_field_id);
void match_flags(struct match *, uint32_t value, uint32_t mask);
void match_network(struct match *, const struct network *);
void match_router(struct match *, const struct router *);
void match_ipv4(struct match *);
void match_ipv6(struct match *);
/* Both of them, for what is the same in both families. */
#define N_FAMILIES 2
extern void (*const match_family[N_FAMILIES])(struct match *);
/* A packet of the address' family, to 'address' or the prefix of 'length' bits, in that family's
 * own bits, that it begins. */
void match_dst_prefix(struct match *, const struct in6_addr *address, unsigned int length);
void match_dst_address(struct match *, const struct in6_addr *address);
/* Likewise from it. */
void match_src_prefix(struct match *, const struct in6_addr *address, unsigned int length);
void match_src_address(struct match *, const struct in6_addr *address);
void match_arp_request(struct match *);
/* An ICMPv6 message of 'type' (RFC 4443 2.1). */
void match_icmpv6(struct match *, uint8_t type);

/* --- Flows -------------------------------------------------------------- */

static inline void
stage_flow(struct run *run, const struct stage *stage, uint16_t priority, const struct match *match,
           const struct ofpbuf *actions)
{
    run_flow(run, stage->table, priority, match, actions);
}

/* --- Attachments -------------------------------------------------------- */

/* The treatment of a packet that the router does not forward: in native mode
 * the router answers, beside the stock agent the legacy router does. */
typedef void refuse(struct ofpbuf *actions, enum packet_in_reason);
struct attachment {
    refuse *refuse;       /* It cannot be forwarded, for this reason. */
    refuse *refuse_quiet; /* Its destination is one that is never forwarded to. */
};
extern const struct attachment native_attachment;
extern const struct attachment ml2_attachment;

/* --- Between stages ----------------------------------------------------- */

/* Brings packets of a local port that are in 'stage', with this priority, into the port's
 * network.  'own_mac': those from its own MAC address only. */
void classify_port_in(struct run *, const struct subject *, const struct stage *, uint16_t priority,
                      bool own_mac);

/* Sends router solicitations on a network to the daemon if a router there advertises: flows of
 * stage "responder" with this priority. */
void responder_solicitations(struct run *, const struct subject *, uint16_t priority);

/* Sends answers to the daemon's questions about external neighbours to the daemon: flows of stage
 * "fdb" with this priority. */
void fdb_neighbour_answers(struct run *, const struct subject *, uint16_t priority);
/* Lets an external neighbour with the MAC address that it is known to have pass stage
 * "from-fabric", with the first priority, and tells the daemon of one with another, with the
 * second, which is lower: each frame once. */
void from_fabric_sightings(struct run *, const struct subject *, uint16_t same_priority,
                           uint16_t other_priority);

/* Appends what returns an answer to the asker: to the port that it came in by, or to the fabric. */
void rewrite_act_return(struct ofpbuf *, bool to_fabric);

/* Slots among which the next hops of an equal-cost route are spread. */
#define ECMP_SLOTS 64
/* Shares the slots of a prefix out among 'n' next hops. */
void ecmp_slots(struct run *, const struct entry *, const struct hop *, size_t n);

/* A flow's actions must fit one OpenFlow message (64 kB), and a receiver that comes or goes
 * should not rewrite a list of thousands: long lists of copies are split by a hash into parts of
 * about this many. */
#define COPIES_PER_PART 64
/* Whether broadcasts of the network are sent from this chassis. */
bool network_floods(struct run *, const struct network *);
/* Into how many parts a list of 'n' copies is split: a power of 2. */
uint32_t flood_n_parts(size_t n);

/* --- Beside the stock agent (ml2.c) ------------------------------------- */

/* Leaves what no other flow of 'stage' matches to the agent. */
void ml2_else_normal(struct run *, const struct stage *);
/* Into the agent's pipeline, as if the packet, which has its local VLAN, came from its tunnel
 * bridge. */
void ml2_act_enter(struct run *, struct ofpbuf *);
/* Appends the actions that deliver a packet in the network of 'port' to it.  Returns false if
 * there is no certain way. */
bool ml2_act_deliver(struct run *, struct ofpbuf *, const struct port *);
/* Takes the ARP requests or neighbour solicitations of local ports that 'match' matches out of
 * both of the agent's tables that they may be in, with FLAG_RESPOND. */
void ml2_hook_question(struct run *, struct match *);
/* Part of what takes packets out: what is done in the second of the tables. */
void stock_egress_hook(struct run *, bool question, const struct match *,
                       const struct ofpbuf *actions);

#endif /* pipeline/rules.h */
