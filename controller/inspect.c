/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "inspect.h"

#include <string.h>

#include "announce.h"
#include "answer.h"
#include "binding-status.h"
#include "chassis/chassis.h"
#include "dragonflow-config.h"
#include "flow/engine.h"
#include "local.h"
#include "metrics.h"
#include "nb/text.h"
#include "northbound.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "pipeline/check.h"
#include "pipeline/pipeline.h"
#include "problems.h"
#include "remotes.h"
#include "simap.h"
#include "svec.h"
#include "switch/switch.h"
#include "timeval.h"
#include "tls.h"
#include "topology/topology.h"
#include "unixctl.h"
#include "util.h"

/* How long the switch may take to say what it holds. */
#define VERIFY_TIMEOUT_MS 30000

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
format_problems(const struct inspect *inspect, struct ds *ds)
{
    struct svec problems;
    const char *problem;
    size_t i;

    problems_collect(inspect, &problems);
    ds_put_format(ds, "problems:%s\n", problems.n ? "" : " none");
    SVEC_FOR_EACH (i, problem, &problems) {
        ds_put_format(ds, "  %s\n", problem);
    }
    svec_destroy(&problems);
}

static void
cmd_status(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
           void *inspect_)
{
    const struct inspect *inspect = inspect_;
    const struct flow_table *flows = engine_flows(topology_engine(inspect->topology));
    struct topology_counts n;
    struct ds ds = DS_EMPTY_INITIALIZER;

    topology_get_counts(inspect->topology, &n);
    chassis_format_status(inspect->chassis, &ds);
    ds_put_format(&ds, "NB database: %s%s, sequence %" PRId64 "\n",
                  northbound_is_connected(inspect->northbound) ? "connected" : "not connected",
                  northbound_has_read(inspect->northbound) ? "" : " (never read)",
                  northbound_sequence(inspect->northbound));
    ds_put_format(&ds,
                  "topology: %zu networks (%zu reachable), %zu ports (%zu local), "
                  "%zu routers, %zu router ports, %zu chassis\n",
                  n.networks, n.needed_networks, n.ports, n.local_ports, n.routers, n.router_ports,
                  n.chassis);
    bindings_format_status(inspect->bindings, inspect->topology, &ds);
    ds_put_format(&ds, "flows: %zu wanted, %zu not yet confirmed\n", flows->n_desired,
                  flows->n_dirty);
    switch_format_status(inspect->session, &ds);
    answer_format_status(inspect->answer, &ds);
    remotes_format_status(inspect->remotes, time_msec(), &ds);
    tls_format_status(inspect->tls, chassis_view(inspect->chassis)->settings.system_id, &ds);
    announcer_format_status(inspect->announcer, &ds);
    format_problems(inspect, &ds);
    reply(conn, &ds);
}

static void
cmd_ports(struct unixctl_conn *conn, int argc, const char *argv[], void *inspect_)
{
    const struct inspect *inspect = inspect_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (!bindings_format_ports(inspect->bindings, inspect->topology, argc > 1 ? argv[1] : NULL, &ds)
        && argc > 1) {
        unixctl_command_reply_error(conn, "no interface with an iface-id, and no port or network "
                                          "of one, has this name");
        return;
    }
    reply(conn, &ds);
}

/* --- engine ------------------------------------------------------------- */

static void
cmd_engine_stats(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                 void *inspect_)
{
    const struct inspect *inspect = inspect_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    engine_format_stats(topology_engine(inspect->topology), &ds);
    reply(conn, &ds);
}

static void
finish_verify(struct inspect *inspect, const char *text, bool success)
{
    if (success) {
        unixctl_command_reply(inspect->verify_conn, text);
    } else {
        unixctl_command_reply_error(inspect->verify_conn, text);
    }
    inspect->verify_conn = NULL;
}

/* The flows are right.  Is that what the switch holds? */
static void
verify_switch(struct inspect *inspect, size_t n_flows)
{
    inspect->verify_computed = true;
    if (!switch_check(inspect->session, &inspect->verify_check)) {
        char *text = xasprintf("%" PRIuSIZE " flows, equal to those computed from scratch; not "
                               "compared with the switch (%s)\n",
                               n_flows,
                               !switch_is_connected(inspect->session) ? "no connection"
                               : inspect->started                     ? "it is shared"
                                                  : "nothing has been written to it yet");
        finish_verify(inspect, text, true);
        free(text);
    }
}

/* Are the flows those that a new engine computes, and that the stages declare? */
static void
verify_computed(struct inspect *inspect)
{
    struct topology *scratch = pipeline_create_topology(inspect->pipeline);
    struct engine *engine = topology_engine(scratch);
    struct ds ds = DS_EMPTY_INITIALIZER;

    local_load(chassis_view(inspect->chassis), inspect->bindings, scratch);
    northbound_load(inspect->northbound, scratch);
    topology_settle(scratch);
    engine_run(engine);

    if (!flow_table_desired_equal(engine_flows(topology_engine(inspect->topology)),
                                  engine_flows(engine), 20, &ds)) {
        ds_put_cstr(&ds, "the flows differ from those computed from scratch "
                         "(+ incremental only, - scratch only, ! other actions)\n");
        finish_verify(inspect, ds_cstr(&ds), false);
    } else if (!pipeline_check(inspect->pipeline, engine_flows(engine), NULL, 20, &ds)) {
        ds_put_cstr(&ds, "flows are not what their stages declare\n");
        finish_verify(inspect, ds_cstr(&ds), false);
    } else {
        verify_switch(inspect, engine_flows(engine)->n_desired);
    }
    ds_destroy(&ds);
    topology_destroy(scratch);
}

