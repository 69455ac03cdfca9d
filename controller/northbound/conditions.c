/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "northbound/conditions.h"

#include <limits.h>
#include <stdlib.h>

#include "nb/dragonflow-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "random.h"
#include "timeval.h"
#include "topology/interest.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(conditions);

/* What has become superfluous is given up after this time and up to as much again, at
 * random: each change of a condition costs the server a walk over the table, and a
 * thousand chassis may lose interest in something at once. */
#define SHRINK_MS 5000

/* A request goes out when the answer to the last one is here (or there was none), and what is
 * requested does not fit what is wanted:
 *
 *          it is too little, or has been too much for 5 to 10 seconds
 *        ,------------------------------------------------------------.
 *        v                                                            |
 *     AWAITED ------------------------ confirmed ------------------> HERE
 *        |                                                            ^
 *        | no connection                                              |
 *        v                                                            |
 *   INTERRUPTED --- confirmed, or the same conditions set anew are ---'
 *
 * What is wanted is complete when the answer is here and it is not too little.  From the first
 * time on the stage is STEADY; before, ports are left out of what is requested until their
 * networks are known. */

/* How far this daemon has got since its start. */
enum stage {
    STAGE_NOTHING,  /* Nothing has been requested. */
    STAGE_STARTING, /* The rounds of a start are under way (choose_ports()). */
    STAGE_STEADY,   /* At some time everything that was wanted was there. */
};

/* What has become of the last request. */
enum answer {
    ANSWER_HERE,        /* The server has confirmed it. */
    ANSWER_AWAITED,     /* It has not. */
    ANSWER_INTERRUPTED, /* It has not, and there was no connection at some time since. */
};

/* How what is requested compares with what is wanted. */
enum fit {
    FIT_TOO_LITTLE,
    FIT_EXACT,
    FIT_TOO_MUCH,
};

/* What the server is asked for. */
struct extent {
    bool all;                 /* The whole database. */
    struct interest interest; /* Unless 'all'. */
};

struct conditions {
    enum stage stage;
    enum answer answer;
    enum fit fit;

    struct extent requested; /* As last sent. */
    struct extent confirmed; /* Before the answer to that is here: what the server has confirmed. */

    /* 'fit' is that of what was wanted when it had this number, and of this request. */
    uint64_t fit_wanted, fit_request;

    uint64_t n_requests;          /* Ever. */
    unsigned int condition_seqno; /* ovsdb_idl_get_condition_seqno() at the last request. */
    unsigned int idl_seqno;       /* ovsdb_idl_get_seqno() when last looked. */
    long long int shrink_at;      /* When to give up what is too much; LLONG_MAX: never. */
};

struct conditions *
conditions_create(void)
{
    struct conditions *c = xzalloc(sizeof *c);

    interest_init(&c->requested.interest);
    interest_init(&c->confirmed.interest);
    c->shrink_at = LLONG_MAX;
    return c;
}

void
conditions_destroy(struct conditions *c)
{
    if (c) {
        interest_destroy(&c->requested.interest);
        interest_destroy(&c->confirmed.interest);
        free(c);
    }
}

static void
extent_swap(struct extent *a, struct extent *b)
{
    bool all = a->all;

    a->all = b->all;
    b->all = all;
    interest_swap(&a->interest, &b->interest);
}

/* --- Clauses ------------------------------------------------------------ */

/* Every table has it, but the IDL does not treat it as a column. */
static const struct ovsdb_idl_column uuid_column = {
    .name = "_uuid",
    .type = OVSDB_TYPE_SCALAR_INITIALIZER(OVSDB_BASE_UUID_INIT),
};

/* Adds "column == uuid" for each of 'list'. */
static void
add_uuids(struct ovsdb_idl_condition *cond, const struct ovsdb_idl_column *column,
          const struct uuid_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        union ovsdb_atom *key = xmalloc(sizeof *key);
        struct ovsdb_datum datum = {.n = 1, .keys = key};

        key->uuid = list->uuids[i];
        ovsdb_idl_condition_add_clause(cond, OVSDB_F_EQ, column, &datum);
        ovsdb_datum_destroy(&datum, &column->type);
    }
}

/* In an order that depends on nothing but the names, as the IDL compares conditions by
 * their text. */
