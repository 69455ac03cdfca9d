/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_UUID_LIST_H
#define TOPOLOGY_UUID_LIST_H 1

/* Sets of UUIDs as sorted arrays. */

#include <stdbool.h>
#include <stddef.h>

#include "openvswitch/uuid.h"

/* A set of UUIDs; sorted, and without duplicates, unless said otherwise. */
struct uuid_list {
    struct uuid *uuids;
    size_t n, allocated;
};
#define UUID_LIST_INITIALIZER                                                                      \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

/* Appends; call uuid_list_sort() before anything else. */
void uuid_list_add(struct uuid_list *, const struct uuid *);
void uuid_list_sort(struct uuid_list *);
bool uuid_list_contains(const struct uuid_list *, const struct uuid *);
/* Adds all of 'more' to 'list'.  Returns true if any of it was new. */
bool uuid_list_merge(struct uuid_list *list, const struct uuid_list *more);
/* Returns true if all of 'less' is in 'list'. */
bool uuid_list_covers(const struct uuid_list *list, const struct uuid_list *less);
bool uuid_list_equals(const struct uuid_list *, const struct uuid_list *);
/* Makes 'dst' a copy of 'src'. */
void uuid_list_copy(struct uuid_list *dst, const struct uuid_list *src);

#endif /* topology/uuid-list.h */
