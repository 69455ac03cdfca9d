/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_NEIGHBOUR_DISCOVERY_H
#define SERVICE_NEIGHBOUR_DISCOVERY_H 1

/* What all messages of neighbour discovery have in common (RFC 4861).
 *
 * Thread-safety: no state, so all of it can be called from any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct datagram;

/* Takes a frame (datagram.h) of 'len' bytes apart.  Returns true if it holds a message of ICMPv6
 * type 'type' that passes the checks of RFC 4861 6.1.1, 7.1.1 and 7.1.2 which do not depend on the
 * type: hop limit 255, code 0, a right checksum, at least 'header_len' bytes (4 or more), and
 * behind these only options that have a length and lie in the message.  Without a source address
 * there is no option with the sender's link-layer address.  No part of a datagram passes: RFC 6980
 * section 5. */
bool nd_message_parse(const void *frame, size_t len, uint8_t type, size_t header_len,
                      struct datagram *);

#endif /* service/neighbour-discovery.h */
