/* SPDX-License-Identifier: Apache-2.0 */
#ifndef METRICS_H
#define METRICS_H 1

/* The daemon in numbers, as Prometheus collects them: what it does, how long changes take
 * until the switch has confirmed them, and how it is connected.
 *
 * metrics/http.h serves them at the address that chassis_settings.metrics names, runtime.h with
 * "metrics/show".  The numbers are put together on demand only; what the loop must keep for that
 * costs next to nothing.
 *
 * Not thread-safe. */

#include <stdbool.h>

struct ds;
struct metrics;
struct parts;

/* 'parts' is used as long as the metrics live. */
struct metrics *metrics_create(const struct parts *);
void metrics_destroy(struct metrics *);

/* To be called in each turn of the loop, after switch_run(): notes what has arrived, what
 * was confirmed and what is connected.  'woke' is when the loop woke up (microseconds,
 * monotonic); 'read' says whether it then read something from the NB database. */
void metrics_run(struct metrics *, long long int woke, bool read);

/* Appends everything, in Prometheus' text format. */
void metrics_format(const struct metrics *, struct ds *);

#endif /* metrics.h */
