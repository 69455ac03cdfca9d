/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "control-plane.h"

#include "northbound/announce.h"
#include "binding/binding.h"
#include "chassis/chassis.h"
#include "flow/engine.h"
#include "binding/local.h"
#include "northbound/northbound.h"
#include "openvswitch/poll-loop.h"
#include "pipeline/pipeline.h"
#include "northbound/remotes.h"
#include "timeval.h"
#include "topology/topology.h"
#include "zones.h"

/* After so many rounds through all NB servers, one that only lags behind would have caught
 * up: then an older state is what there is. */
#define FAILURES_BEFORE_OLDER 4

void
control_plane_init(struct control_plane *cp, const struct pipeline *pipeline,
                   const char *zones_path)
{
    *cp = (struct control_plane){
        .bindings = bindings_create(),
        .local = local_create(),
        .remotes = remotes_create(),
        .northbound = northbound_create(),
        .pipeline = pipeline,
        .topology = pipeline_create_topology(pipeline),
        .announcer = announcer_create(),
        .zones = zones_create(zones_path),
        .seqno = 1,
    };
}

void
control_plane_destroy(struct control_plane *cp)
{
    zones_destroy(cp->zones);
    announcer_destroy(cp->announcer);
    topology_destroy(cp->topology);
    northbound_destroy(cp->northbound);
    remotes_destroy(cp->remotes);
    local_destroy(cp->local);
    bindings_destroy(cp->bindings);
}

void
control_plane_set_pipeline(struct control_plane *cp, const struct pipeline *pipeline,
                           const struct chassis_view *view)
{
    topology_destroy(cp->topology);
    cp->pipeline = pipeline;
    cp->topology = pipeline_create_topology(pipeline);
    local_load(view, cp->bindings, cp->topology);
    northbound_load(cp->northbound, cp->topology);
    zones_load(cp->zones, cp->topology);
    northbound_set_stale(cp->northbound);
    bindings_forget_ports(cp->bindings);
}

void
control_plane_clear(struct control_plane *cp)
{
    topology_destroy(cp->topology);
    cp->topology = topology_create(NULL, 0);
    cp->seqno++;
}

/* Keeps the connection to the NB database, or gets one. */
static void
connect_northbound(struct control_plane *cp, const struct chassis_settings *settings)
{
    const char *remote = remotes_run(cp->remotes, settings->relays, settings->remote,
                                     northbound_link(cp->northbound), time_msec());

    if (!remote && remotes_n_failures(cp->remotes) >= FAILURES_BEFORE_OLDER) {
        northbound_accept_older(cp->northbound);
    }
    northbound_set_remote(cp->northbound, remote, settings->probe_interval);
}

static void
update_flows(struct control_plane *cp)
{
    if (northbound_must_wait(cp->northbound)) {
        cp->behind = true;
    } else if (engine_run(topology_engine(cp->topology)) || cp->behind) {
        cp->seqno++;
        cp->behind = false;
    }
}

bool
control_plane_run(struct control_plane *cp, const struct chassis_view *view)
{
    local_run(cp->local, view, cp->bindings, cp->topology);
    connect_northbound(cp, &view->settings);
    bool read = northbound_run(cp->northbound, cp->topology, view->settings.monitor_all);
    zones_run(cp->zones, cp->topology, northbound_is_complete(cp->northbound));
    update_flows(cp);
    local_note_ports(cp->bindings, cp->topology);
    return read;
}

/* What rules have stated about an object goes with it at once; but if the rest of the flows must
 * wait, so must that. */
bool
control_plane_may_write(struct control_plane *cp, bool ready)
{
    cp->started |= ready && northbound_is_complete(cp->northbound);
    return ready && cp->started && !cp->behind;
}

struct flow_table *
control_plane_flows(const struct control_plane *cp)
{
    return engine_flows(topology_engine(cp->topology));
}

uint64_t
control_plane_latest(const struct control_plane *cp)
{
    return cp->seqno + cp->behind;
}

void
control_plane_announce(struct control_plane *cp, const struct chassis_settings *settings,
                       uint64_t confirmed)
{
    announcer_run(cp->announcer, cp->northbound, settings, cp->bindings, control_plane_latest(cp),
                  confirmed);
}

void
control_plane_wait(const struct control_plane *cp)
{
    northbound_wait(cp->northbound);
    remotes_wait(cp->remotes, northbound_link(cp->northbound), time_msec());
    announcer_wait(cp->announcer);
    if (!cp->behind && engine_has_work(topology_engine(cp->topology))) {
        poll_immediate_wake();
    }
}
