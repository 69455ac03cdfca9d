/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_QUERY_H
#define TOPOLOGY_QUERY_H 1

/* What services ask about an object that a packet names by its key (facts.h).
 *
 * The object is found by a hash, so the number of objects does not matter. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"
#include "uuid.h"

struct topology;

/* How a router sends a packet of its own. */
struct router_way {
    struct in6_addr src;     /* Its address on the interface that the packet leaves by. */
    bool is_one_of_several;  /* There are other routes as good as this one. */
    uint64_t network_key;    /* Of the network of that interface. */
    struct eth_addr mac;     /* Of the interface, a router port. */
    struct in6_addr nexthop; /* The packet's destination, if that is on the network. */
};

/* Sets '*way' to how the router reaches 'towards' by its routes, and the address that it would
 * send from (RFC 1812 4.3.2.4, RFC 4443 2.2): where the interface has several, the one on
 * the longest prefix that the next hop is in; where it has only a link-local address of IPv6, one
 * of another interface.  Returns false if it has no route or no address, or is not known. */
bool topology_router_way(const struct topology *, uint64_t router_key,
                         const struct in6_addr *towards, struct router_way *way);

/* Sets '*address' to the router's link-local address of IPv6 on the network.  Returns false if it
 * has none there, or is not known. */
bool topology_router_link_local(const struct topology *, uint64_t router_key, uint64_t network_key,
                                struct in6_addr *address);

/* True if 'ip' is an address of one of the router's ports, or one that they share with other
 * routers. */
bool topology_router_has_address(const struct topology *, uint64_t router_key,
                                 const struct in6_addr *ip);

/* Finds the router's port on an external network that has address 'ip': stores the network's key
 * and the port's MAC address.  False if there is none. */
bool topology_router_outside(const struct topology *, uint64_t router_key,
                             const struct in6_addr *ip, uint64_t *network_key,
                             struct eth_addr *mac);

/* Sets '*src' to the address by which the router answers for 'ip', which it shares with all routers
 * of a subnet (RFC 4291 2.6.1).  Returns false if 'ip' is no such address of the router. */
bool topology_router_anycast(const struct topology *, uint64_t router_key,
                             const struct in6_addr *ip, struct in6_addr *src);

/* The MTU of the network; 0 if it is not known. */
uint16_t topology_network_mtu(const struct topology *, uint64_t network_key);

/* True if 'ip' is the directed broadcast or the network address of one of the
 * router's connected IPv4 subnets (RFC 1812 5.3.5), and no longer prefix leads elsewhere. */
bool topology_is_directed_broadcast(const struct topology *, uint64_t router_key,
                                    const struct in6_addr *ip);

/* Who has an address of a network. */
struct address_owner {
    struct eth_addr mac;
    bool is_router;
    bool is_anycast;   /* It is one of several routers, perhaps, that share the address. */
    ofp_port_t ofport; /* Of a local port; 0 for others. */
};

/* Sets '*owner' to what the NB database gives 'ip' to.  Returns false if that is nothing, or the
 * network is not known. */
bool topology_address_owner(const struct topology *, uint64_t network_key,
                            const struct in6_addr *ip, struct address_owner *owner);

/* --- External neighbours ------------------------------------------------- */

/* The MAC address by which this chassis speaks to physical networks. */
struct eth_addr topology_chassis_mac(const struct topology *);

/* A provider network that packets of this chassis get to, and whose physical network it is
 * connected to. */
struct outside_network {
    struct uuid uuid;
    uint64_t key;
    const char *name; /* The topology's. */
};

/* Set '*outside' to the network.  Return false if it is none of these, or not known. */
bool topology_outside_network(const struct topology *, uint64_t network_key,
                              struct outside_network *outside);
bool topology_outside_network_by_uuid(const struct topology *, const struct uuid *,
                                      struct outside_network *outside);

/* True if the NB database says where on the network 'ip' is: it belongs to a port, or to a router,
 * which on an external network must be one that packets of this chassis get to. */
bool topology_address_is_placed(const struct topology *, uint64_t network_key,
                                const struct in6_addr *ip);

/* The name of a router, the topology's, that packets of this chassis get to and that has a static
 * route with the next hop 'ip' on the network; NULL if there is none. */
const char *topology_next_hop_router(const struct topology *, const struct uuid *network,
                                     const struct in6_addr *ip);

/* A floating IP. */
struct floating_ip {
    struct in6_addr external, logical;
    struct eth_addr mac; /* On the network outside. */
};

/* Sets '*fip' to the router's floating IP on the network outside with the address: the one inside
 * if 'is_logical', else the external one.  Returns false if there is none, or the router is not
 * known. */
bool topology_floating_ip(const struct topology *, uint64_t router_key, uint64_t network_key,
                          const struct in6_addr *address, bool is_logical, struct floating_ip *fip);

#endif /* topology/query.h */
