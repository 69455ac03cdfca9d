/* SPDX-License-Identifier: Apache-2.0 */
/* apply FILE: makes the NB database what a file says.
 *
 * Objects are the same if their names are.  What the file does not speak of stays:
 * Chassis rows, Port.chassis and Port.up, external_ids unless given. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "dfctl/dfctl.h"
#include "dfctl/segment.h"
#include "dfctl/topology-file.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

struct apply {
    struct ctl_context *ctx;
    const struct topology_file *file;

    /* Rows by name; of networks and routers also those that are created. */
    struct shash networks;
    struct shash subnets;
    struct shash ports;
    struct shash routers;
    struct shash router_ports;

    struct svec allocate; /* Names of networks that need a segmentation id. */
};

/* What happens to one object, to be printed as one line. */
struct change {
    struct ds *output;
    const char *kind;
    const char *name;
    bool created;
    struct ds fields; /* "mtu 1500 -> 1400, ..." */
};

static struct change
change_begin(struct apply *apply, const char *kind, const struct file_object *object, bool created)
{
    /* Faults that nb_check() finds in the object lead to its line. */
    char *label = xasprintf("%s %s", kind, object->name);
    shash_add_once(&dfctl_context_cast(apply->ctx)->dfctl->origins, label,
                   xasprintf("%s:%d", apply->file->name, object->line));
    free(label);
    return (struct change){
        .output = &apply->ctx->output,
        .kind = kind,
        .name = object->name,
        .created = created,
        .fields = DS_EMPTY_INITIALIZER,
    };
}

/* Returns true if 'field' is to be written: its text is not 'before' but 'after' (NULL:
 * none).  An object that is created begins with all fields NULL. */
static bool
change_field(struct change *change, const char *field, const char *before, const char *after)
{
    if (nullable_string_is_equal(change->created ? NULL : before, after)) {
        return false;
    }
    ds_put_format(&change->fields, "%s%s %s -> %s", change->fields.length ? ", " : "", field,
                  before && before[0] ? before : "(none)", after && after[0] ? after : "(none)");
    return true;
}

static void
change_end(struct change *change)
{
    if (change->created) {
        ds_put_format(change->output, "+ %s %s\n", change->kind, change->name);
    } else if (change->fields.length) {
        ds_put_format(change->output, "~ %s %s: %s\n", change->kind, change->name,
                      ds_cstr(&change->fields));
    }
    ds_destroy(&change->fields);
}

static char *
smap_text(const struct smap *smap)
{
    struct svec v = SVEC_EMPTY_INITIALIZER;
    const struct smap_node *node;

    SMAP_FOR_EACH (node, smap) {
        svec_add_nocopy(&v, xasprintf("%s=%s", node->key, node->value));
    }
    svec_sort(&v);
    char *joined = svec_join(&v, ", ", "");
    char *s = xasprintf("{%s}", joined);
    free(joined);
    svec_destroy(&v);
    return s;
}

static bool
change_external_ids(struct change *change, const struct smap *old, const struct file_object *object)
{
    if (!object->has_external_ids || smap_equal(old, &object->external_ids)) {
        return false;
    }
    char *old_text = smap_text(old);
    char *new_text = smap_text(&object->external_ids);
    bool changed = change_field(change, "external-ids", old_text, new_text);
    free(old_text);
    free(new_text);
    return changed;
}

/* Compares a set of 'n' strings of the database, in any spelling, with 'new'. */
static bool
change_set(struct change *change, const char *field, char *const *strings, size_t n,
           char *(*normalize)(const char *), const struct svec *new)
{
    struct svec old;
    normalize_all(strings, n, normalize, &old);
    if (svec_equal(&old, new)) {
        svec_destroy(&old);
        return false;
    }
    struct svec sorted;
    svec_clone(&sorted, new);
    sort_addresses(&old);
    sort_addresses(&sorted);
    char *old_text = svec_join(&old, " ", "");
    char *new_text = svec_join(&sorted, " ", "");
    bool changed = change_field(change, field, old_text, new_text);
    free(old_text);
    free(new_text);
    svec_destroy(&old);
    svec_destroy(&sorted);
    return changed;
}

static bool
change_enabled(struct change *change, const bool *old, size_t n_old, bool new)
{
    bool enabled = !n_old || *old;
    return enabled != new
           && (change->created
               || change_field(change, "enabled", enabled ? "true" : "false",
                               new ? "true" : "false"));
}

