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
#include "dfctl/names.h"
#include "dfctl/output.h"
#include "dfctl/segment.h"
#include "dfctl/topology-file.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "openvswitch/json.h"
#include "ovsdb-data.h"
#include "ovsdb-idl-provider.h"
#include "smap.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

struct apply {
    struct ctl_context *ctx;
    const struct topology_file *file;
    bool prune;
    struct changes changes;

    /* Rows of each kind by name, also those that are created. */
    struct shash rows[FILE_N_KINDS];

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

/* Each apply_KIND() has the row of its kind become what the object of the file says: columns
 * that it always has, and of the others those that are 'given'. */

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
apply_network(struct apply *apply, struct change *change, unsigned int given, const void *row_,
              const void *object)
{
    const struct nbrec_network *row = row_;
    const struct file_network *network = object;

    bool other_segment = apply_segment(change, row, network, given);
    apply_segmentation_id(apply, change, row, network, other_segment);

    int64_t old_mtu = !change->created && row->n_mtu ? *row->mtu : DEFAULT_MTU;
    if (given & GIVEN_MTU && old_mtu != network->mtu) {
        char *old = xasprintf("%" PRId64, old_mtu);
        char *wanted = xasprintf("%" PRId64, network->mtu);
        change_field(change, "mtu", old, wanted);
        free(old);
        free(wanted);
        nbrec_network_set_mtu(row, &network->mtu, 1);
    }
}

static void
apply_subnet(struct apply *apply, struct change *change, unsigned int given, const void *row_,
             const void *object)
{
    const struct nbrec_subnet *row = row_;
    const struct file_subnet *subnet = object;

    if (change_field(change, "network", row->network ? row->network->name : NULL,
                     subnet->network)) {
        nbrec_subnet_set_network(row, shash_find_data(&apply->rows[FILE_NETWORK], subnet->network));
    }
    char *old_cidr = change->created ? NULL : prefix_normalize(row->cidr);
    char *old_gateway = row->gateway_ip ? address_normalize(row->gateway_ip) : NULL;
    if (change_field(change, "cidr", old_cidr, subnet->cidr)) {
        nbrec_subnet_set_cidr(row, subnet->cidr);
    }
    if (given & GIVEN_GATEWAY && change_field(change, "gateway", old_gateway, subnet->gateway)) {
        nbrec_subnet_set_gateway_ip(row, subnet->gateway);
    }
    free(old_cidr);
    free(old_gateway);
}

static void
apply_port(struct apply *apply, struct change *change, unsigned int given, const void *row_,
           const void *object)
{
    const struct nbrec_port *row = row_;
    const struct file_port *port = object;

    if (change_field(change, "network", row->network ? row->network->name : NULL, port->network)) {
        nbrec_port_set_network(row, shash_find_data(&apply->rows[FILE_NETWORK], port->network));
    }
    char *old_mac = change->created ? NULL : mac_normalize(row->mac);
    if (change_field(change, "mac", old_mac, port->mac)) {
        nbrec_port_set_mac(row, port->mac);
    }
    free(old_mac);
    if (given & GIVEN_ADDRESSES
        && change_set(change, "addresses", row->addresses, row->n_addresses, address_normalize,
                      &port->addresses)) {
        nbrec_port_set_addresses(row, (const char **) port->addresses.names, port->addresses.n);
    }
    if (given & GIVEN_ENABLED
        && change_enabled(change, row->enabled, row->n_enabled, port->enabled)) {
        nbrec_port_set_enabled(row, &port->enabled, 1);
    }
    if (given & GIVEN_REQUESTED_CHASSIS
        && change_field(change, "requested-chassis", row->requested_chassis,
                        port->requested_chassis)) {
        nbrec_port_set_requested_chassis(row, port->requested_chassis);
    }
}

/* --- Routers ------------------------------------------------------------ */

static void
apply_router(struct apply *apply OVS_UNUSED, struct change *change, unsigned int given,
             const void *row_, const void *object)
{
    const struct nbrec_router *row = row_;
    const struct file_router *router = object;

    if (given & GIVEN_ENABLED
        && change_enabled(change, row->enabled, row->n_enabled, router->enabled)) {
        nbrec_router_set_enabled(row, &router->enabled, 1);
    }
    if (given & GIVEN_ROUTES
        && change_set(change, "routes", row->static_routes, row->n_static_routes,
                      static_route_normalize, &router->routes)) {
        nbrec_router_set_static_routes(row, (const char **) router->routes.names, router->routes.n);
    }
}

static void
apply_router_port(struct apply *apply, struct change *change, unsigned int given OVS_UNUSED,
                  const void *row_, const void *object)
{
    const struct nbrec_router_port *row = row_;
    const struct file_router_port *port = object;

    if (change_field(change, "router", row->router ? row->router->name : NULL, port->router)) {
        nbrec_router_port_set_router(row, shash_find_data(&apply->rows[FILE_ROUTER], port->router));
    }
    if (change_field(change, "network", row->network ? row->network->name : NULL, port->network)) {
        nbrec_router_port_set_network(row,
                                      shash_find_data(&apply->rows[FILE_NETWORK], port->network));
    }
    char *old_mac = change->created ? NULL : mac_normalize(row->mac);
    if (change_field(change, "mac", old_mac, port->mac)) {
        nbrec_router_port_set_mac(row, port->mac);
    }
    free(old_mac);
    if (change_set(change, "addresses", row->addresses, row->n_addresses,
                   interface_address_normalize, &port->addresses)) {
        nbrec_router_port_set_addresses(row, (const char **) port->addresses.names,
                                        port->addresses.n);
    }
}

/* --- All ---------------------------------------------------------------- */

/* In the order in which they are applied: what is referred to comes first. */
static const struct kind {
    const char *name;
    const struct ovsdb_idl_table_class *table;
    size_t external_ids; /* Offset in the row. */
    const struct ovsdb_idl_column *external_ids_column;
    void (*apply)(struct apply *, struct change *, unsigned int given, const void *row,
                  const void *object);
} kinds[FILE_N_KINDS] = {
    [FILE_NETWORK] = {"network", &nbrec_table_network, offsetof(struct nbrec_network, external_ids),
                      &nbrec_network_col_external_ids, apply_network},
    [FILE_SUBNET] = {"subnet", &nbrec_table_subnet, offsetof(struct nbrec_subnet, external_ids),
                     &nbrec_subnet_col_external_ids, apply_subnet},
    [FILE_PORT] = {"port", &nbrec_table_port, offsetof(struct nbrec_port, external_ids),
                   &nbrec_port_col_external_ids, apply_port},
    [FILE_ROUTER] = {"router", &nbrec_table_router, offsetof(struct nbrec_router, external_ids),
                     &nbrec_router_col_external_ids, apply_router},
    [FILE_ROUTER_PORT] = {"router port", &nbrec_table_router_port,
                          offsetof(struct nbrec_router_port, external_ids),
                          &nbrec_router_port_col_external_ids, apply_router_port},
};

static const struct smap *
external_ids_of(enum file_kind kind, const struct ovsdb_idl_row *row)
{
    return (const void *) ((const char *) row + kinds[kind].external_ids);
}

static const struct ovsdb_idl_row *
create_row(struct apply *apply, enum file_kind kind, const char *name)
{
    const struct ovsdb_idl_table_class *table = kinds[kind].table;
    const struct ovsdb_idl_row *row = ovsdb_idl_txn_insert(apply->ctx->txn, table, NULL);
    union ovsdb_atom atom = {.s = ovsdb_atom_string_create(name)};
    struct ovsdb_datum datum = {.n = 1, .keys = xmemdup(&atom, sizeof atom)};

    ovsdb_idl_txn_write(row, name_column(table), &datum);
    shash_add(&apply->rows[kind], name, row);
    return row;
}

static void
apply_object(struct apply *apply, enum file_kind kind, const struct file_object *object)
{
    const struct ovsdb_idl_row *row = shash_find_data(&apply->rows[kind], object->name);
    struct change change = change_begin(&apply->changes, kinds[kind].name, object->name, !row);
    bool all = !row || (apply->prune && !is_neutrons(external_ids_of(kind, row)));

    /* Faults that nb_check() finds in the object lead to its line. */
    char *label = xasprintf("%s %s", kinds[kind].name, object->name);
    shash_add_once(&dfctl_context_cast(apply->ctx)->dfctl->origins, label,
                   xasprintf("%s:%d", apply->file->name, object->line));
    free(label);

    if (!row) {
        row = create_row(apply, kind, object->name);
    }
    kinds[kind].apply(apply, &change, object->given | (all ? GIVEN_ALL : 0), row, object);

    struct smap ids;
    if (change_external_ids(&change, external_ids_of(kind, row), object, &ids)) {
        struct ovsdb_datum datum;
        ovsdb_datum_from_smap(&datum, &ids);
        ovsdb_idl_txn_write(row, kinds[kind].external_ids_column, &datum);
    }
    smap_destroy(&ids);
    change_end(&change);
}

/* All of the file by name, so that the output has a stable order. */
static void
apply_objects(struct apply *apply, enum file_kind kind)
{
    const struct shash *objects = &apply->file->objects[kind];
    const struct shash_node **nodes = shash_sort(objects);

    for (size_t i = 0; i < shash_count(objects); i++) {
        apply_object(apply, kind, nodes[i]->data);
    }
    free(nodes);
}

static void
apply_init(struct apply *apply, struct ctl_context *ctx)
{
    bool json = dfctl_context_cast(ctx)->dfctl->style.format == TF_JSON;

    *apply = (struct apply){
        .ctx = ctx,
        .changes = {.output = &ctx->output, .json = json ? json_array_create_empty() : NULL},
    };
    svec_init(&apply->allocate);
    for (size_t i = 0; i < FILE_N_KINDS; i++) {
        const struct ovsdb_idl_row *row = ovsdb_idl_first_row(ctx->idl, kinds[i].table);

        shash_init(&apply->rows[i]);
        for (; row; row = ovsdb_idl_next_row(row)) {
            shash_add_once(&apply->rows[i], row_name(row), row);
        }
    }
}

static void
apply_uninit(struct apply *apply)
{
    for (size_t i = 0; i < FILE_N_KINDS; i++) {
        shash_destroy(&apply->rows[i]);
    }
    svec_destroy(&apply->allocate);
}

/* Deletes the rows that the file does not name: not those of Neutron, nor those whose names are
 * 'in_use', which may be NULL. */
static void
delete_absent(struct apply *apply, enum file_kind kind, const struct sset *in_use)
{
    const struct shash_node **nodes = shash_sort(&apply->rows[kind]);
    size_t n = shash_count(&apply->rows[kind]);

    for (size_t i = 0; i < n; i++) {
        const struct ovsdb_idl_row *row = nodes[i]->data;
        const char *name = nodes[i]->name;
        if (shash_find(&apply->file->objects[kind], name)) {
            continue;
        }
        if (is_neutrons(external_ids_of(kind, row)) || (in_use && sset_contains(in_use, name))) {
            apply->changes.n_kept++;
        } else {
            changes_remove(&apply->changes, kinds[kind].name, name);
            ovsdb_idl_txn_delete(row);
        }
    }
    free(nodes);
}

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
    struct sset networks = SSET_INITIALIZER(&networks);
    struct sset routers = SSET_INITIALIZER(&routers);

