/* A network compiled from rule text, rows for it, and what comes out of it as lines, for tests of what runs it. */
#ifndef TESTS_UNIT_NETWORK_H
#define TESTS_UNIT_NETWORK_H

#include <stdio.h>
#include <stdlib.h>

#include "agents/engine.h"
#include "rules/compile.h"
#include "rules/parser.h"

typedef struct Network {
    Memory memory;
    Arena arena;
    Sources sources;
    Diagnostics diagnostics;
    AstModule module;
    Plan *plan;
} Network;

static inline void network_open(Network *network, const char *rules)
{
    *network = (Network){0};
    arena_init(&network->arena, &network->memory);
    sources_init(&network->sources, &network->arena);
    diagnostics_init(&network->diagnostics, &network->sources, &network->arena);
    AstFile *file = ARENA_NEW(&network->arena, AstFile);
    uint32_t index = sources_add(&network->sources, TEXT("test.cep"), text_of(rules));
    if (parse_source(&network->sources, index, &network->diagnostics, &network->arena, file)) {
        module_add(&network->module, &network->arena, file);
        network->plan = compile(&network->sources, &network->module, &(CompileOptions){0}, &network->diagnostics, &network->memory);
    }
    if (!network->plan)
        diagnostics_print_text(&network->diagnostics, stderr);
    assert_non_null(network->plan);
}

static inline void network_close(Network *network)
{
    plan_free(network->plan);
    arena_fini(&network->arena);
    assert_int_equal(network->memory.bytes, 0);
}

static inline OrderKey input_key(int64_t seconds, uint64_t sequence)
{
    return (OrderKey){.time = seconds * NS_PER_SECOND, .kind = ORDER_EVENT, .sequence = sequence};
}

/* Adds an input of two ints, k (−1 = null) and v, and appends it to the order. */
static inline void input_add(const Network *network, Batch *batch, const char *type, int64_t k, int64_t v, OrderKey key)
{
    uint32_t index = plan_type(network->plan, text_of(type));
    Rows *rows = &batch->rows[index];
    uint32_t row = rows_add(rows, batch->memory);
    if (k >= 0)
        rows_set(rows, row, 0, (Cell){.i = k});
    rows_set(rows, row, 1, (Cell){.i = v});
    rows->time[row] = rows->detected[row] = key.time;
    rows->key[row] = key;
    rows->id[row] = (EventId){EVENT_ID_INPUT | key.origin, key.sequence};
    batch_append(batch, index, row);
}

/* What came out: "Type first-attribute;" one after another; rejections as "!agent;". */
typedef struct Output {
    const Plan *plan;
    char text[4096];
} Output;

static inline void output_event(void *owner, const EventType *type, const Rows *rows, uint32_t row)
{
    Output *out = owner;
    size_t n = strlen(out->text);
    snprintf(out->text + n, sizeof out->text - n, "%.*s %lld;", TEXT_ARGS(type->name),
             (long long)cell_get(TYPE_INT, rows->columns[0].cells, row).i);
}

static inline void output_rejected(void *owner, const Rejection *rejection)
{
    Output *out = owner;
    size_t n = strlen(out->text);
    snprintf(out->text + n, sizeof out->text - n, "!%.*s;", TEXT_ARGS(rejection->agent->name));
}

#define OUTPUT_SINK(out) ((Sink){.owner = &(out), .event = output_event, .rejected = output_rejected})

#endif
