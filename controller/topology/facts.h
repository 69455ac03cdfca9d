/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_FACTS_H
#define TOPOLOGY_FACTS_H 1

/* What rules may look at.
 *
 * Every function that takes a "struct run" records what it looked at, so that the
 * rule runs again when that changes; rules have no other way to read the
 * topology, since its structures are private.  Functions without a "struct run"
 * return what never changes for the object.
 *
 * Arrays that are returned are in an order that does not depend on history; the
 * caller must free() them (not what they point to). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nb/model.h"
#include "openvswitch/types.h"
#include "topology/types.h"

struct chassis;
struct entry;
struct external_neighbour;
struct nat;
struct network;
struct port;
struct router;
struct router_port;
struct run;

/* --- Network ------------------------------------------------------------ */

/* NULL if the network is not known or disabled (another one has its segment). */
const struct network_config *network_look(struct run *, const struct network *);
/* Nonzero, the same at every start and on every chassis. */
uint64_t network_key(const struct network *);
/* Packets of this chassis can get there: it has local ports, or a router that
 * they can reach has a port on it. */
bool network_is_needed(struct run *, const struct network *);
/* It has at least one local port. */
bool network_is_local(struct run *, const struct network *);
/* The local VLAN of Neutron's stock agent for it; 0 if the agent has none. */
uint16_t network_local_vlan(struct run *, const struct network *);
/* The OpenFlow ports of its local ports, ascending. */
ofp_port_t *network_local_ofports(struct run *, const struct network *, size_t *count);
/* The tunnel addresses (for encapsulation 'type') of the other chassis that have
 * ports of it, as of chassis_tunnel(), ascending: those of IPv4 are together. */
struct in6_addr *network_remote_tunnels(struct run *, const struct network *, enum network_type,
                                        size_t *count);
/* Its router ports of enabled routers. */
const struct router_port **network_router_ports(struct run *, const struct network *,
                                                size_t *count);
/* It has a router port that sends router advertisements. */
bool network_advertises(struct run *, const struct network *);

/* --- Port --------------------------------------------------------------- */

const struct port_config *port_look(struct run *, const struct port *);
const struct network *port_network(const struct port *);
/* Where it is; sets '*ofport' if local, '*chassis' if remote. */
enum location port_location(struct run *, const struct port *, ofp_port_t *ofport,
                            const struct chassis **chassis);
/* The OpenFlow port of a local port of a network that is known; 0 for any other. */
ofp_port_t port_local_ofport(struct run *, const struct port *);

/* --- Router and router port --------------------------------------------- */

uint64_t router_key(const struct router *);
/* Enabled, and packets of this chassis can get there. */
bool router_is_active(struct run *, const struct router *);
const struct router_port **router_router_ports(struct run *, const struct router *, size_t *count);

const struct router_port_config *router_port_look(struct run *, const struct router_port *);
/* An address by which a router is spoken to. */
struct router_address {
    struct in6_addr address;
    struct in6_addr source; /* Of its answers: another one, where it shares 'address' (anycast). */
};
/* Those of a router port: what it is given, its link-local address, and the subnet-router anycast
 * address of each prefix (RFC 4291 2.6.1), as far as they are its own: another router port, or for
 * the last any port, on the network may have the better claim. */
struct router_address *router_port_addresses(struct run *, const struct router_port *,
                                             size_t *count);
/* Nonzero, the same at every start and on every chassis. */
uint64_t router_port_key(const struct router_port *);
const struct router *router_port_router(const struct router_port *);
const struct network *router_port_network(const struct router_port *);

/* --- Index entries ------------------------------------------------------ */

/* The network of an address or MAC entry, and the key in it. */
const struct network *entry_network(const struct entry *);
const struct in6_addr *entry_ip(const struct entry *); /* Also of a prefix. */
struct eth_addr entry_mac(const struct entry *);

/* The port, router port, floating IP or external neighbour with the address or MAC: one of these is
 * nonnull. */
struct holder {
    const struct port *port;
    const struct router_port *router_port;
    const struct nat *nat;
    const struct external_neighbour *neighbour;
    bool anycast; /* It is one of several router ports, perhaps, that share the address. */
};
struct holder entry_holder(struct run *, const struct entry *);
/* The external neighbour that has been found at an address, or NULL: whether it is the holder or
 * not. */
const struct external_neighbour *entry_neighbour(struct run *, const struct entry *);

/* --- Routes ------------------------------------------------------------- */

const struct router *entry_router(const struct entry *);
/* The length of the prefix in its family's own bits (prefix_length()). */
unsigned int entry_length(const struct entry *);

