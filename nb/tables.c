/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/tables.h"

#include <stddef.h>
#include <string.h>

#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "util.h"

/* clang-format off */

static const struct nb_column network_columns[] = {
    {&nbrec_network_col_name, "name", NB_TEXT, NB_READ | NB_FILE | NB_REQUIRED},
    {&nbrec_network_col_type, "type", NB_NETWORK_TYPE, NB_READ | NB_FILE,
     .initial = "geneve", .show = " ("},
    {&nbrec_network_col_segmentation_id, "segmentation-id", NB_INTEGER, NB_READ | NB_FILE,
     .show = " ", .min = 1, .max = UINT32_MAX},
    {&nbrec_network_col_physical_network, "physical-network", NB_TEXT,
     NB_READ | NB_FILE | NB_NULLABLE, .show = " on "},
    {&nbrec_network_col_mtu, "mtu", NB_INTEGER, NB_READ | NB_FILE,
     .initial = OVS_STRINGIZE(DEFAULT_MTU), .show = ", mtu ", .min = 68, .max = 65535},
    {&nbrec_network_col_external, "external", NB_BOOLEAN, NB_READ | NB_FILE, .initial = "false"},
    {&nbrec_network_col_external_ids, "external-ids", NB_EXTERNAL_IDS, NB_FILE},
    {NULL, "subnets", NB_ROWS, NB_FILE, NB_SUBNET, .show = "subnet"},
    {NULL, "ports", NB_ROWS, NB_FILE, NB_PORT, .show = "port"},
    {NULL},
};

static const struct nb_column subnet_columns[] = {
    {&nbrec_subnet_col_name, "name", NB_TEXT, NB_READ | NB_FILE | NB_REQUIRED},
    {&nbrec_subnet_col_network, "network", NB_REFERENCE, NB_READ | NB_OWNER, NB_NETWORK},
    {&nbrec_subnet_col_cidr, "cidr", NB_SUBNET_PREFIX, NB_READ | NB_FILE | NB_REQUIRED,
     .show = ": "},
    {&nbrec_subnet_col_gateway_ip, "gateway", NB_HOST_ADDRESS, NB_FILE | NB_NULLABLE,
     .show = ", gateway "},
    {&nbrec_subnet_col_ra_mode, "ra-mode", NB_ADDRESS_MODE, NB_READ | NB_FILE | NB_NULLABLE,
     .show = ", ra-mode "},
    {&nbrec_subnet_col_address_mode, "address-mode", NB_ADDRESS_MODE, NB_FILE | NB_NULLABLE,
     .show = ", address-mode "},
    {&nbrec_subnet_col_dns_servers, "dns-servers", NB_HOST_ADDRESS, NB_READ | NB_FILE,
     .show = ", dns "},
    {&nbrec_subnet_col_dns_search, "dns-search", NB_DOMAIN_NAME, NB_READ | NB_FILE,
     .show = ", search "},
    {&nbrec_subnet_col_external_ids, "external-ids", NB_EXTERNAL_IDS, NB_FILE},
    {NULL},
};

static const struct nb_column port_columns[] = {
    {&nbrec_port_col_name, "name", NB_TEXT, NB_READ | NB_FILE | NB_REQUIRED},
    {&nbrec_port_col_network, "network", NB_REFERENCE, NB_READ | NB_OWNER, NB_NETWORK},
    {&nbrec_port_col_mac, "mac", NB_MAC, NB_READ | NB_FILE | NB_REQUIRED, .show = ": "},
    {&nbrec_port_col_addresses, "addresses", NB_HOST_ADDRESS, NB_READ | NB_FILE, .show = " "},
    {&nbrec_port_col_enabled, "enabled", NB_BOOLEAN, NB_READ | NB_FILE, .initial = "true"},
    {&nbrec_port_col_requested_chassis, "requested-chassis", NB_TEXT,
     NB_READ | NB_FILE | NB_NULLABLE},
    {&nbrec_port_col_chassis, "chassis", NB_REFERENCE, NB_READ, NB_CHASSIS},
    {&nbrec_port_col_up, "up", NB_BOOLEAN, 0, .initial = "false"},
    {&nbrec_port_col_external_ids, "external-ids", NB_EXTERNAL_IDS, NB_FILE},
    {NULL},
};

static const struct nb_column router_columns[] = {
    {&nbrec_router_col_name, "name", NB_TEXT, NB_READ | NB_FILE | NB_REQUIRED},
    {&nbrec_router_col_enabled, "enabled", NB_BOOLEAN, NB_READ | NB_FILE, .initial = "true"},
    {&nbrec_router_col_external_ids, "external-ids", NB_EXTERNAL_IDS, NB_FILE},
    {NULL, "ports", NB_ROWS, NB_FILE, NB_ROUTER_PORT, .show = "port"},
    {NULL, "nat", NB_ROWS, NB_FILE, NB_NAT, .show = "nat"},
    {&nbrec_router_col_static_routes, "routes", NB_ROUTES, NB_READ | NB_FILE,
     .show = "route"},
    {NULL},
};

