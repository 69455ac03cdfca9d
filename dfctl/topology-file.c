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

static void
parse_string(struct parser *p, const yaml_node_t *node, const char *what, char **s)
{
    const char *text = scalar(p, node, what);
    const char *why = text ? name_check(text) : NULL;
    if (why) {
        fail_at(p, line_of(node), "%s %s", what, why);
    } else if (text) {
        *s = xstrdup(text);
    }
}

static void
parse_integer(struct parser *p, const yaml_node_t *node, const char *what, int64_t min, int64_t max,
              int64_t *value)
{
    const char *text = scalar(p, node, what);
    long long int number;

    if (text && (!str_to_llong(text, 10, &number) || number < min || number > max)) {
        fail_at(p, line_of(node), "%s: \"%s\" is not a number in %" PRId64 "..%" PRId64, what, text,
                min, max);
    } else if (text) {
        *value = number;
    }
}

static void
parse_bool(struct parser *p, const yaml_node_t *node, const char *what, bool *value)
{
    const char *text = scalar(p, node, what);
    if (text && strcmp(text, "true") && strcmp(text, "false")) {
        fail_at(p, line_of(node), "%s: \"%s\" is neither true nor false", what, text);
    } else if (text) {
        *value = text[0] == 't';
    }
}

/* Checkers for parse_checked(): return NULL and set '*canonical', or an error. */
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

static void
parse_checked(struct parser *p, const yaml_node_t *node, const char *what,
              char *(*check)(const char *, char **canonical), char **s)
{
    const char *text = scalar(p, node, what);
    char *why = text ? check(text, s) : NULL;
    if (why) {
        fail_at(p, line_of(node), "%s: %.1024s", what, why);
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

static void
parse_list(struct parser *p, const yaml_node_t *node, const char *what,
           char *(*check)(const char *, char **canonical), struct svec *list)
{
    if (!is_sequence(p, node, what)) {
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top && !p->error; item++) {
        char *s = NULL;
        parse_checked(p, get_node(p, *item), what, check, &s);
        if (s) {
            svec_add_nocopy(list, s);
        }
    }
    size_t n = list->n;
    svec_sort_unique(list);
    if (!p->error && list->n != n) {
        fail_at(p, line_of(node), "%s contain a repetition", what);
    }
}

static void
parse_external_ids(struct parser *p, const yaml_node_t *node, struct file_object *object)
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
        } else if (!smap_add_once(&object->external_ids, key,
                                  (const char *) value->data.scalar.value)) {
            fail_at(p, line_of(value), "external-ids: \"%s\" is given twice", key);
        }
    }
}

enum need {
    REQUIRED,
    OPTIONAL,
    NULLABLE, /* Optional, and "~" says that there is none. */
};

