/* SPDX-License-Identifier: Apache-2.0 */
/* dfctl: the command line of the NB database.
 *
 * All commands of one invocation are one transaction, as in ovs-vsctl. */
#include <config.h>

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command-line.h"
#include "db-ctl-base.h"
#include "dfctl/arguments.h"
#include "dfctl/commands.h"
#include "dfctl/connect.h"
#include "dfctl/context.h"
#include "dfctl/hints.h"
#include "dfctl/names.h"
#include "dfctl/output.h"
#include "dfctl/print.h"
#include "dfctl/routes.h"
#include "dfctl/sync.h"
#include "dfctl/topology-file.h"
#include "dfctl/transaction.h"
#include "dfctl/watch.h"
#include "dragonflow-config.h"
#include "fatal-signal.h"
#include "nb/dragonflow-idl.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "process.h"
#include "stream-ssl.h"
#include "stream.h"
#include "svec.h"
#include "table.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(dfctl);

/* Between two attempts to reach a cluster that has no leader yet. */
#define RECONNECT_MS 300

static char *db;
static bool retry;
static int leader_only = true;
static int shuffle_remotes = true;
static struct tls_files tls;
static struct dfctl dfctl = {
    .style = TABLE_STYLE_DEFAULT,
    .files = SHASH_INITIALIZER(&dfctl.files),
    .origins = SHASH_INITIALIZER(&dfctl.origins),
    .removed = SSET_INITIALIZER(&dfctl.removed),
};

/* The exit status of "diff" if it could not do its work, as that of diff(1). */
#define EXIT_TROUBLE 2
static int failure_status = EXIT_FAILURE;

/* For dfctl_exit() only, so that nothing leaks when a command fails. */
static struct ovsdb_idl *the_idl;

static const struct ctl_command_syntax *const our_commands[] = {
    network_commands, port_commands,      router_commands, nat_commands,   chassis_commands,
    access_commands,  apply_commands,     export_commands, show_commands,  status_commands,
    sync_commands,    neighbour_commands, trace_commands,  watch_commands, NULL,
};

/* --- Command line ------------------------------------------------------- */

