/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/segment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db-ctl-base.h"
#include "dfctl/context.h"
#include "nb/dragonflow-idl.h"
#include "util.h"

static int
compare_ids(const void *a_, const void *b_)
{
    const int64_t *a = a_;
    const int64_t *b = b_;
    return *a < *b ? -1 : *a > *b;
}

uint32_t
segment_allocate(const struct ovsdb_idl *idl, enum network_type type, const char *physical_network)
{
    int64_t *taken = NULL;
    size_t n = 0, allocated = 0;
    const struct nbrec_network *row;

    NBREC_NETWORK_FOR_EACH (row, idl) {
        if (row->n_segmentation_id && !strcmp(row->type, network_type_to_string(type))
            && (type != NETWORK_VLAN
                || nullable_string_is_equal(row->physical_network, physical_network))) {
            if (n >= allocated) {
                taken = x2nrealloc(taken, &allocated, sizeof *taken);
            }
            taken[n++] = *row->segmentation_id;
        }
    }
    if (n) {
        qsort(taken, n, sizeof *taken, compare_ids);
    }

    /* Switches send VLAN 1 without tag unless configured otherwise. */
    int64_t id = type == NETWORK_VLAN ? 2 : 1;
    for (size_t i = 0; i < n && taken[i] <= id; i++) {
        if (taken[i] == id) {
            id++;
        }
    }
    free(taken);
    return id <= network_type_max_segmentation_id(type) ? id : 0;
}

void
segment_warn_of_choice(struct ctl_context *ctx, const char *network, enum network_type type,
                       int64_t id, const char *physical_network)
{
    if (type == NETWORK_VLAN && !dfctl_context_cast(ctx)->dfctl->diff) {
        warn_later(ctx,
                   "network %s: VLAN %" PRId64 " of physical network %s was chosen; the "
                   "switches must carry it (segmentation-id=N chooses another)",
                   network, id, physical_network);
    }
}
