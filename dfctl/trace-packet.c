/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/trace-packet.h"

#include <netinet/icmp6.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl/trace-host.h"
#include "flow.h"
#include "nb/dragonflow-idl.h"
#include "nb/ip.h"
#include "nb/parse.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-parse.h"
#include "packets.h"
#include "svec.h"
#include "tun-metadata.h"
#include "util.h"

#define DEFAULT_TTL 64
#define ND_HOP_LIMIT 255 /* RFC 4861 7.1.1. */

/* What is known of a packet while it is completed. */
struct packet {
    const struct ovsdb_idl *idl;
    const struct nbrec_network *network;
    const struct port_config *sender;
    struct flow flow;           /* As given, */
    struct flow_wildcards mask; /* and which fields that are. */
    struct ds text;             /* The flow, which grows. */
};

static void
put_address(struct packet *p, const char *field, const struct in6_addr *address)
{
    char *s = address_format(address);
    ds_put_format(&p->text, ",%s=%s", field, s);
    free(s);
}

static void
put_mac(struct packet *p, const char *field, struct eth_addr mac)
{
    ds_put_format(&p->text, ",%s=" ETH_ADDR_FMT, field, ETH_ADDR_ARGS(mac));
}

/* Adds the source address, unless it was given: the sender's for 'dst'.  Sets '*src' to it.
 * Returns NULL, or a message. */
static char *
complete_source(struct packet *p, const struct in6_addr *dst, struct in6_addr *src)
{
    bool ipv6 = p->flow.dl_type == htons(ETH_TYPE_IPV6);

    if (ipv6 && !ipv6_is_zero(&p->mask.masks.ipv6_src)) {
        *src = p->flow.ipv6_src;
        return NULL;
    } else if (!ipv6 && p->mask.masks.nw_src) {
        *src = in6_addr_mapped_ipv4(p->flow.nw_src);
        return NULL;
    }
    if (!trace_host_source(p->idl, p->network, p->sender, dst, src)) {
        return xasprintf("the port has no IPv%d address (give %s)", ipv6 ? 6 : 4,
                         ipv6 ? "ipv6_src" : "nw_src");
    }
    put_address(p, ipv6 ? "ipv6_src" : "nw_src", src);
    return NULL;
}

/* Adds the destination MAC address of a packet to 'dst', unless it was given. */
static char *
complete_dl_dst(struct packet *p, const struct in6_addr *src, const struct in6_addr *dst)
{
    struct eth_addr mac = eth_addr_zero;

    if (!eth_addr_is_zero(p->mask.masks.dl_dst)) {
        return NULL;
    }
    char *error = trace_host_resolve(p->idl, p->network, src, dst, &mac);
    if (!error) {
        put_mac(p, "dl_dst", mac);
    }
    return error;
}

static char *
complete_arp(struct packet *p)
{
    const struct flow *mask = &p->mask.masks;
    struct in6_addr dst = in6_addr_mapped_ipv4(p->flow.nw_dst);
    struct in6_addr src;

    if (!mask->nw_dst) {
        return xstrdup("an ARP packet needs arp_tpa");
    }
    if (!mask->nw_proto) {
        ds_put_cstr(&p->text, ",arp_op=1");
    }
    if (!mask->nw_src) {
        if (!trace_host_source(p->idl, p->network, p->sender, &dst, &src)) {
            src = in6_addr_mapped_ipv4(htonl(INADDR_ANY));
        }
        put_address(p, "arp_spa", &src);
    }
    if (eth_addr_is_zero(mask->arp_sha)) {
        put_mac(p, "arp_sha", p->sender->mac);
    }
    if (eth_addr_is_zero(mask->dl_dst)) {
        put_mac(p, "dl_dst", eth_addr_broadcast);
    }
    return NULL;
}

static char *
complete_ipv4(struct packet *p)
{
    const struct flow *mask = &p->mask.masks;
    struct in6_addr dst = in6_addr_mapped_ipv4(p->flow.nw_dst);
    struct in6_addr src;

    char *error = complete_source(p, &dst, &src);
    if (error) {
        return error;
    }
    if (!mask->nw_ttl) {
        ds_put_format(&p->text, ",nw_ttl=%d", DEFAULT_TTL);
    }
    if (p->flow.nw_proto == IPPROTO_ICMP && !mask->tp_src) {
        ds_put_format(&p->text, ",icmp_type=%d", ICMP4_ECHO_REQUEST);
    }
    if (!mask->nw_dst && eth_addr_is_zero(mask->dl_dst)) {
        return xstrdup("an IP packet needs nw_dst");
    }
    return complete_dl_dst(p, &src, &dst);
}

