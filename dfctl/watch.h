/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_WATCH_H
#define DFCTL_WATCH_H 1

/* watch: prints changes of the database as they come. */

struct dfctl;
struct ovsdb_idl;

/* Call when the commands have been run, the last of them "watch".  Prints one line for each
 * row that is inserted ("+"), deleted ("-") or modified ("~", with the new values) until the
 * program is interrupted or dfctl->timeout has passed; as JSON objects if that is the format
 * of tables. */
void watch(const struct dfctl *, struct ovsdb_idl *);

#endif /* dfctl/watch.h */
