/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller.h"

#include "northbound/announce.h"
#include "answer.h"
#include "address-announce.h"
#include "chassis/chassis.h"
#include "fabric-announce.h"
#include "dirs.h"
#include "flow/flow-table.h"
#include "leave.h"
#include "liveness.h"
#include "memory.h"
#include "metrics.h"
#include "metrics/http.h"
#include "openvswitch/match.h"
#include "openvswitch/ofpbuf.h"
#include "parts.h"
#include "pipeline/lease.h"
#include "pipeline/pipeline.h"
#include "problems.h"
#include "northbound/report.h"
#include "runtime.h"
#include "service/router-service.h"
#include "simap.h"
#include "switch/switch.h"
#include "timeval.h"
#include "tls.h"
#include "topology/topology.h"
#include "util.h"
#include "zones.h"

/* What may go to the daemon, in packets per second: of one local port as much as the
 * service answers anyway, and of all of them what costs little CPU time. */
#define PORT_RATE RS_RATE
#define TOTAL_RATE 2000

#define N_METERS (1 + N_PORT_METERS)

/* Runtime commands and requests for metrics are looked for in a turn of the loop in which
 * there was nothing else, or in one of so many: accept() is expensive even if no client is
 * there. */
#define BUSY_TURNS 10

struct controller {
    struct parts parts;
    struct runtime *runtime;
    struct meter meters[N_METERS]; /* Of the session. */
    unsigned int n_busy;           /* Turns in a row in which there was something to do. */
    bool may_write;                /* In the last turn. */
};

/* --- Life --------------------------------------------------------------- */

static void
init_meters(struct meter meters[N_METERS])
{
    meters[0] = (struct meter){.id = METER_PACKET_IN, .rate = TOTAL_RATE, .burst = TOTAL_RATE};
    for (uint32_t i = 0; i < N_PORT_METERS; i++) {
        meters[1 + i] = (struct meter){
            .id = METER_PORT_FIRST + i,
            .rate = PORT_RATE,
            .burst = PORT_RATE,
        };
    }
}

static void
make_metrics_page(void *metrics, struct ds *page)
{
    metrics_format(metrics, page);
}

struct controller *
controller_create(const char *ovs_remote, const char *unixctl_path, const struct chassis_tls *tls)
{
    struct controller *c = xzalloc(sizeof *c);
    struct parts *p = &c->parts;

    p->chassis = chassis_create(ovs_remote);
    p->tls = tls_create(tls);
    char *zones_path = xasprintf("%s/df-controller.zones", ovs_rundir());
    control_plane_init(&p->plane, &pipeline_native, zones_path);
    free(zones_path);
    p->answer = answer_create();
    init_meters(c->meters);
    p->session = switch_create(c->meters, N_METERS, COOKIE_BITS, 0, answer_packet_in, p->answer);
    answer_set_peers(p->answer, p->plane.topology, p->session);
    p->liveness = liveness_create();
    p->address_announcer = address_announcer_create();
    p->fabric_announcer = fabric_announcer_create();
    p->problems = problems_create(p);
    p->report = report_create();
    p->metrics = metrics_create(p);
    p->metrics_server = http_server_create(make_metrics_page, p->metrics);
    c->runtime = runtime_create(unixctl_path, p);
    return c;
}

void
controller_destroy(struct controller *c)
{
    struct parts *p = &c->parts;

    if (!runtime_is_restarting(c->runtime)) {
        leave_chassis(p);
    }
    runtime_destroy(c->runtime);
    http_server_destroy(p->metrics_server);
    metrics_destroy(p->metrics);
    report_destroy(p->report);
    problems_destroy(p->problems);
    fabric_announcer_destroy(p->fabric_announcer);
    address_announcer_destroy(p->address_announcer);
    liveness_destroy(p->liveness);
    switch_destroy(p->session);
    control_plane_destroy(&p->plane);
    chassis_destroy(p->chassis);
    tls_destroy(p->tls);
    answer_destroy(p->answer);
    free(c);
}

bool
controller_is_exiting(const struct controller *c)
{
    return runtime_is_exiting(c->runtime);
}

/* --- A turn of the loop -------------------------------------------------- */

static void
report_memory(const struct parts *p)
{
    memory_run();
    if (memory_should_report()) {
        struct simap usage = SIMAP_INITIALIZER(&usage);
        struct topology_counts n;

        topology_get_counts(p->plane.topology, &n);
        simap_put(&usage, "networks", n.networks);
        simap_put(&usage, "ports", n.ports);
        simap_put(&usage, "flows", control_plane_flows(&p->plane)->n_desired);
        memory_report(&usage);
        simap_destroy(&usage);
    }
}

/* Reads what this chassis has and its settings.  Returns true if anything was read. */
static bool
run_chassis(struct parts *p)
{
    chassis_set_ofports(p->chassis, switch_new_ports(p->session),
                        switch_new_ports_seqno(p->session));
    bool read = chassis_run(p->chassis);
    const struct chassis_view *view = chassis_view(p->chassis);

    tls_run(p->tls, &view->tls);
    http_server_set_target(p->metrics_server, view->settings.metrics);
    return read;
}

/* Lives with layer 2 as the settings say.  Another mode means other rules: the
 * topology is made anew from what is known, and the switch is read again. */
