/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_SEGMENT_H
#define DFCTL_SEGMENT_H 1

/* Allocation of segmentation ids. */

#include <stdint.h>

#include "nb/model.h"

struct ctl_context;
struct ovsdb_idl;

/* Returns the smallest segmentation id of 'type' that no network has ('physical_network'
 * too, if a VLAN), as the transaction in progress would leave them; 0 if every one
 * is taken. */
uint32_t segment_allocate(const struct ovsdb_idl *, enum network_type type,
                          const char *physical_network);

/* Warns if segmentation id 'id', which was not asked for, is one that the switches between
 * the chassis must know of. */
void segment_warn_of_choice(struct ctl_context *, const char *network, enum network_type type,
                            int64_t id, const char *physical_network);

#endif /* dfctl/segment.h */
