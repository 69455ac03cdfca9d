/* SPDX-License-Identifier: Apache-2.0 */

/* Which routes are taken beside Neutron's stock agent, and which are left to the
 * legacy router: those to which any way is unknown here. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow/engine.h"
#include "model.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-actions.h"
#include "pipeline/pipeline.h"

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
        struct router_port_config rp = make_router_port(i, 0, i, make_ip(10, 0, i, 1), 24);
        uuid = make_uuid(U_ROUTER_PORT, i);
        topology_set_router_port(t, &uuid, &rp);
    }

    struct port_config p = make_port(0, 0, make_ip(10, 0, 0, 11));
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
        assert_null(static_route_parse(text, &c.routes[c.n_routes++]));
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
    ovs_be32 ip, mask;

    assert_null(ip_parse_masked(prefix, &ip, &mask));
    HMAP_FOR_EACH (slot, node, &flows->slots) {
        struct match match;
        uint64_t cookie;
        const struct actions *actions = flow_slot_desired(slot, &cookie);

        minimatch_expand(&slot->match, &match);
        if (!actions || slot->table != stage_route.table || slot->priority < 100
            || slot->priority > 132 || match.flow.nw_dst != ip || match.wc.masks.nw_dst != mask) {
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

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_with_an_unknown_next_hop_keeps_shorter_prefixes_from_deciding),
        cmocka_unit_test(equal_cost_routes_are_taken_as_a_whole_or_not_at_all),
        cmocka_unit_test(a_prefix_on_an_unknown_network_is_refused),
        cmocka_unit_test(a_static_route_to_a_connected_prefix_is_left_to_the_legacy_router),
        cmocka_unit_test(the_default_route_is_left_to_the_legacy_router),
        cmocka_unit_test(a_disabled_router_has_no_routes),
        cmocka_unit_test(in_native_mode_a_route_with_an_unknown_next_hop_is_not_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
