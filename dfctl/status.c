/* SPDX-License-Identifier: Apache-2.0 */
/* status: what each chassis has applied and what is wrong there, and what is faulty in the
 * database.  Makes the exit status of dfctl 1 if anything is wrong. */
#include <config.h>

#include <inttypes.h>
#include <time.h>

#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/output.h"
#include "dfctl/rows.h"
#include "dfctl/sync.h"
#include "nb/check.h"
#include "nb/dragonflow-idl.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

static void
put_time(struct ds *out, int64_t msec)
{
    time_t seconds = msec / 1000;
    struct tm tm;
    char text[32];

    if (gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm)) {
        ds_put_cstr(out, text);
    }
}

/* Whether 'global's sequence was raised so long ago that every living chassis has applied it. */
static bool
is_settled(const struct nbrec_global *global)
{
    const char *s = global ? smap_get(&global->external_ids, "sequence_raised_at") : NULL;
    long long int raised_at;

    return !s || !str_to_llong(s, 10, &raised_at)
           || time_wall_msec() - raised_at > SYNC_PATIENCE_MS;
}

static bool
is_silent(const struct nbrec_chassis *row, int64_t sequence, bool settled)
{
    return row->applied < sequence && settled && !sync_heard_lately(row, time_wall_msec());
}

/* Returns true if nothing is wrong. */
static bool
status_chassis(struct ds *out, const struct nbrec_chassis *row, int64_t sequence, bool settled)
{
    bool behind = row->applied < sequence;
    bool silent = is_silent(row, sequence, settled);

    ds_put_cstr(out, "chassis ");
    text_put(out, row->name, TEXT_NAME_MAX);
    ds_put_format(out, ": applied %" PRId64 " of %" PRId64, row->applied, sequence);
    if (behind) {
        ds_put_format(out, ", behind by %" PRId64, sequence - row->applied);
    }
    if (silent) {
        ds_put_cstr(out, row->heard_at ? ", silent, last heard of on " : ", silent");
        if (row->heard_at) {
            put_time(out, row->heard_at);
        }
    }
    ds_put_char(out, '\n');
    for (size_t i = 0; i < row->n_problems; i++) {
        ds_put_cstr(out, "    problem: ");
        text_put(out, row->problems[i], TEXT_SENTENCE_MAX);
        ds_put_char(out, '\n');
    }
    return !row->n_problems && !silent;
}

/* What status says, as an object; takes what it needs from 'rows' and 'faults'. */
static struct json *
status_to_json(const struct rows *rows, const struct nb_faults *faults, int64_t sequence,
               bool settled, bool wrong)
{
    struct json *json = json_object_create();
    struct json *chassis = json_array_create_empty();
    struct json *list = json_array_create_empty();

    const struct row_list *all = rows_of(rows, NB_CHASSIS, "");
    for (size_t i = 0; i < all->n; i++) {
        const struct nbrec_chassis *row = all->nodes[i]->data;
        struct json *object = json_object_create();
        json_object_put_string(object, "name", row->name);
        json_object_put(object, "applied", json_integer_create(row->applied));
        json_object_put(object, "silent", json_boolean_create(is_silent(row, sequence, settled)));
        json_object_put(object, "heard_at", json_integer_create(row->heard_at));
        json_object_put(object, "problems", json_from_strings(row->problems, row->n_problems));
        json_array_add(chassis, object);
    }
    for (size_t i = 0; i < faults->n; i++) {
        struct json *object = json_object_create();
        json_object_put_string(object, "object", faults->faults[i].object);
        json_object_put_string(object, "reason", faults->faults[i].reason);
        json_array_add(list, object);
    }
    json_object_put(json, "sequence", json_integer_create(sequence));
    json_object_put(json, "chassis", chassis);
    json_object_put(json, "faults", list);
    json_object_put(json, "wrong", json_boolean_create(wrong));
    return json;
}

static void
cmd_status(struct ctl_context *ctx)
{
    const struct nbrec_global *global = nbrec_global_first(ctx->idl);
    struct dfctl *dfctl = dfctl_context_cast(ctx)->dfctl;
    int64_t sequence = global ? global->sequence : 0;
    bool settled = is_settled(global);
    size_t n_wrong = 0;
    struct rows rows;

    rows_init(&rows, ctx->idl);
    const struct row_list *all = rows_of(&rows, NB_CHASSIS, "");
    for (size_t i = 0; i < all->n; i++) {
        n_wrong += !status_chassis(&ctx->output, all->nodes[i]->data, sequence, settled);
    }
    if (!all->n) {
        ds_put_cstr(&ctx->output, "no chassis\n");
    }

    struct nb_faults faults = NB_FAULTS_INITIALIZER;
    nb_check(ctx->idl, &faults);
    for (size_t i = 0; i < faults.n; i++) {
        ds_put_cstr(&ctx->output, "fault: ");
        text_put(&ctx->output, faults.faults[i].object, TEXT_NAME_MAX);
        ds_put_cstr(&ctx->output, ": ");
        text_put(&ctx->output, faults.faults[i].reason, TEXT_SENTENCE_MAX);
        ds_put_char(&ctx->output, '\n');
    }
    if (n_wrong) {
        ds_put_format(&ctx->output, "%" PRIuSIZE " chassis with problems\n", n_wrong);
    } else if (!faults.n) {
        ds_put_cstr(&ctx->output, "no faults\n");
    }
    dfctl->wrong = n_wrong || faults.n;
    if (dfctl->style.format == TF_JSON) {
        ds_clear(&ctx->output);
        output_json(ctx, status_to_json(&rows, &faults, sequence, settled, dfctl->wrong));
    }
    rows_destroy(&rows);
    nb_faults_destroy(&faults);
}

const struct ctl_command_syntax status_commands[] = {
    {"status", 0, 0, "", pre_everything, cmd_status, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
