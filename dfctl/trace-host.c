/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/trace-host.h"

#include <stdlib.h>
#include <string.h>

#include "nb/dragonflow-idl.h"
#include "nb/ip.h"
#include "nb/mac.h"
#include "nb/parse.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

/* The length of the link-local prefix on a network (RFC 4291 2.5.6). */
#define LINK_LOCAL_LENGTH 64

/* A longer prefix of IPv6 has no subnet-router anycast address. */
#define ANYCAST_MAX_LENGTH 126

/* The prefix that 'network' has, by its subnets and the router ports on it, that
 * contains 'address'; the longest one.  Returns false if there is none. */
static bool
find_prefix(const struct ovsdb_idl *idl, const struct nbrec_network *network,
            const struct in6_addr *address, struct ip_prefix *prefix)
{
    bool found = address_is_scoped(address);
    if (found) {
        *prefix = prefix_make(address, LINK_LOCAL_LENGTH);
    }

    const struct nbrec_subnet *subnet;
    NBREC_SUBNET_FOR_EACH (subnet, idl) {
        struct ip_prefix p;
        char *error = prefix_parse(subnet->cidr, &p);
        if (!error && subnet->network == network && prefix_contains(&p, address)
            && (!found || p.plen > prefix->plen)) {
            *prefix = p;
            found = true;
        }
        free(error);
    }
    const struct nbrec_router_port *port;
    NBREC_ROUTER_PORT_FOR_EACH (port, idl) {
        for (size_t i = 0; port->network == network && i < port->n_addresses; i++) {
            struct interface_address ia;
            char *error = interface_address_parse(port->addresses[i], &ia);
            if (!error && prefix_contains(&ia.prefix, address)
                && (!found || ia.prefix.plen > prefix->plen)) {
                *prefix = ia.prefix;
                found = true;
            }
            free(error);
        }
    }
    return found;
}

/* Whether 'address' is the first one of a prefix of IPv6, which all routers on it have (RFC 4291
 * 2.6.1); prefixes of 127 and 128 bits have none such (RFC 6164 section 5.1). */
static bool
is_anycast(const struct in6_addr *address, const struct ip_prefix *prefix)
{
    return (!address_is_ipv4(address) && !address_is_scoped(address)
            && prefix_length(prefix) <= ANYCAST_MAX_LENGTH
            && ipv6_addr_equals(address, &prefix->address));
}

static bool
router_port_has(const struct router_port_config *c, const struct in6_addr *address)
{
    struct in6_addr link_local;

    for (size_t i = 0; i < c->n_addresses; i++) {
        if (ipv6_addr_equals(&c->addresses[i].address, address)
            || is_anycast(address, &c->addresses[i].prefix)) {
            return true;
        }
    }
    return router_port_config_link_local(c, &link_local) && ipv6_addr_equals(&link_local, address);
}

/* The link-local address that a stack makes of the MAC address counts as well, though it
 * is not in the database. */
static bool
port_has(const struct port_config *c, const struct in6_addr *address)
{
    struct in6_addr link_local;

    for (size_t i = 0; i < c->n_addresses; i++) {
        if (ipv6_addr_equals(&c->addresses[i], address)) {
            return true;
        }
    }
    in6_generate_lla(c->mac, &link_local);
    return ipv6_addr_equals(&link_local, address);
}

/* The MAC address of the port or router port of 'network' that has 'address'. */
static bool
find_owner(const struct ovsdb_idl *idl, const struct nbrec_network *network,
           const struct in6_addr *address, struct eth_addr *mac)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    bool found = false;

    const struct nbrec_router_port *router_port;
    NBREC_ROUTER_PORT_FOR_EACH (router_port, idl) {
        struct router_port_config c;
        if (!found && router_port->network == network
            && nb_parse_router_port(router_port, &c, &problems)) {
            found = router_port_has(&c, address);
            *mac = c.mac;
            router_port_config_destroy(&c);
        }
    }
    const struct nbrec_port *port;
    NBREC_PORT_FOR_EACH (port, idl) {
        struct port_config c;
        if (!found && port->network == network && nb_parse_port(port, &c, &problems)) {
            found = port_has(&c, address);
            *mac = c.mac;
            port_config_destroy(&c);
        }
    }
    svec_destroy(&problems);
    return found;
}

/* The MAC address of the gateway that a host with 'address' on 'network' uses: that of its
 * subnet, or else the first router port, by name, on its prefix. */
