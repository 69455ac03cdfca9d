/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "service/resolver.h"

#include <limits.h>
#include <stdlib.h>

#include "dp-packet.h"
#include "hash.h"
#include "heap.h"
#include "nb/ip.h"
#include "nb/text.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "random.h"
#include "service/datagram.h"
#include "service/limiter.h"
#include "service/neighbour-message.h"
#include "service/packet-queue.h"
#include "svec.h"
#include "util.h"

/* A question for which there is no room is sent this much later. */
#define POSTPONE_MSEC 50

/* When what was due is this late, this program has stood still. */
#define STALL_MSEC 3000

/* A network that this chassis is not connected to any more may come back. */
#define ABSENT_MSEC 60000
#define ABSENT_POLL_MSEC 10000

#define SOURCES_MAX 4096
#define PROBLEMS_MAX 10

/* A neighbour that was said to have another MAC address. */
struct verification {
    struct eth_addr mac; /* That one; zero: there is nothing to verify. */
    long long int until; /* When it is decided. */
    bool new_answered, old_answered;
};

struct neighbour {
    struct hmap_node node;    /* In resolver->neighbours. */
    struct heap_node heap;    /* In resolver->timers: the earliest 'due' first. */
    struct ovs_list in_order; /* In resolver->unknown while it has no MAC address, else
                               * resolver->known: what has been there longest first. */
    struct ovs_list waiting;  /* Of resolver->queue. */
    struct uuid network;
    struct in6_addr ip;
    struct eth_addr mac; /* Zero: not known. */
    enum neighbour_state state;
    long long int since;  /* When it last came into its state, or was found to be there. */
    long long int due;    /* When there is something to do. */
    long long int absent; /* Since when its network is not there; 0: it is. */
    unsigned int n_sent;  /* Questions, in this state. */
    bool failing;         /* It has not answered, and not since. */
    struct verification verification;
    long long int next_verification; /* Not before. */
};

struct resolver {
    const struct resolver_ops *ops;
    void *aux;                 /* For 'ops'. */
    struct limiter *questions; /* Of one key. */
    struct limiter *sources;   /* Keyed by the OpenFlow port that makes them ask. */
    struct hmap neighbours;
    struct heap timers;
    struct ovs_list known, unknown;
    size_t n_unknown;
    struct packet_queue queue; /* Packets for neighbours that are asked for. */
    uint64_t seqno;
    bool able; /* In the last turn. */
    struct resolver_stats stats;
};

const char *
neighbour_state_name(enum neighbour_state state)
{
    static const char *const names[N_NEIGHBOUR_STATES] = {
        [NEIGHBOUR_INCOMPLETE] = "incomplete", [NEIGHBOUR_REACHABLE] = "reachable",
        [NEIGHBOUR_STALE] = "stale",           [NEIGHBOUR_PROBE] = "probe",
        [NEIGHBOUR_FAILED] = "failed",
    };

    return names[state];
}

/* --- Neighbours --------------------------------------------------------- */

static uint32_t
neighbour_hash(const struct uuid *network, const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, uuid_hash(network));
}

static struct neighbour *
neighbour_find(const struct resolver *r, const struct uuid *network, const struct in6_addr *ip)
{
    struct neighbour *x;

    HMAP_FOR_EACH_WITH_HASH (x, node, neighbour_hash(network, ip), &r->neighbours) {
        if (uuid_equals(&x->network, network) && ipv6_addr_equals(&x->ip, ip)) {
            return x;
        }
    }
    return NULL;
}

static bool
is_unknown(const struct neighbour *x)
{
    return eth_addr_is_zero(x->mac);
}

static void
set_due(struct resolver *r, struct neighbour *x, long long int due)
{
    x->due = due;
    heap_change(&r->timers, &x->heap, UINT64_MAX - due);
}

static void
set_state(struct resolver *r, struct neighbour *x, enum neighbour_state state, long long int now,
          long long int due)
{
    x->state = state;
    x->since = now;
    x->n_sent = 0;
    set_due(r, x, due);
}

