/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/static-route.h"

#include <stdlib.h>
#include <string.h>

#include "nb/text.h"
#include "util.h"

char *
static_route_parse(const char *s, struct static_route *route)
{
    static const char via[] = " via ";
    const char *sep = strstr(s, via);
    if (!sep) {
        return text_format("\"%s\" is not a route (PREFIX via NEXTHOP)", s);
    }

    char *prefix = xmemdup0(s, sep - s);
    const char *nexthop = sep + strlen(via);
    char *why = prefix_parse(prefix, &route->prefix);
    if (!why) {
        why = host_address_parse(nexthop, &route->nexthop);
    }
    if (!why && address_is_ipv4(&route->prefix.address) != address_is_ipv4(&route->nexthop)) {
        why = xstrdup("prefix and next hop are of different families");
    }
    free(prefix);
    if (!why) {
        return NULL;
    }
    char *error = text_format("route \"%s\": %.1024s", s, why);
    free(why);
    return error;
}

char *
static_route_format(const struct static_route *route)
{
    char *prefix = prefix_format(&route->prefix);
    char *nexthop = address_format(&route->nexthop);
    char *s = xasprintf("%s via %s", prefix, nexthop);
    free(prefix);
    free(nexthop);
    return s;
}

int
static_route_compare(const void *a_, const void *b_)
{
    const struct static_route *a = a_;
    const struct static_route *b = b_;

    int cmp = prefix_compare(&a->prefix, &b->prefix);
    return cmp ? cmp : memcmp(&a->nexthop, &b->nexthop, sizeof a->nexthop);
}
