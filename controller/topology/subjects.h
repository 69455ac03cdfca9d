/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_SUBJECTS_H
#define TOPOLOGY_SUBJECTS_H 1

/* What rules are about. */

#include "flow/engine.h"

struct chassis;
struct entry;
struct nat;
struct network;
struct port;
struct router_port;
struct subject;

/* The kinds of subjects that rules are about. */
enum {
    KIND_PIPELINE, /* The chassis as a whole; always exactly one. */
    KIND_NETWORK,
    KIND_LOCAL_PORT, /* A port with its interface on this chassis. */
    KIND_ROUTER_PORT,
    KIND_ADDRESS, /* A known IP address in a network. */
    KIND_MAC,     /* A known MAC address in a network. */
    KIND_PREFIX,  /* A prefix that a router has a route to. */
    KIND_CHASSIS,
    KIND_NAT,
    N_KINDS,
};
extern const struct subject_kind topology_kinds[N_KINDS];

/* What a subject of each kind is. */
const struct network *subject_network(const struct subject *);
const struct port *subject_local_port(const struct subject *);
const struct router_port *subject_router_port(const struct subject *);
const struct entry *subject_entry(const struct subject *); /* Address, MAC or prefix. */
const struct nat *subject_nat(const struct subject *);
const struct chassis *subject_chassis(const struct subject *);

#endif /* topology/subjects.h */
