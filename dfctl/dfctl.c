/* SPDX-License-Identifier: Apache-2.0 */
/* dfctl: the command line of the NB database.
 *
 * All commands of one invocation are one transaction, as in ovs-vsctl.  Whatever
 * they did, the result is checked as a whole before it is committed, and a
 * transaction that makes anything faulty is refused.  Two dfctl at the same time
 * could each be right and together be wrong, so a transaction that changes
 * something also replaces Global.external_ids:generation, on condition that nobody
 * else did: the slower one starts again. */
#include <config.h>

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bitmap.h"
#include "command-line.h"
#include "db-ctl-base.h"
#include "dfctl/dfctl.h"
#include "dfctl/print.h"
#include "dfctl/sync.h"
#include "dfctl/topology-file.h"
#include "dragonflow-config.h"
#include "fatal-signal.h"
#include "nb/check.h"
#include "nb/dragonflow-idl.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-data.h"
#include "ovsdb-idl-provider.h"
#include "process.h"
#include "stream-ssl.h"
#include "stream.h"
#include "table.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(dfctl);

/* The format of a table if --format was not given: lists print as tables, unlike
 * db-ctl-base's "list". */
#define TF_UNSET ((enum table_format) - 1)

static char *db;
static bool retry;
static int leader_only = true;
static int shuffle_remotes = true;
static struct table_style table_style = TABLE_STYLE_DEFAULT;
static struct dfctl dfctl = {
    .files = SHASH_INITIALIZER(&dfctl.files),
    .origins = SHASH_INITIALIZER(&dfctl.origins),
    .removed = SSET_INITIALIZER(&dfctl.removed),
};

/* The exit status of "diff" if it could not do its work, as that of diff(1). */
#define EXIT_TROUBLE 2
static int failure_status = EXIT_FAILURE;

/* For dfctl_exit() only, so that nothing leaks when a command fails. */
static struct ovsdb_idl *the_idl;
static struct ovsdb_idl_txn *the_txn;

static const struct ctl_table_class tables[NBREC_N_TABLES] = {
    [NBREC_TABLE_NETWORK].row_ids[0] = {&nbrec_network_col_name, NULL, NULL},
    [NBREC_TABLE_SUBNET].row_ids[0] = {&nbrec_subnet_col_name, NULL, NULL},
    [NBREC_TABLE_PORT].row_ids[0] = {&nbrec_port_col_name, NULL, NULL},
    [NBREC_TABLE_ROUTER].row_ids[0] = {&nbrec_router_col_name, NULL, NULL},
    [NBREC_TABLE_ROUTER_PORT].row_ids[0] = {&nbrec_router_port_col_name, NULL, NULL},
    [NBREC_TABLE_CHASSIS].row_ids[0] = {&nbrec_chassis_col_name, NULL, NULL},
    [NBREC_TABLE_CONNECTION].row_ids[0] = {&nbrec_connection_col_target, NULL, NULL},
    [NBREC_TABLE_RBAC_ROLE].row_ids[0] = {&nbrec_rbac_role_col_name, NULL, NULL},
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
                              create NETWORK: geneve, vxlan, gre, vlan, flat, local\n\
  net-del NETWORK             delete NETWORK, which must be unused\n\
  net-list                    print the networks\n\
  subnet-add SUBNET NETWORK CIDR [gateway=IP]\n\
                              create SUBNET of NETWORK\n\
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
  router-del ROUTER           delete ROUTER, which must have no ports\n\
  router-list                 print the routers\n\
  router-port-add PORT ROUTER NETWORK MAC CIDR...\n\
                              connect ROUTER to NETWORK\n\
  router-port-del PORT        disconnect it\n\
  route-add ROUTER PREFIX NEXTHOP\n\
                              add a static route\n\
  route-del ROUTER [PREFIX [NEXTHOP]]\n\
                              delete the static routes (to PREFIX, via NEXTHOP)\n\
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
  sync [--timeout=SECONDS]    wait until every living chassis has applied everything\n\
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

    case OPT_LOCAL:
        if (shash_find(local_options, option->name)) {
            ctl_fatal("option --%s is given twice", option->name);
        }
        shash_add_nocopy(local_options, xasprintf("--%s", option->name), nullable_xstrdup(optarg));
        break;

    case 't':
        if (!str_to_uint(optarg, 10, &dfctl.timeout) || !dfctl.timeout) {
            ctl_fatal("--timeout: \"%s\" is not a number of seconds", optarg);
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
        TABLE_OPTION_HANDLERS(&table_style)
        STREAM_SSL_OPTION_HANDLERS

    case OPT_PEER_CA_CERT:
        stream_ssl_set_peer_ca_cert_file(optarg);
        break;

    case OPT_BOOTSTRAP_CA_CERT:
        stream_ssl_set_ca_cert_file(optarg, true);
        break;

    case 0:
        break;

    default:
        exit(EXIT_FAILURE);
    }
}

