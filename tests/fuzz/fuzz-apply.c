/* SPDX-License-Identifier: Apache-2.0 */
/* Files for "dfctl apply": whatever they contain, they are either refused with
 * one line that names file and line, or give objects that hold together. */
#include <config.h>

#include "dfctl/topology-file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "nb/model.h"
#include "nb/text.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_value(const struct topology_file *file, const struct nb_column *column, const char *value)
{
    enum network_type type;
    char *error = NULL;

    ovs_assert(value[0]);
    ovs_assert(text_is_clean(value));
    switch (column->type) {
    case NB_REFERENCE:
        /* Of others it may be in the database alone. */
        ovs_assert(!(column->flags & NB_OWNER) || shash_find(&file->objects[column->table], value));
        break;
    case NB_INTEGER:
        ovs_assert(atoll(value) >= column->min && atoll(value) <= column->max);
        break;
    case NB_BOOLEAN:
        ovs_assert(!strcmp(value, "true") || !strcmp(value, "false"));
        break;
    case NB_NETWORK_TYPE:
        ovs_assert(network_type_from_string(value, &type));
        break;
    case NB_MAC:
    case NB_HOST_ADDRESS:
    case NB_INTERFACE_ADDRESS:
    case NB_SUBNET_PREFIX:
    case NB_ROUTES:
        error = value_check(column->type, value);
        ovs_assert(!error);
        break;
    default:
        break;
    }
}

static void
check_object(const struct topology_file *file, const char *key, const struct file_object *object)
{
    ovs_assert(!strcmp(key, object->name));
    ovs_assert(object->name == object->values[0].names[0]);
    ovs_assert(object->line > 0);
    NB_COLUMN_FOR_EACH (column, object->table) {
        const struct svec *values = &object->values[column - object->table->columns];
        ovs_assert(!file_object_has(object, column) || column->flags & NB_FILE);
        ovs_assert(!(column->flags & (NB_REQUIRED | NB_OWNER)) || values->n
                   || nb_column_is_set(column));
        ovs_assert(values->n <= 1 || nb_column_is_set(column));
        for (size_t i = 0; i < values->n; i++) {
            check_value(file, column, values->names[i]);
        }
    }
    ovs_assert(file_object_has(object, nb_table_external_ids(object->table))
               || smap_is_empty(&object->external_ids));
}

static void
check_file(const struct topology_file *file)
{
    for (size_t i = 0; i < NB_N_TABLES; i++) {
        struct shash_node *node;
        SHASH_FOR_EACH (node, &file->objects[i]) {
            check_object(file, node->name, node->data);
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
