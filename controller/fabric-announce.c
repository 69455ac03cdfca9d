/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "fabric-announce.h"

#include <stdlib.h>

#include "dp-packet.h"
#include "hash.h"
#include "heap.h"
#include "openvswitch/hmap.h"
#include "openvswitch/poll-loop.h"
#include "packet-out.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "random.h"
#include "service/announcement.h"
#include "timeval.h"
#include "topology/topology.h"
#include "util.h"

/* The first announcements of an address, and the pause after each of them. */
#define N_FIRST 3
#define FIRST_MSEC 1000

/* Thereafter.  Physical switches forget an address after 300 s, rarely less than 120 s. */
#define PERIOD_MSEC 60000
#define JITTER_MSEC 15000

/* The size of a batch and the pause after it: thousands at once would keep the switch from other
 * work. */
#define BATCH 64
#define BATCH_MSEC 10

struct spoken {
    struct hmap_node node;      /* In fabric_announcer->spoken. */
    struct heap_node heap_node; /* In fabric_announcer->due, the earliest first. */
    struct outside_address address;
    unsigned int n_sent;
    long long int next; /* When it is due (ms). */
    uint64_t seqno;     /* Number of the flows with it. */
    uint64_t round;     /* In which it was last seen. */
};

struct fabric_announcer {
    struct hmap spoken;
    struct heap due;
    long long int next_batch; /* When something may be sent again (ms). */

    uint64_t seqno;     /* Of the topology when it was last asked. */
    uint64_t liveness;  /* Ditto. */
    uint64_t round;     /* How often it was. */
    long long int free; /* When it may be again (us): a tenth of the time at most. */
    bool waiting;       /* It is to be. */

    struct fabric_announcer_counts counts;
};

struct fabric_announcer *
fabric_announcer_create(void)
{
    struct fabric_announcer *a = xzalloc(sizeof *a);

    hmap_init(&a->spoken);
    heap_init(&a->due);
    return a;
}

static void
spoken_destroy(struct fabric_announcer *a, struct spoken *s)
{
    hmap_remove(&a->spoken, &s->node);
    heap_remove(&a->due, &s->heap_node);
    free(s);
}

void
fabric_announcer_destroy(struct fabric_announcer *a)
{
    if (a) {
        struct spoken *s;

        HMAP_FOR_EACH_SAFE (s, node, &a->spoken) {
            spoken_destroy(a, s);
        }
        hmap_destroy(&a->spoken);
        heap_destroy(&a->due);
        free(a);
    }
}

/* --- What there is to announce ------------------------------------------ */

/* The earliest has the highest priority. */
static uint64_t
priority(long long int next)
{
    return UINT64_MAX - next;
}

static void
set_next(struct fabric_announcer *a, struct spoken *s, long long int next)
{
    s->next = next;
    heap_change(&a->due, &s->heap_node, priority(next));
}

static uint32_t
hash_address(const struct outside_address *address)
{
    return hash_bytes(&address->ip, sizeof address->ip, hash_uint64(address->network_key));
}

static struct spoken *
find_spoken(const struct fabric_announcer *a, const struct outside_address *address)
{
    struct spoken *s;

    HMAP_FOR_EACH_WITH_HASH (s, node, hash_address(address), &a->spoken) {
        if (s->address.network_key == address->network_key
            && ipv6_addr_equals(&s->address.ip, &address->ip)) {
            return s;
        }
    }
    return NULL;
}

/* It is to be announced from the beginning, with the flows of now. */
static void
begin(struct fabric_announcer *a, struct spoken *s)
{
    s->n_sent = 0;
    s->seqno = a->seqno;
    set_next(a, s, time_msec());
}

static void
take_address(const struct outside_address *address, void *a_)
{
    struct fabric_announcer *a = a_;
    struct spoken *s = find_spoken(a, address);

    if (!s) {
        s = xzalloc(sizeof *s);
        s->address = *address;
        hmap_insert(&a->spoken, &s->node, hash_address(address));
        heap_insert(&a->due, &s->heap_node, priority(0));
        a->counts.n_taken++;
        begin(a, s);
    } else if (!eth_addr_equals(s->address.mac, address->mac)
               || s->address.router != address->router) {
        s->address = *address;
        begin(a, s);
    }
    s->round = a->round;
}

static void
take_all(struct fabric_announcer *a, const struct topology *topology)
{
    struct spoken *s;

    a->round++;
    topology_for_each_outside_address(topology, take_address, a);
    HMAP_FOR_EACH_SAFE (s, node, &a->spoken) {
        if (s->round != a->round) {
            a->counts.n_left++;
            spoken_destroy(a, s);
        }
    }
    a->counts.n_addresses = hmap_count(&a->spoken);
}

static void
refresh(struct fabric_announcer *a, const struct topology *topology, uint64_t seqno,
        uint64_t liveness)
{
    long long int start = time_usec();
    struct spoken *s;

    a->waiting = seqno != a->seqno || liveness != a->liveness;
    if (!a->waiting || start < a->free) {
        return;
    }
    a->waiting = false;
    a->seqno = seqno;
    take_all(a, topology);
    if (liveness != a->liveness) {
        a->liveness = liveness;
        HMAP_FOR_EACH (s, node, &a->spoken) {
            begin(a, s);
        }
    }

    long long int end = time_usec();
    a->free = end + 9 * (end - start);
}

/* --- Announcing --------------------------------------------------------- */

static void
announce(struct fabric_announcer *a, struct spoken *s, struct ofsession *session)
{
    const struct injection injection = {
        .stage = &stage_deliver,
        .network_key = s->address.network_key,
    };
    struct dp_packet packet;

    dp_packet_init(&packet, 0);
    announcement_compose(&packet, &s->address.ip, s->address.mac, s->address.router);
    packet_out(session, &packet, &injection);
    dp_packet_uninit(&packet);

    a->counts.n_announced++;
    s->n_sent++;
    set_next(a, s,
             time_msec()
                 + (s->n_sent < N_FIRST
                        ? FIRST_MSEC
                        : PERIOD_MSEC - JITTER_MSEC + random_range(2 * JITTER_MSEC)));
}

static struct spoken *
first_due(const struct fabric_announcer *a)
{
    return heap_is_empty(&a->due) ? NULL
                                  : CONTAINER_OF(heap_max(&a->due), struct spoken, heap_node);
}

void
fabric_announcer_run(struct fabric_announcer *a, const struct topology *topology,
                     struct ofsession *session, uint64_t seqno, uint64_t confirmed,
                     uint64_t liveness)
{
    long long int now = time_msec();
    struct spoken *s;

    refresh(a, topology, seqno, liveness);
    if (now < a->next_batch) {
        return;
    }
    for (size_t n = 0; n < BATCH; n++) {
        s = first_due(a);
        if (!s || s->next > now || s->seqno > confirmed) {
            break;
        }
        announce(a, s, session);
        a->next_batch = now + BATCH_MSEC;
    }
}

void
fabric_announcer_wait(const struct fabric_announcer *a, uint64_t confirmed)
{
    const struct spoken *s = first_due(a);

    if (a->waiting) {
        poll_timer_wait_until(a->free / 1000 + 1);
    }
    if (s && s->seqno <= confirmed) {
        poll_timer_wait_until(MAX(s->next, a->next_batch));
    }
}

void
fabric_announcer_count(const struct fabric_announcer *a, struct fabric_announcer_counts *counts)
{
    *counts = a->counts;
}
