/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZONES_H
#define ZONES_H 1

/* Conntrack zones: a number for each router with translations, so that routers whose networks have
 * the same addresses do not take each other's connections for their own.  Each number stands for
 * three zones: see topology_set_zone().
 *
 * Which number it is, is this chassis' own affair, but must be the same in its next run:
 * connections live in the switch, and go on while this program is away.  So the numbers are kept in
 * a file in the run directory, a line "ROUTER-UUID ZONE" each; when the machine starts, both are
 * gone.  The zone of a router that goes is flushed before another one gets it.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct topology;
struct zones;

/* The file is 'path', which is copied; NULL: none is kept. */
struct zones *zones_create(const char *path);
void zones_destroy(struct zones *);

/* Has the routers of 'topology' that have translations their zones.  Those of others are given
 * back, if 'complete': all routers are known. */
void zones_run(struct zones *, struct topology *, bool complete);
/* Gives another topology the same zones. */
void zones_load(const struct zones *, struct topology *);

/* Has 'flush' flush what has been given back; it returns false if it cannot just now. */
typedef bool zones_flush_cb(void *aux, uint16_t zone);
void zones_flush(struct zones *, zones_flush_cb *flush, void *aux);

#endif /* zones.h */
