/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/scope.h"

#include <stdlib.h>
#include <string.h>

#include "bitmap.h"
#include "db-ctl-base.h"
#include "dfctl/canonical.h"
#include "dfctl/names.h"
#include "nb/tables.h"
#include "ovsdb-data.h"
#include "ovsdb-idl-provider.h"
#include "util.h"
#include "uuid.h"

/* Stands for the UUID of a row in conditions. */
static const struct ovsdb_idl_column uuid_column = {
    .name = (char *) "_uuid",
    .type = OVSDB_TYPE_SCALAR_INITIALIZER(OVSDB_BASE_UUID_INIT),
};

static struct scope_table *
table_of(struct scope *scope, const struct ovsdb_idl_table_class *class)
{
    return &scope->tables[class - nbrec_idl_class.tables];
}

static struct scope_table *
table_of_column(struct scope *scope, const struct ovsdb_idl_column *column)
{
    return table_of(scope, ovsdb_idl_table_class_from_column(&nbrec_idl_class, column));
}

void
scope_init(struct scope *scope)
{
    memset(scope, 0, sizeof *scope);
    for (size_t i = 0; i < NBREC_N_TABLES; i++) {
        struct scope_table *t = &scope->tables[i];

        t->changed = true;
        sset_init(&t->wanted);
        ovsdb_idl_condition_init(&t->condition);
    }
}

void
scope_destroy(struct scope *scope)
{
    for (size_t i = 0; i < NBREC_N_TABLES; i++) {
        sset_destroy(&scope->tables[i].wanted);
        ovsdb_idl_condition_destroy(&scope->tables[i].condition);
    }
    free(scope->before);
}

bool
scope_uses(const struct scope *scope, const struct ovsdb_idl_table_class *class)
{
    return scope->tables[class - nbrec_idl_class.tables].used;
}

bool
scope_all_of(struct scope *scope, const struct ovsdb_idl_table_class *class)
{
    struct scope_table *t = table_of(scope, class);
    bool more = !t->all;

    t->used = true;
    if (!t->all) {
        t->all = t->changed = true;
        ovsdb_idl_condition_add_clause_true(&t->condition);
    }
    return more;
}

static void
scope_everything(struct scope *scope)
{
    for (size_t i = 0; i < NBREC_N_TABLES; i++) {
        scope_all_of(scope, &nbrec_idl_class.tables[i]);
    }
}

void
scope_read_table(struct scope *scope, struct ovsdb_idl *idl,
                 const struct ovsdb_idl_table_class *class)
{
    for (size_t i = 0; i < class->n_columns; i++) {
        ovsdb_idl_add_column(idl, &class->columns[i]);
    }
    scope_all_of(scope, class);
}

void
scope_read_everything(struct scope *scope, struct ovsdb_idl *idl)
{
    for (size_t i = 0; i < NBREC_N_TABLES; i++) {
        scope_read_table(scope, idl, &nbrec_idl_class.tables[i]);
    }
}

/* Adds a clause on one value of 'column', whose text is 's'.  Takes ownership of 'atom'. */
static bool
add_clause(struct scope_table *t, const struct ovsdb_idl_column *column, union ovsdb_atom atom,
           const char *s)
{
    enum ovsdb_function function = column->type.n_max > 1 ? OVSDB_F_INCLUDES : OVSDB_F_EQ;
    struct ovsdb_datum datum = {.n = 1, .keys = xmemdup(&atom, sizeof atom)};
    char *key = xasprintf("%s %s", column->name, s);
    bool wanted = t->all || sset_contains(&t->wanted, key);

    t->used = true;
    if (!wanted) {
        sset_add(&t->wanted, key);
        t->changed = true;
        ovsdb_idl_condition_add_clause(&t->condition, function, column, &datum);
    }
    ovsdb_datum_destroy(&datum, &column->type);
    free(key);
    return wanted;
}

bool
scope_string(struct scope *scope, const struct ovsdb_idl_column *column, const char *s)
{
    union ovsdb_atom atom = {.s = ovsdb_atom_string_create(s)};
    return add_clause(table_of_column(scope, column), column, atom, s);
}

static bool
add_uuid_clause(struct scope_table *t, const struct ovsdb_idl_column *column,
                const struct uuid *uuid)
{
    char *s = xasprintf(UUID_FMT, UUID_ARGS(uuid));
    bool wanted = add_clause(t, column, (union ovsdb_atom){.uuid = *uuid}, s);

    free(s);
    return wanted;
}

bool
scope_uuid(struct scope *scope, const struct ovsdb_idl_column *column, const struct uuid *uuid)
{
    return add_uuid_clause(table_of_column(scope, column), column, uuid);
}

/* --- Commands ----------------------------------------------------------- */

