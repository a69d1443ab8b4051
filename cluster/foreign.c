/* The dictionary is made into a plan: event types with their attributes, agents with their names, versions and key
 * names; nothing that runs. Rows are read into a batch of that plan, and alert_json does not see the difference. */
#include "cluster/foreign.h"

#include "cluster/limits.h"
#include "cluster/row_header.h"

struct Foreign {
    Memory *memory;
    Arena arena;          /* the copy of the dictionary, and the plan */
    Arena scratch;
    Text bytes;           /* the dictionary as it came */
    Dictionary dictionary;
    Plan plan;
    CodecField **fields;  /* per type */
    Batch batch;          /* of the plan, if there is one */
};

Foreign *foreign_new(Memory *memory)
{
    Foreign *f = memory_new(memory, sizeof *f);
    f->memory = memory;
    arena_init(&f->arena, memory);
    arena_init(&f->scratch, memory);
    return f;
}

static void forget_plan(Foreign *f)
{
    if (f->bytes.p)
        batch_fini(&f->batch);
    f->bytes = (Text){0};
    arena_reset(&f->arena);
}

void foreign_free(Foreign *f)
{
    if (!f)
        return;
    Memory *memory = f->memory;
    forget_plan(f);
    arena_fini(&f->scratch);
    arena_fini(&f->arena);
    memory_free(memory, f, sizeof *f);
}

/* ── The plan ── */

static void type_make(Foreign *f, EventType *type, CodecField **fields, const DictionaryType *from)
{
    *type = (EventType){.name = from->name, .wire = from->name, .alert = from->alert, .derived = true,
                        .severity = from->severity, .tags = from->tags, .ntags = from->ntags, .note = from->note,
                        .nattributes = from->n, .time_attribute = INDEX_NONE};
    type->attributes = ARENA_ARRAY(&f->arena, Attribute, from->n);
    *fields = ARENA_ARRAY(&f->arena, CodecField, from->n);
    for (uint32_t i = 0; i < from->n; i++) {
        type->attributes[i] = (Attribute){.name = from->attributes[i], .type = from->kinds[i], .optional = true};
        (*fields)[i] = (CodecField){.column = i, .type = from->kinds[i]};
    }
}

/* All keys of an agent stand in one step. */
static void agent_make(Foreign *f, AgentPlan *agent, const DictionaryAgent *from)
{
    ContextStep *step = ARENA_NEW(&f->arena, ContextStep);
    *step = (ContextStep){.kind = CONTEXT_BY, .nkeys = from->nkeys, .key_names = from->keys, .key_types = from->kinds};
    *agent = (AgentPlan){.name = from->name, .contexts = step, .ncontexts = 1};
    memcpy(agent->hash, from->version, DICTIONARY_VERSION);
}

static FrameError plan_make(Foreign *f)
{
    const Dictionary *d = &f->dictionary;
    f->plan = (Plan){.network = d->network, .ntypes = d->ntypes, .nagents = d->nagents};
    f->plan.types = ARENA_ARRAY(&f->arena, EventType, d->ntypes);
    f->plan.agents = ARENA_ARRAY(&f->arena, AgentPlan, d->nagents);
    f->fields = ARENA_ARRAY(&f->arena, CodecField *, d->ntypes);
    for (uint32_t i = 0; i < d->ntypes; i++) {
        if (!d->types[i].kinds)
            return FRAME_BAD_DICTIONARY;
        type_make(f, &f->plan.types[i], &f->fields[i], &d->types[i]);
    }
    for (uint32_t i = 0; i < d->nagents; i++)
        agent_make(f, &f->plan.agents[i], &d->agents[i]);
    return FRAME_OK;
}

static FrameError dictionary_use(Foreign *f, const Frame *frame)
{
    if (f->bytes.p && text_is(f->bytes, frame->dictionary))
        return FRAME_OK;
    forget_plan(f);
    Text bytes = codec_copy(frame->dictionary, &f->arena);
    if (!dictionary_read(&f->dictionary, bytes, &f->arena) || plan_make(f))
        return FRAME_BAD_DICTIONARY;
    batch_init(&f->batch, f->memory, &f->plan);
    f->bytes = bytes;
    return FRAME_OK;
}

/* ── Rows ── */

static bool row_read(Foreign *f, Cursor *c, bool final_ids)
{
    const Dictionary *d = &f->dictionary;
    uint32_t n, agent;
    uint64_t type;
    int64_t time, detected;
    OrderKey key;
    EventId id;
    Lineage *lineage;
    CodecFault fault;
    if (!cursor_array(c, &n) || n < 2 || !cursor_uint(c, &type) || type >= d->ntypes || n - 2 != d->types[type].n)
        return false;
    if (!row_order_read(c, &f->batch.arena, &time, &detected, &key) ||
        !row_lineage_read(c, (CodecRoom){&f->batch.arena, &f->scratch}, d, final_ids, &key, &id, &lineage, &agent) || !lineage)
        return false;
    lineage->agent = &f->plan.agents[agent];
    Rows *rows = &f->batch.rows[type];
    uint32_t row = rows_add(rows, f->memory);
    batch_append(&f->batch, (uint32_t)type, row);
    rows->time[row] = time;
    rows->detected[row] = detected;
    rows->key[row] = key;
    rows->id[row] = id;
    rows->lineage[row] = lineage;
    CodecRoom room = {.values = &f->batch.arena, .scratch = &f->scratch};
    return codec_row(c, f->fields[type], d->types[type].n, rows, row, room, &fault) == CODEC_OK;
}

FrameError foreign_read(Foreign *f, const Frame *frame)
{
    if (f->bytes.p)
        batch_clear(&f->batch);
    if (frame->kind != FRAME_EVENTS || !(frame->flags & FRAME_ORDERED))
        return FRAME_BAD_KIND;
    FrameError error = dictionary_use(f, frame);
    if (error)
        return error;
    Text body = codec_copy(frame->body, &f->batch.arena);
    Cursor c = {(const uint8_t *)body.p, (const uint8_t *)body.p + body.len};
    for (uint32_t i = 0; i < frame->count && !error; i++)
        if (!row_read(f, &c, frame->flags & FRAME_FINAL_IDS))
            error = FRAME_BAD_ROW;
    if (!error && c.at != c.end)
        error = FRAME_BAD_ROW;
    if (error)
        batch_clear(&f->batch);
    return error;
}

uint32_t foreign_count(const Foreign *f)
{
    return f->bytes.p ? f->batch.n : 0;
}

const OrderKey *foreign_key(const Foreign *f, uint32_t i)
{
    RowRef ref = f->batch.order[i];
    return &f->batch.rows[ref.type].key[ref.row];
}

EventId foreign_id(const Foreign *f, uint32_t i)
{
    RowRef ref = f->batch.order[i];
    return f->batch.rows[ref.type].id[ref.row];
}

void foreign_json(const Foreign *f, uint32_t i, Out *out)
{
    RowRef ref = f->batch.order[i];
    alert_json(out, &f->plan, &f->plan.types[ref.type], &f->batch.rows[ref.type], ref.row);
}
