/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_ARGUMENTS_H
#define DFCTL_ARGUMENTS_H 1

/* Options may be given after a command as well as before it. */

#include <getopt.h>

/* Returns the words of the command line in an order in which every option precedes the
 * command that it belongs to: those in 'options' (ended by an element without name) with the
 * value 'local' go before theirs, the others, and those in 'short_options' (as for
 * getopt()), before all commands.  An option after a command that is none of them ends the
 * program.  Sets '*new_argc'; the words are those of 'argv', the caller must free() the array
 * (ended by NULL). */
char **arguments_sort(int argc, char *argv[], const struct option *options,
                      const char *short_options, int local, int *new_argc);

#endif /* dfctl/arguments.h */
