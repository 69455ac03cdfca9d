/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/icmp6.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "answers.h"

/* The router's address towards fd00:1::5. */
static const struct in6_addr router = {.s6_addr = {0xfd, 0, 0, 1, [15] = 1}};

/* Ethernet and IPv6 headers of an error about a datagram of 53 bytes, and that datagram; both
 * written by scapy, as the errors' headers are. */
#define ERROR_HEX                                                                                  \
    "00000000000000000000000086dd6c000000003d3afffd000001000000000000"                             \
    "000000000001fd000001000000000000000000000005"
#define QUOTE_HEX                                                                                  \
    "60000000000d1101fd000001000000000000000000000005fd00000200000000"                             \
    "00000000000000070fa00035000da6067175657279"

static void
assert_error(enum icmp_error error, const char *icmp_header_hex)
{
    struct frame f = frame_from_hex(UDP6_HEX);
    char *expected = xasprintf(ERROR_HEX "%s" QUOTE_HEX, icmp_header_hex);

    assert_packet(frame_compose_error(&f, error, &router, 1400), expected);
    free(expected);
}

static void
each_error_has_its_type_code_and_data(void **state OVS_UNUSED)
{
    assert_error(ICMP_ERROR_NET_UNREACHABLE, "0100938e00000000");
    assert_error(ICMP_ERROR_HOST_UNREACHABLE, "0103938b00000000");
    assert_error(ICMP_ERROR_PORT_UNREACHABLE, "0104938a00000000");
    assert_error(ICMP_ERROR_TOO_BIG, "02008d1600000578");
    assert_error(ICMP_ERROR_TTL_EXCEEDED, "0300918e00000000");
    assert_error(ICMP_ERROR_PROTO_UNREACHABLE, "0401908700000006");
}

/* The type, code and data of the error about the frame. */
static void
assert_header(const struct frame *f, enum icmp_error error, uint16_t mtu, uint8_t type,
              uint8_t code, uint32_t data)
{
    struct dp_packet *p = frame_compose_error(f, error, &router, mtu);
    const struct icmp6_data_header *icmp;

    assert_non_null(p);
    icmp = dp_packet_at_assert(p, L4_IP6_OFS, sizeof *icmp);
    assert_int_equal(icmp->icmp6_base.icmp6_type, type);
    assert_int_equal(icmp->icmp6_base.icmp6_code, code);
    assert_int_equal(ntohl(get_16aligned_be32(&icmp->icmp6_data.be32[0])), data);
    dp_packet_delete(p);
}

/* RFC 4443 3.1, code 2. */
static void
a_link_local_source_without_route_is_beyond_its_scope(void **state OVS_UNUSED)
{
    struct frame f = frame_with_ip6(UDP6_HEX, IP6_SRC_OFS, "fe80::5");

    assert_header(&f, ICMP_ERROR_NET_UNREACHABLE, 0, 1, 2, 0);
}

/* RFC 8201 section 4. */
static void
no_mtu_below_1280_is_told(void **state OVS_UNUSED)
{
    static const uint16_t mtus[] = {0, 68, 1279, 1280};
    struct frame f = frame_from_hex(UDP6_HEX);

    for (size_t i = 0; i < ARRAY_SIZE(mtus); i++) {
        assert_header(&f, ICMP_ERROR_TOO_BIG, mtus[i], 2, 0, 1280);
    }
    assert_header(&f, ICMP_ERROR_TOO_BIG, 1281, 2, 0, 1281);
    assert_header(&f, ICMP_ERROR_TOO_BIG, 65535, 2, 0, 65535);
}

/* RFC 4443 3.4: the pointer is where the next header field stands. */
static void
an_unknown_next_header_is_pointed_at(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(PROTO6_HEX);
    assert_header(&f, ICMP_ERROR_PROTO_UNREACHABLE, 0, 4, 1, 6);

    /* In the fragment header, behind hop-by-hop and destination options and a routing header. */
    f = frame_with_byte(UDP6_EXTENSIONS_HEX, IP_OFS + 88, 253);
    assert_header(&f, ICMP_ERROR_PROTO_UNREACHABLE, 0, 4, 1, 88);
}

