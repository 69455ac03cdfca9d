/* SPDX-License-Identifier: Apache-2.0 */

/* What services learn of the objects that packets name by their keys. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model.h"
#include "topology/query.h"

/* As facts.h has it: the second half of the UUID. */
static uint64_t
key_of(const struct uuid *uuid)
{
    return (uint64_t) uuid->parts[2] << 32 | uuid->parts[3];
}

static void
add_network(struct topology *t, struct uuid uuid, uint16_t mtu)
{
    struct network_config n = make_network(mtu, NETWORK_GENEVE, mtu, mtu);

    topology_set_network(t, &uuid, &n);
}

static void
a_network_is_found_by_its_key_as_long_as_it_is_known(void **state OVS_UNUSED)
{
    struct topology *t = topology_create(NULL, 0);
    struct uuid uuid = make_uuid(U_NETWORK, 0);

    assert_int_equal(topology_network_mtu(t, key_of(&uuid)), 0);
    add_network(t, uuid, 1400);
    add_network(t, make_uuid(U_NETWORK, 1), 1500);
    assert_int_equal(topology_network_mtu(t, key_of(&uuid)), 1400);
    topology_set_network(t, &uuid, NULL);
    assert_int_equal(topology_network_mtu(t, key_of(&uuid)), 0);
    topology_destroy(t);
}

static void
networks_with_one_key_are_two_networks(void **state OVS_UNUSED)
{
    struct topology *t = topology_create(NULL, 0);
    struct uuid one = make_uuid(U_NETWORK, 0), other = one;

    other.parts[0]++;
    add_network(t, one, 1400);
    add_network(t, other, 1500);
    topology_set_network(t, &one, NULL);
    assert_int_equal(topology_network_mtu(t, key_of(&one)), 1500);
    topology_set_network(t, &other, NULL);
    assert_int_equal(topology_network_mtu(t, key_of(&one)), 0);
    topology_destroy(t);
}

/* --- Routers ------------------------------------------------------------ */

static struct in6_addr
ip(const char *s)
{
    struct in6_addr address;

    assert_null(address_parse(s, &address));
    return address;
}

/* Router 'router' gets port 'n' on network 'n', with these addresses. */
static void
add_router_port(struct topology *t, unsigned int n, unsigned int router, const char *first,
                const char *second)
{
    const char *const addresses[] = {first, second};
    struct router_port_config rp = make_router_port(n, router, n, make_ip(0, 0, 0, 0), 32);
    struct uuid uuid = make_uuid(U_ROUTER_PORT, n);

    free(rp.addresses);
    rp.n_addresses = second ? 2 : 1;
    rp.addresses = xcalloc(rp.n_addresses, sizeof *rp.addresses);
    for (size_t i = 0; i < rp.n_addresses; i++) {
        assert_null(interface_address_parse(addresses[i], &rp.addresses[i]));
    }
    topology_set_router_port(t, &uuid, &rp);
}

static void
add_route(struct topology *t, unsigned int n, unsigned int router, const char *prefix,
          const char *nexthop)
{
    struct static_route_config c = {.router = make_uuid(U_ROUTER, router)};
    struct uuid uuid = make_uuid(U_STATIC_ROUTE, n);

    assert_null(prefix_parse(prefix, &c.route.prefix));
    c.route.nexthop = ip(nexthop);
    topology_set_static_route(t, &uuid, &c);
}

#define ROUTER 1
#define N_NETWORKS 3

/* A router with two subnets on each of two networks, and another one with none of that. */
static struct topology *
two_routers(void)
{
    struct topology *t = topology_create(NULL, 0);

    for (unsigned int i = 0; i < N_NETWORKS; i++) {
        add_network(t, make_uuid(U_NETWORK, i), 1400 + i);
    }
    add_router_port(t, 0, ROUTER, "10.0.1.1/24", "fd00:1::1/64");
    add_router_port(t, 1, ROUTER, "10.0.2.1/24", "fd00:2::1/64");
    for (unsigned int i = 0; i < 3; i++) {
        struct router_config r = make_router(i);
        struct uuid uuid = make_uuid(U_ROUTER, i);

        topology_set_router(t, &uuid, &r);
    }
    return t;
}

