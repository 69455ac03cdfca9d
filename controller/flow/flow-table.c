/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "flow/flow-table.h"

#include <string.h>

#include "flow/canonical.h"
#include "flow/merge.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofpbuf.h"
#include "util.h"

/* --- Actions ------------------------------------------------------------ */

static struct actions *
actions_intern__(struct flow_table *table, const void *ofpacts, size_t len)
{
    uint32_t hash = hash_bytes(ofpacts, len, 0);
    struct actions *a;

    HMAP_FOR_EACH_WITH_HASH (a, node, hash, &table->actions_pool) {
        if (a->len == len && !memcmp(a->ofpacts, ofpacts, len)) {
            a->refs++;
            return a;
        }
    }

    a = xmalloc(sizeof *a + len);
    a->refs = 1;
    a->len = len;
    memcpy(a->ofpacts, ofpacts, len);
    hmap_insert(&table->actions_pool, &a->node, hash);
    return a;
}

static struct actions *
actions_intern(struct flow_table *table, const struct ofpact *ofpacts, size_t len)
{
    uint64_t stub[1024 / 8];
    struct ofpbuf canonical = OFPBUF_STUB_INITIALIZER(stub);

    ofpbuf_put(&canonical, ofpacts, len);
    canonical_actions(&canonical);
    struct actions *a = actions_intern__(table, canonical.data, canonical.size);
    ofpbuf_uninit(&canonical);
    return a;
}

static void
actions_unref(struct flow_table *table, struct actions *a)
{
    if (a && !--a->refs) {
        hmap_remove(&table->actions_pool, &a->node);
        free(a);
    }
}

/* --- Slots -------------------------------------------------------------- */

static uint32_t
slot_hash(uint8_t table, uint16_t priority, const struct minimatch *match)
{
    return minimatch_hash(match, hash_2words(table, priority));
}

static struct flow_slot *
slot_find(const struct flow_table *ft, uint8_t table, uint16_t priority,
          const struct minimatch *match, uint32_t hash)
{
    struct flow_slot *slot;

    HMAP_FOR_EACH_WITH_HASH (slot, node, hash, &ft->slots) {
        if (slot->table == table && slot->priority == priority
            && minimatch_equal(&slot->match, match)) {
            return slot;
        }
    }
    return NULL;
}

static void
canonical_minimatch(struct minimatch *mm, const struct match *match)
{
    struct match canonical = *match;

    canonical_match(&canonical);
    minimatch_init(mm, &canonical);
}

struct flow_slot *
flow_table_find(const struct flow_table *ft, uint8_t table, uint16_t priority,
                const struct match *match)
{
    struct minimatch mm;
    canonical_minimatch(&mm, match);
    struct flow_slot *slot = slot_find(ft, table, priority, &mm, slot_hash(table, priority, &mm));
    minimatch_destroy(&mm);
    return slot;
}

static struct flow_slot *
slot_find_or_create(struct flow_table *ft, uint8_t table, uint16_t priority,
                    const struct match *match)
{
    struct minimatch mm;
    canonical_minimatch(&mm, match);

    uint32_t hash = slot_hash(table, priority, &mm);
    struct flow_slot *slot = slot_find(ft, table, priority, &mm, hash);
    if (slot) {
        minimatch_destroy(&mm);
        return slot;
    }

    slot = xzalloc(sizeof *slot);
    slot->table = table;
    slot->priority = priority;
    minimatch_move(&slot->match, &mm);
    ovs_list_init(&slot->dirty);
    hmap_insert(&ft->slots, &slot->node, hash);
    return slot;
}

static void
dirty_add(struct flow_table *ft, struct flow_slot *slot)
{
    if (ovs_list_is_empty(&slot->dirty)) {
        ovs_list_push_back(&ft->dirty, &slot->dirty);
        ft->n_dirty++;
        ft->n_doubtful += slot->doubtful;
    }
}

static void
dirty_remove(struct flow_table *ft, struct flow_slot *slot)
{
    if (!ovs_list_is_empty(&slot->dirty)) {
        ovs_list_remove(&slot->dirty);
        ovs_list_init(&slot->dirty);
        ft->n_dirty--;
        ft->n_doubtful -= slot->doubtful;
    }
}

