/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROLLER_H
#define CONTROLLER_H 1

/* The daemon: its parts, and the loop that runs them.
 *
 *     while (!controller_is_exiting(c)) {
 *         controller_run(c);
 *         controller_wait(c);
 *         poll_block();
 *     }
 *
 * Not thread-safe, and one to a process: the runtime commands and the TLS context are the
 * process'. */

#include <stdbool.h>

struct chassis_tls;
struct controller;

/* 'ovs_remote' is the local database (chassis_create()); 'unixctl_path' the control socket, NULL
 * for the default; 'tls' the files that the command line names (tls_create()).  Ends the program
 * if there can be no control socket. */
struct controller *controller_create(const char *ovs_remote, const char *unixctl_path,
                                     const struct chassis_tls *tls);

/* Unless this is a restart, takes the chassis out of service first (leave.h), which may block
 * for some seconds. */
void controller_destroy(struct controller *);

/* One turn of the loop. */
void controller_run(struct controller *);
void controller_wait(const struct controller *);

/* True once the runtime command "exit" was given. */
bool controller_is_exiting(const struct controller *);

#endif /* controller.h */