static void
add_names(struct ovsdb_idl_condition *cond, const struct sset *names,
          void (*add)(struct ovsdb_idl_condition *, enum ovsdb_function, const char *))
{
    const char **sorted = sset_sort(names);

    for (size_t i = 0; sorted[i]; i++) {
        add(cond, OVSDB_F_EQ, sorted[i]);
    }
    free(sorted);
}

static void
network_condition(struct ovsdb_idl_condition *cond, const struct interest *in)
{
    add_uuids(cond, &uuid_column, &in->networks);
    add_names(cond, &in->wired, nbrec_network_add_clause_name);
    add_names(cond, &in->physical_networks, nbrec_network_add_clause_physical_network);
    for (size_t i = 0; i < in->segments.n; i++) {
        int64_t id = in->segments.uuids[i].parts[0];
        nbrec_network_add_clause_segmentation_id(cond, OVSDB_F_EQ, &id, 1);
    }
    if (in->flat) {
        nbrec_network_add_clause_type(cond, OVSDB_F_EQ, "flat");
    }
}

static void
subnet_condition(struct ovsdb_idl_condition *cond, const struct interest *in)
{
    add_uuids(cond, &nbrec_subnet_col_network, &in->network_contents);
    add_uuids(cond, &nbrec_subnet_col_network, &in->external_networks);
}

static void
port_condition(struct ovsdb_idl_condition *cond, const struct interest *in)
{
    add_names(cond, &in->ports, nbrec_port_add_clause_name);
    add_uuids(cond, &nbrec_port_col_network, &in->network_ports);
    add_uuids(cond, &nbrec_port_col_chassis, &in->claims);
}

static void
router_condition(struct ovsdb_idl_condition *cond, const struct interest *in)
{
    add_uuids(cond, &uuid_column, &in->routers);
}

static void
router_port_condition(struct ovsdb_idl_condition *cond, const struct interest *in)
{
    add_uuids(cond, &nbrec_router_port_col_network, &in->network_contents);
    add_uuids(cond, &nbrec_router_port_col_router, &in->router_contents);
}

static void
nat_condition(struct ovsdb_idl_condition *cond, const struct interest *in)
{
    add_uuids(cond, &nbrec_nat_col_router, &in->router_contents);
}

static void
static_route_condition(struct ovsdb_idl_condition *cond, const struct interest *in)
{
    add_uuids(cond, &nbrec_static_route_col_router, &in->router_contents);
}

/* The whole of Global, one row, and of Chassis is always monitored. */
enum table { NETWORK, SUBNET, PORT, ROUTER, ROUTER_PORT, STATIC_ROUTE, NAT, N_TABLES };
static const struct {
    const struct ovsdb_idl_table_class *class;
    void (*add_clauses)(struct ovsdb_idl_condition *, const struct interest *);
} tables[N_TABLES] = {
    [NETWORK] = {&nbrec_table_network, network_condition},
    [SUBNET] = {&nbrec_table_subnet, subnet_condition},
    [PORT] = {&nbrec_table_port, port_condition},
    [ROUTER] = {&nbrec_table_router, router_condition},
    [ROUTER_PORT] = {&nbrec_table_router_port, router_port_condition},
    [STATIC_ROUTE] = {&nbrec_table_static_route, static_route_condition},
    [NAT] = {&nbrec_table_nat, nat_condition},
};

static size_t
count_clauses(enum table table, const struct interest *in)
{
    switch (table) {
    case NETWORK:
        return in->networks.n + sset_count(&in->wired) + sset_count(&in->physical_networks)
               + in->segments.n + in->flat;
    case SUBNET:
        return in->network_contents.n + in->external_networks.n;
    case PORT:
        return sset_count(&in->ports) + in->network_ports.n + in->claims.n;
    case ROUTER:
        return in->routers.n;
    case ROUTER_PORT:
        return in->network_contents.n + in->router_contents.n;
    case STATIC_ROUTE:
    case NAT:
        return in->router_contents.n;
    case N_TABLES:
    default:
        OVS_NOT_REACHED();
    }
}

