/* SPDX-License-Identifier: Apache-2.0 */
/* Proves what becomes of neighbours, and of packets for them, in simulated time. */
#include <config.h>

#include "service/resolver.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dp-packet.h"
#include "frames.h"
#include "model.h"
#include "pipeline/inject.h"
#include "random.h"
#include "service/neighbour-message.h"
#include "svec.h"
#include "util.h"

#define NETWORK_KEY 43
#define ROUTER_KEY 44
#define FLAGS 8
#define START 1000000

static const struct uuid network_uuid = {.parts = {1, 2, 3, 4}};
static const struct eth_addr chassis_mac = ETH_ADDR_C(be, 94, bb, 17, 95, 22);
static const struct eth_addr router_mac = ETH_ADDR_C(0e, 00, 00, 00, 00, 01);
static const struct eth_addr host_mac = ETH_ADDR_C(02, bb, 00, 00, 00, 01);
static const struct eth_addr other_mac = ETH_ADDR_C(02, bb, 00, 00, 00, 02);

struct fixture {
    struct resolver *resolver;
    struct dispatch *dispatch;
    long long int now;
    bool absent, known, next_hop; /* The network; the address. */
    struct eth_addr learned;      /* Last; zero: gone, or never. */
    int n_learned, n_asked, n_probed, n_forwarded, n_unreachable;
    struct eth_addr forwarded_to;
    uint16_t last_port; /* Destination port of the last packet that was forwarded. */
};

/* --- Surroundings -------------------------------------------------------- */

static bool
fake_network(struct fixture *fx, struct resolver_network *network)
{
    *network = (struct resolver_network){.uuid = network_uuid, .key = NETWORK_KEY, .name = "net"};
    return !fx->absent;
}

static bool
network_by_key(void *fx, uint64_t key, struct resolver_network *network)
{
    return key == NETWORK_KEY && fake_network(fx, network);
}

static bool
network_by_uuid(void *fx, const struct uuid *uuid, struct resolver_network *network)
{
    return uuid_equals(uuid, &network_uuid) && fake_network(fx, network);
}

static bool
is_known(void *fx_, uint64_t key, const struct in6_addr *ip OVS_UNUSED)
{
    const struct fixture *fx = fx_;

    assert_int_equal(key, NETWORK_KEY);
    return fx->known;
}

static bool
is_broadcast(void *fx OVS_UNUSED, uint64_t router_key, const struct in6_addr *ip)
{
    assert_int_equal(router_key, ROUTER_KEY);
    return ip->s6_addr[15] == 255;
}

static const char *
next_hop_of(void *fx_, const struct uuid *uuid OVS_UNUSED, const struct in6_addr *ip OVS_UNUSED)
{
    const struct fixture *fx = fx_;
    return fx->next_hop ? "r1" : NULL;
}

static struct eth_addr
own_mac(void *fx OVS_UNUSED)
{
    return chassis_mac;
}

static void
learned(void *fx_, const struct uuid *uuid, const struct in6_addr *ip OVS_UNUSED,
        struct eth_addr mac)
{
    struct fixture *fx = fx_;

    assert_true(uuid_equals(uuid, &network_uuid));
    fx->n_learned++;
    fx->learned = mac;
}

static enum packet_outcome
unreachable(void *fx_, const struct pipeline_packet_in *pin, const void *frame OVS_UNUSED,
            size_t len, long long int now)
{
    struct fixture *fx = fx_;

    assert_int_equal(pin->reason, PIN_NO_NEIGHBOUR);
    assert_true(len > 0);
    assert_true(now == fx->now);
    fx->n_unreachable++;
    return PACKET_ANSWERED;
}

