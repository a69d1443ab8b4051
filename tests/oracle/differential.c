/* differential CASES SEED: random networks and streams through the engine, in four ways, and through the naive
 * matcher; everything derived must be the same.
 *
 *   differential [--write FOLDER] [--only CASE] [--failures N] [--verbose] [--tap] CASES SEED
 *   differential --kept FILE…      cases that were kept (see case.h), as TAP
 *
 * Cases run in child processes: one that ends a child, or runs for too long, is a failure like any other. A
 * failing case is shrunk, printed, and written to FOLDER. The last line is `cases N shapes M differ D`. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oracle/generate.h"
#include "tests/oracle/judge.h"
#include "tests/oracle/random.h"

enum { SECONDS_MAX = 10 };

/* What parent and children share. */
typedef struct Progress {
    uint64_t at;     /* the case at hand */
    Totals totals;
    Verdict verdict; /* of it */
} Progress;

static Coverage *coverage;
static Progress *progress;
static const char *folder;
static bool verbose, tap;
static FILE *out; /* of reports: standard output, or text that becomes TAP diagnostics */

static void write_case(const Case *c, uint64_t seed, uint64_t index)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/seed_%llu_case_%llu.case", folder, (unsigned long long)seed, (unsigned long long)index);
    FILE *to = fopen(path, "w");
    if (!to) {
        fprintf(stderr, "differential: cannot write %s: %s\n", path, strerror(errno));
        return;
    }
    case_write(c, to);
    fclose(to);
}

static void report(Case *c, Verdict verdict, uint64_t seed, uint64_t index)
{
    fprintf(out, "── seed %llu, case %llu: %s ──\n", (unsigned long long)seed, (unsigned long long)index, verdict_word(verdict));
    fflush(out);
    case_shrink(c, verdict, case_judge);
    case_print(c, verdict, out);
    if (folder)
        write_case(c, seed, index);
}

static void comment_print(char *text)
{
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        printf("# %s\n", line);
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
           (unsigned long long)index, verdict_word(verdict));
    comment_print(text);
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
        progress->verdict = case_run(&c, coverage, &progress->totals, verbose);
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

/* ── Kept cases ── */

/* A kept case that the checker refuses tests nothing any more, and fails. */
static bool kept_run(const char *path, int number)
{
    Case c;
    bool read = case_read(&c, path);
    Verdict verdict = read ? case_judge(&c) : VERDICT_CRASHED;
    bool good = verdict == VERDICT_SAME && case_is_sound(&c);
    const char *name = strrchr(path, '/');
    printf("%s %d - %s%s%s\n", good ? "ok" : "not ok", number, name ? name + 1 : path, good ? "" : ": ", good ? "" : verdict_word(verdict));
    if (!read)
        return false;
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        abort();
    if (!good)
        case_print(&c, verdict, to);
    fclose(to);
    comment_print(text);
    free(text);
    case_free(&c);
    return good;
}

static int kept_run_all(int n, char **paths)
{
    bool good = true;
    for (int i = 0; i < n; i++)
        good &= kept_run(paths[i], i + 1);
    printf("1..%d\n", n);
    return good ? 0 : 1;
}

static int usage(void)
{
    fprintf(stderr, "usage: differential --kept FILE...\n"
                    "       differential [--write FOLDER] [--only CASE] [--failures N] [--verbose] [--tap] CASES SEED\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t numbers[2], n = 0, from = 0, failures_max = 20;
    bool only = false;
    out = stdout;
    if (argc > 2 && strcmp(argv[1], "--kept") == 0)
        return kept_run_all(argc - 2, argv + 2);
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
    uint64_t differ = differences(numbers[1], from, cases, failures_max);
    uint32_t missed = coverage_print(coverage, tap ? stderr : stdout);
    bool good = differ == 0 && (missed == 0 || cases - from < 1000);
    if (tap) {
        if (differ == 0)
            printf("%s 1 - engine and naive matcher agree on %llu cases of seed %llu\n", good ? "ok" : "not ok",
                   (unsigned long long)(cases - from), (unsigned long long)numbers[1]);
        printf("1..%llu\n# ", (unsigned long long)(differ ? differ : 1));
    }
    printf("refused %llu, too many candidates %llu, without output %llu, outputs %llu\n", (unsigned long long)progress->totals.refused,
           (unsigned long long)progress->totals.gave_up, (unsigned long long)progress->totals.silent, (unsigned long long)progress->totals.outputs);
    printf("%scases %llu shapes %u differ %llu\n", tap ? "# " : "", (unsigned long long)(cases - from), coverage_shapes(coverage),
           (unsigned long long)differ);
    munmap(progress, sizeof *progress);
    coverage_free(coverage);
    return good ? 0 : 1;
}
