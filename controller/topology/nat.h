/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_NAT_H
#define TOPOLOGY_NAT_H 1

/* Address translations of routers.
 *
 * A translation is on the external network of one of its router's ports: the one whose prefix
 * contains the external address, the longest of several; for another address (one that the fabric
 * routes to the router) that of the only router port on an external network.  Without either it is
 * not in force, nor is that of a router that packets of this chassis do not get to.  A floating IP
 * owns its external address and a MAC address there. */

#include <stdint.h>

#include <stdbool.h>

struct nat;
struct nat_config;
struct router;
struct topology;
struct uuid;

/* As the other inputs (topology.h). */
void topology_set_nat(struct topology *, const struct uuid *, struct nat_config *);

/* Input: the zone of conntrack that the router's translations have on this chassis, less than
 * ZONE_FRAGMENTS_IN; 0: none.  The router (by its UUID) need not be known.
 *
 * With 'zone' it has the zones 'zone' + ZONE_FRAGMENTS_IN and 'zone' + ZONE_FRAGMENTS_OUT, for
 * fragments to and from floating IPs: conntrack translates a packet once in a zone, and one from a
 * machine to a floating IP may be translated twice on its way, out by one translation and in by the
 * other. */
enum { ZONE_FRAGMENTS_IN = 0x4000, ZONE_FRAGMENTS_OUT = 0x8000 };
void topology_set_zone(struct topology *, const struct uuid *, uint16_t zone);

/* Calls 'cb' with each router that packets of this chassis get to and that has translations. */
typedef void topology_router_cb(const struct uuid *router, void *aux);
void topology_for_each_translating_router(const struct topology *, topology_router_cb *, void *aux);
/* Number raised whenever these may be others; the same number in another topology means nothing. */
uint64_t topology_translations_seqno(const struct topology *);

/* --- For the files of this folder only ---------------------------------- */

/* Whether the external address is on a prefix of the router's port, which must not be NULL.
 * Another one the fabric routes to the router, and so to the active gateway. */
bool nat_is_on_link(const struct nat *);
void nat_destroy(struct topology *, struct nat *);
/* Finds the networks of the router's translations anew: its ports, or one of their networks, or
 * whether it is enabled or needed, has changed. */
void nats_resolve(struct topology *, struct router *);

#endif /* topology/nat.h */