static void
inject(void *fx_, const struct injection *injection, const struct dp_packet *packet)
{
    struct fixture *fx = fx_;
    const uint8_t *p = dp_packet_data(packet);

    assert_int_equal(injection->network_key, NETWORK_KEY);
    if (injection->stage == &stage_rewrite) {
        assert_int_equal(injection->router_key, ROUTER_KEY);
        assert_int_equal(injection->flags, FLAGS);
        assert_memory_equal(&injection->src_mac, &router_mac, sizeof router_mac);
        fx->forwarded_to = injection->dst_mac;
        fx->last_port = p[36] << 8 | p[37];
        fx->n_forwarded++;
    } else {
        assert_ptr_equal(injection->stage, &stage_fdb);
        if (p[0] & 1) {
            fx->n_asked++;
        } else {
            fx->n_probed++;
        }
    }
}

static const struct resolver_ops ops = {
    .network_by_key = network_by_key,
    .network_by_uuid = network_by_uuid,
    .is_known = is_known,
    .is_broadcast = is_broadcast,
    .next_hop_of = next_hop_of,
    .own_mac = own_mac,
    .learned = learned,
    .unreachable = unreachable,
    .inject = inject,
};

static int
set_up(void **state)
{
    struct fixture *fx = xzalloc(sizeof *fx);

    random_set_seed(1);
    fx->now = START;
    fx->resolver = resolver_create(&ops, fx);
    fx->dispatch = dispatch_create();
    resolver_register(fx->resolver, fx->dispatch);
    assert_true(resolver_run(fx->resolver, fx->now, true) == LLONG_MAX);
    *state = fx;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fx = *state;

    resolver_destroy(fx->resolver);
    dispatch_destroy(fx->dispatch);
    free(fx);
    return 0;
}

/* --- What happens -------------------------------------------------------- */

/* A packet for 10.0.HIGH.LOW, to this UDP port, from an OpenFlow port. */
static enum packet_outcome
packet_from(struct fixture *fx, unsigned int high, unsigned int low, uint16_t port, uint32_t inport)
{
    const struct pipeline_packet_in pin = {
        .reason = PIN_NO_NEIGHBOUR,
        .network_key = NETWORK_KEY,
        .router_key = ROUTER_KEY,
        .inport = inport,
        .flags = FLAGS,
        .src_mac = router_mac,
        .nexthop4 = make_ip(10, 0, high, low),
    };
    uint64_t before[N_PACKET_OUTCOMES];
    struct frame f = frame_from_hex(UDP_HEX);

    frame_put8(&f, 36, port >> 8);
    frame_put8(&f, 37, port & 0xff);
    for (int i = 0; i < N_PACKET_OUTCOMES; i++) {
        before[i] = dispatch_count(fx->dispatch, PIN_NO_NEIGHBOUR, i);
    }
    dispatch_packet_in(fx->dispatch, &pin, f.data, f.len, fx->now);
    for (int i = 0; i < N_PACKET_OUTCOMES; i++) {
        if (dispatch_count(fx->dispatch, PIN_NO_NEIGHBOUR, i) != before[i]) {
            return i;
        }
    }
    fail_msg("the packet was not counted");
    return 0;
}

static enum packet_outcome
packet(struct fixture *fx, uint16_t port)
{
    return packet_from(fx, 4, 254, port, 7);
}

/* The host with this MAC address says that it has 10.0.4.254: to the chassis, or to all. */
static void
hear(struct fixture *fx, struct eth_addr mac, bool is_answer)
{
    const struct pipeline_packet_in pin = {.reason = PIN_NEIGHBOUR, .network_key = NETWORK_KEY};
    const struct in6_addr ip = make_ip(10, 0, 4, 254);
    ovs_be32 ip4 = in6_addr_get_mapped_ipv4(&ip);
    struct dp_packet b;

    dp_packet_init(&b, 0);
    compose_arp(&b, is_answer ? ARP_OP_REPLY : ARP_OP_REQUEST, mac, chassis_mac, !is_answer, ip4,
                is_answer ? 0 : ip4);
    dispatch_packet_in(fx->dispatch, &pin, dp_packet_data(&b), dp_packet_size(&b), fx->now);
    dp_packet_uninit(&b);
}

/* Time passes. */
static void
pass(struct fixture *fx, long long int msec)
{
    const long long int end = fx->now + msec;

    for (;;) {
        long long int next = resolver_run(fx->resolver, fx->now, true);

        assert_true(next > fx->now);
        if (next > end) {
            break;
        }
        fx->now = next;
    }
    fx->now = end;
}

