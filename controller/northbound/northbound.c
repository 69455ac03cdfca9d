/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "northbound/northbound.h"

#include <errno.h>
#include <stdio.h>

#include "northbound/conditions.h"
#include "nb/dragonflow-idl.h"
#include "nb/parse.h"
#include "nb/tables.h"
#include "nb/text.h"
#include "coverage.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "openvswitch/poll-loop.h"
#include "svec.h"
#include "timeval.h"
#include "topology/interest.h"
#include "topology/topology.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(northbound);

/* All rows were compared with the topology, which takes time in proportion to both. */
COVERAGE_DEFINE(northbound_compared);

/* A row that has been handed on, by which one sees that the IDL has thrown away all rows and read
 * them anew: it has been inserted once more, or is gone. */
struct sentinel {
    const struct ovsdb_idl_table_class *table; /* NULL: no row has been handed on. */
    struct uuid uuid;
};

struct northbound {
    struct ovsdb_idl *idl;
    char *remote;
    char *failed_remote;   /* With which there was no connection lately; NULL: there was. */
    int failure;           /* ovsdb_idl_get_last_error() of that. */
    unsigned int seqno;    /* ovsdb_idl_get_seqno() when last handed on. */
    struct shash problems; /* Row UUID to "KIND NAME: PROBLEMS". */
    struct sentinel sentinel;
    uint64_t n_updates; /* Times that anything was read. */

    struct conditions *conditions;
    bool selected;           /* They have been set; nothing is read before that. */
    struct interest wanted;  /* Of the topology, */
    uint64_t interest_seqno; /* when it had this number. */
    bool everything;         /* What was last selected is the whole database. */
    uint64_t wanted_seqno;   /* Raised whenever 'wanted' or 'everything' changes. */
    bool complete, has_read;
    uint64_t losses;          /* topology_losses() when last complete. */
    long long int hold_until; /* 0: nothing was lost since. */
};

/* How long flows may stay as they are while the replacement of something that was taken
 * away is on the way: many round trips, yet too short to matter. */
#define HOLD_MS 100

static void
monitor_columns(struct ovsdb_idl *idl)
{
    NB_TABLE_FOR_EACH (table) {
        NB_COLUMN_FOR_EACH (column, table) {
            if (column->flags & NB_READ) {
                ovsdb_idl_add_column(idl, column->column);
                ovsdb_idl_track_add_column(idl, column->column);
            }
        }
    }
    ovsdb_idl_add_column(idl, &nbrec_global_col_sequence);
}

struct northbound *
northbound_create(void)
{
    struct northbound *nb = xzalloc(sizeof *nb);

    nb->idl = ovsdb_idl_create_unconnected(&nbrec_idl_class, false);
    ovsdb_idl_set_leader_only(nb->idl, false);
    monitor_columns(nb->idl);
    nb->conditions = conditions_create();
    interest_init(&nb->wanted);
    nb->interest_seqno = UINT64_MAX;
    shash_init(&nb->problems);
    return nb;
}

void
northbound_destroy(struct northbound *nb)
{
    if (nb) {
        ovsdb_idl_destroy(nb->idl);
        conditions_destroy(nb->conditions);
        interest_destroy(&nb->wanted);
        shash_destroy_free_data(&nb->problems);
        free(nb->remote);
        free(nb->failed_remote);
        free(nb);
    }
}

/* Remembers why no connection came about, as long as there is none. */
static void
note_failure(struct northbound *nb)
{
    if (nb->remote && !ovsdb_idl_is_alive(nb->idl)) {
        if (!nullable_string_is_equal(nb->failed_remote, nb->remote)) {
            free(nb->failed_remote);
            nb->failed_remote = xstrdup(nb->remote);
        }
        nb->failure = ovsdb_idl_get_last_error(nb->idl);
    } else if (nb->failed_remote && ovsdb_idl_is_connected(nb->idl) && nb->complete) {
        free(nb->failed_remote);
        nb->failed_remote = NULL;
    }
}

void
northbound_set_remote(struct northbound *nb, const char *remote, int probe_interval)
{
    note_failure(nb);
    if (!nullable_string_is_equal(nb->remote, remote)) {
        free(nb->remote);
        nb->remote = nullable_xstrdup(remote);
        ovsdb_idl_set_remote(nb->idl, remote, false);
    }
    ovsdb_idl_set_probe_interval(nb->idl, probe_interval);
}

void
northbound_accept_older(struct northbound *nb)
{
    ovsdb_idl_reset_min_index(nb->idl);
}

