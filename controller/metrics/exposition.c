/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "metrics/exposition.h"

#include <inttypes.h>

#include "metrics/latency.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

void
metric_family(struct ds *ds, const char *name, enum metric_type type, const char *help)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
    };

    ds_put_format(ds, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

static void
put_name(struct ds *ds, const char *name, const char *labels)
{
    ds_put_cstr(ds, name);
    if (labels && labels[0]) {
        ds_put_format(ds, "{%s}", labels);
    }
    ds_put_char(ds, ' ');
}

void
metric_uint(struct ds *ds, const char *name, const char *labels, uint64_t value)
{
    put_name(ds, name, labels);
    ds_put_format(ds, "%" PRIu64 "\n", value);
}

void
metric_int(struct ds *ds, const char *name, const char *labels, int64_t value)
{
    put_name(ds, name, labels);
    ds_put_format(ds, "%" PRId64 "\n", value);
}

void
metric_double(struct ds *ds, const char *name, const char *labels, double value)
{
    put_name(ds, name, labels);
    ds_put_format(ds, "%.17g\n", value);
}

void
metric_counter(struct ds *ds, const char *name, uint64_t value, const char *help)
{
    metric_family(ds, name, METRIC_COUNTER, help);
    metric_uint(ds, name, NULL, value);
}

void
metric_gauge(struct ds *ds, const char *name, uint64_t value, const char *help)
{
    metric_family(ds, name, METRIC_GAUGE, help);
    metric_uint(ds, name, NULL, value);
}

void
metric_histogram(struct ds *ds, const char *name, const char *labels, const struct histogram *h)
{
    const char *comma = labels && labels[0] ? "," : "";
    uint64_t n = 0;

    labels = labels ? labels : "";
    for (size_t i = 0; i < HISTOGRAM_N_BOUNDS; i++) {
        n += h->buckets[i];
        ds_put_format(ds, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, labels, comma,
                      histogram_bounds[i] / 1e6, n);
    }
    n += h->buckets[HISTOGRAM_N_BOUNDS];
    ds_put_format(ds, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, n);

    struct ds part = DS_EMPTY_INITIALIZER;
    ds_put_format(&part, "%s_sum", name);
    metric_double(ds, ds_cstr(&part), labels, h->sum_usec / 1e6);
    ds_clear(&part);
    ds_put_format(&part, "%s_count", name);
    metric_uint(ds, ds_cstr(&part), labels, n);
    ds_destroy(&part);
}

void
metric_label(struct ds *labels, const char *name, const char *value)
{
    ds_put_format(labels, "%s%s=\"", labels->length ? "," : "", name);
    for (const char *p = value; *p; p++) {
        if (*p == '\\' || *p == '"') {
            ds_put_char(labels, '\\');
            ds_put_char(labels, *p);
        } else if (*p == '\n') {
            ds_put_cstr(labels, "\\n");
        } else {
            ds_put_char(labels, *p);
        }
    }
    ds_put_char(labels, '"');
}
