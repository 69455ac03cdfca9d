/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/names.h"

#include <string.h>

#include "nb/dragonflow-idl.h"
#include "ovsdb-idl-provider.h"
#include "util.h"

const struct ovsdb_idl_table_class *
table_find(const char *name, size_t len)
{
    for (size_t i = 0; i < NBREC_N_TABLES; i++) {
        const struct ovsdb_idl_table_class *class = &nbrec_idl_class.tables[i];
        if (strlen(class->name) == len && !strncasecmp(class->name, name, len)) {
            return class;
        }
    }
    return NULL;
}

const struct ovsdb_idl_column *
name_column(const struct ovsdb_idl_table_class *class)
{
    for (size_t i = 0; i < class->n_columns; i++) {
        const char *name = class->columns[i].name;
        if (!strcmp(name, "name") || !strcmp(name, "target")) {
            return &class->columns[i];
        }
    }
    return NULL;
}

const char *
row_name(const struct ovsdb_idl_row *row)
{
    const struct ovsdb_idl_column *column = name_column(row->table->class_);
    const struct ovsdb_datum *datum = column ? ovsdb_idl_read(row, column) : NULL;

    return datum && datum->n ? datum->keys[0].s->string : NULL;
}

const struct ovsdb_idl_row *
row_find(const struct ovsdb_idl *idl, const struct ovsdb_idl_table_class *class, const char *name)
{
    const struct ovsdb_idl_row *row = ovsdb_idl_first_row(idl, class);

    while (row && !nullable_string_is_equal(row_name(row), name)) {
        row = ovsdb_idl_next_row(row);
    }
    return row;
}

const char *
first_reference(const struct ovsdb_idl *idl, const struct ovsdb_idl_column *column,
                const struct ovsdb_idl_row *to)
{
    const struct ovsdb_idl_table_class *class =
        ovsdb_idl_table_class_from_column(&nbrec_idl_class, column);
    const struct ovsdb_idl_row *row = ovsdb_idl_first_row(idl, class);
    const char *first = NULL;

    for (; row; row = ovsdb_idl_next_row(row)) {
        const struct ovsdb_datum *datum = ovsdb_idl_read(row, column);
        const char *name = row_name(row);
        if (datum->n && uuid_equals(&datum->keys[0].uuid, &to->uuid)
            && (!first || strcmp(name, first) < 0)) {
            first = name;
        }
    }
    return first;
}
