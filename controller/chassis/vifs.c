/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/vifs.h"

#include <stdlib.h>
#include <string.h>

#include "chassis/local-vlans.h"
#include "flow.h"
#include "lib/vswitch-idl.h"
#include "nb/text.h"
#include "openvswitch/list.h"
#include "openvswitch/vlog.h"
#include "simap.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(vifs);

/* An interface of the integration bridge. */
struct member {
    struct hmap_node hmap_node; /* In 'members'. */
    struct uuid uuid;           /* Of the Interface row. */
    char *name;
    char *iface_id;             /* NULL if it has none. */
    bool numbered;              /* The row says something about its number. */
    ofp_port_t ofport;          /* 0 if it has none. */
    bool wired;                 /* Neutron's agent is done with it (native mode: always). */
    struct ovs_list claim_node; /* In its claim's 'members', if it has an iface-id. */
    bool seen;                  /* By the walk under way. */
};

/* The interfaces with the same iface-id. */
struct claim {
    struct ovs_list members;
    bool warned; /* That there are several. */
};

void
vif_set_init(struct vif_set *set)
{
    set->ml2 = false;
    set->told = NULL;
    hmap_init(&set->members);
    shash_init(&set->claims);
    sset_init(&set->touched);
}

static void
member_claim(struct vif_set *set, struct member *member)
{
    struct claim *claim;

    if (!member->iface_id) {
        return;
    }
    claim = shash_find_data(&set->claims, member->iface_id);
    if (!claim) {
        claim = xzalloc(sizeof *claim);
        ovs_list_init(&claim->members);
        shash_add_nocopy(&set->claims, xstrdup(member->iface_id), claim);
    }
    ovs_list_push_back(&claim->members, &member->claim_node);
    sset_add(&set->touched, member->iface_id);
}

static void
member_disclaim(struct vif_set *set, struct member *member)
{
    if (!member->iface_id) {
        return;
    }
    /* An empty claim goes in vif_set_elect(). */
    ovs_list_remove(&member->claim_node);
    sset_add(&set->touched, member->iface_id);
}

static void
member_destroy(struct vif_set *set, struct member *member)
{
    member_disclaim(set, member);
    hmap_remove(&set->members, &member->hmap_node);
    free(member->name);
    free(member->iface_id);
    free(member);
}

void
vif_set_destroy(struct vif_set *set)
{
    struct member *member;

    HMAP_FOR_EACH_SAFE (member, hmap_node, &set->members) {
        member_destroy(set, member);
    }
    hmap_destroy(&set->members);
    shash_destroy_free_data(&set->claims);
    sset_destroy(&set->touched);
}

static struct member *
member_find(const struct vif_set *set, const struct uuid *uuid)
{
    struct member *member;

    HMAP_FOR_EACH_WITH_HASH (member, hmap_node, uuid_hash(uuid), &set->members) {
        if (uuid_equals(&member->uuid, uuid)) {
            return member;
        }
    }
    return NULL;
}

/* The number that the switch has told, or 0. */
static ofp_port_t
told_ofport(const struct vif_set *set, const char *name)
{
    return u16_to_ofp(set->told ? simap_get(set->told, name) : 0);
}

static void
member_set_ofport(struct vif_set *set, struct member *member, ofp_port_t ofport)
{
    if (member->ofport != ofport) {
        member->ofport = ofport;
        if (member->iface_id) {
            sset_add(&set->touched, member->iface_id);
        }
    }
}

static void
member_update(struct vif_set *set, struct member *member, const struct ovsrec_interface *iface)
{
    const char *iface_id = smap_get(&iface->external_ids, "iface-id");
    int64_t number = iface->n_ofport ? iface->ofport[0] : 0;
    ofp_port_t ofport;

    if (iface_id && !iface_id[0]) {
        iface_id = NULL;
    }
    if (number < 0 || number > UINT16_MAX) {
        number = 0; /* -1: the switch could not add it. */
    }
    member->numbered = iface->n_ofport > 0;
    ofport = member->numbered ? u16_to_ofp(number) : told_ofport(set, member->name);
    if (!nullable_string_is_equal(iface_id, member->iface_id)) {
        member_disclaim(set, member);
        free(member->iface_id);
        member->iface_id = nullable_xstrdup(iface_id);
        member->ofport = ofport;
        member_claim(set, member);
    } else {
        member_set_ofport(set, member, ofport);
    }
}

