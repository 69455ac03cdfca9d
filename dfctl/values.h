/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_VALUES_H
#define DFCTL_VALUES_H 1

/* The values of a column that nb/tables.h describes, as texts: none, one, or those of a set.
 * Rows are as the transaction would leave them.  A row must not have been deleted. */

#include <stdbool.h>

#include "nb/tables.h"

struct ovsdb_idl_row;
struct shash;
struct smap;
struct svec;

/* The row that 'column', a reference, refers to; NULL if it refers to none. */
const struct ovsdb_idl_row *column_reference(const struct ovsdb_idl_row *,
                                             const struct nb_column *column);

/* Initializes 'values', which the caller must destroy, to those of the row, or the one that stands
 * for none.  column_read() leaves a single value as it is written and brings a set into the order
 * of values; column_read_canonical() gives canonical spellings, in the order of sets in the
 * database. */
void column_read(const struct ovsdb_idl_row *, const struct nb_column *, struct svec *values);
void column_read_canonical(const struct ovsdb_idl_row *, const struct nb_column *,
                           struct svec *values);

/* Sets the column.  The values must be in their canonical spelling.  What a reference refers to
 * is found in 'rows', one for each table, by name. */
void column_write(const struct ovsdb_idl_row *, const struct nb_column *, const struct svec *values,
                  const struct shash *rows);

/* The same for a map, which the caller must destroy. */
void column_read_map(const struct ovsdb_idl_row *, const struct nb_column *, struct smap *map);
void column_write_map(const struct ovsdb_idl_row *, const struct nb_column *,
                      const struct smap *map);

#endif /* dfctl/values.h */
