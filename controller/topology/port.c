/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/port.h"

#include "packets.h"
#include "topology/location.h"
#include "topology/objects.h"
#include "topology/port-claims.h"
#include "topology/private.h"
#include "topology/subjects.h"
#include "util.h"

static bool
port_claims_equal(const struct port_config *a, const struct port_config *b)
{
    return a->enabled == b->enabled && uuid_equals(&a->network, &b->network)
           && eth_addr_equals(a->mac, b->mac) && a->n_addresses == b->n_addresses
           && !memcmp(a->addresses, b->addresses, a->n_addresses * sizeof *a->addresses);
}

/* What is plugged here under the name of 'p' has, or had, a port. */
static void
port_name_changed(struct topology *t, const struct port *p)
{
    t->interest_seqno += vif_find(t, p->config.name) != NULL;
}

void
port_destroy(struct topology *t, struct port *p)
{
    port_name_changed(t, p);
    port_unlocate(t, p);
    port_own_changed(t, p);
    port_unclaim(t, p);
    network_put(t, p->network);
    chassis_put(t, p->chassis);
    fact_destroy(t->engine, &p->fact);
    hmap_remove(&t->ports, &p->node);
    hmap_remove(&t->ports_by_name, &p->name_node);
    port_config_destroy(&p->config);
    free(p);
}

static struct port *
port_create(struct topology *t, const struct uuid *uuid)
{
    struct port *p = xzalloc(sizeof *p);

    p->uuid = *uuid;
    p->local_subject.id = uuid_key(uuid);
    p->local_subject.kind = &topology_kinds[KIND_LOCAL_PORT];
    fact_init(&p->fact);
    hmap_insert(&t->ports, &p->node, uuid_hash(uuid));
    return p;
}

void
topology_set_port(struct topology *t, const struct uuid *uuid, struct port_config *config)
{
    struct port *p = port_find(t, uuid);

    if (!config) {
        if (p) {
            port_destroy(t, p);
        }
        return;
    }
    if (p && port_config_equal(&p->config, config)) {
        port_config_destroy(config);
        memset(config, 0, sizeof *config);
        return;
    }

    /* A change of chassis alone, the most frequent one, touches no claim, and nothing
     * that makes an interface's port interesting. */
    bool keep_claims = p && port_claims_equal(&p->config, config);
    bool keep_interest = (p && uuid_equals(&p->config.network, &config->network)
                          && !strcmp(p->config.name, config->name));
    if (!p) {
        p = port_create(t, uuid);
    } else {
        if (!keep_interest) {
            port_name_changed(t, p);
        }
        if (!keep_claims) {
            port_unlocate(t, p);
            port_unclaim(t, p);
        }
        hmap_remove(&t->ports_by_name, &p->name_node);
    }

    struct network *old_network = p->network;
    struct chassis *old_chassis = p->chassis;
    p->network = network_get(t, &config->network);
    p->chassis = uuid_is_zero(&config->chassis) ? NULL : chassis_get(t, &config->chassis);
    port_config_destroy(&p->config);
    p->config = *config;
    memset(config, 0, sizeof *config);
    hmap_insert(&t->ports_by_name, &p->name_node, hash_string(p->config.name, 0));
    if (!keep_claims) {
        port_claim(t, p);
    } else if (!old_chassis != !p->chassis) {
        port_rank(t, p);
    }
    fact_changed(t->engine, &p->fact);
    port_locate(t, p);
    if (!keep_interest) {
        port_name_changed(t, p);
    }
    network_put(t, old_network);
    chassis_put(t, old_chassis);
}
