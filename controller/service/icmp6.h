/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_ICMP6_H
#define SERVICE_ICMP6_H 1

/* ICMPv6 messages that a router sends (RFC 4443).
 *
 * The functions of icmp.h for IPv6; what is said there about them holds here, too.  Errors are
 *
 *     ICMP_ERROR_NET_UNREACHABLE    1/0, no route; about a link-local source 1/2, beyond its
 *                                   scope
 *     ICMP_ERROR_HOST_UNREACHABLE   1/3, address unreachable
 *     ICMP_ERROR_PROTO_UNREACHABLE  4/1, unrecognized next header, with where it stands
 *     ICMP_ERROR_PORT_UNREACHABLE   1/4
 *     ICMP_ERROR_TOO_BIG            2/0, with the MTU
 *     ICMP_ERROR_TTL_EXCEEDED       3/0, hop limit exceeded
 *
 * Thread-safety: no state, so all of it can be called from any thread. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "service/icmp.h"

struct datagram;
struct dp_packet;

/* Whether RFC 4443 2.4 (e) allows this error about the IPv6 datagram: not about an ICMPv6 error or
 * redirect, or a message that may be one (it ends before its type, or is a fragment other than the
 * first); not to a source that is not a single host; and not about a multicast (at
 * either layer), unless the error is ICMP_ERROR_TOO_BIG. */
bool icmp6_error_allowed(enum icmp_error, const struct datagram *);

/* As icmp_compose_error(), with a datagram of at most IPV6_MIN_MTU bytes (RFC 4443 2.4 (c)), and
 * the hop limit and traffic class that IPv4 has.  For an 'mtu' below IPV6_MIN_MTU the error says
 * IPV6_MIN_MTU: no sender makes packets any smaller (RFC 8201 section 4), so a network with less is
 * none for IPv6. */
struct dp_packet *icmp6_compose_error(enum icmp_error, const struct datagram *,
                                      const struct in6_addr *src, uint16_t mtu);

/* As icmp_compose_echo_reply(), from 'src' (RFC 4443 4.2).  Extension headers are not repeated.  A
 * request that needed no fragmentation but has a fragment header (RFC 6946) is complete. */
struct dp_packet *icmp6_compose_echo_reply(const struct datagram *, const struct in6_addr *src);

#endif /* service/icmp6.h */
