/* SPDX-License-Identifier: Apache-2.0 */
/* Proves which rows of the NB database become values, which are disabled as a
 * whole and which lose a part, each time with the reason. */
#include <config.h>

#include "nb/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nb/dragonflow-idl.h"
#include "nb/ip.h"
#include "nb/static-route.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

/* Checks that 'problems' is the one sentence that contains 'part' (or nothing,
 * if 'part' is null) and empties it. */
static void
assert_problem(struct svec *problems, const char *part)
{
    if (part) {
        assert_int_equal(problems->n, 1);
        if (!strstr(problems->names[0], part)) {
            fail_msg("\"%s\" does not say \"%s\"", problems->names[0], part);
        }
    } else if (problems->n) {
        fail_msg("unexpected problem: %s", problems->names[0]);
    }
    svec_clear(problems);
}

static char *
text(const struct in6_addr *addresses, size_t n)
{
    struct svec v = SVEC_EMPTY_INITIALIZER;
    for (size_t i = 0; i < n; i++) {
        svec_add_nocopy(&v, address_format(&addresses[i]));
    }
    char *s = svec_join(&v, " ", "");
    svec_destroy(&v);
    return s;
}

static void
a_network_has_what_its_type_needs_and_nothing_else(void **state OVS_UNUSED)
{
    static const struct {
        char *type;
        int64_t segmentation_id; /* -1: none. */
        char *physical_network;
        const char *problem;
    } cases[] = {
        {"geneve", 1, NULL, NULL},
        {"geneve", 16777215, NULL, NULL},
        {"geneve", 16777216, NULL, "segmentation id 16777216 is not in 1..16777215"},
        {"geneve", 0, NULL, "segmentation id 0 is not in"},
        {"geneve", -1, NULL, "needs a segmentation id"},
        {"geneve", 1, "physnet1", "has no physical network"},
        {"vxlan", 16777215, NULL, NULL},
        {"vxlan", 16777216, NULL, "is not in 1..16777215"},
        {"gre", 16777216, NULL, NULL},
        {"gre", 4294967295, NULL, NULL},
        {"gre", 4294967296, NULL, "is not in 1..4294967295"},
        {"gre", -1, NULL, "needs a segmentation id"},
        {"vlan", 1, "physnet1", NULL},
        {"vlan", 4094, "physnet1", NULL},
        {"vlan", 4095, "physnet1", "is not in 1..4094"},
        {"vlan", 100, NULL, "needs a physical network"},
        {"vlan", 100, "", "needs a physical network"},
        {"vlan", -1, "physnet1", "needs a segmentation id"},
        {"flat", -1, "physnet1", NULL},
        {"flat", -1, NULL, "needs a physical network"},
        {"flat", 1, "physnet1", "has no segmentation id"},
        {"local", -1, NULL, NULL},
        {"local", 1, NULL, "has no segmentation id"},
        {"local", -1, "physnet1", "has no physical network"},
        {"stt", 1, NULL, "\"stt\" is not a network type"},
    };
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t segmentation_id = cases[i].segmentation_id;
        struct nbrec_network row = {
            .name = "n1",
            .type = cases[i].type,
            .segmentation_id = segmentation_id >= 0 ? &segmentation_id : NULL,
            .n_segmentation_id = segmentation_id >= 0,
            .physical_network = cases[i].physical_network,
        };
        struct network_config c = {.name = "untouched"};
        bool ok = nb_parse_network(&row, &c, &problems);
        assert_problem(&problems, cases[i].problem);
        assert_int_equal(ok, !cases[i].problem);
        if (ok) {
            assert_string_equal(c.name, "n1");
            assert_string_equal(network_type_to_string(c.type), cases[i].type);
            assert_int_equal(c.segmentation_id, MAX(segmentation_id, 0));
            assert_int_equal(c.mtu, DEFAULT_MTU);
            network_config_destroy(&c);
        } else {
            assert_string_equal(c.name, "untouched");
        }
    }
    svec_destroy(&problems);
}

static void
an_mtu_is_taken_from_the_row(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    int64_t mtu = 9000;
    struct nbrec_network row = {.name = "n1", .type = "local", .mtu = &mtu, .n_mtu = 1};
    struct network_config c;

    assert_true(nb_parse_network(&row, &c, &problems));
    assert_int_equal(c.mtu, 9000);
    network_config_destroy(&c);

    mtu = 67;
    assert_false(nb_parse_network(&row, &c, &problems));
    assert_problem(&problems, "MTU 67 is not in 68..65535");
    mtu = 65536;
    assert_false(nb_parse_network(&row, &c, &problems));
    assert_problem(&problems, "MTU 65536");
    svec_destroy(&problems);
}

