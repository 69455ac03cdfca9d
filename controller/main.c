/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "arp-announce.h"
#include "answer.h"
#include "binding.h"
#include "chassis/chassis.h"
#include "command-line.h"
#include "daemon.h"
#include "dirs.h"
#include "dragonflow-config.h"
#include "fatal-signal.h"
#include "flow/engine.h"
#include "inspect.h"
#include "local.h"
#include "memory.h"
#include "metrics.h"
#include "nb/text.h"
#include "northbound.h"
#include "openvswitch/match.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-rcu.h"
#include "ovsdb-idl.h"
#include "pipeline/lease.h"
#include "pipeline/pipeline.h"
#include "privileges.h"
#include "problems.h"
#include "remotes.h"
#include "report.h"
#include "service/router-service.h"
#include "simap.h"
#include "stream-ssl.h"
#include "stream.h"
#include "switch/switch.h"
#include "timeval.h"
#include "tls.h"
#include "topology/topology.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(main);

/* What may go to the daemon, in packets per second: of one local port as much as the
 * service answers anyway, and of all of them what costs little CPU time. */
#define PORT_RATE RS_RATE
#define TOTAL_RATE 2000

#define N_METERS (1 + N_PORT_METERS)

/* After so many rounds through all NB servers, one that only lags behind would have caught
 * up: then an older state is what there is. */
#define FAILURES_BEFORE_OLDER 4

/* Runtime commands and requests for metrics are looked for in a turn of the loop in which
 * there was nothing else, or in one of so many: accept() is expensive even if nobody is
 * there. */
#define BUSY_TURNS 10

/* How long a clean exit may take to tell the databases. */
#define EXIT_TIMEOUT_MS 5000

struct options {
    char *ovs_remote; /* The local database. */
    char *unixctl_path;
    struct chassis_tls tls;
};

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

static struct unixctl_server *
open_unixctl(const char *path, struct inspect *inspect)
{
    struct unixctl_server *server;
    int error = unixctl_server_create(path, &server);

    if (error) {
        ovs_fatal(error, "could not create the control socket");
    }
    inspect_register(inspect);
    return server;
}

static void
report_memory(const struct inspect *inspect)
{
    memory_run();
    if (memory_should_report()) {
        struct simap usage = SIMAP_INITIALIZER(&usage);

        inspect_memory_usage(inspect, &usage);
        memory_report(&usage);
        simap_destroy(&usage);
    }
}

/* Keeps the connection to the NB database, or gets one. */
static void
connect_northbound(struct inspect *inspect, const struct chassis_view *view)
{
    struct northbound *nb = inspect->northbound;
    struct remotes *r = inspect->remotes;
    const char *remote = remotes_run(r, view->settings.relays, view->settings.remote,
                                     northbound_link(nb), time_msec());

    tls_run(inspect->tls, &view->tls);
    if (!remote && remotes_n_failures(r) >= FAILURES_BEFORE_OLDER) {
        northbound_accept_older(nb);
    }
    northbound_set_remote(nb, remote, view->settings.probe_interval);
}

/* Lives with layer 2 as the settings say.  Another mode means other rules: the
 * topology is made anew from what is known, and the switch is read again. */
static void
set_mode(struct inspect *inspect, const struct chassis_view *view)
{
    const struct pipeline *pipeline = view->settings.ml2 ? &pipeline_ml2 : &pipeline_native;

    if (pipeline != inspect->pipeline) {
        switch_set_bridge(inspect->session, NULL);
        topology_destroy(inspect->topology);
        inspect->pipeline = pipeline;
        inspect->topology = pipeline_create_topology(pipeline);
        local_load(view, inspect->bindings, inspect->topology);
        northbound_load(inspect->northbound, inspect->topology);
        northbound_set_stale(inspect->northbound);
        bindings_forget_ports(inspect->bindings);
        answer_set_peers(inspect->answer, inspect->topology, inspect->session);
    }

    uint8_t tables[256];
    size_t n_tables = pipeline_shared_tables(pipeline, tables);
    switch_set_sharing(inspect->session, COOKIE_BITS, pipeline->cookie_mask, tables, n_tables);
}

/* Beside the stock agent the flows count only while somebody renews the lease. */
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

