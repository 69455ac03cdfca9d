/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WRITE_ONLY_H
#define WRITE_ONLY_H 1

/* Columns that are written but not monitored.
 *
 * The IDL refuses to write a column of an existing row that it does not monitor.  What chassis
 * say about themselves (Port.up, Chassis.applied, Chassis.problems) must not be monitored, since
 * every chassis would receive every other one's; so the column counts as monitored from
 * write_only_begin() until write_only_end(), between which it is set. */

#include "ovsdb-idl-provider.h"

static inline void
write_only_begin(const struct ovsdb_idl_row *row, const struct ovsdb_idl_column *column)
{
    row->table->modes[column - row->table->class_->columns] = OVSDB_IDL_MONITOR | OVSDB_IDL_ALERT;
}

static inline void
write_only_end(const struct ovsdb_idl_row *row, const struct ovsdb_idl_column *column)
{
    row->table->modes[column - row->table->class_->columns] = 0;
}

#endif /* northbound/write-only.h */
