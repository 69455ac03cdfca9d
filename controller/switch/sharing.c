/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/session.h"

#include <string.h>

#include "byte-order.h"
#include "flow/flow-table.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofsharing);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

/* A flow-removed message says that a flow of ours is gone, but not when: the switch
 * sends it from another thread than its replies, after a while, and our own removals
 * cause them too.  The flow may have been added again in the meantime.  So the
 * message is only a reason to doubt: the flow is added again if it is wanted, which
 * does nothing if it is there, and removed if it is not wanted, which does nothing if
 * it is not there.  (A flow that is replaced causes no message.)
 *
 * While flows are being read, a message about a flow that was already read comes after
 * it; before that nothing is known to be installed, so that nothing is doubted. */

/* A wipe comes as many messages: how long to wait for the next one, and for the last
 * one, in ms. */
#define GATHER_MSEC 20
#define MAX_GATHER_MSEC 200

/* How often flows are put back if somebody removes them again and again, in ms: at
 * first, and after so many times in a row.  A row ends when nothing happens. */
#define MIN_INTERVAL 50
#define MAX_INTERVAL 500
#define PATIENCE 20
#define QUIET_MSEC 2000

static bool
is_same(const struct ofsession *s, uint64_t cookie, uint64_t cookie_mask, const bool shared[256])
{
    return s->cookie == cookie && s->cookie_mask == cookie_mask
           && !memcmp(s->shared, shared, sizeof s->shared);
}

void
switch_set_sharing(struct ofsession *s, uint64_t cookie, uint64_t cookie_mask,
                   const uint8_t *tables, size_t n_tables)
{
    bool shared[256] = {false};

    for (size_t i = 0; i < n_tables; i++) {
        shared[tables[i]] = true;
    }
    if (is_same(s, cookie, cookie_mask, shared)) {
        return;
    }
    s->cookie = cookie;
    s->cookie_mask = cookie_mask;
    memcpy(s->shared, shared, sizeof s->shared);

    /* What is known to be installed may not be ours any more, so nothing more is
     * sent before it has been read again. */
    if (s->state >= S_READING) {
        if (s->bundle.closed) {
            bundle_reset(&s->bundle);
            read_later(s, time_msec());
        } else {
            bundle_discard(s, "other flows are ours now");
        }
    }
}

/* A slot has become doubtful. */
static void
repair_later(struct ofsession *s, const struct flow_table *ft)
{
    struct repair *r = &s->repair;
    long long int now = time_msec();

    if (ft->n_doubtful > 1) { /* Together with those that are waiting. */
        r->at = MIN(MAX(r->at, now + GATHER_MSEC), r->latest);
        return;
    }

    if (now - r->at > QUIET_MSEC) {
        r->in_a_row = 0;
        VLOG_INFO_RL(&rl, "%s: somebody removes flows of ours, putting them back", s->bridge);
    } else if (++r->in_a_row == PATIENCE) {
        VLOG_WARN("%s: somebody removes flows of ours again and again, putting them back "
                  "every %d ms only",
                  s->bridge, MAX_INTERVAL);
    }
    int interval = r->in_a_row < PATIENCE ? MIN_INTERVAL : MAX_INTERVAL;
    r->at = MAX(now + GATHER_MSEC, r->at + interval);
    r->latest = r->at + MAX_GATHER_MSEC;
}

bool
repair_is_all(const struct flow_table *ft)
{
    return ft->n_dirty <= ft->n_doubtful;
}

void
removed_handle(struct ofsession *s, struct flow_table *ft, const struct ofp_header *oh)
{
    struct ofputil_flow_removed fr;

    if (ofputil_decode_flow_removed(&fr, oh)) {
        s->stats.malformed++;
        VLOG_DBG_RL(&rl, "%s: flow-removed message that cannot be decoded", s->bridge);
        return;
    }
    if (s->state < S_READING) {
        return;
    }

    uint64_t cookie = ntohll(fr.cookie);
    if (lease_is_cookie(cookie)) {
        lease_handle_removed(s, &fr);
        return;
    }
    if (!session_is_ours(s, cookie)) {
        return;
    }
    struct flow_slot *slot = flow_table_find(ft, fr.table_id, fr.priority, &fr.match);
    if (slot && slot->installed && slot->installed_cookie == cookie
        && flow_slot_set_doubtful(ft, slot)) {
        s->stats.flows_put_back += slot->claims != NULL;
        repair_later(s, ft);
    }
}
