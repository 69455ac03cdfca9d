/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_ANNOUNCEMENT_H
#define SERVICE_ANNOUNCEMENT_H 1

/* What tells the machines of a network that an address has come to another MAC address.
 *
 * Pure.  Not thread-safe. */

#include <netinet/in.h>
#include <stdbool.h>

#include "openvswitch/types.h"

struct dp_packet;

/* Composes, into the empty '*packet', a frame to all of a network that says that 'ip' is at 'mac':
 * for IPv4 an ARP announcement (RFC 5227 section 3), for IPv6 an unsolicited neighbour
 * advertisement (RFC 4861 7.2.6) that overrides what is known, with the target's link-layer
 * address; 'router' says whether a router has it. */
void announcement_compose(struct dp_packet *packet, const struct in6_addr *ip, struct eth_addr mac,
                          bool router);

#endif /* service/announcement.h */
