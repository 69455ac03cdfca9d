/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/advertiser.h"

#include <limits.h>
#include <netinet/in.h>

#include "dp-packet.h"
#include "hash.h"
#include "heap.h"
#include "nb/advertisement.h"
#include "nb/text.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "random.h"
#include "service/dispatch.h"
#include "service/router-advertisement.h"
#include "svec.h"
#include "util.h"

/* Periodic advertisements are due at multiples of this. */
#define GRID 1000

/* Something to do at a time. */
struct timer {
    struct heap_node node; /* In advertiser->timers, the earliest first. */
    enum { TIMER_ROUTER, TIMER_SOLICITOR } kind;
    long long int at;
};

struct network {
    struct hmap_node node; /* In advertiser->networks, by 'key'. */
    uint64_t key;
    struct ovs_list routers; /* Contains "struct router"s. */
};

/*      new, or says something else
 *                  |
 *                  v
 *    ,-------> INITIAL ---- 3 sent ----> PERIODIC
 *    |             |                        |
 *    | is back     '-------- gone ----------'
 *    |                         |
 *    |                         v
 *    '---------------------- FINAL ---- 3 sent ----> forgotten */
enum phase { PHASE_INITIAL, PHASE_PERIODIC, PHASE_FINAL };

struct router {
    struct ovs_list node; /* In network->routers. */
    struct network *network;
    struct timer timer; /* The next advertisement to all. */
    struct advertisement ad;
    struct ra_room room;            /* For 'ad'. */
    struct advertisement withdrawn; /* Its lists, in PHASE_INITIAL: what 'ad' has no more. */
    enum phase phase;
    unsigned int n_left; /* To send in this phase, unless it is PHASE_PERIODIC. */
    long long int last;  /* When it was last sent to all; LLONG_MIN: never. */
    bool listed;         /* In advertiser_set_network(): it is still there. */
};

/* A machine that waits for the answer to its solicitation. */
struct solicitor {
    struct hmap_node node; /* In advertiser->solicitors, by 'inport'. */
    struct timer timer;
    uint64_t network_key;
    uint32_t inport;
    struct ra_receiver receiver;
};

struct advertiser {
    advertiser_inject *inject;
    void *aux; /* For 'inject'. */

    struct hmap networks;
    struct hmap solicitors;
    struct heap timers;
    long long int pause_until;
    uint64_t n_sent;
};

struct advertiser *
advertiser_create(advertiser_inject *inject, void *aux)
{
    struct advertiser *a = xzalloc(sizeof *a);

    a->inject = inject;
    a->aux = aux;
    hmap_init(&a->networks);
    hmap_init(&a->solicitors);
    heap_init(&a->timers);
    a->pause_until = LLONG_MIN;
    return a;
}

void
advertiser_destroy(struct advertiser *a)
{
    if (a) {
        advertiser_clear(a);
        hmap_destroy(&a->networks);
        hmap_destroy(&a->solicitors);
        heap_destroy(&a->timers);
        free(a);
    }
}

/* --- Timers ------------------------------------------------------------- */

/* The heap has the highest number first. */
static uint64_t
priority_of(long long int at)
{
    return UINT64_MAX - (uint64_t) at;
}

static void
timer_start(struct advertiser *a, struct timer *timer, long long int at)
{
    timer->at = at;
    heap_insert(&a->timers, &timer->node, priority_of(at));
}

static void
timer_change(struct advertiser *a, struct timer *timer, long long int at)
{
    timer->at = at;
    heap_change(&a->timers, &timer->node, priority_of(at));
}

static struct timer *
timer_first(const struct advertiser *a)
{
    return heap_is_empty(&a->timers) ? NULL
                                     : CONTAINER_OF(heap_max(&a->timers), struct timer, node);
}

/* --- Networks and routers ----------------------------------------------- */

static struct network *
network_find(const struct advertiser *a, uint64_t key)
{
    struct network *n;

    HMAP_FOR_EACH_WITH_HASH (n, node, hash_uint64(key), &a->networks) {
        if (n->key == key) {
            return n;
        }
    }
    return NULL;
}

