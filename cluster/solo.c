#include "cluster/solo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cluster/alert_json.h"
#include "cluster/consumers.h"
#include "cluster/ingest.h"
#include "cluster/input.h"
#include "cluster/limits.h"
#include "cluster/pace.h"
#include "cluster/rejections.h"
#include "cluster/tables.h"

typedef struct Feed {
    Input *input;
    uint32_t producer;
    bool ended;
    int64_t heard; /* monotonic ns of the last reading */
} Feed;

typedef struct Solo {
    const Plan *plan;
    Memory *memory;
    SoloOptions options;
    Tables *tables;
    Feed *feeds;
    uint32_t nfeeds, open;
    Ingest *ingest;
    Engine *engine;
    Out out, errors;
    bool has_out, has_errors;
    Out scratch; /* events as JSON, for rejections */
    Consumers *consumers;
    Rejections *rejections;
    uint64_t alerts;
    Pace pace;
    bool failed;   /* an input broke off */
    bool no_store;
} Solo;

/* ── Signals: a byte in a pipe, so that waiting and the signal cannot miss each other ── */

static int stop_pipe[2] = {-1, -1};
static volatile sig_atomic_t stopped;

static void on_stop(int signal)
{
    (void)signal;
    int kept = errno;
    stopped = 1;
    ssize_t ignored = write(stop_pipe[1], "", 1);
    (void)ignored;
    errno = kept;
}

typedef struct Signals {
    struct sigaction interrupt, terminate, pipe;
} Signals;

static bool signals_catch(Signals *before)
{
    stopped = 0;
    if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &stop, &before->interrupt);
    sigaction(SIGTERM, &stop, &before->terminate);
    sigaction(SIGPIPE, &ignore, &before->pipe);
    return true;
}

static void signals_release(const Signals *before)
{
    sigaction(SIGPIPE, &before->pipe, NULL);
    sigaction(SIGTERM, &before->terminate, NULL);
    sigaction(SIGINT, &before->interrupt, NULL);
    close(stop_pipe[0]);
    close(stop_pipe[1]);
}

static int64_t monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* ── What comes out ── */

static void on_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    Solo *solo = owner;
    if (solo->consumers)
        consumers_take(solo->consumers, type, rows, row);
    if (!type->alert && !solo->options.all)
        return;
    solo->alerts += type->alert;
    if (solo->options.watch)
        solo->options.watch->event(solo->options.watch->owner, type, rows, row);
    else
        alert_json(&solo->out, solo->plan, type, rows, row);
}

static void reject(Solo *solo, const Rejected *rejected)
{
    if (solo->options.watch)
        solo->options.watch->interrupt(solo->options.watch->owner);
    rejections_add(solo->rejections, rejected);
}

static void on_engine_rejected(void *owner, const Rejection *rejection)
{
    Solo *solo = owner;
    Rejected rejected = {.reason = rejection->reason, .detail = rejection->detail};
    if (rejection->agent)
        rejected.agent = rejection->agent->name;
    if (rejection->rows) {
        const OrderKey *key = &rejection->rows->key[rejection->row];
        if (key->kind == ORDER_EVENT && key->origin < solo->nfeeds) {
            rejected.source = input_name(solo->feeds[key->origin].input);
            rejected.line = key->sequence;
        }
        out_clear(&solo->scratch);
        event_json(&solo->scratch, &solo->plan->types[rejection->rows->type], rejection->rows, rejection->row);
        rejected.original = (Text){solo->scratch.bytes, (uint32_t)solo->scratch.n};
    }
    reject(solo, &rejected);
}

static void on_line_rejected(void *owner, const IngestRejection *rejection)
{
    Solo *solo = owner;
    if (rejection->dropped) {
        rejections_count(solo->rejections, rejection->reason);
        return;
    }
    reject(solo, &(Rejected){
                     .reason = rejection->reason,
                     .detail = rejection->detail,
                     .source = input_name(solo->feeds[rejection->producer].input),
                     .line = rejection->line,
                     .original = rejection->original,
                 });
}

static Batch *batch_of_engine(void *owner)
{
    return engine_batch(((Solo *)owner)->engine);
}

static void flush(Solo *solo)
{
    out_flush(&solo->out);
    if (solo->has_errors)
        out_flush(&solo->errors);
    if (solo->consumers)
        consumers_flush(solo->consumers);
}

