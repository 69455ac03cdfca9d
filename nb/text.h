/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_TEXT_H
#define NB_TEXT_H 1

/* Text of which anybody may be the author (names and values in a database, in a file, from a
 * peer), made fit for a terminal and for a log: no control characters (C0, DEL, C1), no
 * malformed UTF-8, and no more of it than a reader wants.
 *
 * Control characters become "\n", "\t", "\u001b"; bytes that are no UTF-8 "\xff".  Everything
 * else, also a backslash, stays as it is: this is for people, not to be read back. */

#include <stddef.h>

struct ds;

/* How much is shown of a name or value, and of a sentence that quotes some, in bytes. */
#define TEXT_NAME_MAX 256
#define TEXT_SENTENCE_MAX 1024

/* Appends 's', cut to 'max' bytes; then "... (N bytes)" follows, N being the length of 's'. */
void text_put(struct ds *, const char *s, size_t max);

/* The same as a string that the caller must free(). */
char *text_clean(const char *s, size_t max);

/* Replaces '*s', which was allocated by malloc(), by the same.  Returns the new value of '*s';
 * NULL stays NULL. */
char *text_clean_in_place(char **s, size_t max);

/* Appends the 'size' bytes at 's', which may be several lines and contain tabs: only what is
 * neither is escaped, and nothing is cut. */
void text_put_lines(struct ds *, const char *s, size_t size);

#endif /* nb/text.h */
