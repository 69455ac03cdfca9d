/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_MERGE_H
#define FLOW_MERGE_H 1

/* The union of several lists of actions, as additive claims on one slot make it.
 *
 * It depends on the set of the actions only: each is in it once, in an order of their own:
 * by type, conjunctions by id, clause and number of clauses, others by bytes.  So it suits
 * actions of which none depends on what another one does, such as conjunction().
 *
 *   struct ofpbuf all = OFPBUF_STUB_INITIALIZER(stub);
 *   merge_add(&all, ...);   (for each list)
 *   merge_put(&all, &ofpacts);
 *   ofpbuf_uninit(&all); */

#include <stddef.h>

struct ofpact;
struct ofpbuf;

/* Adds the actions of a list ('len' bytes, in canonical form) to 'all', an ofpbuf of
 * pointers to them. */
void merge_add(struct ofpbuf *all, const struct ofpact *ofpacts, size_t len);

/* Appends the actions in 'all', which must all still exist, to 'ofpacts': sorted, each
 * once.  Takes O(n log n) for 'n' actions. */
void merge_put(struct ofpbuf *all, struct ofpbuf *ofpacts);

#endif /* flow/merge.h */
