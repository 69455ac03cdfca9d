/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "northbound/announce.h"

#include <string.h>

#include "binding/binding.h"
#include "chassis/settings.h"
#include "nb/dragonflow-idl.h"
#include "nb/ip.h"
#include "nb/text.h"
#include "northbound/northbound.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "random.h"
#include "smap.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"
#include "northbound/write-only.h"

VLOG_DEFINE_THIS_MODULE(announce);

/* How long to wait after an error: a passing one, and one that lasts until something
 * is repaired by hand. */
#define RETRY_MS 1000
#define PERMISSION_RETRY_MS 5000

/* Another client writes this chassis' row as well: how long to wait before it is corrected,
 * and up to as much again, at random; and how long that counts as a problem. */
#define RIVAL_RETRY_MS 5000
#define RIVAL_MEMORY_MS 60000

/* How many names are remembered, of a chassis that changes it again and again. */
#define MAX_FORMER 16

/* How many ports are remembered that this chassis has given up. */
#define MAX_RELEASED 16

struct announcer {
    int64_t sequence; /* Global.sequence that 'sequence_seqno' stands for. */
    uint64_t sequence_seqno;
    int64_t applied; /* As last written; -1 if unknown. */

    char *chassis;        /* Name of the Chassis row that is ours. */
    struct uuid row_uuid; /* Of that row, which may not have been read yet; zero if unknown. */

    bool inserted; /* That row was inserted by this daemon, or for this host by its
                    * predecessor: others' rows are not for us to delete. */

    /* What the row was last made to say, and whether it has been seen to say so. */
    char *hostname;
    struct smap encaps, encaps_ipv6, bridge_mappings;
    bool gateway;
    bool seen;
    bool txn_states; /* 'txn' makes it say so. */

    /* The server has no column for 'encaps_ipv6' or 'gateway' (an earlier schema). */
    bool lacks_ipv6, lacks_gateway;

    /* Another host that has the same name, by what it wrote into the row. */
    char *rival;               /* NULL if there is none. */
    long long int rival_until; /* When it is forgotten (ms), */
    long long int correct_at;  /* and when the row may be written again (ms). */

    struct uuid released[MAX_RELEASED]; /* Ports last given up, */
    size_t n_released;                  /* of so many ever. */

    /* The rows that this chassis had under its last other names, which must go; zero if there
     * is nothing to do. */
    struct uuid former[MAX_FORMER];
    bool txn_former[MAX_FORMER]; /* Deleted by 'txn'. */
    size_t n_former;             /* Ever. */

    /* The database lets us write only those ports that are to be here by its own word
     * (role-based access control).  Found out by being refused, forgotten with the
     * connection. */
    bool restricted;
    char *refusal;    /* What else it does not let us write; NULL if there is nothing. */
    size_t n_refused; /* Ports that are left alone for that reason. */

    struct ovsdb_idl_txn *txn; /* In flight, or NULL. */
    int64_t txn_applied;       /* What it writes to Chassis.applied. */
    long long int retry_at;    /* Not before this time, after an error. */
};

struct announcer *
announcer_create(void)
{
    struct announcer *a = xzalloc(sizeof *a);

    smap_init(&a->encaps);
    smap_init(&a->encaps_ipv6);
    smap_init(&a->bridge_mappings);
    a->applied = -1;
    return a;
}

void
announcer_destroy(struct announcer *a)
{
    if (a) {
        if (a->txn) {
            ovsdb_idl_txn_destroy(a->txn);
        }
        smap_destroy(&a->encaps);
        smap_destroy(&a->encaps_ipv6);
        smap_destroy(&a->bridge_mappings);
        free(a->hostname);
        free(a->rival);
        free(a->refusal);
        free(a->chassis);
        free(a);
    }
}

static void
write_up(const struct nbrec_port *row, bool up)
{
    write_only_begin(&row->header_, &nbrec_port_col_up);
    nbrec_port_set_up(row, &up, 1);
    write_only_end(&row->header_, &nbrec_port_col_up);
}

static void
write_applied(const struct nbrec_chassis *row, int64_t applied)
{
    write_only_begin(&row->header_, &nbrec_chassis_col_applied);
    nbrec_chassis_set_applied(row, applied);
    write_only_end(&row->header_, &nbrec_chassis_col_applied);
}