static void
only_a_provider_network_is_external(void **state OVS_UNUSED)
{
    static const struct {
        char *type;
        bool external;
    } cases[] = {
        {"vlan", true},   {"flat", true}, {"geneve", false},
        {"vxlan", false}, {"gre", false}, {"local", false},
    };
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t segmentation_id = 5;
        bool external = true;
        bool has_id = strcmp(cases[i].type, "flat") && strcmp(cases[i].type, "local");
        struct nbrec_network row = {
            .name = "n1",
            .type = cases[i].type,
            .segmentation_id = has_id ? &segmentation_id : NULL,
            .n_segmentation_id = has_id,
            .physical_network = cases[i].external ? "physnet1" : NULL,
            .external = &external,
            .n_external = 1,
        };
        struct network_config c;

        assert_true(nb_parse_network(&row, &c, &problems));
        assert_problem(&problems, cases[i].external ? NULL : "cannot be external");
        assert_int_equal(c.external, cases[i].external);
        network_config_destroy(&c);

        external = false;
        assert_true(nb_parse_network(&row, &c, &problems));
        assert_problem(&problems, NULL);
        assert_false(c.external);
        network_config_destroy(&c);
    }
    svec_destroy(&problems);
}

static void
a_port_is_enabled_unless_it_says_otherwise(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_network network = {.header_.uuid = {.parts = {1, 2, 3, 4}}};
    bool enabled = false;
    struct nbrec_port row = {.name = "vm1", .network = &network, .mac = "fa:16:3e:00:00:01"};
    struct port_config c;

    assert_true(nb_parse_port(&row, &c, &problems));
    assert_problem(&problems, NULL);
    assert_true(c.enabled);
    assert_true(uuid_equals(&c.network, &network.header_.uuid));
    assert_true(uuid_is_zero(&c.chassis));
    assert_null(c.requested_chassis);
    port_config_destroy(&c);

    row.enabled = &enabled;
    row.n_enabled = 1;
    row.requested_chassis = "c1";
    struct nbrec_chassis chassis = {.header_.uuid = {.parts = {5, 6, 7, 8}}};
    row.chassis = &chassis;
    assert_true(nb_parse_port(&row, &c, &problems));
    assert_false(c.enabled);
    assert_string_equal(c.requested_chassis, "c1");
    assert_true(uuid_equals(&c.chassis, &chassis.header_.uuid));
    port_config_destroy(&c);
    svec_destroy(&problems);
}

static void
a_port_without_network_or_mac_is_disabled(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_network network = {.name = "n1"};
    struct nbrec_port row = {.name = "vm1", .mac = "fa:16:3e:00:00:01"};
    struct port_config c;

    assert_false(nb_parse_port(&row, &c, &problems));
    assert_problem(&problems, "its network does not exist");
    row.network = &network;
    row.mac = "fa:16:3e";
    assert_false(nb_parse_port(&row, &c, &problems));
    assert_problem(&problems, "\"fa:16:3e\" is not a MAC address");
    row.mac = "01:16:3e:00:00:01";
    assert_false(nb_parse_port(&row, &c, &problems));
    assert_problem(&problems, "multicast");
    svec_destroy(&problems);
}

static void
a_port_loses_a_wrong_or_repeated_address_only(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_network network = {.name = "n1"};
    char *addresses[] = {
        "10.0.1.9", "10.0.1.10", "10.0.1.300", "2001:db8::1", "2001:DB8:0::1", "224.0.0.1",
    };
    struct nbrec_port row = {
        .name = "vm1",
        .network = &network,
        .mac = "fa:16:3e:00:00:01",
        .addresses = addresses,
        .n_addresses = ARRAY_SIZE(addresses),
    };
    struct port_config c;

    assert_true(nb_parse_port(&row, &c, &problems));
    char *s = text(c.addresses, c.n_addresses);
    assert_string_equal(s, "10.0.1.9 10.0.1.10 2001:db8::1");
    free(s);
    port_config_destroy(&c);
    assert_int_equal(problems.n, 3);
    assert_non_null(strstr(problems.names[0], "\"10.0.1.300\" is not an IP address"));
    assert_non_null(strstr(problems.names[1], "\"224.0.0.1\" is a multicast address"));
    assert_non_null(strstr(problems.names[2], "2001:db8::1 is given twice"));
    svec_destroy(&problems);
}

