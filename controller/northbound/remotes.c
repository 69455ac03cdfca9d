/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "northbound/remotes.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-session.h"
#include "random.h"
#include "stream.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(remotes);

/* Upper bounds of the first wait, and of the longest, for another attempt. */
#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 16000

/* How long a connection must last not to count as one more failure. */
#define STABLE_MS 3000

/* How long one server may take to answer; the library goes on after a second. */
#define ANSWER_MS 1000

/* How often, away from the relays, one of them is tried: a random time up to twice
 * this. */
#define RETURN_MS 30000
/* How long such a trial may take. */
#define TRIAL_MS 5000

enum phase {
    PHASE_NONE,    /* No remotes are configured. */
    PHASE_WAITING, /* For 'deadline'. */
    PHASE_TRYING,  /* Until 'deadline', unless the link comes up. */
    PHASE_UP,
};

struct remotes {
    char *relays, *servers; /* As configured; NULL if there are none. */

    enum phase phase;
    bool with_relays;       /* In PHASE_TRYING and PHASE_UP: asks relays, not servers. */
    long long int deadline; /* Of the phase. */
    long long int up_since; /* In PHASE_TRYING: LLONG_MAX while the link is down. */
    unsigned int failures;  /* In a row. */

    /* In PHASE_UP without relays: the search for one. */
    struct stream *trial;       /* To a relay, or NULL. */
    long long int trial_change; /* When to begin or to give up a trial. */
};

struct remotes *
remotes_create(void)
{
    return xzalloc(sizeof(struct remotes));
}

static void
end_trial(struct remotes *r)
{
    stream_close(r->trial);
    r->trial = NULL;
}

void
remotes_destroy(struct remotes *r)
{
    if (r) {
        end_trial(r);
        free(r->relays);
        free(r->servers);
        free(r);
    }
}

static size_t
parse(const char *list, struct svec *methods)
{
    struct uuid cid;

    svec_init(methods);
    ovsdb_session_parse_remote(list, methods, &cid);
    return methods->n;
}

static size_t
count(const char *list)
{
    struct svec methods;
    size_t n = parse(list, &methods);

    svec_destroy(&methods);
    return n;
}

/* --- Phases -------------------------------------------------------------- */

static void
start_trying(struct remotes *r, bool with_relays, long long int now)
{
    size_t n = count(with_relays ? r->relays : r->servers);

    r->phase = PHASE_TRYING;
    r->with_relays = with_relays;
    r->up_since = LLONG_MAX;
    r->deadline = now + (n + 1) * ANSWER_MS;
}

static void
start_waiting(struct remotes *r, long long int now)
{
    int bound = BACKOFF_MIN_MS << MIN(r->failures, 10);

    r->phase = PHASE_WAITING;
    r->deadline = now + random_range(MIN(bound, BACKOFF_MAX_MS));
    r->failures++;
}

static void
start_up(struct remotes *r, long long int now)
{
    r->phase = PHASE_UP;
    r->failures = 0;
    r->trial_change = now + random_range(2 * RETURN_MS);
}

static void
run_trying(struct remotes *r, enum link_state link, long long int now)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

    if (link == LINK_UP) {
        r->up_since = MIN(r->up_since, now);
        if (now - r->up_since >= STABLE_MS) {
            start_up(r, now);
        }
        return;
    }
    if (r->up_since != LLONG_MAX) {
        /* Lost at once.  The others get their turn. */
        r->up_since = LLONG_MAX;
        r->deadline = now + (count(r->with_relays ? r->relays : r->servers) + 1) * ANSWER_MS;
    }
    if (link == LINK_FAILED || now >= r->deadline) {
        if (r->with_relays && r->servers) {
            VLOG_INFO_RL(&rl, "no relay answers: asking the servers of the NB database");
            start_trying(r, false, now);
        } else {
            start_waiting(r, now);
        }
    }
}

/* Looks, beside the connection that there is, for a relay that answers.  Returns true if
 * one does. */