static void
router_destroy(struct advertiser *a, struct router *r)
{
    heap_remove(&a->timers, &r->timer.node);
    ovs_list_remove(&r->node);
    advertisement_destroy(&r->ad);
    advertisement_destroy(&r->withdrawn);
    free(r);
}

/* Forgets a network that has no router left. */
static void
network_put(struct advertiser *a, struct network *n)
{
    if (ovs_list_is_empty(&n->routers)) {
        hmap_remove(&a->networks, &n->node);
        free(n);
    }
}

static void
network_destroy(struct advertiser *a, struct network *n)
{
    struct router *r;

    LIST_FOR_EACH_SAFE (r, node, &n->routers) {
        router_destroy(a, r);
    }
    network_put(a, n);
}

/* The router that hosts take for the one with this advertisement. */
static struct router *
router_find(const struct network *n, const struct advertisement *ad)
{
    struct router *r;

    LIST_FOR_EACH (r, node, &n->routers) {
        if (ipv6_addr_equals(&r->ad.source, &ad->source) && eth_addr_equals(r->ad.mac, ad->mac)) {
            return r;
        }
    }
    return NULL;
}

/* When it may be sent to all next, a random moment after 'now'. */
static long long int
soon(const struct router *r, long long int now)
{
    long long int at = now + random_range(RA_MAX_DELAY);

    return r->last == LLONG_MIN ? at : MAX(at, r->last + RA_MIN_DELAY_BETWEEN);
}

static void
router_enter(struct advertiser *a, struct router *r, enum phase phase, unsigned int n_left,
             long long int now)
{
    r->phase = phase;
    r->n_left = n_left;
    timer_change(a, &r->timer, soon(r, now));
}

/* The router advertises 'ad' from now on.  What it has advertised, and what it is withdrawing, is
 * withdrawn, unless 'ad' has it. */
static void
router_tell(struct router *r, const struct advertisement *ad)
{
    advertisement_add_lists(&r->withdrawn, &r->ad);
    advertisement_remove_lists(&r->withdrawn, ad);
    advertisement_destroy(&r->ad);
    advertisement_clone(&r->ad, ad);
    r->room = router_advertisement_room(ad);
}

static struct router *
router_create(struct advertiser *a, struct network *n)
{
    struct router *r = xzalloc(sizeof *r);

    r->network = n;
    r->last = LLONG_MIN;
    r->timer.kind = TIMER_ROUTER;
    timer_start(a, &r->timer, LLONG_MAX);
    ovs_list_push_back(&n->routers, &r->node);
    return r;
}

void
advertiser_set_network(struct advertiser *a, uint64_t key, bool local,
                       const struct advertisement *ads, size_t n_ads, long long int now)
{
    struct network *n = network_find(a, key);
    struct router *r;

    if (!local) {
        if (n) {
            network_destroy(a, n);
        }
        return;
    }
    if (!n) {
        if (!n_ads) {
            return;
        }
        n = xzalloc(sizeof *n);
        n->key = key;
        ovs_list_init(&n->routers);
        hmap_insert(&a->networks, &n->node, hash_uint64(key));
    }

    LIST_FOR_EACH (r, node, &n->routers) {
        r->listed = false;
    }
    for (size_t i = 0; i < n_ads; i++) {
        r = router_find(n, &ads[i]);
        if (r && r->listed) {
            continue; /* Two with one address: only one of them can have it. */
        }
        if (!r) {
            r = router_create(a, n);
        } else if (r->phase != PHASE_FINAL && advertisement_equal(&r->ad, &ads[i])) {
            r->listed = true;
            continue;
        }
        router_tell(r, &ads[i]);
        r->listed = true;
        router_enter(a, r, PHASE_INITIAL, RA_N_INITIAL, now);
    }
    LIST_FOR_EACH (r, node, &n->routers) {
        if (!r->listed && r->phase != PHASE_FINAL) {
            router_enter(a, r, PHASE_FINAL, RA_N_FINAL, now);
        }
    }
}

/* --- Sending ------------------------------------------------------------ */

/* What 'r' withdraws, as far as no other router on the network tells it: what one says, another
 * must not take back. */
