/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/sharing.h"

#include <string.h>

#include "byte-order.h"
#include "flow/flow-table.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/vlog.h"
#include "switch/lease.h"
#include "switch/session.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofsharing);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

/* A wipe comes as many messages: how long to wait for the next one, and for the last
 * one, in ms. */
#define GATHER_MSEC 20
#define MAX_GATHER_MSEC 200

/* The pause between repairs of flows that are removed again and again, in ms: at
 * first, and after so many times in a row.  A row ends when nothing happens. */
#define MIN_INTERVAL 50
#define MAX_INTERVAL 500
#define PATIENCE 20
#define QUIET_MSEC 2000

void
sharing_init(struct sharing *sh, struct session *session, struct lease_state *lease)
{
    *sh = (struct sharing){.session = session, .lease = lease};
}

bool
sharing_set_tables(struct sharing *sh, const uint8_t *tables, size_t n)
{
    bool shared[256] = {false};

    for (size_t i = 0; i < n; i++) {
        shared[tables[i]] = true;
    }
    bool same = !memcmp(sh->shared, shared, sizeof sh->shared);
    memcpy(sh->shared, shared, sizeof sh->shared);
    return !same;
}

bool
sharing_is_shared(const struct sharing *sh, uint8_t table)
{
    return sh->shared[table];
}

/* A slot has become doubtful. */
static void
repair_later(struct sharing *sh, const struct flow_table *ft)
{
    const char *bridge = sh->session->bridge;
    long long int now = time_msec();

    if (ft->n_doubtful > 1) { /* Together with those that are waiting. */
        sh->repair_at = MIN(MAX(sh->repair_at, now + GATHER_MSEC), sh->repair_latest);
        return;
    }

    if (now - sh->repair_at > QUIET_MSEC) {
        sh->in_a_row = 0;
        VLOG_INFO_RL(&rl, "%s: another program removes flows of ours, putting them back", bridge);
    } else if (++sh->in_a_row == PATIENCE) {
        VLOG_WARN("%s: another program removes flows of ours again and again, putting them back "
                  "every %d ms only",
                  bridge, MAX_INTERVAL);
    }
    int interval = sh->in_a_row < PATIENCE ? MIN_INTERVAL : MAX_INTERVAL;
    sh->repair_at = MAX(now + GATHER_MSEC, sh->repair_at + interval);
    sh->repair_latest = sh->repair_at + MAX_GATHER_MSEC;
}

long long int
sharing_send_at(const struct sharing *sh, const struct flow_table *ft)
{
    return ft->n_dirty <= ft->n_doubtful ? sh->repair_at : LLONG_MIN;
}

void
sharing_handle_removed(struct sharing *sh, struct flow_table *ft, const struct ofp_header *oh)
{
    struct session *s = sh->session;
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
        lease_handle_removed(sh->lease, &fr);
        return;
    }
    if (!session_is_ours(s, cookie)) {
        return;
    }
    struct flow_slot *slot = flow_table_find(ft, fr.table_id, fr.priority, &fr.match);
    if (slot && slot->installed && slot->installed_cookie == cookie
        && flow_slot_set_doubtful(ft, slot)) {
        s->stats.flows_put_back += slot->claims != NULL;
        repair_later(sh, ft);
    }
}
