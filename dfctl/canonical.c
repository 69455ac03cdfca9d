/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "nb/domain-name.h"
#include "nb/ip.h"
#include "nb/mac.h"
#include "nb/model.h"
#include "nb/static-route.h"
#include "nb/text.h"
#include "packets.h"
#include "svec.h"
#include "unicode.h"
#include "util.h"

const char *
name_check(const char *name)
{
    if (!name[0]) {
        return "is empty";
    }
    char *error = utf8_validate(name, NULL);
    if (error) {
        free(error);
        return "is not UTF-8";
    }
    if (!text_is_clean(name)) {
        return "contains a control character";
    }
    return NULL;
}

char *
address_normalize(const char *s)
{
    struct in6_addr address;
    char *error = address_parse(s, &address);
    if (error) {
        free(error);
        return xstrdup(s);
    }
    return address_format(&address);
}

char *
interface_address_normalize(const char *s)
{
    struct interface_address ia;
    char *error = interface_address_parse(s, &ia);
    if (error) {
        free(error);
        return xstrdup(s);
    }
    return interface_address_format(&ia);
}

char *
prefix_normalize(const char *s)
{
    struct ip_prefix prefix;
    char *error = prefix_parse(s, &prefix);
    if (error) {
        free(error);
        return xstrdup(s);
    }
    return prefix_format(&prefix);
}

/* The same, but what has one address is written as that. */
static char *
host_or_prefix_normalize(const char *s)
{
    struct ip_prefix prefix;
    char *error = prefix_parse(s, &prefix);
    if (error) {
        free(error);
        return xstrdup(s);
    }
    return (prefix_length(&prefix) == address_max_length(&prefix.address)
                ? address_format(&prefix.address)
                : prefix_format(&prefix));
}

/* 's', a prefix perhaps with host bits, without them; 's' itself if it is none. */
static char *
prefix_mask(const char *s)
{
    const char *slash = strchr(s, '/');
    char *host = xmemdup0(s, slash ? slash - s : strlen(s));
    struct in6_addr address;
    unsigned int length;
    char *error = address_parse(host, &address);
    char *masked = NULL;

    if (!error) {
        unsigned int max = address_max_length(&address);
        if (!slash) {
            length = max;
        }
        if (!slash || (str_to_uint(slash + 1, 10, &length) && length <= max)) {
            struct ip_prefix prefix = prefix_make(&address, length);
            masked = prefix_format(&prefix);
        }
    }
    free(error);
    free(host);
    return masked ? masked : xstrdup(s);
}

bool
static_route_matches(const char *route, const char *prefix, const char *nexthop)
{
    static const char via[] = " via ";
    const char *sep = strstr(route, via);
    if (!sep) {
        return false;
    }

    char *head = xmemdup0(route, sep - route);
    char *has_prefix = prefix_mask(head);
    char *wanted_prefix = prefix_mask(prefix);
    char *has_nexthop = address_normalize(sep + strlen(via));
    char *wanted_nexthop = nexthop ? address_normalize(nexthop) : NULL;
    bool matches =
        (!strcmp(has_prefix, wanted_prefix) && (!nexthop || !strcmp(has_nexthop, wanted_nexthop)));
    free(head);
    free(has_prefix);
    free(wanted_prefix);
    free(has_nexthop);
    free(wanted_nexthop);
    return matches;
}

char *
static_route_normalize(const char *s)
{
    struct static_route route;
    char *error = static_route_parse(s, &route);
    if (error) {
        free(error);
        return xstrdup(s);
    }
    return static_route_format(&route);
}

