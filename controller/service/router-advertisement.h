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
struct advertised_prefix;
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
 * 'withdrawn' are 'n_withdrawn' prefixes that hold no longer: with lifetimes of 0, so that machines
 * stop using addresses of them (RFC 4862 5.5.4) and taking others for neighbours (RFC 4861 6.3.4).
 *
 * What does not fit RA_MAX_LEN is left out: of more than 37 prefixes, DNS servers after these, and
 * domains at last.
 *
 * The caller must free the packet with dp_packet_delete(). */
struct dp_packet *router_advertisement_compose(const struct advertisement *, bool lasting,
                                               const struct advertised_prefix *withdrawn,
                                               size_t n_withdrawn, const struct ra_receiver *);

/* Stores in '*sender' the sender of the router solicitation in the Ethernet frame 'frame' of 'len'
 * bytes, which may be truncated and hold anything, at any alignment; its 'ip' is in6addr_any if
 * the solicitation has no source address.  Returns false, with '*sender' undefined, if it is none
 * that RFC 4861 6.1.1 lets pass. */
bool router_solicitation_parse(const void *frame, size_t len, struct ra_receiver *sender);

#endif /* service/router-advertisement.h */
