/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_LOCAL_VLANS_H
#define CHASSIS_LOCAL_VLANS_H 1

/* Which VLAN Neutron's Open vSwitch agent has given to which network on this host.
 *
 * The agent numbers the networks that have ports on the integration bridge, from 1,
 * and says so in the row of each of their ports: the number in 'tag', the network's
 * name in other_config:net_uuid.  Numbers mean nothing on other hosts, and a network
 * may get another one, port by port, when the agent starts again.
 *
 * A port that the agent has not wired yet, or that it has shut off, is in the VLAN
 * DEAD_VLAN, or has no tag at all: it counts for no network.
 *
 * Holds no pointers into the database.  Not thread-safe. */

#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "sset.h"

struct ovsrec_bridge;
struct ovsrec_port;

/* The agent lets nothing in or out of this VLAN. */
#define DEAD_VLAN 4095

/* The local VLAN that the agent has given to a port; 0 if it has not (yet). */
uint16_t local_vlan_of_port(const struct ovsrec_port *);

struct local_vlan_set {
    struct hmap members;   /* "struct vlan_member"s by the UUID of the Port row. */
    struct shash networks; /* Network name to "struct vlan_network". */
    struct sset touched;   /* Networks whose ports changed since local_vlan_set_elect(). */
};

void local_vlan_set_init(struct local_vlan_set *);
void local_vlan_set_destroy(struct local_vlan_set *);

/* Makes the ports of 'bridge' (NULL: none) the members.  Walks all of them, but reads
 * only those that are new to it: the others' changes are for local_vlan_set_update(). */
void local_vlan_set_scan(struct local_vlan_set *, const struct ovsrec_bridge *bridge);

/* Takes over what the row of a port says, if it is a member. */
void local_vlan_set_update(struct local_vlan_set *, const struct ovsrec_port *);

/* Brings 'local_vlans' (network name to "uint16_t *", see chassis.h) up to date, and
 * adds the networks that changed to 'changed'.  Where the ports of a network disagree,
 * the VLAN that most of them are in counts, and of several such the lowest. */
void local_vlan_set_elect(struct local_vlan_set *, struct shash *local_vlans, struct sset *changed);

#endif /* chassis/local-vlans.h */
