/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/nat-errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dp-packet.h"
#include "frames.h"
#include "nb/ip.h"

/* A floating IP, 203.0.113.5 of 10.0.1.5, in the form that a packet crosses it. */
static const struct nat_errors_translation inward = {
    .from = {.s6_addr = {[10] = 0xff, 0xff, 203, 0, 113, 5}},
    .to = {.s6_addr = {[10] = 0xff, 0xff, 10, 0, 1, 5}},
};
static const struct nat_errors_translation outward = {
    .from = {.s6_addr = {[10] = 0xff, 0xff, 10, 0, 1, 5}},
    .to = {.s6_addr = {[10] = 0xff, 0xff, 203, 0, 113, 5}},
    .mac = {.ea = {0x0a, 0xff, 0, 0, 0, 1}},
};

enum {
    ICMP_OFS = L4_OFS,
    QUOTE_OFS = ICMP_OFS + ICMP_HEADER_LEN,
    QUOTED_L4_OFS = QUOTE_OFS + IP_HEADER_LEN,
};

static void
fix_icmp_csum(struct frame *f)
{
    size_t len = (f->data[IP_TOT_LEN_OFS] << 8 | f->data[IP_TOT_LEN_OFS + 1]) - IP_HEADER_LEN;
    ovs_be16 sum;

    frame_put16(f, ICMP_OFS + 2, 0);
    sum = csum(f->data + ICMP_OFS, len);
    memcpy(f->data + ICMP_OFS + 2, &sum, sizeof sum);
}

/* An error of 'type' and 'code' from 192.0.2.9 to 203.0.113.5 about the datagram in the frame
 * 'hex', whose source that is, of which 'quoted' bytes are quoted. */
static struct frame
error_about(const char *hex, uint8_t type, size_t quoted)
{
    struct frame offender = frame_with32(hex, IP_SRC_OFS, 0xcb007105);
    struct frame f = frame_from_hex(ECHO_HEX);

    frame_put32(&f, IP_SRC_OFS, 0xc0000209);
    frame_put32(&f, IP_DST_OFS, 0xcb007105);
    frame_put32(&f, ICMP_OFS + 4, 0);
    frame_put8(&f, ICMP_OFS, type);
    frame_put8(&f, ICMP_OFS + 1, 1);
    memcpy(f.data + QUOTE_OFS, offender.data + IP_OFS, quoted);
    frame_set_total_len(&f, IP_HEADER_LEN + ICMP_HEADER_LEN + quoted);
    fix_icmp_csum(&f);
    return f;
}

static uint32_t
read32(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void
assert_no_translation(const struct frame *f)
{
    assert_null(nat_error_translate(f->data, f->len, false, &inward));
}

/* Both headers of what comes in have the inner address, and all checksums are right. */
static void
assert_translated(const struct frame *f, size_t quoted)
{
    struct dp_packet *b = nat_error_translate(f->data, f->len, false, &inward);
    const uint8_t *p;

    assert_non_null(b);
    assert_int_equal(dp_packet_size(b), f->len);
    p = dp_packet_data(b);
    assert_int_equal(read32(p + IP_DST_OFS), 0x0a000105);
    assert_int_equal(read32(p + IP_SRC_OFS), 0xc0000209);
    assert_int_equal(csum(p + IP_OFS, IP_HEADER_LEN), 0);
    assert_int_equal(csum(p + ICMP_OFS, ICMP_HEADER_LEN + quoted), 0);
    assert_int_equal(read32(p + QUOTE_OFS + 12), 0x0a000105);
    assert_int_equal(csum(p + QUOTE_OFS, IP_HEADER_LEN), 0);
    dp_packet_delete(b);
}

static void
an_error_is_translated_with_what_it_quotes(void **state OVS_UNUSED)
{
    static const uint8_t types[] = {3, 4, 11, 12};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct frame f = error_about(UDP_HEX, types[i], 33);
        assert_translated(&f, 33);
        f = error_about(TCP_SYN_HEX, types[i], 28);
        assert_translated(&f, 28);
        f = error_about(TCP_SYN_HEX, types[i], 44);
        assert_translated(&f, 44);
        f = error_about(ECHO_HEX, types[i], 28);
        assert_translated(&f, 28);
    }
}

/* UDP_HEX and TCP_SYN_HEX are from 10.0.1.5: with that address back, so must their checksums be. */
static void
a_quoted_transport_checksum_follows(void **state OVS_UNUSED)
{
    static const struct {
        const char *hex;
        size_t len, csum_ofs;
    } offenders[] = {{UDP_HEX, 33, 6}, {TCP_SYN_HEX, 44, 16}};

    for (size_t i = 0; i < ARRAY_SIZE(offenders); i++) {
        struct frame original = frame_from_hex(offenders[i].hex);
        struct frame f = error_about(offenders[i].hex, 3, offenders[i].len);
        size_t ofs = QUOTED_L4_OFS + offenders[i].csum_ofs;
        ovs_be16 sum;

        /* What it was with the external address. */
        memcpy(&sum, original.data + L4_OFS + offenders[i].csum_ofs, sizeof sum);
        sum = recalc_csum32(sum, htonl(0x0a000105), htonl(0xcb007105));
        memcpy(f.data + ofs, &sum, sizeof sum);
        fix_icmp_csum(&f);

        struct dp_packet *b = nat_error_translate(f.data, f.len, false, &inward);
        assert_non_null(b);
        assert_memory_equal((uint8_t *) dp_packet_data(b) + QUOTED_L4_OFS, original.data + L4_OFS,
                            offenders[i].len - IP_HEADER_LEN);
        dp_packet_delete(b);
    }
}