static enum neighbour_state
state_of(const struct fixture *fx)
{
    struct resolver_stats stats;

    resolver_get_stats(fx->resolver, &stats);
    for (int i = 0; i < N_NEIGHBOUR_STATES; i++) {
        if (stats.neighbours[i]) {
            return i;
        }
    }
    return N_NEIGHBOUR_STATES; /* There is none. */
}

static void
assert_mac(struct eth_addr a, struct eth_addr b)
{
    assert_memory_equal(&a, &b, sizeof a);
}

static void
become_reachable(struct fixture *fx)
{
    assert_int_equal(packet(fx, 1), PACKET_QUEUED);
    hear(fx, host_mac, true);
    assert_int_equal(state_of(fx), NEIGHBOUR_REACHABLE);
    assert_mac(fx->learned, host_mac);
}

/* --- Tests --------------------------------------------------------------- */

static void
packets_wait_for_the_answer_in_order(void **state)
{
    struct fixture *fx = *state;

    for (uint16_t port = 1; port <= 5; port++) {
        assert_int_equal(packet(fx, port), PACKET_QUEUED);
    }
    assert_int_equal(fx->n_asked, 1);
    assert_int_equal(fx->n_forwarded, 0);
    hear(fx, host_mac, true);
    assert_int_equal(fx->n_forwarded, RESOLVER_QUEUE);
    assert_int_equal(fx->last_port, 5);
    assert_mac(fx->forwarded_to, host_mac);

    struct resolver_stats stats;
    resolver_get_stats(fx->resolver, &stats);
    assert_int_equal(stats.dropped, 2);
    assert_int_equal(stats.waiting, 0);

    /* Until the switch has the flow. */
    assert_int_equal(packet(fx, 6), PACKET_ANSWERED);
    assert_int_equal(fx->last_port, 6);
}

static void
nobody_answers(void **state)
{
    struct fixture *fx = *state;

    packet(fx, 1);
    packet(fx, 2);
    pass(fx, RESOLVER_TRIES * RESOLVER_RETRANS_MSEC - 1);
    assert_int_equal(fx->n_asked, RESOLVER_TRIES);
    assert_int_equal(fx->n_unreachable, 0);
    pass(fx, 1);
    assert_int_equal(fx->n_unreachable, 2);
    assert_int_equal(state_of(fx), NEIGHBOUR_FAILED);

    pass(fx, RESOLVER_FAILED_MSEC - 1);
    assert_int_equal(packet(fx, 3), PACKET_ANSWERED);
    assert_int_equal(fx->n_unreachable, 3);
    assert_int_equal(fx->n_asked, RESOLVER_TRIES);
    pass(fx, 1);
    assert_int_equal(packet(fx, 4), PACKET_QUEUED);
    assert_int_equal(fx->n_asked, RESOLVER_TRIES + 1);
    pass(fx, RESOLVER_TRIES * RESOLVER_RETRANS_MSEC + RESOLVER_FORGET_MSEC);
    assert_int_equal(state_of(fx), N_NEIGHBOUR_STATES);
    assert_int_equal(fx->n_learned, 0);
}

static void
a_known_neighbour_is_asked_again(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    for (int i = 1; i <= 10; i++) {
        const long long int start = fx->now;

        while (fx->n_probed < i) {
            pass(fx, 100);
        }
        assert_in_range(fx->now - start, RESOLVER_REACHABLE_MSEC * 3 / 4,
                        RESOLVER_REACHABLE_MSEC * 5 / 4 + 100);
        assert_int_equal(state_of(fx), NEIGHBOUR_PROBE);
        assert_int_equal(packet(fx, 1), PACKET_ANSWERED);
        hear(fx, host_mac, true);
        assert_int_equal(state_of(fx), NEIGHBOUR_REACHABLE);
    }
    assert_int_equal(fx->n_learned, 1);
}

