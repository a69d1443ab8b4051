/* What the parts of the lowering have in common: refusing, and constants of contexts and clauses. */
#include "rules/lower.h"

#include <stdarg.h>
#include <stdio.h>

static Diagnostic *report(Lowering *lowering, DiagnosticCode code, Span span, const char *format, va_list args)
{
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    return diagnostics_add(lowering->diagnostics, code, span, "%s", text);
}

void lower_refuse(Lowering *lowering, Span span, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    Diagnostic *diagnostic = report(lowering, DIAGNOSTIC_NOT_YET, span, format, args);
    va_end(args);
    if (hint)
        diagnostics_hint(diagnostic, "%s", hint);
}

void lower_limit(Lowering *lowering, Span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(lowering, DIAGNOSTIC_PLAN_LIMIT, span, format, args);
    va_end(args);
}

const Zone *lower_zone(Lowering *lowering, Text name, Span span)
{
    if (!name.len)
        return NULL;
    for (uint32_t i = 0; i < lowering->nzones; i++)
        if (text_is(lowering->zones[i]->name, name))
            return lowering->zones[i];
    const Zone *zone = zone_load(lowering->arena, name);
    if (!zone) {
        diagnostics_hint(diagnostics_add(lowering->diagnostics, DIAGNOSTIC_PLAN_ZONE, span,
                                         "there is no time zone `%.*s` on this system", TEXT_ARGS(name)),
                         "zones are written as in \"Europe/Lisbon\"");
        return NULL;
    }
    lowering->zones = arena_grow(lowering->scratch, lowering->zones, lowering->nzones, sizeof *lowering->zones);
    lowering->zones[lowering->nzones++] = zone;
    return zone;
}

int64_t lower_time(const TimeLiteral *time, const Zone *zone)
{
    if (!time->local || !zone)
        return time->time_ns;
    return civil_time(zone, (Civil){time->year, time->month, time->day, time->hour, time->minute, time->second,
                                    time->nanosecond});
}

void lower_depends(Lowering *lowering, const Declaration *declaration)
{
    Depends *depends = lowering->depends;
    if (!depends || !declaration)
        return;
    for (uint32_t i = 0; i < depends->n; i++)
        if (depends->items[i] == declaration)
            return;
    depends->items = arena_grow(lowering->scratch, depends->items, depends->n, sizeof *depends->items);
    depends->items[depends->n++] = declaration;
}

/* The params in a constant. */
static void note_params(Lowering *lowering, const Expr *expr)
{
    if (!expr)
        return;
    if (expr->kind == EXPR_NAME && expr->ref == REF_PARAM)
        lower_depends(lowering, ((const ModelParam *)expr->note)->declaration);
    note_params(lowering, expr->a);
    note_params(lowering, expr->b);
    note_params(lowering, expr->c);
}

int64_t lower_duration(Lowering *lowering, const Expr *expr)
{
    note_params(lowering, expr);
    return model_duration(expr);
}
