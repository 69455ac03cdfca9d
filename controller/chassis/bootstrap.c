/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/bootstrap.h"

#include <stdlib.h>
#include <string.h>

#include "chassis/bfd.h"
#include "chassis/bridges.h"
#include "chassis/local-vlans.h"
#include "chassis/settings.h"
#include "flow.h"
#include "lib/vswitch-idl.h"
#include "nb/ip.h"
#include "nb/text.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(bootstrap);

/* What VLAN a port of ours is in. */
enum port_vlan {
    PORT_VLAN_ANY, /* The operator's choice. */
    PORT_VLAN_NONE,
    PORT_VLAN_DEAD, /* An access port of DEAD_VLAN. */
};

/* A port that must exist. */
struct wanted_port {
    const struct ovsrec_bridge *bridge;
    const char *type; /* Of the interface. */
    const char *mark; /* MARK_*. */
    char *mark_value;
    struct smap options; /* Of the interface; it may have more. */
    struct smap bfd;     /* Ditto. */
    enum port_vlan vlan;
    bool found;
    bool blocked; /* A port of another owner is in the way. */
};

struct repair {
    const struct ovsdb_idl *idl;
    struct ovsdb_idl_txn *txn;
    const struct ovsrec_open_vswitch *cfg;
    const struct chassis_settings *settings;
    const struct bfd_wanted *bfd;
    struct shash wanted; /* Port name to "struct wanted_port". */
    struct sset *warnings;
};

static void warning(struct sset *, const char *format, ...) OVS_PRINTF_FORMAT(2, 3);

static void
warning(struct sset *warnings, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sset_add_and_free(warnings, xvasprintf(format, args));
    va_end(args);
}

/* Either mark will do: repair_port() restores the other. */
static bool
is_own_port(const struct ovsrec_port *port)
{
    return (bridges_is_marked(&port->external_ids)
            || (port->n_interfaces == 1 && bridges_is_marked(&port->interfaces[0]->external_ids)));
}

/* The schema's default is "". */
static const char *
datapath_type(const struct ovsrec_bridge *bridge)
{
    return bridge->datapath_type[0] ? bridge->datapath_type : "system";
}

/* --- What must exist ----------------------------------------------------- */

static struct wanted_port *
want_port(struct repair *r, char *name, const struct ovsrec_bridge *bridge, const char *type,
          const char *mark, const char *mark_value)
{
    struct wanted_port *wanted = xzalloc(sizeof *wanted);

    wanted->bridge = bridge;
    wanted->type = type;
    wanted->mark = mark;
    wanted->mark_value = xstrdup(mark_value);
    smap_init(&wanted->options);
    smap_init(&wanted->bfd);
    shash_add_nocopy(&r->wanted, name, wanted);
    return wanted;
}

/* A tunnel port's mark: the encapsulation, with a 6 behind it over IPv6. */
static char *
tunnel_mark(enum network_type type, enum underlay underlay)
{
    return xasprintf("%s%s", network_type_to_string(type), underlay == UNDERLAY_IPV6 ? "6" : "");
}

/* The type of a tunnel's interface.  The kernel has a device of its own for GRE over IPv6, of
 * which the userspace datapath must know nothing: there, GRE packets of both families come to
 * whichever of two types is there first. */
static const char *
tunnel_interface_type(const struct repair *r, const struct ovsrec_bridge *bridge,
                      enum network_type type, enum underlay underlay)
{
    return (type == NETWORK_GRE && underlay == UNDERLAY_IPV6
                    && strcmp(datapath_type(bridge), "netdev") && !bridges_has_dummies(r->cfg)
                ? "ip6gre"
                : network_type_to_string(type));
}

static void
want_tunnel(struct repair *r, const struct ovsrec_bridge *bridge, enum network_type type,
            enum underlay underlay)
{
    char *mark = tunnel_mark(type, underlay);
    struct wanted_port *wanted =
        want_port(r, xasprintf(OWN_PREFIX "%s", mark), bridge,
                  tunnel_interface_type(r, bridge, type, underlay), MARK_TUNNEL, mark);

