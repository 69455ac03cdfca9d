/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_TRACE_PACKET_H
#define DFCTL_TRACE_PACKET_H 1

/* The packet that "dfctl trace" sends: what its user leaves out is filled in as
 * the virtual machine's own stack would. */

#include "compiler.h"

struct ovsdb_idl;
struct nbrec_port;

/* Completes 'text', a flow in the syntax of ovs-ofctl(8) that 'port' sends: its
 * addresses, the destination MAC address (of the destination if it is on the same
 * subnet, otherwise of a router), TTL or hop limit 64, an ICMP echo request; of a neighbour
 * solicitation or advertisement and a router solicitation, groups, options and hop limit 255.
 * Returns NULL and
 * sets '*flow' to text for ofproto/trace, without in_port, or returns a message.
 * The caller must free() either. */
char *trace_packet_complete(const struct ovsdb_idl *, const struct nbrec_port *port,
                            const char *text, char **flow) OVS_WARN_UNUSED_RESULT;

#endif /* dfctl/trace-packet.h */
