/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_INDEX_H
#define TOPOLOGY_INDEX_H 1

/* The owners of addresses, MAC addresses and prefixes: claims on index entries.
 *
 * For the files of this folder only. */

#include <netinet/in.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct claim;
struct ip_prefix;
struct network;
struct router;
struct topology;

void claim_address(struct topology *, struct network *, const struct in6_addr *, struct claim *);
void claim_mac(struct topology *, struct network *, struct eth_addr, struct claim *);
void claim_prefix(struct topology *, struct router *, const struct ip_prefix *, struct claim *);
void unclaim(struct topology *, struct claim *);
/* What decides between 'claim' and its rivals has changed. */
void claim_rank(struct topology *, struct claim *);
/* The winning claim of the entry for an address; NULL if it has no owner. */
const struct claim *find_address(const struct topology *, const struct network *,
                                 const struct in6_addr *);

#endif /* topology/index.h */
