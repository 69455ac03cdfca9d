/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/show-json.h"

#include "dfctl/canonical.h"
#include "dfctl/output.h"
#include "dfctl/rows.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "openvswitch/json.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

static void
put_strings(struct json *object, const char *key, char *const *strings, size_t n,
            char *(*normalize)(const char *) )
{
    struct svec v;

    normalize_all(strings, n, normalize, &v);
    sort_addresses(&v);
    json_object_put(object, key, json_from_strings(v.names, v.n));
    svec_destroy(&v);
}

static void
put_integer(struct json *object, const char *key, int64_t value)
{
    json_object_put(object, key, json_integer_create(value));
}

static void
put_bool(struct json *object, const char *key, bool value)
{
    json_object_put(object, key, json_boolean_create(value));
}

static void
put_optional(struct json *object, const char *key, const char *value)
{
    if (value) {
        json_object_put_string(object, key, value);
    }
}

static void
put_smap(struct json *object, const char *key, const struct smap *smap)
{
    json_object_put(object, key, smap_to_json(smap));
}

static struct json *
port_to_json(const struct nbrec_port *row)
{
    struct json *port = json_object_create();

    json_object_put_string(port, "name", row->name);
    json_object_put_string(port, "mac", row->mac);
    put_strings(port, "addresses", row->addresses, row->n_addresses, address_normalize);
    put_bool(port, "enabled", !row->n_enabled || *row->enabled);
    put_bool(port, "up", row->n_up && *row->up);
    put_optional(port, "chassis", row->chassis ? row->chassis->name : NULL);
    put_optional(port, "requested_chassis", row->requested_chassis);
    return port;
}

static struct json *
network_to_json(const struct rows *rows, const struct nbrec_network *row)
{
    struct json *network = json_object_create();
    struct json *subnets = json_array_create_empty();
    struct json *ports = json_array_create_empty();

    json_object_put_string(network, "name", row->name);
    json_object_put_string(network, "type", row->type);
    if (row->n_segmentation_id) {
        put_integer(network, "segmentation_id", *row->segmentation_id);
    }
    put_optional(network, "physical_network", row->physical_network);
    put_integer(network, "mtu", row->n_mtu ? *row->mtu : DEFAULT_MTU);

    const struct row_list *list = rows_of(rows, NB_SUBNET, row->name);
    for (size_t i = 0; i < list->n; i++) {
        const struct nbrec_subnet *s = list->nodes[i]->data;
        struct json *subnet = json_object_create();
        json_object_put_string(subnet, "name", s->name);
        json_object_put_string(subnet, "cidr", s->cidr);
        put_optional(subnet, "gateway", s->gateway_ip);
        json_array_add(subnets, subnet);
    }
    list = rows_of(rows, NB_PORT, row->name);
    for (size_t i = 0; i < list->n; i++) {
        json_array_add(ports, port_to_json(list->nodes[i]->data));
    }
    json_object_put(network, "subnets", subnets);
    json_object_put(network, "ports", ports);
    return network;
}

static struct json *
router_to_json(const struct rows *rows, const struct nbrec_router *row)
{
    struct json *router = json_object_create();
    struct json *ports = json_array_create_empty();

    json_object_put_string(router, "name", row->name);
    put_bool(router, "enabled", !row->n_enabled || *row->enabled);
    const struct row_list *list = rows_of(rows, NB_ROUTER_PORT, row->name);
    for (size_t i = 0; i < list->n; i++) {
        const struct nbrec_router_port *p = list->nodes[i]->data;
        struct json *port = json_object_create();
        json_object_put_string(port, "name", p->name);
        put_optional(port, "network", p->network ? p->network->name : NULL);
        json_object_put_string(port, "mac", p->mac);
        put_strings(port, "addresses", p->addresses, p->n_addresses, interface_address_normalize);
        json_array_add(ports, port);
    }
    json_object_put(router, "ports", ports);
    put_strings(router, "routes", row->static_routes, row->n_static_routes, static_route_normalize);
    return router;
}

struct json *
show_to_json(const struct rows *rows)
{
    struct json *json = json_object_create();
    struct json *networks = json_array_create_empty();
    struct json *routers = json_array_create_empty();
    struct json *chassis = json_array_create_empty();

    for (size_t i = 0; i < rows_of(rows, NB_NETWORK, "")->n; i++) {
        json_array_add(networks,
                       network_to_json(rows, rows_of(rows, NB_NETWORK, "")->nodes[i]->data));
    }
    for (size_t i = 0; i < rows_of(rows, NB_ROUTER, "")->n; i++) {
        json_array_add(routers, router_to_json(rows, rows_of(rows, NB_ROUTER, "")->nodes[i]->data));
    }
    for (size_t i = 0; i < rows_of(rows, NB_CHASSIS, "")->n; i++) {
        const struct nbrec_chassis *row = rows_of(rows, NB_CHASSIS, "")->nodes[i]->data;
        struct json *object = json_object_create();
        json_object_put_string(object, "name", row->name);
        json_object_put_string(object, "hostname", row->hostname);
        put_smap(object, "encapsulations", &row->encaps);
        put_smap(object, "physical_networks", &row->bridge_mappings);
        json_array_add(chassis, object);
    }
    json_object_put(json, "networks", networks);
    json_object_put(json, "routers", routers);
    json_object_put(json, "chassis", chassis);
    return json;
}
