/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_PRINT_H
#define DFCTL_PRINT_H 1

/* What dfctl prints: nothing in it controls a terminal, and that it could not be written is
 * never overlooked. */

#include <stddef.h>

#include "openvswitch/compiler.h"

struct table;
struct table_style;

/* Has the program end with status '*failure' (as it is then) and a message if, when it ends,
 * anything that was printed to stdout could not be written. */
void print_init(const int *failure);

/* Prints 'text', of any number of lines, with its control characters escaped. */
void print_text(const char *text);

/* Prints 'table' likewise.  In formats for people also the line breaks of its texts are
 * escaped, and very long ones cut. */
void print_table(struct table *table, const struct table_style *style);

/* Fails with ctl_fatal() unless everything printed so far has been written, and says so if
 * something was changed in the database nevertheless. */
void print_check(bool committed);

/* ctl_fatal() for a message that may quote anything: prints it as one line, cut to a
 * reasonable length. */
OVS_NO_RETURN void print_fatal(const char *message);
OVS_NO_RETURN void print_fatal_format(const char *format, ...) OVS_PRINTF_FORMAT(1, 2);

#endif /* dfctl/print.h */
