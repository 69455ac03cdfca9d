/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/lease.h"

#include <inttypes.h>
#include <stdlib.h>

#include "byte-order.h"
#include "flow/canonical.h"
#include "flow/engine.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/rconn.h"
#include "openvswitch/vlog.h"
#include "switch/session.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(oflease);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

/* The lower bits of every lease's cookie: "leas".  The upper ones are those of any
 * flow of the table. */
#define LEASE_COOKIE UINT64_C(0x6c656173)
#define LEASE_COOKIE_MASK (~(UINT64_C(0xff) << 48))

/* The least time between two repairs of a lease that is removed again and again
 * (ms). */
#define MIN_INTERVAL 50

/* When to try again after the switch has refused the lease (ms). */
#define RETRY_INTERVAL 5000

/* 'lease->after' before it is known. */
#define UNKNOWN UINT64_MAX

struct stale_lease {
    struct stale_lease *next;
    struct lease_place place;
};

static uint64_t
lease_cookie(uint8_t table)
{
    return COOKIE_BITS | (uint64_t) table << 48 | LEASE_COOKIE;
}

bool
lease_is_cookie(uint64_t cookie)
{
    return (cookie & LEASE_COOKIE_MASK) == (COOKIE_BITS | LEASE_COOKIE);
}

static void
place_init(struct lease_place *place, uint8_t table, uint16_t priority, const struct match *match)
{
    place->table = table;
    place->priority = priority;
    place->match = *match;
    canonical_match(&place->match);
}

static bool
place_equal(const struct lease_place *a, const struct lease_place *b)
{
    return a->table == b->table && a->priority == b->priority && match_equal(&a->match, &b->match);
}

static void
add_stale(struct lease_state *l, const struct lease_place *place)
{
    struct stale_lease *stale = xmalloc(sizeof *stale);

    stale->place = *place;
    stale->next = l->stale;
    l->stale = stale;
}

static void
pop_stale(struct lease_state *l)
{
    struct stale_lease *stale = l->stale;

    l->stale = stale->next;
    free(stale);
}

/* Returns true if the lease at 'place' was stale, which it is no longer. */
static bool
rescue_stale(struct lease_state *l, const struct lease_place *place)
{
    for (struct stale_lease **p = &l->stale; *p; p = &(*p)->next) {
        if (place_equal(&(*p)->place, place)) {
            struct stale_lease *stale = *p;

            *p = stale->next;
            free(stale);
            return true;
        }
    }
    return false;
}

static void
clear_stale(struct lease_state *l)
{
    while (l->stale) {
        pop_stale(l);
    }
}

void
lease_init(struct lease_state *l, struct session *session)
{
    *l = (struct lease_state){.session = session, .queued = rconn_packet_counter_create()};
    ofpbuf_init(&l->ofpacts, 0);
    lease_disconnected(l);
}

void
lease_destroy(struct lease_state *l)
{
    clear_stale(l);
    ofpbuf_uninit(&l->ofpacts);
    rconn_packet_counter_destroy(l->queued);
}

void
lease_disconnected(struct lease_state *l)
{
    clear_stale(l);
    l->present = l->refused = false;
    l->after = UNKNOWN;
    l->due = LLONG_MIN;
}

/* --- What is wanted ----------------------------------------------------- */

static bool
wants(const struct lease_state *l, const struct lease_place *place, const struct ofpbuf *ofpacts,
      uint16_t seconds)
{
    return l->wanted && place_equal(&l->place, place) && l->seconds == seconds
           && ofpbuf_equal(&l->ofpacts, ofpacts);
}

