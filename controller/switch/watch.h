/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_WATCH_H
#define SWITCH_WATCH_H 1

/* Foreign changes in a bridge that is ours.
 *
 * Where the whole bridge is ours, no other program may change its flow tables.  Three means
 * detect it, each for what escapes the one before:
 *
 *   - a flow monitor: the switch reports each flow that another program adds, changes or
 *     removes (of our own changes only that there were some);
 *   - a look at the number of flows and at the meters, which costs the switch as much as there
 *     are tables and meters, not flows;
 *   - once in a long while everything is read and compared.
 *
 * Every detected change has the same consequence: the meters are set up again, as flows that
 * name one go with it, what is installed is read again, and the difference is sent. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/ofp-errors.h"
#include "switch/types.h"

struct flow_table;
struct ofp_header;
struct rejected;
struct session;
struct setup;
struct svec;

struct watch {
    struct session *session;
    struct setup *setup;       /* Sent again before a comparison. */
    struct rejected *rejected; /* Cleared before a comparison. */

    bool monitoring; /* The switch has a flow monitor for us. */
    uint32_t monitor_xid;

    bool meddled;          /* A change waits for its comparison. */
    long long int at;      /* The time of that comparison (ms). */
    long long int latest;  /* The latest time that further changes put it off to (ms). */
    unsigned int in_a_row; /* Changes in a row, without a pause after the comparison. */

    bool asked;         /* By watch_check(), without a conclusive answer yet. */
    bool checking;      /* What is installed is being compared. */
    uint64_t n_changes; /* flow_table->n_changes when it was read. */
    bool pending;       /* Own changes waited when it was read. */
    uint64_t n_checks;  /* Comparisons done since the connection was made. */
    size_t n_different; /* Flows that differed in the last conclusive comparison. */
    long long int started, done, duration; /* Begin, end and length of the last comparison (ms). */
    long long int audit_at;                /* When to compare in any case (ms). */

    long long int poll_at;         /* When to look at the numbers (ms). */
    bool polled;                   /* The numbers have been requested. */
    uint64_t polled_bundles;       /* Bundles sent at the time of the request. */
    uint32_t table_xid, meter_xid; /* The requests. */
    uint64_t n_flows, n_meters;    /* The sums of the replies so far. */
    bool hidden_known;
    long long int hidden; /* Flows that the switch counts but does not show. */
};

void watch_init(struct watch *, struct session *, struct setup *, struct rejected *);
/* A connection begins. */
void watch_connected(struct watch *);
/* Begins a comparison if it is time for it: then the session is in state S_SETUP. */
void watch_run(struct watch *, const struct flow_table *);
void watch_wait(const struct watch *, const struct flow_table *);
/* What is installed is read: first, and at the end. */
void watch_read_started(struct watch *, const struct flow_table *);
void watch_read_done(struct watch *, const struct flow_table *);

/* Handle messages of the switch: flow updates, a pause of the monitor, numbers of flows,
 * meters. */
void watch_handle_update(struct watch *, const struct ofp_header *);
void watch_handle_pause(struct watch *);
void watch_handle_tables(struct watch *, const struct flow_table *, const struct ofp_header *);
void watch_handle_meters(struct watch *, const struct ofp_header *);
/* Returns true if 'xid' is that of a request from here. */
bool watch_handle_error(struct watch *, uint32_t xid, enum ofperr);

/* See switch_check().  Return false if the bridge is not watched. */
bool watch_check(struct watch *, uint64_t *number);
/* See switch_check_state(). */
enum check_state watch_check_state(const struct watch *, uint64_t number, size_t *n_different);
/* Appends a sentence if changes go on without a pause. */
void watch_problems(const struct watch *, struct svec *problems);

#endif /* switch/watch.h */
