/* SPDX-License-Identifier: Apache-2.0 */

/* Which routes are taken beside Neutron's stock agent, and which are left to the
 * legacy router: those to which any way is unknown here.
 *
 * Written in IPv4, and stated for both families. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow/engine.h"
#include "model.h"
#include "nb/ip.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-actions.h"
#include "pipeline/pipeline.h"
#include "pipeline/rules.h"

/* The family that is tested. */
static bool ipv6;

/* Makes an IPv4 address the one of the family that is tested: 2001:db8::10.0.0.1 for
 * 10.0.0.1. */
static void
adapt_address(struct in6_addr *address)
{
    static const uint8_t first[12] = {0x20, 0x01, 0x0d, 0xb8};

    if (ipv6) {
        memcpy(address, first, sizeof first);
    }
}

/* The same for a prefix: 2001:db8::10.0.0.0/120 for 10.0.0.0/24, ::/0 for 0.0.0.0/0. */
static void
adapt_prefix(struct ip_prefix *prefix)
{
    if (ipv6 && !prefix_length(prefix)) {
        *prefix = (struct ip_prefix){.plen = 0};
    }
    if (prefix->plen) {
        adapt_address(&prefix->address);
    }
}

/* Router 0 has 10.0.0.1/24 on network 0, 10.0.1.1/24 on network 1, and 10.0.2.1/24 on
 * network 2, which is not known. */
static struct topology *
make_cloud(const struct pipeline *pipeline)
{
    struct topology *t = pipeline_create_topology(pipeline);
    struct uuid uuid;

    topology_set_self(t, "chassis0");
    set_usual_host(t);
    for (unsigned int i = 0; i < 3; i++) {
        if (i < 2) {
            struct network_config n = make_network(i, NETWORK_VXLAN, 100 + i, 1500);
            uuid = make_uuid(U_NETWORK, i);
            topology_set_network(t, &uuid, &n);
        }
        struct in6_addr ip = make_ip(10, 0, i, 1);
        adapt_address(&ip);
        struct router_port_config rp = make_router_port(i, 0, i, ip, ipv6 ? 120 : 24);
        uuid = make_uuid(U_ROUTER_PORT, i);
        topology_set_router_port(t, &uuid, &rp);
    }

    struct in6_addr ip = make_ip(10, 0, 0, 11);
    adapt_address(&ip);
    struct port_config p = make_port(0, 0, ip);
    uuid = make_uuid(U_PORT, 0);
    topology_set_port(t, &uuid, &p);
    topology_set_vif(t, "port0", u16_to_ofp(1), false);
    return t;
}

/* A string such as "10.7.0.0/16 via 10.0.0.5" for each route, and NULL at the end. */
static void
set_router(struct topology *t, int enabled, ...)
{
    struct router_config c = make_router(0);
    struct uuid uuid = make_uuid(U_ROUTER, 0);
    const char *text;
    va_list args;

    c.enabled = enabled;
    c.routes = xcalloc(8, sizeof *c.routes);
    va_start(args, enabled);
    while ((text = va_arg(args, const char *))) {
        struct static_route *r = &c.routes[c.n_routes++];

        assert_null(static_route_parse(text, r));
        adapt_prefix(&r->prefix);
        adapt_address(&r->nexthop);
    }
    va_end(args);
    topology_set_router(t, &uuid, &c);
    topology_settle(t);
    engine_run(topology_engine(t));
}

/* What the actions of the router's route to a prefix come to. */
static const char *
route(struct topology *t, const char *prefix)
{
    const struct flow_table *flows = engine_flows(topology_engine(t));
    const struct flow_slot *slot;
    const char *result = "none";
    struct match wanted = MATCH_CATCHALL_INITIALIZER;
    struct ip_prefix p;

    assert_null(prefix_parse(prefix, &p));
    adapt_prefix(&p);
    match_dst_prefix(&wanted, &p.address, prefix_length(&p));
    HMAP_FOR_EACH (slot, node, &flows->slots) {
        struct match match;
        uint64_t cookie;
        const struct actions *actions = flow_slot_desired(slot, &cookie);

        minimatch_expand(&slot->match, &match);
        if (!actions || slot->table != stage_route.table
            || slot->priority != 100 + prefix_length(&p)
            || match.flow.dl_type != wanted.flow.dl_type || match.flow.nw_dst != wanted.flow.nw_dst
            || !ipv6_addr_equals(&match.flow.ipv6_dst, &wanted.flow.ipv6_dst)) {
            continue;
        }

        struct ds s = DS_EMPTY_INITIALIZER;
        struct ofpact_format_params fp = {.s = &s};
        char *forward = xasprintf("resubmit(,%u)", stage_pmtu.table);
        ofpacts_format(actions_get(actions), actions->len, &fp);
        result = !strcmp(ds_cstr(&s), "NORMAL")     ? "refused"
                 : strstr(ds_cstr(&s), "multipath") ? "shared out"
                 : strstr(ds_cstr(&s), forward)     ? "forwarded"
                                                    : "something else";
        ds_destroy(&s);
        free(forward);
    }
    return result;
}

static void
a_route_with_an_unknown_next_hop_keeps_shorter_prefixes_from_deciding(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(&pipeline_ml2);

    set_router(t, true, "10.0.1.128/25 via 203.0.113.9", "0.0.0.0/0 via 203.0.113.1",
               "10.7.0.0/16 via 10.0.0.11", "10.8.0.0/16 via 10.0.0.1", NULL);
    assert_string_equal(route(t, "10.0.1.0/24"), "forwarded");
    assert_string_equal(route(t, "10.0.1.128/25"), "refused");
    assert_string_equal(route(t, "0.0.0.0/0"), "refused");
    assert_string_equal(route(t, "10.7.0.0/16"), "forwarded");
    assert_string_equal(route(t, "10.8.0.0/16"), "refused"); /* Its own address. */
    topology_destroy(t);
}

