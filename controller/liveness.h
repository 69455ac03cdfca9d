/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIVENESS_H
#define LIVENESS_H 1

/* Which gateways live, as far as this chassis can tell.
 *
 * There is a BFD session (chassis/bfd.h) with each chassis that the topology wants to be watched.
 * A peer is dead when its session has been up and is not, or does not come up; it lives again when
 * the session has been up for a while, within which its flows come back.  BFD is the switch's: a
 * daemon that hangs changes nothing.
 *
 * This chassis counts itself as dead, and tells its peers by the sessions, while a physical network
 * that it is connected to has no link, or while it is being drained; and it tells them while its
 * switch may lack flows.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chassis_db;
struct control_plane;
struct ds;
struct liveness;
struct ofsession;
struct svec;
struct topology;

struct liveness *liveness_create(void);
void liveness_destroy(struct liveness *);

/* Tells the topology who is dead, by what the chassis says of its sessions and links. */
void liveness_run(struct liveness *, const struct chassis_db *, struct topology *);
/* Tells another topology all of it. */
void liveness_load(const struct liveness *, struct topology *);
/* Has the chassis keep sessions with those that the topology, which is settled, wants to be
 * watched. */
void liveness_watch(struct liveness *, const struct control_plane *, struct chassis_db *,
                    const struct ofsession *);
void liveness_wait(const struct liveness *);

/* Number raised whenever somebody has died or lives again, and when others count this chassis as
 * alive again. */
uint64_t liveness_seqno(const struct liveness *);

struct liveness_counts {
    size_t n_sessions, n_up; /* Now. */
    uint64_t n_deaths;       /* Since the start, of others. */
    bool draining;
    bool cut_off; /* A physical network has no link. */
};
void liveness_count(const struct liveness *, struct liveness_counts *);

/* For "gateways": how it is known that the chassis of this name lives or not, as one word or
 * more. */
const char *liveness_describe(const struct liveness *, const char *chassis);

/* Appends a sentence for each thing that is wrong now. */
void liveness_problems(const struct liveness *, const struct chassis_db *, struct svec *problems);

#endif /* liveness.h */
