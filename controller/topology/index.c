/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/index.h"

#include "hash.h"
#include "packets.h"
#include "topology/moves.h"
#include "topology/nat-logical.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/subjects.h"
#include "util.h"

/* --- Claims ------------------------------------------------------------- */

static const struct uuid *
claim_uuid(const struct claim *c)
{
    return (c->router_port ? &c->router_port->uuid
            : c->neighbour ? &c->neighbour->network
            : c->nat       ? &c->nat->uuid
            : c->port      ? &c->port->uuid
                           : &c->router->uuid);
}

static int
claim_class(const struct claim *c)
{
    return c->router_port ? 0 : c->nat ? 1 : 2;
}

/* What has an address to itself precedes those that share it.  Router ports precede floating IPs,
 * these ports (and static routes), and ports that are on a chassis those that are not: a row added
 * by mistake must not disable one that is in use. Then the lower UUID; then the lower route.
 * Everything precedes an external neighbour, of which there is one for an address at most. */
static bool
claim_precedes(const struct claim *a, const struct claim *b)
{
    if (a->neighbour || b->neighbour) {
        return !a->neighbour;
    }
    if (a->anycast != b->anycast) {
        return b->anycast;
    }
    if (claim_class(a) != claim_class(b)) {
        return claim_class(a) < claim_class(b);
    }

    if (a->port && b->port && !a->port->chassis != !b->port->chassis) {
        return a->port->chassis != NULL;
    }

    int cmp = uuid_compare_3way(claim_uuid(a), claim_uuid(b));
    if (cmp) {
        return cmp < 0;
    }
    return a->route && b->route && static_route_compare(a->route, b->route) < 0;
}

static void
claims_insert(struct ovs_list *claims, struct claim *claim)
{
    struct claim *other;

    LIST_FOR_EACH (other, node, claims) {
        if (claim_precedes(claim, other)) {
            ovs_list_insert(&other->node, &claim->node);
            return;
        }
    }
    ovs_list_push_back(claims, &claim->node);
}

/* --- Entries ------------------------------------------------------------ */

static uint32_t
entry_hash(int kind, const void *owner, const struct entry_key *key)
{
    return hash_bytes(key, sizeof *key, hash_pointer(owner, kind));
}

static struct entry *
entry_find(const struct topology *t, int kind, const void *owner, const struct entry_key *key)
{
    struct entry *e;

    HMAP_FOR_EACH_WITH_HASH (e, node, entry_hash(kind, owner, key), &t->entries) {
        if (e->subject.kind == &topology_kinds[kind] && e->network == owner
            && !memcmp(&e->key, key, sizeof *key)) {
            return e;
        }
    }
    return NULL;
}

/* Claims the entry for 'key' of 'owner' (a network or a router, with UUID
 * 'uuid'), which is made if need be. */
static void
claim(struct topology *t, int kind, void *owner, const struct uuid *uuid,
      const struct entry_key *key, struct claim *claim)
{
    struct entry *e = entry_find(t, kind, owner, key);

    if (!e) {
        e = xzalloc(sizeof *e);
        e->network = owner;
        e->key = *key;
        ovs_list_init(&e->claims);
        ovs_list_init(&e->unsettled);
        fact_init(&e->fact);
        hmap_insert(&t->entries, &e->node, entry_hash(kind, owner, key));
        e->subject.kind = &topology_kinds[kind];
        e->subject.id =
            uuid_key(uuid)
            ^ ((uint64_t) hash_bytes(key, sizeof *key, 1) << 32 | hash_bytes(key, sizeof *key, 2));
        engine_add_subject(t->engine, &e->subject);
        if (kind == KIND_ADDRESS) {
            nats_logical_changed(t, &key->ip);
        }
    }
    claim->entry = e;
    claims_insert(&e->claims, claim);
    fact_changed(t->engine, &e->fact);
    moves_entry_changed(t, e);
}

void
unclaim(struct topology *t, struct claim *claim)
{
    struct entry *e = claim->entry;

    ovs_list_remove(&claim->node);
    fact_changed(t->engine, &e->fact);
    if (!ovs_list_is_empty(&e->claims)) {
        moves_entry_changed(t, e);
    } else {
        moves_entry_gone(t, e);
        if (e->subject.kind == &topology_kinds[KIND_ADDRESS]) {
            nats_logical_changed(t, &e->key.ip);
        }
        engine_remove_subject(t->engine, &e->subject);
        fact_destroy(t->engine, &e->fact);
        hmap_remove(&t->entries, &e->node);
        free(e);
    }
}

void
claim_rank(struct topology *t, struct claim *claim)
{
    struct entry *e = claim->entry;

    if (!ovs_list_is_short(&e->claims)) {
        ovs_list_remove(&claim->node);
        claims_insert(&e->claims, claim);
        fact_changed(t->engine, &e->fact);
        moves_entry_changed(t, e);
    }
}

void
claim_address(struct topology *t, struct network *network, const struct in6_addr *ip,
              struct claim *c)
{
    struct entry_key key = {.ip = *ip};
    claim(t, KIND_ADDRESS, network, &network->uuid, &key, c);
}

void
claim_mac(struct topology *t, struct network *network, struct eth_addr mac, struct claim *c)
{
    struct entry_key key = {.mac = mac};
    claim(t, KIND_MAC, network, &network->uuid, &key, c);
}

void
claim_prefix(struct topology *t, struct router *router, const struct ip_prefix *prefix,
             struct claim *c)
{
    struct entry_key key = {.ip = prefix->address, .length = prefix_length(prefix)};
    claim(t, KIND_PREFIX, router, &router->uuid, &key, c);
}

const struct claim *
find_address(const struct topology *t, const struct network *network, const struct in6_addr *ip)
{
    struct entry_key key = {.ip = *ip};
    const struct entry *e = entry_find(t, KIND_ADDRESS, network, &key);

    return e ? CONTAINER_OF(ovs_list_front(&e->claims), struct claim, node) : NULL;
}
