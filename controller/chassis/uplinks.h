/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_UPLINKS_H
#define CHASSIS_UPLINKS_H 1

/* Whether physical networks can be reached by the bridges that are mapped to them. */

#include <stdbool.h>

struct ovsdb_idl;
struct smap;
struct sset;

/* Makes 'down' the physical networks of 'bridge_mappings' of which the bridge has uplinks, but none
 * that has a link.  An uplink is an interface that is neither internal to the switch nor a patch
 * to another bridge: of what is behind such a one nothing is known.  Returns true if it was
 * anything else. */
bool uplinks_find_down(const struct ovsdb_idl *, const struct smap *bridge_mappings,
                       struct sset *down);

#endif /* chassis/uplinks.h */