OVS_NO_RETURN static void
usage(void)
{
    printf("\
%s: Dragonflow northbound database management utility\n\
usage: %s [OPTIONS] COMMAND [ARG...] [-- COMMAND [ARG...]]...\n\
\n\
Networks:\n\
  net-add NETWORK [type=TYPE] [segmentation-id=N] [physical-network=P] [mtu=M]\n\
      [external=true]         create NETWORK: geneve, vxlan, gre, vlan, flat, local\n\
  net-del NETWORK             delete NETWORK, which must be unused\n\
  net-list                    print the networks\n\
  subnet-add SUBNET NETWORK CIDR [gateway=IP] [ra-mode=MODE] [address-mode=MODE]\n\
      [dns-servers=IP,...] [dns-search=DOMAIN,...]\n\
                              create SUBNET of NETWORK; MODE of an IPv6 subnet is\n\
                              slaac, dhcpv6-stateful or dhcpv6-stateless\n\
  subnet-del SUBNET           delete SUBNET\n\
\n\
Ports:\n\
  port-add PORT NETWORK MAC [IP...]\n\
                              create PORT on NETWORK\n\
  port-del PORT               delete PORT\n\
  port-list [NETWORK]         print the ports (of NETWORK)\n\
\n\
Routers:\n\
  router-add ROUTER           create ROUTER\n\
  router-del ROUTER           delete ROUTER, which must have no ports or translations\n\
  router-list                 print the routers\n\
  router-port-add PORT ROUTER NETWORK MAC CIDR...\n\
                              connect ROUTER to NETWORK\n\
  router-port-del PORT        disconnect it\n\
  route-add ROUTER PREFIX NEXTHOP\n\
                              add a static route\n\
  route-del ROUTER [PREFIX [NEXTHOP]]\n\
                              delete the static routes (to PREFIX, via NEXTHOP)\n\
  nat-add ROUTER dnat_and_snat EXTERNAL-IP LOGICAL-IP [name=NAT] [external-mac=MAC]\n\
                              give the machine with LOGICAL-IP a floating IP\n\
  nat-add ROUTER snat EXTERNAL-IP LOGICAL-PREFIX [name=NAT]\n\
                              have LOGICAL-PREFIX share EXTERNAL-IP\n\
  nat-del NAT                 delete a translation\n\
  nat-list [ROUTER]           print the translations (of ROUTER)\n\
\n\
Chassis:\n\
  chassis-list                print the chassis\n\
  chassis-del CHASSIS         forget CHASSIS\n\
\n\
Access to the database:\n\
  connection-add TARGET [role=ROLE] [inactivity-probe=MS]\n\
                              have servers (with --relay: relays) listen to TARGET\n\
  connection-del TARGET       no longer listen to TARGET\n\
  connection-list             print what is listened to\n\
  rbac-init                   write the roles of chassis and relays\n\
\n\
The whole:\n\
  apply FILE [--prune]        bring the objects of the YAML FILE (\"-\": stdin) into the\n\
                              database (--prune: and remove what it does not mention)\n\
  diff FILE [--prune]         print what apply would do\n\
  export                      print the database as such a file\n\
  show                        print the topology\n\
  status                      print what each chassis has applied, and what is faulty\n\
  sync [--timeout=SECONDS] [--ignore-silent]\n\
                              wait until every chassis has applied everything\n\
  watch [TABLE]               print changes (of TABLE) as they come\n\
  neighbours                  list the physical hosts that routers send to from this chassis\n\
  trace PORT FLOW             follow a packet from PORT through the flow tables\n\
",
           program_name, program_name);
    fputs(ctl_get_db_cmd_usage(), stdout);
    fputs(ctl_list_db_tables_usage(), stdout);
    printf("\
Options:\n\
  --db=DATABASE               connect to DATABASE\n\
                              (default: $DF_NB_DB, or %s)\n\
  --dry-run                   do not commit changes to the database\n\
  --force                     commit what adds faults to the database, with a warning\n\
  -t, --timeout=SECONDS       give up after SECONDS\n\
  --retry                     keep trying to connect\n\
  --no-leader-only            take any member of a clustered database\n\
",
           db);
    table_usage();
    vlog_usage();
    stream_usage("database", true, true, true);
    printf("\n\
Other options:\n\
  -h, --help                  display this help message\n\
  -V, --version               display version information\n");
    exit(EXIT_SUCCESS);
}

enum {
    OPT_DB = UCHAR_MAX + 1,
    OPT_DRY_RUN,
    OPT_FORCE,
    OPT_BOOTSTRAP_CA_CERT,
    OPT_PEER_CA_CERT,
    OPT_LOCAL,
    OPT_RETRY,
    OPT_COMMANDS,
    OPT_OPTIONS,
    VLOG_OPTION_ENUMS,
    TABLE_OPTION_ENUMS,
    SSL_OPTION_ENUMS,
};

static const struct option global_options[] = {
    {"db", required_argument, NULL, OPT_DB},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"force", no_argument, NULL, OPT_FORCE},
    {"timeout", required_argument, NULL, 't'},
    {"retry", no_argument, NULL, OPT_RETRY},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"commands", no_argument, NULL, OPT_COMMANDS},
    {"options", no_argument, NULL, OPT_OPTIONS},
    {"leader-only", no_argument, &leader_only, true},
    {"no-leader-only", no_argument, &leader_only, false},
    {"shuffle-remotes", no_argument, &shuffle_remotes, true},
    {"no-shuffle-remotes", no_argument, &shuffle_remotes, false},
    VLOG_LONG_OPTIONS,
    TABLE_LONG_OPTIONS,
    STREAM_SSL_LONG_OPTIONS,
    {"bootstrap-ca-cert", required_argument, NULL, OPT_BOOTSTRAP_CA_CERT},
    {"peer-ca-cert", required_argument, NULL, OPT_PEER_CA_CERT},
    {NULL, 0, NULL, 0},
};

