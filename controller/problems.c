/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "problems.h"

#include <string.h>

#include "northbound/announce.h"
#include "answer.h"
#include "binding/binding-status.h"
#include "chassis/chassis.h"
#include "liveness.h"
#include "metrics/http.h"
#include "nb/text.h"
#include "neighbours.h"
#include "northbound/northbound.h"
#include "openvswitch/poll-loop.h"
#include "parts.h"
#include "service/advertiser.h"
#include "service/strangers.h"
#include "svec.h"
#include "switch/switch.h"
#include "timeval.h"
#include "tls.h"
#include "topology/topology.h"
#include "topology/gateway-problems.h"
#include "util.h"

struct problems {
    const struct parts *parts;

    struct svec last;   /* As last put together, */
    struct svec list;   /* and as far as it had been there the time before. */
    long long int next; /* When to put it together again (ms). */

    uint64_t seqno;     /* control_plane_latest() when it was last looked through. */
    long long int free; /* When it may be again (us): a tenth of the time at most goes into it. */
};

struct problems *
problems_create(const struct parts *parts)
{
    struct problems *p = xzalloc(sizeof *p);

    p->parts = parts;
    svec_init(&p->last);
    svec_init(&p->list);
    p->next = time_msec() + PROBLEMS_MSEC;
    return p;
}

void
problems_destroy(struct problems *p)
{
    if (p) {
        svec_destroy(&p->last);
        svec_destroy(&p->list);
        free(p);
    }
}

static void
add_topology_problem(const char *kind, const char *name, const struct uuid *uuid OVS_UNUSED,
                     const char *reason, void *list)
{
    svec_add_nocopy(list, text_format("%s %s: %.1024s", kind, name, reason));
}

/* Whatever was forgotten where a problem was put into words: names in the databases may
 * contain anything, and what reaches a terminal is one line. */
static void
make_printable(struct svec *list)
{
    for (size_t i = 0; i < list->n; i++) {
        text_clean_in_place(&list->names[i], TEXT_SENTENCE_MAX);
    }
}

static bool
uses_tls(const struct chassis_settings *s)
{
    return ((s->remote && strstr(s->remote, "ssl:")) || (s->relays && strstr(s->relays, "ssl:")));
}

static void
add_server_problem(const struct http_server *server, const char *target, struct svec *list)
{
    int error = http_server_listen_error(server);

    if (error) {
        svec_add_nocopy(
            list, text_format("metrics: cannot be served on %s (%s)", target, ovs_strerror(error)));
    }
}

void
problems_collect(const struct problems *p, struct svec *list)
{
    const struct parts *parts = p->parts;
    const struct chassis_settings *settings = &chassis_view(parts->chassis)->settings;

    svec_init(list);
    chassis_problems(parts->chassis, list);
    liveness_problems(parts->liveness, parts->chassis, list);
    switch_problems(parts->session, list);
    tls_problems(parts->tls, settings->system_id, uses_tls(settings), list);
    northbound_problems(parts->plane.northbound, list);
    announcer_problems(parts->plane.announcer, list);
    bindings_problems(parts->plane.bindings, list);
    add_server_problem(parts->metrics_server, settings->metrics, list);
    strangers_problems(answer_strangers(parts->answer), time_msec(), list);
    neighbours_problems(answer_neighbours(parts->answer), list);
    advertiser_problems(answer_advertiser(parts->answer), list);
    topology_problems(parts->plane.topology, add_topology_problem, list);
    if (!settings->ml2 && northbound_is_complete(parts->plane.northbound)) {
        topology_native_problems(parts->plane.topology, add_topology_problem, list);
        topology_gateway_problems(parts->plane.topology, add_topology_problem, list);
        bindings_native_problems(parts->plane.bindings, list);
    }
    make_printable(list);
    svec_sort_unique(list);
}

/* Takes out of 'list' what is not in 'now'. */
static void
intersect(struct svec *list, const struct svec *now)
{
    struct svec both = SVEC_EMPTY_INITIALIZER;
    const char *problem;
    size_t i;

    SVEC_FOR_EACH (i, problem, list) {
        if (svec_contains(now, problem)) {
            svec_add(&both, problem);
        }
    }
    svec_swap(list, &both);
    svec_destroy(&both);
}

void
problems_run(struct problems *p)
{
    const struct control_plane *plane = &p->parts->plane;
    bool answering = announcer_must_answer(plane->announcer, plane->northbound);
    uint64_t seqno = control_plane_latest(plane);
    long long int start = time_usec();
    bool whole = time_msec() >= p->next;
    struct svec current;

    if (!whole && !(p->list.n && start >= p->free && (answering || seqno != p->seqno))) {
        return;
    }
    problems_collect(p, &current);
    if (whole) {
        svec_swap(&p->list, &p->last);
        svec_swap(&p->last, &current);
        intersect(&p->list, &p->last);
        p->next = time_msec() + PROBLEMS_MSEC;
    } else {
        intersect(&p->list, &current);
    }
    svec_destroy(&current);
    p->seqno = seqno;

    long long int end = time_usec();
    p->free = end + 9 * (end - start);
}

void
problems_wait(const struct problems *p)
{
    poll_timer_wait_until(p->next);
}

const struct svec *
problems_get(const struct problems *p)
{
    return &p->list;
}
