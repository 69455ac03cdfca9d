/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOCAL_H
#define LOCAL_H 1

/* From this chassis' local database to the topology: its name, its tunnel and
 * provider ports, and the interfaces plugged here.
 *
 * Not thread-safe. */

#include <stdbool.h>

struct chassis_view;
struct local;
struct topology;

struct local *local_create(void);
void local_destroy(struct local *);

/* Hands on what changed in 'view' since the last call. */
void local_run(struct local *, const struct chassis_view *view, struct topology *);

/* Hands everything to a new topology. */
void local_load(const struct local *, const struct chassis_view *view, struct topology *);

#endif /* local.h */
