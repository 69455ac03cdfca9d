/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_WATCH_H
#define SWITCH_WATCH_H 1

/* What others change in a bridge that is ours.
 *
 * Where the whole bridge is ours, nobody else has business in its flow tables.  Three nets,
 * each for what escapes the one before:
 *
 *   - a flow monitor: the switch tells of each flow that somebody else adds, changes or
 *     removes (and only that there was something for our own changes);
 *   - a look at the number of flows and at the meters, which costs the switch as much as there
 *     are tables and meters, not flows;
 *   - once in a long while everything is read and compared.
 *
 * Whatever is caught has the same consequence: the meters are set up again, as flows that name
 * one go with it, what is installed is read again, and the difference is sent. */

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
    struct setup *setup;       /* To be done again. */
    struct rejected *rejected; /* Ditto. */

    bool monitoring; /* The switch tells of changes. */
    uint32_t monitor_xid;

    bool meddled;          /* Something has been changed, */
    long long int at;      /* and is compared at this time (ms), */
    long long int latest;  /* or this one if more is changed. */
    unsigned int in_a_row; /* Times that this has happened without a pause. */

    bool asked;                            /* By watch_check(), without a conclusive answer yet. */
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

void watch_init(struct watch *, struct session *, struct setup *, struct rejected *);
/* A connection begins. */
void watch_connected(struct watch *);
/* Begins a comparison if it is time for it: then the session is in state S_SETUP. */
void watch_run(struct watch *, const struct flow_table *);
void watch_wait(const struct watch *, const struct flow_table *);
/* What is installed is read: first, and at the end. */
void watch_read_started(struct watch *, const struct flow_table *);
void watch_read_done(struct watch *, const struct flow_table *);

/* Handle what the switch tells: of changes, that it pauses to do so, numbers of flows, meters. */
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
/* Appends a sentence if there is no end of changes. */
void watch_problems(const struct watch *, struct svec *problems);

#endif /* switch/watch.h */
