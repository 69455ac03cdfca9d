/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_IP_H
#define NB_IP_H 1

/* IP addresses and prefixes as people write them.
 *
 * Strict parsers for the strings that the NB database and the command line
 * hold.  Each returns NULL on success, otherwise a malloc()'d sentence that
 * quotes the string and says what is wrong with it, which the caller must
 * free(); the output is then undefined. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/compiler.h"

/* Largest prefix length of each family. */
#define IPV4_PLEN_MAX 32

/* An address of an interface together with the prefix it is on, e.g.
 * 10.0.1.1/24. */
struct interface_address {
    struct in6_addr address;
    uint8_t plen;
};

/* An IPv4 or IPv6 address without prefix length; IPv4 becomes IPv4-mapped. */
char *address_parse(const char *, struct in6_addr *) OVS_WARN_UNUSED_RESULT;

/* The same, and usable by a host: not multicast, loopback, unspecified, nor (IPv4)
 * of 0.0.0.0/8 or 240.0.0.0/4. */
char *host_address_parse(const char *, struct in6_addr *) OVS_WARN_UNUSED_RESULT;

/* Returns what the addresses of a prefix of 'plen' bits are if no host can have any of them
 * ("multicast"), or NULL. */
const char *prefix_unusable(const struct in6_addr *prefix, uint8_t plen);

/* "ADDRESS/PLEN" with host bits allowed ("10.0.1.1/24"): an interface address.
 * The address must be usable by a host, as for host_address_parse(), and not the
 * prefix's network or broadcast address (IPv4, PLEN < 31); PLEN is not 0. */
char *interface_address_parse(const char *, struct interface_address *) OVS_WARN_UNUSED_RESULT;

/* "PREFIX/PLEN" whose host bits must be zero ("10.0.1.0/24"); a bare address
 * stands for a host prefix. */
char *prefix_parse(const char *, struct in6_addr *, uint8_t *plen) OVS_WARN_UNUSED_RESULT;

/* The inverses.  The caller must free() the result. */
char *address_format(const struct in6_addr *);
char *prefix_format(const struct in6_addr *, uint8_t plen);

/* Returns NULL unless 'address' is the network or broadcast address of its IPv4
 * prefix of length 'plen' (RFC 3021: /31 and /32 have neither), otherwise a
 * sentence as above. */
char *prefix_broadcast_check(const struct in6_addr *address, uint8_t plen) OVS_WARN_UNUSED_RESULT;

/* The prefix that 'address'/'plen' is in: 'address' with its host bits cleared. */
struct in6_addr prefix_of(const struct in6_addr *address, uint8_t plen);

/* True if one of two prefixes contains the other. */
bool prefixes_overlap(const struct in6_addr *a, uint8_t a_plen, const struct in6_addr *b,
                      uint8_t b_plen);

/* True if 'address' lies in 'prefix'/'plen' (same family). */
bool prefix_contains(const struct in6_addr *prefix, uint8_t plen, const struct in6_addr *address);

/* True for an IPv4-mapped address. */
bool address_is_ipv4(const struct in6_addr *);

#endif /* nb/ip.h */
