/* SPDX-License-Identifier: Apache-2.0 */

/* Flows with several owners: owners that state a few flows, some as a whole, some to add
 * conjunctions to them.  Whatever has happened, the flows are what the owners say now.
 *
 * DF_PROPERTY_SEED and DF_PROPERTY_CHANGES override the seed and the length. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow.h"
#include "flow/engine.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofpbuf.h"
#include "random.h"
#include "util.h"

#define N_OWNERS 8
#define N_FLOWS 3
#define N_IDS 6

#define TABLE 1

enum saying {
    NOTHING,
    WHOLE,
    PART,
};

/* What an owner says about one flow. */
struct opinion {
    enum saying saying;
    unsigned int ids; /* Bitmap of conjunctions; 0: no action. */
};

struct owner {
    struct subject subject;
    struct fact fact;
    struct opinion opinions[N_FLOWS]; /* By priority. */
};

struct world {
    struct engine *engine;
    struct flow_table *flows;
    struct owner owners[N_OWNERS];
};

static void
format_owner(const struct subject *s, struct ds *ds)
{
    ds_put_format(ds, "%" PRIu64, s->id);
}

static const struct subject_kind kinds[] = {{"owner", format_owner}};

/* The identifiers, high ones among them: their order is not that of their bytes. */
static uint32_t
id_of(int i)
{
    return i * 100;
}

static void
run_owner(struct run *run, const struct subject *s)
{
    struct owner *owner = CONTAINER_OF(s, struct owner, subject);

    run_look(run, &owner->fact);
    for (int flow = 0; flow < N_FLOWS; flow++) {
        const struct opinion *o = &owner->opinions[flow];
        struct match match = MATCH_CATCHALL_INITIALIZER;
        uint64_t stub[64];
        struct ofpbuf actions = OFPBUF_STUB_INITIALIZER(stub);

        for (int i = N_IDS - 1; i >= 0; i--) { /* Not in the order of the sum. */
            if (o->ids & 1u << i) {
                struct ofpact_conjunction *conj = ofpact_put_CONJUNCTION(&actions);
                conj->id = id_of(i);
                conj->clause = 0;
                conj->n_clauses = 2;
            }
        }
        if (o->saying == WHOLE) {
            run_flow(run, TABLE, flow, &match, &actions);
        } else if (o->saying == PART) {
            run_add_to_flow(run, TABLE, flow, &match, &actions);
        }
        ofpbuf_uninit(&actions);
    }
}

static const struct rule rules[] = {{"say", &kinds[0], run_owner}};

static void
world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->engine = engine_create(rules, ARRAY_SIZE(rules), kinds, ARRAY_SIZE(kinds), NULL);
    w->flows = engine_flows(w->engine);
    for (int i = 0; i < N_OWNERS; i++) {
        w->owners[i].subject.id = i;
        w->owners[i].subject.kind = &kinds[0];
        fact_init(&w->owners[i].fact);
    }
}

static void
world_destroy(struct world *w)
{
    for (int i = 0; i < N_OWNERS; i++) {
        engine_remove_subject(w->engine, &w->owners[i].subject);
    }
    engine_run(w->engine);
    for (int i = 0; i < N_OWNERS; i++) {
        fact_destroy(w->engine, &w->owners[i].fact);
    }
    flow_table_forget_installed(w->flows);
    assert_true(hmap_is_empty(&w->flows->slots));
    engine_destroy(w->engine);
}

static void
say(struct world *w, int owner, int flow, enum saying saying, unsigned int ids)
{
    struct owner *o = &w->owners[owner];

    o->opinions[flow] = (struct opinion){saying, ids};
    if (o->subject.activations) {
        fact_changed(w->engine, &o->fact);
    } else {
        engine_add_subject(w->engine, &o->subject);
    }
}

static const struct flow_slot *
find_flow(const struct world *w, int flow)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    return flow_table_find(w->flows, TABLE, flow, &match);
}

/* The conjunctions of a list of actions, which must be in ascending order if 'sorted'. */
static unsigned int
ids_of(const struct actions *actions, bool sorted)
{
    unsigned int ids = 0;
    const struct ofpact *a;
    int previous = -1;

    OFPACT_FOR_EACH (a, actions_get(actions), actions->len) {
        int i = ofpact_get_CONJUNCTION(a)->id / id_of(1);

        assert_false(ids & 1u << i);
        assert_true(!sorted || i > previous);
        ids |= 1u << i;
        previous = i;
    }
    return ids;
}

