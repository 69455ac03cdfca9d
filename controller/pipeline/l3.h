/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_L3_H
#define PIPELINE_L3_H 1

/* What stages that forward by a prefix share. */

#include <stdbool.h>

struct entry;
struct in6_addr;
struct match;
struct ofpbuf;
struct router_port;
struct run;

/* Matches a packet that a router can forward by a prefix, of either family. */
void l3_match_prefix(struct match *, const struct entry *);

/* Decides, for a packet to the prefix, for 'egress' and 'nexthop', or the packet's own destination
 * if that is null.  Returns false if 'egress' leads nowhere. */
bool l3_act_forward(struct run *, struct ofpbuf *, const struct entry *prefix,
                    const struct router_port *egress, const struct in6_addr *nexthop);

#endif /* pipeline/l3.h */
