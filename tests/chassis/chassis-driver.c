/* SPDX-License-Identifier: Apache-2.0 */

/* Runs controller/chassis alone and prints what it sees.
 *
 *     chassis-driver [OPTION...] OVS-DATABASE
 *
 * Prints the view as one line of JSON on standard output each time that it changes, with the
 * logical ports that the interfaces get by binding.c.
 * It also keeps copies of these and of the local VLANs by applying only what the
 * view says has changed, as df-controller does, and dies if a copy ever differs.
 *
 * Runtime commands: "exit" (with cleanup), "exit --restart", "status", "cpu" (CPU time
 * spent in chassis_run() in microseconds), "tell NAME OFPORT" (as if the switch had
 * announced that port; 0: it is gone). */
#include <config.h>

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "binding/binding.h"
#include "chassis/chassis.h"
#include "command-line.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "flow.h"
#include "nb/ip.h"
#include "packets.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "simap.h"
#include "svec.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

struct driver {
    struct chassis_db *db;
    struct bindings *bindings;
    struct simap copy;   /* iface-id to OpenFlow port number. */
    struct sset changed; /* iface-ids that the last change of the view has altered. */
    struct simap vlans;  /* Network to local VLAN. */
    struct simap told;   /* Interface to OpenFlow port number, of "tell". */
    uint64_t told_seqno;
    uint64_t cpu_us; /* In chassis_run(). */
    bool exiting;
    bool cleanup;
};

