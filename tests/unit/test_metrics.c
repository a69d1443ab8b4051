/* Metrics: counting, series, the bound on series, and the text format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "cluster/limits.h"
#include "cluster/metrics.h"

typedef struct Fixture {
    Memory memory;
    Metrics *metrics;
    Out out;
} Fixture;

static Fixture fixture;

static int setup(void **state)
{
    memset(&fixture, 0, sizeof fixture);
    fixture.metrics = metrics_new(&fixture.memory);
    out_init(&fixture.out, &fixture.memory, -1);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    out_fini(&fixture.out);
    metrics_free(fixture.metrics);
    assert_int_equal(fixture.memory.bytes, 0);
    return 0;
}

static const char *written(Fixture *f)
{
    out_clear(&f->out);
    metrics_write(f->metrics, &f->out);
    out_char(&f->out, '\0');
    return f->out.bytes;
}

static void assert_has(Fixture *f, const char *line)
{
    const char *text = written(f), *at = strstr(text, line);
    if (!at || (at != text && at[-1] != '\n'))
        fail_msg("no line `%s` in\n%s", line, text);
}

static void test_rows_without_label(void **state)
{
    Fixture *f = *state;
    assert_has(f, "# HELP cep_messages_published_total Messages handed to the data socket.\n"
                  "# TYPE cep_messages_published_total counter\n"
                  "cep_messages_published_total 0\n");
    metrics_add(f->metrics, METRIC_MESSAGES_PUBLISHED, 3);
    metrics_add(f->metrics, METRIC_MESSAGES_PUBLISHED, 4);
    metrics_set(f->metrics, METRIC_LINKS_UP, -2);
    assert_int_equal(metrics_read(f->metrics, METRIC_MESSAGES_PUBLISHED), 7);
    assert_has(f, "cep_messages_published_total 7\n");
    assert_has(f, "# TYPE cep_links_up gauge\ncep_links_up -2\n");
}

static void test_series(void **state)
{
    Fixture *f = *state;
    MetricSeries data = metrics_series(f->metrics, METRIC_CONNECTIONS, "data");
    MetricSeries odd = metrics_series(f->metrics, METRIC_CONNECTIONS, "a \"b\"\\\n");
    assert_int_equal(metrics_series(f->metrics, METRIC_CONNECTIONS, "data"), data);
    assert_true(metrics_series(f->metrics, METRIC_CONNECTIONS_OPENED, "data") != data);
    metrics_series_set(f->metrics, data, 12);
    metrics_series_add(f->metrics, odd, 5);
    assert_has(f, "cep_connections{role=\"data\"} 12\n");
    assert_has(f, "cep_connections{role=\"a \\\"b\\\"\\\\\\n\"} 5\n");
    assert_int_equal(metrics_series_read(f->metrics, data), 12);
}

static void test_series_are_bounded(void **state)
{
    Fixture *f = *state;
    MetricSeries last = 0;
    for (int i = 0; i < 3 * limit_default(LIMIT_METRIC_SERIES); i++) {
        char value[32];
        snprintf(value, sizeof value, "v%d", i);
        metrics_series_add(f->metrics, last = metrics_series(f->metrics, METRIC_HTTP_REQUESTS, value), 1);
    }
    assert_int_equal(metrics_series(f->metrics, METRIC_HTTP_REQUESTS, "other"), last);
    assert_int_equal(metrics_series_read(f->metrics, last), 2 * limit_default(LIMIT_METRIC_SERIES));
    for (Metric m = 0; m < METRICS; m++)
        if (metric_label(m))
            metrics_series_add(f->metrics, metrics_series(f->metrics, m, "one more"), 1);
    assert_has(f, "cep_connections{role=\"other\"} 1\n");
}

static void test_without_metrics_nothing_is_counted(void **state)
{
    (void)state;
    metrics_add(NULL, METRIC_MESSAGES_PUBLISHED, 1);
    metrics_series_add(NULL, metrics_series(NULL, METRIC_CONNECTIONS, "data"), 1);
    metrics_series_set(NULL, 0, 1);
}

static void *count(void *argument)
{
    Fixture *f = argument;
    MetricSeries series = metrics_series(f->metrics, METRIC_MESSAGES_RECEIVED, "frame");
    for (int i = 0; i < 100000; i++) {
        metrics_add(f->metrics, METRIC_BYTES_PUBLISHED, 2);
        metrics_series_add(f->metrics, series, 1);
    }
    return NULL;
}

static void test_threads(void **state)
{
    Fixture *f = *state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, f), 0);
    for (int i = 0; i < 50; i++)
        written(f);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_has(f, "cep_bytes_published_total 800000\n");
    assert_has(f, "cep_messages_received_total{source=\"frame\"} 400000\n");
}

/* What is written names every row of metrics.def, in its order; tests/cli/docs.sh compares those with the page. */
static void test_every_row_is_written(void **state)
{
    const char *text = written(*state);
    for (Metric m = 0; m < METRICS; m++) {
        char line[256];
        snprintf(line, sizeof line, "# HELP %s ", metric_name(m));
        text = strstr(text, line);
        assert_non_null(text);
    }
    assert_null(strstr(text + 1, "# HELP "));
}

/* The names are what Prometheus asks for. */
static void test_names(void **state)
{
    (void)state;
    for (Metric m = 0; m < METRICS; m++) {
        const char *name = metric_name(m);
        assert_true(strncmp(name, "cep_", 4) == 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        for (Metric other = 0; other < m; other++)
            assert_string_not_equal(name, metric_name(other));
    }
#define GAUGE false
#define COUNTER true
#define X(constant, counts, name, label, help) \
    assert_true(counts == (strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0));
#include "cluster/metrics.def"
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_without_label, setup, teardown),
        cmocka_unit_test_setup_teardown(test_series, setup, teardown),
        cmocka_unit_test_setup_teardown(test_series_are_bounded, setup, teardown),
        cmocka_unit_test(test_without_metrics_nothing_is_counted),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_row_is_written, setup, teardown),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
