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
#include "nb/domain-name.h"
#include "nb/dragonflow-idl.h"
#include "nb/ip.h"
#include "nb/model.h"
#include "svec.h"
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

/* The options of net-add. */
struct network_options {
    const char *type, *physical_network; /* NULL: not given. */
    int64_t segmentation_id, mtu;        /* -1 unless given. */
    bool has_segmentation_id, has_mtu;
    const char *external; /* "true", "false", or NULL: not given. */
};

static bool
parse_network_options(struct ctl_context *ctx, const char *name, struct network_options *o)
{
    enum { TYPE, SEGMENTATION_ID, PHYSICAL_NETWORK, MTU, EXTERNAL };
    static const char *const keys[] = {[TYPE] = "type",
                                       [SEGMENTATION_ID] = "segmentation-id",
                                       [PHYSICAL_NETWORK] = "physical-network",
                                       [MTU] = "mtu",
                                       [EXTERNAL] = "external",
                                       NULL};
    const char *values[ARRAY_SIZE(keys)];

    *o = (struct network_options){.segmentation_id = -1, .mtu = -1};
    if (!key_values_parse(ctx, 2, keys, values)
        || !parse_number(ctx, name, keys[SEGMENTATION_ID], values[SEGMENTATION_ID],
                         &o->segmentation_id)
        || !parse_number(ctx, name, keys[MTU], values[MTU], &o->mtu)) {
        return false;
    }
    o->type = values[TYPE];
    o->has_segmentation_id = values[SEGMENTATION_ID];
    o->physical_network = values[PHYSICAL_NETWORK];
    o->has_mtu = values[MTU];
    o->external = values[EXTERNAL];
    if (o->external && strcmp(o->external, "true") && strcmp(o->external, "false")) {
        ctl_error(ctx, "network %s: %s: \"%s\" is neither true nor false", name, keys[EXTERNAL],
                  o->external);
        return false;
    }
    return true;
}

static void
require_same_network_options(struct ctl_context *ctx, const struct nbrec_network *row,
                             const struct network_options *o)
{
    const int64_t default_mtu = DEFAULT_MTU;
    const char *name = row->name;

    if (o->type) {
        require_same(ctx, "network", name, "type", row->type, o->type);
    }
    require_same_number(ctx, name, "segmentation-id", row->n_segmentation_id, row->segmentation_id,
                        o->segmentation_id);
    if (o->physical_network) {
        require_same(ctx, "network", name, "physical-network", row->physical_network,
                     o->physical_network);
    }
    require_same_number(ctx, name, "mtu", 1, row->n_mtu ? row->mtu : &default_mtu, o->mtu);
    if (o->external) {
        require_same(ctx, "network", name, "external",
                     row->n_external && *row->external ? "true" : "false", o->external);
    }
}

static void
cmd_net_add(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    struct network_options o;

    if (!parse_network_options(ctx, name, &o)) {
        return;
    }

    const struct nbrec_network *row = object_find(ctx, NB_NETWORK, name);
    if (!may_create(ctx, "network", name, row)) {
        if (row) {
            require_same_network_options(ctx, row, &o);
        }
        return;
    }

    enum network_type type;
    const char *type_name = o.type ? o.type : network_type_to_string(NETWORK_GENEVE);
    if (!network_type_from_string(type_name, &type)) {
        ctl_error(ctx, "network %s: \"%s\" is none of geneve, vxlan, gre, vlan, flat, local", name,
                  type_name);
        return;
    }
    if (!o.has_segmentation_id && network_type_max_segmentation_id(type)) {
        o.segmentation_id = segment_allocate(ctx->idl, type, o.physical_network);
        if (!o.segmentation_id) {
            ctl_error(ctx, "network %s: every segmentation id of type %s is taken", name,
                      type_name);
            return;
        }
        o.has_segmentation_id = true;
        segment_warn_of_choice(ctx, name, type, o.segmentation_id, o.physical_network);
    }

    struct nbrec_network *new_row = nbrec_network_insert(ctx->txn);
    nbrec_network_set_name(new_row, name);
    nbrec_network_set_type(new_row, type_name);
    nbrec_network_set_segmentation_id(new_row, &o.segmentation_id, o.has_segmentation_id ? 1 : 0);
    if (o.physical_network) {
        nbrec_network_set_physical_network(new_row, o.physical_network);
    }
    nbrec_network_set_mtu(new_row, &o.mtu, o.has_mtu ? 1 : 0);
    if (o.external) {
        bool external = !strcmp(o.external, "true");
        nbrec_network_set_external(new_row, &external, 1);
    }
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
        &nbrec_network_col_external,
        NULL,
    };
    objects_list(ctx, NB_NETWORK, NULL, columns);
}

/* The comma-separated values of option 'key' of a subnet, each in its canonical spelling; none if
 * 's' is NULL.  Reports one that is not of 'type'. */
