/* SPDX-License-Identifier: Apache-2.0 */
/* connection-add, connection-del, connection-list, rbac-init: what servers of the
 * database listen to, and what their clients may do. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/lookup.h"
#include "dfctl/names.h"
#include "nb/dragonflow-idl.h"
#include "openvswitch/shash.h"
#include "stream.h"
#include "table.h"
#include "util.h"

static void
pre_access(struct ctl_context *ctx)
{
    static const struct ovsdb_idl_table_class *const read[] = {
        &nbrec_table_global, &nbrec_table_connection, &nbrec_table_rbac_role,
        &nbrec_table_rbac_permission};

    for (size_t i = 0; i < ARRAY_SIZE(read); i++) {
        scope_read_table(&dfctl_context_cast(ctx)->dfctl->scope, ctx->idl, read[i]);
    }
}

/* --- Connections -------------------------------------------------------- */

static const struct nbrec_connection *
connection_find(struct ctl_context *ctx, const char *target)
{
    return (const void *) row_find(ctx->idl, &nbrec_table_connection, target);
}

static const struct nbrec_rbac_role *
role_find(struct ctl_context *ctx, const char *name)
{
    return (const void *) row_find(ctx->idl, &nbrec_table_rbac_role, name);
}

/* Sets one of Global's two lists to what it is, without 'without' and with 'with'
 * (either may be NULL). */
static void
set_connections(const struct nbrec_global *global, bool relay,
                const struct nbrec_connection *without, struct nbrec_connection *with)
{
    size_t n_old = relay ? global->n_relay_connections : global->n_connections;
    struct nbrec_connection **old = relay ? global->relay_connections : global->connections;
    struct nbrec_connection **list = xmalloc((n_old + 1) * sizeof *list);
    size_t n = 0;

    for (size_t i = 0; i < n_old; i++) {
        if (old[i] != without) {
            list[n++] = old[i];
        }
    }
    if (with) {
        list[n++] = with;
    }
    if (n != n_old || with) {
        if (relay) {
            nbrec_global_set_relay_connections(global, list, n);
        } else {
            nbrec_global_set_connections(global, list, n);
        }
    }
    free(list);
}

static bool
has_connection(const struct nbrec_global *global, bool relay, const struct nbrec_connection *row)
{
    size_t n = relay ? global->n_relay_connections : global->n_connections;
    struct nbrec_connection **list = relay ? global->relay_connections : global->connections;

    for (size_t i = 0; i < n; i++) {
        if (list[i] == row) {
            return true;
        }
    }
    return false;
}

/* Refuses what would not do what it says. */
static bool
check_connection(struct ctl_context *ctx, const char *target, const char *role)
{
    if (pstream_verify_name(target)) {
        ctl_error(ctx,
                  "connection %s: not of the form pssl:PORT[:ADDRESS], ptcp:PORT[:ADDRESS] "
                  "or punix:FILE",
                  target);
    } else if (sset_contains(&dfctl_context_cast(ctx)->dfctl->removed, target)) {
        /* To a server it would be the same connection, whose role does not change. */
        ctl_error(ctx, "connection %s: delete it and add it in two invocations", target);
    } else if (role && role[0] && strncmp(target, "pssl:", 5)) {
        ctl_error(ctx, "connection %s: a role needs pssl, by whose certificates clients are known",
                  target);
    } else if (role && role[0] && !role_find(ctx, role)) {
        ctl_error(ctx,
                  "connection %s: there is no role %s (rbac-init makes df-controller "
                  "and df-relay)",
                  target, role);
    }
    return !ctx->error;
}

static void
cmd_connection_add(struct ctl_context *ctx)
{
    static const char *const keys[] = {"role", "inactivity-probe", NULL};
    const char *values[ARRAY_SIZE(keys)];
    const char *target = ctx->argv[1];
    bool relay = shash_find(&ctx->options, "--relay");
    long long int probe = 0;

    if (!key_values_parse(ctx, 2, keys, values) || !check_connection(ctx, target, values[0])) {
        return;
    }
    if (values[1] && (!str_to_llong(values[1], 10, &probe) || probe < 0)) {
        ctl_error(ctx, "connection %s: inactivity-probe: \"%s\" is not a number of milliseconds",
                  target, values[1]);
        return;
    }

    const struct nbrec_global *global = nbrec_global_first(ctx->idl);
    const struct nbrec_connection *row = connection_find(ctx, target);
    if (!may_create(ctx, "connection", target, row)) {
        if (row) {
            require_same(ctx, "connection", target, "role", row->role, values[0] ? values[0] : "");
            if (!ctx->error && !has_connection(global, relay, row)) {
                ctl_error(ctx, "connection %s already exists %s", target,
                          relay ? "for servers, not relays" : "for relays, not servers");
            }
        }
        return;
    }
    struct nbrec_connection *new_row = nbrec_connection_insert(ctx->txn);
    nbrec_connection_set_target(new_row, target);
    nbrec_connection_set_role(new_row, values[0] ? values[0] : "");
    if (values[1]) {
        int64_t value = probe;
        nbrec_connection_set_inactivity_probe(new_row, &value, 1);
    }
    set_connections(global ? global : nbrec_global_insert(ctx->txn), relay, NULL, new_row);
}

