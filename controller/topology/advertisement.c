/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/advertisement.h"

#include "nb/advertisement.h"
#include "packets.h"
#include "topology/facts.h"
#include "topology/index.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/segment.h"
#include "topology/subnet.h"
#include "util.h"

static void
look(struct run *run, const struct fact *fact)
{
    if (run) {
        run_look(run, fact);
    }
}

/* Whether 'rp' has an address in 'prefix' that is its own. */
static bool
has_address_in(struct run *run, const struct router_port *rp, const struct ip_prefix *prefix)
{
    for (size_t i = 0; rp->claiming && i < rp->config.n_addresses; i++) {
        const struct claim *c = &rp->address_claims[i];

        if (prefix_contains(prefix, &rp->config.addresses[i].address)) {
            look(run, &c->entry->fact);
            if (ovs_list_front(&c->entry->claims) == &c->node) {
                return true;
            }
        }
    }
    return false;
}

static bool
advertises(struct run *run, const struct router_port *rp, const struct subnet *s)
{
    return s->config.ra_mode != ADDRESS_MODE_NONE && has_address_in(run, rp, &s->config.prefix);
}

bool
network_advertises(struct run *run, const struct network *n)
{
    const struct topology *t = run_aux(run);
    const struct router_port *rp;
    const struct subnet *s;

    run_look(run, &n->fact);
    run_look(run, &n->subnets_fact);
    run_look(run, &n->router_ports_fact);
    if (!network_is_active(n)) {
        return false;
    }
    LIST_FOR_EACH (rp, in_network, &n->router_ports) {
        SUBNET_FOR_EACH_ON(s, n, t)
        {
            if (advertises(run, rp, s)) {
                return true;
            }
        }
    }
    return false;
}

bool
subnet_is_autonomous(const struct network *n, const struct subnet *s)
{
    const struct router_port *rp;
    struct in6_addr source;

    if (s->config.ra_mode != ADDRESS_MODE_SLAAC && s->config.ra_mode != ADDRESS_MODE_STATELESS) {
        return false;
    }
    LIST_FOR_EACH (rp, in_network, &n->router_ports) {
        if (rp->claiming && router_port_config_link_local(&rp->config, &source)
            && advertises(NULL, rp, s)) {
            return true;
        }
    }
    return false;
}

/* --- What is said ------------------------------------------------------- */

/* Initializes '*a' to what 'rp' advertises on 'n'.  Returns false if that is nothing. */
static bool
advertisement_init(const struct topology *t, const struct network *n, const struct router_port *rp,
                   struct advertisement *a)
{
    const struct subnet *s;

    *a = (struct advertisement){
        .mac = rp->config.mac,
        .preference = rp->config.preference,
        .mtu = n->config.mtu,
    };
    if (!rp->claiming || !router_port_config_link_local(&rp->config, &a->source)
        || find_address(t, n, &a->source)->router_port != rp) {
        return false; /* The router is disabled, or another router port has this address. */
    }
    SUBNET_FOR_EACH_ON(s, n, t)
    {
        if (advertises(NULL, rp, s)) {
            advertisement_add_subnet(a, &s->config);
        }
    }
    if (!a->n_prefixes) {
        return false;
    }
    a->name = xstrdup(rp->config.name);
    return true;
}

static void
report(const struct topology *t, const struct uuid *uuid, const struct network *n,
       topology_advertised_cb *cb, void *aux)
{
    struct advertised_network an = {.uuid = *uuid, .key = uuid_key(uuid)};
    struct advertisement *all = NULL;
    size_t allocated = 0;

    if (n && network_is_active(n)) {
        const struct router_port *rp;

        an.local = n->local;
        an.provider = network_type_is_provider(n->config.type);
        LIST_FOR_EACH (rp, in_network, &n->router_ports) {
            if (an.n >= allocated) {
                all = x2nrealloc(all, &allocated, sizeof *all);
            }
            an.n += advertisement_init(t, n, rp, &all[an.n]);
        }
    }
    an.advertisements = all;
    cb(&an, aux);
    for (size_t i = 0; i < an.n; i++) {
        advertisement_destroy(&all[i]);
    }
    free(all);
}

void
topology_for_each_changed_advertised(struct topology *t, topology_advertised_cb *cb, void *aux)
{
    for (size_t i = 0; i < t->advertisements_changed.n; i++) {
        const struct uuid *uuid = &t->advertisements_changed.uuids[i];
        struct network *n = network_find(t, uuid);

        if (n) {
            n->advertisements_changed = false;
        }
        report(t, uuid, n, cb, aux);
    }
    t->advertisements_changed.n = 0;
}