/* --- IPv6 --------------------------------------------------------------- */

/* The address and MAC address that a message of Neighbor Discovery goes to unless it says
 * otherwise (RFC 4861 4.1, 4.3, 4.4): a solicitation to all that may have the target, which
 * '*about' is set to. */
static char *
complete_nd_target(struct packet *p, uint8_t type, struct in6_addr *dst, struct in6_addr *about)
{
    static const struct in6_addr all_nodes = {.s6_addr = {0xff, 2, [15] = 1}};
    static const struct in6_addr all_routers = {.s6_addr = {0xff, 2, [15] = 2}};
    bool target_given = !ipv6_is_zero(&p->mask.masks.nd_target);

    *about = target_given ? p->flow.nd_target : type == ND_ROUTER_SOLICIT ? all_routers : all_nodes;
    if (type == ND_NEIGHBOR_SOLICIT && !target_given) {
        return xstrdup("a neighbour solicitation needs nd_target");
    }
    if (!ipv6_is_zero(&p->mask.masks.ipv6_dst)) {
        *dst = p->flow.ipv6_dst;
        return NULL;
    }
    if (type == ND_NEIGHBOR_SOLICIT) {
        in6_addr_solicited_node(dst, about);
    } else {
        *dst = type == ND_ROUTER_SOLICIT ? all_routers : all_nodes;
    }
    put_address(p, "ipv6_dst", dst);
    return NULL;
}

/* The fields of the message itself.  A probe, from the unspecified address, has no option. */
static void
complete_nd_fields(struct packet *p, uint8_t type, const struct in6_addr *src)
{
    const struct flow *mask = &p->mask.masks;

    if (type == ND_NEIGHBOR_ADVERT && ipv6_is_zero(&mask->nd_target)) {
        put_address(p, "nd_target", src);
    }
    if (type == ND_NEIGHBOR_SOLICIT && eth_addr_is_zero(mask->arp_sha) && !ipv6_is_zero(src)) {
        put_mac(p, "nd_sll", p->sender->mac);
        ds_put_format(&p->text, ",nd_options_type=%d", ND_OPT_SOURCE_LINKADDR);
    } else if (type == ND_NEIGHBOR_ADVERT && eth_addr_is_zero(mask->arp_tha)) {
        put_mac(p, "nd_tll", p->sender->mac);
        ds_put_format(&p->text, ",nd_options_type=%d", ND_OPT_TARGET_LINKADDR);
    }
}

static char *
complete_ipv6(struct packet *p)
{
    const struct flow *mask = &p->mask.masks;
    bool icmp6 = p->flow.nw_proto == IPPROTO_ICMPV6;
    uint8_t type = !icmp6 ? 0 : mask->tp_src ? ntohs(p->flow.tp_src) : ICMP6_ECHO_REQUEST;
    bool nd =
        icmp6
        && (type == ND_ROUTER_SOLICIT || type == ND_NEIGHBOR_SOLICIT || type == ND_NEIGHBOR_ADVERT);
    struct in6_addr dst = p->flow.ipv6_dst;
    struct in6_addr about = dst;
    struct in6_addr src;
    char *error = nd ? complete_nd_target(p, type, &dst, &about) : NULL;

    if (!error) {
        error = complete_source(p, &about, &src);
    }
    if (error) {
        return error;
    }
    if (!mask->nw_ttl) {
        ds_put_format(&p->text, ",nw_ttl=%d", nd ? ND_HOP_LIMIT : DEFAULT_TTL);
    }
    if (icmp6 && !mask->tp_src) {
        ds_put_format(&p->text, ",icmpv6_type=%d", type);
    }
    if (nd) {
        complete_nd_fields(p, type, &src);
    } else if (ipv6_is_zero(&mask->ipv6_dst) && eth_addr_is_zero(mask->dl_dst)) {
        return xstrdup("an IPv6 packet needs ipv6_dst");
    }
    return complete_dl_dst(p, &src, &dst);
}

