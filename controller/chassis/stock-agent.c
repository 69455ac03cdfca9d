/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/stock-agent.h"

#include <stdlib.h>
#include <string.h>

#include "chassis/bridges.h"
#include "chassis/settings.h"
#include "flow.h"
#include "lib/vswitch-idl.h"
#include "nb/text.h"
#include "openvswitch/shash.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

/* The agent's option int_peer_patch_port, which is hardly ever changed. */
#define TUNNEL_PATCH "patch-tun"

/* What a patch port is good for as the port of re-injected packets, best first: from
 * the tunnel bridge the stock pipeline expects packets with local VLANs, which is what
 * we re-inject; on the others it translates VLANs first. */
enum patch_rank {
    PATCH_TO_TUNNELS,
    PATCH_TO_MAPPED_BRIDGE,
    PATCH_ELSEWHERE,
};

/* A patch port of the agent on the integration bridge. */
struct patch {
    const char *peer; /* Name of the interface at the other end. */
    ofp_port_t ofport;
    enum patch_rank rank;
};

/* Returns the interface of 'port' if it is a patch port of the agent that works. */
static const struct ovsrec_interface *
get_patch(const struct ovsrec_port *port)
{
    const struct ovsrec_interface *iface = port->n_interfaces == 1 ? port->interfaces[0] : NULL;

    if (!iface || strcmp(iface->type, "patch") || !smap_get(&iface->options, "peer")
        || !iface->n_ofport || iface->ofport[0] <= 0 || iface->ofport[0] > UINT16_MAX) {
        return NULL;
    }
    if (port->n_tag || smap_get(&iface->external_ids, "iface-id")) {
        return NULL;
    }
    if (bridges_is_own(port->name, &port->external_ids)
        || bridges_is_own(iface->name, &iface->external_ids)) {
        return NULL;
    }
    return iface;
}

/* Adds the patch ports on 'bridge' to 'patches', which maps their interfaces' names to
 * "struct patch". */
static void
find_patches(const struct ovsrec_bridge *bridge, struct shash *patches)
{
    for (size_t i = 0; i < bridge->n_ports; i++) {
        const struct ovsrec_interface *iface = get_patch(bridge->ports[i]);

        if (iface) {
            struct patch *patch = xmalloc(sizeof *patch);

            patch->peer = smap_get(&iface->options, "peer");
            patch->ofport = u16_to_ofp(iface->ofport[0]);
            patch->rank = strcmp(iface->name, TUNNEL_PATCH) ? PATCH_ELSEWHERE : PATCH_TO_TUNNELS;
            shash_add_once(patches, iface->name, patch);
        }
    }
}

/* Returns the patch port by which 'patches' lead to 'bridge', of several the one whose
 * name sorts first; NULL if there is none.  Both ends must name each other, or nothing
 * passes. */
static struct patch *
find_patch_to(const struct shash *patches, const struct ovsrec_bridge *bridge)
{
    const struct shash_node *best = NULL;

    for (size_t i = 0; i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];

        for (size_t j = 0; j < port->n_interfaces; j++) {
            const struct ovsrec_interface *end = port->interfaces[j];
            const char *peer = smap_get(&end->options, "peer");
            const struct shash_node *node;

            if (strcmp(end->type, "patch") || !peer) {
                continue;
            }
            node = shash_find(patches, peer);
            if (node && !strcmp(((const struct patch *) node->data)->peer, end->name)
                && (!best || strcmp(node->name, best->name) < 0)) {
                best = node;
            }
        }
    }
    return best ? best->data : NULL;
}

static void
find_providers(const struct ovsdb_idl *idl, const struct ovsrec_bridge *bridge,
               const struct smap *mappings, const struct shash *patches, struct shash *provider,
               struct sset *warnings)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, mappings) {
        const struct ovsrec_bridge *mapped = bridges_find(idl, node->value);
        struct patch *patch = mapped && mapped != bridge ? find_patch_to(patches, mapped) : NULL;

        if (!mapped) {
            sset_add_and_free(warnings, text_format("physical network %s: bridge %s does not exist",
                                                    node->key, node->value));
        } else if (!patch) {
            sset_add_and_free(warnings,
                              text_format("physical network %s: Neutron's agent has not connected "
                                          "bridge %s with %s",
                                          node->key, node->value, bridge->name));
        } else {
            shash_add(provider, node->key, xmemdup(&patch->ofport, sizeof patch->ofport));
            patch->rank = MIN(patch->rank, PATCH_TO_MAPPED_BRIDGE);
        }
    }
}

void
stock_agent_get_ofports(const struct ovsdb_idl *idl, const struct ovsrec_bridge *bridge,
                        const struct chassis_settings *settings, ofp_port_t *reinject,
                        struct shash *provider, struct sset *warnings)
{
    struct shash patches = SHASH_INITIALIZER(&patches);
    const struct shash_node *best = NULL;
    const struct shash_node *node;

    find_patches(bridge, &patches);
    find_providers(idl, bridge, &settings->bridge_mappings, &patches, provider, warnings);

    SHASH_FOR_EACH (node, &patches) {
        const struct patch *patch = node->data;
        const struct patch *rival = best ? best->data : NULL;

        if (!rival || patch->rank < rival->rank
            || (patch->rank == rival->rank && strcmp(node->name, best->name) < 0)) {
            best = node;
        }
    }
    if (!best) {
        sset_add_and_free(warnings,
                          text_format("bridge %s has no patch port to another bridge of Neutron's "
                                      "agent",
                                      bridge->name));
    }
    *reinject = best ? ((const struct patch *) best->data)->ofport : 0;
    shash_destroy_free_data(&patches);
}