static void
parse_options(int argc, char *argv[], struct shash *local_options)
{
    size_t n_global = ARRAY_SIZE(global_options) - 1;
    size_t n = n_global, allocated = ARRAY_SIZE(global_options);
    struct option *options = xmemdup(global_options, sizeof global_options);
    ctl_add_cmd_options(&options, &n, &allocated, OPT_LOCAL);

    char *short_options = ovs_cmdl_long_options_to_short_options(global_options);
    char *stop_at_command = xasprintf("+%s", short_options);
    table_style.format = TF_UNSET;
    for (;;) {
        int index = 0;
        int c = getopt_long(argc, argv, stop_at_command, options, &index);
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

/* --- Transaction -------------------------------------------------------- */

OVS_NO_RETURN static void
dfctl_exit(int status)
{
    if (the_txn) {
        ovsdb_idl_txn_abort(the_txn);
        ovsdb_idl_txn_destroy(the_txn);
    }
    ovsdb_idl_destroy(the_idl);
    exit(status ? failure_status : EXIT_SUCCESS);
}

/* Whether the first command is "diff", also of commands that are wrong. */
static bool
is_diff(int argc, char *argv[])
{
    int i = 0;
    while (i < argc && argv[i][0] == '-') {
        i++;
    }
    return i < argc && !strcmp(argv[i], "diff");
}

static void
monitor_everything(struct ovsdb_idl *idl)
{
    for (size_t i = 0; i < nbrec_idl_class.n_tables; i++) {
        const struct ovsdb_idl_table_class *table = &nbrec_idl_class.tables[i];
        for (size_t j = 0; j < table->n_columns; j++) {
            ovsdb_idl_add_column(idl, &table->columns[j]);
        }
    }
}

void
pre_everything(struct ctl_context *ctx)
{
    monitor_everything(ctx->idl);
}

static bool
row_is_modified(const struct ovsdb_idl_row *row)
{
    if (row->old_datum == row->new_datum) {
        return false;
    }
    if (!row->old_datum) {
        return true;
    }
    const struct ovsdb_idl_table_class *class = row->table->class_;
    for (size_t i = 0; i < class->n_columns; i++) {
        if (row->written && bitmap_is_set(row->written, i)
            && !ovsdb_datum_equals(&row->old_datum[i], &row->new_datum[i],
                                   &class->columns[i].type)) {
            return true;
        }
    }
    return false;
}

/* Counts the rows of the database as the transaction would leave them; sets
 * '*modified' if it inserts or modifies any. */
static size_t
count_rows(const struct ovsdb_idl *idl, bool *modified)
{
    size_t n = 0;

    *modified = false;
    for (size_t i = 0; i < nbrec_idl_class.n_tables; i++) {
        const struct ovsdb_idl_row *row = ovsdb_idl_first_row(idl, &nbrec_idl_class.tables[i]);
        for (; row; row = ovsdb_idl_next_row(row)) {
            n++;
            *modified = *modified || row_is_modified(row);
        }
    }
    return n;
}

/* Makes the transaction fail if another dfctl commits before it. */
static void
replace_generation(const struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn)
{
    const struct nbrec_global *global = nbrec_global_first(idl);
    if (!global) {
        global = nbrec_global_insert(txn);
    } else if (global->header_.old_datum) {
        nbrec_global_verify_external_ids(global);
    }

    struct smap ids;
    smap_clone(&ids, &global->external_ids);
    unsigned long long int generation = smap_get_ullong(&ids, "generation", 0) + 1;
    smap_remove(&ids, "generation");
    smap_add_format(&ids, "generation", "%llu", generation);
    nbrec_global_set_external_ids(global, &ids);
    smap_destroy(&ids);
}

/* Refuses a transaction that adds a fault to those of 'before'. */
static void
refuse_new_faults(const struct ovsdb_idl *idl, const struct nb_faults *before)
{
    struct nb_faults after = NB_FAULTS_INITIALIZER;
    size_t n;

    nb_check(idl, &after);
    const struct nb_fault *fault = nb_faults_new(before, &after, &n);
    if (!fault) {
        nb_faults_destroy(&after);
        return;
    }
    const char *origin = shash_find_data(&dfctl.origins, fault->object);
    char *more = n > 1 ? xasprintf(" (and %" PRIuSIZE " more)", n - 1) : xstrdup("");
    char *message = xasprintf("%s%s%s: %s%s", origin ? origin : "", origin ? ": " : "",
                              fault->object, fault->reason, more);
    free(more);
    nb_faults_destroy(&after);
    print_fatal(message);
}

static void
check_symbols(const struct ovsdb_symbol_table *symtab)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &symtab->sh) {
        const struct ovsdb_symbol *symbol = node->data;
        if (!symbol->created) {
            ctl_fatal("row id \"%s\" is referenced but never created", node->name);
        }
    }
}

