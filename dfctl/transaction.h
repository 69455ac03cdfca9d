/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_TRANSACTION_H
#define DFCTL_TRANSACTION_H 1

/* All commands of one invocation as one transaction.
 *
 * Whatever they did, the result is checked as a whole before it is committed, and a
 * transaction that makes anything faulty is refused.  Two dfctl at the same time
 * could each be right and together be wrong, so a transaction that changes
 * something also replaces Global.external_ids:generation, on condition that no
 * other did: the slower one starts again.
 *
 * An attempt may find that it needs rows that have not been read (scope.h): then it
 * sets dfctl->reads_more, and is to be repeated when scope_is_read(). */

#include <stdbool.h>
#include <stddef.h>

struct ctl_command;
struct dfctl;
struct ovsdb_idl;

/* Runs the prerequisites of the commands: what they read is known then. */
void transaction_prepare(struct dfctl *, struct ctl_command *, size_t n, struct ovsdb_idl *);

/* Attempts the transaction, whose comment is 'args'; ends the program if it fails or
 * is not committed at 'deadline' (as of time_msec()).  Returns true if it is done, false
 * if it is to be tried again once the database has changed. */
bool transaction_attempt(struct dfctl *, const char *args, struct ctl_command *, size_t n,
                         struct ovsdb_idl *, long long int deadline);

/* Forgets the transaction of an attempt that a command has ended by ctl_fatal(). */
void transaction_abort(void);

#endif /* dfctl/transaction.h */
