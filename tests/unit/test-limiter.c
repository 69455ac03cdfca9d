/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/limiter.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "openvswitch/compiler.h"

/* How many of 'n' tries by 'key' at 'now' pass. */
static unsigned int
passed(struct limiter *l, uint64_t key, unsigned int n, long long int now)
{
    unsigned int count = 0;

    while (n--) {
        count += limiter_allow(l, key, now);
    }
    return count;
}

static void
a_new_key_has_its_whole_burst(void **state OVS_UNUSED)
{
    struct limiter *l = limiter_create(10, 5, 8);

    assert_int_equal(passed(l, 1, 100, 0), 5);
    limiter_destroy(l);
}

static void
tokens_come_back_at_the_rate(void **state OVS_UNUSED)
{
    struct limiter *l = limiter_create(10, 5, 8);

    passed(l, 1, 100, 0);
    assert_int_equal(passed(l, 1, 100, 99), 0);
    assert_int_equal(passed(l, 1, 100, 100), 1);
    assert_int_equal(passed(l, 1, 100, 299), 1);
    assert_int_equal(passed(l, 1, 100, 300), 1);
    limiter_destroy(l);
}

static void
idleness_saves_no_more_than_the_burst(void **state OVS_UNUSED)
{
    struct limiter *l = limiter_create(10, 5, 8);

    passed(l, 1, 100, 0);
    assert_int_equal(passed(l, 1, 100, 3600 * 1000), 5);
    limiter_destroy(l);
}

static void
rates_that_do_not_divide_a_millisecond_are_kept(void **state OVS_UNUSED)
{
    struct limiter *l = limiter_create(3000, 1, 8);
    unsigned int count = 0;

    /* With a burst of 1 and tries each millisecond, each of them passes. */
    for (int ms = 0; ms < 1000; ms++) {
        count += passed(l, 1, 10, ms);
    }
    assert_int_equal(count, 1000);
    limiter_destroy(l);

    l = limiter_create(3000, 10, 8);
    count = 0;
    for (int ms = 0; ms < 1000; ms++) {
        count += passed(l, 1, 10, ms);
    }
    assert_in_range(count, 3000, 3010);
    limiter_destroy(l);
}

static void
a_flood_from_one_source_does_not_starve_another(void **state OVS_UNUSED)
{
    struct limiter *l = limiter_create(10, 5, 8);

    for (int ms = 0; ms < 10000; ms++) {
        passed(l, 1, 100, ms);
        if (ms % 200 == 0) {
            assert_true(limiter_allow(l, 2, ms));
        }
    }
    limiter_destroy(l);
}

static void
a_clock_that_stands_still_or_steps_back_gives_no_tokens(void **state OVS_UNUSED)
{
    struct limiter *l = limiter_create(10, 5, 8);

    assert_int_equal(passed(l, 1, 100, 1000), 5);
    assert_int_equal(passed(l, 1, 100, 1000), 0);
    assert_int_equal(passed(l, 1, 100, 0), 0);
    limiter_destroy(l);
}

static void
idle_keys_are_forgotten(void **state OVS_UNUSED)
{
    struct limiter *l = limiter_create(10, 5, 8);

    for (uint64_t key = 1; key <= 8; key++) {
        limiter_allow(l, key, 0);
    }
    assert_int_equal(limiter_count(l), 8);

    /* Their buckets are full again after 100 ms. */
    limiter_allow(l, 9, 100);
    assert_int_equal(limiter_count(l), 1);
    limiter_destroy(l);
}

static void
a_busy_key_is_never_forgotten(void **state OVS_UNUSED)
{
    struct limiter *l = limiter_create(10, 5, 8);

    passed(l, 1, 5, 0);
    for (uint64_t key = 2; key <= 1000; key++) {
        limiter_allow(l, key, 1);
    }
    assert_int_equal(passed(l, 1, 100, 1), 0);
    limiter_destroy(l);
}

static void
keys_without_room_share_one_bucket(void **state OVS_UNUSED)
{
    struct limiter *l = limiter_create(10, 5, 8);
    unsigned int count = 0;

    for (uint64_t key = 0; key < 1000; key++) {
        count += passed(l, key, 10, 0);
    }
    assert_int_equal(count, 8 * 5 + 5);
    assert_int_equal(limiter_count(l), 8);

    /* With room again, a key has its own. */
    assert_int_equal(passed(l, 999, 10, 1000), 5);
    limiter_destroy(l);
}

static void
destroying_nothing_is_allowed(void **state OVS_UNUSED)
{
    limiter_destroy(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_key_has_its_whole_burst),
        cmocka_unit_test(tokens_come_back_at_the_rate),
        cmocka_unit_test(idleness_saves_no_more_than_the_burst),
        cmocka_unit_test(rates_that_do_not_divide_a_millisecond_are_kept),
        cmocka_unit_test(a_flood_from_one_source_does_not_starve_another),
        cmocka_unit_test(a_clock_that_stands_still_or_steps_back_gives_no_tokens),
        cmocka_unit_test(idle_keys_are_forgotten),
        cmocka_unit_test(a_busy_key_is_never_forgotten),
        cmocka_unit_test(keys_without_room_share_one_bucket),
        cmocka_unit_test(destroying_nothing_is_allowed),
    };

    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
