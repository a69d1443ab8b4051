/* The network of the frames in tests/golden/frames and docs/reference/wire.md, and how their bytes are read. */
#ifndef TESTS_UNIT_FRAME_SAMPLE_H
#define TESTS_UNIT_FRAME_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>

#include "cep/key.h"
#include "cluster/frame_reader.h"
#include "cluster/frame_writer.h"

enum { WITHDRAWAL, MANY, SAMPLE_TYPES };
enum { ACCOUNT, AMOUNT, AT, WITHDRAWAL_ATTRIBUTES };

typedef struct Sample {
    Attribute withdrawal[WITHDRAWAL_ATTRIBUTES], many[2];
    EventType types[SAMPLE_TYPES];
    Text tags[1], key_names[1];
    TypeKind key_types[1];
    ContextStep context;
    AgentPlan agent;
    Plan plan;
    uint8_t key[32];
    EventId causes[2];
    OrderPath path;
    Lineage lineage;
} Sample;

static inline void sample_make(Sample *s)
{
    *s = (Sample){.tags = {TEXT("cash")}, .key_names = {TEXT("account")}, .key_types = {TYPE_STRING}};
    s->withdrawal[ACCOUNT] = (Attribute){.name = TEXT("account"), .type = TYPE_STRING};
    s->withdrawal[AMOUNT] = (Attribute){.name = TEXT("amount"), .type = TYPE_FLOAT, .optional = true};
    s->withdrawal[AT] = (Attribute){.name = TEXT("at"), .type = TYPE_TIME, .unit = 1000000};
    s->many[0] = (Attribute){.name = TEXT("account"), .type = TYPE_STRING};
    s->many[1] = (Attribute){.name = TEXT("count"), .type = TYPE_INT};
    s->types[WITHDRAWAL] = (EventType){.name = TEXT("Withdrawal"), .wire = TEXT("wd"), .input = true,
                                       .attributes = s->withdrawal, .nattributes = WITHDRAWAL_ATTRIBUTES,
                                       .time_attribute = AT};
    s->types[MANY] = (EventType){.name = TEXT("Many"), .wire = TEXT("Many"), .alert = true, .derived = true,
                                 .severity = SEVERITY_HIGH, .tags = s->tags, .ntags = 1, .note = TEXT("look"),
                                 .attributes = s->many, .nattributes = 2, .time_attribute = INDEX_NONE};
    s->context = (ContextStep){.kind = CONTEXT_BY, .nkeys = 1, .key_names = s->key_names, .key_types = s->key_types};
    s->agent = (AgentPlan){.name = TEXT("many"), .contexts = &s->context, .ncontexts = 1,
                           .hash = {0x3b, 0x1d, 0, 0xff, 1, 2, 3, 4, 5, 6}};
    s->plan = (Plan){.network = TEXT("atm"), .types = s->types, .ntypes = SAMPLE_TYPES, .agents = &s->agent, .nagents = 1,
                     .version = {0xAA, 1, 2, 3, 4, 5, 6, 0xBB, 0xCC}};
    s->causes[0] = (EventId){EVENT_ID_INPUT | 7, 41};
    s->causes[1] = (EventId){EVENT_ID_INPUT | 7, 42};
    s->path = (OrderPath){.agent = 0, .output = 0, .depth = 1};
    uint8_t *end = key_put(s->key, TYPE_STRING, (Cell){.s = TEXT("a1")});
    s->lineage = (Lineage){.agent = &s->agent, .key = {(char *)s->key, (uint32_t)(end - s->key)},
                           .window_end = INT64_C(86400000000000), .causes = s->causes, .ncauses = 2, .cause_count = 3};
}

/* Two withdrawals, the second without an amount. */
static inline void sample_withdrawals(Rows *rows, Memory *memory)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t row = rows_add(rows, memory);
        rows_set(rows, row, ACCOUNT, (Cell){.s = TEXT("a1")});
        if (i == 0)
            rows_set(rows, row, AMOUNT, (Cell){.f = 20.5});
        rows_set(rows, row, AT, (Cell){.i = 1000000000 * (int64_t)(i + 1)});
        rows->time[row] = rows->detected[row] = 1000000000 * (int64_t)(i + 1);
        rows->key[row] = (OrderKey){.time = rows->time[row], .kind = ORDER_EVENT, .origin = 7, .sequence = 41 + i};
        rows->id[row] = (EventId){EVENT_ID_INPUT | 7, 41 + i};
    }
}

/* The alert that the second of them brought. */
static inline void sample_alert(Sample *s, Rows *rows, Memory *memory)
{
    uint32_t row = rows_add(rows, memory);
    rows_set(rows, row, 0, (Cell){.s = TEXT("a1")});
    rows_set(rows, row, 1, (Cell){.i = 3});
    rows->time[row] = rows->detected[row] = 2000000000;
    rows->key[row] = (OrderKey){.time = 2000000000, .kind = ORDER_EVENT, .origin = 7, .sequence = 42, .path = &s->path};
    rows->id[row] = (EventId){UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};
    rows->lineage[row] = &s->lineage;
}

/* Reads hexadecimal bytes, of each line up to a `#`. The bytes are on the heap. */
static inline Text hex_read(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[512], *bytes = malloc(1 << 16);
    uint32_t n = 0;
    if (!file || !bytes)
        abort();
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "#\n")] = 0;
        for (char *p = line, *end; n < 1 << 16; p = end) {
            unsigned long byte = strtoul(p, &end, 16);
            if (end == p)
                break;
            bytes[n++] = (char)byte;
        }
    }
    fclose(file);
    return (Text){bytes, n};
}

#endif
