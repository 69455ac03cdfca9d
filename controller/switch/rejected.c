/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/session.h"

#include <string.h>

#include "flow/engine.h"
#include "flow/flow-table.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofrejected);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(30, 30);

/* A flow that the switch refuses.  It is a copy, since a slot may cease to exist
 * and its memory serve another one. */
struct rejected {
    struct hmap_node node; /* In session->rejected, by the slot's hash. */
    struct minimatch match;
    uint64_t cookie;
    uint16_t priority;
    uint8_t table;
    uint32_t len; /* Of 'ofpacts', in bytes. */
    uint64_t ofpacts[];
};

static struct rejected *
rejected_find(const struct ofsession *s, const struct flow_slot *slot)
{
    struct rejected *r;

    HMAP_FOR_EACH_WITH_HASH (r, node, slot->node.hash, &s->rejected) {
        if (r->table == slot->table && r->priority == slot->priority
            && minimatch_equal(&r->match, &slot->match)) {
            return r;
        }
    }
    return NULL;
}

static void
rejected_destroy(struct ofsession *s, struct rejected *r)
{
    hmap_remove(&s->rejected, &r->node);
    minimatch_destroy(&r->match);
    free(r);
}

static bool
is_still_desired(const struct rejected *r, const struct flow_slot *slot)
{
    uint64_t cookie;
    const struct actions *desired = flow_slot_desired(slot, &cookie);

    return desired && r->cookie == cookie && r->len == desired->len
           && !memcmp(r->ofpacts, desired->ofpacts, r->len);
}

void
rejected_add(struct ofsession *s, const struct flow_slot *slot, const struct actions *actions,
             uint64_t cookie, const char *reason)
{
    struct rejected *r = rejected_find(s, slot);
    if (r) {
        rejected_destroy(s, r);
    }

    r = xmalloc(sizeof *r + actions->len);
    minimatch_clone(&r->match, &slot->match);
    r->cookie = cookie;
    r->priority = slot->priority;
    r->table = slot->table;
    r->len = actions->len;
    memcpy(r->ofpacts, actions->ofpacts, actions->len);
    hmap_insert(&s->rejected, &r->node, slot->node.hash);
    s->stats.flows_rejected++;

    if (is_still_desired(r, slot)) {
        struct ds text = DS_EMPTY_INITIALIZER;

        flow_slot_format_desired(slot, &text);
        ds_put_cstr(&text, ", wanted by ");
        activation_format(slot->claims->owner, &text);
        VLOG_WARN_RL(&rl, "%s: flow set aside until it changes (%s): %s", s->bridge, reason,
                     ds_cstr(&text));
        ds_destroy(&text);
    } else {
        VLOG_INFO_RL(&rl, "%s: refused a flow that is no longer wanted (%s)", s->bridge, reason);
    }
}

bool
rejected_contains(struct ofsession *s, const struct flow_slot *slot)
{
    if (hmap_is_empty(&s->rejected)) {
        return false;
    }

    struct rejected *r = rejected_find(s, slot);
    if (!r) {
        return false;
    }
    if (is_still_desired(r, slot)) {
        return true;
    }
    rejected_destroy(s, r);
    return false;
}

void
rejected_prune(struct ofsession *s, const struct flow_table *ft)
{
    struct rejected *r;

    HMAP_FOR_EACH_SAFE (r, node, &s->rejected) {
        struct match match;
        minimatch_expand(&r->match, &match);

        const struct flow_slot *slot = flow_table_find(ft, r->table, r->priority, &match);
        if (!slot || !is_still_desired(r, slot)) {
            rejected_destroy(s, r);
        }
    }
}

void
rejected_clear(struct ofsession *s)
{
    struct rejected *r;

    HMAP_FOR_EACH_SAFE (r, node, &s->rejected) {
        rejected_destroy(s, r);
    }
}
