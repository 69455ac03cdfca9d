/* SPDX-License-Identifier: Apache-2.0 */
/* Files for "dfctl apply": whatever they contain, they are either refused with
 * one line that names file and line, or give objects that hold together. */
#include <config.h>

#include "dfctl/topology-file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nb/ip.h"
#include "nb/mac.h"
#include "nb/static-route.h"
#include "nb/text.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_object(const char *key, const struct file_object *object)
{
    ovs_assert(!strcmp(key, object->name));
    ovs_assert(object->name[0]);
    ovs_assert(text_is_clean(object->name));
    ovs_assert(object->line > 0);
    ovs_assert(!(object->given & ~GIVEN_ALL));
    ovs_assert(object->given & GIVEN_EXTERNAL_IDS || smap_is_empty(&object->external_ids));
}

static void
check_mac(const char *s)
{
    struct eth_addr mac;
    char *error = mac_parse(s, &mac);
    ovs_assert(!error);
}

static void
check_file(const struct topology_file *file)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &file->objects[FILE_NETWORK]) {
        const struct file_network *network = node->data;
        check_object(node->name, &network->object);
        ovs_assert(network->mtu >= 68 && network->mtu <= 65535);
        ovs_assert(network->segmentation_id >= 0 && network->segmentation_id <= UINT32_MAX);
    }
    SHASH_FOR_EACH (node, &file->objects[FILE_SUBNET]) {
        const struct file_subnet *subnet = node->data;
        struct ip_prefix cidr;
        check_object(node->name, &subnet->object);
        ovs_assert(shash_find(&file->objects[FILE_NETWORK], subnet->network));
        ovs_assert(!subnet->gateway || subnet->object.given & GIVEN_GATEWAY);
        char *error = prefix_parse(subnet->cidr, &cidr);
        ovs_assert(!error);
    }
    SHASH_FOR_EACH (node, &file->objects[FILE_PORT]) {
        const struct file_port *port = node->data;
        check_object(node->name, &port->object);
        ovs_assert(shash_find(&file->objects[FILE_NETWORK], port->network));
        check_mac(port->mac);
        for (size_t i = 0; i < port->addresses.n; i++) {
            struct in6_addr address;
            char *error = host_address_parse(port->addresses.names[i], &address);
            ovs_assert(!error);
        }
    }
    SHASH_FOR_EACH (node, &file->objects[FILE_ROUTER]) {
        const struct file_router *router = node->data;
        check_object(node->name, &router->object);
        for (size_t i = 0; i < router->routes.n; i++) {
            struct static_route route;
            char *error = static_route_parse(router->routes.names[i], &route);
            ovs_assert(!error);
        }
    }
    SHASH_FOR_EACH (node, &file->objects[FILE_ROUTER_PORT]) {
        const struct file_router_port *port = node->data;
        check_object(node->name, &port->object);
        ovs_assert(shash_find(&file->objects[FILE_ROUTER], port->router));
        /* Which may be in the database alone. */
        ovs_assert(port->network && port->network[0]);
        check_mac(port->mac);
        for (size_t i = 0; i < port->addresses.n; i++) {
            struct interface_address ia;
            char *error = interface_address_parse(port->addresses.names[i], &ia);
            ovs_assert(!error);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct topology_file *file;
    char *error = topology_file_parse("file", data, size, &file);
    if (error) {
        ovs_assert(!strncmp(error, "file:", 5));
        ovs_assert(atoi(error + 5) > 0 || strstr(error, "this export is incomplete"));
        ovs_assert(text_is_clean(error));
        ovs_assert(strlen(error) < 4096);
        free(error);
    } else {
        check_file(file);
        topology_file_destroy(file);
    }
    return 0;
}
