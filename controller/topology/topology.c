/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/topology.h"

#include "topology/external-neighbour.h"
#include "topology/gateway.h"
#include "topology/nat.h"
#include "topology/objects.h"
#include "topology/port-claims.h"
#include "topology/private.h"
#include "topology/segment.h"
#include "topology/subjects.h"
#include "util.h"

/* --- Host --------------------------------------------------------------- */

void
topology_set_host(struct topology *t, const struct host *host)
{
    if (host_equal(&t->host, host)) {
        return;
    }
    host_destroy(&t->host);
    host_copy(&t->host, host);
    t->reach_dirty = true;
    t->interest_seqno++;
    fact_changed(t->engine, &t->host_fact);
}

void
topology_set_self(struct topology *t, const char *name)
{
    if (!nullable_string_is_equal(t->self_name, name)) {
        free(t->self_name);
        t->self_name = nullable_xstrdup(name);
        fact_changed(t->engine, &t->host_fact);
        gateways_changed(t);
        locate_all_ports(t);
    }
}

/* --- Network ------------------------------------------------------------ */

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

    bool was_external = n && network_is_external(n);
    if (was_defined) {
        t->n_losses += n->needed;
        advertisements_changed(t, n);
        if (!config) {
            external_neighbours_unclaim(t, n);
        }
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
        advertisements_changed(t, n);
        fact_changed(t->engine, &n->fact);
        if (!was_defined) {
            engine_add_subject(t->engine, &n->subject);
            external_neighbours_claim(t, n);
        }
    } else if (was_defined) {
        engine_remove_subject(t->engine, &n->subject);
    }
    if (n) {
        if (network_is_external(n) != was_external) {
            ports_reclaim(t, n);
        }
        router_ports_reclaim(t, n);
        t->reach_dirty = true;
        t->interest_seqno++;
    }
    if (was_defined && !n->defined) {
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
    gateways_changed(t);
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
    hmap_init(&t->route_rows);
    hmap_init(&t->chassis);
    hmap_init(&t->subnets);
    hmap_init(&t->subnets_by_network);
    hmap_init(&t->segments);
    hmap_init(&t->nats);
    hmap_init(&t->nats_by_logical);
    hmap_init(&t->neighbours);
    hmap_init(&t->entries);
    hmap_init(&t->vifs);
    simap_init(&t->local_vlans);
    host_init(&t->host);
    fact_init(&t->host_fact);
    moves_init(t);
    gateways_init(t);
    t->pipeline.id = 1;
    t->pipeline.kind = &topology_kinds[KIND_PIPELINE];
    engine_add_subject(t->engine, &t->pipeline);
    return t;
}

void
topology_forward_outside(struct topology *t)
{
    t->forwards_outside = true;
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
    struct nat *nat;
    HMAP_FOR_EACH_SAFE (nat, node, &t->nats) {
        nat_destroy(t, nat);
    }
    struct external_neighbour *x;
    HMAP_FOR_EACH_SAFE (x, node, &t->neighbours) {
        external_neighbour_destroy(t, x);
    }
    struct router_port *rp;
    HMAP_FOR_EACH_SAFE (rp, node, &t->router_ports) {
        router_port_destroy(t, rp);
    }
    struct route_row *row;
    HMAP_FOR_EACH_SAFE (row, node, &t->route_rows) {
        route_row_destroy(t, row);
    }
    struct router *r;
    HMAP_FOR_EACH_SAFE (r, node, &t->routers) {
        router_destroy(t, r);
    }
    struct network *n;
    HMAP_FOR_EACH_SAFE (n, node, &t->networks) {
        topology_set_network(t, &n->uuid, NULL);
    }
    struct subnet *s;
    HMAP_FOR_EACH_SAFE (s, node, &t->subnets) {
        subnet_destroy(t, s);
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
    gateways_destroy(t);
    engine_destroy(t->engine);
    host_destroy(&t->host);
    free(t->self_name);
    hmap_destroy(&t->networks);
    hmap_destroy(&t->ports);
    hmap_destroy(&t->ports_by_name);
    hmap_destroy(&t->routers);
    hmap_destroy(&t->router_ports);
    hmap_destroy(&t->route_rows);
    hmap_destroy(&t->chassis);
    hmap_destroy(&t->subnets);
    hmap_destroy(&t->subnets_by_network);
    hmap_destroy(&t->segments);
    hmap_destroy(&t->nats);
    hmap_destroy(&t->nats_by_logical);
    hmap_destroy(&t->neighbours);
    hmap_destroy(&t->entries);
    hmap_destroy(&t->vifs);
    moves_destroy(t);
    simap_destroy(&t->local_vlans);
    free(t->own_changed.uuids);
    free(t->advertisements_changed.uuids);
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
    const struct route_row *row;
    const struct router_port *rp;
    const struct network *n;
    const struct chassis *c;
    const struct subnet *s;
    const struct router *r;
    const struct port *p;
    const struct nat *nat;

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

    case SORT_SUBNET:
        HMAP_FOR_EACH (s, node, &t->subnets) {
            uuid_list_add(list, &s->uuid);
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

    case SORT_STATIC_ROUTE:
        HMAP_FOR_EACH (row, node, &t->route_rows) {
            uuid_list_add(list, &row->uuid);
        }
        break;

    case SORT_NAT:
        HMAP_FOR_EACH (nat, node, &t->nats) {
            uuid_list_add(list, &nat->uuid);
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
        .static_routes = hmap_count(&t->route_rows),
        .chassis = hmap_count(&t->chassis),
        .needed_networks = t->n_needed_networks,
    };
}
