/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/nat.h"

#include <stdlib.h>

#include "hash.h"
#include "nb/ip.h"
#include "packets.h"
#include "topology/facts.h"
#include "topology/index.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/router.h"
#include "topology/subjects.h"
#include "util.h"

static struct nat *
nat_find(const struct topology *t, const struct uuid *uuid)
{
    struct nat *nat;

    HMAP_FOR_EACH_WITH_HASH (nat, node, uuid_hash(uuid), &t->nats) {
        if (uuid_equals(&nat->uuid, uuid)) {
            return nat;
        }
    }
    return NULL;
}

static uint32_t
hash_address(const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, 0);
}

void
nats_logical_changed(struct topology *t, const struct in6_addr *ip)
{
    struct nat *nat;

    HMAP_FOR_EACH_WITH_HASH (nat, logical_node, hash_address(ip), &t->nats_by_logical) {
        fact_changed(t->engine, &nat->logical_fact);
    }
}

/* --- The network outside ------------------------------------------------ */

static bool
is_external(const struct network *n)
{
    return n->defined && n->config.external;
}

/* The router's port on the network of the external address, or NULL. */
static struct router_port *
find_port(const struct router *r, const struct in6_addr *external_ip)
{
    struct router_port *best = NULL, *only = NULL;
    struct router_port *rp;
    size_t n_external = 0;
    int best_plen = -1;

    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        if (!is_external(rp->network)) {
            continue;
        }
        n_external++;
        only = rp;
        for (size_t i = 0; i < rp->config.n_addresses; i++) {
            const struct ip_prefix *prefix = &rp->config.addresses[i].prefix;

            if (prefix_contains(prefix, external_ip)
                && (prefix->plen > best_plen
                    || (prefix->plen == best_plen
                        && uuid_compare_3way(&rp->uuid, &best->uuid) < 0))) {
                best = rp;
                best_plen = prefix->plen;
            }
        }
    }
    return best ? best : n_external == 1 ? only : NULL;
}

static void
nat_unclaim(struct topology *t, struct nat *nat)
{
    if (nat->port) {
        if (nat->address_claim.entry) {
            unclaim(t, &nat->address_claim);
            unclaim(t, &nat->mac_claim);
            nat->address_claim.entry = nat->mac_claim.entry = NULL;
        }
        network_put(t, nat->network);
        nat->port = NULL;
        nat->network = NULL;
    }
}

static void
nat_resolve(struct topology *t, struct nat *nat)
{
    struct router_port *port =
        router_is_enabled(nat->router) ? find_port(nat->router, &nat->config.external_ip) : NULL;

    if (port == nat->port) {
        return;
    }
    nat_unclaim(t, nat);
    if (port) {
        nat->port = port;
        nat->network = network_get(t, &port->network->uuid);
        if (nat->config.type == NAT_DNAT_AND_SNAT) {
            nat->address_claim = (struct claim){.nat = nat};
            claim_address(t, nat->network, &nat->config.external_ip, &nat->address_claim);
            nat->mac_claim = (struct claim){.nat = nat};
            claim_mac(t, nat->network, nat->mac, &nat->mac_claim);
        }
    }
    fact_changed(t->engine, &nat->fact);
    nats_logical_changed(t, &nat->config.logical.address);
}

void
nats_resolve(struct topology *t, struct router *r)
{
    struct nat *nat;

    LIST_FOR_EACH (nat, in_router, &r->nats) {
        nat_resolve(t, nat);
    }
}

/* --- Rows --------------------------------------------------------------- */

/* One that is the same at every start and on every chassis, and no port's by accident. */
static struct eth_addr
default_mac(const struct uuid *uuid)
{
    struct eth_addr mac;

    eth_addr_from_uint64(uuid_key(uuid) & UINT64_C(0xffffffffff), &mac);
    mac.ea[0] = 0x0e; /* Unicast, locally administered. */
    return mac;
}