    /* A bridge that forwards by itself, as Neutron's agent lets it, must neither flood
     * to this port nor learn from it.  In a VLAN without other ports it does not, and
     * what a flow outputs to the port passes all the same. */
    wanted->vlan = r->settings->ml2 ? PORT_VLAN_DEAD : PORT_VLAN_NONE;
    smap_add(&wanted->options, "remote_ip", "flow");
    smap_add(&wanted->options, "key", "flow");
    smap_add_nocopy(&wanted->options, xstrdup("local_ip"),
                    address_format(&r->settings->encap_ip[underlay]));
    free(mark);
}

static void
want_tunnels(struct repair *r, const struct ovsrec_bridge *bridge)
{
    for (enum network_type type = 0; type < N_ENCAPS; type++) {
        for (enum underlay underlay = 0; underlay < N_UNDERLAYS; underlay++) {
            if (chassis_settings_has_tunnel(r->settings, type, underlay)) {
                want_tunnel(r, bridge, type, underlay);
            }
        }
    }
}

static void
want_session(struct repair *r, const struct ovsrec_bridge *bridge, const char *chassis,
             const struct bfd_peer *peer)
{
    enum underlay underlay = underlay_of(&peer->ip);

    if (!chassis_settings_has_tunnel(r->settings, peer->type, underlay)) {
        return; /* The settings have just changed. */
    }

    struct wanted_port *wanted =
        want_port(r, bfd_port_name(chassis), bridge,
                  tunnel_interface_type(r, bridge, peer->type, underlay), MARK_BFD, chassis);

    wanted->vlan = PORT_VLAN_NONE;
    smap_add_nocopy(&wanted->options, xstrdup("remote_ip"), address_format(&peer->ip));
    smap_add_nocopy(&wanted->options, xstrdup("local_ip"),
                    address_format(&r->settings->encap_ip[underlay]));
    smap_add_format(&wanted->options, "key", "%d", NETWORK_BFD_KEY);
    smap_add(&wanted->bfd, "enable", "true");
    smap_add_format(&wanted->bfd, "min_tx", "%u", r->settings->bfd_interval);
    smap_add_format(&wanted->bfd, "min_rx", "%u", r->settings->bfd_interval);
    smap_add(&wanted->bfd, "cpath_down", r->bfd->cpath_down ? "true" : "false");
}

static void
want_sessions(struct repair *r, const struct ovsrec_bridge *bridge)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &r->bfd->peers) {
        want_session(r, bridge, node->name, node->data);
    }
}

static void
want_patches(struct repair *r, const struct ovsrec_bridge *bridge)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, &r->settings->bridge_mappings) {
        const struct ovsrec_bridge *provider = bridges_find(r->idl, node->value);

        if (!provider) {
            warning(r->warnings, "physical network %s: bridge %s does not exist", node->key,
                    node->value);
            continue;
        } else if (provider == bridge) {
            warning(r->warnings, "physical network %s: bridge %s is the integration bridge",
                    node->key, node->value);
            continue;
        } else if (strcmp(datapath_type(provider), datapath_type(bridge))) {
            warning(r->warnings,
                    "physical network %s: nothing can pass between bridge %s "
                    "(datapath_type %s) and %s (%s)",
                    node->key, provider->name, datapath_type(provider), bridge->name,
                    datapath_type(bridge));
        }

        char *ours = xasprintf(OWN_INT_PREFIX "%s", node->key);
        char *theirs = xasprintf(OWN_PHY_PREFIX "%s", node->key);
        smap_add(&want_port(r, ours, bridge, "patch", MARK_PHYSNET, node->key)->options, "peer",
                 theirs);
        smap_add(&want_port(r, theirs, provider, "patch", MARK_PHYSNET, node->key)->options, "peer",
                 ours);
    }
}

/* --- The bridge ------------------------------------------------------------ */

/* Returns what bridge, port or interface has 'name', or NULL. */
static const char *
find_name(const struct ovsdb_idl *idl, const char *name)
{
    const struct ovsrec_interface *iface;
    const struct ovsrec_port *port;

    OVSREC_PORT_FOR_EACH (port, idl) {
        if (!strcmp(port->name, name)) {
            return "port";
        }
    }
    OVSREC_INTERFACE_FOR_EACH (iface, idl) {
        if (!strcmp(iface->name, name)) {
            return "interface";
        }
    }
    return NULL;
}

