/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/topology-file.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "dfctl/canonical.h"
#include "nb/model.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Far beyond any cloud, far below what would exhaust memory. */
#define MAX_FILE_SIZE (256 * 1024 * 1024)

/* State of the parser.  The first error wins; after it every function returns at
 * once, so that callers need not check. */
struct parser {
    yaml_document_t *document;
    struct topology_file *file;
    char *error;
};

static void OVS_PRINTF_FORMAT(3, 4) fail_at(struct parser *p, size_t line, const char *format, ...)
{
    if (p->error) {
        return;
    }
    va_list args;
    va_start(args, format);
    char *message = text_vformat(format, args);
    va_end(args);
    p->error = xasprintf("%s:%" PRIuSIZE ": %s", p->file->name, line, message);
    free(message);
}

static size_t
line_of(const yaml_node_t *node)
{
    return node->start_mark.line + 1;
}

/* --- Values ------------------------------------------------------------- */

/* True if 'node' is "~", "null" or nothing at all. */
static bool
is_null(const yaml_node_t *node)
{
    const char *s = (const char *) node->data.scalar.value;
    return (node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
            && strlen(s) == node->data.scalar.length
            && (!s[0] || !strcmp(s, "~") || !strcmp(s, "null")));
}

/* The text of scalar 'node', which 'what' describes; NULL after an error.  Belongs
 * to the document. */
static const char *
scalar(struct parser *p, const yaml_node_t *node, const char *what)
{
    if (p->error) {
        return NULL;
    }
    if (node->type != YAML_SCALAR_NODE) {
        fail_at(p, line_of(node), "%s must be a single value", what);
        return NULL;
    }
    const char *s = (const char *) node->data.scalar.value;
    if (strlen(s) != node->data.scalar.length) {
        fail_at(p, line_of(node), "%s contains a NUL character", what);
        return NULL;
    }
    if (!s[0] || is_null(node)) {
        fail_at(p, line_of(node), "%s has no value", what);
        return NULL;
    }
    return s;
}

/* Each parse_TYPE() appends the value of 'node' to that of 'column'. */

static void
parse_text(struct parser *p, const yaml_node_t *node, const struct nb_column *column,
           struct svec *value)
{
    const char *text = scalar(p, node, column->key);
    const char *why = text ? name_check(text) : NULL;

    if (why) {
        fail_at(p, line_of(node), "%s %s", column->key, why);
    } else if (text) {
        svec_add(value, text);
    }
}

static void
parse_integer(struct parser *p, const yaml_node_t *node, const struct nb_column *column,
              struct svec *value)
{
    const char *text = scalar(p, node, column->key);
    long long int number;

    if (text
        && (!str_to_llong(text, 10, &number) || number < column->min || number > column->max)) {
        fail_at(p, line_of(node), "%s: \"%s\" is not a number in %" PRId64 "..%" PRId64,
                column->key, text, column->min, column->max);
    } else if (text) {
        svec_add_nocopy(value, xasprintf("%lld", number));
    }
}

static void
parse_boolean(struct parser *p, const yaml_node_t *node, const struct nb_column *column,
              struct svec *value)
{
    const char *text = scalar(p, node, column->key);

    if (text && strcmp(text, "true") && strcmp(text, "false")) {
        fail_at(p, line_of(node), "%s: \"%s\" is neither true nor false", column->key, text);
    } else if (text) {
        svec_add(value, text);
    }
}

static void
parse_network_type(struct parser *p, const yaml_node_t *node, const struct nb_column *column,
                   struct svec *value)
{
    const char *text = scalar(p, node, column->key);
    enum network_type type;

    if (text && !network_type_from_string(text, &type)) {
        fail_at(p, line_of(node), "%s: \"%s\" is none of geneve, vxlan, gre, vlan, flat, local",
                column->key, text);
    } else if (text) {
        svec_add(value, text);
    }
}

/* What has a spelling. */
static void
parse_checked(struct parser *p, const yaml_node_t *node, const struct nb_column *column,
              struct svec *value)
{
    const char *text = scalar(p, node, column->key);
    char *why = text ? value_check(column->type, text) : NULL;

    if (why) {
        fail_at(p, line_of(node), "%s: %.1024s", column->key, why);
        free(why);
    } else if (text) {
        svec_add_nocopy(value, value_normalize(column->type, text));
    }
}

