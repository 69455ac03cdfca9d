/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/private.h"

#include "hash.h"
#include "packets.h"
#include "util.h"

/* --- Claims ------------------------------------------------------------- */

static const struct uuid *
claim_uuid(const struct claim *c)
{
    return c->router_port ? &c->router_port->uuid : c->port ? &c->port->uuid : &c->router->uuid;
}

/* Router ports precede ports (and static routes), and ports that are on a chassis
 * those that are not: a row that somebody adds by mistake must not disable one that
 * is in use.  Then the lower UUID; then the lower route. */
static bool
claim_precedes(const struct claim *a, const struct claim *b)
{
    if (!a->router_port != !b->router_port) {
        return a->router_port != NULL;
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

/* Claims the entry for 'key' of 'owner' (a network or a router, whose UUID is
 * 'uuid'), which comes into being if need be. */
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

/* --- Segments ----------------------------------------------------------- */

/* The networks whose being active may have changed. */
static void
segment_changed(struct topology *t, struct segment *segment)
{
    struct network *n;

    t->interest_seqno++;
    LIST_FOR_EACH (n, segment_node, &segment->networks) {
        fact_changed(t->engine, &n->fact);
    }
}

/* A network that has ports precedes one that has none: a row that somebody adds by
 * mistake must not disable one that is in use.  Then the lower UUID. */
static bool
network_precedes(const struct network *a, const struct network *b)
{
    bool a_used = a->refs > 1; /* Being defined counts as one. */
    bool b_used = b->refs > 1;

    return a_used != b_used ? a_used : uuid_compare_3way(&a->uuid, &b->uuid) < 0;
}

void
segment_join(struct topology *t, struct network *network)
{
    const struct network_config *c = &network->config;
    const char *physnet = network_type_is_provider(c->type) ? c->physical_network : NULL;
    uint32_t hash = hash_string(physnet ? physnet : "", hash_2words(c->type, c->segmentation_id));
    struct segment *s;
    struct network *other;

    if (c->type == NETWORK_LOCAL) {
        return;
    }

    HMAP_FOR_EACH_WITH_HASH (s, node, hash, &t->segments) {
        if (s->type == c->type && s->id == c->segmentation_id
            && nullable_string_is_equal(s->physical_network, physnet)) {
            goto found;
        }
    }
    s = xzalloc(sizeof *s);
    s->type = c->type;
    s->id = c->segmentation_id;
    s->physical_network = nullable_xstrdup(physnet);
    ovs_list_init(&s->networks);
    hmap_insert(&t->segments, &s->node, hash);

found:
    network->segment = s;
    LIST_FOR_EACH (other, segment_node, &s->networks) {
        if (network_precedes(network, other)) {
            ovs_list_insert(&other->segment_node, &network->segment_node);
            segment_changed(t, s);
            return;
        }
    }
    ovs_list_push_back(&s->networks, &network->segment_node);
    segment_changed(t, s);
}

void
segment_leave(struct topology *t, struct network *network)
{
    struct segment *s = network->segment;

    if (!s) {
        return;
    }
    fact_changed(t->engine, &network->fact);
    ovs_list_remove(&network->segment_node);
    network->segment = NULL;
    segment_changed(t, s);
    if (ovs_list_is_empty(&s->networks)) {
        hmap_remove(&t->segments, &s->node);
        free(s->physical_network);
        free(s);
    }
}

void
segment_rank(struct topology *t, struct network *network)
{
    if (network->segment && !ovs_list_is_short(&network->segment->networks)) {
        segment_leave(t, network);
        segment_join(t, network);
    }
}

bool
network_is_active(const struct network *network)
{
    return network->defined
           && (!network->segment
               || ovs_list_front(&network->segment->networks) == &network->segment_node);
}
