/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "arp-announce.h"

#include <stdlib.h>

#include "dp-packet.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "packet-out.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "timeval.h"
#include "topology/topology.h"
#include "util.h"

/* The size of a batch and the pause after it: thousands at once would keep the switch from other
 * work. */
#define BATCH 32
#define INTERVAL_MSEC 20

/* The most that wait; more are dropped. */
#define MAX_PENDING 4096

struct pending {
    struct ovs_list node; /* In arp_announcer->pending. */
    struct address_move move;
    uint64_t seqno; /* Number of the flows with it. */
};

struct arp_announcer {
    struct ovs_list pending; /* Ascending by 'seqno'. */
    size_t n_pending;
    long long int next; /* When the next batch may be sent (ms). */
    uint64_t n_sent;
};

struct arp_announcer *
arp_announcer_create(void)
{
    struct arp_announcer *a = xzalloc(sizeof *a);

    ovs_list_init(&a->pending);
    return a;
}

void
arp_announcer_destroy(struct arp_announcer *a)
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
take(struct arp_announcer *a, struct topology *topology, bool native, uint64_t seqno)
{
    size_t n;
    struct address_move *moves = topology_take_moves(topology, &n);

    for (size_t i = 0; native && i < n && a->n_pending < MAX_PENDING; i++) {
        if (in6_addr_get_mapped_ipv4(&moves[i].ip)) {
            struct pending *p = xmalloc(sizeof *p);

            *p = (struct pending){.move = moves[i], .seqno = seqno};
            ovs_list_push_back(&a->pending, &p->node);
            a->n_pending++;
        }
    }
    free(moves);
}

static void
announce(const struct address_move *move, struct ofsession *session)
{
    ovs_be32 ip = in6_addr_get_mapped_ipv4(&move->ip);
    const struct injection injection = {
        .stage = &stage_flood,
        .network_key = move->network_key,
        .in_port = move->ofport,
        .stays_here = true,
    };
    struct dp_packet packet;

    dp_packet_init(&packet, 0);
    compose_arp(&packet, ARP_OP_REQUEST, move->mac, eth_addr_zero, true, ip, ip);
    packet_out(session, &packet, &injection);
    dp_packet_uninit(&packet);
}

void
arp_announcer_run(struct arp_announcer *a, struct topology *topology, struct ofsession *session,
                  bool native, uint64_t seqno, uint64_t confirmed)
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
arp_announcer_wait(const struct arp_announcer *a, uint64_t confirmed)
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
arp_announcer_count(const struct arp_announcer *a)
{
    return a->n_sent;
}
