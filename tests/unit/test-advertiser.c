/* SPDX-License-Identifier: Apache-2.0 */
/* Proves when router advertisements are sent, and to whom, in simulated time. */
#include <config.h>

#include "service/advertiser.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dp-packet.h"
#include "frames.h"
#include "model.h"
#include "nb/advertisement.h"
#include "pipeline/inject.h"
#include "random.h"
#include "service/dispatch.h"
#include "svec.h"
#include "unaligned.h"
#include "util.h"

/* Solicitations of fa:16:3e:00:00:0a, from its link-local address and from ::. */
#define RS_HEX                                                                                     \
    "333300000002fa163e00000a86dd6000000000103afffe80000000000000f816"                             \
    "3efffe00000aff02000000000000000000000000000285000eec000000000101"                             \
    "fa163e00000a"
#define RS_UNSPECIFIED_HEX                                                                         \
    "333300000002fa163e00000a86dd6000000000083aff00000000000000000000"                             \
    "000000000000ff02000000000000000000000000000285007bb800000000"

#define NETWORK 42
#define PORT 7

enum {
    LIFETIME_OFS = 14 + 40 + 6,
    OPTIONS_OFS = 14 + 40 + 16,
    OPT_RDNSS = 25,
    OPT_DNSSL = 31,
};

/* An advertisement that was sent. */
struct sent {
    long long int at;
    uint64_t network;
    ofp_port_t port; /* 0: to all. */
    struct eth_addr src;
    uint16_t lifetime;
    unsigned int n_prefixes; /* That hold, */
    unsigned int n_gone;     /* and that are withdrawn. */
    struct in6_addr gone;    /* The last one of these. */
    unsigned int n_servers, n_servers_gone, n_domains, n_domains_gone;
};

struct fixture {
    struct advertiser *advertiser;
    struct dispatch *dispatch;
    long long int now;
    struct sent *sent;
    size_t n, allocated;
};

/* Counts the names of 'len' bytes (RFC 1035 3.1), as far as the zeros that fill the option up. */
static unsigned int
count_names(const uint8_t *p, size_t len)
{
    unsigned int n = 0;

    for (const uint8_t *end = p + len; p < end && *p; p++) {
        while (*p) {
            p += 1 + *p;
        }
        n++;
    }
    return n;
}

/* Counts the prefixes (RFC 4861 4.6.2), DNS servers and domains (RFC 8106 5) of the advertisement.
 */
static void
note_options(struct sent *s, const uint8_t *frame, size_t len)
{
    for (size_t ofs = OPTIONS_OFS; ofs < len; ofs += frame[ofs + 1] * 8) {
        size_t option_len = frame[ofs + 1] * 8;
        bool dns_gone = !get_unaligned_be32((const void *) &frame[ofs + 4]);

        if (frame[ofs] == OPT_RDNSS) {
            *(dns_gone ? &s->n_servers_gone : &s->n_servers) += (option_len - 8) / 16;
        } else if (frame[ofs] == OPT_DNSSL) {
            *(dns_gone ? &s->n_domains_gone : &s->n_domains) +=
                count_names(&frame[ofs + 8], option_len - 8);
        } else if (frame[ofs] == ND_OPT_PREFIX_INFORMATION) {
            static const uint8_t none[8]; /* Valid and preferred lifetime. */

            if (memcmp(&frame[ofs + 4], none, sizeof none)) {
                s->n_prefixes++;
            } else {
                s->n_gone++;
                memcpy(&s->gone, &frame[ofs + 16], sizeof s->gone);
            }
        }
    }
}

static void
note(void *fx_, const struct injection *injection, const struct dp_packet *packet)
{
    struct fixture *fx = fx_;
    const uint8_t *p = dp_packet_data(packet);
    struct sent s = {.at = fx->now, .network = injection->network_key, .port = injection->outport};

    assert_true(injection->stays_here);
    assert_ptr_equal(injection->stage, s.port ? &stage_to_port : &stage_flood);
    assert_int_equal(p[0] == 0x33, !s.port);
    memcpy(&s.src, p + ETH_ADDR_LEN, sizeof s.src);
    s.lifetime = p[LIFETIME_OFS] << 8 | p[LIFETIME_OFS + 1];
    note_options(&s, p, dp_packet_size(packet));
    if (fx->n >= fx->allocated) {
        fx->sent = x2nrealloc(fx->sent, &fx->allocated, sizeof *fx->sent);
    }
    fx->sent[fx->n++] = s;
}

