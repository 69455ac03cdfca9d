/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/gateway.h"

#include <stdlib.h>

#include "jhash.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "topology/facts.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/segment.h"
#include "util.h"

/* The candidates for a physical network. */
struct gateways {
    const struct chassis *chassis[MAX_GATEWAYS]; /* Best first. */
    size_t n;
};

/* All chassis must come to the same numbers, also those whose program was built for a processor
 * with other instructions: hash.h makes use of such. */
static uint32_t
string_weight(const char *s, uint32_t basis)
{
    return jhash_bytes(s, strlen(s), basis);
}

static uint32_t
physnet_weight(const char *physnet, const struct chassis *c)
{
    return string_weight(c->config.name, string_weight(physnet, 0));
}

static uint32_t
router_port_weight(const struct router_port *rp, const struct chassis *c)
{
    return string_weight(c->config.name,
                         jhash_words(rp->uuid.parts, ARRAY_SIZE(rp->uuid.parts), 0));
}

/* Whether 'a' precedes 'b', with these weights. */
static bool
precedes(const struct chassis *a, uint32_t a_weight, const struct chassis *b, uint32_t b_weight)
{
    return a_weight != b_weight ? a_weight > b_weight : strcmp(a->config.name, b->config.name) < 0;
}

/* Puts 'c' in its place among the best. */
static void
gateways_insert(struct gateways *g, const char *physnet, const struct chassis *c)
{
    uint32_t weight = physnet_weight(physnet, c);
    size_t i = g->n;

    while (i > 0
           && precedes(c, weight, g->chassis[i - 1], physnet_weight(physnet, g->chassis[i - 1]))) {
        i--;
    }
    if (i < MAX_GATEWAYS) {
        size_t last = MIN(g->n, MAX_GATEWAYS - 1);

        memmove(&g->chassis[i + 1], &g->chassis[i], (last - i) * sizeof *g->chassis);
        g->chassis[i] = c;
        g->n = last + 1;
    }
}

void
gateways_init(struct topology *t)
{
    shash_init(&t->gateways);
    sset_init(&t->dead);
    fact_init(&t->gateways_fact);
}

void
gateways_destroy(struct topology *t)
{
    fact_destroy(t->engine, &t->gateways_fact);
    shash_destroy_free_data(&t->gateways);
    sset_destroy(&t->dead);
}

void
gateways_changed(struct topology *t)
{
    t->gateways_dirty = true;
    t->reach_dirty = true;
    t->interest_seqno++;
}

void
topology_set_dead(struct topology *t, const char *chassis, bool dead)
{
    if (dead ? sset_add(&t->dead, chassis) != NULL : sset_find_and_delete(&t->dead, chassis)) {
        fact_changed(t->engine, &t->gateways_fact);
    }
}

static void
gateways_add(struct topology *t, const char *physnet, const struct chassis *c)
{
    struct gateways *g = shash_find_data(&t->gateways, physnet);

    if (!g) {
        g = xzalloc(sizeof *g);
        shash_add(&t->gateways, physnet, g);
    }
    /* Those that are declared to be one exclude others. */
    if (g->n && g->chassis[0]->config.gateway != c->config.gateway) {
        if (!c->config.gateway) {
            return;
        }
        g->n = 0;
    }
    gateways_insert(g, physnet, c);
}

void
gateways_settle(struct topology *t)
{
    const struct chassis *c;

    if (!t->gateways_dirty) {
        return;
    }
    t->gateways_dirty = false;
    shash_clear_free_data(&t->gateways);
    HMAP_FOR_EACH (c, node, &t->chassis) {
        for (size_t i = 0; c->defined && i < c->config.n_physical_networks; i++) {
            gateways_add(t, c->config.physical_networks[i], c);
        }
    }
    fact_changed(t->engine, &t->gateways_fact);
}

static const struct gateways *
network_gateways(const struct topology *t, const struct network *n)
{
    return (n->defined && network_type_is_provider(n->config.type)
                ? shash_find_data(&t->gateways, n->config.physical_network)
                : NULL);
}

static bool
has_self(const struct topology *t, const struct gateways *g)
{
    for (size_t i = 0; g && i < g->n; i++) {
        if (chassis_is_self(t, g->chassis[i])) {
            return true;
        }
    }
    return false;
}

bool
network_has_gateway_here(const struct topology *t, const struct network *n)
{
    return t->forwards_outside && has_self(t, network_gateways(t, n));
}

bool
network_has_gateways(const struct topology *t, const struct network *n)
{
    return t->forwards_outside && network_gateways(t, n);
}

void
gateways_add_interest(const struct topology *t, struct sset *physical_networks)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &t->gateways) {
        if (t->forwards_outside && has_self(t, node->data)) {
            sset_add(physical_networks, node->name);
        }
    }
}

/* --- The active one ----------------------------------------------------- */

/* If all are dead as seen from here, it is rather this chassis that is cut off, and nothing is
 * gained by sending nowhere. */
static const struct chassis *
choose(const struct topology *t, const struct router_port *rp)
{
    const struct gateways *g = network_gateways(t, rp->network);
    const struct chassis *best[2] = {NULL, NULL}; /* Of the living, and of all. */
    uint32_t best_weight[2] = {0, 0};

    for (size_t i = 0; g && i < g->n; i++) {
        const struct chassis *c = g->chassis[i];
        uint32_t weight = router_port_weight(rp, c);

        for (size_t j = sset_contains(&t->dead, c->config.name); j < ARRAY_SIZE(best); j++) {
            if (!best[j] || precedes(c, weight, best[j], best_weight[j])) {
                best[j] = c;
                best_weight[j] = weight;
            }
        }
    }
    return best[0] ? best[0] : best[1];
}

