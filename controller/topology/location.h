/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_LOCATION_H
#define TOPOLOGY_LOCATION_H 1

/* Where ports are. */

#include <stdbool.h>

#include "openvswitch/types.h"
#include "openvswitch/uuid.h"
#include "topology/types.h"

struct port;
struct topology;
struct vif;

/* The interface with this iface-id has OpenFlow port 'ofport' on this chassis; 0
 * removes it.  'claiming' says that the interface has been plugged after another
 * chassis claimed the port, so that this chassis may take the port over. */
void topology_set_vif(struct topology *, const char *iface_id, ofp_port_t ofport, bool claiming);

/* A port that is plugged in here, or that this chassis has claimed. */
struct own_port {
    struct uuid uuid;
    const char *name; /* NULL if there is no such port (any more): the rest is unset. */
    struct uuid network;
    enum port_place place;
    bool claimed; /* The NB database says that it is here. */
};
typedef void topology_own_port_cb(const struct own_port *, void *aux);

/* Calls 'cb' for each own port that may have changed since the last call.  One that is
 * neither plugged in nor claimed is not an own port any more. */
void topology_for_each_changed_own_port(struct topology *, topology_own_port_cb *, void *aux);

/* What a port's row refers to, by name; NULL where there is nothing or its name is not known. */
struct port_peers {
    const char *network;
    const char *requested_chassis;
    const char *chassis; /* The one that has claimed it. */
};
void topology_get_port_peers(const struct topology *, const struct uuid *, struct port_peers *);

/* --- For the files of this folder only ---------------------------------- */

void port_locate(struct topology *, struct port *);
void port_own_changed(struct topology *, struct port *);
void port_unlocate(struct topology *, struct port *);
void locate_all_ports(struct topology *);

/* The interface with this iface-id that is plugged here, or NULL. */
struct vif *vif_find(const struct topology *, const char *iface_id);
/* Whether the port of 'vif' must be asked for by its name. */
bool vif_is_of_interest(const struct topology *, const struct vif *);

#endif /* topology/location.h */
