/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_PROBLEMS_H
#define TOPOLOGY_PROBLEMS_H 1

/* Faults between objects. */

#include "topology/types.h"

struct topology;

/* What is wrong between objects that are each fine: calls 'cb' once for each. */
void topology_problems(const struct topology *, topology_problem_cb *, void *aux);

/* Likewise what is wrong if this chassis is alone on its bridge (native mode), and everything that
 * it asked for has been read: interfaces of another chassis' port, addresses that are not routed,
 * and routes by next hops that nobody is. */
void topology_native_problems(const struct topology *, topology_problem_cb *, void *aux);

#endif /* topology/problems.h */