static bool
parse_list(struct ctl_context *ctx, const char *name, const char *key, enum nb_type type,
           const char *s, struct svec *values)
{
    char *list = xstrdup(s ? s : ""), *rest = list;
    const char *value;

    svec_init(values);
    while (!ctx->error && s && (value = strsep(&rest, ",")) != NULL) {
        char *why = value_check(type, value);

        if (why) {
            ctl_error(ctx, "subnet %s: %s: %s", name, key, why);
            free(why);
        } else {
            svec_add_nocopy(values, value_normalize(type, value));
        }
    }
    svec_sort_unique(values);
    free(list);
    return !ctx->error;
}

/* What a subnet tells its machines, of the options of subnet-add. */
struct subnet_options {
    char *gateway;
    const char *ra_mode, *address_mode;
    struct svec dns_servers, dns_search;
};

static bool
check_mode(struct ctl_context *ctx, const char *name, const char *key, const char *mode)
{
    char *why = mode ? value_check(NB_ADDRESS_MODE, mode) : NULL;

    if (why) {
        ctl_error(ctx, "subnet %s: %s: %s", name, key, why);
        free(why);
    }
    return !why;
}

static bool
parse_subnet_options(struct ctl_context *ctx, const char *name, struct subnet_options *o)
{
    enum { GATEWAY, RA_MODE, ADDRESS_MODE, DNS_SERVERS, DNS_SEARCH };
    static const char *const keys[] = {
        [GATEWAY] = "gateway",         [RA_MODE] = "ra-mode",       [ADDRESS_MODE] = "address-mode",
        [DNS_SERVERS] = "dns-servers", [DNS_SEARCH] = "dns-search", NULL};
    const char *values[ARRAY_SIZE(keys)];

    *o = (struct subnet_options){.gateway = NULL};
    if (!key_values_parse(ctx, 4, keys, values)) {
        return false;
    }
    o->gateway = values[GATEWAY] ? address_normalize(values[GATEWAY]) : NULL;
    o->ra_mode = values[RA_MODE];
    o->address_mode = values[ADDRESS_MODE];
    return (check_mode(ctx, name, keys[RA_MODE], o->ra_mode)
            && check_mode(ctx, name, keys[ADDRESS_MODE], o->address_mode)
            && parse_list(ctx, name, keys[DNS_SERVERS], NB_HOST_ADDRESS, values[DNS_SERVERS],
                          &o->dns_servers)
            && parse_list(ctx, name, keys[DNS_SEARCH], NB_DOMAIN_NAME, values[DNS_SEARCH],
                          &o->dns_search));
}

static void
subnet_options_destroy(struct subnet_options *o)
{
    free(o->gateway);
    svec_destroy(&o->dns_servers);
    svec_destroy(&o->dns_search);
}

static void
set_subnet_options(const struct nbrec_subnet *row, const struct subnet_options *o)
{
    if (o->gateway) {
        nbrec_subnet_set_gateway_ip(row, o->gateway);
    }
    if (o->ra_mode) {
        nbrec_subnet_set_ra_mode(row, o->ra_mode);
    }
    if (o->address_mode) {
        nbrec_subnet_set_address_mode(row, o->address_mode);
    }
    nbrec_subnet_set_dns_servers(row, (const char **) o->dns_servers.names, o->dns_servers.n);
    nbrec_subnet_set_dns_search(row, (const char **) o->dns_search.names, o->dns_search.n);
}

/* For --may-exist: 'has' is compared if 'wanted' is given. */
static void
require_same_option(struct ctl_context *ctx, const char *name, const char *what, const char *has,
                    const char *wanted)
{
    if (wanted) {
        require_same(ctx, "subnet", name, what, has, wanted);
    }
}

static void
require_same_list(struct ctl_context *ctx, const char *name, const char *what, char *const *has,
                  size_t n_has, char *(*normalize)(const char *), const struct svec *wanted)
{
    if (wanted->n) {
        struct svec canonical;
        normalize_all(has, n_has, normalize, &canonical);
        char *has_text = svec_join(&canonical, ",", "");
        char *text = svec_join(wanted, ",", "");

        require_same(ctx, "subnet", name, what, has_text, text);
        free(has_text);
        free(text);
        svec_destroy(&canonical);
    }
}

static void
require_same_options(struct ctl_context *ctx, const char *name, const struct nbrec_subnet *row,
                     const struct subnet_options *o)
{
    require_same_option(ctx, name, "gateway", row->gateway_ip, o->gateway);
    require_same_option(ctx, name, "ra-mode", row->ra_mode, o->ra_mode);
    require_same_option(ctx, name, "address-mode", row->address_mode, o->address_mode);
    require_same_list(ctx, name, "dns-servers", row->dns_servers, row->n_dns_servers,
                      address_normalize, &o->dns_servers);
    require_same_list(ctx, name, "dns-search", row->dns_search, row->n_dns_search,
                      domain_name_normalize, &o->dns_search);
}