static uint64_t
router_key_of(unsigned int n)
{
    struct uuid uuid = make_uuid(U_ROUTER, n);
    return key_of(&uuid);
}

static uint64_t
network_key_of(unsigned int n)
{
    struct uuid uuid = make_uuid(U_NETWORK, n);
    return key_of(&uuid);
}

/* The router reaches 'towards' through its port on network 'network', from 'src'. */
static void
assert_way(const struct topology *t, const char *towards, const char *src, unsigned int network,
           bool is_one_of_several)
{
    struct in6_addr address = ip(towards), expected = ip(src);
    struct router_way way;

    assert_true(topology_router_way(t, router_key_of(ROUTER), &address, &way));
    assert_memory_equal(&way.src, &expected, sizeof expected);
    assert_int_equal(way.network_key, network_key_of(network));
    assert_true(eth_addr_equals(way.mac, make_mac(2, network)));
    assert_int_equal(way.is_one_of_several, is_one_of_several);
}

static void
assert_no_way(const struct topology *t, unsigned int router, const char *towards)
{
    struct in6_addr address = ip(towards);
    struct router_way way;

    assert_false(topology_router_way(t, router_key_of(router), &address, &way));
}

static bool
is_broadcast(const struct topology *t, unsigned int router, const char *s)
{
    struct in6_addr address = ip(s);
    return topology_is_directed_broadcast(t, router_key_of(router), &address);
}

static void
a_router_is_found_by_its_key(void **state OVS_UNUSED)
{
    struct topology *t = two_routers();

    assert_way(t, "10.0.1.5", "10.0.1.1", 0, false);
    assert_way(t, "fd00:2::5", "fd00:2::1", 1, false);
    assert_no_way(t, ROUTER, "10.0.3.5");
    assert_no_way(t, ROUTER, "fd00:3::5");
    assert_true(is_broadcast(t, ROUTER, "10.0.1.255"));
    assert_false(is_broadcast(t, ROUTER, "10.0.1.5"));
    assert_false(is_broadcast(t, ROUTER, "fd00:1::ffff:ffff:ffff:ffff"));

    assert_no_way(t, 2, "10.0.1.5"); /* A router without ports. */
    assert_false(is_broadcast(t, 2, "10.0.1.255"));
    assert_no_way(t, 4711, "10.0.1.5"); /* An unknown one. */
    assert_false(is_broadcast(t, 4711, "10.0.1.255"));
    topology_destroy(t);
}

/* RFC 1812 4.3.2.4, 5.2.4.3. */
static void
a_static_route_longer_than_a_connected_prefix_decides_about_the_source(void **state OVS_UNUSED)
{
    struct topology *t = two_routers();

    add_route(t, 0, ROUTER, "10.0.1.128/25", "10.0.2.9");
    add_route(t, 1, ROUTER, "fd00:1::8000/113", "fd00:2::9");
    assert_way(t, "10.0.1.129", "10.0.2.1", 1, false);
    assert_way(t, "10.0.1.127", "10.0.1.1", 0, false);
    assert_way(t, "fd00:1::8001", "fd00:2::1", 1, false);
    assert_way(t, "fd00:1::7fff", "fd00:1::1", 0, false);

    /* A connected prefix precedes a static route to the same, and a route is in force only with
     * a next hop on a subnet. */
    add_route(t, 2, ROUTER, "10.0.1.0/24", "10.0.2.9");
    add_route(t, 3, ROUTER, "10.0.1.5/32", "10.9.9.9");
    assert_way(t, "10.0.1.5", "10.0.1.1", 0, false);
    topology_destroy(t);
}