static void
print_output(struct ctl_command *commands, size_t n)
{
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        if (c->table) {
            struct table_style style = table_style;
            if (style.format == TF_UNSET) {
                bool ours = c->syntax->prerequisites == pre_everything;
                style.format = ours ? TF_TABLE : TF_LIST;
            }
            print_table(c->table, &style);
        } else {
            print_text(ds_cstr(&c->output));
        }
    }
}

static void
free_output(struct ctl_command *commands, size_t n)
{
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        ds_destroy(&c->output);
        table_destroy(c->table);
        free(c->table);
        c->table = NULL;
    }
}

static void
run_prerequisites(struct ctl_command *commands, size_t n, struct ovsdb_idl *idl)
{
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        if (c->syntax->prerequisites) {
            struct dfctl_context ctx = {.dfctl = &dfctl};

            ds_init(&c->output);
            c->table = NULL;
            ctl_context_init(&ctx.base, c, idl, NULL, NULL, NULL);
            c->syntax->prerequisites(&ctx.base);
            if (ctx.base.error) {
                print_fatal(ctx.base.error);
            }
            ctl_context_done(&ctx.base, c);
        }
    }
}

/* Runs all commands in 'txn'.  Returns false if one of them wants to be run again
 * after a change of the database. */
static bool
run_commands(struct ctl_command *commands, size_t n, struct ovsdb_idl *idl,
             struct ovsdb_idl_txn *txn, struct ovsdb_symbol_table *symtab)
{
    struct dfctl_context ctx = {.dfctl = &dfctl};
    bool done = true;

    ctl_context_init(&ctx.base, NULL, idl, txn, symtab, NULL);
    for (struct ctl_command *c = commands; done && c < &commands[n]; c++) {
        /* Never as the last command, which could hide its changes from the checks
         * that follow. */
        ctl_context_init_command(&ctx.base, c, false);
        if (c->syntax->run) {
            c->syntax->run(&ctx.base);
        }
        if (ctx.base.error) {
            print_fatal(ctx.base.error);
        }
        ctl_context_done_command(&ctx.base, c);
        done = !ctx.base.try_again;
    }
    ctl_context_done(&ctx.base, NULL);
    return done;
}

static void
run_postprocess(struct ctl_command *commands, size_t n, struct ovsdb_idl *idl,
                struct ovsdb_idl_txn *txn, struct ovsdb_symbol_table *symtab)
{
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        if (c->syntax->postprocess) {
            struct dfctl_context ctx = {.dfctl = &dfctl};

            ctl_context_init(&ctx.base, c, idl, txn, symtab, NULL);
            c->syntax->postprocess(&ctx.base);
            if (ctx.base.error) {
                print_fatal(ctx.base.error);
            }
            ctl_context_done(&ctx.base, c);
        }
    }
}

/* Attempts the transaction.  Returns true if it is done, false if it is to be tried
 * again once the database has changed. */
static bool
do_transaction(const char *args, struct ctl_command *commands, size_t n, struct ovsdb_idl *idl)
{
    bool writes = ctl_might_write_to_db(commands, n);
    struct nb_faults before = NB_FAULTS_INITIALIZER;
    bool modified;
    size_t n_rows = count_rows(idl, &modified);
    if (writes) {
        nb_check(idl, &before);
    }

    struct ovsdb_idl_txn *txn = the_txn = ovsdb_idl_txn_create(idl);
    if (dfctl.dry_run) {
        ovsdb_idl_txn_set_dry_run(txn);
    }
    ovsdb_idl_txn_add_comment(txn, "dfctl: %s", args);
    struct ovsdb_symbol_table *symtab = ovsdb_symbol_table_create();
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        ds_init(&c->output);
        c->table = NULL;
    }
    shash_clear_free_data(&dfctl.origins);
    sset_clear(&dfctl.removed);
    dfctl.wrong = false;

    bool done = run_commands(commands, n, idl, txn, symtab);
    if (done) {
        check_symbols(symtab);
        if (writes) {
            refuse_new_faults(idl, &before);
            if (count_rows(idl, &modified) != n_rows || modified) {
                replace_generation(idl, txn);
            }
        }

        bool creates_global =
            !nbrec_global_first(idl) || !nbrec_global_first(idl)->header_.old_datum;
        enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit_block(txn);
        if (status == TXN_ERROR && !(writes && creates_global && nbrec_global_first(idl))) {
            print_fatal(xasprintf("transaction error: %s", ovsdb_idl_txn_get_error(txn)));
        }
        done = status == TXN_SUCCESS || status == TXN_UNCHANGED;
        if (done) {
            run_postprocess(commands, n, idl, txn, symtab);
            print_output(commands, n);
        }
    }
    if (!done) {
        ovsdb_idl_txn_abort(txn);
    }
    free_output(commands, n);
    ovsdb_idl_txn_destroy(txn);
    the_txn = NULL;
    ovsdb_symbol_table_destroy(symtab);
    nb_faults_destroy(&before);
    return done;
}

