/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_TCP_RESET_H
#define SERVICE_TCP_RESET_H 1

/* What a host without TCP says to one that wants a connection.
 *
 * Thread-safety: no state, so it can be called from any thread. */

struct datagram;
struct dp_packet;

/* Composes the TCP reset that answers the segment in the datagram (RFC 9293 3.10.7.1, "the
 * connection does not exist"), from the segment's destination to its source; NULL if none is due
 * (it is a reset itself, a fragment, malformed, or not from one host to another).  The segment's
 * own checksum is not checked, because virtual machines leave it to the network card (checksum
 * offload). */
struct dp_packet *tcp_compose_reset(const struct datagram *);

#endif /* service/tcp-reset.h */