enum link_state
northbound_link(const struct northbound *nb)
{
    return (!ovsdb_idl_is_alive(nb->idl)      ? LINK_FAILED
            : ovsdb_idl_is_connected(nb->idl) ? LINK_UP
                                              : LINK_DOWN);
}

bool
northbound_has_read(const struct northbound *nb)
{
    return nb->has_read;
}

bool
northbound_is_connected(const struct northbound *nb)
{
    return ovsdb_idl_is_connected(nb->idl);
}

struct ovsdb_idl *
northbound_idl(struct northbound *nb)
{
    return nb->idl;
}

int64_t
northbound_sequence(const struct northbound *nb)
{
    const struct nbrec_global *global = nbrec_global_first(nb->idl);

    return global ? global->sequence : 0;
}

/* --- Problems ----------------------------------------------------------- */

/* Remembers (and logs, if it is news) what is wrong with a row; forgets it if
 * nothing is. */
static void
note_problems(struct northbound *nb, const struct uuid *uuid, const char *kind, const char *name,
              bool disabled, struct svec *problems)
{
    if (svec_is_empty(problems) && shash_is_empty(&nb->problems)) {
        return; /* As good as always. */
    }

    char key[UUID_LEN + 1];
    snprintf(key, sizeof key, UUID_FMT, UUID_ARGS(uuid));
    if (svec_is_empty(problems)) {
        free(shash_find_and_delete(&nb->problems, key));
        return;
    }

    char *reasons = svec_join(problems, "; ", "");
    char *text =
        text_format("%s %s%s: %.1024s", kind, name, disabled ? " (disabled)" : "", reasons);
    free(reasons);
    const char *known = shash_find_data(&nb->problems, key);
    if (!known || strcmp(known, text)) {
        VLOG_WARN("%s", text);
        free(shash_replace(&nb->problems, key, text));
    } else {
        free(text);
    }
}

static void
forget_problems(struct northbound *nb, const struct uuid *uuid)
{
    struct svec none = SVEC_EMPTY_INITIALIZER;
    note_problems(nb, uuid, "", "", false, &none);
}

/* Why the last attempt to connect failed, and what to do about it. */
static char *
explain_failure(const struct northbound *nb)
{
    const char *remote = nb->failed_remote;
    bool tls = remote && strstr(remote, "ssl:");

    switch (nb->failure) {
    case 0:
    case EOF:
        return text_format(
            "%s answers, but does not serve database \"%s\", has it with the schema of an "
            "earlier version (upgrade the database first), or has lost the majority of its "
            "cluster",
            remote, nbrec_idl_class.database);
    case ECONNREFUSED:
        return text_format("%s refuses connections: is the server running, and listening there?",
                           remote);
    case ENOENT:
        return text_format("%s: there is no such socket", remote);
    case EAFNOSUPPORT:
        return text_format("%s: the host's name cannot be resolved", remote);
    case EPROTO:
        return text_format("%s: the TLS handshake failed; the log says why%s", remote,
                           tls ? " (authority, validity, purpose, or no TLS there)" : "");
    default:
        return text_format("%s: %s", remote, ovs_retval_to_string(nb->failure));
    }
}

static bool
is_read(const struct nb_table *table)
{
    return table->columns[0].flags & NB_READ;
}

/* The name of a table that is to be read but is not there, as far as the server says; NULL if all
 * are, or if there is no connection.  (A server alone says what its schema was at its start.) */
static const char *
missing_table(const struct northbound *nb)
{
    if (ovsdb_idl_server_has_table(nb->idl, &nbrec_table_global)) {
        NB_TABLE_FOR_EACH (table) {
            if (is_read(table) && !ovsdb_idl_server_has_table(nb->idl, table->class)) {
                return table->class->name;
            }
        }
    }
    return NULL;
}

void
northbound_problems(const struct northbound *nb, struct svec *problems)
{
    struct shash_node *node;

    if (nb->failed_remote && !ovsdb_idl_is_connected(nb->idl)) {
        char *reason = explain_failure(nb);

        svec_add_nocopy(problems, text_format("NB database: not connected (%.1024s)", reason));
        free(reason);
    }
    const char *table = missing_table(nb);
    if (table) {
        svec_add_nocopy(problems,
                        xasprintf("NB database: the server says that there is no table %s, so "
                                  "nothing of it is known: upgrade the database; if that has been "
                                  "done, restart its server",
                                  table));
    }
    SHASH_FOR_EACH (node, &nb->problems) {
        svec_add(problems, node->data);
    }
}

