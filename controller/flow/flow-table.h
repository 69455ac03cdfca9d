/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H 1

/* Flow table: what the switch shall hold, and what it does hold.
 *
 * One *slot* stands for one possible OpenFlow flow, that is, one (table,
 * priority, match).  It carries two answers to "which actions?":
 *
 *   - desired: what the rules say.  Each rule activation that wants the slot
 *     puts a *claim* on it; usually there is one.  A claim is exclusive (it says
 *     what the actions are) or additive (it says which are among them).  If any
 *     is exclusive, the exclusive one with the smallest cookie wins.  Otherwise
 *     all win: the actions are the union of theirs (see merge.h), the cookie is
 *     the smallest of theirs.  So the result does not depend on the order in
 *     which things happened.
 *
 *   - installed: what the switch is known to hold, NULL for nothing.
 *
 * A slot whose two answers differ is *dirty* and on the table's dirty list.
 * `controller/switch` empties that list: it sends the difference and, by
 * flow_slot_set_installed(), records what the switch then holds.  A slot with
 * neither a claim nor an installed flow ceases to exist.
 *
 * A slot may also be dirty because what is known of the switch is *doubtful*:
 * another program may have removed the flow, or it has timeouts or lacks a flag.
 * It is sent again as if it differed.
 *
 * Actions are immutable, reference-counted and shared where equal, so
 * comparing two of them is comparing pointers.  A match is kept as a minimatch.
 * Matches and actions are brought into canonical form (see canonical.h) on the
 * way in, so that equal flows are equal bytes.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/match.h"
#include "openvswitch/types.h"

struct activation;
struct ofpact;

/* Encoded OpenFlow actions (a series of "struct ofpact"), interned in one
 * flow_table. */
struct actions {
    struct hmap_node node; /* In the flow table's pool, by hash of 'ofpacts'. */
    unsigned int refs;
    uint32_t len;       /* Of 'ofpacts', in bytes. */
    uint64_t ofpacts[]; /* Aligned as ofpacts must be. */
};

static inline const struct ofpact *
actions_get(const struct actions *a)
{
    return (const struct ofpact *) a->ofpacts;
}

enum claim_kind {
    CLAIM_EXCLUSIVE,
    CLAIM_ADDITIVE,
};

/* One rule activation's wish for one slot.
 *
 * Or, where a slot has additive claims, the merged claim, which has no owner.  Its 'actions'
 * are the union of those behind it and its 'cookie' is the smallest of theirs, once
 * flow_table_settle() has run.  It stands in the slot's list so that slots without additive
 * claims, nearly all, bear no cost for it. */
struct flow_claim {
    struct ovs_list owner_node; /* In the activation's list of claims.  Of a merged one: in
                                 * the table's list of stale ones, or empty. */
    struct activation *owner;   /* NULL for a merged claim. */
    struct flow_slot *slot;
    struct flow_claim *next; /* The slot's next claim. */
    struct actions *actions;
    uint64_t cookie;
};

struct flow_slot {
    struct hmap_node node; /* In the flow table, by table, priority and match. */
    struct ovs_list dirty; /* In the dirty list, or empty. */
    struct minimatch match;
    struct flow_claim *claims; /* The exclusive ones by ascending cookie; then, if there are
                                * additive ones, the merged one, and these by ascending cookie.
                                * The first one wins; NULL if the slot is not wanted. */
    struct actions *installed; /* NULL if the switch does not hold the flow. */
    uint64_t installed_cookie; /* Meaningful if 'installed' is nonnull. */
    uint32_t sent_index;       /* For controller/switch: its place in a batch. */
    uint16_t priority;
    uint8_t table;
    bool doubtful; /* See above.  Meaningful if 'installed' is nonnull. */
};

struct flow_table {
    struct hmap slots;        /* Contains "struct flow_slot"s. */
    struct hmap actions_pool; /* Contains "struct actions". */
    struct ovs_list dirty;    /* Slots whose desired and installed flows differ. */
    struct ovs_list stale;    /* Merged claims to be made anew, by 'owner_node'. */
    size_t n_dirty;
    size_t n_doubtful;  /* Those on the dirty list that are doubtful. */
    size_t n_desired;   /* Slots with at least one claim. */
    uint64_t n_changes; /* Times that a claim came, went or changed. */
    size_t n_installed; /* Slots that the switch is known to hold. */
};

