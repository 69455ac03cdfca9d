/* SPDX-License-Identifier: Apache-2.0 */
/* show: the topology for a person to read. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>

#include "dfctl/canonical.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/output.h"
#include "dfctl/rows.h"
#include "dfctl/show-json.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

/* Appends 'before', then 's', of which anybody may be the author. */
static void
put(struct ds *out, const char *before, const char *s)
{
    ds_put_cstr(out, before);
    text_put(out, s, TEXT_NAME_MAX);
}

static void
put_addresses(struct ds *out, char *const *addresses, size_t n, char *(*normalize)(const char *) )
{
    struct svec v;
    normalize_all(addresses, n, normalize, &v);
    sort_addresses(&v);
    for (size_t i = 0; i < v.n; i++) {
        put(out, " ", v.names[i]);
    }
    svec_destroy(&v);
}

static void
show_port(struct ds *out, const struct nbrec_port *row)
{
    put(out, "    port ", row->name);
    put(out, ": ", row->mac);
    put_addresses(out, row->addresses, row->n_addresses, address_normalize);
    if (row->n_enabled && !*row->enabled) {
        ds_put_cstr(out, ", disabled");
    } else if (row->chassis) {
        put(out, row->n_up && *row->up ? ", up on " : ", down on ", row->chassis->name);
    } else {
        ds_put_cstr(out, ", on no chassis");
    }
    if (row->requested_chassis
        && (!row->chassis || strcmp(row->chassis->name, row->requested_chassis))) {
        put(out, " (requested: ", row->requested_chassis);
        ds_put_char(out, ')');
    }
    ds_put_char(out, '\n');
}

static void
show_network(struct ds *out, const struct rows *rows, const struct nbrec_network *row)
{
    put(out, "network ", row->name);
    put(out, " (", row->type);
    if (row->n_segmentation_id) {
        ds_put_format(out, " %" PRId64, *row->segmentation_id);
    }
    if (row->physical_network) {
        put(out, " on ", row->physical_network);
    }
    ds_put_format(out, ", mtu %" PRId64 ")\n", row->n_mtu ? *row->mtu : DEFAULT_MTU);

    const struct row_list *subnets = rows_of(rows, NB_SUBNET, row->name);
    for (size_t i = 0; i < subnets->n; i++) {
        const struct nbrec_subnet *subnet = subnets->nodes[i]->data;
        put(out, "    subnet ", subnet->name);
        put(out, ": ", subnet->cidr);
        if (subnet->gateway_ip) {
            put(out, ", gateway ", subnet->gateway_ip);
        }
        ds_put_char(out, '\n');
    }
    const struct row_list *ports = rows_of(rows, NB_PORT, row->name);
    for (size_t i = 0; i < ports->n; i++) {
        show_port(out, ports->nodes[i]->data);
    }
}

static void
show_router(struct ds *out, const struct rows *rows, const struct nbrec_router *row)
{
    put(out, "router ", row->name);
    ds_put_cstr(out, row->n_enabled && !*row->enabled ? " (disabled)\n" : "\n");

    const struct row_list *ports = rows_of(rows, NB_ROUTER_PORT, row->name);
    for (size_t i = 0; i < ports->n; i++) {
        const struct nbrec_router_port *port = ports->nodes[i]->data;
        put(out, "    port ", port->name);
        put(out, ": network ", port->network ? port->network->name : "(none)");
        put(out, ", ", port->mac);
        put_addresses(out, port->addresses, port->n_addresses, interface_address_normalize);
        ds_put_char(out, '\n');
    }

    struct svec routes;
    normalize_all(row->static_routes, row->n_static_routes, static_route_normalize, &routes);
    sort_addresses(&routes);
    for (size_t i = 0; i < routes.n; i++) {
        put(out, "    route ", routes.names[i]);
        ds_put_char(out, '\n');
    }
    svec_destroy(&routes);
}

static void
show_map(struct ds *out, const char *what, const struct smap *map)
{
    const struct smap_node **nodes = smap_sort(map);
    for (size_t i = 0; i < smap_count(map); i++) {
        put(out, what, nodes[i]->key);
        put(out, ": ", nodes[i]->value);
        ds_put_char(out, '\n');
    }
    free(nodes);
}

static void
show_chassis(struct ds *out, const struct nbrec_chassis *row)
{
    put(out, "chassis ", row->name);
    if (row->hostname[0]) {
        put(out, " (", row->hostname);
        ds_put_char(out, ')');
    }
    ds_put_char(out, '\n');
    show_map(out, "    encapsulation ", &row->encaps);
    show_map(out, "    physical network ", &row->bridge_mappings);
}

static void
cmd_show(struct ctl_context *ctx)
{
    struct rows rows;

    rows_init(&rows, ctx->idl);
    if (dfctl_context_cast(ctx)->dfctl->style.format == TF_JSON) {
        output_json(ctx, show_to_json(&rows));
        rows_destroy(&rows);
        return;
    }
    for (size_t i = 0; i < rows_of(&rows, NB_NETWORK, "")->n; i++) {
        show_network(&ctx->output, &rows, rows_of(&rows, NB_NETWORK, "")->nodes[i]->data);
    }
    for (size_t i = 0; i < rows_of(&rows, NB_ROUTER, "")->n; i++) {
        show_router(&ctx->output, &rows, rows_of(&rows, NB_ROUTER, "")->nodes[i]->data);
    }
    for (size_t i = 0; i < rows_of(&rows, NB_CHASSIS, "")->n; i++) {
        show_chassis(&ctx->output, rows_of(&rows, NB_CHASSIS, "")->nodes[i]->data);
    }
    rows_destroy(&rows);
}

const struct ctl_command_syntax show_commands[] = {
    {"show", 0, 0, "", pre_everything, cmd_show, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
