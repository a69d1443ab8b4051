#include "cep/cmd/bench_enrich.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agents/engine.h"
#include "cep/cmd/network.h"
#include "cep/cmd/verb.h"
#include "cep/cmd/workload.h"
#include "cluster/alert_json.h"
#include "cluster/ingest.h"
#include "cluster/store.h"
#include "cluster/tables.h"

enum { ROWS = 100000, EVENTS = 500000, LINE_MAX_BYTES = 96, PADDING = 64, PASSES_MAX = 100, START_TRIES = 500 };

static const double GOAL = 1.2;

/* ── A server of our own ── */

typedef struct Server {
    char folder[64], address[128];
    pid_t pid;
} Server;

static void server_stop(Server *server)
{
    char path[128];
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    snprintf(path, sizeof path, "%s/s", server->folder);
    unlink(path);
    rmdir(server->folder);
}

static void server_run(const Server *server)
{
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    if (chdir(server->folder) == 0)
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", "s", "--save", "", "--appendonly", "no", NULL);
    _exit(127);
}

/* Returns whether it runs; NULL in *store when there is none to be had. */
static bool server_start(Server *server, Memory *memory, Store **store)
{
    char error[512];
    *server = (Server){.folder = "/tmp/cep-bench.XXXXXX"};
    *store = NULL;
    if (!mkdtemp(server->folder))
        return false;
    snprintf(server->address, sizeof server->address, "redis+unix:%s/s", server->folder);
    server->pid = fork();
    if (server->pid == 0)
        server_run(server);
    for (int i = 0; i < START_TRIES && server->pid > 0 && !*store; i++) {
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            server->pid = -1;
        else if (!(*store = store_open(memory, server->address, false, error, sizeof error)))
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return *store != NULL;
}

/* ── One of the two rules ── */

typedef struct Side {
    Memory memory;
    Network network;
    Rejections *rejections;
    Tables *tables;
    Engine *engine;
    Ingest *ingest;
    uint32_t producer;
    uint64_t number, alerts; /* lines given; alerts written */
    Out out;
    double seconds[PASSES_MAX + 1];
} Side;

static Batch *side_batch(void *owner)
{
    return engine_batch(((Side *)owner)->engine);
}

static void side_run(void *owner)
{
    Side *side = owner;
    tables_turn(side->tables, engine_batch(side->engine));
    engine_run(side->engine);
}

static void side_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    Side *side = owner;
    alert_json(&side->out, side->network.plan, type, rows, row);
    side->alerts++;
}

static void side_rejected(void *owner, const Rejection *rejection)
{
    rejections_count(((Side *)owner)->rejections, rejection->reason);
}

static void side_line_rejected(void *owner, const IngestRejection *rejection)
{
    rejections_count(((Side *)owner)->rejections, rejection->reason);
}

static bool side_open(Side *side, const char *rules, const char *state)
{
    memset(side, 0, sizeof *side);
    Workload workload = {.id = rules, .rules = rules};
    Arena arena;
    arena_init(&arena, &side->memory);
    Source source = {.path = text_of(rules), .text = workload_rules(&workload, &arena)};
    int code = network_read_texts(&side->network, &source, 1);
    if (code == EXIT_DONE)
        code = network_compile(&side->network, NULL, 0);
    arena_fini(&arena);
    if (code != EXIT_DONE) {
        network_report(&side->network, stderr);
        return false;
    }
    const Plan *plan = side->network.plan;
    out_init(&side->out, &side->memory, open("/dev/null", O_WRONLY));
    side->rejections = rejections_new(&side->memory, plan->network, NULL, stderr);
    TablesOptions options = {.state = state, .wait = -1, .rejections = side->rejections, .messages = stderr};
    side->tables = tables_open(plan, &side->memory, options);
    if (!side->tables)
        return false;
    side->engine = engine_new(plan, &side->memory, tables_all(side->tables), (EngineOptions){.alerts_only = true},
                              (Sink){.owner = side, .event = side_event, .rejected = side_rejected});
    side->ingest = ingest_new(plan, &side->memory, (IngestOptions){.tables = tables_all(side->tables)},
                              (IngestSink){.owner = side, .batch = side_batch, .run = side_run,
                                           .rejected = side_line_rejected});
    side->producer = ingest_producer(side->ingest, NULL);
    return true;
}

