/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/icmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "answers.h"

/* The router's address towards 10.0.1.5. */
static const struct in6_addr router = {.s6_addr = {[10] = 0xff, 0xff, 10, 0, 1, 1}};

/* Ethernet and IPv4 headers of an error about a datagram of 33 bytes. */
#define ERROR_HEX "000000000000000000000000080045c0003d00004000ff0164fa0a0001010a000105"
#define UDP_QUOTE_HEX "45000021123400000111908d0a0001050a0002070fa00035000d890b7175657279"

/* What IPv4 and ICMP headers add to the quoted datagram. */
#define ERROR_OVERHEAD (IP_HEADER_LEN + ICMP_HEADER_LEN)

static void
assert_error(enum icmp_error error, uint16_t mtu, const char *icmp_header_hex)
{
    struct frame f = frame_from_hex(UDP_HEX);
    char *expected = xasprintf(ERROR_HEX "%s" UDP_QUOTE_HEX, icmp_header_hex);

    assert_packet(frame_compose_error(&f, error, &router, mtu), expected);
    free(expected);
}

static void
each_error_has_its_type_and_code(void **state OVS_UNUSED)
{
    assert_error(ICMP_ERROR_NET_UNREACHABLE, 1400, "0300142a00000000");
    assert_error(ICMP_ERROR_HOST_UNREACHABLE, 1400, "0301142900000000");
    assert_error(ICMP_ERROR_PROTO_UNREACHABLE, 1400, "0302142800000000");
    assert_error(ICMP_ERROR_PORT_UNREACHABLE, 1400, "0303142700000000");
    assert_error(ICMP_ERROR_TTL_EXCEEDED, 1400, "0b000c2a00000000");
}

static void
fragmentation_needed_carries_the_mtu(void **state OVS_UNUSED)
{
    assert_error(ICMP_ERROR_TOO_BIG, 1400, "03040eae00000578");
}

static void
options_of_the_offender_are_quoted(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(UDP_OPTIONS_HEX);

    assert_packet(frame_compose_error(&f, ICMP_ERROR_TTL_EXCEEDED, &router, 0),
                  "000000000000000000000000080045c0004500004000ff0164f20a0001010a000105"
                  "0b000c2a00000000"
                  "47000029123400000111837e0a0001050a00020707070400000000000fa00035000d890b"
                  "7175657279");
}

static void
ethernet_padding_is_not_quoted(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(UDP_PADDED_HEX);

    assert_packet(frame_compose_error(&f, ICMP_ERROR_TTL_EXCEEDED, &router, 0),
                  ERROR_HEX "0b000c2a00000000" UDP_QUOTE_HEX);
}

static void
vlan_tags_are_skipped(void **state OVS_UNUSED)
{
    static const char *const tagged[] = {UDP_VLAN_HEX, UDP_QINQ_HEX};

    for (size_t i = 0; i < ARRAY_SIZE(tagged); i++) {
        struct frame f = frame_from_hex(tagged[i]);

        assert_packet(frame_compose_error(&f, ICMP_ERROR_TTL_EXCEEDED, &router, 0),
                      ERROR_HEX "0b000c2a00000000" UDP_QUOTE_HEX);
    }
}

static void
a_third_vlan_tag_is_not_ipv4(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex("fa163e000001fa163e00000a"
                                    "88a80007"
                                    "81000064"
                                    "81000065"
                                    "080045000021123400000111908d0a0001050a0002070fa00035"
                                    "000d890b7175657279");

    assert_false(frame_is_datagram(&f));
}

/* The datagram of an error about a datagram of 'total_len' bytes has this length. */
static size_t
error_datagram_len(uint16_t total_len)
{
    struct frame f = frame_from_hex(UDP_HEX);
    frame_set_total_len(&f, total_len);

    struct dp_packet *p = frame_compose_error(&f, ICMP_ERROR_TTL_EXCEEDED, &router, 0);
    assert_non_null(p);

    const struct ip_header *ip = dp_packet_l3(p);
    size_t len = ntohs(ip->ip_tot_len);
    assert_int_equal(dp_packet_size(p), IP_OFS + len);
    assert_int_equal(csum(ip, IP_HEADER_LEN), 0);
    assert_int_equal(csum(ip + 1, len - IP_HEADER_LEN), 0);

    size_t quoted = len - ERROR_OVERHEAD;
    assert_memory_equal((const uint8_t *) ip + ERROR_OVERHEAD, f.data + IP_OFS, quoted);
    dp_packet_delete(p);
    return len;
}

