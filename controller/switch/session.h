/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_SESSION_H
#define SWITCH_SESSION_H 1

/* What every part of an OpenFlow session needs: the connection, the state, which flows are
 * ours, what is confirmed.  Knows none of the other parts; see private.h for all of them.
 *
 * The other files may read the members of 'struct session', and change them by the functions
 * below only, except for the counters in 'stats'. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/ofp-protocol.h"
#include "switch/types.h"

struct ofpbuf;
struct rconn;
struct svec;

enum session_state {
    S_IDLE,       /* No bridge is named. */
    S_CONNECTING, /* No connection, or one without OpenFlow hello yet. */
    S_SETUP,      /* Waiting for the barrier behind the set-up messages. */
    S_READING,    /* Reading what is installed, or about to. */
    S_SYNCED,     /* Nothing is unconfirmed. */
    S_SENDING,    /* A bundle is being filled, or waits for its barrier. */
};

struct session {
    enum session_state state;
    char *bridge;                   /* Owned; NULL for none. */
    struct rconn *rconn;            /* Owned. */
    enum ofp_version version;       /* Meaningful from S_SETUP on. */
    enum ofputil_protocol protocol; /* Ditto. */
    uint32_t next_xid;              /* Ditto. */
    long long int reply_due;        /* When an answer that is waited for is overdue (ms). */
    bool give_up;                   /* Start over with a new connection. */

    /* Connecting. */
    long long int disconnected_at; /* When the last connection ended (ms). */
    long long int dial_at;         /* When to try to connect (ms). */
    int backoff;                   /* Milliseconds to wait after the next failure. */
    bool outage_logged;

    /* Which flows are ours.  With a mask of 0, all of the bridge. */
    uint64_t cookie, cookie_mask;

    /* The changes that the switch has confirmed.  While it is not settled, because another
     * program has changed something that has not been compared yet, nothing counts as
     * confirmed. */
    uint64_t confirmed;
    bool settled;

    struct session_stats stats;
};

void session_init(struct session *, uint64_t cookie, uint64_t cookie_mask);
void session_destroy(struct session *);

/* "synced" and the like. */
const char *session_state_name(const struct session *);
void session_set_state(struct session *, enum session_state);

/* --- The connection ----------------------------------------------------- */

/* Names the bridge, NULL for none, while there is no connection. */
void session_set_bridge(struct session *, const char *bridge);
/* For a switch that breaks the protocol or does not answer: starts over with a new
 * connection. */
void session_give_up(struct session *, const char *reason);
/* Sees to an old connection, which ends if it was given up.  Returns true if it is lost: the
 * caller makes the session's parts forget what belongs to it. */
bool session_is_lost(struct session *);
/* Tries to get a connection if there is none.  Returns true if there is one. */
bool session_connect(struct session *);
/* A connection begins, and ends.  Versions are OpenFlow's. */
void session_connected(struct session *, enum ofp_version);
void session_disconnected(struct session *);
/* Wakes up the loop for what session_is_lost() and session_connect() do.  Returns false if
 * there is no connection to do anything else with. */
bool session_wait(const struct session *);

/* --- Messages ----------------------------------------------------------- */

/* The next transaction id.  They count up, far from those that the library gives to messages
 * without an awaited answer. */
uint32_t session_new_xid(struct session *);
/* Send 'msg' (and take it): as it is, or with a new transaction id, which is returned. */
void session_send(struct session *, struct ofpbuf *msg);
uint32_t session_send_request(struct session *, struct ofpbuf *msg);
/* The switch owes an answer from now on: another one than before, or more of it. */
void session_expect_reply(struct session *);
/* True if that was too long ago. */
bool session_is_overdue(const struct session *);

/* --- What is known ------------------------------------------------------ */

/* Says which flows are ours.  Returns true if that is a change. */
bool session_set_ours(struct session *, uint64_t cookie, uint64_t cookie_mask);
/* True if a flow with this cookie is ours. */
bool session_is_ours(const struct session *, uint64_t cookie);
/* True if every flow of the bridge is ours. */
bool session_owns_bridge(const struct session *);
/* The switch has confirmed the flows of 'seqno', except those that another program has
 * changed since. */
void session_confirm(struct session *, uint64_t seqno);
/* Nothing is confirmed any more. */
void session_unconfirm(struct session *);
/* Says whether what others have changed has been compared. */
void session_set_settled(struct session *, bool settled);
/* Appends what is wrong with the connection. */
void session_problems(const struct session *, struct svec *problems);

#endif /* switch/session.h */
