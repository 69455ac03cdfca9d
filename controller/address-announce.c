/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "address-announce.h"

#include <stdlib.h>

#include "dp-packet.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "packet-out.h"
#include "pipeline/inject.h"
#include "service/announcement.h"
#include "timeval.h"
#include "topology/topology.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(address_announce);

/* The size of a batch and the pause after it: thousands at once would keep the switch from other
 * work. */
#define BATCH 32
#define INTERVAL_MSEC 20

/* The most that wait; more are dropped. */
#define MAX_PENDING 4096

struct pending {
    struct ovs_list node; /* In address_announcer->pending. */
    struct address_move move;
    uint64_t seqno; /* Number of the flows with it. */
};

struct address_announcer {
    struct ovs_list pending; /* Ascending by 'seqno'. */
    size_t n_pending;
    long long int next; /* When the next batch may be sent (ms). */
    uint64_t n_sent, n_dropped;
};

struct address_announcer *
address_announcer_create(void)
{
    struct address_announcer *a = xzalloc(sizeof *a);

    ovs_list_init(&a->pending);
    return a;
}

void
address_announcer_destroy(struct address_announcer *a)
{
    if (a) {
        struct pending *p;

        LIST_FOR_EACH_SAFE (p, node, &a->pending) {
            free(p);
        }
        free(a);
    }
}

static void
take(struct address_announcer *a, struct topology *topology, bool native, uint64_t seqno)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(2, 2);
    size_t n, taken;
    struct address_move *moves = topology_take_moves(topology, &n);

    n = native ? n : 0;
    for (taken = 0; taken < n && a->n_pending < MAX_PENDING; taken++) {
        struct pending *p = xmalloc(sizeof *p);

        *p = (struct pending){.move = moves[taken], .seqno = seqno};
        ovs_list_push_back(&a->pending, &p->node);
        a->n_pending++;
    }
    if (taken < n) {
        a->n_dropped += n - taken;
        VLOG_WARN_RL(&rl,
                     "%" PRIuSIZE " addresses have come to another MAC address and are not "
                     "announced, since %d others wait to be: machines may send to the old one for "
                     "half a minute",
                     n - taken, MAX_PENDING);
    }
    free(moves);
}

static void
announce(const struct address_move *move, struct ofsession *session)
{
    const struct injection injection = {
        .stage = &stage_flood,
        .network_key = move->network_key,
        .in_port = move->ofport,
        .stays_here = true,
    };
    struct dp_packet packet;

    dp_packet_init(&packet, 0);
    announcement_compose(&packet, &move->ip, move->mac, move->router);
    packet_out(session, &packet, &injection);
    dp_packet_uninit(&packet);
}

void
address_announcer_run(struct address_announcer *a, struct topology *topology,
                      struct ofsession *session, bool native, uint64_t seqno, uint64_t confirmed)
{
    struct pending *p;
    size_t n = 0;

    take(a, topology, native, seqno);
    if (time_msec() < a->next) {
        return;
    }
    LIST_FOR_EACH_SAFE (p, node, &a->pending) {
        if (p->seqno > confirmed || n++ >= BATCH) {
            break;
        }
        announce(&p->move, session);
        a->n_sent++;
        a->next = time_msec() + INTERVAL_MSEC;
        ovs_list_remove(&p->node);
        a->n_pending--;
        free(p);
    }
}

void
address_announcer_wait(const struct address_announcer *a, uint64_t confirmed)
{
    const struct pending *p;

    LIST_FOR_EACH (p, node, &a->pending) {
        if (p->seqno <= confirmed) {
            poll_timer_wait_until(a->next);
        }
        break;
    }
}

uint64_t
address_announcer_count(const struct address_announcer *a)
{
    return a->n_sent;
}

uint64_t
address_announcer_dropped(const struct address_announcer *a)
{
    return a->n_dropped;
}
