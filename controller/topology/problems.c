/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/problems.h"

#include "nb/ip.h"
#include "nb/static-route.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "topology/advertisement.h"
#include "topology/facts.h"
#include "topology/gateway.h"
#include "topology/index.h"
#include "topology/location.h"
#include "topology/objects.h"
#include "topology/private.h"
#include "topology/router.h"
#include "topology/segment.h"
#include "topology/subnet.h"
#include "topology/subjects.h"
#include "util.h"

static void
report_losers(const struct entry *e, topology_problem_cb *cb, void *aux)
{
    const struct claim *winner = CONTAINER_OF(ovs_list_front(&e->claims), struct claim, node);
    const char *winner_name = winner->port          ? winner->port->config.name
                              : winner->router_port ? winner->router_port->config.name
                              : winner->nat         ? winner->nat->config.name
                                                    : "";
    struct ds what = DS_EMPTY_INITIALIZER;
    const struct claim *c;

    e->subject.kind->format(&e->subject, &what);
    LIST_FOR_EACH (c, node, &e->claims) {
        if (c == winner || c->route || c->anycast || c->neighbour
            || (c->router_port && c->router_port == winner->router_port)) {
            continue; /* A router port may have several addresses of a prefix. */
        }

        char *reason = text_format("%.1024s already belongs to %s", ds_cstr(&what), winner_name);
        if (c->nat) {
            cb("nat", c->nat->config.name, &c->nat->uuid, reason, aux);
        } else if (c->port) {
            cb("port", c->port->config.name, &c->port->uuid, reason, aux);
        } else {
            cb("router port", c->router_port->config.name, &c->router_port->uuid, reason, aux);
        }
        free(reason);
    }
    ds_destroy(&what);
}

static bool
has_tunnel_port(const struct topology *t, enum network_type type)
{
    return (t->host.tunnel_ofport[type][UNDERLAY_IPV4]
            || t->host.tunnel_ofport[type][UNDERLAY_IPV6]);
}

/* What keeps this chassis from sending tunnels of 'type' to 'c', or NULL. */
static char *
no_tunnel_to(const struct topology *t, const struct chassis *c, enum network_type type)
{
    const struct in6_addr *ip4 = &c->config.encap_ip[type][UNDERLAY_IPV4];
    const struct in6_addr *ip6 = &c->config.encap_ip[type][UNDERLAY_IPV6];

    if (!ipv6_addr_is_set(ip4) && !ipv6_addr_is_set(ip6)) {
        return text_format("chassis %s has ports of it, but no address for %s tunnels",
                           c->config.name, network_type_to_string(type));
    } else if (has_tunnel_port(t, type)
               && !(ipv6_addr_is_set(ip4) && t->host.tunnel_ofport[type][UNDERLAY_IPV4])
               && !(ipv6_addr_is_set(ip6) && t->host.tunnel_ofport[type][UNDERLAY_IPV6])) {
        bool ipv4 = ipv6_addr_is_set(ip4);

        return text_format("chassis %s has ports of it, but takes %s tunnels over %s only, and "
                           "this chassis sends them over %s only; give one of the two an address "
                           "of the other's family as well (dragonflow-encap-ip)",
                           c->config.name, network_type_to_string(type), ipv4 ? "IPv4" : "IPv6",
                           ipv4 ? "IPv6" : "IPv4");
    }
    return NULL;
}

/* Other chassis that have ports of an overlay network but are out of reach for its tunnels. */
static void
report_members(const struct topology *t, const struct network *n, topology_problem_cb *cb,
               void *aux)
{
    const struct member *m;

    HMAP_FOR_EACH (m, node, &n->members) {
        const struct chassis *c = m->chassis;
        char *reason = c->defined ? no_tunnel_to(t, c, n->config.type) : NULL;

        if (reason) {
            cb("network", n->config.name, &n->uuid, reason, aux);
            free(reason);
        }
    }
}