static void
a_known_neighbour_that_is_gone(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    pass(fx, RESOLVER_REACHABLE_MSEC * 5 / 4 + RESOLVER_TRIES * RESOLVER_RETRANS_MSEC);
    assert_int_equal(fx->n_probed, RESOLVER_TRIES);
    assert_int_equal(fx->n_learned, 2);
    assert_mac(fx->learned, eth_addr_zero);
    assert_int_equal(state_of(fx), N_NEIGHBOUR_STATES);
    assert_int_equal(packet(fx, 1), PACKET_QUEUED);
}

static size_t
n_problems(const struct fixture *fx)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    resolver_problems(fx->resolver, &problems);

    size_t n = problems.n;
    svec_destroy(&problems);
    return n;
}

static void
a_next_hop_that_does_not_answer_is_told_and_asked_for(void **state)
{
    struct fixture *fx = *state;

    fx->next_hop = true;
    become_reachable(fx);
    pass(fx, RESOLVER_REACHABLE_MSEC * 5 / 4 + RESOLVER_TRIES * RESOLVER_RETRANS_MSEC);
    assert_mac(fx->learned, eth_addr_zero);
    assert_int_equal(n_problems(fx), 1);
    int asked = fx->n_asked;
    pass(fx, RESOLVER_RETRY_MSEC);
    assert_true(fx->n_asked > asked);
    assert_int_equal(n_problems(fx), 1);
    while (state_of(fx) != NEIGHBOUR_INCOMPLETE) {
        pass(fx, 100);
    }
    hear(fx, host_mac, true);
    assert_int_equal(n_problems(fx), 0);
    assert_mac(fx->learned, host_mac);

    /* One that is none any more is forgotten. */
    fx->next_hop = false;
    pass(fx, 2 * RESOLVER_REACHABLE_MSEC);
    assert_int_equal(state_of(fx), N_NEIGHBOUR_STATES);
}

static void
another_mac_address_is_verified(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    hear(fx, other_mac, false);
    assert_int_equal(fx->n_probed, 2);
    hear(fx, other_mac, true);
    pass(fx, RESOLVER_VERIFY_MSEC - 1);
    assert_int_equal(fx->n_learned, 1);
    pass(fx, 1);
    assert_int_equal(fx->n_learned, 2);
    assert_mac(fx->learned, other_mac);
    assert_int_equal(state_of(fx), NEIGHBOUR_REACHABLE);
}

static void
what_the_old_mac_address_denies_is_not_believed(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    for (int i = 0; i < 3; i++) {
        /* An answer to nothing begins as an announcement does. */
        hear(fx, other_mac, i % 2);
        hear(fx, other_mac, true);
        hear(fx, host_mac, true);
        hear(fx, other_mac, true);
        pass(fx, RESOLVER_RETRANS_MSEC);
    }
    assert_int_equal(fx->n_probed, 6);
    assert_int_equal(fx->n_learned, 1);
    assert_mac(fx->learned, host_mac);
    assert_int_equal(state_of(fx), NEIGHBOUR_REACHABLE);
}

static void
announcements_cause_few_questions(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    for (int i = 0; i < 100; i++) {
        hear(fx, other_mac, false);
        hear(fx, host_mac, true);
        pass(fx, 10);
    }
    assert_true(fx->n_probed <= 4);
    assert_int_equal(fx->n_learned, 1);
}

static void
an_announcement_that_nobody_confirms(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    hear(fx, other_mac, false);
    pass(fx, RESOLVER_VERIFY_MSEC);
    assert_int_equal(state_of(fx), NEIGHBOUR_PROBE);
    assert_int_equal(packet(fx, 1), PACKET_ANSWERED);
    hear(fx, host_mac, true);
    assert_int_equal(state_of(fx), NEIGHBOUR_REACHABLE);
    assert_int_equal(fx->n_learned, 1);
}

