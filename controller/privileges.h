/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H 1

/* What the kernel lets this process do.
 *
 * Everything that df-controller does goes through sockets: the local database, the
 * bridge's management socket, the NB database, its own control socket.  So it needs no
 * capability, except that root without CAP_DAC_OVERRIDE could not use sockets and
 * directories that belong to Open vSwitch's own user. */

/* Gives up all capabilities that are not needed, for good, and with no_new_privs the way to
 * any by running another program.  To be called once the user is the final one (--user) and
 * before there are threads.  A capability that cannot be given up is logged. */
void privileges_drop(void);

#endif /* privileges.h */
