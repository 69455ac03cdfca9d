/* SPDX-License-Identifier: Apache-2.0 */

/* Selective equals whole: a topology with only those rows of the NB database that it is
 * interested in has the same flows as one with all.
 *
 * A random sequence of changes over a small world goes to both.  For the selective one a
 * simulated server keeps the interest that it was asked for: it sends what changes as
 * long as a row matches that, what begins to match, and that a row is gone when it
 * matches no more; requests are answered late, and in between more changes.
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
#include "model.h"
#include "openvswitch/dynamic-string.h"
#include "pipeline/pipeline.h"
#include "random.h"
#include "topology/interest.h"
#include "world.h"

/* --- The server --------------------------------------------------------- */

static bool
matches_network(const struct interest *in, const struct uuid *uuid, const struct network_config *c)
{
    struct uuid segment = {.parts[0] = c->segmentation_id};

    return (uuid_list_contains(&in->networks, uuid) || sset_contains(&in->wired, c->name)
            || (c->segmentation_id && uuid_list_contains(&in->segments, &segment))
            || (c->physical_network && sset_contains(&in->physical_networks, c->physical_network))
            || (in->flat && c->type == NETWORK_FLAT));
}

static bool
matches_subnet(const struct interest *in, const struct uuid *uuid OVS_UNUSED,
               const struct subnet_config *c)
{
    return (uuid_list_contains(&in->network_contents, &c->network)
            || uuid_list_contains(&in->external_networks, &c->network));
}

static bool
matches_port(const struct interest *in, const struct uuid *uuid OVS_UNUSED,
             const struct port_config *c)
{
    return (sset_contains(&in->ports, c->name)
            || uuid_list_contains(&in->network_ports, &c->network)
            || uuid_list_contains(&in->claims, &c->chassis));
}

static bool
matches_router(const struct interest *in, const struct uuid *uuid,
               const struct router_config *c OVS_UNUSED)
{
    return uuid_list_contains(&in->routers, uuid);
}

static bool
matches_router_port(const struct interest *in, const struct uuid *uuid OVS_UNUSED,
                    const struct router_port_config *c)
{
    return (uuid_list_contains(&in->network_contents, &c->network)
            || uuid_list_contains(&in->router_contents, &c->router));
}

static bool
matches_static_route(const struct interest *in, const struct uuid *uuid OVS_UNUSED,
                     const struct static_route_config *c)
{
    return uuid_list_contains(&in->router_contents, &c->router);
}

static bool
matches_nat(const struct interest *in, const struct uuid *uuid OVS_UNUSED,
            const struct nat_config *c)
{
    return uuid_list_contains(&in->router_contents, &c->router);
}

static bool
matches_chassis(const struct interest *in OVS_UNUSED, const struct uuid *uuid OVS_UNUSED,
                const struct chassis_config *c OVS_UNUSED)
{
    return true;
}

/* Whether the interest 'in' covers row 'i' of the database. */
static bool
matches(const struct interest *in, unsigned int i, uint32_t seed)
{
    if (!seed) {
        return false;
    }
    /* Nothing of it needs to be freed. */
#define static_route_config_destroy(CONFIG) ((void) (CONFIG))
#define MATCH(KIND, N, TABLE)                                                                      \
    if (i < (N)) {                                                                                 \
        struct uuid uuid = make_uuid(KIND, i);                                                     \
        struct TABLE##_config c = draw_##TABLE(i, seed);                                           \
        bool match = matches_##TABLE(in, &uuid, &c);                                               \
                                                                                                   \
        TABLE##_config_destroy(&c);                                                                \
        return match;                                                                              \
    }                                                                                              \
    i -= (N)
    MATCH(U_NETWORK, N_NETS, network);
    MATCH(U_SUBNET, N_SUBNETS, subnet);
    MATCH(U_PORT, N_PORTS, port);
    MATCH(U_ROUTER, N_ROUTERS, router);
    MATCH(U_ROUTER_PORT, N_RPS, router_port);
    MATCH(U_STATIC_ROUTE, N_ROUTES, static_route);
    MATCH(U_NAT, N_NATS, nat);
    MATCH(U_CHASSIS, N_CHASSIS, chassis);
#undef MATCH
#undef static_route_config_destroy
    return false;
}

