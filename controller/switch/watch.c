/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/session.h"

#include <stdio.h>

#include "flow/flow-table.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-meter.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-table.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofwatch);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(2, 5);

/* Where the whole bridge is ours, nobody else has business in its flow tables.  Three nets,
 * each for what escapes the one before:
 *
 *   - a flow monitor: the switch tells of each flow that somebody else adds, changes or
 *     removes (and only that there was something for our own changes);
 *   - a look at the number of flows and at the meters, which costs the switch as much as there
 *     are tables and meters, not flows;
 *   - once in a long while everything is read and compared.
 *
 * Whatever is caught has the same consequence: the meters are set up again, as flows that name
 * one go with it, what is installed is read again, and the difference is sent. */

/* A wipe comes as many messages: how long to wait for the next one, and for the last one, in
 * ms. */
#define GATHER_MSEC 20
#define MAX_GATHER_MSEC 200

/* How long to wait between two comparisons if somebody changes flows again and again, in ms: at
 * least, as a multiple of what the last one took, and after so many in a row.  A row ends when
 * nothing happens. */
#define MIN_INTERVAL 50
#define INTERVAL_FACTOR 4
#define MAX_INTERVAL 1000
#define PATIENCE 20
#define QUIET_MSEC 10000

/* How often to look at the numbers, in ms. */
#define POLL_MSEC 1000

/* How often to compare everything, in ms: at least, and as a multiple of what it took. */
#define AUDIT_MSEC (10 * 60 * 1000)
#define AUDIT_FACTOR 2000

static bool
is_watching(const struct ofsession *s)
{
    return !s->cookie_mask;
}

void
watch_begin(struct ofsession *s)
{
    struct watch *w = &s->watch;

    *w = (struct watch){.poll_at = LLONG_MAX, .audit_at = LLONG_MAX};
    if (!is_watching(s)) {
        return;
    }

    struct ofputil_flow_monitor_request request = {
        .id = 1,
        .command = OFPFMC_ADD,
        .flags = OFPFMF_ADD | OFPFMF_REMOVED | OFPFMF_MODIFY,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
    };
    struct ofpbuf *msg = ofpbuf_new(0);

    match_init_catchall(&request.match);
    ofputil_append_flow_monitor_request(&request, msg, s->protocol);
    struct ofp_header *oh = msg->data;
    w->monitor_xid = session_new_xid(s);
    oh->xid = htonl(w->monitor_xid);
    ofpmsg_update_length(msg);
    session_send(s, msg);
    w->monitoring = true;
}

/* Somebody has changed something. */
static void
note_meddling(struct ofsession *s, const char *what)
{
    struct watch *w = &s->watch;
    long long int now = time_msec();

    s->confirmed = 0;
    if (w->meddled) { /* Together with what was seen before. */
        w->at = MIN(MAX(w->at, now + GATHER_MSEC), w->latest);
        return;
    }

    if (now - w->done > QUIET_MSEC) {
        w->in_a_row = 0;
        VLOG_WARN_RL(&rl, "%s: somebody else has changed %s of this bridge, putting them right",
                     s->bridge, what);
    } else if (++w->in_a_row == PATIENCE) {
        VLOG_WARN("%s: somebody else changes %s of this bridge again and again, putting them "
                  "right every %d ms only",
                  s->bridge, what, MAX_INTERVAL);
    }
    long long int interval = MAX(MIN_INTERVAL, INTERVAL_FACTOR * w->duration);
    if (w->in_a_row >= PATIENCE) {
        interval = MAX(interval, MAX_INTERVAL);
    }
    w->meddled = true;
    w->at = MAX(now + GATHER_MSEC, w->done + interval);
    w->latest = w->at + MAX_GATHER_MSEC;
    s->stats.meddlings++;
}

bool
watch_is_settled(const struct ofsession *s)
{
    return !s->watch.meddled && !s->watch.checking;
}

/* --- What the switch says ----------------------------------------------- */

