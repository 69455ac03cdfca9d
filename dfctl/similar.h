/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_SIMILAR_H
#define DFCTL_SIMILAR_H 1

/* "Did you mean": the word of several that another one is a slip of. */

struct svec;

/* The one of 'words' that is closest to 'word', the first one if there are several; NULL if
 * none is so close that it may be meant: a third of the letters may differ. */
const char *find_similar(const char *word, const struct svec *words);

#endif /* dfctl/similar.h */
