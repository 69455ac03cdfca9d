/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H 1

/* The map of the pipeline: stages, registers, priorities, and the rules.
 *
 * One fact of the topology is one flow, so a change of one fact changes one flow
 * however large the cloud is.  A packet's way in native mode:
 *
 *   classify ─► responder ─► fdb ─┬─► local port
 *    │     │         ╎        ▲   ├─► deliver ─► tunnel or provider bridge
 *    │  outside ─────╎────────┤   ├─► flood ─► flood-out
 *    └─► tunnel-source ───────┤   └─► router ─► route (─► ecmp) ─► pmtu
 *                    ╎        │                                      │
 *                    ╎        │                                      ▼
 *     the asker ◄────╎──── rewrite ◄───────────────────────────── neighbour
 *                    ╎                                               ▲
 *                    └╌╌╌╌╌╌╌╌╌╌╌ARP requests╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘
 *
 * From "route" to "neighbour" everything is kept in registers: the packet itself
 * changes in "rewrite" only, when it is certain that it can be forwarded.  So what
 * goes to the daemon before is the packet as it came.
 *
 * What goes to the daemon passes "limit-port" and "limit" on the way.
 *
 * Nothing else in the tree knows a table number, a register or a priority. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/engine.h"
#include "openvswitch/types.h"

/* STAGE(NAME, TABLE, "name", "purpose")
 *
 * The numbers leave out every table that Neutron's stock Open vSwitch agent uses
 * on br-int (0 1 2 23-25 30 31 59-62 71-73 77 78 81 82 91-93), table 0 excepted,
 * which native mode owns.  Gaps are for stages to come. */
#define STAGES                                                                                     \
    STAGE(CLASSIFY, 0, "classify", "where a packet comes from: its network")                       \
    STAGES_SHARED                                                                                  \
    STAGE(FLOOD, 168, "flood", "broadcast and multicast to the local ports of a network")          \
    STAGE(FLOOD_OUT, 169, "flood-out", "broadcast and multicast to other chassis")

/* Those that routing needs however layer 2 is done. */
#define STAGES_SHARED                                                                              \
    STAGE(TUNNEL_SOURCE, 96, "tunnel-source", "does it come from a chassis")                       \
    STAGE(RESPONDER, 104, "responder", "which ARP requests are answered here")                     \
    STAGE(FDB, 112, "fdb", "where a MAC address of a network is")                                  \
    STAGE(ROUTER, 120, "router", "what a router does with a packet sent to its MAC")               \
    STAGE(ROUTE, 128, "route", "the longest prefix: egress router port and next hop")              \
    STAGE(ECMP, 130, "ecmp", "which of several equal next hops")                                   \
    STAGE(PMTU, 136, "pmtu", "does it fit, where the next network's MTU is smaller")               \
    STAGE(PMTU_VERDICT, 137, "pmtu-verdict", "answers what does not fit")                          \
    STAGE(NEIGHBOUR, 144, "neighbour", "the MAC address of an IP address of a network")            \
    STAGE(REWRITE, 152, "rewrite", "the packet becomes the forwarded one, or the ARP reply")       \
    STAGE(DELIVER, 160, "deliver", "out to another chassis or a physical network")                 \
    STAGE(LIMIT_PORT, 176, "limit-port", "how much of a port goes to the daemon")                  \
    STAGE(LIMIT, 177, "limit", "how much goes to the daemon in all")

/* Beside Neutron's stock agent (ml2 mode) the packets of local ports to a router's
 * MAC, and ARP requests for its addresses, enter here, from tables of the agent, and
 * whatever is not forwarded returns to the agent's pipeline as it came:
 *
 *   stock-transient ─┬─► lease ─► entry ─► responder ─► fdb ─► router ─► ... ─► rewrite ─► fdb
 *   stock-egress ────┘     │        │          ╎         │                        ╎         │
 *                          └────────┴───► NORMAL ◄───────┘     the asker ◄╌╌╌╌╌╌╌╌┘         │
 *                                                                     out, or stock-transient
 *
 * An ARP request for a router's address goes to NORMAL as well as to its answer.
 *
 * Numbers 0, 60 and 94 are the agent's: 60 sees every packet, 94 those of ports with
 * the openvswitch firewall, after its egress rules. */
#define ML2_STAGES                                                                                 \
    STAGE(STOCK_ENTRY, 0, "stock-entry", "the agent's first table: what arrives by tunnel")        \
    STAGE(STOCK_TRANSIENT, 60, "stock-transient", "the agent's crossroads: packets to a router")   \
    STAGE(STOCK_EGRESS, 94, "stock-egress", "the agent's accepted egress: packets to a router")    \
    STAGE(ENTRY, 102, "entry", "which network a local port is in")                                 \
    STAGE(LEASE, 148, "lease", "is there a living controller")

enum stage {
#define STAGE(NAME, TABLE, STRING, PURPOSE) STAGE_##NAME = TABLE,
    STAGES ML2_STAGES
#undef STAGE
};

struct stage_info {
    uint8_t table;
    const char *name;
    const char *purpose;
};

