/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "metrics.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "answer.h"
#include "address-announce.h"
#include "chassis/chassis.h"
#include "dragonflow-config.h"
#include "fabric-announce.h"
#include "flow/engine.h"
#include "metrics/exposition.h"
#include "metrics/http.h"
#include "liveness.h"
#include "metrics/latency.h"
#include "neighbours.h"
#include "northbound/northbound.h"
#include "openvswitch/dynamic-string.h"
#include "parts.h"
#include "problems.h"
#include "service/dispatch.h"
#include "service/resolver.h"
#include "service/strangers.h"
#include "svec.h"
#include "switch/switch.h"
#include "timeval.h"
#include "topology/topology.h"
#include "util.h"

/* Where a change came from. */
enum origin {
    ORIGIN_NORTHBOUND, /* The NB database. */
    ORIGIN_LOCAL,      /* The local database: a port was plugged or removed, for example. */
};
#define N_ORIGINS (ORIGIN_LOCAL + 1)

/* What the daemon is connected to. */
enum peer {
    PEER_NORTHBOUND,
    PEER_OVSDB,
    PEER_OPENFLOW,
};
#define N_PEERS (PEER_OPENFLOW + 1)

static const char *const peer_labels[N_PEERS] = {
    [PEER_NORTHBOUND] = "peer=\"northbound\"",
    [PEER_OVSDB] = "peer=\"ovsdb\"",
    [PEER_OPENFLOW] = "peer=\"openflow\"",
};

static const char *const origin_labels[N_ORIGINS] = {
    [ORIGIN_NORTHBOUND] = "origin=\"northbound\"",
    [ORIGIN_LOCAL] = "origin=\"local\"",
};

struct metrics {
    const struct parts *parts;
    long long int started; /* Wall clock, ms. */

    struct latency latency[N_ORIGINS];
    long long int arrived[N_ORIGINS]; /* Of the first change whose flows are yet to be
                                       * computed, in microseconds; 0: none. */
    uint64_t seqno;                   /* 'plane.seqno' when last looked at. */
    uint64_t view_seqno;              /* Ditto, of the chassis_view. */
    bool connected[N_PEERS];
    uint64_t connections[N_PEERS]; /* Made since the start. */

    /* The state of the NB database that the switch is in step with. */
    int64_t applied;
    uint64_t applied_seqno;   /* State of the flows that was last confirmed. */
    long long int applied_at; /* When either of them last changed: wall clock, ms; 0: never. */
};

struct metrics *
metrics_create(const struct parts *parts)
{
    struct metrics *m = xzalloc(sizeof *m);

    m->parts = parts;
    m->seqno = parts->plane.seqno;
    m->started = time_wall_msec();
    return m;
}

void
metrics_destroy(struct metrics *m)
{
    free(m);
}

static void
note_change(struct metrics *m, enum origin origin, long long int arrived)
{
    if (!m->arrived[origin]) {
        m->arrived[origin] = arrived;
    }
}

/* What has arrived counts if it alters flows, as soon as their state has a number. */
static void
note_changes(struct metrics *m, long long int woke, bool read)
{
    uint64_t view_seqno = chassis_view(m->parts->chassis)->seqno;

    if (read) {
        note_change(m, ORIGIN_NORTHBOUND, woke);
    }
    if (view_seqno != m->view_seqno) {
        m->view_seqno = view_seqno;
        note_change(m, ORIGIN_LOCAL, woke);
    }
    if (m->parts->plane.behind) {
        return;
    }
    for (size_t i = 0; i < N_ORIGINS; i++) {
        if (m->arrived[i] && m->parts->plane.seqno != m->seqno) {
            latency_changed(&m->latency[i], m->parts->plane.seqno, m->arrived[i]);
        }
        m->arrived[i] = 0;
    }
    m->seqno = m->parts->plane.seqno;
}