/* --- The text that is given --------------------------------------------- */

/* Returns 'text' with "tp_src" and "tp_dst", "icmp_type" and "icmp_code" spelled for the protocol
 * that it names: exact flows, unlike matches, know them as TCP's and ICMP's only.  The caller must
 * free() it. */
static char *
spell_fields(const char *text)
{
    static const char *const protocols[] = {"udp", "sctp", "udp6", "sctp6"};
    char *copy = xstrdup(text);
    char *pos = copy, *key, *value;
    struct ds out = DS_EMPTY_INITIALIZER;
    const char *protocol = "tcp";
    bool icmp6 = false;

    while (ofputil_parse_key_value(&pos, &key, &value)) {
        for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
            if (!strcmp(key, protocols[i])) {
                protocol = protocols[i][0] == 'u' ? "udp" : "sctp";
            }
        }
        icmp6 = icmp6 || !strcmp(key, "icmp6");
        if (!strcmp(key, "tp_src") || !strcmp(key, "tp_dst")) {
            ds_put_format(&out, "%s_%s", protocol, key + 3);
        } else if (icmp6 && (!strcmp(key, "icmp_type") || !strcmp(key, "icmp_code"))) {
            ds_put_format(&out, "icmpv6_%s", key + 5);
        } else {
            ds_put_cstr(&out, key);
        }
        ds_put_format(&out, "%s%s,", value[0] ? "=" : "", value);
    }
    ds_chomp(&out, ',');
    free(copy);
    return ds_steal_cstr(&out);
}

/* Returns NULL, or a message about the first value of a field for an IP address that is none:
 * Open vSwitch takes numbers beyond 255 for others.  'text' begins the message. */
static char *
check_addresses(const char *text)
{
    char *copy = xstrdup(text);
    char *pos = copy, *key, *value;
    char *error = NULL;

    while (!error && ofputil_parse_key_value(&pos, &key, &value)) {
        const struct mf_field *mf = mf_from_name(key);
        struct in6_addr address;

        if (mf && (mf->string == MFS_IPV4 || mf->string == MFS_IPV6)) {
            char *why = address_parse(value, &address);
            if (!why && address_is_ipv4(&address) != (mf->string == MFS_IPV4)) {
                why = text_format("\"%s\" is not an IPv%d address", value,
                                  mf->string == MFS_IPV4 ? 4 : 6);
            }
            if (why) {
                error = xasprintf("%s: %s: %s", text, key, why);
                free(why);
            }
        }
    }
    free(copy);
    return error;
}

char *
trace_packet_complete(const struct ovsdb_idl *idl, const struct nbrec_port *port, const char *text,
                      char **flowp)
{
    struct packet p = {.idl = idl, .network = port->network, .text = DS_EMPTY_INITIALIZER};
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct port_config c;

    char *spelled = spell_fields(text);
    char *error = parse_ofp_exact_flow(&p.flow, &p.mask, NULL, spelled, NULL);
    if (!error) {
        error = check_addresses(text);
    }
    if (!error && p.mask.masks.in_port.ofp_port) {
        error = xasprintf("%s: in_port is that of the port", text);
    }
    if (!error && !nb_parse_port(port, &c, &problems)) {
        error = xstrdup(problems.names[0]);
    }
    svec_destroy(&problems);
    if (error) {
        free(spelled);
        return error;
    }

    p.sender = &c;
    ds_put_cstr(&p.text, spelled);
    free(spelled);
    if (eth_addr_is_zero(p.mask.masks.dl_src)) {
        put_mac(&p, "dl_src", c.mac);
    }
    switch (ntohs(p.flow.dl_type)) {
    case ETH_TYPE_ARP:
        error = complete_arp(&p);
        break;
    case ETH_TYPE_IP:
        error = complete_ipv4(&p);
        break;
    case ETH_TYPE_IPV6:
        error = complete_ipv6(&p);
        break;
    default:
        if (eth_addr_is_zero(p.mask.masks.dl_dst)) {
            error = xasprintf("%s: neither an IPv4, an IPv6 nor an ARP packet: give dl_dst", text);
        }
    }

    port_config_destroy(&c);
    if (error) {
        ds_destroy(&p.text);
    } else {
        *flowp = ds_steal_cstr(&p.text);
    }
    return error;
}
