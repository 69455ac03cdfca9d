/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/transit.h"

#include "packets.h"
#include "pipeline/rules.h"

/* Locally administered, unicast. */
static struct eth_addr
transit_mac(const struct router_port *rp)
{
    struct eth_addr mac;

    eth_addr_from_uint64(router_port_key(rp) & UINT64_C(0xffffffffffff), &mac);
    mac.ea[0] = (mac.ea[0] & ~1) | 2;
    return mac;
}

bool
transit_act_send(struct run *run, struct ofpbuf *actions, const struct router_port *rp,
                 const struct chassis *gateway)
{
    for (enum network_type type = 0; type < N_ENCAPS; type++) {
        const struct in6_addr *tunnel = chassis_tunnel(run, gateway, type);

        if (tunnel && host_tunnel_ofport(run, type, underlay_of(tunnel))) {
            act_set_mac(actions, MFF_ETH_SRC, host_chassis_mac(run));
            act_set_mac(actions, MFF_ETH_DST, transit_mac(rp));
            act_set(actions, REG_NETWORK, transit_network(type));
            act_set_chassis(actions, tunnel);
            act_resubmit(actions, &stage_deliver);
            return true;
        }
    }
    return false;
}

void
transit_match(struct match *match, const struct router_port *rp)
{
    match_set_metadata(match, htonll(TRANSIT_ARRIVAL));
    match_set_dl_dst(match, transit_mac(rp));
}
