/* SPDX-License-Identifier: Apache-2.0 */
/* Proves which rows of translations become values, which are disabled, and which lose a part, each
 * time with the reason. */
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
#include "nb/model.h"
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

static void
a_translation_needs_type_router_and_addresses(void **state OVS_UNUSED)
{
    static const struct {
        char *type, *external_ip, *logical_ip, *external_mac;
        const char *problem;
        const char *logical; /* As it is written canonically, if there is no problem. */
    } cases[] = {
        {"dnat_and_snat", "203.0.113.5", "10.0.1.5", NULL, NULL, "10.0.1.5/32"},
        {"dnat_and_snat", "203.0.113.5", "10.0.1.5/32", "fa:16:3e:00:00:05", NULL, "10.0.1.5/32"},
        {"snat", "203.0.113.5", "10.0.1.0/24", NULL, NULL, "10.0.1.0/24"},
        {"snat", "203.0.113.5", "10.0.1.5", NULL, NULL, "10.0.1.5/32"},
        {"snat", "203.0.113.5", "0.0.0.0/0", NULL, NULL, "0.0.0.0/0"},
        {"dnat", "203.0.113.5", "10.0.1.5", NULL, "\"dnat\" is none of dnat_and_snat, snat", NULL},
        {"", "203.0.113.5", "10.0.1.5", NULL, "\"\" is none of", NULL},
        {"snat", "203.0.113", "10.0.1.0/24", NULL, "\"203.0.113\" is not an IP address", NULL},
        {"snat", "203.0.113.0/24", "10.0.1.0/24", NULL, "is not an IP address", NULL},
        {"snat", "224.0.0.1", "10.0.1.0/24", NULL, "multicast", NULL},
        {"snat", "2001:db8::5", "10.0.1.0/24", NULL,
         "external address 2001:db8::5 is not an IPv4 address", NULL},
        {"dnat_and_snat", "203.0.113.5", "2001:db8::5", NULL,
         "logical address 2001:db8::5 is not an IPv4 address", NULL},
        {"snat", "203.0.113.5", "10.0.1.5/24", NULL, "10.0.1.5/24", NULL},
        {"snat", "203.0.113.5", "10.0.1", NULL, "10.0.1", NULL},
        {"dnat_and_snat", "203.0.113.5", "10.0.1.0/24", NULL,
         "a dnat_and_snat is for one logical address, not for 10.0.1.0/24", NULL},
        {"dnat_and_snat", "203.0.113.5", "224.0.0.5", NULL,
         "logical address 224.0.0.5 is not the address of a host", NULL},
        {"dnat_and_snat", "203.0.113.5", "10.0.1.5", "fa:16:3e", "is not a MAC address", NULL},
        {"dnat_and_snat", "203.0.113.5", "10.0.1.5", "01:16:3e:00:00:05", "multicast", NULL},
    };
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_router router = {.header_.uuid = {{1, 2, 3, 4}}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct nbrec_nat row = {
            .name = "nat1",
            .router = &router,
            .type = cases[i].type,
            .external_ip = cases[i].external_ip,
            .logical_ip = cases[i].logical_ip,
            .external_mac = cases[i].external_mac,
        };
        struct nat_config c = {.name = "untouched"};

        bool ok = nb_parse_nat(&row, &c, &problems);
        assert_problem(&problems, cases[i].problem);
        assert_int_equal(ok, !cases[i].problem);
        if (ok) {
            char *logical = prefix_format(&c.logical);
            assert_string_equal(logical, cases[i].logical);
            free(logical);
            assert_string_equal(c.name, "nat1");
            assert_true(uuid_equals(&c.router, &router.header_.uuid));
            assert_int_equal(c.type, strcmp(row.type, "snat") ? NAT_DNAT_AND_SNAT : NAT_SNAT);
            assert_int_equal(eth_addr_is_zero(c.external_mac), !cases[i].external_mac);
            nat_config_destroy(&c);
        } else {
            assert_string_equal(c.name, "untouched");
        }
    }

    struct nbrec_nat row = {
        .name = "nat1",
        .type = "snat",
        .external_ip = "203.0.113.5",
        .logical_ip = "10.0.1.0/24",
    };
    struct nat_config c;
    assert_false(nb_parse_nat(&row, &c, &problems));
    assert_problem(&problems, "its router does not exist");
    svec_destroy(&problems);
}

/* It leaves with the MAC address of the router's port, in which others share. */
static void
a_snat_loses_a_mac_address(void **state OVS_UNUSED)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct nbrec_router router = {.header_.uuid = {{1, 2, 3, 4}}};
    struct nbrec_nat row = {
        .name = "nat1",
        .router = &router,
        .type = "snat",
        .external_ip = "203.0.113.5",
        .logical_ip = "10.0.1.0/24",
        .external_mac = "fa:16:3e:00:00:05",
    };
    struct nat_config c;

    assert_true(nb_parse_nat(&row, &c, &problems));
    assert_problem(&problems, "a snat has the MAC address of the router's port");
    assert_true(eth_addr_is_zero(c.external_mac));
    nat_config_destroy(&c);
    svec_destroy(&problems);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_translation_needs_type_router_and_addresses),
        cmocka_unit_test(a_snat_loses_a_mac_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
