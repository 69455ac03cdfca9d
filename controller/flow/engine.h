/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_ENGINE_H
#define FLOW_ENGINE_H 1

/* The incremental engine: rules, not handlers.
 *
 * A *rule* is a plain function from a *subject* (a port, a router port, an index
 * entry, ...) to flows.  While it runs, every *fact* it looks at is recorded.
 * When a fact changes, exactly the rules that looked at it run again, and only
 * the difference between their old and new flows reaches the flow table.  The
 * author of a rule writes what the flows are; the engine works out what to redo.
 * (The technique is self-adjusting computation, as in Adapton, Salsa and build
 * systems.)
 *
 * Rules read facts and write flows, nothing else: a rule's output is never
 * another rule's input, so one pass over the queue in any order is enough.
 *
 * The engine knows nothing about networking.  A fact is embedded in whatever
 * holds the information; a subject in whatever rules are about.  An index entry
 * that says "nothing here" is a fact like any other, so a look-up that found
 * nothing is recorded too.
 *
 * Invariant: after engine_run(), the desired flows are those that a new engine
 * would compute from the same subjects and facts.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/flow-table.h"
#include "openvswitch/list.h"

struct ds;
struct engine;
struct match;
struct ofpbuf;
struct run;

/* Something that rules look at. */
struct fact {
    struct ovs_list readers; /* Contains "struct edge"s. */
    uint64_t seen_by;        /* The last run that looked, so that it is recorded once. */
};

void fact_init(struct fact *);
/* The fact ceases to exist.  The activations that looked at it run again. */
void fact_destroy(struct engine *, struct fact *);
/* The fact is not what it was: queues the rules that looked at it. */
void fact_changed(struct engine *, struct fact *);

struct subject;

/* What the engine must know about a kind of subject: how to name one. */
struct subject_kind {
    const char *name;
    void (*format)(const struct subject *, struct ds *);
};

/* Something that rules are about. */
struct subject {
    uint64_t id; /* Same value for the same object at every start and on every chassis. */
    const struct subject_kind *kind;
    struct activation *activations; /* One for each rule of the kind; NULL if not added. */
};

/* One rule. */
struct rule {
    const char *name;
    const struct subject_kind *kind; /* Of its subjects. */
    void (*run)(struct run *, const struct subject *);
};

/* 'rules' are copied; 'kinds' (the array that all subjects' kinds are elements of) must
 * outlive the engine.  'aux' is what run_aux() returns to the rules. */
struct engine *engine_create(const struct rule *rules, size_t n_rules,
                             const struct subject_kind *kinds, size_t n_kinds, void *aux);
/* All subjects must have been removed. */
void engine_destroy(struct engine *);

/* Adds 'subject', whose 'id' and 'kind' are set: all rules of that kind are
 * queued for it. */
void engine_add_subject(struct engine *, struct subject *);
/* Removes 'subject' with its flows; does nothing if it was not added. */
void engine_remove_subject(struct engine *, struct subject *);

/* Runs the queued rules.  Returns true if any rule ran. */
bool engine_run(struct engine *);
bool engine_has_work(const struct engine *);

struct flow_table *engine_flows(struct engine *);

struct engine_stats {
    uint64_t loops; /* Calls to engine_run() that ran a rule. */
    uint64_t rules_run;
    uint64_t flows_added;
    uint64_t flows_changed;
    uint64_t flows_removed;
    uint64_t usec;
};

/* The last loop that ran a rule, and the sum since the start. */
void engine_get_stats(const struct engine *, struct engine_stats *last, struct engine_stats *total);
/* As text: the two of them, and how often each rule ran. */
void engine_format_stats(const struct engine *, struct ds *);

/* --- Inside a rule ------------------------------------------------------ */

/* Records that the rule looks at 'fact'. */
void run_look(struct run *, const struct fact *);
void *run_aux(const struct run *);

/* States that a flow exists.  'actions' is copied. */
void run_flow(struct run *, uint8_t table, uint16_t priority, const struct match *,
              const struct ofpbuf *actions);

/* States that a flow exists and that 'actions', which are copied, are among its actions, as
 * are those that other activations add to it.  For actions whose order does not matter,
 * such as conjunction() (see merge.h).  If run_flow() states the flow as well, nothing is
 * added to what that says.
 *
 * An activation has one say about a flow, the last: what it adds, it adds at once. */
void run_add_to_flow(struct run *, uint8_t table, uint16_t priority, const struct match *,
                     const struct ofpbuf *actions);

/* --- Owners of flows ---------------------------------------------------- */

/* A cookie leads back to the rule and the subject: 8 bits COOKIE_MAGIC, 8 bits
 * table number (so that no two tables ever share a cookie), 16 more bits of magic, and
 * 32 bits of a hash of the rule's name and the subject's id.  The magic must be that
 * long because Neutron's agent, on a bridge shared with it, draws its cookies at
 * random. */
#define COOKIE_MAGIC UINT64_C(0xdf)
#define COOKIE_BITS (COOKIE_MAGIC << 56 | UINT64_C(0xa6f1) << 32)
#define COOKIE_MASK (UINT64_C(0xff00ffff) << 32)

/* Appends the owners of the flow desired for the slot, each as "RULE(KIND SUBJECT)": usually one,
 * several if they have added to it, joined by " + ".  The first is the one that the flow's cookie
 * leads to. */
void flow_owners_format(const struct flow_slot *, struct ds *);
/* The subject and the rule's name of an activation. */
const struct subject *activation_subject(const struct activation *);
const char *activation_rule_name(const struct activation *);

#endif /* flow/engine.h */
