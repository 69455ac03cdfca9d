/* SPDX-License-Identifier: Apache-2.0 */
/* export: prints the NB database as a file for apply (topology-file.h), sorted by
 * name, so that two exports can be compared line by line. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "dfctl/canonical.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/rows.h"
#include "dfctl/topology-file.h"
#include "nb/check.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
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
put_key_string(yaml_emitter_t *emitter, const char *key, const char *s)
{
    if (s) {
        put_key(emitter, key);
        put_string(emitter, s);
    }
}

static void
put_key_number(yaml_emitter_t *emitter, const char *key, int64_t value)
{
    char *s = xasprintf("%" PRId64, value);
    put_key(emitter, key);
    put_scalar(emitter, s, YAML_PLAIN_SCALAR_STYLE);
    free(s);
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

static void
put_set(yaml_emitter_t *emitter, const char *key, char *const *strings, size_t n,
        char *(*normalize)(const char *), yaml_sequence_style_t style)
{
    if (!n) {
        return;
    }
    struct svec v;
    normalize_all(strings, n, normalize, &v);
    sort_addresses(&v);
    put_key(emitter, key);
    begin_list(emitter, style);
    for (size_t i = 0; i < v.n; i++) {
        put_scalar(emitter, v.names[i], YAML_ANY_SCALAR_STYLE);
    }
    end_list(emitter);
    svec_destroy(&v);
}

static void
put_enabled(yaml_emitter_t *emitter, const bool *enabled, size_t n)
{
    if (n && !*enabled) {
        put_key(emitter, "enabled");
        put_scalar(emitter, "false", YAML_PLAIN_SCALAR_STYLE);
    }
}

static void
put_external_ids(yaml_emitter_t *emitter, const struct smap *ids)
{
    if (smap_is_empty(ids)) {
        return;
    }
    put_key(emitter, "external-ids");
    begin_map(emitter);
    const struct smap_node **nodes = smap_sort(ids);
    for (size_t i = 0; i < smap_count(ids); i++) {
        put_string(emitter, nodes[i]->key);
        put_string(emitter, nodes[i]->value);
    }
    free(nodes);
    end_map(emitter);
}

/* --- Objects ------------------------------------------------------------ */

static void
put_subnet(yaml_emitter_t *emitter, const struct rows *rows OVS_UNUSED, const void *row_)
{
    const struct nbrec_subnet *row = row_;
    char *cidr = prefix_normalize(row->cidr);
    char *gateway = row->gateway_ip ? address_normalize(row->gateway_ip) : NULL;

    begin_map(emitter);
    put_key_string(emitter, "name", row->name);
    put_key(emitter, "cidr");
    put_scalar(emitter, cidr, YAML_ANY_SCALAR_STYLE);
    if (gateway) {
        put_key(emitter, "gateway");
        put_scalar(emitter, gateway, YAML_ANY_SCALAR_STYLE);
    }
    put_external_ids(emitter, &row->external_ids);
    end_map(emitter);
    free(cidr);
    free(gateway);
}

static void
put_port(yaml_emitter_t *emitter, const struct rows *rows OVS_UNUSED, const void *row_)
{
    const struct nbrec_port *row = row_;
    char *mac = mac_normalize(row->mac);

    begin_map(emitter);
    put_key_string(emitter, "name", row->name);
    put_key_string(emitter, "mac", mac);
    put_set(emitter, "addresses", row->addresses, row->n_addresses, address_normalize,
            YAML_FLOW_SEQUENCE_STYLE);
    put_enabled(emitter, row->enabled, row->n_enabled);
    put_key_string(emitter, "requested-chassis", row->requested_chassis);
    put_external_ids(emitter, &row->external_ids);
    end_map(emitter);
    free(mac);
}

static void
put_router_port(yaml_emitter_t *emitter, const struct rows *rows OVS_UNUSED, const void *row_)
{
    const struct nbrec_router_port *row = row_;
    char *mac = mac_normalize(row->mac);

    begin_map(emitter);
    put_key_string(emitter, "name", row->name);
    put_key_string(emitter, "network", row->network ? row->network->name : NULL);
    put_key_string(emitter, "mac", mac);
    put_set(emitter, "addresses", row->addresses, row->n_addresses, interface_address_normalize,
            YAML_FLOW_SEQUENCE_STYLE);
    put_external_ids(emitter, &row->external_ids);
    end_map(emitter);
    free(mac);
}

/* Puts each row of 'list' under 'key'. */
static void
put_rows(yaml_emitter_t *emitter, const struct rows *rows, const char *key,
         const struct row_list *list,
         void (*put)(yaml_emitter_t *, const struct rows *, const void *row))
{
    put_key(emitter, key);
    begin_list(emitter, YAML_BLOCK_SEQUENCE_STYLE);
    for (size_t i = 0; i < list->n; i++) {
        put(emitter, rows, list->nodes[i]->data);
    }
    end_list(emitter);
}

/* The same for the rows of 'owner', if it has any. */
static void
put_rows_of(yaml_emitter_t *emitter, const struct rows *rows, const char *key, enum nb_table_id id,
            const char *owner, void (*put)(yaml_emitter_t *, const struct rows *, const void *row))
{
    const struct row_list *list = rows_of(rows, id, owner);
    if (list->n) {
        put_rows(emitter, rows, key, list, put);
    }
}

static void
put_network(yaml_emitter_t *emitter, const struct rows *rows, const void *row_)
{
    const struct nbrec_network *row = row_;

    begin_map(emitter);
    put_key_string(emitter, "name", row->name);
    put_key_string(emitter, "type", row->type);
    if (row->n_segmentation_id) {
        put_key_number(emitter, "segmentation-id", *row->segmentation_id);
    }
    put_key_string(emitter, "physical-network", row->physical_network);
    if (row->n_mtu && *row->mtu != DEFAULT_MTU) {
        put_key_number(emitter, "mtu", *row->mtu);
    }
    put_external_ids(emitter, &row->external_ids);
    put_rows_of(emitter, rows, "subnets", NB_SUBNET, row->name, put_subnet);
    put_rows_of(emitter, rows, "ports", NB_PORT, row->name, put_port);
    end_map(emitter);
}

static void
put_router(yaml_emitter_t *emitter, const struct rows *rows, const void *row_)
{
    const struct nbrec_router *row = row_;

    begin_map(emitter);
    put_key_string(emitter, "name", row->name);
    put_enabled(emitter, row->enabled, row->n_enabled);
    put_external_ids(emitter, &row->external_ids);
    put_rows_of(emitter, rows, "ports", NB_ROUTER_PORT, row->name, put_router_port);
    put_set(emitter, "routes", row->static_routes, row->n_static_routes, static_route_normalize,
            YAML_BLOCK_SEQUENCE_STYLE);
    end_map(emitter);
}

static void
put_topology(yaml_emitter_t *emitter, const struct rows *rows)
{
    begin_map(emitter);
    put_rows(emitter, rows, "networks", rows_of(rows, NB_NETWORK, ""), put_network);
    put_rows(emitter, rows, "routers", rows_of(rows, NB_ROUTER, ""), put_router);
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
