/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H 1

/* A small world, so that objects collide, refer to absent ones, come and go.  Networks are
 * IPv4, IPv6 or both, and so are routes.
 *
 * Its inputs are numbered: the rows of the NB database (those before N_ROWS), then what
 * this chassis has.  Each input's value follows from a seed of its own; 0 means that
 * it is absent. */

#include <stdint.h>

#include "model.h"
#include "topology/topology.h"

enum {
    N_NETS = 6,
    N_SUBNETS = 10,
    N_PORTS = 24,
    N_ROUTERS = 4,
    N_RPS = 10,
    N_ROUTES = 8,
    N_NATS = 8,
    N_CHASSIS = 4,
    N_NEIGHBOURS = 24,
    N_VIFS = N_PORTS
};
enum { N_VLANS = N_NETS }; /* By which the stock agent knows networks. */
enum { N_ROWS = N_NETS + N_SUBNETS + N_PORTS + N_ROUTERS + N_RPS + N_ROUTES + N_NATS + N_CHASSIS };
enum { N_ZONES = N_ROUTERS };
enum { N_INPUTS = N_ROWS + N_VIFS + N_VLANS + N_CHASSIS + N_NEIGHBOURS + N_ZONES + 2 };

struct world {
    uint32_t seeds[N_INPUTS];
};

/* A small generator of its own for each input. */
static inline uint32_t
draw(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static inline struct in6_addr
draw_ip(uint32_t *s, bool v6)
{
    unsigned int subnet = 1 + draw(s, 4);
    unsigned int host = 1 + draw(s, 6);

    return v6 ? make_ip6(subnet, host) : make_ip(10, 0, subnet, host);
}

/* One that every network may have. */
static inline struct in6_addr
draw_link_local(uint32_t *s)
{
    struct in6_addr ip = {.s6_addr = {0xfe, 0x80, [15] = 1 + draw(s, 3)}};

    return ip;
}

/* A prefix that a router may be connected to, or all of a family. */
static inline struct ip_prefix
draw_prefix(uint32_t *s, bool v6)
{
    unsigned int subnet = 1 + draw(s, 6);
    struct in6_addr ip = v6 ? make_ip6(subnet, 0) : make_ip(10, 0, subnet, 0);
    unsigned int length = !draw(s, 8) ? 0 : v6 ? 64 : 24;

    return prefix_make(&ip, length);
}

static inline struct static_route
draw_route(uint32_t *s)
{
    bool v6 = draw(s, 2);
    struct ip_prefix prefix = draw_prefix(s, v6);
    struct in6_addr nexthop = v6 && !draw(s, 8) ? draw_link_local(s) : draw_ip(s, v6);

    return (struct static_route){.prefix = prefix, .nexthop = nexthop};
}

static inline int
compare_ips(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct in6_addr));
}

static inline struct network_config
draw_network(unsigned int n, uint32_t s)
{
    enum network_type type = draw(&s, 6);
    uint32_t segment = 1 + draw(&s, 4);

    struct network_config c = make_network(n, type, segment, draw(&s, 3) ? 1500 : 1400);

    c.external = network_type_is_provider(type) && draw(&s, 2);
    return c;
}

/* One that router ports may have addresses in. */
static inline struct subnet_config
draw_subnet(unsigned int n, uint32_t s)
{
    unsigned int network = draw(&s, N_NETS), subnet = 1 + draw(&s, 4);
    enum address_mode mode = draw(&s, 4);

    if (!draw(&s, 4)) {
        return make_subnet(n, network, make_ip(10, 0, subnet, 0), 24, ADDRESS_MODE_NONE);
    }
    return make_subnet(n, network, make_ip6(subnet, 0), 64, mode);
}

static inline struct port_config
draw_port(unsigned int n, uint32_t s)
{
    unsigned int network = draw(&s, N_NETS);
    bool v6 = draw(&s, 2);
    struct port_config c = make_port(n, network, draw_ip(&s, v6));

    if (!draw(&s, 8)) {
        c.mac = make_mac(1, draw(&s, N_PORTS)); /* Perhaps also another port's. */
    }
    uint32_t more = draw(&s, 6);
    if (more < 4) {
        c.addresses = xrealloc(c.addresses, 2 * sizeof *c.addresses);
        c.addresses[1] = (more < 2    ? draw_ip(&s, !v6)
                          : more == 2 ? make_ip(10, 0, 9, n + 1)
                                      : draw_link_local(&s));
        c.n_addresses = 2;
        qsort(c.addresses, 2, sizeof *c.addresses, compare_ips);
    }
    c.enabled = draw(&s, 8) != 0;
    if (draw(&s, 3)) {
        c.chassis = make_uuid(U_CHASSIS, draw(&s, N_CHASSIS));
    }
    if (!draw(&s, 4)) {
        c.requested_chassis = xasprintf("chassis%u", draw(&s, N_CHASSIS));
    }
    return c;
}