/* --- Networks ----------------------------------------------------------- */

static void
apply_segmentation_id(struct apply *apply, struct change *change, const struct nbrec_network *row,
                      const struct file_network *network, bool other_segment)
{
    char *old =
        (!change->created && row->n_segmentation_id ? xasprintf("%" PRId64, *row->segmentation_id)
                                                    : NULL);
    if (network->segmentation_id) {
        char *wanted = xasprintf("%" PRId64, network->segmentation_id);
        if (change_field(change, "segmentation-id", old, wanted)) {
            nbrec_network_set_segmentation_id(row, &network->segmentation_id, 1);
        }
        free(wanted);
    } else if (!network_type_max_segmentation_id(network->type)) {
        if (change_field(change, "segmentation-id", old, NULL)) {
            nbrec_network_set_segmentation_id(row, NULL, 0);
        }
    } else if (!old || other_segment) {
        change_field(change, "segmentation-id", old, "(allocated)");
        nbrec_network_set_segmentation_id(row, NULL, 0);
        svec_add(&apply->allocate, network->object.name);
    }
    free(old);
}

static void
apply_network(struct apply *apply, const struct file_network *network)
{
    const char *name = network->object.name;
    const struct nbrec_network *row = shash_find_data(&apply->networks, name);
    struct change change = change_begin(apply, "network", &network->object, !row);
    if (!row) {
        row = nbrec_network_insert(apply->ctx->txn);
        nbrec_network_set_name(row, name);
        shash_add(&apply->networks, name, row);
    }

    bool other_segment = false;
    const char *type = network_type_to_string(network->type);
    if (change_field(&change, "type", row->type, type)) {
        nbrec_network_set_type(row, type);
        other_segment = true;
    }
    if (change_field(&change, "physical-network", row->physical_network,
                     network->physical_network)) {
        nbrec_network_set_physical_network(row, network->physical_network);
        other_segment = true;
    }
    apply_segmentation_id(apply, &change, row, network, other_segment);

    int64_t old_mtu = !change.created && row->n_mtu ? *row->mtu : DEFAULT_MTU;
    if (old_mtu != network->mtu) {
        char *old = xasprintf("%" PRId64, old_mtu);
        char *wanted = xasprintf("%" PRId64, network->mtu);
        change_field(&change, "mtu", old, wanted);
        free(old);
        free(wanted);
        nbrec_network_set_mtu(row, &network->mtu, 1);
    }
    if (change_external_ids(&change, &row->external_ids, &network->object)) {
        nbrec_network_set_external_ids(row, &network->object.external_ids);
    }
    change_end(&change);
}

static void
apply_subnet(struct apply *apply, const struct file_subnet *subnet)
{
    const char *name = subnet->object.name;
    const struct nbrec_subnet *row = shash_find_data(&apply->subnets, name);
    struct change change = change_begin(apply, "subnet", &subnet->object, !row);
    if (!row) {
        row = nbrec_subnet_insert(apply->ctx->txn);
        nbrec_subnet_set_name(row, name);
    }

    if (change_field(&change, "network", row->network ? row->network->name : NULL,
                     subnet->network)) {
        nbrec_subnet_set_network(row, shash_find_data(&apply->networks, subnet->network));
    }
    char *old_cidr = change.created ? NULL : prefix_normalize(row->cidr);
    char *old_gateway = row->gateway_ip ? address_normalize(row->gateway_ip) : NULL;
    if (change_field(&change, "cidr", old_cidr, subnet->cidr)) {
        nbrec_subnet_set_cidr(row, subnet->cidr);
    }
    if (change_field(&change, "gateway", old_gateway, subnet->gateway)) {
        nbrec_subnet_set_gateway_ip(row, subnet->gateway);
    }
    free(old_cidr);
    free(old_gateway);
    if (change_external_ids(&change, &row->external_ids, &subnet->object)) {
        nbrec_subnet_set_external_ids(row, &subnet->object.external_ids);
    }
    change_end(&change);
}