/* The datapath type of a new bridge: what is configured; else "netdev" on a host that
 * uses nothing else; else the system's default. */
static const char *
new_datapath_type(const struct repair *r)
{
    if (r->settings->datapath_type) {
        return r->settings->datapath_type;
    }
    for (size_t i = 0; i < r->cfg->n_bridges; i++) {
        if (strcmp(r->cfg->bridges[i]->datapath_type, "netdev")) {
            return "";
        }
    }
    return r->cfg->n_bridges ? "netdev" : "";
}

static void
create_bridge(struct repair *r)
{
    const char *name = r->settings->bridge;
    const char *in_the_way = find_name(r->idl, name);

    if (in_the_way) {
        warning(r->warnings, "cannot create bridge %s: there is a %s of that name", name,
                in_the_way);
        return;
    }

    struct ovsrec_interface *iface = ovsrec_interface_insert(r->txn);
    ovsrec_interface_set_name(iface, name);
    ovsrec_interface_set_type(iface, "internal");

    struct ovsrec_port *port = ovsrec_port_insert(r->txn);
    ovsrec_port_set_name(port, name);
    ovsrec_port_set_interfaces(port, &iface, 1);

    struct ovsrec_bridge *bridge = ovsrec_bridge_insert(r->txn);
    ovsrec_bridge_set_name(bridge, name);
    ovsrec_bridge_set_fail_mode(bridge, "secure");
    ovsrec_bridge_set_datapath_type(bridge, new_datapath_type(r));
    ovsrec_bridge_set_ports(bridge, &port, 1);

    ovsrec_open_vswitch_update_bridges_addvalue(r->cfg, bridge);
    TEXT_LOG(VLOG_INFO, "creating bridge %s", name);
}

static void
repair_bridge(struct repair *r, const struct ovsrec_bridge *bridge)
{
    const char *type = r->settings->datapath_type;

    if (!nullable_string_is_equal(bridge->fail_mode, "secure")) {
        TEXT_LOG(VLOG_INFO, "bridge %s: changing fail_mode from %s to secure", bridge->name,
                 bridge->fail_mode ? bridge->fail_mode : "the default");
        ovsrec_bridge_set_fail_mode(bridge, "secure");
    }
    if (type && strcmp(type, datapath_type(bridge))) {
        TEXT_LOG(VLOG_INFO, "bridge %s: changing datapath_type from %s to %s", bridge->name,
                 datapath_type(bridge), type);
        ovsrec_bridge_set_datapath_type(bridge, type);
    }
}

/* --- The ports ------------------------------------------------------------- */

static const int64_t dead_vlan = DEAD_VLAN;

static void
create_port(struct repair *r, const char *name, const struct wanted_port *wanted)
{
    const struct smap mark = SMAP_CONST1(&mark, wanted->mark, wanted->mark_value);

    struct ovsrec_interface *iface = ovsrec_interface_insert(r->txn);
    ovsrec_interface_set_name(iface, name);
    ovsrec_interface_set_type(iface, wanted->type);
    ovsrec_interface_set_options(iface, &wanted->options);
    ovsrec_interface_set_bfd(iface, &wanted->bfd);
    ovsrec_interface_set_external_ids(iface, &mark);

    struct ovsrec_port *port = ovsrec_port_insert(r->txn);
    ovsrec_port_set_name(port, name);
    ovsrec_port_set_interfaces(port, &iface, 1);
    ovsrec_port_set_external_ids(port, &mark);
    if (wanted->vlan == PORT_VLAN_DEAD) {
        ovsrec_port_set_tag(port, &dead_vlan, 1);
    }

    ovsrec_bridge_update_ports_addvalue(wanted->bridge, port);
    TEXT_LOG(VLOG_INFO, "bridge %s: adding %s port %s", wanted->bridge->name, wanted->type, name);
}