static void
of_several_equal_routes_one_is_chosen_with_its_source(void **state OVS_UNUSED)
{
    struct topology *t = two_routers();

    add_route(t, 0, ROUTER, "10.7.0.0/16", "10.0.2.9");
    assert_way(t, "10.7.0.1", "10.0.2.1", 1, false);
    add_route(t, 1, ROUTER, "10.7.0.0/16", "10.0.1.9");
    assert_way(t, "10.7.0.1", "10.0.1.1", 0, true);
    add_route(t, 2, ROUTER, "10.7.0.0/16", "10.0.2.8");
    assert_way(t, "10.7.0.1", "10.0.1.1", 0, true);

    /* A longer one is alone. */
    add_route(t, 3, ROUTER, "10.7.0.0/24", "10.0.2.8");
    assert_way(t, "10.7.0.1", "10.0.2.1", 1, false);
    add_route(t, 4, ROUTER, "fd07::/16", "fd00:2::9");
    add_route(t, 5, ROUTER, "fd07::/16", "fd00:1::9");
    assert_way(t, "fd07::1", "fd00:1::1", 0, true);
    topology_destroy(t);
}

static void
an_interface_without_global_address_takes_one_of_another(void **state OVS_UNUSED)
{
    struct topology *t = two_routers();

    add_router_port(t, 2, ROUTER, "10.0.3.1/24", "fe80::3/64");
    add_route(t, 0, ROUTER, "10.8.0.0/16", "10.0.3.9");
    assert_way(t, "10.8.0.1", "10.0.3.1", 2, false);
    /* A link-local prefix is on all of them, and so routes nothing. */
    assert_no_way(t, ROUTER, "fe80::9");
    add_route(t, 1, ROUTER, "fd08::/16", "fe80::9");
    assert_no_way(t, ROUTER, "fd08::1");
    topology_destroy(t);
}

/* RFC 1812 5.3.5: what another router has to judge is no broadcast here. */
static void
a_broadcast_address_that_a_longer_route_forwards_is_none(void **state OVS_UNUSED)
{
    struct topology *t = two_routers();

    assert_true(is_broadcast(t, ROUTER, "10.0.2.255") && is_broadcast(t, ROUTER, "10.0.2.0"));
    add_route(t, 0, ROUTER, "10.0.2.248/29", "10.0.1.9");
    assert_false(is_broadcast(t, ROUTER, "10.0.2.255"));
    assert_true(is_broadcast(t, ROUTER, "10.0.2.0"));
    add_route(t, 1, ROUTER, "10.0.2.0/32", "10.9.9.9"); /* Not in force. */
    assert_true(is_broadcast(t, ROUTER, "10.0.2.0"));

    /* A longer connected prefix decides as well. */
    add_router_port(t, 2, ROUTER, "10.0.2.9/29", NULL);
    assert_true(is_broadcast(t, ROUTER, "10.0.2.15"));
    add_router_port(t, 2, ROUTER, "10.0.1.254/31", NULL);
    assert_false(is_broadcast(t, ROUTER, "10.0.1.255"));
    topology_destroy(t);
}

static void
an_anycast_address_is_answered_from_the_routers_own(void **state OVS_UNUSED)
{
    struct topology *t = two_routers();
    struct in6_addr shared = ip("fd00:2::"), own = ip("fd00:2::1"), other = ip("fd00:3::"), src;

    assert_true(topology_router_anycast(t, router_key_of(ROUTER), &shared, &src));
    assert_memory_equal(&src, &own, sizeof own);
    assert_true(topology_router_has_address(t, router_key_of(ROUTER), &shared));
    assert_false(topology_router_anycast(t, router_key_of(ROUTER), &own, &src));
    assert_false(topology_router_anycast(t, router_key_of(ROUTER), &other, &src));
    assert_false(topology_router_anycast(t, router_key_of(2), &shared, &src));
    assert_false(topology_router_anycast(t, 4711, &shared, &src));
    topology_destroy(t);
}

