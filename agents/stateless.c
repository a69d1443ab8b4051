/* Filter, translate, project, enrich: agents that handle each event alone. Without contexts they work on columns;
 * with contexts, quiet or now() event by event, which gives the same. */
#include "agents/fan.h"
#include "agents/terminal.h"

/* ── A column at a time ── */

/* What the agent does with the rows that passed, of one input. */
typedef struct Passing {
    const Rows *rows;
    const uint32_t *chosen;
    uint32_t n;
} Passing;

/* Looks up an enrichment for all rows; with `or drop` the rows without one are taken out of chosen. */
static uint32_t enrich_rows(Agent *agent, const EnrichPlan *enrich, VectorView *views, uint32_t *chosen, uint32_t n)
{
    Engine *engine = agent->engine;
    Arena *scratch = &engine->scratch;
    const TablePlan *plan = &engine->plan->tables[enrich->table];
    Table *table = engine->tables[enrich->table];
    Surroundings around = views_surroundings(agent, HANDLE_NONE);
    TableKey *keys = arena_raw(scratch, n * sizeof *keys);
    uint8_t *missing = arena_alloc(scratch, n);
    for (uint32_t k = 0; k < plan->nkeys; k++) {
        Vector vector = program_rows(enrich->keys[k], views, n, &around);
        for (uint32_t i = 0; i < n; i++)
            missing[i] |= vector_get(&vector, i, &keys[i].cells[k]) != STATE_OK;
    }
    uint32_t *found = arena_raw(scratch, n * sizeof *found), kept = 0;
    table_find_all(table, keys, missing, n, found);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = found[i];
        if (row == ROW_NONE && enrich->drop)
            continue;
        for (uint32_t v = 0; v < agent->plan->nviews && kept != i; v++)
            if (views[v].index && views[v].index != chosen)
                ((uint32_t *)views[v].index)[kept] = views[v].index[i];
        chosen[kept] = chosen[i];
        found[kept++] = row;
    }
    for (uint32_t v = 0; v < agent->plan->nviews; v++)
        if (agent->plan->views[v].participant == enrich->participant)
            views[v] = (VectorView){table_rows(table), agent->plan->participants[enrich->participant].shape.sources[0].column, found, 0};
    return kept;
}

static void pass_rows(Agent *agent, uint32_t input, uint32_t *chosen, uint32_t n, DerivePort port)
{
    const AgentPlan *plan = agent->plan;
    const InputPlan *in = &plan->inputs[input];
    const Rows *rows = &agent->engine->batch.rows[in->type];
    VectorView *views = ARENA_ARRAY(&agent->engine->scratch, VectorView, plan->nviews + 1);
    for (uint32_t v = 0; v < plan->nviews; v++) {
        const uint16_t *columns = shape_columns(&plan->participants[plan->views[v].participant].shape, in->type);
        if (columns && !plan->participants[plan->views[v].participant].row)
            views[v] = (VectorView){rows, columns, chosen, 0};
    }
    for (uint32_t e = 0; e < plan->nenriches && n; e++)
        n = enrich_rows(agent, &plan->enriches[e], views, chosen, n);
    if (port == PORT_MAIN)
        agent->stats.matches += n;
    derive_rows(agent, port, rows, chosen, n, views);
}

/* Each input and each terminal on its own: keys, not the order of deriving, order what comes out. */
static void stateless_mail(Agent *agent)
{
    uint32_t chosen[BATCH_ROWS];
    for (DerivePort port = PORT_MAIN; port <= PORT_ERROR; port++) {
        if (!has_port(agent->plan, port))
            continue;
        for (uint32_t input = 0; input < agent->plan->ninputs; input++) {
            uint32_t n = 0;
            for (uint32_t i = 0; i < agent->nmail; i++) {
                if (agent->mail[i].input != input || terminal_of(&agent->plan->inputs[input], agent->mail[i].roles, agent->mail[i].failed) != port)
                    continue;
                chosen[n++] = agent->mail[i].row;
                if (n == BATCH_ROWS) {
                    pass_rows(agent, input, chosen, n, port);
                    n = 0;
                }
            }
            if (n)
                pass_rows(agent, input, chosen, n, port);
        }
    }
}

/* ── Event by event ── */

static void stateless_event(Agent *agent, Handle leaf, const Arrival *arrival)
{
    DerivePort port = terminal_of(arrival->input, arrival->roles, arrival->failed);
    if (!terminal_show(agent, leaf, arrival, port))
        return;
    bool evidence = agent->plan->policies.evidence != EVIDENCE_NONE, dropped;
    fan_derive(agent, port, leaf, arrival->time, &arrival->id, evidence, 1, &dropped);
    agent->stats.matches += port == PORT_MAIN && !dropped;
}

const KindOps KIND_FILTER = {.event = stateless_event, .mail = stateless_mail};
const KindOps KIND_TRANSLATE = {.event = stateless_event, .mail = stateless_mail};
const KindOps KIND_PROJECT = {.event = stateless_event, .mail = stateless_mail};
const KindOps KIND_ENRICH = {.event = stateless_event, .mail = stateless_mail};
