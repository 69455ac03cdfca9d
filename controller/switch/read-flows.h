/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_READ_FLOWS_H
#define SWITCH_READ_FLOWS_H 1

/* What is installed: asks the switch for the flows that are ours, and tells the flow table and
 * the lease.
 *
 * A multipart reply that breaks off, or cannot be decoded, makes the session start over. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/ofp-errors.h"

struct flow_table;
struct lease_state;
struct ofp_header;
struct session;
struct sharing;

struct reading {
    struct session *session;
    const struct sharing *sharing; /* Has the tables with flows that ask for reports. */
    struct lease_state *lease;     /* Is notified of installed leases. */

    long long int at; /* When to ask (ms).  Meaningful in state S_READING. */
    bool asked;       /* The request was sent, and not all of the reply has arrived. */
    uint32_t xid;     /* Meaningful if 'asked'. */
};

void reading_init(struct reading *, struct session *, const struct sharing *, struct lease_state *);
void reading_disconnected(struct reading *);
/* Turns to S_READING: reads (again) what is installed, not before 'when' (ms). */
void reading_schedule(struct reading *, long long int when);
/* True if it is time for reading_start(). */
bool reading_is_due(const struct reading *);
/* Asks the switch, after which nothing is known to be installed. */
void reading_start(struct reading *, struct flow_table *);
/* True if the switch owes an answer. */
bool reading_expects_reply(const struct reading *);
/* Returns true if everything has been read: then the session is in state S_SYNCED. */
bool reading_handle_reply(struct reading *, struct flow_table *, const struct ofp_header *);
/* Returns true if 'xid' is that of the request. */
bool reading_handle_error(struct reading *, uint32_t xid, enum ofperr);
void reading_wait(const struct reading *);

#endif /* switch/read-flows.h */