/* 'option' is the one that getopt_long() found, with value optarg. */
static void
parse_option(int c, const struct option *option, struct shash *local_options)
{
    switch (c) {
    case OPT_DB:
        free(db);
        db = xstrdup(optarg);
        break;

    case OPT_DRY_RUN:
        dfctl.dry_run = true;
        break;

    case OPT_FORCE:
        dfctl.force = true;
        break;

    case OPT_LOCAL:
        if (shash_find(local_options, option->name)) {
            print_fatal_format("option --%s is given twice", option->name);
        }
        shash_add_nocopy(local_options, xasprintf("--%s", option->name), nullable_xstrdup(optarg));
        break;

    case 't':
        if (!str_to_uint(optarg, 10, &dfctl.timeout) || !dfctl.timeout) {
            print_fatal_format("--timeout: \"%s\" is not a number of seconds", optarg);
        }
        break;

    case OPT_RETRY:
        retry = true;
        break;

    case OPT_COMMANDS:
        ctl_print_commands();
        /* fall through */
    case OPT_OPTIONS:
        ctl_print_options(global_options);
        /* fall through */
    case 'V':
        ovs_print_version(0, 0);
        printf("DB Schema %s\n", nbrec_get_db_version());
        exit(EXIT_SUCCESS);

    case 'h':
        usage();

        VLOG_OPTION_HANDLERS
        TABLE_OPTION_HANDLERS(&dfctl.style)

    case 'p':
        tls.private_key = optarg;
        break;

    case 'c':
        tls.certificate = optarg;
        break;

    case 'C':
    case OPT_BOOTSTRAP_CA_CERT:
        tls.ca_cert = optarg;
        tls.bootstrap = c == OPT_BOOTSTRAP_CA_CERT;
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

    case 0:
        break;

    default:
        exit(failure_status);
    }
}

/* Sets 'words' to those of the command line, of which those from optind on are commands. */
static void
parse_options(int argc, char *argv[], struct shash *local_options, struct svec *words)
{
    size_t n_global = ARRAY_SIZE(global_options) - 1;
    size_t n = n_global, allocated = ARRAY_SIZE(global_options);
    struct option *options = xmemdup(global_options, sizeof global_options);
    ctl_add_cmd_options(&options, &n, &allocated, OPT_LOCAL);

    char *short_options = ovs_cmdl_long_options_to_short_options(global_options);
    char *stop_at_command = xasprintf("+%s", short_options);
    arguments_sort(argc, argv, options, short_options, OPT_LOCAL, words);
    dfctl.style.format = TF_UNSET;
    for (;;) {
        int index = 0;
        int c = getopt_long(words->n, words->names, stop_at_command, options, &index);
        if (c == -1) {
            break;
        }
        parse_option(c, &options[index], local_options);
    }
    for (size_t i = n_global; options[i].name; i++) {
        free(CONST_CAST(char *, options[i].name));
    }
    free(options);
    free(short_options);
    free(stop_at_command);
}

static void
set_default_db(void)
{
    const char *env = getenv("DF_NB_DB");
    db = (env && env[0] ? xstrdup(env) : xstrdup("unix:" DRAGONFLOW_RUNDIR "/nb.sock"));
}

/* --- Database ----------------------------------------------------------- */

OVS_NO_RETURN static void
dfctl_exit(int status)
{
    transaction_abort();
    ovsdb_idl_destroy(the_idl);
    exit(status ? failure_status : EXIT_SUCCESS);
}

/* Whether there is "diff" among the words, also of command lines that are wrong. */
static bool
speaks_of_diff(int argc, char *argv[])
{
    for (int i = 0; i < argc; i++) {
        if (!strcmp(argv[i], "diff")) {
            return true;
        }
    }
    return false;
}