static void (*const parsers[NB_N_TYPES])(struct parser *, const yaml_node_t *,
                                         const struct nb_column *, struct svec *value) = {
    [NB_TEXT] = parse_text,
    [NB_REFERENCE] = parse_text,
    [NB_BOOLEAN] = parse_boolean,
    [NB_INTEGER] = parse_integer,
    [NB_NETWORK_TYPE] = parse_network_type,
    [NB_MAC] = parse_checked,
    [NB_HOST_ADDRESS] = parse_checked,
    [NB_INTERFACE_ADDRESS] = parse_checked,
    [NB_SUBNET_PREFIX] = parse_checked,
    [NB_PREFIX] = parse_checked,
    [NB_NAT_TYPE] = parse_checked,
    [NB_ADDRESS_MODE] = parse_checked,
    [NB_ROUTER_PREFERENCE] = parse_checked,
    [NB_DOMAIN_NAME] = parse_checked,
    [NB_ROUTES] = parse_checked,
};

/* --- Collections -------------------------------------------------------- */

static const yaml_node_t *
get_node(struct parser *p, int index)
{
    return yaml_document_get_node(p->document, index);
}

/* A loop over the items of sequence 'node', none after an error. */
static bool
is_sequence(struct parser *p, const yaml_node_t *node, const char *what)
{
    if (!p->error && node->type != YAML_SEQUENCE_NODE) {
        fail_at(p, line_of(node), "%s must be a list", what);
    }
    return !p->error;
}

/* A list of values without repetitions. */
static void
parse_list(struct parser *p, const yaml_node_t *node, const struct nb_column *column,
           struct svec *values)
{
    if (!is_sequence(p, node, column->key)) {
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top && !p->error; item++) {
        parsers[column->type](p, get_node(p, *item), column, values);
    }
    size_t n = values->n;
    svec_sort_unique(values);
    if (!p->error && values->n != n) {
        fail_at(p, line_of(node), "%s contain a repetition", column->key);
    }
}

static void
parse_external_ids(struct parser *p, const yaml_node_t *node, struct smap *smap)
{
    if (node->type != YAML_MAPPING_NODE) {
        fail_at(p, line_of(node), "external-ids must be a map");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top && !p->error; pair++) {
        const yaml_node_t *value = get_node(p, pair->value);
        const char *key = scalar(p, get_node(p, pair->key), "a key of external-ids");
        if (!key) {
            return;
        }
        if (value->type != YAML_SCALAR_NODE
            || strlen((const char *) value->data.scalar.value) != value->data.scalar.length) {
            fail_at(p, line_of(value), "external-ids: the value of \"%s\" must be a string", key);
        } else if (is_null(value)) {
            fail_at(p, line_of(value),
                    "external-ids: \"%s\" has no value (\"\" is the empty string)", key);
        } else if (!smap_add_once(smap, key, (const char *) value->data.scalar.value)) {
            fail_at(p, line_of(value), "external-ids: \"%s\" is given twice", key);
        }
    }
}

/* --- Objects ------------------------------------------------------------ */

static void
object_destroy(struct file_object *object)
{
    for (size_t i = 0; object->table->columns[i].key; i++) {
        svec_destroy(&object->values[i]);
    }
    free(object->values);
    smap_destroy(&object->external_ids);
    free(object);
}

static struct file_object *
object_create(const struct nb_table *table, int line, const char *owner)
{
    struct file_object *object = xzalloc(sizeof *object);
    size_t n = 0;

    object->table = table;
    object->line = line;
    smap_init(&object->external_ids);
    while (table->columns[n].key) {
        n++;
    }
    object->values = xcalloc(n, sizeof *object->values);
    for (size_t i = 0; i < n; i++) {
        const struct nb_column *column = &table->columns[i];
        const char *value = column->flags & NB_OWNER ? owner : column->initial;
        if (value) {
            svec_add(&object->values[i], value);
        }
    }
    return object;
}

/* Parses the value of a key of 'object'.  Rows come after it (parse_children()). */
static void
parse_value(struct parser *p, const yaml_node_t *node, const struct nb_column *column,
            struct file_object *object)
{
    if (column->type == NB_ROWS) {
        return;
    }
    size_t i = column - object->table->columns;
    struct svec *value = &object->values[i];
    object->given |= 1u << i;
    svec_clear(value);
    if (column->type == NB_EXTERNAL_IDS) {
        parse_external_ids(p, node, &object->external_ids);
    } else if (nb_column_is_set(column)) {
        parse_list(p, node, column, value);
    } else if (!(column->flags & NB_NULLABLE) || !is_null(node)) {
        parsers[column->type](p, node, column, value);
    }
}

