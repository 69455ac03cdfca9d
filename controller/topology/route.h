/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_ROUTE_H
#define TOPOLOGY_ROUTE_H 1

/* The static routes of routers.
 *
 * A router has a route while anything says so: rows, and (as long as there are databases with
 * routes there) its own deprecated column.  The same route from several of them is one. */

#include <stddef.h>

struct route_row;
struct router;
struct static_route;
struct static_route_config;
struct topology;
struct uuid;

/* As the other inputs (topology.h). */
void topology_set_static_route(struct topology *, const struct uuid *,
                               struct static_route_config *);

/* --- For the files of this folder only ---------------------------------- */

void route_row_destroy(struct topology *, struct route_row *);

/* Routers have the routes of their own column by these. */
void routes_add(struct topology *, struct router *, const struct static_route *, size_t n);
void routes_remove(struct topology *, struct router *, const struct static_route *, size_t n);

/* Has the routes of a router claim their prefixes if it is enabled, and only then. */
void routes_claim(struct topology *, struct router *);

#endif /* topology/route.h */