/* --- Examples ----------------------------------------------------------- */

static void
assert_flow(struct world *w, int flow, unsigned int ids, bool sorted, const char *owners)
{
    engine_run(w->engine);

    const struct flow_slot *slot = find_flow(w, flow);
    assert_non_null(slot);
    uint64_t cookie;
    const struct actions *actions = flow_slot_desired(slot, &cookie);
    assert_non_null(actions);
    assert_int_equal(ids_of(actions, sorted), ids);
    assert_int_equal(cookie, flow_slot_winner(slot)->cookie);

    struct ds text = DS_EMPTY_INITIALIZER;
    flow_owners_format(slot, &text);
    assert_string_equal(ds_cstr(&text), owners);
    ds_destroy(&text);
}

/* The order of owners is that of their cookies. */
#define OWNER(N) "say(owner " #N ")"
#define FIRST OWNER(1)
#define SECOND OWNER(0)

static void
what_owners_add_is_sorted_and_without_duplicates(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    say(&w, 0, 0, PART, 0x5);
    assert_flow(&w, 0, 0x5, true, SECOND);
    say(&w, 1, 0, PART, 0x6);
    assert_flow(&w, 0, 0x7, true, FIRST " + " SECOND);
    engine_remove_subject(w.engine, &w.owners[0].subject);
    assert_flow(&w, 0, 0x6, true, FIRST);
    engine_remove_subject(w.engine, &w.owners[1].subject);
    engine_run(w.engine);
    assert_null(find_flow(&w, 0));
    world_destroy(&w);
}

static void
what_is_stated_as_a_whole_precedes_what_is_added(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    say(&w, 1, 0, PART, 0x5);
    say(&w, 0, 0, WHOLE, 0x8);
    assert_flow(&w, 0, 0x8, true, SECOND);
    say(&w, 0, 0, PART, 0x8);
    assert_flow(&w, 0, 0xd, true, FIRST " + " SECOND);
    say(&w, 1, 0, WHOLE, 0x6);
    assert_flow(&w, 0, 0x6, false, FIRST);
    world_destroy(&w);
}

static void
nothing_may_be_added_to_a_flow(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    say(&w, 0, 0, PART, 0);
    assert_flow(&w, 0, 0, true, SECOND);
    say(&w, 1, 0, PART, 0x1);
    assert_flow(&w, 0, 0x1, true, FIRST " + " SECOND);
    world_destroy(&w);
}

/* --- Any sequence ------------------------------------------------------- */

static unsigned int
setting(const char *name, unsigned int default_)
{
    const char *s = getenv(name);
    return s && *s ? strtoul(s, NULL, 10) : default_;
}

static enum saying
random_saying(void)
{
    static const enum saying sayings[] = {NOTHING, PART, PART, PART, PART, WHOLE};
    return sayings[random_range(ARRAY_SIZE(sayings))];
}

static void
change_something(struct world *w)
{
    int i = random_range(N_OWNERS);

    if (w->owners[i].subject.activations && !random_range(4)) {
        engine_remove_subject(w->engine, &w->owners[i].subject);
    } else {
        say(w, i, random_range(N_FLOWS), random_saying(), random_range(1u << N_IDS));
    }
}

/* The switch takes what is sent, or somebody else changes what it holds. */
static void
switch_acts(struct world *w)
{
    struct flow_slot *slot;

    if (!random_range(20)) {
        flow_table_forget_installed(w->flows);
    }
    LIST_FOR_EACH_SAFE (slot, dirty, &w->flows->dirty) {
        if (random_range(2)) {
            flow_slot_set_installed(w->flows, slot);
        }
    }
    HMAP_FOR_EACH (slot, node, &w->flows->slots) {
        if (!random_range(10)) {
            flow_slot_set_doubtful(w->flows, slot);
        }
    }
}

