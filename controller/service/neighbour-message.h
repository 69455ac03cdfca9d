/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_NEIGHBOUR_MESSAGE_H
#define SERVICE_NEIGHBOUR_MESSAGE_H 1

/* What is asked and told about the MAC addresses of external neighbours: ARP (RFC 826), and
 * neighbour solicitations and advertisements (RFC 4861 4.3, 4.4).
 *
 * Thread-safety: no state, so all of it can be called from any thread. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "openvswitch/types.h"

struct dp_packet;

/* What a frame says of its sender. */
struct neighbour_message {
    struct in6_addr ip; /* IPv4-mapped, or IPv6. */
    struct eth_addr mac;
    bool is_answer; /* To a question of whom the frame is for. */
};

/* Takes apart the Ethernet frame of 'len' bytes, which may hold anything.  Returns false if it is
 * neither an ARP packet of IPv4 over Ethernet nor a neighbour advertisement that RFC 4861 7.1.2
 * lets pass, or does not say that a host has one unicast MAC address.  An advertisement without the
 * target's link-layer address speaks of the frame's sender; one that overrides nothing (7.2.5) is
 * none. */
bool neighbour_message_parse(const void *frame, size_t len, struct neighbour_message *);

/* Returns a question for the MAC address of 'ip' from a chassis with the MAC address 'src' and no
 * address on the network: an ARP request with the sender's protocol address 0.0.0.0, as RFC 5227
 * 2.1.1 has it; or a neighbour solicitation (RFC 4861 7.2.2) from the link-local address that
 * belongs to 'src'.  It is for the host with 'dst', or, if that is zero, for all that may have the
 * address.  The caller must free it with dp_packet_delete(). */
struct dp_packet *neighbour_question_compose(const struct in6_addr *ip, struct eth_addr src,
                                             struct eth_addr dst);

#endif /* service/neighbour-message.h */