/* The datagram of an error about a datagram of 'len' bytes has this length. */
static size_t
error_datagram_len(uint16_t len)
{
    struct frame f = frame_from_hex(UDP6_HEX);
    f.len = IP_OFS + len;
    frame_put16(&f, IP6_PLEN_OFS, len - IPV6_HEADER_LEN);

    struct dp_packet *p = frame_compose_error(&f, ICMP_ERROR_TTL_EXCEEDED, &router, 0);
    struct datagram d;
    assert_non_null(p);
    assert_true(datagram_parse(dp_packet_data(p), dp_packet_size(p), &d));
    assert_int_equal(dp_packet_size(p), IP_OFS + d.len);
    assert_int_equal(datagram_csum(&d.src, &d.dst, IPPROTO_ICMPV6, d.payload, d.payload_len), 0);
    assert_memory_equal(d.payload + ICMP6_DATA_HEADER_LEN, f.data + IP_OFS,
                        d.payload_len - ICMP6_DATA_HEADER_LEN);
    dp_packet_delete(p);
    return d.len;
}

/* RFC 4443 2.4 (c). */
static void
a_quote_makes_a_datagram_of_at_most_1280_bytes(void **state OVS_UNUSED)
{
    assert_int_equal(error_datagram_len(1500), 1280);
    assert_int_equal(error_datagram_len(1233), 1280);
    assert_int_equal(error_datagram_len(1232), 1280);
    assert_int_equal(error_datagram_len(1231), 1279);
}

static bool
allowed(const struct frame *f)
{
    return frame_error_allowed(f, ICMP_ERROR_NET_UNREACHABLE, &router);
}

/* RFC 4443 2.4 (e.1), (e.2). */
static void
no_error_about_an_error_or_a_redirect(void **state OVS_UNUSED)
{
    for (int type = 0; type < 256; type++) {
        struct frame f = frame_with_byte(ECHO6_HEX, L4_IP6_OFS, type);
        bool is_error = type < 128 || type == 137;

        assert_int_equal(allowed(&f), !is_error);
        assert_int_equal(frame_error_allowed(&f, ICMP_ERROR_TOO_BIG, &router), !is_error);

        /* Behind an extension header. */
        f = frame_with_byte(ECHO6_HBH_HEX, L4_IP6_OFS + 8, type);
        assert_int_equal(allowed(&f), !is_error);
    }
}

static void
no_error_about_a_message_without_type(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(ECHO6_HEX);

    frame_put16(&f, IP6_PLEN_OFS, 1);
    assert_true(allowed(&f));
    frame_put16(&f, IP6_PLEN_OFS, 0);
    assert_false(allowed(&f));
}

/* What the first bytes of a later fragment are, nobody knows. */
static void
errors_about_later_fragments_are_allowed_but_of_icmpv6(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(UDP6_LATER_HEX);
    assert_true(allowed(&f));
    f = frame_from_hex(ICMP6_LATER_HEX);
    assert_false(allowed(&f));
}

/* RFC 4443 2.4 (e.3). */
static void
no_error_but_too_big_about_a_multicast(void **state OVS_UNUSED)
{
    struct frame f = frame_with_ip6(UDP6_HEX, IP6_DST_OFS, "ff0e::1");

    for (enum icmp_error e = 0; e <= ICMP_ERROR_TTL_EXCEEDED; e++) {
        assert_int_equal(frame_error_allowed(&f, e, &router), e == ICMP_ERROR_TOO_BIG);
    }
}

/* RFC 4443 2.4 (e.4), (e.5). */
static void
no_error_but_too_big_about_a_link_layer_multicast(void **state OVS_UNUSED)
{
    static const char *const group[] = {"ffffffffffff", "01005e000001", "333300000001"};

    for (size_t i = 0; i < ARRAY_SIZE(group); i++) {
        struct frame f = frame_from_hex(UDP6_HEX);
        struct frame dst = frame_from_hex(group[i]);

        memcpy(f.data + ETH_DST_OFS, dst.data, ETH_ADDR_LEN);
        for (enum icmp_error e = 0; e <= ICMP_ERROR_TTL_EXCEEDED; e++) {
            assert_int_equal(frame_error_allowed(&f, e, &router), e == ICMP_ERROR_TOO_BIG);
        }
    }
}