static void
assert_link_local(const struct topology *t, unsigned int network, const char *expected)
{
    struct in6_addr address, expected_address;
    bool found =
        topology_router_link_local(t, router_key_of(ROUTER), network_key_of(network), &address);

    assert_int_equal(found, expected != NULL);
    if (found) {
        expected_address = ip(expected);
        assert_memory_equal(&address, &expected_address, sizeof address);
    }
}

static void
a_router_knows_its_own_addresses(void **state OVS_UNUSED)
{
    static const char *const own[] = {"10.0.1.1",  "10.0.2.1",          "fd00:1::1",
                                      "fd00:2::1", "fe80::2:ff:fe00:0", "fe80::2:ff:fe00:1"};
    static const char *const others[] = {"10.0.1.2", "10.0.1.0", "fd00:3::", "fe80::1"};
    struct topology *t = two_routers();

    for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
        struct in6_addr address = ip(own[i]);
        assert_true(topology_router_has_address(t, router_key_of(ROUTER), &address));
        assert_false(topology_router_has_address(t, router_key_of(2), &address));
        assert_false(topology_router_has_address(t, 4711, &address));
    }
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct in6_addr address = ip(others[i]);
        assert_false(topology_router_has_address(t, router_key_of(ROUTER), &address));
    }

    /* RFC 4291 appendix A, unless there is one in the port's row. */
    assert_link_local(t, 0, "fe80::2:ff:fe00:0");
    assert_link_local(t, 1, "fe80::2:ff:fe00:1");
    assert_link_local(t, 2, NULL);
    add_router_port(t, 2, ROUTER, "10.0.3.1/24", NULL); /* IPv4 only. */
    assert_link_local(t, 2, NULL);
    add_router_port(t, 2, ROUTER, "fd00:3::1/64", "fe80::3/64");
    assert_link_local(t, 2, "fe80::3");
    topology_destroy(t);
}

/* --- Owners ------------------------------------------------------------- */

static void
who_has_an_address_of_a_network_is_known(void **state OVS_UNUSED)
{
    struct topology *t = two_routers();
    struct in6_addr address = ip("fd00:1::5"), router = ip("fd00:1::1");
    struct port_config p = make_port(0, 0, address);
    struct uuid uuid = make_uuid(U_PORT, 0);
    struct address_owner owner;

    assert_false(topology_address_owner(t, network_key_of(0), &address, &owner));
    topology_set_port(t, &uuid, &p);
    assert_true(topology_address_owner(t, network_key_of(0), &address, &owner));
    assert_true(eth_addr_equals(owner.mac, make_mac(1, 0)));
    assert_false(owner.is_router);
    assert_int_equal(ofp_to_u16(owner.ofport), 0);
    assert_false(topology_address_owner(t, network_key_of(1), &address, &owner));
    assert_false(topology_address_owner(t, 4711, &address, &owner));

    topology_set_vif(t, "port0", OFP_PORT_C(7), true);
    assert_true(topology_address_owner(t, network_key_of(0), &address, &owner));
    assert_int_equal(ofp_to_u16(owner.ofport), 7);

    assert_true(topology_address_owner(t, network_key_of(0), &router, &owner));
    assert_true(eth_addr_equals(owner.mac, make_mac(2, 0)));
    assert_true(owner.is_router);
    topology_destroy(t);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_is_found_by_its_key_as_long_as_it_is_known),
        cmocka_unit_test(networks_with_one_key_are_two_networks),
        cmocka_unit_test(a_router_is_found_by_its_key),
        cmocka_unit_test(a_static_route_longer_than_a_connected_prefix_decides_about_the_source),
        cmocka_unit_test(of_several_equal_routes_one_is_chosen_with_its_source),
        cmocka_unit_test(an_interface_without_global_address_takes_one_of_another),
        cmocka_unit_test(a_broadcast_address_that_a_longer_route_forwards_is_none),
        cmocka_unit_test(an_anycast_address_is_answered_from_the_routers_own),
        cmocka_unit_test(a_router_knows_its_own_addresses),
        cmocka_unit_test(who_has_an_address_of_a_network_is_known),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