static inline struct router_config
draw_router(unsigned int n, uint32_t s)
{
    struct router_config c = make_router(n);

    c.enabled = draw(&s, 6) != 0;
    c.n_routes = draw(&s, 5);
    c.routes = xcalloc(c.n_routes + 1, sizeof *c.routes);
    for (size_t i = 0; i < c.n_routes; i++) {
        c.routes[i] = draw_route(&s);
    }
    qsort(c.routes, c.n_routes, sizeof *c.routes, static_route_compare);
    for (size_t i = 1; i < c.n_routes;) {
        if (!static_route_compare(&c.routes[i - 1], &c.routes[i])) {
            memmove(&c.routes[i], &c.routes[i + 1], (c.n_routes - i - 1) * sizeof *c.routes);
            c.n_routes--;
        } else {
            i++;
        }
    }
    return c;
}

static inline struct router_port_config
draw_router_port(unsigned int n, uint32_t s)
{
    unsigned int router = draw(&s, N_ROUTERS);
    unsigned int network = draw(&s, N_NETS);
    bool v6 = draw(&s, 2);
    struct in6_addr ip = draw_ip(&s, v6);
    unsigned int length = (v6 ? 62 : 22) + draw(&s, 4);
    struct router_port_config c = make_router_port(n, router, network, ip, length);

    uint32_t more = draw(&s, 4);
    if (more < 3) {
        struct in6_addr second = more ? draw_ip(&s, !v6) : draw_link_local(&s);

        length = !more ? 64 : v6 ? 24 : 64;
        c.addresses = xrealloc(c.addresses, 2 * sizeof *c.addresses);
        c.addresses[1].address = second;
        c.addresses[1].prefix = prefix_make(&second, length);
        c.n_addresses = 2;
        qsort(c.addresses, 2, sizeof *c.addresses, interface_address_compare);
    }
    return c;
}

/* Perhaps one that another row or the router itself has, too. */
static inline struct static_route_config
draw_static_route(unsigned int n OVS_UNUSED, uint32_t s)
{
    unsigned int router = draw(&s, N_ROUTERS);

    return (struct static_route_config){
        .router = make_uuid(U_ROUTER, router),
        .route = draw_route(&s),
    };
}

static inline struct in6_addr
make_tunnel_ip6(unsigned int n, unsigned int other)
{
    return (struct in6_addr){.s6_addr = {0xfd, [13] = other, [14] = n >> 8, [15] = n}};
}

static inline struct chassis_config
draw_chassis(unsigned int n, uint32_t s)
{
    struct chassis_config c = make_chassis(n);

    c.encap_ip[draw(&s, N_ENCAPS)][UNDERLAY_IPV4] =
        draw(&s, 2) ? in6addr_any : make_ip(192, 168, 9, n);
    for (int type = 0; type < N_ENCAPS; type++) {
        if (draw(&s, 2)) {
            c.encap_ip[type][UNDERLAY_IPV6] = make_tunnel_ip6(n, draw(&s, 4) == 0);
        }
    }
    if (draw(&s, 2)) {
        c.physical_networks = xmalloc(sizeof *c.physical_networks);
        c.physical_networks[0] = xstrdup("physnet1");
        c.n_physical_networks = 1;
    }
    c.gateway = !draw(&s, 4);
    return c;
}

/* Of one of the routers, perhaps for a port's address, perhaps with a router port's. */
static inline struct nat_config
draw_nat(unsigned int n, uint32_t s)
{
    struct in6_addr logical = draw_ip(&s, false);
    struct nat_config c = {
        .name = xasprintf("nat%u", n),
        .router = make_uuid(U_ROUTER, draw(&s, N_ROUTERS)),
        .type = draw(&s, 3) ? NAT_DNAT_AND_SNAT : NAT_SNAT,
        .external_ip = draw_ip(&s, false),
    };

    c.logical = prefix_make(&logical, c.type == NAT_SNAT ? draw(&s, 2) * 24 : 32);
    if (c.type == NAT_DNAT_AND_SNAT && !draw(&s, 3)) {
        c.external_mac = make_mac(3, draw(&s, 2));
    }
    return c;
}

