/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_DUPLICATE_ADDRESS_H
#define SERVICE_DUPLICATE_ADDRESS_H 1

/* What tells a machine that the address it wants has an owner (RFC 4862 5.4).
 *
 * The machine probes the address: a neighbour solicitation from the unspecified address.  The
 * switch answers other solicitations by itself, but not a probe: the answer must have the owner's
 * link-layer address (RFC 4861 7.2.4) in an option that the probe does not have, and a switch
 * cannot add one.
 *
 * The answer is the owner's neighbour advertisement to all nodes.  It goes to the port that
 * asked and to no other, as none needs it.
 *
 * It does no I/O of its own, as router-service.h.
 *
 * Thread-safety: a duplicate_address must be used by one thread at a time. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct dispatch;
struct dp_packet;
struct duplicate_address;
struct injection;

/* Each port gets this many answers a second, after a burst of so many: a machine probes an address
 * once or a few times. */
#define DUPLICATE_ADDRESS_RATE 10
#define DUPLICATE_ADDRESS_BURST 50

/* Ports whose rate is limited one by one; beyond, they share. */
#define DUPLICATE_ADDRESS_MAX_PORTS 4096

/* The owner of an address. */
struct duplicate_address_owner {
    struct eth_addr mac;
    bool is_router;
    bool is_anycast;   /* It shares the address. */
    ofp_port_t ofport; /* 0: it is on no local port. */
};

/* What the service needs of its surroundings; see router-service.h. */
struct duplicate_address_ops {
    /* Stores in '*owner' the owner of 'address' on the network; false if none is known. */
    bool (*owner)(void *aux, uint64_t network_key, const struct in6_addr *address,
                  struct duplicate_address_owner *owner);

    /* Sends the packet, which stays the caller's, into the pipeline. */
    void (*inject)(void *aux, const struct injection *, const struct dp_packet *);
};

/* A new service that works through 'ops', which it does not copy. */
struct duplicate_address *duplicate_address_create(const struct duplicate_address_ops *ops,
                                                   void *aux);
void duplicate_address_destroy(struct duplicate_address *);

/* Takes the packets that come as probes (PIN_DAD). */
void duplicate_address_register(struct duplicate_address *, struct dispatch *);

/* --- Pure parts --------------------------------------------------------- */

/* Stores in '*target' the address that the Ethernet frame of 'len' bytes, which may hold anything,
 * probes.  Returns false if it is no valid solicitation from the unspecified address (RFC 4861
 * 7.1.1). */
bool dad_probe_parse(const void *frame, size_t len, struct in6_addr *target);

/* Composes the advertisement that answers a probe for 'target' (RFC 4861 7.2.4, 7.2.7), which must
 * be freed with dp_packet_delete(). */
struct dp_packet *dad_answer_compose(const struct in6_addr *target,
                                     const struct duplicate_address_owner *owner);

#endif /* service/duplicate-address.h */
