/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/router.h"

#include "nb/ip.h"
#include "packets.h"
#include "topology/index.h"
#include "topology/nat.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/route.h"
#include "topology/subjects.h"
#include "util.h"

/* A longer prefix of IPv6 has no subnet-router anycast address. */
#define ANYCAST_MAX_LENGTH 126

/* --- Router ------------------------------------------------------------- */

static void
router_port_unclaim(struct topology *t, struct router_port *rp)
{
    if (rp->claiming) {
        unclaim(t, &rp->mac_claim);
        for (size_t i = 0; i < rp->config.n_addresses; i++) {
            unclaim(t, &rp->address_claims[i]);
            if (rp->prefix_claims[i].entry) {
                unclaim(t, &rp->prefix_claims[i]);
            }
            if (rp->anycast_claims[i].entry) {
                unclaim(t, &rp->anycast_claims[i]);
            }
        }
        if (rp->link_local_claim.entry) {
            unclaim(t, &rp->link_local_claim);
        }
        free(rp->address_claims);
        free(rp->prefix_claims);
        free(rp->anycast_claims);
        rp->address_claims = rp->prefix_claims = rp->anycast_claims = NULL;
        rp->claiming = false;
    }
}

/* Every link has the link-local prefix, so it says nothing of where an address is, and is never
 * routed (RFC 4291 2.5.6). */
static bool
is_connected_prefix(const struct ip_prefix *prefix)
{
    return !address_is_scoped(&prefix->address);
}

/* All routers of a subnet share its first address (RFC 4291 2.6.1).  A link between two routers has
 * none (RFC 6164 section 6), and a link-local prefix is no subnet. */
bool
has_anycast_address(const struct ip_prefix *prefix)
{
    return !address_is_ipv4(&prefix->address) && prefix_length(prefix) <= ANYCAST_MAX_LENGTH
           && is_connected_prefix(prefix);
}

/* Whether 'address' is that address of 'prefix'. */
static bool
is_anycast_address(const struct in6_addr *address, const struct ip_prefix *prefix)
{
    return has_anycast_address(prefix) && ipv6_addr_equals(address, &prefix->address);
}

static void
router_port_claim_link_local(struct topology *t, struct router_port *rp)
{
    struct in6_addr address;

    rp->link_local_claim = (struct claim){.router_port = rp};
    if (!router_port_config_link_local(&rp->config, &address)) {
        return;
    }
    for (size_t i = 0; i < rp->config.n_addresses; i++) {
        if (ipv6_addr_equals(&rp->config.addresses[i].address, &address)) {
            return;
        }
    }
    claim_address(t, rp->network, &address, &rp->link_local_claim);
}

/* On an external network only needed routers are known for certain, so that what others have there
 * must not matter on a chassis that happens to know of them. */
static bool
router_port_may_claim(const struct router_port *rp)
{
    return router_is_enabled(rp->router)
           && (!network_is_external(rp->network) || rp->router->needed);
}

static void
router_port_claim(struct topology *t, struct router_port *rp)
{
    if (!router_port_may_claim(rp)) {
        return;
    }

    size_t n = rp->config.n_addresses;
    rp->claiming = true;
    rp->mac_claim = (struct claim){.router_port = rp};
    claim_mac(t, rp->network, rp->config.mac, &rp->mac_claim);
    rp->address_claims = xcalloc(n, sizeof *rp->address_claims);
    rp->prefix_claims = xcalloc(n, sizeof *rp->prefix_claims);
    rp->anycast_claims = xcalloc(n, sizeof *rp->anycast_claims);
    for (size_t i = 0; i < n; i++) {
        const struct interface_address *ia = &rp->config.addresses[i];

        rp->address_claims[i].router_port = rp;
        claim_address(t, rp->network, &ia->address, &rp->address_claims[i]);
        rp->prefix_claims[i].router_port = rp;
        if (is_connected_prefix(&ia->prefix)) {
            claim_prefix(t, rp->router, &ia->prefix, &rp->prefix_claims[i]);
        }
        if (has_anycast_address(&ia->prefix)) {
            rp->anycast_claims[i] = (struct claim){.router_port = rp, .anycast = true};
            claim_address(t, rp->network, &ia->prefix.address, &rp->anycast_claims[i]);
        }
    }
    router_port_claim_link_local(t, rp);
}

/* What 'rp' claims may have changed. */
static void
router_port_reclaim(struct topology *t, struct router_port *rp)
{
    if (rp->claiming != router_port_may_claim(rp)) {
        router_port_unclaim(t, rp);
        router_port_claim(t, rp);
        fact_changed(t->engine, &rp->fact);
        fact_changed(t->engine, &rp->network->router_ports_fact);
        advertisements_changed(t, rp->network);
    }
}

void
router_reach_changed(struct topology *t, struct router *r)
{
    struct router_port *rp;

    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        router_port_reclaim(t, rp);
    }
    nats_resolve(t, r);
}

void
router_ports_reclaim(struct topology *t, struct network *n)
{
    struct router_port *rp;

    LIST_FOR_EACH (rp, in_network, &n->router_ports) {
        router_port_reclaim(t, rp);
        nats_resolve(t, rp->router);
    }
}

