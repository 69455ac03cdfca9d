/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/local-vlans.h"

#include <stdlib.h>

#include "lib/vswitch-idl.h"
#include "nb/text.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(local_vlans);

/* A port of the integration bridge. */
struct vlan_member {
    struct hmap_node hmap_node; /* In 'members'. */
    struct uuid uuid;           /* Of the Port row. */
    char *network;              /* NULL if it counts for none. */
    uint16_t vlan;              /* 0 if 'network' is NULL. */
    bool seen;                  /* By the walk under way. */
};

/* How many ports of a network are in which VLAN.  Counted, because a network may have
 * very many ports; an array, because they are normally in one VLAN. */
struct vlan_count {
    uint16_t vlan;
    unsigned int n_ports; /* Positive. */
};

struct vlan_network {
    struct vlan_count *counts;
    size_t n;
    bool warned; /* That its ports disagree. */
};

uint16_t
local_vlan_of_port(const struct ovsrec_port *port)
{
    int64_t tag = port->n_tag ? port->tag[0] : 0;

    return tag > 0 && tag < DEAD_VLAN ? tag : 0;
}

void
local_vlan_set_init(struct local_vlan_set *set)
{
    hmap_init(&set->members);
    shash_init(&set->networks);
    sset_init(&set->touched);
}

static void
count_port(struct local_vlan_set *set, const char *name, uint16_t vlan)
{
    struct vlan_network *network = shash_find_data(&set->networks, name);

    sset_add(&set->touched, name);
    if (!network) {
        network = xzalloc(sizeof *network);
        shash_add(&set->networks, name, network);
    }
    for (size_t i = 0; i < network->n; i++) {
        if (network->counts[i].vlan == vlan) {
            network->counts[i].n_ports++;
            return;
        }
    }
    network->counts = xrealloc(network->counts, (network->n + 1) * sizeof *network->counts);
    network->counts[network->n++] = (struct vlan_count){.vlan = vlan, .n_ports = 1};
}

/* A network without ports goes in local_vlan_set_elect(). */
static void
discount_port(struct local_vlan_set *set, const char *name, uint16_t vlan)
{
    struct vlan_network *network = shash_find_data(&set->networks, name);

    sset_add(&set->touched, name);
    for (size_t i = 0; i < network->n; i++) {
        struct vlan_count *count = &network->counts[i];

        if (count->vlan == vlan) {
            if (!--count->n_ports) {
                *count = network->counts[--network->n];
            }
            return;
        }
    }
}

static void
member_set(struct local_vlan_set *set, struct vlan_member *member, const char *network,
           uint16_t vlan)
{
    if (member->vlan == vlan && nullable_string_is_equal(member->network, network)) {
        return;
    }
    if (member->network) {
        discount_port(set, member->network, member->vlan);
        free(member->network);
    }
    member->network = nullable_xstrdup(network);
    member->vlan = vlan;
    if (network) {
        count_port(set, network, vlan);
    }
}

static void
member_update(struct local_vlan_set *set, struct vlan_member *member,
              const struct ovsrec_port *port)
{
    const char *network = smap_get(&port->other_config, "net_uuid");
    uint16_t vlan = local_vlan_of_port(port);

    if (network && network[0] && vlan) {
        member_set(set, member, network, vlan);
    } else {
        member_set(set, member, NULL, 0);
    }
}

static void
member_destroy(struct local_vlan_set *set, struct vlan_member *member)
{
    member_set(set, member, NULL, 0);
    hmap_remove(&set->members, &member->hmap_node);
    free(member);
}

static void
network_destroy(struct local_vlan_set *set, struct shash_node *node)
{
    struct vlan_network *network = node->data;

    shash_delete(&set->networks, node);
    free(network->counts);
    free(network);
}

void
local_vlan_set_destroy(struct local_vlan_set *set)
{
    struct vlan_member *member;
    struct shash_node *node;

    HMAP_FOR_EACH_SAFE (member, hmap_node, &set->members) {
        member_destroy(set, member);
    }
    hmap_destroy(&set->members);
    SHASH_FOR_EACH_SAFE (node, &set->networks) {
        network_destroy(set, node);
    }
    shash_destroy(&set->networks);
    sset_destroy(&set->touched);
}

static struct vlan_member *
member_find(const struct local_vlan_set *set, const struct uuid *uuid)
{
    struct vlan_member *member;

    HMAP_FOR_EACH_WITH_HASH (member, hmap_node, uuid_hash(uuid), &set->members) {
        if (uuid_equals(&member->uuid, uuid)) {
            return member;
        }
    }
    return NULL;
}

void
local_vlan_set_update(struct local_vlan_set *set, const struct ovsrec_port *port)
{
    struct vlan_member *member = member_find(set, &port->header_.uuid);

    if (member) {
        member_update(set, member, port);
    }
}

void
local_vlan_set_scan(struct local_vlan_set *set, const struct ovsrec_bridge *bridge)
{
    struct vlan_member *member;

    for (size_t i = 0; bridge && i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];

        member = member_find(set, &port->header_.uuid);
        if (!member) {
            member = xzalloc(sizeof *member);
            member->uuid = port->header_.uuid;
            hmap_insert(&set->members, &member->hmap_node, uuid_hash(&member->uuid));
            member_update(set, member, port);
        }
        member->seen = true;
    }
    HMAP_FOR_EACH_SAFE (member, hmap_node, &set->members) {
        if (!member->seen) {
            member_destroy(set, member);
        } else {
            member->seen = false;
        }
    }
}

/* Returns the VLAN of the network called 'name'; 0 if it has no port any more, and then
 * forgets it. */
static uint16_t
elect(struct local_vlan_set *set, const char *name)
{
    struct shash_node *node = shash_find(&set->networks, name);
    const struct vlan_count *best = NULL;
    struct vlan_network *network;

    if (!node) {
        return 0;
    }
    network = node->data;
    if (!network->n) {
        network_destroy(set, node);
        return 0;
    }

    for (size_t i = 0; i < network->n; i++) {
        const struct vlan_count *count = &network->counts[i];

        if (!best || count->n_ports > best->n_ports
            || (count->n_ports == best->n_ports && count->vlan < best->vlan)) {
            best = count;
        }
    }
    if (network->n > 1 && !network->warned) {
        TEXT_LOG(VLOG_WARN,
                 "network %s: its ports are in different local VLANs: using %u, which most "
                 "of them are in",
                 name, (unsigned int) best->vlan);
    }
    network->warned = network->n > 1;
    return best->vlan;
}

void
local_vlan_set_elect(struct local_vlan_set *set, struct shash *local_vlans, struct sset *changed)
{
    const char *name;

    SSET_FOR_EACH (name, &set->touched) {
        struct shash_node *node = shash_find(local_vlans, name);
        uint16_t vlan = elect(set, name);
        uint16_t *known = node ? node->data : NULL;

        if (vlan && !known) {
            shash_add(local_vlans, name, xmemdup(&vlan, sizeof vlan));
        } else if (vlan && *known != vlan) {
            *known = vlan;
        } else if (!vlan && known) {
            shash_delete(local_vlans, node);
            free(known);
        } else {
            continue;
        }
        sset_add(changed, name);
    }
    sset_clear(&set->touched);
}
