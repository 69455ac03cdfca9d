/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/l3.h"

#include "nb/ip.h"
#include "packets.h"
#include "pipeline/rules.h"

static void
act_next_hop(struct ofpbuf *actions, bool is_ipv4, const struct in6_addr *nexthop)
{
    if (is_ipv4 && nexthop) {
        act_set(actions, REG_NEXTHOP, ntohl(in6_addr_get_mapped_ipv4(nexthop)));
    } else if (is_ipv4) {
        act_move(actions, MFF_IPV4_DST, REG_NEXTHOP);
    } else if (nexthop) {
        act_set_ipv6(actions, XXREG_NEXTHOP, nexthop);
    } else {
        act_move(actions, MFF_IPV6_DST, XXREG_NEXTHOP);
    }
}

bool
l3_act_forward(struct run *run, struct ofpbuf *actions, const struct entry *prefix,
               const struct router_port *egress, const struct in6_addr *nexthop)
{
    const struct network *network = router_port_network(egress);

    const struct network_config *config = network_look(run, network);

    if (!config) {
        return false;
    }
    act_set(actions, XREG_SRC_MAC, eth_addr_to_uint64(router_port_look(run, egress)->mac));
    act_set(actions, REG_NETWORK, network_key(network));
    act_set_flags(actions, FLAG_ROUTED, FLAG_ROUTED);
    act_next_hop(actions, address_is_ipv4(entry_ip(prefix)), nexthop);
    act_resubmit(actions, network_type_is_provider(config->type) && host_forwards_outside(run)
                              ? &stage_gateway
                              : &stage_pmtu);
    return true;
}

void
l3_match_prefix(struct match *match, const struct entry *entry)
{
    match_init_catchall(match);
    match_router(match, entry_router(entry));
    match_dst_prefix(match, entry_ip(entry), entry_length(entry));
}
