/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_OBJECTS_H
#define TOPOLOGY_OBJECTS_H 1

/* Finding objects, and making those that are referred to.
 *
 * For the files of this folder only. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct chassis;
struct network;
struct port;
struct router;
struct topology;
struct uuid;

/* A 64-bit key of a UUID that is never 0. */
uint64_t uuid_key(const struct uuid *);

/* Each "find" returns NULL if there is none; by key one of those with it, should several have the
 * same.  Each "get" makes the object if need be, and counts a
 * reference, which "put" takes back; NULL may be put. */
struct network *network_find(const struct topology *, const struct uuid *);
const struct network *network_find_key(const struct topology *, uint64_t key);
struct network *network_get(struct topology *, const struct uuid *);
void network_put(struct topology *, struct network *);
struct router *router_find(const struct topology *, const struct uuid *);
const struct router *router_find_key(const struct topology *, uint64_t key);
struct router *router_get(struct topology *, const struct uuid *);
void router_put(struct topology *, struct router *);
/* True if it is defined and not disabled: another one has neither addresses nor routes. */
bool router_is_enabled(const struct router *);
struct chassis *chassis_find(const struct topology *, const struct uuid *);
struct chassis *chassis_get(struct topology *, const struct uuid *);
void chassis_put(struct topology *, struct chassis *);
struct port *port_find(const struct topology *, const struct uuid *);

/* The MAC address by which this chassis speaks to physical networks: of its name. */
struct eth_addr own_chassis_mac(const struct topology *);
/* Whether it is this chassis; false for NULL. */
bool chassis_is_self(const struct topology *, const struct chassis *);

#endif /* topology/objects.h */
