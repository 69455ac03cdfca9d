/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_LOOKUP_H
#define DFCTL_LOOKUP_H 1

/* Helpers that most commands need: rows by name, arguments. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nb/dragonflow-idl.h"
#include "nb/tables.h"
#include "openvswitch/types.h"

struct ctl_context;
struct svec;
struct table;

/* The row of a table that is called 'name', as the transaction would leave it.  Returns NULL if
 * there is none; then object_get() also reports that with ctl_error().  It is of the table's own
 * type: a "struct nbrec_port" in table NB_PORT. */
const void *object_find(struct ctl_context *, enum nb_table_id, const char *name);
const void *object_get(struct ctl_context *, enum nb_table_id, const char *name);

/* For commands that delete 'kind' 'name': reports that it does not exist, unless
 * --if-exists was given. */
void report_missing(struct ctl_context *, const char *kind, const char *name);

/* The row that the first argument of a command that deletes it names, or reports so. */
const void *object_to_delete(struct ctl_context *, enum nb_table_id);

/* Deletes it, or reports what still refers to it. */
void object_delete(struct ctl_context *, enum nb_table_id);

/* For commands that add 'kind' 'name', which exists ('exists') or not.  Returns true
 * if it is to be created.  Otherwise, unless --may-exist was given, reports that it
 * exists; a name that cannot be typed again is reported as well. */
bool may_create(struct ctl_context *, const char *kind, const char *name, bool exists);

/* For --may-exist: reports that the existing 'kind' 'name' has another 'what' than
 * 'wanted'; does nothing if they are equal.  Either may be NULL, for none. */
void require_same(struct ctl_context *, const char *kind, const char *name, const char *what,
                  const char *has, const char *wanted);
/* The same for what several kinds have.  'has' is the row's and may be in any spelling;
 * 'normalize' brings one address into that of 'wanted'. */
void require_same_network(struct ctl_context *, const char *kind, const char *name,
                          const struct nbrec_network *has, const struct nbrec_network *wanted);
void require_same_mac(struct ctl_context *, const char *kind, const char *name, const char *has,
                      const char *wanted);
void require_same_addresses(struct ctl_context *, const char *kind, const char *name,
                            char *const *has, size_t n_has, char *(*normalize)(const char *),
                            const struct svec *wanted);

/* Splits arguments ctx->argv['first']... of the form KEY=VALUE into
 * 'values', an array parallel to 'keys' (ended by NULL).  Reports
 * what is not of that form, unknown or repeated, and returns false. */
bool key_values_parse(struct ctl_context *, int first, const char *const keys[],
                      const char *values[]);

/* Adds a cell that holds string 's'; an empty one if 's' is NULL. */
void table_add_text(struct table *, const char *s);

/* Makes ctx->table a table with columns 'headings' (ended by NULL). */
struct table *table_start(struct ctl_context *, const char *const headings[]);

/* Sorts the rows of a table by the text of their first cell. */
void table_sort(struct table *);

/* Makes ctx->table one of these columns (ended by NULL) of all rows of a table, or of those that
 * 'owner' owns. */
void objects_list(struct ctl_context *, enum nb_table_id, const struct ovsdb_idl_row *owner,
                  const struct ovsdb_idl_column *const columns[]);

#endif /* dfctl/lookup.h */
