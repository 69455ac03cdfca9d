/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_PLANE_H
#define CONTROL_PLANE_H 1

/* The control plane of one chassis: from what the chassis has (struct chassis_view) and what the
 * NB database says, to the flows that its switch shall have, and back to the NB database.
 *
 * That is all of the loop but for the surroundings: the local database and the switch.  In
 * df-controller these are real (controller.h); bench/sim runs many control planes with simulated
 * ones in one process.  A turn of the loop is
 *
 *     control_plane_run()
 *     if control_plane_may_write(): control_plane_flows() into the switch
 *     control_plane_announce()
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct chassis_settings;
struct chassis_view;
struct flow_table;
struct pipeline;

/* To be read by others, and changed by the functions below only. */
struct control_plane {
    struct bindings *bindings;
    struct local *local;
    struct remotes *remotes;
    struct northbound *northbound;
    const struct pipeline *pipeline; /* The mode. */
    struct topology *topology;
    struct announcer *announcer;
    struct zones *zones;

    uint64_t seqno; /* Number of the state of the topology that the flows are of; from 1. */
    bool behind;    /* The topology may be further already. */
    bool started;   /* Both databases have been read, and the flows are of that. */
};

/* 'zones_path' is the file of zones_create(). */
void control_plane_init(struct control_plane *, const struct pipeline *, const char *zones_path);
void control_plane_destroy(struct control_plane *);

/* Makes the topology anew, with other rules, from what is known.  What control_plane_flows() has
 * returned before is not valid any more. */
void control_plane_set_pipeline(struct control_plane *, const struct pipeline *,
                                const struct chassis_view *);

/* Makes an empty topology, without rules: no flows are desired any more.  What
 * control_plane_flows() has returned before is not valid any more. */
void control_plane_clear(struct control_plane *);

/* Takes in what has changed in 'view' and in the NB database, and computes the flows.  Returns
 * true if there was anything new in the NB database. */
bool control_plane_run(struct control_plane *, const struct chassis_view *view);

/* True if the flows may be written to the switch.  'ready': the chassis is known, and is to be
 * written to.  Before everything has been read the flows of a previous run are better than
 * these. */
bool control_plane_may_write(struct control_plane *, bool ready);

/* What the switch shall have.  Owned by the control plane. */
struct flow_table *control_plane_flows(const struct control_plane *);

/* Number of the state of the topology: 'seqno', or the next one if the flows are behind. */
uint64_t control_plane_latest(const struct control_plane *);

/* Tells the NB database about this chassis.  'confirmed' is the highest number of a state whose
 * flows the switch has confirmed. */
void control_plane_announce(struct control_plane *, const struct chassis_settings *,
                            uint64_t confirmed);

void control_plane_wait(const struct control_plane *);

#endif /* control-plane.h */
