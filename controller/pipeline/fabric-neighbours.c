/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include <netinet/icmp6.h>

#include "nb/ip.h"
#include "packets.h"

/* What tells the daemon of external neighbours (service/resolver.h).
 *
 * Answers to its questions are sent to the MAC address of the chassis, by physical hosts or by
 * machines here, and are for nobody else.  What a known neighbour sends to anybody is of interest
 * only if it has another MAC address by then; it goes its way besides. */

static bool
is_connected(struct run *run, const struct network *network)
{
    const struct network_config *config = network_look(run, network);

    return (config && network_type_is_provider(config->type) && host_forwards_outside(run)
            && network_is_needed(run, network)
            && host_provider_ofport(run, config->physical_network));
}

void
fdb_neighbour_answers(struct run *run, const struct subject *subject, uint16_t priority)
{
    const struct network *network = subject_network(subject);

    if (!is_connected(run, network)) {
        return;
    }

    ACTIONS(actions);
    act_to_daemon(&actions, PIN_NEIGHBOUR, NULL, 0);
    for (int i = 0; i < N_FAMILIES; i++) {
        struct match match = MATCH_CATCHALL_INITIALIZER;

        match_network(&match, network);
        match_set_dl_dst(&match, host_chassis_mac(run));
        if (i) {
            match_icmpv6(&match, ND_NEIGHBOR_ADVERT);
        } else {
            match_set_dl_type(&match, htons(ETH_TYPE_ARP));
            match_set_nw_proto(&match, ARP_OP_REPLY);
        }
        stage_flow(run, &stage_fdb, priority, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

/* A frame that says where the neighbour is. */
static void
match_statement(struct match *match, const struct entry *entry)
{
    const struct in6_addr *ip = entry_ip(entry);

    match_network(match, entry_network(entry));
    match_flags(match, 0, FLAG_SIGHTED);
    if (address_is_ipv4(ip)) {
        match_set_dl_type(match, htons(ETH_TYPE_ARP));
        match_set_nw_src(match, in6_addr_get_mapped_ipv4(ip));
    } else {
        match_icmpv6(match, ND_NEIGHBOR_ADVERT);
        match_set_nd_target(match, ip);
    }
}

static void
match_statement_of(struct match *match, const struct entry *entry, struct eth_addr mac)
{
    match_statement(match, entry);
    if (address_is_ipv4(entry_ip(entry))) {
        match_set_arp_sha(match, mac);
    } else {
        match_set_arp_tha(match, mac); /* The target's link-layer address. */
    }
}

void
from_fabric_sightings(struct run *run, const struct subject *subject, uint16_t same_priority,
                      uint16_t other_priority)
{
    const struct entry *entry = subject_entry(subject);
    const struct holder holder = entry_holder(run, entry);

    if (!holder.neighbour || !is_connected(run, entry_network(entry))) {
        return;
    }

    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_statement_of(&match, entry, external_neighbour_mac(holder.neighbour));
    act_set_flags(&actions, FLAG_SIGHTED, FLAG_SIGHTED);
    act_resubmit(&actions, &stage_from_fabric);
    stage_flow(run, &stage_from_fabric, same_priority, &match, &actions);

    match_init_catchall(&match);
    match_statement(&match, entry);
    ofpbuf_clear(&actions);
    act_to_daemon(&actions, PIN_NEIGHBOUR, NULL, 0);
    act_set_flags(&actions, FLAG_SIGHTED, FLAG_SIGHTED);
    act_resubmit(&actions, &stage_from_fabric);
    stage_flow(run, &stage_from_fabric, other_priority, &match, &actions);
    ofpbuf_uninit(&actions);
}
