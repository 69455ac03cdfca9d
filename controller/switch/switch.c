/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/switch.h"

#include <inttypes.h>
#include <stdlib.h>

#include "flow/flow-table.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/rconn.h"
#include "openvswitch/vlog.h"
#include "switch/private.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofswitch);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

/* Messages handled in one go, so that a flood of packets leaves time for the rest. */
#define MAX_MESSAGES 200

struct ofsession *
switch_create(const struct meter *meters, size_t n_meters, uint64_t cookie, uint64_t cookie_mask,
              packet_in_cb *cb, void *aux)
{
    struct ofsession *sw = xzalloc(sizeof *sw);

    session_init(&sw->session, cookie, cookie_mask);
    ports_init(&sw->ports, &sw->session);
    packets_init(&sw->packets, &sw->session, cb, aux);
    rejected_init(&sw->rejected, &sw->session);
    setup_init(&sw->setup, &sw->session, meters, n_meters);
    lease_init(&sw->lease, &sw->session);
    sharing_init(&sw->sharing, &sw->session, &sw->lease);
    watch_init(&sw->watch, &sw->session, &sw->setup, &sw->rejected);
    reading_init(&sw->reading, &sw->session, &sw->sharing, &sw->lease);
    bundle_init(&sw->bundle, &sw->session, &sw->setup, &sw->sharing, &sw->rejected, &sw->reading);
    return sw;
}

/* Forgets what belongs to the connection. */
static void
end(struct ofsession *sw)
{
    session_disconnected(&sw->session);
    bundle_disconnected(&sw->bundle);
    rejected_clear(&sw->rejected); /* Another switch may accept them. */
    lease_disconnected(&sw->lease);
    ports_disconnected(&sw->ports);
    reading_disconnected(&sw->reading);
}

void
switch_destroy(struct ofsession *sw)
{
    if (sw) {
        end(sw);
        bundle_destroy(&sw->bundle);
        lease_destroy(&sw->lease);
        rejected_destroy(&sw->rejected);
        packets_destroy(&sw->packets);
        ports_destroy(&sw->ports);
        session_destroy(&sw->session);
        free(sw);
    }
}

/* --- The connection ----------------------------------------------------- */

void
switch_begin(struct ofsession *sw, enum ofp_version version)
{
    session_connected(&sw->session, version);
    watch_connected(&sw->watch);
    setup_start(&sw->setup);
}

void
switch_set_bridge(struct ofsession *sw, const char *bridge)
{
    if (!nullable_string_is_equal(sw->session.bridge, bridge)) {
        rconn_disconnect(sw->session.rconn);
        end(sw);
        session_set_bridge(&sw->session, bridge);
    }
}

/* Sees to the connection.  Returns true if there is one. */
static bool
run_connection(struct ofsession *sw)
{
    if (session_is_lost(&sw->session)) {
        end(sw);
    }
    if (!session_connect(&sw->session)) {
        return false;
    }
    if (sw->session.state == S_CONNECTING) {
        switch_begin(sw, rconn_get_version(sw->session.rconn));
    }
    return true;
}

static bool
expects_reply(const struct ofsession *sw)
{
    return (sw->session.state == S_SETUP || reading_expects_reply(&sw->reading)
            || bundle_expects_reply(&sw->bundle));
}

/* --- What shall be ------------------------------------------------------ */

void
switch_set_sharing(struct ofsession *sw, uint64_t cookie, uint64_t cookie_mask,
                   const uint8_t *tables, size_t n_tables)
{
    bool changed = session_set_ours(&sw->session, cookie, cookie_mask);
    changed |= sharing_set_tables(&sw->sharing, tables, n_tables);

    /* What is known to be installed may not be ours any more, so nothing more is
     * sent before it has been read again. */
    if (changed && sw->session.state >= S_READING) {
        bundle_discard(&sw->bundle, "other flows are ours now");
    }
}

void
switch_set_lease(struct ofsession *sw, const struct lease *lease)
{
    lease_set(&sw->lease, lease);
}

/* --- What arrives ------------------------------------------------------- */

