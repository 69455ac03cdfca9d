/* SPDX-License-Identifier: Apache-2.0 */

/* The choice of remotes for the NB database, and the times of attempts: relays first,
 * servers if there is no relay, and never all chassis at once. */
#include <config.h>

#include "northbound/remotes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "random.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

#define RELAYS "unix:/nonexistent/relay1,unix:/nonexistent/relay2"
#define SERVERS "unix:/nonexistent/server"

static int
setup(void **state)
{
    random_set_seed(1);
    *state = remotes_create();
    return 0;
}

static int
teardown(void **state)
{
    remotes_destroy(*state);
    return 0;
}

/* Runs from '*now' on, every ms, as long as what is wanted is 'before' (NULL: no
 * remote).  Sets '*now' to when it no longer was, and returns what was wanted then. */
static const char *
wait_while(struct remotes *r, const char *before, enum link_state link, long long int *now)
{
    for (long long int end = *now + 3600 * 1000; *now < end; ++*now) {
        const char *wanted = remotes_run(r, RELAYS, SERVERS, link, *now);

        if (!nullable_string_is_equal(wanted, before)) {
            return wanted;
        }
    }
    fail();
    return NULL;
}

static void
relays_are_asked_first(void **state)
{
    assert_string_equal(remotes_run(*state, RELAYS, SERVERS, LINK_FAILED, 0), RELAYS);
}

static void
without_relays_the_servers_are_asked(void **state)
{
    assert_string_equal(remotes_run(*state, NULL, SERVERS, LINK_FAILED, 0), SERVERS);
}

static void
without_any_no_remote_is_asked(void **state)
{
    assert_null(remotes_run(*state, NULL, NULL, LINK_FAILED, 0));
    assert_null(remotes_run(*state, NULL, NULL, LINK_FAILED, 100000));
}

static void
servers_are_asked_at_once_when_all_relays_refuse(void **state)
{
    remotes_run(*state, RELAYS, SERVERS, LINK_FAILED, 0);
    assert_string_equal(remotes_run(*state, RELAYS, SERVERS, LINK_DOWN, 5), RELAYS);
    assert_string_equal(remotes_run(*state, RELAYS, SERVERS, LINK_FAILED, 10), SERVERS);
}

static void
servers_are_asked_when_no_relay_answers_in_time(void **state)
{
    long long int now = 0;

    assert_string_equal(wait_while(*state, RELAYS, LINK_DOWN, &now), SERVERS);
    assert_int_equal(now, 3000);
}

static void
a_relay_that_drops_all_clients_does_not_keep_chassis_from_the_servers(void **state)
{
    const char *wanted = RELAYS;

    remotes_run(*state, RELAYS, SERVERS, LINK_FAILED, 0);
    for (long long int now = 1; now < 100000 && !strcmp(wanted, RELAYS); now++) {
        wanted = remotes_run(*state, RELAYS, SERVERS, now % 500 < 250 ? LINK_UP : LINK_FAILED, now);
        assert_non_null(wanted);
    }
    assert_string_equal(wanted, SERVERS);
}

/* Returns how long after the loss of a connection the next attempt begins. */
static long long int
delay_after_loss(struct remotes *r, long long int *now)
{
    long long int start;

    assert_string_equal(remotes_run(r, RELAYS, SERVERS, LINK_DOWN, *now), RELAYS);
    for (int i = 0; i < 10; i++) {
        *now += 1000;
        assert_string_equal(remotes_run(r, RELAYS, SERVERS, LINK_UP, *now), RELAYS);
    }
    start = ++*now;
    assert_null(remotes_run(r, RELAYS, SERVERS, LINK_DOWN, *now));
    assert_string_equal(wait_while(r, NULL, LINK_FAILED, now), RELAYS);
    return *now - start;
}

static void
chassis_that_lose_a_server_come_back_one_by_one(void **state OVS_UNUSED)
{
    enum { N = 1000, SLOTS = 10 };
    int per_slot[SLOTS] = {0};

    for (int i = 0; i < N; i++) {
        struct remotes *r = remotes_create();
        long long int now = 0;
        long long int delay = delay_after_loss(r, &now);

        assert_in_range(delay, 0, 1000);
        per_slot[MIN(delay / 100, SLOTS - 1)]++;
        remotes_destroy(r);
    }
    /* About 100 in each tenth of a second. */
    for (int i = 0; i < SLOTS; i++) {
        assert_in_range(per_slot[i], 60, 140);
    }
}

static void
a_stable_connection_makes_good_for_failures(void **state)
{
    long long int now = 0;

    for (int i = 0; i < 20; i++) {
        assert_in_range(delay_after_loss(*state, &now), 0, 1000);
    }
}

