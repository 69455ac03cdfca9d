/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"

/* Stage "neighbour": the MAC address of an IP address of a network.
 *
 * The same fact serves routed packets, whose next hop it resolves, and ARP
 * requests, which it answers: one flow for each address, however many routers and
 * ports ask. */

void
neighbour_constants(struct run *run, const struct attachment *attachment)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_flags(&match, FLAG_ROUTED, FLAG_ROUTED);
    attachment->refuse(&actions, PIN_NO_NEIGHBOUR);
    run_flow(run, STAGE_NEIGHBOUR, 10, &match, &actions);

    /* An ARP request for an address that nobody is known to have. */
    match_init_catchall(&match);
    ofpbuf_clear(&actions);
    act_set_flags(&actions, 0, FLAG_RESPOND);
    act_resubmit(&actions, STAGE_FDB);
    run_flow(run, STAGE_NEIGHBOUR, 0, &match, &actions);
    ofpbuf_uninit(&actions);
}

void
neighbour_address(struct run *run, const struct subject *subject)
{
    neighbour_address_by(run, subject, STAGE_REWRITE);
}

void
neighbour_address_by(struct run *run, const struct subject *subject, enum stage next)
{
    const struct entry *entry = subject_entry(subject);
    const struct network *network = entry_network(entry);

    if (!address_is_ipv4(entry_ip(entry)) || !network_look(run, network)
        || !network_is_needed(run, network)) {
        return;
    }

    struct holder holder = entry_holder(run, entry);
    struct eth_addr mac;
    if (holder.router_port) {
        if (!router_is_active(run, router_port_router(holder.router_port))) {
            return;
        }
        mac = router_port_look(run, holder.router_port)->mac;
    } else {
        mac = port_look(run, holder.port)->mac;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    match_network(&match, network);
    match_set_reg(&match, reg_index(REG_NEXTHOP), ntohl(in6_addr_get_mapped_ipv4(entry_ip(entry))));

    ACTIONS(actions);
    act_set(&actions, XREG_DST_MAC, eth_addr_to_uint64(mac));
    act_resubmit(&actions, next);
    run_flow(run, STAGE_NEIGHBOUR, 100, &match, &actions);
    ofpbuf_uninit(&actions);
}
