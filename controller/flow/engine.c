/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "flow/engine.h"

#include "coverage.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofpbuf.h"
#include "timeval.h"
#include "util.h"

COVERAGE_DEFINE(engine_rule_run);

/* One "rule R looked at fact F". */
struct edge {
    struct ovs_list in_fact; /* In fact->readers. */
    struct fact *fact;
    struct activation *reader;
};

/* One rule applied to one subject. */
struct activation {
    const struct rule *rule;
    struct subject *subject;
    struct ovs_list queued; /* In engine->queue, or empty. */
    struct ovs_list claims; /* Contains "struct flow_claim"s, by 'owner_node'. */
    struct edge *edges;     /* Array of 'n_edges': what the last run looked at. */
    uint32_t n_edges;
};

struct engine {
    struct rule *rules;
    size_t n_rules;
    const struct subject_kind *kinds;
    size_t n_kinds;
    const struct rule **by_kind; /* The rules, grouped by kind. */
    size_t *kind_start;          /* 'n_kinds' + 1 indexes into 'by_kind'. */
    void *aux;

    struct flow_table flows;
    struct ovs_list queue; /* Contains "struct activation"s. */

    /* Scratch space of the running rule. */
    uint64_t run_number;
    struct fact **looked;
    size_t n_looked, allocated_looked;

    struct engine_stats last, total;
    uint64_t removed_between; /* Flows removed with their subjects since the last loop. */
    uint64_t *rule_runs;      /* How often each of 'n_rules' rules ran. */
};

struct run {
    struct engine *engine;
    struct activation *activation;
    struct ovs_list claims; /* What this run has stated. */
    uint64_t added, changed;
};

/* --- Facts -------------------------------------------------------------- */

void
fact_init(struct fact *fact)
{
    ovs_list_init(&fact->readers);
    fact->seen_by = 0;
}

static void
activation_enqueue(struct engine *engine, struct activation *a)
{
    if (ovs_list_is_empty(&a->queued)) {
        ovs_list_push_back(&engine->queue, &a->queued);
    }
}

void
fact_changed(struct engine *engine, struct fact *fact)
{
    struct edge *edge;

    LIST_FOR_EACH (edge, in_fact, &fact->readers) {
        activation_enqueue(engine, edge->reader);
    }
}

void
fact_destroy(struct engine *engine, struct fact *fact)
{
    struct edge *edge;

    fact_changed(engine, fact);
    LIST_FOR_EACH_SAFE (edge, in_fact, &fact->readers) {
        ovs_list_remove(&edge->in_fact);
        ovs_list_init(&edge->in_fact);
        edge->fact = NULL;
    }
}

/* --- Engine ------------------------------------------------------------- */

struct engine *
engine_create(const struct rule *rules, size_t n_rules, const struct subject_kind *kinds,
              size_t n_kinds, void *aux)
{
    struct engine *engine = xzalloc(sizeof *engine);

    engine->rules = n_rules ? xmemdup(rules, n_rules * sizeof *rules) : NULL;
    engine->n_rules = n_rules;
    engine->kinds = kinds;
    engine->n_kinds = n_kinds;
    engine->by_kind = xcalloc(n_rules, sizeof *engine->by_kind);
    engine->kind_start = xcalloc(n_kinds + 1, sizeof *engine->kind_start);
    engine->aux = aux;

    size_t n = 0;
    for (size_t kind = 0; kind < n_kinds; kind++) {
        engine->kind_start[kind] = n;
        for (size_t i = 0; i < n_rules; i++) {
            if (rules[i].kind == &kinds[kind]) {
                engine->by_kind[n++] = &engine->rules[i];
            }
        }
    }
    ovs_assert(n == n_rules);
    engine->kind_start[n_kinds] = n;

    flow_table_init(&engine->flows);
    ovs_list_init(&engine->queue);
    engine->rule_runs = xcalloc(n_rules, sizeof *engine->rule_runs);
    return engine;
}

void
engine_destroy(struct engine *engine)
{
    if (engine) {
        ovs_assert(ovs_list_is_empty(&engine->queue));
        flow_table_destroy(&engine->flows);
        free(engine->rules);
        free(engine->by_kind);
        free(engine->kind_start);
        free(engine->looked);
        free(engine->rule_runs);
        free(engine);
    }
}

struct flow_table *
engine_flows(struct engine *engine)
{
    return &engine->flows;
}