/* RFC 4443 2.4 (e.6). */
static void
no_error_to_a_source_that_is_not_a_single_host(void **state OVS_UNUSED)
{
    static const char *const bad[] = {"::", "::1", "ff02::1", "ff0e::5"};
    static const char *const good[] = {"::2", "fe80::1", "fd00::1", "2001:db8::1"};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct frame f = frame_with_ip6(UDP6_HEX, IP6_SRC_OFS, bad[i]);
        assert_false(allowed(&f));
        assert_false(frame_error_allowed(&f, ICMP_ERROR_TOO_BIG, &router));
    }
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct frame f = frame_with_ip6(UDP6_HEX, IP6_SRC_OFS, good[i]);
        assert_true(allowed(&f));
    }
}

static void
extension_headers_are_walked(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(UDP6_EXTENSIONS_HEX);
    struct datagram d;

    assert_true(datagram_parse(f.data, f.len, &d));
    assert_false(datagram_is_ipv4(&d));
    assert_int_equal(d.protocol, IPPROTO_UDP);
    assert_int_equal(d.protocol_ofs, 88);
    assert_int_equal(d.len, 40 + 67);
    assert_int_equal(d.payload_len, 11);
    assert_int_equal(d.payload - d.data, 96);
    assert_true(d.is_fragment);
    assert_false(d.is_later_fragment);

    f = frame_from_hex(UDP6_LATER_HEX);
    assert_true(datagram_parse(f.data, f.len, &d));
    assert_int_equal(d.protocol, IPPROTO_UDP);
    assert_true(d.is_fragment && d.is_later_fragment);

    f = frame_from_hex(ECHO6_ATOMIC_HEX);
    assert_true(datagram_parse(f.data, f.len, &d));
    assert_int_equal(d.protocol, IPPROTO_ICMPV6);
    assert_false(d.is_fragment || d.is_later_fragment);
}

static void
what_is_not_whole_is_no_datagram(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(UDP6_HEX);
    f.len--; /* Truncated. */
    assert_false(frame_is_datagram(&f));
    f = frame_with_byte(UDP6_HEX, IP_OFS, 0x40); /* IPv4's version. */
    assert_false(frame_is_datagram(&f));

    /* Each header cut off behind its last byte but one. */
    static const uint8_t ends[] = {8, 24, 48, 56};
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        f = frame_from_hex(UDP6_EXTENSIONS_HEX);
        frame_put16(&f, IP6_PLEN_OFS, ends[i] - 1);
        assert_false(frame_is_datagram(&f));
    }
    frame_put16(&f, IP6_PLEN_OFS, 56);
    assert_true(frame_is_datagram(&f));

    /* A header that says that it is longer than the datagram. */
    f = frame_with_byte(UDP6_EXTENSIONS_HEX, L4_IP6_OFS + 1, 255);
    assert_false(frame_is_datagram(&f));
}

/* RFC 4291 2.5.5.2: they are not on the wire, and would be taken for IPv4. */
static void
an_ipv4_mapped_address_is_in_no_datagram(void **state OVS_UNUSED)
{
    struct frame f = frame_with_ip6(UDP6_HEX, IP6_SRC_OFS, "::ffff:10.0.1.5");
    assert_false(frame_is_datagram(&f));
    f = frame_with_ip6(UDP6_HEX, IP6_DST_OFS, "::ffff:10.0.1.5");
    assert_false(frame_is_datagram(&f));
}