/* Of several servers, one that can be reached may be of no use. */
static const char *
cluster_hint(void)
{
    return (!strchr(db, ',') ? ""
            : leader_only    ? ", or no server is the leader of a majority"
                             : ", or no server belongs to a majority");
}

static void
run(const char *args, struct ctl_command *commands, size_t n, struct ovsdb_idl *idl)
{
    long long int deadline = dfctl.timeout ? time_msec() + dfctl.timeout * 1000LL : LLONG_MAX;
    unsigned int seqno = ovsdb_idl_get_seqno(idl);

    for (;;) {
        ovsdb_idl_run(idl);
        if (!ovsdb_idl_is_alive(idl)) {
            int error = ovsdb_idl_get_last_error(idl);
            ctl_fatal("%s: database connection failed (%s%s)", db, ovs_retval_to_string(error),
                      cluster_hint());
        }
        if (seqno != ovsdb_idl_get_seqno(idl)) {
            seqno = ovsdb_idl_get_seqno(idl);
            if (do_transaction(args, commands, n, idl)) {
                return;
            }
        }
        if (time_msec() >= deadline) {
            ctl_fatal("%s: not done within %u s%s", db, dfctl.timeout, seqno ? "" : cluster_hint());
        }
        if (seqno == ovsdb_idl_get_seqno(idl)) {
            ovsdb_idl_wait(idl);
            poll_timer_wait_until(deadline);
            poll_block();
        }
    }
}

static void
register_commands(void)
{
    ctl_init(&nbrec_idl_class, nbrec_table_classes, tables, NULL, dfctl_exit);
    ctl_register_commands(network_commands);
    ctl_register_commands(port_commands);
    ctl_register_commands(router_commands);
    ctl_register_commands(chassis_commands);
    ctl_register_commands(access_commands);
    ctl_register_commands(apply_commands);
    ctl_register_commands(export_commands);
    ctl_register_commands(show_commands);
    ctl_register_commands(status_commands);
    ctl_register_commands(sync_commands);
    ctl_register_commands(trace_commands);
}

int
main(int argc, char *argv[])
{
    ovs_set_program_name(argv[0], DRAGONFLOW_VERSION);
    print_init(&failure_status);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_WARN);
    vlog_set_levels_from_string_assert("reconnect:warn");
    /* A missing pidfile is reported by "trace" itself. */
    vlog_set_levels_from_string_assert("daemon_unix:off");
    /* That a large file took long is no news. */
    vlog_set_levels_from_string_assert("timeval:console:off");
    register_commands();
    set_default_db();

    char *args = process_escape_args(argv);
    struct shash local_options = SHASH_INITIALIZER(&local_options);
    parse_options(argc, argv, &local_options);
    struct ctl_command *commands;
    size_t n;
    failure_status = is_diff(argc - optind, argv + optind) ? EXIT_TROUBLE : EXIT_FAILURE;
    char *error = ctl_parse_commands(argc - optind, argv + optind, &local_options, &commands, &n);
    if (error) {
        print_fatal(error);
    }

    struct ovsdb_idl *idl = the_idl = ovsdb_idl_create_unconnected(&nbrec_idl_class, false);
    ovsdb_idl_set_shuffle_remotes(idl, shuffle_remotes);
    ovsdb_idl_set_leader_only(idl, leader_only);
    ovsdb_idl_set_db_change_aware(idl, false);
    run_prerequisites(commands, n, idl);
    if (dfctl.diff && n > 1) {
        failure_status = EXIT_TROUBLE;
        ctl_fatal("diff changes nothing, so no other command can be given with it");
    }
    if (ctl_might_write_to_db(commands, n)) {
        monitor_everything(idl);
    }
    /* In case that a commit hangs; run() itself gives up in time. */
    if (dfctl.timeout) {
        time_alarm(dfctl.timeout + 5);
    }
    ovsdb_idl_set_remote(idl, db, retry);
    run(args, commands, n, idl);
    print_check();
    if (dfctl.sync && !dfctl.dry_run) {
        error = sync_wait(dfctl.sync, idl);
        if (error) {
            print_fatal(error);
        }
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
    sync_destroy(dfctl.sync);
    ovsdb_idl_destroy(idl);
    free(args);
    free(db);
    return dfctl.wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
