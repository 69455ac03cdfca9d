/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/parse.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "nb/dragonflow-idl.h"
#include "nb/domain-name.h"
#include "nb/ip.h"
#include "nb/mac.h"
#include "nb/static-route.h"
#include "nb/text.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

/* Sets '*uuid' to that of the row that 'column' of 'row' refers to.  'referred' is that
 * row, or NULL if the IDL does not have it, which does not mean that it does not exist: it
 * may not be monitored.  Returns false if the column is empty. */
static bool
reference(const struct ovsdb_idl_row *row, const struct ovsdb_idl_column *column,
          const struct ovsdb_idl_row *referred, struct uuid *uuid)
{
    if (referred) {
        *uuid = referred->uuid;
        return true;
    }
    if (row->table) { /* Or it is no row of an IDL. */
        const struct ovsdb_datum *datum = ovsdb_idl_read(row, column);

        if (datum->n) {
            *uuid = datum->keys[0].uuid;
            return true;
        }
    }
    *uuid = UUID_ZERO;
    return false;
}
#define REFERENCE(ROW, TABLE, COLUMN, UUID)                                                        \
    reference(&(ROW)->header_, &nbrec_##TABLE##_col_##COLUMN,                                      \
              (ROW)->COLUMN ? &(ROW)->COLUMN->header_ : NULL, UUID)

/* The smallest and largest MTU that the schema allows; checked again here
 * because the server's schema may be another version. */
#define MTU_MIN 68
#define MTU_MAX 65535

static void OVS_PRINTF_FORMAT(2, 3) add_problem(struct svec *problems, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    svec_add_nocopy(problems, text_vformat(format, args));
    va_end(args);
}

/* If 'error' is null returns true, otherwise moves it to 'problems'. */
static bool
passed(char *error, struct svec *problems)
{
    if (error) {
        svec_add_nocopy(problems, error);
    }
    return !error;
}

static int
compare_addresses(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct in6_addr));
}

static size_t
sort_unique_addresses(struct in6_addr *addresses, size_t n, struct svec *problems)
{
    size_t n_unique = 0;

    qsort(addresses, n, sizeof *addresses, compare_addresses);
    for (size_t i = 0; i < n; i++) {
        if (n_unique && ipv6_addr_equals(&addresses[n_unique - 1], &addresses[i])) {
            char *s = address_format(&addresses[i]);
            add_problem(problems, "address %s is given twice", s);
            free(s);
        } else {
            addresses[n_unique++] = addresses[i];
        }
    }
    return n_unique;
}

/* An address given with two prefix lengths keeps the shorter one. */
static size_t
sort_unique_interface_addresses(struct interface_address *addresses, size_t n,
                                struct svec *problems)
{
    size_t n_unique = 0;

    qsort(addresses, n, sizeof *addresses, interface_address_compare);
    for (size_t i = 0; i < n; i++) {
        if (n_unique && ipv6_addr_equals(&addresses[n_unique - 1].address, &addresses[i].address)) {
            char *s = interface_address_format(&addresses[i]);
            add_problem(problems, "address %s is given twice", s);
            free(s);
        } else {
            addresses[n_unique++] = addresses[i];
        }
    }
    return n_unique;
}

static size_t
sort_unique_routes(struct static_route *routes, size_t n, struct svec *problems)
{
    size_t n_unique = 0;

    qsort(routes, n, sizeof *routes, static_route_compare);
    for (size_t i = 0; i < n; i++) {
        if (n_unique && !static_route_compare(&routes[n_unique - 1], &routes[i])) {
            char *s = static_route_format(&routes[i]);
            add_problem(problems, "route \"%s\" is given twice", s);
            free(s);
        } else {
            routes[n_unique++] = routes[i];
        }
    }
    return n_unique;
}

static bool
check_segment(enum network_type type, const int64_t *segmentation_id, const char *physical_network,
              struct svec *problems)
{
    const char *type_name = network_type_to_string(type);
    uint32_t max = network_type_max_segmentation_id(type);
    size_t n_problems = problems->n;

    if (!max && segmentation_id) {
        add_problem(problems, "a %s network has no segmentation id", type_name);
    } else if (max && !segmentation_id) {
        add_problem(problems, "a %s network needs a segmentation id", type_name);
    } else if (max && (*segmentation_id < 1 || *segmentation_id > max)) {
        add_problem(problems,
                    "segmentation id %" PRId64 " is not in 1..%" PRIu32
                    ", the range of a %s network",
                    *segmentation_id, max, type_name);
    } else if (network_type_is_overlay(type)
               && (*segmentation_id == NETWORK_BFD_KEY
                   || *segmentation_id == NETWORK_TRANSIT_KEY)) {
        add_problem(problems, "segmentation id %" PRId64 " is reserved for tunnels between chassis",
                    *segmentation_id);
    }