static void
apply_port(struct apply *apply, const struct file_port *port)
{
    const char *name = port->object.name;
    const struct nbrec_port *row = shash_find_data(&apply->ports, name);
    struct change change = change_begin(apply, "port", &port->object, !row);
    if (!row) {
        row = nbrec_port_insert(apply->ctx->txn);
        nbrec_port_set_name(row, name);
    }

    if (change_field(&change, "network", row->network ? row->network->name : NULL, port->network)) {
        nbrec_port_set_network(row, shash_find_data(&apply->networks, port->network));
    }
    char *old_mac = change.created ? NULL : mac_normalize(row->mac);
    if (change_field(&change, "mac", old_mac, port->mac)) {
        nbrec_port_set_mac(row, port->mac);
    }
    free(old_mac);
    if (change_set(&change, "addresses", row->addresses, row->n_addresses, address_normalize,
                   &port->addresses)) {
        nbrec_port_set_addresses(row, (const char **) port->addresses.names, port->addresses.n);
    }
    if (change_enabled(&change, row->enabled, row->n_enabled, port->enabled)) {
        nbrec_port_set_enabled(row, &port->enabled, 1);
    }
    if (change_field(&change, "requested-chassis", row->requested_chassis,
                     port->requested_chassis)) {
        nbrec_port_set_requested_chassis(row, port->requested_chassis);
    }
    if (change_external_ids(&change, &row->external_ids, &port->object)) {
        nbrec_port_set_external_ids(row, &port->object.external_ids);
    }
    change_end(&change);
}

/* --- Routers ------------------------------------------------------------ */

static void
apply_router(struct apply *apply, const struct file_router *router)
{
    const char *name = router->object.name;
    const struct nbrec_router *row = shash_find_data(&apply->routers, name);
    struct change change = change_begin(apply, "router", &router->object, !row);
    if (!row) {
        row = nbrec_router_insert(apply->ctx->txn);
        nbrec_router_set_name(row, name);
        shash_add(&apply->routers, name, row);
    }

    if (change_enabled(&change, row->enabled, row->n_enabled, router->enabled)) {
        nbrec_router_set_enabled(row, &router->enabled, 1);
    }
    if (change_set(&change, "routes", row->static_routes, row->n_static_routes,
                   static_route_normalize, &router->routes)) {
        nbrec_router_set_static_routes(row, (const char **) router->routes.names, router->routes.n);
    }
    if (change_external_ids(&change, &row->external_ids, &router->object)) {
        nbrec_router_set_external_ids(row, &router->object.external_ids);
    }
    change_end(&change);
}

static void
apply_router_port(struct apply *apply, const struct file_router_port *port)
{
    const char *name = port->object.name;
    const struct nbrec_router_port *row = shash_find_data(&apply->router_ports, name);
    struct change change = change_begin(apply, "router port", &port->object, !row);
    if (!row) {
        row = nbrec_router_port_insert(apply->ctx->txn);
        nbrec_router_port_set_name(row, name);
    }

    if (change_field(&change, "router", row->router ? row->router->name : NULL, port->router)) {
        nbrec_router_port_set_router(row, shash_find_data(&apply->routers, port->router));
    }
    if (change_field(&change, "network", row->network ? row->network->name : NULL, port->network)) {
        nbrec_router_port_set_network(row, shash_find_data(&apply->networks, port->network));
    }
    char *old_mac = change.created ? NULL : mac_normalize(row->mac);
    if (change_field(&change, "mac", old_mac, port->mac)) {
        nbrec_router_port_set_mac(row, port->mac);
    }
    free(old_mac);
    if (change_set(&change, "addresses", row->addresses, row->n_addresses,
                   interface_address_normalize, &port->addresses)) {
        nbrec_router_port_set_addresses(row, (const char **) port->addresses.names,
                                        port->addresses.n);
    }
    if (change_external_ids(&change, &row->external_ids, &port->object)) {
        nbrec_router_port_set_external_ids(row, &port->object.external_ids);
    }
    change_end(&change);
}

/* --- All ---------------------------------------------------------------- */

#define INDEX_ROWS(SHASH, TYPE, FOR_EACH)                                                          \
    do {                                                                                           \
        const struct TYPE *row_;                                                                   \
        FOR_EACH(row_, apply->ctx->idl)                                                            \
        {                                                                                          \
            shash_add_once(SHASH, row_->name, row_);                                               \
        }                                                                                          \
    } while (0)

static void
apply_init(struct apply *apply, struct ctl_context *ctx, const struct topology_file *file)
{
    apply->ctx = ctx;
    apply->file = file;
    shash_init(&apply->networks);
    shash_init(&apply->subnets);
    shash_init(&apply->ports);
    shash_init(&apply->routers);
    shash_init(&apply->router_ports);
    svec_init(&apply->allocate);
    INDEX_ROWS(&apply->networks, nbrec_network, NBREC_NETWORK_FOR_EACH);
    INDEX_ROWS(&apply->subnets, nbrec_subnet, NBREC_SUBNET_FOR_EACH);
    INDEX_ROWS(&apply->ports, nbrec_port, NBREC_PORT_FOR_EACH);
    INDEX_ROWS(&apply->routers, nbrec_router, NBREC_ROUTER_FOR_EACH);
    INDEX_ROWS(&apply->router_ports, nbrec_router_port, NBREC_ROUTER_PORT_FOR_EACH);
}

