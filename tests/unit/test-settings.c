/* SPDX-License-Identifier: Apache-2.0 */

/* Configuration of a chassis: which values are accepted, what an absent key means, and
 * that a wrong value changes nothing. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chassis/settings.h"
#include "nb/ip.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

/* The settings and problems after one value for 'key'. */
struct fixture {
    struct chassis_settings settings;
    struct svec problems;
};

static int
setup(void **state)
{
    struct fixture *f = xzalloc(sizeof *f);

    chassis_settings_init(&f->settings);
    svec_init(&f->problems);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    chassis_settings_destroy(&f->settings);
    svec_destroy(&f->problems);
    free(f);
    return 0;
}

static void
parse(struct fixture *f, const char *key, const char *value)
{
    struct smap ids = SMAP_INITIALIZER(&ids);

    if (value) {
        smap_add(&ids, key, value);
    }
    svec_clear(&f->problems);
    chassis_settings_parse(&f->settings, &ids, &f->problems);
    smap_destroy(&ids);
}

static void
parse_good(struct fixture *f, const char *key, const char *value)
{
    parse(f, key, value);
    if (f->problems.n) {
        fail_msg("%s", f->problems.names[0]);
    }
}

/* 'value' is refused with a reason that contains 'reason', and changes nothing. */
static void
parse_bad(struct fixture *f, const char *key, const char *value, const char *reason)
{
    struct chassis_settings before;

    chassis_settings_clone(&before, &f->settings);
    parse(f, key, value);
    if (f->problems.n != 1) {
        fail_msg("%s=\"%s\": %zu problems", key, value, f->problems.n);
    }

    char *start = xasprintf("%s=%s: ", key, value);
    if (strncmp(f->problems.names[0], start, strlen(start))
        || !strstr(f->problems.names[0] + strlen(start), reason)) {
        fail_msg("\"%s\" is not \"%s...%s\"", f->problems.names[0], start, reason);
    }
    free(start);

    if (!chassis_settings_equal(&before, &f->settings)) {
        fail_msg("%s=%s changed something", key, value);
    }
    chassis_settings_destroy(&before);
}

static void
an_empty_configuration_has_the_documented_defaults(void **state)
{
    struct fixture *f = *state;
    const struct chassis_settings *s = &f->settings;

    parse_good(f, "", NULL);
    assert_null(s->system_id);
    assert_null(s->hostname);
    assert_null(s->remote);
    assert_null(s->relays);
    assert_int_equal(s->probe_interval, 10000);
    assert_string_equal(s->bridge, "br-int");
    assert_null(s->datapath_type);
    assert_true(s->encap_enabled[NETWORK_GENEVE]);
    assert_false(s->encap_enabled[NETWORK_VXLAN]);
    assert_false(s->encap_enabled[NETWORK_GRE]);
    assert_false(ipv6_addr_is_set(&s->encap_ip[UNDERLAY_IPV4]));
    assert_false(ipv6_addr_is_set(&s->encap_ip[UNDERLAY_IPV6]));
    assert_true(smap_is_empty(&s->bridge_mappings));
    assert_false(s->gateway);
    assert_false(s->ml2);
    assert_int_equal(s->fallback_timeout, 30);
    assert_false(chassis_settings_has_tunnel(s, NETWORK_GENEVE, UNDERLAY_IPV4));
}

