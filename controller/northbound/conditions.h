/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONDITIONS_H
#define CONDITIONS_H 1

/* Conditional monitoring (ovsdb-server(7), 4.1.12 and following): which rows of the NB
 * database the server is asked for.
 *
 * The conditions follow an interest (topology/interest.h), which changes at any time, while
 * an answer takes a round trip and each change of a table's condition costs the server a walk
 * over that table.  From this follow the rules:
 *
 *  - One request is under way at a time.  What has come to be wanted meanwhile goes into the
 *    next one, so a burst of changes costs two requests.  What the server has confirmed before
 *    counts until it has answered, so no row is ever missing in between.
 *
 *  - Conditions grow at once, and to the union of what is requested and wanted: something waits
 *    for what is missing.  They shrink only some seconds after something has become superfluous,
 *    so what comes and goes (a machine that is rebooted) costs nothing.
 *
 *  - A start is a chain of requests, as each answer tells of networks that are wanted as well.
 *    Ports, of which there are most, are asked for when that chain has ended.
 *
 *  - A connection that is lost takes the request with it.  The IDL sends the last conditions
 *    when it connects anew, but does not say whether an answer is to these: so after an
 *    interruption they are set once more, and that says it.
 *
 * Three questions decide what happens next, each answered by one enum in conditions.c: how far
 * the start has got, what has become of the last request, and how it fits what is wanted.
 *
 * Each clause is "column == value" with few columns a table: the server looks such
 * conditions up in a hash, while others cost it time for each clause and row.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct ds;
struct interest;
struct ovsdb_idl;
struct uuid;

struct conditions;

struct conditions *conditions_create(void);
void conditions_destroy(struct conditions *);

/* Whether 'wanted' is monitored; asks the server for what is missing if no request is
 * under way.  'wanted' of NULL stands for the whole database.  Call it before the first
 * ovsdb_idl_run(), or the IDL begins with the whole database, and whenever 'wanted' or
 * the state of 'idl' may have changed.  'wanted_seqno' is another number than before if
 * 'wanted' may have changed. */
bool conditions_run(struct conditions *, struct ovsdb_idl *idl, const struct interest *wanted,
                    uint64_t wanted_seqno);
/* How often the server has been asked for something else than before. */
uint64_t conditions_count_requests(const struct conditions *);
/* Wakes up when there is something to give up. */
void conditions_wait(const struct conditions *);

/* True if the server has confirmed to tell of everything on this network. */
bool conditions_cover_network(const struct conditions *, const struct uuid *);

/* For "northbound/conditions": the number of requests and of clauses. */
void conditions_format(const struct conditions *, struct ds *);

#endif /* northbound/conditions.h */
