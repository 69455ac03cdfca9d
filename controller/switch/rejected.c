/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/rejected.h"

#include <string.h>

#include "flow/engine.h"
#include "flow/flow-table.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/vlog.h"
#include "svec.h"
#include "switch/session.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofrejected);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(30, 30);

struct rejected_flow {
    struct hmap_node node; /* In rejected->flows, by the slot's hash. */
    struct minimatch match;
    uint64_t cookie;
    uint16_t priority;
    uint8_t table;
    uint32_t len; /* Of 'ofpacts', in bytes. */
    uint64_t ofpacts[];
};

void
rejected_init(struct rejected *r, struct session *session)
{
    r->session = session;
    hmap_init(&r->flows);
}

void
rejected_destroy(struct rejected *r)
{
    rejected_clear(r);
    hmap_destroy(&r->flows);
}

static struct rejected_flow *
find(const struct rejected *r, const struct flow_slot *slot)
{
    struct rejected_flow *flow;

    HMAP_FOR_EACH_WITH_HASH (flow, node, slot->node.hash, &r->flows) {
        if (flow->table == slot->table && flow->priority == slot->priority
            && minimatch_equal(&flow->match, &slot->match)) {
            return flow;
        }
    }
    return NULL;
}

static void
forget(struct rejected *r, struct rejected_flow *flow)
{
    hmap_remove(&r->flows, &flow->node);
    minimatch_destroy(&flow->match);
    free(flow);
}

static bool
is_still_desired(const struct rejected_flow *flow, const struct flow_slot *slot)
{
    uint64_t cookie;
    const struct actions *desired = flow_slot_desired(slot, &cookie);

    return desired && flow->cookie == cookie && flow->len == desired->len
           && !memcmp(flow->ofpacts, desired->ofpacts, flow->len);
}

void
rejected_add(struct rejected *r, const struct flow_slot *slot, const struct actions *actions,
             uint64_t cookie, const char *reason)
{
    struct session *s = r->session;
    struct rejected_flow *flow = find(r, slot);
    if (flow) {
        forget(r, flow);
    }

    flow = xmalloc(sizeof *flow + actions->len);
    minimatch_clone(&flow->match, &slot->match);
    flow->cookie = cookie;
    flow->priority = slot->priority;
    flow->table = slot->table;
    flow->len = actions->len;
    memcpy(flow->ofpacts, actions->ofpacts, actions->len);
    hmap_insert(&r->flows, &flow->node, slot->node.hash);
    s->stats.flows_rejected++;

    if (is_still_desired(flow, slot)) {
        struct ds text = DS_EMPTY_INITIALIZER;

        flow_slot_format_desired(slot, &text);
        ds_put_cstr(&text, ", wanted by ");
        flow_owners_format(slot, &text);
        VLOG_WARN_RL(&rl, "%s: flow set aside until it changes (%s): %s", s->bridge, reason,
                     ds_cstr(&text));
        ds_destroy(&text);
    } else {
        VLOG_INFO_RL(&rl, "%s: refused a flow that is no longer wanted (%s)", s->bridge, reason);
    }
}

bool
rejected_contains(struct rejected *r, const struct flow_slot *slot)
{
    if (hmap_is_empty(&r->flows)) {
        return false;
    }

    struct rejected_flow *flow = find(r, slot);
    if (!flow) {
        return false;
    }
    if (is_still_desired(flow, slot)) {
        return true;
    }
    forget(r, flow);
    return false;
}

void
rejected_prune(struct rejected *r, const struct flow_table *ft)
{
    struct rejected_flow *flow;

    HMAP_FOR_EACH_SAFE (flow, node, &r->flows) {
        struct match match;
        minimatch_expand(&flow->match, &match);

        const struct flow_slot *slot = flow_table_find(ft, flow->table, flow->priority, &match);
        if (!slot || !is_still_desired(flow, slot)) {
            forget(r, flow);
        }
    }
}

void
rejected_clear(struct rejected *r)
{
    struct rejected_flow *flow;

    HMAP_FOR_EACH_SAFE (flow, node, &r->flows) {
        forget(r, flow);
    }
}

size_t
rejected_count(const struct rejected *r)
{
    return hmap_count(&r->flows);
}

void
rejected_problems(const struct rejected *r, struct svec *problems)
{
    if (!hmap_is_empty(&r->flows)) {
        svec_add_nocopy(problems, xasprintf("bridge %s: the switch refuses %" PRIuSIZE
                                            " flows; the log says which and why",
                                            r->session->bridge, hmap_count(&r->flows)));
    }
}