/* Parses mapping 'node', which has the keys of 'table', into 'object', which is of this table or
 * the file as a whole, NULL. */
static void
parse_mapping(struct parser *p, const yaml_node_t *node, const struct nb_table *table,
              struct file_object *object)
{
    const struct nb_column *columns = table->columns;

    if (node->type != YAML_MAPPING_NODE) {
        fail_at(p, line_of(node), "%s must be a map", table->article);
        return;
    }

    unsigned int seen = 0;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top && !p->error; pair++) {
        const yaml_node_t *key_node = get_node(p, pair->key);
        const char *key = scalar(p, key_node, "a key");
        if (!key) {
            return;
        }
        size_t i = 0;
        while (columns[i].key && (!(columns[i].flags & NB_FILE) || strcmp(columns[i].key, key))) {
            i++;
        }
        if (!columns[i].key) {
            fail_at(p, line_of(key_node), "%s has no key \"%s\"", table->article, key);
        } else if (seen & (1u << i)) {
            fail_at(p, line_of(key_node), "%s is given twice", key);
        } else {
            seen |= 1u << i;
            parse_value(p, get_node(p, pair->value), &columns[i], object);
        }
    }
    for (size_t i = 0; columns[i].key; i++) {
        if (columns[i].flags & NB_REQUIRED && !(seen & (1u << i))) {
            fail_at(p, line_of(node), "%s needs \"%s\"", table->article, columns[i].key);
        }
    }
}

/* Adds 'object' to those of its table under its name.  Returns false after an error, also
 * an earlier one; then the caller must destroy it. */
static bool
object_add(struct parser *p, struct shash *objects, struct file_object *object)
{
    if (p->error) {
        return false;
    }
    object->name = object->values[0].names[0];
    const struct file_object *other = shash_find_data(objects, object->name);
    if (other) {
        fail_at(p, object->line, "%s %s is given twice, first in line %d", object->table->kind,
                object->name, other->line);
        return false;
    }
    shash_add(objects, object->name, object);
    return true;
}

static void parse_children(struct parser *, const yaml_node_t *parent, const struct nb_table *,
                           const char *parent_name);

static void
parse_object(struct parser *p, const yaml_node_t *node, enum nb_table_id id, const char *owner)
{
    const struct nb_table *table = &nb_tables[id];
    struct file_object *object = object_create(table, line_of(node), owner);

    parse_mapping(p, node, table, object);
    if (object_add(p, &p->file->objects[id], object)) {
        parse_children(p, node, table, object->name);
    } else {
        object_destroy(object);
    }
}

/* Parses the objects that mapping 'parent' has by those keys of 'table' that stand for such. */
static void
parse_children(struct parser *p, const yaml_node_t *parent, const struct nb_table *table,
               const char *parent_name)
{
    NB_COLUMN_FOR_EACH (column, table) {
        for (const yaml_node_pair_t *pair = parent->data.mapping.pairs.start;
             column->type == NB_ROWS && !p->error && pair < parent->data.mapping.pairs.top;
             pair++) {
            const yaml_node_t *key_node = get_node(p, pair->key);
            const yaml_node_t *list = get_node(p, pair->value);
            if (strcmp((const char *) key_node->data.scalar.value, column->key)
                || !is_sequence(p, list, column->key)) {
                continue;
            }
            for (const yaml_node_item_t *item = list->data.sequence.items.start;
                 item < list->data.sequence.items.top && !p->error; item++) {
                parse_object(p, get_node(p, *item), column->table, parent_name);
            }
        }
    }
}

bool
file_object_has(const struct file_object *object, const struct nb_column *column)
{
    return object->given & (1u << (column - object->table->columns));
}

/* --- File --------------------------------------------------------------- */

static void
parse_document(struct parser *p)
{
    const yaml_node_t *root = yaml_document_get_root_node(p->document);
    if (!root) {
        /* Most likely a mistake, and one that would delete everything. */
        fail_at(p, 1, "the file is empty (for an empty topology write \"networks: []\")");
        return;
    }
    parse_mapping(p, root, &nb_topology, NULL);
    parse_children(p, root, &nb_topology, NULL);
}