    delete_absent(apply, FILE_ROUTER_PORT, NULL);
    delete_absent(apply, FILE_PORT, NULL);
    delete_absent(apply, FILE_SUBNET, NULL);
    find_used(apply->ctx->idl, &networks, &routers);
    delete_absent(apply, FILE_ROUTER, &routers);
    delete_absent(apply, FILE_NETWORK, &networks);
    sset_destroy(&networks);
    sset_destroy(&routers);
}

static void
allocate_segmentation_ids(struct apply *apply)
{
    for (size_t i = 0; i < apply->allocate.n; i++) {
        const char *name = apply->allocate.names[i];
        const struct file_network *network =
            shash_find_data(&apply->file->objects[FILE_NETWORK], name);
        const struct nbrec_network *row = shash_find_data(&apply->rows[FILE_NETWORK], name);
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

/* Whether the networks of all router ports are in the file or, without --prune, there.  Otherwise
 * reports an error. */
static bool
check_networks(struct apply *apply)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &apply->file->objects[FILE_ROUTER_PORT]) {
        const struct file_router_port *port = node->data;
        if (!shash_find(&apply->file->objects[FILE_NETWORK], port->network)
            && (apply->prune || !shash_find(&apply->rows[FILE_NETWORK], port->network))) {
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
        apply.file = shash_find_data(&dfctl_context_cast(ctx)->dfctl->files, name);
        ok = check_networks(&apply);
    }
    if (ok) {
        for (enum file_kind kind = 0; kind < FILE_N_KINDS; kind++) {
            apply_objects(&apply, kind);
        }
        if (apply.prune) {
            prune(&apply);
        }
        allocate_segmentation_ids(&apply);
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
