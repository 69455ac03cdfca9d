/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Addresses in rows and on command lines.
 *
 * The input is one string, which each parser gets.  Properties: nothing crashes; a
 * refusal says why; what is accepted can be written again, and what is written
 * parses to the same. */

#include "nb/ip.h"
#include "nb/mac.h"
#include "nb/static-route.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/util.h"
#include "packets.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* True if a parser that returned 'error' accepted its input. */
static bool
accepted(char *error)
{
    if (error) {
        ovs_assert(error[0] != '\0');
        free(error);
        return false;
    }
    return true;
}

static bool
same_address(const struct in6_addr *a, const struct in6_addr *b)
{
    return ipv6_addr_equals(a, b);
}

static void
fuzz_mac(const char *s)
{
    struct eth_addr mac, again;

    if (accepted(mac_parse(s, &mac))) {
        char *written = xasprintf(ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));

        ovs_assert(!eth_addr_is_multicast(mac) && !eth_addr_is_zero(mac));
        ovs_assert(accepted(mac_parse(written, &again)));
        ovs_assert(eth_addr_equals(mac, again));
        free(written);
    }
}

static void
fuzz_address(const char *s)
{
    struct in6_addr address, again;

    if (accepted(address_parse(s, &address))) {
        char *written = address_format(&address);

        ovs_assert(accepted(address_parse(written, &again)));
        ovs_assert(same_address(&address, &again));
        struct ip_prefix host = prefix_make(&address, address_max_length(&address));
        ovs_assert(prefix_contains(&host, &again));
        free(written);
    }
}

static void
fuzz_interface_address(const char *s)
{
    struct interface_address ifa, again;

    if (accepted(interface_address_parse(s, &ifa))) {
        char *written = interface_address_format(&ifa);

        ovs_assert(prefix_length(&ifa.prefix) <= address_max_length(&ifa.address));
        ovs_assert(prefix_contains(&ifa.prefix, &ifa.address));
        ovs_assert(accepted(interface_address_parse(written, &again)));
        ovs_assert(!interface_address_compare(&ifa, &again));
        free(written);
    }
}

static void
fuzz_prefix(const char *s)
{
    struct ip_prefix prefix, again;

    if (accepted(prefix_parse(s, &prefix))) {
        char *written = prefix_format(&prefix);

        ovs_assert(prefix_length(&prefix) <= address_max_length(&prefix.address));
        ovs_assert(accepted(prefix_parse(written, &again)));
        ovs_assert(!prefix_compare(&prefix, &again));
        ovs_assert(prefix_contains(&prefix, &prefix.address));
        free(written);
    }
}

static void
fuzz_static_route(const char *s)
{
    struct static_route route, again;

    if (accepted(static_route_parse(s, &route))) {
        char *written = static_route_format(&route);

        ovs_assert(accepted(static_route_parse(written, &again)));
        ovs_assert(!static_route_compare(&route, &again));
        ovs_assert(address_is_ipv4(&route.prefix.address) == address_is_ipv4(&route.nexthop));
        free(written);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = xmemdup0((const char *) data, size);

    fuzz_mac(s);
    fuzz_address(s);
    fuzz_interface_address(s);
    fuzz_prefix(s);
    fuzz_static_route(s);
    free(s);
    return 0;
}
