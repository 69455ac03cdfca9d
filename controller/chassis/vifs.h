/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_VIFS_H
#define CHASSIS_VIFS_H 1

/* The interfaces of the integration bridge, with what their rows say about logical ports.
 *
 * In ml2 mode an interface is wired once Neutron's agent has put it into the VLAN of its
 * network, and until the agent shuts it off: the agent does so when the port's security group
 * is in force, and nothing may use the port before.
 *
 * An OpenFlow port number is what the row of the interface says.  As long as it says
 * nothing, it is what the switch itself has announced.
 *
 * Which interface gets a logical port that several name is decided elsewhere (binding.h).
 *
 * Holds no pointers into the database.  Not thread-safe. */

#include <stdbool.h>

#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "sset.h"

struct ovsrec_bridge;
struct simap;
struct ovsrec_interface;
struct ovsrec_port;

/* An interface of the integration bridge. */
struct vif {
    char *iface_id;    /* external_ids:iface-id; NULL if it names no logical port. */
    ofp_port_t ofport; /* 0 if it has none (yet). */
    char *error;       /* Why the switch cannot open it, as the row says; NULL if it does not. */
    bool wired;        /* Neutron's agent is done with it (native mode: always). */

    /* For vifs.c only. */
    bool numbered; /* The row says something about its number. */
    bool seen;     /* By the walk under way. */
};

struct vif_set {
    bool ml2;
    const struct simap *announced; /* Numbers by name, from the switch; may be NULL. */
    struct shash by_name; /* Name of the interface, which never changes, to "struct vif". */
    struct sset changed;  /* Names of those with an iface-id, now or before, that came, went
                           * or changed.  For the user to clear. */
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

/* Takes over what the switch has announced of the numbers of ports, by their names.  'announced'
 * must stay valid; call this again when it has changed. */
void vif_set_announce(struct vif_set *, const struct simap *announced);

#endif /* chassis/vifs.h */
