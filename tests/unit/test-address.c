/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that the parsers of nb/ip.h, nb/mac.h and nb/static-route.h take every
 * spelling they document, refuse everything else with a sentence that quotes it, and
 * that what they return is formatted back to the canonical spelling. */
#include <config.h>

#include "nb/ip.h"
#include "nb/mac.h"
#include "nb/static-route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nb/text.h"
#include "packets.h"
#include "util.h"

/* 'error' must be a sentence that contains 'part', its control characters escaped; frees it. */
static void
assert_error(char *error, const char *part)
{
    char *shown = text_clean(part, TEXT_NAME_MAX);

    assert_non_null(error);
    if (!strstr(error, shown)) {
        fail_msg("\"%s\" does not say \"%s\"", error, shown);
    }
    free(shown);
    free(error);
}

static void
assert_ok(char *error)
{
    if (error) {
        fail_msg("unexpected error: %s", error);
    }
}

/* A valid prefix. */
static struct ip_prefix
prefix(const char *s)
{
    struct ip_prefix p;
    assert_ok(prefix_parse(s, &p));
    return p;
}

static void
a_mac_has_six_pairs_of_digits(void **state OVS_UNUSED)
{
    struct eth_addr mac;

    assert_ok(mac_parse("fa:16:3E:00:00:0a", &mac));
    assert_true(eth_addr_equals(mac, (struct eth_addr) ETH_ADDR_C(fa, 16, 3e, 00, 00, 0a)));

    static const char *const bad[] = {
        "",
        "fa:16:3e:0:0:1",
        "fa:16:3e:00:00",
        "fa:16:3e:00:00:01:02",
        "fa-16-3e-00-00-01",
        "fa:16:3e:00:00:0g",
        " fa:16:3e:00:00:01",
        "fa:16:3e:00:00:1 ",
        "fa163e000001",
        "+a:16:3e:00:00:01",
        "0x:16:3e:00:00:01",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_error(mac_parse(bad[i], &mac), "is not a MAC address");
        assert_error(mac_parse(bad[i], &mac), bad[i]);
    }
}

static void
a_mac_belongs_to_one_host(void **state OVS_UNUSED)
{
    struct eth_addr mac;

    assert_error(mac_parse("00:00:00:00:00:00", &mac), "all-zero");
    assert_error(mac_parse("ff:ff:ff:ff:ff:ff", &mac), "multicast");
    assert_error(mac_parse("01:00:5e:00:00:01", &mac), "multicast");
}

static void
an_address_has_one_spelling(void **state OVS_UNUSED)
{
    static const char *const good[] = {"10.0.0.1",    "0.0.0.0", "255.255.255.255",
                                       "2001:db8::1", "::",      "fe80::1"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct in6_addr address;
        assert_ok(address_parse(good[i], &address));
        assert_int_equal(address_is_ipv4(&address), !strchr(good[i], ':'));
        char *s = address_format(&address);
        assert_string_equal(s, good[i]);
        free(s);
    }

    static const char *const bad[] = {
        "",          "10.0.0",          "10.0.0.256", "10.0.0.01",  "010.0.0.1", "10.0.0.1/24",
        "10.0.0.1 ", " 10.0.0.1",       "10.0.0.1.2", "0x0a.0.0.1", "167772161", "::1%lo",
        "1:2:3",     "::ffff:10.0.0.1", "host",       "10.0.0.1\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct in6_addr address;
        assert_error(address_parse(bad[i], &address), "is not an IP address");
        assert_error(address_parse(bad[i], &address), bad[i]);
    }
}

static void
a_host_has_a_unicast_address(void **state OVS_UNUSED)
{
    static const struct {
        const char *address;
        const char *why;
    } bad[] = {
        {"0.0.0.0", "unspecified"}, {"0.1.2.3", "unspecified"},
        {"127.0.0.1", "loopback"},  {"127.255.0.1", "loopback"},
        {"224.0.0.1", "multicast"}, {"239.255.255.255", "multicast"},
        {"240.0.0.1", "reserved"},  {"255.255.255.255", "reserved"},
        {"::", "unspecified"},      {"::1", "loopback"},
        {"ff02::1", "multicast"},   {"10.0.0.1/24", "is not an IP address"},
    };
    struct in6_addr address;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_error(host_address_parse(bad[i].address, &address), bad[i].why);
    }
    static const char *const good[] = {
        "1.0.0.0",         "10.255.255.255",  "126.0.0.1", "128.0.0.1",
        "169.254.169.254", "223.255.255.255", "fe80::1",   "2001:db8::",
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(host_address_parse(good[i], &address));
    }
}

