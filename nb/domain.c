/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/domain.h"

#include <stdlib.h>

#include "nb/dragonflow-idl.h"
#include "nb/static-route.h"
#include "util.h"

struct domain *
domain_add(struct hmap *domains, const struct ovsdb_idl_row *row, const char *name)
{
    struct domain *d = xzalloc(sizeof *d);
    d->row = row;
    d->uuid = row->uuid;
    d->name = name;
    hmap_insert(domains, &d->hmap_node, uuid_hash(&row->uuid));
    return d;
}

void
domains_destroy(struct hmap *domains)
{
    struct domain *d;

    HMAP_FOR_EACH_SAFE (d, hmap_node, domains) {
        hmap_remove(domains, &d->hmap_node);
        for (size_t i = 0; i < d->n_prefixes; i++) {
            free(d->prefixes[i].owner);
        }
        free(d->prefixes);
        free(d->routes);
        free(d);
    }
    hmap_destroy(domains);
}

struct domain *
domain_find(const struct hmap *domains, const struct uuid *uuid)
{
    struct domain *d;

    HMAP_FOR_EACH_WITH_HASH (d, hmap_node, uuid_hash(uuid), domains) {
        if (uuid_equals(&d->uuid, uuid)) {
            return d;
        }
    }
    return NULL;
}

struct domain *
domain_of(const struct hmap *domains, const struct ovsdb_datum *datum)
{
    return datum->n == 1 ? domain_find(domains, &datum->keys[0].uuid) : NULL;
}

void
domain_occupy(struct domain *d, const struct interface_address *ia, const struct domain *network,
              const char *owner, const struct ovsdb_idl_row *row)
{
    if (d->n_prefixes >= d->allocated_prefixes) {
        d->prefixes = x2nrealloc(d->prefixes, &d->allocated_prefixes, sizeof *d->prefixes);
    }
    d->prefixes[d->n_prefixes++] = (struct occupied){
        .ia = *ia,
        .owner = xstrdup(owner),
        .network = network,
        .row = row,
    };
}

void
domain_add_route(struct domain *d, const struct static_route *route)
{
    if (d->n_routes >= d->allocated_routes) {
        d->routes = x2nrealloc(d->routes, &d->allocated_routes, sizeof *d->routes);
    }
    d->routes[d->n_routes++] = *route;
}

const struct occupied *
domain_lookup(const struct domain *d, const struct in6_addr *address)
{
    for (size_t i = 0; i < d->n_prefixes; i++) {
        const struct occupied *o = &d->prefixes[i];
        if (prefix_contains(&o->ia.prefix, address)) {
            return o;
        }
    }
    return NULL;
}
