/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/bundle.h"

#include <malloc.h>

#include "byte-order.h"
#include "flow/flow-table.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/rconn.h"
#include "openvswitch/vlog.h"
#include "switch/read-flows.h"
#include "switch/rejected.h"
#include "switch/session.h"
#include "switch/setup.h"
#include "switch/sharing.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofbundle);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(10, 10);

/* Encoded messages that may wait for the socket, in bytes: enough to keep the
 * switch busy while the daemon does something else. */
#define MAX_QUEUED_BYTES (256 * 1024)

/* How long to fill a bundle before the daemon sees to its other work, in ms. */
#define FEED_MSEC 20

/* The switch discards a bundle that it has heard nothing of for 10 seconds, and
 * takes what comes later for a new one: it must not get that far. */
#define MAX_PAUSE_MSEC 4000

/* The number of commits in a row that failed because of one flow each, after
 * which flows are sent one by one, so that all the bad ones are found at once. */
#define MAX_FAILED_COMMITS 3

#define BUNDLE_FLAGS (OFPBF_ATOMIC | OFPBF_ORDERED)

/* What comes before the flow-mod in a bundle-add message. */
#define BUNDLE_ADD_OVERHEAD 24

void
bundle_init(struct bundle *b, struct session *session, const struct setup *setup,
            const struct sharing *sharing, struct rejected *rejected, struct reading *reading)
{
    *b = (struct bundle){
        .session = session,
        .setup = setup,
        .sharing = sharing,
        .rejected = rejected,
        .reading = reading,
        .queued = rconn_packet_counter_create(),
    };
}

void
bundle_destroy(struct bundle *b)
{
    rconn_packet_counter_destroy(b->queued);
    free(b->sent);
}

static void
reset(struct bundle *b)
{
    b->n_sent = 0;
    b->n_rejected = 0;
    b->open = b->closed = b->committed = b->failed = false;
    b->last_fed = 0;

    /* Initial synchronisation is big, changes are small: what it took, and what was read
     * for it, will not be needed again soon. */
    if (b->allocated_sent > 4096) {
        free(b->sent);
        b->sent = NULL;
        b->allocated_sent = 0;
        malloc_trim(0);
    }
}

void
bundle_disconnected(struct bundle *b)
{
    reset(b);
    b->failed_commits = b->unexplained = 0;
}

/* --- Encoding ----------------------------------------------------------- */

/* Appends 'actions' without its meter. */
static void
put_unmetered(struct ofpbuf *out, const struct actions *actions)
{
    const struct ofpact *a;

    OFPACT_FOR_EACH (a, actions_get(actions), actions->len) {
        if (a->type != OFPACT_METER) {
            ofpbuf_put(out, a, OFPACT_ALIGN(a->len));
        }
    }
}

/* Returns the flow-mod that makes the switch hold what is desired for 'slot'. */
static struct ofpbuf *
encode_flow_mod(const struct bundle *b, const struct flow_slot *slot)
{
    const struct session *s = b->session;
    uint64_t cookie = 0;
    const struct actions *desired = flow_slot_desired(slot, &cookie);
    struct ofputil_flow_mod fm = {
        .match = slot->match, /* Only read, so it needs no copy. */
        .priority = slot->priority,
        .table_id = slot->table,
        .buffer_id = UINT32_MAX,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
    };
    if (!desired) {
        fm.command = OFPFC_DELETE_STRICT;
        fm.cookie = htonll(s->cookie);
        fm.cookie_mask = htonll(s->cookie_mask);
        return ofputil_encode_flow_mod(&fm, s->protocol);
    }

    uint64_t stub[512 / 8];
    struct ofpbuf unmetered = OFPBUF_STUB_INITIALIZER(stub);
    fm.command = OFPFC_ADD;
    fm.new_cookie = htonll(cookie);
    fm.flags = sharing_is_shared(b->sharing, slot->table) ? OFPUTIL_FF_SEND_FLOW_REM : 0;
    fm.ofpacts = CONST_CAST(struct ofpact *, actions_get(desired));
    fm.ofpacts_len = desired->len;
    if (!b->setup->has_meters && ofpacts_get_meter(fm.ofpacts, fm.ofpacts_len)) {
        put_unmetered(&unmetered, desired);
        fm.ofpacts = unmetered.data;
        fm.ofpacts_len = unmetered.size;
    }

    struct ofpbuf *msg = ofputil_encode_flow_mod(&fm, s->protocol);
    ofpbuf_uninit(&unmetered);
    return msg;
}

static void
queue_message(struct bundle *b, struct ofpbuf *msg)
{
    rconn_send(b->session->rconn, msg, b->queued);
}