void
nat_destroy(struct topology *t, struct nat *nat)
{
    nat_unclaim(t, nat);
    if (nat->config.type == NAT_SNAT) {
        fact_changed(t->engine, &nat->router->snats_fact);
    }
    engine_remove_subject(t->engine, &nat->subject);
    fact_destroy(t->engine, &nat->fact);
    hmap_remove(&t->nats_by_logical, &nat->logical_node);
    nats_logical_changed(t, &nat->config.logical.address);
    fact_destroy(t->engine, &nat->logical_fact);
    ovs_list_remove(&nat->in_router);
    hmap_remove(&t->nats, &nat->node);
    router_put(t, nat->router);
    nat_config_destroy(&nat->config);
    free(nat);
}

void
topology_set_nat(struct topology *t, const struct uuid *uuid, struct nat_config *config)
{
    struct nat *nat = nat_find(t, uuid);

    if (nat && config && nat_config_equal(&nat->config, config)) {
        nat_config_destroy(config);
        memset(config, 0, sizeof *config);
        return;
    }
    if (nat) {
        /* A changed one is a new one: little depends on it. */
        nat_destroy(t, nat);
    }
    if (!config) {
        return;
    }

    nat = xzalloc(sizeof *nat);
    nat->uuid = *uuid;
    nat->config = *config;
    memset(config, 0, sizeof *config);
    nat->mac =
        eth_addr_is_zero(nat->config.external_mac) ? default_mac(uuid) : nat->config.external_mac;
    nat->router = router_get(t, &nat->config.router);
    nat->subject.id = uuid_key(uuid);
    nat->subject.kind = &topology_kinds[KIND_NAT];
    fact_init(&nat->fact);
    fact_init(&nat->logical_fact);
    hmap_insert(&t->nats, &nat->node, uuid_hash(uuid));
    hmap_insert(&t->nats_by_logical, &nat->logical_node,
                hash_address(&nat->config.logical.address));
    ovs_list_push_back(&nat->router->nats, &nat->in_router);
    if (nat->config.type == NAT_SNAT) {
        fact_changed(t->engine, &nat->router->snats_fact);
    }
    engine_add_subject(t->engine, &nat->subject);
    nat_resolve(t, nat);
}

void
topology_set_zone(struct topology *t, const struct uuid *uuid, uint16_t zone)
{
    struct router *r = zone ? router_get(t, uuid) : router_find(t, uuid);

    if (!r || r->zone == zone) {
        router_put(t, zone ? r : NULL);
        return;
    }
    /* One reference for a zone, whichever it is. */
    bool had = r->zone != 0;
    r->zone = zone;
    fact_changed(t->engine, &r->zone_fact);
    if (had) {
        router_put(t, r);
    }
}

/* --- Facts -------------------------------------------------------------- */

const struct nat_config *
nat_look(struct run *run, const struct nat *nat)
{
    run_look(run, &nat->fact);
    return &nat->config;
}

struct eth_addr
nat_mac(const struct nat *nat)
{
    return nat->mac;
}

const struct router *
nat_router(const struct nat *nat)
{
    return nat->router;
}

const struct router_port *
nat_router_port(struct run *run, const struct nat *nat)
{
    run_look(run, &nat->fact);
    if (!nat->port || !router_is_active(run, nat->router) || !network_look(run, nat->network)) {
        return NULL;
    }
    for (size_t i = 0; nat->address_claim.entry && i < 2; i++) {
        const struct claim *c = i ? &nat->mac_claim : &nat->address_claim;

        run_look(run, &c->entry->fact);
        if (ovs_list_front(&c->entry->claims) != &c->node) {
            return NULL;
        }
    }
    return nat->port;
}

/* The port of the machine that has the logical address, on the network of the router that the
 * address is in; NULL if none is known. */
static const struct port *
nat_machine(struct run *run, const struct nat *nat)
{
    const struct topology *t = run_aux(run);
    const struct in6_addr *logical = &nat->config.logical.address;
    const struct router_port *rp = nat_inside(run, nat);
    const struct claim *c = rp ? find_address(t, rp->network, logical) : NULL;

    run_look(run, &nat->logical_fact);
    if (!c) {
        return NULL;
    }
    run_look(run, &c->entry->fact);
    return c->port;
}

