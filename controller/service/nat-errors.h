/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_NAT_ERRORS_H
#define SERVICE_NAT_ERRORS_H 1

/* ICMP errors that cross a floating IP.
 *
 * An error quotes the packet that it is about (RFC 792), which was translated on its way as the
 * error is on its own: sent by the machine it comes back with the external address as its source,
 * and sent to the machine with the machine's own as its destination.  The switch translates headers
 * without quotations, so the daemon translates both (RFC 5508 4.2, RFC 2663 4.3).
 *
 * An error whose quotation does not fit its own address is about no packet that was translated, and
 * is dropped, as are redirects, which are for hosts on a link (RFC 1812 5.2.7.2), and what has a
 * wrong checksum.
 *
 * It does no I/O of its own, as router-service.h.
 *
 * Thread-safety: a nat_errors must be used by one thread at a time. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct dispatch;
struct dp_packet;
struct injection;
struct nat_errors;

/* Each port gets this many errors a second translated, after a burst of so many. */
#define NAT_ERRORS_RATE 100
#define NAT_ERRORS_BURST 200

/* Ports whose rate is limited one by one; beyond, they share. */
#define NAT_ERRORS_MAX_PORTS 4096

/* A floating IP, as a packet crosses it. */
struct nat_errors_translation {
    struct in6_addr from, to; /* IPv4-mapped. */
    struct eth_addr mac;      /* Outward: with which the packet leaves. */
};

/* What the service needs of its surroundings; see router-service.h. */
struct nat_errors_ops {
    /* Stores in '*translation' that of 'address', the source of a packet that the router sends out
     * to the network ('outward'), or the destination of one from there.  Returns false if there is
     * none. */
    bool (*translation)(void *aux, uint64_t router_key, uint64_t network_key,
                        const struct in6_addr *address, bool outward,
                        struct nat_errors_translation *translation);

    /* Sends the packet, which stays the caller's, into the pipeline. */
    void (*inject)(void *aux, const struct injection *, const struct dp_packet *);
};

/* A new service that works through 'ops', which it does not copy. */
struct nat_errors *nat_errors_create(const struct nat_errors_ops *ops, void *aux);
void nat_errors_destroy(struct nat_errors *);

/* Takes the packets that come as ICMP errors (PIN_NAT_ERROR_IN, PIN_NAT_ERROR_OUT). */
void nat_errors_register(struct nat_errors *, struct dispatch *);

/* --- Pure parts --------------------------------------------------------- */

/* The ICMP error in the Ethernet frame of 'len' bytes, which may hold anything, translated: its
 * source, and the destination of what it quotes, if 'outward'; else its destination, and the source
 * of what it quotes.  NULL if it is no error that can be.  The caller must free it with
 * dp_packet_delete(). */
struct dp_packet *nat_error_translate(const void *frame, size_t len, bool outward,
                                      const struct nat_errors_translation *);

#endif /* service/nat-errors.h */
