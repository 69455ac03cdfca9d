/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_OUTPUT_H
#define DFCTL_OUTPUT_H 1

/* What commands have put into their output or table, on its way to the user. */

#include <stddef.h>

#include "table.h"

struct ctl_command;
struct ctl_context;
struct json;

/* The format of a table if --format was not given: lists print as tables, unlike
 * db-ctl-base's "list". */
#define TF_UNSET ((enum table_format) - 1)

/* Makes 'json' (ownership is taken) a line of a command's output. */
void output_json(struct ctl_context *, struct json *);

/* An array of 'n' strings. */
struct json *json_from_strings(char *const *strings, size_t n);

/* Prints what the commands have to say, their tables in the style given. */
void output_print(struct ctl_command *, size_t n, const struct table_style *);

/* Frees it. */
void output_free(struct ctl_command *, size_t n);

#endif /* dfctl/output.h */