static void
fail_syntax(struct parser *p, const yaml_parser_t *yaml)
{
    const yaml_mark_t *mark = &yaml->problem_mark;
    fail_at(p, mark->line + 1, "%s%s%s", yaml->problem ? yaml->problem : "this is not YAML",
            yaml->context ? " " : "", yaml->context ? yaml->context : "");
}

/* True if 'data' begins as an export does, but does not end as one.  An editor or a mail may
 * have changed how lines end, begun the file with a byte order mark, taken the end of the last
 * line, or added empty lines. */
static bool
is_cut_off(const char *data, size_t size)
{
    static const char bom[] = "\xef\xbb\xbf";
    const size_t begin = strlen(EXPORT_BEGIN) - 1, end = strlen(EXPORT_END) - 1;

    if (size >= strlen(bom) && !memcmp(data, bom, strlen(bom))) {
        data += strlen(bom);
        size -= strlen(bom);
    }
    if (size < begin || memcmp(data, EXPORT_BEGIN, begin)) {
        return false;
    }
    while (size > begin && isspace((unsigned char) data[size - 1])) {
        size--;
    }
    return size < begin + 1 + end || data[size - end - 1] != '\n'
           || memcmp(data + size - end, EXPORT_END, end);
}

char *
topology_file_parse(const char *name, const void *data, size_t size, struct topology_file **filep)
{
    if (is_cut_off(data, size)) {
        return xasprintf("%s: this export is incomplete: its last line, \"%.*s\", is missing", name,
                         (int) strlen(EXPORT_END) - 1, EXPORT_END);
    }

    struct topology_file *file = xzalloc(sizeof *file);
    file->name = xstrdup(name);
    for (size_t i = 0; i < NB_N_TABLES; i++) {
        shash_init(&file->objects[i]);
    }

    yaml_document_t document, next;
    struct parser p = {.document = &document, .file = file};
    yaml_parser_t yaml;
    if (!yaml_parser_initialize(&yaml)) {
        out_of_memory();
    }
    yaml_parser_set_input_string(&yaml, data, size);
    /* Not UTF-16, in which the lines of an export would not be found. */
    yaml_parser_set_encoding(&yaml, YAML_UTF8_ENCODING);
    if (!yaml_parser_load(&yaml, &document)) {
        fail_syntax(&p, &yaml);
    } else {
        parse_document(&p);
        if (!p.error && yaml_document_get_root_node(&document)) {
            if (!yaml_parser_load(&yaml, &next)) {
                fail_syntax(&p, &yaml);
            } else {
                if (yaml_document_get_root_node(&next)) {
                    fail_at(&p, next.start_mark.line + 1, "there is a second document");
                }
                yaml_document_delete(&next);
            }
        }
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&yaml);

    if (p.error) {
        topology_file_destroy(file);
        return p.error;
    }
    *filep = file;
    return NULL;
}

char *
topology_file_read(const char *name, struct topology_file **filep)
{
    bool is_stdin = !strcmp(name, "-");
    const char *shown = is_stdin ? "<stdin>" : name;
    FILE *stream = is_stdin ? stdin : fopen(name, "r");
    if (!stream) {
        return xasprintf("%s: %s", shown, ovs_strerror(errno));
    }

    struct ds text = DS_EMPTY_INITIALIZER;
    char *error = NULL;
    for (;;) {
        char buf[65536];
        size_t n = fread(buf, 1, sizeof buf, stream);
        ds_put_buffer(&text, buf, n);
        if (text.length > MAX_FILE_SIZE) {
            error = xasprintf("%s: larger than %d bytes", shown, MAX_FILE_SIZE);
            break;
        }
        if (n < sizeof buf) {
            if (ferror(stream)) {
                error = xasprintf("%s: %s", shown, ovs_strerror(errno));
            }
            break;
        }
    }
    if (!is_stdin) {
        fclose(stream);
    }
    if (!error) {
        error = topology_file_parse(shown, ds_cstr(&text), text.length, filep);
    }
    ds_destroy(&text);
    return error;
}

void
topology_file_destroy(struct topology_file *file)
{
    if (file) {
        for (size_t i = 0; i < NB_N_TABLES; i++) {
            struct shash_node *node;
            SHASH_FOR_EACH (node, &file->objects[i]) {
                object_destroy(node->data);
            }
            shash_destroy(&file->objects[i]);
        }
        free(file->name);
        free(file);
    }
}
