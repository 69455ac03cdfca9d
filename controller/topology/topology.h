/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_TOPOLOGY_H
#define TOPOLOGY_TOPOLOGY_H 1

/* The logical network in memory, as one chassis sees it.
 *
 * Inputs come as values (nb/model.h), each under its row's UUID, in any order: an
 * object may be referred to before it is known.  Setting an object to what it
 * already is changes nothing.  From the inputs the topology keeps indexes (the
 * owner of an address, a MAC, a segment, the routes of a router to a prefix), the
 * location of each port, and the networks and routers that packets of this
 * chassis can reach.
 *
 * The topology owns the engine's subjects and facts: whenever something that a
 * rule may have looked at changes, it tells the engine.  Rules read through
 * topology/facts.h only.
 *
 * Two objects that claim the same thing (an address in a network, a segment) are
 * an error with a result that must not depend on the order of inputs: a router port
 * precedes a port, what is in use (a port on a chassis, a network with ports) precedes
 * what is not, then the lower UUID wins; the loser has no effect and is listed by
 * topology_problems().
 *
 * Usage: any number of setters, then topology_settle(), then engine_run().
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/engine.h"
#include "nb/model.h"
#include "topology/host.h"
#include "topology/location.h"
#include "topology/external-neighbour.h"
#include "topology/gateway.h"
#include "topology/moves.h"
#include "topology/nat.h"
#include "topology/outside.h"
#include "topology/port.h"
#include "topology/problems.h"
#include "topology/reach.h"
#include "topology/route.h"
#include "topology/router.h"
#include "topology/subnet.h"

struct topology;
struct ds;

/* 'rules' of 'n_rules' are copied to an engine of the topology's own. */
struct topology *topology_create(const struct rule *rules, size_t n_rules);
/* Packets go to physical networks and come from them by this chassis' own flows (native mode).  To
 * be called before any input. */
void topology_forward_outside(struct topology *);
void topology_destroy(struct topology *);
struct engine *topology_engine(struct topology *);

/* Inputs.  A config of NULL removes the object.  Configs are consumed: the
 * topology takes over what they point to, and leaves '*config' cleared.  Those of subnets,
 * ports, routers, router ports and static routes are in subnet.h, port.h, router.h and route.h,
 * interfaces in location.h. */
void topology_set_network(struct topology *, const struct uuid *, struct network_config *);
void topology_set_chassis(struct topology *, const struct uuid *, struct chassis_config *);

/* Appends the UUIDs of all objects of one sort that are set. */
enum topology_sort {
    SORT_CHASSIS,
    SORT_NETWORK,
    SORT_SUBNET,
    SORT_ROUTER,
    SORT_ROUTER_PORT,
    SORT_STATIC_ROUTE,
    SORT_NAT,
    SORT_PORT,
    N_SORTS,
};
struct uuid_list;
void topology_list(const struct topology *, enum topology_sort, struct uuid_list *);

/* The name of this chassis; NULL while unknown. */
void topology_set_self(struct topology *, const char *name);

/* 'host' is copied. */
void topology_set_host(struct topology *, const struct host *);

/* The local VLAN of Neutron's stock agent for the network of this name; 0 if the agent has
 * none. */
void topology_set_local_vlan(struct topology *, const char *name, uint16_t vlan);

/* Number raised whenever something that packets of this chassis may have relied on is
 * taken away: what replaces it may not be known yet (interest.h). */
uint64_t topology_losses(const struct topology *);

/* Counts, for status and metrics. */
struct topology_counts {
    size_t networks, ports, local_ports, routers, router_ports, static_routes, chassis;
    size_t needed_networks;
};
void topology_get_counts(const struct topology *, struct topology_counts *);

#endif /* topology/topology.h */
