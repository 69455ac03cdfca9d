/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/read-flows.h"

#include <stdio.h>

#include "byte-order.h"
#include "flow/flow-table.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "switch/lease.h"
#include "switch/session.h"
#include "switch/sharing.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofread);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

/* When to ask again if the switch refuses to tell (ms). */
#define RETRY_INTERVAL 1000

void
reading_init(struct reading *r, struct session *session, const struct sharing *sharing,
             struct lease_state *lease)
{
    *r = (struct reading){.session = session, .sharing = sharing, .lease = lease};
}

void
reading_disconnected(struct reading *r)
{
    r->asked = false;
}

void
reading_schedule(struct reading *r, long long int when)
{
    r->asked = false;
    r->at = when;
    session_set_state(r->session, S_READING);
}

bool
reading_is_due(const struct reading *r)
{
    return r->session->state == S_READING && !r->asked && time_msec() >= r->at;
}

bool
reading_expects_reply(const struct reading *r)
{
    return r->session->state == S_READING && r->asked;
}

void
reading_wait(const struct reading *r)
{
    if (r->session->state == S_READING && !r->asked) {
        poll_timer_wait_until(r->at);
    }
}

void
reading_start(struct reading *r, struct flow_table *ft)
{
    struct session *s = r->session;
    struct ofputil_flow_stats_request fsr = {
        .cookie = htonll(s->cookie & s->cookie_mask),
        .cookie_mask = htonll(s->cookie_mask),
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
    };
    match_init_catchall(&fsr.match);

    flow_table_forget_installed(ft);
    lease_read_started(r->lease);
    r->asked = true;
    r->xid = session_send_request(s, ofputil_encode_flow_stats_request(&fsr, s->protocol));
    session_expect_reply(s);
}

/* Records a flow that is installed. */
static void
read_flow(struct reading *r, struct flow_table *ft, const struct ofputil_flow_stats *fs)
{
    struct session *s = r->session;
    uint64_t cookie = ntohll(fs->cookie);

    /* The switch was asked for these only; another one's flow must not be removed
     * whatever it answers. */
    if (!session_is_ours(s, cookie)) {
        return;
    }
    if (lease_is_cookie(cookie)) {
        lease_read(r->lease, fs);
        return;
    }

    struct flow_slot *slot = flow_table_saw_installed(ft, fs->table_id, fs->priority, &fs->match,
                                                      cookie, fs->ofpacts, fs->ofpacts_len);
    bool is_silent =
        sharing_is_shared(r->sharing, fs->table_id) && !(fs->flags & OFPUTIL_FF_SEND_FLOW_REM);
    if (is_silent || fs->idle_timeout || fs->hard_timeout) {
        flow_slot_set_doubtful(ft, slot);
    }
    s->stats.flows_read++;
}

bool
reading_handle_reply(struct reading *r, struct flow_table *ft, const struct ofp_header *oh)
{
    struct session *s = r->session;

    if (!reading_expects_reply(r) || ntohl(oh->xid) != r->xid) {
        return false;
    }

    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_flow_stats fs;
    int error;

    while (!(error = ofputil_decode_flow_stats_reply(&fs, &msg, true, &ofpacts))) {
        read_flow(r, ft, &fs);
    }
    ofpbuf_uninit(&ofpacts);

    if (error != EOF) {
        s->stats.malformed++;
        session_give_up(s, "its flows cannot be decoded");
        return false;
    }
    if (ofpmp_more(oh)) {
        session_expect_reply(s);
        return false;
    }
    r->asked = false;
    session_set_state(s, S_SYNCED);
    lease_read_done(r->lease);
    VLOG_DBG("%s: %zu slots, %zu of them differ", s->bridge, hmap_count(&ft->slots), ft->n_dirty);
    return true;
}

bool
reading_handle_error(struct reading *r, uint32_t xid, enum ofperr error)
{
    if (!reading_expects_reply(r) || xid != r->xid) {
        return false;
    }
    VLOG_WARN_RL(&rl, "%s: cannot read flows (%s)", r->session->bridge, ofperr_to_string(error));
    reading_schedule(r, time_msec() + RETRY_INTERVAL);
    return true;
}