    bool provider = network_type_is_provider(type);
    if (provider && (!physical_network || !physical_network[0])) {
        add_problem(problems, "a %s network needs a physical network", type_name);
    } else if (!provider && physical_network) {
        add_problem(problems, "a %s network has no physical network", type_name);
    }
    return problems->n == n_problems;
}

bool
nb_parse_network(const struct nbrec_network *row, struct network_config *config,
                 struct svec *problems)
{
    enum network_type type;
    if (!network_type_from_string(row->type, &type)) {
        add_problem(problems, "\"%s\" is not a network type", row->type);
        return false;
    }

    const int64_t *segmentation_id = row->n_segmentation_id ? row->segmentation_id : NULL;
    bool ok = check_segment(type, segmentation_id, row->physical_network, problems);

    bool external = row->n_external && *row->external;
    if (external && !network_type_is_provider(type)) {
        add_problem(problems,
                    "a network of type %s cannot be external: only one of type vlan or "
                    "flat leads out of the cloud",
                    network_type_to_string(type));
        external = false;
    }

    int64_t mtu = row->n_mtu ? *row->mtu : DEFAULT_MTU;
    if (mtu < MTU_MIN || mtu > MTU_MAX) {
        add_problem(problems, "MTU %" PRId64 " is not in %d..%d", mtu, MTU_MIN, MTU_MAX);
        ok = false;
    }

    if (ok) {
        *config = (struct network_config){
            .name = xstrdup(row->name),
            .type = type,
            .segmentation_id = segmentation_id ? *segmentation_id : 0,
            .physical_network = nullable_xstrdup(row->physical_network),
            .mtu = mtu,
            .external = external,
        };
    }
    return ok;
}

/* The mode that 'column' says; ADDRESS_MODE_NONE if it says none.  A mode that makes no sense is
 * left out. */
static enum address_mode
parse_mode(const char *column, const char *s, const struct ip_prefix *prefix, struct svec *problems)
{
    enum address_mode mode = ADDRESS_MODE_NONE;

    if (!s) {
        return ADDRESS_MODE_NONE;
    }
    if (!address_mode_from_string(s, &mode)) {
        add_problem(problems, "%s: \"%s\" is none of slaac, dhcpv6-stateful, dhcpv6-stateless",
                    column, s);
    } else if (address_is_ipv4(&prefix->address)) {
        add_problem(problems, "%s: a subnet of IPv4 has none", column);
        mode = ADDRESS_MODE_NONE;
    } else if (mode != ADDRESS_MODE_STATEFUL && prefix->plen != 64) {
        add_problem(problems,
                    "%s: with %s, machines make addresses, which takes a prefix length of 64",
                    column, s);
        mode = ADDRESS_MODE_NONE;
    }
    return mode;
}

static void
parse_dns_servers(const struct nbrec_subnet *row, struct subnet_config *c, struct svec *problems)
{
    bool ipv4 = address_is_ipv4(&c->prefix.address);

    c->dns_servers = xmalloc(row->n_dns_servers * sizeof *c->dns_servers);
    for (size_t i = 0; i < row->n_dns_servers; i++) {
        struct in6_addr *address = &c->dns_servers[c->n_dns_servers];
        char *error = host_address_parse(row->dns_servers[i], address);

        if (error) {
            add_problem(problems, "DNS server: %.1024s", error);
            free(error);
        } else if (address_is_ipv4(address) != ipv4) {
            add_problem(problems, "DNS server: %s is of another family than the subnet",
                        row->dns_servers[i]);
        } else {
            c->n_dns_servers++;
        }
    }
    c->n_dns_servers = sort_unique_addresses(c->dns_servers, c->n_dns_servers, problems);
}

static void
parse_dns_search(const struct nbrec_subnet *row, struct subnet_config *c, struct svec *problems)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < row->n_dns_search; i++) {
        char *error = domain_name_check(row->dns_search[i]);

        if (error) {
            add_problem(problems, "DNS search list: %.1024s", error);
            free(error);
        } else {
            svec_add_nocopy(&names, domain_name_normalize(row->dns_search[i]));
        }
    }
    svec_sort_unique(&names);
    c->dns_search = names.names;
    c->n_dns_search = names.n;
}

