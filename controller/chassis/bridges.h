/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_BRIDGES_H
#define CHASSIS_BRIDGES_H 1

/* A bridge by its name, and our ports on it by their marks and names.
 *
 * Our ports are recognised by these keys in the external_ids of their Port rows. */

#include <stdbool.h>

struct ovsdb_idl;
struct ovsrec_bridge;
struct ovsrec_open_vswitch;
struct smap;

#define MARK_TUNNEL "dragonflow-tunnel"   /* Type of encapsulation, "6" behind it over IPv6. */
#define MARK_PHYSNET "dragonflow-physnet" /* Physical network; on both patch ports. */
#define MARK_BFD "dragonflow-bfd"         /* Name of the chassis at the other end. */

/* Names of our ports: df-TYPE, df-TYPE6 over IPv6, and for each physical network the integration
 * bridge's end and the provider bridge's; for each BFD session df-b- and a hash of the chassis. */
#define OWN_PREFIX "df-"
#define OWN_INT_PREFIX "df-int-"
#define OWN_PHY_PREFIX "df-phy-"
#define OWN_BFD_PREFIX "df-b-"

/* The bridge called 'name', or NULL. */
const struct ovsrec_bridge *bridges_find(const struct ovsdb_idl *, const char *name);

/* True if these external_ids of a port or interface carry one of our marks. */
bool bridges_is_marked(const struct smap *external_ids);

/* True if a port or interface with this name and these external_ids is one of ours, or
 * may be in the way of one. */
bool bridges_is_own(const char *name, const struct smap *external_ids);

/* True if the switch makes dummy interfaces, as in tests: then all its datapaths are of the
 * userspace.  'cfg' may be NULL. */
bool bridges_has_dummies(const struct ovsrec_open_vswitch *cfg);

#endif /* chassis/bridges.h */
