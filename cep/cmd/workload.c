#include "cep/cmd/workload.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cep/zone.h"

enum { MS = 1000000 }; /* ns */

/* Text of tests/bench/NAME.cep, made by the Makefile. */
static const struct {
    const char *name;
    const char *text;
} rule_texts[] = {
#include "cep/cmd/bench_rules.inc"
};

static uint64_t next(Stream *stream)
{
    uint64_t s = stream->random;
    s ^= s >> 12;
    s ^= s << 25;
    s ^= s >> 27;
    stream->random = s;
    return s * UINT64_C(0x2545F4914F6CDD1D);
}

static uint32_t draw_below(Stream *stream, uint32_t n)
{
    return (uint32_t)((next(stream) >> 32) % n);
}

static double draw_fraction(Stream *stream)
{
    return (double)(next(stream) >> 11) * 0x1p-53;
}

/* symbol, price, volume */
static void draw_trade(Stream *stream, Rows *rows, uint32_t row)
{
    uint32_t symbol = draw_below(stream, stream->workload->names);
    rows_set(rows, row, 0, (Cell){.s = stream->names[symbol]});
    rows_set(rows, row, 1, (Cell){.f = draw_fraction(stream) * 100});
    rows_set(rows, row, 2, (Cell){.i = 1 + (int64_t)draw_below(stream, 1000)});
}

/* key, kind, value */
static void draw_keyed(Stream *stream, Rows *rows, uint32_t row)
{
    uint32_t key = draw_below(stream, stream->workload->names);
    rows_set(rows, row, 0, (Cell){.s = stream->names[key]});
    rows_set(rows, row, 1, (Cell){.s = draw_below(stream, 2) == 0 ? TEXT("F") : TEXT("O")});
    rows_set(rows, row, 2, (Cell){.f = draw_fraction(stream)});
}

const Workload workloads[] = {
    {"W1", "w1", "one filter", 0, 1, 1000, 5000000, 486, 486, 5, draw_trade},
    {"W2-1k", "w2", "1,000 filters", 1000, 2, 1000, 5000000, 249977, 249977, 20, draw_trade},
    {"W2-10k", "w2", "10,000 filters", 10000, 2, 10000, 3000000, 150028, 150028, 25, draw_trade},
    {"W4", "w4", "a sequence per symbol", 0, 4, 1000, 2000000, 39087, 39191, 25, draw_trade},
    {"W7", "w7", "a count per key", 0, 7, 100000, 1000000, 10311, 11312, 50, draw_keyed},
    {0},
};

const Workload *workload_find(const char *id)
{
    for (const Workload *workload = workloads; workload->id; workload++)
        if (strcasecmp(workload->id, id) == 0)
            return workload;
    return NULL;
}

static Text embedded(const char *name)
{
    for (size_t i = 0; i < sizeof rule_texts / sizeof *rule_texts; i++)
        if (strcmp(rule_texts[i].name, name) == 0)
            return text_of(rule_texts[i].text);
    return TEXT("");
}

Text workload_rules(const Workload *workload, Arena *arena)
{
    Text head = embedded(workload->rules);
    if (!workload->rule_count)
        return head;
    enum { AGENT_BYTES_MAX = 200 };
    size_t room = head.len + (size_t)workload->rule_count * AGENT_BYTES_MAX;
    char *text = arena_raw(arena, room);
    size_t len = head.len;
    memcpy(text, head.p, len);
    for (uint32_t j = 0; j < workload->rule_count; j++)
        len += (size_t)snprintf(text + len, room - len,
                                "\nagent rule_%u {\n"
                                "  on     Trade t where t.symbol == \"S%u\" and t.price > %.17g\n"
                                "  derive High { symbol: t.symbol, price: t.price }\n"
                                "}\n",
                                j, j % workload->names, 90 + 10.0 * j / workload->rule_count);
    return (Text){text, (uint32_t)len};
}

Stream stream_begin(const Workload *workload, Arena *arena)
{
    Stream stream = {.workload = workload, .names = ARENA_ARRAY(arena, Text, workload->names)};
    char letter = workload->draw == draw_keyed ? 'K' : 'S';
    for (uint32_t i = 0; i < workload->names; i++)
        stream.names[i] = arena_printf(arena, "%c%u", letter, i);
    return stream;
}

void stream_fill(Stream *stream, Rows *rows, RowRef *order, uint32_t n)
{
    const Workload *workload = stream->workload;
    for (uint32_t row = 0; row < n; row++) {
        uint64_t i = stream->next++;
        if (i % workload->events == 0)
            stream->random = UINT64_C(0x9E3779B97F4A7C15) * workload->seed;
        workload->draw(stream, rows, row);
        int64_t time = (int64_t)i * MS;
        rows->time[row] = time;
        rows->detected[row] = time;
        rows->key[row] = (OrderKey){.time = time, .kind = ORDER_EVENT, .sequence = i};
        rows->id[row] = (EventId){.high = EVENT_ID_INPUT, .low = i};
        order[row] = (RowRef){rows->type, row};
    }
    for (uint32_t i = 0; i < rows->ncolumns; i++)
        rows->columns[i].dirty = true; /* as behind rows_add */
    rows->n = n;
}
