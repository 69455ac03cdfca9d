/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/private.h"

#include "hash.h"
#include "packets.h"
#include "util.h"

uint64_t
uuid_key(const struct uuid *uuid)
{
    uint64_t key = (uint64_t) uuid->parts[2] << 32 | uuid->parts[3];
    return key ? key : 1;
}

/* --- Host --------------------------------------------------------------- */

void
host_init(struct host *host)
{
    memset(host->tunnel_ofport, 0, sizeof host->tunnel_ofport);
    host->reinject_ofport = 0;
    shash_init(&host->provider_ofports);
}

void
host_destroy(struct host *host)
{
    shash_destroy_free_data(&host->provider_ofports);
}

void
host_set_provider(struct host *host, const char *physnet, ofp_port_t ofport)
{
    ofp_port_t *p = xmalloc(sizeof *p);

    *p = ofport;
    free(shash_replace(&host->provider_ofports, physnet, p));
}

static bool
host_equal(const struct host *a, const struct host *b)
{
    const struct shash_node *node;

    if (memcmp(a->tunnel_ofport, b->tunnel_ofport, sizeof a->tunnel_ofport)
        || a->reinject_ofport != b->reinject_ofport
        || shash_count(&a->provider_ofports) != shash_count(&b->provider_ofports)) {
        return false;
    }
    SHASH_FOR_EACH (node, &a->provider_ofports) {
        const ofp_port_t *x = node->data;
        const ofp_port_t *y = shash_find_data(&b->provider_ofports, node->name);
        if (!y || *x != *y) {
            return false;
        }
    }
    return true;
}

void
topology_set_host(struct topology *t, const struct host *host)
{
    const struct shash_node *node;

    if (host_equal(&t->host, host)) {
        return;
    }
    host_destroy(&t->host);
    host_init(&t->host);
    memcpy(t->host.tunnel_ofport, host->tunnel_ofport, sizeof host->tunnel_ofport);
    t->host.reinject_ofport = host->reinject_ofport;
    SHASH_FOR_EACH (node, &host->provider_ofports) {
        host_set_provider(&t->host, node->name, *(const ofp_port_t *) node->data);
    }
    fact_changed(t->engine, &t->host_fact);
}

void
topology_set_self(struct topology *t, const char *name)
{
    if (!nullable_string_is_equal(t->self_name, name)) {
        free(t->self_name);
        t->self_name = nullable_xstrdup(name);
        t->interest_seqno++;
        fact_changed(t->engine, &t->host_fact);
        locate_all_ports(t);
    }
}

/* --- Network ------------------------------------------------------------ */

