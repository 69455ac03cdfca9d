/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/switch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dirs.h"
#include "flow/flow-table.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/rconn.h"
#include "openvswitch/vconn.h"
#include "openvswitch/vlog.h"
#include "switch/cork.h"
#include "svec.h"
#include "switch/session.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofsession);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

#define VERSIONS (1u << OFP13_VERSION | 1u << OFP14_VERSION | 1u << OFP15_VERSION)

/* Waiting time after failures to connect, in ms. */
#define MIN_BACKOFF 50
#define MAX_BACKOFF 1000

/* What a switch must answer within; 100,000 flows take it a second. */
#define REPLY_MS 30000

/* Messages handled in one go, so that a flood of packets leaves time for the rest. */
#define MAX_MESSAGES 200

static const char *
state_name(enum session_state state)
{
    switch (state) {
    case S_IDLE:
        return "idle";
    case S_CONNECTING:
        return "connecting";
    case S_SETUP:
        return "setup";
    case S_READING:
        return "reading";
    case S_SYNCED:
        return "synced";
    case S_SENDING:
        return "sending";
    default:
        OVS_NOT_REACHED();
    }
}

struct ofsession *
switch_create(const struct meter *meters, size_t n_meters, uint64_t cookie, uint64_t cookie_mask,
              packet_in_cb *cb, void *aux)
{
    struct ofsession *s = xzalloc(sizeof *s);

    s->rconn = rconn_create(0, 0, 0, VERSIONS);
    s->queued_flows = rconn_packet_counter_create();
    s->queued_packets = rconn_packet_counter_create();
    s->meters = meters;
    s->n_meters = n_meters;
    s->cookie = cookie;
    s->cookie_mask = cookie_mask;
    s->packet_in = cb;
    s->aux = aux;
    s->backoff = MIN_BACKOFF;
    hmap_init(&s->rejected);
    simap_init(&s->new_ports);
    lease_init(s);
    return s;
}

void
switch_destroy(struct ofsession *s)
{
    if (s) {
        session_end(s);
        lease_destroy(s);
        hmap_destroy(&s->rejected);
        simap_destroy(&s->new_ports);
        free(s->bundle.sent);
        rconn_destroy(s->rconn);
        rconn_packet_counter_destroy(s->queued_flows);
        rconn_packet_counter_destroy(s->queued_packets);
        free(s->bridge);
        free(s);
    }
}

void
switch_set_bridge(struct ofsession *s, const char *bridge)
{
    if (nullable_string_is_equal(s->bridge, bridge)) {
        return;
    }
    rconn_disconnect(s->rconn);
    session_end(s);
    free(s->bridge);
    s->bridge = nullable_xstrdup(bridge);
    s->dial_at = LLONG_MIN;
    s->backoff = MIN_BACKOFF;
    s->outage_logged = false;
    session_set_state(s, bridge ? S_CONNECTING : S_IDLE);
}

/* --- The connection ----------------------------------------------------- */

uint32_t
session_new_xid(struct ofsession *s)
{
    return s->next_xid++;
}

void
session_set_state(struct ofsession *s, enum session_state state)
{
    if (s->state != state) {
        VLOG_DBG("%s: %s -> %s", s->bridge ? s->bridge : "(none)", state_name(s->state),
                 state_name(state));
        s->state = state;
    }
}

bool
session_is_ours(const struct ofsession *s, uint64_t cookie)
{
    return !((cookie ^ s->cookie) & s->cookie_mask);
}

void
session_send(struct ofsession *s, struct ofpbuf *msg)
{
    rconn_send(s->rconn, msg, NULL);
}

void
session_expect_reply(struct ofsession *s)
{
    s->reply_due = time_msec() + REPLY_MS;
}

static bool
session_expects_reply(const struct ofsession *s)
{
    return (s->state == S_SETUP || (s->state == S_READING && s->read_asked)
            || (s->state == S_SENDING && s->bundle.closed));
}

void
session_confirm(struct ofsession *s, uint64_t seqno)
{
    s->confirmed = watch_is_settled(s) ? seqno : 0;
}

void
session_give_up(struct ofsession *s, const char *reason)
{
    VLOG_WARN_RL(&rl, "%s: dropping the connection: %s", s->bridge, reason);
    s->give_up = true;
}

