/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include <netinet/icmp6.h>

#include "packets.h"

/* Part of stage "responder": router solicitations of local ports (RFC 4861 6.2.6).
 *
 * On a network where a router port advertises they go to the daemon, which answers.  That is all
 * that becomes of them, so a thousand machines that start do not tell each other; but on a
 * provider network other routers may be there, which are asked as well. */

#define ND_HOP_LIMIT 255

/* ff02::2. */
static const struct in6_addr all_routers = {
    {{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}},
};

void
responder_solicitations(struct run *run, const struct subject *subject, uint16_t priority)
{
    const struct network *network = subject_network(subject);
    const struct network_config *config = network_look(run, network);

    if (!config || !network_is_local(run, network) || !network_advertises(run, network)) {
        return;
    }

    /* With the MAC address, packets of all other kinds are told apart by their first fields. */
    struct match match = MATCH_CATCHALL_INITIALIZER;
    struct eth_addr mac;
    ipv6_multicast_to_ethernet(&mac, &all_routers);
    match_network(&match, network);
    match_set_dl_dst(&match, mac);
    match_icmpv6(&match, ND_ROUTER_SOLICIT);
    match_set_ipv6_dst(&match, &all_routers);
    match_set_nw_ttl(&match, ND_HOP_LIMIT);
    match_set_icmp_code(&match, 0);

    ACTIONS(actions);
    act_to_daemon(&actions, PIN_ROUTER_SOLICITATION, NULL, 0);
    if (network_type_is_provider(config->type)) {
        act_resubmit(&actions, &stage_fdb);
    }
    stage_flow(run, &stage_responder, priority, &match, &actions);
    ofpbuf_uninit(&actions);
}