static void
handle_error(struct ofsession *sw, const struct ofp_header *oh)
{
    uint32_t xid = ntohl(oh->xid);
    enum ofperr error = ofperr_decode_msg(oh, NULL);

    if (setup_handle_meter_exists(&sw->setup, xid, error)) {
        return;
    }
    sw->session.stats.errors++;
    if (!error) {
        /* Of an unknown kind, but still a refusal. */
        error = OFPERR_OFPBRC_BAD_TYPE;
    }
    if (!reading_handle_error(&sw->reading, xid, error)
        && !watch_handle_error(&sw->watch, xid, error)
        && !setup_handle_error(&sw->setup, xid, error)
        && !lease_handle_error(&sw->lease, xid, error)
        && !bundle_handle_error(&sw->bundle, xid, error)) {
        VLOG_INFO_RL(&rl, "%s: the switch reports %s", sw->session.bridge, ofperr_to_string(error));
    }
}

static void
handle_barrier(struct ofsession *sw, const struct ofp_header *oh)
{
    uint32_t xid = ntohl(oh->xid);

    if (setup_handle_barrier(&sw->setup, xid)) {
        reading_schedule(&sw->reading, LLONG_MIN);
    } else {
        bundle_handle_barrier(&sw->bundle, xid);
    }
}

static void
handle_flows(struct ofsession *sw, struct flow_table *ft, const struct ofp_header *oh)
{
    if (reading_handle_reply(&sw->reading, ft, oh)) {
        rejected_prune(&sw->rejected, ft);
        watch_read_done(&sw->watch, ft);
    }
}

void
switch_handle(struct ofsession *sw, struct flow_table *ft, const void *msg, size_t len)
{
    struct session *s = &sw->session;
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
        handle_error(sw, oh);
        break;
    case OFPTYPE_BARRIER_REPLY:
        handle_barrier(sw, oh);
        break;
    case OFPTYPE_FLOW_STATS_REPLY:
        handle_flows(sw, ft, oh);
        break;
    case OFPTYPE_FLOW_MONITOR_STATS_REPLY:
        watch_handle_update(&sw->watch, oh);
        break;
    case OFPTYPE_FLOW_MONITOR_PAUSED:
    case OFPTYPE_FLOW_MONITOR_RESUMED:
        watch_handle_pause(&sw->watch);
        break;
    case OFPTYPE_TABLE_STATS_REPLY:
        watch_handle_tables(&sw->watch, ft, oh);
        break;
    case OFPTYPE_METER_CONFIG_STATS_REPLY:
        watch_handle_meters(&sw->watch, oh);
        break;
    case OFPTYPE_FLOW_REMOVED:
        sharing_handle_removed(&sw->sharing, ft, oh);
        break;
    case OFPTYPE_PORT_STATUS:
        ports_handle_status(&sw->ports, oh);
        break;
    case OFPTYPE_BUNDLE_CONTROL:
        bundle_handle_control(&sw->bundle, oh);
        break;
    case OFPTYPE_PACKET_IN:
        packets_handle_in(&sw->packets, oh);
        break;
    default:
        break; /* Nothing that we asked for. */
    }
}

/* --- The main loop's view ----------------------------------------------- */

void
switch_work(struct ofsession *sw, struct flow_table *ft, uint64_t seqno, bool may_write)
{
    struct session *s = &sw->session;

    sw->may_write = may_write;
    if (may_write) {
        watch_run(&sw->watch, ft);
    }
    if (reading_is_due(&sw->reading)) {
        watch_read_started(&sw->watch, ft);
        reading_start(&sw->reading, ft);
    }
    if (s->state == S_SYNCED && may_write) {
        if (!ft->n_dirty) {
            session_confirm(s, seqno);
        } else if (time_msec() >= sharing_send_at(&sw->sharing, ft)) {
            session_set_state(s, S_SENDING);
        }
    }
    lease_run(&sw->lease, seqno, may_write, bundle_is_unexplained(&sw->bundle));
    if (s->state == S_SENDING) {
        if (may_write) {
            bundle_feed(&sw->bundle, ft, seqno);
        } else if (!bundle_expects_reply(&sw->bundle)) {
            bundle_discard(&sw->bundle, "the desired flows are not complete any more");
        }
    }
    if (expects_reply(sw) && session_is_overdue(s)) {
        session_give_up(s, "it does not answer");
    }
}

bool
switch_receive(struct ofsession *sw, struct flow_table *desired)
{
    struct session *s = &sw->session;
    int n = 0;

    if (s->state == S_IDLE || !run_connection(sw)) {
        return false;
    }

    for (; n < MAX_MESSAGES && !s->give_up; n++) {
        struct ofpbuf *msg = rconn_recv(s->rconn);
        if (!msg) {
            break;
        }
        switch_handle(sw, desired, msg->data, msg->size);
        ofpbuf_delete(msg);
    }
    if (s->give_up || !rconn_is_connected(s->rconn)) {
        poll_immediate_wake();
    }
    return n > 0;
}