bool
nb_parse_subnet(const struct nbrec_subnet *row, struct subnet_config *config, struct svec *problems)
{
    struct subnet_config c = {.name = NULL};
    bool ok = passed(subnet_prefix_parse(row->cidr, &c.prefix), problems);
    if (!REFERENCE(row, subnet, network, &c.network)) {
        add_problem(problems, "its network does not exist");
        ok = false;
    }
    if (!ok) {
        return false;
    }

    c.name = xstrdup(row->name);
    c.ra_mode = parse_mode("RA mode", row->ra_mode, &c.prefix, problems);
    enum address_mode mode = parse_mode("address mode", row->address_mode, &c.prefix, problems);
    if (mode && c.ra_mode && mode != c.ra_mode) {
        add_problem(problems,
                    "the address mode is %s, but the RA mode %s: routers would advertise "
                    "what is not so",
                    row->address_mode, row->ra_mode);
    }
    parse_dns_servers(row, &c, problems);
    parse_dns_search(row, &c, problems);
    *config = c;
    return true;
}

bool
nb_parse_port(const struct nbrec_port *row, struct port_config *config, struct svec *problems)
{
    struct eth_addr mac;
    bool ok = passed(mac_parse(row->mac, &mac), problems);
    struct uuid network, chassis;
    if (!REFERENCE(row, port, network, &network)) {
        add_problem(problems, "its network does not exist");
        ok = false;
    }
    if (!ok) {
        return false;
    }

    struct in6_addr *addresses = xmalloc(row->n_addresses * sizeof *addresses);
    size_t n = 0;
    for (size_t i = 0; i < row->n_addresses; i++) {
        if (passed(host_address_parse(row->addresses[i], &addresses[n]), problems)) {
            n++;
        }
    }
    n = sort_unique_addresses(addresses, n, problems);

    REFERENCE(row, port, chassis, &chassis);
    *config = (struct port_config){
        .name = xstrdup(row->name),
        .network = network,
        .mac = mac,
        .addresses = addresses,
        .n_addresses = n,
        .enabled = !row->n_enabled || *row->enabled,
        .requested_chassis = nullable_xstrdup(row->requested_chassis),
        .chassis = chassis,
    };
    return true;
}

bool
nb_parse_router(const struct nbrec_router *row, struct router_config *config, struct svec *problems)
{
    struct static_route *routes = xmalloc(row->n_static_routes * sizeof *routes);
    size_t n = 0;
    for (size_t i = 0; i < row->n_static_routes; i++) {
        if (passed(static_route_parse(row->static_routes[i], &routes[n]), problems)) {
            n++;
        }
    }

    n = sort_unique_routes(routes, n, problems);

    *config = (struct router_config){
        .name = xstrdup(row->name),
        .enabled = !row->n_enabled || *row->enabled,
        .routes = routes,
        .n_routes = n,
    };
    return true;
}

bool
nb_parse_router_port(const struct nbrec_router_port *row, struct router_port_config *config,
                     struct svec *problems)
{
    struct eth_addr mac;
    bool ok = passed(mac_parse(row->mac, &mac), problems);
    struct uuid router, network;
    if (!REFERENCE(row, router_port, router, &router)) {
        add_problem(problems, "its router does not exist");
        ok = false;
    }
    if (!REFERENCE(row, router_port, network, &network)) {
        add_problem(problems, "its network does not exist");
        ok = false;
    }
    if (!ok) {
        return false;
    }

    enum router_preference preference = PREFERENCE_MEDIUM;
    if (row->router_preference
        && !router_preference_from_string(row->router_preference, &preference)) {
        add_problem(problems, "\"%s\" is none of low, medium, high", row->router_preference);
    }

    struct interface_address *addresses = xmalloc(row->n_addresses * sizeof *addresses);
    size_t n = 0;
    for (size_t i = 0; i < row->n_addresses; i++) {
        if (passed(interface_address_parse(row->addresses[i], &addresses[n]), problems)) {
            n++;
        }
    }
    n = sort_unique_interface_addresses(addresses, n, problems);

    *config = (struct router_port_config){
        .name = xstrdup(row->name),
        .router = router,
        .network = network,
        .mac = mac,
        .addresses = addresses,
        .n_addresses = n,
        .preference = preference,
    };
    return true;
}

char *
nb_static_route_text(const struct nbrec_static_route *row)
{
    return xasprintf("%s via %s", row->prefix, row->next_hop);
}

bool
nb_parse_static_route(const struct nbrec_static_route *row, struct static_route_config *config,
                      struct svec *problems)
{
    struct static_route_config c;
    char *text = nb_static_route_text(row);
    bool ok = passed(static_route_parse(text, &c.route), problems);
    free(text);