struct chassis_view {
    struct topology *t;
    struct interest requested;
    struct world sent;
    struct interest wanted; /* Of the topology when it had the number */
    uint64_t wanted_seqno;
};

/* Brings 'v->wanted' up to date.  Without another number it must be what it was. */
static void
get_wanted(struct chassis_view *v)
{
    struct interest wanted;
    bool same;

    interest_init(&wanted);
    topology_get_interest(v->t, &wanted);
    same = interest_covers(&wanted, &v->wanted) && interest_covers(&v->wanted, &wanted);
    if (v->wanted_seqno == topology_interest_seqno(v->t)) {
        assert_true(same);
    }
    v->wanted_seqno = topology_interest_seqno(v->t);
    interest_swap(&wanted, &v->wanted);
    interest_destroy(&wanted);
}

/* Tells what has changed since the last time. */
static void
tell(struct chassis_view *v, const struct world *database)
{
    for (unsigned int i = 0; i < N_ROWS; i++) {
        uint32_t seed = matches(&v->requested, i, database->seeds[i]) ? database->seeds[i] : 0;

        if (seed != v->sent.seeds[i]) {
            v->sent.seeds[i] = seed;
            put_input(v->t, i, seed);
        }
    }
}

/* One request and its answer; 'shrink' gives up what is superfluous.  Returns true if
 * nothing more was wanted. */
static bool
request(struct chassis_view *v, const struct world *database, bool shrink)
{
    bool complete;

    topology_settle(v->t);
    get_wanted(v);
    complete = interest_covers(&v->requested, &v->wanted);
    if (shrink) {
        interest_destroy(&v->requested);
        interest_init(&v->requested);
        interest_merge(&v->requested, &v->wanted);
    } else {
        assert_int_equal(interest_merge(&v->requested, &v->wanted), !complete);
    }
    tell(v, database);
    return complete;
}

/* Returns the number of rounds. */
static unsigned int
complete(struct chassis_view *v, const struct world *database)
{
    unsigned int rounds = 1;

    while (!request(v, database, false)) {
        rounds++;
        assert_in_range(rounds, 1, 20);
    }
    return rounds;
}

/* --- Selective equals whole --------------------------------------------- */

static unsigned int
setting(const char *name, unsigned int default_)
{
    const char *s = getenv(name);
    return s && *s ? strtoul(s, NULL, 10) : default_;
}

static void
assert_equal(struct topology *selective, struct topology *whole, unsigned int change)
{
    struct ds diff = DS_EMPTY_INITIALIZER;

    if (!flow_table_desired_equal(engine_flows(topology_engine(selective)),
                                  engine_flows(topology_engine(whole)), 10, &diff)) {
        fail_msg("after change %u (+ selective only, - whole only):\n%s", change, ds_cstr(&diff));
    }
    ds_destroy(&diff);
}

static void
collect(const char *kind, const char *name, const struct uuid *uuid OVS_UNUSED, const char *reason,
        void *problems)
{
    sset_add_and_free(problems, xasprintf("%s %s: %s", kind, name, reason));
}

/* Whatever is reported is true; about what is out of reach there may be less to say. */
static void
assert_no_false_problem(const struct topology *selective, const struct topology *whole,
                        unsigned int change)
{
    struct sset some = SSET_INITIALIZER(&some);
    struct sset all = SSET_INITIALIZER(&all);
    const char *problem;

    topology_problems(selective, collect, &some);
    topology_problems(whole, collect, &all);
    SSET_FOR_EACH (problem, &some) {
        if (!sset_contains(&all, problem)) {
            fail_msg("after change %u: %s", change, problem);
        }
    }
    sset_destroy(&some);
    sset_destroy(&all);
}

static size_t
count(const struct world *w)
{
    size_t n = 0;

    for (unsigned int i = 0; i < N_ROWS; i++) {
        n += w->seeds[i] != 0;
    }
    return n;
}

static void
run(struct topology *t)
{
    topology_settle(t);
    engine_run(topology_engine(t));
}

