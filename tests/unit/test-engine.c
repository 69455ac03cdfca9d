/* SPDX-License-Identifier: Apache-2.0 */

/* The engine, with a toy problem: cells that hold numbers, and a rule that makes
 * one flow of a cell's number and its left neighbour's. */

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
#include "util.h"

struct cell {
    struct subject subject;
    struct fact fact;
    struct cell *left;
    unsigned int value; /* 0: no flow. */
    unsigned int priority;
};

static unsigned int n_runs;

static void
format_cell(const struct subject *s, struct ds *ds)
{
    ds_put_format(ds, "%" PRIu64, s->id);
}

static const struct subject_kind kinds[] = {{"cell", format_cell}};

static void
run_cell(struct run *run, const struct subject *s)
{
    const struct cell *cell = CONTAINER_OF(s, struct cell, subject);
    unsigned int sum = cell->value;

    n_runs++;
    run_look(run, &cell->fact);
    if (!cell->value) {
        return;
    }
    if (cell->left) {
        run_look(run, &cell->left->fact);
        sum += cell->left->value;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    uint64_t stub[64];
    struct ofpbuf actions = OFPBUF_STUB_INITIALIZER(stub);
    match_set_reg(&match, 0, cell->subject.id);
    ofpact_put_OUTPUT(&actions)->port = u16_to_ofp(sum);
    run_flow(run, 1, cell->priority, &match, &actions);
    ofpbuf_uninit(&actions);
}

static const struct rule rules[] = {{"sum", &kinds[0], run_cell}};

#define N_CELLS 5
struct board {
    struct engine *engine;
    struct cell cells[N_CELLS];
};

static int
set_up(void **state)
{
    struct board *b = xzalloc(sizeof *b);

    b->engine = engine_create(rules, ARRAY_SIZE(rules), kinds, ARRAY_SIZE(kinds), NULL);
    for (int i = 0; i < N_CELLS; i++) {
        struct cell *c = &b->cells[i];

        c->subject.id = i + 1;
        c->subject.kind = &kinds[0];
        c->left = i ? &b->cells[i - 1] : NULL;
        c->value = 10 + i;
        c->priority = 7;
        fact_init(&c->fact);
        engine_add_subject(b->engine, &c->subject);
    }
    assert_true(engine_run(b->engine));
    n_runs = 0;
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct board *b = *state;

    for (int i = 0; i < N_CELLS; i++) {
        engine_remove_subject(b->engine, &b->cells[i].subject);
    }
    for (int i = 0; i < N_CELLS; i++) {
        fact_destroy(b->engine, &b->cells[i].fact);
    }
    engine_destroy(b->engine);
    free(b);
    return 0;
}

static unsigned int
output_of(struct board *b, unsigned int id, unsigned int priority)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_set_reg(&match, 0, id);
    const struct flow_slot *slot = flow_table_find(engine_flows(b->engine), 1, priority, &match);
    uint64_t cookie;
    const struct actions *a = slot ? flow_slot_desired(slot, &cookie) : NULL;

    return a ? ofp_to_u16(ofpact_get_OUTPUT(actions_get(a))->port) : 0;
}

static void
set_value(struct board *b, int i, unsigned int value)
{
    b->cells[i].value = value;
    fact_changed(b->engine, &b->cells[i].fact);
}

static void
every_subject_gets_its_flows(void **state)
{
    struct board *b = *state;

    assert_int_equal(output_of(b, 1, 7), 10);
    assert_int_equal(output_of(b, 5, 7), 14 + 13);
    assert_int_equal(engine_flows(b->engine)->n_desired, N_CELLS);
    assert_false(engine_run(b->engine));
}

