/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_QUERY_H
#define TOPOLOGY_QUERY_H 1

/* What services ask about an object that a packet names by its key (facts.h).
 *
 * The object is found by a hash, so the number of objects does not matter. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct topology;

/* Sets '*src' to the IPv4 address of the interface through which the router would reach 'towards',
 * by its routes (RFC 1812 4.3.2.4).  Returns false if it has no route, or is not known. */
bool topology_router_source(const struct topology *, uint64_t router_key, ovs_be32 towards,
                            ovs_be32 *src);

/* The MTU of the network; 0 if it is not known. */
uint16_t topology_network_mtu(const struct topology *, uint64_t network_key);

/* True if 'ip' is the directed broadcast or the network address of one of the
 * router's connected IPv4 subnets (RFC 1812 5.3.5). */
bool topology_is_directed_broadcast(const struct topology *, uint64_t router_key, ovs_be32 ip);

#endif /* topology/query.h */