static int
set_up(void **state)
{
    struct fixture *fx = xzalloc(sizeof *fx);

    random_set_seed(1);
    fx->now = 1000000;
    fx->advertiser = advertiser_create(note, fx);
    fx->dispatch = dispatch_create();
    advertiser_register(fx->advertiser, fx->dispatch);
    *state = fx;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fx = *state;

    dispatch_destroy(fx->dispatch);
    advertiser_destroy(fx->advertiser);
    free(fx->sent);
    free(fx);
    return 0;
}

/* Lets 'ms' pass; wakes up when the advertiser wants to. */
static unsigned int
pass(struct fixture *fx, long long int ms)
{
    long long int end = fx->now + ms;
    unsigned int n_wakes = 0;

    for (;;) {
        long long int next = advertiser_run(fx->advertiser, fx->now);

        n_wakes++;
        assert_true(next > fx->now);
        if (next > end) {
            fx->now = end;
            return n_wakes;
        }
        fx->now = next;
    }
}

static struct advertisement
make_advertisement(unsigned int router)
{
    struct subnet_config subnet = make_subnet(0, 0, make_ip6(1, 0), 64, ADDRESS_MODE_SLAAC);
    struct advertisement a = {.mac = make_mac(2, router), .mtu = 1500};

    in6_generate_lla(a.mac, &a.source);
    advertisement_add_subnet(&a, &subnet);
    subnet_config_destroy(&subnet);
    return a;
}

/* 'n' routers advertise on a network. */
static void
set_network(struct fixture *fx, uint64_t key, bool local, unsigned int n, uint16_t mtu)
{
    struct advertisement ads[4] = {{.mtu = 0}};

    for (unsigned int i = 0; i < n; i++) {
        ads[i] = make_advertisement(i);
        ads[i].mtu = mtu;
    }
    advertiser_set_network(fx->advertiser, key, local, ads, n, fx->now);
    for (unsigned int i = 0; i < n; i++) {
        advertisement_destroy(&ads[i]);
    }
}

/* A port of the network solicits.  Returns how often that has ended as 'outcome'. */
static uint64_t
solicit(struct fixture *fx, uint32_t port, const char *hex, enum packet_outcome outcome)
{
    struct pipeline_packet_in pin = {
        .reason = PIN_ROUTER_SOLICITATION,
        .network_key = NETWORK,
        .inport = port,
    };
    struct frame f = frame_from_hex(hex);
    uint64_t before = dispatch_count(fx->dispatch, pin.reason, outcome);

    dispatch_packet_in(fx->dispatch, &pin, f.data, f.len, fx->now);
    return dispatch_count(fx->dispatch, pin.reason, outcome) - before;
}

static void
a_new_router_tells_all_three_times_then_now_and_then(void **state)
{
    struct fixture *fx = *state;
    long long int start = fx->now;

    set_network(fx, NETWORK, true, 1, 1500);
    pass(fx, 24 * 3600 * 1000);
    assert_in_range(fx->n, 24 * 6, 24 * 18 + 3);
    assert_in_range(fx->sent[0].at - start, 0, RA_MAX_DELAY);
    for (size_t i = 0; i < fx->n; i++) {
        long long int interval = i ? fx->sent[i].at - fx->sent[i - 1].at : 0;

        assert_int_equal(fx->sent[i].network, NETWORK);
        assert_int_equal(fx->sent[i].port, 0);
        assert_int_equal(fx->sent[i].lifetime, 1800);
        if (i == 1 || i == 2) {
            assert_in_range(interval, RA_MIN_DELAY_BETWEEN, RA_MAX_INITIAL_INTERVAL);
        } else if (i) {
            assert_in_range(interval, RA_MIN_INTERVAL, RA_MAX_INTERVAL + 1000);
        }
    }
    assert_int_equal(advertiser_count(fx->advertiser), fx->n);
}