static void
open_database(struct ovsdb_idl *idl)
{
    char *error = connect_check(db, &tls);
    if (error) {
        print_fatal(error);
    }
    if (tls.private_key) {
        stream_ssl_set_private_key_file(tls.private_key);
    }
    if (tls.certificate) {
        stream_ssl_set_certificate_file(tls.certificate);
    }
    if (tls.ca_cert) {
        stream_ssl_set_ca_cert_file(tls.ca_cert, tls.bootstrap);
    }
    ovsdb_idl_set_remote(idl, db, retry);
}

/* The connection was refused or has ended.  Opens it again if it may help to wait and
 * there is time until 'deadline', otherwise ends the program. */
static void
reconnect(struct ovsdb_idl *idl, long long int deadline)
{
    bool waits;
    char *why = connect_explain(db, &tls, leader_only, &waits);

    if (!why) {
        why = xstrdup("the server ended the connection, but can be used now: try again");
    }
    if (!waits || !dfctl.timeout) {
        print_fatal_format("%s: database connection failed (%s%s)", db, why,
                           waits ? "; with --timeout=SECONDS it is waited for" : "");
    } else if (time_msec() + RECONNECT_MS >= deadline) {
        print_fatal_format("%s: not done within %u s (%s)", db, dfctl.timeout, why);
    }
    free(why);
    xnanosleep(RECONNECT_MS * 1000000LL);
    ovsdb_idl_set_remote(idl, NULL, false);
    ovsdb_idl_set_remote(idl, db, false);
}

/* Ends the program if the database's schema is too old: the server ends the connection if a table
 * with a condition is not there from the beginning, and does not answer if it is not later. */
static void
require_schema(const struct ovsdb_idl *idl)
{
    const char *table = scope_missing_table(&dfctl.scope, idl);

    if (table) {
        print_fatal_format("%s: the schema of the database is of an earlier version than this "
                           "dfctl, without table %s; upgrade the database first",
                           db, table);
    }
}

/* Ends the program at the deadline. */
OVS_NO_RETURN static void
give_up(void)
{
    bool waits;
    char *why = connect_explain(db, &tls, leader_only, &waits);

    print_fatal_format(
        "%s: not done within %u s%s%s%s%s", db, dfctl.timeout, why ? " (" : "", why ? why : "",
        why ? ")" : "",
        dfctl.uncertain ? "; it may be committed nevertheless: look before you try again" : "");
}

static void
run(const char *args, struct ctl_command *commands, size_t n, struct ovsdb_idl *idl)
{
    long long int deadline = dfctl.timeout ? time_msec() + dfctl.timeout * 1000LL : LLONG_MAX;
    unsigned int seqno = ovsdb_idl_get_seqno(idl);

    for (;;) {
        ovsdb_idl_run(idl);
        if (dfctl.reads_more || !ovsdb_idl_is_alive(idl)) {
            require_schema(idl);
        }
        if (!ovsdb_idl_is_alive(idl)) {
            reconnect(idl, deadline);
            continue;
        }
        if ((dfctl.reads_more || seqno != ovsdb_idl_get_seqno(idl))
            && scope_is_read(&dfctl.scope, idl)) {
            seqno = ovsdb_idl_get_seqno(idl);
            if (transaction_attempt(&dfctl, args, commands, n, idl, deadline)) {
                return;
            }
            if (dfctl.reads_more) {
                continue;
            }
        }
        if (time_msec() >= deadline) {
            give_up();
        }
        if (seqno == ovsdb_idl_get_seqno(idl) || !scope_is_read(&dfctl.scope, idl)) {
            ovsdb_idl_wait(idl);
            poll_timer_wait_until(deadline);
            poll_block();
        }
    }
}

static void
register_commands(void)
{
    static struct ctl_table_class tables[NBREC_N_TABLES];

    for (size_t i = 0; i < NBREC_N_TABLES; i++) {
        tables[i].row_ids[0].name_column = name_column(&nbrec_table_classes[i]);
    }
    ctl_init(&nbrec_idl_class, nbrec_table_classes, tables, NULL, dfctl_exit);
    for (size_t i = 0; our_commands[i]; i++) {
        ctl_register_commands(our_commands[i]);
    }
}

