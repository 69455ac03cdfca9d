/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_REGISTERS_H
#define PIPELINE_REGISTERS_H 1

/* What a packet carries from stage to stage. */

#include "openvswitch/meta-flow.h"

/* Registers.  All are laid out here, those of stages to come, too, which are marked as such.
 *
 * Neutron's stock agent has reg5, reg6 and reg7 to itself: its firewall keeps the port, the network
 * and, where it logs, a remote group in them.  What enters its pipeline again has them cleared, as
 * if it came by its patch port.
 *
 * Two overlap with others: a slot is needed until the source MAC is known, and by packets that no
 * router has forwarded; a next hop of 128 bits until its MAC is known.
 *
 *   metadata  key of the network the packet is in
 *   reg0      flags, below
 *   reg1      conntrack zone (to come)
 *   xreg1     (reg2, reg3) key of the router the packet is in
 *   reg4      MTU of the network from which the packet entered the router
 *   reg8      OpenFlow port of the local port that sent it, or of the tunnel
 *   reg9      OpenFlow port of the local port that receives it
 *   xreg5     (reg10, reg11) source MAC of a forwarded packet
 *   reg11     slot of an equal-cost route; part of a flood list
 *   xxreg3    (reg12 to reg15) next hop (IPv6), or the target of a solicitation; scratch space
 *   reg12     next hop (IPv4), or the target of an ARP request
 *   reg13     scratch space within one flow's actions
 *   xreg7     (reg14, reg15) MAC of the next hop, or of what a request or solicitation asks for */
#define REG_NETWORK MFF_METADATA
#define REG_FLAGS MFF_REG0
#define XREG_ROUTER MFF_XREG1
#define REG_MTU MFF_REG4
#define REG_INPORT MFF_REG8
#define REG_OUTPORT MFF_REG9
#define XREG_SRC_MAC MFF_XREG5
#define REG_SLOT MFF_REG11
#define REG_NEXTHOP MFF_REG12
#define REG_SCRATCH MFF_REG13
#define XREG_DST_MAC MFF_XREG7
#define XXREG_NEXTHOP MFF_XXREG3
#define XXREG_SCRATCH MFF_XXREG3

/* The stock agent's. */
#define REG_STOCK_PORT MFF_REG5
#define REG_STOCK_NETWORK MFF_REG6
#define REG_STOCK_GROUP MFF_REG7

#define FLAG_FROM_TUNNEL (1u << 0)
#define FLAG_FROM_PROVIDER (1u << 1)
#define FLAG_RESPOND (1u << 2) /* A request or solicitation, answered if its target is known. */
#define FLAG_ROUTED (1u << 3)  /* A router has forwarded it. */
#define FLAG_TOO_BIG_BIT 4     /* It is larger than the next network's MTU. */
#define FLAG_TOO_BIG (1u << FLAG_TOO_BIG_BIT)
#define FLAG_KNOWN (1u << 5)      /* The fdb knows the chassis; tun_dst is set. */
#define FLAG_KNOWN_IPV6 (1u << 6) /* The same over IPv6; tun_ipv6_dst is set. */
#define FLAG_ROUTER (1u << 7)     /* The target of the solicitation is a router's address. */
#define FLAG_ANYCAST (1u << 8)    /* Several routers may have it. */
#define FLAG_TRANSIT (1u << 9)    /* It came to be sent on to a physical network from here. */
#define FLAG_NAT (1u << 10)       /* Its source is translated where it leaves the router. */
#define FLAG_FLOATING (1u << 11)  /* A floating IP translates it, which knows no connections. */
#define FLAGS_NAT (FLAG_NAT | FLAG_FLOATING)
#define FLAG_SIGHTED (1u << 12) /* What it says of an external neighbour has been looked at. */
#define FLAGS_FROM_OUTSIDE (FLAG_FROM_TUNNEL | FLAG_FROM_PROVIDER)

#endif /* pipeline/registers.h */
