/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_NAMES_H
#define DFCTL_NAMES_H 1

/* Tables and their rows by name, whatever the table. */

#include <stddef.h>

struct ovsdb_idl;
struct ovsdb_idl_column;
struct ovsdb_idl_row;
struct ovsdb_idl_table_class;
struct svec;

/* The table called by the first 'len' letters of 'name', in any case; NULL if there is none. */
const struct ovsdb_idl_table_class *table_find(const char *name, size_t len);

/* The column that names rows of a table, NULL if none does. */
const struct ovsdb_idl_column *name_column(const struct ovsdb_idl_table_class *);

/* The name of a row as the transaction would leave it, NULL if its table has none. */
const char *row_name(const struct ovsdb_idl_row *);

/* The row of a table that has 'name', as the transaction would leave it; NULL if there is none.
 * It is the first member of the table's own type of row. */
const struct ovsdb_idl_row *row_find(const struct ovsdb_idl *, const struct ovsdb_idl_table_class *,
                                     const char *name);

/* The first name, by the alphabet, of the rows whose 'column' refers to 'to'; NULL if none does. */
const char *first_reference(const struct ovsdb_idl *, const struct ovsdb_idl_column *column,
                            const struct ovsdb_idl_row *to);

#endif /* dfctl/names.h */