int
main(int argc, char *argv[])
{
    ovs_set_program_name(argv[0], DRAGONFLOW_VERSION);
    print_init(&failure_status);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_WARN);
    vlog_set_levels_from_string_assert("reconnect:console:off");
    /* A missing pidfile is reported by "trace" itself. */
    vlog_set_levels_from_string_assert("daemon_unix:off");
    /* What they have to say is found out by connect_explain(). */
    vlog_set_levels_from_string_assert("stream_ssl:console:off");
    vlog_set_levels_from_string_assert("jsonrpc:console:off");
    vlog_set_levels_from_string_assert("socket_util:console:off");
    vlog_set_levels_from_string_assert("stream_tcp:console:off");
    vlog_set_levels_from_string_assert("dns_resolve:console:off");
    vlog_set_levels_from_string_assert("ovsdb_cs:console:err");
    /* That a large file took long is no news. */
    vlog_set_levels_from_string_assert("timeval:console:off");
    register_commands();
    set_default_db();

    char *args = process_escape_args(argv);
    struct shash local_options = SHASH_INITIALIZER(&local_options);
    failure_status = speaks_of_diff(argc, argv) ? EXIT_TROUBLE : EXIT_FAILURE;
    struct svec words;
    parse_options(argc, argv, &local_options, &words);
    struct ctl_command *commands;
    size_t n;
    bool diff = optind < words.n && !strcmp(words.names[optind], "diff");
    failure_status = diff ? EXIT_TROUBLE : EXIT_FAILURE;
    char *error =
        ctl_parse_commands(words.n - optind, &words.names[optind], &local_options, &commands, &n);
    if (error) {
        print_fatal(hint_for_usage(error, our_commands));
    }

    struct ovsdb_idl *idl = the_idl = ovsdb_idl_create_unconnected(&nbrec_idl_class, false);
    ovsdb_idl_set_shuffle_remotes(idl, shuffle_remotes);
    ovsdb_idl_set_leader_only(idl, leader_only);
    ovsdb_idl_set_db_change_aware(idl, false);
    scope_init(&dfctl.scope);
    transaction_prepare(&dfctl, commands, n, idl);
    if (scope_uses(&dfctl.scope, &nbrec_table_static_route)) {
        routes_prepare(idl);
    }
    if (dfctl.diff && n > 1) {
        failure_status = EXIT_TROUBLE;
        ctl_fatal("diff changes nothing, so no other command can be given with it");
    }
    /* In case that a commit hangs; run() itself gives up in time. */
    if (dfctl.timeout && !dfctl.watch) {
        time_alarm(dfctl.timeout + 5);
    }
    open_database(idl);
    run(args, commands, n, idl);
    print_check(dfctl.committed);
    if (dfctl.sync && !dfctl.dry_run) {
        error = sync_wait(dfctl.sync, idl);
        if (error) {
            print_fatal(error);
        }
    }

    if (dfctl.watch) {
        watch(&dfctl, idl);
    }

    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        shash_destroy_free_data(&c->options);
    }
    free(commands);
    shash_destroy(&local_options);
    struct shash_node *node;
    SHASH_FOR_EACH (node, &dfctl.files) {
        topology_file_destroy(node->data);
    }
    shash_destroy(&dfctl.files);
    shash_destroy_free_data(&dfctl.origins);
    sset_destroy(&dfctl.removed);
    svec_destroy(&dfctl.warnings);
    sync_destroy(dfctl.sync);
    scope_destroy(&dfctl.scope);
    ovsdb_idl_destroy(idl);
    free(args);
    svec_destroy(&words);
    free(db);
    if (dfctl.wrong) {
        failure_status = EXIT_FAILURE;
    }
    return dfctl.wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