void
topology_set_router(struct topology *t, const struct uuid *uuid, struct router_config *config)
{
    struct router *r = router_find(t, uuid);
    bool was_defined = r && r->defined;
    struct router_port *rp;

    if (was_defined && config && router_config_equal(&r->config, config)) {
        router_config_destroy(config);
        memset(config, 0, sizeof *config);
        return;
    }
    if (!was_defined && !config) {
        return;
    }

    t->n_losses += was_defined && r->needed;
    r = was_defined ? r : router_get(t, uuid);
    bool was_enabled = router_is_enabled(r);
    struct router_config old = r->config;
    memset(&r->config, 0, sizeof r->config);
    r->defined = config != NULL;
    if (config) {
        r->config = *config;
        memset(config, 0, sizeof *config);
    }
    routes_add(t, r, r->config.routes, r->config.n_routes);
    routes_remove(t, r, old.routes, old.n_routes);
    router_config_destroy(&old);
    if (router_is_enabled(r) != was_enabled) {
        LIST_FOR_EACH (rp, in_router, &r->router_ports) {
            router_port_unclaim(t, rp);
            router_port_claim(t, rp);
            fact_changed(t->engine, &rp->network->router_ports_fact);
            advertisements_changed(t, rp->network);
        }
        fact_changed(t->engine, &r->router_ports_fact);
        fact_changed(t->engine, &r->reach_fact);
        routes_claim(t, r);
        nats_resolve(t, r);
    }
    t->reach_dirty = true;
    t->interest_seqno++;
    if (was_defined && !r->defined) {
        router_put(t, r);
    }
}

void
router_destroy(struct topology *t, struct router *r)
{
    const struct uuid uuid = r->uuid;

    topology_set_zone(t, &uuid, 0);
    topology_set_router(t, &uuid, NULL);
}

/* --- Router port -------------------------------------------------------- */

static struct router_port *
router_port_find(const struct topology *t, const struct uuid *uuid)
{
    struct router_port *rp;

    HMAP_FOR_EACH_WITH_HASH (rp, node, uuid_hash(uuid), &t->router_ports) {
        if (uuid_equals(&rp->uuid, uuid)) {
            return rp;
        }
    }
    return NULL;
}

static void
router_port_links_changed(struct topology *t, struct router_port *rp)
{
    fact_changed(t->engine, &rp->router->router_ports_fact);
    fact_changed(t->engine, &rp->network->router_ports_fact);
    advertisements_changed(t, rp->network);
    fact_changed(t->engine, &rp->fact);
}

void
router_port_destroy(struct topology *t, struct router_port *rp)
{
    router_port_links_changed(t, rp);
    router_port_unclaim(t, rp);
    engine_remove_subject(t->engine, &rp->subject);
    ovs_list_remove(&rp->in_router);
    ovs_list_remove(&rp->in_network);
    nats_resolve(t, rp->router);
    router_put(t, rp->router);
    network_put(t, rp->network);
    fact_destroy(t->engine, &rp->fact);
    hmap_remove(&t->router_ports, &rp->node);
    router_port_config_destroy(&rp->config);
    free(rp);
}

void
topology_set_router_port(struct topology *t, const struct uuid *uuid,
                         struct router_port_config *config)
{
    struct router_port *rp = router_port_find(t, uuid);

    if (rp && config && router_port_config_equal(&rp->config, config)) {
        router_port_config_destroy(config);
        memset(config, 0, sizeof *config);
        return;
    }
    t->reach_dirty = true;
    t->interest_seqno++;
    if (rp) {
        /* Router ports change rarely: a changed one is a new one. */
        t->n_losses += rp->network->needed;
        router_port_destroy(t, rp);
    }
    if (!config) {
        return;
    }

    rp = xzalloc(sizeof *rp);
    rp->uuid = *uuid;
    rp->config = *config;
    memset(config, 0, sizeof *config);
    rp->router = router_get(t, &rp->config.router);
    rp->network = network_get(t, &rp->config.network);
    rp->subject.id = uuid_key(uuid);
    rp->subject.kind = &topology_kinds[KIND_ROUTER_PORT];
    fact_init(&rp->fact);
    hmap_insert(&t->router_ports, &rp->node, uuid_hash(uuid));
    ovs_list_push_back(&rp->router->router_ports, &rp->in_router);
    ovs_list_push_back(&rp->network->router_ports, &rp->in_network);
    router_port_claim(t, rp);
    router_port_links_changed(t, rp);
    engine_add_subject(t->engine, &rp->subject);
    nats_resolve(t, rp->router);
}

/* --- Egress --------------------------------------------------------------- */

const struct router_port *
router_egress(struct run *run, const struct router *r, const struct in6_addr *nexthop)
{
    const struct router_port *best = NULL;
    const struct router_port *rp;
    int best_plen = -1;

    if (run) {
        run_look(run, &r->router_ports_fact);
    }
    LIST_FOR_EACH (rp, in_router, &r->router_ports) {
        if (run) {
            run_look(run, &rp->fact);
        }
        for (size_t i = 0; i < rp->config.n_addresses; i++) {
            const struct interface_address *ia = &rp->config.addresses[i];

            if (ipv6_addr_equals(&ia->address, nexthop)
                || is_anycast_address(nexthop, &ia->prefix)) {
                return NULL; /* The router itself. */
            }
            if (is_connected_prefix(&ia->prefix) && prefix_contains(&ia->prefix, nexthop)
                && (ia->prefix.plen > best_plen
                    || (ia->prefix.plen == best_plen
                        && uuid_compare_3way(&rp->uuid, &best->uuid) < 0))) {
                best = rp;
                best_plen = ia->prefix.plen;
            }
        }
    }
    return best;
}
