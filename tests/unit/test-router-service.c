/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/router-service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dp-packet.h"
#include "frames.h"
#include "pipeline/inject.h"
#include "service/dispatch.h"

#define ROUTER_KEY 42
#define NETWORK_KEY 43
#define SOURCE 7 /* The port that sends. */

/* The router reaches 10.0.1.5 from 10.0.1.254; its other address there is 10.0.1.1. */
#define INTERFACE_ADDRESS 0x0a0001fe
#define ADDRESSED 0x0a000101
#define OFFENDER 0x0a000105

/* The surroundings of the service under test. */
struct fixture {
    struct router_service *rs;
    struct dispatch *dispatch;
    bool no_source_address;
    uint32_t directed_broadcast;
    int n_injected;
    struct dp_packet *last; /* Injected last. */
};

static bool
fake_source_address(void *aux, uint64_t router_key, ovs_be32 towards, ovs_be32 *src)
{
    struct fixture *fx = aux;

    assert_int_equal(router_key, ROUTER_KEY);
    assert_int_equal(ntohl(towards), OFFENDER);
    *src = htonl(INTERFACE_ADDRESS);
    return !fx->no_source_address;
}

static bool
fake_is_directed_broadcast(void *aux, uint64_t router_key, ovs_be32 dst)
{
    struct fixture *fx = aux;

    assert_int_equal(router_key, ROUTER_KEY);
    return ntohl(dst) == fx->directed_broadcast;
}

static uint16_t
fake_network_mtu(void *aux OVS_UNUSED, uint64_t network_key)
{
    assert_int_equal(network_key, NETWORK_KEY);
    return 1400;
}

static void
fake_inject(void *aux, const struct injection *injection, const struct dp_packet *packet)
{
    struct fixture *fx = aux;

    assert_ptr_equal(injection->stage, &stage_route);
    assert_int_equal(injection->router_key, ROUTER_KEY);
    fx->n_injected++;
    dp_packet_delete(fx->last);
    fx->last = dp_packet_clone(packet);
}

static const struct router_service_ops fake_ops = {
    .source_address = fake_source_address,
    .is_directed_broadcast = fake_is_directed_broadcast,
    .network_mtu = fake_network_mtu,
    .inject = fake_inject,
};

static int
setup(void **state)
{
    struct fixture *fx = xzalloc(sizeof *fx);

    fx->rs = router_service_create(&fake_ops, fx);
    fx->dispatch = dispatch_create();
    router_service_register(fx->rs, fx->dispatch);
    *state = fx;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fx = *state;

    router_service_destroy(fx->rs);
    dispatch_destroy(fx->dispatch);
    dp_packet_delete(fx->last);
    free(fx);
    return 0;
}

static void
packet_in_from(struct fixture *fx, uint32_t source, long long int now, enum packet_in_reason reason,
               const struct frame *f)
{
    const struct pipeline_packet_in pin = {
        .reason = reason,
        .router_key = ROUTER_KEY,
        .network_key = NETWORK_KEY,
        .inport = source,
    };

    dispatch_packet_in(fx->dispatch, &pin, f->data, f->len, now);
}

static void
packet_in(struct fixture *fx, enum packet_in_reason reason, const struct frame *f)
{
    packet_in_from(fx, SOURCE, 0, reason, f);
}

/* Sends the frame in and checks that it is counted as 'outcome' and answered if that
 * is PACKET_ANSWERED. */
static void
assert_outcome(struct fixture *fx, enum packet_in_reason reason, const struct frame *f,
               enum packet_outcome outcome)
{
    uint64_t before = dispatch_count(fx->dispatch, reason, outcome);
    int injected = fx->n_injected;

    packet_in(fx, reason, f);
    assert_int_equal(dispatch_count(fx->dispatch, reason, outcome), before + 1);
    assert_int_equal(fx->n_injected - injected, outcome == PACKET_ANSWERED);
}

