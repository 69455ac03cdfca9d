/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/route.h"

#include "topology/index.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "util.h"

static uint32_t
route_hash(const struct static_route *value)
{
    return hash_bytes(&value->prefix.address, sizeof value->prefix.address,
                      hash_bytes(&value->nexthop, sizeof value->nexthop, value->prefix.plen));
}

static struct route *
route_find(const struct router *r, const struct static_route *value)
{
    struct route *route;

    HMAP_FOR_EACH_WITH_HASH (route, node, route_hash(value), &r->routes) {
        if (!static_route_compare(&route->value, value)) {
            return route;
        }
    }
    return NULL;
}

static void
route_claim(struct topology *t, struct router *r, struct route *route)
{
    bool claiming = router_is_enabled(r);

    if (claiming && !route->claiming) {
        route->claim = (struct claim){.router = r, .route = &route->value};
        claim_prefix(t, r, &route->value.prefix, &route->claim);
    } else if (!claiming && route->claiming) {
        unclaim(t, &route->claim);
    }
    route->claiming = claiming;
}

static struct route *
route_ref(struct topology *t, struct router *r, const struct static_route *value)
{
    struct route *route = route_find(r, value);

    if (!route) {
        route = xzalloc(sizeof *route);
        route->value = *value;
        hmap_insert(&r->routes, &route->node, route_hash(value));
        route_claim(t, r, route);
    }
    route->refs++;
    return route;
}

static void
route_unref(struct topology *t, struct router *r, struct route *route)
{
    if (!--route->refs) {
        if (route->claiming) {
            unclaim(t, &route->claim);
        }
        hmap_remove(&r->routes, &route->node);
        free(route);
    }
}

void
routes_add(struct topology *t, struct router *r, const struct static_route *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        route_ref(t, r, &values[i]);
    }
}

void
routes_remove(struct topology *t, struct router *r, const struct static_route *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        route_unref(t, r, route_find(r, &values[i]));
    }
}

void
routes_claim(struct topology *t, struct router *r)
{
    struct route *route;

    ROUTE_FOR_EACH(route, r)
    {
        route_claim(t, r, route);
    }
}

/* --- Rows --------------------------------------------------------------- */

static struct route_row *
route_row_find(const struct topology *t, const struct uuid *uuid)
{
    struct route_row *row;

    HMAP_FOR_EACH_WITH_HASH (row, node, uuid_hash(uuid), &t->route_rows) {
        if (uuid_equals(&row->uuid, uuid)) {
            return row;
        }
    }
    return NULL;
}

void
route_row_destroy(struct topology *t, struct route_row *row)
{
    route_unref(t, row->router, row->route);
    router_put(t, row->router);
    hmap_remove(&t->route_rows, &row->node);
    free(row);
}

void
topology_set_static_route(struct topology *t, const struct uuid *uuid,
                          struct static_route_config *config)
{
    struct route_row *old = route_row_find(t, uuid);

    if (old ? config && uuid_equals(&old->router->uuid, &config->router)
                  && !static_route_compare(&old->route->value, &config->route)
            : !config) {
        return;
    }

    if (config) {
        struct route_row *row = xmalloc(sizeof *row);

        row->uuid = *uuid;
        row->router = router_get(t, &config->router);
        row->route = route_ref(t, row->router, &config->route);
        hmap_insert(&t->route_rows, &row->node, uuid_hash(uuid));
    }
    if (old) {
        t->n_losses += old->router->needed;
        route_row_destroy(t, old);
    }
    t->reach_dirty = true;
}