static void side_close(Side *side)
{
    ingest_free(side->ingest);
    engine_free(side->engine);
    tables_close(side->tables);
    rejections_free(side->rejections);
    if (side->out.bytes) {
        close(side->out.fd);
        out_fini(&side->out);
    }
    network_free(&side->network);
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* All lines once, from text to alerts. */
static void side_pass(Side *side, Text lines, unsigned pass)
{
    double start = cpu_seconds();
    while (lines.len) {
        const char *end = memchr(lines.p, '\n', lines.len);
        Text line = {lines.p, (uint32_t)(end - lines.p)};
        ingest_line(side->ingest, side->producer, line, ++side->number);
        lines = (Text){end + 1, lines.len - line.len - 1};
    }
    ingest_run(side->ingest);
    out_flush(&side->out);
    side->seconds[pass] = cpu_seconds() - start;
}

/* ── What both read ── */

static bool fill_rows(void *owner, Store *store, uint32_t attempt)
{
    (void)owner, (void)attempt;
    for (uint32_t i = 0; i < ROWS; i++) {
        char id[16], name[16];
        Cell cells[] = {{.s = {id, (uint32_t)snprintf(id, sizeof id, "K%u", i)}},
                        {.s = {name, (uint32_t)snprintf(name, sizeof name, "N%u", i)}},
                        {.f = i * 7919 % 1000 / 10.0}};
        if (!store->ops->put(store, cells, (const uint8_t[3]){0}))
            return false;
    }
    return true;
}

/* Accounts and amounts from the generator of workload.h; freed by the caller. */
static char *make_lines(Text *lines, uint64_t *risky)
{
    char *text = malloc((size_t)EVENTS * LINE_MAX_BYTES + PADDING);
    uint64_t random = UINT64_C(0x9E3779B97F4A7C15) * 9;
    size_t n = 0;
    *risky = 0;
    if (!text)
        abort();
    for (uint32_t i = 0; i < EVENTS; i++) {
        random ^= random >> 12;
        random ^= random << 25;
        random ^= random >> 27;
        uint64_t drawn = random * UINT64_C(0x2545F4914F6CDD1D);
        uint32_t account = (uint32_t)((drawn >> 32) % ROWS), cents = (uint32_t)(drawn & 0xFFFFFFFF) % 10000;
        *risky += cents > 9900;
        n += (size_t)snprintf(text + n, LINE_MAX_BYTES, "{\"type\":\"Payment\",\"account\":\"K%u\",\"amount\":%u.%02u}\n", account,
                              cents / 100, cents % 100);
    }
    memset(text + n, 0, PADDING);
    *lines = (Text){text, (uint32_t)n};
    return text;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median pass, in ns an event; the first one warmed up. */
static double side_ns(Side *side, unsigned passes)
{
    qsort(side->seconds + 1, passes, sizeof(double), by_value);
    return side->seconds[1 + passes / 2] / EVENTS * 1e9;
}

static void print(const TablesStats *stats, double plain, double enriched, bool right, Json *json)
{
    double ratio = enriched / plain;
    if (!json) {
        printf("enrich: %s; %.1f ns/event with a row of Redis for each, %.1f without; ratio %.2f, goal %.2f\n",
               right ? "ok" : "WRONG", enriched, plain, ratio, GOAL);
        printf("        %d rows hot, %llu keys fetched in %llu round trips, from lines of JSON to alerts\n", ROWS,
               (unsigned long long)stats->fetched, (unsigned long long)stats->fetches);
        return;
    }
    json_open(json, NULL, '{');
    json_cstring(json, "id", "enrich");
    json_bool(json, "ok", right);
    json_float(json, "enriched_ns", enriched);
    json_float(json, "plain_ns", plain);
    json_float(json, "ratio", ratio);
    json_float(json, "goal_ratio", GOAL);
    json_int(json, "fetched", (int64_t)stats->fetched);
    json_int(json, "fetches", (int64_t)stats->fetches);
    json_close(json, '}');
}

static bool measure(const char *address, Store *store, unsigned passes, Json *json)
{
    Side enriched, plain;
    Text lines;
    uint64_t risky;
    bool opened = side_open(&enriched, "enrich", address);
    opened &= side_open(&plain, "plain", NULL);
    bool right = opened && store->ops->replace(store, &enriched.network.plan->tables[0], fill_rows, NULL);
    char *text = make_lines(&lines, &risky);
    for (unsigned pass = 0; right && pass <= passes; pass++) {
        side_pass(&plain, lines, pass);
        side_pass(&enriched, lines, pass);
        right = plain.alerts == risky * (pass + 1) && enriched.alerts == plain.alerts;
    }
    if (opened && right) {
        TablesStats stats = tables_stats(enriched.tables);
        print(&stats, side_ns(&plain, passes), side_ns(&enriched, passes), right, json);
    }
    free(text);
    side_close(&plain);
    side_close(&enriched);
    return right;
}

bool bench_enrich(unsigned passes, Json *json)
{
    Memory memory = {0};
    Server server;
    Store *store;
    bool right = true;
    if (server_start(&server, &memory, &store))
        right = measure(server.address, store, passes, json);
    else
        fprintf(stderr, "cep bench: enrich needs a redis-server, and none could be started; nothing was measured\n");
    store_close(store);
    server_stop(&server);
    return right;
}