/* --- The Chassis row ---------------------------------------------------- */

/* 'hint' is the UUID of the row that has probably that name: there may be thousands.
 * (A row without data is one that is only referred to.) */
static const struct nbrec_chassis *
find_chassis(struct ovsdb_idl *idl, const char *name, const struct uuid *hint)
{
    const struct nbrec_chassis *row = nbrec_chassis_get_for_uuid(idl, hint);

    if (row && row->header_.new_datum && !strcmp(row->name, name)) {
        return row;
    }
    NBREC_CHASSIS_FOR_EACH (row, idl) {
        if (!strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

/* IPv6 addresses are in the column of their own only if there are IPv4 addresses as well: a
 * reader that does not know that column sees the others. */
static void
encaps_from_settings(const struct chassis_settings *settings, struct smap *encaps,
                     struct smap *encaps_ipv6)
{
    smap_init(encaps);
    smap_init(encaps_ipv6);
    for (int type = 0; type < N_ENCAPS; type++) {
        struct smap *column = encaps;

        for (enum underlay underlay = 0; underlay < N_UNDERLAYS; underlay++) {
            if (chassis_settings_has_tunnel(settings, type, underlay)) {
                smap_add_nocopy(column, xstrdup(network_type_to_string(type)),
                                address_format(&settings->encap_ip[underlay]));
                column = encaps_ipv6;
            }
        }
    }
}

/* Deletes, in 'a->txn', the rows that this chassis had under other names: ports that are
 * claimed in their names would stay out of reach.  They may be read long after the change
 * of name, if there was no connection then. */
static void
delete_former(struct announcer *a, struct ovsdb_idl *idl, const char *name)
{
    for (size_t i = 0; i < MIN(a->n_former, MAX_FORMER); i++) {
        const struct nbrec_chassis *row = nbrec_chassis_get_for_uuid(idl, &a->former[i]);

        if (row && row->header_.new_datum && strcmp(row->name, name)) {
            a->txn = a->txn ? a->txn : ovsdb_idl_txn_create(idl);
            nbrec_chassis_delete(row);
            a->txn_former[i] = true;
        }
    }
}

/* 'a->txn' has ended.  A row that it has deleted is deleted once: if it comes back, another
 * has it. */
static void
finish_former(struct announcer *a, bool success)
{
    for (size_t i = 0; i < MAX_FORMER; i++) {
        if (a->txn_former[i] && success) {
            a->former[i] = UUID_ZERO;
        }
        a->txn_former[i] = false;
    }
}

/* From now on the row has another name than 'a->chassis'.  The old one must go, if that is
 * ours to do: a chassis that had the name of another one for a moment leaves that one's row
 * alone. */
static void
change_name(struct announcer *a)
{
    if (!a->restricted && a->inserted) {
        a->former[a->n_former++ % MAX_FORMER] = a->row_uuid;
    }
    a->row_uuid = UUID_ZERO;
    a->inserted = false;
    a->seen = false;
    a->correct_at = 0;
}

/* Makes a row under a UUID of our choice: it is known even if the answer that it was
 * made never comes. */
static const struct nbrec_chassis *
insert_chassis(struct announcer *a, struct ovsdb_idl *idl, const char *name)
{
    const struct nbrec_chassis *row;

    if (uuid_is_zero(&a->row_uuid) || !a->inserted) {
        uuid_generate(&a->row_uuid);
    }
    a->inserted = true;
    a->txn = a->txn ? a->txn : ovsdb_idl_txn_create(idl);
    row = nbrec_chassis_insert_persist_uuid(a->txn, &a->row_uuid);
    nbrec_chassis_set_name(row, name);
    if (nbrec_server_has_chassis_table_col_heard_at(idl)) {
        nbrec_chassis_set_heard_at(row, time_wall_msec());
    }
    a->applied = -1;
    a->seen = false;
    return row;
}

/* Whether 'row' says what it was last made to say. */
static bool
says_as_stated(const struct announcer *a, const struct nbrec_chassis *row)
{
    return (!strcmp(row->hostname ? row->hostname : "", a->hostname)
            && smap_equal(&row->encaps, &a->encaps)
            && (a->lacks_ipv6 || smap_equal(&row->encaps_ipv6, &a->encaps_ipv6))
            && (a->lacks_gateway || (row->n_gateway && *row->gateway) == a->gateway)
            && smap_equal(&row->bridge_mappings, &a->bridge_mappings));
}

/* Remembers what the row shall say. */
static void
set_statement(struct announcer *a, const struct chassis_settings *settings)
{
    const char *hostname = settings->hostname ? settings->hostname : "";
    struct smap encaps, encaps_ipv6;

    encaps_from_settings(settings, &encaps, &encaps_ipv6);
    if (!nullable_string_is_equal(a->hostname, hostname) || !smap_equal(&a->encaps, &encaps)
        || !smap_equal(&a->encaps_ipv6, &encaps_ipv6) || a->gateway != settings->gateway
        || !smap_equal(&a->bridge_mappings, &settings->bridge_mappings)) {
        free(a->hostname);
        a->hostname = xstrdup(hostname);
        smap_destroy(&a->encaps);
        smap_clone(&a->encaps, &encaps);
        smap_destroy(&a->encaps_ipv6);
        smap_clone(&a->encaps_ipv6, &encaps_ipv6);
        smap_destroy(&a->bridge_mappings);
        smap_clone(&a->bridge_mappings, &settings->bridge_mappings);
        a->gateway = settings->gateway;
        a->seen = false;
        a->correct_at = 0;
    }
    smap_destroy(&encaps);
    smap_destroy(&encaps_ipv6);
}

/* Whether another host has been writing this chassis' row lately. */
static bool
has_rival(const struct announcer *a)
{
    return a->rival && time_msec() < a->rival_until;
}

/* Another host has this chassis' name: takes 'evidence' of it. */
static void
note_rival(struct announcer *a, char *evidence)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(2, 2);

    free(a->rival);
    a->rival = evidence;
    a->rival_until = time_msec() + RIVAL_MEMORY_MS;
    TEXT_LOG_RL(VLOG_WARN_RL, &rl,
                "another host calls itself chassis \"%s\", like this host \"%s\": %.1024s; give "
                "each host a system-id of its own",
                a->chassis, a->hostname, evidence);
}

/* 'row' has said what we wrote, and says something else now.  The first time it is corrected
 * at once; if it happens again, after a while. */
static void
note_overwritten(struct announcer *a, const struct nbrec_chassis *row)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    const struct smap_node *node;

    ds_put_cstr(&s, "its row in the NB database now says host \"");
    text_put(&s, row->hostname ? row->hostname : "", TEXT_QUOTE_MAX);
    ds_put_char(&s, '"');
    SMAP_FOR_EACH (node, &row->encaps) {
        ds_put_cstr(&s, ", ");
        text_put(&s, node->key, TEXT_QUOTE_MAX);
        ds_put_char(&s, ' ');
        text_put(&s, node->value, TEXT_QUOTE_MAX);
    }
    a->correct_at = has_rival(a) ? time_msec() + RIVAL_RETRY_MS + random_range(RIVAL_RETRY_MS) : 0;
    a->seen = false;
    note_rival(a, ds_steal_cstr(&s));
}

/* A server that has been upgraded gets what it had no columns for before. */
static void
see_schema(struct announcer *a, const struct ovsdb_idl *idl)
{
    bool lacks_ipv6 = !nbrec_server_has_chassis_table_col_encaps_ipv6(idl);
    bool lacks_gateway = !nbrec_server_has_chassis_table_col_gateway(idl);

    a->seen &= lacks_ipv6 == a->lacks_ipv6 && lacks_gateway == a->lacks_gateway;
    a->lacks_ipv6 = lacks_ipv6;
    a->lacks_gateway = lacks_gateway;
}

/* What earlier schemas have no columns for.  Nothing is written that chassis may have no right to
 * write yet. */
static void
state_additions(const struct announcer *a, const struct nbrec_chassis *row)
{
    if (!a->lacks_ipv6 && !smap_equal(&row->encaps_ipv6, &a->encaps_ipv6)) {
        nbrec_chassis_set_encaps_ipv6(row, &a->encaps_ipv6);
    }
    if (!a->lacks_gateway && (row->n_gateway && *row->gateway) != a->gateway) {
        nbrec_chassis_set_gateway(row, &a->gateway, a->gateway ? 1 : 0);
    }
}

/* The Chassis row as the settings want it, made or corrected in 'a->txn', which is
 * opened if there is anything to write. */
static const struct nbrec_chassis *
announce_chassis(struct announcer *a, struct ovsdb_idl *idl,
                 const struct chassis_settings *settings)
{
    const struct nbrec_chassis *row = find_chassis(idl, settings->system_id, &a->row_uuid);

    see_schema(a, idl);
    set_statement(a, settings);
    if (a->chassis && strcmp(a->chassis, settings->system_id)) {
        change_name(a);
    }
    free(a->chassis);
    a->chassis = xstrdup(settings->system_id);
    delete_former(a, idl, settings->system_id);
    if (!row) {
        row = insert_chassis(a, idl, settings->system_id);
    } else if (!uuid_equals(&row->header_.uuid, &a->row_uuid)) {
        a->row_uuid = row->header_.uuid;
        a->inserted = !smap_is_empty(&a->encaps) && says_as_stated(a, row);
        a->applied = -1;
        a->seen = false;
    }
    if (says_as_stated(a, row)) {
        a->seen = true;
    } else if (a->seen) {
        note_overwritten(a, row);
    }
    if (!a->seen && time_msec() >= a->correct_at) {
        a->txn = a->txn ? a->txn : ovsdb_idl_txn_create(idl);
        nbrec_chassis_set_hostname(row, a->hostname);
        nbrec_chassis_set_encaps(row, &a->encaps);
        state_additions(a, row);
        nbrec_chassis_set_bridge_mappings(row, &a->bridge_mappings);
        a->txn_states = true;
    }
    return row;
}

/* --- Ports -------------------------------------------------------------- */

/* Whether the database would let chassis 'name' write about port 'row'. */
static bool
may_announce(const struct announcer *a, const struct nbrec_port *row, const char *name)
{
    return !a->restricted || nullable_string_is_equal(row->requested_chassis, name);
}

/* A port has its flows in the state, whose number is 'seqno', in which its network is
 * known with all that is on it. */
static void
date_ports(struct bindings *bindings, const struct northbound *nb, uint64_t seqno)
{
    struct binding *b;

    LIST_FOR_EACH_SAFE (b, state_node, &bindings->in_state[BINDING_READING]) {
        if (northbound_covers_network(nb, &b->port.network)) {
            binding_set_read(bindings, b, seqno);
        }
    }
}

/* This chassis gives up a port.  If it is claimed again, and is not here, another client did
 * that. */
static void
remember_released(struct announcer *a, const struct uuid *uuid)
{
    a->released[a->n_released++ % MAX_RELEASED] = *uuid;
}

/* Where the port is among those that were given up lately; NULL if it is none of them. */
static struct uuid *
find_released(struct announcer *a, const struct uuid *uuid)
{
    for (size_t i = 0; i < MIN(a->n_released, MAX_RELEASED); i++) {
        if (uuid_equals(&a->released[i], uuid)) {
            return &a->released[i];
        }
    }
    return NULL;
}

static void
forget_released(struct announcer *a, const struct uuid *uuid)
{
    struct uuid *released = find_released(a, uuid);

    if (released) {
        *released = UUID_ZERO;
    }
}

/* Puts what there is to say about the port of 'b' into 'a->txn', as far as it may be said. */
static void
announce_port(struct announcer *a, struct northbound *nb, struct bindings *bindings,
              struct binding *b, const struct nbrec_chassis *chassis)
{
    const struct nbrec_port *row = nbrec_port_get_for_uuid(northbound_idl(nb), &b->port.uuid);
    bool release = b->state == BINDING_RELEASE;

    if (!row) {
        return;
    }
    if (!may_announce(a, row, a->chassis)) {
        a->n_refused++;
        binding_set_refused(bindings, b);
        return;
    }
    if (release && find_released(a, &b->port.uuid)) {
        note_rival(a, text_format("port \"%s\" was claimed anew in its name", row->name));
    }
    if (release && has_rival(a)) {
        return; /* It may be the other host's. */
    }
    a->txn = a->txn ? a->txn : ovsdb_idl_txn_create(northbound_idl(nb));
    if (release) {
        nbrec_port_set_chassis(row, NULL);
        remember_released(a, &b->port.uuid);
    } else {
        if (row->chassis != chassis) {
            nbrec_port_set_chassis(row, chassis);
        }
        forget_released(a, &b->port.uuid);
    }
    write_up(row, !release);
    binding_set_written(bindings, b);
}

static void
announce_ports(struct announcer *a, struct northbound *nb, struct bindings *bindings,
               const struct nbrec_chassis *chassis)
{
    static const enum binding_state states[] = {
        BINDING_REFUSED, /* First, as it is what others become. */
        BINDING_INSTALLED,
        BINDING_RELEASE,
    };
    struct binding *b;

    a->n_refused = 0;
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        LIST_FOR_EACH_SAFE (b, state_node, &bindings->in_state[states[i]]) {
            announce_port(a, nb, bindings, b, chassis);
        }
    }
}

