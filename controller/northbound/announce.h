/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANNOUNCE_H
#define ANNOUNCE_H 1

/* What this chassis says in the NB database: its Chassis row, which ports it has
 * (Port.chassis, Port.up), and up to which Global.sequence its switch is in step
 * (Chassis.applied).
 *
 * How far each port is, is in its binding (binding.h).  A port is claimed only when the switch
 * has confirmed its flows, so packets may be sent here as soon as the claim is known.
 *
 * Where the database grants this chassis only what role df-controller allows, ports
 * that are not requested here are neither claimed nor released; everything else goes
 * on.
 *
 * A row is deleted only by the daemon that inserted it, once.  Another host that writes this
 * chassis' row (two with one system-id) is a problem and makes this one wait some seconds
 * before each correction; ports that may be the other host's are not given up meanwhile.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct announcer;
struct bindings;
struct ds;
struct chassis_settings;
struct northbound;
struct uuid;

struct announcer *announcer_create(void);
void announcer_destroy(struct announcer *);

/* 'seqno' numbers the state of the topology; 'confirmed' is the highest one whose
 * flows the switch has confirmed. */
void announcer_run(struct announcer *, struct northbound *, const struct chassis_settings *,
                   struct bindings *, uint64_t seqno, uint64_t confirmed);
void announcer_wait(struct announcer *);

/* For "status". */
void announcer_format_status(const struct announcer *, struct ds *);

/* The UUID of this chassis' row in the NB database, zero if unknown; and what was last written to
 * Chassis.applied, -1 if unknown. */
const struct uuid *announcer_row(const struct announcer *);
int64_t announcer_applied(const struct announcer *);

/* Whether Chassis.applied is to be raised as soon as the switch has everything. */
bool announcer_must_answer(const struct announcer *, const struct northbound *);

/* Appends a sentence if another host has this chassis' name, if the database refuses what is
 * written, or if it has no column for a part of it. */
struct svec;
void announcer_problems(const struct announcer *, struct svec *problems);

/* On a clean end of the daemon: gives up the ports and removes the Chassis row.
 * Blocks up to 'timeout_ms'.  Returns false if it was not done by then. */
bool announcer_withdraw(struct announcer *, struct northbound *, struct bindings *,
                        const char *chassis, int timeout_ms);

#endif /* northbound/announce.h */
