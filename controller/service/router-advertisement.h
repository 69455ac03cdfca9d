/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_ROUTER_ADVERTISEMENT_H
#define SERVICE_ROUTER_ADVERTISEMENT_H 1

/* Router advertisements and router solicitations as packets.
 *
 * Pure functions.  Sources: RFC 4861 4.1, 4.2, 4.6 and 6.1.1; RFC 4191 2.2 (preference); RFC 8106 5
 * (DNS).
 *
 * Thread-safety: no state, so all of it can be called from any thread. */

#include <stdbool.h>
#include <stddef.h>

#include <netinet/in.h>

#include "openvswitch/types.h"
#include "service/datagram.h"

struct advertisement;
struct dp_packet;

/* How long what an advertisement says holds, in seconds: of the router as default router (RFC 4861
 * 6.2.1, three times the longest interval), of DNS servers and search lists (RFC 8106 5.1, the
 * same), and of addresses. */
#define RA_ROUTER_LIFETIME 1800
#define RA_DNS_LIFETIME 1800
#define RA_VALID_LIFETIME 86400
#define RA_PREFERRED_LIFETIME 14400

/* The hop limit that machines are to use. */
#define RA_CUR_HOP_LIMIT 64

/* The longest advertisement, in bytes of IP: what every link carries. */
#define RA_MAX_LEN IPV6_MIN_MTU

/* The receiver of an advertisement; all machines of the network if it has no address. */
struct ra_receiver {
    struct eth_addr mac;
    struct in6_addr ip; /* in6addr_any: all. */
};

/* Composes the advertisement, an Ethernet frame.  If not 'lasting', it says that the router is one
 * no longer (RFC 4861 6.2.5): with a lifetime of 0, and nothing of prefixes and DNS, which end by
 * their own lifetimes.
 *
 * The lists of 'withdrawn', unless it is NULL, are what holds no longer.  It is told with lifetimes
 * of 0, so that machines stop using addresses of the prefixes (RFC 4862 5.5.4), taking others for
 * neighbours (RFC 4861 6.3.4), and using the DNS servers and domains (RFC 8106 5.1, 5.2).
 *
 * What does not fit RA_MAX_LEN is left out: of more than 37 prefixes, then of prefixes that are
 * withdrawn, of DNS servers, of domains, and at last of servers and domains that are withdrawn.
 *
 * The caller must free the packet with dp_packet_delete(). */
struct dp_packet *router_advertisement_compose(const struct advertisement *, bool lasting,
                                               const struct advertisement *withdrawn,
                                               const struct ra_receiver *);

/* How much of what an advertisement says fits RA_MAX_LEN, while nothing is withdrawn. */
struct ra_room {
    size_t n_prefixes, n_dns_servers, n_dns_search;
};
struct ra_room router_advertisement_room(const struct advertisement *);

/* Stores in '*sender' the sender of the router solicitation in the Ethernet frame 'frame' of 'len'
 * bytes, which may be truncated and hold anything, at any alignment; its 'ip' is in6addr_any if
 * the solicitation has no source address.  Returns false, with '*sender' undefined, if it is none
 * that RFC 4861 6.1.1 lets pass. */
bool router_solicitation_parse(const void *frame, size_t len, struct ra_receiver *sender);

#endif /* service/router-advertisement.h */
