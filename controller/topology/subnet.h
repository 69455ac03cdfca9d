/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_SUBNET_H
#define TOPOLOGY_SUBNET_H 1

/* The subnets of networks.
 *
 * A subnet says what the machines of its network are told, and nothing else follows from it: it
 * does not make its network one that is in use. */

struct subnet_config;
struct topology;
struct uuid;

/* As the other inputs (topology.h). */
void topology_set_subnet(struct topology *, const struct uuid *, struct subnet_config *);

/* --- For the files of this folder only ---------------------------------- */

#define SUBNET_FOR_EACH_ON(SUBNET, NETWORK, TOPOLOGY)                                              \
    HMAP_FOR_EACH_WITH_HASH (SUBNET, network_node, uuid_hash(&(NETWORK)->uuid),                    \
                             &(TOPOLOGY)->subnets_by_network)                                      \
        if (uuid_equals(&(SUBNET)->config.network, &(NETWORK)->uuid))

struct subnet;
void subnet_destroy(struct topology *, struct subnet *);

#endif /* topology/subnet.h */