static void
note_connections(struct metrics *m)
{
    const bool connected[N_PEERS] = {
        [PEER_NORTHBOUND] = northbound_is_connected(m->parts->plane.northbound),
        [PEER_OVSDB] = chassis_is_connected(m->parts->chassis),
        [PEER_OPENFLOW] = switch_is_connected(m->parts->session),
    };

    for (size_t i = 0; i < N_PEERS; i++) {
        m->connections[i] += connected[i] && !m->connected[i];
        m->connected[i] = connected[i];
    }
}

static void
note_confirmed(struct metrics *m)
{
    uint64_t confirmed = switch_confirmed(m->parts->session);

    for (size_t i = 0; i < N_ORIGINS; i++) {
        if (m->latency[i].n_waiting) {
            latency_confirmed(&m->latency[i], confirmed, time_usec());
        }
    }

    if (confirmed && confirmed >= m->parts->plane.seqno) {
        int64_t sequence = northbound_sequence(m->parts->plane.northbound);

        if (sequence != m->applied || confirmed != m->applied_seqno || !m->applied_at) {
            m->applied = sequence;
            m->applied_seqno = confirmed;
            m->applied_at = time_wall_msec();
        }
    }
}

void
metrics_run(struct metrics *m, long long int woke, bool read)
{
    note_changes(m, woke, read);
    note_connections(m);
    note_confirmed(m);
}

/* --- The page ----------------------------------------------------------- */

static void
format_identity(const struct metrics *m, struct ds *ds)
{
    const struct chassis_view *view = chassis_view(m->parts->chassis);
    struct ds labels = DS_EMPTY_INITIALIZER;

    metric_label(&labels, "version", DRAGONFLOW_VERSION);
    metric_label(&labels, "chassis", view->settings.system_id ? view->settings.system_id : "");
    metric_label(&labels, "mode", view->settings.ml2 ? "ml2" : "native");
    metric_family(ds, "dragonflow_info", METRIC_GAUGE, "What runs here; always 1.");
    metric_uint(ds, "dragonflow_info", ds_cstr(&labels), 1);
    ds_destroy(&labels);
}

static void
format_connections(const struct metrics *m, struct ds *ds)
{
    metric_family(ds, "dragonflow_connected", METRIC_GAUGE,
                  "Whether there is a connection that works.");
    for (size_t i = 0; i < N_PEERS; i++) {
        metric_uint(ds, "dragonflow_connected", peer_labels[i], m->connected[i]);
    }
    metric_family(ds, "dragonflow_connections_total", METRIC_COUNTER,
                  "Connections made; all but the first are reconnections.");
    for (size_t i = 0; i < N_PEERS; i++) {
        metric_uint(ds, "dragonflow_connections_total", peer_labels[i], m->connections[i]);
    }
}

static void
format_topology(const struct metrics *m, struct ds *ds)
{
    static const char *const name = "dragonflow_monitored_rows";
    struct topology_counts n;

    topology_get_counts(m->parts->plane.topology, &n);
    metric_family(ds, name, METRIC_GAUGE, "Rows of the NB database that this chassis follows.");
    metric_uint(ds, name, "table=\"Network\"", n.networks);
    metric_uint(ds, name, "table=\"Port\"", n.ports);
    metric_uint(ds, name, "table=\"Router\"", n.routers);
    metric_uint(ds, name, "table=\"Router_Port\"", n.router_ports);
    metric_uint(ds, name, "table=\"Static_Route\"", n.static_routes);
    metric_uint(ds, name, "table=\"Chassis\"", n.chassis);
    metric_gauge(ds, "dragonflow_local_ports", n.local_ports, "Logical ports on this chassis.");

    metric_family(ds, "dragonflow_northbound_sequence", METRIC_GAUGE,
                  "Number of the last change read from the NB database.");
    metric_int(ds, "dragonflow_northbound_sequence", NULL,
               northbound_sequence(m->parts->plane.northbound));
    metric_family(ds, "dragonflow_applied_sequence", METRIC_GAUGE,
                  "Number of the last change that the switch has confirmed.");
    metric_int(ds, "dragonflow_applied_sequence", NULL, m->applied);
    metric_family(ds, "dragonflow_applied_timestamp_seconds", METRIC_GAUGE,
                  "When the switch last confirmed a change; 0: never.");
    metric_double(ds, "dragonflow_applied_timestamp_seconds", NULL, m->applied_at / 1e3);
}