/* --- Rows to topology --------------------------------------------------- */

/* A row without data is one that is only referred to. */
static bool
has_row(const struct northbound *nb, const struct ovsdb_idl_table_class *class,
        const struct uuid *uuid)
{
    const struct ovsdb_idl_row *row = ovsdb_idl_get_row_for_uuid(nb->idl, class, uuid);

    return row && row->new_datum;
}

/* Each set_TABLE() hands a row on to the topology, or, if 'row' is NULL, that there is none.
 * Returns false and says why in 'problems' if it is disabled as a whole. */

static bool
set_chassis(struct topology *t, const struct uuid *uuid, const void *row, struct svec *problems)
{
    struct chassis_config config;
    bool valid = row && nb_parse_chassis(row, &config, problems);

    topology_set_chassis(t, uuid, valid ? &config : NULL);
    return valid;
}

static bool
set_network(struct topology *t, const struct uuid *uuid, const void *row, struct svec *problems)
{
    struct network_config config;
    bool valid = row && nb_parse_network(row, &config, problems);

    topology_set_network(t, uuid, valid ? &config : NULL);
    return valid;
}

static bool
set_subnet(struct topology *t, const struct uuid *uuid, const void *row, struct svec *problems)
{
    struct subnet_config config;
    bool valid = row && nb_parse_subnet(row, &config, problems);

    topology_set_subnet(t, uuid, valid ? &config : NULL);
    return valid;
}

static bool
set_router(struct topology *t, const struct uuid *uuid, const void *row, struct svec *problems)
{
    struct router_config config;
    bool valid = row && nb_parse_router(row, &config, problems);

    topology_set_router(t, uuid, valid ? &config : NULL);
    return valid;
}

static bool
set_router_port(struct topology *t, const struct uuid *uuid, const void *row, struct svec *problems)
{
    struct router_port_config config;
    bool valid = row && nb_parse_router_port(row, &config, problems);

    topology_set_router_port(t, uuid, valid ? &config : NULL);
    return valid;
}

static bool
set_static_route(struct topology *t, const struct uuid *uuid, const void *row,
                 struct svec *problems)
{
    struct static_route_config config;
    bool valid = row && nb_parse_static_route(row, &config, problems);

    topology_set_static_route(t, uuid, valid ? &config : NULL);
    return valid;
}

static bool
set_nat(struct topology *t, const struct uuid *uuid, const void *row, struct svec *problems)
{
    struct nat_config config;
    bool valid = row && nb_parse_nat(row, &config, problems);

    topology_set_nat(t, uuid, valid ? &config : NULL);
    return valid;
}

static bool
set_port(struct topology *t, const struct uuid *uuid, const void *row, struct svec *problems)
{
    struct port_config config;
    bool valid = row && nb_parse_port(row, &config, problems);

    topology_set_port(t, uuid, valid ? &config : NULL);
    return valid;
}

/* The tables, in the order in which their rows are handed on. */
static const struct sort {
    enum nb_table_id table;
    bool (*set)(struct topology *, const struct uuid *, const void *row, struct svec *problems);
} sorts[N_SORTS] = {
    [SORT_CHASSIS] = {NB_CHASSIS, set_chassis},
    [SORT_NETWORK] = {NB_NETWORK, set_network},
    [SORT_SUBNET] = {NB_SUBNET, set_subnet},
    [SORT_ROUTER] = {NB_ROUTER, set_router},
    [SORT_ROUTER_PORT] = {NB_ROUTER_PORT, set_router_port},
    [SORT_STATIC_ROUTE] = {NB_STATIC_ROUTE, set_static_route},
    [SORT_NAT] = {NB_NAT, set_nat},
    [SORT_PORT] = {NB_PORT, set_port},
};

static const struct ovsdb_idl_table_class *
class_of(const struct sort *sort)
{
    return nb_tables[sort->table].class;
}

/* What people call a row.  The caller must free() it. */
static char *
name_row(const struct nb_table *table, const struct ovsdb_idl_row *row)
{
    if (nb_table_has_names(table)) {
        return xstrdup(ovsdb_idl_read(row, table->columns[0].column)->keys[0].s->string);
    }

    const struct nbrec_static_route *r = CONTAINER_OF(row, struct nbrec_static_route, header_);
    char *route = nb_static_route_text(r);
    char *name = text_format("%s of router %s", route, r->router ? r->router->name : "(unknown)");
    free(route);
    return name;
}