void flow_table_init(struct flow_table *);
/* Frees everything; the claims' owners must be gone before. */
void flow_table_destroy(struct flow_table *);

/* --- For the engine ----------------------------------------------------- */

enum claim_result {
    CLAIM_NEW, /* 'owner_node' is not yet on any list. */
    CLAIM_CHANGED,
    CLAIM_UNCHANGED,
};

/* Puts 'owner's claim on the slot for ('table', 'priority', 'match'), or updates
 * the claim that 'owner' already has there.  'ofpacts' ('len' bytes) is copied.
 * Takes time in proportion to the claims on the slot. */
struct flow_claim *flow_table_claim(struct flow_table *, struct activation *owner, enum claim_kind,
                                    uint8_t table, uint16_t priority, const struct match *,
                                    uint64_t cookie, const struct ofpact *ofpacts, size_t len,
                                    enum claim_result *);
/* Withdraws and frees a claim (and takes it off its owner's list). */
void flow_table_unclaim(struct flow_table *, struct flow_claim *);
/* Brings the actions of slots whose additive claims have changed up to date.  Each is
 * made anew once, however many of its claims have changed. */
void flow_table_settle(struct flow_table *);

/* --- For the switch ----------------------------------------------------- */

/* The actions wanted for 'slot' and their cookie, or NULL if the slot must be
 * empty. */
static inline const struct actions *
flow_slot_desired(const struct flow_slot *slot, uint64_t *cookie)
{
    if (!slot->claims) {
        return NULL;
    }
    *cookie = slot->claims->cookie;
    return slot->claims->actions;
}

/* The claims that the desired flow is made of, the one with its cookie first:
 *
 *   for (c = flow_slot_winner(slot); c; c = flow_slot_next_winner(slot, c)) ... */
static inline const struct flow_claim *
flow_slot_winner(const struct flow_slot *slot)
{
    const struct flow_claim *first = slot->claims;

    return first && !first->owner ? first->next : first;
}

static inline const struct flow_claim *
flow_slot_next_winner(const struct flow_slot *slot, const struct flow_claim *winner)
{
    return slot->claims->owner ? NULL : winner->next;
}

/* Records that the switch now holds what is desired for 'slot' (which is maybe
 * nothing: then 'slot' is freed).  Takes it off the dirty list. */
void flow_slot_set_installed(struct flow_table *, struct flow_slot *);

/* Takes 'slot' off the dirty list although it differs, because the switch
 * refuses it: it comes back when its desired flow changes or when what is
 * installed is read again. */
void flow_slot_set_aside(struct flow_table *, struct flow_slot *);

/* Records that the switch holds this flow, whether it is wanted or not: what
 * a dump of the switch's flows says.  'ofpacts' is copied.  Returns its slot. */
struct flow_slot *flow_table_saw_installed(struct flow_table *, uint8_t table, uint16_t priority,
                                           const struct match *, uint64_t cookie,
                                           const struct ofpact *ofpacts, size_t len);

/* Records that the switch does not hold the flow of 'slot' as it should, or maybe
 * not at all: the slot becomes dirty.  Nothing more than a doubt, since such news
 * may be out of date: a flow that is not wanted any more is still removed.
 * Returns false if nothing is installed or the slot is doubtful already. */
bool flow_slot_set_doubtful(struct flow_table *, struct flow_slot *);

/* Records that nothing is known to be installed (the switch restarted or its
 * connection was lost): every wanted slot becomes dirty, others are freed. */
void flow_table_forget_installed(struct flow_table *);

/* Finds a slot, or NULL. */
struct flow_slot *flow_table_find(const struct flow_table *, uint8_t table, uint16_t priority,
                                  const struct match *);

/* True if two tables want the same flows; otherwise appends a line for each
 * difference, up to 'max_lines', to 'diff' (if nonnull). */
struct ds;
bool flow_table_desired_equal(const struct flow_table *, const struct flow_table *,
                              size_t max_lines, struct ds *diff);

/* Appends "table=T, priority=P, MATCH actions=..." in ovs-ofctl's syntax. */
void flow_slot_format_desired(const struct flow_slot *, struct ds *);

#endif /* flow/flow-table.h */
