/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_INTEREST_H
#define TOPOLOGY_INTEREST_H 1

/* The rows of the NB database that this chassis needs, as far as those that it has
 * tell.
 *
 * What is known leads to more: a port to its network, a network to its router ports,
 * these to their routers, a router to its other networks.  A client that fetches rows
 * by an interest computes it again when they have arrived, until it has nothing new.
 * Then the flows are those that the whole database would give.
 *
 * For that to be true the interest goes a little beyond what is reachable:
 *
 *   - Networks that claim the segment of one that matters are of interest, with
 *     everything on them, because the owner of a segment depends on the networks
 *     in use.
 *   - So is every router that has a port on a reachable network, reachable or not,
 *     because only those of enabled routers have their addresses.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sset.h"
#include "topology/uuid-list.h"

struct topology;

/* A row is of interest if any member covers it; every chassis is, since any of them may send
 * here. */
struct interest {
    struct sset ports; /* Ports of these names: plugged here, and on no network below. */
    struct sset wired; /* Networks of these names: the stock agent has given them a VLAN. */
    struct sset physical_networks; /* Networks on these: this chassis is a gateway for them. */
    struct uuid_list networks;
    struct uuid_list external_networks; /* Those of them that are external: with their subnets. */
    struct uuid_list segments;          /* Networks with these segmentation ids, in 'parts[0]'. */
    bool flat;                          /* Networks of type flat. */
    struct uuid_list network_contents;  /* Subnets of and router ports on these networks. */
    struct uuid_list network_ports;     /* Ports on these networks: the same ones. */
    struct uuid_list routers;
    struct uuid_list router_contents; /* Router ports and static routes of these routers. */
    struct uuid_list claims;          /* Ports that these chassis claim: this chassis, if known. */
};

void interest_init(struct interest *);
void interest_destroy(struct interest *);
/* Makes it empty, and keeps its memory. */
void interest_clear(struct interest *);
void interest_swap(struct interest *, struct interest *);
/* Adds all of 'more' to 'interest'.  Returns true if any of it was new. */
bool interest_merge(struct interest *, const struct interest *more);
/* Returns true if all of 'less' is in 'interest'. */
bool interest_covers(const struct interest *, const struct interest *less);
/* The same but for ports, except by name, which only matter once all networks are known. */
bool interest_covers_networks(const struct interest *, const struct interest *less);

/* Sets '*interest', which must be initialized and empty, to what 't' needs.  Call
 * topology_settle() before. */
void topology_get_interest(const struct topology *t, struct interest *);

/* Number raised whenever what topology_get_interest() says may have changed. */
uint64_t topology_interest_seqno(const struct topology *);

#endif /* topology/interest.h */
