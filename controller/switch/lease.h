/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_LEASE_H
#define SWITCH_LEASE_H 1

/* The flow that expires unless this daemon lives: see switch_set_lease().
 *
 * Adding a flow again restarts its clock, so the lease is renewed without a moment
 * in which it is missing, and without a flow-removed message.
 *
 * Leases that are not wanted (any more), our own or a predecessor's, are "stale"
 * until their removal has been sent.  A lease is not in the flow table. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/match.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofpbuf.h"
#include "switch/types.h"

struct ds;
struct ofputil_flow_removed;
struct ofputil_flow_stats;
struct rconn_packet_counter;
struct session;

/* The transaction id of all leases: outside of those that count up. */
#define LEASE_XID ((1u << 31) - 1)

/* Where a lease is. */
struct lease_place {
    uint8_t table;
    uint16_t priority;
    struct match match; /* In canonical form. */
};

struct lease_state {
    struct session *session;
    struct rconn_packet_counter *queued; /* Leases that wait for the socket. */

    /* Meaningful if 'wanted'. */
    struct lease_place place;
    struct ofpbuf ofpacts; /* In canonical form. */
    uint16_t seconds;
    uint64_t after;        /* The changes to be confirmed first. */
    long long int due;     /* When to send it (ms). */
    long long int sent_at; /* When it was last sent (ms). */

    struct stale_lease *stale; /* Leases to be removed.  Owned. */
    bool wanted;
    bool present; /* The switch has it, as far as we know. */
    bool refused; /* The switch did not take it. */
};

void lease_init(struct lease_state *, struct session *);
void lease_destroy(struct lease_state *);
void lease_disconnected(struct lease_state *);
/* See switch_set_lease(). */
void lease_set(struct lease_state *, const struct lease *);

/* Removes what is stale, and sends the lease if it is due and earned.  It is not while the
 * switch is 'refusing' what is sent to it. */
void lease_run(struct lease_state *, uint64_t seqno, bool may_write, bool refusing);
void lease_wait(const struct lease_state *, bool may_write, bool refusing);

/* True if this is the cookie of a lease. */
bool lease_is_cookie(uint64_t cookie);
/* What is installed is read: first, for each lease, at the end. */
void lease_read_started(struct lease_state *);
void lease_read(struct lease_state *, const struct ofputil_flow_stats *);
void lease_read_done(struct lease_state *);
/* The switch says that it has removed a lease. */
void lease_handle_removed(struct lease_state *, const struct ofputil_flow_removed *);
/* Returns true if 'xid' is that of leases. */
bool lease_handle_error(struct lease_state *, uint32_t xid, enum ofperr);
void lease_format_status(const struct lease_state *, struct ds *);

#endif /* switch/lease.h */
