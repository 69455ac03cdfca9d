/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/pipeline.h"

#include "openvswitch/dynamic-string.h"
#include "pipeline/rules.h"
#include "topology/topology.h"
#include "util.h"

#define STAGE_ADDRESS(NAME) &stage_##NAME,
static const struct stage *const stages[] = {STAGES(STAGE_ADDRESS)};
#undef STAGE_ADDRESS

/* --- Modes -------------------------------------------------------------- */

static void
drop(struct ofpbuf *actions OVS_UNUSED, enum packet_in_reason reason OVS_UNUSED)
{
}

static void
answer(struct ofpbuf *actions, enum packet_in_reason reason)
{
    act_to_daemon(actions, reason, NULL, 0);
}

const struct attachment native_attachment = {.refuse = answer, .refuse_quiet = drop};

static void
constant_flows(struct run *run, const struct pipeline *pipeline)
{
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        const struct stage_flows *flows = stages[i]->flows[pipeline->mode];

        if (flows && flows->constants) {
            flows->constants(run, pipeline->attachment);
        }
    }
}

static void
native_constant_flows(struct run *run, const struct subject *subject OVS_UNUSED)
{
    constant_flows(run, &pipeline_native);
}

static void
ml2_constant_flows(struct run *run, const struct subject *subject OVS_UNUSED)
{
    constant_flows(run, &pipeline_ml2);
}

/* In native mode every flow of the bridge is ours. */
const struct pipeline pipeline_native = {
    .mode = MODE_NATIVE,
    .constant = {"constant", &topology_kinds[KIND_PIPELINE], native_constant_flows},
    .attachment = &native_attachment,
    .cookie_mask = 0,
};

/* The agent removes what it does not know from its own tables, and, with
 * drop_flows_on_start, from all. */
const struct pipeline pipeline_ml2 = {
    .mode = MODE_ML2,
    .constant = {"ml2-constant", &topology_kinds[KIND_PIPELINE], ml2_constant_flows},
    .attachment = &ml2_attachment,
    .cookie_mask = COOKIE_MASK,
    .is_shared = true,
};

/* --- Stages ------------------------------------------------------------- */

const struct stage *
pipeline_stage(const struct pipeline *pipeline, uint8_t table)
{
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        if (stages[i]->table == table && stages[i]->flows[pipeline->mode]) {
            return stages[i];
        }
    }
    return NULL;
}

static void
format_line(const struct stage *stage, struct ds *ds)
{
    ds_put_format(ds, "%u %s %s\n", stage->table, stage->name, stage->purpose);
}

void
pipeline_format_stages(const struct pipeline *pipeline, struct ds *ds)
{
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        if (stages[i]->flows[pipeline->mode]) {
            format_line(stages[i], ds);
        }
    }
}

/* "TITLE: NAME, NAME\n", where 'n' names have been put before this one. */
static void
format_name(const char *title, const char *name, size_t n, struct ds *ds)
{
    if (!n) {
        ds_put_format(ds, "%s: ", title);
    } else {
        ds_chomp(ds, '\n');
        ds_put_cstr(ds, ", ");
    }
    ds_put_format(ds, "%s\n", name);
}

static void
format_registers(const char *title, const enum mf_field_id *of_stage,
                 const enum mf_field_id *of_mode, struct ds *ds)
{
    const enum mf_field_id *const lists[] = {of_stage, of_mode};
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        for (const enum mf_field_id *id = lists[i]; id && *id != MFF_N_IDS; id++) {
            format_name(title, mf_from_id(*id)->name, n++, ds);
        }
    }
}

static void
format_declared(const struct stage *stage, const struct pipeline *pipeline, struct ds *ds)
{
    const struct stage_flows *flows = stage->flows[pipeline->mode];
    size_t n = 0;

    format_line(stage, ds);
    for (const struct stage *const *s = stage->next; s && *s; s++) {
        if ((*s)->flows[pipeline->mode]) {
            format_name("next", (*s)->name, n++, ds);
        }
    }
    format_registers("reads", stage->reads, flows->reads, ds);
    format_registers("writes", stage->writes, flows->writes, ds);
    n = 0;
    if (flows->constants) {
        format_name("rules", pipeline->constant.name, n++, ds);
    }
    for (const struct rule *rule = flows->rules; rule && rule->name; rule++) {
        format_name("rules", rule->name, n++, ds);
    }
    n = 0;
    for (const struct stage *const *s = flows->stated_by; s && *s; s++) {
        format_name("also by rules of", (*s)->name, n++, ds);
    }
    for (const struct stage_priority *p = stage->priorities; p->what; p++) {
        ds_put_format(ds, "priority %u", p->lowest);
        if (p->span) {
            ds_put_format(ds, "-%u", p->lowest + p->span);
        }
        ds_put_format(ds, ": %s\n", p->what);
    }
}

bool
pipeline_format_stage(const struct pipeline *pipeline, const char *name, struct ds *ds)
{
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        if (stages[i]->flows[pipeline->mode] && !strcmp(stages[i]->name, name)) {
            format_declared(stages[i], pipeline, ds);
            return true;
        }
    }
    return false;
}

size_t
pipeline_shared_tables(const struct pipeline *pipeline, uint8_t tables[256])
{
    size_t n = 0;

    for (size_t i = 0; pipeline->is_shared && i < ARRAY_SIZE(stages); i++) {
        if (stages[i]->flows[pipeline->mode]) {
            tables[n++] = stages[i]->table;
        }
    }
    return n;
}

struct topology *
pipeline_create_topology(const struct pipeline *pipeline)
{
    struct rule *rules = xmemdup(&pipeline->constant, sizeof pipeline->constant);
    size_t n = 1, allocated = 1;

    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        const struct stage_flows *flows = stages[i]->flows[pipeline->mode];

        for (const struct rule *rule = flows ? flows->rules : NULL; rule && rule->name; rule++) {
            if (n >= allocated) {
                rules = x2nrealloc(rules, &allocated, sizeof *rules);
            }
            rules[n++] = *rule;
        }
    }

    struct topology *t = topology_create(rules, n);
    if (pipeline->mode == MODE_NATIVE) {
        topology_forward_outside(t);
    }
    free(rules);
    return t;
}