static void
equal_cost_routes_are_taken_as_a_whole_or_not_at_all(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(&pipeline_ml2);

    set_router(t, true, "10.7.0.0/16 via 10.0.0.11", "10.7.0.0/16 via 10.0.1.12", NULL);
    assert_string_equal(route(t, "10.7.0.0/16"), "shared out");
    set_router(t, true, "10.7.0.0/16 via 10.0.0.11", "10.7.0.0/16 via 10.0.1.12",
               "10.7.0.0/16 via 203.0.113.9", NULL);
    assert_string_equal(route(t, "10.7.0.0/16"), "refused");
    set_router(t, true, "10.7.0.0/16 via 10.0.0.11", "10.7.0.0/16 via 10.0.2.12", NULL);
    assert_string_equal(route(t, "10.7.0.0/16"), "refused");
    set_router(t, true, "10.7.0.0/16 via 10.0.0.11", NULL);
    assert_string_equal(route(t, "10.7.0.0/16"), "forwarded");
    topology_destroy(t);
}

static void
a_prefix_on_an_unknown_network_is_refused(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(&pipeline_ml2);

    set_router(t, true, "10.0.0.0/8 via 10.0.0.11", "10.7.0.0/16 via 10.0.2.9", NULL);
    assert_string_equal(route(t, "10.0.0.0/8"), "forwarded");
    assert_string_equal(route(t, "10.0.2.0/24"), "refused");
    assert_string_equal(route(t, "10.7.0.0/16"), "refused");

    struct network_config n = make_network(2, NETWORK_VXLAN, 102, 1500);
    struct uuid uuid = make_uuid(U_NETWORK, 2);
    topology_set_network(t, &uuid, &n);
    topology_settle(t);
    engine_run(topology_engine(t));
    assert_string_equal(route(t, "10.0.2.0/24"), "forwarded");
    assert_string_equal(route(t, "10.7.0.0/16"), "forwarded");
    topology_destroy(t);
}

static void
a_static_route_to_a_connected_prefix_is_left_to_the_legacy_router(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(&pipeline_ml2);

    set_router(t, true, "10.0.1.0/24 via 10.0.0.11", NULL);
    assert_string_equal(route(t, "10.0.1.0/24"), "refused");
    set_router(t, true, NULL);
    assert_string_equal(route(t, "10.0.1.0/24"), "forwarded");
    topology_destroy(t);
}

/* It contains the external subnets and the floating IPs. */
static void
the_default_route_is_left_to_the_legacy_router(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(&pipeline_ml2);

    set_router(t, true, "0.0.0.0/0 via 10.0.0.11", "10.7.0.0/16 via 10.0.0.11", NULL);
    assert_string_equal(route(t, "0.0.0.0/0"), "refused");
    assert_string_equal(route(t, "10.7.0.0/16"), "forwarded");
    topology_destroy(t);
}

static void
a_disabled_router_has_no_routes(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(&pipeline_ml2);

    set_router(t, false, "10.7.0.0/16 via 203.0.113.9", NULL);
    assert_string_equal(route(t, "10.7.0.0/16"), "none");
    assert_string_equal(route(t, "10.0.1.0/24"), "none");
    topology_destroy(t);
}

/* No other router would have the way. */
static void
in_native_mode_a_route_with_an_unknown_next_hop_is_not_in_force(void **state OVS_UNUSED)
{
    struct topology *t = make_cloud(&pipeline_native);

    set_router(t, true, "10.0.1.128/25 via 203.0.113.9", "10.7.0.0/16 via 10.0.0.11",
               "10.7.0.0/16 via 203.0.113.9", "10.0.1.0/24 via 10.0.0.11",
               "0.0.0.0/0 via 10.0.0.11", NULL);
    assert_string_equal(route(t, "0.0.0.0/0"), "forwarded");
    assert_string_equal(route(t, "10.0.1.128/25"), "none");
    assert_string_equal(route(t, "10.7.0.0/16"), "forwarded");
    assert_string_equal(route(t, "10.0.1.0/24"), "forwarded");
    topology_destroy(t);
}

static int
with_ipv4(void **state OVS_UNUSED)
{
    ipv6 = false;
    return 0;
}

static int
with_ipv6(void **state OVS_UNUSED)
{
    ipv6 = true;
    return 0;
}

#define OF_BOTH_FAMILIES(TEST)                                                                     \
    {#TEST " (IPv4)", TEST, with_ipv4, NULL, NULL},                                                \
    {                                                                                              \
#TEST " (IPv6)", TEST, with_ipv6, NULL, NULL                                               \
    }

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        OF_BOTH_FAMILIES(a_route_with_an_unknown_next_hop_keeps_shorter_prefixes_from_deciding),
        OF_BOTH_FAMILIES(equal_cost_routes_are_taken_as_a_whole_or_not_at_all),
        OF_BOTH_FAMILIES(a_prefix_on_an_unknown_network_is_refused),
        OF_BOTH_FAMILIES(a_static_route_to_a_connected_prefix_is_left_to_the_legacy_router),
        OF_BOTH_FAMILIES(the_default_route_is_left_to_the_legacy_router),
        OF_BOTH_FAMILIES(a_disabled_router_has_no_routes),
        OF_BOTH_FAMILIES(in_native_mode_a_route_with_an_unknown_next_hop_is_not_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