const struct router_port *
nat_inside(struct run *run, const struct nat *nat)
{
    const struct router_port *rp = router_egress(run, nat->router, &nat->config.logical.address);

    run_look(run, &nat->fact);
    return rp && rp != nat->port ? rp : NULL;
}

/* Whether the fabric finds the external address on the network itself: another one it routes to
 * the router, and so to the active gateway. */
static bool
is_on_link(const struct router_port *rp, const struct in6_addr *external_ip)
{
    for (size_t i = 0; i < rp->config.n_addresses; i++) {
        if (prefix_contains(&rp->config.addresses[i].prefix, external_ip)) {
            return true;
        }
    }
    return false;
}

bool
nat_is_routed(struct run *run, const struct nat *nat)
{
    const struct router_port *rp = nat_router_port(run, nat);

    return rp && !is_on_link(rp, &nat->config.external_ip);
}

enum nat_place
nat_place(struct run *run, const struct nat *nat)
{
    const struct router_port *rp = nat_router_port(run, nat);

    if (!rp) {
        return NAT_NOWHERE;
    }

    const struct network_config *network = network_look(run, rp->network);
    bool connected = network && host_provider_ofport(run, network->physical_network);
    const struct port *machine = NULL;

    if (nat->config.type == NAT_DNAT_AND_SNAT && is_on_link(rp, &nat->config.external_ip)) {
        machine = nat_machine(run, nat);
    }
    if (machine && network) {
        const struct chassis *chassis;
        ofp_port_t ofport;

        switch (port_location(run, machine, &ofport, &chassis)) {
        case LOCATION_LOCAL:
            if (connected) {
                return NAT_HERE;
            }
            break;
        case LOCATION_REMOTE:
            if (chassis_has_physnet(run, chassis, network->physical_network)) {
                return NAT_ELSEWHERE;
            }
            break;
        case LOCATION_NONE:
        default:
            break;
        }
    }
    return connected && router_port_gateway_is_here(run, rp) ? NAT_HERE : NAT_AT_GATEWAY;
}

bool
nat_machine_is_here(struct run *run, const struct nat *nat)
{
    const struct port *machine = nat_router_port(run, nat) ? nat_machine(run, nat) : NULL;
    const struct chassis *chassis;
    ofp_port_t ofport;

    return machine && port_location(run, machine, &ofport, &chassis) == LOCATION_LOCAL;
}

bool
nat_is_of_source(struct run *run, const struct nat *nat)
{
    const struct router_port *rp = nat_router_port(run, nat);
    const struct topology *t = run_aux(run);
    const struct nat *other;

    run_look(run, &nat->logical_fact);
    if (!rp) {
        return false;
    }
    HMAP_FOR_EACH_WITH_HASH (other, logical_node, nat->logical_node.hash, &t->nats_by_logical) {
        if (other->router == nat->router && other->config.type == nat->config.type
            && other->config.logical.plen == nat->config.logical.plen
            && ipv6_addr_equals(&other->config.logical.address, &nat->config.logical.address)
            && uuid_compare_3way(&other->uuid, &nat->uuid) < 0
            && nat_router_port(run, other) == rp) {
            return false;
        }
    }
    return true;
}

static int
compare_nats(const void *a, const void *b)
{
    const struct nat *const *x = a;
    const struct nat *const *y = b;

    return uuid_compare_3way(&(*x)->uuid, &(*y)->uuid);
}

uint16_t
router_zone(struct run *run, const struct router *r)
{
    run_look(run, &r->zone_fact);
    return r->zone;
}

const struct nat **
router_snats(struct run *run, const struct router *r, size_t *count)
{
    const struct nat **nats = xmalloc((ovs_list_size(&r->nats) + 1) * sizeof *nats);
    const struct nat *nat;

    run_look(run, &r->snats_fact);
    *count = 0;
    LIST_FOR_EACH (nat, in_router, &r->nats) {
        if (nat->config.type == NAT_SNAT && nat_router_port(run, nat)) {
            nats[(*count)++] = nat;
        }
    }
    qsort(nats, *count, sizeof *nats, compare_nats);
    return nats;
}
