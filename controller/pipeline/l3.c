/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/l3.h"

#include "packets.h"
#include "pipeline/rules.h"

bool
l3_act_forward(struct run *run, struct ofpbuf *actions, const struct router_port *egress,
               const struct in6_addr *nexthop)
{
    const struct network *network = router_port_network(egress);

    if (!network_look(run, network)) {
        return false;
    }
    act_set(actions, XREG_SRC_MAC, eth_addr_to_uint64(router_port_look(run, egress)->mac));
    act_set(actions, REG_NETWORK, network_key(network));
    act_set_flags(actions, FLAG_ROUTED, FLAG_ROUTED);
    if (nexthop) {
        act_set(actions, REG_NEXTHOP, ntohl(in6_addr_get_mapped_ipv4(nexthop)));
    } else {
        act_move(actions, MFF_IPV4_DST, REG_NEXTHOP);
    }
    act_resubmit(actions, &stage_pmtu);
    return true;
}

void
l3_match_prefix(struct match *match, const struct entry *entry)
{
    match_init_catchall(match);
    match_router(match, entry_router(entry));
    match_ipv4(match);
    match_set_nw_dst_masked(match, in6_addr_get_mapped_ipv4(entry_ip(entry)),
                            be32_prefix_mask(entry_length(entry)));
}