/* Tells the caller, and puts the neighbour at the end of its list. */
static void
set_mac(struct resolver *r, struct neighbour *x, struct eth_addr mac)
{
    bool was_unknown = is_unknown(x);

    if (eth_addr_equals(x->mac, mac)) {
        return;
    }
    x->mac = mac;
    x->verification.mac = eth_addr_zero;
    ovs_list_remove(&x->in_order);
    ovs_list_push_back(is_unknown(x) ? &r->unknown : &r->known, &x->in_order);
    r->n_unknown += is_unknown(x) - was_unknown;
    r->seqno++;
    r->ops->learned(r->aux, &x->network, &x->ip, mac);
}

static struct neighbour *
neighbour_create(struct resolver *r, const struct uuid *network, const struct in6_addr *ip,
                 enum neighbour_state state, long long int now)
{
    struct neighbour *x = xzalloc(sizeof *x);

    x->network = *network;
    x->ip = *ip;
    x->state = state;
    x->since = x->due = now;
    ovs_list_init(&x->waiting);
    ovs_list_push_back(&r->unknown, &x->in_order);
    r->n_unknown++;
    hmap_insert(&r->neighbours, &x->node, neighbour_hash(network, ip));
    heap_insert(&r->timers, &x->heap, UINT64_MAX - now);
    return x;
}

/* --- Packets that wait -------------------------------------------------- */

/* The packet goes on as one that stage "neighbour" has handed on. */
static void
forward(const struct resolver *r, const struct pipeline_packet_in *pin, struct eth_addr mac,
        const struct dp_packet *packet)
{
    const struct injection injection = {
        .stage = &stage_rewrite,
        .network_key = pin->network_key,
        .router_key = pin->router_key,
        .flags = pin->flags,
        .src_mac = pin->src_mac,
        .dst_mac = mac,
    };

    r->ops->inject(r->aux, &injection, packet);
}

static void
forward_waiting(struct resolver *r, struct neighbour *x)
{
    struct queued_packet *p;

    while ((p = packet_queue_take(&r->queue, &x->waiting))) {
        forward(r, &p->pin, x->mac, p->packet);
        r->stats.forwarded++;
        queued_packet_destroy(p);
    }
}

static void
refuse_waiting(struct resolver *r, struct neighbour *x, long long int now)
{
    struct queued_packet *p;

    while ((p = packet_queue_take(&r->queue, &x->waiting))) {
        r->ops->unreachable(r->aux, &p->pin, dp_packet_data(p->packet), dp_packet_size(p->packet),
                            now);
        r->stats.unreachable++;
        queued_packet_destroy(p);
    }
}

static void
drop_waiting(struct resolver *r, struct neighbour *x)
{
    struct queued_packet *p;

    while ((p = packet_queue_take(&r->queue, &x->waiting))) {
        r->queue.n_dropped++;
        queued_packet_destroy(p);
    }
}

static void
neighbour_destroy(struct resolver *r, struct neighbour *x)
{
    set_mac(r, x, eth_addr_zero);
    drop_waiting(r, x);
    ovs_list_remove(&x->in_order);
    r->n_unknown--;
    heap_remove(&r->timers, &x->heap);
    hmap_remove(&r->neighbours, &x->node);
    free(x);
}

/* --- Room --------------------------------------------------------------- */

/* Forgets a neighbour that is asked for by no packet and no route, the one that has been in its
 * list longest of the first few.  Returns false if there is none. */
static bool
make_room(struct resolver *r, struct ovs_list *list)
{
    struct neighbour *x;
    size_t n = 0;

    LIST_FOR_EACH (x, in_order, list) {
        if (x->state != NEIGHBOUR_INCOMPLETE && !r->ops->next_hop_of(r->aux, &x->network, &x->ip)) {
            neighbour_destroy(r, x);
            return true;
        }
        if (++n >= 16) {
            break;
        }
    }
    return false;
}

static bool
has_room(struct resolver *r)
{
    return ((r->n_unknown < RESOLVER_MAX_UNKNOWN || make_room(r, &r->unknown))
            && (hmap_count(&r->neighbours) < RESOLVER_MAX || make_room(r, &r->known)));
}

