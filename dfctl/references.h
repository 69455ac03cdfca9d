/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_REFERENCES_H
#define DFCTL_REFERENCES_H 1

/* Names where the generic commands want the UUID of a row: "set Port vm1 network=web".  Also
 * in sets and maps, for "add" and "remove", and in the conditions of "find" and
 * "wait-until". */

struct ctl_command;
struct ctl_context;
struct ovsdb_idl;
struct scope;

/* For the columns of 'command' that refer to a table: has its names read. */
void references_prepare(const struct ctl_command *, struct scope *, struct ovsdb_idl *);

/* Returns the words of 'command' with UUIDs in place of such names, an array ended by NULL
 * that the caller must free() together with the words; reports a name that does not exist by
 * ctl_error() and then returns NULL, as it does if there is nothing to replace. */
char **references_resolve(const struct ctl_command *, struct ctl_context *);

#endif /* dfctl/references.h */