static void
a_quote_makes_a_datagram_of_at_most_576_bytes(void **state OVS_UNUSED)
{
    assert_int_equal(error_datagram_len(1500), 576);
    assert_int_equal(error_datagram_len(549), 576);
    assert_int_equal(error_datagram_len(548), 576);
    assert_int_equal(error_datagram_len(547), 575);
}

/* RFC 1812 5.2.2. */
static void
a_truncated_datagram_is_none(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(UDP_HEX);

    assert_true(frame_is_datagram(&f));
    f.len--;
    assert_false(frame_is_datagram(&f));
    f = frame_with16(UDP_HEX, IP_TOT_LEN_OFS, 34);
    assert_false(frame_is_datagram(&f));
}

static bool
allowed(const struct frame *f)
{
    return frame_error_allowed(f, ICMP_ERROR_NET_UNREACHABLE, &router);
}

static void
no_error_about_an_icmp_error(void **state OVS_UNUSED)
{
    static const uint8_t errors[] = {3, 4, 5, 11, 12};

    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        struct frame f = frame_with8(ECHO_HEX, L4_OFS, errors[i]);
        assert_false(allowed(&f));
    }
}

static void
errors_about_icmp_queries_are_allowed(void **state OVS_UNUSED)
{
    static const uint8_t queries[] = {0, 8, 9, 10, 13, 14, 15, 16, 17, 18, 42, 43};

    for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
        struct frame f = frame_with8(ECHO_HEX, L4_OFS, queries[i]);
        assert_true(allowed(&f));
    }
}

static void
no_error_about_an_icmp_message_of_unknown_type(void **state OVS_UNUSED)
{
    static const uint8_t unknown[] = {1, 2, 6, 7, 19, 30, 41, 44, 255};

    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
        struct frame f = frame_with8(ECHO_HEX, L4_OFS, unknown[i]);
        assert_false(allowed(&f));
    }
}

static void
no_error_about_an_icmp_message_that_ends_before_its_type(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(ECHO_HEX);

    frame_set_total_len(&f, 21);
    assert_true(allowed(&f));
    frame_set_total_len(&f, 20);
    assert_false(allowed(&f));
}

static void
no_error_about_a_fragment_other_than_the_first(void **state OVS_UNUSED)
{
    struct frame f = frame_with16(UDP_HEX, IP_FRAG_OFS, IP_MORE_FRAGMENTS);
    assert_true(allowed(&f));
    f = frame_with16(UDP_HEX, IP_FRAG_OFS, IP_DONT_FRAGMENT);
    assert_true(allowed(&f));
    f = frame_with16(UDP_HEX, IP_FRAG_OFS, IP_MORE_FRAGMENTS | 1);
    assert_false(allowed(&f));
    f = frame_with16(UDP_HEX, IP_FRAG_OFS, 1);
    assert_false(allowed(&f));
    f = frame_with16(UDP_HEX, IP_FRAG_OFS, 0x1000);
    assert_false(allowed(&f));
}

static void
no_error_about_a_link_layer_broadcast_or_multicast(void **state OVS_UNUSED)
{
    static const char *const group[] = {"ffffffffffff", "01005e000001", "333300000001"};

    for (size_t i = 0; i < ARRAY_SIZE(group); i++) {
        struct frame f = frame_from_hex(UDP_HEX);
        struct frame dst = frame_from_hex(group[i]);

        memcpy(f.data + ETH_DST_OFS, dst.data, ETH_ADDR_LEN);
        assert_false(allowed(&f));
    }
}

static void
no_error_about_an_ip_broadcast_or_multicast(void **state OVS_UNUSED)
{
    static const uint32_t group[] = {0xffffffff, 0, 0xe0000001, 0xefffffff};

    for (size_t i = 0; i < ARRAY_SIZE(group); i++) {
        struct frame f = frame_with32(UDP_HEX, IP_DST_OFS, group[i]);
        assert_false(allowed(&f));
    }
}

