/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "runtime.h"

#include <string.h>

#include "northbound/announce.h"
#include "answer.h"
#include "binding/binding-status.h"
#include "chassis/chassis.h"
#include "flow/engine.h"
#include "gateways.h"
#include "metrics.h"
#include "nb/text.h"
#include "neighbours.h"
#include "northbound/northbound.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "parts.h"
#include "pipeline/pipeline.h"
#include "problems.h"
#include "northbound/remotes.h"
#include "svec.h"
#include "switch/switch.h"
#include "timeval.h"
#include "tls.h"
#include "topology/topology.h"
#include "unixctl.h"
#include "util.h"
#include "verify.h"

struct runtime {
    struct unixctl_server *server;
    struct verify *verify;

    bool exiting;                   /* "exit" was given, */
    bool restarting;                /* with --restart: leave everything in place. */
    struct unixctl_conn *exit_conn; /* Answered when done. */
};

/* What it says ends on a terminal. */
static void
reply(struct unixctl_conn *conn, struct ds *ds)
{
    struct ds text = DS_EMPTY_INITIALIZER;

    text_put_lines(&text, ds_cstr(ds), ds->length);
    unixctl_command_reply(conn, ds_cstr(&text));
    ds_destroy(&text);
    ds_destroy(ds);
}

/* --- status ------------------------------------------------------------- */

static void
format_problems(const struct problems *p, struct ds *ds)
{
    struct svec problems;
    const char *problem;
    size_t i;

    problems_collect(p, &problems);
    ds_put_format(ds, "problems:%s\n", problems.n ? "" : " none");
    SVEC_FOR_EACH (i, problem, &problems) {
        ds_put_format(ds, "  %s\n", problem);
    }
    svec_destroy(&problems);
}

static void
cmd_status(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
           void *parts_)
{
    const struct parts *p = parts_;
    const struct flow_table *flows = control_plane_flows(&p->plane);
    struct topology_counts n;
    struct ds ds = DS_EMPTY_INITIALIZER;

    topology_get_counts(p->plane.topology, &n);
    chassis_format_status(p->chassis, &ds);
    ds_put_format(&ds, "NB database: %s%s, sequence %" PRId64 "\n",
                  northbound_is_connected(p->plane.northbound) ? "connected" : "not connected",
                  northbound_has_read(p->plane.northbound) ? "" : " (never read)",
                  northbound_sequence(p->plane.northbound));
    ds_put_format(&ds,
                  "topology: %zu networks (%zu reachable), %zu ports (%zu local), "
                  "%zu routers, %zu router ports, %zu chassis\n",
                  n.networks, n.needed_networks, n.ports, n.local_ports, n.routers, n.router_ports,
                  n.chassis);
    bindings_format_status(p->plane.bindings, p->plane.topology,
                           northbound_has_read(p->plane.northbound), &ds);
    ds_put_format(&ds, "flows: %zu wanted, %zu not yet confirmed\n", flows->n_desired,
                  flows->n_dirty);
    switch_format_status(p->session, &ds);
    answer_format_status(p->answer, &ds);
    gateways_format_status(p, &ds);
    remotes_format_status(p->plane.remotes, time_msec(), &ds);
    tls_format_status(p->tls, chassis_view(p->chassis)->settings.system_id, &ds);
    announcer_format_status(p->plane.announcer, &ds);
    format_problems(p->problems, &ds);
    reply(conn, &ds);
}

static void
cmd_ports(struct unixctl_conn *conn, int argc, const char *argv[], void *parts_)
{
    const struct control_plane *plane = &((const struct parts *) parts_)->plane;
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (!bindings_format_ports(plane->bindings, plane->topology,
                               northbound_has_read(plane->northbound), argc > 1 ? argv[1] : NULL,
                               &ds)
        && argc > 1) {
        unixctl_command_reply_error(conn, "no interface with an iface-id, and no port or network "
                                          "of one, has this name");
        return;
    }
    reply(conn, &ds);
}

static void
cmd_gateways(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
             void *parts)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    gateways_format(parts, &ds);
    reply(conn, &ds);
}

/* --- engine ------------------------------------------------------------- */

static void
cmd_engine_stats(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                 void *parts_)
{
    const struct parts *p = parts_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    engine_format_stats(topology_engine(p->plane.topology), &ds);
    reply(conn, &ds);
}

static void
cmd_engine_verify(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                  void *verify)
{
    verify_start(verify, conn);
}

/* --- northbound ----------------------------------------------------------- */

static void
cmd_conditions(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
               void *parts_)
{
    const struct parts *p = parts_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    northbound_format_conditions(p->plane.northbound, &ds);
    reply(conn, &ds);
}

static void
cmd_metrics_show(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                 void *parts_)
{
    const struct parts *p = parts_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    metrics_format(p->metrics, &ds);
    reply(conn, &ds);
}

/* --- neighbours --------------------------------------------------------- */

static void
cmd_neighbours(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
               void *parts_)
{
    const struct parts *p = parts_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    neighbours_format(answer_neighbours(p->answer), &ds);
    reply(conn, &ds);
}

/* --- flows -------------------------------------------------------------- */

