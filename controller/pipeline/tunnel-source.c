/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "packets.h"
#include "util.h"

/* Stage "tunnel-source": what comes by tunnel must come from a chassis.
 *
 * An encapsulation protects nothing by itself: any host that can send to this chassis' tunnel
 * address could put packets into any network.  What comes from the tunnel address of no chassis is
 * dropped, and reported to the daemon, since it may be a chassis with a wrong address.
 *
 * Open vSwitch matches the outer addresses of whatever comes by tunnel anyway, so there are no more
 * megaflows for this.  It does not help where the fabric lets hosts forge source addresses. */

#define PRIORITY_CHASSIS 100

/* What comes from the chassis over 'underlay' goes through 'actions'. */
static void
flow_addresses(struct run *run, const struct chassis *chassis, enum underlay underlay,
               const struct ofpbuf *actions)
{
    const struct in6_addr *last = NULL;

    for (enum network_type type = 0; type < N_ENCAPS; type++) {
        const struct in6_addr *ip = chassis_encap_ip(run, chassis, type, underlay);
        struct match match = MATCH_CATCHALL_INITIALIZER;

        /* One address for all encapsulations is usual, and one flow then. */
        if (!ip || !host_tunnel_ofport(run, type, underlay)
            || (last && ipv6_addr_equals(ip, last))) {
            continue;
        }
        last = ip;
        if (underlay == UNDERLAY_IPV4) {
            match_set_tun_src(&match, in6_addr_get_mapped_ipv4(ip));
        } else {
            match_set_tun_ipv6_src(&match, ip);
        }
        stage_flow(run, &stage_tunnel_source, PRIORITY_CHASSIS, &match, actions);
    }
}

/* What comes from the chassis goes through 'actions'. */
static void
flow_chassis(struct run *run, const struct subject *subject, const struct ofpbuf *actions)
{
    const struct chassis *chassis = subject_chassis(subject);

    if (!chassis_is_another(run, chassis)) {
        return;
    }
    flow_addresses(run, chassis, UNDERLAY_IPV4, actions);
    flow_addresses(run, chassis, UNDERLAY_IPV6, actions);
}

static void
tunnel_source_chassis(struct run *run, const struct subject *subject)
{
    ACTIONS(actions);

    act_resubmit(&actions, &stage_fdb);
    flow_chassis(run, subject, &actions);
    ofpbuf_uninit(&actions);
}

/* Beside the stock agent the packet goes on in the agent's pipeline. */
static void
ml2_tunnel_source_chassis(struct run *run, const struct subject *subject)
{
    ACTIONS(actions);

    if (host_reinject_ofport(run)) {
        ml2_act_enter(run, &actions);
        flow_chassis(run, subject, &actions);
    }
    ofpbuf_uninit(&actions);
}

/* A tunnel may ask as much of the daemon as one local port. */
static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    for (int i = 0; i < N_ENCAPS * N_UNDERLAYS; i++) {
        ofp_port_t ofport = host_tunnel_ofport(run, i / N_UNDERLAYS, i % N_UNDERLAYS);
        struct match match = MATCH_CATCHALL_INITIALIZER;
        ACTIONS(actions);

        if (ofport) {
            match_set_in_port(&match, ofport);
            act_set(&actions, REG_INPORT, ofp_to_u16(ofport));
            act_to_daemon(&actions, PIN_STRANGER, NULL, 0);
            stage_flow(run, &stage_tunnel_source, PRIORITY_ELSE, &match, &actions);
        }
        ofpbuf_uninit(&actions);
    }
}

const struct stage stage_tunnel_source = {
    .table = 96,
    .name = "tunnel-source",
    .purpose = "does it come from a chassis",
    .next = STAGE_LIST(&stage_fdb, &stage_limit_port, &stage_stock_transient),
    .priorities = PRIORITY_LIST({PRIORITY_CHASSIS, "a chassis"}, {PRIORITY_ELSE, "a stranger"}),
    .writes = REGISTER_LIST(REG_INPORT),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules =
                RULE_LIST({"tunnel-source", &topology_kinds[KIND_CHASSIS], tunnel_source_chassis}),
        },
    .flows[MODE_ML2] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST(
                {"ml2-tunnel-source", &topology_kinds[KIND_CHASSIS], ml2_tunnel_source_chassis}),
        },
};
