/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/outside.h"

#include "packets.h"
#include "topology/gateway.h"
#include "topology/index.h"
#include "topology/nat.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/router.h"
#include "topology/segment.h"

static bool
is_best(const struct claim *c)
{
    return c->entry && ovs_list_front(&c->entry->claims) == &c->node;
}

static void
tell(const struct network *n, const struct claim *c, bool router, topology_outside_cb *cb,
     void *aux)
{
    const struct outside_address address = {
        .network_key = uuid_key(&n->uuid),
        .ip = c->entry->key.ip,
        .mac = claim_holder_mac(c),
        .router = router,
    };

    cb(&address, aux);
}

/* An address that several routers share is none's to announce. */
static void
visit_router_port(const struct router_port *rp, topology_outside_cb *cb, void *aux)
{
    for (size_t i = 0; i < rp->config.n_addresses; i++) {
        if (is_best(&rp->address_claims[i])) {
            tell(rp->network, &rp->address_claims[i], true, cb, aux);
        }
    }
    if (is_best(&rp->link_local_claim)) {
        tell(rp->network, &rp->link_local_claim, true, cb, aux);
    }
}

/* The port with the translation's inner address, or NULL. */
static const struct port *
find_machine(const struct topology *t, const struct nat *nat)
{
    const struct in6_addr *logical = &nat->config.logical.address;
    const struct router_port *rp = router_egress(NULL, nat->router, logical);
    const struct claim *c = rp && rp != nat->port ? find_address(t, rp->network, logical) : NULL;

    return c ? c->port : NULL;
}

static bool
floating_ip_is_here(const struct topology *t, const struct nat *nat)
{
    const char *physnet = nat->network->config.physical_network;
    const struct port *machine = find_machine(t, nat);

    if (machine && machine->location == LOCATION_LOCAL
        && shash_find(&t->host.provider_ofports, physnet)) {
        return true;
    }
    if (machine && machine->remote
        && chassis_config_has_physical_network(&machine->remote->config, physnet)) {
        return false;
    }
    return router_port_forwards_here(t, nat->port);
}

static bool
is_provider(const struct network *n)
{
    return network_is_active(n) && n->needed && network_type_is_provider(n->config.type);
}

void
topology_for_each_outside_address(const struct topology *t, topology_outside_cb *cb, void *aux)
{
    const struct router_port *rp;
    const struct nat *nat;

    if (!t->forwards_outside) {
        return;
    }
    HMAP_FOR_EACH (rp, node, &t->router_ports) {
        if (rp->claiming && is_provider(rp->network) && router_port_forwards_here(t, rp)) {
            visit_router_port(rp, cb, aux);
        }
    }
    HMAP_FOR_EACH (nat, node, &t->nats) {
        if (nat->config.type == NAT_DNAT_AND_SNAT && nat->port && is_provider(nat->network)
            && nat_is_on_link(nat) && is_best(&nat->address_claim) && is_best(&nat->mac_claim)
            && floating_ip_is_here(t, nat)) {
            tell(nat->network, &nat->address_claim, false, cb, aux);
        }
    }
}
