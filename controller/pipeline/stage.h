/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_STAGE_H
#define PIPELINE_STAGE_H 1

/* A stage: one OpenFlow table, and all that describes it, in one object in a file of its
 * own.  Code, checks (check.h), the runtime command "stages", which dfctl trace asks, and
 * the pipeline reference take what they know of stages from these objects.
 *
 * A new stage is its file, a line in the list below, and a line in meson.build. */

#include <stdint.h>

#include "flow/engine.h"
#include "openvswitch/meta-flow.h"

struct attachment;
struct stage;

/* The list of all stages, by table.  Each states the pipelines that have it. */
#define STAGES(STAGE)                                                                              \
    STAGE(classify)                                                                                \
    STAGE(stock_entry)                                                                             \
    STAGE(stock_transient)                                                                         \
    STAGE(stock_egress)                                                                            \
    STAGE(tunnel_source)                                                                           \
    STAGE(from_fabric)                                                                             \
    STAGE(fabric_source)                                                                           \
    STAGE(entry)                                                                                   \
    STAGE(responder)                                                                               \
    STAGE(solicitation)                                                                            \
    STAGE(fdb)                                                                                     \
    STAGE(nat_in)                                                                                  \
    STAGE(nat_in_done)                                                                             \
    STAGE(router)                                                                                  \
    STAGE(route)                                                                                   \
    STAGE(ecmp)                                                                                    \
    STAGE(gateway)                                                                                 \
    STAGE(pmtu)                                                                                    \
    STAGE(pmtu_verdict)                                                                            \
    STAGE(neighbour)                                                                               \
    STAGE(lease)                                                                                   \
    STAGE(rewrite)                                                                                 \
    STAGE(advertise)                                                                               \
    STAGE(nat_out)                                                                                 \
    STAGE(nat_out_done)                                                                            \
    STAGE(deliver)                                                                                 \
    STAGE(to_port)                                                                                 \
    STAGE(flood)                                                                                   \
    STAGE(flood_out)                                                                               \
    STAGE(limit_port)                                                                              \
    STAGE(limit)

#define DECLARE_STAGE(NAME) extern const struct stage stage_##NAME;
STAGES(DECLARE_STAGE)
#undef DECLARE_STAGE

/* The ways to live with layer 2: see pipeline.h. */
enum pipeline_mode { MODE_NATIVE, MODE_ML2, N_MODES };

/* A priority that a stage's flows have: 'lowest' to 'lowest' + 'span'. */
struct stage_priority {
    uint16_t lowest;
    const char *what; /* Of what kind of flow. */
    uint16_t span;
};

/* Flows for what no other flow of the stage matches. */
#define PRIORITY_ELSE 0

/* Where a stage's flows come from in one mode. */
struct stage_flows {
    /* States the flows that are there whatever the logical network is; NULL: none. */
    void (*constants)(struct run *, const struct attachment *);
    /* NULL: none.  The names are hashed into cookies: renaming a rule makes a restart
     * replace its flows. */
    const struct rule *rules;
    /* Other stages with rules that state flows of this one as well; NULL: none. */
    const struct stage *const *stated_by;
    /* Registers that flows of this mode touch beside those of the stage; NULL: none. */
    const enum mf_field_id *reads;
    const enum mf_field_id *writes;
};

struct stage {
    /* 0 to 254.  The numbers leave out every table that Neutron's stock Open vSwitch agent
     * uses on br-int (0 1 2 23-25 30 31 59-62 71-73 77 78 81 82 91-93), but for those that
     * are its own on purpose.  Gaps are for stages to come. */
    uint8_t table;
    const char *name;
    const char *purpose;                      /* The question that it answers. */
    const struct stage *const *next;          /* Where it hands packets to; NULL: nowhere. */
    const struct stage_priority *priorities;  /* All that its flows have. */
    const enum mf_field_id *reads;            /* Registers that flows match or copy; NULL: none. */
    const enum mf_field_id *writes;           /* Registers that actions set; NULL: none. */
    const struct stage_flows *flows[N_MODES]; /* NULL: there is no such stage in this mode. */
};

/* The lists above.  Each ends with an element that is none. */
#define STAGE_LIST(...) ((const struct stage *const[]){__VA_ARGS__, NULL})
#define PRIORITY_LIST(...) ((const struct stage_priority[]){__VA_ARGS__, {.what = NULL}})
#define REGISTER_LIST(...) ((const enum mf_field_id[]){__VA_ARGS__, MFF_N_IDS})
#define RULE_LIST(...) ((const struct rule[]){__VA_ARGS__, {.name = NULL}})

#endif /* pipeline/stage.h */
