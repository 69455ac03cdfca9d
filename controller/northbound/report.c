/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "northbound/report.h"

#include <string.h>

#include "nb/dragonflow-idl.h"
#include "nb/text.h"
#include "northbound/northbound.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"
#include "northbound/write-only.h"

VLOG_DEFINE_THIS_MODULE(report);

#define RETRY_MSEC 5000

struct report {
    struct svec written; /* The problems last written. */
    struct uuid row;     /* The row they were written to; zero if none. */
    int64_t applied;     /* The number applied at that time. */
    long long int heard; /* The time of that (ms, monotonic). */
    bool refused;        /* The database does not take it: forgotten with the connection. */
    long long int retry_at;

    struct ovsdb_idl_txn *txn; /* In flight, or NULL. */
};

struct report *
report_create(void)
{
    struct report *r = xzalloc(sizeof *r);

    svec_init(&r->written);
    r->applied = -1;
    return r;
}

void
report_destroy(struct report *r)
{
    if (r) {
        if (r->txn) {
            ovsdb_idl_txn_destroy(r->txn);
        }
        svec_destroy(&r->written);
        free(r);
    }
}

/* What text_clean() appends to a text that it cuts, or longer. */
#define CUT "... (1234567890 bytes)"

/* Cut to what the column may hold. */
static void
compose(const struct svec *problems, struct svec *out)
{
    bool cut = problems->n > REPORT_MAX;
    size_t n = cut ? REPORT_MAX - 1 : problems->n;

    svec_init(out);
    for (size_t i = 0; i < n; i++) {
        svec_add_nocopy(out, text_clean(problems->names[i], REPORT_MAX_LEN - strlen(CUT)));
    }
    if (cut) {
        svec_add_nocopy(out, xasprintf("... and %" PRIuSIZE " more", problems->n - n));
    }
    svec_sort_unique(out);
}

/* Sees how the transaction in flight is doing.  Returns false while it goes on. */
static bool
txn_finish(struct report *r)
{
    if (!r->txn) {
        return true;
    }

    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(r->txn);
    if (status == TXN_INCOMPLETE) {
        return false;
    }
    if (status != TXN_SUCCESS && status != TXN_UNCHANGED) {
        r->row = UUID_ZERO; /* Again. */
        if (status != TXN_TRY_AGAIN) {
            const char *error = ovsdb_idl_txn_get_error(r->txn);

            r->refused = strstr(error, "permission error") != NULL;
            r->retry_at = time_msec() + RETRY_MSEC;
            TEXT_LOG(VLOG_WARN,
                     "the NB database does not take what is wrong with this chassis: %.1024s%s",
                     error, r->refused ? " (renew the roles with dfctl rbac-init)" : "");
        }
    }
    ovsdb_idl_txn_destroy(r->txn);
    r->txn = NULL;
    return true;
}

static void
write_report(struct report *r, struct northbound *nb, const struct nbrec_chassis *row)
{
    int64_t now = time_wall_msec();

    r->txn = ovsdb_idl_txn_create(northbound_idl(nb));
    write_only_begin(&row->header_, &nbrec_chassis_col_problems);
    nbrec_chassis_set_problems(row, (const char **) r->written.names, r->written.n);
    write_only_end(&row->header_, &nbrec_chassis_col_problems);
    write_only_begin(&row->header_, &nbrec_chassis_col_heard_at);
    nbrec_chassis_set_heard_at(row, now);
    write_only_end(&row->header_, &nbrec_chassis_col_heard_at);
    r->heard = time_msec();
    txn_finish(r);
}

void
report_run(struct report *r, struct northbound *nb, const struct uuid *uuid, int64_t applied,
           const struct svec *problems)
{
    struct ovsdb_idl *idl = northbound_idl(nb);
    const struct nbrec_chassis *row = nbrec_chassis_get_for_uuid(idl, uuid);

    if (!northbound_is_connected(nb)) {
        r->refused = false;
    }
    if (!txn_finish(r) || r->refused || time_msec() < r->retry_at || !row || !row->header_.new_datum
        || !northbound_is_connected(nb) || !nbrec_server_has_chassis_table_col_problems(idl)) {
        return;
    }

    struct svec now;
    compose(problems, &now);
    bool answered = applied != r->applied && time_msec() - r->heard >= HEARD_MSEC;
    if (!uuid_equals(&r->row, uuid) || !svec_equal(&r->written, &now) || answered) {
        svec_swap(&r->written, &now);
        r->row = *uuid;
        r->applied = applied;
        write_report(r, nb, row);
    }
    svec_destroy(&now);
}

void
report_wait(const struct report *r)
{
    if (r->txn) {
        ovsdb_idl_txn_wait(r->txn);
    } else if (r->retry_at > time_msec()) {
        poll_timer_wait_until(r->retry_at);
    }
}