static void
every_key_is_read(void **state)
{
    struct fixture *f = *state;
    const struct chassis_settings *s = &f->settings;
    struct smap ids = SMAP_INITIALIZER(&ids);

    smap_add(&ids, "system-id", "c1");
    smap_add(&ids, "hostname", "c1.example.org");
    smap_add(&ids, "dragonflow-remote", "tcp:192.0.2.1:6641,ssl:[2001:db8::1]:6641");
    smap_add(&ids, "dragonflow-relays", "ssl:relay1:6642 , ssl:relay2:6642");
    smap_add(&ids, "dragonflow-remote-probe-interval", "60000");
    smap_add(&ids, "dragonflow-bridge", "br0");
    smap_add(&ids, "dragonflow-datapath-type", "netdev");
    smap_add(&ids, "dragonflow-encap-type", "vxlan,gre");
    smap_add(&ids, "dragonflow-encap-ip", "192.0.2.7");
    smap_add(&ids, "dragonflow-bridge-mappings", "physnet1:br-ex,physnet2:br-vlan");
    smap_add(&ids, "dragonflow-gateway", "true");
    smap_add(&ids, "dragonflow-l2", "ml2");
    smap_add(&ids, "dragonflow-fallback-timeout", "0");
    smap_add(&ids, "ovn-remote", "none of our business");
    chassis_settings_parse(&f->settings, &ids, &f->problems);
    smap_destroy(&ids);

    assert_int_equal(f->problems.n, 0);
    assert_string_equal(s->system_id, "c1");
    assert_string_equal(s->hostname, "c1.example.org");
    assert_string_equal(s->remote, "tcp:192.0.2.1:6641,ssl:[2001:db8::1]:6641");
    assert_string_equal(s->relays, "ssl:relay1:6642,ssl:relay2:6642");
    assert_int_equal(s->probe_interval, 60000);
    assert_string_equal(s->bridge, "br0");
    assert_string_equal(s->datapath_type, "netdev");
    assert_false(s->encap_enabled[NETWORK_GENEVE]);
    assert_true(s->encap_enabled[NETWORK_VXLAN]);
    assert_true(s->encap_enabled[NETWORK_GRE]);
    char *ip = address_format(&s->encap_ip[UNDERLAY_IPV4]);
    assert_string_equal(ip, "192.0.2.7");
    free(ip);
    assert_int_equal(smap_count(&s->bridge_mappings), 2);
    assert_string_equal(smap_get(&s->bridge_mappings, "physnet1"), "br-ex");
    assert_string_equal(smap_get(&s->bridge_mappings, "physnet2"), "br-vlan");
    assert_true(s->gateway);
    assert_true(s->ml2);
    assert_int_equal(s->fallback_timeout, 0);
    assert_true(chassis_settings_has_tunnel(s, NETWORK_GRE, UNDERLAY_IPV4));
    assert_false(chassis_settings_has_tunnel(s, NETWORK_GENEVE, UNDERLAY_IPV4));
    assert_false(chassis_settings_has_tunnel(s, NETWORK_VLAN, UNDERLAY_IPV4));
}

static void
a_key_that_goes_gets_its_default_again(void **state)
{
    struct fixture *f = *state;
    struct chassis_settings defaults;

    chassis_settings_init(&defaults);
    parse_good(f, "dragonflow-bridge", "br0");
    assert_false(chassis_settings_equal(&f->settings, &defaults));
    parse_good(f, "dragonflow-bridge-mappings", "a:b");
    assert_string_equal(f->settings.bridge, "br-int");
    parse_good(f, "", NULL);
    assert_true(chassis_settings_equal(&f->settings, &defaults));
    chassis_settings_destroy(&defaults);
}

static void
a_wrong_value_leaves_the_last_good_one_and_the_other_keys(void **state)
{
    struct fixture *f = *state;
    struct smap ids = SMAP_INITIALIZER(&ids);

    parse_good(f, "dragonflow-encap-ip", "192.0.2.7");

    smap_add(&ids, "dragonflow-encap-ip", "192.0.2.777");
    smap_add(&ids, "dragonflow-l2", "ml2");
    chassis_settings_parse(&f->settings, &ids, &f->problems);
    smap_destroy(&ids);
    assert_int_equal(f->problems.n, 1);
    assert_string_equal(f->problems.names[0],
                        "dragonflow-encap-ip=192.0.2.777: \"192.0.2.777\" is not an IP address");
    char *ip = address_format(&f->settings.encap_ip[UNDERLAY_IPV4]);
    assert_string_equal(ip, "192.0.2.7");
    free(ip);
    assert_true(f->settings.ml2);
}

static void
a_chassis_name_is_one_word(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "system-id", "98c1-ä.example/1");
    parse_good(f, "system-id", "good");
    parse_bad(f, "system-id", "", "empty");
    parse_bad(f, "system-id", "two words", "white space");
    assert_string_equal(f->settings.system_id, "good");
    parse_good(f, "", NULL);
    parse_bad(f, "hostname", "", "empty");
}

