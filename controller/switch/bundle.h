/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_BUNDLE_H
#define SWITCH_BUNDLE_H 1

/* The changes on their way to the switch.
 *
 * A bundle is filled as the socket drains, while the flow table may go on
 * changing.  So it is closed only when nothing is dirty any more: then it takes
 * the switch from one complete state to another, whatever happened in between.
 *
 * Flows are recorded as installed when they are sent.  If any of them fails, or
 * the connection does, what is installed is read again instead of being
 * reckoned back.
 *
 * There is something to do in state S_SENDING only.  It ends in S_SYNCED, or in S_READING if
 * something went wrong. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/ofp-errors.h"

struct flow_slot;
struct flow_table;
struct ofp_header;
struct rconn_packet_counter;
struct reading;
struct rejected;
struct session;
struct setup;
struct sharing;

struct bundle {
    struct session *session;
    const struct setup *setup;     /* Tells whether the switch has meters. */
    const struct sharing *sharing; /* Has the tables with flows that ask for reports. */
    struct rejected *rejected;     /* Is notified of refused flows. */
    struct reading *reading;       /* For when something went wrong. */

    struct rconn_packet_counter *queued; /* Messages that wait for the socket. */
    unsigned int failed_commits;         /* In a row. */
    unsigned int unexplained;            /* Failures in a row without a culprit. */

    uint32_t id;
    uint32_t first_xid; /* Of the message for 'sent[0]'; the next ones count on. */

    /* The slot of each message.  NULL if it removes a flow, or if a later message
     * of the same bundle concerns the same slot.  A slot in here is installed, as
     * far as the flow table knows, so it exists: see forget_sent(). */
    struct flow_slot **sent;
    size_t n_sent, allocated_sent;

    uint64_t seqno;         /* What is complete once it is confirmed. */
    uint32_t commit_xid;    /* Meaningful if 'closed' and 'atomic'. */
    uint32_t barrier_xid;   /* Meaningful if 'closed'. */
    long long int opened;   /* When the first message was queued, in ms. */
    long long int last_fed; /* When a message was last queued, in ms. */
    size_t n_rejected;      /* Messages that were refused. */
    bool atomic;            /* A bundle; otherwise plain flow-mods. */
    bool open;              /* At least one message was sent. */
    bool closed;            /* Everything was sent, commit and barrier included. */
    bool committed;         /* The switch has confirmed the commit. */
    bool failed;            /* Something was refused. */
};

void bundle_init(struct bundle *, struct session *, const struct setup *, const struct sharing *,
                 struct rejected *, struct reading *);
void bundle_destroy(struct bundle *);
void bundle_disconnected(struct bundle *);

/* Sends as much as the socket takes, in state S_SENDING.  The flows are complete up to
 * 'seqno'. */
void bundle_feed(struct bundle *, struct flow_table *, uint64_t seqno);
/* Gives up what is being sent, and reads what is installed.  A bundle that is closed has left
 * already: it is only forgotten. */
void bundle_discard(struct bundle *, const char *reason);
/* True if everything was sent: the switch owes an answer. */
bool bundle_expects_reply(const struct bundle *);
/* True if the switch did not take the last one, and did not say which flow was the reason. */
bool bundle_is_unexplained(const struct bundle *);
void bundle_wait(const struct bundle *);

/* Returns true if 'xid' is that of a message in the bundle. */
bool bundle_handle_error(struct bundle *, uint32_t xid, enum ofperr);
/* Handles OFPT_BUNDLE_CONTROL. */
void bundle_handle_control(struct bundle *, const struct ofp_header *);
/* A barrier was answered: perhaps the one behind the bundle. */
void bundle_handle_barrier(struct bundle *, uint32_t xid);

#endif /* switch/bundle.h */
