/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NORTHBOUND_H
#define NORTHBOUND_H 1

/* The NB database as this chassis reads it: what to monitor, and what changed.
 *
 * Rows become values (nb/parse.h) and go to the topology.  A row that makes no
 * sense is left out and reported; nothing else suffers.  While the database is
 * away the topology stays as it was; when it is back only real differences reach
 * the topology, even if every row had to be read again.
 *
 * Columns that a chassis writes about itself (Chassis.applied, Port.up) are not
 * monitored: with N chassis that would be N notifications for each of N writes.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

#include "remotes.h"

struct ds;
struct northbound;
struct ovsdb_idl;
struct topology;

struct northbound *northbound_create(void);
void northbound_destroy(struct northbound *);

/* Connection methods, comma-separated, or NULL.  They are tried once each, in random
 * order; when that has failed, or the connection is lost, it takes another call (with NULL
 * in between) to try again.  'probe_interval' is how many ms a silent connection is left
 * alone before it is probed, and then given up after as long again; 0: for ever. */
void northbound_set_remote(struct northbound *, const char *remote, int probe_interval);
enum link_state northbound_link(const struct northbound *);

/* Reads what is new and hands it to the topology.  Returns true if anything was. */
bool northbound_run(struct northbound *, struct topology *);
void northbound_wait(struct northbound *);

/* True once the database has been read as a whole (it may be away now). */
bool northbound_has_read(const struct northbound *);
bool northbound_is_connected(const struct northbound *);

/* Hands everything to a new topology. */
void northbound_load(struct northbound *, struct topology *);

/* Global.sequence as last read. */
int64_t northbound_sequence(const struct northbound *);

/* For those who write (announce.h). */
struct ovsdb_idl *northbound_idl(struct northbound *);

/* Appends a line for each row that is disabled in whole or in part. */
void northbound_format_problems(const struct northbound *, struct ds *);

#endif /* northbound.h */
