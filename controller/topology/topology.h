/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_TOPOLOGY_H
#define TOPOLOGY_TOPOLOGY_H 1

/* The logical network in memory, as one chassis sees it.
 *
 * Inputs come as values (nb/model.h), each under its row's UUID, in any order: an
 * object may be referred to before it is known.  Setting an object to what it
 * already is changes nothing.  From the inputs the topology keeps indexes (who
 * has this address, this MAC, this segment, which routes has this router to this
 * prefix), where each port is, and which networks and routers the packets of
 * this chassis can reach.
 *
 * The topology owns the engine's subjects and facts: whenever something that a
 * rule may have looked at changes, it tells the engine.  Rules read through
 * topology/facts.h only.
 *
 * Two objects that claim the same thing (an address in a network, a segment) are
 * an error that must not depend on who came first: a router port precedes a port, what
 * is in use (a port on a chassis, a network with ports) precedes what is not, then the
 * lower UUID wins; the loser has no
 * effect and is listed by topology_problems().
 *
 * Usage: any number of setters, then topology_settle(), then engine_run().
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/engine.h"
#include "nb/model.h"
#include "openvswitch/shash.h"

struct topology;
struct ds;

/* The kinds of subjects that rules are about. */
enum {
    KIND_PIPELINE, /* The chassis as a whole; always exactly one. */
    KIND_NETWORK,
    KIND_LOCAL_PORT, /* A port whose interface is on this chassis. */
    KIND_ROUTER_PORT,
    KIND_ADDRESS, /* (network, IP address) that somebody has. */
    KIND_MAC,     /* (network, MAC address) that somebody has. */
    KIND_PREFIX,  /* (router, prefix) that there is a route to. */
    KIND_CHASSIS,
    N_KINDS,
};
extern const struct subject_kind topology_kinds[N_KINDS];

/* What the topology must know of this chassis' own switch. */
struct host {
    ofp_port_t tunnel_ofport[N_ENCAPS]; /* 0: no such tunnel port. */
    struct shash provider_ofports;      /* Physical network to "ofp_port_t *". */
    ofp_port_t reinject_ofport;         /* As which packets enter the stock agent's pipeline
                                         * again; 0 if there is no such port. */
};
void host_init(struct host *);
void host_destroy(struct host *);
void host_set_provider(struct host *, const char *physnet, ofp_port_t);

/* 'rules' of 'n_rules' are copied to an engine of the topology's own. */
struct topology *topology_create(const struct rule *rules, size_t n_rules);
void topology_destroy(struct topology *);
struct engine *topology_engine(struct topology *);

/* Inputs.  A config of NULL removes the object.  Configs are consumed: the
 * topology takes over what they point to, and leaves '*config' cleared. */
void topology_set_network(struct topology *, const struct uuid *, struct network_config *);
void topology_set_port(struct topology *, const struct uuid *, struct port_config *);
void topology_set_router(struct topology *, const struct uuid *, struct router_config *);
void topology_set_router_port(struct topology *, const struct uuid *, struct router_port_config *);
void topology_set_chassis(struct topology *, const struct uuid *, struct chassis_config *);

/* Appends the UUIDs of all objects of one sort that are set. */
enum topology_sort {
    SORT_CHASSIS,
    SORT_NETWORK,
    SORT_ROUTER,
    SORT_ROUTER_PORT,
    SORT_PORT,
    N_SORTS,
};
struct uuid_list;
void topology_list(const struct topology *, enum topology_sort, struct uuid_list *);

/* The name of this chassis; NULL while unknown. */
void topology_set_self(struct topology *, const char *name);

/* 'host' is copied. */
void topology_set_host(struct topology *, const struct host *);

/* The interface with this iface-id has OpenFlow port 'ofport' on this chassis; 0
 * removes it.  'claiming' says that the interface has been plugged after another
 * chassis claimed the port, so that this chassis may take the port over. */
void topology_set_vif(struct topology *, const char *iface_id, ofp_port_t ofport, bool claiming);

/* The VLAN by which Neutron's stock agent knows the network of this name on this chassis; 0 if it
 * does not. */
void topology_set_local_vlan(struct topology *, const char *name, uint16_t vlan);

/* Brings what is derived (reachability) up to date.  Call before engine_run(). */
void topology_settle(struct topology *);

/* Number raised whenever something that packets of this chassis may have relied on is
 * taken away: what replaces it may not be known yet (interest.h). */
uint64_t topology_losses(const struct topology *);

/* What is wrong between objects that are each fine: calls 'cb' once for each, with
 * the kind ("port", "network", ...), name and UUID of the object that is disabled
 * in whole or in part. */
typedef void topology_problem_cb(const char *kind, const char *name, const struct uuid *,
                                 const char *reason, void *aux);
void topology_problems(const struct topology *, topology_problem_cb *, void *aux);

/* Likewise what is wrong if this chassis is alone on its bridge (native mode), and everything that
 * it asked for has been read: interfaces that are no port's, or another chassis' port, and what
 * nobody routes. */
void topology_native_problems(const struct topology *, topology_problem_cb *, void *aux);

/* --- Addresses that move ------------------------------------------------- */

/* An address of a network with local ports that has come to another MAC address than it had. */
struct address_move {
    uint64_t network_key; /* facts.h: network_key(). */
    struct in6_addr ip;
    struct eth_addr mac; /* The new one. */
    ofp_port_t ofport;   /* Of the local port that has it now; 0 if there is none. */
};

/* Those since the last call, in the order of their settling; the caller must free() them. */
struct address_move *topology_take_moves(struct topology *, size_t *n);

/* --- Own ports ---------------------------------------------------------- */

/* A port that is on this chassis, or of which the NB database says so. */
struct own_port {
    struct uuid uuid;
    bool local;   /* It is here. */
    bool claimed; /* The NB database says so. */
    struct uuid network;
};
typedef void topology_own_port_cb(const struct own_port *, void *aux);

/* Calls 'cb' for each own port that may have changed since the last call.  One that is
 * neither local nor claimed is not an own port any more. */
void topology_for_each_changed_own_port(struct topology *, topology_own_port_cb *, void *aux);

/* True if a port of this name is on this chassis, and the NB database says so. */
bool topology_has_claimed(const struct topology *, const char *iface_id);

/* Counts, for status and metrics. */
struct topology_counts {
    size_t networks, ports, local_ports, routers, router_ports, chassis;
    size_t needed_networks;
};
void topology_get_counts(const struct topology *, struct topology_counts *);

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

#endif /* topology/topology.h */
