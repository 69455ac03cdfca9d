/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_ICMP_H
#define SERVICE_ICMP_H 1

/* ICMP messages that a router sends.
 *
 * Pure functions from the packet that was not forwarded to the packet that says
 * so; whoever calls them decides where it goes.  Sources: RFC 792, RFC 1122
 * 3.2.2, RFC 1191, RFC 1812 4.3.
 *
 * 'frame' is always an Ethernet frame of 'len' bytes at any alignment, with up to
 * two VLAN tags, and may be truncated or hold anything at all: whoever sent it is
 * not trusted.  A datagram whose IPv4 header fails the checks of RFC 1812 5.2.2
 * (version, header length, total length, checksum) is never answered.  Checksums
 * of TCP and UDP are not checked, because virtual machines leave them to the
 * network card (checksum offload) and the frame may be truncated.
 *
 * Thread-safety: no state, so all of it can be called from any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct dp_packet;

/* Why a packet was not forwarded. */
enum icmp_error {
    ICMP_ERROR_NET_UNREACHABLE,   /* 3/0: no route. */
    ICMP_ERROR_HOST_UNREACHABLE,  /* 3/1: the next hop is known not to exist. */
    ICMP_ERROR_PROTO_UNREACHABLE, /* 3/2: no such protocol on the router itself. */
    ICMP_ERROR_PORT_UNREACHABLE,  /* 3/3: no such UDP port on the router itself. */
    ICMP_ERROR_FRAG_NEEDED,       /* 3/4: larger than the next network's MTU. */
    ICMP_ERROR_TTL_EXCEEDED,      /* 11/0. */
};

/* The longest datagram that an error makes (RFC 1812 4.3.2.3). */
#define ICMP_ERROR_MAX_LEN 576

/* The longest datagram that icmp_compose_echo_reply() answers. */
#define ICMP_ECHO_MAX_LEN 9216

/* Whether RFC 1812 4.3.2.7 (RFC 1122 3.2.2) allows an ICMP error about the IPv4
 * packet in 'frame': not about an ICMP error (nor an ICMP message of a type that
 * could be one), a fragment other than the first, a broadcast or multicast (at
 * either layer), or a source that is not a single host.  Addresses in 0/8, 127/8
 * and 240/4 count as neither host nor destination (RFC 1812 5.3.7).  A directed
 * broadcast cannot be told without the subnets: that is up to the caller. */
bool icmp_error_allowed(const void *frame, size_t len);

/* The source and destination addresses of the IPv4 packet in 'frame'; false if
 * it holds no well-formed IPv4 header; the outputs are then untouched. */
bool icmp_get_addresses(const void *frame, size_t len, ovs_be32 *src, ovs_be32 *dst,
                        uint8_t *protocol);

/* Composes the error: an Ethernet frame with zero addresses and an IPv4 packet
 * from 'src' to the offender's source with TTL 255, quoting as much of the
 * offender as makes a datagram of at most ICMP_ERROR_MAX_LEN bytes, without the
 * Ethernet padding.  It has precedence "internetwork control" (RFC 1812 4.3.2.5,
 * which is DSCP CS6) and DF set.  'mtu' only matters to ICMP_ERROR_FRAG_NEEDED.
 * Returns NULL if icmp_error_allowed() does not hold, otherwise a packet that
 * the caller must free with dp_packet_delete(). */
struct dp_packet *icmp_compose_error(enum icmp_error, const void *frame, size_t len, ovs_be32 src,
                                     uint16_t mtu);

/* Composes the echo reply that answers the ICMP echo request in 'frame' with the
 * same identifier, sequence number and data (RFC 1812 4.3.3.6), from the request's
 * destination to its source.  IP options are not repeated.  NULL if it is not a
 * complete echo request with a correct checksum from one host to another, or longer
 * than ICMP_ECHO_MAX_LEN. */
struct dp_packet *icmp_compose_echo_reply(const void *frame, size_t len);

/* Composes the TCP reset that answers the TCP segment in 'frame' (RFC 9293
 * 3.10.7.1, "the connection does not exist"), from the segment's destination to
 * its source; NULL if none is due (it is a reset itself, a fragment, malformed, or
 * not from one host to another). */
struct dp_packet *tcp_compose_reset(const void *frame, size_t len);

#endif /* service/icmp.h */
