/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"
#include "util.h"

/* Stage "tunnel-source": what comes by tunnel must come from a chassis.
 *
 * An encapsulation protects nothing by itself: anybody who can send to this chassis' tunnel address
 * could put packets into any network.  What comes from the tunnel address of no chassis is dropped,
 * and the daemon is told, since it may be a chassis with a wrong address.
 *
 * Open vSwitch matches the outer addresses of whatever comes by tunnel anyway, so there are no more
 * megaflows for this.  Where the fabric lets somebody forge source addresses, it does not help. */

void
tunnel_source_chassis_by(struct run *run, const struct subject *subject,
                         const struct ofpbuf *actions)
{
    const struct chassis *chassis = subject_chassis(subject);

    if (!chassis_is_another(run, chassis)) {
        return;
    }
    const struct in6_addr *last = NULL;
    for (enum network_type type = 0; type < N_ENCAPS; type++) {
        const struct in6_addr *ip = chassis_tunnel(run, chassis, type);
        struct match match = MATCH_CATCHALL_INITIALIZER;

        /* One address for all encapsulations is usual, and one flow then. */
        if (!ip || !host_tunnel_ofport(run, type) || (last && ipv6_addr_equals(ip, last))) {
            continue;
        }
        last = ip;
        if (in6_addr_get_mapped_ipv4(ip)) {
            match_set_tun_src(&match, in6_addr_get_mapped_ipv4(ip));
        } else {
            match_set_tun_ipv6_src(&match, ip);
        }
        run_flow(run, STAGE_TUNNEL_SOURCE, 100, &match, actions);
    }
}

void
tunnel_source_chassis(struct run *run, const struct subject *subject)
{
    ACTIONS(actions);

    act_resubmit(&actions, STAGE_FDB);
    tunnel_source_chassis_by(run, subject, &actions);
    ofpbuf_uninit(&actions);
}

/* As much as one local port may ask of the daemon. */
void
tunnel_source_constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    for (enum network_type type = 0; type < N_ENCAPS; type++) {
        ofp_port_t ofport = host_tunnel_ofport(run, type);
        struct match match = MATCH_CATCHALL_INITIALIZER;
        ACTIONS(actions);

        if (ofport) {
            match_set_in_port(&match, ofport);
            act_set(&actions, REG_INPORT, ofp_to_u16(ofport));
            act_to_daemon(&actions, PIN_STRANGER);
            run_flow(run, STAGE_TUNNEL_SOURCE, 0, &match, &actions);
            limit_port(run, ofport);
        }
        ofpbuf_uninit(&actions);
    }
}
