/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/facts.h"

#include "hash.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/router.h"
#include "topology/segment.h"
#include "util.h"

/* --- Network ------------------------------------------------------------ */

const struct network_config *
network_look(struct run *run, const struct network *n)
{
    run_look(run, &n->fact);
    return network_is_active(n) ? &n->config : NULL;
}

uint64_t
network_key(const struct network *n)
{
    return uuid_key(&n->uuid);
}

bool
network_is_needed(struct run *run, const struct network *n)
{
    run_look(run, &n->reach_fact);
    return n->needed;
}

bool
network_is_local(struct run *run, const struct network *n)
{
    run_look(run, &n->local_fact);
    return n->local;
}

uint16_t
network_local_vlan(struct run *run, const struct network *n)
{
    const struct topology *t = run_aux(run);

    run_look(run, &n->fact);
    run_look(run, &n->local_vlan_fact);
    return n->defined ? simap_get(&t->local_vlans, n->config.name) : 0;
}

static int
compare_ofports(const void *a_, const void *b_)
{
    const ofp_port_t *a = a_;
    const ofp_port_t *b = b_;
    return *a < *b ? -1 : *a > *b;
}

ofp_port_t *
network_local_ofports(struct run *run, const struct network *n, size_t *count)
{
    const struct port *p;

    run_look(run, &n->local_ports_fact);
    ofp_port_t *ofports = xmalloc((ovs_list_size(&n->local_ports) + 1) * sizeof *ofports);
    *count = 0;
    LIST_FOR_EACH (p, local_node, &n->local_ports) {
        ofports[(*count)++] = p->ofport;
    }
    qsort(ofports, *count, sizeof *ofports, compare_ofports);
    return ofports;
}

static int
compare_in6(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct in6_addr));
}

struct in6_addr *
network_remote_tunnels(struct run *run, const struct network *n, enum network_type type,
                       size_t *count)
{
    struct in6_addr *tunnels = xmalloc((hmap_count(&n->members) + 1) * sizeof *tunnels);
    const struct member *m;

    run_look(run, &n->members_fact);
    *count = 0;
    HMAP_FOR_EACH (m, node, &n->members) {
        const struct in6_addr *ip = chassis_tunnel(run, m->chassis, type);
        if (ip) {
            tunnels[(*count)++] = *ip;
        }
    }
    qsort(tunnels, *count, sizeof *tunnels, compare_in6);

    /* Two chassis with one tunnel address are one destination. */
    size_t n_unique = 0;
    for (size_t i = 0; i < *count; i++) {
        if (!n_unique || !ipv6_addr_equals(&tunnels[n_unique - 1], &tunnels[i])) {
            tunnels[n_unique++] = tunnels[i];
        }
    }
    *count = n_unique;
    return tunnels;
}

static int
compare_router_ports(const void *a, const void *b)
{
    const struct router_port *const *x = a;
    const struct router_port *const *y = b;
    return uuid_compare_3way(&(*x)->uuid, &(*y)->uuid);
}

const struct router_port **
network_router_ports(struct run *run, const struct network *n, size_t *count)
{
    const struct router_port **rps = xmalloc((ovs_list_size(&n->router_ports) + 1) * sizeof *rps);
    const struct router_port *rp;

    run_look(run, &n->router_ports_fact);
    *count = 0;
    LIST_FOR_EACH (rp, in_network, &n->router_ports) {
        if (rp->router->defined && rp->router->config.enabled) {
            rps[(*count)++] = rp;
        }
    }
    qsort(rps, *count, sizeof *rps, compare_router_ports);
    return rps;
}

/* --- Port --------------------------------------------------------------- */

const struct port_config *
port_look(struct run *run, const struct port *p)
{
    run_look(run, &p->fact);
    return &p->config;
}

const struct network *
port_network(const struct port *p)
{
    return p->network;
}

enum location
port_location(struct run *run, const struct port *p, ofp_port_t *ofport,
              const struct chassis **chassis)
{
    run_look(run, &p->fact);
    *ofport = p->ofport;
    *chassis = p->remote;
    return p->location;
}

ofp_port_t
port_local_ofport(struct run *run, const struct port *p)
{
    run_look(run, &p->fact);
    return p->location == LOCATION_LOCAL && network_look(run, p->network) ? p->ofport : 0;
}

