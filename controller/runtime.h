/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_H
#define RUNTIME_H 1

/* The runtime commands (ovs-appctl -t df-controller ...): looking at everything,
 * changing nothing but the daemon's life.
 *
 * Not thread-safe. */

#include <stdbool.h>

struct parts;
struct runtime;

/* Opens the control socket 'path' (NULL: the default) and registers the commands.  Ends the
 * program if that is not possible.  'parts' is used as long as the result lives. */
struct runtime *runtime_create(const char *path, const struct parts *parts);

/* Answers what is still to be answered, "exit" last: for when the daemon is done. */
void runtime_destroy(struct runtime *);

/* Answers commands that have been waiting for the flows or the switch.  To be called in each turn
 * of the loop, after switch_run(). */
void runtime_run(struct runtime *);
/* Takes in new commands. */
void runtime_serve(struct runtime *);
void runtime_wait(const struct runtime *);

/* True once "exit" was given, */
bool runtime_is_exiting(const struct runtime *);
/* with --restart: everything is to be left in place. */
bool runtime_is_restarting(const struct runtime *);

#endif /* runtime.h */
