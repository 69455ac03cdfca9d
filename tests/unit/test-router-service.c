/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/router-service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dp-packet.h"
#include "frames.h"
#include "nb/ip.h"
#include "pipeline/inject.h"
#include "service/datagram.h"
#include "service/dispatch.h"

#define ROUTER_KEY 42
#define NETWORK_KEY 43
#define SOURCE 7 /* The port that sends. */

/* The router reaches 10.0.1.5 from 10.0.1.254; its other address there is 10.0.1.1. */
#define INTERFACE_ADDRESS 0x0a0001fe
#define ADDRESSED 0x0a000101
#define OFFENDER 0x0a000105

/* The same for IPv6. */
static const struct in6_addr interface6 = {.s6_addr = {0xfd, 0, 0, 1, [15] = 0xfe}};
static const struct in6_addr addressed6 = {.s6_addr = {0xfd, 0, 0, 1, [15] = 1}};
static const struct in6_addr offender6 = {.s6_addr = {0xfd, 0, 0, 1, [15] = 5}};
static const struct in6_addr link_local = {.s6_addr = {0xfe, 0x80, [15] = 1}};

/* The second of two equal routes. */
#define OTHER_NETWORK 44
#define OTHER_MAC ETH_ADDR_C(0e, 00, 00, 00, 00, 02)
#define NEXT_HOP 0x0a000909

/* The surroundings of the service under test. */
struct fixture {
    struct router_service *rs;
    struct dispatch *dispatch;
    bool no_source_address;
    bool is_one_of_several;
    uint32_t directed_broadcast;
    struct in6_addr own_address;
    bool has_outside;            /* It is on an external network, */
    struct eth_addr outside_mac; /* by a port with this MAC address. */
    bool shares_addresses;
    int n_injected;
    struct injection injection; /* Of the last one. */
    struct dp_packet *last;     /* Injected last. */
};

static bool
fake_way(void *aux, uint64_t router_key, uint64_t network_key, const struct in6_addr *towards,
         struct router_service_way *way)
{
    struct fixture *fx = aux;
    const struct in6_addr offender = in6_addr_mapped_ipv4(htonl(OFFENDER));

    assert_int_equal(router_key, ROUTER_KEY);
    assert_int_equal(network_key, NETWORK_KEY);
    if (address_is_ipv4(towards)) {
        assert_memory_equal(towards, &offender, sizeof offender);
        way->src = in6_addr_mapped_ipv4(htonl(INTERFACE_ADDRESS));
    } else if (address_is_scoped(towards)) {
        way->src = link_local;
    } else {
        assert_memory_equal(towards, &offender6, sizeof offender6);
        way->src = interface6;
    }
    if (fx->is_one_of_several) {
        way->network_key = OTHER_NETWORK;
        way->mac = (struct eth_addr) OTHER_MAC;
        way->nexthop = in6_addr_mapped_ipv4(htonl(NEXT_HOP));
    }
    return !fx->no_source_address;
}

static bool
fake_is_own_address(void *aux, uint64_t router_key, const struct in6_addr *address)
{
    const struct fixture *fx = aux;

    assert_int_equal(router_key, ROUTER_KEY);
    return ipv6_addr_equals(address, &fx->own_address);
}

static bool
fake_outside(void *aux, uint64_t router_key, const struct in6_addr *address, uint64_t *network_key,
             struct eth_addr *mac)
{
    const struct fixture *fx = aux;

    assert_int_equal(router_key, ROUTER_KEY);
    *network_key = OTHER_NETWORK;
    *mac = fx->outside_mac;
    return fx->has_outside && ipv6_addr_equals(address, &fx->own_address);
}

static bool
fake_anycast_source(void *aux, uint64_t router_key, const struct in6_addr *address,
                    struct in6_addr *src)
{
    const struct fixture *fx = aux;

    assert_int_equal(router_key, ROUTER_KEY);
    if (fx->shares_addresses && ipv6_addr_equals(address, &addressed6)) {
        *src = interface6;
        return true;
    }
    return false;
}