static void
repair_vlan(const struct ovsrec_port *port, enum port_vlan vlan)
{
    bool dead = vlan == PORT_VLAN_DEAD;

    if (vlan == PORT_VLAN_ANY) {
        return;
    }
    if (dead ? !port->n_tag || port->tag[0] != dead_vlan : port->n_tag) {
        TEXT_LOG(VLOG_INFO, "port %s: %s", port->name,
                 dead ? "isolating it in the dead VLAN" : "removing its VLAN tag");
        ovsrec_port_set_tag(port, &dead_vlan, dead);
    }
    if (dead && port->vlan_mode && strcmp(port->vlan_mode, "access")) {
        TEXT_LOG(VLOG_INFO, "port %s: changing vlan_mode from %s to access", port->name,
                 port->vlan_mode);
        ovsrec_port_set_vlan_mode(port, "access");
    }
}

static void
repair_port(const struct ovsrec_port *port, const struct wanted_port *wanted)
{
    const struct ovsrec_interface *iface = port->interfaces[0];
    const struct smap_node *node;

    if (!nullable_string_is_equal(smap_get(&port->external_ids, wanted->mark),
                                  wanted->mark_value)) {
        ovsrec_port_update_external_ids_setkey(port, wanted->mark, wanted->mark_value);
    }
    if (!nullable_string_is_equal(smap_get(&iface->external_ids, wanted->mark),
                                  wanted->mark_value)) {
        ovsrec_interface_update_external_ids_setkey(iface, wanted->mark, wanted->mark_value);
    }
    repair_vlan(port, wanted->vlan);
    if (strcmp(iface->type, wanted->type)) {
        TEXT_LOG(VLOG_INFO, "port %s: changing type from \"%s\" to %s", port->name, iface->type,
                 wanted->type);
        ovsrec_interface_set_type(iface, wanted->type);
    }
    /* What else is among the options was set by an operator (tos, csum, dst_port). */
    SMAP_FOR_EACH (node, &wanted->options) {
        const char *value = smap_get(&iface->options, node->key);

        if (!nullable_string_is_equal(value, node->value)) {
            TEXT_LOG(VLOG_INFO, "port %s: changing %s from %s to %s", port->name, node->key,
                     value ? value : "nothing", node->value);
            ovsrec_interface_update_options_setkey(iface, node->key, node->value);
        }
    }
    SMAP_FOR_EACH (node, &wanted->bfd) {
        if (!nullable_string_is_equal(smap_get(&iface->bfd, node->key), node->value)) {
            ovsrec_interface_update_bfd_setkey(iface, node->key, node->value);
        }
    }
}

/* A session that is not to be judged yet: it is of a previous run. */
static bool
is_kept(const struct repair *r, const struct ovsrec_port *port)
{
    return r->settings && !r->settings->ml2 && !r->bfd->known
           && smap_get(&port->external_ids, MARK_BFD);
}

/* Decides about one port of the database: leave it, repair it, remove it. */
static void
visit_port(struct repair *r, const struct ovsrec_bridge *bridge, const struct ovsrec_port *port)
{
    struct wanted_port *wanted = shash_find_data(&r->wanted, port->name);
    bool ours = is_own_port(port);

    for (size_t i = 0; i < port->n_interfaces; i++) {
        const char *name = port->interfaces[i]->name;
        struct wanted_port *same = shash_find_data(&r->wanted, name);

        if (same && (same != wanted || !ours)) {
            warning(r->warnings,
                    "cannot add port %s to bridge %s: bridge %s has an interface "
                    "of that name, which is not marked as ours",
                    name, same->bridge->name, bridge->name);
            same->blocked = true;
        }
    }
    if (!ours) {
        if (wanted) {
            wanted->blocked = true;
        }
    } else if (wanted && wanted->bridge == bridge && port->n_interfaces == 1
               && !strcmp(port->interfaces[0]->name, port->name)) {
        wanted->found = true;
        repair_port(port, wanted);
    } else if (!is_kept(r, port)) {
        TEXT_LOG(VLOG_INFO, "bridge %s: removing port %s", bridge->name, port->name);
        ovsrec_bridge_update_ports_delvalue(bridge, port);
        if (wanted) {
            /* Added where it belongs in the next round: the switch must not see a
             * port move. */
            wanted->blocked = true;
        }
    }
}

static void
repair_ports(struct repair *r)
{
    struct shash_node *node;

    for (size_t i = 0; i < r->cfg->n_bridges; i++) {
        const struct ovsrec_bridge *bridge = r->cfg->bridges[i];

        for (size_t j = 0; j < bridge->n_ports; j++) {
            visit_port(r, bridge, bridge->ports[j]);
        }
    }
    SHASH_FOR_EACH (node, &r->wanted) {
        struct wanted_port *wanted = node->data;

        if (!wanted->found && !wanted->blocked) {
            create_port(r, node->name, wanted);
        }
    }
}

