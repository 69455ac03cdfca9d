/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "util.h"

/* The length of ::ffff:0:0/96, in which all of IPv4 is. */
#define IPV4_PLEN 96
#define IPV6_PLEN_MAX 128

/* RFC 3021: no IPv4 subnet with a longer prefix has a broadcast address. */
#define MAX_BROADCAST_LENGTH 30

bool
address_is_ipv4(const struct in6_addr *address)
{
    return IN6_IS_ADDR_V4MAPPED(address);
}

/* How many bits of 'address' say that it is of its family. */
static unsigned int
family_plen(const struct in6_addr *address)
{
    return address_is_ipv4(address) ? IPV4_PLEN : 0;
}

unsigned int
address_max_length(const struct in6_addr *address)
{
    return IPV6_PLEN_MAX - family_plen(address);
}

struct ip_prefix
prefix_make(const struct in6_addr *address, unsigned int length)
{
    unsigned int plen = family_plen(address) + length;
    struct in6_addr mask = ipv6_create_mask(plen);

    return (struct ip_prefix){.address = ipv6_addr_bitand(address, &mask), .plen = plen};
}

unsigned int
prefix_length(const struct ip_prefix *prefix)
{
    return prefix->plen - family_plen(&prefix->address);
}

/* Initializers of prefixes. */
#define IPV4_PREFIX(A, B, C, D, LENGTH)                                                            \
    {                                                                                              \
        .address.s6_addr = {[10] = 0xff, 0xff, A, B, C, D}, .plen = IPV4_PLEN + (LENGTH)           \
    }
#define IPV6_PREFIX(FIRST, SECOND, LAST, LENGTH)                                                   \
    {                                                                                              \
        .address.s6_addr = {[0] = FIRST, SECOND, [15] = LAST}, .plen = (LENGTH)                    \
    }

static const struct special_range special_ranges[] = {
    /* RFC 1122 3.2.1.3 (a) and (b): this host, or a host, on this network. */
    {IPV4_PREFIX(0, 0, 0, 0, 8), ADDRESS_THIS_NETWORK, "unspecified"},
    {IPV4_PREFIX(0, 0, 0, 0, 32), ADDRESS_UNSPECIFIED, "unspecified"},
    /* RFC 1122 3.2.1.3 (g). */
    {IPV4_PREFIX(127, 0, 0, 0, 8), ADDRESS_LOOPBACK, "loopback"},
    /* RFC 3927 2.1; 2.7: never to be forwarded. */
    {IPV4_PREFIX(169, 254, 0, 0, 16), ADDRESS_LINK_LOCAL, "link-local"},
    /* RFC 1112 section 4. */
    {IPV4_PREFIX(224, 0, 0, 0, 4), ADDRESS_MULTICAST, "multicast"},
    /* RFC 1112 section 4. */
    {IPV4_PREFIX(240, 0, 0, 0, 4), ADDRESS_RESERVED, "reserved"},
    /* RFC 919 section 7, RFC 1122 3.2.1.3 (c). */
    {IPV4_PREFIX(255, 255, 255, 255, 32), ADDRESS_BROADCAST, "broadcast"},
    /* RFC 4291 2.5.2. */
    {IPV6_PREFIX(0, 0, 0, 128), ADDRESS_UNSPECIFIED, "unspecified"},
    /* RFC 4291 2.5.3. */
    {IPV6_PREFIX(0, 0, 1, 128), ADDRESS_LOOPBACK, "loopback"},
    /* RFC 4291 2.5.6. */
    {IPV6_PREFIX(0xfe, 0x80, 0, 10), ADDRESS_LINK_LOCAL, "link-local"},
    /* RFC 4291 2.7. */
    {IPV6_PREFIX(0xff, 0, 0, 8), ADDRESS_MULTICAST, "multicast"},
};

const struct special_range *
special_range_next(const struct special_range *range, unsigned int classes)
{
    const struct special_range *end = special_ranges + ARRAY_SIZE(special_ranges);
    const struct special_range *r = range ? range + 1 : special_ranges;

    while (r < end && !(r->class & classes)) {
        r++;
    }
    return r < end ? r : NULL;
}

/* Parses 's', which must be an address and nothing else.  inet_pton() knows
 * one way only to write an IPv4 address: no leading zeros, no missing parts. */
