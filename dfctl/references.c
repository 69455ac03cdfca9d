/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/references.h"

#include <stdlib.h>
#include <string.h>

#include "db-ctl-base.h"
#include "dfctl/names.h"
#include "dfctl/scope.h"
#include "nb/dragonflow-idl.h"
#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl-provider.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

/* Where the values are in the words of a command. */
enum form {
    NO_VALUES,
    ASSIGNMENTS, /* COLUMN=VALUE or COLUMN:KEY=VALUE, or a condition. */
    VALUES,      /* COLUMN, then values of it. */
};

/* Sets '*first' to the first word with values (or the column). */
static enum form
form_of(const struct ctl_command *command, int *first)
{
    static const struct {
        const char *name;
        enum form form;
        int first;
    } forms[] = {
        {"set", ASSIGNMENTS, 3},    {"wait-until", ASSIGNMENTS, 3},
        {"create", ASSIGNMENTS, 2}, {"find", ASSIGNMENTS, 2},
        {"add", VALUES, 3},         {"remove", VALUES, 3},
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (!strcmp(command->syntax->name, forms[i].name) && command->argc > forms[i].first) {
            *first = forms[i].first;
            return forms[i].form;
        }
    }
    return NO_VALUES;
}

/* The column of the command's table that the first 'len' letters of 'word' name, if it
 * refers to rows, itself or the values of a map; '*to' is their table then.  Or if it holds
 * strings;
 * '*to' is NULL then. */
static const struct ovsdb_idl_column *
find_column(const struct ctl_command *command, const char *word, size_t len,
            const struct ovsdb_idl_table_class **to)
{
    const struct ovsdb_idl_table_class *class =
        table_find(command->argv[1], strlen(command->argv[1]));

    for (size_t i = 0; class && i < class->n_columns; i++) {
        const struct ovsdb_idl_column *column = &class->columns[i];
        const struct ovsdb_base_type *base =
            column->type.value.type == OVSDB_TYPE_UUID ? &column->type.value : &column->type.key;
        if (strlen(column->name) != len || strncmp(column->name, word, len)) {
            continue;
        }
        if (base->type == OVSDB_TYPE_UUID && base->uuid.refTableName) {
            *to = table_find(base->uuid.refTableName, strlen(base->uuid.refTableName));
            return *to ? column : NULL;
        }
        *to = NULL;
        return (base->type == OVSDB_TYPE_STRING && column->type.value.type == OVSDB_TYPE_VOID
                    ? column
                    : NULL);
    }
    return NULL;
}

/* --- Words -------------------------------------------------------------- */

/* The column that word 'i' of a command has values of, and where they begin; NULL if it has
 * none that refer to rows or are strings. */
static const struct ovsdb_idl_column *
values_in(const struct ctl_command *command, enum form form, int first, int i, size_t *start,
          const struct ovsdb_idl_table_class **to)
{
    const char *word = command->argv[i];

    if (form == VALUES) {
        *start = 0;
        return i > first
                   ? find_column(command, command->argv[first], strlen(command->argv[first]), to)
                   : NULL;
    }
    size_t name = strcspn(word, ":=!<>{");
    *start = strcspn(word, "=!<>{");
    *start += strspn(word + *start, "=!<>{}");
    return find_column(command, word, name, to);
}

void
references_prepare(const struct ctl_command *command, struct scope *scope, struct ovsdb_idl *idl)
{
    int first;
    enum form form = form_of(command, &first);

    for (int i = first; form != NO_VALUES && i < command->argc; i++) {
        const struct ovsdb_idl_table_class *to;
        size_t start;
        if (values_in(command, form, first, i, &start, &to) && to && name_column(to)) {
            ovsdb_idl_add_column(idl, name_column(to));
            scope_all_of(scope, to);
        }
    }
}

/* Appends the UUID of the row of 'class' called 'name', or 'token' itself if it stands for a
 * row already.  Returns false if there is no such row. */
static bool
put_row(struct ds *out, struct ctl_context *ctx, const struct ovsdb_idl_table_class *class,
        const char *token, const char *name)
{
    const struct ovsdb_idl_row *row;
    struct uuid uuid;

    /* As in all other places, a UUID is a row's own before it is a row's name. */
    if (uuid_from_string(&uuid, token) && ovsdb_idl_get_row_for_uuid(ctx->idl, class, &uuid)) {
        ds_put_cstr(out, token);
        return true;
    }
    row = row_find(ctx->idl, class, name);
    if (row) {
        ds_put_format(out, UUID_FMT, UUID_ARGS(&row->uuid));
        return true;
    }
    if (token[0] == '@' || uuid_from_string(&uuid, token) || !name_column(class)) {
        ds_put_cstr(out, token);
        return true;
    }
    ctl_error(ctx, "no row \"%s\" in table %s", name, class->name);
    return false;
}

/* Appends 'token', a string, in quotes if OVSDB wants them: MAC addresses and addresses of IPv6
 * have colons, which mean something else there. */
static void
put_string(struct ds *out, const char *token)
{
    bool bare = token[0] != '"' && strchr(token, ':');

    ds_put_format(out, bare ? "\"%s\"" : "%s", token);
}

/* 'word' with UUIDs for the names in its values, which begin at 'start', and quotes around
 * strings; NULL after ctl_error(). */
static char *
resolve_word(struct ctl_context *ctx, const struct ovsdb_idl_column *column,
             const struct ovsdb_idl_table_class *to, const char *word, size_t start)
{
    bool is_map = column->type.value.type == OVSDB_TYPE_UUID;
    const char *p = word + start;
    struct ds out = DS_EMPTY_INITIALIZER;
    /* Of "COLUMN:KEY=VALUE" the key is before 'start'. */
    bool is_value = !is_map || memchr(word, ':', start);

    ds_put_buffer(&out, word, start);
    while (*p) {
        size_t len = *p == '"' ? strcspn(p + 1, "\"") + 2 : strcspn(p, "[]{}, =");
        if (!len || len > strlen(p)) {
            ds_put_char(&out, *p);
            is_value = !is_map || *p == '=';
            p++;
            continue;
        }
        char *token = xmemdup0(p, len);
        char *name = *p == '"' ? xmemdup0(p + 1, len - 2) : xstrdup(token);
        bool ok = true;
        if (!to) {
            put_string(&out, token);
        } else if (is_value) {
            ok = put_row(&out, ctx, to, token, name);
        } else {
            ds_put_cstr(&out, token);
        }
        free(token);
        free(name);
        if (!ok) {
            ds_destroy(&out);
            return NULL;
        }
        p += len;
    }
    return ds_steal_cstr(&out);
}

void
references_resolve(const struct ctl_command *command, struct ctl_context *ctx, struct svec *words)
{
    int first;
    enum form form = form_of(command, &first);

    svec_init(words);
    for (int i = first; form != NO_VALUES && i < command->argc && !ctx->error; i++) {
        const struct ovsdb_idl_table_class *to;
        size_t start;
        const struct ovsdb_idl_column *column = values_in(command, form, first, i, &start, &to);
        char *word = column ? resolve_word(ctx, column, to, command->argv[i], start) : NULL;
        if (!word) {
            continue;
        }
        while (words->n < command->argc) {
            svec_add(words, command->argv[words->n]);
        }
        free(words->names[i]);
        words->names[i] = word;
    }
    svec_terminate(words);
}
