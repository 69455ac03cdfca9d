/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_SYNC_H
#define DFCTL_SYNC_H 1

/* Waiting until every chassis has applied what was committed.
 *
 * Global.sequence is raised in the transaction that is to be waited for; a chassis
 * copies it to Chassis.applied once everything up to it is in its switch.  Two
 * rounds are needed: what a chassis does in the first one may be to write (it
 * claims a port), which the others must apply as well.
 *
 * A chassis that is known to be dead is not waited for, but makes sync fail when all others
 * have answered.  Known means: it has not
 * applied a sequence that was raised more than SYNC_PATIENCE_MS ago, and has not been heard
 * of (Chassis.heard_at) for as long: one that came a moment ago is waited for.  For this
 * Global.external_ids holds "sequence_raised_at", when the current sequence was
 * raised (in ms since the epoch), and "sequence_settled", the largest that was
 * known to be that old then, so that a quick series of syncs does not bring the
 * dead to life. */

#include <stdbool.h>
#include <stdint.h>

#include "sset.h"

struct nbrec_chassis;
struct ovsdb_idl;

#define SYNC_PATIENCE_MS 10000
#define SYNC_DEFAULT_TIMEOUT 30 /* In seconds. */

struct sync {
    unsigned int timeout; /* In seconds, for both rounds together. */
    bool ignore_silent;   /* The dead are no error. */
    int64_t sequence;     /* What is waited for. */
    struct sset dead;     /* Names of the chassis that are not waited for. */
};

/* Whether 'row' has been heard of within SYNC_PATIENCE_MS before 'now' (ms since the epoch). */
bool sync_heard_lately(const struct nbrec_chassis *row, int64_t now);

void sync_destroy(struct sync *);

/* Call after the transaction of the command "sync" was committed.  Waits for both rounds.
 * Returns NULL on success, otherwise a message that the caller must free(): also if
 * all have answered but the dead, unless they are ignored, which is said on
 * stderr. */
char *sync_wait(struct sync *, struct ovsdb_idl *);

#endif /* dfctl/sync.h */
