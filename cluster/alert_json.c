#include "cluster/alert_json.h"

#include "cep/key.h"

/* ,"name": */
static void member(Out *out, const char *name)
{
    out_text(out, ",\"");
    out_text(out, name);
    out_text(out, "\":");
}

static void id_json(Out *out, const Plan *plan, EventId id)
{
    char text[33];
    event_id_text(id, plan->network, text);
    out_char(out, '"');
    out_bytes(out, text, 32);
    out_char(out, '"');
}

static void hash_json(Out *out, const uint8_t *hash, size_t n)
{
    out_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        out_char(out, "0123456789abcdef"[hash[i] >> 4]);
        out_char(out, "0123456789abcdef"[hash[i] & 15]);
    }
    out_char(out, '"');
}

static bool cell_at(const Rows *rows, uint32_t column, uint32_t row, Cell *value)
{
    const Column *c = &rows->columns[column];
    if (c->dirty && c->states[row] != STATE_OK)
        return false;
    *value = cell_get(c->type, c->cells, row);
    return true;
}

void attributes_json(Out *out, const Attribute *attributes, uint32_t n, const Rows *rows, uint32_t row)
{
    out_char(out, '{');
    for (uint32_t i = 0; i < n; i++) {
        Cell value;
        if (attributes[i].name.p[0] == '$') /* of the header */
            continue;
        if (i)
            out_char(out, ',');
        out_json_string(out, attributes[i].name);
        out_char(out, ':');
        if (cell_at(rows, i, row, &value))
            out_json_cell(out, attributes[i].type, value);
        else
            out_text(out, "null");
    }
    out_char(out, '}');
}

void event_json(Out *out, const EventType *type, const Rows *rows, uint32_t row)
{
    out_text(out, "{\"type\":");
    out_json_string(out, type->wire);
    for (uint32_t i = 0; i < type->nattributes; i++) {
        Cell value;
        if (!cell_at(rows, i, row, &value))
            continue;
        out_char(out, ',');
        out_json_string(out, type->attributes[i].name);
        out_char(out, ':');
        out_json_cell(out, type->attributes[i].type, value);
    }
    out_char(out, '}');
}

/* The parts of a key are those of the agent's contexts, in their order. */
static void key_json(Out *out, const AgentPlan *agent, Text key)
{
    uint32_t position = 0, step = 0, k = 0;
    TypeKind type;
    Cell value;
    out_char(out, '{');
    for (bool first = true; key_next(key, &position, &type, &value); first = false) {
        while (step < agent->ncontexts && k == agent->contexts[step].nkeys) {
            step++;
            k = 0;
        }
        if (!first)
            out_char(out, ',');
        bool named = step < agent->ncontexts && agent->contexts[step].key_names;
        out_json_string(out, named ? agent->contexts[step].key_names[k] : TEXT("key"));
        k += step < agent->ncontexts;
        out_char(out, ':');
        out_json_cell(out, type, value);
    }
    out_char(out, '}');
}

static void tags_json(Out *out, const EventType *type)
{
    out_char(out, '[');
    for (uint32_t i = 0; i < type->ntags; i++) {
        if (i)
            out_char(out, ',');
        out_json_string(out, type->tags[i]);
    }
    out_char(out, ']');
}

static void final_id_json(Out *out, EventId id)
{
    uint64_t big[2] = {__builtin_bswap64(id.high), __builtin_bswap64(id.low)};
    hash_json(out, (const uint8_t *)big, sizeof big);
}

static void causes_json(Out *out, const Plan *plan, const Lineage *lineage)
{
    out_char(out, '[');
    for (uint32_t i = 0; i < lineage->ncauses; i++) {
        if (i)
            out_char(out, ',');
        if (lineage->final)
            final_id_json(out, lineage->causes[i]);
        else
            id_json(out, plan, lineage->causes[i]);
    }
    out_char(out, ']');
}

static void window_json(Out *out, const Lineage *lineage)
{
    out_text(out, "{\"start\":");
    out_json_time(out, lineage->window_start);
    out_text(out, ",\"end\":");
    if (lineage->window_end == INT64_MAX) /* until an event closes it */
        out_text(out, "null");
    else
        out_json_time(out, lineage->window_end);
    out_char(out, '}');
}

void alert_content_json(Out *out, const EventType *type, const Rows *rows, uint32_t row)
{
    const Lineage *lineage = rows->lineage[row];
    out_text(out, type->alert ? "{\"alert\":" : "{\"event\":");
    out_json_string(out, type->name);
    member(out, "time");
    out_json_time(out, rows->time[row]);
    if (lineage->key.len) {
        member(out, "key");
        key_json(out, lineage->agent, lineage->key);
    }
    member(out, "data");
    attributes_json(out, type->attributes, type->nattributes, rows, row);
    out_char(out, '}');
}

void alert_json(Out *out, const Plan *plan, const EventType *type, const Rows *rows, uint32_t row)
{
    enum { VERSION_BYTES = 8 };
    const Lineage *lineage = rows->lineage[row];
    const AgentPlan *agent = lineage->agent;

    out_text(out, type->alert ? "{\"alert\":" : "{\"event\":");
    out_json_string(out, type->name);
    member(out, "id");
    id_json(out, plan, rows->id[row]);
    member(out, "network");
    out_json_string(out, plan->network);
    member(out, "agent");
    out_json_string(out, agent->name);
    member(out, "version");
    hash_json(out, agent->hash, VERSION_BYTES);
    member(out, "time");
    out_json_time(out, rows->time[row]);
    if (type->alert) {
        member(out, "severity");
        out_json_string(out, text_of(severity_word(type->severity)));
        member(out, "tags");
        tags_json(out, type);
    }
    if (lineage->key.len) {
        member(out, "key");
        key_json(out, agent, lineage->key);
    }
    if (lineage->window_start != lineage->window_end) {
        member(out, "window");
        window_json(out, lineage);
    }
    member(out, "data");
    attributes_json(out, type->attributes, type->nattributes, rows, row);
    member(out, "causes");
    causes_json(out, plan, lineage);
    member(out, "cause_count");
    out_int(out, (int64_t)lineage->cause_count);
    member(out, "suppressed");
    out_int(out, (int64_t)lineage->suppressed);
    member(out, "revision");
    out_int(out, lineage->revision);
    out_text(out, "}\n");
}

void cloudevent_json(Out *out, const Plan *plan, const EventType *type, const Rows *rows, uint32_t row)
{
    const AgentPlan *agent = rows->lineage[row] ? rows->lineage[row]->agent : NULL;
    out_text(out, "{\"specversion\":\"1.0\",\"id\":");
    id_json(out, plan, rows->id[row]);
    member(out, "source");
    out_text(out, "\"/");
    out_bytes(out, plan->network.p, plan->network.len);
    if (agent) {
        out_char(out, '/');
        out_bytes(out, agent->name.p, agent->name.len);
    }
    out_text(out, "\",\"type\":");
    out_json_string(out, type->wire);
    member(out, "time");
    out_json_time(out, rows->time[row]);
    member(out, "datacontenttype");
    out_text(out, "\"application/json\"");
    if (type->alert) {
        member(out, "severity");
        out_json_string(out, text_of(severity_word(type->severity)));
    }
    member(out, "data");
    attributes_json(out, type->attributes, type->nattributes, rows, row);
    out_text(out, "}\n");
}
