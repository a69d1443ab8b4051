#include "cep/cmd/bench_check.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cep/cmd/network.h"
#include "cep/cmd/verb.h"

enum { RULES = 10000, GARBAGE_BYTES = 1000000, PASSES_KEPT_MAX = 100 };

typedef struct Sample {
    const char *id, *what;
    double goal_seconds;
    bool good; /* it is rules */
    void (*write)(FILE *out);
} Sample;

/* ── The texts ── */

/* Four sorts of agents, a quarter each. */
static void write_rules(FILE *out)
{
    fputs("network many\n"
          "event Payment { card : string  shop : string  amount : float  at : time  time at }\n"
          "event Refund { card : string  amount : float  at : time  time at }\n"
          "alert Found { card : string  n : int }\n",
          out);
    for (int i = 0; i < RULES / 4; i++) {
        fprintf(out, "agent filter%d {\n  on     Payment p where p.shop == \"s%d\" and p.card matches /^c%d/\n"
                     "  derive Found { card: p.card, n: %d }\n}\n", i, i, i, i);
        fprintf(out, "agent many%d in by card, last 1 h {\n  on     Payment p where p.shop == \"s%d\"\n"
                     "  detect count(p) > %d and sum(p.amount) > 100\n  match  once\n"
                     "  derive Found { card: p.card, n: count(p) }\n}\n", i, i, i);
        fprintf(out, "agent pair%d in by card {\n  on     Payment p where p.shop == \"s%d\"\n  on     Refund r\n"
                     "  detect p -> r where r.amount > p.amount within 5 min\n  derive Found { card: p.card, n: 2 }\n}\n", i, i);
        fprintf(out, "agent silent%d in by card {\n  on        Payment p where p.amount > %d\n"
                     "  expect    Refund r where r.amount > 1 within 1 h\n  otherwise derive Found { card: p.card, n: 0 }\n"
                     "  quiet     1 day\n}\n", i, i);
    }
}

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void write_drawn(FILE *out, const char *letters)
{
    uint64_t state = 88172645463325252U;
    size_t n = strlen(letters);
    for (int i = 0; i < GARBAGE_BYTES; i++)
        fputc(letters[draw(&state) % n], out);
}

static void write_repeated(FILE *out, const char *text)
{
    size_t n = strlen(text);
    for (int i = 0; i < GARBAGE_BYTES; i++)
        fputc(text[i % n], out);
}

static void write_letters(FILE *out)
{
    write_drawn(out, "abcdefghijklmnopqrstuvwxyz0123456789{}()[]:=<>.,\"'/|-+ \n");
}

static void write_brackets(FILE *out)
{
    write_repeated(out, "{([");
}

static void write_half_agents(FILE *out)
{
    write_repeated(out, "agent a { on A a where\n");
}

static void write_same_events(FILE *out)
{
    write_repeated(out, "event E { x : int }\n");
}

static void write_long_condition(FILE *out)
{
    fputs("event A { x : int }\nagent a { on A a where ", out);
    write_repeated(out, "a.x == 1 and ");
}

static const Sample samples[] = {
    {"check-10k", "10,000 rules of four sorts", 1.0, true, write_rules},
    {"letters", "1 MB of letters and signs at random", 0.1, false, write_letters},
    {"brackets", "1 MB of opening brackets", 0.1, false, write_brackets},
    {"halves", "1 MB of agents that break off", 0.1, false, write_half_agents},
    {"doubles", "1 MB of one event type", 0.1, false, write_same_events},
    {"long", "a condition of 1 MB", 0.1, false, write_long_condition},
};

/* ── Measuring ── */

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What `cep check` does with a text, printing left out. */
static double check_once(Text text, bool *good)
{
    Network network;
    double start = cpu_seconds();
    if (network_read_texts(&network, &(Source){.path = TEXT("bench.cep"), .text = text}, 1) == EXIT_DONE)
        network_compile(&network, NULL, 0);
    *good = network.plan != NULL;
    network_free(&network);
    return cpu_seconds() - start;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool measure(const Sample *sample, unsigned passes, Json *json)
{
    char *bytes;
    size_t size;
    FILE *out = open_memstream(&bytes, &size);
    if (!out)
        abort();
    sample->write(out);
    fclose(out);
    double seconds[PASSES_KEPT_MAX] = {0};
    bool good = sample->good;
    passes = passes < PASSES_KEPT_MAX ? passes : PASSES_KEPT_MAX;
    for (unsigned i = 0; i < passes && good == sample->good; i++)
        seconds[i] = check_once((Text){bytes, (uint32_t)size}, &good);
    free(bytes);
    qsort(seconds, passes, sizeof *seconds, by_value);
    if (json) {
        json_open(json, NULL, '{');
        json_cstring(json, "id", sample->id);
        json_int(json, "bytes", (int64_t)size);
        json_bool(json, "ok", good == sample->good);
        json_float(json, "seconds", seconds[passes / 2]);
        json_float(json, "goal_seconds", sample->goal_seconds);
        json_close(json, '}');
    } else {
        printf("%-10s %9zu %-6s %9.3f %7.1f  %s\n", sample->id, size, good == sample->good ? "ok" : "WRONG",
               seconds[passes / 2], sample->goal_seconds, sample->what);
        fflush(stdout);
    }
    return good == sample->good;
}

bool bench_check(unsigned passes, Json *json)
{
    bool right = true;
    if (!json)
        printf("%-10s %9s %-6s %9s %7s\n", "check", "bytes", "", "seconds", "goal");
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        right &= measure(&samples[i], passes, json);
    return right;
}
