/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* An OpenFlow session with the engine behind it, driven from standard input: the
 * left half of df-controller is replaced by commands that say which flows there
 * shall be.  See test_switch.py.
 *
 *   switch-driver [--hold] [--clock] [--mask=COOKIE/MASK] [--meter=ID,RATE,BURST]... BRIDGE
 *
 * "--hold" starts as if "write off" had been said; "--clock" lets ovs-appctl's
 * "time/warp" turn the clock.  Each command is a line and is answered by
 * lines, the last of which is "ok" or starts with "error:":
 *
 *   add NAME FLOW   a flow as ovs-ofctl writes it (its cookie is the engine's)
 *   join NAME FLOW  one whose actions add to those that others have joined to it
 *   del NAME
 *   fill N          N more flows, with four actions each
 *   empty           no more of those
 *   write on|off    whether the desired flows are complete
 *   bridge [NAME]
 *   sharing COOKIE/MASK [TABLE]...
 *                   which flows are ours, and where somebody else may remove them
 *   lease [FLOW]    as ovs-ofctl writes it, with its hard_timeout; none without
 *   sync            wait until everything is confirmed
 *   connected       wait until what is installed has been read
 *   status
 *   ports           what the switch has told of its ports
 *   diff            flows that differ from what the switch is known to hold
 *   packet-ins      those since the last time
 *   inject PORT HEX send a frame out of a port
 *   exit */

#include "switch/switch.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flow/engine.h"
#include "flow/flow-table.h"
#include "dummy.h"
#include "fatal-signal.h"
#include "flow.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-match.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "simap.h"
#include "socket-util.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

/* A flow that shall exist. */
struct wish {
    struct subject subject;
    char *name;
    char *flow;     /* In ovs-ofctl's syntax; NULL for the filling. */
    bool joins;     /* Its actions add to those of others. */
    uint32_t index; /* Of the filling. */
};

struct driver {
    struct engine *engine;
    struct ofsession *session;
    struct shash wishes; /* Contains "struct wish"es. */
    struct wish *filling;
    size_t n_filling;
    uint64_t seqno;
    bool may_write;
    bool waiting_for_sync, waiting_for_connection;
    long long int waiting_since;
    struct ds packet_ins;
    int fd; /* Of standard input; the poll loop knows no 0. */
    struct ds input;
    struct unixctl_server *unixctl; /* With "--clock". */
    bool exiting;
};

/* --- Rules --------------------------------------------------------------- */

static const struct wish *
wish_from_subject(const struct subject *subject)
{
    return CONTAINER_OF(subject, struct wish, subject);
}

static void
format_wish(const struct subject *subject, struct ds *ds)
{
    const struct wish *wish = wish_from_subject(subject);

    if (wish->name) {
        ds_put_cstr(ds, wish->name);
    } else {
        ds_put_format(ds, "%" PRIu32, wish->index);
    }
}

static void
run_text(struct run *run, const struct subject *subject)
{
    const struct wish *wish = wish_from_subject(subject);
    enum ofputil_protocol usable;
    struct ofputil_flow_mod fm;

    char *error = parse_ofp_str(&fm, OFPFC_ADD, wish->flow, NULL, NULL, &usable);
    ovs_assert(!error); /* It was tried when it came in. */

    struct match match;
    minimatch_expand(&fm.match, &match);

    struct ofpbuf ofpacts;
    ofpbuf_use_const(&ofpacts, fm.ofpacts, fm.ofpacts_len);
    (wish->joins ? run_add_to_flow : run_flow)(run, fm.table_id, fm.priority, &match, &ofpacts);
    free(CONST_CAST(struct ofpact *, fm.ofpacts));
    minimatch_destroy(&fm.match);
}

static void
set_field(struct ofpbuf *ofpacts, enum mf_field_id id, const void *value)
{
    ofpact_put_set_field(ofpacts, mf_from_id(id), value, NULL);
}

/* Like a neighbour entry. */
static void
run_filling(struct run *run, const struct subject *subject)
{
    const struct wish *wish = wish_from_subject(subject);
    uint64_t stub[256 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct match match;

    match_init_catchall(&match);
    match_set_dl_type(&match, htons(ETH_TYPE_IP));
    match_set_reg(&match, 1, wish->index % 1000);
    match_set_nw_dst(&match, htonl(0x0a000000 + wish->index));

    struct eth_addr mac = ETH_ADDR_C(02, 00, 00, 00, 00, 00);
    mac.be16[1] = htons(wish->index >> 16);
    mac.be16[2] = htons(wish->index);
    ovs_be32 reg = htonl(wish->index);
    set_field(&ofpacts, MFF_ETH_DST, &mac);
    set_field(&ofpacts, MFF_REG2, &reg);

    struct ofpact_cnt_ids *ids = ofpact_put_DEC_TTL(&ofpacts);
    uint16_t id = 0;
    ofpbuf_put(&ofpacts, &id, sizeof id);
    ids = ofpacts.header;
    ids->n_controllers = 1;
    ofpact_finish_DEC_TTL(&ofpacts, &ids);
    ofpact_put_GOTO_TABLE(&ofpacts)->table_id = 40;

    run_flow(run, 30, 100, &match, &ofpacts);
    ofpbuf_uninit(&ofpacts);
}

static const struct subject_kind kinds[] = {
    {.name = "text", .format = format_wish},
    {.name = "filling", .format = format_wish},
};
static const struct rule rules[] = {
    {.name = "say", .kind = &kinds[0], .run = run_text},
    {.name = "fill", .kind = &kinds[1], .run = run_filling},
};

/* --- Commands ------------------------------------------------------------ */

static void
answer(const char *text)
{
    puts(text);
    fflush(stdout);
}

static void
answer_ds(struct ds *ds)
{
    fputs(ds_cstr(ds), stdout);
    answer("ok");
    ds_destroy(ds);
}

static void
wish_destroy(struct driver *d, struct wish *wish)
{
    engine_remove_subject(d->engine, &wish->subject);
    free(wish->name);
    free(wish->flow);
    free(wish);
}

static void
cmd_add(struct driver *d, const char *name, const char *flow, bool joins)
{
    enum ofputil_protocol usable;
    struct ofputil_flow_mod fm;

    char *error = parse_ofp_str(&fm, OFPFC_ADD, flow, NULL, NULL, &usable);
    if (error) {
        printf("error: %s\n", error);
        fflush(stdout);
        free(error);
        return;
    }
    free(CONST_CAST(struct ofpact *, fm.ofpacts));
    minimatch_destroy(&fm.match);

    struct wish *old = shash_find_and_delete(&d->wishes, name);
    if (old) {
        wish_destroy(d, old);
    }

    struct wish *wish = xzalloc(sizeof *wish);
    wish->subject.kind = &kinds[0];
    wish->subject.id = hash_string(name, 0);
    wish->name = xstrdup(name);
    wish->flow = xstrdup(flow);
    wish->joins = joins;
    shash_add_once(&d->wishes, name, wish);
    engine_add_subject(d->engine, &wish->subject);
    d->seqno++;
    answer("ok");
}

static void
empty(struct driver *d)
{
    for (size_t i = 0; i < d->n_filling; i++) {
        engine_remove_subject(d->engine, &d->filling[i].subject);
    }
    free(d->filling);
    d->filling = NULL;
    d->n_filling = 0;
}

static void
cmd_fill(struct driver *d, size_t n)
{
    empty(d);
    d->filling = xcalloc(n, sizeof *d->filling);
    d->n_filling = n;
    for (size_t i = 0; i < n; i++) {
        struct wish *wish = &d->filling[i];

        wish->subject.kind = &kinds[1];
        wish->subject.id = wish->index = i;
        engine_add_subject(d->engine, &wish->subject);
    }
    d->seqno++;

    long long int start = time_msec();
    engine_run(d->engine);
    printf("computed in %lld ms\n", time_msec() - start);
    answer("ok");
}

static void
cmd_diff(struct driver *d)
{
    struct flow_table *ft = engine_flows(d->engine);
    struct ds ds = DS_EMPTY_INITIALIZER;
    const struct flow_slot *slot;

    LIST_FOR_EACH (slot, dirty, &ft->dirty) {
        flow_slot_format_desired(slot, &ds);
        if (slot->installed) {
            struct ofpact_format_params fp = {.s = &ds};

            ds_put_cstr(&ds, " INSTALLED ");
            ofpacts_format(actions_get(slot->installed), slot->installed->len, &fp);
        }
        ds_put_char(&ds, '\n');
    }
    answer_ds(&ds);
}

static void
cmd_inject(struct driver *d, const char *port, const char *hex)
{
    uint64_t stub[64 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofpbuf frame;

    ofpbuf_init(&frame, 0);
    ofpbuf_put_hex(&frame, hex, NULL);
    ofpact_put_OUTPUT(&ofpacts)->port = u16_to_ofp(atoi(port));
    switch_packet_out(d->session, frame.data, frame.size, &ofpacts);
    ofpbuf_uninit(&frame);
    ofpbuf_uninit(&ofpacts);
    answer("ok");
}

static void
cmd_sharing(struct driver *d, const char *ours, char *save)
{
    uint8_t tables[256];
    size_t n_tables = 0;
    uint64_t cookie, mask;

    if (!ovs_scan(ours, "%" SCNi64 "/%" SCNi64, &cookie, &mask)) {
        answer("error: bad cookie");
        return;
    }
    for (const char *table = strtok_r(NULL, " ", &save); table && n_tables < ARRAY_SIZE(tables);
         table = strtok_r(NULL, " ", &save)) {
        tables[n_tables++] = atoi(table);
    }
    switch_set_sharing(d->session, cookie, mask, tables, n_tables);
    answer("ok");
}

static void
cmd_lease(struct driver *d, const char *flow)
{
    enum ofputil_protocol usable;
    struct ofputil_flow_mod fm;

    if (!flow) {
        switch_set_lease(d->session, NULL);
        answer("ok");
        return;
    }
    char *error = parse_ofp_str(&fm, OFPFC_ADD, flow, NULL, NULL, &usable);
    if (error) {
        printf("error: %s\n", error);
        fflush(stdout);
        free(error);
        return;
    }

    struct match match;
    minimatch_expand(&fm.match, &match);
    const struct lease lease = {
        .table = fm.table_id,
        .priority = fm.priority,
        .match = &match,
        .ofpacts = fm.ofpacts,
        .ofpacts_len = fm.ofpacts_len,
        .seconds = fm.hard_timeout,
    };
    switch_set_lease(d->session, &lease);
    switch_set_lease(d->session, &lease); /* Changes nothing. */
    free(CONST_CAST(struct ofpact *, fm.ofpacts));
    minimatch_destroy(&fm.match);
    answer("ok");
}

static void
driver_command(struct driver *d, char *line)
{
    char *save = NULL;
    const char *cmd = strtok_r(line, " ", &save);
    const char *arg = cmd ? strtok_r(NULL, " ", &save) : NULL;

    d->waiting_since = time_msec();
    if (!cmd) {
        answer("error: empty command");
    } else if (!strcmp(cmd, "add") && arg) {
        cmd_add(d, arg, save, false);
    } else if (!strcmp(cmd, "join") && arg) {
        cmd_add(d, arg, save, true);
    } else if (!strcmp(cmd, "del") && arg) {
        struct wish *wish = shash_find_and_delete(&d->wishes, arg);
        if (wish) {
            wish_destroy(d, wish);
            d->seqno++;
        }
        answer(wish ? "ok" : "error: no such flow");
    } else if (!strcmp(cmd, "fill") && arg) {
        cmd_fill(d, strtoul(arg, NULL, 10));
    } else if (!strcmp(cmd, "empty")) {
        empty(d);
        d->seqno++;
        answer("ok");
    } else if (!strcmp(cmd, "write") && arg) {
        d->may_write = !strcmp(arg, "on");
        answer("ok");
    } else if (!strcmp(cmd, "bridge")) {
        switch_set_bridge(d->session, arg);
        answer("ok");
    } else if (!strcmp(cmd, "sharing") && arg) {
        cmd_sharing(d, arg, save);
    } else if (!strcmp(cmd, "lease")) {
        cmd_lease(d, arg);
    } else if (!strcmp(cmd, "sync")) {
        d->waiting_for_sync = true;
    } else if (!strcmp(cmd, "connected")) {
        d->waiting_for_connection = true;
    } else if (!strcmp(cmd, "status")) {
        struct ds ds = DS_EMPTY_INITIALIZER;
        switch_format_status(d->session, &ds);
        answer_ds(&ds);
    } else if (!strcmp(cmd, "ports")) {
        struct ds ds = DS_EMPTY_INITIALIZER;
        const struct simap_node *node;
        SIMAP_FOR_EACH(node, switch_new_ports(d->session))
        {
            ds_put_format(&ds, "%s: %u\n", node->name, node->data);
        }
        answer_ds(&ds);
    } else if (!strcmp(cmd, "diff")) {
        cmd_diff(d);
    } else if (!strcmp(cmd, "packet-ins")) {
        answer_ds(&d->packet_ins);
        ds_init(&d->packet_ins);
    } else if (!strcmp(cmd, "inject") && arg) {
        cmd_inject(d, arg, save);
    } else if (!strcmp(cmd, "exit")) {
        d->exiting = true;
        answer("ok");
    } else {
        answer("error: unknown command");
    }
}

/* --- The loop ------------------------------------------------------------ */

static void
driver_read_commands(struct driver *d)
{
    char chunk[4096];
    ssize_t n;

    while ((n = read(d->fd, chunk, sizeof chunk)) > 0) {
        ds_put_buffer(&d->input, chunk, n);
    }
    if (n == 0) {
        d->exiting = true;
    }

    while (!d->waiting_for_sync && !d->waiting_for_connection) {
        char *end = memchr(ds_cstr(&d->input), '\n', d->input.length);
        if (!end) {
            break;
        }
        size_t len = end - d->input.string;
        char *line = xmemdup0(d->input.string, len);
        memmove(d->input.string, end + 1, d->input.length - len - 1);
        ds_truncate(&d->input, d->input.length - len - 1);
        driver_command(d, line);
        free(line);
    }
}

static void
driver_packet_in(const struct packet_in *pin, void *d_)
{
    struct driver *d = d_;
    struct ds *ds = &d->packet_ins;

    ds_put_format(ds, "cookie=%#" PRIx64 " len=%" PRIuSIZE " userdata=", pin->cookie, pin->len);
    for (size_t i = 0; i < pin->userdata_len; i++) {
        ds_put_format(ds, "%02x", ((const uint8_t *) pin->userdata)[i]);
    }
    ds_put_cstr(ds, " metadata=");
    match_format(pin->metadata, NULL, ds, OFP_DEFAULT_PRIORITY);
    ds_put_cstr(ds, " packet=");
    for (size_t i = 0; i < pin->len; i++) {
        ds_put_format(ds, "%02x", ((const uint8_t *) pin->packet)[i]);
    }
    ds_put_char(ds, '\n');
}

static void
driver_report(struct driver *d)
{
    if (d->waiting_for_sync && d->may_write && switch_confirmed(d->session) >= d->seqno) {
        d->waiting_for_sync = false;
        printf("in %lld ms\n", time_msec() - d->waiting_since);
        answer("ok");
        poll_immediate_wake();
    }
    if (d->waiting_for_connection && switch_is_connected(d->session)) {
        d->waiting_for_connection = false;
        printf("in %lld ms\n", time_msec() - d->waiting_since);
        answer("ok");
        poll_immediate_wake();
    }
}

static void
driver_loop(struct driver *d)
{
    struct flow_table *ft = engine_flows(d->engine);

    xset_nonblocking(d->fd);
    for (;;) {
        driver_read_commands(d);
        if (d->exiting) {
            break;
        }
        engine_run(d->engine);
        switch_receive(d->session, ft);
        switch_run(d->session, ft, d->seqno, d->may_write);
        driver_report(d);
        unixctl_server_run(d->unixctl);

        unixctl_server_wait(d->unixctl);
        switch_wait(d->session, ft, d->may_write);
        poll_fd_wait(d->fd, POLLIN);
        poll_block();
    }
}

int
main(int argc, char *argv[])
{
    static const struct option options[] = {
        {"clock", no_argument, NULL, 'w'},         {"hold", no_argument, NULL, 'h'},
        {"mask", required_argument, NULL, 'c'},    {"meter", required_argument, NULL, 'm'},
        {"verbose", optional_argument, NULL, 'v'}, {NULL, 0, NULL, 0},
    };
    struct driver d = {.seqno = 1, .may_write = true};
    uint64_t cookie = COOKIE_BITS, mask = COOKIE_MASK;
    struct meter meters[8];
    size_t n_meters = 0;
    int c;

    set_program_name(argv[0]);
    fatal_ignore_sigpipe(); /* The switch may go away at any time. */
    vlog_set_levels(NULL, VLF_SYSLOG, VLL_OFF);
    while ((c = getopt_long(argc, argv, "v::", options, NULL)) != -1) {
        if (c == 'w') {
            int error = unixctl_server_create(NULL, &d.unixctl);

            if (error) {
                ovs_fatal(error, "no control socket");
            }
            timeval_dummy_register();
        } else if (c == 'h') {
            d.may_write = false;
        } else if (c == 'c') {
            ovs_scan(optarg, "%" SCNi64 "/%" SCNi64, &cookie, &mask);
        } else if (c == 'm' && n_meters < ARRAY_SIZE(meters)) {
            struct meter *m = &meters[n_meters++];
            ovs_scan(optarg, "%" SCNi32 ",%" SCNi32 ",%" SCNi32, &m->id, &m->rate, &m->burst);
        } else if (c == 'v') {
            vlog_set_verbosity(optarg);
        } else {
            ovs_fatal(0, "bad option");
        }
    }

    shash_init(&d.wishes);
    ds_init(&d.packet_ins);
    ds_init(&d.input);
    d.fd = dup(STDIN_FILENO);
    d.engine = engine_create(rules, ARRAY_SIZE(rules), kinds, ARRAY_SIZE(kinds), NULL);
    d.session = switch_create(meters, n_meters, cookie, mask, driver_packet_in, &d);
    switch_set_bridge(d.session, argv[optind]);

    driver_loop(&d);

    unixctl_server_destroy(d.unixctl);
    switch_destroy(d.session);
    empty(&d);
    struct shash_node *node;
    SHASH_FOR_EACH_SAFE (node, &d.wishes) {
        wish_destroy(&d, node->data);
        shash_delete(&d.wishes, node);
    }
    shash_destroy(&d.wishes);
    engine_run(d.engine);
    engine_destroy(d.engine);
    ds_destroy(&d.packet_ins);
    ds_destroy(&d.input);
    close(d.fd);
    return 0;
}
