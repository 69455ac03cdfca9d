/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"

/* Stage "router": what a router does with a packet that was sent to its MAC.
 *
 * A packet to one of its own addresses, on whichever of its ports it came in (RFC
 * 1122 3.3.4.2), is for the router itself: an echo request is answered in the
 * switch (RFC 792, RFC 4443 4.2), anything else by the daemon.  The rest is forwarded, unless
 * its TTL does not allow that (RFC 1812 5.3.1, RFC 8200 3).
 *
 * A link-local address is the router's on one network only.  What comes from or goes to one has
 * come from a local port, and is never forwarded (RFC 4291 2.5.6): its answer goes back to where it
 * came from. */

/* RFC 1700: the default TTL.  Stage "rewrite" takes one off what the router sends
 * as well as what it forwards. */
#define ROUTER_TTL 64

enum {
    PRIORITY_MALFORMED = 140,
    PRIORITY_ECHO_ON_LINK = 130,
    PRIORITY_FROM_FLOATING_IP = 125,
    PRIORITY_ECHO = 120,
    PRIORITY_OWN = 110,
    PRIORITY_ON_LINK = 107,
    PRIORITY_SOURCE = 105,
    PRIORITY_TTL = 100,
    PRIORITY_PROTOCOL_0 = 90,
    PRIORITY_TRANSIT = 50,
};

/* Sources of IPv6 that are never forwarded.  They are told apart by their first 10 bits, as many as
 * a link-local address must be known by, so that switches' cache entries (megaflows) match no more
 * of the source. */
static const struct never_source {
    struct in6_addr prefix;
    bool is_scoped; /* The sender is told (RFC 4443 3.1, code 2). */
} never_sources[] = {
    {{.s6_addr = {0xfe, 0x80}}, true}, /* RFC 4291 2.5.6. */
    /* The unspecified, the loopback (RFC 4291 2.5.2, 2.5.3) and IPv4-mapped addresses; none of the
     * others is assigned (RFC 4291 2.4, RFC 6890). */
    {{.s6_addr = {0}}, false},
    /* ff00::/8: no packet has a multicast source (RFC 4291 2.7). */
    {{.s6_addr = {0xff, 0x00}}, false},
    {{.s6_addr = {0xff, 0x40}}, false},
    {{.s6_addr = {0xff, 0x80}}, false},
    {{.s6_addr = {0xff, 0xc0}}, false},
};

#define SOURCE_BITS 10

/* fe80::/10 (RFC 4291 2.5.6). */
static const struct in6_addr link_local = {.s6_addr = {0xfe, 0x80}};
#define LINK_LOCAL_LENGTH 10

static void
match_source(struct match *match, const struct in6_addr *prefix)
{
    const struct in6_addr mask = ipv6_create_mask(SOURCE_BITS);

    match_set_ipv6_src_masked(match, prefix, &mask);
}

/* The switch would forward what has protocol 0 with the TTL that it has (RFC 1812 5.3.1). */
static void
constants_ipv4(struct run *run, const struct attachment *attachment)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_ipv4(&match);
    match_set_nw_proto(&match, 0);
    attachment->refuse_quiet(&actions, PIN_NO_ROUTE);
    stage_flow(run, &stage_router, PRIORITY_PROTOCOL_0, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
constants_ipv6(struct run *run, const struct attachment *attachment)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    /* Its headers are not whole, and the switch would leave its hop limit as it is. */
    match_ipv6(&match);
    match_set_nw_proto(&match, 0);
    attachment->refuse_quiet(&actions, PIN_NO_ROUTE);
    stage_flow(run, &stage_router, PRIORITY_MALFORMED, &match, &actions);

    match_init_catchall(&match);
    match_dst_prefix(&match, &link_local, LINK_LOCAL_LENGTH);
    stage_flow(run, &stage_router, PRIORITY_ON_LINK, &match, &actions);

    for (size_t i = 0; i < ARRAY_SIZE(never_sources); i++) {
        const struct never_source *source = &never_sources[i];

        match_init_catchall(&match);
        match_ipv6(&match);
        match_source(&match, &source->prefix);
        ofpbuf_clear(&actions);
        (source->is_scoped ? attachment->refuse : attachment->refuse_quiet)(&actions, PIN_NO_ROUTE);
        stage_flow(run, &stage_router, PRIORITY_SOURCE, &match, &actions);
    }
    ofpbuf_uninit(&actions);
}

