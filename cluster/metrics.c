/* One array of series: the rows of metrics.def first, then the values of labelled rows as they come up. A series,
 * once there, never moves or changes its words, so counting needs no lock; the lock keeps those who
 * begin series and those who read them apart. */
#include "cluster/metrics.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "cluster/limits.h"

enum { VALUE_ROOM = 64 };

typedef enum MetricType { COUNTER, GAUGE } MetricType;

static const struct MetricRow {
    MetricType type;
    const char *name, *label, *help;
} rows[METRICS] = {
#define X(name, type, prometheus, label, help) [METRIC_##name] = {type, prometheus, label, help},
#include "cluster/metrics.def"
};

typedef struct Series {
    _Atomic int64_t number;
    Metric metric;
    char value[VALUE_ROOM]; /* of the label */
} Series;

struct Metrics {
    Memory *memory;
    pthread_mutex_t lock;
    uint32_t n, room;
    Series series[];
};

static size_t metrics_size(uint32_t room)
{
    return sizeof(Metrics) + room * sizeof(Series);
}

Metrics *metrics_new(Memory *memory)
{
    /* One place more for each labelled row's "other". */
    uint32_t room = 2 * METRICS + (uint32_t)limit_default(LIMIT_METRIC_SERIES);
    Metrics *metrics = memory_new(memory, metrics_size(room));
    metrics->memory = memory;
    metrics->room = room;
    metrics->n = METRICS;
    pthread_mutex_init(&metrics->lock, NULL);
    return metrics;
}

void metrics_free(Metrics *metrics)
{
    if (!metrics)
        return;
    pthread_mutex_destroy(&metrics->lock);
    memory_free(metrics->memory, metrics, metrics_size(metrics->room));
}

static void add(Metrics *metrics, uint32_t i, uint64_t n)
{
    atomic_fetch_add_explicit(&metrics->series[i].number, (int64_t)n, memory_order_relaxed);
}

void metrics_add(Metrics *metrics, Metric metric, uint64_t n)
{
    assert(metric < METRICS && !rows[metric].label);
    if (metrics)
        add(metrics, metric, n);
}

void metrics_set(Metrics *metrics, Metric metric, int64_t value)
{
    assert(metric < METRICS && !rows[metric].label && rows[metric].type == GAUGE);
    if (metrics)
        atomic_store_explicit(&metrics->series[metric].number, value, memory_order_relaxed);
}

int64_t metrics_read(const Metrics *metrics, Metric metric)
{
    assert(metric < METRICS && !rows[metric].label);
    return atomic_load_explicit(&metrics->series[metric].number, memory_order_relaxed);
}

static uint32_t series_find(const Metrics *metrics, Metric metric, const char *value)
{
    for (uint32_t i = METRICS; i < metrics->n; i++)
        if (metrics->series[i].metric == metric && strncmp(metrics->series[i].value, value, VALUE_ROOM - 1) == 0)
            return i;
    return 0;
}

static MetricSeries series_begin(Metrics *metrics, Metric metric, const char *value)
{
    uint32_t i = metrics->n++;
    assert(i < metrics->room);
    metrics->series[i].metric = metric;
    snprintf(metrics->series[i].value, VALUE_ROOM, "%s", value);
    return i;
}

MetricSeries metrics_series(Metrics *metrics, Metric metric, const char *value)
{
    assert(metric < METRICS && rows[metric].label);
    if (!metrics)
        return 0;
    pthread_mutex_lock(&metrics->lock);
    uint32_t i = series_find(metrics, metric, value);
    bool full = metrics->n >= METRICS + (uint32_t)limit_default(LIMIT_METRIC_SERIES);
    if (!i && full) {
        value = "other";
        i = series_find(metrics, metric, value);
    }
    if (!i)
        i = series_begin(metrics, metric, value);
    pthread_mutex_unlock(&metrics->lock);
    return i;
}

void metrics_series_add(Metrics *metrics, MetricSeries series, uint64_t n)
{
    if (!metrics)
        return;
    assert(series >= METRICS && series < metrics->room);
    add(metrics, series, n);
}

void metrics_series_set(Metrics *metrics, MetricSeries series, int64_t value)
{
    if (!metrics)
        return;
    assert(series >= METRICS && series < metrics->room);
    atomic_store_explicit(&metrics->series[series].number, value, memory_order_relaxed);
}

int64_t metrics_series_read(const Metrics *metrics, MetricSeries series)
{
    assert(series >= METRICS && series < metrics->room);
    return atomic_load_explicit(&metrics->series[series].number, memory_order_relaxed);
}

const char *metric_name(Metric metric)
{
    assert(metric < METRICS);
    return rows[metric].name;
}

const char *metric_label(Metric metric)
{
    assert(metric < METRICS);
    return rows[metric].label;
}

/* A label's value between quotes, as the text format wants it. */
static void write_value(Out *out, const char *value)
{
    for (const char *p = value; *p; p++) {
        if (*p == '\\' || *p == '"')
            out_char(out, '\\');
        if (*p == '\n')
            out_text(out, "\\n");
        else
            out_char(out, *p);
    }
}

static void write_number(Out *out, const Series *series)
{
    out_char(out, ' ');
    out_int(out, atomic_load_explicit(&series->number, memory_order_relaxed));
    out_char(out, '\n');
}

static void write_row(const Metrics *metrics, Metric metric, Out *out)
{
    const struct MetricRow *row = &rows[metric];
    out_text(out, "# HELP ");
    out_text(out, row->name);
    out_char(out, ' ');
    out_text(out, row->help);
    out_text(out, "\n# TYPE ");
    out_text(out, row->name);
    out_text(out, row->type == COUNTER ? " counter\n" : " gauge\n");
    if (!row->label) {
        out_text(out, row->name);
        write_number(out, &metrics->series[metric]);
        return;
    }
    for (uint32_t i = METRICS; i < metrics->n; i++) {
        if (metrics->series[i].metric != metric)
            continue;
        out_text(out, row->name);
        out_char(out, '{');
        out_text(out, row->label);
        out_text(out, "=\"");
        write_value(out, metrics->series[i].value);
        out_text(out, "\"}");
        write_number(out, &metrics->series[i]);
    }
}

void metrics_write(const Metrics *metrics, Out *out)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&metrics->lock; /* reading changes nothing that a caller sees */
    pthread_mutex_lock(lock);
    for (Metric metric = 0; metric < METRICS; metric++)
        write_row(metrics, metric, out);
    pthread_mutex_unlock(lock);
}