bool
engine_has_work(const struct engine *engine)
{
    return !ovs_list_is_empty(&engine->queue) || engine->removed_between;
}

/* Returns the number of rules for subjects like 'subject' and sets '*start' to the
 * index in engine->by_kind[] of the first of them. */
static size_t
engine_rules_of(const struct engine *engine, const struct subject *subject, size_t *start)
{
    size_t kind = subject->kind - engine->kinds;

    *start = engine->kind_start[kind];
    return engine->kind_start[kind + 1] - *start;
}

void
engine_add_subject(struct engine *engine, struct subject *subject)
{
    size_t start, n = engine_rules_of(engine, subject, &start);

    ovs_assert(!subject->activations);
    subject->activations = xcalloc(n, sizeof *subject->activations);
    for (size_t i = 0; i < n; i++) {
        struct activation *a = &subject->activations[i];

        a->rule = engine->by_kind[start + i];
        a->subject = subject;
        ovs_list_init(&a->queued);
        ovs_list_init(&a->claims);
        activation_enqueue(engine, a);
    }
}

static void
activation_drop_edges(struct activation *a)
{
    for (size_t i = 0; i < a->n_edges; i++) {
        if (a->edges[i].fact) {
            ovs_list_remove(&a->edges[i].in_fact);
        }
    }
    free(a->edges);
    a->edges = NULL;
    a->n_edges = 0;
}

void
engine_remove_subject(struct engine *engine, struct subject *subject)
{
    if (!subject->activations) {
        return;
    }

    size_t start, n = engine_rules_of(engine, subject, &start);
    for (size_t i = 0; i < n; i++) {
        struct activation *a = &subject->activations[i];
        struct flow_claim *claim;

        LIST_FOR_EACH_SAFE (claim, owner_node, &a->claims) {
            flow_table_unclaim(&engine->flows, claim);
            engine->removed_between++;
        }
        activation_drop_edges(a);
        if (!ovs_list_is_empty(&a->queued)) {
            ovs_list_remove(&a->queued);
        }
    }
    free(subject->activations);
    subject->activations = NULL;
}

/* Replaces the recorded edges of 'a' by engine->looked[].  Most reruns look at
 * the same facts in the same order: then nothing is to be done. */
static void
activation_set_edges(struct engine *engine, struct activation *a)
{
    size_t n = engine->n_looked;
    bool same = n == a->n_edges;

    for (size_t i = 0; same && i < n; i++) {
        same = a->edges[i].fact == engine->looked[i];
    }
    if (same) {
        return;
    }

    activation_drop_edges(a);
    a->edges = n ? xmalloc(n * sizeof *a->edges) : NULL;
    a->n_edges = n;
    for (size_t i = 0; i < n; i++) {
        struct edge *edge = &a->edges[i];

        edge->fact = engine->looked[i];
        edge->reader = a;
        ovs_list_push_back(&edge->fact->readers, &edge->in_fact);
    }
}

static void
activation_run(struct engine *engine, struct activation *a)
{
    struct run run = {.engine = engine, .activation = a};
    struct flow_claim *claim;

    COVERAGE_INC(engine_rule_run);
    engine->run_number++;
    engine->n_looked = 0;
    ovs_list_init(&run.claims);

    a->rule->run(&run, a->subject);

    /* What the run did not state again is gone. */
    LIST_FOR_EACH_SAFE (claim, owner_node, &a->claims) {
        flow_table_unclaim(&engine->flows, claim);
        engine->last.flows_removed++;
    }
    ovs_list_push_back_all(&a->claims, &run.claims);
    activation_set_edges(engine, a);
    engine->last.rules_run++;
    engine->last.flows_added += run.added;
    engine->last.flows_changed += run.changed;
}

bool
engine_run(struct engine *engine)
{
    if (ovs_list_is_empty(&engine->queue) && !engine->removed_between) {
        return false;
    }

    long long int start = time_usec();
    struct activation *a;

    engine->last = (struct engine_stats){.loops = 1, .flows_removed = engine->removed_between};
    engine->removed_between = 0;
    LIST_FOR_EACH_POP (a, queued, &engine->queue) {
        ovs_list_init(&a->queued);
        activation_run(engine, a);
        engine->rule_runs[a->rule - engine->rules]++;
    }
    flow_table_settle(&engine->flows);
    engine->last.usec = time_usec() - start;

    engine->total.loops++;
    engine->total.rules_run += engine->last.rules_run;
    engine->total.flows_added += engine->last.flows_added;
    engine->total.flows_changed += engine->last.flows_changed;
    engine->total.flows_removed += engine->last.flows_removed;
    engine->total.usec += engine->last.usec;
    return true;
}

