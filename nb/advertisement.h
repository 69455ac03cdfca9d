/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_ADVERTISEMENT_H
#define NB_ADVERTISEMENT_H 1

/* What a router port tells the machines of its network in router advertisements (RFC 4861 6.2), as
 * it follows from rows. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nb/model.h"
#include "openvswitch/types.h"

struct advertised_prefix {
    struct ip_prefix prefix; /* Of IPv6. */
    bool autonomous;         /* Machines make addresses of it (flag A). */
};

struct advertisement {
    char *name;             /* Of the router port, for messages; may be NULL. */
    struct eth_addr mac;    /* Of the router port, */
    struct in6_addr source; /* and its link-local address: by this one hosts know a router. */
    enum router_preference preference;
    uint16_t mtu; /* Of the network, in bytes of IP. */
    bool managed; /* Addresses by DHCPv6 (flag M). */
    bool other;   /* Other things by DHCPv6 (flag O). */

    /* Sorted, no duplicates. */
    struct advertised_prefix *prefixes;
    size_t n_prefixes;
    struct in6_addr *dns_servers;
    size_t n_dns_servers;
    char **dns_search;
    size_t n_dns_search;
};

/* Adds what 'subnet', of IPv6 and with an RA mode, has its machines told. */
void advertisement_add_subnet(struct advertisement *, const struct subnet_config *subnet);

/* Adds the prefixes, DNS servers and domains of 'more', as far as they are not there. */
void advertisement_add_lists(struct advertisement *, const struct advertisement *more);

/* Takes the prefixes, DNS servers and domains of 'less' out, as far as they are there. */
void advertisement_remove_lists(struct advertisement *, const struct advertisement *less);

/* Whether it has any prefix, DNS server or domain. */
bool advertisement_has_lists(const struct advertisement *);

/* Sets '*to' to a copy of '*from'. */
void advertisement_clone(struct advertisement *to, const struct advertisement *from);

/* Frees the members but not the struct itself. */
void advertisement_destroy(struct advertisement *);

bool advertisement_equal(const struct advertisement *, const struct advertisement *);

#endif /* nb/advertisement.h */
