/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_ROWS_H
#define DFCTL_ROWS_H 1

/* The rows of the NB database by table, owner and name, for commands that print all of them:
 * the order never depends on how the database keeps them. */

#include <stddef.h>

#include "nb/tables.h"
#include "openvswitch/shash.h"

struct ovsdb_idl;

/* Rows of one table and owner, sorted by name. */
struct row_list {
    const struct shash_node **nodes; /* 'data' is the row. */
    size_t n;
    struct shash by_name;
};

struct rows {
    /* By the name of the owner, "" in a table whose rows have none: struct row_list. */
    struct shash lists[NB_N_TABLES];
};

void rows_init(struct rows *, const struct ovsdb_idl *);
void rows_destroy(struct rows *);

/* The rows of a table that the row called 'owner' owns (""; all of a table whose rows have no
 * owner), perhaps an empty list. */
const struct row_list *rows_of(const struct rows *, enum nb_table_id, const char *owner);

#endif /* dfctl/rows.h */
