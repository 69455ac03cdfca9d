/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_NAT_LOGICAL_H
#define TOPOLOGY_NAT_LOGICAL_H 1

/* Translations by their logical address.
 *
 * For the files of this folder only. */

struct in6_addr;
struct nat;
struct topology;

void nat_logical_add(struct topology *, struct nat *);
void nat_logical_remove(struct topology *, struct nat *);
/* A network's entry for the address, or a translation of it, has come, changed or gone. */
void nats_logical_changed(struct topology *, const struct in6_addr *);

#endif /* topology/nat-logical.h */