const struct chassis *
router_port_gateway(struct run *run, const struct router_port *rp)
{
    const struct topology *t = run_aux(run);

    run_look(run, &rp->network->fact);
    run_look(run, &t->gateways_fact);
    return choose(t, rp);
}

bool
router_port_forwards_here(const struct topology *t, const struct router_port *rp)
{
    return t->forwards_outside && chassis_is_self(t, choose(t, rp));
}

bool
router_port_gateway_is_here(struct run *run, const struct router_port *rp)
{
    const struct topology *t = run_aux(run);

    return t->forwards_outside && chassis_is_self(t, router_port_gateway(run, rp));
}

bool
chassis_has_physnet(struct run *run, const struct chassis *c, const char *physnet)
{
    run_look(run, &c->fact);
    return chassis_config_has_physical_network(&c->config, physnet);
}

/* --- Whom to watch ------------------------------------------------------ */

static void
watch_candidates(const struct topology *t, const struct gateways *g, struct sset *names)
{
    for (size_t i = 0; i < g->n; i++) {
        if (!chassis_is_self(t, g->chassis[i])) {
            sset_add(names, g->chassis[i]->config.name);
        }
    }
}

/* Sources share an address on the physical network: what they send, connected chassis send by its
 * gateways, too. */
static bool
has_snat(const struct topology *t, const char *physnet)
{
    const struct nat *nat;

    HMAP_FOR_EACH (nat, node, &t->nats) {
        if (nat->config.type == NAT_SNAT && nat->port && nat->router->needed
            && !strcmp(nat->network->config.physical_network, physnet)) {
            return true;
        }
    }
    return false;
}

/* The chassis that have ports on networks that packets get to from here, and need the gateways: of
 * all or of those that are not connected to the physical network themselves. */
static void
watch_clients(const struct topology *t, const char *physnet, bool all, struct sset *names)
{
    const struct network *n;
    const struct member *m;

    HMAP_FOR_EACH (n, node, &t->networks) {
        if (n->needed) {
            HMAP_FOR_EACH (m, node, &n->members) {
                if (m->chassis->defined
                    && (all
                        || !chassis_config_has_physical_network(&m->chassis->config, physnet))) {
                    sset_add(names, m->chassis->config.name);
                }
            }
        }
    }
}

void
topology_get_watched_chassis(const struct topology *t, struct sset *names)
{
    struct sset done = SSET_INITIALIZER(&done); /* Physical networks. */
    const struct network *n;

    HMAP_FOR_EACH (n, node, &t->networks) {
        const struct gateways *g = n->needed ? network_gateways(t, n) : NULL;

        if (!t->forwards_outside || !g || !sset_add(&done, n->config.physical_network)) {
            continue;
        }
        const char *physnet = n->config.physical_network;
        bool snat = has_snat(t, physnet);
        if (has_self(t, g)) {
            watch_candidates(t, g, names);
            watch_clients(t, physnet, snat, names);
        } else if (snat || !shash_find(&t->host.provider_ofports, physnet)) {
            watch_candidates(t, g, names);
        }
    }
    sset_destroy(&done);
}

static bool
is_candidate(const struct topology *t, const struct chassis *c)
{
    for (size_t i = 0; i < c->config.n_physical_networks; i++) {
        const struct gateways *g = shash_find_data(&t->gateways, c->config.physical_networks[i]);

        for (size_t j = 0; g && j < g->n; j++) {
            if (g->chassis[j] == c) {
                return true;
            }
        }
    }
    return false;
}

void
topology_for_each_watched_chassis(const struct topology *t, topology_watched_cb *cb, void *aux)
{
    struct sset names = SSET_INITIALIZER(&names);
    const struct chassis *c;

    topology_get_watched_chassis(t, &names);
    if (!sset_is_empty(&names)) {
        HMAP_FOR_EACH (c, node, &t->chassis) {
            if (c->defined && sset_contains(&names, c->config.name)) {
                cb(&c->config, is_candidate(t, c), aux);
            }
        }
    }
    sset_destroy(&names);
}

/* --- What has been chosen ----------------------------------------------- */

void
topology_for_each_candidate(const struct topology *t, topology_candidate_cb *cb, void *aux)
{
    const struct shash_node **nodes = shash_sort(&t->gateways);

    for (size_t i = 0; i < shash_count(&t->gateways); i++) {
        const struct gateways *g = nodes[i]->data;

        for (size_t j = 0; j < g->n; j++) {
            const struct chassis *c = g->chassis[j];
            const struct gateway_candidate candidate = {
                .physical_network = nodes[i]->name,
                .chassis = c->config.name,
                .declared = c->config.gateway,
                .dead = sset_contains(&t->dead, c->config.name),
                .self = chassis_is_self(t, c),
            };

            cb(&candidate, aux);
        }
    }
    free(nodes);
}

void
topology_for_each_forwarded(const struct topology *t, topology_forwarded_cb *cb, void *aux)
{
    const struct router_port *rp;

    HMAP_FOR_EACH (rp, node, &t->router_ports) {
        const struct network *n = rp->network;

        if (n->needed && network_is_active(n) && network_type_is_provider(n->config.type)
            && router_is_enabled(rp->router)) {
            const struct chassis *c = choose(t, rp);
            const struct forwarded_port forwarded = {
                .router_port = rp->config.name,
                .network = n->config.name,
                .physical_network = n->config.physical_network,
                .chassis = c ? c->config.name : NULL,
                .here = t->forwards_outside && chassis_is_self(t, c),
            };

            cb(&forwarded, aux);
        }
    }
}
