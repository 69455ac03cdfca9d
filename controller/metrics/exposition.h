/* SPDX-License-Identifier: Apache-2.0 */
#ifndef METRICS_EXPOSITION_H
#define METRICS_EXPOSITION_H 1

/* Prometheus' text format, version 0.0.4.
 *
 * A family is a name with one type and one line of help, followed by its samples, which
 * differ in their labels:
 *
 *     metric_family(ds, "dragonflow_flow_mods_total", METRIC_COUNTER, "Flow-mods sent.");
 *     metric_uint(ds, "dragonflow_flow_mods_total", NULL, 17);
 *
 * Names end in their unit, those of counters in "_total".  Labels are what stands between
 * the braces; see metric_label() for values that are not constant.
 *
 * Thread-safety: no state. */

#include <stdint.h>

struct ds;
struct histogram;

/* The media type of all this. */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
};

/* Begins a family.  'help' is one line without backslashes. */
void metric_family(struct ds *, const char *name, enum metric_type, const char *help);

/* One sample.  'labels' is "NAME=\"VALUE\",..." or NULL. */
void metric_uint(struct ds *, const char *name, const char *labels, uint64_t value);
void metric_int(struct ds *, const char *name, const char *labels, int64_t value);
void metric_double(struct ds *, const char *name, const char *labels, double value);

/* A family that is one sample without labels. */
void metric_counter(struct ds *, const char *name, uint64_t value, const char *help);
void metric_gauge(struct ds *, const char *name, uint64_t value, const char *help);

/* The samples, in seconds, of a histogram with observations in microseconds. */
void metric_histogram(struct ds *, const char *name, const char *labels, const struct histogram *);

/* Appends NAME="VALUE" to 'labels', after a comma if something is there.  'value' may be
 * anything. */
void metric_label(struct ds *labels, const char *name, const char *value);

#endif /* metrics/exposition.h */