static bool
fake_is_directed_broadcast(void *aux, uint64_t router_key, const struct in6_addr *dst)
{
    const struct fixture *fx = aux;

    assert_int_equal(router_key, ROUTER_KEY);
    return (address_is_ipv4(dst) && ntohl(in6_addr_get_mapped_ipv4(dst)) == fx->directed_broadcast);
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

    fx->injection = *injection;
    fx->n_injected++;
    dp_packet_delete(fx->last);
    fx->last = dp_packet_clone(packet);
}

static const struct router_service_ops fake_ops = {
    .way = fake_way,
    .is_own_address = fake_is_own_address,
    .outside = fake_outside,
    .anycast_source = fake_anycast_source,
    .is_directed_broadcast = fake_is_directed_broadcast,
    .network_mtu = fake_network_mtu,
    .inject = fake_inject,
};

/* Others take these packets, and give them to the service. */
static const struct packet_service no_neighbour = {
    PIN_NO_NEIGHBOUR,
    "no_neighbour",
    0,
    router_service_answer,
};

static int
setup(void **state)
{
    struct fixture *fx = xzalloc(sizeof *fx);

    fx->rs = router_service_create(&fake_ops, fx);
    fx->dispatch = dispatch_create();
    router_service_register(fx->rs, fx->dispatch);
    dispatch_register(fx->dispatch, &no_neighbour, fx->rs);
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

/* Checks that the answer takes the way that the router's routes have for it. */
static void
assert_routed(const struct fixture *fx)
{
    assert_ptr_equal(fx->injection.stage, &stage_route);
    assert_int_equal(fx->injection.router_key, ROUTER_KEY);
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
    assert_routed(fx);
}

/* Checks that the answer was an ICMPv6 message from 'src' to 'dst'. */
static void
assert_icmp6(const struct fixture *fx, const struct in6_addr *src, const struct in6_addr *dst,
             uint8_t type, uint8_t code)
{
    struct datagram d;

    assert_true(datagram_parse(dp_packet_data(fx->last), dp_packet_size(fx->last), &d));
    assert_memory_equal(&d.src, src, sizeof *src);
    assert_memory_equal(&d.dst, dst, sizeof *dst);
    assert_int_equal(d.protocol, IPPROTO_ICMPV6);
    assert_int_equal(d.payload[0], type);
    assert_int_equal(d.payload[1], code);
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
        uint8_t type, code, type6, code6;
    } answers[] = {
        {PIN_TTL_EXCEEDED, 11, 0, 3, 0},
        {PIN_NO_ROUTE, 3, 0, 1, 0},
        {PIN_NO_NEIGHBOUR, 3, 1, 1, 3},
        {PIN_TOO_BIG, 3, 4, 2, 0},
    };
    struct fixture *fx = *state;

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct frame f = frame_from_hex(UDP_HEX);
        assert_outcome(fx, answers[i].reason, &f, PACKET_ANSWERED);
        assert_icmp(fx, INTERFACE_ADDRESS, answers[i].type, answers[i].code);
        assert_int_equal(quoted_ttl(fx), 1);

        f = frame_from_hex(UDP6_HEX);
        assert_outcome(fx, answers[i].reason, &f, PACKET_ANSWERED);
        assert_icmp6(fx, &interface6, &offender6, answers[i].type6, answers[i].code6);
        assert_routed(fx);
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

    f = frame_from_hex(UDP6_HEX);
    packet_in(fx, PIN_TOO_BIG, &f);
    const struct icmp6_data_header *icmp6 =
        dp_packet_at_assert(fx->last, L4_IP6_OFS, sizeof *icmp6);
    assert_int_equal(ntohl(get_16aligned_be32(&icmp6->icmp6_data.be32[0])), 1400);
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

        frame_put8(&f, IP_TTL_OFS, 1);
        frame_fix_csum(&f);

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

        frame_put8(&f, IP_TTL_OFS, 1);
        frame_fix_csum(&f);

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

static struct frame
udp6_to_the_router(void)
{
    struct frame f = frame_from_hex(UDP6_HEX);

    memcpy(f.data + IP6_DST_OFS, &addressed6, sizeof addressed6);
    return f;
}

static void
what_is_sent_to_the_router_over_ipv6_is_answered_from_that_address(void **state)
{
    struct fixture *fx = *state;
    struct frame f = udp6_to_the_router();

    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_icmp6(fx, &addressed6, &offender6, 1, 4);
    f = frame_from_hex(ECHO6_HEX);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_icmp6(fx, &addressed6, &offender6, 129, 0);
    f = frame_from_hex(PROTO6_HEX);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_icmp6(fx, &addressed6, &offender6, 4, 1);
    assert_routed(fx);

    f = frame_from_hex(TCP6_SYN_HEX);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    f = frame_from_hex(TCP6_RST_HEX);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_NOT_ALLOWED);
}