/* Checks that the answer was an ICMP message from 'src' to the offender. */
static void
assert_icmp(const struct fixture *fx, uint32_t src, uint8_t type, uint8_t code)
{
    const struct ip_header *ip = dp_packet_at_assert(fx->last, IP_OFS, IP_HEADER_LEN);
    const struct icmp_header *icmp = dp_packet_at_assert(fx->last, L4_OFS, ICMP_HEADER_LEN);

    assert_int_equal(ntohl(get_16aligned_be32(&ip->ip_src)), src);
    assert_int_equal(ntohl(get_16aligned_be32(&ip->ip_dst)), OFFENDER);
    assert_int_equal(ip->ip_proto, IPPROTO_ICMP);
    assert_int_equal(icmp->icmp_type, type);
    assert_int_equal(icmp->icmp_code, code);
}

static uint8_t
quoted_ttl(const struct fixture *fx)
{
    const struct ip_header *ip =
        dp_packet_at_assert(fx->last, L4_OFS + ICMP_HEADER_LEN, IP_HEADER_LEN);

    return ip->ip_ttl;
}

static void
transit_packets_are_answered_from_the_interface_towards_the_offender(void **state)
{
    static const struct {
        enum packet_in_reason reason;
        uint8_t type, code;
    } answers[] = {
        {PIN_TTL_EXCEEDED, 11, 0},
        {PIN_NO_ROUTE, 3, 0},
        {PIN_NO_NEIGHBOUR, 3, 1},
        {PIN_TOO_BIG, 3, 4},
    };
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(UDP_HEX);

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        assert_outcome(fx, answers[i].reason, &f, PACKET_ANSWERED);
        assert_icmp(fx, INTERFACE_ADDRESS, answers[i].type, answers[i].code);
        assert_int_equal(quoted_ttl(fx), 1);
    }
}

static void
too_big_tells_the_mtu(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(UDP_HEX);
    const struct icmp_header *icmp;

    packet_in(fx, PIN_TOO_BIG, &f);
    icmp = dp_packet_at_assert(fx->last, L4_OFS, ICMP_HEADER_LEN);
    assert_int_equal(ntohs(icmp->icmp_fields.frag.mtu), 1400);
}

static void
udp_to_the_router_is_answered_from_the_address_that_was_addressed(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_with32(UDP_HEX, IP_DST_OFS, ADDRESSED);

    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_icmp(fx, ADDRESSED, 3, 3);
}

static void
unknown_protocols_to_the_router_are_answered_with_protocol_unreachable(void **state)
{
    static const uint8_t protocols[] = {2, 47, 50, 89, 132, 255};
    struct fixture *fx = *state;

    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        struct frame f = frame_with32(UDP_HEX, IP_DST_OFS, ADDRESSED);

        frame_put8(&f, IP_PROTO_OFS, protocols[i]);
        frame_fix_csum(&f);
        assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
        assert_icmp(fx, ADDRESSED, 3, 2);
    }
}

static void
tcp_to_the_router_is_reset(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(TCP_SYN_HEX);

    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);

    const struct ip_header *ip = dp_packet_at_assert(fx->last, IP_OFS, IP_HEADER_LEN);
    const struct tcp_header *tcp = dp_packet_at_assert(fx->last, L4_OFS, TCP_HEADER_LEN);
    assert_int_equal(ip->ip_proto, IPPROTO_TCP);
    assert_int_equal(ntohl(get_16aligned_be32(&ip->ip_src)), ADDRESSED);
    assert_int_equal(TCP_FLAGS(tcp->tcp_ctl), TCP_RST | TCP_ACK);

    f = frame_from_hex(TCP_RST_HEX);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_NOT_ALLOWED);
}

static void
tcp_in_transit_is_not_reset(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(TCP_SYN_HEX);

    assert_outcome(fx, PIN_NO_NEIGHBOUR, &f, PACKET_ANSWERED);
    assert_icmp(fx, INTERFACE_ADDRESS, 3, 1);
}

static void
an_echo_request_to_the_router_is_answered(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(ECHO_HEX);

    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_icmp(fx, ADDRESSED, 0, 0);
}

static void
other_icmp_to_the_router_is_silently_dropped(void **state)
{
    struct fixture *fx = *state;

    for (int type = 0; type < 256; type++) {
        if (type != ICMP4_ECHO_REQUEST) {
            struct frame f = frame_with8(ECHO_HEX, L4_OFS, type);

            /* With a correct checksum, so that only the type can be the reason. */
            frame_put16(&f, L4_OFS + 2, 0);
            ovs_be16 sum = csum(f.data + L4_OFS, f.len - L4_OFS);
            memcpy(f.data + L4_OFS + 2, &sum, sizeof sum);
            assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_NOT_ALLOWED);
        }
    }
}