static void
no_checksum_of_udp_stays_none(void **state OVS_UNUSED)
{
    struct frame f = error_about(UDP_HEX, 3, 33);

    frame_put16(&f, QUOTED_L4_OFS + 6, 0);
    fix_icmp_csum(&f);
    struct dp_packet *b = nat_error_translate(f.data, f.len, false, &inward);
    const uint8_t *p = dp_packet_data(b);
    assert_int_equal(p[QUOTED_L4_OFS + 6] << 8 | p[QUOTED_L4_OFS + 7], 0);
    dp_packet_delete(b);
}

static void
a_quoted_later_fragment_has_no_checksum(void **state OVS_UNUSED)
{
    struct frame f = error_about(UDP_HEX, 11, 33);

    frame_put16(&f, QUOTE_OFS + 6, 7);
    fix_icmp_csum(&f);
    struct dp_packet *b = nat_error_translate(f.data, f.len, false, &inward);
    assert_memory_equal((uint8_t *) dp_packet_data(b) + QUOTED_L4_OFS, f.data + QUOTED_L4_OFS, 13);
    dp_packet_delete(b);
}

static void
what_leaves_has_the_external_address_and_its_mac(void **state OVS_UNUSED)
{
    struct frame f = error_about(UDP_HEX, 3, 33);

    frame_put32(&f, IP_SRC_OFS, 0x0a000105);
    frame_put32(&f, IP_DST_OFS, 0xc0000209);
    frame_fix_csum(&f);
    frame_put32(&f, QUOTE_OFS + 12, 0xc0000209);
    frame_put32(&f, QUOTE_OFS + 16, 0x0a000105);
    fix_icmp_csum(&f);

    struct dp_packet *b = nat_error_translate(f.data, f.len, true, &outward);
    assert_non_null(b);
    const uint8_t *p = dp_packet_data(b);
    assert_int_equal(read32(p + IP_SRC_OFS), 0xcb007105);
    assert_int_equal(read32(p + QUOTE_OFS + 16), 0xcb007105);
    assert_memory_equal(p + ETH_ADDR_LEN, &outward.mac, sizeof outward.mac);
    assert_int_equal(csum(p + IP_OFS, IP_HEADER_LEN), 0);
    assert_int_equal(csum(p + ICMP_OFS, ICMP_HEADER_LEN + 33), 0);
    dp_packet_delete(b);
}

static void
what_is_no_such_error_is_not_translated(void **state OVS_UNUSED)
{
    struct frame f = error_about(UDP_HEX, 5, 33); /* A redirect. */
    assert_no_translation(&f);
    f = error_about(UDP_HEX, 8, 33);
    assert_no_translation(&f);
    f = error_about(UDP_HEX, 3, IP_HEADER_LEN - 1);
    assert_no_translation(&f);

    f = error_about(UDP_HEX, 3, 33); /* About somebody else's packet. */
    frame_put32(&f, QUOTE_OFS + 12, 0xcb007106);
    fix_icmp_csum(&f);
    assert_no_translation(&f);
    f = error_about(UDP_HEX, 3, 33); /* A header that is longer than what is quoted. */
    frame_put8(&f, QUOTE_OFS, 0x4f);
    fix_icmp_csum(&f);
    assert_no_translation(&f);
    f = error_about(UDP_HEX, 3, 33); /* One that is too short. */
    frame_put8(&f, QUOTE_OFS, 0x44);
    fix_icmp_csum(&f);
    assert_no_translation(&f);
    f = error_about(UDP_HEX, 3, 33); /* IPv6. */
    frame_put8(&f, QUOTE_OFS, 0x65);
    fix_icmp_csum(&f);
    assert_no_translation(&f);
    f = error_about(UDP_HEX, 3, 33); /* A wrong checksum. */
    frame_put8(&f, ICMP_OFS + 1, 2);
    assert_no_translation(&f);
    f = error_about(UDP_HEX, 3, 33); /* To another address. */
    frame_put32(&f, IP_DST_OFS, 0xcb007106);
    frame_fix_csum(&f);
    assert_no_translation(&f);
    f = error_about(UDP_HEX, 3, 33); /* A fragment. */
    frame_put16(&f, IP_FRAG_OFS, IP_MORE_FRAGMENTS);
    frame_fix_csum(&f);
    assert_no_translation(&f);
    f = frame_from_hex(ECHO6_HEX);
    assert_no_translation(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_translated_with_what_it_quotes),
        cmocka_unit_test(a_quoted_transport_checksum_follows),
        cmocka_unit_test(no_checksum_of_udp_stays_none),
        cmocka_unit_test(a_quoted_later_fragment_has_no_checksum),
        cmocka_unit_test(what_leaves_has_the_external_address_and_its_mac),
        cmocka_unit_test(what_is_no_such_error_is_not_translated),
    };

    return cmocka_run_group_tests_name("nat-errors", tests, NULL, NULL);
}
