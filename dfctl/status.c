/* SPDX-License-Identifier: Apache-2.0 */
/* status: what each chassis has applied, and what is faulty. */
#include <config.h>

#include <inttypes.h>

#include "dfctl/dfctl.h"
#include "dfctl/rows.h"
#include "nb/check.h"
#include "nb/dragonflow-idl.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

static void
status_chassis(struct ds *out, const struct nbrec_chassis *row, int64_t sequence)
{
    ds_put_format(out, "chassis %s: applied %" PRId64 " of %" PRId64, row->name, row->applied,
                  sequence);
    if (row->applied < sequence) {
        ds_put_format(out, ", behind by %" PRId64, sequence - row->applied);
    }
    ds_put_char(out, '\n');
}

static void
cmd_status(struct ctl_context *ctx)
{
    const struct nbrec_global *global = nbrec_global_first(ctx->idl);
    int64_t sequence = global ? global->sequence : 0;
    struct rows rows;

    rows_init(&rows, ctx->idl);
    for (size_t i = 0; i < rows.chassis.n; i++) {
        status_chassis(&ctx->output, rows.chassis.nodes[i]->data, sequence);
    }
    if (!rows.chassis.n) {
        ds_put_cstr(&ctx->output, "no chassis\n");
    }
    rows_destroy(&rows);

    struct nb_faults faults = NB_FAULTS_INITIALIZER;
    nb_check(ctx->idl, &faults);
    for (size_t i = 0; i < faults.n; i++) {
        ds_put_format(&ctx->output, "fault: %s: %s\n", faults.faults[i].object,
                      faults.faults[i].reason);
    }
    if (!faults.n) {
        ds_put_cstr(&ctx->output, "no faults\n");
    }
    nb_faults_destroy(&faults);
}

const struct ctl_command_syntax status_commands[] = {
    {"status", 0, 0, "", pre_everything, cmd_status, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
