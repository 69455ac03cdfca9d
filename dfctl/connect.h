/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_CONNECT_H
#define DFCTL_CONNECT_H 1

/* Why the database cannot be used, and the way out.
 *
 * The IDL says little about that: an errno at best.  So what can be seen before is
 * checked before (connect_check()), and after a failure each server is asked again,
 * step by step, by a connection of its own (connect_explain()). */

#include <stdbool.h>

#include "dfctl/tls-probe.h"

/* Checks 'remotes' (separated by commas) and, if one of them is ssl:, the files.
 * Returns NULL, or what is wrong and what to do, which the caller must free(). */
char *connect_check(const char *remotes, const struct tls_files *);

/* Says in one line, without 'remotes', why no server of them can be used, NULL if one
 * can; the caller must free() it.  Sets '*waits' to whether it may help to wait: a member of a
 * cluster answers, but is not its leader (if 'leader_only'), or has no majority.  Takes up to three
 * seconds. */
char *connect_explain(const char *remotes, const struct tls_files *, bool leader_only, bool *waits);

#endif /* dfctl/connect.h */
