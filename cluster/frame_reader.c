/* The map from a dictionary to the plan is made when the dictionary is another one than the last time: per entry the
 * event type and, per attribute that it names, the column. Rows then go through codec_row.
 *
 * A frame is undone when it turns out to be broken: its rows stand at the end of their Rows. */
#include "cluster/frame_reader.h"

#include <stdarg.h>
#include <stdio.h>

#include "cep/cell_text.h"
#include "cluster/row_header.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* What the rows of one entry of the dictionary become. */
typedef struct Entry {
    uint32_t type;      /* INDEX_NONE: nothing here is called so */
    CodecField *fields; /* as the entry names its attributes */
    uint32_t n;
    uint32_t unknown;   /* of them */
    Text missing;       /* an attribute that the entry lacks, and rows must have */
} Entry;

struct FrameReader {
    Memory *memory;
    const Plan *plan;
    const ProducerPlan *producer;
    Arena arena;        /* the copy of the dictionary and what was made of it */
    Arena scratch;
    Text bytes;         /* the dictionary as it came */
    bool ordered;       /* it was read for ordered frames */
    Dictionary dictionary;
    Entry *entries;
    const AgentPlan **agents; /* of the dictionary's; NULL = not in the plan */
};

FrameReader *frame_reader_new(Memory *memory, const Plan *plan, const ProducerPlan *producer)
{
    FrameReader *r = memory_new(memory, sizeof *r);
    *r = (FrameReader){.memory = memory, .plan = plan, .producer = producer};
    arena_init(&r->arena, memory);
    arena_init(&r->scratch, memory);
    return r;
}

void frame_reader_free(FrameReader *r)
{
    if (!r)
        return;
    Memory *memory = r->memory;
    arena_fini(&r->scratch);
    arena_fini(&r->arena);
    memory_free(memory, r, sizeof *r);
}

const Dictionary *frame_reader_dictionary(const FrameReader *r)
{
    return &r->dictionary;
}

/* ── The dictionary ── */

static bool may_send(const FrameReader *r, uint32_t type)
{
    const ProducerPlan *producer = r->producer;
    if (!producer || producer->ntypes == 0)
        return r->plan->types[type].input;
    for (uint32_t i = 0; i < producer->ntypes; i++)
        if (producer->types[i] == type)
            return true;
    return false;
}

/* The type that a producer calls so, as for JSON lines: by the producer's mapping, or the types' names on the wire.
 * Who may send one type only need not name it. */
static uint32_t type_sent(const FrameReader *r, Text wire)
{
    const ProducerPlan *producer = r->producer;
    for (uint32_t i = 0; producer && i < producer->nnames; i++)
        if (text_is(producer->names[i].wire, wire) && may_send(r, producer->names[i].type))
            return producer->names[i].type;
    if (producer && producer->nnames)
        return INDEX_NONE;
    if (producer && producer->ntypes == 1 && wire.len == 0)
        return producer->types[0];
    for (uint32_t t = 0; t < r->plan->ntypes; t++)
        if (text_is(r->plan->types[t].wire, wire) && may_send(r, t))
            return t;
    return INDEX_NONE;
}

static uint32_t column_named(const EventType *type, Text name)
{
    for (uint32_t i = 0; i < type->nattributes; i++)
        if (text_is(type->attributes[i].name, name))
            return i;
    return INDEX_NONE;
}

/* Of ordered rows every attribute stands as it is; of a producer's those are read that are not computed here. */
static bool entry_map(FrameReader *r, Entry *entry, const DictionaryType *named)
{
    const EventType *type = &r->plan->types[entry->type];
    bool *taken = ARENA_ARRAY(&r->arena, bool, type->nattributes);
    for (uint32_t i = 0; i < named->n; i++) {
        uint32_t column = column_named(type, named->attributes[i]);
        const Attribute *attribute = column == INDEX_NONE ? NULL : &type->attributes[column];
        entry->unknown += !attribute;
        if (!attribute || (attribute->compute && !r->ordered)) {
            entry->fields[i] = (CodecField){.column = UINT32_MAX};
            continue;
        }
        if (taken[column])
            return false;
        taken[column] = true;
        bool required = !r->ordered && !attribute->optional && !attribute->fill;
        entry->fields[i] = (CodecField){.column = column, .type = attribute->type, .of = attribute->of,
                                        .checked = !r->ordered, .required = required};
    }
    for (uint32_t i = 0; i < type->nattributes && !r->ordered; i++) {
        const Attribute *attribute = &type->attributes[i];
        if (!taken[i] && !attribute->optional && !attribute->fill && !attribute->compute && !entry->missing.p)
            entry->missing = attribute->name;
    }
    return true;
}

