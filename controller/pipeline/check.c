/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/check.h"

#include "flow/engine.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "pipeline/pipeline.h"
#include "pipeline/stage.h"
#include "util.h"

/* --- Sets of registers -------------------------------------------------- */

uint32_t
register_set(enum mf_field_id id)
{
    if (id >= MFF_REG0 && id < MFF_REG0 + FLOW_N_REGS) {
        return 1u << (id - MFF_REG0);
    } else if (id >= MFF_XREG0 && id < MFF_XREG0 + FLOW_N_XREGS) {
        return 3u << 2 * (id - MFF_XREG0);
    } else if (id >= MFF_XXREG0 && id < MFF_XXREG0 + FLOW_N_XXREGS) {
        return 15u << 4 * (id - MFF_XXREG0);
    }
    return id == MFF_METADATA ? 1u << FLOW_N_REGS : 0;
}

uint32_t
register_list_set(const enum mf_field_id *list)
{
    uint32_t set = 0;

    for (; list && *list != MFF_N_IDS; list++) {
        set |= register_set(*list);
    }
    return set;
}

/* --- What one flow does ------------------------------------------------- */

static void
note_match(const struct minimatch *minimatch, struct stage_use *use)
{
    struct match match;

    minimatch_expand(minimatch, &match);
    for (int i = 0; i < FLOW_N_REGS; i++) {
        if (match.wc.masks.regs[i]) {
            use->reads |= register_set(MFF_REG0 + i);
        }
    }
    if (match.wc.masks.metadata) {
        use->reads |= register_set(MFF_METADATA);
    }
}

/* Returns false if it is an action that stages do not have. */
static bool
note_action(const struct ofpact *a, struct stage_use *use)
{
    switch (a->type) {
    case OFPACT_RESUBMIT:
        use->next[ofpact_get_RESUBMIT(a)->table_id] = true;
        return true;
    case OFPACT_SET_FIELD:
        use->writes |= register_set(ofpact_get_SET_FIELD(a)->field->id);
        return true;
    case OFPACT_REG_MOVE:
        use->reads |= register_set(ofpact_get_REG_MOVE(a)->src.field->id);
        use->writes |= register_set(ofpact_get_REG_MOVE(a)->dst.field->id);
        return true;
    case OFPACT_MULTIPATH:
        use->writes |= register_set(ofpact_get_MULTIPATH(a)->dst.field->id);
        return true;
    case OFPACT_CHECK_PKT_LARGER:
        use->writes |= register_set(ofpact_get_CHECK_PKT_LARGER(a)->dst.field->id);
        return true;
    case OFPACT_CT:
        use->next[ofpact_get_CT(a)->recirc_table] = true;
        return true;
    case OFPACT_OUTPUT:
    case OFPACT_CONTROLLER:
    case OFPACT_METER:
    case OFPACT_PUSH_VLAN:
    case OFPACT_STRIP_VLAN:
    case OFPACT_DEC_TTL:
    case OFPACT_CT_CLEAR:
        return true;
    default:
        return false;
    }
}

/* --- What its stage declares -------------------------------------------- */

static bool
has_rule(const struct stage *stage, enum pipeline_mode mode, const char *name)
{
    const struct stage_flows *flows = stage->flows[mode];

    for (const struct rule *rule = flows ? flows->rules : NULL; rule && rule->name; rule++) {
        if (!strcmp(rule->name, name)) {
            return true;
        }
    }
    return false;
}

static bool
may_state(const struct pipeline *pipeline, const struct stage *stage, const char *rule)
{
    const struct stage_flows *flows = stage->flows[pipeline->mode];

    if (!strcmp(rule, pipeline->constant.name)) {
        return flows->constants != NULL;
    }
    for (const struct stage *const *s = flows->stated_by; s && *s; s++) {
        if (has_rule(*s, pipeline->mode, rule)) {
            return true;
        }
    }
    return has_rule(stage, pipeline->mode, rule);
}

static bool
hands_to(const struct pipeline *pipeline, const struct stage *stage, uint8_t table)
{
    for (const struct stage *const *s = stage->next; s && *s; s++) {
        if ((*s)->table == table && (*s)->flows[pipeline->mode]) {
            return true;
        }
    }
    return false;
}

/* The place of a priority in the stage's list; -1 if it is not in there. */
static int
priority_index(const struct stage *stage, uint16_t priority)
{
    const struct stage_priority *p = stage->priorities;

    for (int i = 0; p && p[i].what; i++) {
        if (priority >= p[i].lowest && priority <= p[i].lowest + p[i].span) {
            return i;
        }
    }
    return -1;
}

/* --- The check ---------------------------------------------------------- */

/* What is wrong with the flow, or NULL. */
static const char *
check_flow(const struct pipeline *pipeline, const struct flow_slot *slot, struct stage_use *sum)
{
    const struct stage *stage = pipeline_stage(pipeline, slot->table);
    const char *wrong = NULL;
    uint64_t cookie;
    const struct actions *actions = flow_slot_desired(slot, &cookie);

    if (!stage) {
        return "there is no such stage";
    }

    struct stage_use use = {.reads = 0};
    const struct ofpact *a;
    note_match(&slot->match, &use);
    OFPACT_FOR_EACH (a, actions_get(actions), actions->len) {
        if (!note_action(a, &use)) {
            wrong = "it has an action that stages do not have";
        }
    }

    int priority = priority_index(stage, slot->priority);
    if (priority < 0) {
        wrong = "the stage has no such priority";
    } else {
        sum->priorities |= UINT64_C(1) << priority;
    }
    for (unsigned int table = 0; table < 256; table++) {
        if (use.next[table] && !hands_to(pipeline, stage, table)) {
            wrong = "the stage does not hand packets there";
        }
        sum->next[table] |= use.next[table];
    }
    const struct stage_flows *stated = stage->flows[pipeline->mode];
    if (use.reads & ~(register_list_set(stage->reads) | register_list_set(stated->reads))) {
        wrong = "the stage does not read that register";
    }
    if (use.writes & ~(register_list_set(stage->writes) | register_list_set(stated->writes))) {
        wrong = "the stage does not write that register";
    }
    for (const struct flow_claim *claim = flow_slot_winner(slot); claim;
         claim = flow_slot_next_winner(slot, claim)) {
        if (!may_state(pipeline, stage, activation_rule_name(claim->owner))) {
            wrong = "its rule is not one of the stage";
        }
    }
    sum->reads |= use.reads;
    sum->writes |= use.writes;
    return wrong;
}

bool
pipeline_check(const struct pipeline *pipeline, const struct flow_table *flows,
               struct stage_use uses[256], size_t max_lines, struct ds *ds)
{
    const struct flow_slot *slot;
    struct stage_use ignored = {.reads = 0};
    size_t n_wrong = 0;

    HMAP_FOR_EACH (slot, node, &flows->slots) {
        const char *wrong =
            slot->claims ? check_flow(pipeline, slot, uses ? &uses[slot->table] : &ignored) : NULL;

        if (wrong && n_wrong++ < max_lines) {
            flow_slot_format_desired(slot, ds);
            ds_put_format(ds, " ; owner=");
            flow_owners_format(slot, ds);
            ds_put_format(ds, ": %s\n", wrong);
        }
    }
    return !n_wrong;
}
