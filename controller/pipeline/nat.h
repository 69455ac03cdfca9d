/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_NAT_H
#define PIPELINE_NAT_H 1

/* What the stages that translate addresses share. */

#include <stdint.h>

struct nat;
struct ofpbuf;
struct run;
struct stage;

/* Appends the measuring of a packet from outside, for stage "nat-in", if it may be larger than the
 * network of the floating IP's machine allows. */
void nat_in_act_measure(struct run *, struct ofpbuf *, const struct nat *);

/* States the flows for the ICMP errors (RFC 792) of floating IPs that are whole. */
void nat_error_flows(struct run *, const struct stage *, uint16_t priority, const struct ofpbuf *);

#endif /* pipeline/nat.h */
