/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/nat-logical.h"

#include "hash.h"
#include "topology/private.h"

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

void
nat_logical_add(struct topology *t, struct nat *nat)
{
    fact_init(&nat->logical_fact);
    hmap_insert(&t->nats_by_logical, &nat->logical_node,
                hash_address(&nat->config.logical.address));
}

void
nat_logical_remove(struct topology *t, struct nat *nat)
{
    hmap_remove(&t->nats_by_logical, &nat->logical_node);
    nats_logical_changed(t, &nat->config.logical.address);
    fact_destroy(t->engine, &nat->logical_fact);
}
