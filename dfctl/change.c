/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/change.h"

#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "nb/text.h"
#include "openvswitch/json.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

struct change
change_begin(struct changes *changes, const char *kind, const char *name, bool created)
{
    return (struct change){
        .changes = changes,
        .kind = kind,
        .name = name,
        .created = created,
        .fields = DS_EMPTY_INITIALIZER,
        .json = changes->json ? json_object_create() : NULL,
    };
}

static void
put_value(struct ds *ds, const char *value)
{
    if (value && value[0]) {
        text_put(ds, value, TEXT_SENTENCE_MAX);
    } else {
        ds_put_cstr(ds, "(none)");
    }
}

static struct json *
value_to_json(const char *value)
{
    return value && value[0] ? json_string_create(value) : json_null_create();
}

bool
change_field(struct change *change, const char *field, const char *before, const char *after)
{
    if (nullable_string_is_equal(change->created ? NULL : before, after)) {
        return false;
    }
    ds_put_format(&change->fields, "%s%s ", change->fields.length ? ", " : "", field);
    put_value(&change->fields, before);
    ds_put_cstr(&change->fields, " -> ");
    put_value(&change->fields, after);
    if (change->json) {
        json_object_put(change->json, field,
                        json_array_create_2(value_to_json(before), value_to_json(after)));
    }
    return true;
}

static char *
map_text(const struct smap *smap)
{
    const struct smap_node **nodes = smap_sort(smap);
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_char(&ds, '{');
    for (size_t i = 0; i < smap_count(smap); i++) {
        ds_put_format(&ds, "%s%s=%s", i ? ", " : "", nodes[i]->key, nodes[i]->value);
    }
    ds_put_char(&ds, '}');
    free(nodes);
    return ds_steal_cstr(&ds);
}

bool
change_map(struct change *change, const char *field, const struct smap *before,
           const struct smap *after)
{
    if (smap_equal(before, after)) {
        return false;
    }
    char *old_text = map_text(before);
    char *new_text = map_text(after);
    bool changed = change_field(change, field, old_text, new_text);
    free(old_text);
    free(new_text);
    return changed;
}

static char *
values_text(const struct svec *values)
{
    struct svec sorted;

    svec_clone(&sorted, values);
    sort_addresses(&sorted);
    char *text = svec_join(&sorted, " ", "");
    svec_destroy(&sorted);
    return text;
}

bool
change_values(struct change *change, const char *field, const struct svec *before,
              const struct svec *after)
{
    if (svec_equal(before, after)) {
        return false;
    }
    char *old_text = values_text(before);
    char *new_text = values_text(after);
    change_field(change, field, old_text, new_text);
    free(old_text);
    free(new_text);
    return true;
}

/* 'fields' and 'columns' say what is modified, and are NULL otherwise.  Consumes 'columns'. */
static void
put_object(struct changes *changes, char sign, const char *kind, const char *name,
           const char *fields, struct json *columns)
{
    if (changes->json) {
        struct json *json = json_object_create();

        json_object_put_string(json, "change",
                               sign == '+'   ? "add"
                               : sign == '-' ? "remove"
                                             : "modify");
        json_object_put_string(json, "kind", kind);
        json_object_put_string(json, "name", name);
        if (columns) {
            json_object_put(json, "columns", columns);
        }
        json_array_add(changes->json, json);
    } else {
        ds_put_format(changes->output, "%c %s ", sign, kind);
        text_put(changes->output, name, TEXT_NAME_MAX);
        ds_put_format(changes->output, "%s%s\n", fields ? ": " : "", fields ? fields : "");
    }
}

void
change_end(struct change *change)
{
    struct changes *changes = change->changes;

    if (change->created) {
        changes->n_added++;
        put_object(changes, '+', change->kind, change->name, NULL, NULL);
    } else if (change->fields.length) {
        changes->n_changed++;
        put_object(changes, '~', change->kind, change->name, ds_cstr(&change->fields),
                   change->json);
        change->json = NULL;
    } else {
        changes->n_unchanged++;
    }
    ds_destroy(&change->fields);
    json_destroy(change->json);
}

void
changes_remove(struct changes *changes, const char *kind, const char *name)
{
    changes->n_removed++;
    put_object(changes, '-', kind, name, NULL, NULL);
}

void
changes_summarize(const struct changes *changes, bool dry_run)
{
    struct ds *out = changes->output;

    if (changes->n_added || changes->n_changed || changes->n_removed) {
        ds_put_format(out,
                      "%" PRIuSIZE " added, %" PRIuSIZE " changed, %" PRIuSIZE
                      " removed, %" PRIuSIZE " unchanged",
                      changes->n_added, changes->n_changed, changes->n_removed,
                      changes->n_unchanged);
    } else {
        ds_put_cstr(out, "unchanged");
    }
    if (changes->n_kept) {
        ds_put_format(out, ", %" PRIuSIZE " of Neutron kept", changes->n_kept);
    }
    ds_put_cstr(out, dry_run ? " (dry run)\n" : "\n");
}

struct json *
changes_to_json(struct changes *changes)
{
    struct json *json = json_object_create();

    json_object_put(json, "changes", changes->json);
    changes->json = NULL;
    json_object_put(json, "added", json_integer_create(changes->n_added));
    json_object_put(json, "changed", json_integer_create(changes->n_changed));
    json_object_put(json, "removed", json_integer_create(changes->n_removed));
    json_object_put(json, "unchanged", json_integer_create(changes->n_unchanged));
    json_object_put(json, "kept", json_integer_create(changes->n_kept));
    return json;
}
