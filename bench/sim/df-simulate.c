/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Many chassis in one process, for measurements of the NB database and of what a cloud
 * costs each of its chassis.
 *
 *     df-simulate [OPTION...] --remote=NB FIRST COUNT
 *
 * Each of the chassis FIRST to FIRST + COUNT - 1 is the control plane of df-controller
 * (control-plane.h: its own connection to the NB database, conditions, topology, rules, flow
 * table, claims) in other surroundings: there is no Open vSwitch.  Its interfaces are there from
 * the start, "vmC-K" on chassis C, and the switch is one that keeps nothing and confirms everything
 * at once.  What differs from as many processes is that a wake-up of one chassis makes the loop
 * look at them all.
 *
 * "status" says how far they are; "changes SINCE" which of them have read something, and
 * which have changed flows, after SINCE (ns of CLOCK_MONOTONIC). */

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chassis/chassis.h"
#include "command-line.h"
#include "control-plane.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "flow/flow-table.h"
#include "northbound/northbound.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "pipeline/pipeline.h"
#include "topology/topology.h"
#include "unixctl.h"
#include "util.h"

/* The simulated switch's tunnel port; interfaces come after it. */
#define TUNNEL_OFPORT 1

struct sim_chassis {
    struct chassis_view view;
    struct control_plane plane;

    /* CLOCK_MONOTONIC, ns; 0: never. */
    uint64_t read_at;      /* Something came from the NB database. */
    uint64_t confirmed_at; /* Flows were changed. */
};

struct simulation {
    struct sim_chassis *chassis;
    size_t n;
    bool exiting;
};

static uint64_t
now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static void
sim_chassis_init(struct sim_chassis *c, unsigned int number, unsigned int n_vifs,
                 const char *remote)
{
    struct chassis_settings *settings = &c->view.settings;

    chassis_settings_init(settings);
    settings->system_id = xasprintf("chassis%u", number);
    settings->hostname = xstrdup(settings->system_id);
    settings->remote = xstrdup(remote);
    settings->encap_ip[UNDERLAY_IPV4] = in6_addr_mapped_ipv4(htonl(0x0a800000 + number));
    c->view.bridge_ready = true;
    c->view.tunnel_ofport[NETWORK_GENEVE][UNDERLAY_IPV4] = OFP_PORT_C(TUNNEL_OFPORT);
    shash_init(&c->view.provider_ofports);
    vif_set_init(&c->view.vifs);
    shash_init(&c->view.local_vlans);
    sset_init(&c->view.changed_local_vlans);
    for (unsigned int i = 0; i < n_vifs; i++) {
        struct vif *vif = xzalloc(sizeof *vif);

        vif->iface_id = xasprintf("vm%u-%u", number, i);
        vif->ofport = OFP_PORT_C(TUNNEL_OFPORT + 1 + i);
        vif->wired = true;
        shash_add(&c->view.vifs.by_name, vif->iface_id, vif);
        sset_add(&c->view.vifs.changed, vif->iface_id);
    }
    c->view.seqno = 1;

    control_plane_init(&c->plane, &pipeline_native, NULL);
}

static void
sim_chassis_destroy(struct sim_chassis *c)
{
    control_plane_destroy(&c->plane);
    vif_set_destroy(&c->view.vifs);
    shash_destroy(&c->view.provider_ofports);
    shash_destroy(&c->view.local_vlans);
    sset_destroy(&c->view.changed_local_vlans);
    chassis_settings_destroy(&c->view.settings);
}

/* The switch: whatever is desired is installed. */
static void
confirm(struct flow_table *flows)
{
    while (!ovs_list_is_empty(&flows->dirty)) {
        flow_slot_set_installed(flows, CONTAINER_OF(flows->dirty.next, struct flow_slot, dirty));
    }
}

/* One turn of df-controller's loop (controller_run()). */
static void
sim_chassis_run(struct sim_chassis *c)
{
    bool read = control_plane_run(&c->plane, &c->view);

    sset_clear(&c->view.vifs.changed);
    if (read) {
        c->read_at = now_ns();
    }

    struct flow_table *flows = control_plane_flows(&c->plane);
    if (control_plane_may_write(&c->plane, c->view.bridge_ready) && flows->n_dirty) {
        confirm(flows);
        c->confirmed_at = now_ns();
    }
    control_plane_announce(&c->plane, &c->view.settings, flows->n_dirty ? 0 : c->plane.seqno);
}

/* --- Runtime commands --------------------------------------------------- */