static uint64_t
cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return ((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * UINT64_C(1000000)
            + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void
exit_command(struct unixctl_conn *conn, int argc, const char *argv[], void *driver_)
{
    struct driver *driver = driver_;

    driver->exiting = true;
    driver->cleanup = !(argc > 1 && !strcmp(argv[1], "--restart"));
    unixctl_command_reply(conn, NULL);
}

static void
status_command(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
               void *driver_)
{
    const struct driver *driver = driver_;
    struct ds ds = DS_EMPTY_INITIALIZER;

    chassis_format_status(driver->db, &ds);
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    const char *problem;
    size_t i;

    chassis_problems(driver->db, &problems);
    SVEC_FOR_EACH (i, problem, &problems) {
        ds_put_format(&ds, "  warning: %s\n", problem);
    }
    svec_destroy(&problems);
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static void
cpu_command(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[] OVS_UNUSED,
            void *driver_)
{
    const struct driver *driver = driver_;
    char *reply = xasprintf("%" PRIu64, driver->cpu_us);

    unixctl_command_reply(conn, reply);
    free(reply);
}

static void
tell_command(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[], void *driver_)
{
    struct driver *driver = driver_;
    unsigned int ofport = atoi(argv[2]);

    if (ofport) {
        simap_put(&driver->told, argv[1], ofport);
    } else {
        simap_find_and_delete(&driver->told, argv[1]);
    }
    driver->told_seqno++;
    poll_immediate_wake(); /* To the part of the loop that looks at it. */
    unixctl_command_reply(conn, NULL);
}

static void
put_string(struct json *object, const char *name, const char *value)
{
    json_object_put(object, name, value ? json_string_create(value) : json_null_create());
}

static struct json *
settings_to_json(const struct chassis_settings *s)
{
    struct json *json = json_object_create();
    struct json *encaps = json_array_create_empty();
    struct svec ips = SVEC_EMPTY_INITIALIZER;

    for (int i = 0; i < N_UNDERLAYS; i++) {
        if (ipv6_addr_is_set(&s->encap_ip[i])) {
            svec_add_nocopy(&ips, address_format(&s->encap_ip[i]));
        }
    }
    char *ip = svec_join(&ips, ",", "");
    for (int i = 0; i < N_ENCAPS; i++) {
        if (s->encap_enabled[i]) {
            json_array_add(encaps, json_string_create(network_type_to_string(i)));
        }
    }
    put_string(json, "system_id", s->system_id);
    put_string(json, "hostname", s->hostname);
    put_string(json, "remote", s->remote);
    put_string(json, "bridge", s->bridge);
    put_string(json, "datapath_type", s->datapath_type);
    json_object_put(json, "encaps", encaps);
    put_string(json, "encap_ip", ips.n ? ip : NULL);
    json_object_put(json, "bridge_mappings", smap_to_json(&s->bridge_mappings));
    json_object_put(json, "gateway", json_boolean_create(s->gateway));
    json_object_put(json, "ml2", json_boolean_create(s->ml2));
    json_object_put(json, "fallback_timeout", json_integer_create(s->fallback_timeout));
    svec_destroy(&ips);
    free(ip);
    return json;
}

static struct json *
names_to_json(const struct sset *names)
{
    struct json *json = json_array_create_empty();
    const char *name;

    SSET_FOR_EACH (name, names) {
        json_array_add(json, json_string_create(name));
    }
    return json;
}

static void
print_view(const struct driver *driver, const struct chassis_view *view)
{
    struct json *json = json_object_create();
    struct json *tunnels = json_object_create();
    struct json *providers = json_object_create();
    struct json *vifs = json_object_create();
    struct json *vlans = json_object_create();
    const struct shash_node *node;
    const struct simap_node *vif;

    for (int i = 0; i < N_ENCAPS * N_UNDERLAYS; i++) {
        ofp_port_t ofport = view->tunnel_ofport[i / N_UNDERLAYS][i % N_UNDERLAYS];

        if (ofport) {
            json_object_put_nocopy(tunnels,
                                   xasprintf("%s%s", network_type_to_string(i / N_UNDERLAYS),
                                             i % N_UNDERLAYS == UNDERLAY_IPV6 ? "6" : ""),
                                   json_integer_create(ofp_to_u16(ofport)));
        }
    }
    SHASH_FOR_EACH (node, &view->provider_ofports) {
        const ofp_port_t *ofport = node->data;

        json_object_put(providers, node->name, json_integer_create(ofp_to_u16(*ofport)));
    }
    SIMAP_FOR_EACH(vif, &driver->copy)
    {
        json_object_put(vifs, vif->name, json_integer_create(vif->data));
    }
    SHASH_FOR_EACH (node, &view->local_vlans) {
        const uint16_t *vlan = node->data;

        json_object_put(vlans, node->name, json_integer_create(*vlan));
    }
    json_object_put(json, "seqno", json_integer_create(view->seqno));
    json_object_put(json, "settings", settings_to_json(&view->settings));
    json_object_put(json, "bridge_ready", json_boolean_create(view->bridge_ready));
    json_object_put(json, "tunnels", tunnels);
    json_object_put(json, "providers", providers);
    json_object_put(json, "vifs", vifs);
    json_object_put(json, "changed", names_to_json(&driver->changed));
    json_object_put(json, "local_vlans", vlans);
    json_object_put(json, "changed_local_vlans", names_to_json(&view->changed_local_vlans));
    json_object_put(json, "reinject", json_integer_create(ofp_to_u16(view->reinject_ofport)));

    char *s = json_to_string(json, JSSF_SORT);
    puts(s);
    fflush(stdout);
    free(s);
    json_destroy(json);
}

static void
copy_vif(const char *iface_id, ofp_port_t ofport, bool may_take_over OVS_UNUSED, void *driver_)
{
    struct driver *driver = driver_;

    if (simap_get(&driver->copy, iface_id) == ofp_to_u16(ofport)) {
        return;
    }
    sset_add(&driver->changed, iface_id);
    if (ofport) {
        simap_put(&driver->copy, iface_id, ofp_to_u16(ofport));
    } else {
        simap_find_and_delete(&driver->copy, iface_id);
    }
}

/* Dies unless the bindings have exactly the interfaces that the view has. */
static void
check_plugs(const struct bindings *bindings, const struct chassis_view *view)
{
    const struct shash_node *node;
    size_t n = 0;

    SHASH_FOR_EACH (node, &view->vifs.by_name) {
        const struct plug *plug = shash_find_data(&bindings->plugs, node->name);
        const struct vif *vif = node->data;

        if (vif->iface_id) {
            ovs_assert(plug && !strcmp(plug->binding->name, vif->iface_id));
            ovs_assert(plug->ofport == vif->ofport && plug->wired == vif->wired);
            n++;
        }
    }
    ovs_assert(shash_count(&bindings->plugs) == n);
}

static void
update_copy(struct driver *driver, const struct chassis_view *view)
{
    const char *name;

    sset_clear(&driver->changed);
    SSET_FOR_EACH (name, &view->vifs.changed) {
        const struct vif *vif = shash_find_data(&view->vifs.by_name, name);

        bindings_set_interface(driver->bindings, name, vif ? vif->iface_id : NULL,
                               vif ? vif->ofport : 0, vif && vif->wired, vif ? vif->error : NULL);
    }
    bindings_for_each_changed_vif(driver->bindings, copy_vif, driver);
    check_plugs(driver->bindings, view);
}

static void
copy_vlan(struct simap *vlans, const struct chassis_view *view, const char *network)
{
    const uint16_t *vlan = shash_find_data(&view->local_vlans, network);

    if (vlan) {
        simap_put(vlans, network, *vlan);
    } else {
        simap_find_and_delete(vlans, network);
    }
}

static void
update_vlans(struct simap *vlans, const struct chassis_view *view)
{
    const struct shash_node *node;
    const char *network;

    SSET_FOR_EACH (network, &view->changed_local_vlans) {
        copy_vlan(vlans, view, network);
    }
    ovs_assert(simap_count(vlans) == shash_count(&view->local_vlans));
    SHASH_FOR_EACH (node, &view->local_vlans) {
        ovs_assert(simap_get(vlans, node->name) == *(const uint16_t *) node->data);
    }
}

static void
run(struct driver *driver, struct unixctl_server *unixctl)
{
    const struct chassis_view *view = chassis_view(driver->db);
    uint64_t seqno = 0;

    while (!driver->exiting) {
        uint64_t start = cpu_us();
        chassis_set_ofports(driver->db, &driver->told, driver->told_seqno);
        chassis_run(driver->db);
        driver->cpu_us += cpu_us() - start;
        if (view->seqno != seqno) {
            seqno = view->seqno;
            update_copy(driver, view);
            update_vlans(&driver->vlans, view);
            print_view(driver, view);
        } else {
            ovs_assert(sset_is_empty(&view->vifs.changed));
            ovs_assert(sset_is_empty(&view->changed_local_vlans));
        }
        unixctl_server_run(unixctl);

        chassis_wait(driver->db);
        unixctl_server_wait(unixctl);
        if (driver->exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }
}

static const char *
parse_options(int argc, char *argv[])
{
    enum { DAEMON_OPTION_ENUMS, VLOG_OPTION_ENUMS };
    static const struct option options[] = {
        DAEMON_LONG_OPTIONS,
        VLOG_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    char *short_options = ovs_cmdl_long_options_to_short_options(options);
    int c;

    while ((c = getopt_long(argc, argv, short_options, options, NULL)) != -1) {
        switch (c) {
            DAEMON_OPTION_HANDLERS
            VLOG_OPTION_HANDLERS
        default:
            exit(EXIT_FAILURE);
        }
    }
    free(short_options);
    if (optind != argc - 1) {
        ovs_fatal(0, "usage: chassis-driver [OPTION...] OVS-DATABASE");
    }
    return argv[optind];
}

int
main(int argc, char *argv[])
{
    struct driver driver = {
        .bindings = bindings_create(),
        .copy = SIMAP_INITIALIZER(&driver.copy),
        .changed = SSET_INITIALIZER(&driver.changed),
        .vlans = SIMAP_INITIALIZER(&driver.vlans),
        .told = SIMAP_INITIALIZER(&driver.told),
    };
    struct unixctl_server *unixctl;
    int error;

    ovs_cmdl_proctitle_init(argc, argv);
    set_program_name(argv[0]);
    service_start(&argc, &argv);
    fatal_ignore_sigpipe();
    driver.db = chassis_create(parse_options(argc, argv));

    daemonize_start(false);
    error = unixctl_server_create(NULL, &unixctl);
    if (error) {
        ovs_fatal(error, "cannot create a control socket");
    }
    unixctl_command_register("exit", "[--restart]", 0, 1, exit_command, &driver);
    unixctl_command_register("status", "", 0, 0, status_command, &driver);
    unixctl_command_register("cpu", "", 0, 0, cpu_command, &driver);
    unixctl_command_register("tell", "NAME OFPORT", 2, 2, tell_command, &driver);
    daemonize_complete();

    run(&driver, unixctl);

    if (driver.cleanup && !chassis_cleanup(driver.db, 5000)) {
        error = EXIT_FAILURE;
    }
    chassis_destroy(driver.db);
    bindings_destroy(driver.bindings);
    simap_destroy(&driver.copy);
    sset_destroy(&driver.changed);
    simap_destroy(&driver.vlans);
    simap_destroy(&driver.told);
    unixctl_server_destroy(unixctl);
    service_stop();
    return error;
}