void
session_begin(struct ofsession *s, enum ofp_version version)
{
    s->version = version;
    s->protocol = ofputil_protocol_from_ofp_version(version);
    s->stats.connections++;

    /* Far from the transaction ids that the library gives to messages whose
     * answers nobody waits for. */
    s->next_xid = 1u << 31;
    session_set_state(s, S_SETUP);
    watch_begin(s);
    setup_start(s);
    session_expect_reply(s);
}

void
session_end(struct ofsession *s)
{
    if (s->state > S_CONNECTING) {
        session_set_state(s, S_CONNECTING);
    }
    s->disconnected_at = time_msec();
    bundle_reset(&s->bundle);
    rejected_clear(s); /* Another switch may think otherwise. */
    lease_disconnected(s);
    ports_forget(s);
    s->failed_commits = s->unexplained = 0;
    s->read_asked = false;
    s->give_up = false;
    s->confirmed = 0;
}

/* Tries to connect.  rconn could do so by itself, but waits at least a second
 * and reports every failure. */
static void
session_dial(struct ofsession *s)
{
    long long int now = time_msec();
    struct vconn *vconn;

    if (now < s->dial_at) {
        return;
    }
    s->dial_at = now + s->backoff;
    s->backoff = MIN(2 * s->backoff, MAX_BACKOFF);

    char *target = xasprintf("unix:%s/%s.mgmt", ovs_rundir(), s->bridge);
    int error = corked_vconn_open(target, VERSIONS, &vconn);
    if (!error) {
        rconn_connect_unreliably(s->rconn, vconn, s->bridge);
    } else if (!s->outage_logged) {
        s->outage_logged = true;
        VLOG_INFO("%s: cannot connect to %s (%s), will go on trying", s->bridge, target,
                  ovs_strerror(error));
    }
    free(target);
}

/* Sees to the connection.  Returns true if there is one. */
static bool
session_connect(struct ofsession *s)
{
    if (s->give_up) {
        rconn_disconnect(s->rconn);
        s->dial_at = time_msec() + MAX_BACKOFF;
    }
    rconn_run(s->rconn);
    if (s->state > S_CONNECTING && !rconn_is_connected(s->rconn)) {
        VLOG_INFO("%s: connection lost", s->bridge);
        session_end(s);
    }
    if (!rconn_is_alive(s->rconn)) {
        session_dial(s);
        rconn_run(s->rconn);
    }
    if (!rconn_is_connected(s->rconn)) {
        return false;
    }
    if (s->state == S_CONNECTING) {
        VLOG_INFO("%s: connected, OpenFlow version 0x%02x", s->bridge, rconn_get_version(s->rconn));
        s->backoff = MIN_BACKOFF;
        s->outage_logged = false;
        session_begin(s, rconn_get_version(s->rconn));
    }
    return true;
}

/* --- What arrives ------------------------------------------------------- */

static void
handle_error(struct ofsession *s, const struct ofp_header *oh)
{
    uint32_t xid = ntohl(oh->xid);
    enum ofperr error = ofperr_decode_msg(oh, NULL);

    if (setup_handle_meter_exists(s, xid, error)) {
        return;
    }
    s->stats.errors++;
    if (!error) {
        /* Its meaning is unknown, but not that something was refused. */
        error = OFPERR_OFPBRC_BAD_TYPE;
    }
    if (s->state == S_READING && s->read_asked && xid == s->read_xid) {
        VLOG_WARN_RL(&rl, "%s: cannot read flows (%s)", s->bridge, ofperr_to_string(error));
        read_later(s, time_msec() + 1000);
    } else if (!watch_handle_error(s, xid, error) && !setup_handle_error(s, xid, error)
               && !lease_handle_error(s, xid, error) && !bundle_handle_error(s, xid, error)) {
        VLOG_INFO_RL(&rl, "%s: the switch reports %s", s->bridge, ofperr_to_string(error));
    }
}

static void
handle_barrier(struct ofsession *s, const struct ofp_header *oh)
{
    uint32_t xid = ntohl(oh->xid);

    if (s->state == S_SETUP && xid == s->setup_barrier_xid) {
        read_later(s, LLONG_MIN);
    } else if (s->state == S_SENDING && s->bundle.closed && xid == s->bundle.barrier_xid) {
        bundle_handle_barrier(s);
    }
}