char *
mac_normalize(const char *s)
{
    struct eth_addr mac;
    char *error = mac_parse(s, &mac);
    if (error) {
        free(error);
        return xstrdup(s);
    }
    return xasprintf(ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
}

/* --- By type ------------------------------------------------------------ */

static char *
check_mac(const char *s)
{
    struct eth_addr mac;
    return mac_parse(s, &mac);
}

static char *
check_host_address(const char *s)
{
    struct in6_addr address;
    return host_address_parse(s, &address);
}

static char *
check_interface_address(const char *s)
{
    struct interface_address ia;
    return interface_address_parse(s, &ia);
}

static char *
check_subnet_prefix(const char *s)
{
    struct ip_prefix prefix;
    return subnet_prefix_parse(s, &prefix);
}

static char *
check_address_mode(const char *s)
{
    enum address_mode mode;
    return (address_mode_from_string(s, &mode)
                ? NULL
                : text_format("\"%s\" is none of slaac, dhcpv6-stateful, dhcpv6-stateless", s));
}

static char *
check_router_preference(const char *s)
{
    enum router_preference preference;
    return (router_preference_from_string(s, &preference)
                ? NULL
                : text_format("\"%s\" is none of low, medium, high", s));
}

static char *
check_prefix(const char *s)
{
    struct ip_prefix prefix;
    return prefix_parse(s, &prefix);
}

static char *
check_nat_type(const char *s)
{
    enum nat_type type;
    return (nat_type_from_string(s, &type)
                ? NULL
                : text_format("\"%s\" is none of dnat_and_snat, snat", s));
}

static char *
check_static_route(const char *s)
{
    struct static_route route;
    return static_route_parse(s, &route);
}

/* Types that have a form; those with several spellings have one that is canonical. */
static const struct {
    char *(*check)(const char *);
    char *(*normalize)(const char *);
} types[NB_N_TYPES] = {
    [NB_MAC] = {check_mac, mac_normalize},
    [NB_HOST_ADDRESS] = {check_host_address, address_normalize},
    [NB_INTERFACE_ADDRESS] = {check_interface_address, interface_address_normalize},
    [NB_SUBNET_PREFIX] = {check_subnet_prefix, prefix_normalize},
    [NB_PREFIX] = {check_prefix, host_or_prefix_normalize},
    [NB_NAT_TYPE] = {check_nat_type, NULL},
    [NB_ADDRESS_MODE] = {check_address_mode, NULL},
    [NB_ROUTER_PREFERENCE] = {check_router_preference, NULL},
    [NB_DOMAIN_NAME] = {domain_name_check, domain_name_normalize},
    [NB_ROUTES] = {check_static_route, static_route_normalize},
};

char *
value_normalize(enum nb_type type, const char *s)
{
    return types[type].normalize ? types[type].normalize(s) : xstrdup(s);
}

char *
value_check(enum nb_type type, const char *s)
{
    return types[type].check(s);
}

/* --- Sets --------------------------------------------------------------- */

void
normalize_all(char *const *strings, size_t n, char *(*normalize)(const char *), struct svec *out)
{
    svec_init(out);
    for (size_t i = 0; i < n; i++) {
        svec_add_nocopy(out, normalize(strings[i]));
    }
    svec_sort_unique(out);
}

/* The value that "10.0.0.1", "10.0.0.1/24" or "10.0.0.0/24 via 10.1.0.1" begins
 * with; all-zero if it begins with none. */
static struct in6_addr
leading_address(const char *s)
{
    struct in6_addr address = in6addr_any;
    char *head = xmemdup0(s, strcspn(s, "/ "));
    char *error = address_parse(head, &address);
    if (error) {
        address = in6addr_any;
        free(error);
    }
    free(head);
    return address;
}

static int
compare_leading_addresses(const void *a_, const void *b_)
{
    char *const *a = a_;
    char *const *b = b_;
    struct in6_addr x = leading_address(*a);
    struct in6_addr y = leading_address(*b);
    int cmp = memcmp(&x, &y, sizeof x);
    return cmp ? cmp : strcmp(*a, *b);
}

void
sort_addresses(struct svec *addresses)
{
    if (addresses->n) {
        qsort(addresses->names, addresses->n, sizeof *addresses->names, compare_leading_addresses);
    }
}