/* --- The loop's step ---------------------------------------------------- */

/* The database has refused a transaction, for lack of permission or otherwise.  One
 * port that is none of ours by the database's rules must not hold up what is said about
 * the others: such ports are left out from now on.  If that was not it, the reason
 * lies in the row of the chassis. */
static void
note_error(struct announcer *a)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);
    const char *error = ovsdb_idl_txn_get_error(a->txn);

    if (!strstr(error, "permission error")) {
        TEXT_LOG_RL(VLOG_WARN_RL, &rl, "writing to the NB database failed: %.1024s; trying again",
                    error);
        a->retry_at = time_msec() + RETRY_MS;
        /* Another row may have that UUID already. */
        a->row_uuid = UUID_ZERO;
        a->inserted = false;
    } else if (!a->restricted) {
        TEXT_LOG_RL(VLOG_INFO_RL, &rl,
                    "the NB database limits what this chassis may write: ports are claimed "
                    "and released only while their requested_chassis is \"%s\"",
                    a->chassis);
        a->restricted = true;
    } else {
        TEXT_LOG_RL(VLOG_WARN_RL, &rl,
                    "the NB database refuses what chassis \"%s\" writes (is our certificate "
                    "made out to this name?): %.1024s",
                    a->chassis, error);
        a->retry_at = time_msec() + PERMISSION_RETRY_MS;
        free(a->refusal);
        a->refusal = xstrdup(error);
    }
}