static uint32_t
send_control(struct bundle *b, uint16_t type)
{
    struct session *s = b->session;
    struct ofputil_bundle_ctrl_msg ctrl = {
        .bundle_id = b->id,
        .type = type,
        .flags = BUNDLE_FLAGS,
    };
    struct ofpbuf *msg = ofputil_encode_bundle_ctrl_request(s->version, &ctrl);
    struct ofp_header *oh = msg->data;
    uint32_t xid = session_new_xid(s);

    oh->xid = htonl(xid);
    queue_message(b, msg);
    return xid;
}

/* --- Filling ------------------------------------------------------------ */

/* Begins a bundle.  Open vSwitch opens it with the first message that is added
 * (ofproto/bundles.c), so nothing is sent: the reply to a request would only wake us up. */
static void
bundle_open(struct bundle *b)
{
    b->open = true;
    b->opened = time_msec();
    b->id++;
    b->atomic = b->failed_commits < MAX_FAILED_COMMITS;
    b->first_xid = b->session->next_xid;
}

/* 'slot' is about to be sent again or to cease: no earlier message of the bundle
 * may refer to it any more. */
static void
forget_sent(struct bundle *b, const struct flow_slot *slot)
{
    /* 'sent_index' may be left over from another bundle, or never have been set:
     * it counts only if the bundle agrees. */
    if (slot->sent_index < b->n_sent && b->sent[slot->sent_index] == slot) {
        b->sent[slot->sent_index] = NULL;
    }
}

/* Queues the message for 'slot', and records it as done. */
static void
bundle_add(struct bundle *b, struct flow_table *ft, struct flow_slot *slot)
{
    struct session *s = b->session;
    struct ofpbuf *fm = encode_flow_mod(b, slot);
    uint64_t cookie;
    const struct actions *desired = flow_slot_desired(slot, &cookie);

    if (fm->size + BUNDLE_ADD_OVERHEAD > UINT16_MAX) {
        /* No OpenFlow message can hold it.  (It is not a removal: no match is
         * that long.) */
        ofpbuf_delete(fm);
        if (desired) {
            rejected_add(b->rejected, slot, desired, cookie, "too long for an OpenFlow message");
        }
        flow_slot_set_aside(ft, slot);
        return;
    }

    if (!b->open) {
        bundle_open(b);
    }
    struct ofp_header *oh = fm->data;
    oh->xid = htonl(session_new_xid(s));
    if (b->atomic) {
        struct ofputil_bundle_add_msg add = {
            .bundle_id = b->id,
            .flags = BUNDLE_FLAGS,
            .msg = oh,
        };
        struct ofpbuf *msg = ofputil_encode_bundle_add(s->version, &add);
        ofpbuf_delete(fm);
        fm = msg;
    }

    forget_sent(b, slot);
    if (b->n_sent >= b->allocated_sent) {
        b->sent = x2nrealloc(b->sent, &b->allocated_sent, sizeof *b->sent);
    }
    slot->sent_index = b->n_sent;
    b->sent[b->n_sent++] = desired ? slot : NULL;

    queue_message(b, fm);
    s->stats.flow_mods++;
    flow_slot_set_installed(ft, slot); /* Frees 'slot' if no flow is desired for it. */
}

static void
bundle_close(struct bundle *b, uint64_t seqno)
{
    struct session *s = b->session;

    if (b->atomic) {
        b->commit_xid = send_control(b, OFPBCT_COMMIT_REQUEST);
    }

    struct ofpbuf *barrier = ofputil_encode_barrier_request(s->version);
    struct ofp_header *oh = barrier->data;
    b->barrier_xid = session_new_xid(s);
    oh->xid = htonl(b->barrier_xid);
    queue_message(b, barrier);

    b->closed = true;
    b->seqno = seqno;
    session_expect_reply(s);
    s->stats.bundles++;
}

static bool
is_backlogged(const struct bundle *b)
{
    return rconn_packet_counter_n_bytes(b->queued) >= MAX_QUEUED_BYTES;
}

/* Queues messages until nothing is dirty (returns true), or the socket or the daemon has
 * other things to do. */
static bool
bundle_fill(struct bundle *b, struct flow_table *ft)
{
    long long int deadline = time_msec() + FEED_MSEC;
    unsigned int n = 0;

    while (!ovs_list_is_empty(&ft->dirty)) {
        if (is_backlogged(b) || (++n % 64 == 0 && time_msec() >= deadline)) {
            return false;
        }

        struct flow_slot *slot = CONTAINER_OF(ovs_list_front(&ft->dirty), struct flow_slot, dirty);
        if (rejected_contains(b->rejected, slot)) {
            flow_slot_set_aside(ft, slot);
        } else {
            bundle_add(b, ft, slot);
        }
    }
    return true;
}

