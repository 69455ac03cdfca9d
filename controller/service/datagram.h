/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_DATAGRAM_H
#define SERVICE_DATAGRAM_H 1

/* IP datagrams of both families, as services take them apart and put them together.
 *
 * A frame is an Ethernet frame at any alignment, with up to two VLAN tags, and may hold
 * anything at all: its sender is not trusted.  What passes datagram_parse() is a datagram
 * that the frame holds as a whole, so nothing that is made of it reads beyond the frame.
 *
 * Thread-safety: no state, so all of it can be called from any thread. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct dp_packet;

/* What routers send has this TTL or hop limit (RFC 1812 4.2.2.9 leaves the choice). */
#define DATAGRAM_ROUTER_TTL 255

/* The MTU that every link of IPv6 has at least, in bytes of IP (RFC 8200 section 5). */
#define IPV6_MIN_MTU 1280

/* A datagram in a frame, which it points into. */
struct datagram {
    struct eth_addr eth_dst, eth_src;
    struct in6_addr src, dst; /* IPv4-mapped, or IPv6: both are of one family. */
    uint8_t tos;              /* IPv6: the traffic class. */
    uint8_t ttl;              /* IPv6: the hop limit. */
    bool is_fragment;         /* It is a part of a datagram. */
    bool is_later_fragment;   /* And not the first one: 'payload' is no header. */
    const uint8_t *data;      /* From the IP header on, without Ethernet padding. */
    size_t len;

    /* What the IP header, and with IPv6 all extension headers that routers know (hop-by-hop,
     * routing, fragment, authentication, destination options), are in front of. */
    uint8_t protocol;
    size_t protocol_ofs;    /* Where in 'data' 'protocol' stands. */
    const uint8_t *payload; /* In 'data'. */
    size_t payload_len;
};

/* Takes a frame of 'len' bytes apart.  Returns false if it holds no datagram that passes the
 * checks of RFC 1812 5.2.2 (lengths, version, header checksum), or of RFC 8200 section 3 and 4
 * (the same, and that each extension header is there as a whole).  A datagram that is longer than
 * its frame does not, nor does one of IPv6 with an IPv4-mapped address, which is on no network (RFC
 * 4291 2.5.5.2). */
bool datagram_parse(const void *frame, size_t len, struct datagram *);

bool datagram_is_ipv4(const struct datagram *);

/* True if it was sent by one host to another, at both layers.  Addresses in 0/8, 127/8, 240/4,
 * and those of IPv6 that are their like, count as neither (RFC 1812 5.3.7, RFC 4291 2.5.2,
 * 2.5.3). */
bool datagram_is_from_host(const struct datagram *);
bool datagram_is_to_host(const struct datagram *);

/* Returns a new packet from 'src' to 'dst': Ethernet header, with zero addresses, and IP header
 * are complete, 'payload_len' zero bytes are behind them, at '*payload'.  Its TTL is
 * DATAGRAM_ROUTER_TTL.  IPv4 has DF set; the identification is 0 since the datagram is atomic (RFC
 * 6864 4.1).  The caller must free it with dp_packet_delete(). */
struct dp_packet *datagram_compose(const struct in6_addr *src, const struct in6_addr *dst,
                                   uint8_t protocol, uint8_t tos, size_t payload_len,
                                   void **payload);

/* The checksum of 'len' bytes of 'protocol' from 'src' to 'dst', with the pseudo-header of their
 * family (RFC 9293 3.1, RFC 8200 8.1): 0 if they have the right one in them. */
ovs_be16 datagram_csum(const struct in6_addr *src, const struct in6_addr *dst, uint8_t protocol,
                       const void *payload, size_t len);

#endif /* service/datagram.h */
