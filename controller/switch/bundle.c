/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/session.h"

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

/* After so many commits in a row that failed because of one flow each, send flows
 * one by one, so that all the bad ones are found at once. */
#define MAX_FAILED_COMMITS 3

#define BUNDLE_FLAGS (OFPBF_ATOMIC | OFPBF_ORDERED)

/* What comes before the flow-mod in a bundle-add message. */
#define BUNDLE_ADD_OVERHEAD 24

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
encode_flow_mod(const struct ofsession *s, const struct flow_slot *slot)
{
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
    fm.flags = s->shared[slot->table] ? OFPUTIL_FF_SEND_FLOW_REM : 0;
    fm.ofpacts = CONST_CAST(struct ofpact *, actions_get(desired));
    fm.ofpacts_len = desired->len;
    if (!s->has_meters && ofpacts_get_meter(fm.ofpacts, fm.ofpacts_len)) {
        put_unmetered(&unmetered, desired);
        fm.ofpacts = unmetered.data;
        fm.ofpacts_len = unmetered.size;
    }

    struct ofpbuf *msg = ofputil_encode_flow_mod(&fm, s->protocol);
    ofpbuf_uninit(&unmetered);
    return msg;
}

static void
queue_message(struct ofsession *s, struct ofpbuf *msg)
{
    rconn_send(s->rconn, msg, s->queued_flows);
}

static uint32_t
send_control(struct ofsession *s, uint16_t type)
{
    struct ofputil_bundle_ctrl_msg ctrl = {
        .bundle_id = s->bundle.id,
        .type = type,
        .flags = BUNDLE_FLAGS,
    };
    struct ofpbuf *msg = ofputil_encode_bundle_ctrl_request(s->version, &ctrl);
    struct ofp_header *oh = msg->data;
    uint32_t xid = session_new_xid(s);

    oh->xid = htonl(xid);
    queue_message(s, msg);
    return xid;
}

/* --- Filling ------------------------------------------------------------ */

/* Begins a bundle.  Open vSwitch opens it with the first message that is added
 * (ofproto/bundles.c), so nothing is sent: the reply to a request would only wake us up. */