static void
what_says_the_same_is_not_repeated(void **state)
{
    struct fixture *fx = *state;

    set_network(fx, NETWORK, true, 1, 1500);
    pass(fx, 60000);
    assert_int_equal(fx->n, 3);
    for (int i = 0; i < 100; i++) {
        set_network(fx, NETWORK, true, 1, 1500);
        pass(fx, 10);
    }
    assert_int_equal(fx->n, 3);
    set_network(fx, NETWORK, true, 1, 1400);
    pass(fx, 60000);
    assert_int_equal(fx->n, 6);
}

static void
a_router_that_changes_often_tells_all_every_three_seconds(void **state)
{
    struct fixture *fx = *state;

    for (int i = 0; i < 600; i++) {
        set_network(fx, NETWORK, true, 1, 1400 + i);
        pass(fx, 100);
    }
    assert_in_range(fx->n, 10, 60000 / RA_MIN_DELAY_BETWEEN + 1);
    for (size_t i = 1; i < fx->n; i++) {
        assert_true(fx->sent[i].at - fx->sent[i - 1].at >= RA_MIN_DELAY_BETWEEN);
    }
}

static void
a_router_that_goes_says_so_three_times(void **state)
{
    struct fixture *fx = *state;

    set_network(fx, NETWORK, true, 2, 1500);
    pass(fx, 60000);
    fx->n = 0;
    set_network(fx, NETWORK, true, 1, 1500);
    pass(fx, 60000);
    assert_int_equal(fx->n, 3);
    for (size_t i = 0; i < fx->n; i++) {
        assert_int_equal(fx->sent[i].lifetime, 0);
        assert_true(eth_addr_equals(fx->sent[i].src, make_mac(2, 1)));
    }
    assert_in_range(fx->sent[1].at - fx->sent[0].at, RA_MIN_DELAY_BETWEEN,
                    RA_MIN_DELAY_BETWEEN + 1000);

    fx->n = 0;
    set_network(fx, NETWORK, true, 0, 1500);
    pass(fx, 24 * 3600 * 1000);
    assert_int_equal(fx->n, 3);
    assert_int_equal(solicit(fx, PORT, RS_HEX, PACKET_NOT_ALLOWED), 1);
}

static void
a_router_that_is_back_is_one_again(void **state)
{
    struct fixture *fx = *state;

    set_network(fx, NETWORK, true, 1, 1500);
    pass(fx, 60000);
    set_network(fx, NETWORK, true, 0, 1500);
    pass(fx, 1000);
    assert_int_equal(fx->sent[fx->n - 1].lifetime, 0);
    set_network(fx, NETWORK, true, 1, 1500);
    fx->n = 0;
    pass(fx, 60000);
    assert_int_equal(fx->n, 3);
    for (size_t i = 0; i < fx->n; i++) {
        assert_int_equal(fx->sent[i].lifetime, 1800);
    }
}

/* 'subnets', of which subnet 'i' is bit 'i', are what a router advertises, each with a DNS server
 * and a domain of its own, and of each 'n' more servers. */
static struct advertisement
make_subnets(unsigned int router, unsigned int subnets, unsigned int n)
{
    struct advertisement ad = {.mac = make_mac(2, router), .mtu = 1500};

    ad.name = xasprintf("rp%u", router);
    in6_generate_lla(ad.mac, &ad.source);
    for (unsigned int i = 0; i < 8; i++) {
        if (subnets & 1 << i) {
            struct subnet_config s = make_subnet(0, 0, make_ip6(i, 0), 64, ADDRESS_MODE_SLAAC);

            s.n_dns_servers = 1 + n;
            s.dns_servers = xmalloc(s.n_dns_servers * sizeof *s.dns_servers);
            for (unsigned int j = 0; j <= n; j++) {
                s.dns_servers[j] = make_ip6(100 + i, 53 + j);
            }
            s.n_dns_search = 1;
            s.dns_search = xmalloc(sizeof *s.dns_search);
            s.dns_search[0] = xasprintf("d%u.example", i);
            advertisement_add_subnet(&ad, &s);
            subnet_config_destroy(&s);
        }
    }
    return ad;
}

