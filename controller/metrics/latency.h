/* SPDX-License-Identifier: Apache-2.0 */
#ifndef METRICS_LATENCY_H
#define METRICS_LATENCY_H 1

/* How long changes take until the switch has confirmed them.
 *
 * A change gets a number when the daemon has worked out what it means; the switch confirms
 * numbers, in order, some time later.  In between the changes wait here.  They may wait long
 * (the switch is away) and become many, so beyond a limit further ones are counted as if
 * they had come together with the last one that has a place of its own: their number is
 * right, their times are too long rather than too short.
 *
 * Not thread-safe. */

#include <stddef.h>
#include <stdint.h>

/* Upper bounds of the buckets, in microseconds; one more is for all above. */
#define HISTOGRAM_N_BOUNDS 16
extern const uint64_t histogram_bounds[HISTOGRAM_N_BOUNDS];

struct histogram {
    uint64_t buckets[HISTOGRAM_N_BOUNDS + 1]; /* Not cumulative. */
    uint64_t sum_usec;
};

void histogram_add(struct histogram *, uint64_t usec, uint64_t n);
uint64_t histogram_count(const struct histogram *);

/* Changes that may wait with a time of their own. */
#define LATENCY_MAX_WAITING 256

struct latency {
    struct histogram histogram;

    /* A ring: changes that are not confirmed, 'n_waiting' from 'first' on. */
    struct waiting_change {
        uint64_t seqno;
        uint64_t n;            /* Changes with about this time. */
        long long int arrived; /* Microseconds, monotonic. */
    } waiting[LATENCY_MAX_WAITING];
    size_t first, n_waiting;
};

/* Notes a change that arrived at 'arrived' and is complete once 'seqno' is confirmed
 * (numbers never fall). */
void latency_changed(struct latency *, uint64_t seqno, long long int arrived);

/* All up to 'seqno' is confirmed at 'now' (both in the same clock, microseconds). */
void latency_confirmed(struct latency *, uint64_t seqno, long long int now);

/* Number of changes that wait. */
uint64_t latency_waiting(const struct latency *);

#endif /* metrics/latency.h */
