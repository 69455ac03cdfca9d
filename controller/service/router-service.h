/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_ROUTER_SERVICE_H
#define SERVICE_ROUTER_SERVICE_H 1

/* What a router says about the packets that the pipeline could not forward.
 *
 * The pipeline sends such a packet to the controller with a reason.  This module
 * turns it into the answer that a router owes (RFC 792, RFC 1191, RFC 1812 4.3; RFC 4443) and
 * hands it back to be injected where the router's own packets are routed, so that
 * the answer takes whatever way packets to the offender take.
 *
 *     reason              answer
 *     PIN_TTL_EXCEEDED    ICMP 11/0; ICMPv6 3/0
 *     PIN_NO_ROUTE        ICMP 3/0; ICMPv6 1/0, or 1/2 to a link-local address
 *     PIN_NO_NEIGHBOUR    ICMP 3/1; ICMPv6 1/3
 *     PIN_TOO_BIG         ICMP 3/4 or ICMPv6 2/0 with the MTU, with or without DF in the
 *                         offender: the switch cannot fragment, so the sender has to
 *     PIN_TO_ROUTER       UDP: ICMP 3/3, ICMPv6 1/4; TCP: reset; echo request: echo reply;
 *                         other ICMP: nothing; other protocols: ICMP 3/2, ICMPv6 4/1 (but
 *                         nothing about "no next header", RFC 8200 4.7, and later fragments)
 *
 * There is no answer where RFC 1812 4.3.2.7 or RFC 4443 2.4 (e) forbids one, a directed broadcast
 * as destination included; nor to one of the router's own addresses, as own addresses come before
 * routes (but for one that machines share, from one of which the packet went to a floating IP of
 * the same router: the error goes the way of its replies); nor beyond the rate limit of the source
 * (RFC 1812 4.3.2.8, RFC 4443 2.4 (f)).  A source is a port, whatever addresses it sends from: a
 * machine has all of a /64 to choose from.
 *
 * A link-local address of IPv6 is never routed.  The answer to one, or from one, goes straight to
 * the port that sent the packet.  What is for one that is not the router's draws no error.
 *
 * It does no I/O of its own: addresses, time and the way out are the caller's.
 *
 * Thread-safety: a router_service must be used by one thread at a time. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"
#include "service/dispatch.h"

struct dispatch;
struct dp_packet;
struct injection;
struct router_service;

/* Each source may cause this many answers a second, after a burst of as many. */
#define RS_RATE 100
#define RS_BURST 100

/* Sources whose rate is limited one by one; beyond, they share. */
#define RS_MAX_SOURCES 4096

/* How a router sends a packet of its own. */
struct router_service_way {
    struct in6_addr src; /* From this address. */

    /* One of several equal routes.  The packet must take the one that 'src' belongs to.  All zero
     * if there is only one. */
    uint64_t network_key;    /* Of the network that it leads to. */
    struct eth_addr mac;     /* Of the router's port there. */
    struct in6_addr nexthop; /* There. */
};

/* What the service needs of its surroundings.  'aux' is router_service_create()'s; keys are those
 * that packets came with, so there may be no such router or network. */
struct router_service_ops {
    /* Stores in '*way' how the router reaches 'towards', and from which address of the interface
     * there (RFC 1812 4.3.2.4, RFC 4443 2.2); if 'towards' is a link-local address of IPv6, only
     * from which address in the network.  False if there is no such router, interface or
     * address. */
    bool (*way)(void *aux, uint64_t router_key, uint64_t network_key,
                const struct in6_addr *towards, struct router_service_way *way);

    /* True if 'address' is one of the router's own, or one that it shares. */
    bool (*is_own_address)(void *aux, uint64_t router_key, const struct in6_addr *address);

    /* True if 'address' is one of the router's on an external network: stores the network and the
     * MAC address of the router's port there. */
    bool (*outside)(void *aux, uint64_t router_key, const struct in6_addr *address,
                    uint64_t *network_key, struct eth_addr *mac);

    /* True if the router shares 'address' with others (RFC 4291 2.6.1); stores in '*src' its own
     * address there. */
    bool (*anycast_source)(void *aux, uint64_t router_key, const struct in6_addr *address,
                           struct in6_addr *src);

    /* True if the router would take 'dst' for the broadcast address of one of its subnets. */
    bool (*is_directed_broadcast)(void *aux, uint64_t router_key, const struct in6_addr *dst);

    /* The MTU of the network, in bytes of IP; 0 if it is not known. */
    uint16_t (*network_mtu)(void *aux, uint64_t network_key);

    /* Sends the packet, which stays the caller's, into the pipeline.  Its Ethernet addresses are
     * zero where a stage sets them. */
    void (*inject)(void *aux, const struct injection *, const struct dp_packet *);
};

/* A new service that works through 'ops', which it does not copy. */
struct router_service *router_service_create(const struct router_service_ops *ops, void *aux);
void router_service_destroy(struct router_service *);

/* Takes the packets that come for the reasons above, but for PIN_NO_NEIGHBOUR: whether the next
 * hop is there is seen by others (resolver.h) before. */
void router_service_register(struct router_service *, struct dispatch *);

/* Answers a packet that has come for one of the reasons: a packet_handler. */
enum packet_outcome router_service_answer(void *router_service, const struct pipeline_packet_in *,
                                          const void *frame, size_t len, long long int now);

#endif /* service/router-service.h */
