/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_MOVES_H
#define TOPOLOGY_MOVES_H 1

/* Addresses that come to another MAC address. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct entry;
struct topology;

/* An address of a network with local ports that has come to another MAC address than it had. */
struct address_move {
    uint64_t network_key; /* facts.h: network_key(). */
    struct in6_addr ip;
    struct eth_addr mac; /* The new one. */
    bool router;         /* It is a router port's now. */
    ofp_port_t ofport;   /* Of the local port that has it now; 0 if there is none. */
};

/* Those since the last call, in the order of their settling; the caller must free() them. */
struct address_move *topology_take_moves(struct topology *, size_t *n);

/* --- For the files of this folder only ---------------------------------- */

void moves_init(struct topology *);
void moves_destroy(struct topology *);
/* The claims on an entry of any kind have changed. */
void moves_entry_changed(struct topology *, struct entry *);
/* An entry ceases to exist. */
void moves_entry_gone(struct topology *, struct entry *);
/* Finds out what has changed since the last call. */
void moves_settle(struct topology *);

#endif /* topology/moves.h */
