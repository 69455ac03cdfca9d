/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "flow/merge.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofpbuf.h"
#include "util.h"

void
merge_add(struct ofpbuf *all, const struct ofpact *ofpacts, size_t len)
{
    const struct ofpact *a;

    OFPACT_FOR_EACH (a, ofpacts, len) {
        ofpbuf_put(all, &a, sizeof a);
    }
}

static int
compare_numbers(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

static int
compare_conjunctions(const struct ofpact_conjunction *a, const struct ofpact_conjunction *b)
{
    int cmp = compare_numbers(a->id, b->id);

    if (!cmp) {
        cmp = compare_numbers(a->clause, b->clause);
    }
    return cmp ? cmp : compare_numbers(a->n_clauses, b->n_clauses);
}

static int
compare_actions(const void *a_, const void *b_)
{
    const struct ofpact *a = *(const struct ofpact *const *) a_;
    const struct ofpact *b = *(const struct ofpact *const *) b_;

    if (a->type != b->type) {
        return compare_numbers(a->type, b->type);
    } else if (a->type == OFPACT_CONJUNCTION) {
        return compare_conjunctions(ofpact_get_CONJUNCTION(a), ofpact_get_CONJUNCTION(b));
    } else if (a->len != b->len) {
        return compare_numbers(a->len, b->len);
    }
    return memcmp(a, b, a->len);
}

void
merge_put(struct ofpbuf *all, struct ofpbuf *ofpacts)
{
    const struct ofpact **actions = all->data;
    size_t n = all->size / sizeof *actions;

    qsort(actions, n, sizeof *actions, compare_actions);
    for (size_t i = 0; i < n; i++) {
        if (!i || compare_actions(&actions[i - 1], &actions[i])) {
            ofpbuf_put(ofpacts, actions[i], OFPACT_ALIGN(actions[i]->len));
        }
    }
}
