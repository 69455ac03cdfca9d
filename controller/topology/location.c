/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/location.h"

#include "hash.h"
#include "topology/objects.h"
#include "topology/port-claims.h"
#include "topology/private.h"
#include "util.h"

/* Where ports are.
 *
 * A port is local when an interface with its name is plugged here and no other
 * chassis has a better right to it: the NB database names this chassis, or asks
 * for it (requested_chassis), or names none, or the interface was plugged here
 * after the other chassis claimed the port.  Otherwise it is where the NB
 * database says. */

struct vif *
vif_find(const struct topology *t, const char *iface_id)
{
    struct vif *vif;

    HMAP_FOR_EACH_WITH_HASH (vif, node, hash_string(iface_id, 0), &t->vifs) {
        if (!strcmp(vif->iface_id, iface_id)) {
            return vif;
        }
    }
    return NULL;
}

static enum port_place
port_place(const struct topology *t, const struct port *p, const struct vif *vif)
{
    const char *requested = p->config.requested_chassis;

    if (!vif) {
        return PLACE_UNPLUGGED;
    } else if (!p->config.enabled) {
        return PLACE_DISABLED;
    } else if (chassis_is_self(t, p->chassis)) {
        return PLACE_HERE;
    } else if (requested) {
        return nullable_string_is_equal(requested, t->self_name) ? PLACE_HERE
                                                                 : PLACE_REQUESTED_ELSEWHERE;
    }
    return !p->chassis || vif->claiming ? PLACE_HERE : PLACE_BOUND_ELSEWHERE;
}

/* --- Members of a network ----------------------------------------------- */

static struct member *
member_find(const struct network *n, const struct chassis *c)
{
    struct member *m;

    HMAP_FOR_EACH_WITH_HASH (m, node, hash_pointer(c, 0), &n->members) {
        if (m->chassis == c) {
            return m;
        }
    }
    return NULL;
}

static void
member_add_port(struct topology *t, struct network *n, struct chassis *c)
{
    struct member *m = member_find(n, c);

    if (!m) {
        m = xzalloc(sizeof *m);
        m->chassis = c;
        hmap_insert(&n->members, &m->node, hash_pointer(c, 0));
        fact_changed(t->engine, &n->members_fact);
    }
    m->n_ports++;
}

static void
member_remove_port(struct topology *t, struct network *n, struct chassis *c)
{
    struct member *m = member_find(n, c);

    if (!--m->n_ports) {
        hmap_remove(&n->members, &m->node);
        free(m);
        fact_changed(t->engine, &n->members_fact);
    }
}

/* --- Ports -------------------------------------------------------------- */

static void
port_leave_location(struct topology *t, struct port *p)
{
    struct network *n = p->network;

    if (p->location == LOCATION_LOCAL) {
        ovs_list_remove(&p->local_node);
        fact_changed(t->engine, &n->local_ports_fact);
        engine_remove_subject(t->engine, &p->local_subject);
        t->n_local_ports--;
        t->reach_dirty |= ovs_list_is_empty(&n->local_ports);
    } else if (p->location == LOCATION_REMOTE) {
        member_remove_port(t, n, p->remote);
        chassis_put(t, p->remote);
        p->remote = NULL;
    }
    p->location = LOCATION_NONE;
    p->ofport = 0;
}

void
port_unlocate(struct topology *t, struct port *p)
{
    if (p->location != LOCATION_NONE) {
        port_leave_location(t, p);
        fact_changed(t->engine, &p->fact);
    }
}

/* If 'p' is an own port, it is among those that have changed. */
void
port_own_changed(struct topology *t, struct port *p)
{
    if (p->own && !p->own_changed) {
        p->own_changed = true;
        uuid_list_add(&t->own_changed, &p->uuid);
    }
}

