/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_ROUTER_H
#define TOPOLOGY_ROUTER_H 1

/* Routers and their ports. */

#include <stdbool.h>

struct in6_addr;
struct ip_prefix;
struct network;
struct router;
struct router_config;
struct router_port;
struct router_port_config;
struct run;
struct topology;
struct uuid;

/* As the other inputs (topology.h). */
void topology_set_router(struct topology *, const struct uuid *, struct router_config *);
void topology_set_router_port(struct topology *, const struct uuid *, struct router_port_config *);

/* --- For the files of this folder only ---------------------------------- */

/* Forgets all that is set of the router; the router itself as far as nothing refers to it. */
void router_destroy(struct topology *, struct router *);
void router_port_destroy(struct topology *, struct router_port *);

/* Brings what the router has on external networks up to date: 'needed' has changed. */
void router_reach_changed(struct topology *, struct router *);
/* The same for the routers on a network, which has changed. */
void router_ports_reclaim(struct topology *, struct network *);

/* True if the first address of a connected prefix is that of all routers on it (RFC 4291 2.6.1). */
bool has_anycast_address(const struct ip_prefix *);

/* The port of 'router' with 'nexthop' on its subnet (the longest prefix, then the
 * lowest UUID), or NULL.  Records the look for 'run' if that is nonnull. */
const struct router_port *router_egress(struct run *, const struct router *,
                                        const struct in6_addr *nexthop);

#endif /* topology/router.h */
