/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_SWITCH_H
#define SWITCH_SWITCH_H 1

/* The OpenFlow session with the integration bridge.
 *
 * Keeps what the switch holds equal to what a flow table desires: after each
 * (re)connection it reads what is installed, then sends only differences, each
 * batch as one atomic bundle closed by a barrier.  So a restart of the daemon
 * changes nothing in a switch that already holds the right flows, and a restart
 * of the switch is repaired in one bundle.
 *
 * Session states (session.h):
 *
 *   S_IDLE ──bridge set──► S_CONNECTING ──hello──► S_SETUP ──► S_READING ──► S_SYNCED ⇄ S_SENDING
 *                                ▲                                              │
 *                                └───────────────connection lost───────────────┘
 *
 * While a bundle is unconfirmed further changes gather in the flow table's dirty
 * list and go out together in the next one: a database that changes faster than
 * the switch can take makes batches, not a queue.
 *
 * A bundle that the switch rejects is logged with the offending flow and its
 * owner; the flow is set aside until it changes, the rest is sent again.
 *
 * A bridge that is not shared is watched: what another program changes in its flow tables or
 * meters is noticed within a second or two and put right (watch.c).  Nothing counts as confirmed
 * meanwhile.
 *
 * A bridge may be shared with a program that removes our flows from some of its
 * tables, as Neutron's stock agent does when it starts: flows in these tables carry a
 * flag that makes the switch report their removal, and what was removed is put back
 * at once (switch_set_sharing()).  A lease tells the switch that the daemon lives
 * (switch_set_lease()).
 *
 * The session uses RUNDIR/BRIDGE.mgmt, which exists beside any configured
 * controller and leaves the bridge's controller configuration alone.
 *
 * The program must ignore SIGPIPE (fatal_ignore_sigpipe()): the switch may go away in
 * the middle of a message.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "switch/types.h"

struct ds;
struct flow_table;
struct ofpbuf;
struct ofsession;
struct simap;

/* 'meters' must outlive the session.  'cookie'/'cookie_mask' says which of the
 * flows in the bridge are ours: others are neither read nor touched.  A mask of
 * 0 makes every flow of the bridge ours. */
struct ofsession *switch_create(const struct meter *meters, size_t n_meters, uint64_t cookie,
                                uint64_t cookie_mask, packet_in_cb *, void *aux);
void switch_destroy(struct ofsession *);

/* Says which of the flows in the bridge are ours ('cookie'/'cookie_mask', as in
 * switch_create()), and in which tables another program may remove them.  Nothing
 * is known of removals from other tables before what is installed is read again.
 *
 * A change makes the session read again what is installed: flows that are not ours
 * any more are left alone, those that are ours from now on are compared.  The same
 * again is no change.  'tables' is copied. */
void switch_set_sharing(struct ofsession *, uint64_t cookie, uint64_t cookie_mask,
                        const uint8_t *tables, size_t n_tables);

/* Sets the lease; NULL for none.  Everything is copied; the same again is no change.
 *
 * It is installed when the switch has confirmed the flows that were desired when it
 * was set (so set it before switch_run() is given those behind it), then renewed
 * three times in its life, as long as there is a connection, 'may_write' holds and the
 * switch takes what is sent.  When it is lost it is put back at once.  A lease that is
 * not set any more is removed, also one that a predecessor has left; it is removed
 * before the flows that change with it.  Open vSwitch looks for expired flows about
 * twice a second, so it may live that much longer. */
void switch_set_lease(struct ofsession *, const struct lease *);

/* Names the bridge to control; NULL for none.  The same name again is no
 * change. */
void switch_set_bridge(struct ofsession *, const char *bridge);

/* Sees to the connection, and takes in what the switch says.  'desired' is the table of the
 * next switch_run().  Returns true if it has said anything. */
bool switch_receive(struct ofsession *, struct flow_table *desired);

/* Does what follows from what was received.  'desired' is complete up to change number 'seqno'
 * (numbers never fall); with 'may_write' false (the desired flows are not
 * complete yet, for example because the database has not been read), nothing is
 * written and what is installed stays. */
void switch_run(struct ofsession *, struct flow_table *desired, uint64_t seqno, bool may_write);
void switch_wait(struct ofsession *, const struct flow_table *desired, bool may_write);

/* The highest 'seqno' with flows that the switch has confirmed by a barrier; 0
 * while disconnected or not yet in step. */
uint64_t switch_confirmed(const struct ofsession *);

/* True if the session is connected and has read what is installed. */
bool switch_is_connected(const struct ofsession *);

/* The ports of the bridge that the switch has announced since the connection was made, and
 * that are still there: their names and OpenFlow port numbers.  The switch says so in the
 * moment in which it adds a port; its database has the number some milliseconds later.
 * Names of 15 bytes or more are left out: OpenFlow cuts them off.  Owned by the session, and
 * valid as long as it. */
const struct simap *switch_new_ports(const struct ofsession *);
/* Number raised whenever what switch_new_ports() says changes. */
uint64_t switch_new_ports_seqno(const struct ofsession *);

/* Has the switch read what is installed and compare it with what should be; what differs is put
 * right.  Sets '*number' to the number of that comparison.  Returns false if there is no
 * connection, if nothing may be written yet, or if the bridge is shared. */
bool switch_check(struct ofsession *, uint64_t *number);
/* How a comparison is doing.  If it is done, sets '*n_different' to the number of flows that
 * were not as they should be. */
enum check_state switch_check_state(const struct ofsession *, uint64_t number, size_t *n_different);

/* Has the switch forget the connections of a conntrack zone.  Returns false if it is not connected,
 * or does not take more just now. */
bool switch_flush_zone(struct ofsession *, uint16_t zone);

/* Sends 'packet' ('len' bytes, copied) through 'actions' (ofpacts).  Dropped
 * silently if not connected. */
void switch_packet_out(struct ofsession *, const void *packet, size_t len,
                       const struct ofpbuf *actions);

/* What the session has done so far. */
void switch_get_stats(const struct ofsession *, struct session_stats *);

/* Flows that are set aside because the switch refuses them. */
size_t switch_count_rejected(const struct ofsession *);

/* True if packets to the daemon are limited in the switch. */
bool switch_has_meters(const struct ofsession *);

/* Appends a sentence for each thing that is wrong now. */
struct svec;
void switch_problems(const struct ofsession *, struct svec *problems);

/* For "status": state, bridge, bundles sent, flow mods sent, errors,
 * reconnections, flows put back, the lease, packet-ins. */
void switch_format_status(const struct ofsession *, struct ds *);

#endif /* switch/switch.h */