/* RFC 4443 2.2 (b), 4.2; RFC 4291 2.6.1. */
static void
an_address_that_is_shared_is_answered_from_the_routers_own(void **state)
{
    struct fixture *fx = *state;
    struct frame f = udp6_to_the_router();

    fx->shares_addresses = true;
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_icmp6(fx, &interface6, &offender6, 1, 4);
    f = frame_from_hex(ECHO6_HEX);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_icmp6(fx, &interface6, &offender6, 129, 0);
}

/* The other family's ICMP is a protocol like any other. */
static void
icmp_of_the_other_family_is_an_unknown_protocol(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_with_byte(PROTO6_HEX, IP6_NXT_OFS, IPPROTO_ICMP);

    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_icmp6(fx, &addressed6, &offender6, 4, 1);

    f = frame_with8(UDP_HEX, IP_PROTO_OFS, IPPROTO_ICMPV6);
    frame_put32(&f, IP_DST_OFS, ADDRESSED);
    frame_fix_csum(&f);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_icmp(fx, ADDRESSED, 3, 2);
}

static void
what_asks_for_nothing_over_ipv6_is_silently_dropped(void **state)
{
    struct fixture *fx = *state;

    /* RFC 8200 4.7: no next header. */
    struct frame f = frame_with_byte(PROTO6_HEX, IP6_NXT_OFS, 59);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_NOT_ALLOWED);

    /* The switch cannot put fragments together, and what this is part of has been answered. */
    f = frame_from_hex(UDP6_LATER_HEX);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_NOT_ALLOWED);
    f = frame_from_hex(ICMP6_LATER_HEX);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_NOT_ALLOWED);

    /* Other ICMPv6. */
    for (int type = 0; type < 256; type++) {
        if (type != 128) {
            f = frame_with_byte(ECHO6_HEX, L4_IP6_OFS, type);
            frame_put16(&f, L4_IP6_OFS + 2, 0);
            ovs_be16 sum = datagram_csum(&offender6, &addressed6, IPPROTO_ICMPV6,
                                         f.data + L4_IP6_OFS, f.len - L4_IP6_OFS);
            memcpy(f.data + L4_IP6_OFS + 2, &sum, sizeof sum);
            assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_NOT_ALLOWED);
        }
    }
}

/* It is on one network only, and routers do not route it. */
static void
the_answer_to_a_link_local_address_goes_to_the_port_that_sent(void **state)
{
    static const enum packet_in_reason reasons[] = {PIN_TTL_EXCEEDED, PIN_NO_ROUTE, PIN_TO_ROUTER};
    static const struct in6_addr offender = {.s6_addr = {0xfe, 0x80, [15] = 5}};
    struct fixture *fx = *state;
    struct frame f = frame_with_ip6(UDP6_HEX, IP6_SRC_OFS, "fe80::5");

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        bool is_addressed = reasons[i] == PIN_TO_ROUTER;
        const struct in6_addr *src = is_addressed ? &addressed6 : &link_local;

        if (is_addressed) {
            memcpy(f.data + IP6_DST_OFS, &addressed6, sizeof addressed6);
        }
        assert_outcome(fx, reasons[i], &f, PACKET_ANSWERED);
        assert_ptr_equal(fx->injection.stage, &stage_to_port);
        assert_int_equal(ofp_to_u16(fx->injection.outport), SOURCE);
        assert_memory_equal(dp_packet_data(fx->last), f.data + ETH_ADDR_LEN, ETH_ADDR_LEN);
        assert_memory_equal((const uint8_t *) dp_packet_data(fx->last) + ETH_ADDR_LEN, f.data,
                            ETH_ADDR_LEN);
        assert_icmp6(fx, src, &offender, reasons[i] == PIN_TTL_EXCEEDED ? 3 : 1,
                     is_addressed                 ? 4
                     : reasons[i] == PIN_NO_ROUTE ? 2
                                                  : 0);
    }
}

