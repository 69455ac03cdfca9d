/* SPDX-License-Identifier: Apache-2.0 */

/* Incremental equals from scratch: after any sequence of changes the desired flows
 * are those that a new topology, told the same in any order, computes.
 *
 * A random sequence of changes over a small world (world.h) is applied both to a
 * topology and to a list of the inputs in force; every now and then the list is fed,
 * shuffled, to a new topology, and the two are compared byte for byte.
 *
 * DF_PROPERTY_SEED and DF_PROPERTY_CHANGES override the seed and the length. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow/engine.h"
#include "model.h"
#include "nb/advertisement.h"
#include "openvswitch/dynamic-string.h"
#include "pipeline/pipeline.h"
#include "random.h"
#include "smap.h"
#include "svec.h"
#include "topology/advertisement.h"
#include "uuid.h"
#include "world.h"

/* A new topology that is told everything in a random order, parts of it twice. */
static struct topology *
from_scratch(const struct pipeline *pipeline, const struct world *w)
{
    struct topology *t = pipeline_create_topology(pipeline);
    unsigned int order[N_INPUTS];

    for (unsigned int i = 0; i < N_INPUTS; i++) {
        order[i] = i;
    }
    for (unsigned int i = N_INPUTS - 1; i; i--) {
        unsigned int j = random_range(i + 1);
        unsigned int tmp = order[i];
        order[i] = order[j];
        order[j] = tmp;
    }
    for (unsigned int i = 0; i < N_INPUTS; i++) {
        if (w->seeds[order[i]]) {
            put_input(t, order[i], w->seeds[order[i]]);
        }
    }
    topology_settle(t);
    engine_run(topology_engine(t));
    return t;
}

/* What is told of an own port, by its UUID. */
static void
note_own_port(const struct own_port *own, void *own_ports)
{
    char uuid[UUID_LEN + 1];

    snprintf(uuid, sizeof uuid, UUID_FMT, UUID_ARGS(&own->uuid));
    smap_remove(own_ports, uuid);
    if (own->name && (own->place != PLACE_UNPLUGGED || own->claimed)) {
        smap_add_format(own_ports, uuid, "%s place %d%s, network " UUID_FMT, own->name, own->place,
                        own->claimed ? " claimed" : "", UUID_ARGS(&own->network));
    }
}

/* The lines of 's' in an order that does not depend on history. */
static char *
sorted_lines(const char *s)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;

    for (const char *p = s; *p; p += strcspn(p, "\n") + 1) {
        svec_add_nocopy(&lines, xmemdup0(p, strcspn(p, "\n")));
    }
    svec_sort(&lines);
    char *joined = svec_join(&lines, "\n", "");
    svec_destroy(&lines);
    return joined;
}

/* What is told of the advertisements on a network, by its UUID; of one without local ports nobody
 * asks. */
static void
note_advertised(const struct advertised_network *n, void *advertised)
{
    char uuid[UUID_LEN + 1];
    struct ds all = DS_EMPTY_INITIALIZER;

    snprintf(uuid, sizeof uuid, UUID_FMT, UUID_ARGS(&n->uuid));
    smap_remove(advertised, uuid);
    for (size_t i = 0; n->local && i < n->n; i++) {
        const struct advertisement *a = &n->advertisements[i];

        ds_put_format(&all, ETH_ADDR_FMT " ", ETH_ADDR_ARGS(a->mac));
        ipv6_format_addr(&a->source, &all);
        ds_put_format(&all, " %d %u%s%s", a->preference, a->mtu, a->managed ? " M" : "",
                      a->other ? " O" : "");
        for (size_t j = 0; j < a->n_prefixes; j++) {
            char *prefix = prefix_format(&a->prefixes[j].prefix);

            ds_put_format(&all, " %s%s", prefix, a->prefixes[j].autonomous ? " A" : "");
            free(prefix);
        }
        ds_put_char(&all, '\n');
    }
    if (all.length) {
        char *lines = sorted_lines(ds_cstr(&all));

        smap_add_nocopy(advertised, xstrdup(uuid), lines);
    }
    ds_destroy(&all);
}

