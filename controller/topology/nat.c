/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/nat.h"

#include <stdlib.h>

#include "nb/ip.h"
#include "packets.h"
#include "topology/index.h"
#include "topology/nat-logical.h"
#include "topology/objects.h"
#include "topology/private.h"
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

/* --- The network outside ------------------------------------------------ */

/* The router's port on the network of the external address, or NULL. */
static struct router_port *
find_port(const struct router *r, const struct in6_addr *external_ip)
{
    struct router_port *best = NULL, *only = NULL;
    struct router_port *rp;
    size_t n_external = 0;
    int best_plen = -1;

    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        if (!network_is_external(rp->network)) {
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

bool
nat_is_on_link(const struct nat *nat)
{
    for (size_t i = 0; i < nat->port->config.n_addresses; i++) {
        if (prefix_contains(&nat->port->config.addresses[i].prefix, &nat->config.external_ip)) {
            return true;
        }
    }
    return false;
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
    struct router_port *port = router_is_enabled(nat->router) && nat->router->needed
                                   ? find_port(nat->router, &nat->config.external_ip)
                                   : NULL;

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
    t->nats_seqno++;
    if (nat->config.type == NAT_SNAT) {
        fact_changed(t->engine, &nat->router->snats_fact);
    }
    engine_remove_subject(t->engine, &nat->subject);
    fact_destroy(t->engine, &nat->fact);
    nat_logical_remove(t, nat);
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
    hmap_insert(&t->nats, &nat->node, uuid_hash(uuid));
    nat_logical_add(t, nat);
    ovs_list_push_back(&nat->router->nats, &nat->in_router);
    if (nat->config.type == NAT_SNAT) {
        fact_changed(t->engine, &nat->router->snats_fact);
    }
    engine_add_subject(t->engine, &nat->subject);
    t->nats_seqno++;
    nat_resolve(t, nat);
}

void
topology_set_zone(struct topology *t, const struct uuid *router, uint16_t zone)
{
    struct router *r = zone ? router_get(t, router) : router_find(t, router);

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

void
topology_for_each_translating_router(const struct topology *t, topology_router_cb *cb, void *aux)
{
    const struct router *r;

    HMAP_FOR_EACH (r, node, &t->routers) {
        if (r->needed && router_is_enabled(r) && !ovs_list_is_empty(&r->nats)) {
            cb(&r->uuid, aux);
        }
    }
}

uint64_t
topology_translations_seqno(const struct topology *t)
{
    return t->nats_seqno + t->interest_seqno;
}
