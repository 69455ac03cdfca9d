/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEAVE_H
#define LEAVE_H 1

/* The clean end of the daemon, which is not a restart: takes this chassis out of the NB database,
 * its flows out of a bridge that is the stock agent's, and out of the local database what the
 * daemon has created.  Nothing of that if another daemon of this chassis goes on.
 *
 * Blocks up to LEAVE_TIMEOUT_MS for each of the three.  After that the parts can be destroyed
 * only. */

struct parts;

#define LEAVE_TIMEOUT_MS 5000

void leave_chassis(struct parts *);

#endif /* leave.h */
