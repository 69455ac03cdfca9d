/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"

/* Stage "responder": ARP requests of local ports (RFC 826, RFC 5227).
 *
 * A request for any address that is known in the network is answered on the spot
 * with the MAC that stage "neighbour" knows for it; the answer is put together in
 * stage "rewrite".  Requests for unknown addresses are flooded like any broadcast.
 *
 * A port's request for its own address is a probe (RFC 5227 2.1.1) or an
 * announcement (2.3): it asks whether somebody else has the address, so it must
 * not be answered, and is flooded, as others may have an old MAC for the address (RFC 5227
 * 3). */

void
responder_constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_arp_request(&match);
    act_set_flags(&actions, FLAG_RESPOND, FLAG_RESPOND);
    act_move(&actions, MFF_ARP_TPA, REG_NEXTHOP);
    act_resubmit(&actions, STAGE_NEIGHBOUR);
    run_flow(run, STAGE_RESPONDER, 100, &match, &actions);

    match_init_catchall(&match);
    ofpbuf_clear(&actions);
    act_resubmit(&actions, STAGE_FDB);
    run_flow(run, STAGE_RESPONDER, 0, &match, &actions);
    ofpbuf_uninit(&actions);
}

void
respond_own_addresses(struct run *run, const struct subject *subject)
{
    const struct port *port = subject_local_port(subject);
    const struct port_config *config = port_look(run, port);
    const struct chassis *chassis;
    ofp_port_t ofport;

    if (!network_look(run, port_network(port))
        || port_location(run, port, &ofport, &chassis) != LOCATION_LOCAL) {
        return;
    }

    ACTIONS(actions);
    act_resubmit(&actions, STAGE_FDB);
    for (size_t i = 0; i < config->n_addresses; i++) {
        if (address_is_ipv4(&config->addresses[i])) {
            struct match match = MATCH_CATCHALL_INITIALIZER;

            match_arp_request(&match);
            match_set_in_port(&match, ofport);
            match_set_nw_dst(&match, in6_addr_get_mapped_ipv4(&config->addresses[i]));
            run_flow(run, STAGE_RESPONDER, 110, &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}
