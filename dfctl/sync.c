/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/sync.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/lookup.h"
#include "nb/dragonflow-idl.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

static struct sync *
sync_create(unsigned int timeout, bool ignore_silent)
{
    struct sync *sync = xzalloc(sizeof *sync);
    sync->timeout = timeout ? timeout : SYNC_DEFAULT_TIMEOUT;
    sync->ignore_silent = ignore_silent;
    sset_init(&sync->dead);
    return sync;
}

void
sync_destroy(struct sync *sync)
{
    if (sync) {
        sset_destroy(&sync->dead);
        free(sync);
    }
}

static int64_t
external_id_number(const struct nbrec_global *global, const char *key)
{
    long long int value;
    const char *s = smap_get(&global->external_ids, key);
    return s && str_to_llong(s, 10, &value) && value > 0 ? value : 0;
}

bool
sync_heard_lately(const struct nbrec_chassis *row, int64_t now)
{
    /* No difference is taken: the row may hold any number. */
    return row->heard_at >= now - SYNC_PATIENCE_MS && row->heard_at <= now + SYNC_PATIENCE_MS;
}

/* Writes a raised Global.sequence into 'txn', creating the row if there is
 * none, and finds out which chassis are dead. */
static void
sync_raise(struct sync *sync, const struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn)
{
    const struct nbrec_global *global = nbrec_global_first(idl);
    if (!global) {
        global = nbrec_global_insert(txn);
    } else {
        nbrec_global_verify_sequence(global);
    }

    /* A clock that went back does not make a chassis older. */
    int64_t now = time_wall_msec();
    int64_t raised_at = external_id_number(global, "sequence_raised_at");
    int64_t settled = external_id_number(global, "sequence_settled");
    if (now - raised_at > SYNC_PATIENCE_MS) {
        settled = global->sequence;
    }

    sset_clear(&sync->dead);
    int64_t sequence = global->sequence;
    const struct nbrec_chassis *chassis;
    NBREC_CHASSIS_FOR_EACH (chassis, idl) {
        if (chassis->applied < settled && !sync_heard_lately(chassis, now)) {
            sset_add(&sync->dead, chassis->name);
        }
        /* The row was deleted and made again: whatever a chassis has applied, it
         * is not what is raised now. */
        sequence = MAX(sequence, chassis->applied);
    }

    sync->sequence = sequence + 1;
    nbrec_global_set_sequence(global, sync->sequence);
    struct smap ids;
    smap_clone(&ids, &global->external_ids);
    smap_remove(&ids, "sequence_raised_at");
    smap_add_format(&ids, "sequence_raised_at", "%" PRId64, now);
    smap_remove(&ids, "sequence_settled");
    smap_add_format(&ids, "sequence_settled", "%" PRId64, settled);
    nbrec_global_set_external_ids(global, &ids);
    smap_destroy(&ids);
}

/* Names the chassis that have not applied sync->sequence, of the dead ones or of the living,
 * with what they last applied; an empty string if there are none. */
static char *
name_behind(const struct sync *sync, const struct ovsdb_idl *idl, bool dead)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    const struct nbrec_chassis *chassis;

    NBREC_CHASSIS_FOR_EACH (chassis, idl) {
        if (chassis->applied < sync->sequence
            && sset_contains(&sync->dead, chassis->name) == dead) {
            svec_add_nocopy(&names, text_format("%s (last applied %" PRId64 ")", chassis->name,
                                                chassis->applied));
        }
    }
    svec_sort(&names);
    char *s = svec_join(&names, ", ", "");
    svec_destroy(&names);
    return s;
}

