/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "metrics/latency.h"

#include "util.h"

/* Fine where a healthy chassis is, coarse up to what a large cold start takes. */
const uint64_t histogram_bounds[HISTOGRAM_N_BOUNDS] = {
    500,    1000,   2000,   3000,    5000,    10000,   20000,    50000,
    100000, 200000, 500000, 1000000, 2000000, 5000000, 10000000, 30000000,
};

void
histogram_add(struct histogram *h, uint64_t usec, uint64_t n)
{
    size_t i = 0;

    while (i < HISTOGRAM_N_BOUNDS && usec > histogram_bounds[i]) {
        i++;
    }
    h->buckets[i] += n;
    h->sum_usec += usec * n;
}

uint64_t
histogram_count(const struct histogram *h)
{
    uint64_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(h->buckets); i++) {
        n += h->buckets[i];
    }
    return n;
}

static struct waiting_change *
waiting_at(struct latency *l, size_t i)
{
    return &l->waiting[(l->first + i) % LATENCY_MAX_WAITING];
}

void
latency_changed(struct latency *l, uint64_t seqno, long long int arrived)
{
    if (l->n_waiting < LATENCY_MAX_WAITING) {
        *waiting_at(l, l->n_waiting++) = (struct waiting_change){
            .seqno = seqno,
            .n = 1,
            .arrived = arrived,
        };
    } else {
        struct waiting_change *last = waiting_at(l, l->n_waiting - 1);

        last->seqno = seqno;
        last->n++;
    }
}

void
latency_confirmed(struct latency *l, uint64_t seqno, long long int now)
{
    while (l->n_waiting && waiting_at(l, 0)->seqno <= seqno) {
        const struct waiting_change *change = waiting_at(l, 0);

        histogram_add(&l->histogram, MAX(now - change->arrived, 0), change->n);
        l->first = (l->first + 1) % LATENCY_MAX_WAITING;
        l->n_waiting--;
    }
}

uint64_t
latency_waiting(const struct latency *l)
{
    uint64_t n = 0;

    for (size_t i = 0; i < l->n_waiting; i++) {
        n += l->waiting[(l->first + i) % LATENCY_MAX_WAITING].n;
    }
    return n;
}