void
watch_handle_update(struct ofsession *s, const struct ofp_header *oh)
{
    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    uint64_t stub[256 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_flow_update update;
    int error;

    if (!s->watch.monitoring) {
        return;
    }
    while (!(error = ofputil_decode_flow_update(&update, &msg, &ofpacts))) {
        if (update.event != OFPFME_ABBREV) {
            note_meddling(s, "flows");
            break; /* The others would say the same. */
        }
    }
    ofpbuf_uninit(&ofpacts);
    if (error && error != EOF) {
        s->stats.malformed++;
        note_meddling(s, "flows"); /* Or who knows. */
    }
}

void
watch_handle_pause(struct ofsession *s)
{
    if (s->watch.monitoring) {
        note_meddling(s, "flows");
    }
}

bool
watch_handle_error(struct ofsession *s, uint32_t xid, enum ofperr error)
{
    struct watch *w = &s->watch;

    if (w->monitoring && xid == w->monitor_xid) {
        w->monitoring = false;
        VLOG_INFO_RL(&rl,
                     "%s: the switch has no flow monitor (%s): what others change is noticed by "
                     "the number of flows",
                     s->bridge, ofperr_to_string(error));
        return true;
    }
    return w->polled && (xid == w->table_xid || xid == w->meter_xid);
}

/* True if 'oh' answers 'xid' of the last look, and nothing has been sent since. */
static bool
is_answer(const struct ofsession *s, const struct ofp_header *oh, uint32_t xid)
{
    const struct watch *w = &s->watch;

    return w->polled && ntohl(oh->xid) == xid && s->state == S_SYNCED
           && s->stats.bundles == w->polled_bundles && watch_is_settled(s);
}

void
watch_handle_tables(struct ofsession *s, const struct flow_table *ft, const struct ofp_header *oh)
{
    struct watch *w = &s->watch;
    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    struct ofputil_table_features features;
    struct ofputil_table_stats stats;

    if (!is_answer(s, oh, w->table_xid)) {
        return;
    }
    while (!ofputil_decode_table_stats_reply(&msg, &stats, &features)) {
        w->n_flows += stats.active_count;
    }
    if (ofpmp_more(oh)) {
        return;
    }

    /* The switch may count flows of its own, which it does not show. */
    long long int hidden = (long long int) w->n_flows - (long long int) ft->n_installed;
    if (!w->hidden_known) {
        w->hidden_known = true;
        w->hidden = hidden;
    } else if (w->hidden != hidden) {
        note_meddling(s, "flows");
    }
}

static bool
has_config(const struct ofputil_meter_config *config, const struct meter *meter)
{
    return config->n_bands == 1 && config->bands[0].rate == meter->rate
           && config->bands[0].burst_size == meter->burst;
}

void
watch_handle_meters(struct ofsession *s, const struct ofp_header *oh)
{
    struct watch *w = &s->watch;
    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    uint64_t stub[256 / 8];
    struct ofpbuf bands = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_meter_config config;

    if (!is_answer(s, oh, w->meter_xid)) {
        return;
    }
    while (!ofputil_decode_meter_config(&msg, &config, &bands)) {
        for (size_t i = 0; i < s->n_meters; i++) {
            w->n_meters +=
                (config.meter_id == s->meters[i].id && has_config(&config, &s->meters[i]));
        }
    }
    ofpbuf_uninit(&bands);
    if (!ofpmp_more(oh) && w->n_meters != s->n_meters) {
        note_meddling(s, "meters");
    }
}

/* --- The loop's step ---------------------------------------------------- */

static uint32_t
send_request(struct ofsession *s, struct ofpbuf *request)
{
    struct ofp_header *oh = request->data;
    uint32_t xid = session_new_xid(s);

    oh->xid = htonl(xid);
    session_send(s, request);
    return xid;
}

static void
look_at_numbers(struct ofsession *s)
{
    struct watch *w = &s->watch;

    w->poll_at = time_msec() + POLL_MSEC;
    w->polled = true;
    w->polled_bundles = s->stats.bundles;
    w->n_flows = w->n_meters = 0;
    w->table_xid = send_request(s, ofpraw_alloc(OFPRAW_OFPST_TABLE_REQUEST, s->version, 0));
    if (s->has_meters && s->n_meters) {
        w->meter_xid = send_request(
            s, ofputil_encode_meter_request(s->version, OFPUTIL_METER_CONFIG, OFPM13_ALL));
    }
}

void
watch_run(struct ofsession *s, const struct flow_table *ft)
{
    struct watch *w = &s->watch;
    long long int now = time_msec();

    if (!is_watching(s) || s->state != S_SYNCED) {
        return;
    }
    bool asked = w->asked && !ft->n_dirty; /* What is dirty is sent before. */
    if ((w->meddled && now >= w->at) || asked || now >= w->audit_at) {
        /* Perhaps the switch refused them for what somebody has altered, such as a meter, which is
         * there again after this. */
        rejected_clear(s);
        w->meddled = w->polled = false;
        w->checking = true;
        w->started = now;
        session_set_state(s, S_SETUP);
        setup_start(s);
        session_expect_reply(s);
    } else if (!w->meddled && now >= w->poll_at) {
        look_at_numbers(s);
    }
}

void
watch_read_started(struct ofsession *s, const struct flow_table *ft)
{
    s->watch.pending = ft->n_dirty != 0;
    s->watch.n_changes = ft->n_changes;
}

void
watch_read_done(struct ofsession *s, const struct flow_table *ft)
{
    struct watch *w = &s->watch;
    long long int now = time_msec();

    if (!is_watching(s)) {
        return;
    }
    if (w->checking) {
        /* If what should be has changed meanwhile, it is not known what differed. */
        bool conclusive = !ft->n_dirty || (!w->pending && w->n_changes == ft->n_changes);

        w->checking = false;
        w->done = now;
        w->duration = now - w->started;
        s->stats.flows_put_back += ft->n_dirty;
        if (conclusive) {
            w->n_checks++;
            w->n_different = ft->n_dirty;
            w->asked = false;
        }
        if (conclusive && ft->n_dirty) {
            VLOG_INFO_RL(&rl, "%s: %" PRIuSIZE " flows were not as they should be", s->bridge,
                         ft->n_dirty);
        }
    }
    w->hidden_known = false;
    w->poll_at = now + POLL_MSEC;
    w->audit_at = now + MAX(AUDIT_MSEC, AUDIT_FACTOR * w->duration);
}

void
watch_wait(const struct ofsession *s, const struct flow_table *ft)
{
    const struct watch *w = &s->watch;

    if (!is_watching(s) || s->state != S_SYNCED) {
        return;
    }
    if (w->asked && !ft->n_dirty) {
        poll_immediate_wake();
    } else if (w->meddled) {
        poll_timer_wait_until(w->at);
    } else {
        poll_timer_wait_until(MIN(w->poll_at, w->audit_at));
    }
}

void
watch_problems(const struct ofsession *s, struct svec *problems)
{
    const struct watch *w = &s->watch;

    if (w->in_a_row >= PATIENCE && time_msec() - w->done <= QUIET_MSEC) {
        svec_add_nocopy(problems, xasprintf("bridge %s: somebody else changes its flows or meters "
                                            "again and again; no other controller may write there",
                                            s->bridge));
    }
}

/* --- Checks on demand --------------------------------------------------- */

bool
switch_check(struct ofsession *s, uint64_t *number)
{
    if (!is_watching(s) || !switch_is_connected(s) || !s->may_write) {
        return false;
    }
    s->watch.asked = true;
    *number = s->watch.n_checks + 1;
    return true;
}

enum check_state
switch_check_state(const struct ofsession *s, uint64_t number, size_t *n_different)
{
    const struct watch *w = &s->watch;

    if (s->state <= S_CONNECTING || (w->n_checks < number && !w->asked)) {
        return CHECK_FAILED;
    }
    if (w->n_checks < number) {
        return CHECK_RUNNING;
    }
    *n_different = w->n_different;
    return CHECK_DONE;
}