static void
format_engine(const struct metrics *m, struct ds *ds)
{
    static const char *const changes = "dragonflow_flow_changes_total";
    const struct flow_table *flows = control_plane_flows(&m->parts->plane);
    struct engine_stats last, total;

    engine_get_stats(topology_engine(m->parts->plane.topology), &last, &total);
    metric_gauge(ds, "dragonflow_flows", flows->n_desired, "Flows that the switch shall have.");
    metric_gauge(ds, "dragonflow_problems", problems_get(m->parts->problems)->n,
                 "Things that are wrong with this chassis: see \"status\".");
    metric_gauge(ds, "dragonflow_flows_unsent", flows->n_dirty,
                 "Flows that differ from what the switch has, and are not yet sent.");
    metric_gauge(ds, "dragonflow_flows_refused", switch_count_rejected(m->parts->session),
                 "Flows that the switch refuses.");
    metric_counter(ds, "dragonflow_engine_loops_total", total.loops,
                   "Turns of the main loop in which rules ran.");
    metric_counter(ds, "dragonflow_rules_run_total", total.rules_run, "Rules run.");
    metric_family(ds, "dragonflow_engine_seconds_total", METRIC_COUNTER, "Time spent in rules.");
    metric_double(ds, "dragonflow_engine_seconds_total", NULL, total.usec / 1e6);
    metric_family(ds, changes, METRIC_COUNTER, "Changes of flows that rules made.");
    metric_uint(ds, changes, "change=\"added\"", total.flows_added);
    metric_uint(ds, changes, "change=\"changed\"", total.flows_changed);
    metric_uint(ds, changes, "change=\"removed\"", total.flows_removed);
}

static void
format_latency(const struct metrics *m, struct ds *ds)
{
    static const char *const duration = "dragonflow_update_duration_seconds";
    static const char *const waiting = "dragonflow_updates_waiting";

    metric_family(ds, duration, METRIC_HISTOGRAM,
                  "From the arrival of a change that alters flows until the switch has "
                  "confirmed it with a barrier.");
    for (size_t i = 0; i < N_ORIGINS; i++) {
        metric_histogram(ds, duration, origin_labels[i], &m->latency[i].histogram);
    }
    metric_family(ds, waiting, METRIC_GAUGE, "Changes that the switch has not yet confirmed.");
    for (size_t i = 0; i < N_ORIGINS; i++) {
        metric_uint(ds, waiting, origin_labels[i], latency_waiting(&m->latency[i]));
    }
}

static void
format_switch(const struct metrics *m, struct ds *ds)
{
    struct session_stats st;

    switch_get_stats(m->parts->session, &st);
    metric_counter(ds, "dragonflow_flow_mods_total", st.flow_mods, "Flow-mods sent.");
    metric_counter(ds, "dragonflow_flow_mods_refused_total", st.flows_rejected,
                   "Flow-mods that the switch refused.");
    metric_counter(ds, "dragonflow_bundles_total", st.bundles, "Bundles of flow-mods sent.");
    metric_counter(ds, "dragonflow_bundles_failed_total", st.bundles_failed,
                   "Bundles that the switch did not take.");
    metric_counter(ds, "dragonflow_openflow_errors_total", st.errors,
                   "Error messages from the switch.");
    metric_counter(ds, "dragonflow_openflow_malformed_total", st.malformed,
                   "Messages from the switch that could not be decoded.");
    metric_counter(ds, "dragonflow_flows_put_back_total", st.flows_put_back,
                   "Flows that somebody else had removed or changed.");
    metric_counter(ds, "dragonflow_changes_by_others_total", st.meddlings,
                   "Times that somebody else was seen to change flows or meters.");
    metric_counter(ds, "dragonflow_lease_losses_total", st.lease_losses,
                   "Times that the lease expired or was removed.");
    metric_gauge(ds, "dragonflow_meters", switch_has_meters(m->parts->session),
                 "Whether packets to the controller are limited in the switch.");
    metric_counter(ds, "dragonflow_packet_ins_total", st.packet_ins,
                   "Packets that came to the controller.");
    metric_counter(ds, "dragonflow_packet_outs_total", st.packet_outs,
                   "Packets that the controller sent.");
    metric_counter(ds, "dragonflow_address_announcements_total",
                   address_announcer_count(m->parts->address_announcer),
                   "Addresses that have come to another MAC address, of which the machines of this "
                   "chassis have been told.");
    metric_counter(ds, "dragonflow_address_announcements_dropped_total",
                   address_announcer_dropped(m->parts->address_announcer),
                   "Such addresses of which they have not been told, because too many waited.");
    metric_counter(ds, "dragonflow_router_advertisements_total",
                   answer_advertisements(m->parts->answer),
                   "Router advertisements that machines of this chassis have been sent.");
    metric_counter(ds, "dragonflow_packet_outs_dropped_total", st.packet_outs_dropped,
                   "Packets that the switch did not take fast enough, or was not there for.");
}