/* --- Questions ---------------------------------------------------------- */

/* Asks the host with 'mac', or, if that is zero, all that may have the address: on the physical
 * network, and here. */
static void
ask(struct resolver *r, const struct neighbour *x, const struct resolver_network *network,
    struct eth_addr mac)
{
    struct dp_packet *question = neighbour_question_compose(&x->ip, r->ops->own_mac(r->aux), mac);
    const struct injection injection = {.stage = &stage_fdb, .network_key = network->key};

    r->ops->inject(r->aux, &injection, question);
    r->stats.questions++;
    dp_packet_delete(question);
}

/* Sends the next question of the neighbour's state, or puts it off. */
static void
ask_next(struct resolver *r, struct neighbour *x, const struct resolver_network *network,
         long long int now)
{
    if (limiter_allow(r->questions, 0, now)) {
        ask(r, x, network, x->mac);
        x->n_sent++;
        set_due(r, x, now + RESOLVER_RETRANS_MSEC);
    } else {
        set_due(r, x, now + POSTPONE_MSEC);
    }
}

/* --- What becomes of a neighbour ---------------------------------------- */

static void
found(struct resolver *r, struct neighbour *x, struct eth_addr mac, long long int now)
{
    const unsigned int quarter = RESOLVER_REACHABLE_MSEC / 4;

    set_mac(r, x, mac);
    set_state(r, x, NEIGHBOUR_REACHABLE, now,
              now + RESOLVER_REACHABLE_MSEC - quarter + random_range(2 * quarter));
    x->failing = false;
    forward_waiting(r, x);
}

/* It has not answered. */
static void
lost(struct resolver *r, struct neighbour *x, long long int now)
{
    bool is_next_hop = r->ops->next_hop_of(r->aux, &x->network, &x->ip) != NULL;
    bool was_known = !is_unknown(x);

    r->stats.failed += !x->failing;
    if (was_known && !is_next_hop) {
        neighbour_destroy(r, x);
        return;
    }
    x->failing = true;
    set_mac(r, x, eth_addr_zero);
    set_state(r, x, NEIGHBOUR_FAILED, now,
              now + (is_next_hop ? RESOLVER_RETRY_MSEC : RESOLVER_FORGET_MSEC));
    if (was_known) {
        /* The next packet asks for it again at once. */
        x->since = now - RESOLVER_FAILED_MSEC;
    }
    refuse_waiting(r, x, now);
}

/* Decides whether a neighbour has the MAC address that it was said to have. */
static void
decide(struct resolver *r, struct neighbour *x, long long int now)
{
    const struct verification v = x->verification;

    x->verification.mac = eth_addr_zero;
    if (v.old_answered) {
        r->stats.unverified++;
        found(r, x, x->mac, now);
    } else if (v.new_answered) {
        r->stats.moved++;
        found(r, x, v.mac, now);
    } else {
        r->stats.unverified++;
        if (x->state != NEIGHBOUR_PROBE) {
            set_state(r, x, NEIGHBOUR_PROBE, now, now);
        }
    }
}

/* What a neighbour whose network is not there waits for. */
static void
wait_for_network(struct resolver *r, struct neighbour *x, long long int now)
{
    if (!x->absent) {
        x->absent = now;
    }
    if (is_unknown(x) || now - x->absent >= ABSENT_MSEC) {
        neighbour_destroy(r, x);
    } else {
        set_due(r, x, now + ABSENT_POLL_MSEC);
    }
}

