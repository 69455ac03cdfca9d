/* SPDX-License-Identifier: Apache-2.0 */

/* The floor of plugging a local port: a controller that does nothing else.
 *
 *     plug-floor OVS-DATABASE NB-DATABASE SWITCH CHASSIS FLOWS PORT
 *
 * does for each interface that is plugged what no controller can do without, in the same
 * order and by the same library as df-controller: it reads the interface's iface-id from the
 * local database and its number from the switch, sends the flows in one atomic bundle, and
 * when the switch has confirmed them by a barrier, tells the NB database that the port is up
 * on CHASSIS.  It computes nothing: FLOWS, a file, has the flows of OpenFlow port PORT, a
 * number, as "ovs-ofctl dump-flows --no-stats" prints them; they are parsed beforehand, and
 * only numbers and addresses in them are replaced.  It reads nothing that it does not need for
 * this, keeps nothing up to date, serves no client, and ends if anything goes wrong.  It
 * prints "ready" when it is. */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "lib/vswitch-idl.h"
#include "nb/dragonflow-idl.h"
#include "of-bundle.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "ovsdb-idl-provider.h"
#include "simap.h"
#include "stream.h"
#include "util.h"
#include "uuid.h"

struct floor {
    struct ovsdb_idl *local, *nb;
    unsigned int local_seqno, nb_seqno;
    struct ovsdb_idl_txn *txn; /* In flight, or NULL. */
    const char *chassis;

    struct stream *stream;
    struct ofpbuf in, out;
    struct ofputil_flow_mod *fms;
    size_t n_fms;
    ofp_port_t template; /* The port in 'fms'. */
    uint32_t serial;     /* Makes addresses differ. */

    struct shash plugged; /* Interface name to iface-id, of those without flows. */
    struct simap ofports; /* Interface name to number, the same. */
    struct shash rows;    /* Name of a logical port to its UUID. */
    char *waiting;        /* The iface-id with flows that have been sent. */
    bool ready;           /* Both databases have been read: what comes now is news. */
};

/* --- Flows --------------------------------------------------------------- */

/* Puts 'port' in the place of the template's, and makes addresses that no other port
 * has. */
static void
adapt(struct floor *f, struct ofputil_flow_mod *fm, ofp_port_t port)
{
    struct ofpact *a;
    struct match match;

    minimatch_expand(&fm->match, &match);
    if (match.wc.masks.in_port.ofp_port) {
        match.flow.in_port.ofp_port = port;
    }
    if (match.wc.masks.regs[7]) {
        match.flow.regs[7] = ofp_to_u16(port);
    }
    if (match.wc.masks.regs[1]) {
        match.flow.regs[1] = f->serial;
    }
    if (!eth_addr_is_zero(match.wc.masks.dl_dst)) {
        match.flow.dl_dst.be16[2] = htons(f->serial);
    }
    minimatch_destroy(&fm->match);
    minimatch_init(&fm->match, &match);

    OFPACT_FOR_EACH (a, CONST_CAST(struct ofpact *, fm->ofpacts), fm->ofpacts_len) {
        if (a->type == OFPACT_OUTPUT && ofpact_get_OUTPUT(a)->port == f->template) {
            ofpact_get_OUTPUT(a)->port = port;
        }
    }
}

static void
send_flows(struct floor *f, const char *iface_id, ofp_port_t port)
{
    f->serial++;
    for (size_t i = 0; i < f->n_fms; i++) {
        adapt(f, &f->fms[i], port);
    }
    f->template = port;
    of_put_bundle(&f->out, f->fms, f->n_fms);
    of_put_barrier(&f->out);
    of_send(f->stream, &f->out);
    f->waiting = xstrdup(iface_id);
}

/* Sends the flows of interface 'name' once all is known that it takes. */
static void
consider(struct floor *f, const char *name)
{
    struct shash_node *node = shash_find(&f->plugged, name);
    unsigned int port = simap_get(&f->ofports, name);

    if (node && port) {
        send_flows(f, node->data, u16_to_ofp(port));
        free(node->data);
        shash_delete(&f->plugged, node);
        simap_find_and_delete(&f->ofports, name);
    }
}

/* --- The NB database ----------------------------------------------------- */

static void
write_only(const struct ovsdb_idl_row *row, const struct ovsdb_idl_column *column, bool on)
{
    row->table->modes[column - row->table->class_->columns] = on ? OVSDB_IDL_MONITOR : 0;
}

static void
run_txn(struct floor *f)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(f->txn);

    if (status == TXN_INCOMPLETE) {
        return;
    } else if (status != TXN_SUCCESS && status != TXN_UNCHANGED) {
        ovs_fatal(0, "the NB database: %s", ovsdb_idl_txn_status_to_string(status));
    }
    ovsdb_idl_txn_destroy(f->txn);
    f->txn = NULL;
}

static void
claim(struct floor *f)
{
    const struct uuid *uuid = shash_find_data(&f->rows, f->waiting);
    const struct nbrec_port *row = uuid ? nbrec_port_get_for_uuid(f->nb, uuid) : NULL;
    const struct nbrec_chassis *chassis;
    bool up = true;

    free(f->waiting);
    f->waiting = NULL;
    if (!row) {
        return; /* An interface that is no port's. */
    }
    NBREC_CHASSIS_FOR_EACH (chassis, f->nb) {
        if (!strcmp(chassis->name, f->chassis)) {
            break;
        }
    }
    f->txn = ovsdb_idl_txn_create(f->nb);
    write_only(&row->header_, &nbrec_port_col_chassis, true);
    write_only(&row->header_, &nbrec_port_col_up, true);
    nbrec_port_set_chassis(row, chassis);
    nbrec_port_set_up(row, &up, 1);
    write_only(&row->header_, &nbrec_port_col_chassis, false);
    write_only(&row->header_, &nbrec_port_col_up, false);
    run_txn(f);
}

