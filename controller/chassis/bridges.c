/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/bridges.h"

#include <string.h>

#include "lib/vswitch-idl.h"
#include "smap.h"

const struct ovsrec_bridge *
bridges_find(const struct ovsdb_idl *idl, const char *name)
{
    const struct ovsrec_bridge *bridge;

    OVSREC_BRIDGE_FOR_EACH (bridge, idl) {
        if (!strcmp(bridge->name, name)) {
            return bridge;
        }
    }
    return NULL;
}

bool
bridges_is_marked(const struct smap *external_ids)
{
    return (smap_get(external_ids, MARK_TUNNEL) || smap_get(external_ids, MARK_PHYSNET)
            || smap_get(external_ids, MARK_BFD));
}

bool
bridges_is_own(const char *name, const struct smap *external_ids)
{
    return !strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) || bridges_is_marked(external_ids);
}

bool
bridges_has_dummies(const struct ovsrec_open_vswitch *cfg)
{
    for (size_t i = 0; cfg && i < cfg->n_iface_types; i++) {
        if (!strcmp(cfg->iface_types[i], "dummy")) {
            return true;
        }
    }
    return false;
}
