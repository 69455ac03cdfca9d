/* SPDX-License-Identifier: Apache-2.0 */
/* apply FILE: brings the objects of a file into the NB database.  diff FILE: what that would do.
 *
 * Objects are the same if their names are.  What the file does not speak of stays: objects,
 * and columns of its objects.  With --prune it goes instead, objects altogether, columns to
 * their default; but not what Neutron owns, and never Chassis rows, Port.chassis and Port.up,
 * segmentation ids, or external_ids. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "dfctl/change.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/output.h"
#include "dfctl/segment.h"
#include "dfctl/topology-file.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "openvswitch/json.h"
#include "smap.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

struct apply {
    struct ctl_context *ctx;
    const struct topology_file *file;
    bool prune;
    struct changes changes;

    /* Rows by name; of networks and routers also those that are created. */
    struct shash networks;
    struct shash subnets;
    struct shash ports;
    struct shash routers;
    struct shash router_ports;

    struct svec allocate; /* Names of networks that need a segmentation id. */
};

/* Neutron's plugin writes this key of external_ids, with all its own beginning so, to each row
 * that it owns, and looks after these alone. */
#define NEUTRON_PREFIX "neutron:"
#define NEUTRON_MARK NEUTRON_PREFIX "revision"

static bool
is_neutrons(const struct smap *external_ids)
{
    return smap_get(external_ids, NEUTRON_MARK) != NULL;
}

/* Begins with 'object' of the file, whose row is there ('external_ids' are its own) or is to
 * be created (NULL).  Sets '*given' to which of its columns are to be as the object says. */
static struct change
begin_object(struct apply *apply, const char *kind, const struct file_object *object,
             const struct smap *external_ids, unsigned int *given)
{
    /* Faults that nb_check() finds in the object lead to its line. */
    char *label = xasprintf("%s %s", kind, object->name);
    shash_add_once(&dfctl_context_cast(apply->ctx)->dfctl->origins, label,
                   xasprintf("%s:%d", apply->file->name, object->line));
    free(label);

    bool all = !external_ids || (apply->prune && !is_neutrons(external_ids));
    *given = object->given | (all ? GIVEN_ALL : 0);
    return change_begin(&apply->changes, kind, object->name, !external_ids);
}

/* Returns true if the row's external ids, 'old', are to become '*new' (in any case to be
 * destroyed), which are the object's.  Neutron's mark goes only if the file itself speaks of
 * Neutron's keys. */
static bool
change_external_ids(struct change *change, const struct smap *old, const struct file_object *object,
                    struct smap *new)
{
    const struct smap_node *node;
    bool speaks = false;

    smap_clone(new, &object->external_ids);
    if (!(object->given & GIVEN_EXTERNAL_IDS)) {
        return false;
    }
    SMAP_FOR_EACH (node, new) {
        speaks = speaks || !strncmp(node->key, NEUTRON_PREFIX, strlen(NEUTRON_PREFIX));
    }
    if (!speaks && is_neutrons(old)) {
        SMAP_FOR_EACH (node, old) {
            if (!strncmp(node->key, NEUTRON_PREFIX, strlen(NEUTRON_PREFIX))) {
                smap_add(new, node->key, node->value);
            }
        }
    }
    return change_map(change, "external-ids", old, new);
}

/* Ends with 'object', of a row of type nbrec_TYPE. */
#define END_OBJECT(TYPE, CHANGE, ROW, OBJECT)                                                      \
    do {                                                                                           \
        struct smap ids_;                                                                          \
        if (change_external_ids(CHANGE, &(ROW)->external_ids, OBJECT, &ids_)) {                    \
            nbrec_##TYPE##_set_external_ids(ROW, &ids_);                                           \
        }                                                                                          \
        smap_destroy(&ids_);                                                                       \
        change_end(CHANGE);                                                                        \
    } while (0)

/* --- Networks ----------------------------------------------------------- */