/* What those are told who hear of changes only. */
struct told {
    struct smap own_ports;
    struct smap advertised;
};

static void
told_init(struct told *told)
{
    smap_init(&told->own_ports);
    smap_init(&told->advertised);
}

static void
told_destroy(struct told *told)
{
    smap_destroy(&told->own_ports);
    smap_destroy(&told->advertised);
}

static void
told_update(struct told *told, struct topology *t)
{
    topology_for_each_changed_own_port(t, note_own_port, &told->own_ports);
    topology_for_each_changed_advertised(t, note_advertised, &told->advertised);
}

/* It is what the whole is. */
static void
assert_told_the_same(struct topology *t, struct topology *fresh, struct told *told)
{
    struct told all;

    told_init(&all);
    told_update(told, t);
    told_update(&all, fresh);
    assert_true(smap_equal(&told->own_ports, &all.own_ports));
    assert_true(smap_equal(&told->advertised, &all.advertised));
    told_destroy(&all);
}

static void
assert_equal_from_scratch(struct topology *t, const struct pipeline *pipeline,
                          const struct world *w, struct told *told, unsigned int change)
{
    struct topology *fresh = from_scratch(pipeline, w);
    struct ds diff = DS_EMPTY_INITIALIZER;

    if (!flow_table_desired_equal(engine_flows(topology_engine(t)),
                                  engine_flows(topology_engine(fresh)), 10, &diff)) {
        fail_msg("after change %u (+ incremental only, - from scratch only):\n%s", change,
                 ds_cstr(&diff));
    }
    ds_destroy(&diff);
    assert_told_the_same(t, fresh, told);
    topology_destroy(fresh);
}

static unsigned int
setting(const char *name, unsigned int default_)
{
    const char *s = getenv(name);
    return s && *s ? strtoul(s, NULL, 10) : default_;
}

static void
check_pipeline(const struct pipeline *pipeline)
{
    unsigned int n_changes = setting("DF_PROPERTY_CHANGES", 10000);
    struct topology *t = pipeline_create_topology(pipeline);
    struct engine *engine = topology_engine(t);
    struct world w = {.seeds = {0}};
    size_t most_flows = 0, most_own = 0, most_advertised = 0;
    struct told told;

    told_init(&told);
    random_set_seed(setting("DF_PROPERTY_SEED", 20251));
    for (unsigned int change = 0; change < n_changes; change++) {
        unsigned int i = random_range(N_INPUTS);

        /* The host and the name rarely change, and the name is rarely absent. */
        if (i < N_INPUTS - 2 || !random_range(20) || !w.seeds[i]) {
            w.seeds[i] = random_range(4) ? random_uint32() | 1 : 0;
            put_input(t, i, w.seeds[i]);
        }
        if (!random_range(3)) {
            topology_settle(t);
            engine_run(engine);
            most_flows = MAX(most_flows, engine_flows(engine)->n_desired);
            if (!random_range(5)) {
                assert_equal_from_scratch(t, pipeline, &w, &told, change);
                most_own = MAX(most_own, smap_count(&told.own_ports));
                most_advertised = MAX(most_advertised, smap_count(&told.advertised));
            }
        }
    }
    topology_settle(t);
    engine_run(engine);
    assert_equal_from_scratch(t, pipeline, &w, &told, n_changes);
    assert_in_range(most_flows, 100, SIZE_MAX);    /* The world was not an empty one, */
    assert_in_range(most_own, 3, SIZE_MAX);        /* some of it was here, */
    assert_in_range(most_advertised, 2, SIZE_MAX); /* and had routers that advertise. */

    /* Taking everything away leaves what an empty world has. */
    for (unsigned int i = 0; i < N_INPUTS; i++) {
        put_input(t, i, 0);
    }
    memset(&w, 0, sizeof w);
    topology_settle(t);
    engine_run(engine);
    assert_equal_from_scratch(t, pipeline, &w, &told, n_changes);
    assert_true(smap_is_empty(&told.own_ports));
    assert_true(smap_is_empty(&told.advertised));
    told_destroy(&told);
    topology_destroy(t);
}

