/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that a change of any member of a value is seen. */
#include <config.h>

#include "nb/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nb/ip.h"
#include "nb/static-route.h"
#include "openvswitch/compiler.h"

static void
ports_are_equal_if_every_member_is(void **state OVS_UNUSED)
{
    struct port_config p = {.name = "p", .enabled = true};
    struct port_config q = p;
    struct in6_addr address = in6addr_loopback;

    assert_true(port_config_equal(&p, &q));
    q.enabled = false;
    assert_false(port_config_equal(&p, &q));
    q = p;
    q.requested_chassis = "c1";
    assert_false(port_config_equal(&p, &q));
    q = p;
    q.chassis.parts[0] = 1;
    assert_false(port_config_equal(&p, &q));
    q = p;
    q.mac.ea[5] = 1;
    assert_false(port_config_equal(&p, &q));
    q = p;
    q.addresses = &address;
    q.n_addresses = 1;
    assert_false(port_config_equal(&p, &q));
}

static void
networks_are_equal_if_every_member_is(void **state OVS_UNUSED)
{
    struct network_config n = {.name = "n",
                               .type = NETWORK_VLAN,
                               .segmentation_id = 5,
                               .physical_network = "physnet1",
                               .mtu = 1500};
    struct network_config m = n;
    assert_true(network_config_equal(&n, &m));
    m.physical_network = "physnet2";
    assert_false(network_config_equal(&n, &m));
    m = n;
    m.mtu = 1400;
    assert_false(network_config_equal(&n, &m));
    m = n;
    m.segmentation_id = 6;
    assert_false(network_config_equal(&n, &m));
    m = n;
    m.external = true;
    assert_false(network_config_equal(&n, &m));
}

static void
router_ports_are_equal_if_every_member_is(void **state OVS_UNUSED)
{
    struct interface_address ia = {.address = in6addr_loopback, .prefix.plen = 64};
    struct interface_address ib = ia;
    struct router_port_config r = {.name = "rp", .addresses = &ia, .n_addresses = 1};
    struct router_port_config t = r;
    t.addresses = &ib;
    assert_true(router_port_config_equal(&r, &t));
    ib.prefix.plen = 65;
    assert_false(router_port_config_equal(&r, &t));

    t = r;
    t.preference = PREFERENCE_HIGH;
    assert_false(router_port_config_equal(&r, &t));
}

static void
subnets_are_equal_if_every_member_is(void **state OVS_UNUSED)
{
    struct in6_addr address = in6addr_loopback;
    char *name = "a.example", *other_name = "b.example";
    struct subnet_config s1 = {.name = "s",
                               .dns_servers = &address,
                               .n_dns_servers = 1,
                               .dns_search = &name,
                               .n_dns_search = 1};
    struct subnet_config s2 = s1;
    assert_true(subnet_config_equal(&s1, &s2));
    s2.dns_search = &other_name;
    assert_false(subnet_config_equal(&s1, &s2));
    s2 = s1;
    s2.ra_mode = ADDRESS_MODE_SLAAC;
    assert_false(subnet_config_equal(&s1, &s2));
    s2 = s1;
    s2.n_dns_servers = 0;
    assert_false(subnet_config_equal(&s1, &s2));
    s2 = s1;
    s2.prefix.plen = 64;
    assert_false(subnet_config_equal(&s1, &s2));
}

static void
routers_are_equal_if_every_member_is(void **state OVS_UNUSED)
{
    struct static_route route = {.prefix.plen = 8};
    struct static_route other = {.prefix.plen = 9};
    struct router_config x = {.name = "r", .routes = &route, .n_routes = 1};
    struct router_config y = x;
    assert_true(router_config_equal(&x, &y));
    y.routes = &other;
    assert_false(router_config_equal(&x, &y));
}

static void
chassis_are_equal_if_every_member_is(void **state OVS_UNUSED)
{
    char *name = "physnet1";
    struct chassis_config c = {.name = "c"};
    struct chassis_config d = c;
    assert_true(chassis_config_equal(&c, &d));
    d.encap_ip[NETWORK_GRE][UNDERLAY_IPV6] = in6addr_loopback;
    assert_false(chassis_config_equal(&c, &d));
    d = c;
    d.gateway = true;
    assert_false(chassis_config_equal(&c, &d));
    d = c;
    d.physical_networks = &name;
    d.n_physical_networks = 1;
    assert_false(chassis_config_equal(&c, &d));
}

static void
translations_are_equal_if_every_member_is(void **state OVS_UNUSED)
{
    struct nat_config m = {.name = "m"};
    struct nat_config n = m;
    assert_true(nat_config_equal(&m, &n));
    n.type = NAT_SNAT;
    assert_false(nat_config_equal(&m, &n));
    n = m;
    n.external_ip = in6addr_loopback;
    assert_false(nat_config_equal(&m, &n));
    n = m;
    n.logical.plen = 24;
    assert_false(nat_config_equal(&m, &n));
    n = m;
    n.external_mac.ea[5] = 1;
    assert_false(nat_config_equal(&m, &n));
    n = m;
    n.router.parts[0] = 1;
    assert_false(nat_config_equal(&m, &n));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_equal_if_every_member_is),
        cmocka_unit_test(networks_are_equal_if_every_member_is),
        cmocka_unit_test(router_ports_are_equal_if_every_member_is),
        cmocka_unit_test(subnets_are_equal_if_every_member_is),
        cmocka_unit_test(routers_are_equal_if_every_member_is),
        cmocka_unit_test(chassis_are_equal_if_every_member_is),
        cmocka_unit_test(translations_are_equal_if_every_member_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
