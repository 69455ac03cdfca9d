/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_TRANSIT_H
#define PIPELINE_TRANSIT_H 1

/* How a packet that is in a router goes to the gateway that is to send it on.
 *
 * It crosses by tunnel with a key of its own, TRANSIT_TUN_ID, in a frame whose destination MAC
 * address stands for the egress router port (it is that of no interface), and enters the same
 * router there at stage "route".  In the pipeline this is a network, one for each encapsulation,
 * with keys that are those of no row. */

#include <stdbool.h>
#include <stdint.h>

#include "nb/model.h"
#include "openvswitch/types.h"

struct chassis;
struct match;
struct ofpbuf;
struct router_port;
struct run;

/* No network can have it. */
#define TRANSIT_TUN_ID NETWORK_TRANSIT_KEY

/* The network with this encapsulation. */
static inline uint64_t
transit_network(enum network_type type)
{
    return UINT64_MAX - type;
}

/* Appends the actions that send a packet in the router of 'rp', which is on its way out by 'rp', to
 * 'gateway'.  Returns false if no tunnel leads there. */
bool transit_act_send(struct run *, struct ofpbuf *, const struct router_port *rp,
                      const struct chassis *gateway);

/* Matches, in the network of an encapsulation that all arrive in, what is on its way out by 'rp'.
 */
void transit_match(struct match *, const struct router_port *rp);

/* The network that they arrive in, whatever the encapsulation. */
#define TRANSIT_ARRIVAL transit_network(NETWORK_GENEVE)

#endif /* pipeline/transit.h */
