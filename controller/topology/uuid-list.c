/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/uuid-list.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "uuid.h"

static int
compare_uuids(const void *a, const void *b)
{
    return uuid_compare_3way(a, b);
}

void
uuid_list_add(struct uuid_list *list, const struct uuid *uuid)
{
    if (list->n >= list->allocated) {
        list->uuids = x2nrealloc(list->uuids, &list->allocated, sizeof *list->uuids);
    }
    list->uuids[list->n++] = *uuid;
}

void
uuid_list_sort(struct uuid_list *list)
{
    size_t n = 0;

    if (!list->n) {
        return;
    }
    qsort(list->uuids, list->n, sizeof *list->uuids, compare_uuids);
    for (size_t i = 0; i < list->n; i++) {
        if (!n || !uuid_equals(&list->uuids[n - 1], &list->uuids[i])) {
            list->uuids[n++] = list->uuids[i];
        }
    }
    list->n = n;
}

bool
uuid_list_contains(const struct uuid_list *list, const struct uuid *uuid)
{
    return list->n && bsearch(uuid, list->uuids, list->n, sizeof *list->uuids, compare_uuids);
}

bool
uuid_list_merge(struct uuid_list *list, const struct uuid_list *more)
{
    size_t n = list->n;

    if (uuid_list_covers(list, more)) {
        return false;
    }

    struct uuid_list all = UUID_LIST_INITIALIZER;
    all.allocated = n + more->n;
    all.uuids = xmalloc(all.allocated * sizeof *all.uuids);
    for (size_t i = 0, j = 0; i < n || j < more->n;) {
        int order = (i >= n         ? 1
                     : j >= more->n ? -1
                                    : uuid_compare_3way(&list->uuids[i], &more->uuids[j]));

        all.uuids[all.n++] = order <= 0 ? list->uuids[i] : more->uuids[j];
        i += order <= 0;
        j += order >= 0;
    }
    free(list->uuids);
    *list = all;
    return true;
}

bool
uuid_list_covers(const struct uuid_list *list, const struct uuid_list *less)
{
    size_t i = 0;

    for (size_t j = 0; j < less->n; j++) {
        while (i < list->n && uuid_compare_3way(&list->uuids[i], &less->uuids[j]) < 0) {
            i++;
        }
        if (i >= list->n || !uuid_equals(&list->uuids[i], &less->uuids[j])) {
            return false;
        }
    }
    return true;
}

bool
uuid_list_equals(const struct uuid_list *a, const struct uuid_list *b)
{
    return a->n == b->n && (!a->n || !memcmp(a->uuids, b->uuids, a->n * sizeof *a->uuids));
}

void
uuid_list_copy(struct uuid_list *dst, const struct uuid_list *src)
{
    dst->n = 0;
    uuid_list_merge(dst, src);
}
