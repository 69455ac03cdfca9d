/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NEIGHBOUR_STORE_H
#define NEIGHBOUR_STORE_H 1

/* The external neighbours of this chassis (service/resolver.h) beyond the end of this program: a
 * file in the run directory, a line "NETWORK-UUID ADDRESS MAC" each.
 *
 * Their flows are in the switch, and stay there while this program is away; the next run could not
 * know what they are for without it.  When the machine starts, both are gone.
 *
 * Not thread-safe. */

struct neighbour_store;
struct resolver;

/* The file is 'path', which is copied. */
struct neighbour_store *neighbour_store_create(const char *path);
/* Writes what has not been written yet. */
void neighbour_store_destroy(struct neighbour_store *, const struct resolver *);

/* Gives the resolver what is in the file, as far as it can be read: what cannot is skipped. */
void neighbour_store_load(struct neighbour_store *, struct resolver *, long long int now);

/* Writes the file if the resolver's neighbours have changed, but not in rapid succession.  Returns
 * when to call this again, in milliseconds; LLONG_MAX: not before there is another change. */
long long int neighbour_store_run(struct neighbour_store *, const struct resolver *,
                                  long long int now);

#endif /* neighbour-store.h */
