/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_CORK_H
#define SWITCH_CORK_H 1

#include <stdint.h>

struct vconn;

/* Opens an OpenFlow connection to 'target' ("unix:PATH") that may negotiate 'versions', a
 * bitmap, and writes nothing that is sent before vconn_run() or vconn_close(), unless it is
 * much: then all of it together.  The switch, which the first message wakes up, then finds all
 * of them, and does its housekeeping once instead of for each.
 *
 * Returns 0 and stores the connection, which is the caller's, or returns a positive errno value
 * and stores NULL. */
int corked_vconn_open(const char *target, uint32_t versions, struct vconn **);

#endif /* switch/cork.h */