/* Sees how the transaction in flight is doing.  Returns false while it goes on. */
static bool
txn_finish(struct announcer *a, struct bindings *bindings)
{
    if (!a->txn) {
        return true;
    }

    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(a->txn);
    if (status == TXN_INCOMPLETE) {
        return false;
    }
    if (status == TXN_SUCCESS || status == TXN_UNCHANGED) {
        if (a->txn_applied >= 0) {
            a->applied = a->txn_applied;
        }
        /* Even if another client has overwritten it before we could see it. */
        a->seen |= a->txn_states;
        free(a->refusal);
        a->refusal = NULL;
        finish_former(a, true);
    } else {
        if (status != TXN_TRY_AGAIN) {
            note_error(a);
        }
        a->n_released = 0; /* Perhaps they were not. */
        finish_former(a, false);
    }
    bindings_set_committed(bindings, status == TXN_SUCCESS || status == TXN_UNCHANGED);
    ovsdb_idl_txn_destroy(a->txn);
    a->txn = NULL;
    a->txn_applied = -1;
    a->txn_states = false;
    return true;
}

void
announcer_run(struct announcer *a, struct northbound *nb, const struct chassis_settings *settings,
              struct bindings *bindings, uint64_t seqno, uint64_t confirmed)
{
    struct ovsdb_idl *idl = northbound_idl(nb);

