/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "binding/local.h"

#include <stdlib.h>

#include "binding/binding.h"
#include "chassis/chassis.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "topology/topology.h"
#include "util.h"

struct local {
    uint64_t seqno; /* Of the view when last handed on. */
    char *self;     /* Name of this chassis. */
};

struct local *
local_create(void)
{
    return xzalloc(sizeof(struct local));
}

void
local_destroy(struct local *local)
{
    if (local) {
        free(local->self);
        free(local);
    }
}

static void
set_host(const struct chassis_view *view, struct topology *t)
{
    const struct shash_node *node;
    struct host host;

    host_init(&host);
    memcpy(host.tunnel_ofport, view->tunnel_ofport, sizeof host.tunnel_ofport);
    SHASH_FOR_EACH (node, &view->provider_ofports) {
        host_set_provider(&host, node->name, *(const ofp_port_t *) node->data);
    }
    host.reinject_ofport = view->reinject_ofport;
    topology_set_self(t, view->settings.system_id);
    topology_set_host(t, &host);
    host_destroy(&host);
}

static void
tell_vif(const char *iface_id, ofp_port_t ofport, bool may_take_over, void *t)
{
    topology_set_vif(t, iface_id, ofport, may_take_over);
}

static void
update_interface(const struct chassis_view *view, const char *name, struct bindings *bindings)
{
    const struct vif *vif = shash_find_data(&view->vifs.by_name, name);

    bindings_set_interface(bindings, name, vif ? vif->iface_id : NULL, vif ? vif->ofport : 0,
                           vif && vif->wired, vif ? vif->error : NULL);
}

static void
update_local_vlan(const struct chassis_view *view, const char *network, struct topology *t)
{
    const uint16_t *vlan = shash_find_data(&view->local_vlans, network);

    topology_set_local_vlan(t, network, vlan ? *vlan : 0);
}

/* This chassis may get another name. */
static void
update_self(struct local *local, const struct chassis_view *view, struct bindings *bindings,
            struct topology *t)
{
    const char *self = view->settings.system_id;

    if (!nullable_string_is_equal(local->self, self)) {
        if (local->self) {
            bindings_rename_chassis(bindings);
            bindings_for_each_changed_vif(bindings, tell_vif, t);
        }
        free(local->self);
        local->self = nullable_xstrdup(self);
    }
}

void
local_run(struct local *local, const struct chassis_view *view, struct bindings *bindings,
          struct topology *t)
{
    bool changed = view->seqno != local->seqno;
    const char *name;

    if (changed) {
        local->seqno = view->seqno;
        update_self(local, view, bindings, t);
        set_host(view, t);
        SSET_FOR_EACH (name, &view->vifs.changed) {
            update_interface(view, name, bindings);
        }
        SSET_FOR_EACH (name, &view->changed_local_vlans) {
            update_local_vlan(view, name, t);
        }
    }
    bindings_for_each_changed_vif(bindings, tell_vif, t);
    if (changed) {
        bindings_set_watching(bindings, view->bridge_ready);
    }
}

void
local_load(const struct chassis_view *view, const struct bindings *bindings, struct topology *t)
{
    const struct shash_node *node;

    set_host(view, t);
    bindings_for_each_vif(bindings, tell_vif, t);
    SHASH_FOR_EACH (node, &view->local_vlans) {
        topology_set_local_vlan(t, node->name, *(const uint16_t *) node->data);
    }
}

static void
note_port(const struct own_port *port, void *bindings)
{
    bindings_set_port(bindings, port);
}

void
local_note_ports(struct bindings *bindings, struct topology *t)
{
    topology_for_each_changed_own_port(t, note_port, bindings);
}