static void
remotes_are_lists_of_connection_methods(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "dragonflow-remote", "unix:/run/nb.sock");
    parse_good(f, "dragonflow-remote", "ssl:nb-1.example.org:6641,ssl:nb-2.example.org:6641");
    assert_string_equal(f->settings.remote, "ssl:nb-1.example.org:6641,ssl:nb-2.example.org:6641");
    parse_good(f, "dragonflow-remote", " tcp:192.0.2.1:1 ,  tcp:192.0.2.2:65535 ");
    assert_string_equal(f->settings.remote, "tcp:192.0.2.1:1,tcp:192.0.2.2:65535");
    parse_good(f, "dragonflow-remote", "tcp:[::1]:6641");

    parse_bad(f, "dragonflow-remote", "", "no connection method");
    parse_bad(f, "dragonflow-remote", " ", "no connection method");
    parse_bad(f, "dragonflow-remote", ",", "none of");
    parse_bad(f, "dragonflow-remote", "tcp:192.0.2.1:6641,", "none of");
    parse_bad(f, "dragonflow-remote", "udp:192.0.2.1:6641", "none of");
    parse_bad(f, "dragonflow-remote", "ptcp:6641", "none of");
    parse_bad(f, "dragonflow-remote", "/run/nb.sock", "none of");
    parse_bad(f, "dragonflow-remote", "unix:", "no socket");
    parse_bad(f, "dragonflow-remote", "tcp:192.0.2.1", "no port");
    parse_bad(f, "dragonflow-remote", "tcp:192.0.2.1:", "no valid port");
    parse_bad(f, "dragonflow-remote", "tcp:192.0.2.1:0", "no valid port");
    parse_bad(f, "dragonflow-remote", "tcp:192.0.2.1:65536", "no valid port");
    parse_bad(f, "dragonflow-remote", "tcp:192.0.2.1:-1", "no valid port");
    parse_bad(f, "dragonflow-remote", "tcp:192.0.2.1:http", "no valid port");
    parse_bad(f, "dragonflow-remote", "tcp::6641", "does not name a host");
    parse_bad(f, "dragonflow-remote", "tcp:a b:6641", "does not name a host");
    parse_bad(f, "dragonflow-remote", "tcp:2001:db8::1:6641", "brackets");
    parse_bad(f, "dragonflow-remote", "tcp:[2001:db8::1]", "[ADDRESS]:PORT");
    parse_bad(f, "dragonflow-remote", "tcp:[2001:db8::1", "[ADDRESS]:PORT");
    parse_bad(f, "dragonflow-remote", "tcp:[2001:zz::1]:1", "does not name a host");
}

static void
bridge_names_are_names_that_open_vswitch_takes(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "dragonflow-bridge", "fifteen-letters");
    parse_bad(f, "dragonflow-bridge", "sixteen--letters", "longer than the 15");
    parse_bad(f, "dragonflow-bridge", "", "empty");
    parse_bad(f, "dragonflow-bridge", "br int", "white space");
    parse_bad(f, "dragonflow-bridge", "../br-int", "accepts");
    parse_bad(f, "dragonflow-bridge", "br\\int", "accepts");
    parse_bad(f, "dragonflow-bridge", "..", "accepts");
}

static void
datapath_and_l2_know_two_values_each(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "dragonflow-datapath-type", "system");
    assert_string_equal(f->settings.datapath_type, "system");
    parse_bad(f, "dragonflow-datapath-type", "dpdk", "neither");
    parse(f, "", NULL);
    parse_bad(f, "dragonflow-datapath-type", "", "neither");
    parse(f, "", NULL);
    parse_good(f, "dragonflow-l2", "native");
    parse_bad(f, "dragonflow-l2", "ML2", "neither");
    parse_bad(f, "dragonflow-l2", "", "neither");
}

