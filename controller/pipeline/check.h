/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_CHECK_H
#define PIPELINE_CHECK_H 1

/* Checks that flows are as their stages declare.  Each must be in the table of a stage of the
 * pipeline, be stated by a rule of that stage or of one that the stage names, have one of its
 * priorities, hand packets to stages that it names only, and touch its registers only. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/meta-flow.h"

struct ds;
struct flow_table;
struct pipeline;

/* What the flows of a stage do. */
struct stage_use {
    uint32_t reads, writes; /* Sets of registers, see register_set(). */
    bool next[256];         /* Tables. */
    uint64_t priorities;    /* Bit i: the i-th of the stage's list. */
};

/* A bit for each of reg0 to reg15 that 'id' covers, and one for metadata; 0 if it is none. */
uint32_t register_set(enum mf_field_id);
/* The union of a list of registers. */
uint32_t register_list_set(const enum mf_field_id *);

/* Checks the desired flows.  Returns true if all is well; otherwise appends a line for each
 * breach, up to 'max_lines', to 'ds'.  Adds what the flows do to 'uses', by table, if that is
 * nonnull. */
bool pipeline_check(const struct pipeline *, const struct flow_table *, struct stage_use uses[256],
                    size_t max_lines, struct ds *);

#endif /* pipeline/check.h */
