/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <getopt.h>
#include <stdlib.h>

#include "chassis/chassis.h"
#include "command-line.h"
#include "controller.h"
#include "daemon.h"
#include "dirs.h"
#include "dragonflow-config.h"
#include "fatal-signal.h"
#include "openflow/openflow-common.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-rcu.h"
#include "privileges.h"
#include "stream-ssl.h"
#include "stream.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(main);

struct options {
    char *ovs_remote; /* The local database. */
    char *unixctl_path;
    struct chassis_tls tls;
};

static void
run_daemon(const struct options *options)
{
    struct controller *c =
        controller_create(options->ovs_remote, options->unixctl_path, &options->tls);

    daemonize_complete();
    VLOG_INFO("df-controller (Dragonflow) " DRAGONFLOW_VERSION);
    while (!controller_is_exiting(c)) {
        controller_run(c);
        controller_wait(c);
        poll_block();
    }
    controller_destroy(c);
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

/* 'c' is what getopt_long() has returned. */
static void
take_option(int c, struct options *options)
{
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

static void
parse_options(int argc, char *argv[], struct options *options)
{
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);

    for (;;) {
        int c = getopt_long(argc, argv, short_options, long_options, NULL);

        if (c == -1) {
            break;
        }
        take_option(c, options);
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