static void
what_was_not_asked_for_is_not_believed(void **state)
{
    struct fixture *fx = *state;

    hear(fx, host_mac, true);
    hear(fx, host_mac, false);
    assert_int_equal(state_of(fx), N_NEIGHBOUR_STATES);
    packet(fx, 1);
    hear(fx, host_mac, false);
    assert_int_equal(state_of(fx), NEIGHBOUR_INCOMPLETE);
    hear(fx, chassis_mac, true);
    assert_int_equal(state_of(fx), NEIGHBOUR_INCOMPLETE);
    pass(fx, RESOLVER_TRIES * RESOLVER_RETRANS_MSEC);
    hear(fx, host_mac, true);
    assert_int_equal(state_of(fx), NEIGHBOUR_FAILED);
    assert_int_equal(fx->n_learned, 0);
}

static void
nothing_is_lost_while_the_switch_is_away(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    while (state_of(fx) != NEIGHBOUR_PROBE) {
        pass(fx, 100);
    }
    pass(fx, 2 * RESOLVER_RETRANS_MSEC);
    assert_true(resolver_run(fx->resolver, fx->now, false) == LLONG_MAX);
    fx->now += 3600000;
    assert_true(resolver_run(fx->resolver, fx->now, false) == LLONG_MAX);

    int probed = fx->n_probed;
    pass(fx, RESOLVER_TRIES * RESOLVER_RETRANS_MSEC - 1);
    assert_int_equal(fx->n_probed, probed + RESOLVER_TRIES);
    assert_int_equal(fx->n_learned, 1);
    hear(fx, host_mac, true);
    assert_int_equal(state_of(fx), NEIGHBOUR_REACHABLE);
}

static void
nothing_is_lost_when_the_program_stands_still(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    while (state_of(fx) != NEIGHBOUR_PROBE) {
        pass(fx, 100);
    }
    pass(fx, 2 * RESOLVER_RETRANS_MSEC);
    fx->now += 60000;
    pass(fx, RESOLVER_TRIES * RESOLVER_RETRANS_MSEC - 1);
    assert_int_equal(fx->n_learned, 1);
}

static void
what_is_restored_is_asked_at_once(void **state)
{
    struct fixture *fx = *state;
    const struct in6_addr ip = make_ip(10, 0, 4, 254), zero = make_ip(0, 0, 0, 0);

    resolver_restore(fx->resolver, &network_uuid, &ip, host_mac, fx->now);
    resolver_restore(fx->resolver, &network_uuid, &ip, other_mac, fx->now);
    resolver_restore(fx->resolver, &network_uuid, &zero, host_mac, fx->now);
    assert_int_equal(fx->n_learned, 1);
    assert_mac(fx->learned, host_mac);
    assert_int_equal(state_of(fx), NEIGHBOUR_STALE);
    assert_int_equal(packet(fx, 1), PACKET_ANSWERED);
    pass(fx, 0);
    assert_int_equal(fx->n_probed, 1);
    hear(fx, host_mac, true);
    assert_int_equal(state_of(fx), NEIGHBOUR_REACHABLE);
    assert_int_equal(fx->n_learned, 1);
}

static void
what_is_on_no_network_of_this_chassis_is_not_asked_for(void **state)
{
    struct fixture *fx = *state;

    fx->absent = true;
    assert_int_equal(packet(fx, 1), PACKET_ANSWERED);
    fx->absent = false;
    fx->known = true;
    assert_int_equal(packet(fx, 1), PACKET_ANSWERED);
    fx->known = false;
    assert_int_equal(packet_from(fx, 4, 255, 1, 7), PACKET_ANSWERED);
    assert_int_equal(packet_from(fx, 0, 0, 1, 7), PACKET_QUEUED); /* 10.0.0.0 */
    assert_int_equal(fx->n_unreachable, 3);
    assert_int_equal(fx->n_asked, 1);
}

static void
a_network_that_goes_takes_its_neighbours_along_later(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    fx->absent = true;
    pass(fx, RESOLVER_REACHABLE_MSEC * 5 / 4);
    assert_int_equal(fx->n_learned, 1);
    fx->absent = false;
    while (state_of(fx) != NEIGHBOUR_PROBE) {
        pass(fx, 100);
    }
    hear(fx, host_mac, true);
    assert_int_equal(state_of(fx), NEIGHBOUR_REACHABLE);
    fx->absent = true;
    pass(fx, RESOLVER_REACHABLE_MSEC * 5 / 4 + 71000);
    assert_int_equal(fx->n_learned, 2);
    assert_int_equal(state_of(fx), N_NEIGHBOUR_STATES);
}