static void
format_gateways(const struct metrics *m, struct ds *ds)
{
    static const char *const sessions = "dragonflow_bfd_sessions";
    static const char *const moves = "dragonflow_outside_address_moves_total";
    struct fabric_announcer_counts outside;
    struct liveness_counts liveness;

    liveness_count(m->parts->liveness, &liveness);
    metric_family(ds, sessions, METRIC_GAUGE, "BFD sessions with other chassis.");
    metric_uint(ds, sessions, "state=\"up\"", liveness.n_up);
    metric_uint(ds, sessions, "state=\"down\"", liveness.n_sessions - liveness.n_up);
    metric_counter(ds, "dragonflow_chassis_deaths_total", liveness.n_deaths,
                   "Times that another chassis was found not to forward.");
    metric_gauge(ds, "dragonflow_gateway_drained", liveness.draining,
                 "Whether other gateways are to take this chassis' place.");
    metric_gauge(ds, "dragonflow_gateway_without_link", liveness.cut_off,
                 "Whether a physical network has no link here.");

    fabric_announcer_count(m->parts->fabric_announcer, &outside);
    metric_gauge(ds, "dragonflow_outside_addresses", outside.n_addresses,
                 "Addresses that this chassis answers for on physical networks.");
    metric_family(ds, moves, METRIC_COUNTER,
                  "Times that such an address came to this chassis, or went.");
    metric_uint(ds, moves, "direction=\"here\"", outside.n_taken);
    metric_uint(ds, moves, "direction=\"away\"", outside.n_left);
    metric_counter(ds, "dragonflow_fabric_announcements_total", outside.n_announced,
                   "Announcements of such addresses.");
}

static void
format_answers(const struct metrics *m, struct ds *ds)
{
    static const char *const name = "dragonflow_packets_handled_total";
    static const char *const outcomes[N_PACKET_OUTCOMES] = {
        [PACKET_ANSWERED] = "answered",       [PACKET_LIMITED] = "limited",
        [PACKET_NOT_ALLOWED] = "not_allowed", [PACKET_MALFORMED] = "malformed",
        [PACKET_NO_SOURCE] = "no_source",     [PACKET_QUEUED] = "queued",
    };
    const struct dispatch *dispatch = answer_dispatch(m->parts->answer);
    struct ds labels = DS_EMPTY_INITIALIZER;

    metric_family(ds, name, METRIC_COUNTER,
                  "Packets that came to the controller, by why they came and what became of "
                  "them; limited: dropped, because their source sent too many.");
    for (size_t i = 0; i < PIN_N_REASONS; i++) {
        const char *reason = dispatch_reason_name(dispatch, i);

        for (size_t j = 0; reason && j < N_PACKET_OUTCOMES; j++) {
            ds_clear(&labels);
            metric_label(&labels, "reason", reason);
            metric_label(&labels, "outcome", outcomes[j]);
            metric_uint(ds, name, ds_cstr(&labels), dispatch_count(dispatch, i, j));
        }
    }
    ds_destroy(&labels);
    metric_counter(ds, "dragonflow_tunnel_strangers_total",
                   strangers_count(answer_strangers(m->parts->answer)),
                   "Packets by tunnel from addresses of no chassis, as far as the switch told of "
                   "them; they are dropped.");
}