static void
check_pipeline(const struct pipeline *pipeline)
{
    unsigned int n_changes = setting("DF_PROPERTY_CHANGES", 20000);
    struct topology *whole = pipeline_create_topology(pipeline);
    struct chassis_view v = {.t = pipeline_create_topology(pipeline)};
    struct world w = {.seeds = {0}};
    unsigned int most_rounds = 0;
    size_t most_flows = 0, n_sent = 0, n_rows = 0;

    interest_init(&v.requested);
    interest_init(&v.wanted);
    random_set_seed(setting("DF_PROPERTY_SEED", 20261));
    for (unsigned int change = 0; change < n_changes; change++) {
        unsigned int i = random_range(N_INPUTS);

        /* Few ports are plugged here, so that there is something out of reach. */
        if (i < N_INPUTS - 2 || !random_range(20) || !w.seeds[i]) {
            bool vif = i >= N_ROWS && i < N_ROWS + N_VIFS;
            w.seeds[i] = random_range(4) && (!vif || !random_range(5)) ? random_uint32() | 1 : 0;
            put_input(whole, i, w.seeds[i]);
            if (i >= N_ROWS) {
                put_input(v.t, i, w.seeds[i]);
            }
        }
        switch (random_range(4)) {
        case 0:
            tell(&v, &w);
            break;
        case 1:
            request(&v, &w, !random_range(4));
            break;
        case 2:
            tell(&v, &w);
            run(v.t);
            break;
        }
        if (!random_range(8)) {
            tell(&v, &w);
            unsigned int rounds = complete(&v, &w);
            most_rounds = MAX(most_rounds, rounds);
            run(v.t);
            run(whole);
            assert_equal(v.t, whole, change);
            assert_no_false_problem(v.t, whole, change);
            n_sent += count(&v.sent);
            n_rows += count(&w);
            most_flows = MAX(most_flows, engine_flows(topology_engine(whole))->n_desired);
        }
    }
    print_message("# %.0f %% of the rows, %u rounds at most\n", 100.0 * n_sent / n_rows,
                  most_rounds);
    assert_in_range(most_flows, 100, SIZE_MAX); /* The world was not an empty one, */
    assert_in_range(n_sent, 1, n_rows * 3 / 4); /* some of it was out of reach, */
    assert_in_range(most_rounds, 4, 20);        /* and some of it far away. */

    interest_destroy(&v.requested);
    interest_destroy(&v.wanted);
    topology_destroy(v.t);
    topology_destroy(whole);
}

static void
selective_equals_whole(void **state OVS_UNUSED)
{
    check_pipeline(&pipeline_native);
}

static void
selective_equals_whole_beside_the_stock_agent(void **state OVS_UNUSED)
{
    check_pipeline(&pipeline_ml2);
}

/* A network that is only referred to, by a port that goes before reachability is looked at
 * again. */
static void
what_is_gone_at_once_is_of_no_interest_any_more(void **state OVS_UNUSED)
{
    struct topology *t = pipeline_create_topology(&pipeline_native);
    struct port_config p = make_port(0, 0, make_ip(10, 0, 0, 1));
    struct uuid network = make_uuid(U_NETWORK, 0);
    struct uuid port = make_uuid(U_PORT, 0);
    struct interest wanted;

    topology_set_self(t, "chassis0");
    topology_set_port(t, &port, &p);
    topology_set_vif(t, "port0", u16_to_ofp(1), false);
    topology_settle(t);
    interest_init(&wanted);
    topology_get_interest(t, &wanted);
    assert_true(uuid_list_contains(&wanted.networks, &network));

    uint64_t seqno = topology_interest_seqno(t);
    topology_set_vif(t, "port0", 0, false);
    topology_set_port(t, &port, NULL);
    topology_settle(t);
    assert_int_not_equal(topology_interest_seqno(t), seqno);
    interest_clear(&wanted);
    topology_get_interest(t, &wanted);
    assert_int_equal(wanted.networks.n, 0);
    interest_destroy(&wanted);
    topology_destroy(t);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_gone_at_once_is_of_no_interest_any_more),
        cmocka_unit_test(selective_equals_whole),
        cmocka_unit_test(selective_equals_whole_beside_the_stock_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