/* The row that 'id', a word of the command line, means: a name or a UUID. */
static void
scope_record(struct scope *scope, const struct ovsdb_idl_table_class *class, const char *id)
{
    const struct ovsdb_idl_column *name = name_column(class);
    struct uuid uuid;

    if (uuid_from_string(&uuid, id)) {
        add_uuid_clause(table_of(scope, class), &uuid_column, &uuid);
    } else if (!name || !strcmp(id, ".") || uuid_is_partial_string(id) >= 4) {
        /* May be the beginning of any UUID. */
        scope_all_of(scope, class);
    }
    if (name) {
        scope_string(scope, name, id);
    }
}

void
scope_generic(struct scope *scope, const struct ctl_command *command)
{
    static const struct {
        const char *name;
        int n_records; /* Arguments that are records; -1 for all that follow. */
    } generic[] = {
        {"list", -1},      {"get", 1},   {"set", 1},      {"add", 1},
        {"remove", 1},     {"clear", 1}, {"destroy", -1}, {"create", 0},
        {"wait-until", 1}, {"find", -1}, {"comment", 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(generic); i++) {
        if (strcmp(command->syntax->name, generic[i].name) || command->argc < 2
            || !generic[i].n_records) {
            continue;
        }
        const struct ovsdb_idl_table_class *class =
            table_find(command->argv[1], strlen(command->argv[1]));
        int n = generic[i].n_records < 0 ? command->argc - 2 : generic[i].n_records;
        if (!class) {
            /* An abbreviation. */
            scope_everything(scope);
        } else if (!n || !strcmp(command->syntax->name, "find")
                   || shash_find(&command->options, "--all")) {
            scope_all_of(scope, class);
        } else {
            for (int j = 2; j < 2 + n && j < command->argc; j++) {
                scope_record(scope, class, command->argv[j]);
            }
        }
    }
}

/* Columns that nothing depends on, and others write often. */
static bool
is_of_no_consequence(const struct ovsdb_idl_table_class *class, const char *column)
{
    return ((!strcmp(column, "external_ids") && class != &nbrec_table_global)
            || !strcmp(column, "problems") || !strcmp(column, "heard_at")
            || !strcmp(column, "applied") || !strcmp(column, "sequence"));
}

/* What nb_check() looks at of a table. */
static void
add_checked_columns(struct ovsdb_idl *idl, const struct ovsdb_idl_table_class *class)
{
    for (size_t i = 0; i < class->n_columns; i++) {
        if (!is_of_no_consequence(class, class->columns[i].name)) {
            ovsdb_idl_add_column(idl, &class->columns[i]);
        }
    }
}

void
scope_for_writing(struct scope *scope, struct ovsdb_idl *idl)
{
    add_checked_columns(idl, &nbrec_table_global);
    scope_all_of(scope, &nbrec_table_global);
    for (size_t i = 0; i < NB_N_TABLES; i++) {
        const struct ovsdb_idl_table_class *class = nb_tables[i].class;
        add_checked_columns(idl, class);
        if (i == NB_PORT) {
            table_of(scope, class)->used = true;
        } else {
            scope_all_of(scope, class);
        }
    }
}

/* --- The IDL ------------------------------------------------------------ */

bool
scope_apply(struct scope *scope, struct ovsdb_idl *idl)
{
    bool known = true;

    for (size_t i = 0; i < NBREC_N_TABLES; i++) {
        struct scope_table *t = &scope->tables[i];
        if (t->changed && t->used) {
            t->changed = known = false;
            unsigned int seqno =
                ovsdb_idl_set_condition(idl, &nbrec_idl_class.tables[i], &t->condition);
            /* What is set before is in force from the beginning. */
            scope->seqno = ovsdb_idl_has_ever_connected(idl) ? seqno : 0;
        }
    }
    return known;
}

const char *
scope_missing_table(const struct scope *scope, const struct ovsdb_idl *idl)
{
    const char *missing = NULL;
    bool known = false;

    for (size_t i = 0; i < NBREC_N_TABLES; i++) {
        const struct ovsdb_idl_table_class *class = &nbrec_idl_class.tables[i];

        if (scope->tables[i].used) {
            bool there = ovsdb_idl_server_has_table(idl, class);

            known |= there;
            missing = there ? missing : class->name;
        }
    }
    return known ? missing : NULL;
}

bool
scope_is_read(const struct scope *scope, const struct ovsdb_idl *idl)
{
    return ovsdb_idl_get_condition_seqno(idl) >= scope->seqno;
}

/* --- What follows from a change ----------------------------------------- */

static void
remember_rows(struct scope *scope, const struct ovsdb_idl *idl,
              const struct ovsdb_idl_table_class *class)
{
    const struct ovsdb_idl_row *row = ovsdb_idl_first_row(idl, class);

    for (; row; row = ovsdb_idl_next_row(row)) {
        if (scope->n_before >= scope->allocated_before) {
            scope->before =
                x2nrealloc(scope->before, &scope->allocated_before, sizeof *scope->before);
        }
        scope->before[scope->n_before++] = row;
    }
}

void
scope_remember(struct scope *scope, const struct ovsdb_idl *idl)
{
    scope->n_before = 0;
    remember_rows(scope, idl, &nbrec_table_network);
    remember_rows(scope, idl, &nbrec_table_subnet);
}

static bool
is_changed(const struct ovsdb_idl_row *row)
{
    return row->old_datum != row->new_datum;
}

/* Whether 'row' has another value in 'column' than before, or is new. */
static bool
has_new(const struct ovsdb_idl_row *row, const struct ovsdb_idl_column *column)
{
    size_t i = column - row->table->class_->columns;

    /* Other columns of 'new_datum' are not set. */
    return (
        is_changed(row)
        && (!row->old_datum
            || (row->written && bitmap_is_set(row->written, i)
                && !ovsdb_datum_equals(&row->old_datum[i], &row->new_datum[i], &column->type))));
}

/* Ports that may have the same MAC address, in any spelling that is to be expected. */
void
scope_mac(struct scope *scope, const char *mac)
{
    char *canonical = mac_normalize(mac);
    char *upper = xstrdup(canonical);

    for (char *p = upper; *p; p++) {
        *p = *p >= 'a' && *p <= 'f' ? *p - 'a' + 'A' : *p;
    }
    scope_string(scope, &nbrec_port_col_mac, mac);
    scope_string(scope, &nbrec_port_col_mac, canonical);
    scope_string(scope, &nbrec_port_col_mac, upper);
    free(canonical);
    free(upper);
}

/* Ports that may have the same address; without its prefix length, if there is one. */
void
scope_address(struct scope *scope, const char *address)
{
    char *host = xmemdup0(address, strcspn(address, "/"));
    char *canonical = address_normalize(host);

    scope_string(scope, &nbrec_port_col_addresses, host);
    scope_string(scope, &nbrec_port_col_addresses, canonical);
    free(host);
    free(canonical);
}

static void
follow_ports(struct scope *scope, const struct ovsdb_idl *idl)
{
    const struct nbrec_port *port;
    NBREC_PORT_FOR_EACH (port, idl) {
        const struct ovsdb_idl_row *row = &port->header_;
        if (has_new(row, &nbrec_port_col_name)) {
            scope_string(scope, &nbrec_port_col_name, port->name);
        }
        if (has_new(row, &nbrec_port_col_mac) || has_new(row, &nbrec_port_col_network)) {
            scope_mac(scope, port->mac);
        }
        if (has_new(row, &nbrec_port_col_addresses) || has_new(row, &nbrec_port_col_network)) {
            for (size_t i = 0; i < port->n_addresses; i++) {
                scope_address(scope, port->addresses[i]);
            }
        }
    }

    const struct nbrec_router_port *router_port;
    NBREC_ROUTER_PORT_FOR_EACH (router_port, idl) {
        if (is_changed(&router_port->header_)) {
            scope_mac(scope, router_port->mac);
            for (size_t i = 0; i < router_port->n_addresses; i++) {
                scope_address(scope, router_port->addresses[i]);
            }
        }
    }

    const struct nbrec_nat *nat;
    NBREC_NAT_FOR_EACH(nat, idl)
    {
        if (is_changed(&nat->header_)) {
            scope_address(scope, nat->external_ip);
            if (nat->external_mac) {
                scope_mac(scope, nat->external_mac);
            }
        }
    }
}

static void
follow_network(struct scope *scope, const struct ovsdb_datum *reference)
{
    if (reference->n == 1) {
        scope_uuid(scope, &nbrec_port_col_network, &reference->keys[0].uuid);
    }
}

void
scope_follow(struct scope *scope, const struct ovsdb_idl *idl)
{
    size_t network_index = &nbrec_subnet_col_network - nbrec_subnet_columns;

    follow_ports(scope, idl);
    /* The ports of a network whose subnets change, or that is deleted. */
    for (size_t i = 0; i < scope->n_before; i++) {
        const struct ovsdb_idl_row *row = scope->before[i];
        if (row->table->class_ == &nbrec_table_subnet && is_changed(row)) {
            follow_network(scope, &row->old_datum[network_index]);
        } else if (row->table->class_ == &nbrec_table_network && !row->new_datum) {
            scope_uuid(scope, &nbrec_port_col_network, &row->uuid);
        }
    }
    const struct nbrec_subnet *subnet;
    NBREC_SUBNET_FOR_EACH (subnet, idl) {
        /* A network of this transaction has no ports in the database, and another UUID in the
         * next attempt. */
        if (is_changed(&subnet->header_) && subnet->network && subnet->network->header_.old_datum) {
            follow_network(scope, nbrec_subnet_get_network(subnet, OVSDB_TYPE_UUID));
        }
    }
}
