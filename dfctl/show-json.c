/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/show-json.h"

#include <stdlib.h>
#include <string.h>

#include "dfctl/names.h"
#include "dfctl/output.h"
#include "dfctl/rows.h"
#include "dfctl/values.h"
#include "openvswitch/json.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

static struct json *list_to_json(const struct rows *, enum nb_table_id, const char *owner);

static struct json *
value_to_json(enum nb_type type, const char *value)
{
    return (type == NB_INTEGER   ? json_integer_create(strtoll(value, NULL, 10))
            : type == NB_BOOLEAN ? json_boolean_create(!strcmp(value, "true"))
                                 : json_string_create(value));
}

/* NULL if there is none. */
static struct json *
column_to_json(const struct rows *rows, const struct ovsdb_idl_row *row,
               const struct nb_column *column)
{
    if (column->type == NB_ROWS) {
        return list_to_json(rows, column->table, row_name(row));
    } else if (column->type == NB_MAP) {
        struct smap map;
        column_read_map(row, column, &map);
        struct json *json = smap_to_json(&map);
        smap_destroy(&map);
        return json;
    }

    struct svec values;
    column_read(row, column, &values);
    struct json *json = (nb_column_is_set(column) ? json_from_strings(values.names, values.n)
                         : values.n               ? value_to_json(column->type, values.names[0])
                                                  : NULL);
    svec_destroy(&values);
    return json;
}

static void
put(struct json *object, const struct nb_column *column, struct json *json)
{
    char *key = xstrdup(column->key);

    for (char *p = key; *p; p++) {
        *p = *p == '-' ? '_' : *p;
    }
    json_object_put(object, key, json);
    free(key);
}

static struct json *
list_to_json(const struct rows *rows, enum nb_table_id id, const char *owner)
{
    const struct row_list *list = rows_of(rows, id, owner);
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < list->n; i++) {
        struct json *object = json_object_create();
        NB_COLUMN_FOR_EACH (column, &nb_tables[id]) {
            if (column->type != NB_EXTERNAL_IDS && !(column->flags & NB_OWNER)) {
                struct json *json = column_to_json(rows, list->nodes[i]->data, column);
                if (json) {
                    put(object, column, json);
                }
            }
        }
        json_array_add(array, object);
    }
    return array;
}

struct json *
show_to_json(const struct rows *rows)
{
    struct json *json = json_object_create();

    NB_COLUMN_FOR_EACH (column, &nb_topology) {
        put(json, column, list_to_json(rows, column->table, ""));
    }
    return json;
}