static void
slot_destroy(struct flow_table *ft, struct flow_slot *slot)
{
    dirty_remove(ft, slot);
    actions_unref(ft, slot->installed);
    hmap_remove(&ft->slots, &slot->node);
    minimatch_destroy(&slot->match);
    free(slot);
}

/* Brings 'slot' on or off the dirty list; frees it if nothing is left of it. */
static void
slot_update(struct flow_table *ft, struct flow_slot *slot)
{
    const struct flow_claim *winner = slot->claims;
    bool dirty = (winner ? slot->doubtful || slot->installed != winner->actions
                               || slot->installed_cookie != winner->cookie
                         : slot->installed != NULL);

    if (!winner && !slot->installed) {
        slot_destroy(ft, slot);
    } else if (dirty) {
        dirty_add(ft, slot);
    } else {
        dirty_remove(ft, slot);
    }
}

/* Replaces what is known of the switch ('installed' is taken). */
static void
slot_know_installed(struct flow_table *ft, struct flow_slot *slot, struct actions *installed,
                    uint64_t cookie)
{
    dirty_remove(ft, slot);
    ft->n_installed += (installed != NULL) - (slot->installed != NULL);
    actions_unref(ft, slot->installed);
    slot->installed = installed;
    slot->installed_cookie = cookie;
    slot->doubtful = false;
    slot_update(ft, slot);
}

/* --- The table ---------------------------------------------------------- */

void
flow_table_init(struct flow_table *ft)
{
    hmap_init(&ft->slots);
    hmap_init(&ft->actions_pool);
    ovs_list_init(&ft->dirty);
    ovs_list_init(&ft->stale);
    ft->n_dirty = 0;
    ft->n_doubtful = 0;
    ft->n_desired = 0;
}

void
flow_table_destroy(struct flow_table *ft)
{
    struct flow_slot *slot;

    HMAP_FOR_EACH_SAFE (slot, node, &ft->slots) {
        ovs_assert(!slot->claims);
        slot_destroy(ft, slot);
    }
    ovs_assert(hmap_is_empty(&ft->actions_pool));
    hmap_destroy(&ft->slots);
    hmap_destroy(&ft->actions_pool);
}

/* --- Claims ------------------------------------------------------------- */

/* The order of claims must not depend on history.  Cookies are unique but for
 * hash collisions; then the actions decide. */
static bool
claim_precedes(const struct flow_claim *a, const struct flow_claim *b)
{
    if (a->cookie != b->cookie) {
        return a->cookie < b->cookie;
    }
    if (a->actions->len != b->actions->len) {
        return a->actions->len < b->actions->len;
    }
    return memcmp(a->actions->ofpacts, b->actions->ofpacts, a->actions->len) < 0;
}

static void
merged_set_stale(struct flow_table *ft, struct flow_claim *merged)
{
    if (ovs_list_is_empty(&merged->owner_node)) {
        ovs_list_push_back(&ft->stale, &merged->owner_node);
    }
}

/* Puts a merged claim for 'claim', the slot's first additive one, at the end of the slot's
 * list, to which 'end' points. */
static struct flow_claim *
merged_create(struct flow_claim **end, const struct flow_claim *claim)
{
    struct flow_claim *merged = xmemdup(claim, sizeof *claim);

    ovs_list_init(&merged->owner_node);
    merged->owner = NULL;
    merged->next = NULL;
    merged->actions->refs++;
    *end = merged;
    return merged;
}

/* Frees the merged claim that '*p' points to; no additive claim is left behind it. */
static void
merged_destroy(struct flow_table *ft, struct flow_claim **p)
{
    struct flow_claim *merged = *p;

    *p = NULL;
    ovs_list_remove(&merged->owner_node);
    actions_unref(ft, merged->actions);
    free(merged);
}

