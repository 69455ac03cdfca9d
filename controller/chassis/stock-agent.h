/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_STOCK_AGENT_H
#define CHASSIS_STOCK_AGENT_H 1

/* The patch ports by which Neutron's Open vSwitch agent connects the integration bridge
 * with its other bridges: "patch-tun" with br-tun, "int-BRIDGE" with each mapped bridge.
 *
 * A patch port that carries an iface-id or a VLAN tag leads to a virtual machine (the
 * agent's trunk ports) and not to a bridge of the agent: it does not count, and neither
 * does one of ours. */

#include "openvswitch/types.h"

struct chassis_settings;
struct ovsdb_idl;
struct ovsrec_bridge;
struct shash;
struct sset;

/* Reports 'reinject' as in struct chassis_view, and in 'provider' the agent's patch ports
 * on 'bridge', as physical networks to "ofp_port_t *"s, which the caller must free.  Adds
 * a sentence to 'warnings' for each thing that the agent has not made (yet).
 *
 * Walks all ports of 'bridge' and of the mapped bridges. */
void stock_agent_get_ofports(const struct ovsdb_idl *, const struct ovsrec_bridge *bridge,
                             const struct chassis_settings *, ofp_port_t *reinject,
                             struct shash *provider, struct sset *warnings);

#endif /* chassis/stock-agent.h */
