/* SPDX-License-Identifier: Apache-2.0 */

/* Who dfctl trace says has decided, given df-controller's flows. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dfctl/trace-walk.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define STAGES " 20 fdb: where a MAC address is\n"

/* What the last step of 'trace' belongs to. */
static char *
last_owner(const char *flows, const char *trace)
{
    struct trace_map map;
    struct trace_walk walk;
    struct ds out = DS_EMPTY_INITIALIZER;

    trace_map_init(&map, STAGES, flows);
    trace_walk_init(&walk, &map, "br-int", 1, trace, &out);
    char *owner = nullable_xstrdup(walk.last_owner);
    trace_walk_destroy(&walk);
    trace_map_destroy(&map);
    ds_destroy(&out);
    return owner;
}

static void
assert_owner(const char *flows, const char *cookie, const char *expected)
{
    char *trace = xasprintf("bridge(\"br-int\")\n----------------\n"
                            "20. reg0=1, priority 5, cookie %s\n    drop\n",
                            cookie);
    char *owner = last_owner(flows, trace);

    assert_string_equal(owner ? owner : "none", expected);
    free(owner);
    free(trace);
}

static void
a_step_names_the_owner_of_its_flow(void **state OVS_UNUSED)
{
    const char *flows = "cookie=0x1, table=20, priority=5 actions=drop ; owner=fdb(port a (b))\n"
                        "cookie=0x2, table=20, priority=4 actions=drop ; owner=fdb(port c)\n";

    assert_owner(flows, "0x1", "fdb(port a (b))");
    assert_owner(flows, "0x2", "fdb(port c)");
    assert_owner(flows, "0x3", "none");
}

static void
of_several_owners_it_names_the_one_that_has_the_cookie(void **state OVS_UNUSED)
{
    const char *flows = "cookie=0x1, table=20, priority=5 actions=conjunction(1,1/2) ; "
                        "owner=set(address a) + set(address b) + set(address c)\n"
                        "cookie=0x2, table=20, priority=4 actions=drop ; owner=set(address b)\n";

    assert_owner(flows, "0x1", "set(address a)");
    assert_owner(flows, "0x2", "set(address b)");
}

/* Where the copies of a packet go that leave by tunnel, each through the bridge of the underlay. */
static void
each_copy_through_another_bridge_is_an_output(void **state OVS_UNUSED)
{
    const char *trace = "bridge(\"br-int\")\n"
                        "----------------\n"
                        "20. priority 5, cookie 0x1\n"
                        "    set_field:0x7->tun_id\n"
                        "    set_field:fd31::2->tun_ipv6_dst\n"
                        "    output:1\n"
                        "     -> output to native tunnel\n"
                        "    bridge(\"br-phy\")\n"
                        "         0. priority 0\n"
                        "            output:9\n"
                        "            bridge(\"br-other\")\n"
                        "                 0. priority 0\n"
                        "                    output:8\n"
                        "    set_field:::->tun_ipv6_dst\n"
                        "    set_field:172.31.0.1->tun_dst\n"
                        "    output:2\n"
                        "     -> output to native tunnel\n"
                        "bridge(\"br-phy\")\n"
                        "----------------\n"
                        "10. priority 0\n"
                        "    output:9\n"
                        "\n"
                        "Final flow: unchanged\n";
    struct trace_map map;
    struct trace_walk walk;
    struct ds out = DS_EMPTY_INITIALIZER;

    trace_map_init(&map, STAGES, "");
    trace_walk_init(&walk, &map, "br-int", 3, trace, &out);
    assert_int_equal(walk.n_outputs, 2);
    assert_int_equal(walk.outputs[0].ofport, 1);
    assert_string_equal(walk.outputs[0].tun_dst, "fd31::2");
    assert_int_equal(walk.outputs[1].ofport, 2);
    assert_string_equal(walk.outputs[1].tun_dst, "172.31.0.1");
    trace_walk_destroy(&walk);
    trace_map_destroy(&map);
    ds_destroy(&out);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_names_the_owner_of_its_flow),
        cmocka_unit_test(of_several_owners_it_names_the_one_that_has_the_cookie),
        cmocka_unit_test(each_copy_through_another_bridge_is_an_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