static void
a_router_loses_a_wrong_route_only(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    char *routes[] = {
        "10.9.0.0/16 via 10.0.1.2", "10.9.0.0/16 via 10.0.1.1", "10.8.0.0/16 to 10.0.1.1",
        "10.9.0.7 via 10.0.1.1",    "10.9.0.7/32 via 10.0.1.1",
    };
    struct nbrec_router row = {
        .name = "r1",
        .static_routes = routes,
        .n_static_routes = ARRAY_SIZE(routes),
    };
    struct router_config c = {.name = NULL};

    assert_true(nb_parse_router(&row, &c, &problems));
    assert_true(c.enabled);
    static const char *const want[] = {
        "10.9.0.0/16 via 10.0.1.1",
        "10.9.0.0/16 via 10.0.1.2",
        "10.9.0.7/32 via 10.0.1.1",
    };
    assert_int_equal(c.n_routes, ARRAY_SIZE(want));
    for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
        char *s = static_route_format(&c.routes[i]);
        assert_string_equal(s, want[i]);
        free(s);
    }
    router_config_destroy(&c);
    assert_int_equal(problems.n, 2);
    assert_non_null(strstr(problems.names[0], "\"10.8.0.0/16 to 10.0.1.1\" is not a route"));
    assert_non_null(strstr(problems.names[1], "is given twice"));
    svec_destroy(&problems);
}

static void
a_static_route_needs_router_prefix_and_next_hop(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_router router = {.header_.uuid = {{1, 2, 3, 4}}};
    struct nbrec_static_route row = {
        .router = &router,
        .prefix = "10.9.0.7",
        .next_hop = "10.0.1.1",
    };
    struct static_route_config c;

    assert_true(nb_parse_static_route(&row, &c, &problems));
    assert_int_equal(problems.n, 0);
    assert_true(uuid_equals(&c.router, &router.header_.uuid));
    char *s = static_route_format(&c.route);
    assert_string_equal(s, "10.9.0.7/32 via 10.0.1.1");
    free(s);

    row.next_hop = "10.0.1.1 via 10.0.1.2";
    assert_false(nb_parse_static_route(&row, &c, &problems));
    row.next_hop = "fe80::1";
    row.router = NULL;
    assert_false(nb_parse_static_route(&row, &c, &problems));
    assert_int_equal(problems.n, 3);
    assert_string_equal(problems.names[0], "route \"10.9.0.7 via 10.0.1.1 via 10.0.1.2\": "
                                           "\"10.0.1.1 via 10.0.1.2\" is not an IP address");
    assert_non_null(strstr(problems.names[1], "different families"));
    assert_string_equal(problems.names[2], "its router does not exist");
    svec_destroy(&problems);
}

static void
a_router_can_be_disabled(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    bool enabled = false;
    struct nbrec_router row = {.name = "r1", .enabled = &enabled, .n_enabled = 1};
    struct router_config c;

    assert_true(nb_parse_router(&row, &c, &problems));
    assert_false(c.enabled);
    assert_int_equal(c.n_routes, 0);
    router_config_destroy(&c);
    svec_destroy(&problems);
}

static void
a_router_port_needs_router_network_and_mac(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_network network = {.header_.uuid = {.parts = {1, 0, 0, 0}}};
    struct nbrec_router router = {.header_.uuid = {.parts = {2, 0, 0, 0}}};
    char *addresses[] = {"10.0.1.1/16", "10.0.1.1/24", "10.0.2.0/24", "10.0.0.1/24"};
    struct nbrec_router_port row = {
        .name = "rp1",
        .mac = "fa:16:3e:00:00:01",
        .router = &router,
        .network = &network,
        .addresses = addresses,
        .n_addresses = ARRAY_SIZE(addresses),
    };
    struct router_port_config c;

    assert_true(nb_parse_router_port(&row, &c, &problems));
    assert_true(uuid_equals(&c.network, &network.header_.uuid));
    assert_true(uuid_equals(&c.router, &router.header_.uuid));
    assert_int_equal(c.n_addresses, 2);
    char *s = interface_address_format(&c.addresses[1]);
    assert_string_equal(s, "10.0.1.1/16");
    free(s);
    router_port_config_destroy(&c);
    assert_int_equal(problems.n, 2);
    assert_non_null(strstr(problems.names[0], "10.0.2.0 is the network address"));
    assert_non_null(strstr(problems.names[1], "10.0.1.1/24 is given twice"));
    svec_clear(&problems);

    row.n_addresses = 1;
    row.router = NULL;
    assert_false(nb_parse_router_port(&row, &c, &problems));
    assert_problem(&problems, "its router does not exist");
    row.router = &router;
    row.network = NULL;
    assert_false(nb_parse_router_port(&row, &c, &problems));
    assert_problem(&problems, "its network does not exist");
    row.network = &network;
    row.mac = "00:00:00:00:00:00";
    assert_false(nb_parse_router_port(&row, &c, &problems));
    assert_problem(&problems, "all-zero");
    svec_destroy(&problems);
}

