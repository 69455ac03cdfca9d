/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/limiter.h"

#include "hash.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/util.h"
#include "util.h"

/* The libopenvswitch token bucket counts whole tokens per millisecond of the real
 * clock; rates here are lower than that and the caller owns the clock.
 *
 * A bucket is kept as one number, the time at which it will be full (the "generic
 * cell rate algorithm" of ITU-T I.371): taking a token moves it 'interval' into the
 * future, and the bucket is empty when it would lie more than 'burst' intervals
 * ahead. */
struct bucket {
    struct hmap_node hmap_node; /* In struct limiter's 'buckets', by 'key'. */
    struct ovs_list list_node;  /* In struct limiter's 'by_use'. */
    uint64_t key;
    long long int full_at; /* Microseconds. */
};

struct limiter {
    long long int interval; /* Microseconds for a token to come back. */
    long long int depth;    /* Microseconds for an empty bucket to fill. */
    size_t max_keys;
    struct hmap buckets;    /* Contains "struct bucket"s. */
    struct ovs_list by_use; /* The same, least recently used first. */
    struct bucket overflow; /* For keys that find no room; in neither of them. */
};

struct limiter *
limiter_create(unsigned int rate, unsigned int burst, size_t max_keys)
{
    ovs_assert(rate >= 1 && rate <= 1000000 && burst >= 1 && max_keys >= 1);

    struct limiter *l = xzalloc(sizeof *l);
    l->interval = 1000000 / rate;
    l->depth = l->interval * burst;
    l->max_keys = max_keys;
    hmap_init(&l->buckets);
    ovs_list_init(&l->by_use);
    l->overflow.full_at = LLONG_MIN;
    return l;
}

static void
bucket_drop(struct limiter *l, struct bucket *b)
{
    hmap_remove(&l->buckets, &b->hmap_node);
    ovs_list_remove(&b->list_node);
    free(b);
}

void
limiter_destroy(struct limiter *l)
{
    if (l) {
        struct bucket *b;

        LIST_FOR_EACH_SAFE (b, list_node, &l->by_use) {
            bucket_drop(l, b);
        }
        hmap_destroy(&l->buckets);
        free(l);
    }
}

static struct bucket *
bucket_find(const struct limiter *l, uint64_t key)
{
    struct bucket *b;

    HMAP_FOR_EACH_WITH_HASH (b, hmap_node, hash_uint64(key), &l->buckets) {
        if (b->key == key) {
            return b;
        }
    }
    return NULL;
}

/* The bucket of a key that has none yet.  Makes room first: each bucket that this
 * drops was once added, so it costs a constant on average. */
static struct bucket *
bucket_add(struct limiter *l, uint64_t key, long long int now)
{
    struct bucket *b;

    LIST_FOR_EACH_SAFE (b, list_node, &l->by_use) {
        if (b->full_at > now) {
            break;
        }
        bucket_drop(l, b);
    }
    if (hmap_count(&l->buckets) >= l->max_keys) {
        return &l->overflow;
    }

    b = xzalloc(sizeof *b);
    b->key = key;
    b->full_at = now;
    hmap_insert(&l->buckets, &b->hmap_node, hash_uint64(key));
    ovs_list_push_back(&l->by_use, &b->list_node);
    return b;
}

bool
limiter_allow(struct limiter *l, uint64_t key, long long int now_ms)
{
    long long int now = now_ms * 1000;
    struct bucket *b = bucket_find(l, key);

    if (!b) {
        b = bucket_add(l, key, now);
    }
    if (b != &l->overflow) {
        ovs_list_remove(&b->list_node);
        ovs_list_push_back(&l->by_use, &b->list_node);
    }

    long long int full_at = MAX(b->full_at, now) + l->interval;
    if (full_at - now > l->depth) {
        return false;
    }
    b->full_at = full_at;
    return true;
}

size_t
limiter_count(const struct limiter *l)
{
    return hmap_count(&l->buckets);
}
