/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMOTES_H
#define REMOTES_H 1

/* The choice of the remotes to connect to for the NB database, and the times of
 * attempts.
 *
 * There may be relays, which exist to serve many chassis, and the servers of the
 * database themselves.  A chassis prefers the relays, in random order so that chassis
 * spread over them.  If none answers it asks the servers, and returns to a relay as soon
 * as one answers again, which it finds out without giving up the connection it has.
 *
 * When a server goes away, all its clients notice at the same moment.  So each connects
 * again after a random time of up to a second, and after each failure after a random
 * time of up to twice as long as before ("full jitter").  The flows in the switch stay
 * meanwhile.
 *
 * All times are monotonic.
 *
 * Not thread-safe. */

#include <stdbool.h>

struct ds;
struct remotes;

/* What has become of the connection to the remotes that remotes_run() returned last. */
enum link_state {
    LINK_DOWN,   /* There is none yet, or it was lost, and attempts go on. */
    LINK_FAILED, /* There is none, and no attempts are left. */
    LINK_UP,
};

struct remotes *remotes_create(void);
void remotes_destroy(struct remotes *);

/* 'relays' and 'servers' are connection methods, comma-separated, or NULL.  Returns
 * which of them to be connected to, valid until the next call, or NULL: to none for the
 * time being. */
const char *remotes_run(struct remotes *, const char *relays, const char *servers, enum link_state,
                        long long int now);
/* The link may have changed since remotes_run(). */
void remotes_wait(const struct remotes *, enum link_state, long long int now);

/* The number of successive rounds, each through all remotes, in which no remote
 * accepted the connection. */
unsigned int remotes_n_failures(const struct remotes *);

/* For "status". */
void remotes_format_status(const struct remotes *, long long int now, struct ds *);

#endif /* northbound/remotes.h */