static void
constants(struct run *run, const struct attachment *attachment)
{
    struct match match;
    ACTIONS(actions);

    for (size_t i = 0; i < N_FAMILIES; i++) {
        ofpbuf_clear(&actions);
        attachment->refuse(&actions, PIN_TTL_EXCEEDED);
        for (uint8_t ttl = 0; ttl <= 1; ttl++) {
            match_init_catchall(&match);
            match_family[i](&match);
            match_set_nw_ttl(&match, ttl);
            stage_flow(run, &stage_router, PRIORITY_TTL, &match, &actions);
        }

        match_init_catchall(&match);
        match_family[i](&match);
        ofpbuf_clear(&actions);
        act_resubmit(&actions, &stage_route);
        stage_flow(run, &stage_router, PRIORITY_TRANSIT, &match, &actions);
    }
    ofpbuf_uninit(&actions);
    constants_ipv4(run, attachment);
    constants_ipv6(run, attachment);
}

/* A router port's address.  A link-local one is matched with its network. */
static void
match_own(struct match *match, const struct router_port *rp, const struct in6_addr *address)
{
    match_init_catchall(match);
    match_router(match, router_port_router(rp));
    match_dst_address(match, address);
    if (address_is_scoped(address)) {
        match_network(match, router_port_network(rp));
    }
}

/* The switch cannot put fragments together: only whole requests. */
static void
match_echo(struct match *match, const struct router_port *rp, const struct in6_addr *address)
{
    match_own(match, rp, address);
    if (address_is_ipv4(address)) {
        match_set_nw_proto(match, IPPROTO_ICMP);
        match_set_icmp_type(match, ICMP4_ECHO_REQUEST);
    } else {
        match_icmpv6(match, ICMP6_ECHO_REQUEST);
    }
    match_set_icmp_code(match, 0);
    match_set_nw_frag(match, 0);
}

/* The request becomes the reply, but for its TTL and MAC addresses.  An answer never comes from an
 * anycast address (RFC 4443 4.2). */
static void
act_echo_reply(struct ofpbuf *actions, const struct router_address *own)
{
    if (address_is_ipv4(&own->address)) {
        act_move(actions, MFF_IPV4_SRC, REG_SCRATCH);
        act_move(actions, MFF_IPV4_DST, MFF_IPV4_SRC);
        act_move(actions, REG_SCRATCH, MFF_IPV4_DST);
        act_set(actions, MFF_ICMPV4_TYPE, ICMP4_ECHO_REPLY);
    } else {
        act_move(actions, MFF_IPV6_SRC, XXREG_SCRATCH);
        act_move(actions, MFF_IPV6_DST, MFF_IPV6_SRC);
        act_move(actions, XXREG_SCRATCH, MFF_IPV6_DST);
        if (!ipv6_addr_equals(&own->source, &own->address)) {
            act_set_ipv6(actions, MFF_IPV6_SRC, &own->source);
        }
        act_set(actions, MFF_ICMPV6_TYPE, ICMP6_ECHO_REPLY);
    }
}

static void
flow_echo(struct run *run, const struct router_port *rp, const struct router_address *own)
{
    struct match match;
    ACTIONS(actions);

    match_echo(&match, rp, &own->address);
    act_echo_reply(&actions, own);
    act_set(&actions, MFF_IP_TTL, ROUTER_TTL + 1);
    act_resubmit(&actions, &stage_route);
    stage_flow(run, &stage_router, PRIORITY_ECHO, &match, &actions);
    ofpbuf_uninit(&actions);
}

