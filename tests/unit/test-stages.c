/* SPDX-License-Identifier: Apache-2.0 */

/* Flows are what their stages declare, and stages declare nothing else.
 *
 * Random worlds (world.h), in both modes: every flow is held against the object of its stage,
 * and what no flow in any of them did is not declared. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow/engine.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofpbuf.h"
#include "pipeline/check.h"
#include "pipeline/inject.h"
#include "pipeline/lease.h"
#include "pipeline/pipeline.h"
#include "pipeline/stage.h"
#include "random.h"
#include "world.h"

#define N_WORLDS 300

#define STAGE_ADDRESS(NAME) &stage_##NAME,
static const struct stage *const stages[] = {STAGES(STAGE_ADDRESS)};
static const struct pipeline *const pipelines[] = {&pipeline_native, &pipeline_ml2};

static struct topology *
random_world(const struct pipeline *pipeline)
{
    struct topology *t = pipeline_create_topology(pipeline);

    for (unsigned int i = 0; i < N_INPUTS; i++) {
        put_input(t, i, random_range(8) ? random_uint32() | 1 : 0);
    }
    topology_settle(t);
    engine_run(topology_engine(t));
    return t;
}

/* Adds what the flows of many worlds do to 'uses'. */
static void
check_worlds(const struct pipeline *pipeline, struct stage_use uses[256])
{
    random_set_seed(4711);
    for (unsigned int i = 0; i < N_WORLDS; i++) {
        struct topology *t = random_world(pipeline);
        struct ds ds = DS_EMPTY_INITIALIZER;

        if (!pipeline_check(pipeline, engine_flows(topology_engine(t)), uses, 10, &ds)) {
            fail_msg("in world %u:\n%s", i, ds_cstr(&ds));
        }
        ds_destroy(&ds);
        topology_destroy(t);
    }
}

/* One network with as many ports here and on other chassis as split its flood lists. */
static void
check_large_network(struct stage_use uses[256])
{
    struct topology *t = pipeline_create_topology(&pipeline_native);
    struct network_config n = make_network(0, NETWORK_GENEVE, 100, 1500);
    struct uuid uuid = make_uuid(U_NETWORK, 0);
    struct ds ds = DS_EMPTY_INITIALIZER;

    topology_set_self(t, "chassis0");
    set_usual_host(t);
    topology_set_network(t, &uuid, &n);
    for (unsigned int i = 0; i < 200; i++) {
        struct chassis_config c = make_chassis(i);
        struct port_config here = make_port(1000 + i, 0, make_ip(10, 0, 2, i));
        struct port_config p = make_port(i, 0, make_ip(10, 0, 1, i));

        uuid = p.chassis = make_uuid(U_CHASSIS, i);
        topology_set_chassis(t, &uuid, &c);
        uuid = make_uuid(U_PORT, i);
        topology_set_port(t, &uuid, &p);

        char *name = xstrdup(here.name);
        uuid = make_uuid(U_PORT, 1000 + i);
        topology_set_port(t, &uuid, &here);
        topology_set_vif(t, name, u16_to_ofp(1 + i), false);
        free(name);
    }
    topology_settle(t);
    engine_run(topology_engine(t));
    assert_true(pipeline_check(&pipeline_native, engine_flows(topology_engine(t)), uses, 0, &ds));
    ds_destroy(&ds);
    topology_destroy(t);
}

/* It is no flow of the engine's. */
static void
add_lease(struct stage_use uses[256])
{
    struct ofpbuf actions;
    uint16_t priority;
    uint8_t table;

    ofpbuf_init(&actions, 0);
    ml2_put_lease(&actions, &table, &priority);
    ofpbuf_uninit(&actions);
    assert_ptr_equal(pipeline_stage(&pipeline_ml2, table), &stage_lease);

    for (int i = 0; stage_lease.priorities[i].what; i++) {
        if (stage_lease.priorities[i].lowest == priority) {
            uses[table].priorities |= UINT64_C(1) << i;
        }
    }
    uses[table].next[stage_rewrite.table] = true;
}

/* What the flows of a stage do in all modes that have it. */
static struct stage_use
use_of(const struct stage *stage, struct stage_use uses[N_MODES][256])
{
    struct stage_use sum = {.reads = 0};

    for (int mode = 0; mode < N_MODES; mode++) {
        const struct stage_use *use = &uses[mode][stage->table];

        if (stage->flows[mode]) {
            sum.reads |= use->reads;
            sum.writes |= use->writes;
            sum.priorities |= use->priorities;
            for (size_t table = 0; table < 256; table++) {
                sum.next[table] |= use->next[table];
            }
        }
    }
    return sum;
}

