/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/neighbour-message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dp-packet.h"
#include "frames.h"
#include "model.h"

/* The chassis be:94:bb:17:95:22, and the host 02:bb:00:00:00:01 with 10.0.4.254 and fd00:4::fe, as
 * scapy writes them. */
#define CHASSIS ETH_ADDR_C(be, 94, bb, 17, 95, 22)
#define HOST ETH_ADDR_C(02, bb, 00, 00, 00, 01)
#define ARP_REPLY_HEX                                                                              \
    "be94bb17952202bb000000010806000108000604000202bb000000010a0004fe"                             \
    "be94bb17952200000000"
#define ARP_QUESTION_HEX                                                                           \
    "ffffffffffffbe94bb17952208060001080006040001be94bb17952200000000"                             \
    "0000000000000a0004fe"
#define ARP_PROBE_HEX                                                                              \
    "02bb00000001be94bb17952208060001080006040001be94bb17952200000000"                             \
    "02bb000000010a0004fe"
#define NA_HEX                                                                                     \
    "be94bb17952202bb0000000186dd6000000000203afffd000004000000000000"                             \
    "0000000000fefe80000000000000bc94bbfffe17952288000c9260000000fd00"                             \
    "00040000000000000000000000fe020102bb00000001"
#define NA_BARE_HEX                                                                                \
    "be94bb17952202bb0000000186dd6000000000183afffd000004000000000000"                             \
    "0000000000fefe80000000000000bc94bbfffe1795228800315740000000fd00"                             \
    "00040000000000000000000000fe"
#define NA_UNSOLICITED_HEX                                                                         \
    "33330000000102bb0000000186dd6000000000203afffd000004000000000000"                             \
    "0000000000feff020000000000000000000000000001880057de20000000fd00"                             \
    "00040000000000000000000000fe020102bb00000001"
#define NA_WEAK_HEX                                                                                \
    "33330000000102bb0000000186dd6000000000203afffd000004000000000000"                             \
    "0000000000feff020000000000000000000000000001880077de00000000fd00"                             \
    "00040000000000000000000000fe020102bb00000001"
#define NS_QUESTION_HEX                                                                            \
    "3333ff0000febe94bb17952286dd6000000000203afffe80000000000000bc94"                             \
    "bbfffe179522ff0200000000000000000001ff0000fe8700617f00000000fd00"                             \
    "00040000000000000000000000fe0101be94bb179522"
#define NS_PROBE_HEX                                                                               \
    "02bb00000001be94bb17952286dd6000000000203afffe80000000000000bc94"                             \
    "bbfffe179522fd0000040000000000000000000000fe8700627f00000000fd00"                             \
    "00040000000000000000000000fe0101be94bb179522"

enum {
    ARP_OFS = 14,
    ARP_OP_OFS = ARP_OFS + 7,
    ARP_SHA_OFS = ARP_OFS + 8,
    ARP_SPA_OFS = ARP_OFS + 14,
    ND_HOP_LIMIT_OFS = 14 + 7,
    ND_CSUM_OFS = 14 + 40 + 2,
    ND_OPTION_LEN_OFS = 14 + 40 + 24 + 1,
};

static struct in6_addr
host4(void)
{
    return make_ip(10, 0, 4, 254);
}

static struct in6_addr
host6(void)
{
    return (struct in6_addr){.s6_addr = {0xfd, 0, 0, 4, [15] = 0xfe}};
}

static void
assert_parsed(const char *hex, const struct in6_addr *ip, bool is_answer)
{
    struct frame f = frame_from_hex(hex);
    struct eth_addr mac = HOST;
    struct neighbour_message m;

    assert_true(neighbour_message_parse(f.data, f.len, &m));
    assert_memory_equal(&m.ip, ip, sizeof *ip);
    assert_memory_equal(&m.mac, &mac, sizeof mac);
    assert_int_equal(m.is_answer, is_answer);
}

static bool
parses(const struct frame *f)
{
    struct neighbour_message m;

    return neighbour_message_parse(f->data, f->len, &m);
}

static void
what_hosts_say_is_understood(void **state OVS_UNUSED)
{
    struct in6_addr ip4 = host4(), ip6 = host6();

    assert_parsed(ARP_REPLY_HEX, &ip4, true);
    assert_parsed(NA_HEX, &ip6, true);
    assert_parsed(NA_BARE_HEX, &ip6, true);
    assert_parsed(NA_UNSOLICITED_HEX, &ip6, false);
}