/* Waits until the batch is due, or a signal comes. */
static void keep_pace(Solo *solo)
{
    const Batch *batch = engine_batch(solo->engine);
    RowRef first = batch->order[0];
    int64_t due = pace_due(&solo->pace, batch->rows[first.type].time[first.row], monotonic());
    flush(solo);
    for (int64_t left; !stopped && (left = due - monotonic()) > 0;) {
        int64_t ms = left / 1000000 + 1;
        struct pollfd stop = {.fd = stop_pipe[0], .events = POLLIN};
        poll(&stop, 1, ms > INT32_MAX ? INT32_MAX : (int)ms);
    }
}

static void watch_engine(const Solo *solo)
{
    if (solo->options.watch)
        solo->options.watch->ran(solo->options.watch->owner, solo->engine);
}

static void run_engine(void *owner)
{
    Solo *solo = owner;
    if (solo->pace.speed > 0)
        keep_pace(solo);
    tables_turn(solo->tables, engine_batch(solo->engine));
    engine_run(solo->engine);
    watch_engine(solo);
}

/* ── What comes in ── */

static void reject_long_line(Solo *solo, const Feed *feed, Text beginning)
{
    reject(solo, &(Rejected){
                     .reason = "line too long",
                     .detail = text_of(limit_message(LIMIT_LINE_BYTES)),
                     .source = input_name(feed->input),
                     .line = input_line_number(feed->input),
                     .original = beginning,
                 });
}

/* Takes the whole lines that the input has, which are settled before it is filled again. */
static void take_lines(Solo *solo, Feed *feed)
{
    for (;;) {
        Text line;
        InputGot got = input_line(feed->input, &line);
        if (got == INPUT_LINE) {
            ingest_line(solo->ingest, feed->producer, line, input_line_number(feed->input));
        } else if (got == INPUT_TOO_LONG) {
            reject_long_line(solo, feed, line);
        } else {
            if (got == INPUT_END) {
                feed->ended = true;
                solo->open--;
            }
            ingest_settle(solo->ingest);
            if (feed->ended)
                ingest_end(solo->ingest, feed->producer);
            return;
        }
    }
}

static void watch_inputs(const Solo *solo)
{
    if (!solo->options.watch)
        return;
    uint64_t bytes = 0, of = 0;
    bool known = true;
    for (uint32_t i = 0; i < solo->nfeeds; i++) {
        bytes += input_bytes_read(solo->feeds[i].input);
        of += input_bytes(solo->feeds[i].input);
        known = known && input_bytes(solo->feeds[i].input);
    }
    solo->options.watch->progress(solo->options.watch->owner, bytes, known ? of : 0);
}

static void read_feed(Solo *solo, Feed *feed)
{
    int error = input_fill(feed->input);
    if (error == EINTR || error == EAGAIN)
        return;
    feed->heard = monotonic();
    if (error) {
        fprintf(stderr, "cep: cannot read %.*s: %s\n", TEXT_ARGS(input_name(feed->input)), strerror(error));
        solo->failed = true;
        feed->ended = true;
        solo->open--;
        ingest_end(solo->ingest, feed->producer);
        return;
    }
    take_lines(solo, feed);
}

