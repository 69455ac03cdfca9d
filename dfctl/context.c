/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/context.h"

#include <stdarg.h>

#include "nb/dragonflow-idl.h"
#include "util.h"

void
pre_everything(struct ctl_context *ctx)
{
    scope_read_everything(&dfctl_context_cast(ctx)->dfctl->scope, ctx->idl);
}

void
pre_no_ports(struct ctl_context *ctx)
{
    scope_for_writing(&dfctl_context_cast(ctx)->dfctl->scope, ctx->idl);
}

void
pre_port(struct ctl_context *ctx)
{
    pre_no_ports(ctx);
    scope_string(&dfctl_context_cast(ctx)->dfctl->scope, &nbrec_port_col_name, ctx->argv[1]);
}

bool
rows_are_read(struct ctl_context *ctx, const struct ovsdb_idl_column *column,
              const struct uuid *uuid)
{
    ctx->try_again = !scope_uuid(&dfctl_context_cast(ctx)->dfctl->scope, column, uuid);
    return !ctx->try_again;
}

void
warn_later(struct ctl_context *ctx, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    svec_add_nocopy(&dfctl_context_cast(ctx)->dfctl->warnings, xvasprintf(format, args));
    va_end(args);
}