static int
compare_slots(const void *a_, const void *b_)
{
    const struct flow_slot *const *a = a_;
    const struct flow_slot *const *b = b_;

    if ((*a)->table != (*b)->table) {
        return (*a)->table < (*b)->table ? -1 : 1;
    }
    if ((*a)->priority != (*b)->priority) {
        return (*a)->priority > (*b)->priority ? -1 : 1;
    }
    return (*a)->claims->cookie < (*b)->claims->cookie
               ? -1
               : (*a)->claims->cookie > (*b)->claims->cookie;
}

static void
cmd_flows(struct unixctl_conn *conn, int argc, const char *argv[], void *parts_)
{
    const struct parts *p = parts_;
    const struct flow_table *flows = control_plane_flows(&p->plane);
    const struct flow_slot **slots = xmalloc((flows->n_desired + 1) * sizeof *slots);
    const struct flow_slot *slot;
    struct ds ds = DS_EMPTY_INITIALIZER;
    size_t n = 0;

    HMAP_FOR_EACH (slot, node, &flows->slots) {
        if (slot->claims) {
            slots[n++] = slot;
        }
    }
    qsort(slots, n, sizeof *slots, compare_slots);

    for (size_t i = 0; i < n; i++) {
        struct ds owner = DS_EMPTY_INITIALIZER;

        flow_owners_format(slots[i], &owner);
        if (argc < 2 || strstr(ds_cstr(&owner), argv[1])) {
            ds_put_format(&ds, "cookie=%#" PRIx64 ", ", slots[i]->claims->cookie);
            flow_slot_format_desired(slots[i], &ds);
            ds_put_format(&ds, " ; owner=%s\n", ds_cstr(&owner));
        }
        ds_destroy(&owner);
    }
    free(slots);
    if (argc > 1 && !ds.length) {
        char *error = xasprintf("no flow belongs to \"%s\": no such network, router or port, or "
                                "none that this chassis needs",
                                argv[1]);
        unixctl_command_reply_error(conn, error);
        free(error);
        return;
    }
    reply(conn, &ds);
}

static void
cmd_stages(struct unixctl_conn *conn, int argc, const char *argv[], void *parts_)
{
    const struct parts *p = parts_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (argc == 1) {
        pipeline_format_stages(p->plane.pipeline, &ds);
    } else if (!pipeline_format_stage(p->plane.pipeline, argv[1], &ds)) {
        unixctl_command_reply_error(conn, "no such stage");
        ds_destroy(&ds);
        return;
    }
    reply(conn, &ds);
}

/* --- exit --------------------------------------------------------------- */

static void
cmd_exit(struct unixctl_conn *conn, int argc, const char *argv[], void *runtime_)
{
    struct runtime *r = runtime_;

    if (argc > 1 && strcmp(argv[1], "--restart")) {
        unixctl_command_reply_error(conn, "the only option is --restart");
        return;
    }
    if (r->exit_conn) {
        unixctl_command_reply_error(conn, "already exiting");
        return;
    }
    r->exiting = true;
    r->restarting = argc > 1;
    r->exit_conn = conn;
}

bool
runtime_is_exiting(const struct runtime *r)
{
    return r->exiting;
}

bool
runtime_is_restarting(const struct runtime *r)
{
    return r->restarting;
}

/* --- The server ---------------------------------------------------------- */

struct runtime *
runtime_create(const char *path, const struct parts *parts)
{
    struct runtime *r = xzalloc(sizeof *r);
    void *p = CONST_CAST(struct parts *, parts);
    int error = unixctl_server_create(path, &r->server);

    if (error) {
        ovs_fatal(error, "could not create the control socket");
    }
    r->verify = verify_create(parts);
    unixctl_command_register("status", "", 0, 0, cmd_status, p);
    unixctl_command_register("ports", "[NAME]", 0, 1, cmd_ports, p);
    unixctl_command_register("neighbours", "", 0, 0, cmd_neighbours, p);
    unixctl_command_register("gateways", "", 0, 0, cmd_gateways, p);
    unixctl_command_register("engine/stats", "", 0, 0, cmd_engine_stats, p);
    unixctl_command_register("engine/verify", "", 0, 0, cmd_engine_verify, r->verify);
    unixctl_command_register("northbound/conditions", "", 0, 0, cmd_conditions, p);
    unixctl_command_register("metrics/show", "", 0, 0, cmd_metrics_show, p);
    unixctl_command_register("flows", "[OBJECT]", 0, 1, cmd_flows, p);
    unixctl_command_register("stages", "[STAGE]", 0, 1, cmd_stages, p);
    unixctl_command_register("exit", "[--restart]", 0, 1, cmd_exit, r);
    return r;
}

void
runtime_destroy(struct runtime *r)
{
    verify_destroy(r->verify);
    if (r->exit_conn) {
        unixctl_command_reply(r->exit_conn, NULL);
    }
    unixctl_server_destroy(r->server);
    free(r);
}

void
runtime_run(struct runtime *r)
{
    verify_run(r->verify);
}

void
runtime_serve(struct runtime *r)
{
    unixctl_server_run(r->server);
}

void
runtime_wait(const struct runtime *r)
{
    verify_wait(r->verify);
    unixctl_server_wait(r->server);
    if (r->exiting) {
        poll_immediate_wake();
    }
}