static struct network *
network_find(const struct topology *t, const struct uuid *uuid)
{
    struct network *n;

    HMAP_FOR_EACH_WITH_HASH (n, node, uuid_hash(uuid), &t->networks) {
        if (uuid_equals(&n->uuid, uuid)) {
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
        fact_init(&n->local_ports_fact);
        fact_init(&n->members_fact);
        fact_init(&n->local_fact);
        fact_init(&n->reach_fact);
        fact_init(&n->local_vlan_fact);
        hmap_insert(&t->networks, &n->node, uuid_hash(uuid));
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

void
topology_set_network(struct topology *t, const struct uuid *uuid, struct network_config *config)
{
    struct network *n = network_find(t, uuid);
    bool was_defined = n && n->defined;

    if (was_defined && config && network_config_equal(&n->config, config)) {
        network_config_destroy(config);
        memset(config, 0, sizeof *config);
        return;
    }

    if (was_defined) {
        t->n_losses += n->needed;
        segment_leave(t, n);
        network_config_destroy(&n->config);
        memset(&n->config, 0, sizeof n->config);
        n->defined = false;
        fact_changed(t->engine, &n->fact);
    }
    if (config) {
        n = was_defined ? n : network_get(t, uuid);
        n->config = *config;
        memset(config, 0, sizeof *config);
        n->defined = true;
        segment_join(t, n);
        fact_changed(t->engine, &n->fact);
        if (!was_defined) {
            engine_add_subject(t->engine, &n->subject);
        }
    } else if (was_defined) {
        engine_remove_subject(t->engine, &n->subject);
        network_put(t, n);
    }
}

void
topology_set_local_vlan(struct topology *t, const char *name, uint16_t vlan)
{
    struct network *n;

    if (simap_get(&t->local_vlans, name) == vlan) {
        return;
    }
    if (vlan) {
        simap_put(&t->local_vlans, name, vlan);
    } else {
        simap_find_and_delete(&t->local_vlans, name);
    }
    t->interest_seqno++;
    HMAP_FOR_EACH (n, node, &t->networks) {
        if (n->defined && !strcmp(n->config.name, name)) {
            fact_changed(t->engine, &n->local_vlan_fact);
        }
    }
}

/* --- Chassis ------------------------------------------------------------ */

static struct chassis *
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

bool
chassis_is_self(const struct topology *t, const struct chassis *c)
{
    return c && c->defined && nullable_string_is_equal(c->config.name, t->self_name);
}

void
topology_set_chassis(struct topology *t, const struct uuid *uuid, struct chassis_config *config)
{
    struct chassis *c = chassis_find(t, uuid);
    bool was_defined = c && c->defined;
    bool was_self = chassis_is_self(t, c);

    if (was_defined && config && chassis_config_equal(&c->config, config)) {
        chassis_config_destroy(config);
        memset(config, 0, sizeof *config);
        return;
    }

    if (!was_defined && !config) {
        return;
    }
    c = was_defined ? c : chassis_get(t, uuid);
    if (was_defined) {
        chassis_config_destroy(&c->config);
        memset(&c->config, 0, sizeof c->config);
        c->defined = false;
    }
    if (config) {
        c->config = *config;
        memset(config, 0, sizeof *config);
        c->defined = true;
    }
    fact_changed(t->engine, &c->fact);
    t->interest_seqno++;
    if (chassis_is_self(t, c) != was_self) {
        locate_all_ports(t);
    }
    if (!was_defined) {
        engine_add_subject(t->engine, &c->subject);
    } else if (!config) {
        engine_remove_subject(t->engine, &c->subject);
        chassis_put(t, c);
    }
}

/* --- Port --------------------------------------------------------------- */

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

static void
port_unclaim(struct topology *t, struct port *p)
{
    if (p->claiming) {
        unclaim(t, &p->mac_claim);
        for (size_t i = 0; i < p->config.n_addresses; i++) {
            unclaim(t, &p->address_claims[i]);
        }
        free(p->address_claims);
        p->address_claims = NULL;
        p->claiming = false;
    }
}

/* A disabled port has no address: nobody can reach it. */
static void
port_claim(struct topology *t, struct port *p)
{
    if (!p->config.enabled) {
        return;
    }
    p->claiming = true;
    p->mac_claim = (struct claim){.port = p};
    claim_mac(t, p->network, p->config.mac, &p->mac_claim);
    p->address_claims = xcalloc(p->config.n_addresses, sizeof *p->address_claims);
    for (size_t i = 0; i < p->config.n_addresses; i++) {
        p->address_claims[i].port = p;
        claim_address(t, p->network, &p->config.addresses[i], &p->address_claims[i]);
    }
}

static void
port_rank(struct topology *t, struct port *p)
{
    if (p->claiming) {
        claim_rank(t, &p->mac_claim);
        for (size_t i = 0; i < p->config.n_addresses; i++) {
            claim_rank(t, &p->address_claims[i]);
        }
    }
}

static bool
port_claims_equal(const struct port_config *a, const struct port_config *b)
{
    return a->enabled == b->enabled && uuid_equals(&a->network, &b->network)
           && eth_addr_equals(a->mac, b->mac) && a->n_addresses == b->n_addresses
           && !memcmp(a->addresses, b->addresses, a->n_addresses * sizeof *a->addresses);
}

/* What is plugged here under the name of 'p' has, or had, a port. */
static void
port_name_changed(struct topology *t, const struct port *p)
{
    t->interest_seqno += vif_find(t, p->config.name) != NULL;
}

static void
port_destroy(struct topology *t, struct port *p)
{
    port_name_changed(t, p);
    port_unlocate(t, p);
    port_own_changed(t, p);
    port_unclaim(t, p);
    network_put(t, p->network);
    chassis_put(t, p->chassis);
    fact_destroy(t->engine, &p->fact);
    hmap_remove(&t->ports, &p->node);
    hmap_remove(&t->ports_by_name, &p->name_node);
    port_config_destroy(&p->config);
    free(p);
}

static struct port *
port_create(struct topology *t, const struct uuid *uuid)
{
    struct port *p = xzalloc(sizeof *p);

    p->uuid = *uuid;
    p->local_subject.id = uuid_key(uuid);
    p->local_subject.kind = &topology_kinds[KIND_LOCAL_PORT];
    fact_init(&p->fact);
    hmap_insert(&t->ports, &p->node, uuid_hash(uuid));
    return p;
}

void
topology_set_port(struct topology *t, const struct uuid *uuid, struct port_config *config)
{
    struct port *p = port_find(t, uuid);

    if (!config) {
        if (p) {
            port_destroy(t, p);
        }
        return;
    }
    if (p && port_config_equal(&p->config, config)) {
        port_config_destroy(config);
        memset(config, 0, sizeof *config);
        return;
    }

    /* A change of chassis alone, the most frequent one, touches no claim, and nothing
     * that makes an interface's port interesting. */
    bool keep_claims = p && port_claims_equal(&p->config, config);
    bool keep_interest = (p && uuid_equals(&p->config.network, &config->network)
                          && !strcmp(p->config.name, config->name));
    if (!p) {
        p = port_create(t, uuid);
    } else {
        if (!keep_interest) {
            port_name_changed(t, p);
        }
        if (!keep_claims) {
            port_unlocate(t, p);
            port_unclaim(t, p);
        }
        hmap_remove(&t->ports_by_name, &p->name_node);
    }

    struct network *old_network = p->network;
    struct chassis *old_chassis = p->chassis;
    p->network = network_get(t, &config->network);
    p->chassis = uuid_is_zero(&config->chassis) ? NULL : chassis_get(t, &config->chassis);
    port_config_destroy(&p->config);
    p->config = *config;
    memset(config, 0, sizeof *config);
    hmap_insert(&t->ports_by_name, &p->name_node, hash_string(p->config.name, 0));
    if (!keep_claims) {
        port_claim(t, p);
    } else if (!old_chassis != !p->chassis) {
        port_rank(t, p);
    }
    fact_changed(t->engine, &p->fact);
    port_locate(t, p);
    if (!keep_interest) {
        port_name_changed(t, p);
    }
    network_put(t, old_network);
    chassis_put(t, old_chassis);
}

/* --- The topology ------------------------------------------------------- */

struct topology *
topology_create(const struct rule *rules, size_t n_rules)
{
    struct topology *t = xzalloc(sizeof *t);

    t->engine = engine_create(rules, n_rules, topology_kinds, N_KINDS, t);
    hmap_init(&t->networks);
    hmap_init(&t->ports);
    hmap_init(&t->ports_by_name);
    hmap_init(&t->routers);
    hmap_init(&t->router_ports);
    hmap_init(&t->chassis);
    hmap_init(&t->segments);
    hmap_init(&t->entries);
    hmap_init(&t->vifs);
    simap_init(&t->local_vlans);
    host_init(&t->host);
    fact_init(&t->host_fact);
    moves_init(t);
    t->pipeline.id = 1;
    t->pipeline.kind = &topology_kinds[KIND_PIPELINE];
    engine_add_subject(t->engine, &t->pipeline);
    return t;
}

void
topology_destroy(struct topology *t)
{
    if (!t) {
        return;
    }

    struct port *p;
    HMAP_FOR_EACH_SAFE (p, node, &t->ports) {
        port_destroy(t, p);
    }
    struct router_port *rp;
    HMAP_FOR_EACH_SAFE (rp, node, &t->router_ports) {
        router_port_destroy(t, rp);
    }
    struct router *r;
    HMAP_FOR_EACH_SAFE (r, node, &t->routers) {
        topology_set_router(t, &r->uuid, NULL);
    }
    struct network *n;
    HMAP_FOR_EACH_SAFE (n, node, &t->networks) {
        topology_set_network(t, &n->uuid, NULL);
    }
    struct chassis *c;
    HMAP_FOR_EACH_SAFE (c, node, &t->chassis) {
        topology_set_chassis(t, &c->uuid, NULL);
    }
    struct vif *vif;
    HMAP_FOR_EACH_SAFE (vif, node, &t->vifs) {
        topology_set_vif(t, vif->iface_id, 0, false);
    }
    engine_remove_subject(t->engine, &t->pipeline);
    fact_destroy(t->engine, &t->host_fact);
    engine_destroy(t->engine);
    host_destroy(&t->host);
    free(t->self_name);
    hmap_destroy(&t->networks);
    hmap_destroy(&t->ports);
    hmap_destroy(&t->ports_by_name);
    hmap_destroy(&t->routers);
    hmap_destroy(&t->router_ports);
    hmap_destroy(&t->chassis);
    hmap_destroy(&t->segments);
    hmap_destroy(&t->entries);
    hmap_destroy(&t->vifs);
    moves_destroy(t);
    simap_destroy(&t->local_vlans);
    free(t->own_changed.uuids);
    free(t);
}

uint64_t
topology_losses(const struct topology *t)
{
    return t->n_losses;
}

void
topology_list(const struct topology *t, enum topology_sort sort, struct uuid_list *list)
{
    const struct router_port *rp;
    const struct network *n;
    const struct chassis *c;
    const struct router *r;
    const struct port *p;

    switch (sort) {
    case SORT_CHASSIS:
        HMAP_FOR_EACH (c, node, &t->chassis) {
            if (c->defined) {
                uuid_list_add(list, &c->uuid);
            }
        }
        break;

    case SORT_NETWORK:
        HMAP_FOR_EACH (n, node, &t->networks) {
            if (n->defined) {
                uuid_list_add(list, &n->uuid);
            }
        }
        break;

    case SORT_ROUTER:
        HMAP_FOR_EACH (r, node, &t->routers) {
            if (r->defined) {
                uuid_list_add(list, &r->uuid);
            }
        }
        break;

    case SORT_ROUTER_PORT:
        HMAP_FOR_EACH (rp, node, &t->router_ports) {
            uuid_list_add(list, &rp->uuid);
        }
        break;

    case SORT_PORT:
        HMAP_FOR_EACH (p, node, &t->ports) {
            uuid_list_add(list, &p->uuid);
        }
        break;

    case N_SORTS:
    default:
        OVS_NOT_REACHED();
    }
}

struct engine *
topology_engine(struct topology *t)
{
    return t->engine;
}

void
topology_get_counts(const struct topology *t, struct topology_counts *counts)
{
    *counts = (struct topology_counts){
        .networks = hmap_count(&t->networks),
        .ports = hmap_count(&t->ports),
        .local_ports = t->n_local_ports,
        .routers = hmap_count(&t->routers),
        .router_ports = hmap_count(&t->router_ports),
        .chassis = hmap_count(&t->chassis),
        .needed_networks = t->n_needed_networks,
    };
}