static void
init_maps(struct nbrec_chassis *row)
{
    smap_init(&row->encaps);
    smap_init(&row->encaps_ipv6);
    smap_init(&row->bridge_mappings);
}

static void
destroy_maps(struct nbrec_chassis *row)
{
    smap_destroy(&row->encaps);
    smap_destroy(&row->encaps_ipv6);
    smap_destroy(&row->bridge_mappings);
}

static void
a_chassis_loses_a_wrong_encap_only(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_chassis row = {.name = "c1"};
    struct chassis_config c;

    init_maps(&row);
    smap_add(&row.encaps, "geneve", "192.0.2.1");
    smap_add(&row.encaps, "gre", "192.0.2");
    assert_true(nb_parse_chassis(&row, &c, &problems));
    assert_problem(&problems, "gre encapsulation: \"192.0.2\" is not an IP address");
    char *s = text(c.encap_ip[NETWORK_GENEVE], 1);
    assert_string_equal(s, "192.0.2.1");
    free(s);
    assert_true(ipv6_is_zero(&c.encap_ip[NETWORK_GENEVE][UNDERLAY_IPV6]));
    assert_true(ipv6_is_zero(&c.encap_ip[NETWORK_VXLAN][UNDERLAY_IPV4]));
    assert_true(ipv6_is_zero(&c.encap_ip[NETWORK_GRE][UNDERLAY_IPV4]));
    chassis_config_destroy(&c);
    destroy_maps(&row);
    svec_destroy(&problems);
}

static void
a_chassis_is_connected_to_the_networks_of_its_mappings(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_chassis row = {.name = "c1"};
    struct chassis_config c;
    bool gateway = true;

    init_maps(&row);
    assert_true(nb_parse_chassis(&row, &c, &problems));
    assert_int_equal(c.n_physical_networks, 0);
    assert_false(c.gateway);
    chassis_config_destroy(&c);

    smap_add(&row.bridge_mappings, "physnet2", "br-vlan");
    smap_add(&row.bridge_mappings, "physnet1", "br-ex");
    row.gateway = &gateway;
    row.n_gateway = 1;
    assert_true(nb_parse_chassis(&row, &c, &problems));
    assert_int_equal(c.n_physical_networks, 2);
    assert_string_equal(c.physical_networks[0], "physnet1");
    assert_string_equal(c.physical_networks[1], "physnet2");
    assert_true(c.gateway);
    chassis_config_destroy(&c);

    gateway = false;
    assert_true(nb_parse_chassis(&row, &c, &problems));
    assert_false(c.gateway);
    chassis_config_destroy(&c);
    assert_problem(&problems, NULL);
    destroy_maps(&row);
    svec_destroy(&problems);
}

/* Either column may have an IPv6 address; the second has no other. */
static void
a_chassis_has_tunnel_addresses_of_both_families(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_chassis row = {.name = "c1"};
    struct chassis_config c;

    init_maps(&row);
    smap_add(&row.encaps, "geneve", "192.0.2.1");
    smap_add(&row.encaps, "vxlan", "2001:db8::1");
    smap_add(&row.encaps_ipv6, "geneve", "2001:db8::2");
    smap_add(&row.encaps_ipv6, "gre", "2001:db8::3");
    assert_true(nb_parse_chassis(&row, &c, &problems));
    assert_int_equal(problems.n, 0);
    static const char *const expected[N_ENCAPS][N_UNDERLAYS] = {
        [NETWORK_GENEVE] = {"192.0.2.1", "2001:db8::2"},
        [NETWORK_VXLAN] = {"::", "2001:db8::1"},
        [NETWORK_GRE] = {"::", "2001:db8::3"},
    };
    for (int type = 0; type < N_ENCAPS; type++) {
        for (int underlay = 0; underlay < N_UNDERLAYS; underlay++) {
            char *s = address_format(&c.encap_ip[type][underlay]);
            assert_string_equal(s, expected[type][underlay]);
            free(s);
        }
    }
    chassis_config_destroy(&c);

    smap_replace(&row.encaps_ipv6, "geneve", "192.0.2.2");
    assert_true(nb_parse_chassis(&row, &c, &problems));
    assert_problem(&problems, "geneve encapsulation over IPv6: \"192.0.2.2\" is an IPv4 address");
    chassis_config_destroy(&c);

    smap_remove(&row.encaps_ipv6, "geneve");
    smap_add(&row.encaps_ipv6, "vxlan", "2001:db8::4");
    assert_true(nb_parse_chassis(&row, &c, &problems));
    assert_problem(&problems, "vxlan encapsulation over IPv6: it has an IPv6 address already");
    chassis_config_destroy(&c);
    destroy_maps(&row);
    svec_destroy(&problems);
}

