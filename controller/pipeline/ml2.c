/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

/* Beside Neutron's stock Open vSwitch agent: a short cut for East-West packets of IPv4 and IPv6.
 *
 * The agent keeps doing layer 2, security groups, broadcasts and everything that a
 * router does beyond forwarding between known ports.  A packet of a local port to a
 * router's MAC is taken out of the agent's pipeline where it would go on to NORMAL,
 * after the sender's security groups.  If, and only if, it is certain that it can be
 * forwarded to a port with a known location, it is rewritten and delivered: to
 * another chassis by tunnel or provider bridge, where the agent of that chassis
 * receives it like any packet of the network; or to a local port by the agent's
 * pipeline, as if it had come from its tunnel bridge, so that the receiver's security
 * groups apply.  Anything else goes on to NORMAL, unchanged, and so to the legacy
 * router.
 *
 * NORMAL and the tunnel bridges learn source MACs.  A router's MAC, as a source, must
 * come from the legacy router only, or answers to it would go astray: what is
 * forwarded here carries a MAC of this chassis.
 *
 *   stock-transient ─► entry ─► responder ─► fdb ─► router ─► route ─► pmtu ─► neighbour
 *   stock-egress ──────┘ ╎          ╎         ╎       ╎         ╎        ╎       ╎   │
 *                        └╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┴╌╌╌╌► NORMAL ◄╌╌╌┴╌╌╌╌╌╌╌╌┴╌╌╌╌╌╌╌┘ lease
 *                                   ╎                                                │
 *     the asker ◄╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┴╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ rewrite
 *                                                                                    │
 *                               deliver, or stock-transient (a local port) ◄─────── fdb
 *
 * Stage "lease" stands between what only asks and what alters a packet.  An ARP request or a
 * neighbour solicitation for a router's address goes to NORMAL as well as to its answer; the
 * latter passes "solicitation" after "responder", and "advertise" after "rewrite".  What arrives
 * by the tunnel port of ours passes stock-entry and tunnel-source, and enters the agent's
 * pipeline. */

static void
act_normal(struct ofpbuf *actions, enum packet_in_reason reason OVS_UNUSED)
{
    act_output(actions, OFPP_NORMAL);
}

const struct attachment ml2_attachment = {.refuse = act_normal, .refuse_quiet = act_normal};

void
ml2_else_normal(struct run *run, const struct stage *stage)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_output(&actions, OFPP_NORMAL);
    stage_flow(run, stage, PRIORITY_ELSE, &match, &actions);
    ofpbuf_uninit(&actions);
}

void
ml2_act_enter(struct run *run, struct ofpbuf *actions)
{
    act_set(actions, MFF_IN_PORT, ofp_to_u16(host_reinject_ofport(run)));
    act_resubmit(actions, &stage_stock_transient);
}

/* What the agent's firewall has noted of the sender, in conntrack and in its registers, must not
 * be taken for the receiver's. */
static void
act_reinject(struct run *run, struct ofpbuf *actions, uint16_t vlan)
{
    ofpact_put_CT_CLEAR(actions);
    act_set(actions, REG_STOCK_PORT, 0);
    act_set(actions, REG_STOCK_NETWORK, 0);
    act_set(actions, REG_STOCK_GROUP, 0);
    act_push_vlan(actions, vlan);
    ml2_act_enter(run, actions);
}

bool
ml2_act_deliver(struct run *run, struct ofpbuf *actions, const struct port *port)
{
    const struct network *network = port_network(port);
    const struct network_config *config = network_look(run, network);
    const struct chassis *chassis;
    ofp_port_t ofport;

    if (!config || !network_is_needed(run, network)) {
        return false;
    }

    enum location location = port_location(run, port, &ofport, &chassis);
    uint16_t vlan = network_local_vlan(run, network);
    if (location == LOCATION_LOCAL) {
        if (!vlan || !host_reinject_ofport(run)) {
            return false;
        }
        act_reinject(run, actions, vlan);
        return true;
    }
    if (location != LOCATION_REMOTE) {
        return false;
    }
    if (network_type_is_overlay(config->type)) {
        const struct in6_addr *tunnel = chassis_tunnel(run, chassis, config->type);

        if (!tunnel || !host_tunnel_ofport(run, config->type, underlay_of(tunnel))) {
            return false;
        }
        act_set_chassis(actions, tunnel);
    } else if (!network_type_is_provider(config->type) || !vlan
               || !host_provider_ofport(run, config->physical_network)) {
        return false;
    }
    act_resubmit(actions, &stage_deliver);
    return true;
}
