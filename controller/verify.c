/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "verify.h"

#include "chassis/chassis.h"
#include "flow/engine.h"
#include "binding/local.h"
#include "liveness.h"
#include "northbound/northbound.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "parts.h"
#include "pipeline/check.h"
#include "pipeline/pipeline.h"
#include "switch/switch.h"
#include "timeval.h"
#include "topology/topology.h"
#include "unixctl.h"
#include "util.h"
#include "zones.h"

/* How many differences are listed. */
#define MAX_LINES 20

struct verify {
    const struct parts *parts;

    struct unixctl_conn *conn; /* Answered when, after the flows have been compared, */
    bool computed;             /* the switch has been read, */
    uint64_t check;            /* which has this number (switch_check()), */
    long long int deadline;    /* or at this time (ms). */
};

static void
finish(struct verify *v, const char *text, bool success)
{
    if (success) {
        unixctl_command_reply(v->conn, text);
    } else {
        unixctl_command_reply_error(v->conn, text);
    }
    v->conn = NULL;
}

struct verify *
verify_create(const struct parts *parts)
{
    struct verify *v = xzalloc(sizeof *v);

    v->parts = parts;
    return v;
}

void
verify_destroy(struct verify *v)
{
    if (v) {
        if (v->conn) {
            finish(v, "exiting", false);
        }
        free(v);
    }
}

void
verify_start(struct verify *v, struct unixctl_conn *conn)
{
    if (v->conn) {
        unixctl_command_reply_error(conn, "a verification is under way already");
        return;
    }
    v->conn = conn;
    v->computed = false;
    v->deadline = time_msec() + VERIFY_TIMEOUT_MS;
    poll_immediate_wake();
}

/* The flows are right.  Is that what the switch holds? */
static void
start_check(struct verify *v, size_t n_flows)
{
    const struct parts *p = v->parts;

    v->computed = true;
    if (!switch_check(p->session, &v->check)) {
        char *text = xasprintf("%" PRIuSIZE " flows, equal to those computed from scratch; not "
                               "compared with the switch (%s)\n",
                               n_flows,
                               !switch_is_connected(p->session) ? "no connection"
                               : p->plane.started               ? "it is shared"
                                                  : "nothing has been written to it yet");
        finish(v, text, true);
        free(text);
    }
}

/* Are the flows those that a new engine computes, and that the stages declare? */
static void
compute(struct verify *v)
{
    const struct control_plane *plane = &v->parts->plane;
    struct topology *scratch = pipeline_create_topology(plane->pipeline);
    struct engine *engine = topology_engine(scratch);
    struct ds ds = DS_EMPTY_INITIALIZER;

    local_load(chassis_view(v->parts->chassis), plane->bindings, scratch);
    northbound_load(plane->northbound, scratch);
    topology_copy_neighbours(plane->topology, scratch);
    zones_load(plane->zones, scratch);
    liveness_load(v->parts->liveness, scratch);
    topology_settle(scratch);
    engine_run(engine);

    if (!flow_table_desired_equal(control_plane_flows(plane), engine_flows(engine), MAX_LINES,
                                  &ds)) {
        ds_put_cstr(&ds, "the flows differ from those computed from scratch "
                         "(+ incremental only, - scratch only, ! other actions)\n");
        finish(v, ds_cstr(&ds), false);
    } else if (!pipeline_check(plane->pipeline, engine_flows(engine), NULL, MAX_LINES, &ds)) {
        ds_put_cstr(&ds, "flows are not what their stages declare\n");
        finish(v, ds_cstr(&ds), false);
    } else {
        start_check(v, engine_flows(engine)->n_desired);
    }
    ds_destroy(&ds);
    topology_destroy(scratch);
}

static void
finish_check(struct verify *v, size_t n_different)
{
    char *text = n_different
                     ? xasprintf("%" PRIuSIZE " flows in the switch were not as they should "
                                 "be; they are being put right",
                                 n_different)
                     : xasprintf("%" PRIuSIZE " flows, equal to those computed from scratch "
                                 "and to those in the switch\n",
                                 control_plane_flows(&v->parts->plane)->n_desired);

    finish(v, text, !n_different);
    free(text);
}

static void
run_check(struct verify *v)
{
    size_t n_different;

    switch (switch_check_state(v->parts->session, v->check, &n_different)) {
    case CHECK_RUNNING:
        if (time_msec() >= v->deadline) {
            finish(v, "the switch has not been read in time", false);
        }
        break;

    case CHECK_FAILED:
        finish(v, "the connection to the switch was lost", false);
        break;

    case CHECK_DONE:
        finish_check(v, n_different);
        break;

    default:
        OVS_NOT_REACHED();
    }
}

void
verify_run(struct verify *v)
{
    if (v->conn && !v->computed) {
        if (!v->parts->plane.behind) {
            compute(v);
        } else if (time_msec() >= v->deadline) {
            finish(v, "the NB database has not been read in time", false);
        }
    }
    if (v->conn && v->computed) {
        run_check(v);
    }
}

void
verify_wait(const struct verify *v)
{
    if (v->conn) {
        poll_timer_wait_until(v->deadline);
    }
}
