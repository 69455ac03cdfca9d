/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_ROUTER_SERVICE_H
#define SERVICE_ROUTER_SERVICE_H 1

/* What a router says about the packets that the pipeline could not forward.
 *
 * The pipeline sends such a packet to the controller with a reason.  This module
 * turns it into the answer that a router owes (RFC 792, RFC 1191, RFC 1812 4.3) and
 * hands it back to be injected where the router's own packets are routed, so that
 * the answer takes whatever way packets to the offender take.
 *
 *     reason              answer
 *     PIN_TTL_EXCEEDED    ICMP 11/0
 *     PIN_NO_ROUTE        ICMP 3/0
 *     PIN_NO_NEIGHBOUR    ICMP 3/1
 *     PIN_TOO_BIG         ICMP 3/4 with the MTU, with or without DF in the offender: the
 *                         switch cannot fragment, so the sender has to
 *     PIN_TO_ROUTER       UDP: ICMP 3/3; TCP: reset; echo request: echo reply;
 *                         other ICMP: nothing; other protocols: ICMP 3/2
 *
 * There is no answer where RFC 1812 4.3.2.7 forbids one, a directed broadcast as
 * destination included, nor beyond the rate limit of the source (4.3.2.8).
 *
 * It does no I/O of its own: addresses, time and the way out are the caller's.
 *
 * Thread-safety: a router_service must be used by one thread at a time. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct dispatch;
struct dp_packet;
struct injection;
struct router_service;

/* Each source may cause this many answers a second, after a burst of as many. */
#define RS_RATE 100
#define RS_BURST 100

/* Sources whose rate is limited one by one; beyond, they share. */
#define RS_MAX_SOURCES 4096

/* What the service needs of its surroundings.  'aux' is router_service_create()'s; keys are those
 * that packets came with, so there may be no such router or network. */
struct router_service_ops {
    /* Stores in '*src' the address of the interface by which the router reaches
     * 'towards' (RFC 1812 4.3.2.4); false if there is no such router or interface. */
    bool (*source_address)(void *aux, uint64_t router_key, ovs_be32 towards, ovs_be32 *src);

    /* True if 'dst' is the broadcast address of one of the router's subnets. */
    bool (*is_directed_broadcast)(void *aux, uint64_t router_key, ovs_be32 dst);

    /* The MTU of the network, in bytes of IP; 0 if it is not known. */
    uint16_t (*network_mtu)(void *aux, uint64_t network_key);

    /* Sends the packet, which stays the caller's, into the pipeline.  Its Ethernet addresses are
     * zero. */
    void (*inject)(void *aux, const struct injection *, const struct dp_packet *);
};

/* A new service that works through 'ops', which it does not copy. */
struct router_service *router_service_create(const struct router_service_ops *ops, void *aux);
void router_service_destroy(struct router_service *);

/* Takes the packets that come for the reasons above. */
void router_service_register(struct router_service *, struct dispatch *);

#endif /* service/router-service.h */
