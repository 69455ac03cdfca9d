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

#include "dfctl/change.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/names.h"
#include "dfctl/output.h"
#include "dfctl/routes.h"
#include "dfctl/segment.h"
#include "dfctl/topology-file.h"
#include "dfctl/values.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "openvswitch/json.h"
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

    /* Rows of each table by name, also those that are created. */
    struct shash rows[NB_N_TABLES];

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

static bool
is_neutrons_row(const struct nb_table *table, const struct ovsdb_idl_row *row)
{
    struct smap external_ids;

    column_read_map(row, nb_table_external_ids(table), &external_ids);
    bool is = is_neutrons(&external_ids);
    smap_destroy(&external_ids);
    return is;
}

/* Neutron's mark goes only if the file itself speaks of Neutron's keys. */
static void
apply_external_ids(struct change *change, const struct ovsdb_idl_row *row,
                   const struct nb_column *column, const struct file_object *object)
{
    const struct smap_node *node;
    struct smap old, new;
    bool speaks = false;

    column_read_map(row, column, &old);
    smap_clone(&new, &object->external_ids);
    SMAP_FOR_EACH (node, &new) {
        speaks = speaks || !strncmp(node->key, NEUTRON_PREFIX, strlen(NEUTRON_PREFIX));
    }
    if (!speaks && is_neutrons(&old)) {
        SMAP_FOR_EACH (node, &old) {
            if (!strncmp(node->key, NEUTRON_PREFIX, strlen(NEUTRON_PREFIX))) {
                smap_add(&new, node->key, node->value);
            }
        }
    }
    if (change_map(change, column->key, &old, &new)) {
        column_write_map(row, column, &new);
    }
    smap_destroy(&old);
    smap_destroy(&new);
}

/* Has a column of 'row' become what 'object' says.  Returns true if it was something else. */
static bool
apply_column(struct apply *apply, struct change *change, const struct ovsdb_idl_row *row,
             const struct nb_column *column, const struct file_object *object)
{
    const struct svec *new = &object->values[column - object->table->columns];
    struct svec old = SVEC_EMPTY_INITIALIZER;

    if (!change->created) {
        column_read_canonical(row, column, &old);
    } else if (column->initial && nb_column_is_optional(column)) {
        svec_add(&old, column->initial);
    }
    bool changed = change_values(change, column->key, &old, new);
    if (changed) {
        column_write(row, column, new, apply->rows);
    }
    svec_destroy(&old);
    return changed;
}

/* --- Networks ----------------------------------------------------------- */

/* 'row' has its type and physical network already.  'other_segment' if these are new. */
static void
apply_segmentation_id(struct apply *apply, struct change *change, const struct nbrec_network *row,
                      const struct nb_column *column, const struct file_object *network,
                      bool other_segment)
{
    char *old =
        (!change->created && row->n_segmentation_id ? xasprintf("%" PRId64, *row->segmentation_id)
                                                    : NULL);
    enum network_type type;
    if (file_object_has(network, column)) {
        apply_column(apply, change, &row->header_, column, network);
    } else if (!network_type_from_string(row->type, &type)) {
        /* Nonsense that the file has not put right: it cannot be known. */
    } else if (!network_type_max_segmentation_id(type)) {
        if (change_field(change, column->key, old, NULL)) {
            nbrec_network_set_segmentation_id(row, NULL, 0);
        }
    } else if (!old || other_segment) {
        change_field(change, column->key, old, "(allocated)");
        nbrec_network_set_segmentation_id(row, NULL, 0);
        svec_add(&apply->allocate, network->name);
    }
    free(old);
}

/* The type, the physical network and the segmentation id, which depend on each other. */
static void
apply_segment(struct apply *apply, struct change *change, const struct ovsdb_idl_row *header,
              const struct file_object *network, bool all)
{
    const struct nbrec_network *row = CONTAINER_OF(header, struct nbrec_network, header_);
    const struct nb_column *type = nb_table_column(network->table, &nbrec_network_col_type);
    const struct nb_column *physical_network =
        nb_table_column(network->table, &nbrec_network_col_physical_network);
    const struct nb_column *segmentation_id =
        nb_table_column(network->table, &nbrec_network_col_segmentation_id);
    bool type_given = all || file_object_has(network, type);
    bool changed = false;

    if (type_given) {
        changed |= apply_column(apply, change, header, type, network);
    }
    bool is_provider = !strcmp(row->type, "vlan") || !strcmp(row->type, "flat");
    if (all || file_object_has(network, physical_network) || (type_given && !is_provider)) {
        changed |= apply_column(apply, change, header, physical_network, network);
    }
    apply_segmentation_id(apply, change, row, segmentation_id, network, changed);
}

