/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PACKET_IN_H
#define PIPELINE_PACKET_IN_H 1

/* Packets that go to the daemon: why, with what, and how many.
 *
 * A controller action's userdata is a header and the payload of its reason.  A stage states both
 * with act_to_daemon() (rules.h), packet_in_parse() takes them apart.
 *
 * What belongs to the packet is in the pipeline's registers, so that one flow serves all
 * routers.  A payload is for what the flow alone knows, such as which object it is about. */

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct match;

/* The meter in front of everything that goes to the daemon. */
#define METER_PACKET_IN 1

/* The meters in front of that one, so that a port that floods takes nothing from others:
 * the number of the OpenFlow port selects the one of a local port.  Open vSwitch hands
 * these numbers out one after the other, so ports share a meter only on a chassis with
 * more ports than meters. */
#define METER_PORT_FIRST 2
#define N_PORT_METERS 128

/* Why a packet comes to the daemon.  Switches hold these numbers across an upgrade, so one stands
 * for one reason and one layout of the payload for ever.
 *
 * Payloads are structs of this file, in network byte order, named after the reason.  None of these
 * reasons has any. */
enum packet_in_reason {
    PIN_TTL_EXCEEDED = 1,    /* It would leave with TTL 0. */
    PIN_NO_ROUTE,            /* No prefix of the router matches. */
    PIN_NO_NEIGHBOUR,        /* No port is known to have the next hop. */
    PIN_TO_ROUTER,           /* Addressed to the router itself, or to a stranger (neighbour.c). */
    PIN_TOO_BIG,             /* Larger than the next network's MTU. */
    PIN_STRANGER,            /* It came by tunnel, from no chassis' address. */
    PIN_DAD,                 /* A probe for a known address (duplicate address detection). */
    PIN_ROUTER_SOLICITATION, /* A machine asks for router advertisements. */
    PIN_NEIGHBOUR,           /* ARP or neighbour discovery of an external neighbour. */
    PIN_NAT_ERROR_IN,        /* An ICMP error to a floating IP. */
    PIN_NAT_ERROR_OUT,       /* One from an address with a floating IP, about to leave. */
};
#define PIN_N_REASONS (PIN_NAT_ERROR_OUT + 1) /* 0 stands for all unknown ones. */

/* What userdata begins with.  The version before this header had the reason alone. */
struct packet_in_header {
    uint8_t reason; /* enum packet_in_reason. */
    uint8_t length; /* Of the payload, which is all that follows, in bytes. */
};

/* What such a packet carries: the userdata, and the pipeline's fields. */
struct pipeline_packet_in {
    enum packet_in_reason reason; /* 0: the userdata is not of this pipeline. */
    const void *payload;          /* In the userdata, at any alignment. */
    size_t payload_len;
    uint64_t router_key;           /* Of the router it was in. */
    uint64_t network_key;          /* Of the network it was in, or was to go to. */
    uint32_t inport;               /* OpenFlow port of the local port that sent it. */
    struct in6_addr tunnel_source; /* Where the tunnel that it came by begins, if any. */

    /* Of one that a router forwards, from "neighbour" on. */
    uint32_t flags;           /* registers.h. */
    struct eth_addr src_mac;  /* Of the router's port on the network. */
    struct in6_addr nexthop;  /* Raw: that of IPv6, */
    struct in6_addr nexthop4; /* and that of IPv4.  The packet is of one family. */
};

/* Takes apart what came with a packet: 'len' bytes of userdata, which may be anything, and the
 * pipeline's fields. */
void packet_in_parse(const void *userdata, size_t len, const struct match *metadata,
                     struct pipeline_packet_in *);

#endif /* pipeline/packet-in.h */
