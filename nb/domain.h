/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_DOMAIN_H
#define NB_DOMAIN_H 1

/* Where prefixes must not overlap: a network, whose prefixes are those of its subnets, and a
 * router, whose prefixes are those that it is connected to.  For nb/check.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nb/ip.h"
#include "openvswitch/hmap.h"
#include "uuid.h"

struct ovsdb_datum;
struct ovsdb_idl_row;
struct static_route;

/* A prefix that an object (a subnet, a router port) occupies. */
struct occupied {
    struct interface_address ia;  /* A subnet has the prefix's own address. */
    char *owner;                  /* "subnet s1" */
    const struct domain *network; /* That it is on. */
    const struct ovsdb_idl_row *row;
};

/* Kept by UUID, not by pointers that rows hold: those dangle when a transaction deletes a row
 * it inserted. */
struct domain {
    struct hmap_node hmap_node; /* By UUID. */
    const struct ovsdb_idl_row *row;
    struct uuid uuid;
    const char *name; /* The row's. */
    struct occupied *prefixes;
    size_t n_prefixes, allocated_prefixes;
    uint16_t mtu;                /* Of a network; 0 if that is not known. */
    bool ipv6;                   /* A network with a subnet or a router port of IPv6. */
    bool external;               /* A network that leads out of the cloud. */
    struct static_route *routes; /* Of a router, those that are in force. */
    size_t n_routes, allocated_routes;
};

struct domain *domain_add(struct hmap *domains, const struct ovsdb_idl_row *, const char *name);
void domains_destroy(struct hmap *domains);

/* NULL if there is none. */
struct domain *domain_find(const struct hmap *domains, const struct uuid *);

/* The domain that reference column 'datum' of a row means, NULL if none. */
struct domain *domain_of(const struct hmap *domains, const struct ovsdb_datum *datum);

/* Adds a prefix, which is on 'network'; 'owner' is copied. */
void domain_occupy(struct domain *, const struct interface_address *, const struct domain *network,
                   const char *owner, const struct ovsdb_idl_row *);

/* Adds a route of a router. */
void domain_add_route(struct domain *, const struct static_route *);

/* A prefix that 'address' is in, NULL if none. */
const struct occupied *domain_lookup(const struct domain *, const struct in6_addr *address);

#endif /* nb/domain.h */
