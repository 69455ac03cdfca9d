/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_GATEWAY_H
#define TOPOLOGY_GATEWAY_H 1

/* Gateways: the chassis by which physical networks reach routers.
 *
 * The candidates for a physical network are the chassis that are connected to it; if any of them
 * is declared a gateway, those that are.  Of more than MAX_GATEWAYS, those with the highest
 * rendezvous hash of physical network and chassis count.  A router port on a network of that
 * physical network has one active gateway: of the living candidates the one with the highest hash
 * of router port and chassis.  So all chassis that know of the same living ones choose alike,
 * without a word between them, and what a dead one had is shared out among all others.
 *
 * A candidate treats those networks as if it had ports on them, as it forwards what comes in. */

#include <stdbool.h>

struct chassis_config;
struct network;
struct router_port;
struct sset;
struct topology;

/* As many candidates as have to watch one another. */
#define MAX_GATEWAYS 5

/* Input: whether the chassis of this name is known to be dead, which the NB database does not
 * tell.  Chassis that are not known may be named. */
void topology_set_dead(struct topology *, const char *chassis, bool dead);

/* Adds the names of the chassis whose life and death matter here: of the other candidates of each
 * physical network that this chassis is a candidate for, and where it is not connected to a
 * physical network that its packets get to, or sources share an address there (SNAT), of all
 * candidates of that; and, where it is a candidate, of the chassis that do the latter, which watch
 * it.  Call topology_settle() before. */
void topology_get_watched_chassis(const struct topology *, struct sset *);

/* Calls 'cb' for each of those that are known; 'candidate' tells whether it may be a gateway
 * itself. */
typedef void topology_watched_cb(const struct chassis_config *, bool candidate, void *aux);
void topology_for_each_watched_chassis(const struct topology *, topology_watched_cb *, void *aux);

/* A chassis that may be a gateway. */
struct gateway_candidate {
    const char *physical_network;
    const char *chassis;
    bool declared; /* The NB database says that it is to be one. */
    bool dead;     /* topology_set_dead(). */
    bool self;     /* It is this chassis. */
};

/* Calls 'cb' for each candidate, those for one physical network one after the other, the best
 * first.  Call topology_settle() before. */
typedef void topology_candidate_cb(const struct gateway_candidate *, void *aux);
void topology_for_each_candidate(const struct topology *, topology_candidate_cb *, void *aux);

/* A router port on a provider network. */
struct forwarded_port {
    const char *router_port;
    const char *network;
    const char *physical_network;
    const char *chassis; /* The active gateway; NULL: there is none. */
    bool here;           /* It is this chassis, and that forwards to physical networks. */
};

/* Calls 'cb' for each of an enabled router that packets of this chassis get to, in any order.  Call
 * topology_settle() before. */
typedef void topology_forwarded_cb(const struct forwarded_port *, void *aux);
void topology_for_each_forwarded(const struct topology *, topology_forwarded_cb *, void *aux);

/* --- For the files of this folder only ---------------------------------- */

void gateways_init(struct topology *);
void gateways_destroy(struct topology *);
/* Something that candidates are chosen by has changed. */
void gateways_changed(struct topology *);
/* Chooses the candidates anew if need be. */
void gateways_settle(struct topology *);
/* Whether this chassis is a candidate for the network, which need not be defined. */
bool network_has_gateway_here(const struct topology *, const struct network *);
/* Whether this chassis is the active gateway of the router port. */
bool router_port_forwards_here(const struct topology *, const struct router_port *);
/* Whether any chassis is a candidate. */
bool network_has_gateways(const struct topology *, const struct network *);
/* Adds the physical networks that this chassis is a candidate for. */
void gateways_add_interest(const struct topology *, struct sset *);

#endif /* topology/gateway.h */
