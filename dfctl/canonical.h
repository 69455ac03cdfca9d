/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_CANONICAL_H
#define DFCTL_CANONICAL_H 1

/* Canonical spellings, in which dfctl writes values to the database, and in
 * which it compares them: "10.1.0.1" is "10.1.0.1/32" as a prefix, "FA:..." is
 * "fa:...". */

#include <stdbool.h>
#include <stddef.h>

#include "nb/tables.h"

struct svec;

/* Returns why 'name' cannot be the name of an object ("is empty"), or NULL. */
const char *name_check(const char *name);

/* The canonical spelling of an address, an interface address, a prefix, a route or
 * a MAC address; if malformed, 's' itself, for nb_check() to find.  The caller must
 * free() it. */
char *address_normalize(const char *s);
char *interface_address_normalize(const char *s);
char *prefix_normalize(const char *s);
char *static_route_normalize(const char *s);
char *mac_normalize(const char *s);

/* The same by the type of a value. */
char *value_normalize(enum nb_type, const char *);

/* Returns NULL if 's' is well-formed, otherwise why it is not, which the caller must free(): for
 * types whose spelling matters. */
char *value_check(enum nb_type, const char *s);

/* Whether 'route' ("PREFIX via NEXTHOP") is one to 'prefix', and via 'nexthop' unless that is
 * NULL, however either is written: with host bits or without. */
bool static_route_matches(const char *route, const char *prefix, const char *nexthop);

/* Applies 'normalize' to each of 'n' strings, and sorts them in the order of a set
 * in the database (without repetitions).  The caller must free the svec. */
void normalize_all(char *const *strings, size_t n, char *(*normalize)(const char *), struct svec *);

/* The same, with the order of values: 10.0.0.9 before 10.0.0.10. */
void sort_addresses(struct svec *);

#endif /* dfctl/canonical.h */