static bool
is_of_segment(const struct nb_column *column)
{
    return (column->column == &nbrec_network_col_type
            || column->column == &nbrec_network_col_physical_network
            || column->column == &nbrec_network_col_segmentation_id);
}

/* --- All ---------------------------------------------------------------- */

/* Has 'row' become what the file says: columns that it always has, and of the others those that it
 * speaks of, or 'all'. */
static void
apply_columns(struct apply *apply, struct change *change, const struct ovsdb_idl_row *row,
              const struct file_object *object, bool all)
{
    const struct nb_table *table = object->table;
    const struct nb_column *external_ids = nb_table_external_ids(table);

    if (table == &nb_tables[NB_NETWORK]) {
        apply_segment(apply, change, row, object, all);
    }
    for (const struct nb_column *column = &table->columns[1]; column->key; column++) {
        if (column->flags & (NB_FILE | NB_OWNER) && column->type != NB_ROWS
            && column != external_ids && !is_of_segment(column)
            && (all || column->flags & NB_OWNER || file_object_has(object, column))) {
            apply_column(apply, change, row, column, object);
        }
    }
    if (file_object_has(object, external_ids)) {
        apply_external_ids(change, row, external_ids, object);
    }
}

static const struct ovsdb_idl_row *
create_row(struct apply *apply, enum nb_table_id id, const struct file_object *object)
{
    const struct nb_table *table = object->table;
    const struct ovsdb_idl_row *row = ovsdb_idl_txn_insert(apply->ctx->txn, table->class, NULL);

    column_write(row, &table->columns[0], &object->values[0], apply->rows);
    shash_add(&apply->rows[id], object->name, row);
    return row;
}

static void
apply_object(struct apply *apply, enum nb_table_id id, const struct file_object *object)
{
    const struct nb_table *table = object->table;
    const struct ovsdb_idl_row *row = shash_find_data(&apply->rows[id], object->name);
    struct change change = change_begin(&apply->changes, table->kind, object->name, !row);
    bool all = !row || (apply->prune && !is_neutrons_row(table, row));

    /* Faults that nb_check() finds in the object lead to its line. */
    char *label = xasprintf("%s %s", table->kind, object->name);
    shash_add_once(&dfctl_context_cast(apply->ctx)->dfctl->origins, label,
                   xasprintf("%s:%d", apply->file->name, object->line));
    free(label);

    if (!row) {
        row = create_row(apply, id, object);
    }
    apply_columns(apply, &change, row, object, all);
    change_end(&change);
}