/* --- Router and router port --------------------------------------------- */

uint64_t
router_key(const struct router *r)
{
    return uuid_key(&r->uuid);
}

bool
router_is_active(struct run *run, const struct router *r)
{
    run_look(run, &r->reach_fact);
    return r->needed && r->defined && r->config.enabled;
}

const struct router_port **
router_router_ports(struct run *run, const struct router *r, size_t *count)
{
    const struct router_port **rps = xmalloc((ovs_list_size(&r->router_ports) + 1) * sizeof *rps);
    const struct router_port *rp;

    run_look(run, &r->router_ports_fact);
    *count = 0;
    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        rps[(*count)++] = rp;
    }
    qsort(rps, *count, sizeof *rps, compare_router_ports);
    return rps;
}

const struct router_port_config *
router_port_look(struct run *run, const struct router_port *rp)
{
    run_look(run, &rp->fact);
    return &rp->config;
}

/* Whether the claim, if it is one, has its address: it is the best, or shares it with the best. */
static bool
claim_holds(struct run *run, const struct claim *c)
{
    if (!c->entry) {
        return false;
    }
    run_look(run, &c->entry->fact);

    const struct claim *best = CONTAINER_OF(ovs_list_front(&c->entry->claims), struct claim, node);
    return c == best || (c->anycast && best->anycast);
}

struct router_address *
router_port_addresses(struct run *run, const struct router_port *rp, size_t *count)
{
    struct router_address *addresses =
        xmalloc((2 * rp->config.n_addresses + 1) * sizeof *addresses);
    size_t n = 0;

    run_look(run, &rp->fact);
    run_look(run, &rp->router->reach_fact); /* Whether it is claiming. */
    for (size_t i = 0; rp->claiming && i < rp->config.n_addresses; i++) {
        const struct in6_addr *address = &rp->config.addresses[i].address;

        if (claim_holds(run, &rp->address_claims[i])) {
            addresses[n++] = (struct router_address){*address, *address};
            if (claim_holds(run, &rp->anycast_claims[i])) {
                addresses[n++] =
                    (struct router_address){rp->config.addresses[i].prefix.address, *address};
            }
        }
    }
    if (rp->claiming && claim_holds(run, &rp->link_local_claim)) {
        const struct in6_addr *address = &rp->link_local_claim.entry->key.ip;

        addresses[n++] = (struct router_address){*address, *address};
    }
    *count = n;
    return addresses;
}

uint64_t
router_port_key(const struct router_port *rp)
{
    return uuid_key(&rp->uuid);
}

const struct router *
router_port_router(const struct router_port *rp)
{
    return rp->router;
}

const struct network *
router_port_network(const struct router_port *rp)
{
    return rp->network;
}

/* --- Index entries ------------------------------------------------------ */

const struct network *
entry_network(const struct entry *e)
{
    return e->network;
}

const struct in6_addr *
entry_ip(const struct entry *e)
{
    return &e->key.ip;
}

struct eth_addr
entry_mac(const struct entry *e)
{
    return e->key.mac;
}

struct holder
entry_holder(struct run *run, const struct entry *e)
{
    const struct claim *c = CONTAINER_OF(ovs_list_front(&e->claims), struct claim, node);

    run_look(run, &e->fact);
    return (struct holder){c->port, c->router_port, c->nat, c->neighbour, c->anycast};
}

const struct external_neighbour *
entry_neighbour(struct run *run, const struct entry *e)
{
    const struct claim *c = CONTAINER_OF(ovs_list_back(&e->claims), struct claim, node);

    run_look(run, &e->fact);
    return c->neighbour;
}

const struct router *
entry_router(const struct entry *e)
{
    return e->router;
}

unsigned int
entry_length(const struct entry *e)
{
    return e->key.length;
}

const struct router_port *
prefix_connected(struct run *run, const struct entry *e)
{
    return entry_holder(run, e).router_port;
}

static int
compare_hops(const void *a_, const void *b_)
{
    const struct hop *a = a_;
    const struct hop *b = b_;
    return memcmp(&a->nexthop, &b->nexthop, sizeof a->nexthop);
}

