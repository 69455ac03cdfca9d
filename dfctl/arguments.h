/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_ARGUMENTS_H
#define DFCTL_ARGUMENTS_H 1

/* Options may be given after a command as well as before it. */

#include <getopt.h>

struct svec;

/* Sorts the words of the command line, as copies, in an order in which every option precedes the
 * command that it belongs to: those in 'options' (ended by an element without name) with the
 * value 'local' go before theirs, the others, and those in 'short_options' (as for
 * getopt()), before all commands.  An option after a command that is none of them ends the
 * program.  The caller must free 'sorted', whose names are ended by NULL. */
void arguments_sort(int argc, char *argv[], const struct option *options, const char *short_options,
                    int local, struct svec *sorted);

#endif /* dfctl/arguments.h */
