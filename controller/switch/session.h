/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_SESSION_H
#define SWITCH_SESSION_H 1

/* The inside of an OpenFlow session: private to this room (and to its fuzz
 * target).  See switch.h for what a session is.
 *
 *   switch.c      connection, states, dispatch of what arrives
 *   cork.[ch]     messages that go to the socket together
 *   setup.c       what a new connection must be told: packet-in format, meters
 *   ports.c       what the switch tells of its ports
 *   read-flows.c  what is installed
 *   bundle.c      the difference, as one atomic bundle
 *   rejected.c    flows that the switch refuses
 *   sharing.c     flows that somebody else removes
 *   lease.c       the flow that expires unless this daemon lives
 *   watch.c       what others change in a bridge that is ours
 *   packet-in.c   packets from and to the pipeline
 *
 * Everything that arrives is untrusted: a message that cannot be decoded, or
 * that nobody asked for, is counted and ignored; a multipart reply that breaks
 * off makes the session start over. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofpbuf.h"
#include "simap.h"
#include "switch/switch.h"

struct flow_slot;
struct ofp_header;
struct ofputil_flow_removed;
struct ofputil_flow_stats;

enum session_state {
    S_IDLE,       /* No bridge is named. */
    S_CONNECTING, /* No connection, or one without OpenFlow hello yet. */
    S_SETUP,      /* Waiting for the barrier behind the set-up messages. */
    S_READING,    /* Reading what is installed, or about to. */
    S_SYNCED,     /* Nothing is unconfirmed. */
    S_SENDING,    /* A bundle is being filled, or waits for its barrier. */
};

/* The changes on their way to the switch.
 *
 * A bundle is filled as the socket drains, while the flow table may go on
 * changing.  So it is closed only when nothing is dirty any more: then it takes
 * the switch from one complete state to another, whatever happened in between.
 *
 * Flows are recorded as installed when they are sent.  If any of them fails, or
 * the connection does, what is installed is read again instead of being
 * reckoned back. */
struct bundle {
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

/* When to put back what somebody else has removed. */
struct repair {
    long long int at;     /* Not before this (ms). */
    long long int latest; /* What 'at' may become when more is removed. */
    unsigned int in_a_row;
};

/* Where a lease is. */
struct lease_place {
    uint8_t table;
    uint16_t priority;
    struct match match; /* In canonical form. */
};

struct lease_state {
    /* Meaningful if 'wanted'. */
    struct lease_place place;
    struct ofpbuf ofpacts; /* In canonical form. */
    uint16_t seconds;
    uint64_t after;        /* The changes to be confirmed first. */
    long long int due;     /* When to send it (ms). */
    long long int sent_at; /* When it was last sent (ms). */

    struct stale_lease *stale; /* Leases to be removed. */
    bool wanted;
    bool present; /* The switch has it, as far as we know. */
    bool refused; /* The switch did not take it. */
};

/* What is known of changes by others: see watch.c. */
struct watch {
    bool monitoring; /* The switch tells of them. */
    uint32_t monitor_xid;

    bool meddled;          /* Something has been changed, */
    long long int at;      /* and is compared at this time (ms), */
    long long int latest;  /* or this one if more is changed. */
    unsigned int in_a_row; /* Times that this has happened without a pause. */

    bool asked;                            /* By switch_check(), without a conclusive answer yet. */
    bool checking;                         /* What is installed is being compared. */
    uint64_t n_changes;                    /* flow_table->n_changes when it was read. */
    bool pending;                          /* Something had to be sent anyway then. */
    uint64_t n_checks;                     /* Comparisons done since the connection was made. */
    size_t n_different;                    /* Flows that differed the last time, */
    long long int started, done, duration; /* when that was and what it took (ms). */
    long long int audit_at;                /* When to compare in any case (ms). */

    long long int poll_at;         /* When to look at the numbers (ms). */
    bool polled;                   /* They have been asked for, */
    uint64_t polled_bundles;       /* when so many bundles had been sent, */
    uint32_t table_xid, meter_xid; /* by these messages, */
    uint64_t n_flows, n_meters;    /* and are so far these. */
    bool hidden_known;
    long long int hidden; /* Flows that the switch counts but does not show. */
};

struct ofsession {
    enum session_state state;
    char *bridge; /* NULL for none. */
    struct rconn *rconn;
    struct rconn_packet_counter *queued_flows;
    struct rconn_packet_counter *queued_packets;
    struct rconn_packet_counter *queued_lease;
    enum ofp_version version;       /* Meaningful from S_SETUP on. */
    enum ofputil_protocol protocol; /* Ditto. */
    uint32_t next_xid;
    bool give_up;            /* Start over with a new connection. */
    long long int reply_due; /* When an answer that is waited for is overdue (ms). */

    long long int disconnected_at; /* When the last connection ended (ms). */
    long long int dial_at;         /* When to try to connect (ms). */
    int backoff;                   /* Milliseconds to wait after the next failure. */
    bool outage_logged;

    /* Configuration. */
    const struct meter *meters;
    size_t n_meters;
    uint64_t cookie, cookie_mask;
    bool shared[256]; /* By table number: may others remove our flows? */
    packet_in_cb *packet_in;
    void *aux;

    /* setup.c */
    uint32_t meter_add_xid;    /* Of the first meter; the next ones count on. */
    uint32_t meter_modify_xid; /* Ditto. */
    uint32_t setup_barrier_xid;
    bool has_meters; /* False if the datapath cannot do what we need. */
    bool no_meters_logged;

    /* read-flows.c */
    uint32_t read_xid; /* Meaningful if 'read_asked'. */
    bool read_asked;
    long long int read_at; /* When to ask (ms). */

    /* ports.c */
    struct simap new_ports;
    uint64_t ports_seqno;

