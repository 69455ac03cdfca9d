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

static void
a_router_is_found_by_its_key_and_tells_its_address_and_broadcasts(void **state OVS_UNUSED)
{
    struct topology *t = topology_create(NULL, 0);
    struct router_port_config rp = make_router_port(0, 1, 0, make_ip(10, 0, 1, 1), 24);
    struct uuid uuid = make_uuid(U_ROUTER_PORT, 0);
    ovs_be32 src;

    topology_set_router_port(t, &uuid, &rp);
    for (unsigned int i = 0; i < 3; i++) {
        struct router_config r = make_router(i);

        uuid = make_uuid(U_ROUTER, i);
        topology_set_router(t, &uuid, &r);
    }

    uuid = make_uuid(U_ROUTER, 1);
    assert_true(topology_router_source(t, key_of(&uuid), htonl(0x0a000105), &src));
    assert_int_equal(ntohl(src), 0x0a000101);
    assert_false(topology_router_source(t, key_of(&uuid), htonl(0x0a000205), &src));
    assert_true(topology_is_directed_broadcast(t, key_of(&uuid), htonl(0x0a0001ff)));
    assert_false(topology_is_directed_broadcast(t, key_of(&uuid), htonl(0x0a000105)));

    assert_false(topology_router_source(t, 4711, htonl(0x0a000105), &src));
    assert_false(topology_is_directed_broadcast(t, 4711, htonl(0x0a0001ff)));
    topology_destroy(t);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_is_found_by_its_key_as_long_as_it_is_known),
        cmocka_unit_test(networks_with_one_key_are_two_networks),
        cmocka_unit_test(a_router_is_found_by_its_key_and_tells_its_address_and_broadcasts),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