void
bundle_feed(struct bundle *b, struct flow_table *ft, uint64_t seqno)
{
    struct session *s = b->session;
    long long int now = time_msec();

    if (b->closed) {
        return;
    }
    if (b->open && now - b->last_fed > MAX_PAUSE_MSEC) {
        bundle_discard(b, "the daemon paused");
        return;
    }

    if (!bundle_fill(b, ft)) {
        b->last_fed = now;
    } else if (b->open && time_msec() - now > MAX_PAUSE_MSEC) {
        bundle_discard(b, "the daemon paused");
    } else if (b->open) {
        bundle_close(b, seqno);
    } else {
        /* All that differs is what the switch refuses. */
        session_confirm(s, seqno);
        session_set_state(s, S_SYNCED);
    }
}

void
bundle_discard(struct bundle *b, const char *reason)
{
    if (b->open && !b->closed) {
        VLOG_INFO("%s: discarding an unfinished bundle: %s", b->session->bridge, reason);
        if (b->atomic) {
            send_control(b, OFPBCT_DISCARD_REQUEST);
        }
    }
    reset(b);
    reading_schedule(b->reading, time_msec());
}

bool
bundle_expects_reply(const struct bundle *b)
{
    return b->session->state == S_SENDING && b->closed;
}

bool
bundle_is_unexplained(const struct bundle *b)
{
    return b->unexplained > 0;
}

void
bundle_wait(const struct bundle *b)
{
    if (b->session->state == S_SENDING && !b->closed && !is_backlogged(b)) {
        poll_immediate_wake();
    }
}

/* --- What the switch says ----------------------------------------------- */

static void
bundle_finish(struct bundle *b)
{
    struct session *s = b->session;
    bool committed = b->committed || !b->atomic;

    if (committed && !b->failed) {
        b->failed_commits = b->unexplained = 0;
        session_confirm(s, b->seqno);
        if (b->n_sent > s->stats.largest_bundle) {
            s->stats.largest_bundle = b->n_sent;
            s->stats.largest_bundle_ms = time_msec() - b->opened;
        }
        reset(b);
        session_set_state(s, S_SYNCED);
        return;
    }

    /* What was refused is set aside, the rest is sent again (if the commit
     * failed); what is installed must be read for that.  Each round with a
     * culprit makes progress; without one, wait ever longer. */
    s->stats.bundles_failed++;
    b->failed_commits = committed ? 0 : b->failed_commits + 1;
    long long int now = time_msec();
    if (b->n_rejected) {
        b->unexplained = 0;
        reading_schedule(b->reading, now);
    } else {
        long long int wait = 1000LL << MIN(b->unexplained, 4);

        b->unexplained++;
        VLOG_WARN_RL(&rl,
                     "%s: the switch did not take a bundle of %zu changes; trying again in "
                     "%lld s",
                     s->bridge, b->n_sent, wait / 1000);
        reading_schedule(b->reading, now + wait);
    }
    reset(b);
}

bool
bundle_handle_error(struct bundle *b, uint32_t xid, enum ofperr error)
{
    const struct session *s = b->session;

    if (s->state != S_SENDING || !b->open || xid - b->first_xid >= s->next_xid - b->first_xid) {
        return false;
    }
    b->failed = true; /* Whatever it refers to, what is installed is read again. */

    uint32_t i = xid - b->first_xid;
    if (i >= b->n_sent) {
        if (error != OFPERR_OFPBFC_MSG_FAILED) { /* Caused by a flow: another error names it. */
            VLOG_WARN_RL(&rl, "%s: bundle failed (%s)", s->bridge, ofperr_to_string(error));
        }
        return true;
    }

    struct flow_slot *slot = b->sent[i];
    if (!slot || !slot->installed) {
        VLOG_WARN_RL(&rl, "%s: removal of a flow refused (%s)", s->bridge, ofperr_to_string(error));
        return true;
    }
    b->sent[i] = NULL;
    b->n_rejected++;
    rejected_add(b->rejected, slot, slot->installed, slot->installed_cookie,
                 ofperr_to_string(error));
    return true;
}

void
bundle_handle_control(struct bundle *b, const struct ofp_header *oh)
{
    struct ofputil_bundle_ctrl_msg ctrl;

    if (bundle_expects_reply(b) && ntohl(oh->xid) == b->commit_xid
        && !ofputil_decode_bundle_ctrl(oh, &ctrl) && ctrl.type == OFPBCT_COMMIT_REPLY
        && ctrl.bundle_id == b->id) {
        b->committed = true;
    }
}

void
bundle_handle_barrier(struct bundle *b, uint32_t xid)
{
    if (bundle_expects_reply(b) && xid == b->barrier_xid) {
        bundle_finish(b);
    }
}