/* What this chassis itself lacks for the networks that it needs. */
static void
report_host(const struct topology *t, topology_problem_cb *cb, void *aux)
{
    const struct network *n;

    HMAP_FOR_EACH (n, node, &t->networks) {
        enum network_type type = n->config.type;
        char *reason = NULL;

        if (!n->needed || !network_is_active(n)) {
            continue;
        }
        if (network_type_is_overlay(type)) {
            report_members(t, n, cb, aux);
        }
        if (network_type_is_overlay(type) && !has_tunnel_port(t, type)) {
            reason =
                text_format("this chassis has no %s tunnel port", network_type_to_string(type));
        } else if (network_type_is_provider(type)
                   && !shash_find(&t->host.provider_ofports, n->config.physical_network)
                   && (n->local || !network_has_gateways(t, n))) {
            reason = text_format("this chassis has no bridge mapping for physical network %s",
                                 n->config.physical_network);
        }
        if (reason) {
            cb("network", n->config.name, &n->uuid, reason, aux);
            free(reason);
        }
    }
}

static void
report_routes(const struct router *r, topology_problem_cb *cb, void *aux)
{
    const struct route *route;

    ROUTE_FOR_EACH(route, r)
    {
        /* Of others not all ports are known. */
        if (r->needed && route->claiming && !router_egress(NULL, r, &route->value.nexthop)) {
            char *text = static_route_format(&route->value);
            char *reason = text_format(
                "route %s: %s", text,
                address_is_scoped(&route->value.nexthop)
                    ? "a link-local next hop does not say on which of the router's networks it is"
                    : "the next hop is on none of the router's subnets");
            cb("router", r->config.name, &r->uuid, reason, aux);
            free(reason);
            free(text);
        }
    }
}

/* Routes by an address that is nobody's, on a network where all addresses are known. */
static void
report_next_hops(const struct topology *t, const struct router *r, topology_problem_cb *cb,
                 void *aux)
{
    const struct route *route;

    ROUTE_FOR_EACH(route, r)
    {
        const struct in6_addr *nexthop = &route->value.nexthop;
        const struct router_port *egress =
            r->needed && route->claiming ? router_egress(NULL, r, nexthop) : NULL;
        const struct network *n = egress ? egress->network : NULL;

        if (n && network_is_active(n) && !network_type_is_provider(n->config.type)
            && !find_address(t, n, nexthop)) {
            char *text = static_route_format(&route->value);
            char *reason = text_format("route %s: no enabled port or router port on network %s has "
                                       "this next hop, so packets end at the router; put it among "
                                       "the addresses of the port that forwards",
                                       text, n->config.name);
            cb("router", r->config.name, &r->uuid, reason, aux);
            free(reason);
            free(text);
        }
    }
}

/* Networks that claim the segment of one that this chassis needs. */
static void
report_segment(const struct segment *s, topology_problem_cb *cb, void *aux)
{
    const struct network *winner =
        CONTAINER_OF(ovs_list_front(&s->networks), struct network, segment_node);
    const struct network *n;
    bool matters = false;

    /* Of other segments not all networks with ports are known. */
    LIST_FOR_EACH (n, segment_node, &s->networks) {
        matters |= n->needed;
    }
    LIST_FOR_EACH (n, segment_node, &s->networks) {
        if (matters && n != winner) {
            char *reason =
                text_format("its segment already belongs to network %s", winner->config.name);
            cb("network", n->config.name, &n->uuid, reason, aux);
            free(reason);
        }
    }
}

/* A tunnel address that both have for one encapsulation, or NULL. */
static const struct in6_addr *
shared_address(const struct chassis *a, const struct chassis *b)
{
    for (enum network_type type = 0; type < N_ENCAPS; type++) {
        for (enum underlay underlay = 0; underlay < N_UNDERLAYS; underlay++) {
            const struct in6_addr *ip = &a->config.encap_ip[type][underlay];

            if (ipv6_addr_is_set(ip) && ipv6_addr_equals(ip, &b->config.encap_ip[type][underlay])) {
                return ip;
            }
        }
    }
    return NULL;
}

