/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/facts.h"

#include <stdlib.h>

#include "packets.h"
#include "topology/private.h"
#include "util.h"

/* The facts about translations. */

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

static int
compare_nats(const void *a, const void *b)
{
    const struct nat *const *x = a;
    const struct nat *const *y = b;

    return uuid_compare_3way(&(*x)->uuid, &(*y)->uuid);
}

const struct nat *
router_floating_ip(struct run *run, const struct router *r, const struct in6_addr *logical)
{
    const struct nat **nats = xmalloc((ovs_list_size(&r->nats) + 1) * sizeof *nats);
    const struct nat *found = NULL;
    const struct nat *nat;
    size_t n = 0;

    run_look(run, &r->nats_fact);
    LIST_FOR_EACH (nat, in_router, &r->nats) {
        if (nat->config.type == NAT_DNAT_AND_SNAT
            && ipv6_addr_equals(&nat->config.logical.address, logical)) {
            nats[n++] = nat;
        }
    }
    qsort(nats, n, sizeof *nats, compare_nats);
    for (size_t i = 0; i < n && !found; i++) {
        found = nat_router_port(run, nats[i]) ? nats[i] : NULL;
    }
    free(nats);
    return found;
}
