/* differential CASES SEED: random networks and streams through the engine, in four ways, and through the naive
 * matcher; everything derived must be the same.
 *
 *   differential [--write FOLDER] [--only CASE] [--failures N] [--verbose] [--tap] CASES SEED
 *
 * Cases run in child processes: one that ends a child, or runs for too long, is a failure like any other. A
 * failing case is shrunk, printed, and written as FOLDER/NAME.cep and NAME.jsonl. The last line is
 * `cases N shapes M differ D`. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oracle/coverage.h"
#include "tests/oracle/random.h"
#include "tests/oracle/shrink.h"
#include "tests/oracle/trial.h"

enum { SECONDS_MAX = 10, SECONDS_SHRINKING = 1 };

/* What parent and children share. */
typedef struct Progress {
    uint64_t at;                          /* the case at hand */
    uint64_t refused, gave_up, outputs, silent;
    Verdict verdict;                      /* of it */
} Progress;

static Coverage *coverage;
static Progress *progress;
static const char *folder;
static bool verbose, tap;
static FILE *out; /* of reports: standard output, or text that becomes TAP diagnostics */

static const char *const verdict_words[] = {"same", "refused", "too many candidates", "the naive matcher differs",
                                            "the engine differs from itself", "two outputs have one id", "nodes differ from the engine",
                                            "crashed", "too long"};

/* ── One case ── */

/* What a way is compared with. */
static TrialWay base_of(int way)
{
    return way > TRIAL_OPEN && way < TRIAL_NAIVE ? TRIAL_OPEN : TRIAL_BATCHES_1;
}

static uint32_t way_differs(const Trial *trial, const Outputs *outputs, int way)
{
    return outputs_differ(trial->plan, &outputs[base_of(way)], &outputs[way]);
}

static bool is_sound(const Case *c)
{
    int64_t passed = INT64_MIN;
    for (uint32_t i = 0; i < c->nevents; i++) {
        if (c->events[i].advance)
            passed = c->events[i].time;
        else if (c->events[i].time <= passed)
            return false;
    }
    return true;
}

static Verdict trial_judge(Trial *trial, const Case *c, Outputs *outputs)
{
    for (int way = 0; way < TRIAL_WAYS; way++) {
        outputs[way] = trial_run(trial, c, (TrialWay)way);
        if (way == TRIAL_NAIVE && outputs[way].gave_up)
            return VERDICT_GAVE_UP;
    }
    for (int way = 1; way < TRIAL_OPEN; way++)
        if (way_differs(trial, outputs, way) != UINT32_MAX)
            return VERDICT_ENGINES;
    if (outputs[0].same_ids)
        return VERDICT_SAME_IDS;
    for (int way = TRIAL_NODES_1; way < TRIAL_NAIVE && is_sound(c); way++)
        if (way_differs(trial, outputs, way) != UINT32_MAX || outputs[way].broken ||
            outputs[way].rejected != outputs[TRIAL_OPEN].rejected)
            return VERDICT_NODES;
    return way_differs(trial, outputs, TRIAL_NAIVE) == UINT32_MAX ? VERDICT_SAME : VERDICT_DIFFERENT;
}

static Verdict case_run(const Case *c, bool counts)
{
    Trial trial;
    Outputs outputs[TRIAL_WAYS];
    Verdict verdict = VERDICT_REFUSED;
    if (c->nevents == 0 || c->events[0].advance)
        return VERDICT_SAME; /* time begins with an event */
    trial_open(&trial, c->rules);
    if (trial.plan) {
        verdict = trial_judge(&trial, c, outputs);
        if (counts) {
            coverage_add(coverage, trial.plan);
            progress->outputs += outputs[0].n;
            progress->silent += outputs[0].n == 0;
        }
    } else if (counts && verbose) {
        printf("%s\n", c->rules);
        diagnostics_print_text(&trial.diagnostics, stdout);
    }
    trial_close(&trial);
    return verdict;
}

static void child_begin(unsigned seconds)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    alarm(seconds);
}