static void
an_address_is_of_the_classes_of_the_ranges_that_it_is_in(void **state OVS_UNUSED)
{
    static const struct {
        const char *address;
        unsigned int classes;
    } cases[] = {
        {"0.0.0.0", ADDRESS_THIS_NETWORK | ADDRESS_UNSPECIFIED},
        {"0.255.255.255", ADDRESS_THIS_NETWORK},
        {"1.0.0.0", 0},
        {"126.255.255.255", 0},
        {"127.0.0.0", ADDRESS_LOOPBACK},
        {"127.255.255.255", ADDRESS_LOOPBACK},
        {"128.0.0.0", 0},
        {"169.253.255.255", 0},
        {"169.254.0.0", ADDRESS_LINK_LOCAL},
        {"169.254.255.255", ADDRESS_LINK_LOCAL},
        {"169.255.0.0", 0},
        {"223.255.255.255", 0},
        {"224.0.0.0", ADDRESS_MULTICAST},
        {"239.255.255.255", ADDRESS_MULTICAST},
        {"240.0.0.0", ADDRESS_RESERVED},
        {"255.255.255.254", ADDRESS_RESERVED},
        {"255.255.255.255", ADDRESS_RESERVED | ADDRESS_BROADCAST},
        {"::", ADDRESS_UNSPECIFIED},
        {"::1", ADDRESS_LOOPBACK},
        {"::2", 0},
        {"2001:db8::1", 0},
        {"fe7f:ffff::", 0},
        {"fe80::", ADDRESS_LINK_LOCAL},
        {"febf:ffff::1", ADDRESS_LINK_LOCAL},
        {"fec0::", 0},
        {"feff::", 0},
        {"ff00::", ADDRESS_MULTICAST},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_MULTICAST},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct in6_addr address;
        unsigned int classes = 0;

        assert_ok(address_parse(cases[i].address, &address));
        for (unsigned int class = ADDRESS_THIS_NETWORK; class <= ADDRESS_BROADCAST; class <<= 1) {
            classes |= address_is(&address, class) ? class : 0;
        }
        assert_int_equal(classes, cases[i].classes);
    }
}