static void
only_readers_of_a_changed_fact_run_again(void **state)
{
    struct board *b = *state;

    set_value(b, 1, 100);
    assert_true(engine_run(b->engine));
    assert_int_equal(n_runs, 2);
    assert_int_equal(output_of(b, 2, 7), 110);
    assert_int_equal(output_of(b, 3, 7), 112);

    struct engine_stats last, total;
    engine_get_stats(b->engine, &last, &total);
    assert_int_equal(last.rules_run, 2);
    assert_int_equal(last.flows_changed, 2);
    assert_int_equal(last.flows_added + last.flows_removed, 0);
}

static void
a_rule_that_no_longer_looks_no_longer_runs(void **state)
{
    struct board *b = *state;

    set_value(b, 2, 0); /* Now cell 2 looks at itself only. */
    engine_run(b->engine);
    assert_int_equal(output_of(b, 3, 7), 0);
    n_runs = 0;
    set_value(b, 1, 50);
    engine_run(b->engine);
    assert_int_equal(n_runs, 1);
}

static void
several_changes_of_what_a_rule_saw_run_it_once(void **state)
{
    struct board *b = *state;

    set_value(b, 1, 3);
    set_value(b, 2, 4);
    set_value(b, 1, 5);
    engine_run(b->engine);
    assert_int_equal(n_runs, 3);
    assert_int_equal(output_of(b, 3, 7), 9);
}

static void
a_removed_subject_takes_its_flows_along(void **state)
{
    struct board *b = *state;

    engine_remove_subject(b->engine, &b->cells[4].subject);
    assert_int_equal(engine_flows(b->engine)->n_desired, N_CELLS - 1);
    assert_int_equal(output_of(b, 5, 7), 0);
}

static void
a_destroyed_fact_makes_its_readers_run_again(void **state)
{
    struct board *b = *state;

    b->cells[1].left = NULL;
    fact_destroy(b->engine, &b->cells[0].fact);
    engine_run(b->engine);
    assert_int_equal(output_of(b, 2, 7), 11);
    fact_init(&b->cells[0].fact);
}

static void
a_flow_that_changes_its_match_replaces_the_old_one(void **state)
{
    struct board *b = *state;

    b->cells[0].priority = 9;
    set_value(b, 0, 1);
    engine_run(b->engine);
    assert_int_equal(output_of(b, 1, 7), 0);
    assert_int_equal(output_of(b, 1, 9), 1);
    assert_int_equal(engine_flows(b->engine)->n_desired, N_CELLS);
}

/* --- What the switch holds ---------------------------------------------- */

static void
install_all(struct flow_table *flows)
{
    while (!ovs_list_is_empty(&flows->dirty)) {
        struct flow_slot *slot =
            CONTAINER_OF(ovs_list_front(&flows->dirty), struct flow_slot, dirty);
        flow_slot_set_installed(flows, slot);
    }
}

static void
what_is_installed_is_not_dirty(void **state)
{
    struct board *b = *state;
    struct flow_table *flows = engine_flows(b->engine);

    assert_int_equal(flows->n_dirty, N_CELLS);
    install_all(flows);
    assert_int_equal(flows->n_dirty, 0);
    set_value(b, 4, 99);
    engine_run(b->engine);
    assert_int_equal(flows->n_dirty, 1);
    set_value(b, 4, 14); /* And back, before anything was sent. */
    engine_run(b->engine);
    assert_int_equal(flows->n_dirty, 0);
}

static void
a_removed_flow_stays_dirty_until_the_switch_has_removed_it(void **state)
{
    struct board *b = *state;
    struct flow_table *flows = engine_flows(b->engine);

    install_all(flows);
    set_value(b, 4, 0);
    engine_run(b->engine);
    assert_int_equal(flows->n_dirty, 1);
    assert_int_equal(hmap_count(&flows->slots), N_CELLS);
    install_all(flows);
    assert_int_equal(hmap_count(&flows->slots), N_CELLS - 1);
}