static void
update_row(struct northbound *nb, struct topology *t, const struct sort *sort,
           const struct ovsdb_idl_row *row)
{
    const struct nb_table *table = &nb_tables[sort->table];
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    bool valid = sort->set(t, &row->uuid, row, &problems);
    if (!svec_is_empty(&problems) || !shash_is_empty(&nb->problems)) {
        char *name = name_row(table, row);
        note_problems(nb, &row->uuid, table->kind, name, !valid, &problems);
        free(name);
    }
    svec_destroy(&problems);
}

static void
drop_row(struct northbound *nb, struct topology *t, const struct sort *sort,
         const struct uuid *uuid)
{
    sort->set(t, uuid, NULL, NULL);
    forget_problems(nb, uuid);
}

static bool
is_deleted(const struct ovsdb_idl_row *row)
{
    return ovsdb_idl_row_get_seqno(row, OVSDB_IDL_CHANGE_DELETE) > 0;
}

/* Hands on the rows that have changed.  A row that was deleted and came back under the same UUID
 * within one update (a database read anew) is not deleted at all.  The IDL also tracks rows that
 * refer to a changed one; they say nothing new. */
static void
sync_rows(struct northbound *nb, struct topology *t, const struct sort *sort)
{
    const struct ovsdb_idl_row *row;

    for (row = ovsdb_idl_track_get_first(nb->idl, class_of(sort)); row;
         row = ovsdb_idl_track_get_next(row)) {
        if (is_deleted(row) && !has_row(nb, class_of(sort), &row->uuid)) {
            drop_row(nb, t, sort, &row->uuid);
        }
    }
    for (row = ovsdb_idl_track_get_first(nb->idl, class_of(sort)); row;
         row = ovsdb_idl_track_get_next(row)) {
        if (!is_deleted(row) && row->updated) {
            update_row(nb, t, sort, row);
        }
    }
}

/* --- Rows that are read anew -------------------------------------------- */

/* Any row will do: it has values that differ from the default, such as a name, so that its
 * insertion has a number. */
static void
choose_sentinel(struct northbound *nb)
{
    nb->sentinel.table = NULL;
    for (size_t i = 0; i < N_SORTS && !nb->sentinel.table; i++) {
        const struct ovsdb_idl_row *row = ovsdb_idl_first_row(nb->idl, class_of(&sorts[i]));

        if (row) {
            nb->sentinel.table = class_of(&sorts[i]);
            nb->sentinel.uuid = row->uuid;
        }
    }
}

/* An insertion has a number until ovsdb_idl_track_clear(), which ends each update. */
static bool
sentinel_stands(const struct northbound *nb)
{
    const struct sentinel *s = &nb->sentinel;
    const struct ovsdb_idl_row *row =
        s->table ? ovsdb_idl_get_row_for_uuid(nb->idl, s->table, &s->uuid) : NULL;

    return row && row->new_datum && !ovsdb_idl_row_get_seqno(row, OVSDB_IDL_CHANGE_INSERT);
}

/* Takes away what is not in the database any more.  An IDL that reads all rows anew (after
 * a reconnection that could not be resumed, or a conversion of the schema) forgets which
 * deletions it has tracked; so after that, everything is compared. */
static void
remove_vanished(struct northbound *nb, struct topology *t)
{
    struct shash_node *problem;

    COVERAGE_INC(northbound_compared);
    for (size_t i = 0; i < N_SORTS; i++) {
        struct uuid_list known = {.n = 0};

        topology_list(t, i, &known);
        for (size_t j = 0; j < known.n; j++) {
            if (!has_row(nb, class_of(&sorts[i]), &known.uuids[j])) {
                drop_row(nb, t, &sorts[i], &known.uuids[j]);
            }
        }
        free(known.uuids);
    }

    /* Rows that were disabled as a whole are not in the topology. */
    SHASH_FOR_EACH_SAFE (problem, &nb->problems) {
        bool found = false;
        struct uuid uuid;

        uuid_from_string(&uuid, problem->name);
        for (size_t i = 0; i < N_SORTS && !found; i++) {
            found = has_row(nb, class_of(&sorts[i]), &uuid);
        }
        if (!found) {
            free(problem->data);
            shash_delete(&nb->problems, problem);
        }
    }
}

