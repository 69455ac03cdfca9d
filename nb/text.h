/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_TEXT_H
#define NB_TEXT_H 1

/* Text of which anybody may be the author (names and values in a database, in a file, from a
 * peer), made fit for a terminal and for a log: no control characters (C0, DEL, C1), no
 * malformed UTF-8, and no more of it than a reader wants.
 *
 * Control characters become "\n", "\t", "\u001b"; bytes that are no UTF-8 "\xff".  Everything
 * else, also a backslash, stays as it is: this is for people, not to be read back. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "openvswitch/compiler.h"

struct ds;

/* How much is shown of a name or value, of one that a sentence quotes, and of the sentence, in
 * bytes. */
#define TEXT_NAME_MAX 256
#define TEXT_QUOTE_MAX 128
#define TEXT_SENTENCE_MAX 1024 /* "%.1024s" for text_format(). */

/* True if 's' is shown as it is, but for its length. */
bool text_is_clean(const char *s);

/* Appends 's', cut to 'max' bytes; then "... (N bytes)" follows, N being the length of 's'. */
void text_put(struct ds *, const char *s, size_t max);

/* The same as a string that the caller must free(). */
char *text_clean(const char *s, size_t max);

/* Replaces '*s', which was allocated by malloc(), by the same.  Returns the new value of '*s';
 * NULL stays NULL. */
char *text_clean_in_place(char **s, size_t max);

/* As xasprintf(), but what "%s" stands for is cleaned and cut to TEXT_QUOTE_MAX bytes, or, for
 * example a sentence made by this function, "%.1024s", to 1024.  The conversions are those of
 * integers and "%c", "%s", "%%", without "*" and "%n$". */
char *text_format(const char *format, ...) OVS_PRINTF_FORMAT(1, 2) OVS_WARN_UNUSED_RESULT;
char *text_vformat(const char *format, va_list) OVS_PRINTF_FORMAT(1, 0) OVS_WARN_UNUSED_RESULT;

/* Logs what text_format() makes of the arguments: TEXT_LOG(VLOG_WARN, "port %s", name), and
 * TEXT_LOG_RL(VLOG_WARN_RL, &rl, "port %s", name). */
#define TEXT_LOG(LOG, ...)                                                                         \
    do {                                                                                           \
        char *text_ = text_format(__VA_ARGS__);                                                    \
        LOG("%s", text_);                                                                          \
        free(text_);                                                                               \
    } while (0)
#define TEXT_LOG_RL(LOG_RL, RL, ...)                                                               \
    do {                                                                                           \
        char *text_ = text_format(__VA_ARGS__);                                                    \
        LOG_RL(RL, "%s", text_);                                                                   \
        free(text_);                                                                               \
    } while (0)

/* Appends the 'size' bytes at 's', which may be several lines and contain tabs: only what is
 * neither is escaped, and nothing is cut. */
void text_put_lines(struct ds *, const char *s, size_t size);

#endif /* nb/text.h */