/* Chassis with the tunnel address of this one: packets for one of the two go to the other. */
static void
report_tunnel_address(const struct topology *t, topology_problem_cb *cb, void *aux)
{
    const struct chassis *self = NULL;
    const struct chassis *c;

    HMAP_FOR_EACH (c, node, &t->chassis) {
        if (c->defined && chassis_is_self(t, c)) {
            self = c;
        }
    }
    HMAP_FOR_EACH (c, node, &t->chassis) {
        const struct in6_addr *ip =
            self && c != self && c->defined ? shared_address(self, c) : NULL;

        if (ip) {
            char *address = address_format(ip);
            char *reason = text_format("its tunnel address %s is that of chassis %s, too; each "
                                       "needs one of its own (dragonflow-encap-ip)",
                                       address, c->config.name);

            cb("chassis", self->config.name, &self->uuid, reason, aux);
            free(reason);
            free(address);
        }
    }
}

/* The addresses that the machine of a port makes of what it is told, and that the port does not
 * have: only where it has none of that prefix, as the machine may be set up to make no others. */
static void
report_autoconfiguration(const struct topology *t, const struct port *p, topology_problem_cb *cb,
                         void *aux)
{
    const struct subnet *s;

    SUBNET_FOR_EACH_ON(s, p->network, t)
    {
        const struct ip_prefix *prefix = &s->config.prefix;
        bool has_one = !subnet_is_autonomous(p->network, s);

        for (size_t i = 0; i < p->config.n_addresses; i++) {
            has_one |= prefix_contains(prefix, &p->config.addresses[i]);
        }
        if (!has_one) {
            struct in6_addr ip;

            in6_generate_eui64(p->config.mac, &prefix->address, &ip);
            char *address = address_format(&ip);
            char *reason = text_format("its machine is told to make an address (ra-mode of subnet "
                                       "%s), and the port has none of that subnet: what is sent "
                                       "from there gets no answers; give the port %s",
                                       s->config.name, address);
            cb("port", p->config.name, &p->uuid, reason, aux);
            free(reason);
            free(address);
        }
    }
}

/* An interface that is plugged here. */
static void
report_vif(const struct topology *t, const struct vif *vif, topology_problem_cb *cb, void *aux)
{
    const struct port *p;

    PORT_FOR_EACH_NAMED (p, vif->iface_id, t) {
        char *reason = NULL;

        if (p->place == PLACE_REQUESTED_ELSEWHERE) {
            reason = text_format("it is plugged here, but requested on chassis %s",
                                 p->config.requested_chassis);
        } else if (p->place == PLACE_BOUND_ELSEWHERE && p->chassis->defined) {
            reason =
                text_format("it is plugged here, but chassis %s has it; one iface-id belongs on "
                            "one interface of the cloud",
                            p->chassis->config.name);
        }
        if (reason) {
            cb("port", p->config.name, &p->uuid, reason, aux);
            free(reason);
        }
        if (p->place == PLACE_HERE && network_is_active(p->network)) {
            report_autoconfiguration(t, p, cb, aux);
        }
    }
}

void
topology_native_problems(const struct topology *t, topology_problem_cb *cb, void *aux)
{
    const struct router *r;
    const struct vif *vif;

    HMAP_FOR_EACH (vif, node, &t->vifs) {
        report_vif(t, vif, cb, aux);
    }
    HMAP_FOR_EACH (r, node, &t->routers) {
        report_next_hops(t, r, cb, aux);
    }
}

void
topology_problems(const struct topology *t, topology_problem_cb *cb, void *aux)
{
    const struct entry *e;
    const struct segment *s;
    const struct router *r;

    HMAP_FOR_EACH (e, node, &t->entries) {
        bool needed = (e->subject.kind == &topology_kinds[KIND_PREFIX] ? e->router->needed
                                                                       : e->network->needed);

        /* Of others not all claims are known. */
        if (needed && !ovs_list_is_short(&e->claims)) {
            report_losers(e, cb, aux);
        }
    }
    HMAP_FOR_EACH (s, node, &t->segments) {
        report_segment(s, cb, aux);
    }
    HMAP_FOR_EACH (r, node, &t->routers) {
        report_routes(r, cb, aux);
    }
    report_host(t, cb, aux);
    report_tunnel_address(t, cb, aux);
}
