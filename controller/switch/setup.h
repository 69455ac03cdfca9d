/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_SETUP_H
#define SWITCH_SETUP_H 1

/* The set-up of a new connection: the notifications that the switch shall send, and the
 * meters.
 *
 * The messages are closed by a barrier, so what is sent later finds the meters in place.  A
 * datapath that has no meters is used without them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/ofp-errors.h"
#include "switch/types.h"

struct ofputil_meter_config;
struct session;

struct setup {
    struct session *session;
    const struct meter *meters; /* Not owned. */
    size_t n_meters;
    uint32_t add_xid;    /* Of the first meter; the next ones count on. */
    uint32_t modify_xid; /* Ditto. */
    uint32_t barrier_xid;
    bool has_meters; /* False if the datapath cannot do what we need. */
    bool no_meters_logged;
};

void setup_init(struct setup *, struct session *, const struct meter *, size_t n);
/* Sends everything: the session is in state S_SETUP until the barrier is answered. */
void setup_start(struct setup *);
/* Returns true if 'xid' is the barrier's: the set-up is done. */
bool setup_handle_barrier(const struct setup *, uint32_t xid);
/* Returns true if that is no fault: a predecessor has left a meter, which is changed. */
bool setup_handle_meter_exists(struct setup *, uint32_t xid, enum ofperr);
/* Returns true if 'xid' belongs to the set-up. */
bool setup_handle_error(struct setup *, uint32_t xid, enum ofperr);
/* How many of our meters the switch says to have if it tells of this one: 1, or 0 if it is
 * none of ours or not as it should be. */
size_t setup_count_meter(const struct setup *, const struct ofputil_meter_config *);

#endif /* switch/setup.h */