    struct bundle bundle;
    unsigned int failed_commits; /* In a row. */
    unsigned int unexplained;    /* Failures in a row without a culprit. */
    struct hmap rejected;        /* See rejected.c. */

    struct repair repair;
    struct watch watch;
    struct lease_state lease;

    bool may_write; /* As last told. */
    uint64_t confirmed;
    struct session_stats stats;
};

/* switch.c */
uint32_t session_new_xid(struct ofsession *);
void session_set_state(struct ofsession *, enum session_state);
/* Sends 'msg' (and takes it). */
void session_send(struct ofsession *, struct ofpbuf *msg);
/* The switch owes an answer from now on: another one than before, or more of it. */
void session_expect_reply(struct ofsession *);
/* The switch has confirmed the flows of 'seqno', as far as nobody else has changed them. */
void session_confirm(struct ofsession *, uint64_t seqno);
/* Something that a switch would not do: start over with a new connection. */
void session_give_up(struct ofsession *, const char *reason);
/* Handles one message, of which 'len' bytes have arrived. */
void session_receive(struct ofsession *, struct flow_table *, const void *msg, size_t len);
/* Does what follows from what has arrived: see switch_run(). */
void session_work(struct ofsession *, struct flow_table *, uint64_t seqno, bool may_write);
/* True if a flow with this cookie is ours. */
bool session_is_ours(const struct ofsession *, uint64_t cookie);
/* Turns to a new connection of this version. */
void session_begin(struct ofsession *, enum ofp_version);
/* Forgets what belongs to the connection. */
void session_end(struct ofsession *);

/* setup.c */
void setup_start(struct ofsession *);
/* Returns true if that is no fault: a predecessor has left a meter, which is changed. */
bool setup_handle_meter_exists(struct ofsession *, uint32_t xid, enum ofperr);
/* Returns true if 'xid' belongs to the set-up. */
bool setup_handle_error(struct ofsession *, uint32_t xid, enum ofperr);

/* ports.c */
void ports_handle_status(struct ofsession *, const struct ofp_header *);
void ports_forget(struct ofsession *);

/* read-flows.c */
void read_start(struct ofsession *, struct flow_table *);
void read_handle_reply(struct ofsession *, struct flow_table *, const struct ofp_header *);
/* Reads (again) what is installed, not before 'when' (ms). */
void read_later(struct ofsession *, long long int when);

/* bundle.c */
/* Sends as much as the socket takes.  The flows are complete up to 'seqno'. */
void bundle_feed(struct ofsession *, struct flow_table *, uint64_t seqno);
/* Gives up a bundle that is not closed. */
void bundle_discard(struct ofsession *, const char *reason);
void bundle_reset(struct bundle *);
bool bundle_handle_error(struct ofsession *, uint32_t xid, enum ofperr);
void bundle_handle_control(struct ofsession *, const struct ofp_header *);
void bundle_handle_barrier(struct ofsession *);
bool bundle_is_backlogged(const struct ofsession *);

/* rejected.c */
/* Sets aside the flow of 'slot' with these actions. */
struct actions;
void rejected_add(struct ofsession *, const struct flow_slot *, const struct actions *,
                  uint64_t cookie, const char *reason);
/* True if the flow desired for 'slot' was refused before. */
bool rejected_contains(struct ofsession *, const struct flow_slot *);
/* Forgets those that nobody desires any more. */
void rejected_prune(struct ofsession *, const struct flow_table *);
void rejected_clear(struct ofsession *);

/* sharing.c */
/* Handles OFPT_FLOW_REMOVED. */
void removed_handle(struct ofsession *, struct flow_table *, const struct ofp_header *);
/* True if all that is dirty is what somebody else has removed: it waits for
 * 'session->repair.at'. */
bool repair_is_all(const struct flow_table *);

/* watch.c */
/* A connection begins. */
void watch_begin(struct ofsession *);
void watch_run(struct ofsession *, const struct flow_table *);
void watch_wait(const struct ofsession *, const struct flow_table *);
/* False while somebody else has changed something that has not been compared yet. */
bool watch_is_settled(const struct ofsession *);
/* What is installed is read: first, and at the end. */
void watch_read_started(struct ofsession *, const struct flow_table *);
void watch_read_done(struct ofsession *, const struct flow_table *);
void watch_handle_update(struct ofsession *, const struct ofp_header *);
void watch_handle_pause(struct ofsession *);
void watch_handle_tables(struct ofsession *, const struct flow_table *, const struct ofp_header *);
void watch_handle_meters(struct ofsession *, const struct ofp_header *);
bool watch_handle_error(struct ofsession *, uint32_t xid, enum ofperr);
void watch_problems(const struct ofsession *, struct svec *problems);

/* lease.c */
/* The transaction id of all leases: outside of those that count up. */
#define LEASE_XID ((1u << 31) - 1)
void lease_init(struct ofsession *);
void lease_destroy(struct ofsession *);
void lease_disconnected(struct ofsession *);
void lease_run(struct ofsession *, uint64_t seqno, bool may_write);
void lease_wait(const struct ofsession *, bool may_write);
/* True if this is the cookie of a lease: such a flow is none of the flow table's. */
bool lease_is_cookie(uint64_t cookie);
/* What is installed is read: first, for each lease, at the end. */
void lease_read_started(struct ofsession *);
void lease_read(struct ofsession *, const struct ofputil_flow_stats *);
void lease_read_done(struct ofsession *);
void lease_handle_removed(struct ofsession *, const struct ofputil_flow_removed *);
bool lease_handle_error(struct ofsession *, uint32_t xid, enum ofperr);
void lease_format_status(const struct ofsession *, struct ds *);

/* packet-in.c */
void packet_in_handle(struct ofsession *, const struct ofp_header *);

#endif /* switch/session.h */
