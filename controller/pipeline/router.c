/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"

/* Stage "router": what a router does with a packet that was sent to its MAC.
 *
 * A packet to one of its own addresses, on whichever of its ports it came in (RFC
 * 1122 3.3.4.2), is for the router itself: an echo request is answered in the
 * switch (RFC 792), anything else by the daemon.  The rest is forwarded, unless
 * its TTL does not allow that (RFC 1812 5.3.1). */

/* RFC 1700: the default TTL.  Stage "rewrite" takes one off what the router sends
 * as well as what it forwards. */
#define ROUTER_TTL 64

enum {
    PRIORITY_ECHO = 120,
    PRIORITY_OWN = 110,
    PRIORITY_TTL = 100,
    PRIORITY_TRANSIT = 50,
};

static void
constants(struct run *run, const struct attachment *attachment)
{
    struct match match;
    ACTIONS(actions);

    attachment->refuse(&actions, PIN_TTL_EXCEEDED);
    for (uint8_t ttl = 0; ttl <= 1; ttl++) {
        match_init_catchall(&match);
        match_ipv4(&match);
        match_set_nw_ttl(&match, ttl);
        stage_flow(run, &stage_router, PRIORITY_TTL, &match, &actions);
    }

    match_init_catchall(&match);
    match_ipv4(&match);
    ofpbuf_clear(&actions);
    act_resubmit(&actions, &stage_route);
    stage_flow(run, &stage_router, PRIORITY_TRANSIT, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
match_router_address(struct match *match, const struct router *router, ovs_be32 address)
{
    match_init_catchall(match);
    match_router(match, router);
    match_ipv4(match);
    match_set_nw_dst(match, address);
}

static void
router_own_address(struct run *run, const struct router *router, ovs_be32 address)
{
    struct match match;
    ACTIONS(actions);

    /* The switch cannot put fragments together: only whole requests. */
    match_router_address(&match, router, address);
    match_set_nw_proto(&match, IPPROTO_ICMP);
    match_set_icmp_type(&match, ICMP4_ECHO_REQUEST);
    match_set_icmp_code(&match, 0);
    match_set_nw_frag(&match, 0);
    act_move(&actions, MFF_IPV4_SRC, REG_SCRATCH);
    act_move(&actions, MFF_IPV4_DST, MFF_IPV4_SRC);
    act_move(&actions, REG_SCRATCH, MFF_IPV4_DST);
    act_set(&actions, MFF_ICMPV4_TYPE, ICMP4_ECHO_REPLY);
    act_set(&actions, MFF_IP_TTL, ROUTER_TTL + 1);
    act_resubmit(&actions, &stage_route);
    stage_flow(run, &stage_router, PRIORITY_ECHO, &match, &actions);

    match_router_address(&match, router, address);
    ofpbuf_clear(&actions);
    act_to_daemon(&actions, PIN_TO_ROUTER, NULL, 0);
    stage_flow(run, &stage_router, PRIORITY_OWN, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
router_addresses(struct run *run, const struct subject *subject)
{
    const struct router_port *rp = subject_router_port(subject);
    const struct router_port_config *config = router_port_look(run, rp);
    const struct router *router = router_port_router(rp);

    if (!router_is_active(run, router)) {
        return;
    }
    for (size_t i = 0; i < config->n_addresses; i++) {
        const struct in6_addr *address = &config->addresses[i].address;

        if (address_is_ipv4(address) && router_port_has_address(run, rp, i)) {
            router_own_address(run, router, in6_addr_get_mapped_ipv4(address));
        }
    }
}

const struct stage stage_router = {
    .table = 120,
    .name = "router",
    .purpose = "what a router does with a packet sent to its MAC",
    .next = STAGE_LIST(&stage_route, &stage_limit_port),
    .priorities = PRIORITY_LIST(
        {PRIORITY_ECHO, "an echo request to the router"}, {PRIORITY_OWN, "addressed to the router"},
        {PRIORITY_TTL, "a TTL that ends here"}, {PRIORITY_TRANSIT, "to be forwarded"}),
    .reads = REGISTER_LIST(XREG_ROUTER, REG_SCRATCH),
    .writes = REGISTER_LIST(REG_SCRATCH),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules =
                RULE_LIST({"router-address", &topology_kinds[KIND_ROUTER_PORT], router_addresses}),
        },
    .flows[MODE_ML2] = &(const struct stage_flows){.constants = constants},
};