/* 'row' has its type and physical network already.  'other_segment' if these are new. */
static void
apply_segmentation_id(struct apply *apply, struct change *change, const struct nbrec_network *row,
                      const struct file_network *network, bool other_segment)
{
    char *old =
        (!change->created && row->n_segmentation_id ? xasprintf("%" PRId64, *row->segmentation_id)
                                                    : NULL);
    enum network_type type;
    if (network->segmentation_id) {
        char *wanted = xasprintf("%" PRId64, network->segmentation_id);
        if (change_field(change, "segmentation-id", old, wanted)) {
            nbrec_network_set_segmentation_id(row, &network->segmentation_id, 1);
        }
        free(wanted);
    } else if (!network_type_from_string(row->type, &type)) {
        /* Nonsense that the file has not put right: nobody can tell. */
    } else if (!network_type_max_segmentation_id(type)) {
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

/* Returns true if the network is in another segment now. */
static bool
apply_segment(struct change *change, const struct nbrec_network *row,
              const struct file_network *network, unsigned int given)
{
    const char *type = network_type_to_string(network->type);
    bool changed = false;

    if (given & GIVEN_TYPE && change_field(change, "type", row->type, type)) {
        nbrec_network_set_type(row, type);
        changed = true;
    }
    bool is_provider = !strcmp(row->type, "vlan") || !strcmp(row->type, "flat");
    if ((given & GIVEN_PHYSICAL_NETWORK || (given & GIVEN_TYPE && !is_provider))
        && change_field(change, "physical-network", row->physical_network,
                        network->physical_network)) {
        nbrec_network_set_physical_network(row, network->physical_network);
        changed = true;
    }
    return changed;
}

static void
apply_network(struct apply *apply, const struct file_network *network)
{
    const char *name = network->object.name;
    const struct nbrec_network *row = shash_find_data(&apply->networks, name);
    unsigned int given;
    struct change change =
        begin_object(apply, "network", &network->object, row ? &row->external_ids : NULL, &given);
    if (!row) {
        row = nbrec_network_insert(apply->ctx->txn);
        nbrec_network_set_name(row, name);
        shash_add(&apply->networks, name, row);
    }

    bool other_segment = apply_segment(&change, row, network, given);
    apply_segmentation_id(apply, &change, row, network, other_segment);

    int64_t old_mtu = !change.created && row->n_mtu ? *row->mtu : DEFAULT_MTU;
    if (given & GIVEN_MTU && old_mtu != network->mtu) {
        char *old = xasprintf("%" PRId64, old_mtu);
        char *wanted = xasprintf("%" PRId64, network->mtu);
        change_field(&change, "mtu", old, wanted);
        free(old);
        free(wanted);
        nbrec_network_set_mtu(row, &network->mtu, 1);
    }
    END_OBJECT(network, &change, row, &network->object);
}

static void
apply_subnet(struct apply *apply, const struct file_subnet *subnet)
{
    const char *name = subnet->object.name;
    const struct nbrec_subnet *row = shash_find_data(&apply->subnets, name);
    unsigned int given;
    struct change change =
        begin_object(apply, "subnet", &subnet->object, row ? &row->external_ids : NULL, &given);
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
    if (given & GIVEN_GATEWAY && change_field(&change, "gateway", old_gateway, subnet->gateway)) {
        nbrec_subnet_set_gateway_ip(row, subnet->gateway);
    }
    free(old_cidr);
    free(old_gateway);
    END_OBJECT(subnet, &change, row, &subnet->object);
}

static void
apply_port(struct apply *apply, const struct file_port *port)
{
    const char *name = port->object.name;
    const struct nbrec_port *row = shash_find_data(&apply->ports, name);
    unsigned int given;
    struct change change =
        begin_object(apply, "port", &port->object, row ? &row->external_ids : NULL, &given);
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
    if (given & GIVEN_ADDRESSES
        && change_set(&change, "addresses", row->addresses, row->n_addresses, address_normalize,
                      &port->addresses)) {
        nbrec_port_set_addresses(row, (const char **) port->addresses.names, port->addresses.n);
    }
    if (given & GIVEN_ENABLED
        && change_enabled(&change, row->enabled, row->n_enabled, port->enabled)) {
        nbrec_port_set_enabled(row, &port->enabled, 1);
    }
    if (given & GIVEN_REQUESTED_CHASSIS
        && change_field(&change, "requested-chassis", row->requested_chassis,
                        port->requested_chassis)) {
        nbrec_port_set_requested_chassis(row, port->requested_chassis);
    }
    END_OBJECT(port, &change, row, &port->object);
}

/* --- Routers ------------------------------------------------------------ */

static void
apply_router(struct apply *apply, const struct file_router *router)
{
    const char *name = router->object.name;
    const struct nbrec_router *row = shash_find_data(&apply->routers, name);
    unsigned int given;
    struct change change =
        begin_object(apply, "router", &router->object, row ? &row->external_ids : NULL, &given);
    if (!row) {
        row = nbrec_router_insert(apply->ctx->txn);
        nbrec_router_set_name(row, name);
        shash_add(&apply->routers, name, row);
    }

    if (given & GIVEN_ENABLED
        && change_enabled(&change, row->enabled, row->n_enabled, router->enabled)) {
        nbrec_router_set_enabled(row, &router->enabled, 1);
    }
    if (given & GIVEN_ROUTES
        && change_set(&change, "routes", row->static_routes, row->n_static_routes,
                      static_route_normalize, &router->routes)) {
        nbrec_router_set_static_routes(row, (const char **) router->routes.names, router->routes.n);
    }
    END_OBJECT(router, &change, row, &router->object);
}

static void
apply_router_port(struct apply *apply, const struct file_router_port *port)
{
    const char *name = port->object.name;
    const struct nbrec_router_port *row = shash_find_data(&apply->router_ports, name);
    unsigned int given;
    struct change change =
        begin_object(apply, "router port", &port->object, row ? &row->external_ids : NULL, &given);
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
    END_OBJECT(router_port, &change, row, &port->object);
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
apply_init(struct apply *apply, struct ctl_context *ctx)
{
    bool json = dfctl_context_cast(ctx)->dfctl->style.format == TF_JSON;

    *apply = (struct apply){
        .ctx = ctx,
        .changes = {.output = &ctx->output, .json = json ? json_array_create_empty() : NULL},
    };
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

/* Deletes the rows in ROWS, of type nbrec_TYPE, that the file does not name: not those of
 * Neutron, nor those whose names are in IN_USE. */
#define DELETE_ABSENT(KIND, TYPE, ROWS, OBJECTS, IN_USE)                                           \
    do {                                                                                           \
        const struct shash_node **nodes_ = shash_sort(ROWS);                                       \
        for (size_t i_ = 0; i_ < shash_count(ROWS); i_++) {                                        \
            const struct TYPE *row_ = nodes_[i_]->data;                                            \
            if (shash_find(OBJECTS, nodes_[i_]->name)) {                                           \
                continue;                                                                          \
            }                                                                                      \
            if (is_neutrons(&row_->external_ids) || sset_contains(IN_USE, nodes_[i_]->name)) {     \
                apply->changes.n_kept++;                                                           \
            } else {                                                                               \
                changes_remove(&apply->changes, KIND, nodes_[i_]->name);                           \
                TYPE##_delete(row_);                                                               \
            }                                                                                      \
        }                                                                                          \
        free(nodes_);                                                                              \
    } while (0)

/* Adds to 'networks' and 'routers' the names of those that rows refer to. */
static void
find_used(const struct ovsdb_idl *idl, struct sset *networks, struct sset *routers)
{
    const struct nbrec_subnet *subnet;
    const struct nbrec_port *port;
    const struct nbrec_router_port *rp;

    NBREC_SUBNET_FOR_EACH (subnet, idl) {
        if (subnet->network) {
            sset_add(networks, subnet->network->name);
        }
    }
    NBREC_PORT_FOR_EACH (port, idl) {
        if (port->network) {
            sset_add(networks, port->network->name);
        }
    }
    NBREC_ROUTER_PORT_FOR_EACH (rp, idl) {
        if (rp->network) {
            sset_add(networks, rp->network->name);
        }
        if (rp->router) {
            sset_add(routers, rp->router->name);
        }
    }
}

/* Deletes what the file does not name.  What Neutron keeps may be on a network that it does
 * not own. */
static void
prune(struct apply *apply)
{
    const struct topology_file *file = apply->file;
    struct sset none = SSET_INITIALIZER(&none);
    struct sset networks = SSET_INITIALIZER(&networks);
    struct sset routers = SSET_INITIALIZER(&routers);

    DELETE_ABSENT("router port", nbrec_router_port, &apply->router_ports, &file->router_ports,
                  &none);
    DELETE_ABSENT("port", nbrec_port, &apply->ports, &file->ports, &none);
    DELETE_ABSENT("subnet", nbrec_subnet, &apply->subnets, &file->subnets, &none);
    find_used(apply->ctx->idl, &networks, &routers);
    DELETE_ABSENT("router", nbrec_router, &apply->routers, &file->routers, &routers);
    DELETE_ABSENT("network", nbrec_network, &apply->networks, &file->networks, &networks);
    sset_destroy(&networks);
    sset_destroy(&routers);
    sset_destroy(&none);
}

static void
allocate_segmentation_ids(struct apply *apply)
{
    for (size_t i = 0; i < apply->allocate.n; i++) {
        const char *name = apply->allocate.names[i];
        const struct file_network *network = shash_find_data(&apply->file->networks, name);
        const struct nbrec_network *row = shash_find_data(&apply->networks, name);
        enum network_type type;
        int64_t id = (network_type_from_string(row->type, &type)
                          ? segment_allocate(apply->ctx->idl, type, row->physical_network)
                          : 0);
        if (!id) {
            ctl_error(apply->ctx, "%s:%d: network %s: every segmentation id of type %s is taken",
                      apply->file->name, network->object.line, name, row->type);
            return;
        }
        nbrec_network_set_segmentation_id(row, &id, 1);
        segment_warn_of_choice(apply->ctx, name, type, id, row->physical_network);
    }
}

/* --- Commands ----------------------------------------------------------- */

/* The arguments of both commands: FILE and --prune, in any order.  Returns false after
 * reporting an error. */
static bool
parse_arguments(struct ctl_context *ctx, const char **name, bool *prune)
{
    *name = NULL;
    *prune = shash_find(&ctx->options, "--prune") != NULL;
    for (int i = 1; i < ctx->argc; i++) {
        const char *arg = ctx->argv[i];
        if (!strcmp(arg, "--prune")) {
            *prune = true;
        } else if (!strncmp(arg, "--", 2)) {
            ctl_error(ctx, "%s has no option %s", ctx->argv[0], arg);
            return false;
        } else if (*name) {
            ctl_error(ctx, "%s: \"%s\" is a second file: there can be only one", ctx->argv[0], arg);
            return false;
        } else {
            *name = arg;
        }
    }
    if (!*name) {
        ctl_error(ctx, "%s needs a file (\"-\": standard input)", ctx->argv[0]);
    }
    return *name != NULL;
}

static void
pre_apply(struct ctl_context *ctx)
{
    struct shash *files = &dfctl_context_cast(ctx)->dfctl->files;
    const char *name;
    bool pruning;

    if (!parse_arguments(ctx, &name, &pruning)) {
        return;
    }
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

/* Whether the networks of all router ports are there, or in the file; with --prune, in the file.
 * Otherwise reports an error. */
static bool
check_networks(struct apply *apply)
{
    const struct shash *networks = apply->prune ? &apply->file->networks : &apply->networks;
    struct shash_node *node;

    SHASH_FOR_EACH (node, &apply->file->router_ports) {
        const struct file_router_port *port = node->data;
        if (!shash_find(networks, port->network)) {
            ctl_error(apply->ctx, "%s:%d: router port %s: network %s does not exist",
                      apply->file->name, port->object.line, node->name, port->network);
            return false;
        }
    }
    return true;
}

/* Does what the command says.  Returns true and fills in '*changes', or reports an error. */
static bool
run(struct ctl_context *ctx, struct changes *changes)
{
    struct apply apply;
    const char *name;

    apply_init(&apply, ctx);
    bool ok = parse_arguments(ctx, &name, &apply.prune);
    if (ok) {
        const struct topology_file *file =
            shash_find_data(&dfctl_context_cast(ctx)->dfctl->files, name);
        apply.file = file;
        APPLY_ALL(&file->networks, apply_network);
        APPLY_ALL(&file->subnets, apply_subnet);
        APPLY_ALL(&file->ports, apply_port);
        APPLY_ALL(&file->routers, apply_router);
        ok = check_networks(&apply);
        if (ok) {
            APPLY_ALL(&file->router_ports, apply_router_port);
            if (apply.prune) {
                prune(&apply);
            }
            allocate_segmentation_ids(&apply);
        }
    }
    *changes = apply.changes;
    apply_uninit(&apply);
    return ok;
}

static void
cmd_apply(struct ctl_context *ctx)
{
    struct changes changes;

    if (!run(ctx, &changes)) {
        json_destroy(changes.json);
    } else if (changes.json) {
        output_json(ctx, changes_to_json(&changes));
    } else {
        changes_summarize(&changes, dfctl_context_cast(ctx)->dfctl->dry_run);
    }
}

/* The same without committing it, so that it is also told if apply would be refused. */
static void
pre_diff(struct ctl_context *ctx)
{
    struct dfctl *dfctl = dfctl_context_cast(ctx)->dfctl;

    dfctl->diff = true;
    dfctl->dry_run = true;
    pre_apply(ctx);
}

static void
cmd_diff(struct ctl_context *ctx)
{
    struct changes changes;

    if (!run(ctx, &changes)) {
        json_destroy(changes.json);
        return;
    }
    dfctl_context_cast(ctx)->dfctl->wrong =
        changes.n_added || changes.n_changed || changes.n_removed;
    if (changes.json) {
        output_json(ctx, changes_to_json(&changes));
    }
}

const struct ctl_command_syntax apply_commands[] = {
    {"apply", 1, 2, "FILE [--prune]", pre_apply, cmd_apply, NULL, "--prune", RW},
    {"diff", 1, 2, "FILE [--prune]", pre_diff, cmd_diff, NULL, "--prune", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