struct hop *
prefix_hops(struct run *run, const struct entry *e, size_t *count)
{
    struct hop *hops = xmalloc((ovs_list_size(&e->claims) + 1) * sizeof *hops);
    const struct claim *c;

    run_look(run, &e->fact);
    *count = 0;
    LIST_FOR_EACH (c, node, &e->claims) {
        if (c->route) {
            const struct router_port *egress = router_egress(run, e->router, &c->route->nexthop);
            if (egress) {
                hops[(*count)++] = (struct hop){egress, c->route->nexthop};
            }
        }
    }
    qsort(hops, *count, sizeof *hops, compare_hops);
    return hops;
}

size_t
prefix_n_routes(struct run *run, const struct entry *e)
{
    const struct claim *c;
    size_t n = 0;

    run_look(run, &e->fact);
    LIST_FOR_EACH (c, node, &e->claims) {
        n += c->route != NULL;
    }
    return n;
}

/* --- Chassis and host --------------------------------------------------- */

bool
chassis_is_another(struct run *run, const struct chassis *c)
{
    const struct topology *t = run_aux(run);

    run_look(run, &t->host_fact);
    run_look(run, &c->fact);
    return !chassis_is_self(t, c);
}

static const struct in6_addr *
encap_ip(const struct chassis *c, enum network_type type, enum underlay underlay)
{
    return (c->defined && network_type_is_overlay(type)
            && ipv6_addr_is_set(&c->config.encap_ip[type][underlay]))
               ? &c->config.encap_ip[type][underlay]
               : NULL;
}

const struct in6_addr *
chassis_encap_ip(struct run *run, const struct chassis *c, enum network_type type,
                 enum underlay underlay)
{
    run_look(run, &c->fact);
    return encap_ip(c, type, underlay);
}

/* Looks at the host only where there is a choice: in a cloud of one family nothing depends on
 * it. */
const struct in6_addr *
chassis_tunnel(struct run *run, const struct chassis *c, enum network_type type)
{
    const struct in6_addr *ip4 = encap_ip(c, type, UNDERLAY_IPV4);
    const struct in6_addr *ip6 = encap_ip(c, type, UNDERLAY_IPV6);

    run_look(run, &c->fact);
    if (!ip4 || !ip6) {
        return ip4 ? ip4 : ip6;
    }
    return (!host_tunnel_ofport(run, type, UNDERLAY_IPV4)
                    && host_tunnel_ofport(run, type, UNDERLAY_IPV6)
                ? ip6
                : ip4);
}

ofp_port_t
host_tunnel_ofport(struct run *run, enum network_type type, enum underlay underlay)
{
    const struct topology *t = run_aux(run);

    run_look(run, &t->host_fact);
    return network_type_is_overlay(type) ? t->host.tunnel_ofport[type][underlay] : 0;
}

ofp_port_t
host_provider_ofport(struct run *run, const char *physnet)
{
    const struct topology *t = run_aux(run);
    const ofp_port_t *ofport;

    run_look(run, &t->host_fact);
    ofport = shash_find_data(&t->host.provider_ofports, physnet);
    return ofport ? *ofport : 0;
}

ofp_port_t *
host_provider_ofports(struct run *run, size_t *count)
{
    const struct topology *t = run_aux(run);
    const struct shash *all = &t->host.provider_ofports;
    const struct shash_node *node;

    run_look(run, &t->host_fact);
    ofp_port_t *ofports = xmalloc((shash_count(all) + 1) * sizeof *ofports);
    *count = 0;
    SHASH_FOR_EACH (node, all) {
        ofports[(*count)++] = *(const ofp_port_t *) node->data;
    }
    qsort(ofports, *count, sizeof *ofports, compare_ofports);
    return ofports;
}

bool
host_forwards_outside(struct run *run)
{
    const struct topology *t = run_aux(run);

    return t->forwards_outside;
}

ofp_port_t
host_reinject_ofport(struct run *run)
{
    const struct topology *t = run_aux(run);

    run_look(run, &t->host_fact);
    return t->host.reinject_ofport;
}

struct eth_addr
host_chassis_mac(struct run *run)
{
    const struct topology *t = run_aux(run);

    run_look(run, &t->host_fact);
    return own_chassis_mac(t);
}