    if (northbound_sequence(nb) != a->sequence && northbound_is_complete(nb)) {
        a->sequence = northbound_sequence(nb);
        a->sequence_seqno = seqno;
    }
    date_ports(bindings, nb, seqno);
    bindings_set_confirmed(bindings, confirmed);
    if (!northbound_is_connected(nb)) {
        a->restricted = false;
    }
    if (!txn_finish(a, bindings) || time_msec() < a->retry_at || !settings->system_id
        || !northbound_is_connected(nb) || !northbound_covers_chassis(nb)) {
        return;
    }

    const struct nbrec_chassis *chassis = announce_chassis(a, idl, settings);
    announce_ports(a, nb, bindings, chassis);

    /* A port that is plugged in but has no flows yet is unfinished business. */
    bool waiting =
        (bindings->n_in_state[BINDING_READING] || bindings->n_in_state[BINDING_INSTALLING]);
    a->txn_applied = -1;
    if (!waiting && a->applied != a->sequence && a->sequence_seqno <= confirmed) {
        a->txn = a->txn ? a->txn : ovsdb_idl_txn_create(idl);
        write_applied(chassis, a->sequence);
        a->txn_applied = a->sequence;
    }
    txn_finish(a, bindings);
}

void
announcer_format_status(const struct announcer *a, struct ds *ds)
{
    if (a->restricted) {
        ds_put_format(ds,
                      "NB access control: in force; %" PRIuSIZE
                      " ports are here or claimed without being requested here\n",
                      a->n_refused);
    }
}