/* All of the file by name, so that the output has a stable order. */
static void
apply_objects(struct apply *apply, enum nb_table_id id)
{
    const struct shash *objects = &apply->file->objects[id];
    const struct shash_node **nodes = shash_sort(objects);

    for (size_t i = 0; i < shash_count(objects); i++) {
        apply_object(apply, id, nodes[i]->data);
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
    for (size_t i = 0; i < NB_N_TABLES; i++) {
        const struct ovsdb_idl_row *row = ovsdb_idl_first_row(ctx->idl, nb_tables[i].class);

        shash_init(&apply->rows[i]);
        for (; row && nb_table_has_names(&nb_tables[i]); row = ovsdb_idl_next_row(row)) {
            shash_add_once(&apply->rows[i], row_name(row), row);
        }
    }
}

static void
apply_uninit(struct apply *apply)
{
    for (size_t i = 0; i < NB_N_TABLES; i++) {
        shash_destroy(&apply->rows[i]);
    }
    svec_destroy(&apply->allocate);
}

/* Deletes the rows that the file does not name: not those of Neutron, nor those whose names are
 * 'in_use', which may be NULL. */
static void
delete_absent(struct apply *apply, enum nb_table_id id, const struct sset *in_use)
{
    const struct nb_table *table = &nb_tables[id];
    const struct shash_node **nodes = shash_sort(&apply->rows[id]);
    size_t n = shash_count(&apply->rows[id]);

    for (size_t i = 0; i < n; i++) {
        const struct ovsdb_idl_row *row = nodes[i]->data;
        const char *name = nodes[i]->name;
        if (shash_find(&apply->file->objects[id], name)) {
            continue;
        }
        if (is_neutrons_row(table, row) || (in_use && sset_contains(in_use, name))) {
            apply->changes.n_kept++;
        } else {
            changes_remove(&apply->changes, table->kind, name);
            row_delete(row);
        }
    }
    free(nodes);
}

/* Adds to 'used', by table, the names of rows that others refer to. */
static void
find_used(const struct ovsdb_idl *idl, struct sset used[NB_N_TABLES])
{
    NB_TABLE_FOR_EACH (table) {
        NB_COLUMN_FOR_EACH (column, table) {
            if (column->type != NB_REFERENCE || !nb_table_has_names(table)) {
                continue;
            }
            const struct ovsdb_idl_row *row = ovsdb_idl_first_row(idl, table->class);
            for (; row; row = ovsdb_idl_next_row(row)) {
                const struct ovsdb_idl_row *referred = column_reference(row, column);
                if (referred) {
                    sset_add(&used[column->table], row_name(referred));
                }
            }
        }
    }
}

/* Deletes what the file does not name: first what is owned.  What Neutron keeps may be on a network
 * that it does not own. */
static void
prune(struct apply *apply)
{
    struct sset used[NB_N_TABLES];

    for (size_t i = NB_N_TABLES; i-- > 0;) {
        sset_init(&used[i]);
        if (nb_table_owner(&nb_tables[i])) {
            delete_absent(apply, i, NULL);
        }
    }
    find_used(apply->ctx->idl, used);
    for (size_t i = NB_N_TABLES; i-- > 0;) {
        if (nb_table_is_in_files(&nb_tables[i]) && !nb_table_owner(&nb_tables[i])) {
            delete_absent(apply, i, &used[i]);
        }
        sset_destroy(&used[i]);
    }
}

static void
allocate_segmentation_ids(struct apply *apply)
{
    for (size_t i = 0; i < apply->allocate.n; i++) {
        const char *name = apply->allocate.names[i];
        const struct file_object *network =
            shash_find_data(&apply->file->objects[NB_NETWORK], name);
        const struct nbrec_network *row = shash_find_data(&apply->rows[NB_NETWORK], name);
        enum network_type type;
        int64_t id = (network_type_from_string(row->type, &type)
                          ? segment_allocate(apply->ctx->idl, type, row->physical_network)
                          : 0);
        if (!id) {
            ctl_error(apply->ctx, "%s:%d: network %s: every segmentation id of type %s is taken",
                      apply->file->name, network->line, name, row->type);
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

/* Whether what the columns of 'object' refer to is in the file or, without --prune, there.
 * Otherwise reports an error. */
static bool
check_references(struct apply *apply, const struct file_object *object)
{
    NB_COLUMN_FOR_EACH (column, object->table) {
        const struct svec *names = &object->values[column - object->table->columns];
        for (size_t i = 0; column->type == NB_REFERENCE && i < names->n; i++) {
            if (!shash_find(&apply->file->objects[column->table], names->names[i])
                && (apply->prune || !shash_find(&apply->rows[column->table], names->names[i]))) {
                ctl_error(apply->ctx, "%s:%d: %s %s: %s %s does not exist", apply->file->name,
                          object->line, object->table->kind, object->name,
                          nb_tables[column->table].kind, names->names[i]);
                return false;
            }
        }
    }
    return true;
}

static bool
check_all_references(struct apply *apply)
{
    for (size_t i = 0; i < NB_N_TABLES; i++) {
        struct shash_node *node;
        SHASH_FOR_EACH (node, &apply->file->objects[i]) {
            if (!check_references(apply, node->data)) {
                return false;
            }
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
        ok = check_all_references(&apply);
    }
    if (ok) {
        for (enum nb_table_id id = 0; id < NB_N_TABLES; id++) {
            apply_objects(&apply, id);
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

/* The same without committing it, so that it is also reported if apply would be refused. */
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
