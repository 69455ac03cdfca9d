/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_VIFS_H
#define CHASSIS_VIFS_H 1

/* Which interface of the integration bridge is which logical port.
 *
 * The interfaces of the bridge are its members.  A member with an iface-id and an
 * OpenFlow port number claims that logical port; where several do, the one whose
 * name sorts first has it, so that every run decides alike.
 *
 * Holds no pointers into the database.  Not thread-safe. */

#include <stdbool.h>

#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "sset.h"

struct ovsrec_bridge;
struct ovsrec_interface;

struct vif_set {
    struct hmap members; /* "struct member"s by the UUID of the Interface row. */
    struct shash claims; /* iface-id to "struct claim". */
    struct sset touched; /* iface-ids whose claims changed since vif_set_elect(). */
};

void vif_set_init(struct vif_set *);
void vif_set_destroy(struct vif_set *);

/* Makes the interfaces of 'bridge' (NULL: none) the members.  Walks all ports of the
 * bridge, but reads only the interfaces that are new to it: the others' changes are
 * for vif_set_update(). */
void vif_set_scan(struct vif_set *, const struct ovsrec_bridge *);

/* Takes over what the row of an interface says, if it is a member. */
void vif_set_update(struct vif_set *, const struct ovsrec_interface *);

/* Brings 'vifs' (iface-id to "struct vif", see chassis.h) up to date, and adds the
 * iface-ids that changed to 'changed'. */
void vif_set_elect(struct vif_set *, struct shash *vifs, struct sset *changed);

#endif /* chassis/vifs.h */