static void
no_error_about_a_destination_that_is_never_routed(void **state OVS_UNUSED)
{
    static const uint32_t martians[] = {0x00000001, 0x7f000001, 0x7fffffff, 0xf0000001};

    for (size_t i = 0; i < ARRAY_SIZE(martians); i++) {
        struct frame f = frame_with32(UDP_HEX, IP_DST_OFS, martians[i]);
        assert_false(allowed(&f));
    }
}

static void
no_error_to_a_source_that_is_not_a_single_host(void **state OVS_UNUSED)
{
    static const uint32_t bad[] = {0,          0x00ffffff, 0x7f000001, 0x7fffffff,
                                   0xe0000001, 0xefffffff, 0xf0000001, 0xffffffff};
    static const uint32_t good[] = {0x01000000, 0x7effffff, 0x80000000, 0xdfffffff};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct frame f = frame_with32(UDP_HEX, IP_SRC_OFS, bad[i]);
        assert_false(allowed(&f));
    }
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct frame f = frame_with32(UDP_HEX, IP_SRC_OFS, good[i]);
        assert_true(allowed(&f));
    }
}

static void
no_error_about_an_invalid_ip_header(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(UDP_HEX);
    assert_true(allowed(&f));

    f = frame_from_hex(UDP_HEX); /* Wrong checksum. */
    frame_put8(&f, IP_TTL_OFS, 2);
    assert_false(allowed(&f));

    f = frame_with8(UDP_HEX, IP_OFS, 0x65); /* IPv6's version. */
    assert_false(allowed(&f));
    f = frame_with8(UDP_HEX, IP_OFS, 0x44); /* Header of 16 bytes. */
    assert_false(allowed(&f));
    f = frame_with16(UDP_HEX, IP_TOT_LEN_OFS, 19); /* Shorter than the header. */
    assert_false(allowed(&f));
    f = frame_with16(UDP_HEX, IP_TOT_LEN_OFS, 0);
    assert_false(allowed(&f));
    f = frame_with16(UDP_OPTIONS_HEX, IP_TOT_LEN_OFS, 27); /* Shorter than the options. */
    assert_false(allowed(&f));
    f = frame_with16(UDP_HEX, IP_TOT_LEN_OFS, 65535); /* Longer than the frame. */
    assert_false(allowed(&f));
}

static void
no_error_about_what_is_not_ip(void **state OVS_UNUSED)
{
    static const uint16_t types[] = {ETH_TYPE_ARP, ETH_TYPE_IPV6, ETH_TYPE_MPLS, 46, 0};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct frame f = frame_from_hex(UDP_HEX);

        frame_put16(&f, ETH_TYPE_OFS, types[i]);
        assert_false(allowed(&f));
    }
}

static void
what_the_headers_say_is_found(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(UDP_VLAN_HEX);
    struct datagram d;

    assert_true(datagram_parse(f.data, f.len, &d));
    assert_true(datagram_is_ipv4(&d));
    assert_int_equal(ntohl(in6_addr_get_mapped_ipv4(&d.src)), 0x0a000105);
    assert_int_equal(ntohl(in6_addr_get_mapped_ipv4(&d.dst)), 0x0a000207);
    assert_int_equal(d.protocol, IPPROTO_UDP);
    assert_int_equal(d.protocol_ofs, 9);
    assert_int_equal(d.ttl, 1);
    assert_int_equal(d.len, 33);
    assert_int_equal(d.payload_len, 13);
    assert_false(d.is_fragment);
    assert_false(datagram_parse(f.data, 18 + 19, &d));
}

static void
an_echo_request_is_answered_with_its_own_data(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(ECHO_HEX);

    assert_packet(frame_compose_echo_reply(&f),
                  "00000000000000000000000008004510002500004000ff0165c20a0001010a000105"
                  "00007f63beef000370696e672064617461");
}

static void
assert_no_echo_reply(const struct frame *f)
{
    assert_null(frame_compose_echo_reply(f));
}