/* The same of one router, or, unless the second has none, two. */
static void
set_both(struct fixture *fx, unsigned int first, unsigned int second)
{
    struct advertisement ads[] = {make_subnets(0, first, 0), make_subnets(1, second, 0)};

    advertiser_set_network(fx->advertiser, NETWORK, true, ads, second ? 2 : 1, fx->now);
    advertisement_destroy(&ads[0]);
    advertisement_destroy(&ads[1]);
}

static void
set_subnets(struct fixture *fx, unsigned int subnets)
{
    set_both(fx, subnets, 0);
}

static void
a_prefix_that_goes_is_withdrawn_three_times(void **state)
{
    struct fixture *fx = *state;
    struct in6_addr gone = make_ip6(1, 0);

    set_subnets(fx, 0x3);
    pass(fx, 60000);
    assert_int_equal(fx->sent[0].n_prefixes, 2);
    assert_int_equal(fx->sent[0].n_gone, 0);

    fx->n = 0;
    set_subnets(fx, 0x1);
    pass(fx, 60000);
    assert_int_equal(fx->n, 3);
    for (size_t i = 0; i < fx->n; i++) {
        assert_int_equal(fx->sent[i].n_prefixes, 1);
        assert_int_equal(fx->sent[i].n_gone, 1);
        assert_true(ipv6_addr_equals(&fx->sent[i].gone, &gone));
    }

    fx->n = 0;
    pass(fx, 24 * 3600 * 1000);
    for (size_t i = 0; i < fx->n; i++) {
        assert_int_equal(fx->sent[i].n_gone, 0);
    }
}

static void
a_prefix_that_is_back_is_not_withdrawn(void **state)
{
    struct fixture *fx = *state;

    set_subnets(fx, 0x3);
    pass(fx, 60000);
    set_subnets(fx, 0x1);
    set_subnets(fx, 0x4); /* Both are withdrawn. */
    fx->n = 0;
    pass(fx, 5000);
    assert_int_equal(fx->sent[0].n_prefixes, 1);
    assert_int_equal(fx->sent[0].n_gone, 2);

    set_subnets(fx, 0x2);
    fx->n = 0;
    pass(fx, 60000);
    assert_int_equal(fx->sent[0].n_prefixes, 1);
    assert_int_equal(fx->sent[0].n_gone, 2); /* The first, and the third. */
}

/* RFC 8106 5.1 and 5.2. */
static void
dns_servers_and_domains_that_go_are_withdrawn_three_times(void **state)
{
    struct fixture *fx = *state;

    set_subnets(fx, 0x3);
    pass(fx, 60000);
    assert_int_equal(fx->sent[0].n_servers, 2);
    assert_int_equal(fx->sent[0].n_domains, 2);
    assert_int_equal(fx->sent[0].n_servers_gone + fx->sent[0].n_domains_gone, 0);

    fx->n = 0;
    set_subnets(fx, 0x1);
    pass(fx, 60000);
    assert_int_equal(fx->n, 3);
    for (size_t i = 0; i < fx->n; i++) {
        assert_int_equal(fx->sent[i].n_servers, 1);
        assert_int_equal(fx->sent[i].n_servers_gone, 1);
        assert_int_equal(fx->sent[i].n_domains, 1);
        assert_int_equal(fx->sent[i].n_domains_gone, 1);
    }

    fx->n = 0;
    pass(fx, 24 * 3600 * 1000);
    for (size_t i = 0; i < fx->n; i++) {
        assert_int_equal(fx->sent[i].n_servers_gone + fx->sent[i].n_domains_gone, 0);
    }
}