static void
no_error_about_a_link_local_destination(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_with_ip6(UDP6_HEX, IP6_DST_OFS, "fe80::9");

    assert_outcome(fx, PIN_NO_ROUTE, &f, PACKET_NOT_ALLOWED);
    assert_outcome(fx, PIN_TTL_EXCEEDED, &f, PACKET_NOT_ALLOWED);

    /* What comes from one is not routed either. */
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_ANSWERED);
    assert_ptr_equal(fx->injection.stage, &stage_to_port);
}

/* RFC 1812 4.3.2.4: it comes from the interface that it leaves by. */
static void
an_error_takes_the_one_of_several_routes_that_its_source_belongs_to(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(UDP_HEX);

    fx->is_one_of_several = true;
    assert_outcome(fx, PIN_NO_ROUTE, &f, PACKET_ANSWERED);
    assert_ptr_equal(fx->injection.stage, &stage_neighbour);
    assert_int_equal(fx->injection.network_key, OTHER_NETWORK);
    assert_true(eth_addr_equals(fx->injection.src_mac, (struct eth_addr) OTHER_MAC));
    assert_int_equal(ntohl(in6_addr_get_mapped_ipv4(&fx->injection.nexthop)), NEXT_HOP);
    assert_int_equal(fx->injection.router_key, 0);
}

/* Own addresses come before routes: there is nobody to answer to. */
static void
nothing_is_answered_to_the_routers_own_address(void **state)
{
    static const char *const frames[] = {UDP_HEX, TCP_SYN_HEX, ECHO_HEX};
    static const char *const frames6[] = {UDP6_HEX, TCP6_SYN_HEX, ECHO6_HEX};
    struct fixture *fx = *state;

    fx->own_address = in6_addr_mapped_ipv4(htonl(OFFENDER));
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        struct frame f = frame_from_hex(frames[i]);

        frame_put8(&f, IP_TTL_OFS, 1);
        frame_fix_csum(&f);
        for (int reason = PIN_TTL_EXCEEDED; reason <= PIN_TOO_BIG; reason++) {
            assert_outcome(fx, reason, &f, PACKET_NOT_ALLOWED);
        }
    }
    fx->own_address = offender6;
    for (size_t i = 0; i < ARRAY_SIZE(frames6); i++) {
        struct frame f = frame_with_byte(frames6[i], IP6_HLIM_OFS, 1);

        for (int reason = PIN_TTL_EXCEEDED; reason <= PIN_TOO_BIG; reason++) {
            assert_outcome(fx, reason, &f, PACKET_NOT_ALLOWED);
        }
    }
}