static void
format_neighbours(const struct metrics *m, struct ds *ds)
{
    static const char *const neighbours = "dragonflow_neighbours";
    static const char *const packets = "dragonflow_neighbour_packets_total";
    static const char *const changes = "dragonflow_neighbour_changes_total";
    struct resolver_stats st;

    neighbours_get_stats(answer_neighbours(m->parts->answer), &st);
    metric_family(ds, neighbours, METRIC_GAUGE,
                  "Physical hosts that routers send to, by what is known of them.");
    for (size_t i = 0; i < N_NEIGHBOUR_STATES; i++) {
        struct ds labels = DS_EMPTY_INITIALIZER;

        metric_label(&labels, "state", neighbour_state_name(i));
        metric_uint(ds, neighbours, ds_cstr(&labels), st.neighbours[i]);
        ds_destroy(&labels);
    }
    metric_gauge(ds, "dragonflow_neighbour_packets_waiting", st.waiting,
                 "Packets that wait for the MAC address of a physical host.");
    metric_family(ds, packets, METRIC_COUNTER,
                  "Packets that have waited, by what became of them; dropped: too many waited.");
    metric_uint(ds, packets, "outcome=\"forwarded\"", st.forwarded);
    metric_uint(ds, packets, "outcome=\"dropped\"", st.dropped);
    metric_uint(ds, packets, "outcome=\"unreachable\"", st.unreachable);
    metric_counter(ds, "dragonflow_neighbour_failures_total", st.failed,
                   "Physical hosts that were asked for in vain, or have ceased to answer.");
    metric_family(ds, changes, METRIC_COUNTER,
                  "Physical hosts that were said to have another MAC address; refused: they did "
                  "not.");
    metric_uint(ds, changes, "result=\"taken\"", st.moved);
    metric_uint(ds, changes, "result=\"refused\"", st.unverified);
    metric_counter(ds, "dragonflow_neighbour_questions_total", st.questions,
                   "ARP requests and neighbour solicitations sent.");
}

/* Resident memory in bytes, 0 if unknown. */
static uint64_t
resident_memory(void)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    unsigned long long int resident;
    int n = 0;

    if (statm) {
        n = fscanf(statm, "%*s %llu", &resident);
        fclose(statm);
    }
    return n == 1 ? resident * get_page_size() : 0;
}

/* The names are those of Prometheus' own libraries. */
static void
format_process(const struct metrics *m, struct ds *ds)
{
    struct rusage usage;

    metric_gauge(ds, "process_resident_memory_bytes", resident_memory(), "Resident memory.");
    if (!getrusage(RUSAGE_SELF, &usage)) {
        metric_family(ds, "process_cpu_seconds_total", METRIC_COUNTER, "CPU time used.");
        metric_double(ds, "process_cpu_seconds_total", NULL,
                      usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
                          + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    }
    metric_family(ds, "process_start_time_seconds", METRIC_GAUGE, "When the daemon started.");
    metric_double(ds, "process_start_time_seconds", NULL, m->started / 1e3);
}

static void
format_server(const struct metrics *m, struct ds *ds)
{
    static const char *const name = "dragonflow_metrics_requests_total";
    struct http_stats st;

    http_server_get_stats(m->parts->metrics_server, &st);
    metric_family(ds, name, METRIC_COUNTER, "Connections to this page that have ended.");
    metric_uint(ds, name, "result=\"served\"", st.served);
    metric_uint(ds, name, "result=\"refused\"", st.refused);
    metric_uint(ds, name, "result=\"dropped\"", st.dropped);
}

void
metrics_format(const struct metrics *m, struct ds *ds)
{
    format_identity(m, ds);
    format_connections(m, ds);
    format_topology(m, ds);
    format_engine(m, ds);
    format_latency(m, ds);
    format_switch(m, ds);
    format_answers(m, ds);
    format_neighbours(m, ds);
    format_gateways(m, ds);
    format_process(m, ds);
    format_server(m, ds);
}