/* --- Inside a rule ------------------------------------------------------ */

void
run_look(struct run *run, const struct fact *fact_)
{
    struct fact *fact = CONST_CAST(struct fact *, fact_);
    struct engine *engine = run->engine;

    if (fact->seen_by == engine->run_number) {
        return;
    }
    fact->seen_by = engine->run_number;
    if (engine->n_looked >= engine->allocated_looked) {
        engine->looked =
            x2nrealloc(engine->looked, &engine->allocated_looked, sizeof *engine->looked);
    }
    engine->looked[engine->n_looked++] = fact;
}

void *
run_aux(const struct run *run)
{
    return run->engine->aux;
}

static uint64_t
activation_cookie(const struct activation *a, uint8_t table)
{
    uint64_t hash = hash_string(a->rule->name, 0);

    hash = (hash << 32) ^ (a->subject->id * UINT64_C(0x9e3779b97f4a7c15));
    hash ^= hash >> 29;
    return COOKIE_BITS | (uint64_t) table << 48 | (uint32_t) (hash ^ hash >> 32);
}

static void
run_claim(struct run *run, enum claim_kind kind, uint8_t table, uint16_t priority,
          const struct match *match, const struct ofpbuf *actions)
{
    struct flow_table *flows = &run->engine->flows;
    struct activation *a = run->activation;
    uint64_t cookie = activation_cookie(a, table);
    enum claim_result result;

    struct flow_claim *claim = flow_table_claim(flows, a, kind, table, priority, match, cookie,
                                                actions->data, actions->size, &result);
    if (result == CLAIM_NEW) {
        run->added++;
    } else {
        run->changed += result == CLAIM_CHANGED;
        ovs_list_remove(&claim->owner_node);
    }
    ovs_list_push_back(&run->claims, &claim->owner_node);
}

void
run_flow(struct run *run, uint8_t table, uint16_t priority, const struct match *match,
         const struct ofpbuf *actions)
{
    run_claim(run, CLAIM_EXCLUSIVE, table, priority, match, actions);
}

void
run_add_to_flow(struct run *run, uint8_t table, uint16_t priority, const struct match *match,
                const struct ofpbuf *actions)
{
    run_claim(run, CLAIM_ADDITIVE, table, priority, match, actions);
}

/* --- Text --------------------------------------------------------------- */

static void
activation_format(const struct activation *a, struct ds *ds)
{
    ds_put_format(ds, "%s(%s ", a->rule->name, a->subject->kind->name);
    a->subject->kind->format(a->subject, ds);
    ds_put_char(ds, ')');
}

void
flow_owners_format(const struct flow_slot *slot, struct ds *ds)
{
    const struct flow_claim *first = flow_slot_winner(slot);

    for (const struct flow_claim *c = first; c; c = flow_slot_next_winner(slot, c)) {
        if (c != first) {
            ds_put_cstr(ds, " + ");
        }
        activation_format(c->owner, ds);
    }
}

const struct subject *
activation_subject(const struct activation *a)
{
    return a->subject;
}

const char *
activation_rule_name(const struct activation *a)
{
    return a->rule->name;
}

void
engine_get_stats(const struct engine *engine, struct engine_stats *last, struct engine_stats *total)
{
    *last = engine->last;
    *total = engine->total;
}

static void
stats_format(const char *title, const struct engine_stats *s, struct ds *ds)
{
    ds_put_format(ds,
                  "%s: loops %" PRIu64 ", rules run %" PRIu64 ", flows added %" PRIu64
                  ", changed %" PRIu64 ", removed %" PRIu64 ", time %" PRIu64 " us\n",
                  title, s->loops, s->rules_run, s->flows_added, s->flows_changed, s->flows_removed,
                  s->usec);
}

void
engine_format_stats(const struct engine *engine, struct ds *ds)
{
    stats_format("last loop", &engine->last, ds);
    stats_format("total", &engine->total, ds);
    for (size_t i = 0; i < engine->n_rules; i++) {
        ds_put_format(ds, "rule %s: runs %" PRIu64 "\n", engine->rules[i].name,
                      engine->rule_runs[i]);
    }
}
