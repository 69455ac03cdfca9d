/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PACKET_IN_H
#define PIPELINE_PACKET_IN_H 1

/* Packets that go to the daemon: why, with what, and how many. */

#include <netinet/in.h>
#include <stdint.h>

/* The meter in front of everything that goes to the daemon. */
#define METER_PACKET_IN 1

/* The meters in front of that one, so that a port that floods takes nothing from others:
 * the number of the OpenFlow port selects the one of a local port.  Open vSwitch hands
 * these numbers out one after the other, so ports share a meter only on a chassis with
 * more ports than meters. */
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
struct pipeline_packet_in {
    enum packet_in_reason reason;
    uint64_t router_key;           /* Of the router it was in. */
    uint64_t network_key;          /* Of the network it was in, or was to go to. */
    uint32_t inport;               /* OpenFlow port of the local port that sent it. */
    struct in6_addr tunnel_source; /* Where the tunnel that it came by begins, if any. */
};

#endif /* pipeline/packet-in.h */
