/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/model.h"

#include <stdlib.h>
#include <string.h>

#include "packets.h"
#include "util.h"
#include "uuid.h"

/* RFC 7348, RFC 8926: a VNI has 24 bits; RFC 2890: a GRE key has 32;
 * IEEE 802.1Q: VLAN ids 0 and 4095 are reserved. */
#define VNI_MAX 0xffffff
#define GRE_KEY_MAX UINT32_MAX
#define VLAN_ID_MAX 4094

static const char *const network_type_names[] = {
    [NETWORK_GENEVE] = "geneve", [NETWORK_VXLAN] = "vxlan", [NETWORK_GRE] = "gre",
    [NETWORK_VLAN] = "vlan",     [NETWORK_FLAT] = "flat",   [NETWORK_LOCAL] = "local",
};

const char *
network_type_to_string(enum network_type type)
{
    ovs_assert((size_t) type < ARRAY_SIZE(network_type_names));
    return network_type_names[type];
}

bool
network_type_from_string(const char *s, enum network_type *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(network_type_names); i++) {
        if (!strcmp(s, network_type_names[i])) {
            *type = i;
            return true;
        }
    }
    return false;
}

uint32_t
network_type_max_segmentation_id(enum network_type type)
{
    switch (type) {
    case NETWORK_GENEVE:
    case NETWORK_VXLAN:
        return VNI_MAX;
    case NETWORK_GRE:
        return GRE_KEY_MAX;
    case NETWORK_VLAN:
        return VLAN_ID_MAX;
    case NETWORK_FLAT:
    case NETWORK_LOCAL:
        break;
    }
    return 0;
}

bool
address_mode_from_string(const char *s, enum address_mode *mode)
{
    static const char *const names[] = {
        [ADDRESS_MODE_SLAAC] = "slaac",
        [ADDRESS_MODE_STATEFUL] = "dhcpv6-stateful",
        [ADDRESS_MODE_STATELESS] = "dhcpv6-stateless",
    };

    for (size_t i = ADDRESS_MODE_SLAAC; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(s, names[i])) {
            *mode = i;
            return true;
        }
    }
    return false;
}

bool
router_preference_from_string(const char *s, enum router_preference *preference)
{
    static const struct {
        const char *name;
        enum router_preference preference;
    } names[] = {
        {"low", PREFERENCE_LOW},
        {"medium", PREFERENCE_MEDIUM},
        {"high", PREFERENCE_HIGH},
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(s, names[i].name)) {
            *preference = names[i].preference;
            return true;
        }
    }
    return false;
}

bool
nat_type_from_string(const char *s, enum nat_type *type)
{
    static const char *const names[] = {
        [NAT_DNAT_AND_SNAT] = "dnat_and_snat",
        [NAT_SNAT] = "snat",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(s, names[i])) {
            *type = i;
            return true;
        }
    }
    return false;
}

bool
router_port_config_link_local(const struct router_port_config *c, struct in6_addr *address)
{
    bool has_ipv6 = false;

    for (size_t i = 0; i < c->n_addresses; i++) {
        const struct in6_addr *a = &c->addresses[i].address;

        if (address_is_scoped(a)) {
            *address = *a;
            return true;
        }
        has_ipv6 |= !address_is_ipv4(a);
    }
    if (has_ipv6) {
        in6_generate_lla(c->mac, address);
    }
    return has_ipv6;
}

bool
chassis_config_has_physical_network(const struct chassis_config *c, const char *physnet)
{
    for (size_t i = 0; i < c->n_physical_networks; i++) {
        if (!strcmp(c->physical_networks[i], physnet)) {
            return true;
        }
    }
    return false;
}

void
network_config_destroy(struct network_config *c)
{
    if (c) {
        free(c->name);
        free(c->physical_network);
    }
}

static void
strings_destroy(char **strings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(strings[i]);
    }
    free(strings);
}

void
subnet_config_destroy(struct subnet_config *c)
{
    if (c) {
        free(c->name);
        free(c->dns_servers);
        strings_destroy(c->dns_search, c->n_dns_search);
    }
}

void
port_config_destroy(struct port_config *c)
{
    if (c) {
        free(c->name);
        free(c->addresses);
        free(c->requested_chassis);
    }
}

