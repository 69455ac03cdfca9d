/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_REACH_H
#define TOPOLOGY_REACH_H 1

struct topology;

/* Brings what is derived (reachability) up to date.  Call before engine_run(). */
void topology_settle(struct topology *);

#endif /* topology/reach.h */
