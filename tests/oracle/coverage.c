/* Counts by row, and a hash set of shapes. It lives in shared memory: cases run in child processes. */
#include "tests/oracle/coverage.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { SHAPES_MAX = 1 << 18, LINKS = 4, AGAINS = 4, EMITS = 4 };

struct Coverage {
    uint32_t agents[AGENT_KINDS], contexts[CONTEXT_KINDS], patterns[PATTERN_KINDS], runs, aggregates[AGGREGATE_KINDS], policies[POLICY_VALUES];
    uint32_t links[LINKS], loops, agains[AGAINS], expects[AGAINS], emits[EMITS], quiets, conjuncts, withins;
    uint32_t nshapes;
    uint64_t shapes[SHAPES_MAX];
};

static const bool agent_runs[] = {
#define X(name, word, runs, what) runs,
#include "cep/agents.def"
#undef X
};
static const bool context_runs[] = {
#define X(name, keyword, dimension, runs, what) runs,
#include "cep/contexts.def"
#undef X
};
static const bool aggregate_runs[] = {
#define X(name, word, args, runs, what) runs,
#include "cep/aggregates.def"
#undef X
};
static const bool policy_runs[] = {
#define VALUE(policy, name, words, runs) runs,
#include "cep/policies.def"
};
static const char *const policy_clauses[] = {
#define POLICY(name, clause) clause,
#include "cep/policies.def"
};
static const PolicyKind policy_of[] = {
#define VALUE(policy, name, words, runs) POLICY_##policy,
#include "cep/policies.def"
};

Coverage *coverage_new(void)
{
    Coverage *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c == MAP_FAILED)
        abort();
    return c;
}

void coverage_free(Coverage *c)
{
    munmap(c, sizeof *c);
}

