/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_CONTEXT_H
#define DFCTL_CONTEXT_H 1

/* What the commands of dfctl share.
 *
 * A command is a function on a "struct ctl_context" (db-ctl-base.h) that reads
 * and writes the IDL within one transaction; transaction.h runs it, again from the
 * start if another client changed the database meanwhile, checks what all commands
 * together did (nb/check.h) and commits.  A command fails by calling
 * ctl_error(). */

#include <stdbool.h>
#include <stdint.h>

#include "db-ctl-base.h"
#include "dfctl/scope.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "svec.h"
#include "table.h"

struct sync;

/* What outlives one attempt at the transaction. */
struct dfctl {
    bool dry_run;
    bool diff;            /* There is a "diff" command. */
    bool force;           /* New faults are warned about, not refused. */
    bool watch;           /* There is a "watch" command. */
    unsigned int timeout; /* --timeout, in seconds; 0 if not given. */
    struct table_style style;
    struct scope scope; /* What is read of the database. */
    struct shash files; /* Of apply: FILE to "struct topology_file *". */
    struct sync *sync;  /* Nonnull if there is a "sync" command. */

    /* Filled in by commands, anew in each attempt. */
    struct shash origins; /* "port vm1" to the "FILE:LINE" that describes it. */
    struct svec warnings; /* To be printed once it is committed. */
    bool wrong;           /* "status" has found something, "diff" a difference. */
    bool reads_more;      /* The attempt needs what is being read now. */
    bool committed;       /* Something has been changed. */
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

/* For ctl_command_syntax's 'prerequisites': what the command reads.  Everything; or,
 * for a command that writes, no port but those that it names or asks for (see scope.h);
 * or, besides that, the port that its first argument names. */
void pre_everything(struct ctl_context *);
void pre_no_ports(struct ctl_context *);
void pre_port(struct ctl_context *);

/* For 'run': has one line of warning printed on stderr if this attempt is committed. */
void warn_later(struct ctl_context *, const char *format, ...) OVS_PRINTF_FORMAT(2, 3);

/* For 'run': whether the rows that refer to 'uuid' by 'column' have been read.  If not,
 * the command must return at once; it will run again when they are there. */
bool rows_are_read(struct ctl_context *, const struct ovsdb_idl_column *, const struct uuid *);

#endif /* dfctl/context.h */
