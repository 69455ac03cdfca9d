/* SPDX-License-Identifier: Apache-2.0 */
/* show: the topology for a person to read. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>

#include "dfctl/canonical.h"
#include "dfctl/dfctl.h"
#include "dfctl/output.h"
#include "dfctl/rows.h"
#include "dfctl/show-json.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

static void
put_addresses(struct ds *out, char *const *addresses, size_t n, char *(*normalize)(const char *) )
{
    struct svec v;
    normalize_all(addresses, n, normalize, &v);
    sort_addresses(&v);
    for (size_t i = 0; i < v.n; i++) {
        ds_put_format(out, " %s", v.names[i]);
    }
    svec_destroy(&v);
}

static void
show_port(struct ds *out, const struct nbrec_port *row)
{
    ds_put_format(out, "    port %s: %s", row->name, row->mac);
    put_addresses(out, row->addresses, row->n_addresses, address_normalize);
    if (row->n_enabled && !*row->enabled) {
        ds_put_cstr(out, ", disabled");
    } else if (row->chassis) {
        ds_put_format(out, ", %s on %s", row->n_up && *row->up ? "up" : "down", row->chassis->name);
    } else {
        ds_put_cstr(out, ", on no chassis");
    }
    if (row->requested_chassis
        && (!row->chassis || strcmp(row->chassis->name, row->requested_chassis))) {
        ds_put_format(out, " (requested: %s)", row->requested_chassis);
    }
    ds_put_char(out, '\n');
}

static void
show_network(struct ds *out, const struct rows *rows, const struct nbrec_network *row)
{
    ds_put_format(out, "network %s (%s", row->name, row->type);
    if (row->n_segmentation_id) {
        ds_put_format(out, " %" PRId64, *row->segmentation_id);
    }
    if (row->physical_network) {
        ds_put_format(out, " on %s", row->physical_network);
    }
    ds_put_format(out, ", mtu %" PRId64 ")\n", row->n_mtu ? *row->mtu : DEFAULT_MTU);

    const struct row_list *subnets = rows_of(&rows->subnets, row->name);
    for (size_t i = 0; i < subnets->n; i++) {
        const struct nbrec_subnet *subnet = subnets->nodes[i]->data;
        ds_put_format(out, "    subnet %s: %s", subnet->name, subnet->cidr);
        if (subnet->gateway_ip) {
            ds_put_format(out, ", gateway %s", subnet->gateway_ip);
        }
        ds_put_char(out, '\n');
    }
    const struct row_list *ports = rows_of(&rows->ports, row->name);
    for (size_t i = 0; i < ports->n; i++) {
        show_port(out, ports->nodes[i]->data);
    }
}

static void
show_router(struct ds *out, const struct rows *rows, const struct nbrec_router *row)
{
    ds_put_format(out, "router %s%s\n", row->name,
                  row->n_enabled && !*row->enabled ? " (disabled)" : "");

    const struct row_list *ports = rows_of(&rows->router_ports, row->name);
    for (size_t i = 0; i < ports->n; i++) {
        const struct nbrec_router_port *port = ports->nodes[i]->data;
        ds_put_format(out, "    port %s: network %s, %s", port->name,
                      port->network ? port->network->name : "(none)", port->mac);
        put_addresses(out, port->addresses, port->n_addresses, interface_address_normalize);
        ds_put_char(out, '\n');
    }

    struct svec routes;
    normalize_all(row->static_routes, row->n_static_routes, static_route_normalize, &routes);
    sort_addresses(&routes);
    for (size_t i = 0; i < routes.n; i++) {
        ds_put_format(out, "    route %s\n", routes.names[i]);
    }
    svec_destroy(&routes);
}

static void
show_chassis(struct ds *out, const struct nbrec_chassis *row)
{
    ds_put_format(out, "chassis %s", row->name);
    if (row->hostname[0]) {
        ds_put_format(out, " (%s)", row->hostname);
    }
    ds_put_char(out, '\n');

    const struct smap_node **encaps = smap_sort(&row->encaps);
    for (size_t i = 0; i < smap_count(&row->encaps); i++) {
        ds_put_format(out, "    encapsulation %s: %s\n", encaps[i]->key, encaps[i]->value);
    }
    free(encaps);
    const struct smap_node **mappings = smap_sort(&row->bridge_mappings);
    for (size_t i = 0; i < smap_count(&row->bridge_mappings); i++) {
        ds_put_format(out, "    physical network %s: %s\n", mappings[i]->key, mappings[i]->value);
    }
    free(mappings);
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
    for (size_t i = 0; i < rows.networks.n; i++) {
        show_network(&ctx->output, &rows, rows.networks.nodes[i]->data);
    }
    for (size_t i = 0; i < rows.routers.n; i++) {
        show_router(&ctx->output, &rows, rows.routers.nodes[i]->data);
    }
    for (size_t i = 0; i < rows.chassis.n; i++) {
        show_chassis(&ctx->output, rows.chassis.nodes[i]->data);
    }
    rows_destroy(&rows);
}

const struct ctl_command_syntax show_commands[] = {
    {"show", 0, 0, "", pre_everything, cmd_show, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