/* What the owners say, worked out in the plainest way. */
static void
assert_said(const struct world *w, int flow)
{
    const struct flow_slot *slot = find_flow(w, flow);
    unsigned int parts = 0, n_whole = 0, n_parts = 0;

    for (int i = 0; i < N_OWNERS; i++) {
        const struct opinion *o = &w->owners[i].opinions[flow];

        if (w->owners[i].subject.activations) {
            n_whole += o->saying == WHOLE;
            n_parts += o->saying == PART;
            parts |= o->saying == PART ? o->ids : 0;
        }
    }

    uint64_t cookie;
    const struct actions *actions = slot ? flow_slot_desired(slot, &cookie) : NULL;
    assert_int_equal(actions != NULL, n_whole || n_parts);
    if (!actions) {
        return;
    }

    unsigned int n_winners = 0;
    for (const struct flow_claim *c = flow_slot_winner(slot); c;
         c = flow_slot_next_winner(slot, c)) {
        const struct owner *owner =
            CONTAINER_OF(activation_subject(c->owner), struct owner, subject);
        const struct opinion *o = &owner->opinions[flow];

        assert_int_equal(o->saying, n_whole ? WHOLE : PART);
        assert_int_equal(ids_of(c->actions, false), o->ids);
        assert_true(c->cookie >= cookie);
        n_winners++;
    }
    assert_int_equal(n_winners, n_whole ? 1 : n_parts);
    assert_int_equal(flow_slot_winner(slot)->cookie, cookie);
    if (!n_whole) {
        assert_int_equal(ids_of(actions, true), parts);
    }
}

static void
assert_dirty_as_it_should_be(const struct world *w)
{
    const struct flow_slot *slot;
    size_t n_dirty = 0, n_desired = 0;

    assert_true(ovs_list_is_empty(&w->flows->stale));
    HMAP_FOR_EACH (slot, node, &w->flows->slots) {
        uint64_t cookie = 0;
        const struct actions *desired = flow_slot_desired(slot, &cookie);
        bool differs = desired != slot->installed
                       || (desired && (slot->installed_cookie != cookie || slot->doubtful));

        assert_int_equal(differs, !ovs_list_is_empty(&slot->dirty));
        n_dirty += differs;
        n_desired += desired != NULL;
    }
    assert_int_equal(n_dirty, w->flows->n_dirty);
    assert_int_equal(n_desired, w->flows->n_desired);
}

/* A new world, whose owners say the same in another order. */
static void
assert_equal_from_scratch(const struct world *w, unsigned int change)
{
    struct world fresh;
    struct ds diff = DS_EMPTY_INITIALIZER;
    int start = random_range(N_OWNERS);

    world_init(&fresh);
    for (int i = 0; i < N_OWNERS; i++) {
        int j = i ^ start; /* Each owner once: N_OWNERS is a power of 2. */

        memcpy(fresh.owners[j].opinions, w->owners[j].opinions, sizeof w->owners[j].opinions);
        if (w->owners[j].subject.activations) {
            engine_add_subject(fresh.engine, &fresh.owners[j].subject);
        }
    }
    engine_run(fresh.engine);
    if (!flow_table_desired_equal(w->flows, fresh.flows, 10, &diff)) {
        fail_msg("after change %u:\n%s", change, ds_cstr(&diff));
    }
    ds_destroy(&diff);
    world_destroy(&fresh);
}

static void
incremental_equals_from_scratch(void **state OVS_UNUSED)
{
    unsigned int n_changes = setting("DF_PROPERTY_CHANGES", 30000);
    struct world w;

    world_init(&w);
    random_set_seed(setting("DF_PROPERTY_SEED", 20251));
    for (unsigned int change = 0; change < n_changes; change++) {
        change_something(&w);
        if (random_range(3)) {
            continue;
        }
        engine_run(w.engine);
        for (int flow = 0; flow < N_FLOWS; flow++) {
            assert_said(&w, flow);
        }
        assert_dirty_as_it_should_be(&w);
        assert_equal_from_scratch(&w, change);
        switch_acts(&w);
        assert_dirty_as_it_should_be(&w);
    }
    world_destroy(&w);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_owners_add_is_sorted_and_without_duplicates),
        cmocka_unit_test(what_is_stated_as_a_whole_precedes_what_is_added),
        cmocka_unit_test(nothing_may_be_added_to_a_flow),
        cmocka_unit_test(incremental_equals_from_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
