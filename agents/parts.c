/* Partition keys of a whole mail. The key expressions run over columns; the encoded bytes of all `by` steps that stand
 * beside one another are one part. */
#include "agents/parts.h"

#include "agents/node.h"
#include "agents/views.h"
#include "cep/key.h"

typedef struct KeyCells {
    Cell *cells; /* [mail × keys] */
    uint8_t *states;
} KeyCells;

static void keys_run(Agent *agent, const Level *level, uint32_t input, const uint32_t *which, uint32_t n, KeyCells to)
{
    Engine *engine = agent->engine;
    const InputPlan *plan = &agent->plan->inputs[input];
    uint32_t rows[BATCH_ROWS];
    VectorView view = {&engine->batch.rows[plan->type], shape_columns(&plan->shape, plan->type), rows, 0};
    Surroundings around = views_surroundings(agent, HANDLE_NONE);
    for (uint32_t start = 0; start < n; start += BATCH_ROWS) {
        uint32_t count = n - start < BATCH_ROWS ? n - start : BATCH_ROWS;
        for (uint32_t i = 0; i < count; i++)
            rows[i] = agent->mail[which[start + i]].row;
        for (uint32_t k = 0; k < level->nkeys; k++) {
            Vector vector = program_rows(plan->keys[level->key_first + k], &view, count, &around);
            for (uint32_t i = 0; i < count; i++) {
                size_t at = (size_t)which[start + i] * level->nkeys + k;
                to.states[at] = (uint8_t)vector_get(&vector, i, &to.cells[at]);
            }
        }
    }
}

/* One part of a partition key for a mail; empty when a value is missing: then there is no partition. */
static Text part_encode(Agent *agent, const Level *level, const Cell *cells, const uint8_t *states)
{
    size_t size = 0;
    const ContextStep *step = level->step;
    for (uint32_t k = 0, s = 0; k < level->nkeys; k++) {
        for (; k - s >= step->nkeys; step++)
            s += step->nkeys;
        if (states[k] != STATE_OK)
            return (Text){"", 0};
        size += key_size(step->key_types[k - s], cells[k]);
    }
    uint8_t *bytes = arena_raw(&agent->engine->scratch, size), *end = bytes;
    step = level->step;
    for (uint32_t k = 0, s = 0; k < level->nkeys; k++) {
        for (; k - s >= step->nkeys; step++)
            s += step->nkeys;
        end = key_put(end, step->key_types[k - s], cells[k]);
    }
    return (Text){(char *)bytes, (uint32_t)(end - bytes)};
}

static void parts_of_level(Agent *agent, const Level *level, Text *parts)
{
    Arena *scratch = &agent->engine->scratch;
    size_t n = agent->nmail;
    KeyCells to = {arena_raw(scratch, n * level->nkeys * sizeof(Cell)), arena_raw(scratch, n * level->nkeys)};
    uint32_t *which = arena_raw(scratch, n * sizeof *which);
    for (uint32_t input = 0; input < agent->plan->ninputs; input++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < n; i++)
            if (agent->mail[i].input == input)
                which[count++] = i;
        if (count)
            keys_run(agent, level, input, which, count, to);
    }
    for (uint32_t i = 0; i < n; i++)
        parts[i * agent->nparts + level->part] =
            part_encode(agent, level, to.cells + (size_t)i * level->nkeys, to.states + (size_t)i * level->nkeys);
}

/* The first part decides whose a row is; see Level.part. */
static void mail_keep_own(Agent *agent, Text *parts)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < agent->nmail; i++) {
        if (!share_owns(agent->engine->options.share, share_hash(parts[(size_t)i * agent->nparts])))
            continue;
        agent->mail[n] = agent->mail[i];
        memmove(parts + (size_t)n++ * agent->nparts, parts + (size_t)i * agent->nparts, agent->nparts * sizeof *parts);
    }
    agent->nmail = n;
}

Text *parts_make(Agent *agent)
{
    if (!agent->nparts || !agent->nmail)
        return NULL;
    Text *parts = arena_raw(&agent->engine->scratch, (size_t)agent->nmail * agent->nparts * sizeof *parts);
    for (uint32_t i = 0; i < agent->nlevels; i++)
        if (agent->levels[i].kind == CONTEXT_BY)
            parts_of_level(agent, &agent->levels[i], parts);
    if (agent->how == SHARE_KEYS)
        mail_keep_own(agent, parts);
    return parts;
}

bool parts_are_own(Agent *agent, uint32_t input, const Rows *rows, uint32_t row)
{
    if (agent->how != SHARE_KEYS)
        return true;
    const Level *level = agent->levels;
    while (level->kind != CONTEXT_BY)
        level++;
    const InputPlan *plan = &agent->plan->inputs[input];
    View view = {.rows = rows, .column = shape_columns(&plan->shape, plan->type), .row = row};
    Surroundings around = views_surroundings(agent, HANDLE_NONE);
    Cell *cells = ARENA_ARRAY(&agent->engine->scratch, Cell, level->nkeys);
    uint8_t *states = ARENA_ARRAY(&agent->engine->scratch, uint8_t, level->nkeys);
    for (uint32_t k = 0; k < level->nkeys; k++)
        states[k] = (uint8_t)program_value(plan->keys[level->key_first + k], &view, &around, &cells[k]);
    return share_owns(agent->engine->options.share, share_hash(part_encode(agent, level, cells, states)));
}

uint32_t *parts_hash(Agent *agent, const Text *parts)
{
    if (!parts || agent->levels[0].kind != CONTEXT_BY)
        return NULL;
    uint32_t *hashes = arena_raw(&agent->engine->scratch, agent->nmail * sizeof *hashes);
    Handle root = node_root(agent);
    for (uint32_t i = 0; i < agent->nmail; i++)
        hashes[i] = node_hash(root, parts[i * agent->nparts]);
    return hashes;
}