static void
a_request_and_a_broadcast_reply_are_no_answers(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(ARP_REPLY_HEX);
    struct neighbour_message m;

    frame_put8(&f, ARP_OP_OFS, 1);
    assert_true(neighbour_message_parse(f.data, f.len, &m));
    assert_false(m.is_answer);
    frame_put8(&f, ARP_OP_OFS, 2);
    memset(f.data, 0xff, ETH_ADDR_LEN);
    assert_true(neighbour_message_parse(f.data, f.len, &m));
    assert_false(m.is_answer);
}

static void
what_says_nothing_of_one_host_is_not_believed(void **state OVS_UNUSED)
{
    static const struct {
        size_t ofs;
        uint8_t value;
    } faults[] = {
        {ARP_OFS + 1, 6},   {ARP_OFS + 2, 0x86}, {ARP_OFS + 4, 8},   {ARP_OFS + 5, 16},
        {ARP_OP_OFS, 0},    {ARP_OP_OFS, 3},     {ARP_SHA_OFS, 3},   {ARP_SPA_OFS, 0},
        {ARP_SPA_OFS, 127}, {ARP_SPA_OFS, 224},  {ARP_SPA_OFS, 255},
    };
    struct frame f;

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        f = frame_from_hex(ARP_REPLY_HEX);
        frame_put8(&f, faults[i].ofs, faults[i].value);
        assert_false(parses(&f));
    }
    f = frame_from_hex(ARP_REPLY_HEX);
    memset(&f.data[ARP_SHA_OFS], 0, ETH_ADDR_LEN);
    assert_false(parses(&f));
    f = frame_from_hex(ARP_QUESTION_HEX); /* From 0.0.0.0. */
    assert_false(parses(&f));
}

static void
advertisements_that_are_not_valid_are_not_believed(void **state OVS_UNUSED)
{
    static const size_t ofs[] = {ND_HOP_LIMIT_OFS, ND_CSUM_OFS, ND_OPTION_LEN_OFS};
    struct frame f;

    for (size_t i = 0; i < ARRAY_SIZE(ofs); i++) {
        f = frame_from_hex(NA_HEX);
        f.data[ofs[i]] ^= 0x40;
        assert_false(parses(&f));
    }
    f = frame_from_hex(NA_WEAK_HEX); /* RFC 4861 7.2.5: it overrides nothing. */
    assert_false(parses(&f));
    f = frame_from_hex(NS_PROBE_HEX);
    assert_false(parses(&f));
    f = frame_from_hex(UDP6_HEX);
    assert_false(parses(&f));
}

static void
what_is_cut_off_is_not_believed(void **state OVS_UNUSED)
{
    static const char *const frames[] = {ARP_REPLY_HEX, NA_HEX, NA_BARE_HEX};

    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        struct frame f = frame_from_hex(frames[i]);

        for (size_t len = 0; len < f.len; len++) {
            uint8_t *cut = xmemdup(f.data, len);
            struct neighbour_message m;

            assert_false(neighbour_message_parse(cut, len, &m));
            free(cut);
        }
    }
}

static void
assert_question(const struct in6_addr *ip, struct eth_addr dst, const char *hex)
{
    struct dp_packet *packet = neighbour_question_compose(ip, (struct eth_addr) CHASSIS, dst);
    struct frame expected = frame_from_hex(hex);

    assert_int_equal(dp_packet_size(packet), expected.len);
    assert_memory_equal(dp_packet_data(packet), expected.data, expected.len);
    dp_packet_delete(packet);
}

static void
questions_are_composed(void **state OVS_UNUSED)
{
    struct in6_addr ip4 = host4(), ip6 = host6();
    struct eth_addr host = HOST;

    assert_question(&ip4, eth_addr_zero, ARP_QUESTION_HEX);
    assert_question(&ip4, host, ARP_PROBE_HEX);
    assert_question(&ip6, eth_addr_zero, NS_QUESTION_HEX);
    assert_question(&ip6, host, NS_PROBE_HEX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_hosts_say_is_understood),
        cmocka_unit_test(a_request_and_a_broadcast_reply_are_no_answers),
        cmocka_unit_test(what_says_nothing_of_one_host_is_not_believed),
        cmocka_unit_test(advertisements_that_are_not_valid_are_not_believed),
        cmocka_unit_test(what_is_cut_off_is_not_believed),
        cmocka_unit_test(questions_are_composed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
