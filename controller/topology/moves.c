/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/moves.h"

#include "hash.h"
#include "packets.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/subjects.h"
#include "util.h"

/* Addresses that come to another MAC address.
 *
 * Each address entry knows the MAC address that it had when everything was last settled, and the
 * last ones that have vanished are remembered, since a row is often replaced by deleting it and
 * inserting another one later. */

/* Of more, the ones that vanished first are forgotten, once everything is settled. */
#define MAX_VANISHED 4096

/* An address that has lost its owner. */
struct vanished {
    struct hmap_node node;  /* In topology->vanished. */
    struct ovs_list in_age; /* In topology->vanished_by_age. */
    struct uuid network;
    struct in6_addr ip;
    struct eth_addr mac;
};

static uint32_t
vanished_hash(const struct uuid *network, const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, uuid_hash(network));
}

static void
vanished_destroy(struct topology *t, struct vanished *v)
{
    hmap_remove(&t->vanished, &v->node);
    ovs_list_remove(&v->in_age);
    free(v);
}

/* The MAC address that 'ip' had when it vanished, which is forgotten; zero if it did not. */
static struct eth_addr
recall(struct topology *t, const struct network *n, const struct in6_addr *ip)
{
    struct eth_addr mac = eth_addr_zero;
    struct vanished *v;

    HMAP_FOR_EACH_WITH_HASH (v, node, vanished_hash(&n->uuid, ip), &t->vanished) {
        if (uuid_equals(&v->network, &n->uuid) && ipv6_addr_equals(&v->ip, ip)) {
            mac = v->mac;
            vanished_destroy(t, v);
            break;
        }
    }
    return mac;
}

void
moves_init(struct topology *t)
{
    ovs_list_init(&t->unsettled);
    hmap_init(&t->vanished);
    ovs_list_init(&t->vanished_by_age);
}

void
moves_destroy(struct topology *t)
{
    struct vanished *v;

    LIST_FOR_EACH_SAFE (v, in_age, &t->vanished_by_age) {
        vanished_destroy(t, v);
    }
    hmap_destroy(&t->vanished);
    free(t->moves);
}

void
moves_entry_changed(struct topology *t, struct entry *e)
{
    if (e->subject.kind == &topology_kinds[KIND_ADDRESS] && ovs_list_is_empty(&e->unsettled)) {
        ovs_list_push_back(&t->unsettled, &e->unsettled);
    }
}

void
moves_entry_gone(struct topology *t, struct entry *e)
{
    ovs_list_remove(&e->unsettled);
    if (eth_addr_is_zero(e->mac)) {
        return;
    }

    struct vanished *v = xmalloc(sizeof *v);
    v->network = e->network->uuid;
    v->ip = e->key.ip;
    v->mac = e->mac;
    hmap_insert(&t->vanished, &v->node, vanished_hash(&v->network, &v->ip));
    ovs_list_push_back(&t->vanished_by_age, &v->in_age);
}

static void
add_move(struct topology *t, const struct entry *e, const struct claim *c)
{
    if (t->n_moves >= t->allocated_moves) {
        t->moves = x2nrealloc(t->moves, &t->allocated_moves, sizeof *t->moves);
    }
    t->moves[t->n_moves++] = (struct address_move){
        .network_key = uuid_key(&e->network->uuid),
        .ip = e->key.ip,
        .mac = e->mac,
        .router = c->router_port != NULL,
        .ofport = c->port && c->port->location == LOCATION_LOCAL ? c->port->ofport : 0,
    };
}

void
moves_settle(struct topology *t)
{
    struct entry *e;

    LIST_FOR_EACH_POP (e, unsettled, &t->unsettled) {
        const struct claim *c = CONTAINER_OF(ovs_list_front(&e->claims), struct claim, node);
        struct eth_addr before =
            eth_addr_is_zero(e->mac) ? recall(t, e->network, &e->key.ip) : e->mac;

        ovs_list_init(&e->unsettled);
        e->mac = claim_holder_mac(c);
        if (!eth_addr_is_zero(before) && !eth_addr_equals(before, e->mac) && !c->anycast
            && !c->neighbour /* It speaks for itself. */
            && !ovs_list_is_empty(&e->network->local_ports)) {
            add_move(t, e, c);
        }
    }
    while (hmap_count(&t->vanished) > MAX_VANISHED) {
        vanished_destroy(
            t, CONTAINER_OF(ovs_list_front(&t->vanished_by_age), struct vanished, in_age));
    }
}

struct address_move *
topology_take_moves(struct topology *t, size_t *n)
{
    struct address_move *moves = t->moves;

    *n = t->n_moves;
    t->moves = NULL;
    t->n_moves = t->allocated_moves = 0;
    return moves;
}
