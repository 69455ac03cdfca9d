/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_SCOPE_H
#define DFCTL_SCOPE_H 1

/* What of the database is read: no more than the commands need.
 *
 * There may be a hundred thousand ports, and few of anything else.  So a command that
 * changes something reads of the tables that nb/check.h looks at everything but the
 * ports, and of these the ones that the command names.  What it changes then says which
 * others are needed to judge it: those with the same MAC address or address, those of a
 * network whose subnets change.  If some of them have not been read, the attempt at the
 * transaction is given up, they are read, and it is made again (scope_follow()).  Ports
 * that are not read are no part of the check: their faults were there before.
 *
 * MAC addresses and addresses are searched for by their text: as dfctl and Neutron write
 * them, and as given.  A port that another program wrote in another spelling (an IPv6
 * address with needless zeros) is not found; "dfctl status" does.
 *
 * A command that only reads rows by name or UUID reads no others. */

#include <stdbool.h>
#include <stddef.h>

#include "nb/dragonflow-idl.h"
#include "ovsdb-idl.h"
#include "sset.h"

struct ctl_command;
struct ctl_context;
struct ovsdb_idl_row;

struct scope_table {
    bool used;          /* Its columns are read: only such a table may have a condition. */
    bool all;           /* All rows. */
    bool changed;       /* 'condition' is not known to the IDL. */
    struct sset wanted; /* The clauses of 'condition' as text. */
    struct ovsdb_idl_condition condition;
};

struct scope {
    struct scope_table tables[NBREC_N_TABLES];
    unsigned int seqno; /* The IDL's condition that is waited for. */

    /* Rows of tables whose deletion matters, as they were before the commands ran. */
    const struct ovsdb_idl_row **before;
    size_t n_before, allocated_before;
};

void scope_init(struct scope *);
void scope_destroy(struct scope *);

/* Whether anything of a table is read. */
bool scope_uses(const struct scope *, const struct ovsdb_idl_table_class *);

/* All rows of a table.  Returns false if that was so before. */
bool scope_all_of(struct scope *, const struct ovsdb_idl_table_class *);

/* The same, and all columns; of this table, or of all. */
void scope_read_table(struct scope *, struct ovsdb_idl *, const struct ovsdb_idl_table_class *);
void scope_read_everything(struct scope *, struct ovsdb_idl *);

/* The rows of the column's table where it is 's', or the UUID, or (a set) has 's' in it.
 * Returns true if it was wanted before. */
bool scope_string(struct scope *, const struct ovsdb_idl_column *, const char *s);
bool scope_uuid(struct scope *, const struct ovsdb_idl_column *, const struct uuid *);

/* The ports with a MAC address or an address (the prefix length of which, if it has one,
 * does not matter), in the spellings that are to be expected. */
void scope_mac(struct scope *, const char *mac);
void scope_address(struct scope *, const char *address);

/* What one of db-ctl-base's commands names.  Does nothing for other commands. */
void scope_generic(struct scope *, const struct ctl_command *);

/* Every table that nb/check.h looks at, but for ports. */
void scope_for_writing(struct scope *, struct ovsdb_idl *);

/* Tells the IDL.  Returns true if it knows all that already. */
bool scope_apply(struct scope *, struct ovsdb_idl *);

/* Whether the IDL has read what scope_apply() has asked for. */
bool scope_is_read(const struct scope *, const struct ovsdb_idl *);

/* The name of a table that is needed but that the server's database lacks, since its schema is of
 * an earlier version; NULL if it has all, or if nothing is known of it yet. */
const char *scope_missing_table(const struct scope *, const struct ovsdb_idl *);

/* Around the commands of a transaction: scope_follow() adds what is needed to judge what
 * they have changed, to be applied. */
void scope_remember(struct scope *, const struct ovsdb_idl *);
void scope_follow(struct scope *, const struct ovsdb_idl *);

#endif /* dfctl/scope.h */
