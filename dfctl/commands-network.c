/* SPDX-License-Identifier: Apache-2.0 */
/* net-add, net-del, net-list, subnet-add, subnet-del. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl/canonical.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/lookup.h"
#include "dfctl/segment.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "util.h"

/* Parses the value of option 'key' of network 'name' into '*value'; leaves it alone
 * if 's' is NULL. */
static bool
parse_number(struct ctl_context *ctx, const char *name, const char *key, const char *s,
             int64_t *value)
{
    long long int number;

    if (!s) {
        return true;
    }
    if (!str_to_llong(s, 10, &number)) {
        ctl_error(ctx, "network %s: %s \"%s\" is not a number", name, key, s);
        return false;
    }
    *value = number;
    return true;
}

static void
require_same_number(struct ctl_context *ctx, const char *name, const char *key, size_t n,
                    const int64_t *has, int64_t wanted)
{
    if (wanted >= 0 && !(n && *has == wanted)) {
        char *has_text = n ? xasprintf("%" PRId64, *has) : NULL;
        char *text = xasprintf("%" PRId64, wanted);
        require_same(ctx, "network", name, key, has_text, text);
        free(has_text);
        free(text);
    }
}

static void
cmd_net_add(struct ctl_context *ctx)
{
    enum { TYPE, SEGMENTATION_ID, PHYSICAL_NETWORK, MTU };
    static const char *const keys[] = {[TYPE] = "type",
                                       [SEGMENTATION_ID] = "segmentation-id",
                                       [PHYSICAL_NETWORK] = "physical-network",
                                       [MTU] = "mtu",
                                       NULL};
    const char *values[ARRAY_SIZE(keys)];
    const char *name = ctx->argv[1];
    const int64_t default_mtu = DEFAULT_MTU;
    int64_t segmentation_id = -1, mtu = -1;

    if (!key_values_parse(ctx, 2, keys, values)
        || !parse_number(ctx, name, keys[SEGMENTATION_ID], values[SEGMENTATION_ID],
                         &segmentation_id)
        || !parse_number(ctx, name, keys[MTU], values[MTU], &mtu)) {
        return;
    }

    const struct nbrec_network *row = object_find(ctx, NB_NETWORK, name);
    if (!may_create(ctx, "network", name, row)) {
        if (row) {
            if (values[TYPE]) {
                require_same(ctx, "network", name, keys[TYPE], row->type, values[TYPE]);
            }
            require_same_number(ctx, name, keys[SEGMENTATION_ID], row->n_segmentation_id,
                                row->segmentation_id, segmentation_id);
            if (values[PHYSICAL_NETWORK]) {
                require_same(ctx, "network", name, keys[PHYSICAL_NETWORK], row->physical_network,
                             values[PHYSICAL_NETWORK]);
            }
            require_same_number(ctx, name, keys[MTU], 1, row->n_mtu ? row->mtu : &default_mtu, mtu);
        }
        return;
    }

    enum network_type type;
    const char *type_name = values[TYPE] ? values[TYPE] : network_type_to_string(NETWORK_GENEVE);
    if (!network_type_from_string(type_name, &type)) {
        ctl_error(ctx, "network %s: \"%s\" is none of geneve, vxlan, gre, vlan, flat, local", name,
                  type_name);
        return;
    }
    if (!values[SEGMENTATION_ID] && network_type_max_segmentation_id(type)) {
        segmentation_id = segment_allocate(ctx->idl, type, values[PHYSICAL_NETWORK]);
        if (!segmentation_id) {
            ctl_error(ctx, "network %s: every segmentation id of type %s is taken", name,
                      type_name);
            return;
        }
        values[SEGMENTATION_ID] = "(allocated)";
        segment_warn_of_choice(ctx, name, type, segmentation_id, values[PHYSICAL_NETWORK]);
    }

    struct nbrec_network *new_row = nbrec_network_insert(ctx->txn);
    nbrec_network_set_name(new_row, name);
    nbrec_network_set_type(new_row, type_name);
    nbrec_network_set_segmentation_id(new_row, &segmentation_id, values[SEGMENTATION_ID] ? 1 : 0);
    if (values[PHYSICAL_NETWORK]) {
        nbrec_network_set_physical_network(new_row, values[PHYSICAL_NETWORK]);
    }
    nbrec_network_set_mtu(new_row, &mtu, values[MTU] ? 1 : 0);
}

static void
cmd_net_del(struct ctl_context *ctx)
{
    object_delete(ctx, NB_NETWORK);
}

static void
cmd_net_list(struct ctl_context *ctx)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &nbrec_network_col_name,
        &nbrec_network_col_type,
        &nbrec_network_col_segmentation_id,
        &nbrec_network_col_physical_network,
        &nbrec_network_col_mtu,
        NULL,
    };
    objects_list(ctx, NB_NETWORK, NULL, columns);
}

static void
cmd_subnet_add(struct ctl_context *ctx)
{
    static const char *const keys[] = {"gateway", NULL};
    const char *values[ARRAY_SIZE(keys)];
    const char *name = ctx->argv[1];
    const struct nbrec_network *network = object_get(ctx, NB_NETWORK, ctx->argv[2]);
    if (!network || !key_values_parse(ctx, 4, keys, values)) {
        return;
    }

    /* What would be a prefix of one address is not meant (see nb_check()). */
    char *cidr = strchr(ctx->argv[3], '/') ? prefix_normalize(ctx->argv[3]) : xstrdup(ctx->argv[3]);
    char *gateway = values[0] ? address_normalize(values[0]) : NULL;
    const struct nbrec_subnet *row = object_find(ctx, NB_SUBNET, name);
    if (may_create(ctx, "subnet", name, row)) {
        struct nbrec_subnet *new_row = nbrec_subnet_insert(ctx->txn);
        nbrec_subnet_set_name(new_row, name);
        nbrec_subnet_set_network(new_row, network);
        nbrec_subnet_set_cidr(new_row, cidr);
        if (gateway) {
            nbrec_subnet_set_gateway_ip(new_row, gateway);
        }
    } else if (row) {
        require_same_network(ctx, "subnet", name, row->network, network);
        require_same(ctx, "subnet", name, "CIDR", row->cidr, cidr);
        if (gateway) {
            require_same(ctx, "subnet", name, "gateway", row->gateway_ip, gateway);
        }
    }
    free(cidr);
    free(gateway);
}

static void
cmd_subnet_del(struct ctl_context *ctx)
{
    object_delete(ctx, NB_SUBNET);
}

const struct ctl_command_syntax network_commands[] = {
    {"net-add", 1, 5, "NEW-NETWORK [KEY=VALUE]...", pre_no_ports, cmd_net_add, NULL, "--may-exist",
     RW},
    {"net-del", 1, 1, "NETWORK", pre_no_ports, cmd_net_del, NULL, "--if-exists", RW},
    {"net-list", 0, 0, "", pre_no_ports, cmd_net_list, NULL, "", RO},
    {"subnet-add", 3, 4, "NEW-SUBNET NETWORK CIDR [KEY=VALUE]", pre_no_ports, cmd_subnet_add, NULL,
     "--may-exist", RW},
    {"subnet-del", 1, 1, "SUBNET", pre_no_ports, cmd_subnet_del, NULL, "--if-exists", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
