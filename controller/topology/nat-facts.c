/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/facts.h"

#include <stdlib.h>

#include "packets.h"
#include "topology/index.h"
#include "topology/nat.h"
#include "topology/private.h"
#include "topology/router.h"
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

/* The port of the machine that has the logical address, on the network of the router that the
 * address is in; NULL if none is known. */
static const struct port *
nat_machine(struct run *run, const struct nat *nat)
{
    const struct topology *t = run_aux(run);
    const struct in6_addr *logical = &nat->config.logical.address;
    const struct router_port *rp = nat_inside(run, nat);
    const struct claim *c = rp ? find_address(t, rp->network, logical) : NULL;

    run_look(run, &nat->logical_fact);
    if (!c) {
        return NULL;
    }
    run_look(run, &c->entry->fact);
    return c->port;
}

const struct router_port *
nat_inside(struct run *run, const struct nat *nat)
{
    const struct router_port *rp = router_egress(run, nat->router, &nat->config.logical.address);

    run_look(run, &nat->fact);
    return rp && rp != nat->port ? rp : NULL;
}

bool
nat_is_routed(struct run *run, const struct nat *nat)
{
    const struct router_port *rp = nat_router_port(run, nat);

    return rp && !nat_is_on_link(nat);
}

enum nat_place
nat_place(struct run *run, const struct nat *nat)
{
    const struct router_port *rp = nat_router_port(run, nat);

    if (!rp || !host_forwards_outside(run)) {
        return NAT_NOWHERE;
    }

    const struct network_config *network = network_look(run, rp->network);
    bool connected = network && host_provider_ofport(run, network->physical_network);
    const struct port *machine = NULL;

    if (nat->config.type == NAT_DNAT_AND_SNAT && nat_is_on_link(nat)) {
        machine = nat_machine(run, nat);
    }
    if (machine && network) {
        const struct chassis *chassis;
        ofp_port_t ofport;

        switch (port_location(run, machine, &ofport, &chassis)) {
        case LOCATION_LOCAL:
            if (connected) {
                return NAT_HERE;
            }
            break;
        case LOCATION_REMOTE:
            if (chassis_has_physnet(run, chassis, network->physical_network)) {
                return NAT_ELSEWHERE;
            }
            break;
        case LOCATION_NONE:
        default:
            break;
        }
    }
    return connected && router_port_gateway_is_here(run, rp) ? NAT_HERE : NAT_AT_GATEWAY;
}

bool
nat_machine_is_here(struct run *run, const struct nat *nat)
{
    const struct port *machine = nat_router_port(run, nat) ? nat_machine(run, nat) : NULL;
    const struct chassis *chassis;
    ofp_port_t ofport;

    return machine && port_location(run, machine, &ofport, &chassis) == LOCATION_LOCAL;
}

bool
nat_is_of_source(struct run *run, const struct nat *nat)
{
    const struct router_port *rp = nat_router_port(run, nat);
    const struct topology *t = run_aux(run);
    const struct nat *other;

    run_look(run, &nat->logical_fact);
    if (!rp) {
        return false;
    }
    HMAP_FOR_EACH_WITH_HASH (other, logical_node, nat->logical_node.hash, &t->nats_by_logical) {
        if (other->router == nat->router && other->config.type == nat->config.type
            && other->config.logical.plen == nat->config.logical.plen
            && ipv6_addr_equals(&other->config.logical.address, &nat->config.logical.address)
            && uuid_compare_3way(&other->uuid, &nat->uuid) < 0
            && nat_router_port(run, other) == rp) {
            return false;
        }
    }
    return true;
}

static int
compare_nats(const void *a, const void *b)
{
    const struct nat *const *x = a;
    const struct nat *const *y = b;

    return uuid_compare_3way(&(*x)->uuid, &(*y)->uuid);
}

uint16_t
router_zone(struct run *run, const struct router *r)
{
    run_look(run, &r->zone_fact);
    return r->zone;
}

uint16_t
router_zone_fragments_in(struct run *run, const struct router *r)
{
    uint16_t zone = router_zone(run, r);

    return zone ? zone + ZONE_FRAGMENTS_IN : 0;
}

uint16_t
router_zone_fragments_out(struct run *run, const struct router *r)
{
    uint16_t zone = router_zone(run, r);

    return zone ? zone + ZONE_FRAGMENTS_OUT : 0;
}

const struct nat **
router_snats(struct run *run, const struct router *r, size_t *count)
{
    const struct nat **nats = xmalloc((ovs_list_size(&r->nats) + 1) * sizeof *nats);
    const struct nat *nat;

    run_look(run, &r->snats_fact);
    *count = 0;
    LIST_FOR_EACH (nat, in_router, &r->nats) {
        if (nat->config.type == NAT_SNAT && nat_router_port(run, nat)) {
            nats[(*count)++] = nat;
        }
    }
    qsort(nats, *count, sizeof *nats, compare_nats);
    return nats;
}
