/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_OUTSIDE_H
#define TOPOLOGY_OUTSIDE_H 1

/* The addresses that this chassis answers for on provider networks: exactly one chassis does for
 * each of them, as far as all know of the same ones that live. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct topology;

struct outside_address {
    uint64_t network_key; /* facts.h: network_key(). */
    struct in6_addr ip;
    struct eth_addr mac;
    bool router; /* It is a router port's, otherwise a floating IP. */
};
typedef void topology_outside_cb(const struct outside_address *, void *aux);

/* Calls 'cb' for each, in any order: those of router ports whose active gateway this chassis is;
 * floating IPs of machines that are here, if this chassis is connected to the physical network; and
 * floating IPs of machines on chassis that are not, or that are nowhere, where this chassis is the
 * active gateway.  Call topology_settle() before. */
void topology_for_each_outside_address(const struct topology *, topology_outside_cb *, void *aux);

#endif /* topology/outside.h */