/* The same in a child of its own, silent. */
static Verdict case_judge(const Case *c)
{
    pid_t child = fork();
    if (child == 0) {
        child_begin(SECONDS_SHRINKING);
        if (!freopen("/dev/null", "w", stderr))
            _exit(127);
        _exit(case_run(c, false));
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? VERDICT_TOO_LONG : VERDICT_CRASHED;
    return WEXITSTATUS(status) <= VERDICT_NODES ? (Verdict)WEXITSTATUS(status) : VERDICT_CRASHED;
}

/* ── A failing case ── */

enum { AROUND = 3 };

/* The outputs around the first that differs. */
static void print_outputs(const Trial *trial, const char *what, const Outputs *outputs, uint32_t at)
{
    fprintf(out, "%s, %u outputs:\n", what, outputs->n);
    for (uint32_t i = at > AROUND ? at - AROUND : 0; i < outputs->n && i <= at + AROUND; i++) {
        fprintf(out, "  %u ", i);
        output_print(trial->plan, &outputs->items[i], out);
    }
}

static void print_stream(const Case *c, FILE *to, bool numbers)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->nevents; i++) {
        char line[256];
        case_event_json(&c->events[i], line, sizeof line);
        if (numbers && !c->events[i].advance)
            fprintf(to, "  %u ", n++);
        fprintf(to, "%s%s\n", numbers && c->events[i].advance ? "    " : "", line);
    }
}

static void print_case(const Case *c, Verdict verdict)
{
    Trial trial;
    Outputs outputs[TRIAL_WAYS];
    fprintf(out, "%s\nevents:\n", c->rules);
    print_stream(c, out, true);
    CaseEvent end = {.advance = true, .time = c->end};
    char line[256];
    case_event_json(&end, line, sizeof line);
    fprintf(out, "  %s%s\n", line, c->close ? ", and the windows are closed" : "");
    fflush(out);
    if (verdict > VERDICT_NODES)
        return;
    trial_open(&trial, c->rules);
    if (trial.plan) {
        trial_judge(&trial, c, outputs);
        uint32_t at = UINT32_MAX;
        for (int way = 1; way < TRIAL_WAYS; way++) {
            uint32_t differs = way_differs(&trial, outputs, way);
            at = differs < at ? differs : at;
        }
        for (int way = 0; way < TRIAL_WAYS; way++) {
            if (outputs[way].broken)
                fprintf(out, "%s: %s\n", trial_way_words[way], outputs[way].broken);
            if (way == 0 || way_differs(&trial, outputs, way) != UINT32_MAX)
                print_outputs(&trial, trial_way_words[way], &outputs[way], at);
            else if (base_of(way) == TRIAL_OPEN && outputs[way].rejected != outputs[TRIAL_OPEN].rejected)
                fprintf(out, "%s: other rejections than of one engine\n", trial_way_words[way]);
        }
    }
    trial_close(&trial);
}

static void write_case(const Case *c, uint64_t seed, uint64_t index)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/seed_%llu_case_%llu.cep", folder, (unsigned long long)seed, (unsigned long long)index);
    FILE *to = fopen(path, "w");
    if (!to) {
        fprintf(stderr, "differential: cannot write %s: %s\n", path, strerror(errno));
        return;
    }
    fprintf(to, "%s", c->rules);
    fclose(to);
    strcpy(strrchr(path, '.'), ".jsonl");
    to = fopen(path, "w");
    if (!to)
        return;
    print_stream(c, to, false);
    fclose(to);
}

static void report(Case *c, Verdict verdict, uint64_t seed, uint64_t index)
{
    fprintf(out, "── seed %llu, case %llu: %s ──\n", (unsigned long long)seed, (unsigned long long)index, verdict_words[verdict]);
    fflush(out);
    case_shrink(c, verdict, case_judge);
    print_case(c, verdict);
    if (folder)
        write_case(c, seed, index);
}

