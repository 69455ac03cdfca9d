/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "util.h"

/* Offset of an IPv4 address in its IPv4-mapped form, in bits. */
#define IPV4_MAPPED_OFS 96

static uint8_t
plen_max(const struct in6_addr *address)
{
    return address_is_ipv4(address) ? IPV4_PLEN_MAX : 128;
}

/* The netmask of 'plen' bits in the family of 'address', IPv4-mapped. */
static struct in6_addr
netmask(const struct in6_addr *address, uint8_t plen)
{
    return ipv6_create_mask(address_is_ipv4(address) ? plen + IPV4_MAPPED_OFS : plen);
}

bool
address_is_ipv4(const struct in6_addr *address)
{
    return IN6_IS_ADDR_V4MAPPED(address);
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

char *
address_parse(const char *s, struct in6_addr *address)
{
    return (scan_address(s, address) ? NULL : text_format("\"%s\" is not an IP address", s));
}

/* Returns why no host can have 'address', or NULL if one can. */
static const char *
unusable_by_host(const struct in6_addr *address)
{
    if (address_is_ipv4(address)) {
        uint32_t ip = ntohl(in6_addr_get_mapped_ipv4(address));

        /* RFC 1122 section 3.2.1.3; RFC 1112 section 4 for 240/4. */
        return (ip >> 24 == 0     ? "unspecified"
                : ip >> 24 == 127 ? "loopback"
                : ip >> 28 == 14  ? "multicast"
                : ip >> 28 == 15  ? "reserved"
                                  : NULL);
    }
    return (IN6_IS_ADDR_UNSPECIFIED(address) ? "unspecified"
            : IN6_IS_ADDR_LOOPBACK(address)  ? "loopback"
            : IN6_IS_ADDR_MULTICAST(address) ? "multicast"
                                             : NULL);
}

const char *
prefix_unusable(const struct in6_addr *prefix, uint8_t plen)
{
    struct in6_addr mask = netmask(prefix, plen);
    struct in6_addr last = *prefix;

    for (size_t i = 0; i < sizeof last.s6_addr; i++) {
        last.s6_addr[i] |= (uint8_t) ~mask.s6_addr[i];
    }
    /* No two ranges of one kind have usable addresses between them. */
    const char *why = unusable_by_host(prefix);
    return why == unusable_by_host(&last) ? why : NULL;
}

char *
host_address_parse(const char *s, struct in6_addr *address)
{
    char *error = address_parse(s, address);
    if (error) {
        return error;
    }
    const char *why = unusable_by_host(address);
    return why ? text_format("\"%s\" is a %s address, which no host can have", s, why) : NULL;
}

/* Parses "ADDRESS/PLEN", or "ADDRESS" alone if 'bare_ok'. */
static bool
scan_address_plen(const char *s, bool bare_ok, struct in6_addr *address, uint8_t *plen)
{
    const char *slash = strchr(s, '/');
    if (!slash) {
        if (!bare_ok || !scan_address(s, address)) {
            return false;
        }
        *plen = plen_max(address);
        return true;
    }

    char *copy = xmemdup0(s, slash - s);
    bool ok = scan_address(copy, address);
    free(copy);
    if (!ok) {
        return false;
    }

    /* Digits only, without leading zeros: "8", not "+8", " 8" or "08". */
    const char *digits = slash + 1;
    size_t n = strlen(digits);
    unsigned int value;
    if (n < 1 || n > 3 || strspn(digits, "0123456789") != n || (n > 1 && digits[0] == '0')
        || !str_to_uint(digits, 10, &value) || value > plen_max(address)) {
        return false;
    }
    *plen = value;
    return true;
}

char *
prefix_broadcast_check(const struct in6_addr *address, uint8_t plen)
{
    /* RFC 3021: a /31 has neither; a /32 is a host. */
    if (!address_is_ipv4(address) || plen >= IPV4_PLEN_MAX - 1) {
        return NULL;
    }
    uint32_t ip = ntohl(in6_addr_get_mapped_ipv4(address));
    uint32_t host_mask = UINT32_MAX >> plen;
    uint32_t host = ip & host_mask;
    if (host && host != host_mask) {
        return NULL;
    }
    char *text = address_format(address);
    char *error = xasprintf("%s is the %s address of its /%" PRIu8 " prefix", text,
                            host ? "broadcast" : "network", plen);
    free(text);
    return error;
}

char *
interface_address_parse(const char *s, struct interface_address *ia)
{
    if (!scan_address_plen(s, false, &ia->address, &ia->plen)) {
        return text_format("\"%s\" is not an IP address with a prefix length (10.0.1.1/24)", s);
    }
    const char *why = unusable_by_host(&ia->address);
    if (why) {
        return text_format("\"%s\" is a %s address, which no host can have", s, why);
    }
    if (!ia->plen) {
        return text_format("\"%s\" has a prefix length of 0, which leaves nothing to route", s);
    }
    return prefix_broadcast_check(&ia->address, ia->plen);
}

char *
prefix_parse(const char *s, struct in6_addr *prefix, uint8_t *plen)
{
    if (!scan_address_plen(s, true, prefix, plen)) {
        return text_format("\"%s\" is not an IP prefix (10.0.1.0/24)", s);
    }
    struct in6_addr mask = netmask(prefix, *plen);
    struct in6_addr masked = ipv6_addr_bitand(prefix, &mask);
    if (!ipv6_addr_equals(&masked, prefix)) {
        char *meant = prefix_format(&masked, *plen);
        char *error =
            text_format("\"%s\" has bits set beyond its prefix length: is %s meant?", s, meant);
        free(meant);
        return error;
    }
    return NULL;
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

char *
prefix_format(const struct in6_addr *prefix, uint8_t plen)
{
    char *address = address_format(prefix);
    char *s = xasprintf("%s/%" PRIu8, address, plen);
    free(address);
    return s;
}

bool
prefix_contains(const struct in6_addr *prefix, uint8_t plen, const struct in6_addr *address)
{
    if (address_is_ipv4(prefix) != address_is_ipv4(address)) {
        return false;
    }
    struct in6_addr mask = netmask(prefix, plen);
    struct in6_addr a = ipv6_addr_bitand(prefix, &mask);
    struct in6_addr b = ipv6_addr_bitand(address, &mask);
    return ipv6_addr_equals(&a, &b);
}

struct in6_addr
prefix_of(const struct in6_addr *address, uint8_t plen)
{
    struct in6_addr mask = netmask(address, plen);
    return ipv6_addr_bitand(address, &mask);
}

bool
prefixes_overlap(const struct in6_addr *a, uint8_t a_plen, const struct in6_addr *b, uint8_t b_plen)
{
    return prefix_contains(a, MIN(a_plen, b_plen), b);
}
