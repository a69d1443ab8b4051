/* Plans: looking things up by name, the words of the kinds and policies, and the end of a plan.
 *
 * Names are looked up by whoever prints and tests, never per event, so a scan does. */
#include "cep/plan.h"

#include "cep/regex.h"

#include <assert.h>

uint32_t plan_type(const Plan *plan, Text name)
{
    for (uint32_t i = 0; i < plan->ntypes; i++)
        if (text_is(plan->types[i].name, name))
            return i;
    return INDEX_NONE;
}

uint32_t plan_table(const Plan *plan, Text name)
{
    for (uint32_t i = 0; i < plan->ntables; i++)
        if (text_is(plan->tables[i].name, name))
            return i;
    return INDEX_NONE;
}

uint32_t plan_agent(const Plan *plan, Text name)
{
    for (uint32_t i = 0; i < plan->nagents; i++)
        if (text_is(plan->agents[i].name, name))
            return i;
    return INDEX_NONE;
}

const char *agent_kind_word(AgentKind kind)
{
    static const char *const words[AGENT_KINDS] = {
#define X(name, word, runs, what) [AGENT_##name] = word,
#include "cep/agents.def"
#undef X
    };
    assert(kind < AGENT_KINDS);
    return words[kind];
}

const char *context_kind_word(ContextKind kind)
{
    static const char *const words[CONTEXT_KINDS] = {
#define X(name, keyword, dimension, runs, what) [CONTEXT_##name] = keyword,
#include "cep/contexts.def"
#undef X
    };
    assert(kind < CONTEXT_KINDS);
    return words[kind];
}

const char *aggregate_word(AggregateKind kind)
{
    static const char *const words[AGGREGATE_KINDS] = {
#define X(name, word, args, runs, what) [AGGREGATE_##name] = word,
#include "cep/aggregates.def"
#undef X
    };
    assert(kind < AGGREGATE_KINDS);
    return words[kind];
}

const char *pattern_word(PatternKind kind)
{
    static const char *const words[PATTERN_KINDS] = {
#define X(name, word, what) [PATTERN_##name] = word,
#include "cep/patterns.def"
#undef X
    };
    assert(kind < PATTERN_KINDS);
    return words[kind];
}

const char *policy_word(PolicyValue value)
{
    static const char *const words[POLICY_VALUES] = {
#define VALUE(policy, name, words, runs) [policy##_##name] = words,
#include "cep/policies.def"
    };
    assert(value < POLICY_VALUES);
    return words[value];
}

const char *severity_word(Severity severity)
{
    static const char *const words[] = {"info", "low", "medium", "high", "critical"};
    assert(severity <= SEVERITY_CRITICAL);
    return words[severity];
}

struct Regex *plan_regex(Plan *plan, Text pattern, Text flags, char *error, size_t error_size, uint32_t *error_offset)
{
    Regex *regex = regex_new(&plan->arena, pattern, flags, error, error_size, error_offset);
    if (regex) {
        regex->next = plan->regexes;
        plan->regexes = regex;
    }
    return regex;
}

void plan_free(Plan *plan)
{
    if (!plan)
        return;
    for (Regex *regex = plan->regexes, *next; regex; regex = next) {
        next = regex->next;
        regex_free(regex);
    }
    Arena arena = plan->arena;
    arena_fini(&arena);
}
