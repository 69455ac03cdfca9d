/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateways.h"

#include <stdlib.h>

#include "liveness.h"
#include "openvswitch/dynamic-string.h"
#include "parts.h"
#include "svec.h"
#include "topology/topology.h"
#include "util.h"

/* Candidates by physical network, each with its own heading. */
struct listing {
    const struct liveness *liveness;
    const char *self_state;       /* What speaks against this chassis, or NULL. */
    const char *physical_network; /* Of the last candidate. */
    struct ds *ds;
};

static void
put_candidate(const struct gateway_candidate *c, void *listing_)
{
    struct listing *listing = listing_;
    const char *how = c->self ? listing->self_state ? listing->self_state : "this chassis"
                              : liveness_describe(listing->liveness, c->chassis);

    if (listing->physical_network != c->physical_network) {
        listing->physical_network = c->physical_network;
        ds_put_format(listing->ds, "physical network %s:\n", c->physical_network);
    }
    ds_put_format(listing->ds, "  %s: %s (%s)%s\n", c->chassis, c->dead ? "dead" : "alive", how,
                  c->declared ? ", declared" : "");
}

static void
put_forwarded(const struct forwarded_port *f, void *lines)
{
    svec_add_nocopy(lines, xasprintf("  %s on %s (%s): %s%s\n", f->router_port, f->network,
                                     f->physical_network, f->chassis ? f->chassis : "nobody",
                                     f->here ? ", which is this chassis" : ""));
}

void
gateways_format(const struct parts *p, struct ds *ds)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    struct liveness_counts counts;
    const char *line;
    size_t i;

    liveness_count(p->liveness, &counts);
    struct listing listing = {
        .liveness = p->liveness,
        .self_state = (counts.draining  ? "this chassis, drained"
                       : counts.cut_off ? "this chassis, without a link"
                                        : NULL),
        .ds = ds,
    };
    topology_for_each_candidate(p->plane.topology, put_candidate, &listing);
    if (!listing.physical_network) {
        ds_put_cstr(ds, "no chassis is connected to a physical network\n");
    }

    topology_for_each_forwarded(p->plane.topology, put_forwarded, &lines);
    svec_sort(&lines);
    ds_put_format(ds, "active gateways of router ports:%s\n", lines.n ? "" : " none");
    SVEC_FOR_EACH (i, line, &lines) {
        ds_put_cstr(ds, line);
    }
    svec_destroy(&lines);
}

static void
count_here(const struct forwarded_port *f, void *n)
{
    *(size_t *) n += f->here;
}

void
gateways_format_status(const struct parts *p, struct ds *ds)
{
    struct liveness_counts counts;
    size_t n_here = 0;

    liveness_count(p->liveness, &counts);
    topology_for_each_forwarded(p->plane.topology, count_here, &n_here);
    ds_put_format(ds,
                  "gateway: of %" PRIuSIZE " router ports%s; %" PRIuSIZE " of %" PRIuSIZE
                  " BFD sessions up\n",
                  n_here,
                  counts.draining  ? ", drained"
                  : counts.cut_off ? ", without a link"
                                   : "",
                  counts.n_up, counts.n_sessions);
}
