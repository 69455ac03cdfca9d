/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/session.h"

#include <limits.h>
#include <stdlib.h>

#include "dirs.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/rconn.h"
#include "openvswitch/vconn.h"
#include "openvswitch/vlog.h"
#include "svec.h"
#include "switch/cork.h"
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

/* A connection that is made anew takes less. */
#define OUTAGE_MSEC 1000

void
session_init(struct session *s, uint64_t cookie, uint64_t cookie_mask)
{
    *s = (struct session){
        .state = S_IDLE,
        .rconn = rconn_create(0, 0, 0, VERSIONS),
        .backoff = MIN_BACKOFF,
        .cookie = cookie,
        .cookie_mask = cookie_mask,
        .settled = true,
    };
}

void
session_destroy(struct session *s)
{
    rconn_destroy(s->rconn);
    free(s->bridge);
}

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

const char *
session_state_name(const struct session *s)
{
    return state_name(s->state);
}

void
session_set_state(struct session *s, enum session_state state)
{
    if (s->state != state) {
        VLOG_DBG("%s: %s -> %s", s->bridge ? s->bridge : "(none)", state_name(s->state),
                 state_name(state));
        s->state = state;
    }
}

/* --- The connection ----------------------------------------------------- */

void
session_set_bridge(struct session *s, const char *bridge)
{
    free(s->bridge);
    s->bridge = nullable_xstrdup(bridge);
    s->dial_at = LLONG_MIN;
    s->backoff = MIN_BACKOFF;
    s->outage_logged = false;
    session_set_state(s, bridge ? S_CONNECTING : S_IDLE);
}

void
session_give_up(struct session *s, const char *reason)
{
    VLOG_WARN_RL(&rl, "%s: dropping the connection: %s", s->bridge, reason);
    s->give_up = true;
}

bool
session_is_lost(struct session *s)
{
    if (s->give_up) {
        rconn_disconnect(s->rconn);
        s->dial_at = time_msec() + MAX_BACKOFF;
    }
    rconn_run(s->rconn);
    if (s->state <= S_CONNECTING || rconn_is_connected(s->rconn)) {
        return false;
    }
    VLOG_INFO("%s: connection lost", s->bridge);
    return true;
}

/* Tries to connect.  rconn could do so by itself, but waits at least a second
 * and reports every failure. */
static void
dial(struct session *s)
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

bool
session_connect(struct session *s)
{
    if (!rconn_is_alive(s->rconn)) {
        dial(s);
        rconn_run(s->rconn);
    }
    return rconn_is_connected(s->rconn);
}

void
session_connected(struct session *s, enum ofp_version version)
{
    VLOG_INFO("%s: connected, OpenFlow version 0x%02x", s->bridge, version);
    s->backoff = MIN_BACKOFF;
    s->outage_logged = false;
    s->version = version;
    s->protocol = ofputil_protocol_from_ofp_version(version);
    s->next_xid = 1u << 31;
    s->stats.connections++;
}

void
session_disconnected(struct session *s)
{
    if (s->state > S_CONNECTING) {
        session_set_state(s, S_CONNECTING);
    }
    s->disconnected_at = time_msec();
    s->give_up = false;
    s->confirmed = 0;
}

bool
session_wait(const struct session *s)
{
    rconn_run_wait(s->rconn);
    rconn_recv_wait(s->rconn);
    if (s->give_up) {
        poll_immediate_wake();
    } else if (!rconn_is_alive(s->rconn)) {
        poll_timer_wait_until(s->dial_at);
    } else {
        return true;
    }
    return false;
}

/* --- Messages ----------------------------------------------------------- */

uint32_t
session_new_xid(struct session *s)
{
    return s->next_xid++;
}

void
session_send(struct session *s, struct ofpbuf *msg)
{
    rconn_send(s->rconn, msg, NULL);
}

uint32_t
session_send_request(struct session *s, struct ofpbuf *msg)
{
    struct ofp_header *oh = msg->data;
    uint32_t xid = session_new_xid(s);

    oh->xid = htonl(xid);
    session_send(s, msg);
    return xid;
}

void
session_expect_reply(struct session *s)
{
    s->reply_due = time_msec() + REPLY_MS;
}

bool
session_is_overdue(const struct session *s)
{
    return time_msec() >= s->reply_due;
}

/* --- What is known ------------------------------------------------------ */

bool
session_set_ours(struct session *s, uint64_t cookie, uint64_t cookie_mask)
{
    bool same = s->cookie == cookie && s->cookie_mask == cookie_mask;

    s->cookie = cookie;
    s->cookie_mask = cookie_mask;
    return !same;
}

bool
session_is_ours(const struct session *s, uint64_t cookie)
{
    return !((cookie ^ s->cookie) & s->cookie_mask);
}

bool
session_owns_bridge(const struct session *s)
{
    return !s->cookie_mask;
}

void
session_confirm(struct session *s, uint64_t seqno)
{
    s->confirmed = s->settled ? seqno : 0;
}

void
session_unconfirm(struct session *s)
{
    s->confirmed = 0;
}

void
session_set_settled(struct session *s, bool settled)
{
    s->settled = settled;
}

void
session_problems(const struct session *s, struct svec *problems)
{
    if (s->state == S_CONNECTING && time_msec() - s->disconnected_at > OUTAGE_MSEC) {
        svec_add_nocopy(problems, xasprintf("bridge %s: no connection to the switch, so flows stay "
                                            "as they are; is ovs-vswitchd running?",
                                            s->bridge));
    }
}