static bool
scan_address(const char *s, struct in6_addr *address)
{
    struct in_addr ip;

    if (inet_pton(AF_INET, s, &ip) == 1) {
        in6_addr_set_mapped_ipv4(address, ip.s_addr);
        return true;
    }
    /* "::ffff:10.0.0.1" would be a second spelling of an IPv4 address. */
    return inet_pton(AF_INET6, s, address) == 1 && !address_is_ipv4(address);
}

/* If 's' begins with the spelling of an IPv4 address as an IPv6 one, a sentence that says so;
 * otherwise NULL. */
static char *
mapped_error(const char *s)
{
    char *copy = xmemdup0(s, strcspn(s, "/"));
    struct in6_addr address;
    char *error = NULL;

    if (inet_pton(AF_INET6, copy, &address) == 1 && address_is_ipv4(&address)) {
        char *meant = address_format(&address);
        error = text_format("\"%s\" is not an IP address of its own: is %s meant?", s, meant);
        free(meant);
    }
    free(copy);
    return error;
}

char *
address_parse(const char *s, struct in6_addr *address)
{
    if (scan_address(s, address)) {
        return NULL;
    }
    char *error = mapped_error(s);
    return error ? error : text_format("\"%s\" is not an IP address", s);
}

/* The first range of 'classes' that contains all of 'prefix', NULL if none. */
static const struct special_range *
find_special_range(const struct ip_prefix *prefix, unsigned int classes)
{
    const struct special_range *r = NULL;

    do {
        r = special_range_next(r, classes);
    } while (r
             && !(r->prefix.plen <= prefix->plen && prefix_contains(&r->prefix, &prefix->address)));
    return r;
}

bool
address_is_scoped(const struct in6_addr *address)
{
    return !address_is_ipv4(address) && address_is(address, ADDRESS_LINK_LOCAL);
}

bool
prefix_is(const struct ip_prefix *prefix, unsigned int classes)
{
    return find_special_range(prefix, classes) != NULL;
}

bool
address_is(const struct in6_addr *address, unsigned int classes)
{
    struct ip_prefix host = prefix_make(address, address_max_length(address));

    return prefix_is(&host, classes);
}

/* Returns why no host can have 'address', which is written 's', NULL if one can. */
static char *
host_address_check(const char *s, const struct in6_addr *address)
{
    struct ip_prefix host = prefix_make(address, address_max_length(address));
    const struct special_range *r = find_special_range(&host, ADDRESS_NO_HOST);

    return r ? text_format("\"%s\" is %s %s address, which no host can have", s,
                           r->name[0] == 'u' ? "an" : "a", r->name)
             : NULL;
}

char *
host_address_parse(const char *s, struct in6_addr *address)
{
    char *error = address_parse(s, address);
    if (error) {
        return error;
    }
    return host_address_check(s, address);
}

/* Parses "ADDRESS/LENGTH", or "ADDRESS" alone if 'bare_ok'. */
static bool
scan_address_length(const char *s, bool bare_ok, struct interface_address *ia)
{
    const char *slash = strchr(s, '/');
    if (!slash) {
        if (!bare_ok || !scan_address(s, &ia->address)) {
            return false;
        }
        ia->prefix = prefix_make(&ia->address, address_max_length(&ia->address));
        return true;
    }

    char *copy = xmemdup0(s, slash - s);
    bool ok = scan_address(copy, &ia->address);
    free(copy);
    if (!ok) {
        return false;
    }

    /* Digits only, without leading zeros: "8", not "+8", " 8" or "08". */
    const char *digits = slash + 1;
    size_t n = strlen(digits);
    unsigned int length;
    if (n < 1 || n > 3 || strspn(digits, "0123456789") != n || (n > 1 && digits[0] == '0')
        || !str_to_uint(digits, 10, &length) || length > address_max_length(&ia->address)) {
        return false;
    }
    ia->prefix = prefix_make(&ia->address, length);
    return true;
}

enum subnet_role
address_subnet_role(const struct in6_addr *address, const struct ip_prefix *subnet)
{
    if (!address_is_ipv4(&subnet->address) || prefix_length(subnet) > MAX_BROADCAST_LENGTH) {
        return SUBNET_HOST;
    }
    struct in6_addr mask = ipv6_create_mask(subnet->plen);
    struct in6_addr host_mask = ipv6_addr_bitxor(&mask, &in6addr_exact);
    struct in6_addr last = ipv6_addr_bitxor(&subnet->address, &host_mask);
    return (ipv6_addr_equals(address, &subnet->address) ? SUBNET_NETWORK
            : ipv6_addr_equals(address, &last)          ? SUBNET_BROADCAST
                                                        : SUBNET_HOST);
}

