/* SPDX-License-Identifier: Apache-2.0 */
#ifndef METRICS_H
#define METRICS_H 1

/* The daemon in numbers, as Prometheus collects them: what it does, how long changes take
 * until the switch has confirmed them, and how it is connected.
 *
 * Served at the address that chassis_settings.metrics names, and to "metrics/show".  The
 * numbers are put together only when somebody asks; what the loop must keep for that costs
 * next to nothing.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct ds;
struct inspect;
struct metrics;

/* 'inspect' is used as long as the metrics live. */
struct metrics *metrics_create(const struct inspect *);
void metrics_destroy(struct metrics *);

/* To be called in each turn of the loop, after switch_run(): notes what has arrived, what
 * was confirmed and what is connected, and, if 'serve', serves whoever asks.  'woke' is when
 * the loop woke up (microseconds, monotonic); 'read' says whether it then read something from
 * the NB database. */
void metrics_run(struct metrics *, long long int woke, bool read, bool serve);
void metrics_wait(const struct metrics *);

/* Appends a sentence if they cannot be served. */
struct svec;
void metrics_problems(const struct metrics *, struct svec *problems);

/* Appends everything, in Prometheus' text format. */
void metrics_format(const struct metrics *, struct ds *);

#endif /* metrics.h */