void
session_receive(struct ofsession *s, struct flow_table *ft, const void *msg, size_t len)
{
    const struct ofp_header *oh = msg;
    enum ofptype type;

    if (len < sizeof *oh || ntohs(oh->length) != len || oh->version != s->version
        || ofptype_decode(&type, oh)) {
        s->stats.malformed++;
        VLOG_DBG_RL(&rl, "%s: ignoring a malformed message", s->bridge);
        return;
    }

    switch ((int) type) {
    case OFPTYPE_ECHO_REQUEST:
        session_send(s, ofputil_encode_echo_reply(oh));
        break;
    case OFPTYPE_ERROR:
        handle_error(s, oh);
        break;
    case OFPTYPE_BARRIER_REPLY:
        handle_barrier(s, oh);
        break;
    case OFPTYPE_FLOW_STATS_REPLY:
        read_handle_reply(s, ft, oh);
        break;
    case OFPTYPE_FLOW_MONITOR_STATS_REPLY:
        watch_handle_update(s, oh);
        break;
    case OFPTYPE_FLOW_MONITOR_PAUSED:
    case OFPTYPE_FLOW_MONITOR_RESUMED:
        watch_handle_pause(s);
        break;
    case OFPTYPE_TABLE_STATS_REPLY:
        watch_handle_tables(s, ft, oh);
        break;
    case OFPTYPE_METER_CONFIG_STATS_REPLY:
        watch_handle_meters(s, oh);
        break;
    case OFPTYPE_FLOW_REMOVED:
        removed_handle(s, ft, oh);
        break;
    case OFPTYPE_PORT_STATUS:
        ports_handle_status(s, oh);
        break;
    case OFPTYPE_BUNDLE_CONTROL:
        bundle_handle_control(s, oh);
        break;
    case OFPTYPE_PACKET_IN:
        packet_in_handle(s, oh);
        break;
    default:
        break; /* Nothing that we asked for. */
    }
}

/* --- The main loop's view ----------------------------------------------- */

void
session_work(struct ofsession *s, struct flow_table *ft, uint64_t seqno, bool may_write)
{
    s->may_write = may_write;
    if (may_write) {
        watch_run(s, ft);
    }
    if (s->state == S_READING && !s->read_asked && time_msec() >= s->read_at) {
        read_start(s, ft);
    }
    if (s->state == S_SYNCED && may_write) {
        if (!ft->n_dirty) {
            session_confirm(s, seqno);
        } else if (!repair_is_all(ft) || time_msec() >= s->repair.at) {
            session_set_state(s, S_SENDING);
        }
    }
    lease_run(s, seqno, may_write);
    if (s->state == S_SENDING) {
        if (may_write) {
            bundle_feed(s, ft, seqno);
        } else if (!s->bundle.closed) {
            bundle_discard(s, "the desired flows are not complete any more");
        }
    }
    if (session_expects_reply(s) && time_msec() >= s->reply_due) {
        session_give_up(s, "it does not answer");
    }
}

bool
switch_receive(struct ofsession *s, struct flow_table *desired)
{
    int n = 0;

    if (s->state == S_IDLE || !session_connect(s)) {
        return false;
    }

    for (; n < MAX_MESSAGES && !s->give_up; n++) {
        struct ofpbuf *msg = rconn_recv(s->rconn);
        if (!msg) {
            break;
        }
        session_receive(s, desired, msg->data, msg->size);
        ofpbuf_delete(msg);
    }
    if (s->give_up || !rconn_is_connected(s->rconn)) {
        poll_immediate_wake();
    }
    return n > 0;
}

void
switch_run(struct ofsession *s, struct flow_table *desired, uint64_t seqno, bool may_write)
{
    if (s->state > S_CONNECTING && !s->give_up && rconn_is_connected(s->rconn)) {
        session_work(s, desired, seqno, may_write);
        rconn_run(s->rconn); /* Sends it. */
    }
}