char *
subnet_host_check(const struct in6_addr *address, const struct ip_prefix *subnet)
{
    enum subnet_role role = address_subnet_role(address, subnet);
    if (role == SUBNET_HOST) {
        return NULL;
    }
    char *text = address_format(address);
    char *error =
        xasprintf("%s is the %s address of its /%u prefix", text,
                  role == SUBNET_BROADCAST ? "broadcast" : "network", prefix_length(subnet));
    free(text);
    return error;
}

char *
interface_address_parse(const char *s, struct interface_address *ia)
{
    if (!scan_address_length(s, false, ia)) {
        char *error = mapped_error(s);
        return (error ? error
                      : text_format("\"%s\" is not an IP address with a prefix length (%s)", s,
                                    strchr(s, ':') ? "2001:db8::1/64" : "10.0.1.1/24"));
    }
    char *error = host_address_check(s, &ia->address);
    if (error) {
        return error;
    }
    if (!prefix_length(&ia->prefix)) {
        return text_format("\"%s\" has a prefix length of 0, which leaves nothing to route", s);
    }
    return subnet_host_check(&ia->address, &ia->prefix);
}

char *
prefix_parse(const char *s, struct ip_prefix *prefix)
{
    struct interface_address ia;

    if (!scan_address_length(s, true, &ia)) {
        char *error = mapped_error(s);
        return (error ? error
                      : text_format("\"%s\" is not an IP prefix (%s)", s,
                                    strchr(s, ':') ? "2001:db8::/64" : "10.0.1.0/24"));
    }
    *prefix = ia.prefix;
    if (!ipv6_addr_equals(&ia.address, &prefix->address)) {
        char *meant = prefix_format(prefix);
        char *error =
            text_format("\"%s\" has bits set beyond its prefix length: is %s meant?", s, meant);
        free(meant);
        return error;
    }
    return NULL;
}

char *
subnet_prefix_parse(const char *s, struct ip_prefix *prefix)
{
    char *error = prefix_parse(s, prefix);
    if (!error && !strchr(s, '/')) {
        error = xasprintf("%s has no prefix length: is %s/%d meant?", s, s,
                          address_is_ipv4(&prefix->address) ? 24 : 64);
    }
    return error;
}

char *
address_format(const struct in6_addr *address)
{
    char buf[INET6_ADDRSTRLEN];

    /* ipv6_string_mapped() takes ::ffff:0.0.0.0, our 0.0.0.0, for IPv6. */
    if (address_is_ipv4(address)) {
        inet_ntop(AF_INET, &address->s6_addr[12], buf, sizeof buf);
    } else {
        inet_ntop(AF_INET6, address, buf, sizeof buf);
    }
    return xstrdup(buf);
}

static char *
format_with_length(const struct in6_addr *address, const struct ip_prefix *prefix)
{
    char *text = address_format(address);
    char *s = xasprintf("%s/%u", text, prefix_length(prefix));
    free(text);
    return s;
}

char *
prefix_format(const struct ip_prefix *prefix)
{
    return format_with_length(&prefix->address, prefix);
}

char *
interface_address_format(const struct interface_address *ia)
{
    return format_with_length(&ia->address, &ia->prefix);
}

bool
prefix_contains(const struct ip_prefix *prefix, const struct in6_addr *address)
{
    if (address_is_ipv4(&prefix->address) != address_is_ipv4(address)) {
        return false;
    }
    struct in6_addr mask = ipv6_create_mask(prefix->plen);
    struct in6_addr masked = ipv6_addr_bitand(address, &mask);
    return ipv6_addr_equals(&masked, &prefix->address);
}

bool
prefixes_overlap(const struct ip_prefix *a, const struct ip_prefix *b)
{
    return a->plen <= b->plen ? prefix_contains(a, &b->address) : prefix_contains(b, &a->address);
}

int
prefix_compare(const struct ip_prefix *a, const struct ip_prefix *b)
{
    int cmp = memcmp(&a->address, &b->address, sizeof a->address);
    return cmp ? cmp : a->plen < b->plen ? -1 : a->plen > b->plen;
}

int
interface_address_compare(const void *a_, const void *b_)
{
    const struct interface_address *a = a_;
    const struct interface_address *b = b_;
    int cmp = memcmp(&a->address, &b->address, sizeof a->address);
    return cmp ? cmp : prefix_compare(&a->prefix, &b->prefix);
}
