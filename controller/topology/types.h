/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_TYPES_H
#define TOPOLOGY_TYPES_H 1

/* Values that rules and the files of this folder share. */

enum location {
    LOCATION_NONE, /* It is on no chassis, or it is disabled. */
    LOCATION_LOCAL,
    LOCATION_REMOTE,
};

#endif /* topology/types.h */