static void
cmd_subnet_add(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    const struct nbrec_network *network = object_get(ctx, NB_NETWORK, ctx->argv[2]);
    struct subnet_options options;
    if (!network) {
        return;
    }
    if (!parse_subnet_options(ctx, name, &options)) {
        subnet_options_destroy(&options);
        return;
    }

    /* What would be a prefix of one address is not meant (see nb_check()). */
    char *cidr = strchr(ctx->argv[3], '/') ? prefix_normalize(ctx->argv[3]) : xstrdup(ctx->argv[3]);
    const struct nbrec_subnet *row = object_find(ctx, NB_SUBNET, name);
    if (may_create(ctx, "subnet", name, row)) {
        struct nbrec_subnet *new_row = nbrec_subnet_insert(ctx->txn);
        nbrec_subnet_set_name(new_row, name);
        nbrec_subnet_set_network(new_row, network);
        nbrec_subnet_set_cidr(new_row, cidr);
        set_subnet_options(new_row, &options);
    } else if (row) {
        require_same_network(ctx, "subnet", name, row->network, network);
        require_same(ctx, "subnet", name, "CIDR", row->cidr, cidr);
        require_same_options(ctx, name, row, &options);
    }
    free(cidr);
    subnet_options_destroy(&options);
}

/* The first of 'n' addresses, of a port or of a router port, that is on a subnet if the network has
 * any; NULL if there is none. */
static const char *
find_address(char *const *addresses, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *host = xmemdup0(addresses[i], strcspn(addresses[i], "/"));
        struct in6_addr address;
        char *error = address_parse(host, &address);
        bool found = !error && !address_is_scoped(&address);

        free(host);
        free(error);
        if (found) {
            return addresses[i];
        }
    }
    return NULL;
}

/* Whether 'row' is the only subnet of 'network'. */
static bool
is_last_subnet(struct ctl_context *ctx, const struct nbrec_subnet *row,
               const struct nbrec_network *network)
{
    const struct nbrec_subnet *other;

    NBREC_SUBNET_FOR_EACH (other, ctx->idl) {
        if (other != row && other->network == network) {
            return false;
        }
    }
    return true;
}

/* Adds 'kind' 'name' with its address to 'users', if it has one. */
static void
add_user(struct svec *users, const char *kind, const char *name, const char *address)
{
    if (address) {
        svec_add_nocopy(users, xasprintf("%s %s has address %s", kind, name, address));
    }
}

/* Addresses are checked against the subnets of their network, so the last one does not go while
 * there are addresses.  That of another one leaves them outside every subnet, which nb_check()
 * finds.  Returns false if 'row' stays, or ports have yet to be read. */
static bool
may_delete_subnet(struct ctl_context *ctx, const struct nbrec_subnet *row)
{
    const struct nbrec_network *network = row->network;
    struct svec users = SVEC_EMPTY_INITIALIZER;

    if (!network || !is_last_subnet(ctx, row, network)) {
        return true;
    }
    if (!rows_are_read(ctx, &nbrec_port_col_network, &network->header_.uuid)) {
        return false;
    }

    const struct nbrec_port *port;
    NBREC_PORT_FOR_EACH (port, ctx->idl) {
        if (port->network == network) {
            add_user(&users, "port", port->name, find_address(port->addresses, port->n_addresses));
        }
    }
    const struct nbrec_router_port *rp;
    NBREC_ROUTER_PORT_FOR_EACH (rp, ctx->idl) {
        if (rp->network == network) {
            add_user(&users, "router port", rp->name, find_address(rp->addresses, rp->n_addresses));
        }
    }
    svec_sort(&users);

    bool force = dfctl_context_cast(ctx)->dfctl->force;
    if (users.n && force) {
        warn_later(ctx, "subnet %s was the last one of network %s, where %s", row->name,
                   network->name, users.names[0]);
    } else if (users.n) {
        ctl_error(ctx, "subnet %s is the last one of network %s, where %s (--force deletes it)",
                  row->name, network->name, users.names[0]);
    }
    bool may = force || !users.n;
    svec_destroy(&users);
    return may;
}

static void
cmd_subnet_del(struct ctl_context *ctx)
{
    const struct nbrec_subnet *row = object_find(ctx, NB_SUBNET, ctx->argv[1]);

    if (!row || may_delete_subnet(ctx, row)) {
        object_delete(ctx, NB_SUBNET);
    }
}

const struct ctl_command_syntax network_commands[] = {
    {"net-add", 1, 6, "NEW-NETWORK [KEY=VALUE]...", pre_no_ports, cmd_net_add, NULL, "--may-exist",
     RW},
    {"net-del", 1, 1, "NETWORK", pre_no_ports, cmd_net_del, NULL, "--if-exists", RW},
    {"net-list", 0, 0, "", pre_no_ports, cmd_net_list, NULL, "", RO},
    {"subnet-add", 3, 8, "NEW-SUBNET NETWORK CIDR [KEY=VALUE]...", pre_no_ports, cmd_subnet_add,
     NULL, "--may-exist", RW},
    {"subnet-del", 1, 1, "SUBNET", pre_no_ports, cmd_subnet_del, NULL, "--if-exists", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