void
switch_wait(struct ofsession *s, const struct flow_table *desired, bool may_write)
{
    if (s->state == S_IDLE) {
        return;
    }

    rconn_run_wait(s->rconn);
    rconn_recv_wait(s->rconn);
    lease_wait(s, may_write);
    if (may_write) {
        watch_wait(s, desired);
    }
    if (session_expects_reply(s)) {
        poll_timer_wait_until(s->reply_due);
    }
    if (s->give_up) {
        poll_immediate_wake();
    } else if (!rconn_is_alive(s->rconn)) {
        poll_timer_wait_until(s->dial_at);
    } else if (s->state == S_READING && !s->read_asked) {
        poll_timer_wait_until(s->read_at);
    } else if (s->state == S_SYNCED && may_write && desired->n_dirty) {
        poll_timer_wait_until(repair_is_all(desired) ? s->repair.at : LLONG_MIN);
    } else if (s->state == S_SENDING && !s->bundle.closed && !bundle_is_backlogged(s)) {
        poll_immediate_wake();
    }
}

uint64_t
switch_confirmed(const struct ofsession *s)
{
    return s->confirmed;
}

bool
switch_is_connected(const struct ofsession *s)
{
    return s->state == S_SYNCED || s->state == S_SENDING;
}

void
switch_get_stats(const struct ofsession *s, struct session_stats *stats)
{
    *stats = s->stats;
}

size_t
switch_count_rejected(const struct ofsession *s)
{
    return hmap_count(&s->rejected);
}

bool
switch_has_meters(const struct ofsession *s)
{
    return s->state > S_CONNECTING && s->has_meters;
}

/* A connection that is made anew takes less. */
#define OUTAGE_MSEC 1000

void
switch_problems(const struct ofsession *s, struct svec *problems)
{
    if (s->state == S_CONNECTING && time_msec() - s->disconnected_at > OUTAGE_MSEC) {
        svec_add_nocopy(problems, xasprintf("bridge %s: no connection to the switch, so flows stay "
                                            "as they are; is ovs-vswitchd running?",
                                            s->bridge));
    }
    if (hmap_count(&s->rejected)) {
        svec_add_nocopy(problems, xasprintf("bridge %s: the switch refuses %" PRIuSIZE
                                            " flows; the log says which and why",
                                            s->bridge, hmap_count(&s->rejected)));
    }
    watch_problems(s, problems);
}

void
switch_format_status(const struct ofsession *s, struct ds *ds)
{
    const struct session_stats *st = &s->stats;

    ds_put_format(ds, "bridge: %s\n", s->bridge ? s->bridge : "(none)");
    ds_put_format(ds, "state: %s\n", state_name(s->state));
    if (s->state > S_CONNECTING) {
        ds_put_format(ds, "openflow version: 0x%02x\n", s->version);
        ds_put_format(ds, "meters: %s\n", s->has_meters ? "yes" : "no");
    }
    ds_put_format(ds, "confirmed: %" PRIu64 "\n", s->confirmed);
    ds_put_format(ds, "flows set aside: %zu\n", hmap_count(&s->rejected));
    ds_put_format(ds, "connections: %" PRIu64 "\n", st->connections);
    ds_put_format(ds, "flows read: %" PRIu64 "\n", st->flows_read);
    ds_put_format(ds, "bundles sent: %" PRIu64 "\n", st->bundles);
    ds_put_format(ds, "largest bundle: %" PRIu64 " flow mods in %" PRIu64 " ms\n",
                  st->largest_bundle, st->largest_bundle_ms);
    ds_put_format(ds, "bundles failed: %" PRIu64 "\n", st->bundles_failed);
    ds_put_format(ds, "flow mods sent: %" PRIu64 "\n", st->flow_mods);
    ds_put_format(ds, "flow mods refused: %" PRIu64 "\n", st->flows_rejected);
    ds_put_format(ds, "errors received: %" PRIu64 "\n", st->errors);
    ds_put_format(ds, "malformed messages: %" PRIu64 "\n", st->malformed);
    ds_put_format(ds, "flows put back: %" PRIu64 "\n", st->flows_put_back);
    ds_put_format(ds, "changes by others: %" PRIu64 "\n", st->meddlings);
    lease_format_status(s, ds);
    ds_put_format(ds, "packet-ins: %" PRIu64 "\n", st->packet_ins);
    ds_put_format(ds, "packet-outs: %" PRIu64 "\n", st->packet_outs);
    ds_put_format(ds, "packet-outs dropped: %" PRIu64 "\n", st->packet_outs_dropped);
}
