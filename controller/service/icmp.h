/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_ICMP_H
#define SERVICE_ICMP_H 1

/* ICMP messages that a router sends.
 *
 * Pure functions from the packet that was not forwarded to the packet that says
 * so; whoever calls them decides where it goes.  Sources: RFC 792, RFC 1122
 * 3.2.2, RFC 1191, RFC 1812 4.3. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct dp_packet;

/* Why a packet was not forwarded. */
enum icmp_error {
    ICMP_ERROR_NET_UNREACHABLE,  /* 3/0: no route. */
    ICMP_ERROR_HOST_UNREACHABLE, /* 3/1: the next hop is known not to exist. */
    ICMP_ERROR_PROTO_UNREACHABLE, /* 3/2: no such protocol on the router itself. */
    ICMP_ERROR_PORT_UNREACHABLE, /* 3/3: no such UDP port on the router itself. */
    ICMP_ERROR_FRAG_NEEDED,      /* 3/4: larger than the next network's MTU. */
    ICMP_ERROR_TTL_EXCEEDED,     /* 11/0. */
};

/* Whether RFC 1812 4.3.2.7 (RFC 1122 3.2.2) allows an ICMP error about the IPv4
 * packet in the Ethernet frame 'frame' ('len' bytes, perhaps truncated, perhaps
 * not IPv4 at all): not about an ICMP error, a fragment other than the first, a
 * broadcast or multicast (at either layer), or a source that is not a single
 * host. */
bool icmp_error_allowed(const void *frame, size_t len);

/* The source and destination addresses of the IPv4 packet in 'frame'; false if
 * it holds no well-formed IPv4 header. */
bool icmp_get_addresses(const void *frame, size_t len, ovs_be32 *src, ovs_be32 *dst,
                        uint8_t *protocol);

/* Composes the error: an Ethernet frame with zero addresses and an IPv4 packet
 * from 'src' to the offender's source with TTL 255, quoting as much of the
 * offender as makes a datagram of at most 576 bytes.  'mtu' only matters to
 * ICMP_ERROR_FRAG_NEEDED.  'restore_ttl' is added to the quoted TTL (the pipeline
 * may have decremented it already); the quoted header's checksum is corrected.
 * Returns NULL if icmp_error_allowed() does not hold, otherwise a packet that
 * the caller must free with dp_packet_delete(). */
struct dp_packet *icmp_compose_error(enum icmp_error, const void *frame, size_t len,
                                     ovs_be32 src, uint16_t mtu, uint8_t restore_ttl);

/* Composes the TCP reset that answers the TCP segment in 'frame' (RFC 9293
 * 3.10.7.1, "the connection does not exist"), from the segment's destination to
 * its source; NULL if none is due (it is a reset itself, a fragment, or
 * malformed). */
struct dp_packet *tcp_compose_reset(const void *frame, size_t len);

#endif /* service/icmp.h */