/* Its time has come. */
static void
neighbour_run(struct resolver *r, struct neighbour *x, long long int now)
{
    struct resolver_network network;

    if (!r->ops->network_by_uuid(r->aux, &x->network, &network)) {
        wait_for_network(r, x, now);
        return;
    }
    x->absent = 0;
    if (r->ops->is_known(r->aux, network.key, &x->ip)) {
        neighbour_destroy(r, x);
        return;
    }
    if (!eth_addr_is_zero(x->verification.mac)) {
        /* Everything else waits for that. */
        if (x->verification.until <= now) {
            decide(r, x, now);
        } else {
            set_due(r, x, x->verification.until);
        }
    }
    if (x->due > now) {
        return;
    }
    switch (x->state) {
    case NEIGHBOUR_INCOMPLETE:
    case NEIGHBOUR_PROBE:
        if (x->n_sent >= RESOLVER_TRIES) {
            lost(r, x, now);
        } else {
            ask_next(r, x, &network, now);
        }
        break;

    case NEIGHBOUR_REACHABLE:
    case NEIGHBOUR_STALE:
        set_state(r, x, NEIGHBOUR_PROBE, now, now);
        ask_next(r, x, &network, now);
        break;

    case NEIGHBOUR_FAILED:
        if (r->ops->next_hop_of(r->aux, &x->network, &x->ip)) {
            set_state(r, x, NEIGHBOUR_INCOMPLETE, now, now);
            ask_next(r, x, &network, now);
        } else {
            neighbour_destroy(r, x);
        }
        break;

    default:
        OVS_NOT_REACHED();
    }
}

/* What has been asked may have been answered without anybody hearing it. */
static void
ask_anew(struct resolver *r, long long int now)
{
    struct neighbour *x;

    HMAP_FOR_EACH (x, node, &r->neighbours) {
        x->verification.mac = eth_addr_zero;
        if (x->state == NEIGHBOUR_INCOMPLETE || x->state == NEIGHBOUR_PROBE) {
            x->n_sent = 0;
            set_due(r, x, now);
        }
    }
}

static long long int
next_due(const struct resolver *r)
{
    return heap_is_empty(&r->timers) ? LLONG_MAX : UINT64_MAX - heap_max(&r->timers)->priority;
}

long long int
resolver_run(struct resolver *r, long long int now, bool able)
{
    if (!able) {
        r->able = false;
        return LLONG_MAX;
    }
    if (!r->able || now - next_due(r) > STALL_MSEC) {
        ask_anew(r, now);
        r->able = true;
    }
    while (next_due(r) <= now) {
        neighbour_run(r, CONTAINER_OF(heap_max(&r->timers), struct neighbour, heap), now);
    }
    return next_due(r);
}

/* --- Packets that come -------------------------------------------------- */

/* Whether somebody on the network may be asked for the next hop of a packet. */
static bool
may_resolve(const struct resolver *r, const struct pipeline_packet_in *pin,
            const struct in6_addr *ip, struct resolver_network *network)
{
    return (!address_is(ip, ADDRESS_NO_HOST)
            && r->ops->network_by_key(r->aux, pin->network_key, network)
            && !r->ops->is_known(r->aux, network->key, ip)
            && !r->ops->is_broadcast(r->aux, pin->router_key, ip));
}

/* The neighbour is to be asked for on behalf of a packet that came from 'inport'.  Returns NULL if
 * there are too many already. */
static struct neighbour *
begin(struct resolver *r, struct neighbour *x, const struct resolver_network *network,
      const struct in6_addr *ip, uint32_t inport, long long int now)
{
    if (!limiter_allow(r->sources, inport, now) || (!x && !has_room(r))) {
        return NULL;
    }
    if (x) {
        set_state(r, x, NEIGHBOUR_INCOMPLETE, now, now);
    } else {
        x = neighbour_create(r, &network->uuid, ip, NEIGHBOUR_INCOMPLETE, now);
    }
    ask_next(r, x, network, now);
    return x;
}

