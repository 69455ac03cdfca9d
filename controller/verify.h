/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_H
#define VERIFY_H 1

/* "engine/verify": are the flows those that a new engine computes from all that has been read,
 * those that the stages declare, and those that the switch holds?
 *
 * The first two are computed at once, as soon as the flows are not behind the topology; then the
 * switch is read.  All of it ends after VERIFY_TIMEOUT_MS.
 *
 * Not thread-safe. */

struct parts;
struct unixctl_conn;
struct verify;

#define VERIFY_TIMEOUT_MS 30000

/* 'parts' is used as long as the result lives. */
struct verify *verify_create(const struct parts *);
/* A verification that is under way is answered with an error. */
void verify_destroy(struct verify *);

/* Begins a verification, which verify_run() answers; with an error at once if one is under
 * way. */
void verify_start(struct verify *, struct unixctl_conn *);

/* To be called in each turn of the loop, after switch_run(). */
void verify_run(struct verify *);
void verify_wait(const struct verify *);

#endif /* verify.h */