static void
cmd_status(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
           void *sim_)
{
    const struct simulation *sim = sim_;
    size_t connected = 0, complete = 0, flows = 0, ports = 0, local = 0;
    uint64_t last = 0;
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < sim->n; i++) {
        const struct sim_chassis *c = &sim->chassis[i];
        struct topology_counts n;

        topology_get_counts(c->plane.topology, &n);
        connected += northbound_is_connected(c->plane.northbound);
        complete += northbound_is_complete(c->plane.northbound) && !c->plane.behind;
        flows += control_plane_flows(&c->plane)->n_desired;
        ports += n.ports;
        local += n.local_ports;
        last = MAX(last, c->confirmed_at);
    }
    ds_put_format(&ds,
                  "{\"chassis\": %" PRIuSIZE ", \"connected\": %" PRIuSIZE
                  ", \"complete\": %" PRIuSIZE ", \"flows\": %" PRIuSIZE ", \"ports\": %" PRIuSIZE
                  ", \"local_ports\": %" PRIuSIZE ", \"last\": %" PRIu64 "}",
                  sim->n, connected, complete, flows, ports, local, last);
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static void
cmd_changes(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[], void *sim_)
{
    const struct simulation *sim = sim_;
    uint64_t since = strtoull(argv[1], NULL, 10);
    size_t read = 0, changed = 0;
    uint64_t last = 0;
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < sim->n; i++) {
        read += sim->chassis[i].read_at > since;
        changed += sim->chassis[i].confirmed_at > since;
        last = MAX(last, sim->chassis[i].confirmed_at);
    }
    ds_put_format(&ds,
                  "{\"read\": %" PRIuSIZE ", \"changed\": %" PRIuSIZE ", \"last\": %" PRIu64 "}",
                  read, changed, last);
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static void
cmd_exit(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED, void *sim_)
{
    struct simulation *sim = sim_;

    sim->exiting = true;
    unixctl_command_reply(conn, NULL);
}

/* --- Main --------------------------------------------------------------- */

static void
run_simulation(struct simulation *sim)
{
    struct unixctl_server *unixctl;
    int error = unixctl_server_create(NULL, &unixctl);

    if (error) {
        ovs_fatal(error, "could not create the control socket");
    }
    unixctl_command_register("status", "", 0, 0, cmd_status, sim);
    unixctl_command_register("changes", "SINCE", 1, 1, cmd_changes, sim);
    unixctl_command_register("exit", "[--restart]", 0, 1, cmd_exit, sim);
    daemonize_complete();

    while (!sim->exiting) {
        for (size_t i = 0; i < sim->n; i++) {
            sim_chassis_run(&sim->chassis[i]);
        }
        unixctl_server_run(unixctl);
        for (size_t i = 0; i < sim->n; i++) {
            control_plane_wait(&sim->chassis[i].plane);
        }
        unixctl_server_wait(unixctl);
        if (sim->exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }
    unixctl_server_destroy(unixctl);
}

int
main(int argc, char *argv[])
{
    enum { OPT_REMOTE = UCHAR_MAX + 1, OPT_VIFS, DAEMON_OPTION_ENUMS, VLOG_OPTION_ENUMS };
    static const struct option long_options[] = {
        {"remote", required_argument, NULL, OPT_REMOTE},
        {"vifs", required_argument, NULL, OPT_VIFS},
        DAEMON_LONG_OPTIONS,
        VLOG_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    const char *remote = NULL;
    unsigned int n_vifs = 50, first, count;
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);

    ovs_cmdl_proctitle_init(argc, argv);
    ovs_set_program_name("df-simulate", "1");
    for (;;) {
        int c = getopt_long(argc, argv, short_options, long_options, NULL);

        if (c == -1) {
            break;
        }
        switch (c) {
        case OPT_REMOTE:
            remote = optarg;
            break;

        case OPT_VIFS:
            if (!str_to_uint(optarg, 10, &n_vifs)) {
                ovs_fatal(0, "--vifs takes a number");
            }
            break;

            DAEMON_OPTION_HANDLERS
            VLOG_OPTION_HANDLERS

        default:
            exit(EXIT_FAILURE);
        }
    }
    free(short_options);
    if (!remote || argc - optind != 2 || !str_to_uint(argv[optind], 10, &first)
        || !str_to_uint(argv[optind + 1], 10, &count)) {
        ovs_fatal(0, "usage: %s --remote=NB [--vifs=N] FIRST COUNT", program_name);
    }
    fatal_ignore_sigpipe();
    daemonize_start(false);

    struct simulation sim = {.chassis = xcalloc(count, sizeof *sim.chassis), .n = count};
    for (unsigned int i = 0; i < count; i++) {
        sim_chassis_init(&sim.chassis[i], first + i, n_vifs, remote);
    }
    run_simulation(&sim);
    for (unsigned int i = 0; i < count; i++) {
        sim_chassis_destroy(&sim.chassis[i]);
    }
    free(sim.chassis);
    return 0;
}
