/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/rows.h"

#include <stdlib.h>

#include "dfctl/names.h"
#include "dfctl/values.h"
#include "ovsdb-idl.h"
#include "util.h"

static void
lists_add(struct shash *lists, const char *owner, const struct ovsdb_idl_row *row)
{
    struct row_list *list = shash_find_data(lists, owner);
    if (!list) {
        list = xzalloc(sizeof *list);
        shash_init(&list->by_name);
        shash_add(lists, owner, list);
    }
    shash_add(&list->by_name, row_name(row), row);
}

static void
lists_init(struct shash *lists, const struct ovsdb_idl *idl, const struct nb_table *table)
{
    const struct nb_column *owner_column = nb_table_owner(table);
    const struct ovsdb_idl_row *row = ovsdb_idl_first_row(idl, table->class);
    struct shash_node *node;

    shash_init(lists);
    for (; row && nb_table_has_names(table); row = ovsdb_idl_next_row(row)) {
        const struct ovsdb_idl_row *owner =
            owner_column ? column_reference(row, owner_column) : NULL;
        if (owner || !owner_column) {
            lists_add(lists, owner ? row_name(owner) : "", row);
        }
    }
    SHASH_FOR_EACH (node, lists) {
        struct row_list *list = node->data;
        list->nodes = shash_sort(&list->by_name);
        list->n = shash_count(&list->by_name);
    }
}

void
rows_init(struct rows *rows, const struct ovsdb_idl *idl)
{
    for (size_t i = 0; i < NB_N_TABLES; i++) {
        lists_init(&rows->lists[i], idl, &nb_tables[i]);
    }
}

void
rows_destroy(struct rows *rows)
{
    for (size_t i = 0; i < NB_N_TABLES; i++) {
        struct shash_node *node;
        SHASH_FOR_EACH (node, &rows->lists[i]) {
            struct row_list *list = node->data;
            free(list->nodes);
            shash_destroy(&list->by_name);
        }
        shash_destroy_free_data(&rows->lists[i]);
    }
}

const struct row_list *
rows_of(const struct rows *rows, enum nb_table_id id, const char *owner)
{
    static const struct row_list none;
    const struct row_list *list = shash_find_data(&rows->lists[id], owner);
    return list ? list : &none;
}
