/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/port-claims.h"

#include <stdlib.h>

#include "topology/index.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "util.h"

void
port_unclaim(struct topology *t, struct port *p)
{
    if (p->claiming) {
        unclaim(t, &p->mac_claim);
        for (size_t i = 0; i < p->config.n_addresses; i++) {
            unclaim(t, &p->address_claims[i]);
        }
        free(p->address_claims);
        p->address_claims = NULL;
        p->claiming = false;
    }
}

/* A disabled port has no address: it cannot be reached.  On an external network only local ports
 * are known for certain; others are there as physical hosts are. */
static bool
port_may_claim(const struct port *p)
{
    return p->config.enabled && (!network_is_external(p->network) || p->location == LOCATION_LOCAL);
}

void
port_claim(struct topology *t, struct port *p)
{
    if (!port_may_claim(p)) {
        return;
    }
    p->claiming = true;
    p->mac_claim = (struct claim){.port = p};
    claim_mac(t, p->network, p->config.mac, &p->mac_claim);
    p->address_claims = xcalloc(p->config.n_addresses, sizeof *p->address_claims);
    for (size_t i = 0; i < p->config.n_addresses; i++) {
        p->address_claims[i].port = p;
        claim_address(t, p->network, &p->config.addresses[i], &p->address_claims[i]);
    }
}

void
port_rank(struct topology *t, struct port *p)
{
    if (p->claiming) {
        claim_rank(t, &p->mac_claim);
        for (size_t i = 0; i < p->config.n_addresses; i++) {
            claim_rank(t, &p->address_claims[i]);
        }
    }
}

void
port_reclaim(struct topology *t, struct port *p)
{
    if (p->claiming != port_may_claim(p)) {
        port_unclaim(t, p);
        port_claim(t, p);
    }
}

void
ports_reclaim(struct topology *t, struct network *n)
{
    struct port *p;

    HMAP_FOR_EACH (p, node, &t->ports) {
        if (p->network == n) {
            port_reclaim(t, p);
        }
    }
}
