/* SPDX-License-Identifier: Apache-2.0 */

/* Who is a gateway, and what this chassis answers for. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model.h"
#include "openvswitch/dynamic-string.h"
#include "random.h"
#include "sset.h"
#include "svec.h"
#include "world.h"

/* --- A topology in words ------------------------------------------------ */

static void
put_candidate(const struct gateway_candidate *c, void *lines)
{
    svec_add_nocopy(lines, xasprintf("candidate %s %s%s%s%s", c->physical_network, c->chassis,
                                     c->declared ? " declared" : "", c->dead ? " dead" : "",
                                     c->self ? " self" : ""));
}

static void
put_forwarded(const struct forwarded_port *f, void *lines)
{
    svec_add_nocopy(lines, xasprintf("forwarded %s on %s (%s) by %s%s", f->router_port, f->network,
                                     f->physical_network, f->chassis ? f->chassis : "-",
                                     f->here ? " here" : ""));
}

static void
put_outside(const struct outside_address *a, void *lines)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_format(&ds, "outside %016" PRIx64 " " ETH_ADDR_FMT " ", a->network_key,
                  ETH_ADDR_ARGS(a->mac));
    ipv6_format_mapped(&a->ip, &ds);
    ds_put_cstr(&ds, a->router ? " router" : "");
    svec_add_nocopy(lines, ds_steal_cstr(&ds));
}

static void
put_watched(const struct chassis_config *c, bool candidate, void *lines)
{
    svec_add_nocopy(lines, xasprintf("watched %s%s", c->name, candidate ? " candidate" : ""));
}

/* All that can be asked of gateways, sorted. */
static void
describe(const struct topology *t, struct svec *lines)
{
    svec_init(lines);
    topology_for_each_candidate(t, put_candidate, lines);
    topology_for_each_forwarded(t, put_forwarded, lines);
    topology_for_each_outside_address(t, put_outside, lines);
    topology_for_each_watched_chassis(t, put_watched, lines);
    svec_sort(lines);
}

static size_t
count(const struct svec *lines, const char *prefix)
{
    size_t n = 0;

    for (size_t i = 0; i < lines->n; i++) {
        n += !strncmp(lines->names[i], prefix, strlen(prefix));
    }
    return n;
}

/* --- Who is a candidate ------------------------------------------------- */

static void
set_chassis(struct topology *t, unsigned int n, const char *physnet, bool gateway)
{
    struct uuid uuid = make_uuid(U_CHASSIS, n);
    struct chassis_config c = make_chassis(n);

    if (physnet) {
        c.physical_networks = xmalloc(sizeof *c.physical_networks);
        c.physical_networks[0] = xstrdup(physnet);
        c.n_physical_networks = 1;
    }
    c.gateway = gateway;
    topology_set_chassis(t, &uuid, &c);
}

/* A router with 'n_ports' ports on as many VLANs of "physnet1", and one on an overlay, where
 * "port0" of this chassis, chassis 0, is. */
static struct topology *
make_topology(unsigned int n_chassis, unsigned int n_ports)
{
    struct topology *t = topology_create(NULL, 0);
    struct router_config r = make_router(0);
    struct uuid uuid = make_uuid(U_ROUTER, 0);

    topology_forward_outside(t);
    topology_set_self(t, "chassis0");
    set_usual_host(t);
    for (unsigned int i = 0; i < n_chassis; i++) {
        set_chassis(t, i, "physnet1", false);
    }
    topology_set_router(t, &uuid, &r);
    for (unsigned int i = 0; i <= n_ports; i++) {
        struct network_config n = make_network(i, i ? NETWORK_VLAN : NETWORK_GENEVE, 1 + i, 1500);
        struct router_port_config rp =
            make_router_port(i, 0, i, make_ip(10, 1 + i / 250, i % 250, 1), 24);

        n.external = i > 0;
        uuid = make_uuid(U_NETWORK, i);
        topology_set_network(t, &uuid, &n);
        uuid = make_uuid(U_ROUTER_PORT, i);
        topology_set_router_port(t, &uuid, &rp);
    }

    struct port_config p = make_port(0, 0, make_ip(10, 1, 0, 10));
    p.chassis = make_uuid(U_CHASSIS, 0);
    uuid = make_uuid(U_PORT, 0);
    topology_set_port(t, &uuid, &p);
    topology_set_vif(t, "port0", u16_to_ofp(1), false);
    topology_settle(t);
    return t;
}