    if (!REFERENCE(row, static_route, router, &c.router)) {
        add_problem(problems, "its router does not exist");
        ok = false;
    }
    if (ok) {
        *config = c;
    }
    return ok;
}

/* What translates IPv6 is not supported: machines have addresses enough. */
static bool
parse_nat_addresses(const struct nbrec_nat *row, struct nat_config *c, struct svec *problems)
{
    bool ok = passed(host_address_parse(row->external_ip, &c->external_ip), problems);
    if (ok && !address_is_ipv4(&c->external_ip)) {
        add_problem(problems, "external address %s is not an IPv4 address", row->external_ip);
        ok = false;
    }
    if (!passed(prefix_parse(row->logical_ip, &c->logical), problems)) {
        return false;
    }
    if (!address_is_ipv4(&c->logical.address)) {
        add_problem(problems, "logical address %s is not an IPv4 address", row->logical_ip);
        ok = false;
    } else if (c->type == NAT_DNAT_AND_SNAT && c->logical.plen != 128) {
        add_problem(problems, "a dnat_and_snat is for one logical address, not for %s",
                    row->logical_ip);
        ok = false;
    } else if (c->type == NAT_DNAT_AND_SNAT && address_is(&c->logical.address, ADDRESS_NO_HOST)) {
        add_problem(problems, "logical address %s is not the address of a host", row->logical_ip);
        ok = false;
    }
    return ok;
}

bool
nb_parse_nat(const struct nbrec_nat *row, struct nat_config *config, struct svec *problems)
{
    struct nat_config c = {.name = NULL};
    bool ok = nat_type_from_string(row->type, &c.type);

    if (!ok) {
        add_problem(problems, "\"%s\" is none of dnat_and_snat, snat", row->type);
        return false;
    }
    if (!REFERENCE(row, nat, router, &c.router)) {
        add_problem(problems, "its router does not exist");
        ok = false;
    }
    ok = parse_nat_addresses(row, &c, problems) && ok;
    if (row->external_mac) {
        ok = passed(mac_parse(row->external_mac, &c.external_mac), problems) && ok;
        if (ok && c.type == NAT_SNAT) {
            add_problem(problems, "a snat has the MAC address of the router's port, not one of "
                                  "its own");
            c.external_mac = eth_addr_zero;
        }
    }
    if (ok) {
        c.name = xstrdup(row->name);
        *config = c;
    }
    return ok;
}

/* One of the columns of encapsulations.  Where both have an IPv6 address for one, the first
 * counts. */
static void
parse_encaps(const struct smap *encaps, bool ipv6, struct chassis_config *c, struct svec *problems)
{
    const char *what = ipv6 ? "encapsulation over IPv6" : "encapsulation";

    /* In the order of the types, not of the hash, so that problems are
     * reported in the same order every time. */
    for (enum network_type type = 0; type < N_ENCAPS; type++) {
        const char *name = network_type_to_string(type);
        const char *ip = smap_get(encaps, name);
        struct in6_addr address;

        if (!ip) {
            continue;
        }
        char *error = host_address_parse(ip, &address);
        if (!error && ipv6 && address_is_ipv4(&address)) {
            error = text_format("\"%s\" is an IPv4 address", ip);
        } else if (!error && ipv6 && ipv6_addr_is_set(&c->encap_ip[type][UNDERLAY_IPV6])) {
            error = xstrdup("it has an IPv6 address already");
        }
        if (error) {
            add_problem(problems, "%s %s: %.1024s", name, what, error);
            free(error);
        } else {
            c->encap_ip[type][underlay_of(&address)] = address;
        }
    }

    const struct smap_node *node;
    SMAP_FOR_EACH (node, encaps) {
        enum network_type type;
        if (!network_type_from_string(node->key, &type) || !network_type_is_overlay(type)) {
            add_problem(problems, "\"%s\" is not an encapsulation", node->key);
        }
    }
}

bool
nb_parse_chassis(const struct nbrec_chassis *row, struct chassis_config *config,
                 struct svec *problems)
{
    struct chassis_config c = {.name = xstrdup(row->name)};

    parse_encaps(&row->encaps, false, &c, problems);
    parse_encaps(&row->encaps_ipv6, true, &c, problems);

    struct svec networks = SVEC_EMPTY_INITIALIZER;
    const struct smap_node *node;
    SMAP_FOR_EACH (node, &row->bridge_mappings) {
        svec_add(&networks, node->key);
    }
    svec_sort_unique(&networks);
    c.physical_networks = networks.names;
    c.n_physical_networks = networks.n;
    c.gateway = row->n_gateway && *row->gateway;
    *config = c;
    return true;
}