static void
what_another_router_tells_is_not_withdrawn(void **state)
{
    struct fixture *fx = *state;

    set_both(fx, 0x7, 0x2);
    pass(fx, 60000);
    fx->n = 0;
    set_both(fx, 0x1, 0x2);
    pass(fx, 60000);
    assert_int_equal(fx->n, 3);
    for (size_t i = 0; i < fx->n; i++) {
        assert_int_equal(fx->sent[i].n_gone, 1); /* The third, but not the second. */
        assert_int_equal(fx->sent[i].n_servers_gone, 1);
        assert_int_equal(fx->sent[i].n_domains_gone, 1);
    }

    /* One that is itself about to go says nothing that counts. */
    set_both(fx, 0x3, 0x2);
    pass(fx, 60000);
    fx->n = 0;
    set_both(fx, 0x1, 0);
    pass(fx, 60000);
    for (size_t i = 0; i < fx->n; i++) {
        assert_int_equal(fx->sent[i].n_gone, fx->sent[i].lifetime ? 1 : 0);
    }
}

static void
what_there_is_no_room_for_is_a_problem(void **state)
{
    struct fixture *fx = *state;
    struct advertisement ad = make_subnets(3, 0x1, 72);
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    advertiser_set_network(fx->advertiser, NETWORK, true, &ad, 1, fx->now);
    advertisement_destroy(&ad);
    advertiser_problems(fx->advertiser, &problems);
    assert_int_equal(problems.n, 1); /* 73 servers have just room, the domain has none. */
    assert_non_null(strstr(problems.names[0], "router port rp3: "));
    assert_non_null(strstr(problems.names[0], " no room for 1 of 1 domains, "));
    svec_clear(&problems);

    ad = make_subnets(3, 0x3, 72);
    advertiser_set_network(fx->advertiser, NETWORK, true, &ad, 1, fx->now);
    advertisement_destroy(&ad);
    advertiser_problems(fx->advertiser, &problems);
    assert_int_equal(problems.n, 1);
    assert_non_null(
        strstr(problems.names[0], " no room for 75 of 146 DNS servers, 2 of 2 domains, "));
    svec_clear(&problems);

    set_both(fx, 0xff, 0xff);
    advertiser_problems(fx->advertiser, &problems);
    assert_int_equal(problems.n, 0);
    svec_destroy(&problems);
}

static void
nobody_is_told_where_nobody_is(void **state)
{
    struct fixture *fx = *state;

    set_network(fx, NETWORK, false, 1, 1500);
    pass(fx, 1000000);
    assert_int_equal(fx->n, 0);
    set_network(fx, NETWORK, true, 1, 1500);
    pass(fx, 60000);
    assert_int_equal(fx->n, 3);
    set_network(fx, NETWORK, false, 1, 1500);
    pass(fx, 1000000);
    assert_int_equal(fx->n, 3);
    set_network(fx, NETWORK, true, 1, 1500);
    advertiser_clear(fx->advertiser);
    pass(fx, 1000000);
    assert_int_equal(fx->n, 3);
}

static void
who_solicits_is_answered_alone(void **state)
{
    struct fixture *fx = *state;
    long long int at;

    set_network(fx, NETWORK, true, 2, 1500);
    pass(fx, 60000);
    fx->n = 0;
    at = fx->now;
    assert_int_equal(solicit(fx, PORT, RS_HEX, PACKET_ANSWERED), 1);
    assert_int_equal(solicit(fx, PORT, RS_HEX, PACKET_LIMITED), 1);
    assert_int_equal(solicit(fx, PORT + 1, RS_HEX, PACKET_ANSWERED), 1);
    pass(fx, RA_MAX_DELAY);
    assert_int_equal(fx->n, 4); /* Of each router to each port. */
    for (size_t i = 0; i < fx->n; i++) {
        assert_in_range(fx->sent[i].at - at, 0, RA_MAX_DELAY);
        assert_in_range(fx->sent[i].port, PORT, PORT + 1);
        assert_int_equal(fx->sent[i].lifetime, 1800);
    }
    assert_int_equal(solicit(fx, PORT, RS_HEX, PACKET_ANSWERED), 1);
}