static void
merged_settle(struct flow_table *ft, struct flow_claim *merged)
{
    uint64_t all_stub[1024 / 8], ofpacts_stub[1024 / 8];
    struct ofpbuf all = OFPBUF_STUB_INITIALIZER(all_stub);
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(ofpacts_stub);

    for (const struct flow_claim *c = merged->next; c; c = c->next) {
        merge_add(&all, actions_get(c->actions), c->actions->len);
    }
    merge_put(&all, &ofpacts);
    actions_unref(ft, merged->actions);
    merged->actions = actions_intern(ft, ofpacts.data, ofpacts.size);
    merged->cookie = merged->next->cookie;
    ofpbuf_uninit(&all);
    ofpbuf_uninit(&ofpacts);
}

void
flow_table_settle(struct flow_table *ft)
{
    struct flow_claim *merged;

    LIST_FOR_EACH_POP (merged, owner_node, &ft->stale) {
        ovs_list_init(&merged->owner_node);
        merged_settle(ft, merged);
        slot_update(ft, merged->slot);
    }
}

static struct flow_claim *
slot_find_claim(const struct flow_slot *slot, const struct activation *owner, enum claim_kind *kind)
{
    struct flow_claim *claim = slot->claims;

    *kind = CLAIM_EXCLUSIVE;
    while (claim && claim->owner != owner) {
        if (!claim->owner) {
            *kind = CLAIM_ADDITIVE;
        }
        claim = claim->next;
    }
    return claim;
}

static void
slot_insert_claim(struct flow_table *ft, struct flow_slot *slot, struct flow_claim *claim,
                  enum claim_kind kind)
{
    struct flow_claim **p = &slot->claims;

    if (kind == CLAIM_ADDITIVE) {
        while (*p && (*p)->owner) {
            p = &(*p)->next;
        }
        struct flow_claim *merged = *p ? *p : merged_create(p, claim);
        merged_set_stale(ft, merged);
        p = &merged->next;
    }
    while (*p && (*p)->owner && !claim_precedes(claim, *p)) {
        p = &(*p)->next;
    }
    claim->next = *p;
    *p = claim;
}

static void
slot_remove_claim(struct flow_table *ft, struct flow_slot *slot, struct flow_claim *claim)
{
    struct flow_claim **p = &slot->claims;
    struct flow_claim **merged = NULL;

    while (*p != claim) {
        if (!(*p)->owner) {
            merged = p;
        }
        p = &(*p)->next;
    }
    *p = claim->next;

    if (merged && !(*merged)->next) {
        merged_destroy(ft, merged);
    } else if (merged) {
        merged_set_stale(ft, *merged);
    }
}

struct flow_claim *
flow_table_claim(struct flow_table *ft, struct activation *owner, enum claim_kind kind,
                 uint8_t table, uint16_t priority, const struct match *match, uint64_t cookie,
                 const struct ofpact *ofpacts, size_t len, enum claim_result *result)
{
    struct flow_slot *slot = slot_find_or_create(ft, table, priority, match);
    struct actions *actions = actions_intern(ft, ofpacts, len);
    enum claim_kind old_kind;
    struct flow_claim *claim = slot_find_claim(slot, owner, &old_kind);

    if (claim && claim->actions == actions && claim->cookie == cookie && old_kind == kind) {
        actions_unref(ft, actions);
        *result = CLAIM_UNCHANGED;
        return claim;
    }

    ft->n_changes++;
    if (claim) {
        slot_remove_claim(ft, slot, claim);
        actions_unref(ft, claim->actions);
        *result = CLAIM_CHANGED;
    } else {
        ft->n_desired += !slot->claims;
        claim = xmalloc(sizeof *claim);
        claim->owner = owner;
        claim->slot = slot;
        *result = CLAIM_NEW;
    }
    claim->actions = actions;
    claim->cookie = cookie;
    slot_insert_claim(ft, slot, claim, kind);
    slot_update(ft, slot);
    return claim;
}

void
flow_table_unclaim(struct flow_table *ft, struct flow_claim *claim)
{
    struct flow_slot *slot = claim->slot;

    ft->n_changes++;
    slot_remove_claim(ft, slot, claim);
    ft->n_desired -= !slot->claims;
    ovs_list_remove(&claim->owner_node);
    actions_unref(ft, claim->actions);
    free(claim);
    slot_update(ft, slot);
}

