/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_INJECT_H
#define PIPELINE_INJECT_H 1

/* How a packet of the daemon's own enters the pipeline.
 *
 * It enters at a stage, with what that stage expects of the stages before it.  All other
 * registers are 0, as if it came from outside of the bridge. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"
#include "pipeline/stage.h"

struct ofpbuf;

struct injection {
    const struct stage *stage; /* A stage that the pipeline has in its mode: &stage_route ... */

    /* 0 (false): not set. */
    uint64_t network_key; /* Of the network that the packet is in. */
    uint64_t router_key;  /* Of the router that sends it (at "route"). */
    ofp_port_t in_port;   /* As if this port had sent it: it does not go back there. */
    ofp_port_t outport;   /* The local port, or that of the physical network, that receives it (at
                           * "to-port"). */
    bool stays_here;      /* It does not leave the chassis, as if it had come by a tunnel. */

    /* At "neighbour": a router sends it to this next hop in the network, by its port with this MAC
     * address. */
    struct in6_addr nexthop;
    struct eth_addr src_mac;

    /* At "rewrite": the next hop has this MAC address, and the packet these flags (registers.h),
     * FLAG_ROUTED among them, and 'src_mac'. */
    struct eth_addr dst_mac;
    uint32_t flags;
};

/* Appends the actions of a packet-out. */
void pipeline_put_injection(struct ofpbuf *actions, const struct injection *);

#endif /* pipeline/inject.h */