static void
who_solicits_without_address_is_answered_before_all(void **state)
{
    struct fixture *fx = *state;

    set_network(fx, NETWORK, true, 1, 1500);
    pass(fx, 60000);
    fx->n = 0;
    assert_int_equal(solicit(fx, PORT, RS_UNSPECIFIED_HEX, PACKET_ANSWERED), 1);
    pass(fx, RA_MAX_DELAY);
    assert_int_equal(fx->n, 1);
    assert_int_equal(fx->sent[0].port, 0);

    /* Then every three seconds only. */
    for (int i = 0; i < 600; i++) {
        solicit(fx, PORT, RS_UNSPECIFIED_HEX, PACKET_ANSWERED);
        pass(fx, 100);
    }
    assert_in_range(fx->n, 10, 60000 / RA_MIN_DELAY_BETWEEN + 1);
}

static void
others_are_not_answered(void **state)
{
    struct fixture *fx = *state;

    assert_int_equal(solicit(fx, PORT, RS_HEX, PACKET_NOT_ALLOWED), 1);
    set_network(fx, NETWORK, true, 1, 1500);
    pass(fx, 60000);
    assert_int_equal(solicit(fx, PORT, "00", PACKET_MALFORMED), 1);
    pass(fx, 1000);
    assert_int_equal(fx->n, 3);
}

static void
a_flood_of_solicitations_takes_a_bounded_memory(void **state)
{
    struct fixture *fx = *state;

    set_network(fx, NETWORK, true, 1, 1500);
    pass(fx, 60000);
    for (uint32_t port = 0; port < 2 * RA_MAX_SOLICITORS; port++) {
        assert_int_equal(solicit(fx, 1 + port, RS_HEX,
                                 port < RA_MAX_SOLICITORS ? PACKET_ANSWERED : PACKET_LIMITED),
                         1);
    }
    pass(fx, 60000);
    assert_int_equal(fx->n, 3 + RA_MAX_SOLICITORS);
}

/* At a start, and for ever after: at no time many at once, and few times to wake up. */
static void
ten_thousand_networks_are_spread(void **state)
{
    struct fixture *fx = *state;
    const unsigned int n = 10000, hour = 3600 * 1000;
    size_t in_second = 0, most = 0;
    unsigned int n_wakes;

    for (unsigned int i = 0; i < n; i++) {
        set_network(fx, 1 + i, true, 1, 1500);
    }
    pass(fx, hour);
    for (size_t i = 1; i < fx->n; i++) {
        in_second = fx->sent[i].at / 1000 == fx->sent[i - 1].at / 1000 ? in_second + 1 : 1;
        most = MAX(most, in_second);
    }
    assert_true(most <= (1000 / RA_PAUSE + 1) * RA_BATCH);

    /* In the steady state one network needs one in 400 seconds on average. */
    fx->n = 0;
    most = 0;
    n_wakes = pass(fx, hour);
    assert_in_range(fx->n, n * 9 * 95 / 100, n * 9 * 105 / 100);
    for (size_t i = 1; i < fx->n; i++) {
        in_second = fx->sent[i].at / 1000 == fx->sent[i - 1].at / 1000 ? in_second + 1 : 1;
        most = MAX(most, in_second);
    }
    print_message("# %" PRIuSIZE " in an hour, at most %" PRIuSIZE " in a second, %u wakeups\n",
                  fx->n, most, n_wakes);
    assert_true(most <= 100);
    assert_true(n_wakes <= 5 * 3600);
}

int
main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_router_tells_all_three_times_then_now_and_then),
        TEST(what_says_the_same_is_not_repeated),
        TEST(a_router_that_changes_often_tells_all_every_three_seconds),
        TEST(a_router_that_goes_says_so_three_times),
        TEST(a_router_that_is_back_is_one_again),
        TEST(a_prefix_that_goes_is_withdrawn_three_times),
        TEST(a_prefix_that_is_back_is_not_withdrawn),
        TEST(dns_servers_and_domains_that_go_are_withdrawn_three_times),
        TEST(what_another_router_tells_is_not_withdrawn),
        TEST(what_there_is_no_room_for_is_a_problem),
        TEST(nobody_is_told_where_nobody_is),
        TEST(who_solicits_is_answered_alone),
        TEST(who_solicits_without_address_is_answered_before_all),
        TEST(others_are_not_answered),
        TEST(a_flood_of_solicitations_takes_a_bounded_memory),
        TEST(ten_thousand_networks_are_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