static char *
wait_round(struct sync *sync, struct ovsdb_idl *idl, long long int deadline)
{
    for (;;) {
        ovsdb_idl_run(idl);
        char *who = name_behind(sync, idl, false);
        if (!who[0]) {
            free(who);
            return NULL;
        }
        if (time_msec() >= deadline) {
            char *error = xasprintf("sequence %" PRId64 " has not been applied within %u s by "
                                    "chassis %s",
                                    sync->sequence, sync->timeout, who);
            free(who);
            return error;
        }
        free(who);
        ovsdb_idl_wait(idl);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

static char *
raise_again(struct sync *sync, struct ovsdb_idl *idl, long long int deadline)
{
    while (time_msec() < deadline) {
        ovsdb_idl_run(idl);
        struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(idl);
        sync_raise(sync, idl, txn);
        unsigned int seqno = ovsdb_idl_get_seqno(idl);
        enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit_block(txn);
        char *error = (status == TXN_ERROR
                           ? xasprintf("raising the sequence: %s", ovsdb_idl_txn_get_error(txn))
                           : NULL);
        ovsdb_idl_txn_destroy(txn);
        if (error || status == TXN_SUCCESS || status == TXN_UNCHANGED) {
            return error;
        }
        if (seqno == ovsdb_idl_get_seqno(idl)) {
            ovsdb_idl_wait(idl);
            poll_timer_wait_until(deadline);
            poll_block();
        }
    }
    return xasprintf("the sequence could not be raised within %u s", sync->timeout);
}

/* What there is to say about the dead when all others have answered: an error, or a
 * warning if they are to be ignored. */
static char *
judge_dead(const struct sync *sync, const struct ovsdb_idl *idl)
{
    char *dead = name_behind(sync, idl, true);
    char *error = NULL;

    if (dead[0] && sync->ignore_silent) {
        fprintf(stderr, "%s: not waited for, because silent for long: chassis %s\n", program_name,
                dead);
    } else if (dead[0]) {
        error = xasprintf("sequence %" PRId64 " has been applied by all but those that have been "
                          "silent for long: chassis %s; remove them by chassis-del, or sync with "
                          "--ignore-silent",
                          sync->sequence, dead);
    }
    free(dead);
    return error;
}

char *
sync_wait(struct sync *sync, struct ovsdb_idl *idl)
{
    long long int deadline = time_msec() + sync->timeout * 1000LL;

    ovsdb_idl_enable_reconnect(idl);
    char *error = wait_round(sync, idl, deadline);
    if (!error) {
        error = raise_again(sync, idl, deadline);
    }
    if (!error) {
        error = wait_round(sync, idl, deadline);
    }
    return error ? error : judge_dead(sync, idl);
}

/* --- The command -------------------------------------------------------- */

static void
pre_sync(struct ctl_context *ctx)
{
    struct dfctl *dfctl = dfctl_context_cast(ctx)->dfctl;
    unsigned int timeout = dfctl->timeout;
    const char *arg = ctx->argc > 1 ? ctx->argv[1] : NULL;
    static const char prefix[] = "--timeout=";

    if (dfctl->sync) {
        ctl_error(ctx, "sync is given twice");
    } else if (arg
               && (strncmp(arg, prefix, strlen(prefix))
                   || !str_to_uint(arg + strlen(prefix), 10, &timeout) || !timeout)) {
        ctl_error(ctx, "sync: \"%s\" is not --timeout=SECONDS", arg);
    } else {
        dfctl->sync = sync_create(timeout, shash_find(&ctx->options, "--ignore-silent"));
        pre_no_ports(ctx);
        ovsdb_idl_add_column(ctx->idl, &nbrec_global_col_sequence);
        ovsdb_idl_add_column(ctx->idl, &nbrec_chassis_col_applied);
        ovsdb_idl_add_column(ctx->idl, &nbrec_chassis_col_heard_at);
    }
}

static void
cmd_sync(struct ctl_context *ctx)
{
    sync_raise(dfctl_context_cast(ctx)->dfctl->sync, ctx->idl, ctx->txn);
}

const struct ctl_command_syntax sync_commands[] = {
    {"sync", 0, 1, "[--timeout=SECONDS]", pre_sync, cmd_sync, NULL, "--ignore-silent", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