static enum packet_outcome
handle_packet(void *r_, const struct pipeline_packet_in *pin, const void *frame, size_t len,
              long long int now)
{
    struct resolver *r = r_;
    struct resolver_network network;
    struct datagram datagram;

    if (!datagram_parse(frame, len, &datagram)) {
        return PACKET_MALFORMED;
    }

    const struct in6_addr *ip = datagram_is_ipv4(&datagram) ? &pin->nexthop4 : &pin->nexthop;
    if (!may_resolve(r, pin, ip, &network)) {
        return r->ops->unreachable(r->aux, pin, frame, len, now);
    }

    struct neighbour *x = neighbour_find(r, &network.uuid, ip);
    if (x && !is_unknown(x)) {
        /* The flow is on its way. */
        struct dp_packet *packet = dp_packet_clone_data(frame, len);

        forward(r, pin, x->mac, packet);
        dp_packet_delete(packet);
        return PACKET_ANSWERED;
    }
    if (x && x->state == NEIGHBOUR_FAILED && now - x->since < RESOLVER_FAILED_MSEC) {
        return r->ops->unreachable(r->aux, pin, frame, len, now);
    }
    if (!x || x->state == NEIGHBOUR_FAILED) {
        x = begin(r, x, &network, ip, pin->inport, now);
    }
    if (!x) {
        return PACKET_LIMITED;
    }
    packet_queue_add(&r->queue, &x->waiting, pin, frame, len);
    return PACKET_QUEUED;
}

/* Somebody says that a known neighbour has another MAC address. */
static void
verify(struct resolver *r, struct neighbour *x, const struct resolver_network *network,
       struct eth_addr mac, long long int now)
{
    if (!eth_addr_is_zero(x->verification.mac) || now < x->next_verification
        || !limiter_allow(r->questions, 0, now)) {
        return;
    }
    x->verification = (struct verification){.mac = mac, .until = now + RESOLVER_VERIFY_MSEC};
    x->next_verification = now + RESOLVER_RETRANS_MSEC;
    ask(r, x, network, x->mac);
    ask(r, x, network, mac);
    set_due(r, x, MIN(x->due, x->verification.until));
}

static void
handle_known(struct resolver *r, struct neighbour *x, const struct resolver_network *network,
             const struct neighbour_message *m, long long int now)
{
    struct verification *v = &x->verification;
    bool verifying = !eth_addr_is_zero(v->mac);

    if (eth_addr_equals(m->mac, x->mac)) {
        v->old_answered |= m->is_answer;
        if (m->is_answer && x->state == NEIGHBOUR_PROBE && !verifying) {
            found(r, x, x->mac, now);
        }
    } else if (verifying && eth_addr_equals(m->mac, v->mac)) {
        v->new_answered |= m->is_answer;
    } else {
        verify(r, x, network, m->mac, now);
    }
}

static enum packet_outcome
handle_message(void *r_, const struct pipeline_packet_in *pin, const void *frame, size_t len,
               long long int now)
{
    struct resolver *r = r_;
    struct resolver_network network;
    struct neighbour_message m;

    if (!neighbour_message_parse(frame, len, &m)) {
        return PACKET_MALFORMED;
    }
    if (!r->ops->network_by_key(r->aux, pin->network_key, &network)
        || eth_addr_equals(m.mac, r->ops->own_mac(r->aux))) {
        return PACKET_NOT_ALLOWED;
    }

    struct neighbour *x = neighbour_find(r, &network.uuid, &m.ip);
    if (!x) {
        return PACKET_NOT_ALLOWED;
    }
    if (!is_unknown(x)) {
        handle_known(r, x, &network, &m, now);
    } else if (m.is_answer && x->state == NEIGHBOUR_INCOMPLETE) {
        found(r, x, m.mac, now);
    } else {
        return PACKET_NOT_ALLOWED;
    }
    return PACKET_ANSWERED;
}

/* --- The resolver ------------------------------------------------------- */

struct resolver *
resolver_create(const struct resolver_ops *ops, void *aux)
{
    struct resolver *r = xzalloc(sizeof *r);

    r->ops = ops;
    r->aux = aux;
    r->questions = limiter_create(RESOLVER_RATE, RESOLVER_RATE, 1);
    r->sources = limiter_create(RESOLVER_SOURCE_RATE, RESOLVER_SOURCE_BURST, SOURCES_MAX);
    hmap_init(&r->neighbours);
    heap_init(&r->timers);
    ovs_list_init(&r->known);
    ovs_list_init(&r->unknown);
    packet_queue_init(&r->queue, RESOLVER_QUEUE, RESOLVER_QUEUE_TOTAL);
    return r;
}

void
resolver_clear(struct resolver *r)
{
    struct neighbour *x;

    HMAP_FOR_EACH_SAFE (x, node, &r->neighbours) {
        neighbour_destroy(r, x);
    }
}