static void
incremental_equals_from_scratch(void **state OVS_UNUSED)
{
    check_pipeline(&pipeline_native);
}

static void
incremental_equals_from_scratch_beside_the_stock_agent(void **state OVS_UNUSED)
{
    check_pipeline(&pipeline_ml2);
}

/* --- Work in proportion to the change ----------------------------------- */

/* One router between two dual-stack networks; 10 ports of IPv4 here, the rest on other chassis. */
static struct topology *
make_cloud(unsigned int n_ports)
{
    struct topology *t = pipeline_create_topology(&pipeline_native);
    struct uuid uuid;

    topology_set_self(t, "chassis0");
    set_usual_host(t);
    for (unsigned int i = 0; i < 11; i++) {
        struct chassis_config c = make_chassis(i);
        uuid = make_uuid(U_CHASSIS, i);
        topology_set_chassis(t, &uuid, &c);
    }

    struct router_config r = make_router(0);
    uuid = make_uuid(U_ROUTER, 0);
    topology_set_router(t, &uuid, &r);
    for (unsigned int i = 0; i < 2; i++) {
        struct network_config n = make_network(i, NETWORK_GENEVE, 100 + i, 1500);
        uuid = make_uuid(U_NETWORK, i);
        topology_set_network(t, &uuid, &n);

        struct router_port_config rp = make_router_port(i, 0, i, make_ip(10, i, 255, 254), 16);
        struct in6_addr ip6 = make_ip6(i, 1);
        rp.addresses = xrealloc(rp.addresses, 2 * sizeof *rp.addresses);
        rp.addresses[rp.n_addresses++] =
            (struct interface_address){.address = ip6, .prefix = prefix_make(&ip6, 64)};
        uuid = make_uuid(U_ROUTER_PORT, i);
        topology_set_router_port(t, &uuid, &rp);
    }
    for (unsigned int i = 0; i < n_ports; i++) {
        struct port_config p = make_port(i, i % 2, make_ip(10, i % 2, i >> 8, i & 255));
        p.chassis = make_uuid(U_CHASSIS, i < 10 ? 0 : 1 + i % 10);
        uuid = make_uuid(U_PORT, i);
        topology_set_port(t, &uuid, &p);
        if (i < 10) {
            char *name = xasprintf("port%u", i);
            topology_set_vif(t, name, u16_to_ofp(1 + i), false);
            free(name);
        }
    }
    topology_settle(t);
    engine_run(topology_engine(t));
    return t;
}

static struct engine_stats
settle(struct topology *t)
{
    struct engine_stats last, total;

    topology_settle(t);
    assert_true(engine_run(topology_engine(t)));
    engine_get_stats(topology_engine(t), &last, &total);
    return last;
}

/* What one more port, here or elsewhere, costs; 'both': of both families. */
static struct engine_stats
cost_of_a_port(struct topology *t, bool local, bool both)
{
    struct port_config p = make_port(99999, 0, make_ip(10, 0, 200, 200));
    struct uuid uuid = make_uuid(U_PORT, 99999);

    if (both) {
        p.addresses = xrealloc(p.addresses, 2 * sizeof *p.addresses);
        p.addresses[p.n_addresses++] = make_ip6(0, 0xc8c8);
    }

    p.chassis = make_uuid(U_CHASSIS, local ? 0 : 3);
    topology_set_port(t, &uuid, &p);
    if (local) {
        topology_set_vif(t, "port99999", u16_to_ofp(777), false);
    }
    struct engine_stats cost = settle(t);
    topology_set_vif(t, "port99999", 0, false);
    topology_set_port(t, &uuid, NULL);
    settle(t);
    return cost;
}