void
vif_set_update(struct vif_set *set, const struct ovsrec_interface *iface)
{
    struct member *member = member_find(set, &iface->header_.uuid);

    if (member) {
        member_update(set, member, iface);
    }
}

void
vif_set_tell(struct vif_set *set, const struct simap *told)
{
    struct member *member;

    set->told = told;
    HMAP_FOR_EACH (member, hmap_node, &set->members) {
        if (!member->numbered) {
            member_set_ofport(set, member, told_ofport(set, member->name));
        }
    }
}

static void
member_set_wired(struct vif_set *set, struct member *member, bool wired)
{
    if (member->wired != wired) {
        member->wired = wired;
        if (member->iface_id) {
            sset_add(&set->touched, member->iface_id);
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
        struct member *member = member_find(set, &port->interfaces[i]->header_.uuid);

        if (member) {
            member_set_wired(set, member, is_wired(set, port));
        }
    }
}

static void
vif_set_add(struct vif_set *set, const struct ovsrec_interface *iface, bool wired)
{
    struct member *member = member_find(set, &iface->header_.uuid);

    if (!member) {
        member = xzalloc(sizeof *member);
        member->uuid = iface->header_.uuid;
        member->name = xstrdup(iface->name);
        hmap_insert(&set->members, &member->hmap_node, uuid_hash(&member->uuid));
        member_update(set, member, iface);
    }
    member_set_wired(set, member, wired);
    member->seen = true;
}

void
vif_set_scan(struct vif_set *set, const struct ovsrec_bridge *bridge, bool ml2)
{
    struct member *member;

    set->ml2 = ml2;
    for (size_t i = 0; bridge && i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];
        bool wired = is_wired(set, port);

        for (size_t j = 0; j < port->n_interfaces; j++) {
            vif_set_add(set, port->interfaces[j], wired);
        }
    }
    HMAP_FOR_EACH_SAFE (member, hmap_node, &set->members) {
        if (!member->seen) {
            member_destroy(set, member);
        } else {
            member->seen = false;
        }
    }
}

/* Returns the member that has the logical port 'iface_id', or NULL.  Drops the claim
 * if nobody makes it any more. */
static const struct member *
elect(struct vif_set *set, const char *iface_id)
{
    struct shash_node *node = shash_find(&set->claims, iface_id);
    const struct member *winner = NULL;
    const struct member *loser = NULL;
    const struct member *member;
    struct claim *claim;

    if (!node) {
        return NULL;
    }
    claim = node->data;
    if (ovs_list_is_empty(&claim->members)) {
        shash_delete(&set->claims, node);
        free(claim);
        return NULL;
    }

    LIST_FOR_EACH (member, claim_node, &claim->members) {
        if (!member->ofport || !member->wired) {
            continue;
        } else if (!winner || strcmp(member->name, winner->name) < 0) {
            loser = winner;
            winner = member;
        } else {
            loser = member;
        }
    }
    if (loser && !claim->warned) {
        TEXT_LOG(VLOG_WARN, "interfaces %s and %s both have iface-id %s: using %s", winner->name,
                 loser->name, iface_id, winner->name);
    }
    claim->warned = loser != NULL;
    return winner;
}

void
vif_set_elect(struct vif_set *set, struct shash *vifs, struct sset *changed)
{
    const char *iface_id;

    SSET_FOR_EACH (iface_id, &set->touched) {
        const struct member *winner = elect(set, iface_id);
        struct shash_node *node = shash_find(vifs, iface_id);
        struct vif *vif = node ? node->data : NULL;

        if (winner && !vif) {
            vif = xmalloc(sizeof *vif);
            vif->iface_id = xstrdup(iface_id);
            vif->ofport = winner->ofport;
            shash_add(vifs, iface_id, vif);
        } else if (winner && vif->ofport != winner->ofport) {
            vif->ofport = winner->ofport;
        } else if (!winner && vif) {
            shash_delete(vifs, node);
            free(vif->iface_id);
            free(vif);
        } else {
            continue;
        }
        sset_add(changed, iface_id);
    }
    sset_clear(&set->touched);
}
