/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_ROWS_H
#define DFCTL_ROWS_H 1

/* The rows of the NB database by owner and name, for whoever prints all of them:
 * the order never depends on how the database keeps them. */

#include <stddef.h>

#include "openvswitch/shash.h"

struct ovsdb_idl;

/* Rows of one table, sorted by name. */
struct row_list {
    const struct shash_node **nodes; /* 'data' is the row. */
    size_t n;
    struct shash by_name;
};

struct rows {
    struct row_list networks;
    struct row_list routers;
    struct row_list chassis;

    /* By the name of the network or router: to struct row_list. */
    struct shash subnets;
    struct shash ports;
    struct shash router_ports;
};

void rows_init(struct rows *, const struct ovsdb_idl *);
void rows_destroy(struct rows *);

/* The list in 'lists' of the owner with this name, perhaps an empty one. */
const struct row_list *rows_of(const struct shash *lists, const char *owner);

#endif /* dfctl/rows.h */