static void
withdrawn_init(const struct router *r, struct advertisement *withdrawn)
{
    const struct router *other;

    advertisement_clone(withdrawn, &r->withdrawn);
    if (advertisement_has_lists(withdrawn)) {
        LIST_FOR_EACH (other, node, &r->network->routers) {
            if (other != r && other->phase != PHASE_FINAL) {
                advertisement_remove_lists(withdrawn, &other->ad);
            }
        }
    }
}

static void
send_to(struct advertiser *a, const struct router *r, const struct injection *injection,
        const struct ra_receiver *receiver)
{
    struct advertisement withdrawn;

    withdrawn_init(r, &withdrawn);
    struct dp_packet *packet =
        router_advertisement_compose(&r->ad, r->phase != PHASE_FINAL, &withdrawn, receiver);
    advertisement_destroy(&withdrawn);

    a->inject(a->aux, injection, packet);
    a->n_sent++;
    dp_packet_delete(packet);
}

static void
tell_all(struct advertiser *a, struct router *r)
{
    static const struct ra_receiver all = {.ip = IN6ADDR_ANY_INIT};
    const struct injection injection = {
        .stage = &stage_flood,
        .network_key = r->network->key,
        .stays_here = true,
    };

    send_to(a, r, &injection, &all);
}

/* Sends the advertisement to all that is due, and decides on the next one, or forgets the router
 * if that was the last. */
static void
router_run(struct advertiser *a, struct router *r, long long int now)
{
    long long int interval = RA_MIN_INTERVAL + random_range(RA_MAX_INTERVAL - RA_MIN_INTERVAL);

    tell_all(a, r);
    r->last = now;
    r->n_left -= r->n_left > 0;
    if (r->phase == PHASE_FINAL) {
        if (!r->n_left) {
            struct network *n = r->network;

            router_destroy(a, r);
            network_put(a, n);
            return;
        }
        interval = RA_MIN_DELAY_BETWEEN;
    } else if (r->n_left) {
        interval = RA_MAX_INITIAL_INTERVAL;
    } else {
        r->phase = PHASE_PERIODIC;
        advertisement_destroy(&r->withdrawn);
        memset(&r->withdrawn, 0, sizeof r->withdrawn);
        interval = ROUND_UP(now + interval, GRID) - now;
    }
    timer_change(a, &r->timer, now + interval);
}

static void
solicitor_destroy(struct advertiser *a, struct solicitor *s)
{
    heap_remove(&a->timers, &s->timer.node);
    hmap_remove(&a->solicitors, &s->node);
    free(s);
}

/* Every router on the network answers. */
static void
solicitor_run(struct advertiser *a, struct solicitor *s)
{
    const struct network *n = network_find(a, s->network_key);
    const struct injection injection = {
        .stage = &stage_to_port,
        .network_key = s->network_key,
        .outport = u16_to_ofp(s->inport),
        .stays_here = true,
    };
    const struct router *r;

    if (n) {
        LIST_FOR_EACH (r, node, &n->routers) {
            if (r->phase != PHASE_FINAL) {
                send_to(a, r, &injection, &s->receiver);
            }
        }
    }
    solicitor_destroy(a, s);
}

long long int
advertiser_run(struct advertiser *a, long long int now)
{
    struct timer *timer;

    for (int i = 0; now >= a->pause_until && (timer = timer_first(a)) && timer->at <= now; i++) {
        if (i == RA_BATCH) {
            a->pause_until = now + RA_PAUSE;
        } else if (timer->kind == TIMER_ROUTER) {
            router_run(a, CONTAINER_OF(timer, struct router, timer), now);
        } else {
            solicitor_run(a, CONTAINER_OF(timer, struct solicitor, timer));
        }
    }
    timer = timer_first(a);
    return timer ? MAX(timer->at, a->pause_until) : LLONG_MAX;
}

void
advertiser_clear(struct advertiser *a)
{
    struct solicitor *s;
    struct network *n;

    HMAP_FOR_EACH_SAFE (n, node, &a->networks) {
        network_destroy(a, n);
    }
    HMAP_FOR_EACH_SAFE (s, node, &a->solicitors) {
        solicitor_destroy(a, s);
    }
}

uint64_t
advertiser_count(const struct advertiser *a)
{
    return a->n_sent;
}

