/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/trace-packet.h"

#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "nb/dragonflow-idl.h"
#include "nb/ip.h"
#include "nb/mac.h"
#include "nb/parse.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-parse.h"
#include "packets.h"
#include "svec.h"
#include "tun-metadata.h"
#include "util.h"

#define DEFAULT_TTL 64

/* An IPv4 prefix that 'network' has, by its subnets and the router ports on it, that
 * contains 'ip'; the longest one.  Returns false if there is none. */
static bool
find_prefix(const struct ovsdb_idl *idl, const struct nbrec_network *network, ovs_be32 ip,
            struct ip_prefix *prefix)
{
    struct in6_addr address = in6_addr_mapped_ipv4(ip);
    bool found = false;

    const struct nbrec_subnet *subnet;
    NBREC_SUBNET_FOR_EACH (subnet, idl) {
        struct ip_prefix p;
        char *error = prefix_parse(subnet->cidr, &p);
        if (!error && subnet->network == network && prefix_contains(&p, &address)
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
            if (!error && prefix_contains(&ia.prefix, &address)
                && (!found || ia.prefix.plen > prefix->plen)) {
                *prefix = ia.prefix;
                found = true;
            }
            free(error);
        }
    }
    return found;
}

/* The MAC address of the port or router port of 'network' that has 'ip'. */
static bool
find_owner(const struct ovsdb_idl *idl, const struct nbrec_network *network, ovs_be32 ip,
           struct eth_addr *mac)
{
    struct in6_addr address = in6_addr_mapped_ipv4(ip);
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    bool found = false;

    const struct nbrec_router_port *router_port;
    NBREC_ROUTER_PORT_FOR_EACH (router_port, idl) {
        struct router_port_config c;
        if (!found && router_port->network == network
            && nb_parse_router_port(router_port, &c, &problems)) {
            for (size_t i = 0; i < c.n_addresses; i++) {
                found = found || ipv6_addr_equals(&c.addresses[i].address, &address);
            }
            *mac = c.mac;
            router_port_config_destroy(&c);
        }
    }
    const struct nbrec_port *port;
    NBREC_PORT_FOR_EACH (port, idl) {
        struct port_config c;
        if (!found && port->network == network && nb_parse_port(port, &c, &problems)) {
            for (size_t i = 0; i < c.n_addresses; i++) {
                found = found || ipv6_addr_equals(&c.addresses[i], &address);
            }
            *mac = c.mac;
            port_config_destroy(&c);
        }
    }
    svec_destroy(&problems);
    return found;
}

/* The MAC address of the gateway that a host with address 'ip' on 'network' uses:
 * that of its subnet, or else the first router port, by name, on its prefix. */
static bool
find_gateway(const struct ovsdb_idl *idl, const struct nbrec_network *network, ovs_be32 ip,
             struct eth_addr *mac)
{
    struct in6_addr address = in6_addr_mapped_ipv4(ip);