static void
encapsulations_are_a_list_of_overlay_types(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "dragonflow-encap-type", "gre, geneve ,vxlan");
    for (int i = 0; i < N_ENCAPS; i++) {
        assert_true(f->settings.encap_enabled[i]);
    }
    parse_bad(f, "dragonflow-encap-type", "", "no encapsulation");
    parse_bad(f, "dragonflow-encap-type", "stt", "none of");
    parse_bad(f, "dragonflow-encap-type", "vxlan,vlan", "none of");
    parse_bad(f, "dragonflow-encap-type", "vxlan,,gre", "none of");
    parse_bad(f, "dragonflow-encap-type", "VXLAN", "none of");
}

static void
a_tunnel_address_is_a_unicast_ip_address(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "dragonflow-encap-ip", "223.255.255.255");
    parse_good(f, "dragonflow-encap-ip", "2001:db8::7");
    parse_bad(f, "dragonflow-encap-ip", "fe80::7", "link-local");
    parse_bad(f, "dragonflow-encap-ip", "127.0.0.1", "loopback");
    parse_bad(f, "dragonflow-encap-ip", "::1", "loopback");
    parse_bad(f, "dragonflow-encap-ip", "", "not an IP address");
    parse_bad(f, "dragonflow-encap-ip", "host", "not an IP address");
    parse_bad(f, "dragonflow-encap-ip", "192.0.2.1/24", "not an IP address");
    parse_bad(f, "dragonflow-encap-ip", ",", "not an IP address");
    parse_bad(f, "dragonflow-encap-ip", "192.0.2.1,", "not an IP address");
    parse_bad(f, "dragonflow-encap-ip", "0.0.0.0", "not a unicast");
    parse_bad(f, "dragonflow-encap-ip", "224.0.0.1", "not a unicast");
    parse_bad(f, "dragonflow-encap-ip", "255.255.255.255", "not a unicast");
    parse_bad(f, "dragonflow-encap-ip", "ff02::1", "not a unicast");
    parse_bad(f, "dragonflow-encap-ip", "::", "not a unicast");
}

static void
a_chassis_has_a_tunnel_address_of_each_family(void **state)
{
    struct fixture *f = *state;
    const struct chassis_settings *s = &f->settings;

    parse_good(f, "dragonflow-encap-ip", "2001:db8::7 , 192.0.2.1");
    char *ip4 = address_format(&s->encap_ip[UNDERLAY_IPV4]);
    char *ip6 = address_format(&s->encap_ip[UNDERLAY_IPV6]);
    assert_string_equal(ip4, "192.0.2.1");
    assert_string_equal(ip6, "2001:db8::7");
    free(ip4);
    free(ip6);
    assert_true(chassis_settings_has_tunnel(s, NETWORK_GENEVE, UNDERLAY_IPV4));
    assert_true(chassis_settings_has_tunnel(s, NETWORK_GENEVE, UNDERLAY_IPV6));

    parse_good(f, "dragonflow-encap-ip", "2001:db8::7");
    assert_false(chassis_settings_has_tunnel(s, NETWORK_GENEVE, UNDERLAY_IPV4));
    assert_true(chassis_settings_has_tunnel(s, NETWORK_GENEVE, UNDERLAY_IPV6));

    parse_bad(f, "dragonflow-encap-ip", "192.0.2.1,192.0.2.2", "two addresses of IPv4");
    parse_bad(f, "dragonflow-encap-ip", "2001:db8::7,2001:db8::7", "two addresses of IPv6");
    parse_bad(f, "dragonflow-encap-ip", "192.0.2.1,2001:db8::6,2001:db8::7",
              "two addresses of IPv6");
    parse_bad(f, "dragonflow-encap-ip", "192.0.2.1,ff02::1", "not a unicast");
}