static void
no_echo_reply_to_anything_but_a_complete_request(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(ECHO_HEX);
    f.len--;
    assert_no_echo_reply(&f);

    f = frame_from_hex(ECHO_HEX); /* Wrong ICMP checksum. */
    f.data[f.len - 1] ^= 1;
    assert_no_echo_reply(&f);

    f = frame_with16(ECHO_HEX, IP_FRAG_OFS, IP_MORE_FRAGMENTS);
    assert_no_echo_reply(&f);
    f = frame_with16(ECHO_HEX, IP_FRAG_OFS, 1);
    assert_no_echo_reply(&f);
    f = frame_with32(ECHO_HEX, IP_DST_OFS, 0xe0000001);
    assert_no_echo_reply(&f);
    f = frame_with32(ECHO_HEX, IP_SRC_OFS, 0);
    assert_no_echo_reply(&f);
    f = frame_with8(ECHO_HEX, IP_PROTO_OFS, IPPROTO_UDP);
    assert_no_echo_reply(&f);

    /* An echo reply with a correct checksum. */
    f = frame_from_hex(ECHO_HEX);
    frame_put8(&f, L4_OFS, ICMP4_ECHO_REPLY);
    frame_put16(&f, L4_OFS + 2, 0x7f63);
    assert_int_equal(csum(f.data + L4_OFS, f.len - L4_OFS), 0);
    assert_no_echo_reply(&f);

    /* No room for identifier and sequence number. */
    f = frame_from_hex(ECHO_HEX);
    frame_put16(&f, L4_OFS + 2, 0xf7ff);
    frame_set_total_len(&f, 24);
    assert_int_equal(csum(f.data + L4_OFS, 4), 0);
    assert_no_echo_reply(&f);
}

static void
every_truncation_and_alignment_is_survived(void **state OVS_UNUSED)
{
    static const char *const frames[] = {
        UDP_HEX,     UDP_PADDED_HEX,  UDP_VLAN_HEX, UDP_QINQ_HEX, UDP_OPTIONS_HEX,
        TCP_SYN_HEX, TCP_SYN_FIN_HEX, TCP_ACK_HEX,  TCP_RST_HEX,  ECHO_HEX,
    };

    try_each_truncation_and_alignment(frames, ARRAY_SIZE(frames), &router);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_type_and_code),
        cmocka_unit_test(fragmentation_needed_carries_the_mtu),
        cmocka_unit_test(options_of_the_offender_are_quoted),
        cmocka_unit_test(ethernet_padding_is_not_quoted),
        cmocka_unit_test(vlan_tags_are_skipped),
        cmocka_unit_test(a_third_vlan_tag_is_not_ipv4),
        cmocka_unit_test(a_quote_makes_a_datagram_of_at_most_576_bytes),
        cmocka_unit_test(a_truncated_datagram_is_none),
        cmocka_unit_test(no_error_about_an_icmp_error),
        cmocka_unit_test(errors_about_icmp_queries_are_allowed),
        cmocka_unit_test(no_error_about_an_icmp_message_of_unknown_type),
        cmocka_unit_test(no_error_about_an_icmp_message_that_ends_before_its_type),
        cmocka_unit_test(no_error_about_a_fragment_other_than_the_first),
        cmocka_unit_test(no_error_about_a_link_layer_broadcast_or_multicast),
        cmocka_unit_test(no_error_about_an_ip_broadcast_or_multicast),
        cmocka_unit_test(no_error_about_a_destination_that_is_never_routed),
        cmocka_unit_test(no_error_to_a_source_that_is_not_a_single_host),
        cmocka_unit_test(no_error_about_an_invalid_ip_header),
        cmocka_unit_test(no_error_about_what_is_not_ip),
        cmocka_unit_test(what_the_headers_say_is_found),
        cmocka_unit_test(an_echo_request_is_answered_with_its_own_data),
        cmocka_unit_test(no_echo_reply_to_anything_but_a_complete_request),
        cmocka_unit_test(every_truncation_and_alignment_is_survived),
    };

    return cmocka_run_group_tests_name("icmp", tests, NULL, NULL);
}