static void
a_prefix_is_special_if_all_of_it_is(void **state OVS_UNUSED)
{
    static const struct {
        const char *prefix;
        bool is;
    } cases[] = {
        {"0.0.0.0/8", true},    {"0.0.0.0/7", false},  {"0.0.0.0/0", false},
        {"127.9.0.0/16", true}, {"224.0.0.0/4", true}, {"224.0.0.0/3", false},
        {"240.0.0.0/4", true},  {"10.0.0.0/8", false}, {"169.254.0.0/16", false},
        {"::/128", true},       {"::/127", false},     {"::/0", false},
        {"ff00::/8", true},     {"fe00::/7", false},   {"fe80::/10", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip_prefix p = prefix(cases[i].prefix);
        assert_int_equal(prefix_is(&p, ADDRESS_NO_HOST), cases[i].is);
    }
}

static void
an_interface_address_is_a_host_on_its_prefix(void **state OVS_UNUSED)
{
    struct interface_address ia;

    assert_ok(interface_address_parse("10.0.1.1/24", &ia));
    assert_int_equal(prefix_length(&ia.prefix), 24);
    assert_int_equal(ia.prefix.plen, 96 + 24);
    char *s = interface_address_format(&ia);
    assert_string_equal(s, "10.0.1.1/24");
    free(s);

    /* RFC 3021: both addresses of a /31 are hosts. */
    assert_ok(interface_address_parse("10.0.1.0/31", &ia));
    assert_ok(interface_address_parse("10.0.1.1/31", &ia));
    assert_ok(interface_address_parse("10.0.1.0/32", &ia));
    assert_ok(interface_address_parse("2001:db8::1/64", &ia));
    assert_int_equal(prefix_length(&ia.prefix), 64);
    assert_int_equal(ia.prefix.plen, 64);
    assert_ok(interface_address_parse("2001:db8::/64", &ia));

    assert_error(interface_address_parse("10.0.1.0/24", &ia), "network address");
    assert_error(interface_address_parse("10.0.1.255/24", &ia), "broadcast address");
    assert_error(interface_address_parse("10.0.1.0/30", &ia), "network address");
    assert_error(interface_address_parse("10.0.1.3/30", &ia), "broadcast address");
    assert_error(interface_address_parse("127.0.0.1/8", &ia), "loopback");
    assert_error(interface_address_parse("224.0.0.1/4", &ia), "multicast");
    assert_error(interface_address_parse("10.0.1.1/0", &ia), "prefix length of 0");
    static const char *const bad[] = {
        "",
        "10.0.1.1",
        "10.0.1.1/",
        "10.0.1.1/33",
        "10.0.1.1/024",
        "10.0.1.1/ 24",
        "10.0.1.1/+24",
        "10.0.1.1/-1",
        "10.0.1.1/24 ",
        "10.0.1.1/24/24",
        "10.0.1.1/255.255.255.0",
        "10.0.1.1/99999999999999999999",
        "2001:db8::1/129",
        "/24",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_error(interface_address_parse(bad[i], &ia), "is not an IP address with a prefix");
    }
}

static void
a_prefix_has_no_host_bits(void **state OVS_UNUSED)
{
    static const struct {
        const char *s;
        const char *canonical;
    } good[] = {
        {"10.0.1.0/24", "10.0.1.0/24"},     {"0.0.0.0/0", "0.0.0.0/0"},
        {"10.0.1.7", "10.0.1.7/32"},        {"10.0.1.6/31", "10.0.1.6/31"},
        {"128.0.0.0/1", "128.0.0.0/1"},     {"::/0", "::/0"},
        {"2001:DB8::/32", "2001:db8::/32"}, {"2001:db8::1", "2001:db8::1/128"},
    };
    struct ip_prefix prefix;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(prefix_parse(good[i].s, &prefix));
        char *s = prefix_format(&prefix);
        assert_string_equal(s, good[i].canonical);
        free(s);
    }
    assert_error(prefix_parse("10.0.1.1/24", &prefix), "is 10.0.1.0/24 meant?");
    assert_error(prefix_parse("2001:db8::1/64", &prefix), "is 2001:db8::/64 meant?");
    assert_error(prefix_parse("0.0.0.0/33", &prefix), "is not an IP prefix");
    assert_error(prefix_parse("default", &prefix), "is not an IP prefix");
}

static void
a_static_route_names_prefix_and_next_hop(void **state OVS_UNUSED)
{
    struct static_route route;

    assert_ok(static_route_parse("10.2.0.0/16 via 10.0.1.254", &route));
    char *s = static_route_format(&route);
    assert_string_equal(s, "10.2.0.0/16 via 10.0.1.254");
    free(s);
    assert_ok(static_route_parse("10.2.0.1 via 10.0.1.254", &route));
    assert_int_equal(prefix_length(&route.prefix), 32);
    assert_ok(static_route_parse("::/0 via fe80::1", &route));

    assert_error(static_route_parse("", &route), "PREFIX via NEXTHOP");
    assert_error(static_route_parse("10.2.0.0/16", &route), "PREFIX via NEXTHOP");
    assert_error(static_route_parse("10.2.0.0/16 10.0.1.254", &route), "PREFIX via NEXTHOP");
    assert_error(static_route_parse(" via ", &route), "is not an IP prefix");
    assert_error(static_route_parse("10.2.0.0/16 via 10.0.1.254 via 10.0.1.1", &route),
                 "is not an IP address");
    assert_error(static_route_parse("10.2.0.1/16 via 10.0.1.254", &route), "bits set");
    assert_error(static_route_parse("10.2.0.0/16 via 224.0.0.1", &route), "multicast");
    assert_error(static_route_parse("10.2.0.0/16 via fe80::1", &route), "different families");
}