const struct uuid *
announcer_row(const struct announcer *a)
{
    return &a->row_uuid;
}

int64_t
announcer_applied(const struct announcer *a)
{
    return a->applied;
}

bool
announcer_must_answer(const struct announcer *a, const struct northbound *nb)
{
    return northbound_is_complete(nb) && northbound_sequence(nb) != a->applied;
}

void
announcer_problems(const struct announcer *a, struct svec *problems)
{
    if (has_rival(a)) {
        svec_add_nocopy(problems, text_format("chassis %s: another host has the same name as this "
                                              "host \"%s\" (%.1024s); give each host an "
                                              "external_ids:system-id of its own",
                                              a->chassis, a->hostname, a->rival));
    }
    if (a->refusal) {
        svec_add_nocopy(problems,
                        text_format("chassis %s: the NB database refuses what it writes "
                                    "(%.1024s); is the certificate made out to this name?",
                                    a->chassis, a->refusal));
    }
    if (a->lacks_ipv6 && !smap_is_empty(&a->encaps_ipv6)) {
        svec_add(problems, "NB database: it has no column for IPv6 tunnel addresses beside those "
                           "of IPv4, so other chassis use the latter; upgrade the database");
    }
    if (a->lacks_gateway && a->gateway) {
        svec_add(problems, "NB database: it has no column that says that this chassis is to be a "
                           "gateway (dragonflow-gateway); upgrade the database");
    }
}

void
announcer_wait(struct announcer *a)
{
    long long int now = time_msec();

    if (a->txn) {
        ovsdb_idl_txn_wait(a->txn);
        return;
    }
    if (a->retry_at > now) {
        poll_timer_wait_until(a->retry_at);
    }
    if (a->correct_at > now) {
        poll_timer_wait_until(a->correct_at);
    }
    if (a->rival && a->rival_until > now) {
        poll_timer_wait_until(a->rival_until); /* Then ports may be given up again. */
    }
}

bool
announcer_withdraw(struct announcer *a, struct northbound *nb, struct bindings *bindings,
                   const char *name, int timeout_ms)
{
    struct ovsdb_idl *idl = northbound_idl(nb);
    long long int deadline = time_msec() + timeout_ms;
    const struct nbrec_chassis *chassis = NULL;
    bool withdrawn = false;
    bool released = false;

    while (!withdrawn && time_msec() < deadline) {
        ovsdb_idl_run(idl);
        if (txn_finish(a, bindings) && ovsdb_idl_is_connected(idl)) {
            chassis = find_chassis(idl, name, &a->row_uuid);
            if (!chassis || released) {
                withdrawn = true;
                break;
            }

            struct binding *b;
            a->txn = ovsdb_idl_txn_create(idl);
            HMAP_FOR_EACH (b, port_node, &bindings->by_port) {
                const struct nbrec_port *row = nbrec_port_get_for_uuid(idl, &b->port.uuid);

                /* The reference to a row that is gone goes as well. */
                if (row && row->chassis == chassis && may_announce(a, row, name)) {
                    nbrec_port_set_chassis(row, NULL);
                    write_up(row, false);
                }
            }
            released = has_rival(a); /* Then the row stays: it is the other host's, too. */
            if (!released) {
                nbrec_chassis_delete(chassis);
            }
            txn_finish(a, bindings);
        }
        ovsdb_idl_wait(idl);
        announcer_wait(a);
        poll_timer_wait_until(deadline);
        poll_block();
    }
    return withdrawn;
}
