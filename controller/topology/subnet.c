/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/subnet.h"

#include "topology/objects.h"
#include "topology/private.h"
#include "util.h"

static struct subnet *
subnet_find(const struct topology *t, const struct uuid *uuid)
{
    struct subnet *s;

    HMAP_FOR_EACH_WITH_HASH (s, node, uuid_hash(uuid), &t->subnets) {
        if (uuid_equals(&s->uuid, uuid)) {
            return s;
        }
    }
    return NULL;
}

static void
subnet_changed(struct topology *t, const struct subnet *s)
{
    struct network *n = network_find(t, &s->config.network);

    if (n) {
        fact_changed(t->engine, &n->subnets_fact);
        advertisements_changed(t, n);
    }
}

void
subnet_destroy(struct topology *t, struct subnet *s)
{
    hmap_remove(&t->subnets, &s->node);
    hmap_remove(&t->subnets_by_network, &s->network_node);
    subnet_changed(t, s);
    subnet_config_destroy(&s->config);
    free(s);
}

void
topology_set_subnet(struct topology *t, const struct uuid *uuid, struct subnet_config *config)
{
    struct subnet *s = subnet_find(t, uuid);

    if (s && config && subnet_config_equal(&s->config, config)) {
        subnet_config_destroy(config);
        memset(config, 0, sizeof *config);
        return;
    }

    /* Subnets change rarely: a changed one is a new one. */
    if (s) {
        subnet_destroy(t, s);
    }
    if (config) {
        s = xmalloc(sizeof *s);
        s->uuid = *uuid;
        s->config = *config;
        memset(config, 0, sizeof *config);
        hmap_insert(&t->subnets, &s->node, uuid_hash(uuid));
        hmap_insert(&t->subnets_by_network, &s->network_node, uuid_hash(&s->config.network));
        subnet_changed(t, s);
    }
}
