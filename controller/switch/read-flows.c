/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/session.h"

#include <stdio.h>

#include "byte-order.h"
#include "flow/flow-table.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofread);

void
read_later(struct ofsession *s, long long int when)
{
    s->read_asked = false;
    s->read_at = when;
    session_set_state(s, S_READING);
}

void
read_start(struct ofsession *s, struct flow_table *ft)
{
    struct ofputil_flow_stats_request fsr = {
        .cookie = htonll(s->cookie & s->cookie_mask),
        .cookie_mask = htonll(s->cookie_mask),
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
    };
    match_init_catchall(&fsr.match);

    struct ofpbuf *request = ofputil_encode_flow_stats_request(&fsr, s->protocol);
    struct ofp_header *oh = request->data;

    watch_read_started(s, ft);
    flow_table_forget_installed(ft);
    lease_read_started(s);
    s->read_asked = true;
    s->read_xid = session_new_xid(s);
    oh->xid = htonl(s->read_xid);
    session_send(s, request);
    session_expect_reply(s);
}

/* Records a flow that is installed. */
static void
read_flow(struct ofsession *s, struct flow_table *ft, const struct ofputil_flow_stats *fs)
{
    uint64_t cookie = ntohll(fs->cookie);

    /* The switch was asked for these only; another one's flow must not be removed
     * whatever it answers. */
    if (!session_is_ours(s, cookie)) {
        return;
    }
    if (lease_is_cookie(cookie)) {
        lease_read(s, fs);
        return;
    }

    struct flow_slot *slot = flow_table_saw_installed(ft, fs->table_id, fs->priority, &fs->match,
                                                      cookie, fs->ofpacts, fs->ofpacts_len);
    bool is_silent = s->shared[fs->table_id] && !(fs->flags & OFPUTIL_FF_SEND_FLOW_REM);
    if (is_silent || fs->idle_timeout || fs->hard_timeout) {
        flow_slot_set_doubtful(ft, slot);
    }
    s->stats.flows_read++;
}

void
read_handle_reply(struct ofsession *s, struct flow_table *ft, const struct ofp_header *oh)
{
    if (s->state != S_READING || !s->read_asked || ntohl(oh->xid) != s->read_xid) {
        return;
    }

    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_flow_stats fs;
    int error;

    while (!(error = ofputil_decode_flow_stats_reply(&fs, &msg, true, &ofpacts))) {
        read_flow(s, ft, &fs);
    }
    ofpbuf_uninit(&ofpacts);

    if (error != EOF) {
        s->stats.malformed++;
        session_give_up(s, "its flows cannot be decoded");
    } else if (ofpmp_more(oh)) {
        session_expect_reply(s);
    } else {
        s->read_asked = false;
        session_set_state(s, S_SYNCED);
        rejected_prune(s, ft);
        lease_read_done(s);
        watch_read_done(s, ft);
        VLOG_DBG("%s: %zu slots, %zu of them differ", s->bridge, hmap_count(&ft->slots),
                 ft->n_dirty);
    }
}
