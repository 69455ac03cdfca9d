/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_DFCTL_H
#define DFCTL_DFCTL_H 1

/* What the commands of dfctl share.
 *
 * A command is a function on a "struct ctl_context" (db-ctl-base.h) that reads
 * and writes the IDL within one transaction; dfctl.c runs it, again from the
 * start if another client changed the database meanwhile, checks what all commands
 * together did (nb/check.h) and commits.  A command fails by calling
 * ctl_error(). */

#include <stdbool.h>
#include <stdint.h>

#include "db-ctl-base.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "table.h"

struct sync;

/* What outlives one attempt at the transaction. */
struct dfctl {
    bool dry_run;
    unsigned int timeout; /* --timeout, in seconds; 0 if not given. */
    struct table_style style;
    struct shash files; /* Of apply: FILE to "struct topology_file *". */
    struct sync *sync;  /* Nonnull if there is a "sync" command. */

    /* Filled in by commands, anew in each attempt. */
    struct shash origins; /* "port vm1" to the "FILE:LINE" that describes it. */
    bool wrong;           /* "status" has found something. */
    bool uncertain;       /* The server has not said whether it has committed. */
    struct sset removed;  /* Targets of the connections that were deleted. */
};

struct dfctl_context {
    struct ctl_context base;
    struct dfctl *dfctl;
};

static inline struct dfctl_context *
dfctl_context_cast(struct ctl_context *ctx)
{
    return CONTAINER_OF(ctx, struct dfctl_context, base);
}

/* Commands, each array ended by an element without name. */
extern const struct ctl_command_syntax network_commands[];
extern const struct ctl_command_syntax port_commands[];
extern const struct ctl_command_syntax router_commands[];
extern const struct ctl_command_syntax chassis_commands[];
extern const struct ctl_command_syntax access_commands[];
extern const struct ctl_command_syntax apply_commands[];
extern const struct ctl_command_syntax export_commands[];
extern const struct ctl_command_syntax show_commands[];
extern const struct ctl_command_syntax status_commands[];
extern const struct ctl_command_syntax sync_commands[];
extern const struct ctl_command_syntax trace_commands[];

/* For ctl_command_syntax's 'prerequisites': monitors every column. */
void pre_everything(struct ctl_context *);

#endif /* dfctl/dfctl.h */
