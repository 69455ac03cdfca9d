/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/routes.h"

#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "nb/dragonflow-idl.h"
#include "nb/parse.h"
#include "ovsdb-idl-provider.h"
#include "sset.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

/* Rows by router.  dfctl has one database. */
static struct ovsdb_idl_index *by_router;

void
routes_prepare(struct ovsdb_idl *idl)
{
    ovsdb_idl_add_column(idl, &nbrec_static_route_col_router);
    by_router = ovsdb_idl_index_create1(idl, &nbrec_static_route_col_router);
}

/* Returns the rows of 'router', '*n' of them; the caller must free() the array. */
static const struct nbrec_static_route **
rows_of_router(const struct nbrec_router *router, size_t *n)
{
    struct nbrec_static_route *key = nbrec_static_route_index_init_row(by_router);
    const struct nbrec_static_route *row, **rows = NULL;
    size_t allocated = 0;

    *n = 0;
    nbrec_static_route_index_set_router(key, router);
    NBREC_STATIC_ROUTE_FOR_EACH_EQUAL(row, key, by_router)
    {
        if (*n >= allocated) {
            rows = x2nrealloc(rows, &allocated, sizeof *rows);
        }
        rows[(*n)++] = row;
    }
    nbrec_static_route_index_destroy_row(key);
    return rows;
}

void
routes_read(const struct nbrec_router *router, struct svec *routes)
{
    size_t n;

    for (size_t i = 0; i < router->n_static_routes; i++) {
        svec_add(routes, router->static_routes[i]);
    }
    const struct nbrec_static_route **rows = rows_of_router(router, &n);
    for (size_t i = 0; i < n; i++) {
        svec_add_nocopy(routes, nb_static_route_text(rows[i]));
    }
    free(rows);
}

void
routes_add(const struct nbrec_router *router, const char *route)
{
    static const char via[] = " via ";
    const char *separator = strstr(route, via);
    char *prefix = xmemdup0(route, separator - route);
    struct nbrec_static_route *row = nbrec_static_route_insert(ovsdb_idl_txn_get(&router->header_));

    nbrec_static_route_set_router(row, router);
    nbrec_static_route_set_prefix(row, prefix);
    nbrec_static_route_set_next_hop(row, separator + strlen(via));
    free(prefix);
}

/* Takes away those for which 'goes' is true. */
static bool
remove_if(const struct nbrec_router *router, bool (*goes)(const char *route, const void *aux),
          const void *aux)
{
    struct svec kept = SVEC_EMPTY_INITIALIZER;
    bool removed = false;
    size_t n;

    for (size_t i = 0; i < router->n_static_routes; i++) {
        if (!goes(router->static_routes[i], aux)) {
            svec_add(&kept, router->static_routes[i]);
        }
    }
    if (kept.n < router->n_static_routes) {
        nbrec_router_set_static_routes(router, (const char **) kept.names, kept.n);
        removed = true;
    }
    svec_destroy(&kept);

    const struct nbrec_static_route **rows = rows_of_router(router, &n);
    for (size_t i = 0; i < n; i++) {
        char *route = nb_static_route_text(rows[i]);
        if (goes(route, aux)) {
            nbrec_static_route_delete(rows[i]);
            removed = true;
        }
        free(route);
    }
    free(rows);
    return removed;
}

struct wanted {
    const char *prefix, *nexthop;
};

static bool
is_wanted(const char *route, const void *wanted_)
{
    const struct wanted *wanted = wanted_;

    return !wanted->prefix || static_route_matches(route, wanted->prefix, wanted->nexthop);
}

bool
routes_remove(const struct nbrec_router *router, const char *prefix, const char *nexthop)
{
    struct wanted wanted = {prefix, nexthop};

    return remove_if(router, is_wanted, &wanted);
}

static bool
is_absent(const char *route, const void *routes)
{
    char *canonical = static_route_normalize(route);
    bool absent = !svec_contains(routes, canonical);

    free(canonical);
    return absent;
}

void
routes_replace(const struct nbrec_router *router, const struct svec *routes_)
{
    struct svec has = SVEC_EMPTY_INITIALIZER, had, routes;

    svec_clone(&routes, routes_);
    svec_sort_unique(&routes);
    remove_if(router, is_absent, &routes);
    routes_read(router, &has);
    normalize_all(has.names, has.n, static_route_normalize, &had);
    for (size_t i = 0; i < routes.n; i++) {
        if (!svec_contains(&had, routes.names[i])) {
            routes_add(router, routes.names[i]);
        }
    }
    svec_destroy(&has);
    svec_destroy(&had);
    svec_destroy(&routes);
}

/* Whether a row is new or written to in this transaction. */
static bool
any_is_changed(const struct ovsdb_idl *idl)
{
    const struct nbrec_static_route *row;

    NBREC_STATIC_ROUTE_FOR_EACH(row, idl)
    {
        if (row->header_.old_datum != row->header_.new_datum) {
            return true;
        }
    }
    return false;
}

char *
routes_find_duplicate(const struct ovsdb_idl *idl)
{
    const struct nbrec_static_route *row;
    struct sset seen = SSET_INITIALIZER(&seen);
    char *error = NULL;

    if (!any_is_changed(idl)) {
        return NULL;
    }
    NBREC_STATIC_ROUTE_FOR_EACH(row, idl)
    {
        char *route = nb_static_route_text(row);
        char *key = row->router
                        ? xasprintf(UUID_FMT " %s", UUID_ARGS(&row->router->header_.uuid), route)
                        : NULL;

        if (key && !error && !sset_add(&seen, key)) {
            error = xasprintf("router %s already has route \"%s\"", row->router->name, route);
        }
        free(key);
        free(route);
    }
    sset_destroy(&seen);
    return error;
}

void
row_delete(const struct ovsdb_idl_row *row)
{
    if (row->table->class_ == &nbrec_table_router) {
        routes_remove(CONTAINER_OF(row, struct nbrec_router, header_), NULL, NULL);
    }
    ovsdb_idl_txn_delete(row);
}