/* --- What the switch holds ---------------------------------------------- */

void
flow_slot_set_installed(struct flow_table *ft, struct flow_slot *slot)
{
    struct flow_claim *winner = slot->claims;

    if (winner) {
        winner->actions->refs++;
        slot_know_installed(ft, slot, winner->actions, winner->cookie);
    } else {
        slot_know_installed(ft, slot, NULL, 0);
    }
}

void
flow_slot_set_aside(struct flow_table *ft, struct flow_slot *slot)
{
    dirty_remove(ft, slot);
}

struct flow_slot *
flow_table_saw_installed(struct flow_table *ft, uint8_t table, uint16_t priority,
                         const struct match *match, uint64_t cookie, const struct ofpact *ofpacts,
                         size_t len)
{
    struct flow_slot *slot = slot_find_or_create(ft, table, priority, match);
    slot_know_installed(ft, slot, actions_intern(ft, ofpacts, len), cookie);
    return slot;
}

bool
flow_slot_set_doubtful(struct flow_table *ft, struct flow_slot *slot)
{
    if (!slot->installed || slot->doubtful) {
        return false;
    }
    dirty_remove(ft, slot);
    slot->doubtful = true;
    slot_update(ft, slot);
    return true;
}

void
flow_table_forget_installed(struct flow_table *ft)
{
    struct flow_slot *slot;

    HMAP_FOR_EACH_SAFE (slot, node, &ft->slots) {
        slot_know_installed(ft, slot, NULL, 0);
    }
}

/* --- Text --------------------------------------------------------------- */

void
flow_slot_format_desired(const struct flow_slot *slot, struct ds *ds)
{
    struct match match;

    minimatch_expand(&slot->match, &match);
    ds_put_format(ds, "table=%u, ", slot->table);
    match_format(&match, NULL, ds, slot->priority);
    ds_put_cstr(ds, " actions=");
    if (slot->claims && slot->claims->actions->len) {
        struct ofpact_format_params fp = {.s = ds};
        ofpacts_format(actions_get(slot->claims->actions), slot->claims->actions->len, &fp);
    } else {
        ds_put_cstr(ds, slot->claims ? "drop" : "(none)");
    }
}

static bool
slots_desire_the_same(const struct flow_slot *a, const struct flow_slot *b)
{
    const struct flow_claim *x = a->claims;
    const struct flow_claim *y = b->claims;

    return x->cookie == y->cookie && x->actions->len == y->actions->len
           && !memcmp(x->actions->ofpacts, y->actions->ofpacts, x->actions->len);
}

static size_t
flow_table_diff_one_way(const struct flow_table *a, const struct flow_table *b, char sign,
                        bool report_changed, size_t max_lines, struct ds *diff)
{
    const struct flow_slot *slot;
    size_t n = 0;

    HMAP_FOR_EACH (slot, node, &a->slots) {
        if (!slot->claims) {
            continue;
        }

        const struct flow_slot *other =
            slot_find(b, slot->table, slot->priority, &slot->match, slot->node.hash);
        bool missing = !other || !other->claims;
        if (missing || (report_changed && !slots_desire_the_same(slot, other))) {
            if (diff && n < max_lines) {
                ds_put_format(diff, "%c ", missing ? sign : '!');
                flow_slot_format_desired(slot, diff);
                if (!missing) {
                    ds_put_cstr(diff, "\n  instead of: ");
                    flow_slot_format_desired(other, diff);
                }
                ds_put_char(diff, '\n');
            }
            n++;
        }
    }
    return n;
}

bool
flow_table_desired_equal(const struct flow_table *a, const struct flow_table *b, size_t max_lines,
                         struct ds *diff)
{
    size_t n = flow_table_diff_one_way(a, b, '+', true, max_lines, diff);
    n += flow_table_diff_one_way(b, a, '-', false, max_lines, diff);
    return !n;
}