/* The same as a failed test of TAP, the report as its diagnostics. */
static void report_tap(Case *c, Verdict verdict, uint64_t seed, uint64_t index, uint64_t number)
{
    char *text;
    size_t size;
    out = open_memstream(&text, &size);
    if (!out)
        abort();
    report(c, verdict, seed, index);
    fclose(out);
    out = stdout;
    printf("not ok %llu - seed %llu case %llu: %s\n", (unsigned long long)number, (unsigned long long)seed,
           (unsigned long long)index, verdict_words[verdict]);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        printf("# %s\n", line);
    free(text);
}

/* ── All cases ── */

static uint64_t case_seed(uint64_t seed, uint64_t index)
{
    Random r = {seed * UINT64_C(1000003) + index};
    return random_next(&r);
}

/* Runs cases until one fails, which it leaves in progress. */
static void run_cases(uint64_t seed, uint64_t from, uint64_t to)
{
    for (progress->at = from; progress->at < to; progress->at++) {
        Case c;
        alarm(SECONDS_MAX);
        case_make(&c, case_seed(seed, progress->at));
        progress->verdict = VERDICT_CRASHED;
        progress->verdict = case_run(&c, true);
        progress->refused += progress->verdict == VERDICT_REFUSED;
        progress->gave_up += progress->verdict == VERDICT_GAVE_UP;
        case_free(&c);
        if (progress->verdict >= VERDICT_DIFFERENT)
            _exit(1);
    }
    _exit(0);
}

static uint64_t differences(uint64_t seed, uint64_t from, uint64_t cases, uint64_t failures_max)
{
    uint64_t differ = 0;
    while (from < cases && differ < failures_max) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            child_begin(SECONDS_MAX);
            run_cases(seed, from, cases);
        }
        int status;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return differ;
        differ++;
        Case c;
        case_make(&c, case_seed(seed, progress->at));
        bool late = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
        Verdict verdict = late ? VERDICT_TOO_LONG : progress->verdict;
        if (tap)
            report_tap(&c, verdict, seed, progress->at, differ);
        else
            report(&c, verdict, seed, progress->at);
        case_free(&c);
        from = progress->at + 1;
    }
    return differ;
}

static int usage(void)
{
    fprintf(stderr, "usage: differential [--write FOLDER] [--only CASE] [--failures N] [--verbose] [--tap] CASES SEED\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t numbers[2], n = 0, from = 0, failures_max = 20;
    bool only = false;
    out = stdout;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--write") == 0 && more)
            folder = argv[++i];
        else if (strcmp(argv[i], "--only") == 0 && more) {
            only = true;
            from = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--failures") == 0 && more)
            failures_max = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--tap") == 0)
            tap = true;
        else if (argv[i][0] != '-' && n < 2)
            numbers[n++] = strtoull(argv[i], NULL, 10);
        else
            return usage();
    }
    if (n != 2)
        return usage();
    coverage = coverage_new();
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        abort();
    uint64_t cases = only ? from + 1 : numbers[0];
    uint32_t unknown = coverage_unknown(stderr);
    uint64_t differ = differences(numbers[1], from, cases, failures_max);
    uint32_t missed = coverage_print(coverage, tap ? stderr : stdout);
    bool good = differ == 0 && unknown == 0 && (missed == 0 || cases - from < 1000);
    if (tap) {
        if (differ == 0)
            printf("%s 1 - engine and naive matcher agree on %llu cases of seed %llu\n", good ? "ok" : "not ok",
                   (unsigned long long)(cases - from), (unsigned long long)numbers[1]);
        printf("1..%llu\n# ", (unsigned long long)(differ ? differ : 1));
    }
    printf("refused %llu, too many candidates %llu, without output %llu, outputs %llu\n", (unsigned long long)progress->refused,
           (unsigned long long)progress->gave_up, (unsigned long long)progress->silent, (unsigned long long)progress->outputs);
    printf("%scases %llu shapes %u differ %llu\n", tap ? "# " : "", (unsigned long long)(cases - from), coverage_shapes(coverage),
           (unsigned long long)differ);
    munmap(progress, sizeof *progress);
    coverage_free(coverage);
    return good ? 0 : 1;
}