static bool entry_make(FrameReader *r, Entry *entry, const DictionaryType *named)
{
    entry->n = named->n;
    entry->fields = ARENA_ARRAY(&r->arena, CodecField, named->n);
    entry->type = r->ordered ? plan_type(r->plan, named->name) : type_sent(r, named->name);
    if (entry->type != INDEX_NONE)
        return entry_map(r, entry, named);
    for (uint32_t i = 0; i < named->n; i++)
        entry->fields[i].column = UINT32_MAX;
    return true;
}

static FrameError dictionary_use(FrameReader *r, const Frame *frame)
{
    bool ordered = frame->flags & FRAME_ORDERED;
    if (r->bytes.p && r->ordered == ordered && text_is(r->bytes, frame->dictionary))
        return FRAME_OK;
    arena_reset(&r->arena);
    r->bytes = (Text){0};
    r->ordered = ordered;
    Text bytes = codec_copy(frame->dictionary, &r->arena);
    Dictionary *d = &r->dictionary;
    if (!dictionary_read(d, bytes, &r->arena))
        return FRAME_BAD_DICTIONARY;
    r->entries = ARENA_ARRAY(&r->arena, Entry, d->ntypes);
    for (uint32_t i = 0; i < d->ntypes; i++)
        if (!entry_make(r, &r->entries[i], &d->types[i]))
            return FRAME_BAD_DICTIONARY;
    r->agents = ARENA_ARRAY(&r->arena, const AgentPlan *, d->nagents);
    for (uint32_t i = 0; i < d->nagents; i++) {
        uint32_t agent = plan_agent(r->plan, d->agents[i].name);
        r->agents[i] = agent == INDEX_NONE ? NULL : &r->plan->agents[agent];
    }
    r->bytes = bytes;
    return FRAME_OK;
}

/* ── Rows ── */

typedef struct Work {
    FrameReader *reader;
    const Frame *frame;
    Batch *batch;
    FrameWants *wants;
    void *owner;
    Cursor cursor; /* its end is that of the row where the frame says it, else of the body */
} Work;

static const char *expected(TypeKind type)
{
    switch (type) {
    case TYPE_TIME:
        return "a time: whole ns since 1970, RFC 3339, or a timestamp";
    case TYPE_DURATION:
        return "a duration: whole ns, or text such as \"1 h 30 min\"";
    case TYPE_POINT:
        return "a point: a list of lon, lat";
    default:
        return cell_expected(type, 0);
    }
}

