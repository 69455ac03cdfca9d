/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_PROBLEMS_H
#define TOPOLOGY_PROBLEMS_H 1

/* Faults between objects, and questions of the service. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct topology;
struct uuid;

/* What is wrong between objects that are each fine: calls 'cb' once for each, with
 * the kind ("port", "network", ...), name and UUID of the object that is disabled
 * in whole or in part. */
typedef void topology_problem_cb(const char *kind, const char *name, const struct uuid *,
                                 const char *reason, void *aux);
void topology_problems(const struct topology *, topology_problem_cb *, void *aux);

/* Likewise what is wrong if this chassis is alone on its bridge (native mode), and everything that
 * it asked for has been read: interfaces that are no port's, or another chassis' port, and
 * addresses that are not routed. */
void topology_native_problems(const struct topology *, topology_problem_cb *, void *aux);

/* --- For the service ---------------------------------------------------- */

/* The router with this key (facts.h: router_key()).  Sets '*src' to the IPv4
 * address of the interface through which the router would reach 'towards', by its
 * routes (RFC 1812 4.3.2.4).  Returns false if it has no route. */
bool topology_router_source(const struct topology *, uint64_t router_key, ovs_be32 towards,
                            ovs_be32 *src);

/* The MTU of the network with this key (facts.h: network_key()); 0 if there is
 * none. */
uint16_t topology_network_mtu(const struct topology *, uint64_t network_key);

/* True if 'ip' is the directed broadcast or the network address of one of the
 * router's connected IPv4 subnets (RFC 1812 5.3.5). */
bool topology_is_directed_broadcast(const struct topology *, uint64_t router_key, ovs_be32 ip);

#endif /* topology/problems.h */
