/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H 1

/* Configs of logical objects, written as tests like to. */

#include <arpa/inet.h>
#include <string.h>

#include "flow.h"
#include "nb/model.h"
#include "openvswitch/ofp-port.h"
#include "packets.h"
#include "topology/topology.h"
#include "util.h"
#include "uuid.h"

/* A UUID that says what it stands for: 'kind' and number. */
static inline struct uuid
make_uuid(unsigned int kind, unsigned int n)
{
    return (struct uuid){.parts = {kind, n * 2654435761u, n * 40503u + kind, n + 1}};
}

enum { U_NETWORK = 1, U_PORT, U_ROUTER, U_ROUTER_PORT, U_CHASSIS, U_STATIC_ROUTE, U_SUBNET, U_NAT };

static inline struct in6_addr
make_ip(unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
    return in6_addr_mapped_ipv4(htonl(a << 24 | b << 16 | c << 8 | d));
}

/* Address 'host' of 2001:db8:0:SUBNET::/64. */
static inline struct in6_addr
make_ip6(unsigned int subnet, unsigned int host)
{
    return (struct in6_addr){
        .s6_addr = {0x20, 0x01, 0x0d, 0xb8, [6] = subnet >> 8, subnet, [14] = host >> 8, host}};
}

static inline struct eth_addr
make_mac(unsigned int kind, unsigned int n)
{
    return (struct eth_addr){.ea = {0x02, kind, n >> 24, n >> 16, n >> 8, n}};
}

static inline struct network_config
make_network(unsigned int n, enum network_type type, uint32_t segment, uint16_t mtu)
{
    return (struct network_config){
        .name = xasprintf("net%u", n),
        .type = type,
        .segmentation_id = type == NETWORK_LOCAL || type == NETWORK_FLAT ? 0 : segment,
        .physical_network = network_type_is_provider(type) ? xstrdup("physnet1") : NULL,
        .mtu = mtu,
    };
}

static inline struct subnet_config
make_subnet(unsigned int n, unsigned int network, struct in6_addr ip, unsigned int length,
            enum address_mode mode)
{
    return (struct subnet_config){
        .name = xasprintf("subnet%u", n),
        .network = make_uuid(U_NETWORK, network),
        .prefix = prefix_make(&ip, length),
        .ra_mode = mode,
    };
}

static inline struct port_config
make_port(unsigned int n, unsigned int network, struct in6_addr ip)
{
    return (struct port_config){
        .name = xasprintf("port%u", n),
        .network = make_uuid(U_NETWORK, network),
        .mac = make_mac(1, n),
        .addresses = xmemdup(&ip, sizeof ip),
        .n_addresses = 1,
        .enabled = true,
    };
}

static inline struct router_config
make_router(unsigned int n)
{
    return (struct router_config){.name = xasprintf("router%u", n), .enabled = true};
}

static inline struct router_port_config
make_router_port(unsigned int n, unsigned int router, unsigned int network, struct in6_addr ip,
                 unsigned int length)
{
    struct interface_address ia = {ip, prefix_make(&ip, length)};

    return (struct router_port_config){
        .name = xasprintf("rp%u", n),
        .router = make_uuid(U_ROUTER, router),
        .network = make_uuid(U_NETWORK, network),
        .mac = make_mac(2, n),
        .addresses = xmemdup(&ia, sizeof ia),
        .n_addresses = 1,
    };
}

static inline struct chassis_config
make_chassis(unsigned int n)
{
    struct chassis_config c = {.name = xasprintf("chassis%u", n)};

    for (int type = 0; type < N_ENCAPS; type++) {
        c.encap_ip[type][UNDERLAY_IPV4] = make_ip(192, 168, n >> 8, n & 255);
    }
    return c;
}

/* A host with all tunnel ports and one provider port. */
static inline void
set_usual_host(struct topology *t)
{
    struct host host;

    host_init(&host);
    for (int type = 0; type < N_ENCAPS; type++) {
        host.tunnel_ofport[type][UNDERLAY_IPV4] = u16_to_ofp(1000 + type);
    }
    host_set_provider(&host, "physnet1", u16_to_ofp(1010));
    topology_set_host(t, &host);
    host_destroy(&host);
}

#endif /* tests/unit/model.h */
