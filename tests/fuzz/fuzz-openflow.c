/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* OpenFlow messages from a switch gone mad.
 *
 * The input is a series of messages, fed to a session that goes through its states as
 * they allow: set-up, reading what is installed, sending bundles, holding a lease,
 * receiving reports of removed flows.  The version and the length of each are put right,
 * or nothing would get anywhere; its transaction id is folded into the few that the
 * session uses, and bits of it say how the desired flows, the lease and what is ours
 * change meanwhile.  Properties: nothing crashes; no flow is lost or made up in the flow
 * table; nothing is confirmed that was not sent; only flows with our cookie are taken
 * for ours; no lease without confirmed flows, none in the flow table, and what was
 * removed is sent again. */

#include "switch/switch.h"

#include <stdlib.h>
#include <string.h>

#include "flow/engine.h"
#include "flow/flow-table.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "switch/private.h"
#include "timeval.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first ones have a flow each, the others add to one. */
#define N_ALONE 3
#define N_SUBJECTS 6

struct context {
    struct ofsession *session;
    uint64_t sum; /* Of what callbacks have seen, so that it is read. */
};

static void
format_subject(const struct subject *subject, struct ds *ds)
{
    ds_put_format(ds, "%u", (unsigned int) subject->id);
}

static void
run_rule(struct run *run, const struct subject *subject)
{
    uint64_t stub[64 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct match match;

    match_init_catchall(&match);
    if (subject->id < N_ALONE) {
        match_set_reg(&match, 0, subject->id);
        ofpact_put_METER(&ofpacts)->meter_id = 1;
        ofpact_put_OUTPUT(&ofpacts)->port = 1;
        run_flow(run, 1, 1, &match, &ofpacts);
    } else {
        struct ofpact_conjunction *conj = ofpact_put_CONJUNCTION(&ofpacts);
        conj->id = subject->id / 2; /* Two add the same. */
        conj->n_clauses = 2;
        match_set_reg(&match, 0, N_ALONE);
        run_add_to_flow(run, 1, 1, &match, &ofpacts);
    }
    ofpbuf_uninit(&ofpacts);
}

static const struct subject_kind kinds[] = {{.name = "fuzz", .format = format_subject}};
static const struct rule rules[] = {{.name = "fuzz", .kind = &kinds[0], .run = run_rule}};
static const struct meter meters[] = {{.id = 1, .rate = 10, .burst = 10}};

static void
fuzz_packet_in(const struct packet_in *pin, void *ctx_)
{
    struct context *ctx = ctx_;
    uint64_t stub[64 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < pin->len; i++) {
        ctx->sum += ((const uint8_t *) pin->packet)[i];
    }
    for (size_t i = 0; i < pin->userdata_len; i++) {
        ctx->sum += ((const uint8_t *) pin->userdata)[i];
    }
    match_format(pin->metadata, NULL, &ds, OFP_DEFAULT_PRIORITY);
    ctx->sum += ds.length;
    ds_destroy(&ds);

    ofpact_put_OUTPUT(&ofpacts)->port = 1;
    switch_packet_out(ctx->session, pin->packet, pin->len, &ofpacts);
    ofpbuf_uninit(&ofpacts);
}

/* The configuration changes. */
static void
configure(struct ofsession *s, uint8_t change)
{
    static const uint8_t tables[] = {1};
    uint64_t stub[64 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct match match;

    match_init_catchall(&match);
    match_set_reg(&match, 1, change & 1);
    ofpact_put_OUTPUT(&ofpacts)->port = 1;
    const struct lease lease = {
        .table = 2,
        .priority = 7,
        .match = &match,
        .ofpacts = ofpacts.data,
        .ofpacts_len = ofpacts.size,
        .seconds = change & 2 ? 60 : 0,
    };

    if (change & 4) {
        switch_set_lease(s, change & 8 ? NULL : &lease);
    }
    if (change & 16) {
        switch_set_sharing(s, COOKIE_BITS, COOKIE_MASK | (uint64_t) (change & 32) << 48, tables,
                           change & 64 ? 0 : 1);
    }
    ofpbuf_uninit(&ofpacts);
}

/* What the main loop does between messages, without the passing of time. */
static void
proceed(struct ofsession *s, struct flow_table *ft, uint64_t seqno)
{
    s->reading.at = LLONG_MIN;
    s->sharing.repair_at = MIN(s->sharing.repair_at, time_msec());
    switch_work(s, ft, seqno, true);
    ovs_assert(s->session.state != S_SYNCED || !ft->n_dirty);
}

/* The flows that the subjects want. */
static size_t
count_desired(const struct subject subjects[N_SUBJECTS])
{
    size_t n = 0;
    bool any = false;

    for (size_t i = 0; i < N_SUBJECTS; i++) {
        n += i < N_ALONE && subjects[i].activations;
        any = any || (i >= N_ALONE && subjects[i].activations);
    }
    return n + any;
}

static void
check(const struct ofsession *s, const struct flow_table *ft, size_t n_desired, uint64_t seqno)
{
    const struct flow_slot *slot;
    const struct lease_state *lease = &s->lease;
    size_t n_claimed = 0, n_dirty = 0, n_doubtful = 0;

    HMAP_FOR_EACH (slot, node, &ft->slots) {
        ovs_assert(slot->claims || slot->installed);
        ovs_assert(!slot->installed || (slot->installed_cookie & COOKIE_MASK) == COOKIE_BITS);
        ovs_assert(!slot->installed || !lease_is_cookie(slot->installed_cookie));
        n_claimed += slot->claims != NULL;
        n_dirty += !ovs_list_is_empty(&slot->dirty);
        n_doubtful += slot->doubtful && !ovs_list_is_empty(&slot->dirty);
        ovs_assert(!slot->doubtful || slot->installed);
    }
    ovs_assert(n_claimed == n_desired && ft->n_desired == n_desired);
    ovs_assert(n_dirty == ft->n_dirty && n_doubtful == ft->n_doubtful);
    ovs_assert(!lease->present || lease->wanted);
    ovs_assert(lease->sent_at <= time_msec() && (!lease->sent_at || s->session.confirmed));
    ovs_assert(s->session.confirmed <= seqno);
    ovs_assert(s->session.state >= S_SETUP);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct subject subjects[N_SUBJECTS];
    struct context ctx = {.sum = 0};
    uint64_t seqno = 1;

    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);

    struct engine *engine = engine_create(rules, 1, kinds, 1, NULL);
    struct flow_table *ft = engine_flows(engine);
    memset(subjects, 0, sizeof subjects);
    for (size_t i = 0; i < N_SUBJECTS; i++) {
        subjects[i].kind = &kinds[0];
        subjects[i].id = i;
        engine_add_subject(engine, &subjects[i]);
    }
    engine_run(engine);

    struct ofsession *s = switch_create(meters, 1, COOKIE_BITS, COOKIE_MASK, fuzz_packet_in, &ctx);
    ctx.session = s;
    switch_set_bridge(s, "br-fuzz");
    switch_begin(s, OFP15_VERSION);

    while (size >= sizeof(struct ofp_header) && !s->session.give_up) {
        struct ofp_header header;
        memcpy(&header, data, sizeof header);
        size_t len = MIN(MAX(ntohs(header.length), sizeof header), size);
        uint8_t change = ntohl(header.xid) >> 24;

        /* A copy at its own address, so that reading past the end is noticed. */
        struct ofp_header *oh = xmemdup(data, len);
        oh->version = OFP15_VERSION;
        oh->length = htons(len);
        uint32_t xid = ntohl(oh->xid) & 0x1f;
        oh->xid = htonl(xid == 0x1f ? LEASE_XID : 1u << 31 | xid);
        switch_handle(s, ft, oh, len);
        free(oh);

        if (change & 0x80) {
            configure(s, change);
        } else if (change) {
            struct subject *subject = &subjects[change % N_SUBJECTS];

            if (subject->activations) {
                engine_remove_subject(engine, subject);
            } else {
                engine_add_subject(engine, subject);
            }
            engine_run(engine);
            seqno++;
        }
        proceed(s, ft, seqno);
        check(s, ft, count_desired(subjects), seqno);
        data += len;
        size -= len;
    }

    switch_destroy(s);
    for (size_t i = 0; i < N_SUBJECTS; i++) {
        engine_remove_subject(engine, &subjects[i]);
    }
    engine_run(engine);
    engine_destroy(engine);
    return 0;
}