/* --- Subnets ------------------------------------------------------------ */

static void
an_ipv6_subnet_has_modes_that_fit_it(void **state OVS_UNUSED)
{
    static const struct {
        char *cidr, *ra_mode, *address_mode;
        enum address_mode parsed;
        const char *problem;
    } cases[] = {
        {"2001:db8::/64", NULL, NULL, ADDRESS_MODE_NONE, NULL},
        {"2001:db8::/64", "slaac", NULL, ADDRESS_MODE_SLAAC, NULL},
        {"2001:db8::/64", "slaac", "slaac", ADDRESS_MODE_SLAAC, NULL},
        {"2001:db8::/64", "dhcpv6-stateless", NULL, ADDRESS_MODE_STATELESS, NULL},
        {"2001:db8::/112", "dhcpv6-stateful", NULL, ADDRESS_MODE_STATEFUL, NULL},
        {"2001:db8::/64", NULL, "dhcpv6-stateful", ADDRESS_MODE_NONE, NULL},
        {"2001:db8::/64", "SLAAC", NULL, ADDRESS_MODE_NONE, "RA mode: \"SLAAC\" is none of"},
        {"2001:db8::/64", NULL, "dhcp", ADDRESS_MODE_NONE, "address mode: \"dhcp\" is none of"},
        {"2001:db8::/65", "slaac", NULL, ADDRESS_MODE_NONE, "takes a prefix length of 64"},
        {"2001:db8::/48", "dhcpv6-stateless", NULL, ADDRESS_MODE_NONE, "a prefix length of 64"},
        {"10.0.1.0/24", "slaac", NULL, ADDRESS_MODE_NONE, "RA mode: a subnet of IPv4 has none"},
        {"10.0.1.0/24", NULL, "slaac", ADDRESS_MODE_NONE, "address mode: a subnet of IPv4"},
        {"2001:db8::/64", "slaac", "dhcpv6-stateful", ADDRESS_MODE_SLAAC,
         "the address mode is dhcpv6-stateful, but the RA mode slaac"},
    };
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_network network = {.name = "n1"};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct nbrec_subnet row = {
            .name = "s1",
            .network = &network,
            .cidr = cases[i].cidr,
            .ra_mode = cases[i].ra_mode,
            .address_mode = cases[i].address_mode,
        };
        struct subnet_config c;

        assert_true(nb_parse_subnet(&row, &c, &problems));
        assert_problem(&problems, cases[i].problem);
        assert_string_equal(c.name, "s1");
        assert_int_equal(c.ra_mode, cases[i].parsed);
        subnet_config_destroy(&c);
    }
    svec_destroy(&problems);
}

static void
a_subnet_needs_a_network_and_a_prefix(void **state OVS_UNUSED)
{
    struct nbrec_network network = {.name = "n1"};
    struct nbrec_subnet row = {.name = "s1", .cidr = "2001:db8::/64"};
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct subnet_config c;

    assert_false(nb_parse_subnet(&row, &c, &problems));
    assert_problem(&problems, "its network does not exist");
    row.network = &network;
    row.cidr = "2001:db8::1/64";
    assert_false(nb_parse_subnet(&row, &c, &problems));
    assert_problem(&problems, "has bits set beyond its prefix length");
    svec_destroy(&problems);
}