/* Leaves out inputs that were silent for too long; returns the ms until the next will be, -1 = none. */
static int leave_out_idle(Solo *solo)
{
    if (solo->plan->idle_after == 0)
        return -1;
    int64_t now = monotonic(), soonest = INT64_MAX;
    for (uint32_t i = 0; i < solo->nfeeds; i++) {
        Feed *feed = &solo->feeds[i];
        if (feed->ended || input_descriptor(feed->input) < 0)
            continue;
        int64_t left = solo->plan->idle_after - (now - feed->heard);
        if (left <= 0)
            ingest_idle(solo->ingest, feed->producer);
        else if (left < soonest)
            soonest = left;
    }
    int64_t ms = soonest / 1000000 + 1;
    return soonest == INT64_MAX ? -1 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/* Which input has something, the slowest first; NULL = none, or a signal came. wait in ms. */
static Feed *poll_feeds(Solo *solo, int wait)
{
    struct pollfd polled[2 + 256];
    uint32_t slowest = ingest_slowest(solo->ingest);
    bool crowded = ingest_crowded(solo->ingest);
    polled[0] = (struct pollfd){.fd = stop_pipe[0], .events = POLLIN};
    polled[1] = (struct pollfd){.fd = tables_descriptor(solo->tables), .events = POLLIN};
    for (uint32_t i = 0; i < solo->nfeeds; i++) {
        Feed *feed = &solo->feeds[i];
        bool wanted = !feed->ended && (!crowded || feed->producer == slowest);
        polled[2 + i] = (struct pollfd){.fd = wanted ? input_descriptor(feed->input) : -1, .events = POLLIN};
    }
    if (poll(polled, 2 + solo->nfeeds, wait) < 0 || stopped)
        return NULL;
    Feed *ready = NULL;
    for (uint32_t i = 0; i < solo->nfeeds; i++) {
        Feed *feed = &solo->feeds[i];
        bool file = input_descriptor(feed->input) < 0;
        if (feed->ended || (!file && !polled[2 + i].revents) || (crowded && feed->producer != slowest))
            continue;
        if (!ready || feed->producer == slowest)
            ready = feed;
    }
    return ready;
}

/* Of two times to wait, -1 = for ever, the shorter. */
static int sooner(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Chooses the input to read; before waiting for one, what came so far is run and written. */
static Feed *choose(Solo *solo)
{
    uint32_t slowest = ingest_slowest(solo->ingest);
    if (slowest != INDEX_NONE && !solo->feeds[slowest].ended && input_descriptor(solo->feeds[slowest].input) < 0)
        return &solo->feeds[slowest];
    Feed *feed = poll_feeds(solo, 0);
    if (feed || stopped)
        return feed;
    int wait = leave_out_idle(solo);
    ingest_run(solo->ingest);
    flush(solo);
    tables_turn(solo->tables, NULL);
    return solo->out.error ? NULL : poll_feeds(solo, sooner(wait, tables_due(solo->tables)));
}

static void read_all(Solo *solo)
{
    while (solo->open && !stopped && !solo->out.error) {
        Feed *feed = choose(solo);
        if (feed)
            read_feed(solo, feed);
        watch_inputs(solo);
    }
    ingest_run(solo->ingest);
    if (stopped || solo->out.error)
        return;
    tables_turn(solo->tables, NULL);
    if (ingest_time(solo->ingest) != TIME_NONE)
        engine_advance(solo->engine, ingest_time(solo->ingest));
    if (solo->options.close_at_end)
        engine_close(solo->engine);
    watch_engine(solo);
}

/* ── Opening ── */

static bool open_feed(Solo *solo, const ProducerPlan *producer, Text uri)
{
    if (producer && producer->format.len && !text_is_c(producer->format, "json") &&
        !text_is_c(producer->format, "ndjson")) {
        fprintf(stderr, "cep: producer `%.*s`: format %.*s is not read here, only json\n",
                TEXT_ARGS(producer->name), TEXT_ARGS(producer->format));
        return false;
    }
    if (solo->nfeeds == (uint32_t)limit_default(LIMIT_INPUTS)) {
        fprintf(stderr, "cep: %s\n", limit_message(LIMIT_INPUTS));
        return false;
    }
    char error[512];
    Input *input = input_open(solo->memory, uri, error, sizeof error);
    if (!input) {
        fprintf(stderr, "cep: %s\n", error);
        return false;
    }
    solo->feeds[solo->nfeeds++] = (Feed){
        .input = input,
        .producer = ingest_producer(solo->ingest, producer),
        .heard = monotonic(),
    };
    return true;
}

/* "PRODUCER=URI" names a declared producer; a plain URI is the only declared one, or any. */
static const ProducerPlan *producer_of(const Plan *plan, Text *input)
{
    const char *sign = memchr(input->p, '=', input->len);
    Text name = {input->p, sign ? (uint32_t)(sign - input->p) : 0};
    for (uint32_t i = 0; sign && i < plan->nproducers; i++)
        if (text_is(plan->producers[i].name, name)) {
            *input = (Text){sign + 1, input->len - name.len - 1};
            return &plan->producers[i];
        }
    return plan->nproducers == 1 ? &plan->producers[0] : NULL;
}

static bool is_readable(Text uri)
{
    return (uri.len >= 5 && memcmp(uri.p, "file:", 5) == 0) || text_is_c(uri, "stdin:") || text_is_c(uri, "-") ||
           !memchr(uri.p, ':', uri.len);
}

static bool open_declared(Solo *solo)
{
    for (uint32_t i = 0; i < solo->plan->nproducers; i++) {
        const ProducerPlan *producer = &solo->plan->producers[i];
        if (!is_readable(producer->uri)) {
            fprintf(stderr, "cep: producer `%.*s` is at %.*s, which a node reads; here give --in %.*s=FILE\n",
                    TEXT_ARGS(producer->name), TEXT_ARGS(producer->uri), TEXT_ARGS(producer->name));
            return false;
        }
        if (!open_feed(solo, producer, producer->uri))
            return false;
    }
    return solo->plan->nproducers > 0 || open_feed(solo, NULL, TEXT("-"));
}

static bool open_feeds(Solo *solo)
{
    solo->feeds = memory_new(solo->memory, (size_t)limit_default(LIMIT_INPUTS) * sizeof *solo->feeds);
    if (solo->options.ninputs == 0)
        return open_declared(solo);
    for (uint32_t i = 0; i < solo->options.ninputs; i++) {
        Text uri = text_of(solo->options.inputs[i]);
        const ProducerPlan *producer = producer_of(solo->plan, &uri);
        if (!open_feed(solo, producer, uri))
            return false;
    }
    return true;
}

static int open_for_writing(const char *path, int truncate)
{
    if (strncmp(path, "file:", 5) == 0)
        path += 5;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | truncate, 0666);
    if (fd < 0)
        fprintf(stderr, "cep: cannot write %s: %s\n", path, strerror(errno));
    return fd;
}

static bool open_outputs(Solo *solo)
{
    const char *out = solo->options.out;
    bool standard = !out || strcmp(out, "-") == 0 || strcmp(out, "stdout:") == 0;
    int fd = standard ? STDOUT_FILENO : open_for_writing(out, 0);
    if (fd < 0)
        return false;
    out_init(&solo->out, solo->memory, fd);
    solo->has_out = true;
    if (!solo->options.errors)
        return true;
    fd = open_for_writing(solo->options.errors, O_TRUNC);
    if (fd < 0)
        return false;
    out_init(&solo->errors, solo->memory, fd);
    solo->has_errors = true;
    return true;
}

/* What the file of alerts held stays until everything else is open, and if it is one of the inputs. */
static bool empty_output(const Solo *solo)
{
    struct stat about;
    if (solo->out.fd <= STDERR_FILENO || fstat(solo->out.fd, &about) != 0 || !S_ISREG(about.st_mode))
        return true;
    for (uint32_t i = 0; i < solo->nfeeds; i++)
        if (input_reads(solo->feeds[i].input, &about)) {
            fprintf(stderr, "cep: %s is an input, too, and is not written\n", solo->options.out);
            return false;
        }
    if (ftruncate(solo->out.fd, 0) == 0)
        return true;
    fprintf(stderr, "cep: cannot write %s: %s\n", solo->options.out, strerror(errno));
    return false;
}

static bool solo_open(Solo *solo)
{
    if (!open_outputs(solo))
        return false;
    out_init(&solo->scratch, solo->memory, -1);
    solo->rejections = rejections_new(solo->memory, solo->plan->network, solo->has_errors ? &solo->errors : NULL,
                                      solo->options.quiet ? NULL : stderr);
    TablesOptions tables = {.state = solo->options.state, .wait = solo->options.state_wait,
                            .rejections = solo->rejections, .messages = stderr, .no_store = &solo->no_store};
    solo->tables = tables_open(solo->plan, solo->memory, tables);
    if (!solo->tables)
        return false;
    if (solo->plan->nconsumers && !solo->options.watch)
        solo->consumers = consumers_open(solo->plan, solo->memory, tables_all(solo->tables), stderr);
    if (solo->plan->nconsumers && !solo->options.watch && !solo->consumers)
        return false;
    EngineOptions engine = {.row_by_row = solo->options.row_by_row,
                            .alerts_only = !solo->options.all && !(solo->consumers && consumers_want_all(solo->consumers))};
    solo->engine = engine_new(solo->plan, solo->memory, tables_all(solo->tables), engine,
                              (Sink){.owner = solo, .event = on_event, .rejected = on_engine_rejected});
    IngestOptions ingest = {
        .batch_rows = solo->pace.speed > 0 ? 1 : solo->options.batch_rows,
        .tables = tables_all(solo->tables),
        .from = solo->options.from,
        .to = solo->options.to,
    };
    solo->ingest = ingest_new(solo->plan, solo->memory, ingest,
                              (IngestSink){
                                  .owner = solo,
                                  .batch = batch_of_engine,
                                  .run = run_engine,
                                  .rejected = on_line_rejected,
                              });
    if (!open_feeds(solo) || !empty_output(solo))
        return false;
    solo->open = solo->nfeeds;
    return true;
}

static void out_close(Out *out)
{
    if (out->fd > STDERR_FILENO)
        close(out->fd);
    out_fini(out);
}

static void solo_close(Solo *solo)
{
    for (uint32_t i = 0; i < solo->nfeeds; i++)
        input_close(solo->feeds[i].input);
    if (solo->feeds)
        memory_free(solo->memory, solo->feeds, (size_t)limit_default(LIMIT_INPUTS) * sizeof *solo->feeds);
    ingest_free(solo->ingest);
    if (solo->engine)
        engine_free(solo->engine);
    if (solo->consumers)
        consumers_close(solo->consumers);
    tables_close(solo->tables);
    rejections_free(solo->rejections);
    if (solo->scratch.bytes)
        out_fini(&solo->scratch);
    if (solo->has_errors)
        out_close(&solo->errors);
    if (solo->has_out)
        out_close(&solo->out);
}

/* ── The end ── */

static void summary(const Solo *solo)
{
    IngestStats stats = ingest_stats(solo->ingest);
    count_print(stats.accepted, stderr);
    fprintf(stderr, stats.accepted == 1 ? " event, " : " events, ");
    count_print(solo->alerts, stderr);
    fprintf(stderr, solo->alerts == 1 ? " alert, " : " alerts, ");
    rejections_print(solo->rejections, stderr);
    fputc('\n', stderr);
    if (stats.passed_over) {
        count_print(stats.passed_over, stderr);
        fprintf(stderr, stats.passed_over == 1 ? " event" : " events");
        fprintf(stderr, " outside of the time asked for %s passed over\n", stats.passed_over == 1 ? "was" : "were");
    }
    if (stats.unknown_fields) {
        count_print(stats.unknown_fields, stderr);
        fprintf(stderr, " fields that no event has were passed over\n");
    }
    tables_print(solo->tables, stderr);
    if (stopped) {
        fprintf(stderr, "interrupted; ");
        count_print(ingest_waiting(solo->ingest), stderr);
        fprintf(stderr, " events were waiting for their turn\n");
    }
}

static SoloEnd verdict(const Solo *solo)
{
    if (solo->out.error == EPIPE)
        fprintf(stderr, "cep: the output was closed; stopped\n");
    else if (solo->out.error)
        fprintf(stderr, "cep: cannot write the output: %s\n", strerror(solo->out.error));
    if (solo->has_errors && solo->errors.error)
        fprintf(stderr, "cep: cannot write %s: %s\n", solo->options.errors, strerror(solo->errors.error));
    int broken = solo->consumers ? consumers_flush(solo->consumers) : 0;
    if (broken)
        fprintf(stderr, "cep: the file of a consumer cannot be written: %s\n", strerror(broken));
    if (solo->out.error || (solo->has_errors && solo->errors.error) || broken)
        return SOLO_OUT_CLOSED;
    if (stopped)
        return SOLO_INTERRUPTED;
    if (solo->failed)
        return SOLO_UNREADABLE;
    IngestStats stats = ingest_stats(solo->ingest);
    bool usable = stats.accepted || stats.passed_over || rejections_total(solo->rejections) == 0;
    return usable ? SOLO_DONE : SOLO_NOTHING_USABLE;
}

static void watch_end(const Solo *solo)
{
    if (!solo->options.watch)
        return;
    IngestStats stats = ingest_stats(solo->ingest);
    SoloStats ended = {
        .lines = stats.lines,
        .events = stats.accepted,
        .rejected = rejections_total(solo->rejections),
        .passed_over = stats.passed_over,
    };
    solo->options.watch->interrupt(solo->options.watch->owner);
    solo->options.watch->ended(solo->options.watch->owner, &ended);
}

SoloEnd solo_run(const Plan *plan, Memory *memory, SoloOptions options)
{
    Solo solo = {.plan = plan, .memory = memory, .options = options, .pace = {.speed = options.speed}};
    Signals before;
    if (!signals_catch(&before)) {
        fprintf(stderr, "cep: no descriptors are left: %s\n", strerror(errno));
        return SOLO_UNREADABLE;
    }
    SoloEnd end;
    if (!solo_open(&solo)) {
        end = solo.no_store ? SOLO_NO_STORE : SOLO_UNREADABLE;
    } else {
        read_all(&solo);
        flush(&solo);
        watch_end(&solo);
        if (!options.quiet)
            summary(&solo);
        end = verdict(&solo);
    }
    solo_close(&solo);
    signals_release(&before);
    return end;
}