static bool
same_clauses(enum table table, const struct interest *a, const struct interest *b)
{
    switch (table) {
    case NETWORK:
        return (uuid_list_equals(&a->networks, &b->networks) && sset_equals(&a->wired, &b->wired)
                && sset_equals(&a->physical_networks, &b->physical_networks)
                && uuid_list_equals(&a->segments, &b->segments) && a->flat == b->flat);
    case SUBNET:
        return (uuid_list_equals(&a->network_contents, &b->network_contents)
                && uuid_list_equals(&a->external_networks, &b->external_networks));
    case PORT:
        return (sset_equals(&a->ports, &b->ports)
                && uuid_list_equals(&a->network_ports, &b->network_ports)
                && uuid_list_equals(&a->claims, &b->claims));
    case ROUTER:
        return uuid_list_equals(&a->routers, &b->routers);
    case ROUTER_PORT:
        return (uuid_list_equals(&a->network_contents, &b->network_contents)
                && uuid_list_equals(&a->router_contents, &b->router_contents));
    case STATIC_ROUTE:
    case NAT:
        return uuid_list_equals(&a->router_contents, &b->router_contents);
    case N_TABLES:
    default:
        OVS_NOT_REACHED();
    }
}

/* Sets the conditions of 'idl'; if 'before' is nonnull, only those that differ from
 * those for 'before'.  Returns true if the server has confirmed them all already; repeating it does
 * no harm. */
static bool
set_conditions(const struct conditions *c, struct ovsdb_idl *idl, const struct interest *before)
{
    bool confirmed = true;

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        struct ovsdb_idl_condition cond = OVSDB_IDL_CONDITION_INIT(&cond);

        if (before && same_clauses(i, before, &c->requested.interest)) {
            continue;
        }
        if (c->requested.all) {
            ovsdb_idl_condition_add_clause_true(&cond);
        } else {
            tables[i].add_clauses(&cond, &c->requested.interest);
        }
        confirmed &= (ovsdb_idl_set_condition(idl, tables[i].class, &cond)
                      == ovsdb_idl_get_condition_seqno(idl));
        ovsdb_idl_condition_destroy(&cond);
    }
    return confirmed;
}

/* --- Requests ----------------------------------------------------------- */

/* Every change of the ports that are asked for costs the server a walk over all ports.  So the
 * first time they are asked for when it is known on which networks; and with these, they
 * need not be asked for by name any more. */
static void
choose_ports(const struct conditions *c, const struct interest *wanted, struct interest *next)
{
    const struct interest *requested = &c->requested.interest;

    if (c->stage != STAGE_STEADY && !interest_covers_networks(requested, wanted)) {
        uuid_list_copy(&next->network_ports, &requested->network_ports);
        uuid_list_copy(&next->claims, &requested->claims);
    } else {
        sset_destroy(&next->ports);
        sset_clone(&next->ports, &wanted->ports);
    }
}

/* What the server has clauses for, so that only those of other tables need be sent; NULL if it
 * needs them all. */
static const struct interest *
clauses_before(const struct conditions *c)
{
    return c->stage == STAGE_NOTHING || c->requested.all || c->confirmed.all
               ? NULL
               : &c->confirmed.interest;
}

static void
request(struct conditions *c, struct ovsdb_idl *idl, const struct interest *wanted, bool grow)
{
    struct extent next = {.all = !wanted};
    bool confirmed;

    interest_init(&next.interest);
    if (wanted) {
        interest_merge(&next.interest, wanted);
        if (grow && !c->requested.all) {
            interest_merge(&next.interest, &c->requested.interest);
            choose_ports(c, wanted, &next.interest);
        }
    }
    extent_swap(&c->confirmed, &c->requested);
    extent_swap(&c->requested, &next);
    interest_destroy(&next.interest);

    c->condition_seqno = ovsdb_idl_get_condition_seqno(idl);
    c->idl_seqno = ovsdb_idl_get_seqno(idl);
    confirmed = set_conditions(c, idl, clauses_before(c));
    c->answer = confirmed                     ? ANSWER_HERE
                : ovsdb_idl_is_connected(idl) ? ANSWER_AWAITED
                                              : ANSWER_INTERRUPTED;
    c->stage = MAX(c->stage, STAGE_STARTING);
    c->shrink_at = LLONG_MAX;
    c->n_requests++;
    VLOG_DBG("request %" PRIu64 ": %" PRIuSIZE " networks, %" PRIuSIZE " routers", c->n_requests,
             c->requested.interest.networks.n, c->requested.interest.routers.n);
}