static void
set_mode(struct parts *p, const struct chassis_view *view)
{
    const struct pipeline *pipeline = view->settings.ml2 ? &pipeline_ml2 : &pipeline_native;

    if (pipeline != p->plane.pipeline) {
        switch_set_bridge(p->session, NULL);
        control_plane_set_pipeline(&p->plane, pipeline, view);
        answer_set_peers(p->answer, p->plane.topology, p->session);
    }

    uint8_t tables[256];
    size_t n_tables = pipeline_shared_tables(pipeline, tables);
    switch_set_sharing(p->session, COOKIE_BITS, pipeline->cookie_mask, tables, n_tables);
}

/* Beside the stock agent the flows count only while the lease is renewed. */
static void
set_lease(struct ofsession *session, const struct chassis_settings *settings)
{
    uint64_t stub[64 / 8];
    struct ofpbuf actions = OFPBUF_STUB_INITIALIZER(stub);
    struct match match = MATCH_CATCHALL_INITIALIZER;

    if (settings->ml2) {
        struct lease lease = {.match = &match, .seconds = settings->fallback_timeout};

        ml2_put_lease(&actions, &lease.table, &lease.priority);
        lease.ofpacts = actions.data;
        lease.ofpacts_len = actions.size;
        switch_set_lease(session, &lease);
    } else {
        switch_set_lease(session, NULL);
    }
    ofpbuf_uninit(&actions);
}

static bool
flush_zone(void *session, uint16_t zone)
{
    return switch_flush_zone(session, zone);
}

/* Brings the flows into the switch.  Returns true if it may be written to. */
static bool
run_switch(struct parts *p, const struct chassis_view *view)
{
    bool may_write = control_plane_may_write(&p->plane, chassis_has_read(p->chassis)
                                                            && chassis_is_ours(p->chassis)
                                                            && view->bridge_ready);

    switch_set_bridge(p->session, view->bridge_ready ? view->settings.bridge : NULL);
    set_lease(p->session, &view->settings);
    switch_run(p->session, control_plane_flows(&p->plane), p->plane.seqno, may_write);
    if (may_write) {
        zones_flush(p->plane.zones, flush_zone, p->session);
    }
    return may_write;
}

/* Tells the NB database about this chassis, its machines about addresses that have moved, and
 * physical networks about those that are here. */
static void
announce(struct parts *p, const struct chassis_view *view)
{
    uint64_t confirmed = switch_confirmed(p->session);

    address_announcer_run(p->address_announcer, p->plane.topology, p->session, !view->settings.ml2,
                          control_plane_latest(&p->plane), confirmed);
    fabric_announcer_run(p->fabric_announcer, p->plane.topology, p->session,
                         control_plane_latest(&p->plane), confirmed, liveness_seqno(p->liveness));
    answer_run(p->answer, p->plane.topology, !view->settings.ml2,
               p->plane.started && switch_is_connected(p->session));
    problems_run(p->problems);
    if (chassis_is_ours(p->chassis)) {
        struct announcer *announcer = p->plane.announcer;

        /* The report comes first: once a chassis has applied everything, its problems are those
         * of after that. */
        report_run(p->report, p->plane.northbound, announcer_row(announcer),
                   announcer_applied(announcer), problems_get(p->problems));
        control_plane_announce(&p->plane, &view->settings, confirmed);
    }
}

void
controller_run(struct controller *c)
{
    struct parts *p = &c->parts;
    long long int woke = time_usec();

    report_memory(p);

    /* What the switch says. */
    bool busy = switch_receive(p->session, control_plane_flows(&p->plane));

    /* What this chassis has, and its settings. */
    busy |= run_chassis(p);
    const struct chassis_view *view = chassis_view(p->chassis);
    set_mode(p, view);
    liveness_run(p->liveness, p->chassis, p->plane.topology);

    /* What the logical network is, and what follows for the flows. */
    bool read = control_plane_run(&p->plane, view);

    /* Into the switch, once everything has been read; and is it there, if that was asked? */
    c->may_write = run_switch(p, view);
    runtime_run(c->runtime);

    /* And what the others may know. */
    liveness_watch(p->liveness, &p->plane, p->chassis, p->session);
    announce(p, view);
    metrics_run(p->metrics, woke, read);

    /* Requests, if there is time. */
    c->n_busy = busy || read ? c->n_busy + 1 : 0;
    if (c->n_busy % BUSY_TURNS == 0) {
        http_server_run(p->metrics_server, time_msec());
        runtime_serve(c->runtime);
    }
}

void
controller_wait(const struct controller *c)
{
    const struct parts *p = &c->parts;

    memory_wait();
    chassis_wait(p->chassis);
    control_plane_wait(&p->plane);
    switch_wait(p->session, control_plane_flows(&p->plane), c->may_write);
    liveness_wait(p->liveness);
    address_announcer_wait(p->address_announcer, switch_confirmed(p->session));
    fabric_announcer_wait(p->fabric_announcer, switch_confirmed(p->session));
    answer_wait(p->answer);
    problems_wait(p->problems);
    report_wait(p->report);
    http_server_wait(p->metrics_server, time_msec());
    runtime_wait(c->runtime);
}
