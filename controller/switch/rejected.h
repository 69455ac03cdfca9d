/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_REJECTED_H
#define SWITCH_REJECTED_H 1

/* Flows that the switch refuses.
 *
 * Such a flow is set aside until it changes: as long as its actions and cookie are those that
 * were refused, it is not sent again.  Flows are known by copies, since a slot of the flow
 * table may cease to exist and its memory serve another one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/hmap.h"

struct actions;
struct flow_slot;
struct flow_table;
struct session;
struct svec;

struct rejected {
    struct session *session;
    struct hmap flows; /* Contains "struct rejected_flow"s, by their slots' hash. */
};

void rejected_init(struct rejected *, struct session *);
void rejected_destroy(struct rejected *);

/* Sets aside the flow of 'slot' with these actions. */
void rejected_add(struct rejected *, const struct flow_slot *, const struct actions *,
                  uint64_t cookie, const char *reason);
/* True if the flow desired for 'slot' was refused before. */
bool rejected_contains(struct rejected *, const struct flow_slot *);
/* Forgets those that are no longer desired. */
void rejected_prune(struct rejected *, const struct flow_table *);
/* Forgets all. */
void rejected_clear(struct rejected *);
size_t rejected_count(const struct rejected *);
/* Appends a sentence if there are any. */
void rejected_problems(const struct rejected *, struct svec *problems);

#endif /* switch/rejected.h */
