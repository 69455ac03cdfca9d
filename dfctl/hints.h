/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_HINTS_H
#define DFCTL_HINTS_H 1

/* What makes an error message about a wrong word more useful: the word that may be meant,
 * or how a command is used.  Messages are recognized by their text, as those of
 * db-ctl-base's commands come from there. */

struct ctl_command_syntax;
struct ovsdb_idl;
struct ovsdb_idl_table_class;

/* Adds to 'error', of ctl_parse_commands(), what helps.  Our own commands are those of 'arrays',
 * each ended by one without name, all of them by NULL.  Takes ownership of 'error', the caller
 * must free() the result. */
char *hint_for_usage(char *error, const struct ctl_command_syntax *const *arrays);

/* The same for an error of a command that has run. */
char *hint_for_command(char *error, const struct ovsdb_idl *);

/* The table in which 'error' says that a row does not exist, NULL if it says another thing:
 * to look for similar names all rows of it should be read. */
const struct ovsdb_idl_table_class *table_of_missing_row(const char *error);

#endif /* dfctl/hints.h */