/* Registers.  reg5 and reg6 are left to the stock firewall's pipeline; reg14 and
 * reg15 are free.
 *
 *   metadata  key of the network the packet is in
 *   reg0      flags, below
 *   reg1      next hop (IPv4), or the target of an ARP request
 *   xreg1     (reg2, reg3) key of the router the packet is in
 *   reg4      MTU of the network from which the packet entered the router
 *   reg7      OpenFlow port of the local port that sent it, or of the tunnel
 *   reg8      slot of an equal-cost route; part of a flood list
 *   reg9      scratch space within one flow's actions
 *   xreg5     (reg10, reg11) source MAC of a forwarded packet
 *   xreg6     (reg12, reg13) MAC of the next hop, or of the target of an ARP request */
#define REG_FLAGS MFF_REG0
#define REG_NEXTHOP MFF_REG1
#define XREG_ROUTER MFF_XREG1
#define REG_MTU MFF_REG4
#define REG_INPORT MFF_REG7
#define REG_SLOT MFF_REG8
#define REG_SCRATCH MFF_REG9
#define XREG_SRC_MAC MFF_XREG5
#define XREG_DST_MAC MFF_XREG6

#define FLAG_FROM_TUNNEL (1u << 0)
#define FLAG_FROM_PROVIDER (1u << 1)
#define FLAG_RESPOND (1u << 2) /* An ARP request that is answered if its target is known. */
#define FLAG_ROUTED (1u << 3)  /* A router has forwarded it. */
#define FLAG_TOO_BIG_BIT 4     /* It is larger than the next network's MTU. */
#define FLAG_TOO_BIG (1u << FLAG_TOO_BIG_BIT)
#define FLAG_KNOWN (1u << 5) /* The fdb knows the chassis; tun_dst is set. */
#define FLAGS_FROM_OUTSIDE (FLAG_FROM_TUNNEL | FLAG_FROM_PROVIDER)

/* Slots among which the next hops of an equal-cost route are spread. */
#define ECMP_SLOTS 64

/* The meter in front of everything that goes to the daemon. */
#define METER_PACKET_IN 1

/* The meters in front of that one, so that a port that floods takes nothing from others:
 * there are so many, and a local port has the one that its OpenFlow port's number leads
 * to.  Open vSwitch hands these numbers out one after the other, so ports share a meter
 * only on a chassis with more ports than meters. */
#define METER_PORT_FIRST 2
#define N_PORT_METERS 128

/* Why a packet comes to the daemon: the one byte of a controller action's
 * userdata. */
enum packet_in_reason {
    PIN_TTL_EXCEEDED = 1, /* It would leave with TTL 0. */
    PIN_NO_ROUTE,         /* No prefix of the router matches. */
    PIN_NO_NEIGHBOUR,     /* The next hop is known not to exist. */
    PIN_TO_ROUTER,        /* Addressed to the router itself. */
    PIN_TOO_BIG,          /* Larger than the next network's MTU. */
    PIN_STRANGER,         /* It came by tunnel, from no chassis' address. */
};
#define PIN_N_REASONS (PIN_TOO_BIG + 1) /* Of those for routers; 0 stands for all unknown ones. */

/* What such a packet carries: the reason, and the pipeline's fields. */
struct match;
struct topology;
struct pipeline_packet_in {
    enum packet_in_reason reason;
    uint64_t router_key;           /* Of the router it was in. */
    uint64_t network_key;          /* Of the network it was in, or was to go to. */
    uint32_t inport;               /* OpenFlow port of the local port that sent it. */
    struct in6_addr tunnel_source; /* Where the tunnel that it came by begins, if any. */
};
/* Returns false if 'userdata' was not written by this pipeline. */
bool pipeline_decode_packet_in(const void *userdata, size_t len, const struct match *metadata,
                               struct pipeline_packet_in *);

/* Appends actions that route a packet as if the router with this key sent it. */
struct ofpbuf;
void pipeline_put_inject(struct ofpbuf *actions, uint64_t router_key);

/* Appends actions that give a packet to the local ports of the network with this key, except for
 * the one with OpenFlow port 'except', if that is not 0. */
void pipeline_put_flood_local(struct ofpbuf *actions, uint64_t network_key, ofp_port_t except);

/* One way to live with layer 2: all that differs between the modes. */
struct pipeline {
    const struct stage_info *stages;
    size_t n_stages;
    const struct rule *rules;
    size_t n_rules;
    uint64_t cookie_mask; /* Which flows of the bridge are ours: those with COOKIE_BITS in it. */
    const uint8_t *shared_tables; /* Tables that somebody else may wipe. */
    size_t n_shared_tables;
};
extern const struct pipeline pipeline_native; /* br-int is ours. */
extern const struct pipeline pipeline_ml2;    /* It is Neutron's stock agent's. */

/* A topology whose engine runs the pipeline's rules. */
struct topology *pipeline_create_topology(const struct pipeline *);

/* Appends the actions of the lease, the flow in stage "lease" that lets packets on
 * while it is renewed. */
void ml2_put_lease(struct ofpbuf *actions);

#endif /* pipeline/pipeline.h */
