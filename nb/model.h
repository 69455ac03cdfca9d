/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_MODEL_H
#define NB_MODEL_H 1

/* The logical network as values.
 *
 * What a row of the NB database says, checked and parsed once: no strings to
 * parse again, no pointers into the database.  `nb/parse.h` makes these out of
 * rows; `controller/topology` keeps them.  Tests make them by hand.
 *
 * References to other objects are row UUIDs; the object meant may be absent.
 * Addresses and prefixes of both families have one form (nb/ip.h).
 *
 * Ownership: each *_config owns everything it points to; *_config_destroy()
 * frees the members but not the struct itself. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nb/ip.h"
#include "nb/static-route.h"
#include "openvswitch/types.h"
#include "openvswitch/uuid.h"

enum network_type {
    NETWORK_GENEVE,
    NETWORK_VXLAN,
    NETWORK_GRE,
    NETWORK_VLAN,
    NETWORK_FLAT,
    NETWORK_LOCAL,
};
#define N_ENCAPS 3 /* NETWORK_GENEVE, NETWORK_VXLAN and NETWORK_GRE index encaps. */

static inline bool
network_type_is_overlay(enum network_type type)
{
    return type < N_ENCAPS;
}

static inline bool
network_type_is_provider(enum network_type type)
{
    return type == NETWORK_VLAN || type == NETWORK_FLAT;
}

struct network_config {
    char *name;
    enum network_type type;
    uint32_t segmentation_id; /* VNI, GRE key or VLAN id; 0 for flat and local. */
    char *physical_network;   /* NULL unless a provider network. */
    uint16_t mtu;             /* In bytes of IP packet; DEFAULT_MTU if the row has none. */
    bool external;            /* It leads out of the cloud. */
};
#define DEFAULT_MTU 1500

/* Segmentation ids that no overlay can have, as tunnels between chassis have them: those that watch
 * chassis (BFD), and those that take packets to gateways. */
#define NETWORK_BFD_KEY 16777213
#define NETWORK_TRANSIT_KEY 16777214

/* How the machines on an IPv6 subnet come to their addresses. */
enum address_mode {
    ADDRESS_MODE_NONE,      /* Nobody tells them. */
    ADDRESS_MODE_SLAAC,     /* They make their own (RFC 4862). */
    ADDRESS_MODE_STATEFUL,  /* DHCPv6 gives them one (RFC 8415). */
    ADDRESS_MODE_STATELESS, /* They make their own, and DHCPv6 tells of the rest. */
};

struct subnet_config {
    char *name;
    struct uuid network;
    struct ip_prefix prefix;
    enum address_mode ra_mode;    /* What routers advertise; ADDRESS_MODE_NONE: nothing. */
    struct in6_addr *dns_servers; /* Sorted, no duplicates, of the prefix's family. */
    size_t n_dns_servers;
    char **dns_search; /* Canonical (nb/domain-name.h), sorted, no duplicates. */
    size_t n_dns_search;
};

struct port_config {
    char *name;
    struct uuid network;
    struct eth_addr mac;
    struct in6_addr *addresses; /* Sorted, no duplicates. */
    size_t n_addresses;
    bool enabled;
    char *requested_chassis; /* Name, or NULL. */
    struct uuid chassis;     /* All-zero if no chassis has claimed it. */
};

struct router_config {
    char *name;
    bool enabled;
    struct static_route *routes; /* Of the deprecated column.  Sorted by static_route_compare(), no
                                  * duplicates. */
    size_t n_routes;
};

struct static_route_config {
    struct uuid router;
    struct static_route route;
};

/* How much hosts prefer a router to others, as the bits of RFC 4191 2.1. */
enum router_preference {
    PREFERENCE_MEDIUM = 0,
    PREFERENCE_HIGH = 1,
    PREFERENCE_LOW = 3,
};

struct router_port_config {
    char *name;
    struct uuid router;
    struct uuid network;
    struct eth_addr mac;
    struct interface_address *addresses; /* Sorted by address, no duplicates. */
    size_t n_addresses;
    enum router_preference preference;
};

enum nat_type {
    NAT_DNAT_AND_SNAT, /* One address for one: a floating IP. */
    NAT_SNAT,          /* One address for those of a prefix. */
};

struct nat_config {
    char *name;
    struct uuid router;
    enum nat_type type;
    struct in6_addr external_ip;  /* IPv4. */
    struct ip_prefix logical;     /* IPv4; of a floating IP a single address. */
    struct eth_addr external_mac; /* All-zero: none is given. */
};

/* The family of the packets in which tunnels cross the underlay.  Where two chassis have addresses
 * of both, the first one counts. */
enum underlay {
    UNDERLAY_IPV4,
    UNDERLAY_IPV6,
};
#define N_UNDERLAYS 2

static inline enum underlay
underlay_of(const struct in6_addr *tunnel_address)
{
    return address_is_ipv4(tunnel_address) ? UNDERLAY_IPV4 : UNDERLAY_IPV6;
}

struct chassis_config {
    char *name;
    /* All-zero where the chassis lacks that encap, or has no address of that family. */
    struct in6_addr encap_ip[N_ENCAPS][N_UNDERLAYS];
    char **physical_networks; /* That it is connected to.  Sorted, no duplicates. */
    size_t n_physical_networks;
    bool gateway; /* It is to be a gateway. */
};

/* The link-local address of a router port (RFC 4291 2.1), which it has if it has any IPv6
 * address: the first of its addresses that is one, otherwise the interface identifier made of its
 * MAC address (appendix A) behind fe80::/64.  Returns false if it has none. */
bool router_port_config_link_local(const struct router_port_config *, struct in6_addr *);

/* True if the chassis is connected to the physical network. */
bool chassis_config_has_physical_network(const struct chassis_config *, const char *physnet);

void network_config_destroy(struct network_config *);
void subnet_config_destroy(struct subnet_config *);
void port_config_destroy(struct port_config *);
void router_config_destroy(struct router_config *);
void router_port_config_destroy(struct router_port_config *);
void nat_config_destroy(struct nat_config *);
void chassis_config_destroy(struct chassis_config *);

bool network_config_equal(const struct network_config *, const struct network_config *);
bool subnet_config_equal(const struct subnet_config *, const struct subnet_config *);
bool port_config_equal(const struct port_config *, const struct port_config *);
bool router_config_equal(const struct router_config *, const struct router_config *);
bool router_port_config_equal(const struct router_port_config *, const struct router_port_config *);
bool nat_config_equal(const struct nat_config *, const struct nat_config *);
bool chassis_config_equal(const struct chassis_config *, const struct chassis_config *);

/* "geneve", "vxlan", ... */
const char *network_type_to_string(enum network_type);
/* The largest VNI, GRE key or VLAN id (the smallest is 1); 0 for a type that has
 * none. */
uint32_t network_type_max_segmentation_id(enum network_type);
/* Returns false if 's' is no network type. */
bool network_type_from_string(const char *s, enum network_type *);

/* "slaac", "dhcpv6-stateful", "dhcpv6-stateless"; returns false if 's' is none of them. */
bool address_mode_from_string(const char *s, enum address_mode *);
/* "dnat_and_snat", "snat"; returns false if 's' is none of them. */
bool nat_type_from_string(const char *s, enum nat_type *);
/* "low", "medium", "high"; returns false if 's' is none of them. */
bool router_preference_from_string(const char *s, enum router_preference *);

#endif /* nb/model.h */
