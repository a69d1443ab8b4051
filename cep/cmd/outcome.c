#include "cep/cmd/outcome.h"

#include <math.h>

#include "cep/cmd/formula.h"
#include "cep/composite.h"

static Cell copied(Arena *arena, TypeKind type, Cell value)
{
    if (type_has_bytes(type))
        value.s = arena_text(arena, value.s);
    return value;
}

void outcome_add(Outcome *outcome, const EventType *type, const Rows *rows, uint32_t row)
{
    Arena *arena = outcome->arena;
    outcome->derived = arena_grow(arena, outcome->derived, outcome->nderived, sizeof *outcome->derived);
    Derived *derived = &outcome->derived[outcome->nderived++];
    *derived = (Derived){
        .agent = rows->lineage[row] ? rows->lineage[row]->agent : NULL,
        .type = type,
        .time = rows->time[row],
        .cells = ARENA_ARRAY(arena, Cell, type->nattributes),
        .states = ARENA_ARRAY(arena, uint8_t, type->nattributes),
    };
    for (uint32_t i = 0; i < type->nattributes; i++) {
        const Column *column = &rows->columns[i];
        derived->states[i] = column->dirty ? column->states[row] : STATE_OK;
        if (derived->states[i] == STATE_OK)
            derived->cells[i] = copied(arena, column->type, cell_get(column->type, column->cells, row));
    }
}

void outcome_refuse(Outcome *outcome, const char *reason, Text detail, bool dropped)
{
    outcome->refused = arena_grow(outcome->arena, outcome->refused, outcome->nrefused, sizeof *outcome->refused);
    outcome->refused[outcome->nrefused++] = (Refused){
        .reason = reason,
        .detail = arena_text(outcome->arena, detail),
        .dropped = dropped,
    };
}

void outcome_clear(Outcome *outcome)
{
    *outcome = (Outcome){.arena = outcome->arena};
}

static bool float_near(double a, double b)
{
    const double relative = 1e-9;
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= relative * fmax(fabs(a), fabs(b));
}

static bool value_near(TypeKind type, Cell a, Cell b)
{
    if (type == TYPE_FLOAT)
        return float_near(a.f, b.f);
    if (type == TYPE_POINT)
        return float_near(a.p.x, b.p.x) && float_near(a.p.y, b.p.y);
    if (type >= TYPE_LIST)
        return composite_compare(a.s, b.s) == 0;
    return cell_equal(type, a, b);
}

bool wanted_fits(const Wanted *wanted, const Derived *derived)
{
    if (wanted->attribute == INDEX_NONE)
        return derived->time == wanted->value.i;
    if (wanted->state != derived->states[wanted->attribute])
        return false;
    return wanted->state != STATE_OK || value_near(derived->type->attributes[wanted->attribute].type, wanted->value,
                                                   derived->cells[wanted->attribute]);
}

bool wish_fits(const Wish *wish, const Derived *derived)
{
    if (wish->type != derived->type || (wish->time != TIME_NONE && wish->time != derived->time))
        return false;
    for (uint32_t i = 0; i < wish->nwanted; i++)
        if (!wanted_fits(&wish->wanted[i], derived))
            return false;
    return true;
}

/* ── Claims: a matching of places (each wish has `times` of them) and events, grown by augmenting paths ── */

typedef struct Matching {
    Outcome *outcome;
    Wish *wishes;
    uint32_t *wish_of;  /* derived → wish, INDEX_NONE = unclaimed */
    bool *seen;         /* derived, in the search under way */
} Matching;

static bool claim_one(Matching *matching, uint32_t wish)
{
    for (uint32_t d = 0; d < matching->outcome->nderived; d++)
        if (matching->wish_of[d] == INDEX_NONE && wish_fits(&matching->wishes[wish], &matching->outcome->derived[d])) {
            matching->wish_of[d] = wish;
            return true;
        }
    for (uint32_t d = 0; d < matching->outcome->nderived; d++) {
        if (matching->seen[d] || !wish_fits(&matching->wishes[wish], &matching->outcome->derived[d]))
            continue;
        matching->seen[d] = true;
        if (claim_one(matching, matching->wish_of[d])) {
            matching->wish_of[d] = wish;
            return true;
        }
    }
    return false;
}

void outcome_claim(Outcome *outcome, Wish *wishes, uint32_t n)
{
    Matching matching = {
        .outcome = outcome,
        .wishes = wishes,
        .wish_of = ARENA_ARRAY(outcome->arena, uint32_t, outcome->nderived),
        .seen = ARENA_ARRAY(outcome->arena, bool, outcome->nderived),
    };
    for (uint32_t d = 0; d < outcome->nderived; d++)
        matching.wish_of[d] = INDEX_NONE;
    for (uint32_t w = 0; w < n; w++)
        for (wishes[w].found = 0; wishes[w].found < wishes[w].times; wishes[w].found++) {
            for (uint32_t d = 0; d < outcome->nderived; d++)
                matching.seen[d] = false;
            if (!claim_one(&matching, w))
                break;
        }
    for (uint32_t d = 0; d < outcome->nderived; d++)
        outcome->derived[d].claimed = matching.wish_of[d] != INDEX_NONE;
}

const Derived *outcome_nearest(const Outcome *outcome, const Wish *wish)
{
    const Derived *nearest = NULL;
    uint32_t most = 0;
    for (uint32_t d = 0; d < outcome->nderived; d++) {
        const Derived *derived = &outcome->derived[d];
        if (derived->claimed || derived->type != wish->type)
            continue;
        uint32_t same = 1;
        for (uint32_t i = 0; i < wish->nwanted; i++)
            same += wanted_fits(&wish->wanted[i], derived);
        if (same > most) {
            most = same;
            nearest = derived;
        }
    }
    return nearest;
}

Text derived_text(const Derived *derived, Arena *arena)
{
    char time[TIME_TEXT_MAX];
    int len = (int)time_text(derived->time, time);
    Text text = arena_printf(arena, "%.*s {", TEXT_ARGS(derived->type->name));
    for (uint32_t i = 0; i < derived->type->nattributes; i++) {
        const Attribute *attribute = &derived->type->attributes[i];
        if (attribute->name.p[0] == '$' && derived->states[i] != STATE_OK)
            continue;
        Text value = derived->states[i] == STATE_OK ? formula_value(attribute->type, derived->cells[i], arena) : TEXT("null");
        text = arena_printf(arena, "%.*s%s %.*s: %.*s", TEXT_ARGS(text), i ? "," : "", TEXT_ARGS(attribute->name),
                            TEXT_ARGS(value));
    }
    return arena_printf(arena, "%.*s } at %.*s", TEXT_ARGS(text), len, time);
}