static void
fragments_other_than_the_first_are_silently_dropped(void **state)
{
    static const char *const frames[] = {UDP_HEX, TCP_SYN_HEX, ECHO_HEX};
    struct fixture *fx = *state;

    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        struct frame f = frame_with16(frames[i], IP_FRAG_OFS, 100);

        for (int reason = PIN_TTL_EXCEEDED; reason <= PIN_TOO_BIG; reason++) {
            assert_outcome(fx, reason, &f, PACKET_NOT_ALLOWED);
        }
    }
}

static void
a_directed_broadcast_is_silently_dropped(void **state)
{
    static const char *const frames[] = {UDP_HEX, TCP_SYN_HEX, ECHO_HEX};
    struct fixture *fx = *state;

    fx->directed_broadcast = 0x0a0002ff;
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        struct frame f = frame_with32(frames[i], IP_DST_OFS, 0x0a0002ff);

        for (int reason = PIN_TTL_EXCEEDED; reason <= PIN_TOO_BIG; reason++) {
            assert_outcome(fx, reason, &f, PACKET_NOT_ALLOWED);
        }
    }
}

static void
a_router_without_address_is_silent(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(UDP_HEX);

    fx->no_source_address = true;
    assert_outcome(fx, PIN_TTL_EXCEEDED, &f, PACKET_NO_SOURCE);

    /* An address that was addressed is there by itself. */
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
}

static void
a_malformed_frame_is_counted_and_dropped(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(UDP_HEX);

    f.len = L4_OFS - 1;
    assert_outcome(fx, PIN_TTL_EXCEEDED, &f, PACKET_MALFORMED);
    f.len = 0;
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_MALFORMED);
}

static void
one_flooding_source_is_limited_and_no_other(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(UDP_HEX);

    for (int i = 0; i < 10 * RS_BURST; i++) {
        packet_in(fx, PIN_TTL_EXCEEDED, &f);
    }
    assert_int_equal(fx->n_injected, RS_BURST);
    assert_int_equal(dispatch_count(fx->dispatch, PIN_TTL_EXCEEDED, PACKET_LIMITED), 9 * RS_BURST);

    packet_in_from(fx, SOURCE + 1, 0, PIN_TTL_EXCEEDED, &f);
    assert_int_equal(fx->n_injected, RS_BURST + 1);

    /* A second later the flooding one has its share again. */
    for (int i = 0; i < 10 * RS_BURST; i++) {
        packet_in_from(fx, SOURCE, 1000, PIN_TTL_EXCEEDED, &f);
    }
    assert_int_equal(fx->n_injected, RS_BURST + 1 + RS_RATE);
}

static void
what_is_not_answered_does_not_count_against_the_rate(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_with16(UDP_HEX, IP_FRAG_OFS, 100);

    for (int i = 0; i < 10 * RS_BURST; i++) {
        packet_in(fx, PIN_TTL_EXCEEDED, &f);
    }
    f = frame_from_hex(UDP_HEX);
    assert_outcome(fx, PIN_TTL_EXCEEDED, &f, PACKET_ANSWERED);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(transit_packets_are_answered_from_the_interface_towards_the_offender),
        TEST(too_big_tells_the_mtu),
        TEST(udp_to_the_router_is_answered_from_the_address_that_was_addressed),
        TEST(unknown_protocols_to_the_router_are_answered_with_protocol_unreachable),
        TEST(tcp_to_the_router_is_reset),
        TEST(tcp_in_transit_is_not_reset),
        TEST(an_echo_request_to_the_router_is_answered),
        TEST(other_icmp_to_the_router_is_silently_dropped),
        TEST(fragments_other_than_the_first_are_silently_dropped),
        TEST(a_directed_broadcast_is_silently_dropped),
        TEST(a_router_without_address_is_silent),
        TEST(a_malformed_frame_is_counted_and_dropped),
        TEST(one_flooding_source_is_limited_and_no_other),
        TEST(what_is_not_answered_does_not_count_against_the_rate),
    };

    return cmocka_run_group_tests_name("router-service", tests, NULL, NULL);
}
