/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_SEGMENT_H
#define TOPOLOGY_SEGMENT_H 1

/* The owner of a segment, of the networks that claim it.
 *
 * For the files of this folder only. */

#include <stdbool.h>

struct network;
struct topology;

void segment_join(struct topology *, struct network *);
void segment_leave(struct topology *, struct network *);
/* The network has become used or unused. */
void segment_rank(struct topology *, struct network *);

/* Whether it is defined, and has its segment. */
bool network_is_active(const struct network *);

#endif /* topology/segment.h */