static void
port_relocate(struct topology *t, struct port *p)
{
    const struct vif *vif = vif_find(t, p->config.name);
    enum location location = LOCATION_NONE;
    ofp_port_t ofport = 0;
    struct chassis *remote = NULL;

    p->place = port_place(t, p, vif);
    if (p->place == PLACE_HERE) {
        location = LOCATION_LOCAL;
        ofport = vif->ofport;
    } else if (p->config.enabled && p->chassis && !chassis_is_self(t, p->chassis)) {
        location = LOCATION_REMOTE;
        remote = p->chassis;
    }
    if (location == p->location && ofport == p->ofport && remote == p->remote) {
        return;
    }

    t->n_losses += p->location == LOCATION_REMOTE && remote && !remote->defined;
    port_unlocate(t, p);
    p->location = location;
    p->ofport = ofport;
    if (location == LOCATION_LOCAL) {
        t->reach_dirty |= ovs_list_is_empty(&p->network->local_ports);
        ovs_list_push_back(&p->network->local_ports, &p->local_node);
        fact_changed(t->engine, &p->network->local_ports_fact);
        engine_add_subject(t->engine, &p->local_subject);
        t->n_local_ports++;
    } else if (location == LOCATION_REMOTE) {
        remote->refs++;
        p->remote = remote;
        member_add_port(t, p->network, remote);
    }
    fact_changed(t->engine, &p->fact);
    port_reclaim(t, p);
}

void
port_locate(struct topology *t, struct port *p)
{
    port_relocate(t, p);
    port_own_changed(t, p); /* It may have been one, */
    p->own = p->place != PLACE_UNPLUGGED || chassis_is_self(t, p->chassis);
    port_own_changed(t, p); /* or be one now. */
}

void
locate_all_ports(struct topology *t)
{
    struct port *p;

    HMAP_FOR_EACH (p, node, &t->ports) {
        port_locate(t, p);
    }
}

/* A plugged port is of interest with its network if that is reachable, and not external;
 * otherwise by its name. */
bool
vif_is_of_interest(const struct topology *t, const struct vif *vif)
{
    const struct port *found = NULL;
    const struct port *p;

    PORT_FOR_EACH_NAMED (p, vif->iface_id, t) {
        found = p;
    }
    return !found || !found->network->needed || found->network->config.external;
}

void
topology_set_vif(struct topology *t, const char *iface_id, ofp_port_t ofport, bool claiming)
{
    struct vif *vif = vif_find(t, iface_id);
    struct vif *gone = NULL;
    struct port *p;

    if (!ofport) {
        if (!vif) {
            return;
        }
        hmap_remove(&t->vifs, &vif->node);
        t->interest_seqno += vif_is_of_interest(t, vif);
        gone = vif;
    } else if (!vif) {
        vif = xzalloc(sizeof *vif);
        vif->iface_id = xstrdup(iface_id);
        hmap_insert(&t->vifs, &vif->node, hash_string(iface_id, 0));
        t->interest_seqno += vif_is_of_interest(t, vif);
    } else if (vif->ofport == ofport && vif->claiming == claiming) {
        return;
    }
    vif->ofport = ofport;
    vif->claiming = claiming;

    PORT_FOR_EACH_NAMED (p, vif->iface_id, t) {
        port_locate(t, p);
    }
    if (gone) {
        free(gone->iface_id);
        free(gone);
    }
}

void
topology_for_each_changed_own_port(struct topology *t, topology_own_port_cb *cb, void *aux)
{
    for (size_t i = 0; i < t->own_changed.n; i++) {
        struct own_port own = {.uuid = t->own_changed.uuids[i]};
        struct port *p = port_find(t, &own.uuid);

        if (p) {
            own.name = p->config.name;
            own.network = p->config.network;
            own.place = p->place;
            own.claimed = chassis_is_self(t, p->chassis);
            p->own_changed = false;
        }
        cb(&own, aux);
    }
    t->own_changed.n = 0;
}

void
topology_get_port_peers(const struct topology *t, const struct uuid *uuid, struct port_peers *peers)
{
    const struct port *p = port_find(t, uuid);

    memset(peers, 0, sizeof *peers);
    if (p) {
        peers->network = p->network->config.name;
        peers->requested_chassis = p->config.requested_chassis;
        peers->chassis = p->chassis ? p->chassis->config.name : NULL;
    }
}
