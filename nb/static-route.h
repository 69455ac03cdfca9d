/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_STATIC_ROUTE_H
#define NB_STATIC_ROUTE_H 1

/* A static route of a router, as a value and as text. */

#include <netinet/in.h>

#include "nb/ip.h"
#include "openvswitch/compiler.h"

struct static_route {
    struct ip_prefix prefix;
    struct in6_addr nexthop;
};

/* "PREFIX via NEXTHOP", both of the same family: a prefix as for prefix_parse(), and the
 * address of a host.  Returns NULL on success, otherwise a malloc()'d sentence as in
 * nb/ip.h, which the caller must free(). */
char *static_route_parse(const char *, struct static_route *) OVS_WARN_UNUSED_RESULT;

/* The inverse.  The caller must free() the result. */
char *static_route_format(const struct static_route *);

/* A total order (for qsort): by prefix, then next hop. */
int static_route_compare(const void *a, const void *b);

#endif /* nb/static-route.h */
