/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_TRACE_HOST_H
#define DFCTL_TRACE_HOST_H 1

/* What the stack of a virtual machine knows when it sends a packet, of either family: which of
 * its addresses is the source, and which MAC address the packet goes to.  All of it is
 * read from the NB database. */

#include <stdbool.h>

#include "compiler.h"

struct eth_addr;
struct in6_addr;
struct nbrec_network;
struct ovsdb_idl;
struct port_config;

/* Sets '*src' to the address of port 'c' on 'network' that it would send to 'dst' from: its
 * link-local address if 'dst' has no more scope than that (RFC 6724 section 5), otherwise one on
 * the same subnet if it has one, otherwise the first of the family.  Returns false if it has
 * none. */
bool trace_host_source(const struct ovsdb_idl *, const struct nbrec_network *,
                       const struct port_config *, const struct in6_addr *dst,
                       struct in6_addr *src);

/* Sets '*mac' to the MAC address that a host with 'src' (all-zero if it has none) on 'network'
 * sends a packet for 'dst' to: that of the group, of the neighbour, or of a router.  Returns NULL,
 * or a message that the caller must free(). */
char *trace_host_resolve(const struct ovsdb_idl *, const struct nbrec_network *,
                         const struct in6_addr *src, const struct in6_addr *dst,
                         struct eth_addr *mac) OVS_WARN_UNUSED_RESULT;

#endif /* dfctl/trace-host.h */