    const struct nbrec_subnet *subnet;
    NBREC_SUBNET_FOR_EACH (subnet, idl) {
        struct ip_prefix p;
        struct in6_addr gateway;
        char *error = prefix_parse(subnet->cidr, &p);
        if (!error && subnet->network == network && subnet->gateway_ip
            && prefix_contains(&p, &address)) {
            error = address_parse(subnet->gateway_ip, &gateway);
            if (!error && address_is_ipv4(&gateway)
                && find_owner(idl, network, in6_addr_get_mapped_ipv4(&gateway), mac)) {
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
            if (!error && prefix_contains(&ia.prefix, &address)
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

/* The MAC address that a host with 'src' on 'network' sends a packet for 'dst' to.
 * Returns NULL, or a message. */
static char *
resolve(const struct ovsdb_idl *idl, const struct nbrec_network *network, ovs_be32 src,
        ovs_be32 dst, struct eth_addr *mac)
{
    struct in6_addr dst6 = in6_addr_mapped_ipv4(dst);
    struct ip_prefix prefix;
    bool on_link =
        src && find_prefix(idl, network, src, &prefix) && prefix_contains(&prefix, &dst6);

    /* Hosts ask for the network address by ARP, as for any other; that it is obsolete is
     * the router's business (RFC 1812 4.2.3.1). */
    if (address_is(&dst6, ADDRESS_BROADCAST)
        || (on_link && address_subnet_role(&dst6, &prefix) == SUBNET_BROADCAST)) {
        *mac = eth_addr_broadcast;
        return NULL;
    }
    if (address_is(&dst6, ADDRESS_MULTICAST)) {
        /* RFC 1112 section 6.4. */
        uint32_t group = ntohl(dst) & 0x7fffff;
        *mac = (struct eth_addr) ETH_ADDR_C(01, 00, 5e, 00, 00, 00);
        mac->ea[3] = group >> 16;
        mac->ea[4] = group >> 8;
        mac->ea[5] = group;
        return NULL;
    }
    if (on_link) {
        return (find_owner(idl, network, dst, mac)
                    ? NULL
                    : xasprintf("nobody on network %s has address " IP_FMT " (give dl_dst)",
                                network->name, IP_ARGS(dst)));
    }
    return (find_gateway(idl, network, src, mac)
                ? NULL
                : xasprintf("network %s has no router for " IP_FMT " (give dl_dst)", network->name,
                            IP_ARGS(src)));
}

/* The address of 'c' that it would send to 'dst' from: one on the same subnet if it
 * has one, otherwise the first IPv4 address.  0 if it has none. */
static ovs_be32
choose_source(const struct ovsdb_idl *idl, const struct nbrec_network *network,
              const struct port_config *c, ovs_be32 dst)
{
    struct in6_addr dst6 = in6_addr_mapped_ipv4(dst);
    ovs_be32 first = 0;

    for (size_t i = 0; i < c->n_addresses; i++) {
        struct ip_prefix prefix;
        ovs_be32 ip = in6_addr_get_mapped_ipv4(&c->addresses[i]);
        if (!address_is_ipv4(&c->addresses[i])) {
            continue;
        }
        first = first ? first : ip;
        if (find_prefix(idl, network, ip, &prefix) && prefix_contains(&prefix, &dst6)) {
            return ip;
        }
    }
    return first;
}

static char *
complete_arp(const struct port_config *c, const struct flow *given, const struct flow *mask,
             ovs_be32 src, struct ds *out)
{
    if (!mask->nw_proto) {
        ds_put_cstr(out, ",arp_op=1");
    }
    if (!mask->nw_src) {
        ds_put_format(out, ",arp_spa=" IP_FMT, IP_ARGS(src));
    }
    if (eth_addr_is_zero(mask->arp_sha)) {
        ds_put_format(out, ",arp_sha=" ETH_ADDR_FMT, ETH_ADDR_ARGS(c->mac));
    }
    if (eth_addr_is_zero(mask->dl_dst)) {
        ds_put_cstr(out, ",dl_dst=ff:ff:ff:ff:ff:ff");
    }
    return mask->nw_dst || given->nw_dst ? NULL : xstrdup("an ARP packet needs arp_tpa");
}

static char *
complete_ip(const struct ovsdb_idl *idl, const struct nbrec_network *network,
            const struct flow *given, const struct flow *mask, ovs_be32 src, struct ds *out)
{
    if (!mask->nw_src) {
        if (!src) {
            return xstrdup("the port has no IPv4 address (give nw_src)");
        }
        ds_put_format(out, ",nw_src=" IP_FMT, IP_ARGS(src));
    }
    if (!mask->nw_ttl) {
        ds_put_format(out, ",nw_ttl=%d", DEFAULT_TTL);
    }
    if (given->nw_proto == IPPROTO_ICMP && !mask->tp_src) {
        ds_put_format(out, ",icmp_type=%d", ICMP4_ECHO_REQUEST);
    }
    if (!eth_addr_is_zero(mask->dl_dst)) {
        return NULL;
    }
    if (!mask->nw_dst) {
        return xstrdup("an IP packet needs nw_dst");
    }
    struct eth_addr mac = eth_addr_zero;
    char *error = resolve(idl, network, src, given->nw_dst, &mac);
    if (!error) {
        ds_put_format(out, ",dl_dst=" ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
    }
    return error;
}

/* Returns 'text' with "tp_src" and "tp_dst" spelled for the protocol that it names:
 * exact flows, unlike matches, know them as TCP's only.  The caller must free() it. */
static char *
spell_ports(const char *text)
{
    static const char *const protocols[] = {"udp", "sctp", "udp6", "sctp6"};
    char *copy = xstrdup(text);
    char *pos = copy, *key, *value;
    struct ds out = DS_EMPTY_INITIALIZER;
    const char *protocol = "tcp";

    while (ofputil_parse_key_value(&pos, &key, &value)) {
        for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
            if (!strcmp(key, protocols[i])) {
                protocol = protocols[i][0] == 'u' ? "udp" : "sctp";
            }
        }
        if (!strcmp(key, "tp_src") || !strcmp(key, "tp_dst")) {
            ds_put_format(&out, "%s_%s", protocol, key + 3);
        } else {
            ds_put_cstr(&out, key);
        }
        ds_put_format(&out, "%s%s,", value[0] ? "=" : "", value);
    }
    ds_chomp(&out, ',');
    free(copy);
    return ds_steal_cstr(&out);
}

char *
trace_packet_complete(const struct ovsdb_idl *idl, const struct nbrec_port *port, const char *text,
                      char **flowp)
{
    struct flow given;
    struct flow_wildcards mask;
    struct port_config c;
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    char *spelled = spell_ports(text);
    struct ds out = DS_EMPTY_INITIALIZER;
    ds_put_cstr(&out, spelled);
    char *error = parse_ofp_exact_flow(&given, &mask, NULL, spelled, NULL);
    free(spelled);
    if (!error && mask.masks.in_port.ofp_port) {
        error = xasprintf("%s: in_port is that of the port", text);
    }
    if (!error && !nb_parse_port(port, &c, &problems)) {
        error = xstrdup(problems.names[0]);
    }
    if (error) {
        svec_destroy(&problems);
        ds_destroy(&out);
        return error;
    }

    if (eth_addr_is_zero(mask.masks.dl_src)) {
        ds_put_format(&out, ",dl_src=" ETH_ADDR_FMT, ETH_ADDR_ARGS(c.mac));
    }
    ovs_be32 src =
        (mask.masks.nw_src ? given.nw_src : choose_source(idl, port->network, &c, given.nw_dst));
    if (given.dl_type == htons(ETH_TYPE_ARP)) {
        error = complete_arp(&c, &given, &mask.masks, src, &out);
    } else if (given.dl_type == htons(ETH_TYPE_IP)) {
        error = complete_ip(idl, port->network, &given, &mask.masks, src, &out);
    } else if (eth_addr_is_zero(mask.masks.dl_dst)) {
        error = xasprintf("%s: neither an IPv4 nor an ARP packet: give dl_dst", text);
    }

    port_config_destroy(&c);
    svec_destroy(&problems);
    if (error) {
        ds_destroy(&out);
    } else {
        *flowp = ds_steal_cstr(&out);
    }
    return error;
}