static const struct nb_column router_port_columns[] = {
    {&nbrec_router_port_col_name, "name", NB_TEXT, NB_READ | NB_FILE | NB_REQUIRED},
    {&nbrec_router_port_col_router, "router", NB_REFERENCE, NB_READ | NB_OWNER, NB_ROUTER},
    {&nbrec_router_port_col_network, "network", NB_REFERENCE, NB_READ | NB_FILE | NB_REQUIRED,
     NB_NETWORK, .show = ": network "},
    {&nbrec_router_port_col_mac, "mac", NB_MAC, NB_READ | NB_FILE | NB_REQUIRED, .show = ", "},
    {&nbrec_router_port_col_addresses, "addresses", NB_INTERFACE_ADDRESS,
     NB_READ | NB_FILE | NB_REQUIRED, .show = " "},
    {&nbrec_router_port_col_router_preference, "router-preference", NB_ROUTER_PREFERENCE,
     NB_READ | NB_FILE | NB_NULLABLE, .show = ", preference "},
    {&nbrec_router_port_col_external_ids, "external-ids", NB_EXTERNAL_IDS, NB_FILE},
    {NULL},
};

static const struct nb_column static_route_columns[] = {
    {&nbrec_static_route_col_router, "router", NB_REFERENCE, NB_READ | NB_OWNER, NB_ROUTER},
    {&nbrec_static_route_col_prefix, "prefix", NB_TEXT, NB_READ},
    {&nbrec_static_route_col_next_hop, "next-hop", NB_TEXT, NB_READ},
    {NULL},
};

static const struct nb_column nat_columns[] = {
    {&nbrec_nat_col_name, "name", NB_TEXT, NB_READ | NB_FILE | NB_REQUIRED},
    {&nbrec_nat_col_router, "router", NB_REFERENCE, NB_READ | NB_OWNER, NB_ROUTER},
    {&nbrec_nat_col_type, "type", NB_NAT_TYPE, NB_READ | NB_FILE | NB_REQUIRED, .show = ": "},
    {&nbrec_nat_col_external_ip, "external-ip", NB_HOST_ADDRESS, NB_READ | NB_FILE | NB_REQUIRED,
     .show = " "},
    {&nbrec_nat_col_logical_ip, "logical-ip", NB_PREFIX, NB_READ | NB_FILE | NB_REQUIRED,
     .show = " for "},
    {&nbrec_nat_col_external_mac, "external-mac", NB_MAC, NB_READ | NB_FILE | NB_NULLABLE,
     .show = ", "},
    {&nbrec_nat_col_external_ids, "external-ids", NB_EXTERNAL_IDS, NB_FILE},
    {NULL},
};

static const struct nb_column chassis_columns[] = {
    {&nbrec_chassis_col_name, "name", NB_TEXT, NB_READ},
    {&nbrec_chassis_col_hostname, "hostname", NB_TEXT, NB_READ},
    {&nbrec_chassis_col_encaps, "encapsulations", NB_MAP, NB_READ, .show = "encapsulation"},
    {&nbrec_chassis_col_encaps_ipv6, "ipv6-encapsulations", NB_MAP, NB_READ,
     .show = "IPv6 encapsulation"},
    {&nbrec_chassis_col_bridge_mappings, "physical-networks", NB_MAP, NB_READ,
     .show = "physical network"},
    {&nbrec_chassis_col_gateway, "gateway", NB_BOOLEAN, NB_READ, .initial = "false"},
    {NULL},
};

const struct nb_table nb_tables[NB_N_TABLES] = {
    [NB_NETWORK] = {&nbrec_table_network, "network", "a network", network_columns},
    [NB_SUBNET] = {&nbrec_table_subnet, "subnet", "a subnet", subnet_columns},
    [NB_PORT] = {&nbrec_table_port, "port", "a port", port_columns},
    [NB_ROUTER] = {&nbrec_table_router, "router", "a router", router_columns},
    [NB_ROUTER_PORT] = {&nbrec_table_router_port, "router port", "a port of a router",
                        router_port_columns},
    [NB_STATIC_ROUTE] = {&nbrec_table_static_route, "route", "a route", static_route_columns},
    [NB_NAT] = {&nbrec_table_nat, "nat", "a translation", nat_columns},
    [NB_CHASSIS] = {&nbrec_table_chassis, "chassis", "a chassis", chassis_columns},
};

const struct nb_table nb_topology = {
    .article = "a topology",
    .columns = (const struct nb_column[]) {
        {NULL, "networks", NB_ROWS, NB_FILE, NB_NETWORK, .show = "network"},
        {NULL, "routers", NB_ROWS, NB_FILE, NB_ROUTER, .show = "router"},
        {NULL, "chassis", NB_ROWS, 0, NB_CHASSIS, .show = "chassis"},
        {NULL},
    },
};

/* clang-format on */

const struct nb_column *
nb_table_column(const struct nb_table *table, const struct ovsdb_idl_column *column)
{
    const struct nb_column *c = table->columns;

    while (c->column != column) {
        c++;
    }
    return c;
}

const struct nb_column *
nb_table_owner(const struct nb_table *table)
{
    const struct nb_column *c = table->columns;

    while (c->key && !(c->flags & NB_OWNER)) {
        c++;
    }
    return c->key ? c : NULL;
}

const struct nb_column *
nb_table_external_ids(const struct nb_table *table)
{
    const struct nb_column *c = table->columns;

    while (c->key && c->type != NB_EXTERNAL_IDS) {
        c++;
    }
    return c->key ? c : NULL;
}

bool
nb_table_has_names(const struct nb_table *table)
{
    return !strcmp(table->columns[0].key, "name");
}

bool
nb_table_is_in_files(const struct nb_table *table)
{
    return table->columns[0].flags & NB_FILE;
}

bool
nb_column_is_set(const struct nb_column *column)
{
    return column->column && column->column->type.n_max > 1;
}

bool
nb_column_is_optional(const struct nb_column *column)
{
    return column->column && !column->column->type.n_min;
}
