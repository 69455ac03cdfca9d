/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/objects.h"

#include "packets.h"
#include "topology/private.h"
#include "topology/segment.h"
#include "topology/subjects.h"
#include "util.h"

uint64_t
uuid_key(const struct uuid *uuid)
{
    uint64_t key = (uint64_t) uuid->parts[2] << 32 | uuid->parts[3];
    return key ? key : 1;
}

/* Of networks and routers, which are looked for by key, too. */
static uint32_t
key_hash(const struct uuid *uuid)
{
    return hash_uint64(uuid_key(uuid));
}

struct network *
network_find(const struct topology *t, const struct uuid *uuid)
{
    struct network *n;

    HMAP_FOR_EACH_WITH_HASH (n, node, key_hash(uuid), &t->networks) {
        if (uuid_equals(&n->uuid, uuid)) {
            return n;
        }
    }
    return NULL;
}

const struct network *
network_find_key(const struct topology *t, uint64_t key)
{
    const struct network *n;

    HMAP_FOR_EACH_WITH_HASH (n, node, hash_uint64(key), &t->networks) {
        if (uuid_key(&n->uuid) == key) {
            return n;
        }
    }
    return NULL;
}

struct network *
network_get(struct topology *t, const struct uuid *uuid)
{
    struct network *n = network_find(t, uuid);

    if (!n) {
        n = xzalloc(sizeof *n);
        n->uuid = *uuid;
        n->subject.id = uuid_key(uuid);
        n->subject.kind = &topology_kinds[KIND_NETWORK];
        ovs_list_init(&n->router_ports);
        ovs_list_init(&n->local_ports);
        hmap_init(&n->members);
        fact_init(&n->fact);
        fact_init(&n->router_ports_fact);
        fact_init(&n->subnets_fact);
        fact_init(&n->local_ports_fact);
        fact_init(&n->members_fact);
        fact_init(&n->local_fact);
        fact_init(&n->reach_fact);
        fact_init(&n->local_vlan_fact);
        hmap_insert(&t->networks, &n->node, key_hash(uuid));
    }
    n->refs++;
    if (n->refs == 2) {
        segment_rank(t, n);
    }
    return n;
}

void
network_put(struct topology *t, struct network *n)
{
    if (n && n->refs == 2) {
        n->refs--;
        segment_rank(t, n);
    } else if (n && !--n->refs) {
        ovs_assert(ovs_list_is_empty(&n->router_ports) && ovs_list_is_empty(&n->local_ports)
                   && hmap_is_empty(&n->members) && !n->segment);
        t->n_needed_networks -= n->needed;
        fact_destroy(t->engine, &n->fact);
        fact_destroy(t->engine, &n->router_ports_fact);
        fact_destroy(t->engine, &n->subnets_fact);
        fact_destroy(t->engine, &n->local_ports_fact);
        fact_destroy(t->engine, &n->members_fact);
        fact_destroy(t->engine, &n->local_fact);
        fact_destroy(t->engine, &n->reach_fact);
        fact_destroy(t->engine, &n->local_vlan_fact);
        t->interest_seqno += n->needed;
        hmap_destroy(&n->members);
        hmap_remove(&t->networks, &n->node);
        free(n);
    }
}

struct chassis *
chassis_find(const struct topology *t, const struct uuid *uuid)
{
    struct chassis *c;

    HMAP_FOR_EACH_WITH_HASH (c, node, uuid_hash(uuid), &t->chassis) {
        if (uuid_equals(&c->uuid, uuid)) {
            return c;
        }
    }
    return NULL;
}

struct chassis *
chassis_get(struct topology *t, const struct uuid *uuid)
{
    struct chassis *c = chassis_find(t, uuid);

    if (!c) {
        c = xzalloc(sizeof *c);
        c->uuid = *uuid;
        c->subject.id = uuid_key(uuid);
        c->subject.kind = &topology_kinds[KIND_CHASSIS];
        fact_init(&c->fact);
        hmap_insert(&t->chassis, &c->node, uuid_hash(uuid));
    }
    c->refs++;
    return c;
}

void
chassis_put(struct topology *t, struct chassis *c)
{
    if (!c) {
        return;
    }
    if (!--c->refs) {
        fact_destroy(t->engine, &c->fact);
        hmap_remove(&t->chassis, &c->node);
        free(c);
    }
}

struct eth_addr
own_chassis_mac(const struct topology *t)
{
    const char *name = t->self_name ? t->self_name : "";
    uint64_t hash = (uint64_t) hash_string(name, 1) << 32 | hash_string(name, 2);
    struct eth_addr ea;

    eth_addr_from_uint64(hash & UINT64_C(0xffffffffffff), &ea);
    ea.ea[0] = (ea.ea[0] & ~1) | 2; /* Unicast, locally administered. */
    return ea;
}

bool
chassis_is_self(const struct topology *t, const struct chassis *c)
{
    return c && c->defined && nullable_string_is_equal(c->config.name, t->self_name);
}

struct port *
port_find(const struct topology *t, const struct uuid *uuid)
{
    struct port *p;

    HMAP_FOR_EACH_WITH_HASH (p, node, uuid_hash(uuid), &t->ports) {
        if (uuid_equals(&p->uuid, uuid)) {
            return p;
        }
    }
    return NULL;
}

struct router *
router_find(const struct topology *t, const struct uuid *uuid)
{
    struct router *r;

    HMAP_FOR_EACH_WITH_HASH (r, node, key_hash(uuid), &t->routers) {
        if (uuid_equals(&r->uuid, uuid)) {
            return r;
        }
    }
    return NULL;
}

const struct router *
router_find_key(const struct topology *t, uint64_t key)
{
    const struct router *r;

    HMAP_FOR_EACH_WITH_HASH (r, node, hash_uint64(key), &t->routers) {
        if (uuid_key(&r->uuid) == key) {
            return r;
        }
    }
    return NULL;
}

struct router *
router_get(struct topology *t, const struct uuid *uuid)
{
    struct router *r = router_find(t, uuid);

    if (!r) {
        r = xzalloc(sizeof *r);
        r->uuid = *uuid;
        ovs_list_init(&r->router_ports);
        ovs_list_init(&r->nats);
        hmap_init(&r->routes);
        fact_init(&r->router_ports_fact);
        fact_init(&r->snats_fact);
        fact_init(&r->zone_fact);
        fact_init(&r->reach_fact);
        hmap_insert(&t->routers, &r->node, key_hash(uuid));
    }
    r->refs++;
    return r;
}

bool
router_is_enabled(const struct router *r)
{
    return r->defined && r->config.enabled;
}

void
router_put(struct topology *t, struct router *r)
{
    if (r && !--r->refs) {
        ovs_assert(ovs_list_is_empty(&r->router_ports) && ovs_list_is_empty(&r->nats)
                   && hmap_is_empty(&r->routes));
        hmap_destroy(&r->routes);
        fact_destroy(t->engine, &r->router_ports_fact);
        fact_destroy(t->engine, &r->snats_fact);
        fact_destroy(t->engine, &r->zone_fact);
        fact_destroy(t->engine, &r->reach_fact);
        hmap_remove(&t->routers, &r->node);
        free(r);
    }
}