struct shares {
    struct svec of; /* "PORT CHASSIS". */
    size_t n[20];
    size_t n_here, n_nobody;
};

static void
note_share(const struct forwarded_port *f, void *shares_)
{
    struct shares *shares = shares_;

    shares->n_here += f->here;
    if (f->chassis) {
        shares->n[strtoul(f->chassis + strlen("chassis"), NULL, 10)]++;
        svec_add_nocopy(&shares->of, xasprintf("%s %s", f->router_port, f->chassis));
    } else {
        shares->n_nobody++;
    }
}

static struct shares
get_shares(struct topology *t)
{
    struct shares shares = {.n_here = 0};

    svec_init(&shares.of);
    topology_settle(t);
    topology_for_each_forwarded(t, note_share, &shares);
    svec_sort(&shares.of);
    return shares;
}

static void
assert_candidates(struct topology *t, const unsigned int *numbers, size_t n)
{
    struct svec lines;

    topology_settle(t);
    describe(t, &lines);
    assert_int_equal(count(&lines, "candidate "), n);
    for (size_t i = 0; i < n; i++) {
        char *line = xasprintf("candidate physnet1 chassis%u", numbers[i]);

        assert_int_equal(count(&lines, line), 1);
        free(line);
    }
    svec_destroy(&lines);
}

static void
the_connected_are_candidates_unless_some_are_declared(void **state OVS_UNUSED)
{
    struct topology *t = make_topology(4, 1);

    assert_candidates(t, (unsigned int[]){0, 1, 2, 3}, 4);
    set_chassis(t, 1, "physnet1", true);
    set_chassis(t, 3, "physnet1", true);
    assert_candidates(t, (unsigned int[]){1, 3}, 2);
    /* One that is declared for another physical network only does not count here. */
    set_chassis(t, 1, "physnet2", true);
    topology_settle(t);
    struct svec lines;
    describe(t, &lines);
    assert_int_equal(count(&lines, "candidate physnet1"), 1);
    assert_int_equal(count(&lines, "candidate physnet2 chassis1 declared"), 1);
    svec_destroy(&lines);
    set_chassis(t, 3, NULL, true);
    topology_settle(t);
    describe(t, &lines);
    assert_int_equal(count(&lines, "candidate physnet1"), 2); /* 0 and 2 again. */
    svec_destroy(&lines);
    topology_destroy(t);
}

static void
no_more_than_five_have_to_watch_one_another(void **state OVS_UNUSED)
{
    struct topology *t = make_topology(20, 1);
    struct svec before, after;

    describe(t, &before);
    assert_int_equal(count(&before, "candidate "), MAX_GATEWAYS);
    /* This chassis is connected, so that it needs to watch others only as one of them. */
    size_t n_watched = count(&before, "watched ");
    assert_int_equal(n_watched, count(&before, "candidate physnet1 chassis0 self") ? 4 : 0);

    /* They do not depend on the order in which chassis became known. */
    for (unsigned int i = 20; i-- > 0;) {
        struct uuid uuid = make_uuid(U_CHASSIS, i);

        topology_set_chassis(t, &uuid, NULL);
        set_chassis(t, i, "physnet1", false);
    }
    topology_settle(t);
    describe(t, &after);
    assert_true(svec_equal(&before, &after));
    svec_destroy(&before);
    svec_destroy(&after);
    topology_destroy(t);
}

/* --- Who is active ------------------------------------------------------ */

