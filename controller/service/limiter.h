/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_LIMITER_H
#define SERVICE_LIMITER_H 1

/* A token bucket for each of many keys.
 *
 * RFC 1812 4.3.2.8 asks routers to limit the rate of the ICMP errors they send.
 * One bucket for the whole daemon would let a single flooding virtual machine use
 * up what the others need, so each source has its own.
 *
 * Invariants:
 *  - At most 'max_keys' buckets exist, so memory is bounded whatever the traffic.
 *    A key that finds no room shares one common bucket with all others that don't:
 *    the total rate stays below (max_keys + 1) times the rate of one key.
 *  - A bucket that is full again says nothing, so dropping it changes no decision;
 *    no other bucket is ever dropped.
 *
 * Thread-safety: a limiter must be used by one thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limiter;

/* A new limiter that lets each key pass 'burst' times at once and 'rate' times a
 * second in the long run.  'rate' must be 1 to 1,000,000, 'burst' and 'max_keys' at
 * least 1. */
struct limiter *limiter_create(unsigned int rate, unsigned int burst, size_t max_keys);
void limiter_destroy(struct limiter *);

/* Takes a token from the bucket of 'key' at the monotonic time 'now_ms'; false if it
 * is empty. */
bool limiter_allow(struct limiter *, uint64_t key, long long int now_ms);

/* The number of keys that have a bucket of their own now. */
size_t limiter_count(const struct limiter *);

#endif /* service/limiter.h */