static bool
relay_answers(struct remotes *r, long long int now)
{
    int error;

    if (!r->trial) {
        if (now < r->trial_change) {
            return false;
        }

        struct svec methods;
        if (parse(r->relays, &methods)) {
            error = stream_open(methods.names[random_range(methods.n)], &r->trial, DSCP_DEFAULT);
        } else {
            error = EINVAL;
        }
        svec_destroy(&methods);
        r->trial_change = now + TRIAL_MS;
    } else {
        stream_run(r->trial);
        error = stream_connect(r->trial);
    }
    if (r->trial && !error) {
        error = stream_connect(r->trial);
    }
    if (error == EAGAIN && now < r->trial_change) {
        return false;
    }
    end_trial(r);
    r->trial_change = now + random_range(2 * RETURN_MS);
    return !error;
}

static void
run_up(struct remotes *r, enum link_state link, long long int now)
{
    if (link != LINK_UP) {
        start_waiting(r, now);
    } else if (!r->with_relays && r->relays && relay_answers(r, now)) {
        VLOG_INFO("a relay answers again: returning to the relays");
        start_trying(r, true, now);
    }
}

/* --- The loop's step ----------------------------------------------------- */

static bool
replace(char **dst, const char *src)
{
    if (nullable_string_is_equal(*dst, src)) {
        return false;
    }
    free(*dst);
    *dst = nullable_xstrdup(src);
    return true;
}

const char *
remotes_run(struct remotes *r, const char *relays, const char *servers, enum link_state link,
            long long int now)
{
    bool changed = replace(&r->relays, relays);

    changed |= replace(&r->servers, servers);
    if (changed) {
        /* A new configuration is tried at once. */
        r->failures = 0;
        if (r->relays || r->servers) {
            start_trying(r, r->relays != NULL, now);
        } else {
            r->phase = PHASE_NONE;
        }
    } else if (r->phase == PHASE_WAITING && now >= r->deadline) {
        start_trying(r, r->relays != NULL, now);
    } else if (r->phase == PHASE_TRYING) {
        run_trying(r, link, now);
    } else if (r->phase == PHASE_UP) {
        run_up(r, link, now);
    }

    if (r->phase != PHASE_UP) {
        end_trial(r);
    }
    return (r->phase == PHASE_NONE || r->phase == PHASE_WAITING ? NULL
            : r->with_relays                                    ? r->relays
                                                                : r->servers);
}

void
remotes_wait(const struct remotes *r, enum link_state link, long long int now)
{
    if (r->phase == PHASE_WAITING) {
        poll_timer_wait_until(r->deadline);
    } else if (r->phase == PHASE_TRYING) {
        if (link == LINK_FAILED || (link == LINK_UP) != (r->up_since != LLONG_MAX)) {
            poll_immediate_wake();
        }
        poll_timer_wait_until(r->up_since == LLONG_MAX ? r->deadline : r->up_since + STABLE_MS);
    } else if (r->phase == PHASE_UP && link != LINK_UP) {
        poll_immediate_wake();
    } else if (r->phase == PHASE_UP && !r->with_relays && r->relays) {
        poll_timer_wait_until(MAX(r->trial_change, now));
        if (r->trial) {
            stream_run_wait(r->trial);
            stream_connect_wait(r->trial);
        }
    }
}

unsigned int
remotes_n_failures(const struct remotes *r)
{
    return r->failures;
}

void
remotes_format_status(const struct remotes *r, long long int now, struct ds *ds)
{
    switch (r->phase) {
    case PHASE_NONE:
        break;

    case PHASE_WAITING:
        ds_put_format(ds, "NB remotes: next attempt in %lld ms (%u failed)\n",
                      MAX(r->deadline - now, 0), r->failures);
        break;

    case PHASE_TRYING:
    case PHASE_UP:
        ds_put_format(ds, "NB remotes: %s %s\n",
                      r->phase == PHASE_UP || r->up_since != LLONG_MAX ? "using" : "trying",
                      r->with_relays ? "the relays"
                      : r->relays    ? "the servers, while no relay answers"
                                     : "the servers");
        break;
    }
}
