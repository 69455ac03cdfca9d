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
#include "nb/ip.h"
#include "nb/mac.h"
#include "nb/static-route.h"
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

enum need {
    REQUIRED,
    OPTIONAL,
    NULLABLE, /* Optional, and "~" says that there is none. */
};

/* Returns NULL and sets '*canonical', or an error. */
typedef char *check_function(const char *, char **canonical);

/* One key that a kind of object may have. */
struct key {
    const char *name;
    enum need need;
    unsigned int given; /* GIVEN_*, or 0. */

    /* Parses 'node' into 'value', the object's member at 'offset'.  NULL: it is a list of objects
     * of kind 'children', which are parsed after this one, whose name may be written below. */
    void (*parse)(struct parser *, const yaml_node_t *node, const struct key *, void *value);
    size_t offset;
    check_function *check; /* For parse_checked() and parse_list(). */
    int64_t min, max;      /* For parse_integer(). */
    enum file_kind children;
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

/* Parses a name into a char *. */
static void
parse_string(struct parser *p, const yaml_node_t *node, const struct key *key, void *value)
{
    const char *text = scalar(p, node, key->name);
    const char *why = text ? name_check(text) : NULL;
    char **s = value;

    if (why) {
        fail_at(p, line_of(node), "%s %s", key->name, why);
    } else if (text) {
        *s = xstrdup(text);
    }
}

/* Parses a number from key->min to key->max into an int64_t. */
static void
parse_integer(struct parser *p, const yaml_node_t *node, const struct key *key, void *value)
{
    const char *text = scalar(p, node, key->name);
    long long int number;
    int64_t *integer = value;

    if (text && (!str_to_llong(text, 10, &number) || number < key->min || number > key->max)) {
        fail_at(p, line_of(node), "%s: \"%s\" is not a number in %" PRId64 "..%" PRId64, key->name,
                text, key->min, key->max);
    } else if (text) {
        *integer = number;
    }
}

static void
parse_bool(struct parser *p, const yaml_node_t *node, const struct key *key, void *value)
{
    const char *text = scalar(p, node, key->name);
    bool *b = value;

    if (text && strcmp(text, "true") && strcmp(text, "false")) {
        fail_at(p, line_of(node), "%s: \"%s\" is neither true nor false", key->name, text);
    } else if (text) {
        *b = text[0] == 't';
    }
}

static void
parse_network_type(struct parser *p, const yaml_node_t *node, const struct key *key, void *value)
{
    const char *s = scalar(p, node, key->name);

    if (s && !network_type_from_string(s, value)) {
        fail_at(p, line_of(node), "%s: \"%s\" is none of geneve, vxlan, gre, vlan, flat, local",
                key->name, s);
    }
}

static char *
check_mac(const char *s, char **canonical)
{
    struct eth_addr mac;
    char *error = mac_parse(s, &mac);
    if (!error) {
        *canonical = mac_normalize(s);
    }
    return error;
}

static char *
check_host_address(const char *s, char **canonical)
{
    struct in6_addr address;
    char *error = host_address_parse(s, &address);
    if (!error) {
        *canonical = address_format(&address);
    }
    return error;
}

static char *
check_interface_address(const char *s, char **canonical)
{
    struct interface_address ia;
    char *error = interface_address_parse(s, &ia);
    if (!error) {
        *canonical = interface_address_format(&ia);
    }
    return error;
}

static char *
check_subnet_prefix(const char *s, char **canonical)
{
    struct ip_prefix prefix;
    char *error = subnet_prefix_parse(s, &prefix);
    if (!error) {
        *canonical = prefix_format(&prefix);
    }
    return error;
}

static char *
check_route(const char *s, char **canonical)
{
    struct static_route route;
    char *error = static_route_parse(s, &route);
    if (!error) {
        *canonical = static_route_format(&route);
    }
    return error;
}

/* Parses what key->check() has no objection to into a char *. */
static void
parse_checked(struct parser *p, const yaml_node_t *node, const struct key *key, void *value)
{
    const char *text = scalar(p, node, key->name);
    char *why = text ? key->check(text, value) : NULL;

    if (why) {
        fail_at(p, line_of(node), "%s: %.1024s", key->name, why);
        free(why);
    }
}

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

/* Parses a list of such values, without repetitions, into a struct svec. */
static void
parse_list(struct parser *p, const yaml_node_t *node, const struct key *key, void *value)
{
    struct svec *list = value;

    if (!is_sequence(p, node, key->name)) {
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top && !p->error; item++) {
        char *s = NULL;
        parse_checked(p, get_node(p, *item), key, &s);
        if (s) {
            svec_add_nocopy(list, s);
        }
    }
    size_t n = list->n;
    svec_sort_unique(list);
    if (!p->error && list->n != n) {
        fail_at(p, line_of(node), "%s contain a repetition", key->name);
    }
}

static void
parse_external_ids(struct parser *p, const yaml_node_t *node, const struct key *key_, void *smap)
{
    if (node->type != YAML_MAPPING_NODE) {
        fail_at(p, line_of(node), "%s must be a map", key_->name);
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

/* Parses mapping 'node' into 'object' ('kind', for messages), by 'keys', which are
 * ended by one without name; NULL for the file as a whole. */
static void
parse_mapping(struct parser *p, const yaml_node_t *node, const char *kind, const struct key *keys,
              struct file_object *object)
{
    if (node->type != YAML_MAPPING_NODE) {
        fail_at(p, line_of(node), "%s must be a map", kind);
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
        while (keys[i].name && strcmp(keys[i].name, key)) {
            i++;
        }
        if (!keys[i].name) {
            fail_at(p, line_of(key_node), "%s has no key \"%s\"", kind, key);
        } else if (seen & (1u << i)) {
            fail_at(p, line_of(key_node), "%s is given twice", key);
        } else {
            const yaml_node_t *value = get_node(p, pair->value);
            seen |= 1u << i;
            if (object) {
                object->given |= keys[i].given;
            }
            if (keys[i].parse && (keys[i].need != NULLABLE || !is_null(value))) {
                keys[i].parse(p, value, &keys[i], (char *) object + keys[i].offset);
            }
        }
    }
    for (size_t i = 0; keys[i].name; i++) {
        if (keys[i].need == REQUIRED && !(seen & (1u << i))) {
            fail_at(p, line_of(node), "%s needs \"%s\"", kind, keys[i].name);
        }
    }
}

/* --- Objects ------------------------------------------------------------ */

/* What all objects have; "struct file_object" is their first member. */
/* clang-format off */
#define OBJECT_KEYS                                                                        \
    {"name", REQUIRED, 0, parse_string, offsetof(struct file_object, name)},               \
    {"external-ids", OPTIONAL, GIVEN_EXTERNAL_IDS, parse_external_ids,                     \
     offsetof(struct file_object, external_ids)}
/* clang-format on */

static const struct key network_keys[] = {
    OBJECT_KEYS,
    {"type", OPTIONAL, GIVEN_TYPE, parse_network_type, offsetof(struct file_network, type)},
    {"segmentation-id", OPTIONAL, 0, parse_integer, offsetof(struct file_network, segmentation_id),
     .min = 1, .max = UINT32_MAX},
    {"physical-network", NULLABLE, GIVEN_PHYSICAL_NETWORK, parse_string,
     offsetof(struct file_network, physical_network)},
    {"mtu", OPTIONAL, GIVEN_MTU, parse_integer, offsetof(struct file_network, mtu), .min = 68,
     .max = 65535},
    {"subnets", OPTIONAL, .children = FILE_SUBNET},
    {"ports", OPTIONAL, .children = FILE_PORT},
    {NULL},
};
static const struct key subnet_keys[] = {
    OBJECT_KEYS,
    {"cidr", REQUIRED, 0, parse_checked, offsetof(struct file_subnet, cidr), check_subnet_prefix},
    {"gateway", NULLABLE, GIVEN_GATEWAY, parse_checked, offsetof(struct file_subnet, gateway),
     check_host_address},
    {NULL},
};
static const struct key port_keys[] = {
    OBJECT_KEYS,
    {"mac", REQUIRED, 0, parse_checked, offsetof(struct file_port, mac), check_mac},
    {"addresses", OPTIONAL, GIVEN_ADDRESSES, parse_list, offsetof(struct file_port, addresses),
     check_host_address},
    {"enabled", OPTIONAL, GIVEN_ENABLED, parse_bool, offsetof(struct file_port, enabled)},
    {"requested-chassis", NULLABLE, GIVEN_REQUESTED_CHASSIS, parse_string,
     offsetof(struct file_port, requested_chassis)},
    {NULL},
};
static const struct key router_keys[] = {
    OBJECT_KEYS,
    {"enabled", OPTIONAL, GIVEN_ENABLED, parse_bool, offsetof(struct file_router, enabled)},
    {"routes", OPTIONAL, GIVEN_ROUTES, parse_list, offsetof(struct file_router, routes),
     check_route},
    {"ports", OPTIONAL, .children = FILE_ROUTER_PORT},
    {NULL},
};
static const struct key router_port_keys[] = {
    OBJECT_KEYS,
    {"network", REQUIRED, 0, parse_string, offsetof(struct file_router_port, network)},
    {"mac", REQUIRED, 0, parse_checked, offsetof(struct file_router_port, mac), check_mac},
    {"addresses", REQUIRED, 0, parse_list, offsetof(struct file_router_port, addresses),
     check_interface_address},
    {NULL},
};
static const struct key file_keys[] = {
    {"networks", OPTIONAL, .children = FILE_NETWORK},
    {"routers", OPTIONAL, .children = FILE_ROUTER},
    {NULL},
};

static const struct kind {
    const char *name;
    const char *article; /* The name with its article, as the owner of keys. */
    const struct key *keys;
    size_t size;
    const void *initial; /* The object without any key. */
    size_t parent;       /* Where the name of the object that it is in goes, or 0. */
} kinds[FILE_N_KINDS] = {
    [FILE_NETWORK] = {"network", "a network", network_keys, sizeof(struct file_network),
                      &(const struct file_network){.type = NETWORK_GENEVE, .mtu = DEFAULT_MTU}},
    [FILE_SUBNET] = {"subnet", "a subnet", subnet_keys, sizeof(struct file_subnet),
                     &(const struct file_subnet){.cidr = NULL},
                     offsetof(struct file_subnet, network)},
    [FILE_PORT] = {"port", "a port", port_keys, sizeof(struct file_port),
                   &(const struct file_port){.enabled = true}, offsetof(struct file_port, network)},
    [FILE_ROUTER] = {"router", "a router", router_keys, sizeof(struct file_router),
                     &(const struct file_router){.enabled = true}},
    [FILE_ROUTER_PORT] = {"router port", "a port of a router", router_port_keys,
                          sizeof(struct file_router_port),
                          &(const struct file_router_port){.mac = NULL},
                          offsetof(struct file_router_port, router)},
};

static void
object_destroy(const struct kind *kind, struct file_object *object)
{
    for (const struct key *key = kind->keys; key->name; key++) {
        void *value = (char *) object + key->offset;
        if (key->parse == parse_string || key->parse == parse_checked) {
            free(*(char **) value);
        } else if (key->parse == parse_list) {
            svec_destroy(value);
        } else if (key->parse == parse_external_ids) {
            smap_destroy(value);
        }
    }
    if (kind->parent) {
        free(*(char **) ((char *) object + kind->parent));
    }
    free(object);
}

/* Adds 'object' to those of its kind under its name.  Returns false after an error, also
 * an earlier one; then the caller must destroy it. */
static bool
object_add(struct parser *p, enum file_kind kind, struct file_object *object)
{
    if (p->error) {
        return false;
    }
    const struct file_object *other = shash_find_data(&p->file->objects[kind], object->name);
    if (other) {
        fail_at(p, object->line, "%s %s is given twice, first in line %d", kinds[kind].name,
                object->name, other->line);
        return false;
    }
    shash_add(&p->file->objects[kind], object->name, object);
    return true;
}

static void parse_children(struct parser *, const yaml_node_t *parent, const struct key *,
                           const char *parent_name);

static void
parse_object(struct parser *p, const yaml_node_t *node, enum file_kind k, const char *parent)
{
    const struct kind *kind = &kinds[k];
    struct file_object *object = xmemdup(kind->initial, kind->size);

    object->line = line_of(node);
    smap_init(&object->external_ids);
    if (kind->parent) {
        *(char **) ((char *) object + kind->parent) = xstrdup(parent);
    }
    parse_mapping(p, node, kind->article, kind->keys, object);
    if (object_add(p, k, object)) {
        parse_children(p, node, kind->keys, object->name);
    } else {
        object_destroy(kind, object);
    }
}

/* Parses the objects that mapping 'parent' has by those of 'keys' that stand for such. */
static void
parse_children(struct parser *p, const yaml_node_t *parent, const struct key *keys,
               const char *parent_name)
{
    for (const struct key *key = keys; key->name; key++) {
        for (const yaml_node_pair_t *pair = parent->data.mapping.pairs.start;
             !key->parse && !p->error && pair < parent->data.mapping.pairs.top; pair++) {
            const yaml_node_t *key_node = get_node(p, pair->key);
            const yaml_node_t *list = get_node(p, pair->value);
            if (strcmp((const char *) key_node->data.scalar.value, key->name)
                || !is_sequence(p, list, key->name)) {
                continue;
            }
            for (const yaml_node_item_t *item = list->data.sequence.items.start;
                 item < list->data.sequence.items.top && !p->error; item++) {
                parse_object(p, get_node(p, *item), key->children, parent_name);
            }
        }
    }
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
    parse_mapping(p, root, "a topology", file_keys, NULL);
    parse_children(p, root, file_keys, NULL);
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
    for (size_t i = 0; i < FILE_N_KINDS; i++) {
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
        for (size_t i = 0; i < FILE_N_KINDS; i++) {
            struct shash_node *node;
            SHASH_FOR_EACH (node, &file->objects[i]) {
                object_destroy(&kinds[i], node->data);
            }
            shash_destroy(&file->objects[i]);
        }
        free(file->name);
        free(file);
    }
}
