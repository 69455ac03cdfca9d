/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_IP_H
#define NB_IP_H 1

/* IP addresses and prefixes of both families: their form in memory and as people
 * write them.
 *
 * An address is a struct in6_addr.  IPv4 addresses are kept IPv4-mapped
 * (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so that IPv6 needs no second set of members.
 *
 * The length of a prefix is in bits of that form: 0 to 128, for IPv4 from 96 on, since
 * all of IPv4 is ::ffff:0:0/96.  What people and OpenFlow call 10.0.1.0/24 is
 * ::ffff:10.0.1.0/120 here.  prefix_make() and prefix_length() convert at the edges,
 * and the parsers and formatters here do.  No IPv6 prefix contains an IPv4 address, not
 * even ::/0: the families do not mix.
 *
 * The parsers are strict: they take one spelling of an IPv4 address, and of an IPv6 address
 * those of RFC 4291 2.2, but for IPv4-mapped ones.  Each returns NULL on success, otherwise a
 * malloc()'d sentence that quotes the string and says what is wrong with it, which the caller must
 * free(); the output is then undefined. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/compiler.h"

struct ip_prefix {
    struct in6_addr address; /* Its first address: the bits beyond 'plen' are zero. */
    uint8_t plen;            /* 0 to 128; for IPv4 96 to 128. */
};

/* An address of an interface together with the prefix it is on, e.g. 10.0.1.1/24. */
struct interface_address {
    struct in6_addr address;
    struct ip_prefix prefix; /* Contains 'address'. */
};

/* --- Addresses ---------------------------------------------------------- */

/* True for IPv4, i.e. an IPv4-mapped address. */
bool address_is_ipv4(const struct in6_addr *);

/* An IPv4 or IPv6 address without prefix length. */
char *address_parse(const char *, struct in6_addr *) OVS_WARN_UNUSED_RESULT;

/* The same, and none of ADDRESS_NO_HOST. */
char *host_address_parse(const char *, struct in6_addr *) OVS_WARN_UNUSED_RESULT;

/* The inverse, IPv6 as RFC 5952 has it.  The caller must free() the result. */
char *address_format(const struct in6_addr *);

/* --- Prefixes ----------------------------------------------------------- */

/* The prefix of 'length' bits that 'address' is in.  'length' is in the family's own
 * bits, at most address_max_length(). */
struct ip_prefix prefix_make(const struct in6_addr *address, unsigned int length);

/* The length of a prefix in its family's own bits: 24 for 10.0.1.0/24. */
unsigned int prefix_length(const struct ip_prefix *);

/* The length, in its family's own bits, of a prefix that is 'address' alone: 32 or 128. */
unsigned int address_max_length(const struct in6_addr *address);

/* "PREFIX/LENGTH" whose host bits must be zero ("10.0.1.0/24"); a bare address
 * stands for a host prefix. */
char *prefix_parse(const char *, struct ip_prefix *) OVS_WARN_UNUSED_RESULT;

/* The same for a subnet: the length must be given, since a subnet of one address is not
 * what is meant if it is left out. */
char *subnet_prefix_parse(const char *, struct ip_prefix *) OVS_WARN_UNUSED_RESULT;

/* The inverse, always with the length.  The caller must free() the result. */
char *prefix_format(const struct ip_prefix *);

/* True if 'address' lies in 'prefix', for which it must be of the same family. */
bool prefix_contains(const struct ip_prefix *prefix, const struct in6_addr *address);

/* True if one of two prefixes contains the other. */
bool prefixes_overlap(const struct ip_prefix *, const struct ip_prefix *);

/* A total order: by address, shorter first, so that whatever contains a prefix precedes
 * it.  0 if they are equal. */
int prefix_compare(const struct ip_prefix *, const struct ip_prefix *);

/* What an address is on a subnet.  A subnet of IPv4 has a network address, the first, and
 * a broadcast address, the last; a packet to the latter from elsewhere is a directed
 * broadcast (RFC 1812 4.2.2.11 (d), 4.2.3.1, 5.3.5.2).  A /31 (RFC 3021), a /32 and subnets of
 * IPv6 have neither. */
enum subnet_role {
    SUBNET_HOST, /* Neither of the two; perhaps of another subnet. */
    SUBNET_NETWORK,
    SUBNET_BROADCAST,
};
enum subnet_role address_subnet_role(const struct in6_addr *address,
                                     const struct ip_prefix *subnet);

/* Returns NULL if 'address' is a SUBNET_HOST on 'subnet', otherwise a sentence as above. */
char *subnet_host_check(const struct in6_addr *address,
                        const struct ip_prefix *subnet) OVS_WARN_UNUSED_RESULT;

/* --- Special addresses --------------------------------------------------
 *
 * What an address cannot be used for follows from the range that it is in.  The ranges are
 * in one table.  Each has one class; those who refuse addresses say of which classes.
 * Ranges may lie in one another: 255.255.255.255 is reserved as well. */

enum address_class {
    ADDRESS_THIS_NETWORK = 1 << 0, /* 0.0.0.0/8; people call it unspecified. */
    ADDRESS_UNSPECIFIED = 1 << 1,  /* 0.0.0.0, ::. */
    ADDRESS_LOOPBACK = 1 << 2,     /* 127.0.0.0/8, ::1. */
    ADDRESS_LINK_LOCAL = 1 << 3,   /* 169.254.0.0/16, fe80::/10. */
    ADDRESS_MULTICAST = 1 << 4,    /* 224.0.0.0/4, ff00::/8. */
    ADDRESS_RESERVED = 1 << 5,     /* 240.0.0.0/4. */
    ADDRESS_BROADCAST = 1 << 6,    /* 255.255.255.255, the limited broadcast. */
};

/* What cannot be the address of one host (RFC 1122 3.2.1.3, RFC 1812 4.2.2.11 and 5.3.7,
 * RFC 4291 2.5.2, 2.5.3 and 2.7).  A link-local address can. */
#define ADDRESS_NO_HOST                                                                            \
    (ADDRESS_THIS_NETWORK | ADDRESS_UNSPECIFIED | ADDRESS_LOOPBACK | ADDRESS_MULTICAST             \
     | ADDRESS_RESERVED)

struct special_range {
    struct ip_prefix prefix;
    enum address_class class;
    const char *name; /* As in "a multicast address". */
};

/* The range after 'range' (NULL: the first) that is of one of 'classes', a set of enum
 * address_class; NULL after the last.  Ranges that contain others come first. */
const struct special_range *special_range_next(const struct special_range *range,
                                               unsigned int classes);

/* True if 'address' is of one of 'classes'. */
bool address_is(const struct in6_addr *address, unsigned int classes);

/* True for a link-local address of IPv6 (RFC 4291 2.5.6), which every interface has, beside
 * those that it is given, and which means something on one network only. */
bool address_is_scoped(const struct in6_addr *);

/* True if all of 'prefix' is in one range of 'classes'. */
bool prefix_is(const struct ip_prefix *prefix, unsigned int classes);

/* --- Addresses of interfaces -------------------------------------------- */

/* "ADDRESS/LENGTH" with host bits allowed ("10.0.1.1/24").  The address must be usable by
 * a host, as for host_address_parse(), and a SUBNET_HOST on its prefix; LENGTH is not 0. */
char *interface_address_parse(const char *, struct interface_address *) OVS_WARN_UNUSED_RESULT;

/* The inverse.  The caller must free() the result. */
char *interface_address_format(const struct interface_address *);

/* A total order (for qsort): by address, then length. */
int interface_address_compare(const void *a, const void *b);

#endif /* nb/ip.h */
