/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/interest.h"

#include <stdlib.h>

#include "topology/gateway.h"
#include "topology/location.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "util.h"

#define FOR_EACH_SSET(X) X(ports) X(wired) X(physical_networks)
#define FOR_EACH_NETWORK_LIST(X)                                                                   \
    X(networks) X(external_networks) X(segments) X(network_contents) X(routers) X(router_contents)
#define FOR_EACH_PORT_LIST(X) X(network_ports) X(claims)
#define FOR_EACH_LIST(X) FOR_EACH_NETWORK_LIST(X) FOR_EACH_PORT_LIST(X)

void
interest_init(struct interest *in)
{
    memset(in, 0, sizeof *in);
#define INIT(MEMBER) sset_init(&in->MEMBER);
    FOR_EACH_SSET(INIT)
#undef INIT
}

void
interest_destroy(struct interest *in)
{
#define DESTROY(MEMBER) sset_destroy(&in->MEMBER);
    FOR_EACH_SSET(DESTROY)
#undef DESTROY
#define DESTROY(MEMBER) free(in->MEMBER.uuids);
    FOR_EACH_LIST(DESTROY)
#undef DESTROY
}

void
interest_clear(struct interest *in)
{
#define CLEAR(MEMBER) sset_clear(&in->MEMBER);
    FOR_EACH_SSET(CLEAR)
#undef CLEAR
#define CLEAR(MEMBER) in->MEMBER.n = 0;
    FOR_EACH_LIST(CLEAR)
#undef CLEAR
    in->flat = false;
}

void
interest_swap(struct interest *a, struct interest *b)
{
    struct interest tmp = *a;

    *a = *b;
    *b = tmp;
#define MOVED(MEMBER)                                                                              \
    sset_moved(&a->MEMBER);                                                                        \
    sset_moved(&b->MEMBER);
    FOR_EACH_SSET(MOVED)
#undef MOVED
}

static bool
sset_merge(struct sset *set, const struct sset *more)
{
    size_t n = sset_count(set);
    const char *name;

    SSET_FOR_EACH (name, more) {
        sset_add(set, name);
    }
    return sset_count(set) != n;
}

bool
interest_merge(struct interest *in, const struct interest *more)
{
    bool grown = more->flat && !in->flat;

    in->flat |= more->flat;
#define MERGE(MEMBER) grown |= sset_merge(&in->MEMBER, &more->MEMBER);
    FOR_EACH_SSET(MERGE)
#undef MERGE
#define MERGE(MEMBER) grown |= uuid_list_merge(&in->MEMBER, &more->MEMBER);
    FOR_EACH_LIST(MERGE)
#undef MERGE
    return grown;
}

static bool
sset_covers(const struct sset *set, const struct sset *less)
{
    const char *name;

    SSET_FOR_EACH (name, less) {
        if (!sset_contains(set, name)) {
            return false;
        }
    }
    return true;
}

bool
interest_covers_networks(const struct interest *in, const struct interest *less)
{
#define COVERS(MEMBER) &&sset_covers(&in->MEMBER, &less->MEMBER)
    bool covers = in->flat >= less->flat FOR_EACH_SSET(COVERS);
#undef COVERS
#define COVERS(MEMBER) &&uuid_list_covers(&in->MEMBER, &less->MEMBER)
    return covers FOR_EACH_NETWORK_LIST(COVERS);
#undef COVERS
}

bool
interest_covers(const struct interest *in, const struct interest *less)
{
#define COVERS(MEMBER) &&uuid_list_covers(&in->MEMBER, &less->MEMBER)
    return interest_covers_networks(in, less) FOR_EACH_PORT_LIST(COVERS);
#undef COVERS
}

/* --- What the topology needs -------------------------------------------- */

static void
add_contents_of(const struct network *n, struct interest *in)
{
    uuid_list_add(&in->network_contents, &n->uuid);
    uuid_list_add(&in->network_ports, &n->uuid);
}

/* The routers on 'n' are of interest.  What is behind them is, if packets of this
 * chassis get there; of those that are not known yet on a network with local ports
 * this is taken for granted, which saves a round. */
static void
add_routers_of(const struct network *n, struct interest *in)
{
    const struct router_port *rp;

    LIST_FOR_EACH (rp, in_network, &n->router_ports) {
        uuid_list_add(&in->routers, &rp->router->uuid);
        if (rp->router->needed || (!rp->router->defined && n->local && !n->config.external)) {
            uuid_list_add(&in->router_contents, &rp->router->uuid);
        }
    }
}

/* The other networks that claim the segment of 'n'. */
static void
add_rivals_of(const struct network *n, struct interest *in)
{
    const struct network *other;

    if (!n->segment) {
        return;
    }
    if (n->config.type == NETWORK_FLAT) {
        in->flat = true;
    } else {
        uuid_list_add(&in->segments, &(struct uuid){.parts[0] = n->config.segmentation_id});
    }
    if (!ovs_list_is_short(&n->segment->networks)) {
        LIST_FOR_EACH (other, segment_node, &n->segment->networks) {
            uuid_list_add(&in->networks, &other->uuid);
            add_contents_of(other, in);
        }
    }
}

/* Of an external network only those router ports matter that belong to needed routers, unless this
 * chassis is a gateway for it. */
static void
add_network(const struct topology *t, const struct network *n, struct interest *in)
{
    bool gateway = network_has_gateway_here(t, n);

    if (n->needed || gateway) {
        uuid_list_add(&in->networks, &n->uuid);
        if (!n->config.external) {
            add_contents_of(n, in);
        } else {
            uuid_list_add(&in->external_networks, &n->uuid);
            if (gateway) {
                uuid_list_add(&in->network_contents, &n->uuid);
            }
        }
        add_routers_of(n, in);
    }
}

static void
add_networks(const struct topology *t, struct interest *in)
{
    const struct simap_node *vlan;
    const struct network *n;

    HMAP_FOR_EACH (n, node, &t->networks) {
        add_network(t, n, in);
        if (n->needed || (n->defined && simap_contains(&t->local_vlans, n->config.name))) {
            add_rivals_of(n, in);
        }
    }
    gateways_add_interest(t, &in->physical_networks);
    SIMAP_FOR_EACH(vlan, &t->local_vlans)
    {
        sset_add(&in->wired, vlan->name);
    }
}

static void
add_ports(const struct topology *t, struct interest *in)
{
    const struct vif *vif;

    HMAP_FOR_EACH (vif, node, &t->vifs) {
        if (vif_is_of_interest(t, vif)) {
            sset_add(&in->ports, vif->iface_id);
        }
    }
}

static void
add_claims(const struct topology *t, struct interest *in)
{
    const struct chassis *c;

    HMAP_FOR_EACH (c, node, &t->chassis) {
        if (chassis_is_self(t, c)) {
            uuid_list_add(&in->claims, &c->uuid);
        }
    }
}

void
topology_get_interest(const struct topology *t, struct interest *in)
{
    add_networks(t, in);
    add_ports(t, in);
    add_claims(t, in);
#define SORT(MEMBER) uuid_list_sort(&in->MEMBER);
    FOR_EACH_LIST(SORT)
#undef SORT
}

uint64_t
topology_interest_seqno(const struct topology *t)
{
    return t->interest_seqno;
}