void
resolver_destroy(struct resolver *r)
{
    struct neighbour *x;

    if (!r) {
        return;
    }
    HMAP_FOR_EACH_SAFE (x, node, &r->neighbours) {
        drop_waiting(r, x);
        hmap_remove(&r->neighbours, &x->node);
        free(x);
    }
    hmap_destroy(&r->neighbours);
    heap_destroy(&r->timers);
    limiter_destroy(r->questions);
    limiter_destroy(r->sources);
    free(r);
}

void
resolver_register(struct resolver *r, struct dispatch *d)
{
    static const struct packet_service entries[] = {
        {PIN_NO_NEIGHBOUR, "no_neighbour", 0, handle_packet},
        {PIN_NEIGHBOUR, "neighbour", 0, handle_message},
    };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        dispatch_register(d, &entries[i], r);
    }
}

void
resolver_restore(struct resolver *r, const struct uuid *network, const struct in6_addr *ip,
                 struct eth_addr mac, long long int now)
{
    if (!neighbour_find(r, network, ip) && hmap_count(&r->neighbours) < RESOLVER_MAX
        && !address_is(ip, ADDRESS_NO_HOST) && !eth_addr_is_zero(mac)
        && !eth_addr_is_multicast(mac)) {
        set_mac(r, neighbour_create(r, network, ip, NEIGHBOUR_STALE, now), mac);
    }
}

uint64_t
resolver_seqno(const struct resolver *r)
{
    return r->seqno;
}

/* --- What is told of it ------------------------------------------------- */

static int
compare_neighbours(const void *a_, const void *b_)
{
    const struct neighbour *const *a = a_;
    const struct neighbour *const *b = b_;
    int cmp = uuid_compare_3way(&(*a)->network, &(*b)->network);

    return cmp ? cmp : memcmp(&(*a)->ip, &(*b)->ip, sizeof(*a)->ip);
}

static const struct neighbour **
sorted(const struct resolver *r)
{
    const struct neighbour **list = xmalloc((hmap_count(&r->neighbours) + 1) * sizeof *list);
    const struct neighbour *x;
    size_t n = 0;

    HMAP_FOR_EACH (x, node, &r->neighbours) {
        list[n++] = x;
    }
    qsort(list, n, sizeof *list, compare_neighbours);
    return list;
}

void
resolver_for_each(const struct resolver *r, resolver_cb *cb, void *aux)
{
    const struct neighbour **list = sorted(r);

    for (size_t i = 0; i < hmap_count(&r->neighbours); i++) {
        const struct resolver_neighbour neighbour = {
            .network = &list[i]->network,
            .ip = &list[i]->ip,
            .mac = list[i]->mac,
            .state = list[i]->state,
            .since = list[i]->since,
        };
        cb(&neighbour, aux);
    }
    free(list);
}

void
resolver_get_stats(const struct resolver *r, struct resolver_stats *stats)
{
    const struct neighbour *x;

    *stats = r->stats;
    stats->waiting = r->queue.n;
    stats->dropped = r->queue.n_dropped;
    HMAP_FOR_EACH (x, node, &r->neighbours) {
        stats->neighbours[x->state]++;
    }
}

void
resolver_problems(const struct resolver *r, struct svec *problems)
{
    const struct neighbour **list = sorted(r);
    size_t n = 0;

    for (size_t i = 0; i < hmap_count(&r->neighbours) && n < PROBLEMS_MAX; i++) {
        const struct neighbour *x = list[i];
        struct resolver_network network;
        const char *router = x->failing ? r->ops->next_hop_of(r->aux, &x->network, &x->ip) : NULL;

        if (router && r->ops->network_by_uuid(r->aux, &x->network, &network)) {
            char *ip = address_format(&x->ip);

            svec_add_nocopy(
                problems,
                text_format("router %s: next hop %s on network %s does not answer, so that what is "
                            "routed by it is lost; see whether that host is up and connected to "
                            "the network, or name another one in the route",
                            router, ip, network.name));
            free(ip);
            n++;
        }
    }
    free(list);
}
