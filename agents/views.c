/* Setting up what programs look at. */
#include "agents/views.h"

#include "cep/key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static void context_fill(Agent *agent, Handle leaf, Cell *cells, uint8_t *states)
{
    uint32_t n = CONTEXT_KEY;
    for (uint32_t i = 0; i < agent->plan->ncontexts; i++)
        n += agent->plan->contexts[i].nkeys;
    memset(states, STATE_NULL, n);
    if (!leaf)
        return;
    const Window *window = node_enclosing(agent, leaf);
    if (window) {
        cells[CONTEXT_START].i = window->start;
        states[CONTEXT_START] = STATE_OK;
        cells[CONTEXT_END].i = window->end;
        states[CONTEXT_END] = window->end == INT64_MAX ? STATE_NULL : STATE_OK;
    }
    Text key = node_key(agent, leaf);
    TypeKind type;
    for (uint32_t at = 0, k = CONTEXT_KEY; k < n && key_next(key, &at, &type, &cells[k]); k++)
        states[k] = STATE_OK;
}

/* That of the event at hand; of a timer a hash of whose it is and when. */
static EventId identity_of(Agent *agent, Handle leaf)
{
    if (agent->cause_id.high | agent->cause_id.low)
        return agent->cause_id;
    Text key = leaf ? node_key(agent, leaf) : (Text){"", 0};
    uint64_t whose;
    memcpy(&whose, agent->plan->hash, sizeof whose);
    XXH128_hash_t hash = XXH3_128bits_withSeed(key.p, key.len, whose ^ (uint64_t)agent->cause.time);
    return (EventId){hash.high64 & ~EVENT_ID_INPUT, hash.low64};
}

Surroundings views_surroundings(Agent *agent, Handle leaf)
{
    Engine *engine = agent->engine;
    Surroundings around = {.plan = engine->plan, .tables = engine->tables, .now = agent->cause.time,
                           .aggregates = agent->aggregates, .aggregate_states = agent->aggregate_states,
                           .scratch = &engine->scratch, .machine = engine->machine,
                           .occasion = &agent->occasion, .context = agent->context, .context_states = agent->context_states};
    if (agent->reads_context)
        context_fill(agent, leaf, agent->context, agent->context_states);
    if (agent->reads_time)
        agent->occasion.identity = identity_of(agent, leaf);
    return around;
}

bool views_test(Agent *agent, const Program *program, Handle leaf, const Arrival *arrival)
{
    if (!program)
        return true;
    Surroundings around = views_surroundings(agent, leaf);
    Cell value;
    State state = program_value(program, agent->views, &around, &value);
    if (state == STATE_ERROR)
        agent_reject(agent, "evaluation failed", TEXT("a condition gave an error"), arrival ? arrival->rows : NULL,
                     arrival ? arrival->row : 0);
    return state == STATE_OK && value.b;
}

bool views_condition(Agent *agent, const Arrival *arrival, uint32_t condition)
{
    View view = {.rows = arrival->rows, .column = shape_columns(&arrival->input->shape, arrival->rows->type), .row = arrival->row};
    Surroundings around = views_surroundings(agent, HANDLE_NONE);
    Cell value;
    State state = program_value(arrival->input->conditions[condition], &view, &around, &value);
    if (state == STATE_ERROR)
        agent_reject(agent, "evaluation failed", TEXT("a condition of the context gave an error"), arrival->rows, arrival->row);
    return state == STATE_OK && value.b;
}

/* ── Views ── */

static void view_set(Agent *agent, uint32_t participant, ViewWhich which, View view)
{
    for (uint32_t i = 0; i < agent->plan->nviews; i++)
        if (agent->plan->views[i].participant == participant && agent->plan->views[i].which == which)
            agent->views[i] = view;
}

void views_row(Agent *agent, uint32_t participant, const Rows *rows, uint32_t row)
{
    const Shape *shape = &agent->plan->participants[participant].shape;
    view_set(agent, participant, VIEW_LATEST,
             (View){.rows = rows, .column = shape_columns(shape, rows->type), .row = row});
}

void views_table(Agent *agent, uint32_t participant, const Rows *rows, uint32_t row)
{
    const Shape *shape = &agent->plan->participants[participant].shape;
    view_set(agent, participant, VIEW_LATEST, (View){.rows = rows, .column = shape->sources[0].column, .row = row});
}

View views_of_record(const Agent *agent, uint32_t participant, Handle record)
{
    if (!record)
        return (View){0};
    return (View){.record = record_at(&agent->engine->pool, record),
                  .offset = agent->plan->participants[participant].shape.offset};
}

void views_record(Agent *agent, uint32_t participant, Handle record)
{
    view_set(agent, participant, VIEW_LATEST, views_of_record(agent, participant, record));
}

void views_none(Agent *agent, uint32_t participant)
{
    view_set(agent, participant, VIEW_LATEST, (View){0});
}

void views_initiator(Agent *agent, Handle node)
{
    Window *window = NULL;
    for (; node; node = node_at(agent, node)->parent) {
        window = node_window(agent, node);
        if (window && agent->levels[node_at(agent, node)->level].kind == CONTEXT_INTERVAL)
            break;
        window = NULL;
    }
    if (!window)
        return;
    for (uint32_t i = 0; i < agent->plan->nviews; i++) {
        const ViewPlan *view = &agent->plan->views[i];
        if (view->which == VIEW_INITIATOR)
            agent->views[i] = view->participant == window->opener_participant
                                  ? views_of_record(agent, view->participant, window->opener)
                                  : (View){0};
    }
}
