/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_LEASE_H
#define PIPELINE_LEASE_H 1

#include <stdint.h>

struct ofpbuf;

/* The lease, the flow that lets packets on while it is renewed: appends its actions, and sets
 * its table and priority.  It matches all packets. */
void ml2_put_lease(struct ofpbuf *actions, uint8_t *table, uint16_t *priority);

#endif /* pipeline/lease.h */
