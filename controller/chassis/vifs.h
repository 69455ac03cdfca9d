/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_VIFS_H
#define CHASSIS_VIFS_H 1

/* Which interface of the integration bridge is which logical port.
 *
 * The interfaces of the bridge are its members.  A member with an iface-id and an
 * OpenFlow port number claims that logical port; where several do, the one whose
 * name sorts first has it, so that every run decides alike.
 *
 * In ml2 mode a member claims nothing before Neutron's agent has put it into the VLAN of
 * its network, nor once the agent has shut it off: the agent does so when the port's
 * security group is in force, which nobody may be quicker than.
 *
 * An OpenFlow port number is what the row of the interface says.  As long as it says
 * nothing, it is what the switch itself has told.
 *
 * Holds no pointers into the database.  Not thread-safe. */

#include <stdbool.h>

#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "sset.h"

struct ovsrec_bridge;
struct simap;
struct ovsrec_interface;
struct ovsrec_port;

/* A local interface that claims to be a logical port. */
struct vif {
    char *iface_id; /* external_ids:iface-id. */
    ofp_port_t ofport;
};

struct vif_set {
    bool ml2;
    const struct simap *told; /* Numbers by name, from the switch; may be NULL. */
    struct hmap members;      /* "struct member"s by the UUID of the Interface row. */
    struct shash claims;      /* iface-id to "struct claim". */
    struct sset touched;      /* iface-ids whose claims changed since vif_set_elect(). */
};

void vif_set_init(struct vif_set *);
void vif_set_destroy(struct vif_set *);

/* Makes the interfaces of 'bridge' (NULL: none) the members.  Walks all ports of the
 * bridge, but reads only the interfaces that are new to it: the others' changes are
 * for vif_set_update() and vif_set_update_port(). */
void vif_set_scan(struct vif_set *, const struct ovsrec_bridge *, bool ml2);

/* Takes over what the row of an interface says, if it is a member. */
void vif_set_update(struct vif_set *, const struct ovsrec_interface *);

/* Takes over what the row of a port says about its interfaces, those that are members. */
void vif_set_update_port(struct vif_set *, const struct ovsrec_port *);

/* Takes over what the switch has told of the numbers of ports, by their names.  'told' must
 * stay valid; call this again when it has changed. */
void vif_set_tell(struct vif_set *, const struct simap *told);

/* Brings 'vifs' (iface-id to "struct vif") up to date, and adds the
 * iface-ids that changed to 'changed'. */
void vif_set_elect(struct vif_set *, struct shash *vifs, struct sset *changed);

#endif /* chassis/vifs.h */