static void mix(uint64_t *hash, uint64_t value)
{
    *hash = (*hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    *hash ^= *hash >> 29;
}

static void shape_add(Coverage *c, uint64_t hash)
{
    for (uint32_t i = (uint32_t)hash % SHAPES_MAX, tries = 0; tries < SHAPES_MAX; i = (i + 1) % SHAPES_MAX, tries++) {
        if (c->shapes[i] == hash)
            return;
        if (!c->shapes[i]) {
            c->shapes[i] = hash;
            c->nshapes++;
            return;
        }
    }
}

static void agent_add(Coverage *c, const AgentPlan *agent)
{
    uint64_t shape = 1;
    bool detects = agent->kind == AGENT_SEQUENCE || agent->kind == AGENT_THRESHOLD || agent->kind == AGENT_PATTERN;
    c->agents[agent->kind]++;
    mix(&shape, agent->kind);
    for (uint32_t i = 0; i < agent->ncontexts; i++) {
        const ContextStep *step = &agent->contexts[i];
        c->contexts[step->kind]++;
        c->agains[step->again] += step->kind == CONTEXT_INTERVAL;
        mix(&shape, 100 + step->kind * 8u + (step->kind == CONTEXT_INTERVAL ? step->again : step->last_count > 0));
    }
    for (uint32_t i = 0; i < agent->naggregates; i++)
        c->aggregates[agent->aggregates[i].kind]++;
    for (uint32_t i = 0; i < agent->nsteps; i++) {
        c->links[agent->steps[i].link]++;
        c->loops += agent->steps[i].loop;
        c->policies[agent->policies.pick[i]]++;
        mix(&shape, 1000 + agent->steps[i].link * 4u + agent->steps[i].loop * 2u);
        mix(&shape, agent->policies.pick[i]);
    }
    if (agent->kind == AGENT_EXPECT) {
        c->expects[agent->expect.again]++;
        mix(&shape, agent->expect.again * 2u + agent->expect.inclusive);
    }
    if (agent->kind == AGENT_PATTERN) {
        c->patterns[agent->pattern.kind]++;
        c->runs += agent->pattern.run > 0;
        mix(&shape, 3000u + agent->pattern.kind * 2u + (agent->pattern.run > 0));
    }
    if (agent->kind == AGENT_AGGREGATE) {
        c->emits[agent->emit.kind]++;
        mix(&shape, agent->emit.kind);
    }
    c->quiets += agent->quiet.duration > 0;
    c->conjuncts += agent->nconjuncts > 0;
    c->withins += agent->within > 0;
    const Policies *p = &agent->policies;
    PolicyValue values[] = {p->evaluate, p->match, p->consume, p->order, p->evidence};
    for (size_t i = 0; i < sizeof values / sizeof *values && detects; i++) {
        c->policies[values[i]]++;
        mix(&shape, 2000u + values[i]);
    }
    shape_add(c, shape);
}

void coverage_add(Coverage *c, const Plan *plan)
{
    for (uint32_t i = 0; i < plan->nagents; i++)
        agent_add(c, &plan->agents[i]);
}

uint32_t coverage_shapes(const Coverage *c)
{
    return c->nshapes;
}

/* What has no row in a table is listed by switches: a new value does not compile before it has its word here. NULL: it
 * does not run. */
static const char *link_word(StepLink link)
{
    switch (link) {
    case LINK_FOLLOWED: return "->";
    case LINK_FIRST: return "-> first";
    case LINK_ANY: return "-> any";
    case LINK_NEXT: return NULL;
    }
    return NULL;
}

static const char *again_word(Again again)
{
    switch (again) {
    case AGAIN_ADD: return "add";
    case AGAIN_IGNORE: return "ignore";
    case AGAIN_REFRESH: return "refresh";
    case AGAIN_EXTEND: return "extend";
    }
    return NULL;
}

static const char *emit_word(EmitKind emit)
{
    switch (emit) {
    case EMIT_IMMEDIATELY: return "immediately";
    case EMIT_AT_CLOSE: return "at close";
    case EMIT_ON_CHANGE: return "on change";
    case EMIT_EVERY: return "every";
    }
    return NULL;
}

static uint32_t row_print(FILE *out, const char *table, const char *word, uint32_t count, bool runs)
{
    if (!runs)
        return 0;
    fprintf(out, "  %-12s %-22s %8u%s\n", table, word, count, count ? "" : "   not reached");
    return count == 0;
}

uint32_t coverage_print(const Coverage *c, FILE *out)
{
    uint32_t missed = 0;
    for (int i = 0; i < AGENT_KINDS; i++)
        missed += row_print(out, "agent", agent_kind_word(i), c->agents[i], agent_runs[i]);
    for (int i = 0; i < CONTEXT_KINDS; i++)
        missed += row_print(out, "context", context_kind_word(i), c->contexts[i], context_runs[i]);
    for (int i = 0; i < PATTERN_KINDS; i++)
        missed += row_print(out, "pattern", pattern_word(i), c->patterns[i], true);
    missed += row_print(out, "pattern", "run", c->runs, true);
    for (int i = 0; i < AGGREGATE_KINDS; i++)
        missed += row_print(out, "aggregate", aggregate_word(i), c->aggregates[i], aggregate_runs[i]);
    for (int i = 0; i < POLICY_VALUES; i++)
        missed += row_print(out, policy_clauses[policy_of[i]], policy_word(i), c->policies[i], policy_runs[i]);
    for (int i = 0; i < LINKS; i++)
        missed += row_print(out, "link", link_word(i), c->links[i], link_word(i) != NULL);
    missed += row_print(out, "link", "loop", c->loops, true);
    missed += row_print(out, "sequence", "where", c->conjuncts, true);
    missed += row_print(out, "sequence", "within", c->withins, true);
    for (int i = 0; i < AGAINS; i++)
        missed += row_print(out, "from again", again_word(i), c->agains[i], true);
    for (int i = 0; i < AGAINS; i++)
        missed += row_print(out, "expect again", again_word(i), c->expects[i], true);
    for (int i = 0; i < EMITS; i++)
        missed += row_print(out, "emit", emit_word(i), c->emits[i], true);
    return missed + row_print(out, "clause", "quiet", c->quiets, true);
}