void
switch_run(struct ofsession *sw, struct flow_table *desired, uint64_t seqno, bool may_write)
{
    struct session *s = &sw->session;

    if (s->state > S_CONNECTING && !s->give_up && rconn_is_connected(s->rconn)) {
        switch_work(sw, desired, seqno, may_write);
        rconn_run(s->rconn); /* Sends it. */
    }
}

void
switch_wait(struct ofsession *sw, const struct flow_table *desired, bool may_write)
{
    struct session *s = &sw->session;

    if (s->state == S_IDLE) {
        return;
    }

    lease_wait(&sw->lease, may_write, bundle_is_unexplained(&sw->bundle));
    if (may_write) {
        watch_wait(&sw->watch, desired);
    }
    if (expects_reply(sw)) {
        poll_timer_wait_until(s->reply_due);
    }
    if (session_wait(s)) {
        reading_wait(&sw->reading);
        bundle_wait(&sw->bundle);
        if (s->state == S_SYNCED && may_write && desired->n_dirty) {
            poll_timer_wait_until(sharing_send_at(&sw->sharing, desired));
        }
    }
}

bool
switch_check(struct ofsession *sw, uint64_t *number)
{
    return switch_is_connected(sw) && sw->may_write && watch_check(&sw->watch, number);
}

enum check_state
switch_check_state(const struct ofsession *sw, uint64_t number, size_t *n_different)
{
    return watch_check_state(&sw->watch, number, n_different);
}

void
switch_packet_out(struct ofsession *sw, const void *packet, size_t len,
                  const struct ofpbuf *actions)
{
    packets_send_out(&sw->packets, packet, len, actions);
}

bool
switch_flush_zone(struct ofsession *sw, uint16_t zone)
{
    return packets_flush_zone(&sw->packets, zone);
}

/* --- How it is doing ---------------------------------------------------- */

uint64_t
switch_confirmed(const struct ofsession *sw)
{
    return sw->session.confirmed;
}

bool
switch_is_connected(const struct ofsession *sw)
{
    return sw->session.state == S_SYNCED || sw->session.state == S_SENDING;
}

const struct simap *
switch_new_ports(const struct ofsession *sw)
{
    return &sw->ports.announced;
}

uint64_t
switch_new_ports_seqno(const struct ofsession *sw)
{
    return sw->ports.seqno;
}

void
switch_get_stats(const struct ofsession *sw, struct session_stats *stats)
{
    *stats = sw->session.stats;
}

size_t
switch_count_rejected(const struct ofsession *sw)
{
    return rejected_count(&sw->rejected);
}

bool
switch_has_meters(const struct ofsession *sw)
{
    return sw->session.state > S_CONNECTING && sw->setup.has_meters;
}

void
switch_problems(const struct ofsession *sw, struct svec *problems)
{
    session_problems(&sw->session, problems);
    rejected_problems(&sw->rejected, problems);
    watch_problems(&sw->watch, problems);
}

void
switch_format_status(const struct ofsession *sw, struct ds *ds)
{
    const struct session *s = &sw->session;
    const struct session_stats *st = &s->stats;

    ds_put_format(ds, "bridge: %s\n", s->bridge ? s->bridge : "(none)");
    ds_put_format(ds, "state: %s\n", session_state_name(s));
    if (s->state > S_CONNECTING) {
        ds_put_format(ds, "openflow version: 0x%02x\n", s->version);
        ds_put_format(ds, "meters: %s\n", sw->setup.has_meters ? "yes" : "no");
    }
    ds_put_format(ds, "confirmed: %" PRIu64 "\n", s->confirmed);
    ds_put_format(ds, "flows set aside: %zu\n", rejected_count(&sw->rejected));
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
    lease_format_status(&sw->lease, ds);
    ds_put_format(ds, "packet-ins: %" PRIu64 "\n", st->packet_ins);
    ds_put_format(ds, "packet-outs: %" PRIu64 "\n", st->packet_outs);
    ds_put_format(ds, "packet-outs dropped: %" PRIu64 "\n", st->packet_outs_dropped);
}