void
bootstrap_repair(const struct ovsdb_idl *idl, const struct chassis_settings *settings,
                 const struct bfd_wanted *bfd, struct sset *warnings)
{
    const struct ovsrec_open_vswitch *cfg = ovsrec_open_vswitch_first(idl);
    const struct ovsrec_bridge *bridge;
    struct shash_node *node;

    if (!cfg) {
        warning(warnings, "the local database has no Open_vSwitch row");
        return;
    }

    struct repair r = {
        .idl = idl,
        .txn = ovsdb_idl_txn_get(&cfg->header_),
        .cfg = cfg,
        .settings = settings,
        .bfd = bfd,
        .wanted = SHASH_INITIALIZER(&r.wanted),
        .warnings = warnings,
    };
    bridge = settings ? bridges_find(idl, settings->bridge) : NULL;
    if (bridge) {
        want_tunnels(&r, bridge);
        if (!settings->ml2) {
            repair_bridge(&r, bridge);
            want_patches(&r, bridge);
            want_sessions(&r, bridge);
        }
    } else if (settings && !settings->ml2) {
        create_bridge(&r);
    } else if (settings) {
        warning(warnings,
                "bridge %s does not exist yet (in ml2 mode it is made by Neutron's "
                "agent)",
                settings->bridge);
    }
    repair_ports(&r);

    SHASH_FOR_EACH (node, &r.wanted) {
        struct wanted_port *wanted = node->data;

        free(wanted->mark_value);
        smap_destroy(&wanted->options);
        smap_destroy(&wanted->bfd);
    }
    shash_destroy_free_data(&r.wanted);
}

/* --- What became of them --------------------------------------------------- */

static ofp_port_t
get_ofport(const struct ovsrec_interface *iface, struct sset *warnings)
{
    int64_t ofport = iface->n_ofport ? iface->ofport[0] : 0;

    if (ofport < 0 || iface->error) {
        warning(warnings, "port %s does not work: %s", iface->name,
                iface->error ? iface->error : "the switch could not add it");
    }
    return u16_to_ofp(ofport > 0 && ofport <= UINT16_MAX ? ofport : 0);
}

/* Returns true if the port with this mark is a tunnel that the settings ask for. */
static bool
put_tunnel(const struct chassis_settings *settings, const char *mark, ofp_port_t ofport,
           ofp_port_t tunnel[N_ENCAPS][N_UNDERLAYS])
{
    bool found = false;

    for (enum network_type type = 0; type < N_ENCAPS; type++) {
        for (enum underlay underlay = 0; underlay < N_UNDERLAYS; underlay++) {
            char *m = tunnel_mark(type, underlay);

            if (!strcmp(mark, m) && chassis_settings_has_tunnel(settings, type, underlay)) {
                tunnel[type][underlay] = ofport;
                found = true;
            }
            free(m);
        }
    }
    return found;
}

void
bootstrap_get_ofports(const struct ovsrec_bridge *bridge, const struct chassis_settings *settings,
                      ofp_port_t tunnel[N_ENCAPS][N_UNDERLAYS], struct shash *provider,
                      struct sset *warnings)
{
    memset(tunnel, 0, N_ENCAPS * sizeof *tunnel);
    for (size_t i = 0; bridge && i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];
        const char *mark = smap_get(&port->external_ids, MARK_TUNNEL);
        const char *physnet = smap_get(&port->external_ids, MARK_PHYSNET);
        ofp_port_t ofport;

        if ((!mark && !physnet) || port->n_interfaces != 1) {
            continue;
        }
        ofport = get_ofport(port->interfaces[0], warnings);
        if (!ofport) {
            continue;
        }
        if ((!mark || !put_tunnel(settings, mark, ofport, tunnel)) && physnet && !settings->ml2
            && smap_get(&settings->bridge_mappings, physnet) && !shash_find(provider, physnet)) {
            shash_add(provider, physnet, xmemdup(&ofport, sizeof ofport));
        }
    }
}