static void
add_left_out(struct svec *parts, const char *what, size_t room, size_t n)
{
    if (room < n) {
        svec_add_nocopy(parts, xasprintf("%" PRIuSIZE " of %" PRIuSIZE " %s", n - room, n, what));
    }
}

void
advertiser_problems(const struct advertiser *a, struct svec *problems)
{
    const struct network *n;
    const struct router *r;

    HMAP_FOR_EACH (n, node, &a->networks) {
        LIST_FOR_EACH (r, node, &n->routers) {
            struct svec left_out = SVEC_EMPTY_INITIALIZER;

            if (r->phase == PHASE_FINAL) {
                continue;
            }
            add_left_out(&left_out, "prefixes", r->room.n_prefixes, r->ad.n_prefixes);
            add_left_out(&left_out, "DNS servers", r->room.n_dns_servers, r->ad.n_dns_servers);
            add_left_out(&left_out, "domains", r->room.n_dns_search, r->ad.n_dns_search);
            if (left_out.n) {
                char *list = svec_join(&left_out, ", ", "");

                svec_add_nocopy(
                    problems,
                    text_format("router port %s: its router advertisements have no room for %s, "
                                "so machines are not told these; give the subnets of its network "
                                "fewer of them, or fewer subnets an ra-mode",
                                r->ad.name ? r->ad.name : "", list));
                free(list);
            }
            svec_destroy(&left_out);
        }
    }
}

/* --- Solicitations ------------------------------------------------------ */

static bool
has_router(const struct network *n)
{
    const struct router *r;

    LIST_FOR_EACH (r, node, &n->routers) {
        if (r->phase != PHASE_FINAL) {
            return true;
        }
    }
    return false;
}

/* One without address gets what all get, which comes earlier for that.  It does not count as one of
 * the three at the beginning, since these were due anyway. */
static enum packet_outcome
hasten(struct advertiser *a, struct network *n, long long int now)
{
    enum packet_outcome outcome = PACKET_LIMITED;
    struct router *r;

    LIST_FOR_EACH (r, node, &n->routers) {
        long long int at = soon(r, now);

        if (r->phase != PHASE_FINAL && at < r->timer.at) {
            r->n_left += r->phase == PHASE_INITIAL;
            timer_change(a, &r->timer, at);
            outcome = PACKET_ANSWERED;
        }
    }
    return outcome;
}

/* One at a time for each port: that is the limit of its rate. */
static enum packet_outcome
enqueue(struct advertiser *a, const struct pipeline_packet_in *pin,
        const struct ra_receiver *sender, long long int now)
{
    uint32_t hash = hash_int(pin->inport, 0);
    struct solicitor *s;

    HMAP_FOR_EACH_WITH_HASH (s, node, hash, &a->solicitors) {
        if (s->inport == pin->inport) {
            return PACKET_LIMITED;
        }
    }
    if (hmap_count(&a->solicitors) >= RA_MAX_SOLICITORS) {
        return PACKET_LIMITED;
    }
    s = xzalloc(sizeof *s);
    s->network_key = pin->network_key;
    s->inport = pin->inport;
    s->receiver = *sender;
    s->timer.kind = TIMER_SOLICITOR;
    hmap_insert(&a->solicitors, &s->node, hash);
    timer_start(a, &s->timer, now + random_range(RA_MAX_DELAY));
    return PACKET_ANSWERED;
}

static enum packet_outcome
handle(void *a_, const struct pipeline_packet_in *pin, const void *frame, size_t len,
       long long int now)
{
    struct advertiser *a = a_;
    struct network *n = network_find(a, pin->network_key);
    struct ra_receiver sender;

    if (!router_solicitation_parse(frame, len, &sender)) {
        return PACKET_MALFORMED;
    }
    if (!n || !has_router(n)) {
        return PACKET_NOT_ALLOWED;
    }
    return (ipv6_addr_is_set(&sender.ip) ? enqueue(a, pin, &sender, now) : hasten(a, n, now));
}

void
advertiser_register(struct advertiser *a, struct dispatch *d)
{
    static const struct packet_service entry = {
        PIN_ROUTER_SOLICITATION,
        "router_solicitation",
        0,
        handle,
    };

    dispatch_register(d, &entry, a);
}