static void
a_port_costs_the_same_in_any_topology(void **state OVS_UNUSED)
{
    struct topology *small = make_cloud(100);
    struct topology *large = make_cloud(10000);

    for (int local = 0; local <= 1; local++) {
        struct engine_stats a = cost_of_a_port(small, local, true);
        struct engine_stats b = cost_of_a_port(large, local, true);

        print_message("# %s port: %" PRIu64 " rules, %" PRIu64 " flows added, %" PRIu64
                      " changed; among 10,000 ports: %" PRIu64 " rules, %" PRIu64 " added, %" PRIu64
                      " changed\n",
                      local ? "local" : "remote", a.rules_run, a.flows_added, a.flows_changed,
                      b.rules_run, b.flows_added, b.flows_changed);
        assert_int_equal(a.rules_run, b.rules_run);
        assert_int_equal(a.flows_added, b.flows_added);
        assert_int_equal(a.flows_changed, b.flows_changed);
        assert_int_equal(a.flows_removed, b.flows_removed);
    }
    topology_destroy(small);
    topology_destroy(large);
}

static size_t
n_flows(struct topology *t)
{
    return engine_flows(topology_engine(t))->n_desired;
}

static void
a_remote_port_costs_two_flows_and_a_local_one_few(void **state OVS_UNUSED)
{
    struct topology *small = make_cloud(100);
    struct topology *large = make_cloud(1100);

    assert_int_equal(n_flows(large) - n_flows(small), 2 * 1000);
    assert_in_range(cost_of_a_port(small, true, false).flows_added, 1, 12);
    assert_in_range(cost_of_a_port(small, true, true).flows_added, 1, 15);
    topology_destroy(small);
    topology_destroy(large);
}

static void
ipv6_beside_ipv4_costs_a_remote_port_one_flow(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(100);

    assert_int_equal(cost_of_a_port(t, false, false).flows_added, 2);
    assert_int_equal(cost_of_a_port(t, false, true).flows_added, 3);
    topology_destroy(t);
}

static void
a_second_router_adds_no_flow_for_each_port(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(1000);
    size_t before = n_flows(t);

    struct router_config r = make_router(1);
    struct uuid uuid = make_uuid(U_ROUTER, 1);
    topology_set_router(t, &uuid, &r);
    for (unsigned int i = 0; i < 2; i++) {
        struct router_port_config rp = make_router_port(10 + i, 1, i, make_ip(10, i, 255, 253), 16);
        uuid = make_uuid(U_ROUTER_PORT, 10 + i);
        topology_set_router_port(t, &uuid, &rp);
    }
    settle(t);
    assert_in_range(n_flows(t) - before, 1, 2 * 8);
    topology_destroy(t);
}

static void
a_network_that_nobody_here_can_reach_costs_nothing(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(100);
    size_t before = n_flows(t);
    struct uuid uuid;

    struct network_config n = make_network(7, NETWORK_VXLAN, 700, 1500);
    uuid = make_uuid(U_NETWORK, 7);
    topology_set_network(t, &uuid, &n);
    for (unsigned int i = 5000; i < 5100; i++) {
        struct port_config p = make_port(i, 7, make_ip(10, 7, 0, i - 5000));
        p.chassis = make_uuid(U_CHASSIS, 1 + i % 10);
        uuid = make_uuid(U_PORT, i);
        topology_set_port(t, &uuid, &p);
    }
    settle(t);
    assert_int_equal(n_flows(t), before);
    topology_destroy(t);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(incremental_equals_from_scratch),
        cmocka_unit_test(incremental_equals_from_scratch_beside_the_stock_agent),
        cmocka_unit_test(a_port_costs_the_same_in_any_topology),
        cmocka_unit_test(a_remote_port_costs_two_flows_and_a_local_one_few),
        cmocka_unit_test(ipv6_beside_ipv4_costs_a_remote_port_one_flow),
        cmocka_unit_test(a_second_router_adds_no_flow_for_each_port),
        cmocka_unit_test(a_network_that_nobody_here_can_reach_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
