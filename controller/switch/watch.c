/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/watch.h"

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
#include "switch/rejected.h"
#include "switch/session.h"
#include "switch/setup.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofwatch);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(2, 5);

/* A wipe comes as many messages: how long to wait for the next one, and for the last one, in
 * ms. */
#define GATHER_MSEC 20
#define MAX_GATHER_MSEC 200

/* The pause between two comparisons if flows are changed again and again, in ms: at least, as a
 * multiple of what the last one took, and after so many in a row.  A row ends when nothing is
 * changed. */
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

void
watch_init(struct watch *w, struct session *session, struct setup *setup, struct rejected *rejected)
{
    *w = (struct watch){
        .session = session,
        .setup = setup,
        .rejected = rejected,
        .poll_at = LLONG_MAX,
        .audit_at = LLONG_MAX,
    };
}

/* What was changed has been compared, unless more of it waits or is being compared. */
static bool
is_settled(const struct watch *w)
{
    return !w->meddled && !w->checking;
}

static void
update_settled(const struct watch *w)
{
    session_set_settled(w->session, is_settled(w));
}

void
watch_connected(struct watch *w)
{
    struct session *s = w->session;

    watch_init(w, s, w->setup, w->rejected);
    update_settled(w);
    if (!session_owns_bridge(s)) {
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
    ofpmsg_update_length(msg);
    w->monitor_xid = session_send_request(s, msg);
    w->monitoring = true;
}

/* Another program has changed 'what'. */
static void
note_meddling(struct watch *w, const char *what)
{
    struct session *s = w->session;
    long long int now = time_msec();

    session_unconfirm(s);
    if (w->meddled) { /* Together with what was seen before. */
        w->at = MIN(MAX(w->at, now + GATHER_MSEC), w->latest);
        return;
    }

    if (now - w->done > QUIET_MSEC) {
        w->in_a_row = 0;
        VLOG_WARN_RL(&rl, "%s: another program has changed %s of this bridge, putting them right",
                     s->bridge, what);
    } else if (++w->in_a_row == PATIENCE) {
        VLOG_WARN("%s: another program changes %s of this bridge again and again, putting them "
                  "right every %d ms only",
                  s->bridge, what, MAX_INTERVAL);
    }
    long long int interval = MAX(MIN_INTERVAL, INTERVAL_FACTOR * w->duration);
    if (w->in_a_row >= PATIENCE) {
        interval = MAX(interval, MAX_INTERVAL);
    }
    w->meddled = true;
    update_settled(w);
    w->at = MAX(now + GATHER_MSEC, w->done + interval);
    w->latest = w->at + MAX_GATHER_MSEC;
    s->stats.meddlings++;
}

/* --- What the switch says ----------------------------------------------- */

void
watch_handle_update(struct watch *w, const struct ofp_header *oh)
{
    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    uint64_t stub[256 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_flow_update update;
    int error;

    if (!w->monitoring) {
        return;
    }
    while (!(error = ofputil_decode_flow_update(&update, &msg, &ofpacts))) {
        if (update.event != OFPFME_ABBREV) {
            note_meddling(w, "flows");
            break; /* One is enough. */
        }
    }
    ofpbuf_uninit(&ofpacts);
    if (error && error != EOF) {
        w->session->stats.malformed++;
        note_meddling(w, "flows"); /* The update cannot be read: it may be a change. */
    }
}

void
watch_handle_pause(struct watch *w)
{
    if (w->monitoring) {
        note_meddling(w, "flows");
    }
}

bool
watch_handle_error(struct watch *w, uint32_t xid, enum ofperr error)
{
    if (w->monitoring && xid == w->monitor_xid) {
        w->monitoring = false;
        VLOG_INFO_RL(&rl,
                     "%s: the switch has no flow monitor (%s): what others change is noticed by "
                     "the number of flows",
                     w->session->bridge, ofperr_to_string(error));
        return true;
    }
    return w->polled && (xid == w->table_xid || xid == w->meter_xid);
}

/* True if 'oh' answers 'xid' of the last look, and nothing has been sent since. */
static bool
is_answer(const struct watch *w, const struct ofp_header *oh, uint32_t xid)
{
    const struct session *s = w->session;

    return w->polled && ntohl(oh->xid) == xid && s->state == S_SYNCED
           && s->stats.bundles == w->polled_bundles && is_settled(w);
}

void
watch_handle_tables(struct watch *w, const struct flow_table *ft, const struct ofp_header *oh)
{
    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    struct ofputil_table_features features;
    struct ofputil_table_stats stats;

    if (!is_answer(w, oh, w->table_xid)) {
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
        note_meddling(w, "flows");
    }
}

void
watch_handle_meters(struct watch *w, const struct ofp_header *oh)
{
    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    uint64_t stub[256 / 8];
    struct ofpbuf bands = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_meter_config config;

    if (!is_answer(w, oh, w->meter_xid)) {
        return;
    }
    while (!ofputil_decode_meter_config(&msg, &config, &bands)) {
        w->n_meters += setup_count_meter(w->setup, &config);
    }
    ofpbuf_uninit(&bands);
    if (!ofpmp_more(oh) && w->n_meters != w->setup->n_meters) {
        note_meddling(w, "meters");
    }
}

/* --- The loop's step ---------------------------------------------------- */

static void
look_at_numbers(struct watch *w)
{
    struct session *s = w->session;

    w->poll_at = time_msec() + POLL_MSEC;
    w->polled = true;
    w->polled_bundles = s->stats.bundles;
    w->n_flows = w->n_meters = 0;
    w->table_xid = session_send_request(s, ofpraw_alloc(OFPRAW_OFPST_TABLE_REQUEST, s->version, 0));
    if (w->setup->has_meters && w->setup->n_meters) {
        w->meter_xid = session_send_request(
            s, ofputil_encode_meter_request(s->version, OFPUTIL_METER_CONFIG, OFPM13_ALL));
    }
}

void
watch_run(struct watch *w, const struct flow_table *ft)
{
    const struct session *s = w->session;
    long long int now = time_msec();

    if (!session_owns_bridge(s) || s->state != S_SYNCED) {
        return;
    }
    bool asked = w->asked && !ft->n_dirty; /* What is dirty is sent before. */
    if ((w->meddled && now >= w->at) || asked || now >= w->audit_at) {
        /* Perhaps the switch refused them because of a foreign change, such as a removed meter,
         * which is repaired by the set-up. */
        rejected_clear(w->rejected);
        w->meddled = w->polled = false;
        w->checking = true;
        update_settled(w);
        w->started = now;
        setup_start(w->setup);
    } else if (!w->meddled && now >= w->poll_at) {
        look_at_numbers(w);
    }
}

void
watch_read_started(struct watch *w, const struct flow_table *ft)
{
    w->pending = ft->n_dirty != 0;
    w->n_changes = ft->n_changes;
}

void
watch_read_done(struct watch *w, const struct flow_table *ft)
{
    struct session *s = w->session;
    long long int now = time_msec();

    if (!session_owns_bridge(s)) {
        return;
    }
    if (w->checking) {
        /* If what should be has changed meanwhile, it is not known what differed. */
        bool conclusive = !ft->n_dirty || (!w->pending && w->n_changes == ft->n_changes);

        w->checking = false;
        update_settled(w);
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
watch_wait(const struct watch *w, const struct flow_table *ft)
{
    const struct session *s = w->session;

    if (!session_owns_bridge(s) || s->state != S_SYNCED) {
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
watch_problems(const struct watch *w, struct svec *problems)
{
    if (w->in_a_row >= PATIENCE && time_msec() - w->done <= QUIET_MSEC) {
        svec_add_nocopy(
            problems, xasprintf("bridge %s: another program changes its flows or meters again and "
                                "again; no other controller may write there",
                                w->session->bridge));
    }
}

/* --- Checks on demand --------------------------------------------------- */

bool
watch_check(struct watch *w, uint64_t *number)
{
    if (!session_owns_bridge(w->session)) {
        return false;
    }
    w->asked = true;
    *number = w->n_checks + 1;
    return true;
}

enum check_state
watch_check_state(const struct watch *w, uint64_t number, size_t *n_different)
{
    if (w->session->state <= S_CONNECTING || (w->n_checks < number && !w->asked)) {
        return CHECK_FAILED;
    }
    if (w->n_checks < number) {
        return CHECK_RUNNING;
    }
    *n_different = w->n_different;
    return CHECK_DONE;
}
