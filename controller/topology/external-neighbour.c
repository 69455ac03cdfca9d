/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/external-neighbour.h"

#include <stdlib.h>

#include "hash.h"
#include "packets.h"
#include "topology/facts.h"
#include "topology/index.h"
#include "topology/moves.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "util.h"

/* By the network alone, as all of one network are looked for. */
static uint32_t
neighbour_hash(const struct uuid *network)
{
    return uuid_hash(network);
}

#define NEIGHBOUR_FOR_EACH_ON(X, NETWORK, TOPOLOGY)                                                \
    HMAP_FOR_EACH_WITH_HASH (X, node, neighbour_hash(NETWORK), &(TOPOLOGY)->neighbours)            \
        if (uuid_equals(&(X)->network, NETWORK))

static struct external_neighbour *
neighbour_find(const struct topology *t, const struct uuid *network, const struct in6_addr *ip)
{
    struct external_neighbour *x;

    NEIGHBOUR_FOR_EACH_ON(x, network, t)
    {
        if (ipv6_addr_equals(&x->ip, ip)) {
            return x;
        }
    }
    return NULL;
}

static void
neighbour_claim(struct topology *t, struct network *n, struct external_neighbour *x)
{
    if (n && n->defined && !x->claim.entry) {
        x->claim = (struct claim){.neighbour = x};
        claim_address(t, n, &x->ip, &x->claim);
    }
}

static void
neighbour_unclaim(struct topology *t, struct external_neighbour *x)
{
    if (x->claim.entry) {
        unclaim(t, &x->claim);
        x->claim.entry = NULL;
    }
}

void
external_neighbours_claim(struct topology *t, struct network *n)
{
    struct external_neighbour *x;

    NEIGHBOUR_FOR_EACH_ON(x, &n->uuid, t)
    {
        neighbour_claim(t, n, x);
    }
}

void
external_neighbours_unclaim(struct topology *t, struct network *n)
{
    struct external_neighbour *x;

    NEIGHBOUR_FOR_EACH_ON(x, &n->uuid, t)
    {
        neighbour_unclaim(t, x);
    }
}

void
external_neighbour_destroy(struct topology *t, struct external_neighbour *x)
{
    neighbour_unclaim(t, x);
    hmap_remove(&t->neighbours, &x->node);
    free(x);
}

void
topology_set_neighbour(struct topology *t, const struct uuid *network, const struct in6_addr *ip,
                       struct eth_addr mac)
{
    struct external_neighbour *x = neighbour_find(t, network, ip);

    if (eth_addr_is_zero(mac)) {
        if (x) {
            external_neighbour_destroy(t, x);
        }
    } else if (!x) {
        x = xzalloc(sizeof *x);
        x->network = *network;
        x->ip = *ip;
        x->mac = mac;
        hmap_insert(&t->neighbours, &x->node, neighbour_hash(network));
        neighbour_claim(t, network_find(t, network), x);
    } else if (!eth_addr_equals(x->mac, mac)) {
        x->mac = mac;
        if (x->claim.entry) {
            fact_changed(t->engine, &x->claim.entry->fact);
            moves_entry_changed(t, x->claim.entry);
        }
    }
}

void
topology_copy_neighbours(const struct topology *from, struct topology *to)
{
    const struct external_neighbour *x;

    HMAP_FOR_EACH (x, node, &from->neighbours) {
        topology_set_neighbour(to, &x->network, &x->ip, x->mac);
    }
}

/* --- Facts -------------------------------------------------------------- */

struct eth_addr
external_neighbour_mac(const struct external_neighbour *x)
{
    return x->mac;
}
