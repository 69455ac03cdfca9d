/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOCAL_H
#define LOCAL_H 1

/* Between this chassis' local database, the bindings of its ports (binding.h) and the topology:
 * which hears of the chassis' name, its tunnel and provider ports, and the interfaces plugged in
 * here, and says where the ports are.
 *
 * Not thread-safe. */

struct bindings;
struct chassis_view;
struct local;
struct topology;

struct local *local_create(void);
void local_destroy(struct local *);

/* Hands on what changed in 'view' since the last call; to be called after each chassis_run(). */
void local_run(struct local *, const struct chassis_view *view, struct bindings *,
               struct topology *);

/* Hands everything to a new topology. */
void local_load(const struct chassis_view *view, const struct bindings *, struct topology *);

/* Hands to the bindings what the topology says of ports; to be called when it has everything
 * that has been read. */
void local_note_ports(struct bindings *, struct topology *);

#endif /* binding/local.h */
