/* SPDX-License-Identifier: Apache-2.0 */
/* export: prints the NB database as a file for apply (topology-file.h), sorted by
 * name, so that two exports can be compared line by line. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "dfctl/canonical.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/names.h"
#include "dfctl/rows.h"
#include "dfctl/topology-file.h"
#include "dfctl/values.h"
#include "nb/check.h"
#include "nb/tables.h"
#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

#define MAX_WARNINGS 10

static int
append_output(void *ds, unsigned char *buffer, size_t size)
{
    ds_put_buffer(ds, (const char *) buffer, size);
    return 1;
}

/* yaml_*_event_initialize() fail for want of memory only, or for text that is not
 * UTF-8, which the database does not hold. */
static void
emit(yaml_emitter_t *emitter, yaml_event_t *event, int ok)
{
    if (!ok || !yaml_emitter_emit(emitter, event)) {
        ctl_fatal("export: %s", emitter->problem ? emitter->problem : "out of memory");
    }
}

/* True if some YAML reader would take plain 's' for something else than a string:
 * a boolean, a null, a number, a time ("10:20:30"). */
static bool
must_quote(const char *s)
{
    static const char *const words[] = {
        "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", ".nan", "=", "<<",
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strcasecmp(s, words[i])) {
            return true;
        }
    }
    return s[strspn(s, "0123456789:_.+-exXoO")] == '\0';
}

static void
put_scalar(yaml_emitter_t *emitter, const char *s, yaml_scalar_style_t style)
{
    yaml_event_t event;
    emit(emitter, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (yaml_char_t *) s, strlen(s), 1, 1,
                                      style));
}

static void
put_string(yaml_emitter_t *emitter, const char *s)
{
    put_scalar(emitter, s, must_quote(s) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE);
}

static void
put_key(yaml_emitter_t *emitter, const char *key)
{
    put_scalar(emitter, key, YAML_PLAIN_SCALAR_STYLE);
}

static void
begin_map(yaml_emitter_t *emitter)
{
    yaml_event_t event;
    emit(emitter, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

static void
end_map(yaml_emitter_t *emitter)
{
    yaml_event_t event;
    emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static void
begin_list(yaml_emitter_t *emitter, yaml_sequence_style_t style)
{
    yaml_event_t event;
    emit(emitter, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style));
}

static void
end_list(yaml_emitter_t *emitter)
{
    yaml_event_t event;
    emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

/* --- Objects ------------------------------------------------------------ */

static void
put_value(yaml_emitter_t *emitter, enum nb_type type, const char *value)
{
    if (type == NB_TEXT || type == NB_REFERENCE || type == NB_MAC || type == NB_DOMAIN_NAME) {
        put_string(emitter, value);
    } else {
        put_scalar(emitter, value, YAML_ANY_SCALAR_STYLE);
    }
}

/* What apply takes for granted is left out, if the database can be without it as well. */
static bool
is_default(const struct nb_column *column, const struct svec *values)
{
    return (!values->n
            || (nb_column_is_optional(column) && column->initial
                && !strcmp(values->names[0], column->initial)));
}

static void
put_values(yaml_emitter_t *emitter, const struct ovsdb_idl_row *row, const struct nb_column *column)
{
    struct svec values;

    column_read_canonical(row, column, &values);
    if (is_default(column, &values)) {
        /* Nothing. */
    } else if (nb_column_is_set(column)) {
        sort_addresses(&values);
        put_key(emitter, column->key);
        begin_list(emitter, column->type == NB_ROUTES ? YAML_BLOCK_SEQUENCE_STYLE
                                                      : YAML_FLOW_SEQUENCE_STYLE);
        for (size_t i = 0; i < values.n; i++) {
            put_value(emitter, column->type, values.names[i]);
        }
        end_list(emitter);
    } else {
        put_key(emitter, column->key);
        put_value(emitter, column->type, values.names[0]);
    }
    svec_destroy(&values);
}

static void
put_map(yaml_emitter_t *emitter, const struct ovsdb_idl_row *row, const struct nb_column *column)
{
    struct smap map;

    column_read_map(row, column, &map);
    if (!smap_is_empty(&map)) {
        put_key(emitter, column->key);
        begin_map(emitter);
        const struct smap_node **nodes = smap_sort(&map);
        for (size_t i = 0; i < smap_count(&map); i++) {
            put_string(emitter, nodes[i]->key);
            put_string(emitter, nodes[i]->value);
        }
        free(nodes);
        end_map(emitter);
    }
    smap_destroy(&map);
}

static void put_rows(yaml_emitter_t *, const struct rows *, const struct nb_column *,
                     const struct row_list *);

static void
put_row(yaml_emitter_t *emitter, const struct rows *rows, const struct nb_table *table,
        const struct ovsdb_idl_row *row)
{
    begin_map(emitter);
    NB_COLUMN_FOR_EACH (column, table) {
        if (!(column->flags & NB_FILE)) {
            continue;
        }
        if (column->type == NB_ROWS) {
            const struct row_list *list = rows_of(rows, column->table, row_name(row));
            if (list->n) {
                put_rows(emitter, rows, column, list);
            }
        } else if (column->type == NB_EXTERNAL_IDS) {
            put_map(emitter, row, column);
        } else {
            put_values(emitter, row, column);
        }
    }
    end_map(emitter);
}

/* Puts each row of 'list' under the key of 'column'. */
static void
put_rows(yaml_emitter_t *emitter, const struct rows *rows, const struct nb_column *column,
         const struct row_list *list)
{
    put_key(emitter, column->key);
    begin_list(emitter, YAML_BLOCK_SEQUENCE_STYLE);
    for (size_t i = 0; i < list->n; i++) {
        put_row(emitter, rows, &nb_tables[column->table], list->nodes[i]->data);
    }
    end_list(emitter);
}

static void
put_topology(yaml_emitter_t *emitter, const struct rows *rows)
{
    begin_map(emitter);
    NB_COLUMN_FOR_EACH (column, &nb_topology) {
        if (column->flags & NB_FILE) {
            put_rows(emitter, rows, column, rows_of(rows, column->table, ""));
        }
    }
    end_map(emitter);
}

/* What is exported is what is there, but "apply" takes no faults. */
static void
warn_of_faults(struct ctl_context *ctx)
{
    struct nb_faults faults = NB_FAULTS_INITIALIZER;

    nb_check(ctx->idl, &faults);
    for (size_t i = 0; i < MIN(faults.n, MAX_WARNINGS); i++) {
        warn_later(ctx, "export: apply will refuse %s: %s", faults.faults[i].object,
                   faults.faults[i].reason);
    }
    if (faults.n > MAX_WARNINGS) {
        warn_later(ctx, "export: apply will refuse %" PRIuSIZE " more (dfctl status has all)",
                   faults.n - MAX_WARNINGS);
    }
    nb_faults_destroy(&faults);
}

static void
cmd_export(struct ctl_context *ctx)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    struct rows rows;

    if (!yaml_emitter_initialize(&emitter)) {
        out_of_memory();
    }
    ds_put_cstr(&ctx->output, EXPORT_BEGIN);
    yaml_emitter_set_output(&emitter, append_output, &ctx->output);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    rows_init(&rows, ctx->idl);
    put_topology(&emitter, &rows);
    rows_destroy(&rows);
    emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&emitter);
    ds_put_cstr(&ctx->output, EXPORT_END);
    warn_of_faults(ctx);
}

const struct ctl_command_syntax export_commands[] = {
    {"export", 0, 0, "", pre_everything, cmd_export, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
