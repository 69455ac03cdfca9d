/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/tcp-reset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "answers.h"

static void
a_syn_is_reset(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(TCP_SYN_HEX);

    assert_packet(frame_compose_reset(&f),
                  "00000000000000000000000008004500002800004000ff0665ca0a0001010a000105"
                  "00169c4000000000ffffffff50140000fd740000");
}

static void
a_reset_acknowledges_syn_data_and_fin(void **state OVS_UNUSED)
{
    static const char expected[] =
        "00000000000000000000000008004500002800004000ff0665ca0a0001010a000105"
        "00169c40000000000000000450140000fd700000";
    struct frame f = frame_from_hex(TCP_SYN_FIN_HEX);

    assert_packet(frame_compose_reset(&f), expected);
}

static void
a_segment_with_ack_is_reset_with_what_it_acknowledges(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(TCP_ACK_HEX);

    assert_packet(frame_compose_reset(&f),
                  "00000000000000000000000008004500002800004000ff0665ca0a0001010a000105"
                  "00169c40cafebabe000000005004000077c70000");
}

static void
assert_no_reset(const struct frame *f)
{
    assert_null(frame_compose_reset(f));
}

static void
no_reset_of_what_must_not_be_reset(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(TCP_RST_HEX);
    assert_no_reset(&f);

    f = frame_with16(TCP_SYN_HEX, IP_FRAG_OFS, IP_MORE_FRAGMENTS);
    assert_no_reset(&f);
    f = frame_with16(TCP_SYN_HEX, IP_FRAG_OFS, 1);
    assert_no_reset(&f);
    f = frame_with8(TCP_SYN_HEX, IP_PROTO_OFS, IPPROTO_UDP);
    assert_no_reset(&f);
    f = frame_with32(TCP_SYN_HEX, IP_DST_OFS, 0xe0000001);
    assert_no_reset(&f);
    f = frame_with32(TCP_SYN_HEX, IP_SRC_OFS, 0xffffffff);
    assert_no_reset(&f);

    f = frame_from_hex(TCP_SYN_HEX); /* Sent as Ethernet broadcast. */
    memset(f.data + ETH_DST_OFS, 0xff, ETH_ADDR_LEN);
    assert_no_reset(&f);
    f = frame_from_hex(TCP_SYN_HEX); /* TCP header cut off. */
    f.len = L4_OFS + TCP_HEADER_LEN - 1;
    assert_no_reset(&f);
    f = frame_from_hex(TCP_SYN_HEX); /* TCP header of 16 bytes. */
    frame_put8(&f, L4_OFS + 12, 0x40);
    assert_no_reset(&f);
    f = frame_from_hex(TCP_SYN_HEX); /* TCP header longer than the datagram. */
    frame_put8(&f, L4_OFS + 12, 0x70);
    assert_no_reset(&f);
}

static void
a_segment_of_ipv6_is_reset(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(TCP6_SYN_HEX);

    assert_packet(frame_compose_reset(&f),
                  "00000000000000000000000086dd60000000001406fffd000001000000000000"
                  "000000000001fd00000100000000000000000000000500169c4000000000ffff"
                  "ffff5014000019710000");
}

static void
no_reset_of_what_must_not_be_reset_over_ipv6(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(TCP6_RST_HEX);

    assert_no_reset(&f);
    f = frame_with_byte(TCP6_SYN_HEX, IP6_NXT_OFS, IPPROTO_UDP);
    assert_no_reset(&f);
    f = frame_with_ip6(TCP6_SYN_HEX, IP6_DST_OFS, "ff02::1");
    assert_no_reset(&f);
    f = frame_with_ip6(TCP6_SYN_HEX, IP6_SRC_OFS, "::");
    assert_no_reset(&f);
    f = frame_from_hex(TCP6_SYN_HEX); /* TCP header cut off. */
    frame_put16(&f, IP6_PLEN_OFS, TCP_HEADER_LEN - 1);
    assert_no_reset(&f);
    f = frame_with_byte(TCP6_SYN_HEX, L4_IP6_OFS + 12, 0x70); /* Longer than the datagram. */
    assert_no_reset(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_syn_is_reset),
        cmocka_unit_test(a_reset_acknowledges_syn_data_and_fin),
        cmocka_unit_test(a_segment_with_ack_is_reset_with_what_it_acknowledges),
        cmocka_unit_test(no_reset_of_what_must_not_be_reset),
        cmocka_unit_test(a_segment_of_ipv6_is_reset),
        cmocka_unit_test(no_reset_of_what_must_not_be_reset_over_ipv6),
    };

    return cmocka_run_group_tests_name("tcp-reset", tests, NULL, NULL);
}