/* The port by which the prefix is connected, or NULL. */
const struct router_port *prefix_connected(struct run *, const struct entry *);

/* One usable way of a static route. */
struct hop {
    const struct router_port *egress; /* The router port with 'nexthop' on its subnet. */
    struct in6_addr nexthop;
};
/* The ways of the static routes to the prefix with a next hop on a connected
 * subnet of the router, ascending by address. */
struct hop *prefix_hops(struct run *, const struct entry *, size_t *count);
/* How many static routes there are to the prefix, usable or not. */
size_t prefix_n_routes(struct run *, const struct entry *);

/* --- Gateways (gateway.c) ------------------------------------------------ */

/* The active gateway of a router port on a provider network; NULL if no chassis is connected to the
 * physical network, or the network is none. */
const struct chassis *router_port_gateway(struct run *, const struct router_port *);
/* It is this chassis. */
bool router_port_gateway_is_here(struct run *, const struct router_port *);
/* The chassis is connected to the physical network. */
bool chassis_has_physnet(struct run *, const struct chassis *, const char *physnet);

/* --- Translations (nat-facts.c) ------------------------------------------ */

const struct nat_config *nat_look(struct run *, const struct nat *);
/* Of a floating IP, on its network. */
struct eth_addr nat_mac(const struct nat *);
const struct router *nat_router(const struct nat *);
/* The router port on the network outside.  NULL while the translation is not in force: the router
 * has no such port, is not active, or another object has the floating IP's address or MAC. */
const struct router_port *nat_router_port(struct run *, const struct nat *);
/* The router port on the network of the logical address of a floating IP; NULL if that is on no
 * connected network. */
const struct router_port *nat_inside(struct run *, const struct nat *);
/* Where packets are translated.  Those of a floating IP on the chassis of its machine, if that is
 * connected to the physical network, and the address is on the network outside (not routed to the
 * router); others on the active gateway. */
enum nat_place nat_place(struct run *, const struct nat *);
/* The external address is none of the network's: the fabric routes it to the router. */
bool nat_is_routed(struct run *, const struct nat *);
/* The machine with the logical address of a floating IP in force is on this chassis. */
bool nat_machine_is_here(struct run *, const struct nat *);
/* It is the one that packets from its logical address or prefix leave by, on its network outside:
 * it is in force, and the first of several with the same. */
bool nat_is_of_source(struct run *, const struct nat *);
/* The zone of conntrack of the router's connections by shared addresses; 0: none yet. */
uint16_t router_zone(struct run *, const struct router *);
/* Those of fragments to and from its floating IPs; 0: none yet.  See topology_set_zone(). */
uint16_t router_zone_fragments_in(struct run *, const struct router *);
uint16_t router_zone_fragments_out(struct run *, const struct router *);
/* The router's translations of type NAT_SNAT that are in force. */
const struct nat **router_snats(struct run *, const struct router *, size_t *count);

/* --- External neighbours (external-neighbour.c) -------------------------- */

/* The MAC address of one that has its address. */
struct eth_addr external_neighbour_mac(const struct external_neighbour *);

/* --- Chassis and host --------------------------------------------------- */

/* False for this chassis itself. */
bool chassis_is_another(struct run *, const struct chassis *);
/* The address of a chassis to which this one sends its tunnels, or NULL if that lacks the
 * encapsulation.  Of a chassis with addresses of both families, the first that this one has a
 * tunnel port for; that of one with a single address may be of a family without. */
const struct in6_addr *chassis_tunnel(struct run *, const struct chassis *, enum network_type);
/* The address of a chassis in one family, or NULL. */
const struct in6_addr *chassis_encap_ip(struct run *, const struct chassis *, enum network_type,
                                        enum underlay);

/* This chassis' OpenFlow port for tunnels of 'type', or for a physical network;
 * 0 if there is none. */
ofp_port_t host_tunnel_ofport(struct run *, enum network_type, enum underlay);
ofp_port_t host_provider_ofport(struct run *, const char *physnet);
/* The OpenFlow ports for physical networks, ascending. */
ofp_port_t *host_provider_ofports(struct run *, size_t *count);
/* Packets go to physical networks and come from them by this switch (native mode). */
bool host_forwards_outside(struct run *);
/* As which OpenFlow port packets enter the stock agent's pipeline again, or 0. */
ofp_port_t host_reinject_ofport(struct run *);
/* The MAC address by which this chassis puts routed packets on a physical
 * network (one of its own: a router port's MAC is on every chassis). */
struct eth_addr host_chassis_mac(struct run *);

#endif /* topology/facts.h */