static void
a_flow_that_nobody_wants_is_to_be_removed(void **state)
{
    struct board *b = *state;
    struct flow_table *flows = engine_flows(b->engine);
    struct match match = MATCH_CATCHALL_INITIALIZER;

    install_all(flows);
    match_set_reg(&match, 3, 3);
    flow_table_saw_installed(flows, 9, 9, &match, 9, NULL, 0);
    assert_int_equal(flows->n_dirty, 1);
    install_all(flows);
    assert_null(flow_table_find(flows, 9, 9, &match));
}

static void
a_doubtful_flow_is_sent_again(void **state)
{
    struct board *b = *state;
    struct flow_table *flows = engine_flows(b->engine);
    struct flow_slot *slot;

    install_all(flows);
    slot = CONTAINER_OF(hmap_first(&flows->slots), struct flow_slot, node);
    assert_true(flow_slot_set_doubtful(flows, slot));
    assert_false(flow_slot_set_doubtful(flows, slot));
    assert_int_equal(flows->n_dirty, 1);
    assert_int_equal(flows->n_doubtful, 1);
    flow_slot_set_installed(flows, slot);
    assert_int_equal(flows->n_dirty, 0);
    assert_int_equal(flows->n_doubtful, 0);
}

static void
a_doubtful_flow_that_nobody_wants_is_still_removed(void **state)
{
    struct board *b = *state;
    struct flow_table *flows = engine_flows(b->engine);
    struct match match = MATCH_CATCHALL_INITIALIZER;

    install_all(flows);
    match_set_reg(&match, 3, 3);
    struct flow_slot *slot = flow_table_saw_installed(flows, 9, 9, &match, 9, NULL, 0);
    assert_true(flow_slot_set_doubtful(flows, slot));
    assert_int_equal(flows->n_dirty, 1);
    assert_int_equal(flows->n_doubtful, 1);
    install_all(flows);
    assert_null(flow_table_find(flows, 9, 9, &match));
    assert_int_equal(flows->n_doubtful, 0);
}

static void
what_is_read_or_forgotten_is_not_doubtful(void **state)
{
    struct board *b = *state;
    struct flow_table *flows = engine_flows(b->engine);
    struct match match = MATCH_CATCHALL_INITIALIZER;

    install_all(flows);
    match_set_reg(&match, 3, 3);
    struct flow_slot *slot = flow_table_saw_installed(flows, 9, 9, &match, 9, NULL, 0);
    flow_slot_set_doubtful(flows, slot);
    assert_ptr_equal(flow_table_saw_installed(flows, 9, 9, &match, 9, NULL, 0), slot);
    assert_int_equal(flows->n_doubtful, 0);
    flow_slot_set_doubtful(flows, slot);
    flow_table_forget_installed(flows);
    assert_int_equal(flows->n_doubtful, 0);
    assert_int_equal(flows->n_dirty, N_CELLS);
    assert_null(flow_table_find(flows, 9, 9, &match));
}

static void
forgetting_what_is_installed_makes_everything_dirty(void **state)
{
    struct board *b = *state;
    struct flow_table *flows = engine_flows(b->engine);

    install_all(flows);
    flow_table_forget_installed(flows);
    assert_int_equal(flows->n_dirty, N_CELLS);
}

int
main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(every_subject_gets_its_flows),
        TEST(only_readers_of_a_changed_fact_run_again),
        TEST(a_rule_that_no_longer_looks_no_longer_runs),
        TEST(several_changes_of_what_a_rule_saw_run_it_once),
        TEST(a_removed_subject_takes_its_flows_along),
        TEST(a_destroyed_fact_makes_its_readers_run_again),
        TEST(a_flow_that_changes_its_match_replaces_the_old_one),
        TEST(what_is_installed_is_not_dirty),
        TEST(a_removed_flow_stays_dirty_until_the_switch_has_removed_it),
        TEST(a_flow_that_nobody_wants_is_to_be_removed),
        TEST(a_doubtful_flow_is_sent_again),
        TEST(a_doubtful_flow_that_nobody_wants_is_still_removed),
        TEST(what_is_read_or_forgotten_is_not_doubtful),
        TEST(forgetting_what_is_installed_makes_everything_dirty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
