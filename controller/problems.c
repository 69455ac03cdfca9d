/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "problems.h"

#include <string.h>

#include "announce.h"
#include "chassis/chassis.h"
#include "inspect.h"
#include "metrics.h"
#include "northbound.h"
#include "openvswitch/poll-loop.h"
#include "pipeline/pipeline.h"
#include "svec.h"
#include "switch/switch.h"
#include "timeval.h"
#include "tls.h"
#include "topology/topology.h"
#include "util.h"

struct problems {
    struct svec last;   /* As last put together, */
    struct svec list;   /* and as far as it had been there the time before. */
    long long int next; /* When to put it together again (ms). */
};

struct problems *
problems_create(void)
{
    struct problems *p = xzalloc(sizeof *p);

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
    svec_add_nocopy(list, xasprintf("%s %s: %s", kind, name, reason));
}

/* Names in the databases are anybody's: what reaches a terminal is one line. */
static void
make_printable(struct svec *list)
{
    for (size_t i = 0; i < list->n; i++) {
        for (char *s = list->names[i]; *s; s++) {
            if ((unsigned char) *s < ' ' || *s == 0x7f) {
                *s = '?';
            }
        }
    }
}

static bool
uses_tls(const struct chassis_settings *s)
{
    return ((s->remote && strstr(s->remote, "ssl:")) || (s->relays && strstr(s->relays, "ssl:")));
}

void
problems_collect(const struct inspect *inspect, struct svec *list)
{
    const struct chassis_settings *settings = &chassis_view(inspect->chassis)->settings;

    svec_init(list);
    chassis_problems(inspect->chassis, list);
    switch_problems(inspect->session, list);
    tls_problems(inspect->tls, settings->system_id, uses_tls(settings), list);
    northbound_problems(inspect->northbound, list);
    announcer_problems(inspect->announcer, list);
    metrics_problems(inspect->metrics, list);
    topology_problems(inspect->topology, add_topology_problem, list);
    if (!settings->ml2 && northbound_is_complete(inspect->northbound)) {
        topology_native_problems(inspect->topology, add_topology_problem, list);
    }
    make_printable(list);
    svec_sort_unique(list);
}

void
problems_run(struct problems *p, const struct inspect *inspect)
{
    const char *problem;
    struct svec now;
    size_t i;

    if (time_msec() < p->next) {
        return;
    }
    p->next = time_msec() + PROBLEMS_MSEC;
    problems_collect(inspect, &now);
    svec_clear(&p->list);
    SVEC_FOR_EACH (i, problem, &now) {
        if (svec_contains(&p->last, problem)) {
            svec_add(&p->list, problem);
        }
    }
    svec_destroy(&p->last);
    p->last = now;
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
