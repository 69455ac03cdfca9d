/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/exposition.h"
#include "metrics/latency.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* --- Latency ------------------------------------------------------------ */

static void
a_change_is_counted_when_its_number_is_confirmed(void **state OVS_UNUSED)
{
    struct latency l = {.first = 0};

    latency_changed(&l, 5, 1000);
    latency_changed(&l, 6, 2000);
    latency_confirmed(&l, 4, 2500);
    assert_int_equal(histogram_count(&l.histogram), 0);
    assert_int_equal(latency_waiting(&l), 2);
    latency_confirmed(&l, 5, 3000);
    assert_int_equal(histogram_count(&l.histogram), 1);
    assert_int_equal(l.histogram.sum_usec, 2000);
    latency_confirmed(&l, 9, 5000);
    assert_int_equal(l.histogram.sum_usec, 2000 + 3000);
    assert_int_equal(latency_waiting(&l), 0);
}

static void
a_bound_belongs_to_its_bucket(void **state OVS_UNUSED)
{
    struct histogram h = {.sum_usec = 0};

    for (size_t i = 0; i < HISTOGRAM_N_BOUNDS; i++) {
        histogram_add(&h, histogram_bounds[i], 1);
        assert_int_equal(h.buckets[i], 1);
        histogram_add(&h, histogram_bounds[i] + 1, 1);
        assert_int_equal(h.buckets[i + 1], 1);
        h.buckets[i + 1] = 0;
    }
}

static void
more_changes_than_there_is_room_for_are_all_counted(void **state OVS_UNUSED)
{
    struct latency l = {.first = 0};
    const unsigned int n = 10 * LATENCY_MAX_WAITING;

    for (unsigned int round = 1; round <= 3; round++) {
        for (unsigned int i = 1; i <= n; i++) {
            latency_changed(&l, round * n + i, i);
        }
        assert_int_equal(latency_waiting(&l), n);
        assert_int_equal(l.n_waiting, LATENCY_MAX_WAITING);

        /* The last ones wait for the last number. */
        latency_confirmed(&l, round * n + n - 1, n);
        assert_true(latency_waiting(&l) > 0);
        latency_confirmed(&l, round * n + n, n);
        assert_int_equal(latency_waiting(&l), 0);
        assert_int_equal(histogram_count(&l.histogram), round * n);
    }
}

/* --- Format ------------------------------------------------------------- */

static void
labels_are_escaped(void **state OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    metric_label(&ds, "a", "x\"y\\z\nw");
    metric_label(&ds, "b", "");
    assert_string_equal(ds_cstr(&ds), "a=\"x\\\"y\\\\z\\nw\",b=\"\"");
    ds_destroy(&ds);
}

static void
a_histogram_is_cumulative_and_in_seconds(void **state OVS_UNUSED)
{
    struct histogram h = {.sum_usec = 0};
    struct ds ds = DS_EMPTY_INITIALIZER;

    histogram_add(&h, 400, 2);
    histogram_add(&h, 999999999, 1);
    metric_histogram(&ds, "x_seconds", "o=\"l\"", &h);
    assert_non_null(strstr(ds_cstr(&ds), "x_seconds_bucket{o=\"l\",le=\"0.0005\"} 2\n"));
    assert_non_null(strstr(ds_cstr(&ds), "x_seconds_bucket{o=\"l\",le=\"30\"} 2\n"));
    assert_non_null(strstr(ds_cstr(&ds), "x_seconds_bucket{o=\"l\",le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(ds_cstr(&ds), "x_seconds_count{o=\"l\"} 3\n"));
    ds_destroy(&ds);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_counted_when_its_number_is_confirmed),
        cmocka_unit_test(a_bound_belongs_to_its_bucket),
        cmocka_unit_test(more_changes_than_there_is_room_for_are_all_counted),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(a_histogram_is_cumulative_and_in_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