static void
an_address_that_a_port_gets_is_no_neighbours(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    fx->known = true;
    pass(fx, RESOLVER_REACHABLE_MSEC * 5 / 4);
    assert_int_equal(state_of(fx), N_NEIGHBOUR_STATES);
    assert_int_equal(fx->n_probed, 0);
}

/* Whoever scans a network fills neither memory nor fabric. */
static void
there_are_bounds(void **state)
{
    struct fixture *fx = *state;
    struct resolver_stats stats;

    for (unsigned int i = 0; i < 10000; i++) {
        packet_from(fx, i / 256, i % 256, 1, 7 + i / 50);
        if (i % 100 == 99) {
            pass(fx, 100);
        }
    }
    resolver_get_stats(fx->resolver, &stats);
    assert_in_range(stats.neighbours[NEIGHBOUR_INCOMPLETE] + stats.neighbours[NEIGHBOUR_FAILED], 1,
                    RESOLVER_MAX_UNKNOWN);
    assert_true(stats.waiting <= RESOLVER_QUEUE_TOTAL);
    assert_true(stats.questions <= RESOLVER_RATE + RESOLVER_RATE * 10);

    /* One source has a share. */
    uint64_t limited = dispatch_count(fx->dispatch, PIN_NO_NEIGHBOUR, PACKET_LIMITED);
    pass(fx, 120000);
    for (unsigned int i = 0; i < 2 * RESOLVER_SOURCE_BURST; i++) {
        packet_from(fx, 200, i, 1, 3);
    }
    assert_int_equal(dispatch_count(fx->dispatch, PIN_NO_NEIGHBOUR, PACKET_LIMITED) - limited,
                     RESOLVER_SOURCE_BURST);
}

static void
many_known_neighbours_are_asked_at_a_bounded_rate(void **state)
{
    struct fixture *fx = *state;

    for (unsigned int i = 0; i < RESOLVER_MAX + 10; i++) {
        const struct in6_addr ip = make_ip(10, 1 + i / 65536, i / 256 % 256, i % 256);

        resolver_restore(fx->resolver, &network_uuid, &ip, host_mac, fx->now);
    }
    assert_int_equal(fx->n_learned, RESOLVER_MAX);
    pass(fx, 1000);
    assert_in_range(fx->n_probed, RESOLVER_RATE, 2 * RESOLVER_RATE);
}

static void
all_are_forgotten(void **state)
{
    struct fixture *fx = *state;

    become_reachable(fx);
    packet_from(fx, 4, 1, 1, 7);
    resolver_clear(fx->resolver);
    assert_mac(fx->learned, eth_addr_zero);
    assert_int_equal(state_of(fx), N_NEIGHBOUR_STATES);
    assert_true(resolver_run(fx->resolver, fx->now, true) == LLONG_MAX);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_wait_for_the_answer_in_order),
        TEST(nobody_answers),
        TEST(a_known_neighbour_is_asked_again),
        TEST(a_known_neighbour_that_is_gone),
        TEST(a_next_hop_that_does_not_answer_is_told_and_asked_for),
        TEST(another_mac_address_is_verified),
        TEST(what_the_old_mac_address_denies_is_not_believed),
        TEST(announcements_cause_few_questions),
        TEST(an_announcement_that_nobody_confirms),
        TEST(what_was_not_asked_for_is_not_believed),
        TEST(nothing_is_lost_while_the_switch_is_away),
        TEST(nothing_is_lost_when_the_program_stands_still),
        TEST(what_is_restored_is_asked_at_once),
        TEST(what_is_on_no_network_of_this_chassis_is_not_asked_for),
        TEST(a_network_that_goes_takes_its_neighbours_along_later),
        TEST(an_address_that_a_port_gets_is_no_neighbours),
        TEST(there_are_bounds),
        TEST(many_known_neighbours_are_asked_at_a_bounded_rate),
        TEST(all_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
