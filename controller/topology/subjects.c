/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/subjects.h"

#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "topology/private.h"
#include "util.h"

const struct network *
subject_network(const struct subject *s)
{
    return CONTAINER_OF(s, struct network, subject);
}

const struct port *
subject_local_port(const struct subject *s)
{
    return CONTAINER_OF(s, struct port, local_subject);
}

const struct router_port *
subject_router_port(const struct subject *s)
{
    return CONTAINER_OF(s, struct router_port, subject);
}

const struct entry *
subject_entry(const struct subject *s)
{
    return CONTAINER_OF(s, struct entry, subject);
}

const struct chassis *
subject_chassis(const struct subject *s)
{
    return CONTAINER_OF(s, struct chassis, subject);
}

const struct nat *
subject_nat(const struct subject *s)
{
    return CONTAINER_OF(s, struct nat, subject);
}

static const char *
network_name(const struct network *n)
{
    return n->defined ? n->config.name : "(unknown network)";
}

static void
format_pipeline(const struct subject *s OVS_UNUSED, struct ds *ds)
{
    ds_put_cstr(ds, "-");
}

static void
format_network(const struct subject *s, struct ds *ds)
{
    text_put(ds, network_name(subject_network(s)), TEXT_QUOTE_MAX);
}

static void
format_local_port(const struct subject *s, struct ds *ds)
{
    text_put(ds, subject_local_port(s)->config.name, TEXT_QUOTE_MAX);
}

static void
format_router_port(const struct subject *s, struct ds *ds)
{
    text_put(ds, subject_router_port(s)->config.name, TEXT_QUOTE_MAX);
}

/* Appends the owner of the best claim on the entry. */
static void
format_holder(const struct entry *e, struct ds *ds)
{
    if (!ovs_list_is_empty(&e->claims)) {
        const struct claim *c = CONTAINER_OF(ovs_list_front(&e->claims), struct claim, node);

        if (c->port) {
            ds_put_cstr(ds, " of port ");
            text_put(ds, c->port->config.name, TEXT_QUOTE_MAX);
        } else if (c->router_port) {
            ds_put_cstr(ds, " of router port ");
            text_put(ds, c->router_port->config.name, TEXT_QUOTE_MAX);
        } else if (c->nat) {
            ds_put_cstr(ds, " of nat ");
            text_put(ds, c->nat->config.name, TEXT_QUOTE_MAX);
        } else if (c->neighbour) {
            ds_put_cstr(ds, " of an external neighbour");
        }
    }
}

static void
format_address(const struct subject *s, struct ds *ds)
{
    const struct entry *e = subject_entry(s);

    ipv6_format_mapped(&e->key.ip, ds);
    format_holder(e, ds);
    ds_put_cstr(ds, " in ");
    text_put(ds, network_name(e->network), TEXT_QUOTE_MAX);
}

static void
format_mac(const struct subject *s, struct ds *ds)
{
    const struct entry *e = subject_entry(s);

    ds_put_format(ds, ETH_ADDR_FMT, ETH_ADDR_ARGS(e->key.mac));
    format_holder(e, ds);
    ds_put_cstr(ds, " in ");
    text_put(ds, network_name(e->network), TEXT_QUOTE_MAX);
}

static void
format_prefix(const struct subject *s, struct ds *ds)
{
    const struct entry *e = subject_entry(s);

    ipv6_format_mapped(&e->key.ip, ds);
    ds_put_format(ds, "/%u of router ", e->key.length);
    text_put(ds, e->router->defined ? e->router->config.name : "(unknown router)", TEXT_QUOTE_MAX);
}

static void
format_chassis(const struct subject *s, struct ds *ds)
{
    ds_put_cstr(ds, subject_chassis(s)->config.name);
}

static void
format_nat(const struct subject *s, struct ds *ds)
{
    text_put(ds, subject_nat(s)->config.name, TEXT_QUOTE_MAX);
}

const struct subject_kind topology_kinds[N_KINDS] = {
    [KIND_PIPELINE] = {"pipeline", format_pipeline},
    [KIND_NETWORK] = {"network", format_network},
    [KIND_LOCAL_PORT] = {"port", format_local_port},
    [KIND_ROUTER_PORT] = {"router-port", format_router_port},
    [KIND_ADDRESS] = {"address", format_address},
    [KIND_MAC] = {"mac", format_mac},
    [KIND_PREFIX] = {"prefix", format_prefix},
    [KIND_CHASSIS] = {"chassis", format_chassis},
    [KIND_NAT] = {"nat", format_nat},
};
