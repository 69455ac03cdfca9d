/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/rows.h"

#include <stdlib.h>

#include "nb/dragonflow-idl.h"
#include "util.h"

static void
list_sort(struct row_list *list)
{
    list->nodes = shash_sort(&list->by_name);
    list->n = shash_count(&list->by_name);
}

static void
list_destroy(struct row_list *list)
{
    free(list->nodes);
    shash_destroy(&list->by_name);
}

static void
lists_add(struct shash *lists, const char *owner, const char *name, const void *row)
{
    struct row_list *list = shash_find_data(lists, owner);
    if (!list) {
        list = xzalloc(sizeof *list);
        shash_init(&list->by_name);
        shash_add(lists, owner, list);
    }
    shash_add(&list->by_name, name, row);
}

static void
lists_sort(struct shash *lists)
{
    struct shash_node *node;
    SHASH_FOR_EACH (node, lists) {
        list_sort(node->data);
    }
}

static void
lists_destroy(struct shash *lists)
{
    struct shash_node *node;
    SHASH_FOR_EACH (node, lists) {
        list_destroy(node->data);
    }
    shash_destroy_free_data(lists);
}

void
rows_init(struct rows *rows, const struct ovsdb_idl *idl)
{
    const struct nbrec_network *network;
    const struct nbrec_subnet *subnet;
    const struct nbrec_port *port;
    const struct nbrec_router *router;
    const struct nbrec_router_port *router_port;
    const struct nbrec_chassis *chassis;

    shash_init(&rows->networks.by_name);
    shash_init(&rows->routers.by_name);
    shash_init(&rows->chassis.by_name);
    shash_init(&rows->subnets);
    shash_init(&rows->ports);
    shash_init(&rows->router_ports);

    NBREC_NETWORK_FOR_EACH (network, idl) {
        shash_add(&rows->networks.by_name, network->name, network);
    }
    NBREC_ROUTER_FOR_EACH (router, idl) {
        shash_add(&rows->routers.by_name, router->name, router);
    }
    NBREC_CHASSIS_FOR_EACH (chassis, idl) {
        shash_add(&rows->chassis.by_name, chassis->name, chassis);
    }
    NBREC_SUBNET_FOR_EACH (subnet, idl) {
        if (subnet->network) {
            lists_add(&rows->subnets, subnet->network->name, subnet->name, subnet);
        }
    }
    NBREC_PORT_FOR_EACH (port, idl) {
        if (port->network) {
            lists_add(&rows->ports, port->network->name, port->name, port);
        }
    }
    NBREC_ROUTER_PORT_FOR_EACH (router_port, idl) {
        if (router_port->router) {
            lists_add(&rows->router_ports, router_port->router->name, router_port->name,
                      router_port);
        }
    }

    list_sort(&rows->networks);
    list_sort(&rows->routers);
    list_sort(&rows->chassis);
    lists_sort(&rows->subnets);
    lists_sort(&rows->ports);
    lists_sort(&rows->router_ports);
}

void
rows_destroy(struct rows *rows)
{
    list_destroy(&rows->networks);
    list_destroy(&rows->routers);
    list_destroy(&rows->chassis);
    lists_destroy(&rows->subnets);
    lists_destroy(&rows->ports);
    lists_destroy(&rows->router_ports);
}

const struct row_list *
rows_of(const struct shash *lists, const char *owner)
{
    static const struct row_list none;
    const struct row_list *list = shash_find_data(lists, owner);
    return list ? list : &none;
}