static void
run_nb(struct floor *f)
{
    const struct nbrec_port *row;

    ovsdb_idl_run(f->nb);
    if (ovsdb_idl_get_seqno(f->nb) != f->nb_seqno) {
        f->nb_seqno = ovsdb_idl_get_seqno(f->nb);
        NBREC_PORT_FOR_EACH_TRACKED (row, f->nb) {
            if (nbrec_port_is_new(row)) {
                free(shash_replace(&f->rows, row->name,
                                   xmemdup(&row->header_.uuid, sizeof(struct uuid))));
            }
        }
        ovsdb_idl_track_clear(f->nb);
    }
    if (f->txn) {
        run_txn(f);
    }
}

/* --- The switch and its database ----------------------------------------- */

static void
handle_message(enum ofptype type, const struct ofp_header *oh, void *f_)
{
    struct floor *f = f_;
    struct ofputil_port_status ps;

    if (type == OFPTYPE_ECHO_REQUEST) {
        struct ofpbuf *reply = ofputil_encode_echo_reply(oh);

        ofpbuf_put(&f->out, reply->data, reply->size);
        ofpbuf_delete(reply);
        of_send(f->stream, &f->out);
    } else if (type == OFPTYPE_PORT_STATUS && !ofputil_decode_port_status(oh, &ps)
               && ps.reason == OFPPR_ADD) {
        simap_put(&f->ofports, ps.desc.name, ofp_to_u16(ps.desc.port_no));
        consider(f, ps.desc.name);
    } else if (f->waiting && type == OFPTYPE_BARRIER_REPLY) {
        claim(f);
    }
}

static void
run_local(struct floor *f)
{
    const struct ovsrec_interface *iface;

    ovsdb_idl_run(f->local);
    if (ovsdb_idl_get_seqno(f->local) == f->local_seqno) {
        return;
    }

    f->local_seqno = ovsdb_idl_get_seqno(f->local);
    OVSREC_INTERFACE_FOR_EACH_TRACKED (iface, f->local) {
        const char *iface_id = smap_get(&iface->external_ids, "iface-id");

        if (f->ready && iface_id && ovsrec_interface_is_new(iface)) {
            free(shash_replace(&f->plugged, iface->name, xstrdup(iface_id)));
            consider(f, iface->name);
        }
    }
    ovsdb_idl_track_clear(f->local);
}

/* Says so once, when everything has been read. */
static void
tell_ready(struct floor *f)
{
    if (!f->ready && f->local_seqno && f->nb_seqno && ovsdb_idl_has_ever_connected(f->local)
        && ovsdb_idl_has_ever_connected(f->nb)) {
        f->ready = true;
        puts("ready");
        fflush(stdout);
    }
}

static void
read_flows(struct floor *f, const char *file, ofp_port_t port)
{
    enum ofputil_protocol usable;
    char *error = parse_ofp_flow_mod_file(file, NULL, NULL, OFPFC_ADD, &f->fms, &f->n_fms, &usable);

    if (error) {
        ovs_fatal(0, "%s: %s", file, error);
    }
    f->template = port;
}

static void
connect_all(struct floor *f, char *argv[])
{
    static const struct ovsdb_idl_column *const columns[] = {
        &ovsrec_interface_col_name,
        &ovsrec_interface_col_external_ids,
    };
    int error = stream_open_block(stream_open(argv[3], &f->stream, 0), -1, &f->stream);

    if (error) {
        ovs_fatal(error, "%s", argv[3]);
    }
    of_put_hello(&f->out);
    of_put_config(&f->out);
    of_send(f->stream, &f->out);

    f->local = ovsdb_idl_create(argv[1], &ovsrec_idl_class, false, true);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_track_add_column(f->local, columns[i]);
    }
    f->nb = ovsdb_idl_create(argv[2], &nbrec_idl_class, false, true);
    ovsdb_idl_track_add_column(f->nb, &nbrec_port_col_name);
    ovsdb_idl_add_column(f->nb, &nbrec_chassis_col_name);
}

int
main(int argc, char *argv[])
{
    struct floor f = {.chassis = NULL};

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    if (argc != 7) {
        ovs_fatal(0, "usage: %s OVS-DATABASE NB-DATABASE SWITCH CHASSIS FLOWS PORT", program_name);
    }

    ofpbuf_init(&f.in, 65536);
    ofpbuf_init(&f.out, 65536);
    shash_init(&f.plugged);
    simap_init(&f.ofports);
    shash_init(&f.rows);
    f.chassis = argv[4];
    read_flows(&f, argv[5], u16_to_ofp(atoi(argv[6])));
    connect_all(&f, argv);
    for (;;) {
        stream_run(f.stream);
        of_receive(f.stream, &f.in, handle_message, &f);
        run_local(&f);
        run_nb(&f);
        tell_ready(&f);

        stream_run_wait(f.stream);
        stream_recv_wait(f.stream);
        ovsdb_idl_wait(f.local);
        ovsdb_idl_wait(f.nb);
        if (f.txn) {
            ovsdb_idl_txn_wait(f.txn);
        }
        poll_block();
    }
}