static void
waits_grow_with_each_failure_up_to_a_limit(void **state)
{
    long long int longest[8] = {0};

    for (int i = 0; i < 200; i++) {
        struct remotes *r = remotes_create();
        long long int now = 0;

        remotes_run(r, RELAYS, SERVERS, LINK_FAILED, now);
        for (int n = 0; n < 8; n++) {
            long long int start = now;

            assert_string_equal(remotes_run(r, RELAYS, SERVERS, LINK_FAILED, now), SERVERS);
            assert_null(remotes_run(r, RELAYS, SERVERS, LINK_FAILED, now));
            assert_int_equal(remotes_n_failures(r), n + 1);
            assert_string_equal(wait_while(r, NULL, LINK_FAILED, &now), RELAYS);
            longest[n] = MAX(longest[n], now - start);
        }
        remotes_destroy(r);
    }
    for (int n = 0; n < 8; n++) {
        long long int bound = MIN(1000 << n, 16000);

        assert_in_range(longest[n], bound * 3 / 4, bound);
    }
    (void) state;
}

static void
another_configuration_counts_at_once(void **state)
{
    remotes_run(*state, NULL, SERVERS, LINK_FAILED, 0);
    assert_null(remotes_run(*state, NULL, SERVERS, LINK_FAILED, 1));
    assert_string_equal(remotes_run(*state, NULL, RELAYS, LINK_FAILED, 1), RELAYS);
    assert_string_equal(remotes_run(*state, RELAYS, SERVERS, LINK_UP, 2), RELAYS);
    assert_null(remotes_run(*state, NULL, NULL, LINK_UP, 3));
}

static void
a_chassis_with_a_server_returns_to_a_relay_that_answers(void **state)
{
    char *dir = xstrdup("/tmp/test-remotes-XXXXXX");
    struct remotes *r = *state;
    long long int now = 0;
    struct pstream *relay;

    assert_non_null(mkdtemp(dir));
    char *method = xasprintf("unix:%s/relay", dir);
    char *passive = xasprintf("p%s", method);

    /* While there is none it stays with the server. */
    remotes_run(r, method, SERVERS, LINK_FAILED, now);
    for (; now < 600 * 1000; now += 100) {
        const char *wanted =
            remotes_run(r, method, SERVERS, now < 100 ? LINK_FAILED : LINK_UP, now);
        assert_string_equal(wanted, SERVERS);
    }

    assert_int_equal(pstream_open(passive, &relay, DSCP_DEFAULT), 0);
    long long int start = now;
    while (!strcmp(remotes_run(r, method, SERVERS, LINK_UP, now), SERVERS)) {
        now += 100;
        assert_in_range(now - start, 0, 70 * 1000);
    }
    assert_string_equal(remotes_run(r, method, SERVERS, LINK_UP, now), method);

    pstream_close(relay);
    rmdir(dir);
    free(method);
    free(passive);
    free(dir);
}

/* Whether a loop that waits for 'r' alone would go on at once. */
static bool
goes_on(const struct remotes *r, enum link_state link, long long int now)
{
    long long int start = time_msec();

    remotes_wait(r, link, now);
    poll_timer_wait(20);
    poll_block();
    return time_msec() - start < 20;
}

static void
a_change_of_the_link_is_looked_at_at_once(void **state)
{
    long long int now = time_msec();

    remotes_run(*state, RELAYS, SERVERS, LINK_FAILED, now);
    assert_false(goes_on(*state, LINK_DOWN, now));
    assert_true(goes_on(*state, LINK_FAILED, now));
    assert_true(goes_on(*state, LINK_UP, now));
    remotes_run(*state, RELAYS, SERVERS, LINK_UP, now);
    assert_false(goes_on(*state, LINK_UP, now));
    assert_true(goes_on(*state, LINK_DOWN, now));
    now += 10000;
    remotes_run(*state, RELAYS, SERVERS, LINK_UP, now);
    assert_false(goes_on(*state, LINK_UP, now));
    assert_true(goes_on(*state, LINK_DOWN, now));
}

static void
the_status_names_the_remotes(void **state)
{
    static const struct {
        enum link_state link;
        long long int now;
        const char *status;
    } steps[] = {
        {LINK_FAILED, 0, "NB remotes: trying the relays\n"},
        {LINK_UP, 1, "NB remotes: using the relays\n"},
        {LINK_FAILED, 2, "NB remotes: trying the servers, while no relay answers\n"},
        {LINK_UP, 3, "NB remotes: using the servers, while no relay answers\n"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct ds ds = DS_EMPTY_INITIALIZER;

        remotes_run(*state, RELAYS, SERVERS, steps[i].link, steps[i].now);
        remotes_format_status(*state, steps[i].now, &ds);
        assert_string_equal(ds_cstr(&ds), steps[i].status);
        ds_destroy(&ds);
    }
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(relays_are_asked_first),
        TEST(without_relays_the_servers_are_asked),
        TEST(without_any_no_remote_is_asked),
        TEST(servers_are_asked_at_once_when_all_relays_refuse),
        TEST(servers_are_asked_when_no_relay_answers_in_time),
        TEST(a_relay_that_drops_all_clients_does_not_keep_chassis_from_the_servers),
        TEST(chassis_that_lose_a_server_come_back_one_by_one),
        TEST(a_stable_connection_makes_good_for_failures),
        TEST(waits_grow_with_each_failure_up_to_a_limit),
        TEST(another_configuration_counts_at_once),
        TEST(a_chassis_with_a_server_returns_to_a_relay_that_answers),
        TEST(a_change_of_the_link_is_looked_at_at_once),
        TEST(the_status_names_the_remotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
