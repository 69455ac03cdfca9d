/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/duplicate-address.h"

#include <netinet/icmp6.h>
#include <string.h>

#include "dp-packet.h"
#include "nb/ip.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "service/datagram.h"
#include "service/dispatch.h"
#include "service/limiter.h"
#include "service/neighbour-discovery.h"
#include "util.h"

struct duplicate_address {
    const struct duplicate_address_ops *ops;
    void *aux;               /* For 'ops'. */
    struct limiter *limiter; /* Keyed by OpenFlow port. */
};

struct duplicate_address *
duplicate_address_create(const struct duplicate_address_ops *ops, void *aux)
{
    struct duplicate_address *da = xzalloc(sizeof *da);

    da->ops = ops;
    da->aux = aux;
    da->limiter = limiter_create(DUPLICATE_ADDRESS_RATE, DUPLICATE_ADDRESS_BURST,
                                 DUPLICATE_ADDRESS_MAX_PORTS);
    return da;
}

void
duplicate_address_destroy(struct duplicate_address *da)
{
    if (da) {
        limiter_destroy(da->limiter);
        free(da);
    }
}

bool
dad_probe_parse(const void *frame, size_t len, struct in6_addr *target)
{
    struct in6_addr group;
    struct ovs_nd_msg ns;
    struct datagram d;

    if (!nd_message_parse(frame, len, ND_NEIGHBOR_SOLICIT, sizeof ns, &d)
        || ipv6_addr_is_set(&d.src)) {
        return false;
    }
    memcpy(&ns, d.payload, sizeof ns);
    memcpy(target, &ns.target, sizeof *target);
    in6_addr_solicited_node(&group, target);
    return (!address_is_ipv4(target) && !address_is(target, ADDRESS_NO_HOST)
            && ipv6_addr_equals(&d.dst, &group));
}

struct dp_packet *
dad_answer_compose(const struct in6_addr *target, const struct duplicate_address_owner *owner)
{
    const struct in6_addr *all_nodes = &in6addr_all_hosts;
    uint32_t flags =
        ((owner->is_router ? ND_RSO_ROUTER : 0) | (owner->is_anycast ? 0 : ND_RSO_OVERRIDE));
    struct dp_packet *b = dp_packet_new(0);
    struct eth_addr eth_dst;

    ipv6_multicast_to_ethernet(&eth_dst, all_nodes);
    compose_nd_na(b, owner->mac, eth_dst, target, all_nodes, htonl(flags));
    return b;
}

static enum packet_outcome
handle(void *da_, const struct pipeline_packet_in *pin, const void *frame, size_t len,
       long long int now)
{
    const struct duplicate_address *da = da_;
    ofp_port_t asker = u16_to_ofp(pin->inport);
    struct duplicate_address_owner owner;
    struct in6_addr target;

    if (!dad_probe_parse(frame, len, &target)) {
        return PACKET_MALFORMED;
    }
    if (!da->ops->owner(da->aux, pin->network_key, &target, &owner)) {
        return PACKET_NO_SOURCE;
    }
    if (owner.ofport == asker) {
        return PACKET_NOT_ALLOWED;
    }
    if (!limiter_allow(da->limiter, pin->inport, now)) {
        return PACKET_LIMITED;
    }

    const struct injection injection = {
        .stage = &stage_to_port,
        .network_key = pin->network_key,
        .outport = asker,
    };
    struct dp_packet *packet = dad_answer_compose(&target, &owner);
    da->ops->inject(da->aux, &injection, packet);
    dp_packet_delete(packet);
    return PACKET_ANSWERED;
}

void
duplicate_address_register(struct duplicate_address *da, struct dispatch *d)
{
    static const struct packet_service entry = {PIN_DAD, "dad", 0, handle};

    dispatch_register(d, &entry, da);
}
