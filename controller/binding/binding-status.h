/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BINDING_STATUS_H
#define BINDING_STATUS_H 1

/* The bindings in words, for the runtime commands "status" and "ports": one line for each
 * interface with an iface-id, and for each port without one that is still claimed; and what is
 * wrong with them, a sentence each. */

#include <stdbool.h>

struct bindings;
struct ds;
struct svec;
struct topology;

/* In both, 'nb_read' says whether the NB database has been read: only then a port that is not
 * known does not exist. */

/* For "status".  Where there are many, their number by state, and lines only for those that are
 * not up, up to some dozens. */
void bindings_format_status(const struct bindings *, const struct topology *, bool nb_read,
                            struct ds *);

/* For "ports": all; or if 'name' is nonnull those whose interface, port or network has that name.
 * Returns false if there is none. */
bool bindings_format_ports(const struct bindings *, const struct topology *, bool nb_read,
                           const char *name, struct ds *);

/* Adds to 'problems' what is wrong with the interfaces. */
void bindings_problems(const struct bindings *, struct svec *problems);
/* Likewise what is wrong if this chassis is alone on its bridge (native mode), and everything that
 * it asked for has been read: an iface-id that names no port. */
void bindings_native_problems(const struct bindings *, struct svec *problems);

#endif /* binding/binding-status.h */