static void
cmd_connection_del(struct ctl_context *ctx)
{
    const struct nbrec_global *global = nbrec_global_first(ctx->idl);
    const struct nbrec_connection *row = connection_find(ctx, ctx->argv[1]);

    if (!row) {
        report_missing(ctx, "connection", ctx->argv[1]);
        return;
    }
    sset_add(&dfctl_context_cast(ctx)->dfctl->removed, row->target);
    set_connections(global, false, row, NULL);
    set_connections(global, true, row, NULL);
    nbrec_connection_delete(row);
}

static void
cmd_connection_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {"target", "for", "role", "inactivity_probe", NULL};
    const struct nbrec_global *global = nbrec_global_first(ctx->idl);
    struct table *table = table_start(ctx, headings);
    const struct nbrec_connection *row;

    NBREC_CONNECTION_FOR_EACH(row, ctx->idl)
    {
        table_add_row(table);
        table_add_text(table, row->target);
        table_add_text(table, has_connection(global, true, row) ? "relays" : "servers");
        table_add_text(table, row->role);
        table_add_cell(table)->text =
            row->n_inactivity_probe ? xasprintf("%" PRId64, *row->inactivity_probe) : xstrdup("");
    }
    table_sort(table);
}

/* --- Roles -------------------------------------------------------------- */

/* What a role may do with a table: in rows of which the column 'authorization' has the
 * client's name ("": in all rows), change the columns 'update' (ended by NULL). */
struct permission {
    const char *role;
    const char *table;
    const char *authorization;
    bool insert_delete;
    const char *update[10];
};

/* A chassis is known by its certificate's common name, which the server compares with
 * a column's value.  It must not be able to change that column, or it could give away
 * or keep rights: not its name, and not what it is asked to have. */
static const struct permission permissions[] = {
    {"df-controller",
     "Chassis",
     "name",
     true,
     {"hostname", "encaps", "encaps_ipv6", "bridge_mappings", "gateway", "applied", "problems",
      "heard_at", "external_ids"}},
    {"df-controller", "Port", "requested_chassis", false, {"chassis", "up"}},
    {"df-relay",
     "Chassis",
     "",
     true,
     {"hostname", "encaps", "encaps_ipv6", "bridge_mappings", "gateway", "applied", "problems",
      "heard_at", "external_ids"}},
    {"df-relay", "Port", "", false, {"chassis", "up"}},
};

static const struct nbrec_rbac_permission *
permission_find(const struct nbrec_rbac_role *role, const char *table)
{
    for (size_t i = 0; i < role->n_permissions; i++) {
        if (!strcmp(role->key_permissions[i], table)) {
            return role->value_permissions[i];
        }
    }
    return NULL;
}

static bool
permission_equals(const struct nbrec_rbac_permission *row, const struct permission *p)
{
    size_t n = 0;

    while (n < ARRAY_SIZE(p->update) && p->update[n]) {
        n++;
    }
    if (!row || strcmp(row->table, p->table) || row->insert_delete != p->insert_delete
        || row->n_authorization != 1 || strcmp(row->authorization[0], p->authorization)
        || row->n_update != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < n && strcmp(row->update[j], p->update[i])) {
            j++;
        }
        if (j >= n) {
            return false;
        }
    }
    return true;
}

/* Makes role 'name' what 'permissions' say, unless it is that already. */
static void
make_role(struct ctl_context *ctx, const char *name)
{
    const struct nbrec_rbac_role *role = role_find(ctx, name);
    const char *tables[ARRAY_SIZE(permissions)];
    struct nbrec_rbac_permission *rows[ARRAY_SIZE(permissions)];
    bool same = role != NULL;
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(permissions); i++) {
        if (!strcmp(permissions[i].role, name)) {
            same =
                same
                && permission_equals(permission_find(role, permissions[i].table), &permissions[i]);
            n++;
        }
    }
    if (same && role->n_permissions == n) {
        return;
    }

    n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(permissions); i++) {
        const struct permission *p = &permissions[i];
        size_t n_update = 0;

        if (strcmp(p->role, name)) {
            continue;
        }
        while (n_update < ARRAY_SIZE(p->update) && p->update[n_update]) {
            n_update++;
        }
        tables[n] = p->table;
        rows[n] = nbrec_rbac_permission_insert(ctx->txn);
        nbrec_rbac_permission_set_table(rows[n], p->table);
        nbrec_rbac_permission_set_authorization(rows[n], (const char **) &p->authorization, 1);
        nbrec_rbac_permission_set_insert_delete(rows[n], p->insert_delete);
        nbrec_rbac_permission_set_update(rows[n], (const char **) p->update, n_update);
        n++;
    }
    if (!role) {
        struct nbrec_rbac_role *new_role = nbrec_rbac_role_insert(ctx->txn);
        nbrec_rbac_role_set_name(new_role, name);
        role = new_role;
    }
    nbrec_rbac_role_set_permissions(role, tables, rows, n);
}

static void
cmd_rbac_init(struct ctl_context *ctx)
{
    make_role(ctx, "df-controller");
    make_role(ctx, "df-relay");
}

const struct ctl_command_syntax access_commands[] = {
    {"connection-add", 1, 3, "TARGET [KEY=VALUE]...", pre_access, cmd_connection_add, NULL,
     "--may-exist,--relay", RW},
    {"connection-del", 1, 1, "TARGET", pre_access, cmd_connection_del, NULL, "--if-exists", RW},
    {"connection-list", 0, 0, "", pre_access, cmd_connection_list, NULL, "", RO},
    {"rbac-init", 0, 0, "", pre_access, cmd_rbac_init, NULL, "", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