static void reject(Work *w, FrameRow *row, const char *reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void reject(Work *w, FrameRow *row, const char *reason, const char *format, ...)
{
    char detail[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    size_t kept = len < 0 ? 0 : (size_t)len < sizeof detail ? (size_t)len : sizeof detail - 1;
    row->reason = reason;
    row->detail = arena_text(&w->batch->arena, (Text){detail, (uint32_t)kept});
}

/* The header of a producer's row, which is not nil: [time or nil, id or nil]. False: it is broken. */
static bool sent_header_read(Work *w, FrameRow *row)
{
    Cursor *c = &w->cursor;
    uint32_t n;
    Cell cell;
    State state = STATE_NULL;
    CodecFault fault = {0};
    if (!cursor_array(c, &n) || n > 2)
        return false;
    CodecEnd end = n > 0 ? codec_value(c, &(CodecField){.type = TYPE_TIME}, (CodecRoom){0}, &cell, &state, &fault) : CODEC_OK;
    row->has_time = state == STATE_OK;
    row->time = row->has_time ? cell.i : 0;
    if (end == CODEC_FAULT)
        reject(w, row, "invalid", "$time: expected %s, got %s", expected(TYPE_TIME), fault.got);
    if (end == CODEC_BROKEN || n < 2)
        return end != CODEC_BROKEN;
    end = codec_value(c, &(CodecField){.type = TYPE_STRING}, (CodecRoom){0}, &cell, &state, &fault);
    row->has_id = state == STATE_OK;
    if (row->has_id) {
        XXH128_hash_t hash = XXH3_128bits(cell.s.p, cell.s.len);
        row->id = (EventId){hash.high64 & ~EVENT_ID_INPUT, hash.low64};
    }
    if (end == CODEC_FAULT)
        reject(w, row, "invalid", "$id: expected %s, got %s", expected(TYPE_STRING), fault.got);
    return end != CODEC_BROKEN;
}

static bool skip(Cursor *c, uint32_t n)
{
    while (n && cursor_skip(c))
        n--;
    return n == 0;
}

static void reject_misfit(Work *w, FrameRow *row, uint32_t entry_index, uint32_t nvalues)
{
    FrameReader *r = w->reader;
    const Entry *entry = &r->entries[entry_index];
    Text name = r->dictionary.types[entry_index].name;
    name.len = name.len < 64 ? name.len : 64;
    if (entry->type == INDEX_NONE)
        reject(w, row, "unknown type", "no event is called `%.*s` here", TEXT_ARGS(name));
    else if (nvalues != entry->n)
        reject(w, row, "invalid", "a row of `%.*s` has %u values, but its dictionary names %u attributes", TEXT_ARGS(name),
               nvalues, entry->n);
    else
        reject(w, row, "invalid", "attribute `%.*s` of `%.*s` is missing", TEXT_ARGS(entry->missing),
               TEXT_ARGS(r->plan->types[entry->type].name));
}

/* Whether there is a place for the row; if not, it is rejected. */
static bool fits(Work *w, FrameRow *row, uint32_t entry_index, uint32_t nvalues)
{
    const Entry *entry = &w->reader->entries[entry_index];
    if (row->reason)
        return false;
    if (entry->type != INDEX_NONE && nvalues == entry->n && !entry->missing.p)
        return true;
    reject_misfit(w, row, entry_index, nvalues);
    return false;
}

static void reject_fault(Work *w, FrameRow *row, const Entry *entry, const CodecFault *fault)
{
    const EventType *type = &w->reader->plan->types[entry->type];
    const Attribute *attribute = &type->attributes[entry->fields[fault->field].column];
    if (fault->got)
        reject(w, row, "invalid", "attribute `%.*s` of `%.*s`: expected %s, got %s", TEXT_ARGS(attribute->name),
               TEXT_ARGS(type->name), expected(attribute->type), fault->got);
    else
        reject(w, row, "invalid", "attribute `%.*s` of `%.*s` is missing", TEXT_ARGS(attribute->name),
               TEXT_ARGS(type->name));
}

/* The values become a row of the batch. */
static FrameError values_read(Work *w, FrameRow *row, const Entry *entry)
{
    Rows *rows = &w->batch->rows[entry->type];
    CodecFault fault;
    row->row = rows_add(rows, w->batch->memory);
    CodecRoom room = {.values = &w->batch->arena, .scratch = &w->reader->scratch};
    CodecEnd end = codec_row(&w->cursor, entry->fields, entry->n, rows, row->row, room, &fault);
    if (end == CODEC_OK)
        return FRAME_OK;
    rows_truncate(rows, row->row);
    if (end == CODEC_BROKEN)
        return FRAME_BAD_ROW;
    reject_fault(w, row, entry, &fault);
    return FRAME_OK;
}

static FrameError sent_row_read(Work *w, FrameRow *row, uint32_t entry, uint32_t nvalues)
{
    if (!cursor_nil(&w->cursor) && !sent_header_read(w, row))
        return FRAME_BAD_ROW;
    if (fits(w, row, entry, nvalues))
        return values_read(w, row, &w->reader->entries[entry]);
    return skip(&w->cursor, nvalues) ? FRAME_OK : FRAME_BAD_ROW;
}

typedef struct OrderedHeader {
    int64_t time, detected;
    OrderKey key;
} OrderedHeader;

static FrameError ordered_row_read(Work *w, FrameRow *row, uint32_t entry, uint32_t nvalues, const OrderedHeader *header)
{
    FrameReader *r = w->reader;
    EventId id;
    Lineage *lineage;
    uint32_t agent;
    if (!row_lineage_read(&w->cursor, (CodecRoom){&w->batch->arena, &r->scratch}, &r->dictionary,
                          w->frame->flags & FRAME_FINAL_IDS, &header->key,
                          &id, &lineage, &agent))
        return FRAME_BAD_ROW;
    if (lineage && !(lineage->agent = r->agents[agent]))
        reject(w, row, "unknown agent", "no agent is called `%.*s` here", TEXT_ARGS(r->dictionary.agents[agent].name));
    if (!fits(w, row, entry, nvalues))
        return skip(&w->cursor, nvalues) ? FRAME_OK : FRAME_BAD_ROW;
    FrameError error = values_read(w, row, &r->entries[entry]);
    if (error || row->reason)
        return error;
    Rows *rows = &w->batch->rows[row->type];
    rows->time[row->row] = header->time;
    rows->detected[row->row] = header->detected;
    rows->key[row->row] = header->key;
    rows->id[row->row] = id;
    rows->lineage[row->row] = lineage;
    return FRAME_OK;
}

static bool is_wanted(const Work *w, const FrameRow *row, const OrderedHeader *header)
{
    uint32_t hashes[FRAME_HASHES_MAX];
    if (!w->wants)
        return true;
    for (uint32_t k = 0; k < w->frame->nhashes; k++)
        hashes[k] = frame_hash(w->frame, row->index, k);
    return w->wants(w->owner, row->index, row->type, header ? &header->key : NULL, w->frame->nhashes ? hashes : NULL);
}

/* Reads the row at hand, up to whose end the cursor reaches at most. *wanted says whether anything became of it. */
static FrameError row_read(Work *w, FrameRow *row, bool *wanted)
{
    Cursor *c = &w->cursor;
    bool ordered = w->frame->flags & FRAME_ORDERED, measured = w->frame->flags & FRAME_KEYS;
    uint32_t n;
    uint64_t entry;
    OrderedHeader header;
    if (!cursor_array(c, &n) || n < 2 || !cursor_uint(c, &entry) || entry >= w->reader->dictionary.ntypes)
        return FRAME_BAD_ROW;
    row->type = w->reader->entries[entry].type;
    row->unknown = w->reader->entries[entry].unknown;
    if (ordered && !row_order_read(c, &w->batch->arena, &header.time, &header.detected, &header.key))
        return FRAME_BAD_ROW;
    *wanted = is_wanted(w, row, ordered ? &header : NULL);
    if (*wanted)
        return ordered ? ordered_row_read(w, row, (uint32_t)entry, n - 2, &header)
                       : sent_row_read(w, row, (uint32_t)entry, n - 2);
    if (!measured) /* what is left of the header, and the values */
        return skip(c, n - 1 + ordered) ? FRAME_OK : FRAME_BAD_ROW;
    c->at = c->end;
    return FRAME_OK;
}

static FrameError rows_read(Work *w, FrameRow *rows, uint32_t *n)
{
    Cursor *c = &w->cursor;
    const uint8_t *end = c->end;
    for (uint32_t i = 0; i < w->frame->count; i++) {
        const uint8_t *start = c->at;
        bool measured = w->frame->flags & FRAME_KEYS, wanted = false;
        if (measured && frame_row_length(w->frame, i) > (size_t)(end - start))
            return FRAME_BAD_ROW;
        c->end = measured ? start + frame_row_length(w->frame, i) : end;
        FrameRow *row = &rows[*n];
        *row = (FrameRow){.index = i};
        if (row_read(w, row, &wanted))
            return FRAME_BAD_ROW;
        row->bytes = (Text){(const char *)start, (uint32_t)(c->at - start)};
        *n += wanted;
        if (measured && c->at != c->end)
            return FRAME_BAD_ROW;
    }
    return c->at == end ? FRAME_OK : FRAME_BAD_ROW;
}

FrameError frame_read(FrameReader *r, const Frame *frame, Batch *batch, FrameWants *wants, void *owner, FrameRow *rows,
                      uint32_t *n)
{
    *n = 0;
    if (frame->kind != FRAME_EVENTS)
        return FRAME_BAD_KIND;
    FrameError error = dictionary_use(r, frame);
    if (error)
        return error;
    Text body = codec_copy(frame->body, &batch->arena);
    Work work = {.reader = r, .frame = frame, .batch = batch, .wants = wants, .owner = owner};
    work.cursor = (Cursor){(const uint8_t *)body.p, (const uint8_t *)body.p + body.len};
    error = rows_read(&work, rows, n);
    if (!error)
        return FRAME_OK;
    while (*n)
        if (!rows[--*n].reason)
            rows_truncate(&batch->rows[rows[*n].type], rows[*n].row);
    return error;
}