/* It went out by one translation of the router and came in by another. */
static void
an_error_to_an_address_that_machines_share_goes_the_way_of_replies(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(UDP_HEX);
    struct datagram d;

    frame_put8(&f, IP_TTL_OFS, 1);
    frame_fix_csum(&f);
    assert_true(datagram_parse(f.data, f.len, &d));
    fx->own_address = in6_addr_mapped_ipv4(htonl(OFFENDER));
    fx->has_outside = true;
    assert_outcome(fx, PIN_TTL_EXCEEDED, &f, PACKET_NOT_ALLOWED);
    fx->outside_mac = d.eth_src;
    assert_outcome(fx, PIN_NO_NEIGHBOUR, &f, PACKET_NOT_ALLOWED);
    assert_outcome(fx, PIN_TO_ROUTER, &f, PACKET_NOT_ALLOWED);
    for (int i = 0; i < 2; i++) {
        assert_outcome(fx, i ? PIN_TOO_BIG : PIN_TTL_EXCEEDED, &f, PACKET_ANSWERED);
        assert_ptr_equal(fx->injection.stage, &stage_fdb);
        assert_int_equal(fx->injection.network_key, OTHER_NETWORK);

        const struct eth_header *eth = dp_packet_data(fx->last);
        assert_true(eth_addr_equals(eth->eth_dst, d.eth_src));
        assert_true(eth_addr_equals(eth->eth_src, d.eth_dst));
        const struct ip_header *ip = (const void *) (eth + 1);
        assert_int_equal(ntohl(get_16aligned_be32(&ip->ip_src)),
                         ntohl(in6_addr_get_mapped_ipv4(&d.dst)));
        assert_int_equal(ntohl(get_16aligned_be32(&ip->ip_dst)), OFFENDER);
    }
}

/* The switch sees none where it cannot take a packet apart. */
static void
a_ttl_that_is_not_exceeded_is_not_told(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_with8(UDP_HEX, IP_TTL_OFS, 2);

    assert_outcome(fx, PIN_TTL_EXCEEDED, &f, PACKET_MALFORMED);
    f = frame_with_byte(UDP6_HEX, IP6_HLIM_OFS, 2);
    assert_outcome(fx, PIN_TTL_EXCEEDED, &f, PACKET_MALFORMED);
    f = frame_with_byte(UDP6_HEX, IP6_HLIM_OFS, 0);
    assert_outcome(fx, PIN_TTL_EXCEEDED, &f, PACKET_ANSWERED);
}

/* RFC 1812 5.2.2. */
static void
what_is_shorter_than_its_header_says_is_discarded(void **state)
{
    struct fixture *fx = *state;

    for (int reason = PIN_TTL_EXCEEDED; reason <= PIN_TOO_BIG; reason++) {
        struct frame f = frame_from_hex(UDP_HEX);
        f.len--;
        assert_outcome(fx, reason, &f, PACKET_MALFORMED);
        f = frame_from_hex(UDP6_HEX);
        f.len--;
        assert_outcome(fx, reason, &f, PACKET_MALFORMED);
    }
}

/* A machine has a whole /64 to send from. */
static void
all_addresses_of_a_port_are_one_source(void **state)
{
    struct fixture *fx = *state;

    for (int i = 0; i < 2 * RS_BURST; i++) {
        struct frame f = frame_from_hex(UDP6_HEX);

        if (i & 1) {
            f = frame_from_hex(UDP_HEX);
        } else {
            f = udp6_to_the_router();
            f.data[IP6_SRC_OFS + 14] = i;
        }
        packet_in(fx, i & 1 ? PIN_NO_ROUTE : PIN_TO_ROUTER, &f);
    }
    assert_int_equal(fx->n_injected, RS_BURST);
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
        TEST(what_is_sent_to_the_router_over_ipv6_is_answered_from_that_address),
        TEST(an_address_that_is_shared_is_answered_from_the_routers_own),
        TEST(icmp_of_the_other_family_is_an_unknown_protocol),
        TEST(what_asks_for_nothing_over_ipv6_is_silently_dropped),
        TEST(the_answer_to_a_link_local_address_goes_to_the_port_that_sent),
        TEST(no_error_about_a_link_local_destination),
        TEST(an_error_takes_the_one_of_several_routes_that_its_source_belongs_to),
        TEST(nothing_is_answered_to_the_routers_own_address),
        TEST(an_error_to_an_address_that_machines_share_goes_the_way_of_replies),
        TEST(a_ttl_that_is_not_exceeded_is_not_told),
        TEST(what_is_shorter_than_its_header_says_is_discarded),
        TEST(all_addresses_of_a_port_are_one_source),
        TEST(one_flooding_source_is_limited_and_no_other),
        TEST(what_is_not_answered_does_not_count_against_the_rate),
    };

    return cmocka_run_group_tests_name("router-service", tests, NULL, NULL);
}