/* Hands on what is new.  Returns true if anything was. */
static bool
read_rows(struct northbound *nb, struct topology *t)
{
    if (!nb->selected) {
        return false;
    }

    ovsdb_idl_run(nb->idl);
    unsigned int seqno = ovsdb_idl_get_seqno(nb->idl);
    if (seqno == nb->seqno) {
        return false;
    }
    nb->seqno = seqno;
    nb->n_updates++;

    if (!sentinel_stands(nb)) {
        remove_vanished(nb, t);
        choose_sentinel(nb);
    }
    for (size_t i = 0; i < N_SORTS; i++) {
        sync_rows(nb, t, &sorts[i]);
    }
    ovsdb_idl_track_clear(nb->idl);
    return true;
}

void
northbound_load(struct northbound *nb, struct topology *t)
{
    for (size_t i = 0; i < N_SORTS; i++) {
        const struct ovsdb_idl_row *row = ovsdb_idl_first_row(nb->idl, class_of(&sorts[i]));

        for (; row; row = ovsdb_idl_next_row(row)) {
            update_row(nb, t, &sorts[i], row);
        }
    }
}

void
northbound_wait(struct northbound *nb)
{
    if (nb->remote) {
        ovsdb_idl_wait(nb->idl);
        conditions_wait(nb->conditions);
        if (nb->has_read && northbound_must_wait(nb)) {
            poll_timer_wait_until(nb->hold_until);
        }
    }
}

/* --- What to read ------------------------------------------------------- */

/* Asks the server for what 't', which is settled, needs.  Returns true if it had to be asked
 * for anything else than before. */
static bool
select_rows(struct northbound *nb, const struct topology *t, bool everything)
{
    uint64_t n_requests = conditions_count_requests(nb->conditions);

    if (topology_interest_seqno(t) != nb->interest_seqno) {
        nb->interest_seqno = topology_interest_seqno(t);
        interest_clear(&nb->wanted);
        topology_get_interest(t, &nb->wanted);
        nb->wanted_seqno++;
    }
    if (everything != nb->everything) {
        nb->everything = everything;
        nb->wanted_seqno++;
    }
    nb->selected = nb->remote != NULL;
    nb->complete =
        (conditions_run(nb->conditions, nb->idl, everything ? NULL : &nb->wanted, nb->wanted_seqno)
         && ovsdb_idl_has_ever_connected(nb->idl));
    nb->has_read |= nb->complete;

    if (nb->complete) {
        nb->losses = topology_losses(t);
        nb->hold_until = 0;
    } else if (!nb->hold_until && nb->losses != topology_losses(t)) {
        nb->hold_until = time_msec() + HOLD_MS;
    }
    return nb->selected && conditions_count_requests(nb->conditions) != n_requests;
}

bool
northbound_run(struct northbound *nb, struct topology *t, bool everything)
{
    bool read = false;

    /* A request goes out when the IDL runs: at once, while flows are computed. */
    do {
        read |= read_rows(nb, t);
        topology_settle(t);
    } while (select_rows(nb, t, everything));
    return read;
}

void
northbound_set_stale(struct northbound *nb)
{
    nb->interest_seqno = UINT64_MAX;
}

bool
northbound_is_complete(const struct northbound *nb)
{
    return nb->complete;
}

bool
northbound_must_wait(const struct northbound *nb)
{
    return nb->has_read ? time_msec() < nb->hold_until
                        : ovsdb_idl_has_ever_connected(nb->idl) && !nb->complete;
}

bool
northbound_covers_network(const struct northbound *nb, const struct uuid *uuid)
{
    return nb->has_read && conditions_cover_network(nb->conditions, uuid);
}

bool
northbound_covers_chassis(const struct northbound *nb)
{
    return ovsdb_idl_has_ever_connected(nb->idl);
}

void
northbound_format_conditions(const struct northbound *nb, struct ds *ds)
{
    const char *before = "rows: ";

    ds_put_format(ds, "%s, %" PRIu64 " updates\n", nb->complete ? "complete" : "incomplete",
                  nb->n_updates);
    conditions_format(nb->conditions, ds);
    NB_TABLE_FOR_EACH (table) {
        const struct ovsdb_idl_row *row = ovsdb_idl_first_row(nb->idl, table->class);
        size_t n = 0;

        if (!is_read(table)) {
            continue;
        }
        for (; row; row = ovsdb_idl_next_row(row)) {
            n++;
        }
        ds_put_format(ds, "%s%s %" PRIuSIZE, before, table->class->name, n);
        before = ", ";
    }
    ds_put_char(ds, '\n');
}
