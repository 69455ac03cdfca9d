/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/gateway-problems.h"

#include "nb/ip.h"
#include "nb/text.h"
#include "packets.h"
#include "topology/index.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/router.h"
#include "topology/segment.h"
#include "util.h"

static void
report_declaration(const struct topology *t, topology_problem_cb *cb, void *aux)
{
    const struct chassis *c;

    HMAP_FOR_EACH (c, node, &t->chassis) {
        if (c->defined && chassis_is_self(t, c) && c->config.gateway
            && !c->config.n_physical_networks) {
            cb("chassis", c->config.name, &c->uuid,
               "it is declared a gateway (dragonflow-gateway), but is connected to no physical "
               "network (dragonflow-bridge-mappings)",
               aux);
        }
    }
}

static bool
has_address(const struct router_port *rp, const struct in6_addr *ip)
{
    for (size_t i = 0; i < rp->config.n_addresses; i++) {
        if (ipv6_addr_equals(&rp->config.addresses[i].address, ip)) {
            return true;
        }
    }
    return false;
}

/* The network of the router on which all addresses are known, and the logical address of a floating
 * IP should be, but is not; NULL if there is none. */
static const struct network *
network_without_machine(const struct topology *t, const struct nat *nat)
{
    const struct in6_addr *logical = &nat->config.logical.address;
    const struct router_port *rp = router_egress(NULL, nat->router, logical);
    const struct network *n = rp ? rp->network : NULL;
    bool known = n && network_is_active(n) && !network_type_is_provider(n->config.type);

    return known && !find_address(t, n, logical) ? n : NULL;
}

/* Why the translation is not in force, or will get no answers; NULL if neither is so.  An address
 * that belongs to another object is reported with its entry. */
static char *
nat_problem(const struct topology *t, const struct nat *nat)
{
    const struct nat_config *config = &nat->config;
    char *address = address_format(&config->external_ip);
    char *reason = NULL;

    if (!nat->port) {
        reason = text_format("router %s has no port on an external network with %s on its subnet",
                             nat->router->config.name, address);
    } else if (config->type == NAT_SNAT && !has_address(nat->port, &config->external_ip)) {
        reason = text_format("%s is no address of router port %s: nothing answers for it", address,
                             nat->port->config.name);
    } else if (config->type == NAT_DNAT_AND_SNAT && network_without_machine(t, nat)) {
        char *logical = address_format(&config->logical.address);
        reason = text_format("no enabled port on network %s has %s, so nobody answers at %s",
                             network_without_machine(t, nat)->config.name, logical, address);
        free(logical);
    }
    free(address);
    return reason;
}

/* Of routers that packets of this chassis do not get to, not all ports are known. */
static void
report_nats(const struct topology *t, topology_problem_cb *cb, void *aux)
{
    const struct nat *nat;

    HMAP_FOR_EACH (nat, node, &t->nats) {
        char *reason =
            nat->router->needed && router_is_enabled(nat->router) ? nat_problem(t, nat) : NULL;

        if (reason) {
            cb("nat", nat->config.name, &nat->uuid, reason, aux);
            free(reason);
        }
    }
}

void
topology_gateway_problems(const struct topology *t, topology_problem_cb *cb, void *aux)
{
    report_declaration(t, cb, aux);
    report_nats(t, cb, aux);
}
