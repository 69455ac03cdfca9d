/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/packet-in.h"

#include <string.h>

#include "byte-order.h"
#include "flow.h"
#include "openvswitch/match.h"
#include "packets.h"
#include "pipeline/registers.h"

/* Sets the reason and its payload; they stay unset if the userdata is not whole, or its reason is
 * not known. */
static void
parse_userdata(const void *userdata, size_t len, struct pipeline_packet_in *pin)
{
    struct packet_in_header header;

    if (len < sizeof header) {
        return;
    }
    memcpy(&header, userdata, sizeof header);
    if (header.length != len - sizeof header || header.reason >= PIN_N_REASONS) {
        return;
    }
    pin->reason = header.reason;
    pin->payload = (const uint8_t *) userdata + sizeof header;
    pin->payload_len = header.length;
}

void
packet_in_parse(const void *userdata, size_t len, const struct match *metadata,
                struct pipeline_packet_in *pin)
{
    const struct flow *flow = &metadata->flow;
    const enum mf_field_id flags = REG_FLAGS;

    *pin = (struct pipeline_packet_in){
        .router_key = flow_get_xreg(flow, XREG_ROUTER - MFF_XREG0),
        .network_key = ntohll(flow->metadata),
        .inport = flow->regs[REG_INPORT - MFF_REG0],
        .tunnel_source = flow_tnl_src(&flow->tunnel),
        .flags = flow->regs[flags - MFF_REG0],
    };
    eth_addr_from_uint64(flow_get_xreg(flow, XREG_SRC_MAC - MFF_XREG0), &pin->src_mac);
    for (size_t i = 0; i < 4; i++) {
        ovs_be32 word = htonl(flow->regs[4 * (XXREG_NEXTHOP - MFF_XXREG0) + i]);

        memcpy(&pin->nexthop.s6_addr[4 * i], &word, sizeof word);
    }
    in6_addr_set_mapped_ipv4(&pin->nexthop4, htonl(flow->regs[REG_NEXTHOP - MFF_REG0]));
    parse_userdata(userdata, len, pin);
}
