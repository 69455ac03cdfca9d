/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_PRIVATE_H
#define SWITCH_PRIVATE_H 1

/* The inside of an OpenFlow session: for switch.c (and its fuzz target).  See switch.h for what
 * a session is.
 *
 * Each part is a file with a struct of its own, which other files change by its functions only.
 * A part knows only parts above it in this list; switch.c knows them all, dispatches what
 * arrives, and tells a part what has happened to those below it.
 *
 * Everything that arrives is untrusted: a message that cannot be decoded, or
 * that was not asked for, is counted and ignored. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/ofp-protocol.h"
#include "switch/bundle.h"
#include "switch/lease.h"
#include "switch/packets.h"
#include "switch/ports.h"
#include "switch/read-flows.h"
#include "switch/rejected.h"
#include "switch/session.h"
#include "switch/setup.h"
#include "switch/sharing.h"
#include "switch/watch.h"

struct flow_table;

struct ofsession {
    struct session session;   /* Connection, state, which flows are ours. */
    struct ports ports;       /* What the switch tells of its ports. */
    struct packets packets;   /* Packets from and to the pipeline. */
    struct rejected rejected; /* Flows that the switch refuses. */
    struct setup setup;       /* Set-up of a new connection: packet-in format, meters. */
    struct lease_state lease; /* The flow that expires unless this daemon lives. */
    struct sharing sharing;   /* Flows that another program removes. */
    struct watch watch;       /* What others change in a bridge that is ours. */
    struct reading reading;   /* What is installed. */
    struct bundle bundle;     /* The difference, as one atomic bundle. */

    bool may_write; /* Of the last switch_run(). */
};

/* Turns to a new connection of this version. */
void switch_begin(struct ofsession *, enum ofp_version);
/* Handles one message, of which 'len' bytes have arrived. */
void switch_handle(struct ofsession *, struct flow_table *, const void *msg, size_t len);
/* Does what follows from what has arrived: see switch_run(). */
void switch_work(struct ofsession *, struct flow_table *, uint64_t seqno, bool may_write);

#endif /* switch/private.h */
