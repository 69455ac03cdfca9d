/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/hints.h"

#include <stdlib.h>
#include <string.h>

#include "db-ctl-base.h"
#include "dfctl/names.h"
#include "dfctl/similar.h"
#include "nb/dragonflow-idl.h"
#include "nb/tables.h"
#include "ovsdb-idl-provider.h"
#include "svec.h"
#include "util.h"

/* db-ctl-base does not show its commands. */
static const struct {
    const char *name;
    const char *arguments;
} generic[] = {
    {"list", "TABLE [RECORD]..."},
    {"find", "TABLE [COLUMN[:KEY]=VALUE]..."},
    {"get", "TABLE RECORD [COLUMN[:KEY]]..."},
    {"set", "TABLE RECORD COLUMN[:KEY]=VALUE..."},
    {"add", "TABLE RECORD COLUMN [KEY=]VALUE..."},
    {"remove", "TABLE RECORD COLUMN KEY|VALUE|KEY=VALUE..."},
    {"clear", "TABLE RECORD COLUMN..."},
    {"create", "TABLE COLUMN[:KEY]=VALUE..."},
    {"destroy", "TABLE RECORD..."},
    {"wait-until", "TABLE RECORD [COLUMN[:KEY]=VALUE]..."},
    {"comment", "[WORD]..."},
    {"init", ""},
};

/* --- Words -------------------------------------------------------------- */

/* The text between the first two 'quote' in 's' from 'n' on; NULL if there are none.  The
 * caller must free() it. */
static char *
quoted(const char *s, char quote)
{
    const char *start = strchr(s, quote);
    const char *end = start ? strchr(start + 1, quote) : NULL;
    return end ? xmemdup0(start + 1, end - start - 1) : NULL;
}

static char *
add_similar(char *error, const char *word, const struct svec *words)
{
    const char *similar = find_similar(word, words);

    if (similar && strcmp(similar, word)) {
        char *longer = xasprintf("%s; did you mean %s?", error, similar);
        free(error);
        return longer;
    }
    return error;
}

/* --- Usage -------------------------------------------------------------- */

static const char *
find_arguments(const struct ctl_command_syntax *const *arrays, const char *command)
{
    for (; *arrays; arrays++) {
        for (const struct ctl_command_syntax *c = *arrays; c->name; c++) {
            if (!strcmp(c->name, command)) {
                return c->arguments;
            }
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(generic); i++) {
        if (!strcmp(generic[i].name, command)) {
            return generic[i].arguments;
        }
    }
    return NULL;
}

static void
all_commands(const struct ctl_command_syntax *const *arrays, struct svec *words)
{
    svec_init(words);
    for (; *arrays; arrays++) {
        for (const struct ctl_command_syntax *c = *arrays; c->name; c++) {
            svec_add(words, c->name);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(generic); i++) {
        svec_add(words, generic[i].name);
    }
}

char *
hint_for_usage(char *error, const struct ctl_command_syntax *const *arrays)
{
    char *word = quoted(error, '\'');
    const char *arguments = word ? find_arguments(arrays, word) : NULL;

    if (word && strstr(error, "unknown command")) {
        struct svec words;
        all_commands(arrays, &words);
        error = add_similar(error, word, &words);
        svec_destroy(&words);
    } else if (arguments && strstr(error, "arguments")) {
        char *longer =
            xasprintf("%s; usage: %s%s%s", error, word, arguments[0] ? " " : "", arguments);
        free(error);
        error = longer;
    }
    free(word);
    return error;
}

/* --- Commands that have run --------------------------------------------- */

static const char missing[] = " does not exist";

/* The length of 'kind' if 'error' is "KIND NAME does not exist", otherwise 0. */
static size_t
match_kind(const char *error, const char *kind)
{
    size_t length = strlen(kind), all = strlen(error);

    return (all > length + 1 + strlen(missing) && !strncmp(error, kind, length)
                    && error[length] == ' ' && !strcmp(error + all - strlen(missing), missing)
                ? length
                : 0);
}

/* Sets '*name' to the row that 'error' says is missing, which the caller must free(). */
static const struct ovsdb_idl_table_class *
parse_missing(const char *error, char **name)
{
    static const char in_table[] = " in table ";

    if (!strncmp(error, "no row \"", 8)) {
        const char *table = strstr(error, in_table);
        *name = table ? quoted(error, '"') : NULL;
        return *name ? table_find(table + strlen(in_table), strlen(table + strlen(in_table)))
                     : NULL;
    }

    /* "router port" rather than "router". */
    const struct ovsdb_idl_table_class *class = &nbrec_table_connection;
    size_t longest = match_kind(error, "connection");
    for (size_t i = 0; i < NB_N_TABLES; i++) {
        size_t length = match_kind(error, nb_tables[i].kind);
        if (length > longest) {
            longest = length;
            class = nb_tables[i].class;
        }
    }
    if (!longest) {
        *name = NULL;
        return NULL;
    }
    *name = xmemdup0(error + longest + 1, strlen(error) - longest - 1 - strlen(missing));
    return class;
}

const struct ovsdb_idl_table_class *
table_of_missing_row(const char *error)
{
    char *name;
    const struct ovsdb_idl_table_class *table = parse_missing(error, &name);

    free(name);
    return table;
}

static void
names_in_table(const struct ovsdb_idl *idl, const struct ovsdb_idl_table_class *class,
               struct svec *words)
{
    const struct ovsdb_idl_row *row = ovsdb_idl_first_row(idl, class);

    svec_init(words);
    for (; row; row = ovsdb_idl_next_row(row)) {
        if (row_name(row)) {
            svec_add(words, row_name(row));
        }
    }
    svec_sort(words);
}

char *
hint_for_command(char *error, const struct ovsdb_idl *idl)
{
    static const char no_column[] = " does not contain a column whose name matches \"";
    const char *column = strstr(error, no_column);
    struct svec words = SVEC_EMPTY_INITIALIZER;
    char *word = NULL;
    const struct ovsdb_idl_table_class *table = NULL;

    if (strstr(error, "unknown table \"")) {
        word = quoted(error, '"');
        for (size_t i = 0; i < NBREC_N_TABLES; i++) {
            svec_add(&words, nbrec_idl_class.tables[i].name);
        }
    } else if (column) {
        table = table_find(error, column - error);
        word = quoted(column, '"');
        for (size_t i = 0; table && i < table->n_columns; i++) {
            svec_add(&words, table->columns[i].name);
        }
    } else {
        table = parse_missing(error, &word);
        if (table) {
            names_in_table(idl, table, &words);
        }
    }
    if (word) {
        error = add_similar(error, word, &words);
    }
    free(word);
    svec_destroy(&words);
    return error;
}