static void
a_subnet_loses_a_wrong_dns_server_or_domain_only(void **state OVS_UNUSED)
{
    static const struct {
        char *server;
        const char *problem;
    } servers[] = {
        {"2001:db8::54", NULL},
        {"192.0.2.1", "DNS server: 192.0.2.1 is of another family than the subnet"},
        {"::", "DNS server: \"::\" is an unspecified address"},
        {"x", "DNS server: \"x\" is not an IP address"},
    };
    static const struct {
        char *domain;
        const char *problem;
    } domains[] = {
        {"Example.ORG.", NULL},
        {"_tcp.a-b.example", NULL},
        {"", "DNS search list: \"\" is not a domain name"},
        {".", "is not a domain name"},
        {"a..b", "is not a domain name"},
        {"-a.example", "is not a domain name"},
        {"a-.example", "is not a domain name"},
        {"a b", "is not a domain name"},
        {"m\303\274ller.example", "is not a domain name"},
        {"0123456789012345678901234567890123456789012345678901234567890123",
         "is not a domain name"},
    };
    struct nbrec_network network = {.name = "n1"};
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
        char *addresses[] = {"2001:db8::53", servers[i].server};
        struct nbrec_subnet row = {.name = "s1",
                                   .network = &network,
                                   .cidr = "2001:db8::/64",
                                   .dns_servers = addresses,
                                   .n_dns_servers = 2};
        struct subnet_config c;

        assert_true(nb_parse_subnet(&row, &c, &problems));
        assert_problem(&problems, servers[i].problem);
        assert_int_equal(c.n_dns_servers, servers[i].problem ? 1 : 2);
        subnet_config_destroy(&c);
    }
    for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
        char *names[] = {"zz.example", domains[i].domain};
        struct nbrec_subnet row = {.name = "s1",
                                   .network = &network,
                                   .cidr = "2001:db8::/64",
                                   .dns_search = names,
                                   .n_dns_search = 2};
        struct subnet_config c;

        assert_true(nb_parse_subnet(&row, &c, &problems));
        assert_problem(&problems, domains[i].problem);
        assert_int_equal(c.n_dns_search, domains[i].problem ? 1 : 2);
        assert_string_equal(c.dns_search[c.n_dns_search - 1], "zz.example");
        if (!i) {
            assert_string_equal(c.dns_search[0], "example.org");
        }
        subnet_config_destroy(&c);
    }
    svec_destroy(&problems);
}

static void
a_router_port_has_a_preference(void **state OVS_UNUSED)
{
    static const struct {
        char *text;
        enum router_preference preference;
        const char *problem;
    } cases[] = {
        {NULL, PREFERENCE_MEDIUM, NULL},
        {"low", PREFERENCE_LOW, NULL},
        {"medium", PREFERENCE_MEDIUM, NULL},
        {"high", PREFERENCE_HIGH, NULL},
        {"highest", PREFERENCE_MEDIUM, "\"highest\" is none of low, medium, high"},
    };
    struct nbrec_network network = {.name = "n1"};
    struct nbrec_router router = {.name = "r1"};
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct nbrec_router_port row = {.name = "rp1",
                                        .network = &network,
                                        .router = &router,
                                        .mac = "fa:16:3e:00:00:01",
                                        .router_preference = cases[i].text};
        struct router_port_config c;

        assert_true(nb_parse_router_port(&row, &c, &problems));
        assert_problem(&problems, cases[i].problem);
        assert_int_equal(c.preference, cases[i].preference);
        router_port_config_destroy(&c);
    }
    svec_destroy(&problems);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_has_what_its_type_needs_and_nothing_else),
        cmocka_unit_test(an_mtu_is_taken_from_the_row),
        cmocka_unit_test(only_a_provider_network_is_external),
        cmocka_unit_test(a_port_is_enabled_unless_it_says_otherwise),
        cmocka_unit_test(a_port_without_network_or_mac_is_disabled),
        cmocka_unit_test(a_port_loses_a_wrong_or_repeated_address_only),
        cmocka_unit_test(a_router_loses_a_wrong_route_only),
        cmocka_unit_test(a_static_route_needs_router_prefix_and_next_hop),
        cmocka_unit_test(a_router_can_be_disabled),
        cmocka_unit_test(a_router_port_needs_router_network_and_mac),
        cmocka_unit_test(a_chassis_loses_a_wrong_encap_only),
        cmocka_unit_test(a_chassis_is_connected_to_the_networks_of_its_mappings),
        cmocka_unit_test(a_chassis_has_tunnel_addresses_of_both_families),
        cmocka_unit_test(an_ipv6_subnet_has_modes_that_fit_it),
        cmocka_unit_test(a_subnet_needs_a_network_and_a_prefix),
        cmocka_unit_test(a_subnet_loses_a_wrong_dns_server_or_domain_only),
        cmocka_unit_test(a_router_port_has_a_preference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
