/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/vifs.h"

#include <stdlib.h>

#include "chassis/local-vlans.h"
#include "flow.h"
#include "lib/vswitch-idl.h"
#include "simap.h"
#include "util.h"

void
vif_set_init(struct vif_set *set)
{
    set->ml2 = false;
    set->announced = NULL;
    shash_init(&set->by_name);
    sset_init(&set->changed);
}

static void
vif_destroy(struct vif *vif)
{
    free(vif->iface_id);
    free(vif->error);
    free(vif);
}

void
vif_set_destroy(struct vif_set *set)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &set->by_name) {
        vif_destroy(node->data);
    }
    shash_destroy(&set->by_name);
    sset_destroy(&set->changed);
}

/* The interface of 'node' has changed, which matters if it names a logical port. */
static void
note_change(struct vif_set *set, const struct shash_node *node)
{
    const struct vif *vif = node->data;

    if (vif->iface_id) {
        sset_add(&set->changed, node->name);
    }
}

/* The number that the switch has announced, or 0. */
static ofp_port_t
announced_ofport(const struct vif_set *set, const char *name)
{
    return u16_to_ofp(set->announced ? simap_get(set->announced, name) : 0);
}

static void
set_ofport(struct vif_set *set, const struct shash_node *node, ofp_port_t ofport)
{
    struct vif *vif = node->data;

    if (vif->ofport != ofport) {
        vif->ofport = ofport;
        note_change(set, node);
    }
}

static void
set_iface_id(struct vif_set *set, const struct shash_node *node, const char *iface_id)
{
    struct vif *vif = node->data;

    if (!nullable_string_is_equal(iface_id, vif->iface_id)) {
        note_change(set, node);
        free(vif->iface_id);
        vif->iface_id = nullable_xstrdup(iface_id);
        note_change(set, node);
    }
}

static void
set_error(struct vif_set *set, const struct shash_node *node, const char *error)
{
    struct vif *vif = node->data;

    if (!nullable_string_is_equal(error, vif->error)) {
        free(vif->error);
        vif->error = nullable_xstrdup(error);
        note_change(set, node);
    }
}

static void
set_wired(struct vif_set *set, const struct shash_node *node, bool wired)
{
    struct vif *vif = node->data;

    if (vif->wired != wired) {
        vif->wired = wired;
        note_change(set, node);
    }
}

static void
read_row(struct vif_set *set, const struct shash_node *node, const struct ovsrec_interface *iface)
{
    const char *iface_id = smap_get(&iface->external_ids, "iface-id");
    int64_t number = iface->n_ofport ? iface->ofport[0] : 0;
    struct vif *vif = node->data;

    if (number < 0 || number > UINT16_MAX) {
        number = 0; /* -1: the switch could not add it. */
    }
    vif->numbered = iface->n_ofport > 0;
    set_ofport(set, node, vif->numbered ? u16_to_ofp(number) : announced_ofport(set, node->name));
    set_iface_id(set, node, iface_id && iface_id[0] ? iface_id : NULL);
    set_error(set, node, iface->error);
}

void
vif_set_update(struct vif_set *set, const struct ovsrec_interface *iface)
{
    const struct shash_node *node = shash_find(&set->by_name, iface->name);

    if (node) {
        read_row(set, node, iface);
    }
}

void
vif_set_announce(struct vif_set *set, const struct simap *announced)
{
    const struct shash_node *node;

    set->announced = announced;
    SHASH_FOR_EACH (node, &set->by_name) {
        const struct vif *vif = node->data;

        if (!vif->numbered) {
            set_ofport(set, node, announced_ofport(set, node->name));
        }
    }
}

static bool
is_wired(const struct vif_set *set, const struct ovsrec_port *port)
{
    return !set->ml2 || local_vlan_of_port(port);
}

void
vif_set_update_port(struct vif_set *set, const struct ovsrec_port *port)
{
    for (size_t i = 0; i < port->n_interfaces; i++) {
        const struct shash_node *node = shash_find(&set->by_name, port->interfaces[i]->name);

        if (node) {
            set_wired(set, node, is_wired(set, port));
        }
    }
}

static void
add_or_keep(struct vif_set *set, const struct ovsrec_interface *iface, bool wired)
{
    struct shash_node *node = shash_find(&set->by_name, iface->name);
    struct vif *vif;

    if (!node) {
        node = shash_add(&set->by_name, iface->name, xzalloc(sizeof *vif));
        read_row(set, node, iface);
    }
    set_wired(set, node, wired);
    vif = node->data;
    vif->seen = true;
}

void
vif_set_scan(struct vif_set *set, const struct ovsrec_bridge *bridge, bool ml2)
{
    struct shash_node *node;

    set->ml2 = ml2;
    for (size_t i = 0; bridge && i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];
        bool wired = is_wired(set, port);

        for (size_t j = 0; j < port->n_interfaces; j++) {
            add_or_keep(set, port->interfaces[j], wired);
        }
    }
    SHASH_FOR_EACH_SAFE (node, &set->by_name) {
        struct vif *vif = node->data;

        if (vif->seen) {
            vif->seen = false;
            continue;
        }
        note_change(set, node);
        vif_destroy(vif);
        shash_delete(&set->by_name, node);
    }
}