static void
an_echo_request_is_answered_with_its_own_data(void **state OVS_UNUSED)
{
    static const char *const requests[] = {ECHO6_HEX, ECHO6_ATOMIC_HEX, ECHO6_HBH_HEX};

    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        struct frame f = frame_from_hex(requests[i]);

        assert_packet(frame_compose_echo_reply(&f),
                      "00000000000000000000000086dd6100000000113afffd000001000000000000"
                      "000000000001fd0000010000000000000000000000058100040ebeef00037069"
                      "6e672064617461");
    }
}

static void
assert_no_echo_reply(const struct frame *f)
{
    assert_null(frame_compose_echo_reply(f));
}

static void
no_echo_reply_to_anything_but_a_complete_request(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(ECHO6_HEX); /* Wrong checksum. */
    f.data[f.len - 1] ^= 1;
    assert_no_echo_reply(&f);

    f = frame_from_hex(UDP6_HEX);
    assert_no_echo_reply(&f);
    f = frame_from_hex(ICMP6_LATER_HEX);
    assert_no_echo_reply(&f);
    /* A first fragment. */
    f = frame_with_byte(ECHO6_ATOMIC_HEX, L4_IP6_OFS + 3, 1);
    assert_no_echo_reply(&f);

    /* A reply, with a correct checksum. */
    f = frame_from_hex(ECHO6_HEX);
    frame_put8(&f, L4_IP6_OFS, 129);
    frame_put16(&f, L4_IP6_OFS + 2, 0x040e);
    assert_no_echo_reply(&f);

    /* To a group: its checksum is for that. */
    f = frame_with_ip6(ECHO6_HEX, IP6_DST_OFS, "ff02::1");
    frame_put16(&f, L4_IP6_OFS + 2, 0);
    struct in6_addr src, dst;
    memcpy(&src, f.data + IP6_SRC_OFS, sizeof src);
    memcpy(&dst, f.data + IP6_DST_OFS, sizeof dst);
    ovs_be16 sum = datagram_csum(&src, &dst, IPPROTO_ICMPV6, f.data + L4_IP6_OFS, 17);
    memcpy(f.data + L4_IP6_OFS + 2, &sum, sizeof sum);
    assert_no_echo_reply(&f);
}

static void
every_truncation_and_alignment_is_survived(void **state OVS_UNUSED)
{
    static const char *const frames[] = {
        UDP6_HEX,  UDP6_EXTENSIONS_HEX, UDP6_LATER_HEX, ICMP6_LATER_HEX, TCP6_SYN_HEX, TCP6_RST_HEX,
        ECHO6_HEX, ECHO6_ATOMIC_HEX,    ECHO6_HBH_HEX,  PROTO6_HEX,      DAD_HEX,
    };

    try_each_truncation_and_alignment(frames, ARRAY_SIZE(frames), &router);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_type_code_and_data),
        cmocka_unit_test(a_link_local_source_without_route_is_beyond_its_scope),
        cmocka_unit_test(no_mtu_below_1280_is_told),
        cmocka_unit_test(an_unknown_next_header_is_pointed_at),
        cmocka_unit_test(a_quote_makes_a_datagram_of_at_most_1280_bytes),
        cmocka_unit_test(no_error_about_an_error_or_a_redirect),
        cmocka_unit_test(no_error_about_a_message_without_type),
        cmocka_unit_test(errors_about_later_fragments_are_allowed_but_of_icmpv6),
        cmocka_unit_test(no_error_but_too_big_about_a_multicast),
        cmocka_unit_test(no_error_but_too_big_about_a_link_layer_multicast),
        cmocka_unit_test(no_error_to_a_source_that_is_not_a_single_host),
        cmocka_unit_test(extension_headers_are_walked),
        cmocka_unit_test(what_is_not_whole_is_no_datagram),
        cmocka_unit_test(an_ipv4_mapped_address_is_in_no_datagram),
        cmocka_unit_test(an_echo_request_is_answered_with_its_own_data),
        cmocka_unit_test(no_echo_reply_to_anything_but_a_complete_request),
        cmocka_unit_test(every_truncation_and_alignment_is_survived),
    };

    return cmocka_run_group_tests_name("icmp6", tests, NULL, NULL);
}
