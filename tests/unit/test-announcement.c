/* SPDX-License-Identifier: Apache-2.0 */

/* Announcements, byte for byte as scapy writes them. */

#include <config.h>

#include "service/announcement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dp-packet.h"
#include "frames.h"
#include "nb/ip.h"

static void
assert_announcement(const char *address, bool router, const char *hex)
{
    const struct eth_addr mac = ETH_ADDR_C(fa, 16, 3e, 00, 00, 0a);
    struct frame expected = frame_from_hex(hex);
    struct dp_packet packet;
    struct in6_addr ip;

    assert_null(address_parse(address, &ip));
    dp_packet_init(&packet, 0);
    announcement_compose(&packet, &ip, mac, router);
    assert_int_equal(dp_packet_size(&packet), expected.len);
    assert_memory_equal(dp_packet_data(&packet), expected.data, expected.len);
    dp_packet_uninit(&packet);
}

#define ARP_HEX                                                                                    \
    "fffffffffffffa163e00000a08060001080006040001fa163e00000a0a000105"                             \
    "0000000000000a000105"

static void
an_ipv4_address_is_announced_by_a_gratuitous_arp_request(void **state OVS_UNUSED)
{
    assert_announcement("10.0.1.5", false, ARP_HEX);
    assert_announcement("10.0.1.5", true, ARP_HEX);
}

/* Hop limit 255, to all nodes; the flags O, and R of a router's, but not S; an option with the
 * MAC address. */
static void
an_ipv6_address_is_announced_by_an_unsolicited_advertisement(void **state OVS_UNUSED)
{
    assert_announcement("2001:db8::5", false,
                        "333300000001fa163e00000a86dd6000000000203aff20010db8000000000000"
                        "000000000005ff0200000000000000000000000000018800c302200000002001"
                        "0db80000000000000000000000050201fa163e00000a");
    assert_announcement("2001:db8::5", true,
                        "333300000001fa163e00000a86dd6000000000203aff20010db8000000000000"
                        "000000000005ff02000000000000000000000000000188004302a00000002001"
                        "0db80000000000000000000000050201fa163e00000a");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_address_is_announced_by_a_gratuitous_arp_request),
        cmocka_unit_test(an_ipv6_address_is_announced_by_an_unsolicited_advertisement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
