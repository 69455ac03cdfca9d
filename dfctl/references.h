/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_REFERENCES_H
#define DFCTL_REFERENCES_H 1

/* Names where the generic commands want the UUID of a row: "set Port vm1 network=web", and strings
 * with colons without the quotes that these want: "add Port vm1 addresses 2001:db8::5".  Also
 * in sets and maps, for "add" and "remove", and in the conditions of "find" and
 * "wait-until". */

struct ctl_command;
struct ctl_context;
struct ovsdb_idl;
struct scope;
struct svec;

/* For the columns of 'command' that refer to a table: has its names read. */
void references_prepare(const struct ctl_command *, struct scope *, struct ovsdb_idl *);

/* Sets 'words', which the caller must destroy, to those of 'command' with UUIDs in place of such
 * names and quotes around such strings, ended by NULL; reports a name that does not exist by
 * ctl_error().  There are none if there is nothing to replace. */
void references_resolve(const struct ctl_command *, struct ctl_context *, struct svec *words);

#endif /* dfctl/references.h */
