/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_ICMP_H
#define SERVICE_ICMP_H 1

/* ICMP messages that a router sends; icmp6.h has those of IPv6.
 *
 * Pure functions from the datagram that was not forwarded to the packet that says
 * so; the caller decides where it goes.  Sources: RFC 792, RFC 1122
 * 3.2.2, RFC 1191, RFC 1812 4.3.
 *
 * Checksums of TCP and UDP are not checked, because virtual machines leave them to the
 * network card (checksum offload).
 *
 * Thread-safety: no state, so all of it can be called from any thread. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct datagram;
struct dp_packet;

/* Why a datagram was not forwarded, for both families. */
enum icmp_error {
    ICMP_ERROR_NET_UNREACHABLE,   /* 3/0: no route. */
    ICMP_ERROR_HOST_UNREACHABLE,  /* 3/1: the next hop is known not to exist. */
    ICMP_ERROR_PROTO_UNREACHABLE, /* 3/2: no such protocol on the router itself. */
    ICMP_ERROR_PORT_UNREACHABLE,  /* 3/3: no such UDP port on the router itself. */
    ICMP_ERROR_TOO_BIG,           /* 3/4: larger than the next network's MTU. */
    ICMP_ERROR_TTL_EXCEEDED,      /* 11/0. */
};

/* The longest datagram that an error makes (RFC 1812 4.3.2.3). */
#define ICMP_ERROR_MAX_LEN 576

/* The longest datagram that icmp_compose_echo_reply() answers. */
#define ICMP_ECHO_MAX_LEN 9216

/* Whether RFC 1812 4.3.2.7 (RFC 1122 3.2.2) allows an ICMP error about the IPv4
 * datagram: not about an ICMP error (nor an ICMP message of a type that
 * could be one), a fragment other than the first, a broadcast or multicast (at
 * either layer), or a source that is not a single host.  A directed
 * broadcast cannot be recognized without the subnets: that is up to the caller. */
bool icmp_error_allowed(const struct datagram *);

/* Composes the error: an Ethernet frame with zero addresses and an IPv4 packet
 * from 'src' to the offender's source with TTL 255, quoting as much of the
 * offender as makes a datagram of at most ICMP_ERROR_MAX_LEN bytes.  It has
 * precedence "internetwork control" (RFC 1812 4.3.2.5,
 * which is DSCP CS6) and DF set.  'mtu' only matters to ICMP_ERROR_TOO_BIG.
 * Returns NULL if icmp_error_allowed() does not hold, otherwise a packet that
 * the caller must free with dp_packet_delete(). */
struct dp_packet *icmp_compose_error(enum icmp_error, const struct datagram *,
                                     const struct in6_addr *src, uint16_t mtu);

/* Composes the echo reply that answers the ICMP echo request in the datagram with the
 * same identifier, sequence number and data (RFC 1812 4.3.3.6), from the request's
 * destination to its source.  IP options are not repeated.  NULL if it is not a
 * complete echo request with a correct checksum from one host to another, or longer
 * than ICMP_ECHO_MAX_LEN. */
struct dp_packet *icmp_compose_echo_reply(const struct datagram *);

#endif /* service/icmp.h */
