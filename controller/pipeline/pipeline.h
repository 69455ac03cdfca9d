/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H 1

/* The map of the pipeline: stages, registers, priorities, and the rules.
 *
 * One fact of the topology is one flow, so a change of one fact changes one flow
 * however large the cloud is.  A packet's way in native mode:
 *
 *   classify ─► responder ─► fdb ─┬─► to-port ─► local port
 *    │     │         ╎        ▲   ├─► deliver ─► tunnel or provider bridge
 *    │  outside ─────╎────────┤   ├─► flood ─► to-port, flood-out
 *    └─► tunnel-source ───────┤   └─► router ─► route (─► ecmp) ─► pmtu
 *                    ╎        │                                      │
 *                    ╎        │                                      ▼
 *     the asker ◄────╎──── rewrite ◄───────────────────────────── neighbour
 *                    ╎                                               ▲
 *                    └╌╌╌╌╌ARP requests, solicitations╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘
 *
 * What a physical network sends passes "from-fabric" and, to a router, "fabric-source"; "outside"
 * is that, and tunnels.  What is routed towards a physical network passes "gateway" before "pmtu",
 * and "nat-out" after "rewrite" if it is translated; what comes back "nat-in" before "router".
 *
 * A neighbour solicitation passes "solicitation" on its way to "neighbour", and its answer
 * "advertise" after "rewrite".
 *
 * From "route" to "neighbour" everything is kept in registers: the packet itself
 * changes in "rewrite" only, when it is certain that it can be forwarded.  So what
 * goes to the daemon before is the packet as it came.
 *
 * What goes to the daemon passes "limit-port" and "limit" on the way.
 *
 * Beside Neutron's stock agent (ml2 mode) packets enter and leave otherwise: see ml2.c.
 *
 * Each stage is an object in a file of its own (stage.h); the registers are laid out in
 * registers.h.  No other file has a table number, a register or a priority. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/engine.h"
#include "openvswitch/types.h"
#include "pipeline/packet-in.h"
#include "pipeline/stage.h"

struct ds;
struct match;
struct ofpbuf;
struct topology;

/* One way to live with layer 2: all that differs between the modes. */
struct pipeline {
    enum pipeline_mode mode;
    struct rule constant; /* States the constant flows of all stages. */
    const struct attachment *attachment;
    uint64_t cookie_mask; /* Which flows of the bridge are ours: those with COOKIE_BITS in it. */
    bool is_shared;       /* Another program may wipe its tables. */
};
extern const struct pipeline pipeline_native; /* br-int is ours. */
extern const struct pipeline pipeline_ml2;    /* It is Neutron's stock agent's. */

/* The stage of a table; NULL if the pipeline has none there. */
const struct stage *pipeline_stage(const struct pipeline *, uint8_t table);
/* Appends a line "TABLE NAME PURPOSE" for each stage. */
void pipeline_format_stages(const struct pipeline *, struct ds *);
/* Appends what the stage with this name declares.  Returns false if there is none. */
bool pipeline_format_stage(const struct pipeline *, const char *name, struct ds *);
/* Sets 'tables' to the tables that another program may wipe, and returns their number. */
size_t pipeline_shared_tables(const struct pipeline *, uint8_t tables[256]);

/* A topology with an engine that runs the pipeline's rules. */
struct topology *pipeline_create_topology(const struct pipeline *);

#endif /* pipeline/pipeline.h */
