/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_TYPES_H
#define TOPOLOGY_TYPES_H 1

/* Values that rules and the files of this folder share. */

enum location {
    LOCATION_NONE, /* It is on no chassis, or it is disabled. */
    LOCATION_LOCAL,
    LOCATION_REMOTE,
};

/* Where a translation takes place. */
enum nat_place {
    NAT_NOWHERE,    /* It is not in force. */
    NAT_HERE,       /* On this chassis. */
    NAT_ELSEWHERE,  /* On the chassis of the machine, another one. */
    NAT_AT_GATEWAY, /* On the active gateway, another one. */
};

/* Whether a port is here, and why not: the first that holds. */
enum port_place {
    PLACE_UNPLUGGED,           /* No interface with its name is plugged in here. */
    PLACE_DISABLED,            /* Port.enabled is false. */
    PLACE_HERE,                /* It is local. */
    PLACE_REQUESTED_ELSEWHERE, /* requested_chassis names another chassis. */
    PLACE_BOUND_ELSEWHERE,     /* Another chassis has claimed it, and this one may not take over. */
};

/* Takes what is wrong: the kind ("port", "network", ...), name and UUID of the object that is
 * disabled in whole or in part, and a sentence. */
struct uuid;
typedef void topology_problem_cb(const char *kind, const char *name, const struct uuid *,
                                 const char *reason, void *aux);

#endif /* topology/types.h */