static void
update_flows(struct inspect *inspect)
{
    if (northbound_must_wait(inspect->northbound)) {
        inspect->behind = true;
    } else if (engine_run(topology_engine(inspect->topology)) || inspect->behind) {
        inspect->seqno++;
        inspect->behind = false;
    }
}

/* Before everything has been read the flows of a previous run are better than ours.  What
 * rules have stated about an object goes with it at once; but if the rest of the flows
 * must wait, so must that. */
static bool
may_write_flows(struct inspect *inspect)
{
    bool ready = (chassis_has_read(inspect->chassis) && chassis_is_ours(inspect->chassis)
                  && chassis_view(inspect->chassis)->bridge_ready);

    inspect->started |= ready && northbound_is_complete(inspect->northbound);
    return ready && inspect->started && !inspect->behind;
}

/* Takes our flows out of a bridge that is not ours, the lease first, so that the stock
 * agent's flows have it to themselves. */
static void
remove_flows(struct inspect *inspect)
{
    const struct chassis_view *view = chassis_view(inspect->chassis);
    long long int deadline = time_msec() + EXIT_TIMEOUT_MS;

    switch_set_lease(inspect->session, NULL);
    switch_set_bridge(inspect->session, NULL);
    topology_destroy(inspect->topology);
    inspect->topology = topology_create(NULL, 0);
    answer_set_peers(inspect->answer, inspect->topology, inspect->session);
    inspect->seqno++;

    struct flow_table *none = engine_flows(topology_engine(inspect->topology));
    switch_set_bridge(inspect->session, view->settings.bridge);
    for (;;) {
        switch_receive(inspect->session, none);
        switch_run(inspect->session, none, inspect->seqno, true);
        if (switch_confirmed(inspect->session) >= inspect->seqno) {
            break;
        }
        if (time_msec() >= deadline) {
            VLOG_WARN("could not remove the flows from bridge %s", view->settings.bridge);
            break;
        }
        switch_wait(inspect->session, none, true);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

/* On a clean end, which is not a restart: leaves nothing behind. */
static void
take_chassis_out(struct inspect *inspect)
{
    const struct chassis_view *view = chassis_view(inspect->chassis);
    const char *name = view->settings.system_id;

    if (!chassis_is_ours(inspect->chassis)) {
        return; /* Another one goes on. */
    }
    if (name && northbound_is_connected(inspect->northbound)
        && !announcer_withdraw(inspect->announcer, inspect->northbound, inspect->bindings, name,
                               EXIT_TIMEOUT_MS)) {
        TEXT_LOG(VLOG_WARN, "could not remove chassis %s from the NB database", name);
    }
    if (view->settings.ml2 && view->bridge_ready) {
        remove_flows(inspect);
    }
    chassis_cleanup(inspect->chassis, EXIT_TIMEOUT_MS);
}

/* Tells the NB database about this chassis, and its machines about addresses that have moved. */
static void
announce(struct inspect *inspect)
{
    const struct chassis_view *view = chassis_view(inspect->chassis);

    local_note_ports(inspect->bindings, inspect->topology);
    arp_announcer_run(inspect->arp_announcer, inspect->topology, inspect->session,
                      !view->settings.ml2, inspect->seqno + inspect->behind,
                      switch_confirmed(inspect->session));
    problems_run(inspect->problems, inspect,
                 announcer_must_answer(inspect->announcer, inspect->northbound));
    if (chassis_is_ours(inspect->chassis)) {
        /* The report comes first: once a chassis has applied everything, its problems are those
         * of after that. */
        report_run(inspect->report, inspect->northbound, announcer_row(inspect->announcer),
                   announcer_applied(inspect->announcer), problems_get(inspect->problems));
        announcer_run(inspect->announcer, inspect->northbound, &view->settings, inspect->bindings,
                      inspect->seqno + inspect->behind, switch_confirmed(inspect->session));
    }
}

/* Until when the loop may sleep. */
static void
wait_for_work(struct inspect *inspect, struct unixctl_server *unixctl, bool may_write)
{
    struct engine *engine = topology_engine(inspect->topology);

    memory_wait();
    chassis_wait(inspect->chassis);
    northbound_wait(inspect->northbound);
    remotes_wait(inspect->remotes, northbound_link(inspect->northbound), time_msec());
    switch_wait(inspect->session, engine_flows(engine), may_write);
    announcer_wait(inspect->announcer);
    arp_announcer_wait(inspect->arp_announcer, switch_confirmed(inspect->session));
    problems_wait(inspect->problems);
    report_wait(inspect->report);
    metrics_wait(inspect->metrics);
    unixctl_server_wait(unixctl);
    if (inspect->exiting || (!inspect->behind && engine_has_work(engine))) {
        poll_immediate_wake();
    }
}

static void
destroy_parts(struct inspect *inspect)
{
    report_destroy(inspect->report);
    problems_destroy(inspect->problems);
    announcer_destroy(inspect->announcer);
    arp_announcer_destroy(inspect->arp_announcer);
    metrics_destroy(inspect->metrics);
    switch_destroy(inspect->session);
    topology_destroy(inspect->topology);
    northbound_destroy(inspect->northbound);
    remotes_destroy(inspect->remotes);
    local_destroy(inspect->local);
    bindings_destroy(inspect->bindings);
    chassis_destroy(inspect->chassis);
    tls_destroy(inspect->tls);
    answer_destroy(inspect->answer);
}

static void
run_daemon(const struct options *options)
{
    struct inspect inspect = {.seqno = 1};
    struct answer *answer = answer_create();
    struct meter meters[N_METERS];

    inspect.chassis = chassis_create(options->ovs_remote);
    inspect.tls = tls_create(&options->tls);
    inspect.bindings = bindings_create();
    inspect.local = local_create();
    inspect.northbound = northbound_create();
    inspect.remotes = remotes_create();
    inspect.pipeline = &pipeline_native;
    inspect.topology = pipeline_create_topology(inspect.pipeline);
    init_meters(meters);
    inspect.session = switch_create(meters, N_METERS, COOKIE_BITS, 0, answer_packet_in, answer);
    inspect.answer = answer;
    inspect.announcer = announcer_create();
    inspect.arp_announcer = arp_announcer_create();
    inspect.metrics = metrics_create(&inspect);
    inspect.problems = problems_create();
    inspect.report = report_create();
    answer_set_peers(answer, inspect.topology, inspect.session);

    struct unixctl_server *unixctl = open_unixctl(options->unixctl_path, &inspect);
    daemonize_complete();
    VLOG_INFO("df-controller (Dragonflow) " DRAGONFLOW_VERSION);

    unsigned int n_busy = 0; /* Turns in a row. */
    while (!inspect.exiting) {
        long long int woke = time_usec();
        const struct chassis_view *view;
        struct engine *engine;

        report_memory(&inspect);

        /* What the switch says. */
        bool busy =
            switch_receive(inspect.session, engine_flows(topology_engine(inspect.topology)));

        /* What this chassis has, and what it is told to be. */
        chassis_set_ofports(inspect.chassis, switch_new_ports(inspect.session),
                            switch_new_ports_seqno(inspect.session));
        busy |= chassis_run(inspect.chassis);
        view = chassis_view(inspect.chassis);
        set_mode(&inspect, view);
        engine = topology_engine(inspect.topology);
        local_run(inspect.local, view, inspect.bindings, inspect.topology);

        /* What the logical network is. */
        connect_northbound(&inspect, view);
        bool read =
            northbound_run(inspect.northbound, inspect.topology, view->settings.monitor_all);

        /* What follows for the flows. */
        update_flows(&inspect);

        /* Into the switch, once everything has been read. */
        bool may_write = may_write_flows(&inspect);
        switch_set_bridge(inspect.session, view->bridge_ready ? view->settings.bridge : NULL);
        set_lease(inspect.session, &view->settings);
        switch_run(inspect.session, engine_flows(engine), inspect.seqno, may_write);

        inspect_run(&inspect);

        /* And what the others may know. */
        announce(&inspect);

        /* Who asks, if there is time. */
        n_busy = busy || read ? n_busy + 1 : 0;
        bool serve = n_busy % BUSY_TURNS == 0;
        metrics_run(inspect.metrics, woke, read, serve);
        if (serve) {
            unixctl_server_run(unixctl);
        }

        wait_for_work(&inspect, unixctl, may_write);
        poll_block();
    }

    if (!inspect.restarting) {
        take_chassis_out(&inspect);
    }
    inspect_finish_exit(&inspect);
    unixctl_server_destroy(unixctl);
    destroy_parts(&inspect);
}

OVS_NO_RETURN static void
usage(void)
{
    printf("%s: Dragonflow's controller of one chassis\n"
           "usage: %s [OPTIONS] [OVS-DATABASE]\n"
           "where OVS-DATABASE is the socket of the local Open vSwitch database\n"
           "(default: unix:%s/db.sock)\n",
           program_name, program_name, ovs_rundir());
    stream_usage("OVS-DATABASE", true, true, true);
    daemon_usage();
    vlog_usage();
    printf("\nOther options:\n"
           "  --unixctl=SOCKET        override default control socket name\n"
           "  -h, --help              display this help message\n"
           "  -V, --version           display version information\n");
    exit(EXIT_SUCCESS);
}

static void
replace(char **option)
{
    free(*option);
    *option = xstrdup(optarg);
}

static void
parse_options(int argc, char *argv[], struct options *options)
{
    enum {
        OPT_UNIXCTL = UCHAR_MAX + 1,
        OPT_PEER_CA_CERT,
        OPT_BOOTSTRAP_CA_CERT,
        DAEMON_OPTION_ENUMS,
        VLOG_OPTION_ENUMS,
        SSL_OPTION_ENUMS,
    };
    static const struct option long_options[] = {
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {"unixctl", required_argument, NULL, OPT_UNIXCTL},
        DAEMON_LONG_OPTIONS,
        VLOG_LONG_OPTIONS,
        STREAM_SSL_LONG_OPTIONS,
        {"peer-ca-cert", required_argument, NULL, OPT_PEER_CA_CERT},
        {"bootstrap-ca-cert", required_argument, NULL, OPT_BOOTSTRAP_CA_CERT},
        {NULL, 0, NULL, 0},
    };
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);

    for (;;) {
        int c = getopt_long(argc, argv, short_options, long_options, NULL);

        if (c == -1) {
            break;
        }
        switch (c) {
        case 'h':
            usage();

        case 'V':
            ovs_print_version(OFP13_VERSION, OFP15_VERSION);
            exit(EXIT_SUCCESS);

        case OPT_UNIXCTL:
            replace(&options->unixctl_path);
            break;

        case 'p':
            replace(&options->tls.private_key);
            break;

        case 'c':
            replace(&options->tls.certificate);
            break;

        case OPT_BOOTSTRAP_CA_CERT:
        case 'C':
            replace(&options->tls.ca_cert);
            options->tls.bootstrap = c == OPT_BOOTSTRAP_CA_CERT;
            break;

        case OPT_SSL_PROTOCOLS:
            stream_ssl_set_protocols(optarg);
            break;

        case OPT_SSL_CIPHERS:
            stream_ssl_set_ciphers(optarg);
            break;

        case OPT_PEER_CA_CERT:
            stream_ssl_set_peer_ca_cert_file(optarg);
            break;

            DAEMON_OPTION_HANDLERS
            VLOG_OPTION_HANDLERS

        case '?':
            exit(EXIT_FAILURE);

        default:
            abort();
        }
    }
    free(short_options);

    argc -= optind;
    argv += optind;
    if (argc > 1) {
        ovs_fatal(0, "at most one non-option argument is accepted; use --help for usage");
    }
    options->ovs_remote = argc ? xstrdup(argv[0]) : xasprintf("unix:%s/db.sock", ovs_rundir());
}

int
main(int argc, char *argv[])
{
    struct options options = {.ovs_remote = NULL};

    ovs_cmdl_proctitle_init(argc, argv);
    ovs_set_program_name("df-controller", DRAGONFLOW_VERSION);
    service_start(&argc, &argv);
    parse_options(argc, argv, &options);
    fatal_ignore_sigpipe();
    daemonize_start(false);
    privileges_drop();

    run_daemon(&options);

    chassis_tls_destroy(&options.tls);
    free(options.unixctl_path);
    free(options.ovs_remote);
    service_stop();
    ovsrcu_exit();
    return 0;
}
