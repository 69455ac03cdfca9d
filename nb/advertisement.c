/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/advertisement.h"

#include <stdlib.h>
#include <string.h>

#include "packets.h"
#include "util.h"

static void
add_prefix(struct advertisement *a, const struct ip_prefix *prefix, bool autonomous)
{
    size_t i = 0;

    while (i < a->n_prefixes && prefix_compare(&a->prefixes[i].prefix, prefix) < 0) {
        i++;
    }
    if (i < a->n_prefixes && !prefix_compare(&a->prefixes[i].prefix, prefix)) {
        a->prefixes[i].autonomous |= autonomous;
        return;
    }
    a->prefixes = xrealloc(a->prefixes, (a->n_prefixes + 1) * sizeof *a->prefixes);
    memmove(&a->prefixes[i + 1], &a->prefixes[i], (a->n_prefixes - i) * sizeof *a->prefixes);
    a->prefixes[i] = (struct advertised_prefix){.prefix = *prefix, .autonomous = autonomous};
    a->n_prefixes++;
}

static void
add_dns_server(struct advertisement *a, const struct in6_addr *address)
{
    size_t i = 0;

    while (i < a->n_dns_servers && memcmp(&a->dns_servers[i], address, sizeof *address) < 0) {
        i++;
    }
    if (i < a->n_dns_servers && ipv6_addr_equals(&a->dns_servers[i], address)) {
        return;
    }
    a->dns_servers = xrealloc(a->dns_servers, (a->n_dns_servers + 1) * sizeof *a->dns_servers);
    memmove(&a->dns_servers[i + 1], &a->dns_servers[i],
            (a->n_dns_servers - i) * sizeof *a->dns_servers);
    a->dns_servers[i] = *address;
    a->n_dns_servers++;
}

static void
add_dns_search(struct advertisement *a, const char *name)
{
    size_t i = 0;

    while (i < a->n_dns_search && strcmp(a->dns_search[i], name) < 0) {
        i++;
    }
    if (i < a->n_dns_search && !strcmp(a->dns_search[i], name)) {
        return;
    }
    a->dns_search = xrealloc(a->dns_search, (a->n_dns_search + 1) * sizeof *a->dns_search);
    memmove(&a->dns_search[i + 1], &a->dns_search[i],
            (a->n_dns_search - i) * sizeof *a->dns_search);
    a->dns_search[i] = xstrdup(name);
    a->n_dns_search++;
}

void
advertisement_add_subnet(struct advertisement *a, const struct subnet_config *subnet)
{
    add_prefix(a, &subnet->prefix, subnet->ra_mode != ADDRESS_MODE_STATEFUL);
    a->managed |= subnet->ra_mode == ADDRESS_MODE_STATEFUL;
    a->other |= subnet->ra_mode == ADDRESS_MODE_STATELESS;
    for (size_t i = 0; i < subnet->n_dns_servers; i++) {
        add_dns_server(a, &subnet->dns_servers[i]);
    }
    for (size_t i = 0; i < subnet->n_dns_search; i++) {
        add_dns_search(a, subnet->dns_search[i]);
    }
}

void
advertisement_add_lists(struct advertisement *a, const struct advertisement *more)
{
    for (size_t i = 0; i < more->n_prefixes; i++) {
        add_prefix(a, &more->prefixes[i].prefix, more->prefixes[i].autonomous);
    }
    for (size_t i = 0; i < more->n_dns_servers; i++) {
        add_dns_server(a, &more->dns_servers[i]);
    }
    for (size_t i = 0; i < more->n_dns_search; i++) {
        add_dns_search(a, more->dns_search[i]);
    }
}

static bool
has_prefix(const struct advertisement *a, const struct ip_prefix *prefix)
{
    for (size_t i = 0; i < a->n_prefixes; i++) {
        if (!prefix_compare(&a->prefixes[i].prefix, prefix)) {
            return true;
        }
    }
    return false;
}

static bool
has_dns_server(const struct advertisement *a, const struct in6_addr *address)
{
    for (size_t i = 0; i < a->n_dns_servers; i++) {
        if (ipv6_addr_equals(&a->dns_servers[i], address)) {
            return true;
        }
    }
    return false;
}

static bool
has_dns_search(const struct advertisement *a, const char *name)
{
    for (size_t i = 0; i < a->n_dns_search; i++) {
        if (!strcmp(a->dns_search[i], name)) {
            return true;
        }
    }
    return false;
}

void
advertisement_remove_lists(struct advertisement *a, const struct advertisement *less)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n_prefixes; i++) {
        if (!has_prefix(less, &a->prefixes[i].prefix)) {
            a->prefixes[n++] = a->prefixes[i];
        }
    }
    a->n_prefixes = n;

    n = 0;
    for (size_t i = 0; i < a->n_dns_servers; i++) {
        if (!has_dns_server(less, &a->dns_servers[i])) {
            a->dns_servers[n++] = a->dns_servers[i];
        }
    }
    a->n_dns_servers = n;

    n = 0;
    for (size_t i = 0; i < a->n_dns_search; i++) {
        if (has_dns_search(less, a->dns_search[i])) {
            free(a->dns_search[i]);
        } else {
            a->dns_search[n++] = a->dns_search[i];
        }
    }
    a->n_dns_search = n;
}

bool
advertisement_has_lists(const struct advertisement *a)
{
    return a->n_prefixes || a->n_dns_servers || a->n_dns_search;
}

static void *
copy(const void *p, size_t size)
{
    return size ? xmemdup(p, size) : NULL;
}

void
advertisement_clone(struct advertisement *to, const struct advertisement *from)
{
    *to = *from;
    to->name = nullable_xstrdup(from->name);
    to->prefixes = copy(from->prefixes, from->n_prefixes * sizeof *from->prefixes);
    to->dns_servers = copy(from->dns_servers, from->n_dns_servers * sizeof *from->dns_servers);
    to->dns_search =
        from->n_dns_search ? xcalloc(from->n_dns_search, sizeof *to->dns_search) : NULL;
    for (size_t i = 0; i < from->n_dns_search; i++) {
        to->dns_search[i] = xstrdup(from->dns_search[i]);
    }
}

void
advertisement_destroy(struct advertisement *a)
{
    if (a) {
        free(a->name);
        free(a->prefixes);
        free(a->dns_servers);
        for (size_t i = 0; i < a->n_dns_search; i++) {
            free(a->dns_search[i]);
        }
        free(a->dns_search);
    }
}

bool
advertisement_equal(const struct advertisement *a, const struct advertisement *b)
{
    if (!nullable_string_is_equal(a->name, b->name) || !eth_addr_equals(a->mac, b->mac)
        || !ipv6_addr_equals(&a->source, &b->source) || a->preference != b->preference
        || a->mtu != b->mtu || a->managed != b->managed || a->other != b->other
        || a->n_prefixes != b->n_prefixes || a->n_dns_servers != b->n_dns_servers
        || a->n_dns_search != b->n_dns_search) {
        return false;
    }
    for (size_t i = 0; i < a->n_prefixes; i++) {
        if (prefix_compare(&a->prefixes[i].prefix, &b->prefixes[i].prefix)
            || a->prefixes[i].autonomous != b->prefixes[i].autonomous) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_dns_servers; i++) {
        if (!ipv6_addr_equals(&a->dns_servers[i], &b->dns_servers[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_dns_search; i++) {
        if (strcmp(a->dns_search[i], b->dns_search[i])) {
            return false;
        }
    }
    return true;
}