void
router_config_destroy(struct router_config *c)
{
    if (c) {
        free(c->name);
        free(c->routes);
    }
}

void
router_port_config_destroy(struct router_port_config *c)
{
    if (c) {
        free(c->name);
        free(c->addresses);
    }
}

void
nat_config_destroy(struct nat_config *c)
{
    if (c) {
        free(c->name);
    }
}

void
chassis_config_destroy(struct chassis_config *c)
{
    if (c) {
        free(c->name);
        strings_destroy(c->physical_networks, c->n_physical_networks);
    }
}

bool
network_config_equal(const struct network_config *a, const struct network_config *b)
{
    return (nullable_string_is_equal(a->name, b->name) && a->type == b->type
            && a->segmentation_id == b->segmentation_id
            && nullable_string_is_equal(a->physical_network, b->physical_network)
            && a->mtu == b->mtu && a->external == b->external);
}

static bool
addresses_equal(const struct in6_addr *a, size_t n_a, const struct in6_addr *b, size_t n_b)
{
    return n_a == n_b && (!n_a || !memcmp(a, b, n_a * sizeof *a));
}

static bool
strings_equal(char *const *a, size_t n_a, char *const *b, size_t n_b)
{
    if (n_a != n_b) {
        return false;
    }
    for (size_t i = 0; i < n_a; i++) {
        if (strcmp(a[i], b[i])) {
            return false;
        }
    }
    return true;
}

bool
subnet_config_equal(const struct subnet_config *a, const struct subnet_config *b)
{
    return (nullable_string_is_equal(a->name, b->name) && uuid_equals(&a->network, &b->network)
            && !prefix_compare(&a->prefix, &b->prefix) && a->ra_mode == b->ra_mode
            && addresses_equal(a->dns_servers, a->n_dns_servers, b->dns_servers, b->n_dns_servers)
            && strings_equal(a->dns_search, a->n_dns_search, b->dns_search, b->n_dns_search));
}

bool
port_config_equal(const struct port_config *a, const struct port_config *b)
{
    return (nullable_string_is_equal(a->name, b->name) && uuid_equals(&a->network, &b->network)
            && eth_addr_equals(a->mac, b->mac)
            && addresses_equal(a->addresses, a->n_addresses, b->addresses, b->n_addresses)
            && a->enabled == b->enabled
            && nullable_string_is_equal(a->requested_chassis, b->requested_chassis)
            && uuid_equals(&a->chassis, &b->chassis));
}

bool
router_config_equal(const struct router_config *a, const struct router_config *b)
{
    if (!nullable_string_is_equal(a->name, b->name) || a->enabled != b->enabled
        || a->n_routes != b->n_routes) {
        return false;
    }
    for (size_t i = 0; i < a->n_routes; i++) {
        if (static_route_compare(&a->routes[i], &b->routes[i])) {
            return false;
        }
    }
    return true;
}

bool
router_port_config_equal(const struct router_port_config *a, const struct router_port_config *b)
{
    if (!nullable_string_is_equal(a->name, b->name) || !uuid_equals(&a->router, &b->router)
        || !uuid_equals(&a->network, &b->network) || !eth_addr_equals(a->mac, b->mac)
        || a->n_addresses != b->n_addresses || a->preference != b->preference) {
        return false;
    }
    for (size_t i = 0; i < a->n_addresses; i++) {
        if (interface_address_compare(&a->addresses[i], &b->addresses[i])) {
            return false;
        }
    }
    return true;
}

bool
nat_config_equal(const struct nat_config *a, const struct nat_config *b)
{
    return (nullable_string_is_equal(a->name, b->name) && uuid_equals(&a->router, &b->router)
            && a->type == b->type && ipv6_addr_equals(&a->external_ip, &b->external_ip)
            && !prefix_compare(&a->logical, &b->logical)
            && eth_addr_equals(a->external_mac, b->external_mac));
}

bool
chassis_config_equal(const struct chassis_config *a, const struct chassis_config *b)
{
    return (nullable_string_is_equal(a->name, b->name)
            && !memcmp(a->encap_ip, b->encap_ip, sizeof a->encap_ip) && a->gateway == b->gateway
            && strings_equal(a->physical_networks, a->n_physical_networks, b->physical_networks,
                             b->n_physical_networks));
}