static void
router_ports_are_shared_out_and_only_those_of_the_dead_move(void **state OVS_UNUSED)
{
    struct topology *t = make_topology(5, 1000);
    struct shares all = get_shares(t);
    size_t n_moved = 0;

    for (unsigned int i = 0; i < 5; i++) {
        assert_in_range(all.n[i], 130, 270);
    }
    assert_int_equal(all.n_here, all.n[0]);

    topology_set_dead(t, "chassis2", true);
    struct shares without = get_shares(t);
    assert_int_equal(without.n[2], 0);
    for (size_t i = 0; i < all.of.n; i++) {
        bool moved = strcmp(all.of.names[i], without.of.names[i]);

        assert_true(!moved || strstr(all.of.names[i], " chassis2"));
        n_moved += moved;
    }
    assert_int_equal(n_moved, all.n[2]);
    for (unsigned int i = 0; i < 5; i++) {
        assert_true(i == 2 || without.n[i] > all.n[i] + 20);
    }

    topology_set_dead(t, "chassis2", false);
    struct shares again = get_shares(t);
    assert_true(svec_equal(&all.of, &again.of));
    svec_destroy(&all.of);
    svec_destroy(&without.of);
    svec_destroy(&again.of);
    topology_destroy(t);
}

static void
if_all_are_dead_all_count(void **state OVS_UNUSED)
{
    struct topology *t = make_topology(3, 100);
    struct shares all = get_shares(t);

    for (unsigned int i = 0; i < 3; i++) {
        char *name = xasprintf("chassis%u", i);

        topology_set_dead(t, name, true);
        free(name);
    }
    struct shares none = get_shares(t);
    assert_true(svec_equal(&all.of, &none.of));
    svec_destroy(&all.of);
    svec_destroy(&none.of);
    topology_destroy(t);
}

static void
all_chassis_choose_alike(void **state OVS_UNUSED)
{
    struct topology *one = make_topology(5, 50);
    struct topology *other = make_topology(5, 50);

    topology_set_self(other, "chassis3");
    struct shares a = get_shares(one), b = get_shares(other);
    /* The other one has no port, so it knows of the router as it is a candidate. */
    assert_true(svec_equal(&a.of, &b.of));
    assert_int_equal(b.n_here, a.n[3]);
    svec_destroy(&a.of);
    svec_destroy(&b.of);
    topology_destroy(one);
    topology_destroy(other);
}

/* --- What this chassis answers for -------------------------------------- */

static void
set_floating_ip(struct topology *t, struct in6_addr external, struct in6_addr logical)
{
    struct uuid uuid = make_uuid(U_NAT, 0);
    struct nat_config c = {
        .name = xstrdup("nat0"),
        .router = make_uuid(U_ROUTER, 0),
        .type = NAT_DNAT_AND_SNAT,
        .external_ip = external,
        .logical = prefix_make(&logical, 32),
        .external_mac = make_mac(3, 7),
    };

    topology_set_nat(t, &uuid, &c);
    topology_settle(t);
}

static bool
answers_for(const struct topology *t, const char *address)
{
    struct svec lines;
    bool found = false;

    describe(t, &lines);
    for (size_t i = 0; i < lines.n; i++) {
        found |= !strncmp(lines.names[i], "outside ", 8) && strstr(lines.names[i], address);
    }
    svec_destroy(&lines);
    return found;
}

static void
exactly_one_chassis_answers_for_a_router_port(void **state OVS_UNUSED)
{
    struct topology *t = make_topology(3, 60);
    size_t n = 0;

    for (unsigned int i = 0; i < 3; i++) {
        char *name = xasprintf("chassis%u", i);
        struct svec lines;

        topology_set_self(t, name);
        topology_settle(t);
        describe(t, &lines);
        assert_in_range(count(&lines, "outside "), 1, 59);
        n += count(&lines, "outside ");
        svec_destroy(&lines);
        free(name);
    }
    assert_int_equal(n, 60);
    topology_destroy(t);
}