static void
apply_uninit(struct apply *apply)
{
    shash_destroy(&apply->networks);
    shash_destroy(&apply->subnets);
    shash_destroy(&apply->ports);
    shash_destroy(&apply->routers);
    shash_destroy(&apply->router_ports);
    svec_destroy(&apply->allocate);
}

/* For each object of the file by name, so that the output has a stable order. */
#define APPLY_ALL(OBJECTS, FUNCTION)                                                               \
    do {                                                                                           \
        const struct shash_node **nodes_ = shash_sort(OBJECTS);                                    \
        for (size_t i_ = 0; i_ < shash_count(OBJECTS); i_++) {                                     \
            FUNCTION(&apply, nodes_[i_]->data);                                                    \
        }                                                                                          \
        free(nodes_);                                                                              \
    } while (0)

/* Deletes the rows in ROWS that the file does not name. */
#define DELETE_ABSENT(KIND, ROWS, OBJECTS, DELETE)                                                 \
    do {                                                                                           \
        const struct shash_node **nodes_ = shash_sort(ROWS);                                       \
        for (size_t i_ = 0; i_ < shash_count(ROWS); i_++) {                                        \
            if (!shash_find(OBJECTS, nodes_[i_]->name)) {                                          \
                DELETE(nodes_[i_]->data);                                                          \
                ds_put_format(&ctx->output, "- %s %s\n", KIND, nodes_[i_]->name);                  \
            }                                                                                      \
        }                                                                                          \
        free(nodes_);                                                                              \
    } while (0)

static void
allocate_segmentation_ids(struct apply *apply)
{
    for (size_t i = 0; i < apply->allocate.n; i++) {
        const char *name = apply->allocate.names[i];
        const struct file_network *network = shash_find_data(&apply->file->networks, name);
        int64_t id = segment_allocate(apply->ctx->idl, network->type, network->physical_network);
        if (!id) {
            ctl_error(apply->ctx, "%s:%d: network %s: every segmentation id of type %s is taken",
                      apply->file->name, network->object.line, name,
                      network_type_to_string(network->type));
            return;
        }
        nbrec_network_set_segmentation_id(shash_find_data(&apply->networks, name), &id, 1);
    }
}

static void
pre_apply(struct ctl_context *ctx)
{
    struct shash *files = &dfctl_context_cast(ctx)->dfctl->files;
    const char *name = ctx->argv[1];

    if (!shash_find(files, name)) {
        struct topology_file *file;
        char *error = topology_file_read(name, &file);
        if (error) {
            ctl_error(ctx, "%s", error);
            free(error);
            return;
        }
        shash_add(files, name, file);
    }
    pre_everything(ctx);
}

static void
cmd_apply(struct ctl_context *ctx)
{
    const struct topology_file *file =
        shash_find_data(&dfctl_context_cast(ctx)->dfctl->files, ctx->argv[1]);
    struct apply apply;

    apply_init(&apply, ctx, file);
    APPLY_ALL(&file->networks, apply_network);
    APPLY_ALL(&file->subnets, apply_subnet);
    APPLY_ALL(&file->ports, apply_port);
    APPLY_ALL(&file->routers, apply_router);
    APPLY_ALL(&file->router_ports, apply_router_port);
    DELETE_ABSENT("router port", &apply.router_ports, &file->router_ports,
                  nbrec_router_port_delete);
    DELETE_ABSENT("router", &apply.routers, &file->routers, nbrec_router_delete);
    DELETE_ABSENT("port", &apply.ports, &file->ports, nbrec_port_delete);
    DELETE_ABSENT("subnet", &apply.subnets, &file->subnets, nbrec_subnet_delete);
    DELETE_ABSENT("network", &apply.networks, &file->networks, nbrec_network_delete);
    allocate_segmentation_ids(&apply);
    apply_uninit(&apply);
}

const struct ctl_command_syntax apply_commands[] = {
    {"apply", 1, 1, "FILE", pre_apply, cmd_apply, NULL, "", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
