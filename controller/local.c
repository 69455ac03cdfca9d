/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "local.h"

#include <stdlib.h>

#include "chassis/chassis.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "topology/topology.h"
#include "util.h"

struct local {
    bool started;         /* The interfaces have been read once. */
    uint64_t seqno;       /* Of the view when last handed on. */
    char *self;           /* Name of this chassis. */
    struct sset plugged;  /* iface-ids that are here. */
    struct sset wired;    /* Networks that the stock agent has given a local VLAN. */
    struct sset claiming; /* Those that were plugged while the daemon was watching: this chassis
                           * may take the port over from another one (live migration). */
};

struct local *
local_create(void)
{
    struct local *local = xzalloc(sizeof *local);

    sset_init(&local->plugged);
    sset_init(&local->claiming);
    sset_init(&local->wired);
    return local;
}

void
local_destroy(struct local *local)
{
    if (local) {
        free(local->self);
        sset_destroy(&local->plugged);
        sset_destroy(&local->claiming);
        sset_destroy(&local->wired);
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
update_vif(struct local *local, const struct chassis_view *view, const char *iface_id,
           struct topology *t)
{
    const struct vif *vif = shash_find_data(&view->vifs, iface_id);

    if (vif) {
        if (sset_add(&local->plugged, iface_id) && local->started) {
            sset_add(&local->claiming, iface_id);
        }
    } else {
        sset_find_and_delete(&local->plugged, iface_id);
        sset_find_and_delete(&local->claiming, iface_id);
    }
    topology_set_vif(t, iface_id, vif ? vif->ofport : 0, sset_contains(&local->claiming, iface_id));
}

static void
update_local_vlan(struct local *local, const struct chassis_view *view, const char *network,
                  struct topology *t)
{
    const uint16_t *vlan = shash_find_data(&view->local_vlans, network);

    if (vlan) {
        sset_add(&local->wired, network);
    } else {
        sset_find_and_delete(&local->wired, network);
    }
    topology_set_local_vlan(t, network, vlan ? *vlan : 0);
}

/* A port that has been claimed must not be claimed again if another chassis takes
 * it over. */
static void
settle_claims(struct local *local, const struct chassis_view *view, struct topology *t)
{
    const char *iface_id;

    SSET_FOR_EACH_SAFE (iface_id, &local->claiming) {
        if (topology_has_claimed(t, iface_id)) {
            char *name = xstrdup(iface_id);

            sset_find_and_delete(&local->claiming, iface_id);
            update_vif(local, view, name, t);
            free(name);
        }
    }
}

/* Calls 'update' for each name that is in 'now' or was in 'before'. */
static void
update_all(struct local *local, const struct chassis_view *view, const struct shash *now,
           const struct sset *before, struct topology *t,
           void (*update)(struct local *, const struct chassis_view *, const char *,
                          struct topology *))
{
    const struct shash_node *node;
    const char *name;
    struct sset gone;

    sset_clone(&gone, before);
    SHASH_FOR_EACH (node, now) {
        sset_find_and_delete(&gone, node->name);
        update(local, view, node->name, t);
    }
    SSET_FOR_EACH (name, &gone) {
        update(local, view, name, t);
    }
    sset_destroy(&gone);
}

/* This chassis gets another name.  The ports that it has are claimed in the old one, which may
 * be another host's as well: then its row stays, and they are claimed anew. */
static void
change_self(struct local *local, const struct chassis_view *view, struct topology *t)
{
    const char *iface_id;

    if (nullable_string_is_equal(local->self, view->settings.system_id)) {
        return;
    }
    if (local->self) {
        SSET_FOR_EACH (iface_id, &local->plugged) {
            const struct vif *vif = shash_find_data(&view->vifs, iface_id);

            if (vif && topology_has_claimed(t, iface_id)) {
                sset_add(&local->claiming, iface_id);
                topology_set_vif(t, iface_id, vif->ofport, true);
            }
        }
    }
    free(local->self);
    local->self = nullable_xstrdup(view->settings.system_id);
}

void
local_run(struct local *local, const struct chassis_view *view, struct topology *t)
{
    if (view->seqno != local->seqno || !local->started) {
        const char *name;

        local->seqno = view->seqno;
        change_self(local, view, t);
        set_host(view, t);
        if (view->reset || !local->started) {
            update_all(local, view, &view->vifs, &local->plugged, t, update_vif);
            update_all(local, view, &view->local_vlans, &local->wired, t, update_local_vlan);
        } else {
            SSET_FOR_EACH (name, &view->changed_vifs) {
                update_vif(local, view, name, t);
            }
            SSET_FOR_EACH (name, &view->changed_local_vlans) {
                update_local_vlan(local, view, name, t);
            }
        }
        local->started = view->bridge_ready;
    }
    settle_claims(local, view, t);
}

void
local_load(const struct local *local, const struct chassis_view *view, struct topology *t)
{
    const struct shash_node *node;
    const char *iface_id;

    set_host(view, t);
    SSET_FOR_EACH (iface_id, &local->plugged) {
        const struct vif *vif = shash_find_data(&view->vifs, iface_id);

        if (vif) {
            topology_set_vif(t, iface_id, vif->ofport, sset_contains(&local->claiming, iface_id));
        }
    }
    SHASH_FOR_EACH (node, &view->local_vlans) {
        topology_set_local_vlan(t, node->name, *(const uint16_t *) node->data);
    }
}