static bool
find_gateway(const struct ovsdb_idl *idl, const struct nbrec_network *network,
             const struct in6_addr *address, struct eth_addr *mac)
{
    const struct nbrec_subnet *subnet;
    NBREC_SUBNET_FOR_EACH (subnet, idl) {
        struct ip_prefix p;
        struct in6_addr gateway;
        char *error = prefix_parse(subnet->cidr, &p);
        if (!error && subnet->network == network && subnet->gateway_ip
            && prefix_contains(&p, address)) {
            error = address_parse(subnet->gateway_ip, &gateway);
            if (!error && find_owner(idl, network, &gateway, mac)) {
                return true;
            }
        }
        free(error);
    }

    const char *best = NULL;
    const struct nbrec_router_port *port;
    NBREC_ROUTER_PORT_FOR_EACH (port, idl) {
        for (size_t i = 0; port->network == network && i < port->n_addresses; i++) {
            struct interface_address ia;
            struct eth_addr port_mac;
            char *error = interface_address_parse(port->addresses[i], &ia);
            if (!error && prefix_contains(&ia.prefix, address)
                && (!best || strcmp(port->name, best) < 0)) {
                error = mac_parse(port->mac, &port_mac);
                if (!error) {
                    best = port->name;
                    *mac = port_mac;
                }
            }
            free(error);
        }
    }
    return best;
}

/* The MAC address of an IP multicast group (RFC 1112 section 6.4, RFC 2464 section 7). */
static struct eth_addr
multicast_mac(const struct in6_addr *group)
{
    const uint8_t *last = &group->s6_addr[12];
    struct eth_addr mac = ETH_ADDR_C(33, 33, 00, 00, 00, 00);

    if (address_is_ipv4(group)) {
        mac = (struct eth_addr) ETH_ADDR_C(01, 00, 5e, 00, 00, 00);
        mac.ea[3] = last[1] & 0x7f;
    } else {
        mac.ea[2] = last[0];
        mac.ea[3] = last[1];
    }
    mac.ea[4] = last[2];
    mac.ea[5] = last[3];
    return mac;
}

char *
trace_host_resolve(const struct ovsdb_idl *idl, const struct nbrec_network *network,
                   const struct in6_addr *src, const struct in6_addr *dst, struct eth_addr *mac)
{
    struct ip_prefix prefix;
    bool on_link = (address_is_scoped(dst)
                    || (!ipv6_is_zero(src) && find_prefix(idl, network, src, &prefix)
                        && prefix_contains(&prefix, dst)));

    /* Hosts ask for the network address by ARP, as for any other; that it is obsolete is
     * the router's business (RFC 1812 4.2.3.1). */
    if (address_is(dst, ADDRESS_BROADCAST)
        || (on_link && address_is_ipv4(dst)
            && address_subnet_role(dst, &prefix) == SUBNET_BROADCAST)) {
        *mac = eth_addr_broadcast;
        return NULL;
    }
    if (address_is(dst, ADDRESS_MULTICAST)) {
        *mac = multicast_mac(dst);
        return NULL;
    }
    if (on_link ? find_owner(idl, network, dst, mac) : find_gateway(idl, network, src, mac)) {
        return NULL;
    }

    char *address = address_format(on_link ? dst : src);
    char *error = (on_link ? xasprintf("nobody on network %s has address %s (give dl_dst)",
                                       network->name, address)
                           : xasprintf("network %s has no router for source address %s (give "
                                       "dl_dst)",
                                       network->name, address));
    free(address);
    return error;
}

/* Whether packets to 'dst' never leave the link: link-local addresses, and groups of that scope
 * or less (RFC 4291 2.7). */
static bool
has_link_scope(const struct in6_addr *dst)
{
    return (address_is_scoped(dst)
            || (!address_is_ipv4(dst) && address_is(dst, ADDRESS_MULTICAST)
                && (dst->s6_addr[1] & 0xf) <= 2));
}

bool
trace_host_source(const struct ovsdb_idl *idl, const struct nbrec_network *network,
                  const struct port_config *c, const struct in6_addr *dst, struct in6_addr *src)
{
    bool link_scope = has_link_scope(dst);
    bool found = false;

    for (size_t i = 0; i < c->n_addresses; i++) {
        const struct in6_addr *address = &c->addresses[i];
        struct ip_prefix prefix;

        if (address_is_ipv4(address) != address_is_ipv4(dst)
            || address_is_scoped(address) != link_scope) {
            continue;
        }
        if (find_prefix(idl, network, address, &prefix) && prefix_contains(&prefix, dst)) {
            *src = *address;
            return true;
        }
        if (!found) {
            *src = *address;
            found = true;
        }
    }
    if (!found && link_scope) {
        in6_generate_lla(c->mac, src);
        found = true;
    }
    return found;
}
