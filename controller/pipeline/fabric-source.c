/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "nb/ip.h"
#include "packets.h"

/* Stage "fabric-source": whether what a physical network sends to a router may come from there.
 *
 * What no host can have as its address is dropped (RFC 1812 5.3.7; that of IPv6 by stage "router",
 * from wherever it comes), and so are the router's own addresses, and those of the overlay networks
 * behind it, on which there are no physical hosts (RFC 3704 2.2, RFC 2827).  A host of another
 * physical network may send from here: it may be on both.
 *
 * Only packets of physical networks to a router come by, so others are not matched by their
 * source. */

#define PRIORITY_NEVER 100

#define MARTIANS ADDRESS_NO_HOST

static void
constants(struct run *run, const struct attachment *attachment OVS_UNUSED)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    act_resubmit(&actions, &stage_fdb);
    stage_flow(run, &stage_fabric_source, PRIORITY_ELSE, &match, &actions);

    ofpbuf_clear(&actions);
    for (const struct special_range *r = special_range_next(NULL, MARTIANS); r;
         r = special_range_next(r, MARTIANS)) {
        if (address_is_ipv4(&r->prefix.address) && r->class != ADDRESS_UNSPECIFIED) {
            match_init_catchall(&match);
            match_src_prefix(&match, &r->prefix.address, prefix_length(&r->prefix));
            stage_flow(run, &stage_fabric_source, PRIORITY_NEVER, &match, &actions);
        }
    }
    ofpbuf_uninit(&actions);
}

/* Whether packets of a physical network enter the router on this chassis. */
static bool
is_entered_here(struct run *run, const struct router *router)
{
    bool found = false;
    size_t n;

    if (!router_is_active(run, router)) {
        return false;
    }
    const struct router_port **rps = router_router_ports(run, router, &n);
    for (size_t i = 0; i < n && !found; i++) {
        found = router_port_gateway_is_here(run, rps[i]);
    }
    free(rps);
    return found;
}

static void
flow_never(struct run *run, const struct router *router, const struct in6_addr *address,
           unsigned int length)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    ACTIONS(actions);

    match_router(&match, router);
    match_src_prefix(&match, address, length);
    stage_flow(run, &stage_fabric_source, PRIORITY_NEVER, &match, &actions);
    ofpbuf_uninit(&actions);
}

static void
fabric_source_prefix(struct run *run, const struct subject *subject)
{
    const struct entry *entry = subject_entry(subject);
    const struct router_port *rp = prefix_connected(run, entry);
    const struct network_config *config = rp ? network_look(run, router_port_network(rp)) : NULL;

    if (config && network_type_is_overlay(config->type)
        && is_entered_here(run, entry_router(entry))) {
        flow_never(run, entry_router(entry), entry_ip(entry), entry_length(entry));
    }
}

/* Those of overlay networks are in a prefix of these. */
static void
fabric_source_own(struct run *run, const struct subject *subject)
{
    const struct router_port *rp = subject_router_port(subject);
    const struct router *router = router_port_router(rp);
    const struct network_config *config = network_look(run, router_port_network(rp));

    if (!config || !network_type_is_provider(config->type) || !is_entered_here(run, router)) {
        return;
    }

    size_t n;
    struct router_address *own = router_port_addresses(run, rp, &n);
    for (size_t i = 0; i < n; i++) {
        if (!address_is_scoped(&own[i].address)) {
            flow_never(run, router, &own[i].address, address_max_length(&own[i].address));
        }
    }
    free(own);
}

const struct stage stage_fabric_source = {
    .table = 100,
    .name = "fabric-source",
    .purpose = "may it come from a physical network",
    .next = STAGE_LIST(&stage_fdb),
    .priorities = PRIORITY_LIST({PRIORITY_NEVER, "an address that is never there"},
                                {PRIORITY_ELSE, "any other"}),
    .reads = REGISTER_LIST(XREG_ROUTER),
    .flows[MODE_NATIVE] =
        &(const struct stage_flows){
            .constants = constants,
            .rules = RULE_LIST(
                {"fabric-source-prefix", &topology_kinds[KIND_PREFIX], fabric_source_prefix},
                {"fabric-source-own", &topology_kinds[KIND_ROUTER_PORT], fabric_source_own}),
        },
};