static inline void
put_host(struct topology *t, uint32_t s)
{
    struct host host;

    host_init(&host);
    for (int i = 0; s && i < N_ENCAPS; i++) {
        for (int u = 0; u < N_UNDERLAYS; u++) {
            host.tunnel_ofport[i][u] =
                u16_to_ofp(draw(&s, 4) ? 100 + draw(&s, 3) * 10 + i * 3 + u : 0);
        }
    }
    if (s && draw(&s, 4)) {
        host_set_provider(&host, "physnet1", u16_to_ofp(90 + draw(&s, 2)));
    }
    host.reinject_ofport = u16_to_ofp(s && draw(&s, 5) ? 80 : 0);
    topology_set_host(t, &host);
    host_destroy(&host);
}

/* An address that a port or a router may have as well, or nobody. */
static inline void
put_neighbour(struct topology *t, unsigned int n, uint32_t s)
{
    struct uuid network = make_uuid(U_NETWORK, n % N_NETS);
    unsigned int subnet = 1 + n % 4, host = 1 + n / N_NETS;
    struct in6_addr ip = n % 3 ? make_ip(10, 0, subnet, host) : make_ip6(subnet, host);

    topology_set_neighbour(t, &network, &ip, s ? make_mac(4, draw(&s, 2)) : eth_addr_zero);
}

/* Tells 't' what input 'i' is; with a seed of 0, that it is not. */
static inline void
put_input(struct topology *t, unsigned int i, uint32_t seed)
{
#define SET(KIND, N, TABLE)                                                                        \
    if (i < (N)) {                                                                                 \
        struct uuid uuid = make_uuid(KIND, i);                                                     \
        if (seed) {                                                                                \
            struct TABLE##_config c = draw_##TABLE(i, seed);                                       \
            topology_set_##TABLE(t, &uuid, &c);                                                    \
        } else {                                                                                   \
            topology_set_##TABLE(t, &uuid, NULL);                                                  \
        }                                                                                          \
        return;                                                                                    \
    }                                                                                              \
    i -= (N)
    SET(U_NETWORK, N_NETS, network);
    SET(U_SUBNET, N_SUBNETS, subnet);
    SET(U_PORT, N_PORTS, port);
    SET(U_ROUTER, N_ROUTERS, router);
    SET(U_ROUTER_PORT, N_RPS, router_port);
    SET(U_STATIC_ROUTE, N_ROUTES, static_route);
    SET(U_NAT, N_NATS, nat);
    SET(U_CHASSIS, N_CHASSIS, chassis);
#undef SET

    if (i < N_VIFS) {
        char *name = xasprintf("port%u", i);
        topology_set_vif(t, name, u16_to_ofp(seed ? 1 + i * 4 + draw(&seed, 4) : 0),
                         seed && draw(&seed, 2));
        free(name);
    } else if (i < N_VIFS + N_VLANS) {
        char *name = xasprintf("net%u", i - N_VIFS);
        topology_set_local_vlan(t, name, seed ? 1 + draw(&seed, 3) : 0);
        free(name);
    } else if (i < N_VIFS + N_VLANS + N_CHASSIS) {
        char *name = xasprintf("chassis%u", i - N_VIFS - N_VLANS);
        topology_set_dead(t, name, seed && !draw(&seed, 3));
        free(name);
    } else if (i < N_VIFS + N_VLANS + N_CHASSIS + N_NEIGHBOURS) {
        put_neighbour(t, i - N_VIFS - N_VLANS - N_CHASSIS, seed);
    } else if (i < N_VIFS + N_VLANS + N_CHASSIS + N_NEIGHBOURS + N_ZONES) {
        struct uuid uuid = make_uuid(U_ROUTER, i - N_VIFS - N_VLANS - N_CHASSIS - N_NEIGHBOURS);

        topology_set_zone(t, &uuid, seed ? 1 + draw(&seed, 100) : 0);
    } else if (i == N_VIFS + N_VLANS + N_CHASSIS + N_NEIGHBOURS + N_ZONES) {
        put_host(t, seed);
    } else {
        topology_set_self(t, seed && draw(&seed, 20) ? "chassis0" : NULL);
    }
}

#endif /* tests/unit/world.h */
