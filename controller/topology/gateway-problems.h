/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_GATEWAY_PROBLEMS_H
#define TOPOLOGY_GATEWAY_PROBLEMS_H 1

/* What is wrong with gateways and translations, as far as this chassis can tell (problems.h).
 * Native mode only. */

#include "topology/types.h"

struct topology;

void topology_gateway_problems(const struct topology *, topology_problem_cb *, void *aux);

#endif /* topology/gateway-problems.h */
