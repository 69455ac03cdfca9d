/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_CHASSIS_H
#define CHASSIS_CHASSIS_H 1

/* This chassis, as its local Open vSwitch database describes it.
 *
 * Reads the configuration from the Open_vSwitch row's external_ids, builds what
 * is missing of the integration bridge (the bridge itself, one flow-based tunnel
 * port for each encapsulation and family of the underlay, one pair of patch ports for
 * each bridge mapping)
 * and reports the interfaces on it, with the iface-ids that they carry.
 *
 * Whatever port it creates is marked in the external_ids of its Port and
 * Interface rows, with dragonflow-tunnel=TYPE, dragonflow-physnet=NAME or dragonflow-bfd=CHASSIS,
 * and only
 * what is so marked is ever changed or removed.  The one exception is the
 * integration bridge itself, which belongs to df-controller in native mode: its
 * fail_mode and (if configured) datapath_type are set.  What an operator removes
 * by hand comes back.
 *
 * In ml2 mode (the add-on beside Neutron's Open vSwitch agent) the bridges belong to
 * the agent: they are neither created nor altered, and only our tunnel ports are added
 * to the integration bridge once it exists, as access ports of the agent's dead VLAN,
 * which its forwarding never reaches.  How the agent has wired the bridge, and which
 * local VLANs it has given to the networks, is then part of the view.
 *
 * Nothing is built before both system-id and dragonflow-remote are configured.
 *
 * A configuration value that makes no sense is logged once, with the key and the
 * value, and the last good one stays in force.
 *
 * Loss of the local database changes nothing: the view stays as it was last seen
 * until the database is back, whose contents then count, whatever they are.
 *
 * Cost: a change of one interface costs time in proportion to that change, a port
 * that comes or goes a walk over the ports of the bridge (some 0.2 us each).
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chassis/bfd.h"
#include "chassis/settings.h"
#include "chassis/vifs.h"
#include "nb/model.h"
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "sset.h"

struct chassis_db;
struct ds;
struct simap;
struct svec;

/* What is there, always consistent with the last chassis_run(). */
struct chassis_view {
    struct chassis_settings settings;
    struct chassis_tls tls; /* Not counted by 'seqno'. */
    bool bridge_ready;      /* The integration bridge exists. */

    /* 0 where there is no (working) tunnel port. */
    ofp_port_t tunnel_ofport[N_ENCAPS][N_UNDERLAYS];

    /* Physical network to "ofp_port_t *": br-int's end of the patch ports to the mapped
     * bridge, which we have made, or in ml2 mode the agent. */
    struct shash provider_ofports;

    /* The interfaces of the integration bridge; 'changed' holds what the last chassis_run()
     * changed. */
    struct vif_set vifs;

    /* In ml2 mode, network name to "uint16_t *": the local VLAN, from 1 to 4094, of each
     * network of which the agent has wired a port on the integration bridge. */
    struct shash local_vlans;

    /* In ml2 mode, the port of the integration bridge as which re-injected packets pretend
     * to have come: "patch-tun", else the agent's patch port to a mapped bridge, else any
     * other of its patch ports between bridges; of several the one whose name sorts first.
     * 0 if there is none. */
    ofp_port_t reinject_ofport;

    uint64_t seqno; /* Raised whenever anything above changes. */

    /* The BFD sessions that there are (bfd_sessions_read()), and the physical networks without a
     * link (uplinks.h). */
    struct shash sessions;
    struct sset physnets_down;
    uint64_t liveness_seqno; /* Raised whenever these two change. */

    /* What the last chassis_run() changed: networks whose local VLAN came, went or changed. */
    struct sset changed_local_vlans;
};

/* 'remote' is the local OVSDB, for example "unix:/var/run/openvswitch/db.sock". */
struct chassis_db *chassis_create(const char *remote);
/* Leaves everything in place. */
void chassis_destroy(struct chassis_db *);

/* Takes over what the switch has announced of its ports: OpenFlow port numbers by the names of the
 * interfaces, which count where the database says nothing yet.  'ofports' must stay valid as
 * long as chassis_run() is called; 'seqno' is raised whenever it changes. */
void chassis_set_ofports(struct chassis_db *, const struct simap *ofports, uint64_t seqno);

/* In native mode there shall be a BFD session with each of 'peers' (bfd_wanted_set()).  Until it is
 * called the first time, those that there are stay. */
void chassis_set_sessions(struct chassis_db *, const struct shash *peers, bool cpath_down);

/* Reads, then repairs what is missing, in one transaction at a time.  Never
 * blocks.  Returns true if anything was read. */
bool chassis_run(struct chassis_db *);
void chassis_wait(struct chassis_db *);

/* True once the local database has been read (it may have been lost since). */
bool chassis_has_read(const struct chassis_db *);
/* True if this is the one df-controller of the chassis: it has, or had when the connection was
 * lost, the lock CHASSIS_LOCK in the local database.  Another one waits for it and writes nothing
 * meanwhile: not to the local database, and by this function's word nowhere else. */
bool chassis_is_ours(const struct chassis_db *);
#define CHASSIS_LOCK "dragonflow_controller"
bool chassis_is_connected(const struct chassis_db *);

const struct chassis_view *chassis_view(const struct chassis_db *);

/* On a clean end of the daemon (not a restart): removes what chassis_run()
 * created, except the bridge.  Blocks up to 'timeout_ms'.  Returns false if it was
 * not done by then.  After that chassis_run() builds nothing any more. */
bool chassis_cleanup(struct chassis_db *, int timeout_ms);

/* For "status": the settings in force, the ports, and what is wrong. */
void chassis_format_status(const struct chassis_db *, struct ds *);

/* Appends a sentence for each thing that is wrong now. */
void chassis_problems(const struct chassis_db *, struct svec *problems);

#endif /* chassis/chassis.h */
