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
 * Only those rows are read that matter to this chassis (topology/interest.h).  One that
 * is referred to but has not been read is no fault.  What is read may show that more is
 * needed, so the state of the topology is complete after some rounds only: as many as
 * there are routers in a row.
 *
 * Columns that a chassis writes about itself (Chassis.applied, Port.up) are not
 * monitored: with N chassis that would be N notifications for each of N writes.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

#include "northbound/remotes.h"

struct ds;
struct northbound;
struct ovsdb_idl;
struct topology;
struct uuid;

struct northbound *northbound_create(void);
void northbound_destroy(struct northbound *);

/* Connection methods, comma-separated, or NULL.  They are tried once each, in random
 * order; when that has failed, or the connection is lost, it takes another call (with NULL
 * in between) to try again.  'probe_interval' is how many ms a silent connection is left
 * alone before it is probed, and then given up after as long again; 0: for ever. */
void northbound_set_remote(struct northbound *, const char *remote, int probe_interval);
enum link_state northbound_link(const struct northbound *);

/* Takes an older state of the database as well.  By default a server of a cluster that
 * has less than was seen before is refused: it lags behind.  But a cluster that was begun
 * anew from a backup has less for ever. */
void northbound_accept_older(struct northbound *);

/* Reads what is new, hands it to the topology and settles that, and asks the server for what
 * it needs now, or for the whole database if 'everything'.  Returns true if anything was
 * new. */
bool northbound_run(struct northbound *, struct topology *, bool everything);
void northbound_wait(struct northbound *);

/* The next topology that northbound_run() sees is another one. */
void northbound_set_stale(struct northbound *);

/* True if everything that the flows depend on has been read: as of northbound_sequence()
 * or later. */
bool northbound_is_complete(const struct northbound *);

/* True if it is better to wait before new flows are computed: the first time until
 * everything has been read; later, for a fraction of a second, if something has been
 * taken away and what may replace it is on the way. */
bool northbound_must_wait(const struct northbound *);

/* True once everything that matters has been read (it may be away now). */
bool northbound_has_read(const struct northbound *);
bool northbound_is_connected(const struct northbound *);

/* Hands everything to a new topology. */
void northbound_load(struct northbound *, struct topology *);

/* Global.sequence as last read. */
int64_t northbound_sequence(const struct northbound *);

/* True if all of the network with this UUID has been read. */
bool northbound_covers_network(const struct northbound *, const struct uuid *);
/* True if a chassis that is not there does not exist. */
bool northbound_covers_chassis(const struct northbound *);

/* For the files that write (announce.h). */
struct ovsdb_idl *northbound_idl(struct northbound *);

/* What has been asked for, and what came. */
void northbound_format_conditions(const struct northbound *, struct ds *);

/* Appends a sentence for each row that is disabled in whole or in part, and one if there is no
 * connection. */
struct svec;
void northbound_problems(const struct northbound *, struct svec *problems);

#endif /* northbound/northbound.h */
