/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_ROUTES_H
#define DFCTL_ROUTES_H 1

/* The static routes of a router, each "PREFIX via NEXTHOP": rows of Static_Route, and what
 * Router.static_routes still has from older schemas.  Routes are written to rows only, and taken
 * from both. */

#include <stdbool.h>

struct nbrec_router;
struct ovsdb_idl;
struct ovsdb_idl_row;
struct svec;

/* To be called once, before 'idl' connects, where Static_Route is read: the rows of a router are
 * found by an index, not by a walk over those of all routers. */
void routes_prepare(struct ovsdb_idl *idl);

/* Adds all of them to 'routes', as they are written in the database: in any order, and perhaps one
 * several times. */
void routes_read(const struct nbrec_router *, struct svec *routes);

/* Adds one, which the router must not have yet. */
void routes_add(const struct nbrec_router *, const char *route);

/* Takes away those to 'prefix' (NULL: all), and via 'nexthop' unless that is NULL, however either
 * is written.  Returns true if there was any. */
bool routes_remove(const struct nbrec_router *, const char *prefix, const char *nexthop);

/* Has the router have 'routes', in canonical spelling, and no others. */
void routes_replace(const struct nbrec_router *, const struct svec *routes);

/* Returns NULL, or a message about two rows that are equal, one of them as this transaction would
 * have it: the database refuses them.  The caller must free() it. */
char *routes_find_duplicate(const struct ovsdb_idl *);

/* Deletes a row of any table; with a router its routes. */
void row_delete(const struct ovsdb_idl_row *);

#endif /* dfctl/routes.h */
