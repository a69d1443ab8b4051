/* Comparing and printing outputs. */
#include "tests/oracle/output.h"

#include <math.h>

#include "cep/zone.h"

static bool value_differs(TypeKind type, NaiveValue a, NaiveValue b)
{
    if (a.state != b.state || a.state != STATE_OK)
        return a.state != b.state;
    if (type == TYPE_FLOAT) {
        double size = fabs(a.cell.f) > fabs(b.cell.f) ? fabs(a.cell.f) : fabs(b.cell.f);
        return fabs(a.cell.f - b.cell.f) > 1e-9 * size;
    }
    return !cell_equal(type, a.cell, b.cell);
}

static bool id_is(EventId a, EventId b)
{
    return a.high == b.high && a.low == b.low;
}

static bool output_differs(const Plan *plan, const Output *a, const Output *b)
{
    static const EventId none;
    if (a->type != b->type || a->time != b->time || a->window_start != b->window_start || a->window_end != b->window_end ||
        a->cause_count != b->cause_count || a->suppressed != b->suppressed || a->ncauses != b->ncauses || !text_is(a->agent, b->agent))
        return true;
    if (memcmp(a->causes, b->causes, a->ncauses * sizeof *a->causes) != 0)
        return true;
    if (!id_is(a->id, none) && !id_is(b->id, none) && !id_is(a->id, b->id))
        return true;
    for (uint32_t i = 0; i < plan->types[a->type].nattributes; i++)
        if (value_differs(plan->types[a->type].attributes[i].type, a->values[i], b->values[i]))
            return true;
    return false;
}

uint32_t outputs_differ(const Plan *plan, const Outputs *a, const Outputs *b)
{
    for (uint32_t i = 0; i < a->n && i < b->n; i++)
        if (output_differs(plan, &a->items[i], &b->items[i]))
            return i;
    return a->n == b->n ? UINT32_MAX : a->n < b->n ? a->n : b->n;
}

uint32_t fates_differ(const Case *c, const Outputs *a, const Outputs *b)
{
    for (uint32_t i = 0; i < c->nevents; i++)
        if (a->fates.fate[i] != b->fates.fate[i])
            return i;
    for (uint32_t i = 0; i < a->norder && i < b->norder; i++)
        if (a->order[i] != b->order[i])
            return a->order[i];
    return a->norder == b->norder ? UINT32_MAX : 0;
}

typedef struct Named {
    EventId id;
    Text identity;
} Named;

bool ids_fit(const Outputs *engine[2], const Outputs *naive[2])
{
    Arena arena;
    Memory memory = {0};
    bool fit = true;
    uint32_t n = 0;
    arena_init(&arena, &memory);
    Named *all = ARENA_ARRAY(&arena, Named, engine[0]->n + engine[1]->n + 1);
    for (int run = 0; run < 2; run++)
        for (uint32_t i = 0; i < engine[run]->n; i++)
            all[n++] = (Named){engine[run]->items[i].id, naive[run]->items[i].identity};
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            fit &= id_is(all[i].id, all[k].id) == text_is(all[i].identity, all[k].identity);
    for (uint32_t i = 0; i < engine[0]->n; i++) /* and within a run every output has its own */
        for (uint32_t k = 0; k < i; k++)
            fit &= !id_is(engine[0]->items[i].id, engine[0]->items[k].id);
    arena_fini(&arena);
    return fit;
}

/* ── Printing ── */

const char *fate_word(Fate fate)
{
    static const char *const words[FATES] = {"no line", "taken", "malformed", "unknown type", "invalid", "late", "late, dropped"};
    return words[fate];
}

static void time_print(int64_t time, FILE *out)
{
    char text[TIME_TEXT_MAX];
    size_t len = time_text(time, text);
    fprintf(out, "%.*s", (int)len, text);
}

static void value_print(TypeKind type, NaiveValue value, FILE *out)
{
    if (value.state != STATE_OK)
        fprintf(out, "%s", value.state == STATE_NULL ? "null" : "error");
    else if (type == TYPE_STRING)
        fprintf(out, "\"%.*s\"", TEXT_ARGS(value.cell.s));
    else if (type == TYPE_FLOAT)
        fprintf(out, "%.12g", value.cell.f);
    else if (type == TYPE_BOOL)
        fprintf(out, "%s", value.cell.b ? "true" : "false");
    else if (type == TYPE_TIME)
        time_print(value.cell.i, out);
    else
        fprintf(out, "%lld", (long long)value.cell.i);
}

static void causes_print(const Output *output, FILE *out)
{
    fprintf(out, ", causes");
    for (uint32_t i = 0; i < output->ncauses; i++) {
        int64_t cause = output->causes[i];
        if (cause == INT64_MIN)
            fprintf(out, " ?");
        else
            fprintf(out, cause < 0 ? " output %lld" : " %lld", (long long)(cause < 0 ? -1 - cause : cause));
    }
    fprintf(out, " of %llu", (unsigned long long)output->cause_count);
}

void output_print(const Plan *plan, const Output *output, FILE *out)
{
    const EventType *type = &plan->types[output->type];
    time_print(output->time, out);
    fprintf(out, " %.*s {", TEXT_ARGS(type->name));
    for (uint32_t i = 0; i < type->nattributes; i++) {
        fprintf(out, "%s%.*s: ", i ? ", " : " ", TEXT_ARGS(type->attributes[i].name));
        value_print(type->attributes[i].type, output->values[i], out);
    }
    fprintf(out, " } by %.*s", TEXT_ARGS(output->agent));
    causes_print(output, out);
    if (output->window_start != output->window_end) {
        fprintf(out, ", window ");
        time_print(output->window_start, out);
        fprintf(out, " to ");
        time_print(output->window_end, out);
    }
    if (output->suppressed)
        fprintf(out, ", %llu suppressed", (unsigned long long)output->suppressed);
    if (output->identity.len)
        fprintf(out, ", is %.*s", TEXT_ARGS(output->identity));
    else
        fprintf(out, ", id %016llx%016llx", (unsigned long long)output->id.high, (unsigned long long)output->id.low);
    fprintf(out, "\n");
}
