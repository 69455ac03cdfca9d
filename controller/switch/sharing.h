/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_SHARING_H
#define SWITCH_SHARING_H 1

/* Flows of ours that another program removes.
 *
 * A flow-removed message says that a flow of ours is gone, but not when: the switch
 * sends it from another thread than its replies, after a while, and our own removals
 * cause them too.  The flow may have been added again in the meantime.  So the
 * message is only a reason to doubt: the flow is added again if it is wanted, which
 * does nothing if it is there, and removed if it is not wanted, which does nothing if
 * it is not there.  (A flow that is replaced causes no message.)
 *
 * While flows are being read, a message about a flow that was already read comes after
 * it; before that nothing is known to be installed, so that nothing is doubted. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow_table;
struct lease_state;
struct ofp_header;
struct session;

struct sharing {
    struct session *session;
    struct lease_state *lease; /* Is notified of removed leases. */
    bool shared[256];          /* By table number: other programs may remove our flows. */

    /* When to put back what another program has removed. */
    long long int repair_at;     /* Not before this (ms). */
    long long int repair_latest; /* What 'repair_at' may become when more is removed. */
    unsigned int in_a_row;
};

void sharing_init(struct sharing *, struct session *, struct lease_state *);
/* Names the tables from which other programs may remove flows of ours.  Returns true if
 * that is a change. */
bool sharing_set_tables(struct sharing *, const uint8_t *tables, size_t n);
/* True if other programs may remove our flows from this table: the switch reports it for
 * flows that ask for it. */
bool sharing_is_shared(const struct sharing *, uint8_t table);
/* Handles OFPT_FLOW_REMOVED. */
void sharing_handle_removed(struct sharing *, struct flow_table *, const struct ofp_header *);
/* When to send what is dirty (ms): at once, unless all of it was removed by another
 * program. */
long long int sharing_send_at(const struct sharing *, const struct flow_table *);

#endif /* switch/sharing.h */