void
inspect_run(struct inspect *inspect)
{
    size_t n_different;
    char *text;

    if (!inspect->verify_conn) {
        return;
    }
    if (!inspect->verify_computed) {
        if (!inspect->behind) {
            verify_computed(inspect);
        } else if (time_msec() >= inspect->verify_deadline) {
            finish_verify(inspect, "the NB database has not been read in time", false);
        }
    }
    if (!inspect->verify_conn) {
        return;
    }
    poll_timer_wait_until(inspect->verify_deadline);
    if (!inspect->verify_computed) {
        return;
    }
    switch (switch_check_state(inspect->session, inspect->verify_check, &n_different)) {
    case CHECK_RUNNING:
        if (time_msec() >= inspect->verify_deadline) {
            finish_verify(inspect, "the switch has not been read in time", false);
        }
        break;

    case CHECK_FAILED:
        finish_verify(inspect, "the connection to the switch was lost", false);
        break;

    case CHECK_DONE:
        text = n_different ? xasprintf("%" PRIuSIZE " flows in the switch were not as they should "
                                       "be; they are being put right",
                                       n_different)
                           : xasprintf("%" PRIuSIZE " flows, equal to those computed from scratch "
                                       "and to those in the switch\n",
                                       engine_flows(topology_engine(inspect->topology))->n_desired);
        finish_verify(inspect, text, !n_different);
        free(text);
        break;

    default:
        OVS_NOT_REACHED();
    }
}

/* Answered by inspect_run(), when the flows are those of all that has been read. */
static void
cmd_engine_verify(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                  void *inspect_)
{
    struct inspect *inspect = inspect_;

    if (inspect->verify_conn) {
        unixctl_command_reply_error(conn, "a verification is under way already");
        return;
    }
    inspect->verify_conn = conn;
    inspect->verify_computed = false;
    inspect->verify_deadline = time_msec() + VERIFY_TIMEOUT_MS;
    poll_immediate_wake();
}

/* --- northbound ----------------------------------------------------------- */

static void
cmd_conditions(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
               void *inspect_)
{
    const struct inspect *inspect = inspect_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    northbound_format_conditions(inspect->northbound, &ds);
    reply(conn, &ds);
}

static void
cmd_metrics_show(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
                 void *inspect_)
{
    const struct inspect *inspect = inspect_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    metrics_format(inspect->metrics, &ds);
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
cmd_flows(struct unixctl_conn *conn, int argc, const char *argv[], void *inspect_)
{
    const struct inspect *inspect = inspect_;
    const struct flow_table *flows = engine_flows(topology_engine(inspect->topology));
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

        activation_format(slots[i]->claims->owner, &owner);
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
cmd_stages(struct unixctl_conn *conn, int argc, const char *argv[], void *inspect_)
{
    const struct inspect *inspect = inspect_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (argc == 1) {
        pipeline_format_stages(inspect->pipeline, &ds);
    } else if (!pipeline_format_stage(inspect->pipeline, argv[1], &ds)) {
        unixctl_command_reply_error(conn, "no such stage");
        ds_destroy(&ds);
        return;
    }
    reply(conn, &ds);
}

/* --- exit --------------------------------------------------------------- */

static void
cmd_exit(struct unixctl_conn *conn, int argc, const char *argv[], void *inspect_)
{
    struct inspect *inspect = inspect_;

    if (argc > 1 && strcmp(argv[1], "--restart")) {
        unixctl_command_reply_error(conn, "the only option is --restart");
        return;
    }
    if (inspect->exit_conn) {
        unixctl_command_reply_error(conn, "already exiting");
        return;
    }
    inspect->exiting = true;
    inspect->restarting = argc > 1;
    inspect->exit_conn = conn;
}

void
inspect_finish_exit(struct inspect *inspect)
{
    if (inspect->verify_conn) {
        finish_verify(inspect, "exiting", false);
    }
    if (inspect->exit_conn) {
        unixctl_command_reply(inspect->exit_conn, NULL);
        inspect->exit_conn = NULL;
    }
}

void
inspect_register(struct inspect *inspect)
{
    unixctl_command_register("status", "", 0, 0, cmd_status, inspect);
    unixctl_command_register("ports", "[NAME]", 0, 1, cmd_ports, inspect);
    unixctl_command_register("engine/stats", "", 0, 0, cmd_engine_stats, inspect);
    unixctl_command_register("engine/verify", "", 0, 0, cmd_engine_verify, inspect);
    unixctl_command_register("northbound/conditions", "", 0, 0, cmd_conditions, inspect);
    unixctl_command_register("metrics/show", "", 0, 0, cmd_metrics_show, inspect);
    unixctl_command_register("flows", "[OBJECT]", 0, 1, cmd_flows, inspect);
    unixctl_command_register("stages", "[STAGE]", 0, 1, cmd_stages, inspect);
    unixctl_command_register("exit", "[--restart]", 0, 1, cmd_exit, inspect);
}

void
inspect_memory_usage(const struct inspect *inspect, struct simap *usage)
{
    struct topology_counts n;

    topology_get_counts(inspect->topology, &n);
    simap_put(usage, "networks", n.networks);
    simap_put(usage, "ports", n.ports);
    simap_put(usage, "flows", engine_flows(topology_engine(inspect->topology))->n_desired);
}
