/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_EXTERNAL_NEIGHBOUR_H
#define TOPOLOGY_EXTERNAL_NEIGHBOUR_H 1

/* External neighbours: hosts of provider networks that the NB database does not know.
 *
 * Which MAC address such a host has is something that this chassis has found out (service/
 * resolver.h).  It owns its address on the network as a port would, and gives way to all that the
 * NB database gives the address to.  The network need not be known; while it is not, the neighbour
 * owns nothing. */

#include <netinet/in.h>

#include "openvswitch/types.h"

struct external_neighbour;
struct network;
struct topology;
struct uuid;

/* Input: the host with the address 'ip' on the network has this MAC address; zero: there is no such
 * host any more. */
void topology_set_neighbour(struct topology *, const struct uuid *network,
                            const struct in6_addr *ip, struct eth_addr mac);

/* Gives '*to' the neighbours of '*from'. */
void topology_copy_neighbours(const struct topology *from, struct topology *to);

/* --- For the files of this folder only ---------------------------------- */

void external_neighbour_destroy(struct topology *, struct external_neighbour *);
/* The network has become known, or is about not to be any more. */
void external_neighbours_claim(struct topology *, struct network *);
void external_neighbours_unclaim(struct topology *, struct network *);

#endif /* topology/external-neighbour.h */
