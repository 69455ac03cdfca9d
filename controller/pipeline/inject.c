/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/inject.h"

#include "nb/ip.h"
#include "packets.h"
#include "pipeline/rules.h"

static void
put_next_hop(struct ofpbuf *actions, const struct injection *injection)
{
    act_set_flags(actions, FLAG_ROUTED, FLAG_ROUTED);
    act_set(actions, XREG_SRC_MAC, eth_addr_to_uint64(injection->src_mac));
    if (address_is_ipv4(&injection->nexthop)) {
        act_set(actions, REG_NEXTHOP, ntohl(in6_addr_get_mapped_ipv4(&injection->nexthop)));
    } else {
        act_set_ipv6(actions, XXREG_NEXTHOP, &injection->nexthop);
    }
}

void
pipeline_put_injection(struct ofpbuf *actions, const struct injection *injection)
{
    if (injection->network_key) {
        act_set(actions, REG_NETWORK, injection->network_key);
    }
    if (injection->router_key) {
        act_set(actions, XREG_ROUTER, injection->router_key);
    }
    if (injection->in_port) {
        act_set(actions, MFF_IN_PORT, ofp_to_u16(injection->in_port));
    }
    if (injection->outport) {
        act_set(actions, REG_OUTPORT, ofp_to_u16(injection->outport));
    }
    if (injection->stays_here) {
        act_set_flags(actions, FLAG_FROM_TUNNEL, UINT32_MAX);
    }
    if (ipv6_addr_is_set(&injection->nexthop)) {
        put_next_hop(actions, injection);
    }
    if (!eth_addr_is_zero(injection->dst_mac)) {
        act_set_flags(actions, injection->flags, UINT32_MAX);
        act_set(actions, XREG_SRC_MAC, eth_addr_to_uint64(injection->src_mac));
        act_set(actions, XREG_DST_MAC, eth_addr_to_uint64(injection->dst_mac));
    }
    act_resubmit(actions, injection->stage);
}