/* From or to a link-local address. */
static void
flow_echo_on_link(struct run *run, const struct router_port *rp, const struct router_address *own)
{
    struct match match;
    ACTIONS(actions);

    match_echo(&match, rp, &own->address);
    if (!address_is_scoped(&own->address)) {
        match_source(&match, &link_local);
    }
    act_echo_reply(&actions, own);
    act_set(&actions, MFF_IP_TTL, ROUTER_TTL);
    act_move(&actions, MFF_ETH_SRC, XREG_DST_MAC);
    act_move(&actions, MFF_ETH_DST, MFF_ETH_SRC);
    act_move(&actions, XREG_DST_MAC, MFF_ETH_DST);
    act_set(&actions, MFF_IN_PORT, ofp_to_u16(OFPP_NONE));
    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_router, PRIORITY_ECHO_ON_LINK, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
router_own_address(struct run *run, const struct router_port *rp, const struct router_address *own)
{
    struct match match;
    ACTIONS(actions);

    if (!address_is_ipv4(&own->address)) {
        flow_echo_on_link(run, rp, own);
    }
    if (!address_is_scoped(&own->address)) {
        flow_echo(run, rp, own);
    }

    match_own(&match, rp, &own->address);
    act_to_daemon(&actions, PIN_TO_ROUTER, NULL, 0);
    stage_flow(run, &stage_router, PRIORITY_OWN, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
router_addresses(struct run *run, const struct subject *subject)
{
    const struct router_port *rp = subject_router_port(subject);

    if (!router_is_active(run, router_port_router(rp))) {
        return;
    }

    size_t n;
    struct router_address *addresses = router_port_addresses(run, rp, &n);
    for (size_t i = 0; i < n; i++) {
        router_own_address(run, rp, &addresses[i]);
    }
    free(addresses);
}

/* A machine with a floating IP may have been spoken to by one without, from the address that the
 * router translates that one's to: its answers go there as what comes from outside does. */
static void
router_nat(struct run *run, const struct subject *subject)
{
    const struct nat *nat = subject_nat(subject);
    const struct nat_config *config = nat_look(run, nat);

    if (config->type != NAT_DNAT_AND_SNAT
        || (!nat_machine_is_here(run, nat) && nat_place(run, nat) != NAT_HERE)) {
        return;
    }

    ACTIONS(actions);
    act_resubmit(&actions, &stage_route);

    size_t n;
    const struct nat **snats = router_snats(run, nat_router(nat), &n);
    for (size_t i = 0; i < n; i++) {
        struct match match = MATCH_CATCHALL_INITIALIZER;

        match_router(&match, nat_router(nat));
        match_src_address(&match, &config->logical.address);
        match_dst_address(&match, &nat_look(run, snats[i])->external_ip);
        stage_flow(run, &stage_router, PRIORITY_FROM_FLOATING_IP, &match, &actions);
    }
    free(snats);
    ofpbuf_uninit(&actions);
}

const struct stage stage_router = {
    .table = 120,
    .name = "router",
    .purpose = "what a router does with a packet sent to its MAC",
    .next = STAGE_LIST(&stage_route, &stage_fdb, &stage_limit_port),
    .priorities = PRIORITY_LIST(
        {PRIORITY_MALFORMED, "headers of IPv6 that are not whole"},
        {PRIORITY_ECHO_ON_LINK, "an echo request from or to a link-local address"},
        {PRIORITY_FROM_FLOATING_IP, "to an address that others' sources are translated to"},
        {PRIORITY_ECHO, "an echo request to the router"}, {PRIORITY_OWN, "addressed to the router"},
        {PRIORITY_ON_LINK, "to another link-local address"},
        {PRIORITY_SOURCE, "from an address that is never forwarded"},
        {PRIORITY_TTL, "a TTL that ends here"}, {PRIORITY_PROTOCOL_0, "IPv4 of protocol 0"},
        {PRIORITY_TRANSIT, "to be forwarded"}),
    .reads = REGISTER_LIST(XREG_ROUTER, REG_NETWORK, XXREG_SCRATCH),
    .writes = REGISTER_LIST(XXREG_SCRATCH),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules =
                RULE_LIST({"router-address", &topology_kinds[KIND_ROUTER_PORT], router_addresses},
                          {"router-nat", &topology_kinds[KIND_NAT], router_nat}),
        },
    .flows[MODE_ML2] = &(const struct stage_flows){.constants = constants},
};
