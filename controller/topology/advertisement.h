/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_ADVERTISEMENT_H
#define TOPOLOGY_ADVERTISEMENT_H 1

/* Which router ports send router advertisements, and what these say.
 *
 * A port of an enabled router advertises the subnets of its network that have an RA mode and in
 * which it has an address; without any, it is silent. */

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/uuid.h"

struct advertisement;
struct topology;

/* What is advertised on a network. */
struct advertised_network {
    struct uuid uuid;
    uint64_t key;                               /* network_key(). */
    bool local;                                 /* It has local ports: there is somebody to tell. */
    bool provider;                              /* Machines outside of the cloud may be on it. */
    const struct advertisement *advertisements; /* One for each router port. */
    size_t n;
};
typedef void topology_advertised_cb(const struct advertised_network *, void *aux);

/* Calls 'cb' for each network of which anything here may have changed since the last call.  Call
 * topology_settle() before. */
void topology_for_each_changed_advertised(struct topology *, topology_advertised_cb *, void *aux);

/* --- For the files of this folder only ---------------------------------- */

struct network;
struct subnet;

/* Whether a router tells the machines of 'network' to make addresses of the subnet, which is one of
 * the network's. */
bool subnet_is_autonomous(const struct network *network, const struct subnet *);

#endif /* topology/advertisement.h */