static void
bundle_open(struct ofsession *s)
{
    struct bundle *b = &s->bundle;

    b->open = true;
    b->opened = time_msec();
    b->id++;
    b->atomic = s->failed_commits < MAX_FAILED_COMMITS;
    b->first_xid = s->next_xid;
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
bundle_add(struct ofsession *s, struct flow_table *ft, struct flow_slot *slot)
{
    struct bundle *b = &s->bundle;
    struct ofpbuf *fm = encode_flow_mod(s, slot);
    uint64_t cookie;
    const struct actions *desired = flow_slot_desired(slot, &cookie);

    if (fm->size + BUNDLE_ADD_OVERHEAD > UINT16_MAX) {
        /* No OpenFlow message can hold it.  (It is not a removal: no match is
         * that long.) */
        ofpbuf_delete(fm);
        if (desired) {
            rejected_add(s, slot, desired, cookie, "too long for an OpenFlow message");
        }
        flow_slot_set_aside(ft, slot);
        return;
    }

    if (!b->open) {
        bundle_open(s);
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

    queue_message(s, fm);
    s->stats.flow_mods++;
    flow_slot_set_installed(ft, slot); /* Frees 'slot' if nobody desires it. */
}

static void
bundle_close(struct ofsession *s, uint64_t seqno)
{
    struct bundle *b = &s->bundle;

    if (b->atomic) {
        b->commit_xid = send_control(s, OFPBCT_COMMIT_REQUEST);
    }

    struct ofpbuf *barrier = ofputil_encode_barrier_request(s->version);
    struct ofp_header *oh = barrier->data;
    b->barrier_xid = session_new_xid(s);
    oh->xid = htonl(b->barrier_xid);
    queue_message(s, barrier);

    b->closed = true;
    b->seqno = seqno;
    session_expect_reply(s);
    s->stats.bundles++;
}

bool
bundle_is_backlogged(const struct ofsession *s)
{
    return rconn_packet_counter_n_bytes(s->queued_flows) >= MAX_QUEUED_BYTES;
}

/* Queues messages until nothing is dirty (returns true), or the socket or the daemon has
 * other things to do. */
static bool
bundle_fill(struct ofsession *s, struct flow_table *ft)
{
    long long int deadline = time_msec() + FEED_MSEC;
    unsigned int n = 0;

    while (!ovs_list_is_empty(&ft->dirty)) {
        if (bundle_is_backlogged(s) || (++n % 64 == 0 && time_msec() >= deadline)) {
            return false;
        }

        struct flow_slot *slot = CONTAINER_OF(ovs_list_front(&ft->dirty), struct flow_slot, dirty);
        if (rejected_contains(s, slot)) {
            flow_slot_set_aside(ft, slot);
        } else {
            bundle_add(s, ft, slot);
        }
    }
    return true;
}

void
bundle_feed(struct ofsession *s, struct flow_table *ft, uint64_t seqno)
{
    struct bundle *b = &s->bundle;
    long long int now = time_msec();

    if (b->closed) {
        return;
    }
    if (b->open && now - b->last_fed > MAX_PAUSE_MSEC) {
        bundle_discard(s, "the daemon paused");
        return;
    }

    if (!bundle_fill(s, ft)) {
        b->last_fed = now;
    } else if (b->open && time_msec() - now > MAX_PAUSE_MSEC) {
        bundle_discard(s, "the daemon paused");
    } else if (b->open) {
        bundle_close(s, seqno);
    } else {
        /* All that differs is what the switch refuses. */
        session_confirm(s, seqno);
        session_set_state(s, S_SYNCED);
    }
}

void
bundle_reset(struct bundle *b)
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
bundle_discard(struct ofsession *s, const char *reason)
{
    if (s->bundle.open) {
        VLOG_INFO("%s: discarding an unfinished bundle: %s", s->bridge, reason);
        if (s->bundle.atomic) {
            send_control(s, OFPBCT_DISCARD_REQUEST);
        }
    }
    bundle_reset(&s->bundle);
    read_later(s, time_msec());
}

/* --- What the switch says ----------------------------------------------- */

static void
bundle_finish(struct ofsession *s)
{
    struct bundle *b = &s->bundle;
    bool committed = b->committed || !b->atomic;

    if (committed && !b->failed) {
        s->failed_commits = s->unexplained = 0;
        session_confirm(s, b->seqno);
        if (b->n_sent > s->stats.largest_bundle) {
            s->stats.largest_bundle = b->n_sent;
            s->stats.largest_bundle_ms = time_msec() - b->opened;
        }
        bundle_reset(b);
        session_set_state(s, S_SYNCED);
        return;
    }

    /* What was refused is set aside, the rest is sent again (if the commit
     * failed); what is installed must be read for that.  Each round with a
     * culprit makes progress; without one, wait ever longer. */
    s->stats.bundles_failed++;
    s->failed_commits = committed ? 0 : s->failed_commits + 1;
    long long int now = time_msec();
    if (b->n_rejected) {
        s->unexplained = 0;
        read_later(s, now);
    } else {
        long long int wait = 1000LL << MIN(s->unexplained, 4);

        s->unexplained++;
        VLOG_WARN_RL(&rl,
                     "%s: the switch did not take a bundle of %zu changes; trying again in "
                     "%lld s",
                     s->bridge, b->n_sent, wait / 1000);
        read_later(s, now + wait);
    }
    bundle_reset(b);
}

bool
bundle_handle_error(struct ofsession *s, uint32_t xid, enum ofperr error)
{
    struct bundle *b = &s->bundle;

    if (s->state != S_SENDING || !b->open || xid - b->first_xid >= s->next_xid - b->first_xid) {
        return false;
    }
    b->failed = true; /* Whatever it is about, better look again. */

    uint32_t i = xid - b->first_xid;
    if (i >= b->n_sent) {
        if (error != OFPERR_OFPBFC_MSG_FAILED) { /* It is about a flow: another error says which. */
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
    rejected_add(s, slot, slot->installed, slot->installed_cookie, ofperr_to_string(error));
    return true;
}

void
bundle_handle_control(struct ofsession *s, const struct ofp_header *oh)
{
    struct ofputil_bundle_ctrl_msg ctrl;

    if (s->state == S_SENDING && s->bundle.closed && ntohl(oh->xid) == s->bundle.commit_xid
        && !ofputil_decode_bundle_ctrl(oh, &ctrl) && ctrl.type == OFPBCT_COMMIT_REPLY
        && ctrl.bundle_id == s->bundle.id) {
        s->bundle.committed = true;
    }
}

void
bundle_handle_barrier(struct ofsession *s)
{
    bundle_finish(s);
}
