/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FABRIC_ANNOUNCE_H
#define FABRIC_ANNOUNCE_H 1

/* Announcements (service/announcement.h) to physical networks, of the addresses that this chassis
 * answers for there (topology/outside.h): physical hosts learn where such an address is now, and
 * physical switches by which of their ports.
 *
 * Each is announced when this chassis begins to answer for it, several times, as a frame may be
 * lost; and now and then as long as it does, since nothing else that this chassis sends makes a
 * switch remember a router's MAC address.
 *
 * Not thread-safe. */

#include <stddef.h>
#include <stdint.h>

struct fabric_announcer;
struct ofsession;
struct topology;

struct fabric_announcer *fabric_announcer_create(void);
void fabric_announcer_destroy(struct fabric_announcer *);

/* Takes what this chassis answers for by 'topology', with 'seqno' as the number of its present
 * flows, and sends what is due: what the switch has the flows for, up to 'confirmed'.  Whenever
 * 'liveness' changes, all are announced anew: another gateway may have done so meanwhile. */
void fabric_announcer_run(struct fabric_announcer *, const struct topology *, struct ofsession *,
                          uint64_t seqno, uint64_t confirmed, uint64_t liveness);
void fabric_announcer_wait(const struct fabric_announcer *, uint64_t confirmed);

struct fabric_announcer_counts {
    size_t n_addresses;   /* That this chassis answers for. */
    uint64_t n_taken;     /* Times that one came to this chassis. */
    uint64_t n_left;      /* Times that one went, or became another's. */
    uint64_t n_announced; /* Frames. */
};
void fabric_announcer_count(const struct fabric_announcer *, struct fabric_announcer_counts *);

#endif /* fabric-announce.h */