/* One key that a kind of object may have. */
struct key {
    const char *name;
    enum need need;
    unsigned int given; /* GIVEN_*, or 0. */
    void (*parse)(struct parser *, const yaml_node_t *, const char *what, void *object);
};

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
            if (keys[i].need != NULLABLE || !is_null(value)) {
                keys[i].parse(p, value, key, object);
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

#define DEFINE_PARSE(FUNCTION, STRUCT, STATEMENT)                                                  \
    static void FUNCTION(struct parser *p, const yaml_node_t *node, const char *what, void *o)     \
    {                                                                                              \
        struct STRUCT *object = o;                                                                 \
        STATEMENT;                                                                                 \
    }

/* "struct file_object" is the first member of every object. */
DEFINE_PARSE(object_name, file_object, parse_string(p, node, what, &object->name))
static void
object_external_ids(struct parser *p, const yaml_node_t *node, const char *what OVS_UNUSED,
                    void *object)
{
    parse_external_ids(p, node, object);
}
/* clang-format off */
#define OBJECT_KEYS                              \
    {"name", REQUIRED, 0, object_name},                 \
    {"external-ids", OPTIONAL, GIVEN_EXTERNAL_IDS, object_external_ids}
/* clang-format on */

static void
object_init(struct file_object *object, const yaml_node_t *node)
{
    object->line = line_of(node);
    smap_init(&object->external_ids);
}

static void
object_uninit(struct file_object *object)
{
    free(object->name);
    smap_destroy(&object->external_ids);
}

/* Adds 'object' to 'objects' under its name.  Returns false after an error, also
 * an earlier one; then the caller must destroy it. */
static bool
object_add(struct parser *p, struct shash *objects, const char *kind, struct file_object *object)
{
    if (p->error) {
        return false;
    }
    const struct file_object *other = shash_find_data(objects, object->name);
    if (other) {
        fail_at(p, object->line, "%s %s is given twice, first in line %d", kind, object->name,
                other->line);
        return false;
    }
    shash_add(objects, object->name, object);
    return true;
}

static void
subnet_destroy(struct file_subnet *subnet)
{
    object_uninit(&subnet->object);
    free(subnet->network);
    free(subnet->cidr);
    free(subnet->gateway);
    free(subnet);
}

DEFINE_PARSE(subnet_cidr, file_subnet,
             parse_checked(p, node, what, check_subnet_prefix, &object->cidr))
DEFINE_PARSE(subnet_gateway, file_subnet,
             parse_checked(p, node, what, check_host_address, &object->gateway))
static const struct key subnet_keys[] = {
    OBJECT_KEYS,
    {"cidr", REQUIRED, 0, subnet_cidr},
    {"gateway", NULLABLE, GIVEN_GATEWAY, subnet_gateway},
    {NULL, OPTIONAL, 0, NULL},
};

static void
parse_subnet(struct parser *p, const yaml_node_t *node, const char *network)
{
    struct file_subnet *subnet = xzalloc(sizeof *subnet);
    object_init(&subnet->object, node);
    subnet->network = xstrdup(network);
    parse_mapping(p, node, "a subnet", subnet_keys, &subnet->object);
    if (!object_add(p, &p->file->subnets, "subnet", &subnet->object)) {
        subnet_destroy(subnet);
    }
}

static void
port_destroy(struct file_port *port)
{
    object_uninit(&port->object);
    free(port->network);
    free(port->mac);
    svec_destroy(&port->addresses);
    free(port->requested_chassis);
    free(port);
}

DEFINE_PARSE(port_mac, file_port, parse_checked(p, node, what, check_mac, &object->mac))
DEFINE_PARSE(port_addresses, file_port,
             parse_list(p, node, what, check_host_address, &object->addresses))
DEFINE_PARSE(port_enabled, file_port, parse_bool(p, node, what, &object->enabled))
DEFINE_PARSE(port_requested_chassis, file_port,
             parse_string(p, node, what, &object->requested_chassis))
static const struct key port_keys[] = {
    OBJECT_KEYS,
    {"mac", REQUIRED, 0, port_mac},
    {"addresses", OPTIONAL, GIVEN_ADDRESSES, port_addresses},
    {"enabled", OPTIONAL, GIVEN_ENABLED, port_enabled},
    {"requested-chassis", NULLABLE, GIVEN_REQUESTED_CHASSIS, port_requested_chassis},
    {NULL, OPTIONAL, 0, NULL},
};

static void
parse_port(struct parser *p, const yaml_node_t *node, const char *network)
{
    struct file_port *port = xzalloc(sizeof *port);
    object_init(&port->object, node);
    svec_init(&port->addresses);
    port->network = xstrdup(network);
    port->enabled = true;
    parse_mapping(p, node, "a port", port_keys, &port->object);
    if (!object_add(p, &p->file->ports, "port", &port->object)) {
        port_destroy(port);
    }
}

static void
router_port_destroy(struct file_router_port *port)
{
    object_uninit(&port->object);
    free(port->router);
    free(port->network);
    free(port->mac);
    svec_destroy(&port->addresses);
    free(port);
}

DEFINE_PARSE(router_port_network, file_router_port, parse_string(p, node, what, &object->network))
DEFINE_PARSE(router_port_mac, file_router_port,
             parse_checked(p, node, what, check_mac, &object->mac))
DEFINE_PARSE(router_port_addresses, file_router_port,
             parse_list(p, node, what, check_interface_address, &object->addresses))
static const struct key router_port_keys[] = {
    OBJECT_KEYS,
    {"network", REQUIRED, 0, router_port_network},
    {"mac", REQUIRED, 0, router_port_mac},
    {"addresses", REQUIRED, 0, router_port_addresses},
    {NULL, OPTIONAL, 0, NULL},
};

static void
parse_router_port(struct parser *p, const yaml_node_t *node, const char *router)
{
    struct file_router_port *port = xzalloc(sizeof *port);
    object_init(&port->object, node);
    svec_init(&port->addresses);
    port->router = xstrdup(router);
    parse_mapping(p, node, "a port of a router", router_port_keys, &port->object);
    if (!object_add(p, &p->file->router_ports, "router port", &port->object)) {
        router_port_destroy(port);
    }
}

/* Parses the sequence under key 'key' of mapping 'parent', if there, by calling
 * 'parse' for each item.  Nested objects are parsed after their parent, whose name
 * may be written below them. */
static void
parse_children(struct parser *p, const yaml_node_t *parent, const char *key,
               void (*parse)(struct parser *, const yaml_node_t *, const char *parent_name),
               const char *parent_name)
{
    if (p->error) {
        return;
    }
    for (const yaml_node_pair_t *pair = parent->data.mapping.pairs.start;
         pair < parent->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key_node = get_node(p, pair->key);
        const yaml_node_t *list = get_node(p, pair->value);
        if (strcmp((const char *) key_node->data.scalar.value, key) || !is_sequence(p, list, key)) {
            continue;
        }
        for (const yaml_node_item_t *item = list->data.sequence.items.start;
             item < list->data.sequence.items.top && !p->error; item++) {
            parse(p, get_node(p, *item), parent_name);
        }
    }
}

static void
parse_later(struct parser *p OVS_UNUSED, const yaml_node_t *node OVS_UNUSED,
            const char *what OVS_UNUSED, void *object OVS_UNUSED)
{
}

static void
network_destroy(struct file_network *network)
{
    object_uninit(&network->object);
    free(network->physical_network);
    free(network);
}

static void
network_type(struct parser *p, const yaml_node_t *node, const char *what, void *network_)
{
    struct file_network *network = network_;
    const char *s = scalar(p, node, what);
    if (s && !network_type_from_string(s, &network->type)) {
        fail_at(p, line_of(node), "type: \"%s\" is none of geneve, vxlan, gre, vlan, flat, local",
                s);
    }
}
DEFINE_PARSE(network_segmentation_id, file_network,
             parse_integer(p, node, what, 1, UINT32_MAX, &object->segmentation_id))
DEFINE_PARSE(network_physical_network, file_network,
             parse_string(p, node, what, &object->physical_network))
DEFINE_PARSE(network_mtu, file_network, parse_integer(p, node, what, 68, 65535, &object->mtu))
static const struct key network_keys[] = {
    OBJECT_KEYS,
    {"type", OPTIONAL, GIVEN_TYPE, network_type},
    {"segmentation-id", OPTIONAL, 0, network_segmentation_id},
    {"physical-network", NULLABLE, GIVEN_PHYSICAL_NETWORK, network_physical_network},
    {"mtu", OPTIONAL, GIVEN_MTU, network_mtu},
    {"subnets", OPTIONAL, 0, parse_later},
    {"ports", OPTIONAL, 0, parse_later},
    {NULL, OPTIONAL, 0, NULL},
};

static void
parse_network(struct parser *p, const yaml_node_t *node, const char *parent OVS_UNUSED)
{
    struct file_network *network = xzalloc(sizeof *network);
    object_init(&network->object, node);
    network->type = NETWORK_GENEVE;
    network->mtu = DEFAULT_MTU;
    parse_mapping(p, node, "a network", network_keys, &network->object);
    if (!object_add(p, &p->file->networks, "network", &network->object)) {
        network_destroy(network);
        return;
    }
    parse_children(p, node, "subnets", parse_subnet, network->object.name);
    parse_children(p, node, "ports", parse_port, network->object.name);
}

static void
router_destroy(struct file_router *router)
{
    object_uninit(&router->object);
    svec_destroy(&router->routes);
    free(router);
}

DEFINE_PARSE(router_enabled, file_router, parse_bool(p, node, what, &object->enabled))
DEFINE_PARSE(router_routes, file_router, parse_list(p, node, what, check_route, &object->routes))
static const struct key router_keys[] = {
    OBJECT_KEYS,
    {"enabled", OPTIONAL, GIVEN_ENABLED, router_enabled},
    {"routes", OPTIONAL, GIVEN_ROUTES, router_routes},
    {"ports", OPTIONAL, 0, parse_later},
    {NULL, OPTIONAL, 0, NULL},
};

static void
parse_router(struct parser *p, const yaml_node_t *node, const char *parent OVS_UNUSED)
{
    struct file_router *router = xzalloc(sizeof *router);
    object_init(&router->object, node);
    svec_init(&router->routes);
    router->enabled = true;
    parse_mapping(p, node, "a router", router_keys, &router->object);
    if (!object_add(p, &p->file->routers, "router", &router->object)) {
        router_destroy(router);
        return;
    }
    parse_children(p, node, "ports", parse_router_port, router->object.name);
}

/* --- File --------------------------------------------------------------- */

static const struct key file_keys[] = {
    {"networks", OPTIONAL, 0, parse_later},
    {"routers", OPTIONAL, 0, parse_later},
    {NULL, OPTIONAL, 0, NULL},
};

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
    parse_children(p, root, "networks", parse_network, NULL);
    parse_children(p, root, "routers", parse_router, NULL);
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
    shash_init(&file->networks);
    shash_init(&file->subnets);
    shash_init(&file->ports);
    shash_init(&file->routers);
    shash_init(&file->router_ports);

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

#define DESTROY_ALL(SHASH, FUNCTION)                                                               \
    do {                                                                                           \
        struct shash_node *node_;                                                                  \
        SHASH_FOR_EACH_SAFE (node_, SHASH) {                                                       \
            FUNCTION(node_->data);                                                                 \
        }                                                                                          \
        shash_destroy(SHASH);                                                                      \
    } while (0)

void
topology_file_destroy(struct topology_file *file)
{
    if (file) {
        DESTROY_ALL(&file->networks, network_destroy);
        DESTROY_ALL(&file->subnets, subnet_destroy);
        DESTROY_ALL(&file->ports, port_destroy);
        DESTROY_ALL(&file->routers, router_destroy);
        DESTROY_ALL(&file->router_ports, router_port_destroy);
        free(file->name);
        free(file);
    }
}
