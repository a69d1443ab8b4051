/* Metrics: the counters and gauges of a process, one row of metrics.def each.
 *
 *   metrics_add(metrics, METRIC_FRAMES_RECEIVED, 1);
 *   MetricSeries late = metrics_series(metrics, METRIC_EVENTS_REJECTED, "late");   once
 *   metrics_series_add(metrics, late, 1);                                            per event
 *
 * A row without a label is one number. A row with a label has one number for each value of it; the values
 * come up as they are met, at most LIMIT_METRIC_SERIES over all rows, the rest counts under "other".
 * Counting is one relaxed atomic addition, from any thread; reading takes a lock that counting never waits for.
 * Numbers live as long as the process: a counter that has begun anew is what Prometheus calls a restart. */
#ifndef CLUSTER_METRICS_H
#define CLUSTER_METRICS_H

#include "cluster/out.h"

typedef enum Metric {
#define X(name, type, prometheus, label, help) METRIC_##name,
#include "cluster/metrics.def"
    METRICS
} Metric;

typedef struct Metrics Metrics;
typedef uint32_t MetricSeries;

Metrics *metrics_new(Memory *memory);
void metrics_free(Metrics *metrics);

/* Rows without a label. metrics may be NULL: nothing is counted. */
void metrics_add(Metrics *metrics, Metric metric, uint64_t n);
void metrics_set(Metrics *metrics, Metric metric, int64_t value); /* gauges */
int64_t metrics_read(const Metrics *metrics, Metric metric);

/* Rows with a label. Finds or begins the series of a value; the value is copied. Takes a lock: call it once and keep
 * the number. Series are never forgotten. */
MetricSeries metrics_series(Metrics *metrics, Metric metric, const char *value);
void metrics_series_add(Metrics *metrics, MetricSeries series, uint64_t n);
void metrics_series_set(Metrics *metrics, MetricSeries series, int64_t value); /* gauges, and what others count */
int64_t metrics_series_read(const Metrics *metrics, MetricSeries series);

/* The row's words, as /metrics shows them; label is NULL for a row without one. */
const char *metric_name(Metric metric);
const char *metric_label(Metric metric);

/* Writes all of them in the text format of Prometheus, rows in the order of metrics.def. Any thread. */
void metrics_write(const Metrics *metrics, Out *out);

#endif
