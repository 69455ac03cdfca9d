/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/uplinks.h"

#include <string.h>

#include "chassis/bridges.h"
#include "lib/vswitch-idl.h"
#include "smap.h"
#include "sset.h"

static bool
is_uplink(const struct ovsrec_bridge *bridge, const struct ovsrec_interface *iface)
{
    return (strcmp(iface->type, "internal") && strcmp(iface->type, "patch")
            && strcmp(iface->name, bridge->name));
}

/* What the switch has not told of yet counts as a link. */
static bool
is_down(const struct ovsrec_bridge *bridge)
{
    size_t n_down = 0;

    for (size_t i = 0; i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];

        for (size_t j = 0; j < port->n_interfaces; j++) {
            const struct ovsrec_interface *iface = port->interfaces[j];

            if (is_uplink(bridge, iface)) {
                if (!iface->link_state || strcmp(iface->link_state, "down")) {
                    return false;
                }
                n_down++;
            }
        }
    }
    return n_down > 0;
}

bool
uplinks_find_down(const struct ovsdb_idl *idl, const struct smap *bridge_mappings,
                  struct sset *down)
{
    struct sset now = SSET_INITIALIZER(&now);
    const struct smap_node *node;
    bool changed;

    SMAP_FOR_EACH (node, bridge_mappings) {
        const struct ovsrec_bridge *bridge = bridges_find(idl, node->value);

        if (bridge && is_down(bridge)) {
            sset_add(&now, node->key);
        }
    }
    changed = !sset_equals(&now, down);
    sset_swap(&now, down);
    sset_destroy(&now);
    return changed;
}
