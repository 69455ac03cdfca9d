/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "dfctl/names.h"
#include "dfctl/routes.h"
#include "nb/dragonflow-idl.h"
#include "openvswitch/shash.h"
#include "ovsdb-data.h"
#include "ovsdb-idl-provider.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

static const struct nbrec_router *
router_cast(const struct ovsdb_idl_row *row)
{
    return CONTAINER_OF(row, struct nbrec_router, header_);
}

/* A row that the transaction deletes, or that has not been read, has no data. */
static const struct ovsdb_idl_row *
find_referred(const struct ovsdb_idl_row *row, const struct nb_column *column,
              const union ovsdb_atom *atom)
{
    const struct ovsdb_idl_row *referred =
        ovsdb_idl_get_row_for_uuid(row->table->idl, nb_tables[column->table].class, &atom->uuid);

    return referred && referred->new_datum ? referred : NULL;
}

const struct ovsdb_idl_row *
column_reference(const struct ovsdb_idl_row *row, const struct nb_column *column)
{
    const struct ovsdb_datum *datum = ovsdb_idl_read(row, column->column);

    return datum->n ? find_referred(row, column, &datum->keys[0]) : NULL;
}

static void
read_values(const struct ovsdb_idl_row *row, const struct nb_column *column, struct svec *values)
{
    const struct ovsdb_datum *datum = ovsdb_idl_read(row, column->column);

    svec_init(values);
    if (column->type == NB_ROUTES) {
        routes_read(router_cast(row), values);
        return;
    }
    if (!datum->n && column->initial) {
        svec_add(values, column->initial);
    }
    for (size_t i = 0; i < datum->n; i++) {
        const union ovsdb_atom *atom = &datum->keys[i];
        if (column->type == NB_REFERENCE) {
            const struct ovsdb_idl_row *referred = find_referred(row, column, atom);
            if (referred) {
                svec_add(values, row_name(referred));
            }
        } else if (column->type == NB_INTEGER) {
            svec_add_nocopy(values, xasprintf("%" PRId64, atom->integer));
        } else if (column->type == NB_BOOLEAN) {
            svec_add(values, atom->boolean ? "true" : "false");
        } else {
            svec_add(values, atom->s->string);
        }
    }
}

void
column_read_canonical(const struct ovsdb_idl_row *row, const struct nb_column *column,
                      struct svec *values)
{
    read_values(row, column, values);
    for (size_t i = 0; i < values->n; i++) {
        char *canonical = value_normalize(column->type, values->names[i]);
        free(values->names[i]);
        values->names[i] = canonical;
    }
    svec_sort_unique(values);
}

void
column_read(const struct ovsdb_idl_row *row, const struct nb_column *column, struct svec *values)
{
    if (nb_column_is_set(column)) {
        column_read_canonical(row, column, values);
        sort_addresses(values);
    } else {
        read_values(row, column, values);
    }
}

void
column_write(const struct ovsdb_idl_row *row, const struct nb_column *column,
             const struct svec *values, const struct shash *rows)
{
    if (column->type == NB_ROUTES) {
        routes_replace(router_cast(row), values);
        return;
    }

    struct ovsdb_datum datum = {
        .n = values->n,
        .keys = values->n ? xmalloc(values->n * sizeof *datum.keys) : NULL,
    };

    for (size_t i = 0; i < values->n; i++) {
        const char *value = values->names[i];
        union ovsdb_atom *atom = &datum.keys[i];
        if (column->type == NB_REFERENCE) {
            const struct ovsdb_idl_row *referred = shash_find_data(&rows[column->table], value);
            atom->uuid = referred->uuid;
        } else if (column->type == NB_INTEGER) {
            atom->integer = strtoll(value, NULL, 10);
        } else if (column->type == NB_BOOLEAN) {
            atom->boolean = !strcmp(value, "true");
        } else {
            atom->s = ovsdb_atom_string_create(value);
        }
    }
    ovsdb_idl_txn_write(row, column->column, &datum);
}

void
column_read_map(const struct ovsdb_idl_row *row, const struct nb_column *column, struct smap *map)
{
    const struct ovsdb_datum *datum = ovsdb_idl_read(row, column->column);

    smap_init(map);
    for (size_t i = 0; i < datum->n; i++) {
        smap_add(map, datum->keys[i].s->string, datum->values[i].s->string);
    }
}

void
column_write_map(const struct ovsdb_idl_row *row, const struct nb_column *column,
                 const struct smap *map)
{
    struct ovsdb_datum datum;

    ovsdb_datum_from_smap(&datum, map);
    ovsdb_idl_txn_write(row, column->column, &datum);
}