static void
bridge_mappings_are_pairs_without_duplicates(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "dragonflow-bridge-mappings", "");
    parse_good(f, "dragonflow-bridge-mappings", "physnet1:br-ex , physnet2:br-vlan");
    assert_string_equal(smap_get(&f->settings.bridge_mappings, "physnet2"), "br-vlan");
    parse_good(f, "dragonflow-bridge-mappings", "a:br-of-more-than-fifteen-characters");
    parse_bad(f, "dragonflow-bridge-mappings", "physnet1", "PHYSICAL-NETWORK:BRIDGE");
    parse_bad(f, "dragonflow-bridge-mappings", "physnet1:br-ex,", "PHYSICAL-NETWORK:BRIDGE");
    parse_bad(f, "dragonflow-bridge-mappings", ":br-ex", "no physical network");
    parse_bad(f, "dragonflow-bridge-mappings", "physnet1:", "empty");
    parse_bad(f, "dragonflow-bridge-mappings", "a:br-ex,a:br-vlan", "\"a\" is mapped twice");
    parse_bad(f, "dragonflow-bridge-mappings", "a:br-ex,b:br-ex", "\"br-ex\" is mapped twice");
    parse_bad(f, "dragonflow-bridge-mappings", "a:br-int", "the integration bridge");
}

static void
a_timeout_is_a_number_of_seconds(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "dragonflow-fallback-timeout", "65535");
    assert_int_equal(f->settings.fallback_timeout, 65535);
    parse_bad(f, "dragonflow-fallback-timeout", "65536", "from 0 to 65535");
    parse_bad(f, "dragonflow-fallback-timeout", "-1", "from 0 to 65535");
    parse_bad(f, "dragonflow-fallback-timeout", "", "from 0 to 65535");
    parse_bad(f, "dragonflow-fallback-timeout", "30s", "from 0 to 65535");
    parse_bad(f, "dragonflow-fallback-timeout", "99999999999999999999", "from 0 to 65535");
}

static void
the_whole_database_is_read_on_demand_only(void **state)
{
    struct fixture *f = *state;

    assert_false(f->settings.monitor_all);
    parse_good(f, "dragonflow-monitor-all", "true");
    assert_true(f->settings.monitor_all);
    parse_bad(f, "dragonflow-monitor-all", "yes", "neither");
    assert_true(f->settings.monitor_all);
    parse_good(f, "dragonflow-monitor-all", "false");
    assert_false(f->settings.monitor_all);
}

static void
bfd_is_fast_slow_or_off(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->settings.bfd_interval, 100);
    parse_good(f, "dragonflow-bfd-interval", "20");
    assert_int_equal(f->settings.bfd_interval, 20);
    parse_bad(f, "dragonflow-bfd-interval", "19", "from 20 to 10000");
    parse_bad(f, "dragonflow-bfd-interval", "10001", "from 20 to 10000");
    parse_bad(f, "dragonflow-bfd-interval", "-100", "from 20 to 10000");
    parse_bad(f, "dragonflow-bfd-interval", "", "from 20 to 10000");
    assert_int_equal(f->settings.bfd_interval, 20);
    parse_good(f, "dragonflow-bfd-interval", "0");
    assert_int_equal(f->settings.bfd_interval, 0);
    parse_good(f, "dragonflow-bfd-interval", NULL);
    assert_int_equal(f->settings.bfd_interval, 100);
}

static void
a_gateway_is_drained_on_demand_only(void **state)
{
    struct fixture *f = *state;

    assert_false(f->settings.gateway_drain);
    parse_good(f, "dragonflow-gateway-drain", "true");
    assert_true(f->settings.gateway_drain);
    parse_bad(f, "dragonflow-gateway-drain", "1", "neither");
    assert_true(f->settings.gateway_drain);
    parse_good(f, "dragonflow-gateway-drain", NULL);
    assert_false(f->settings.gateway_drain);
}

static void
a_chassis_is_a_gateway_on_demand_only(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "dragonflow-gateway", "true");
    assert_true(f->settings.gateway);
    parse_bad(f, "dragonflow-gateway", "yes", "neither \"true\" nor \"false\"");
    parse_bad(f, "dragonflow-gateway", "", "neither");
    parse_bad(f, "dragonflow-gateway", "True", "neither");
    assert_true(f->settings.gateway);
    parse_good(f, "dragonflow-gateway", "false");
    assert_false(f->settings.gateway);
    parse_good(f, "dragonflow-gateway", "true");
    parse_good(f, "dragonflow-gateway", NULL);
    assert_false(f->settings.gateway);
}

