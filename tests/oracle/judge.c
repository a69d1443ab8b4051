/* Runs a case in all ways, and compares: what becomes of every line, the order, the outputs, the ids. */
#include "tests/oracle/judge.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cep/zone.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/trial.h"

enum { SECONDS_SHRINKING = 1 };

const char *verdict_word(Verdict verdict)
{
    static const char *const words[] = {"same", "refused", "too many candidates", "the naive matcher differs",
                                                "the engine differs from itself", "what becomes of a line, or the order, differs",
                                                "an id does not stand for what it should", "nodes differ from the engine", "crashed", "too long"};
    return words[verdict];
}

/* What a way is compared with. */
static TrialWay base_of(int way)
{
    return way > TRIAL_OPEN && way < TRIAL_NAIVE ? TRIAL_OPEN : TRIAL_BATCHES_1;
}

static uint32_t way_differs(const Trial *trial, const Outputs *outputs, int way)
{
    return outputs_differ(trial->plan, &outputs[base_of(way)], &outputs[way]);
}

static Verdict trial_judge(Trial *trial, const Case *c, Outputs *outputs)
{
    for (int way = 0; way < TRIAL_WAYS; way++) {
        outputs[way] = trial_run(trial, c, (TrialWay)way);
        if (way == TRIAL_NAIVE && outputs[way].gave_up)
            return VERDICT_GAVE_UP;
    }
    for (int way = 0; way <= TRIAL_OPEN; way++)
        if (fates_differ(c, &outputs[way], &outputs[TRIAL_NAIVE]) != UINT32_MAX)
            return VERDICT_FATES;
    for (int way = 1; way < TRIAL_OPEN; way++)
        if (way_differs(trial, outputs, way) != UINT32_MAX)
            return VERDICT_ENGINES;
    for (int way = TRIAL_NODES_1; way < TRIAL_NAIVE; way++)
        if (way_differs(trial, outputs, way) != UINT32_MAX || outputs[way].broken || outputs[way].failed != outputs[TRIAL_OPEN].failed)
            return VERDICT_NODES;
    return way_differs(trial, outputs, TRIAL_NAIVE) == UINT32_MAX ? VERDICT_SAME : VERDICT_DIFFERENT;
}

/* Ids stand for the same things in every run of a network, whatever else comes: here without some of the lines.
 * Where those outputs differ, that is a case of its own, which others are like. */
static Verdict ids_judge(Trial *trial, const Case *c, const Outputs *outputs)
{
    Case thin = case_thinned(c);
    Outputs engine = trial_run(trial, &thin, TRIAL_BATCHES_1024), naive = trial_run(trial, &thin, TRIAL_NAIVE);
    if (naive.gave_up || outputs_differ(trial->plan, &engine, &naive) != UINT32_MAX)
        engine.n = naive.n = 0;
    return ids_fit((const Outputs *[]){&outputs[0], &engine}, (const Outputs *[]){&outputs[TRIAL_NAIVE], &naive}) ? VERDICT_SAME
                                                                                                                 : VERDICT_IDS;
}

Verdict case_run(const Case *c, Coverage *coverage, Totals *totals, bool explains)
{
    Trial trial;
    Outputs outputs[TRIAL_WAYS];
    Verdict verdict = VERDICT_REFUSED;
    if (!case_is_sound(c))
        return VERDICT_SAME;
    trial_open(&trial, c->rules);
    if (trial.plan) {
        verdict = trial_judge(&trial, c, outputs);
        if (verdict == VERDICT_SAME)
            verdict = ids_judge(&trial, c, outputs);
        if (coverage)
            coverage_add(coverage, trial.plan);
        if (totals) {
            totals->outputs += outputs[0].n;
            totals->silent += outputs[0].n == 0;
        }
    } else if (explains) {
        printf("%s\n", c->rules);
        diagnostics_print_text(&trial.diagnostics, stdout);
    }
    if (totals) {
        totals->refused += verdict == VERDICT_REFUSED;
        totals->gave_up += verdict == VERDICT_GAVE_UP;
    }
    trial_close(&trial);
    return verdict;
}

void child_begin(unsigned seconds)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    alarm(seconds);
}

Verdict case_judge(const Case *c)
{
    pid_t child = fork();
    if (child == 0) {
        child_begin(SECONDS_SHRINKING);
        if (!freopen("/dev/null", "w", stderr))
            _exit(127);
        _exit(case_run(c, NULL, NULL, false));
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
static void print_outputs(const Trial *trial, const char *what, const Outputs *outputs, uint32_t at, FILE *out)
{
    fprintf(out, "%s, %u outputs:\n", what, outputs->n);
    for (uint32_t i = at > AROUND ? at - AROUND : 0; i < outputs->n && i <= at + AROUND; i++) {
        fprintf(out, "  %u ", i);
        output_print(trial->plan, &outputs->items[i], out);
    }
}

/* The lines as they arrive, and what becomes of them. */
static void print_stream(const Case *c, const Outputs *outputs, FILE *out)
{
    for (uint32_t i = 0; i < c->nevents; i++) {
        const CaseEvent *event = &c->events[i];
        char line[CASE_LINE_MAX];
        fprintf(out, "  %2u producer %u ", i, event->producer);
        case_line(event, line);
        if (event->step == STEP_LINE)
            fprintf(out, "line %llu: %s", (unsigned long long)case_number(c, i), line);
        else
            fprintf(out, event->step == STEP_IDLE ? "is idle" : "time passes to %lld s",
                    (long long)((event->time - case_origin()) / NS_PER_SECOND));
        Fate engine = outputs[TRIAL_BATCHES_1].fates.fate[i], naive = outputs[TRIAL_NAIVE].fates.fate[i];
        if (engine != naive)
            fprintf(out, "   engine: %s, naive: %s", fate_word(engine), fate_word(naive));
        else if (naive > FATE_TAKEN)
            fprintf(out, "   %s", fate_word(naive));
        fprintf(out, "\n");
    }
    fprintf(out, "  time passes to %lld s%s\n", (long long)((c->end - case_origin()) / NS_PER_SECOND),
            c->close ? ", and the windows are closed" : "");
}

void case_print(const Case *c, Verdict verdict, FILE *out)
{
    Trial trial;
    Outputs outputs[TRIAL_WAYS] = {{0}};
    fprintf(out, "%s\nevents:\n", c->rules);
    if (verdict > VERDICT_NODES) {
        print_stream(c, outputs, out);
        return;
    }
    trial_open(&trial, c->rules);
    if (trial.plan) {
        trial_judge(&trial, c, outputs);
        print_stream(c, outputs, out);
        uint32_t at = verdict == VERDICT_IDS ? 0 : UINT32_MAX;
        for (int way = 1; way < TRIAL_WAYS; way++) {
            uint32_t differs = way_differs(&trial, outputs, way);
            at = differs < at ? differs : at;
        }
        for (int way = 0; way < TRIAL_WAYS; way++) {
            if (outputs[way].broken)
                fprintf(out, "%s: %s\n", trial_way_words[way], outputs[way].broken);
            if (way == 0 || (verdict == VERDICT_IDS && way == TRIAL_NAIVE) || way_differs(&trial, outputs, way) != UINT32_MAX)
                print_outputs(&trial, trial_way_words[way], &outputs[way], at, out);
            else if (base_of(way) == TRIAL_OPEN && outputs[way].failed != outputs[TRIAL_OPEN].failed)
                fprintf(out, "%s: other rejections than of one engine\n", trial_way_words[way]);
        }
    }
    trial_close(&trial);
}