static void
a_floating_ip_is_where_its_machine_is(void **state OVS_UNUSED)
{
    struct topology *t = make_topology(2, 1);
    struct uuid uuid = make_uuid(U_PORT, 0);
    static const char *const fip = "02:03:00:00:00:07 10.1.1.77";

    /* The machine is here, whoever the gateway is. */
    set_floating_ip(t, make_ip(10, 1, 1, 77), make_ip(10, 1, 0, 10));
    topology_set_dead(t, "chassis0", true);
    assert_true(answers_for(t, fip));
    topology_set_dead(t, "chassis0", false);
    assert_true(answers_for(t, fip));

    /* It moves to another chassis that is connected. */
    struct port_config p = make_port(0, 0, make_ip(10, 1, 0, 10));
    p.chassis = make_uuid(U_CHASSIS, 1);
    topology_set_vif(t, "port0", 0, false);
    topology_set_port(t, &uuid, &p);
    topology_settle(t);
    topology_set_dead(t, "chassis1", true);
    assert_false(answers_for(t, fip));

    /* That is not connected any more: the gateway has it. */
    set_chassis(t, 1, NULL, false);
    topology_settle(t);
    assert_true(answers_for(t, fip));

    /* Nobody has the inner address: the same. */
    topology_set_port(t, &uuid, NULL);
    topology_settle(t);
    assert_true(answers_for(t, fip));
    topology_destroy(t);
}

/* --- Incremental equals from scratch ------------------------------------ */

static struct topology *
create_world_topology(void)
{
    struct topology *t = topology_create(NULL, 0);

    topology_forward_outside(t);
    return t;
}

static void
incremental_equals_from_scratch(void **state OVS_UNUSED)
{
    struct topology *t = create_world_topology();
    struct world w = {.seeds = {0}};
    size_t most_forwarded = 0, most_outside = 0, most_watched = 0;

    random_set_seed(4711);
    for (unsigned int change = 0; change < 20000; change++) {
        unsigned int i = random_range(N_INPUTS);

        if (i < N_INPUTS - 2 || !random_range(20) || !w.seeds[i]) {
            w.seeds[i] = random_range(4) ? random_uint32() | 1 : 0;
            put_input(t, i, w.seeds[i]);
        }
        if (random_range(10)) {
            continue;
        }

        struct topology *fresh = create_world_topology();
        struct svec a, b;

        for (unsigned int j = N_INPUTS; j-- > 0;) {
            if (w.seeds[j]) {
                put_input(fresh, j, w.seeds[j]);
            }
        }
        topology_settle(t);
        topology_settle(fresh);
        describe(t, &a);
        describe(fresh, &b);
        if (!svec_equal(&a, &b)) {
            char *x = svec_join(&a, "\n", ""), *y = svec_join(&b, "\n", "");
            fail_msg("after change %u:\n%s\n--- from scratch:\n%s", change, x, y);
        }
        most_forwarded = MAX(most_forwarded, count(&a, "forwarded "));
        most_outside = MAX(most_outside, count(&a, "outside "));
        most_watched = MAX(most_watched, count(&a, "watched "));
        svec_destroy(&a);
        svec_destroy(&b);
        topology_destroy(fresh);
    }
    assert_in_range(most_forwarded, 2, SIZE_MAX);
    assert_in_range(most_outside, 2, SIZE_MAX);
    assert_in_range(most_watched, 2, SIZE_MAX);
    topology_destroy(t);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connected_are_candidates_unless_some_are_declared),
        cmocka_unit_test(no_more_than_five_have_to_watch_one_another),
        cmocka_unit_test(router_ports_are_shared_out_and_only_those_of_the_dead_move),
        cmocka_unit_test(if_all_are_dead_all_count),
        cmocka_unit_test(all_chassis_choose_alike),
        cmocka_unit_test(exactly_one_chassis_answers_for_a_router_port),
        cmocka_unit_test(a_floating_ip_is_where_its_machine_is),
        cmocka_unit_test(incremental_equals_from_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