/* A confirmation raises the condition_seqno, except if the connection was made
 * meanwhile: then the conditions may have gone with the first request of that, and what
 * the server says to it raises the seqno.  (A connection is not lost and made again
 * within one turn of the loop.) */
static bool
is_confirmed(struct conditions *c, struct ovsdb_idl *idl)
{
    if (ovsdb_idl_get_condition_seqno(idl) != c->condition_seqno) {
        return true;
    }
    if (!ovsdb_idl_is_connected(idl)) {
        c->answer = ANSWER_INTERRUPTED;
    }
    if (c->answer == ANSWER_AWAITED || ovsdb_idl_get_seqno(idl) == c->idl_seqno) {
        return false;
    }
    c->idl_seqno = ovsdb_idl_get_seqno(idl);
    return set_conditions(c, idl, NULL);
}

static enum fit
find_fit(const struct conditions *c, const struct interest *wanted)
{
    const struct interest *requested = &c->requested.interest;
    bool all = c->requested.all;

    if (c->stage == STAGE_NOTHING || !(all || (wanted && interest_covers(requested, wanted)))) {
        return FIT_TOO_LITTLE;
    }
    return wanted && (all || !interest_covers(wanted, requested)) ? FIT_TOO_MUCH : FIT_EXACT;
}

/* Compares 'wanted' with what is requested.  Most of the time neither has changed. */
static void
compare(struct conditions *c, const struct interest *wanted, uint64_t wanted_seqno)
{
    if (c->stage == STAGE_NOTHING || c->fit_wanted != wanted_seqno
        || c->fit_request != c->n_requests) {
        c->fit_wanted = wanted_seqno;
        c->fit_request = c->n_requests;
        c->fit = find_fit(c, wanted);
    }
}

/* What is too much is given up when that has lasted, the whole database at once. */
static bool
must_shrink(struct conditions *c, const struct interest *wanted)
{
    if (c->fit != FIT_TOO_MUCH) {
        c->shrink_at = LLONG_MAX;
    } else if (c->shrink_at == LLONG_MAX) {
        c->shrink_at = time_msec() + SHRINK_MS + random_range(SHRINK_MS);
    }
    return c->fit == FIT_TOO_MUCH && ((c->requested.all && wanted) || time_msec() >= c->shrink_at);
}

bool
conditions_run(struct conditions *c, struct ovsdb_idl *idl, const struct interest *wanted,
               uint64_t wanted_seqno)
{
    compare(c, wanted, wanted_seqno);
    if (c->answer != ANSWER_HERE && is_confirmed(c, idl)) {
        c->answer = ANSWER_HERE;
    }
    bool shrink = must_shrink(c, wanted);
    if (c->answer == ANSWER_HERE && (c->fit == FIT_TOO_LITTLE || shrink)) {
        request(c, idl, wanted, c->fit == FIT_TOO_LITTLE);
    }
    compare(c, wanted, wanted_seqno);

    bool complete = c->answer == ANSWER_HERE && c->fit != FIT_TOO_LITTLE;
    if (complete) {
        c->stage = STAGE_STEADY;
    }
    return complete;
}

uint64_t
conditions_count_requests(const struct conditions *c)
{
    return c->n_requests;
}

void
conditions_wait(const struct conditions *c)
{
    if (c->shrink_at != LLONG_MAX && c->answer == ANSWER_HERE) {
        poll_timer_wait_until(c->shrink_at);
    }
}

/* --- What the server has confirmed -------------------------------------- */

bool
conditions_cover_network(const struct conditions *c, const struct uuid *network)
{
    const struct extent *extent = c->answer == ANSWER_HERE ? &c->requested : &c->confirmed;

    return (extent->all || uuid_list_contains(&extent->interest.network_ports, network)
            || uuid_list_contains(&extent->interest.external_networks, network));
}

void
conditions_format(const struct conditions *c, struct ds *ds)
{
    ds_put_format(ds, "conditions: %" PRIu64 " requests%s, ", c->n_requests,
                  c->answer == ANSWER_HERE ? "" : " (one unanswered)");
    if (c->requested.all) {
        ds_put_cstr(ds, "the whole database\n");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        ds_put_format(ds, "%s%s %" PRIuSIZE, i ? ", " : "clauses: ", tables[i].class->name,
                      count_clauses(i, &c->requested.interest));
    }
    ds_put_char(ds, '\n');
}
