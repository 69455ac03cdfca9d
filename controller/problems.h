/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBLEMS_H
#define PROBLEMS_H 1

/* What is wrong with this chassis now: one list, to which each room contributes, of sentences that
 * name an object, say what is wrong with it, and, where that is not obvious, what to do.
 *
 * For "status", and, as far as it lasts, for the metrics and the NB database (report.h): put
 * together every PROBLEMS_MSEC, since that is a walk over all objects, what counts is what was
 * there the time before as well.  What is no more goes at once when something has changed, or
 * when "dfctl sync" is to be answered: its answer is not followed by old complaints.
 *
 * Not thread-safe. */

struct parts;
struct problems;
struct svec;

#define PROBLEMS_MSEC 2000

/* 'parts' is used as long as the problems live. */
struct problems *problems_create(const struct parts *);
void problems_destroy(struct problems *);

/* To be called in each turn of the loop: puts the list together if it is time; takes out of it
 * what is no more, if something has changed or is to be answered. */
void problems_run(struct problems *);
void problems_wait(const struct problems *);

/* What lasts: sorted, without control characters.  Owned by 'problems'. */
const struct svec *problems_get(const struct problems *);

/* Puts together what is wrong this very moment, into 'list', which is initialised. */
void problems_collect(const struct problems *, struct svec *list);

#endif /* problems.h */
