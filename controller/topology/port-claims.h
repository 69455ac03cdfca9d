/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_PORT_CLAIMS_H
#define TOPOLOGY_PORT_CLAIMS_H 1

/* What ports claim: their MAC and IP addresses.
 *
 * For the files of this folder only. */

struct network;
struct port;
struct topology;

void port_claim(struct topology *, struct port *);
void port_unclaim(struct topology *, struct port *);
/* What decides between the port's claims and their rivals has changed. */
void port_rank(struct topology *, struct port *);
/* Brings what the port claims up to date: where it is has changed. */
void port_reclaim(struct topology *, struct port *);
/* The same for the ports of a network that has become external, or is it no more. */
void ports_reclaim(struct topology *, struct network *);

#endif /* topology/port-claims.h */