static void
a_prefix_contains_addresses_of_its_family(void **state OVS_UNUSED)
{
    static const struct {
        const char *prefix;
        const char *address;
        bool contains;
    } cases[] = {
        {"10.0.1.0/24", "10.0.1.0", true},   {"10.0.1.0/24", "10.0.1.255", true},
        {"10.0.1.0/24", "10.0.2.0", false},  {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "2001:db8::1", false}, {"::/0", "10.0.0.1", false},
        {"::/0", "2001:db8::1", true},       {"10.0.1.4", "10.0.1.4", true},
        {"10.0.1.4", "10.0.1.5", false},     {"2001:db8::/33", "2001:db8:8000::", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip_prefix p = prefix(cases[i].prefix);
        struct ip_prefix a = prefix(cases[i].address);
        assert_int_equal(prefix_contains(&p, &a.address), cases[i].contains);
    }
}

static void
prefixes_overlap_if_one_contains_the_other(void **state OVS_UNUSED)
{
    static const struct {
        const char *a;
        const char *b;
        bool overlap;
    } cases[] = {
        {"10.0.0.0/16", "10.0.1.0/24", true}, {"10.0.0.0/24", "10.0.1.0/24", false},
        {"10.0.0.0/24", "10.0.0.0/24", true}, {"0.0.0.0/0", "::/0", false},
        {"0.0.0.0/0", "10.0.0.0/8", true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip_prefix a = prefix(cases[i].a);
        struct ip_prefix b = prefix(cases[i].b);
        assert_int_equal(prefixes_overlap(&a, &b), cases[i].overlap);
        assert_int_equal(prefixes_overlap(&b, &a), cases[i].overlap);
    }
}

static void
a_subnet_of_ipv4_has_a_network_and_a_broadcast_address(void **state OVS_UNUSED)
{
    static const struct {
        const char *subnet;
        const char *address;
        enum subnet_role role;
    } cases[] = {
        {"10.0.1.0/24", "10.0.1.0", SUBNET_NETWORK},
        {"10.0.1.0/24", "10.0.1.255", SUBNET_BROADCAST},
        {"10.0.1.0/24", "10.0.1.1", SUBNET_HOST},
        {"10.0.1.0/24", "10.0.2.255", SUBNET_HOST},
        {"10.0.1.0/30", "10.0.1.3", SUBNET_BROADCAST},
        {"10.0.1.0/30", "10.0.1.2", SUBNET_HOST},
        {"10.0.0.0/15", "10.1.255.255", SUBNET_BROADCAST},
        {"10.0.0.0/15", "10.0.255.255", SUBNET_HOST},
        {"0.0.0.0/0", "255.255.255.255", SUBNET_BROADCAST},
        {"10.0.1.0/31", "10.0.1.0", SUBNET_HOST},
        {"10.0.1.0/31", "10.0.1.1", SUBNET_HOST},
        {"10.0.1.1/32", "10.0.1.1", SUBNET_HOST},
        {"2001:db8::/64", "2001:db8::", SUBNET_HOST},
        {"2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", SUBNET_HOST},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip_prefix subnet = prefix(cases[i].subnet);
        struct ip_prefix host = prefix(cases[i].address);
        assert_int_equal(address_subnet_role(&host.address, &subnet), cases[i].role);
    }
}

static void
the_prefix_of_an_address_has_no_host_bits(void **state OVS_UNUSED)
{
    struct ip_prefix a = prefix("10.0.1.77");
    struct ip_prefix p = prefix_make(&a.address, 26);
    char *s = prefix_format(&p);
    assert_string_equal(s, "10.0.1.64/26");
    free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mac_has_six_pairs_of_digits),
        cmocka_unit_test(a_mac_belongs_to_one_host),
        cmocka_unit_test(an_address_has_one_spelling),
        cmocka_unit_test(a_host_has_a_unicast_address),
        cmocka_unit_test(an_address_is_of_the_classes_of_the_ranges_that_it_is_in),
        cmocka_unit_test(a_prefix_is_special_if_all_of_it_is),
        cmocka_unit_test(an_interface_address_is_a_host_on_its_prefix),
        cmocka_unit_test(a_prefix_has_no_host_bits),
        cmocka_unit_test(a_static_route_names_prefix_and_next_hop),
        cmocka_unit_test(a_prefix_contains_addresses_of_its_family),
        cmocka_unit_test(prefixes_overlap_if_one_contains_the_other),
        cmocka_unit_test(a_subnet_of_ipv4_has_a_network_and_a_broadcast_address),
        cmocka_unit_test(the_prefix_of_an_address_has_no_host_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