void
lease_set(struct lease_state *l, const struct lease *lease)
{
    uint64_t stub[256 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct lease_place place;

    if (!lease) {
        if (l->wanted && l->present) {
            add_stale(l, &l->place);
        }
        l->wanted = l->present = false;
        return;
    }

    place_init(&place, lease->table, lease->priority, lease->match);
    ofpbuf_put(&ofpacts, lease->ofpacts, lease->ofpacts_len);
    canonical_actions(&ofpacts);
    if (!wants(l, &place, &ofpacts, lease->seconds)) {
        if (l->wanted && l->present && !place_equal(&l->place, &place)) {
            add_stale(l, &l->place);
            l->present = false;
        }
        l->wanted = true;
        l->refused = false;
        l->place = place;
        l->present |= rescue_stale(l, &place);
        l->seconds = lease->seconds;
        ofpbuf_clear(&l->ofpacts);
        ofpbuf_put(&l->ofpacts, ofpacts.data, ofpacts.size);
        l->after = UNKNOWN;
        l->due = LLONG_MIN;
    }
    ofpbuf_uninit(&ofpacts);
}

/* --- To the switch ------------------------------------------------------ */

static struct ofpbuf *
encode(const struct lease_state *l, const struct lease_place *place, bool add)
{
    ovs_be64 cookie = htonll(lease_cookie(place->table));
    struct ofputil_flow_mod fm = {
        .priority = place->priority,
        .table_id = place->table,
        .buffer_id = UINT32_MAX,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
    };

    if (add) {
        fm.command = OFPFC_ADD;
        fm.new_cookie = cookie;
        fm.hard_timeout = l->seconds;
        fm.flags = OFPUTIL_FF_SEND_FLOW_REM;
        fm.ofpacts = l->ofpacts.data;
        fm.ofpacts_len = l->ofpacts.size;
    } else {
        fm.command = OFPFC_DELETE_STRICT;
        fm.cookie = cookie;
        fm.cookie_mask = OVS_BE64_MAX;
    }

    minimatch_init(&fm.match, &place->match);
    struct ofpbuf *msg = ofputil_encode_flow_mod(&fm, l->session->protocol);
    minimatch_destroy(&fm.match);
    return msg;
}

static void
send_lease(struct lease_state *l)
{
    struct session *s = l->session;

    l->sent_at = time_msec();
    l->due = l->seconds ? l->sent_at + l->seconds * 1000LL / 3 : LLONG_MAX;
    if (rconn_packet_counter_n_packets(l->queued)) {
        return; /* The last one has not even left: a second one makes no difference. */
    }

    struct ofpbuf *msg = encode(l, &l->place, true);
    if (msg->size > UINT16_MAX) {
        ofpbuf_delete(msg);
        lease_handle_error(l, LEASE_XID, OFPERR_OFPBRC_BAD_LEN);
        return;
    }
    struct ofp_header *oh = msg->data;
    oh->xid = htonl(LEASE_XID);
    rconn_send(s->rconn, msg, l->queued);

    if (!l->present) {
        VLOG_INFO_RL(&rl, "%s: lease installed in table %u for %u s", s->bridge, l->place.table,
                     l->seconds);
    }
    l->present = true;
    s->stats.lease_renewals++;
}

/* True if the daemon is doing its work: everything behind the lease is in place,
 * and the switch takes what we send. */
static bool
is_earned(const struct lease_state *l, bool may_write, bool refusing)
{
    const struct session *s = l->session;

    return l->wanted && may_write && s->state >= S_READING && s->confirmed
           && s->confirmed >= l->after && !refusing;
}

void
lease_run(struct lease_state *l, uint64_t seqno, bool may_write, bool refusing)
{
    struct session *s = l->session;

    if (l->wanted && l->after == UNKNOWN) {
        l->after = seqno;
    }
    if (is_earned(l, may_write, refusing) && time_msec() >= l->due) {
        send_lease(l);
    }
    if (s->state >= S_READING && may_write) {
        for (; l->stale; pop_stale(l)) {
            VLOG_INFO_RL(&rl, "%s: removing the lease from table %u", s->bridge,
                         l->stale->place.table);
            session_send(s, encode(l, &l->stale->place, false));
        }
    }
}

void
lease_wait(const struct lease_state *l, bool may_write, bool refusing)
{
    if (is_earned(l, may_write, refusing)) {
        poll_timer_wait_until(l->due);
    }
    if (l->session->state >= S_READING && may_write
        && (l->stale || (l->wanted && l->after == UNKNOWN))) {
        poll_immediate_wake(); /* It was set after the session's run. */
    }
}

/* --- From the switch ---------------------------------------------------- */

void
lease_read_started(struct lease_state *l)
{
    clear_stale(l);
    l->present = false;
}

void
lease_read(struct lease_state *l, const struct ofputil_flow_stats *fs)
{
    struct lease_place place;

    place_init(&place, fs->table_id, fs->priority, &fs->match);
    if (l->wanted && place_equal(&l->place, &place)) {
        l->present = true;
    } else {
        add_stale(l, &place);
    }
}

void
lease_read_done(struct lease_state *l)
{
    if (!l->present) {
        l->due = LLONG_MIN;
    }
}

void
lease_handle_removed(struct lease_state *l, const struct ofputil_flow_removed *fr)
{
    struct session *s = l->session;
    struct lease_place place;

    place_init(&place, fr->table_id, fr->priority, &fr->match);
    if (l->wanted && place_equal(&l->place, &place)) {
        bool expired = fr->reason == OFPRR_HARD_TIMEOUT;

        VLOG_INFO_RL(&rl, "%s: the lease %s, putting it back", s->bridge,
                     expired ? "has expired" : "was removed by another program");
        l->present = false;
        l->due = MAX(time_msec(), l->sent_at + MIN_INTERVAL);
        s->stats.lease_losses++;
    }
}

bool
lease_handle_error(struct lease_state *l, uint32_t xid, enum ofperr error)
{
    if (xid != LEASE_XID) {
        return false;
    }
    VLOG_WARN_RL(&rl, "%s: the switch refuses the lease (%s), trying again in %d s",
                 l->session->bridge, ofperr_to_string(error), RETRY_INTERVAL / 1000);
    l->present = false;
    l->refused = true;
    l->due = time_msec() + RETRY_INTERVAL;
    return true;
}

void
lease_format_status(const struct lease_state *l, struct ds *ds)
{
    const struct session_stats *st = &l->session->stats;

    ds_put_format(ds, "lease: %s\n",
                  !l->wanted   ? "none"
                  : l->present ? "held"
                  : l->refused ? "refused"
                               : "waiting");
    ds_put_format(ds, "lease renewals: %" PRIu64 "\n", st->lease_renewals);
    ds_put_format(ds, "lease losses: %" PRIu64 "\n", st->lease_losses);
}