static void
flows_are_what_their_stages_declare_and_nothing_else_is_declared(void **state OVS_UNUSED)
{
    static struct stage_use uses[N_MODES][256];

    for (size_t i = 0; i < ARRAY_SIZE(pipelines); i++) {
        check_worlds(pipelines[i], uses[pipelines[i]->mode]);
    }
    check_large_network(uses[MODE_NATIVE]);
    add_lease(uses[MODE_ML2]);

    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        const struct stage *stage = stages[i];
        struct stage_use use = use_of(stage, uses);

        uint32_t reads = register_list_set(stage->reads);
        uint32_t writes = register_list_set(stage->writes);
        for (int mode = 0; mode < N_MODES; mode++) {
            if (stage->flows[mode]) {
                reads |= register_list_set(stage->flows[mode]->reads);
                writes |= register_list_set(stage->flows[mode]->writes);
            }
        }
        if (use.reads != reads || use.writes != writes) {
            fail_msg("%s reads registers %#x, writes %#x", stage->name, use.reads, use.writes);
        }
        for (const struct stage *const *s = stage->next; s && *s; s++) {
            if (!use.next[(*s)->table]) {
                fail_msg("%s never hands a packet to %s", stage->name, (*s)->name);
            }
        }
        for (int j = 0; stage->priorities[j].what; j++) {
            if (!(use.priorities & UINT64_C(1) << j)) {
                fail_msg("%s: no flow for %s", stage->name, stage->priorities[j].what);
            }
        }
    }
}

static void
stages_differ_in_table_and_name(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        const struct stage *a = stages[i];

        assert_true(a->flows[MODE_NATIVE] || a->flows[MODE_ML2]);
        assert_true(a->table < 255 && a->name && a->purpose);
        for (size_t j = 0; j < i; j++) {
            const struct stage *b = stages[j];

            assert_string_not_equal(a->name, b->name);
            assert_true(a->table >= b->table); /* The list is in the order of the tables. */
            for (int mode = 0; mode < N_MODES; mode++) {
                assert_false(a->table == b->table && a->flows[mode] && b->flows[mode]);
            }
        }
    }
}

/* Those that its pipeline does not program. */
static void
stages_leave_the_tables_of_the_stock_agent_alone(void **state OVS_UNUSED)
{
    static const uint8_t agents[] = {0,  1,  2,  23, 24, 25, 30, 31, 59, 60, 61, 62,
                                     71, 72, 73, 77, 78, 81, 82, 91, 92, 93, 94};

    for (size_t i = 0; i < ARRAY_SIZE(agents); i++) {
        const struct stage *stage = pipeline_stage(&pipeline_ml2, agents[i]);

        assert_true(!stage || !strncmp(stage->name, "stock-", 6));
        stage = pipeline_stage(&pipeline_native, agents[i]);
        assert_true(!stage || stage == &stage_classify);
    }
}

static void
a_stage_tells_what_it_declares(void **state OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    assert_true(pipeline_format_stage(&pipeline_native, "pmtu", &ds));
    assert_string_equal(ds_cstr(&ds),
                        "136 pmtu does it fit, where the next network's MTU is smaller\n"
                        "next: neighbour, pmtu-verdict\n"
                        "reads: metadata, reg4\n"
                        "writes: reg0\n"
                        "rules: constant, pmtu\n"
                        "priority 100: into a network with a smaller MTU\n"
                        "priority 0: into another network\n");
    assert_false(pipeline_format_stage(&pipeline_native, "lease", &ds));
    assert_false(pipeline_format_stage(&pipeline_native, "no such", &ds));
    ds_destroy(&ds);
}

static void
assert_injection(const struct injection *injection, const char *actions_)
{
    struct ofpbuf actions;
    struct ds ds = DS_EMPTY_INITIALIZER;

    ofpbuf_init(&actions, 0);
    pipeline_put_injection(&actions, injection);
    ofpacts_format(actions.data, actions.size, &(struct ofpact_format_params){.s = &ds});
    assert_string_equal(ds_cstr(&ds), actions_);
    ds_destroy(&ds);
    ofpbuf_uninit(&actions);
}

static void
a_packet_enters_at_a_stage_with_what_that_stage_expects(void **state OVS_UNUSED)
{
    assert_injection(&(struct injection){.stage = &stage_route, .router_key = 0x2a},
                     "set_field:0x2a->xreg1,resubmit(,128)");
    assert_injection(&(struct injection){.stage = &stage_to_port, .outport = u16_to_ofp(7)},
                     "set_field:0x7->reg9,resubmit(,164)");
    assert_injection(&(struct injection){.stage = &stage_classify, .in_port = u16_to_ofp(7)},
                     "set_field:7->in_port,resubmit(,0)");
    assert_injection(
        &(struct injection){.stage = &stage_flood, .network_key = 0x2b, .stays_here = true},
        "set_field:0x2b->metadata,set_field:0x1->reg0,resubmit(,168)");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_are_what_their_stages_declare_and_nothing_else_is_declared),
        cmocka_unit_test(stages_differ_in_table_and_name),
        cmocka_unit_test(a_packet_enters_at_a_stage_with_what_that_stage_expects),
        cmocka_unit_test(a_stage_tells_what_it_declares),
        cmocka_unit_test(stages_leave_the_tables_of_the_stock_agent_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