static void
metrics_are_served_on_an_address_or_the_one_socket(void **state)
{
    struct fixture *f = *state;
    const char *key = "dragonflow-metrics";

    assert_null(f->settings.metrics);
    parse_good(f, key, "127.0.0.1:9476");
    assert_string_equal(f->settings.metrics, "ptcp:9476:127.0.0.1");
    parse_good(f, key, "[::1]:9476");
    assert_string_equal(f->settings.metrics, "ptcp:9476:[::1]");
    parse_good(f, key, "unix");
    assert_string_equal(f->settings.metrics, "punix:df-controller.metrics");
    parse_bad(f, key, "", "neither");
    parse_bad(f, key, "9476", "neither");
    parse_bad(f, key, "unix:/etc/passwd", "neither");
    parse_bad(f, key, "127.0.0.1:0", "neither");
    parse_bad(f, key, "127.0.0.1:65536", "neither");
    parse_bad(f, key, "127.0.0.1:-1", "neither");
    parse_bad(f, key, ":9476", "neither an IPv4");
    parse_bad(f, key, "[]:9476", "neither an IPv4");
    parse_bad(f, key, "::1:9476", "neither an IPv4");
    parse_bad(f, key, "[127.0.0.1]:9476", "neither an IPv4");
    parse_bad(f, key, "localhost:9476", "neither an IPv4");
    assert_string_equal(f->settings.metrics, "punix:df-controller.metrics");
}

static void
a_probe_interval_is_a_number_of_milliseconds(void **state)
{
    struct fixture *f = *state;
    const char *key = "dragonflow-remote-probe-interval";

    parse_good(f, key, "0");
    assert_int_equal(f->settings.probe_interval, 0);
    parse_good(f, key, "1000");
    assert_int_equal(f->settings.probe_interval, 1000);
    parse_bad(f, key, "999", "from 1000 to 86400000");
    parse_bad(f, key, "86400001", "from 1000 to 86400000");
    parse_bad(f, key, "-1", "neither 0 nor");
    parse_bad(f, key, "", "neither 0 nor");
    parse_bad(f, key, "5s", "neither 0 nor");
}

static void
relays_are_written_like_servers(void **state)
{
    struct fixture *f = *state;

    parse_good(f, "dragonflow-relays", "tcp:192.0.2.1:6642");
    parse_bad(f, "dragonflow-relays", "192.0.2.1", "is none of unix:PATH");
    parse_bad(f, "dragonflow-relays", "", "names no connection method");
    assert_string_equal(f->settings.relays, "tcp:192.0.2.1:6642");
    parse_good(f, "", NULL);
    assert_null(f->settings.relays);
}

static void
a_problem_is_one_line(void **state)
{
    struct fixture *f = *state;

    parse(f, "dragonflow-l2", "ml2\n2026-01-01|EMER|forged");
    assert_int_equal(f->problems.n, 1);
    assert_null(strpbrk(f->problems.names[0], "\n\r\t"));
}

int
main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_configuration_has_the_documented_defaults),
        TEST(every_key_is_read),
        TEST(a_key_that_goes_gets_its_default_again),
        TEST(a_wrong_value_leaves_the_last_good_one_and_the_other_keys),
        TEST(a_chassis_name_is_one_word),
        TEST(remotes_are_lists_of_connection_methods),
        TEST(bridge_names_are_names_that_open_vswitch_takes),
        TEST(datapath_and_l2_know_two_values_each),
        TEST(encapsulations_are_a_list_of_overlay_types),
        TEST(a_tunnel_address_is_a_unicast_ip_address),
        TEST(a_chassis_has_a_tunnel_address_of_each_family),
        TEST(bridge_mappings_are_pairs_without_duplicates),
        TEST(a_timeout_is_a_number_of_seconds),
        TEST(the_whole_database_is_read_on_demand_only),
        TEST(bfd_is_fast_slow_or_off),
        TEST(a_gateway_is_drained_on_demand_only),
        TEST(a_chassis_is_a_gateway_on_demand_only),
        TEST(a_probe_interval_is_a_number_of_milliseconds),
        TEST(metrics_are_served_on_an_address_or_the_one_socket),
        TEST(relays_are_written_like_servers),
        TEST(a_problem_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
