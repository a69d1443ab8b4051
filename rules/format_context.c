/* Contexts: in the order of the grammar, the options of each behind it. */
#include "rules/formatting.h"

static const char *const order_words[] = {"", "occurrence", "detection", "by", "stream"};

void format_order(Line *line, AstOrder order)
{
    if (!order.kind)
        return;
    line_printf(line, "order %s", order_words[order.kind]);
    if (order.kind == AST_ORDER_BY) {
        line_put(line, " ");
        format_path(line, order.path);
    }
}

void format_again(Line *line, AstAgain again)
{
    static const char *const words[] = {"", " again add", " again ignore", " again refresh", " again extend"};
    line_put(line, words[again]);
}

void format_named_events(Formatter *formatter, Line *line, AstNamedEvents events)
{
    for (uint32_t i = 0; i < events.n; i++) {
        if (i) {
            line_break(line);
            line_put(line, "| ");
        }
        format_path(line, events.items[i].type);
        line_put(line, " ");
        format_name(line, events.items[i].alias);
        format_where(formatter, line, events.items[i].where);
    }
}

void format_discard(Formatter *formatter, Line *line, AstNamedEvents discard)
{
    if (!discard.n)
        return;
    line_break(line);
    line_put(line, "or discard on ");
    format_named_events(formatter, line, discard);
}

void format_shape(Formatter *formatter, Line *line, const AstShape *shape)
{
    format_name(line, shape->table);
    for (uint32_t i = 0; i < shape->key_count; i++) {
        line_put(line, i ? ", " : "[");
        format_expression(formatter, line, shape->keys[i]);
    }
    line_put(line, shape->key_count ? "]." : ".");
    format_name(line, shape->column);
}

static void count(Formatter *formatter, Line *line, const char *before, AstCount count, const char *behind)
{
    if (!count.set)
        return;
    line_put(line, before);
    format_written(formatter, line, count.span);
    line_put(line, behind);
}

static void fixed(Formatter *formatter, Line *line, const AstContextStep *step)
{
    format_part(formatter, line, "from", step->from_time);
    format_part(formatter, line, "for", step->size);
    format_part(formatter, line, "to", step->to_time);
    format_part(formatter, line, "every", step->every);
    format_string(formatter, line, " zone ", step->zone);
}

static void sliding(Formatter *formatter, Line *line, const AstContextStep *step)
{
    line_put(line, " ");
    format_expression(formatter, line, step->size);
    format_part(formatter, line, "every", step->every);
    format_part(formatter, line, "from", step->from_time);
}

static void each(Formatter *formatter, Line *line, const AstContextStep *step)
{
    count(formatter, line, " ", step->count, " ");
    format_named_events(formatter, line, step->opens);
    count(formatter, line, " every ", step->every_count, "");
}

static void session(Formatter *formatter, Line *line, const AstContextStep *step)
{
    line_put(line, " gap ");
    format_expression(formatter, line, step->size);
}

static void last(Formatter *formatter, Line *line, const AstContextStep *step)
{
    line_put(line, " ");
    count(formatter, line, "", step->count, " events");
    if (step->size)
        format_expression(formatter, line, step->size);
}

static void from(Formatter *formatter, Line *line, const AstContextStep *step)
{
    line_put(line, " ");
    format_named_events(formatter, line, step->opens);
    if (!step->closes.n)
        return;
    line_break(line);
    line_put(line, "to ");
    format_named_events(formatter, line, step->closes);
}

static void by(Formatter *formatter, Line *line, const AstContextStep *step)
{
    line_put(line, step->key_count > 1 ? " (" : " ");
    format_paths(line, step->key_paths, step->key_count, ", ");
    line_put(line, step->key_count > 1 ? ")" : "");
    if (step->key_expr_count) {
        format_name(line, step->key_name);
        line_put(line, " = ");
    }
    for (uint32_t i = 0; i < step->key_expr_count; i++) {
        if (i) {
            line_break(line);
            line_put(line, "| ");
        }
        format_expression(formatter, line, step->key_exprs[i]);
    }
}

static void bands(Formatter *formatter, Line *line, const AstContextStep *step)
{
    line_put(line, " ");
    format_fields(formatter, line, step->bands);
}

static void state(Formatter *formatter, Line *line, const AstContextStep *step)
{
    line_put(line, " ");
    format_expression(formatter, line, step->condition);
    if (step->condition_at)
        line_printf(line, " at %s", order_words[step->condition_at]);
}

static void named(Formatter *formatter, Line *line, const AstContextStep *step)
{
    (void)formatter;
    line_put(line, step->kind == AST_CONTEXT_OUTSIDE ? " " : "");
    format_name(line, step->name);
}

static void range(Formatter *formatter, Line *line, const Expr *from, const Expr *to)
{
    if (from) {
        format_expression(formatter, line, from);
        line_put(line, " .. ");
    }
    format_expression(formatter, line, to);
}

static void near_bands(Formatter *formatter, Line *line, const AstContextStep *step)
{
    line_put(line, " ");
    format_path(line, step->path);
    line_put(line, " to ");
    format_shape(formatter, line, &step->shape);
    line_put(line, step->distance_band_count ? " bands { " : " bands {");
    line->depth++;
    for (uint32_t i = 0; i < step->distance_band_count; i++) {
        if (i) {
            line_put(line, ",");
            line_break(line);
        }
        format_name(line, step->distance_bands[i].name);
        line_put(line, ": ");
        range(formatter, line, step->distance_bands[i].from, step->distance_bands[i].to);
    }
    line->depth--;
    line_put(line, step->distance_band_count ? " }" : "}");
}

static void near_each(Formatter *formatter, Line *line, const AstContextStep *step)
{
    line_put(line, " ");
    format_path(line, step->path);
    line_put(line, " to each ");
    format_named_events(formatter, line, step->opens);
    line_put(line, " at ");
    format_path(line, step->at);
    line_break(line);
    line_put(line, "within ");
    range(formatter, line, step->distance_min, step->distance_max);
}

static void location(Formatter *formatter, Line *line, const AstContextStep *step)
{
    static const char *const relations[] = {" within ", " contains ", " overlaps ", " disjoint ", " equals ", " touches "};
    format_path(line, step->path);
    line_put(line, relations[step->relation]);
    format_shape(formatter, line, &step->shape);
}

static const struct {
    const char *word;
    void (*print)(Formatter *, Line *, const AstContextStep *);
} kinds[] = {
    [AST_CONTEXT_FIXED] = {"fixed", fixed},           [AST_CONTEXT_SLIDING] = {"sliding", sliding},
    [AST_CONTEXT_EACH] = {"each", each},              [AST_CONTEXT_SESSION] = {"session", session},
    [AST_CONTEXT_LAST_EVENTS] = {"last", last},       [AST_CONTEXT_LAST_TIME] = {"last", last},
    [AST_CONTEXT_FROM] = {"from", from},              [AST_CONTEXT_BY] = {"by", by},
    [AST_CONTEXT_BANDS] = {"bands", bands},           [AST_CONTEXT_WHILE] = {"while", state},
    [AST_CONTEXT_OUTSIDE] = {"outside", named},       [AST_CONTEXT_NEAR_BANDS] = {"near", near_bands},
    [AST_CONTEXT_NEAR_EACH] = {"near", near_each},    [AST_CONTEXT_LOCATION] = {"", location},
    [AST_CONTEXT_NAMED] = {"", named},
};

static void options(Formatter *formatter, Line *line, const AstContextStep *step)
{
    if (step->order.kind) {
        line_break(line);
        format_order(line, step->order);
    }
    format_part(formatter, line, "for at most", step->expiry);
    format_part(formatter, line, "since", step->expiry_since);
    if (step->limit.set) {
        line_break(line);
        count(formatter, line, "at most ", step->limit, " events");
    }
    format_part(formatter, line, "idle", step->idle);
    format_again(line, step->again);
    format_discard(formatter, line, step->discard);
}

void format_contexts(Formatter *formatter, Line *line, AstContextSteps steps)
{
    for (uint32_t i = 0; i < steps.n; i++) {
        if (i) {
            line_put(line, ",");
            line_break(line);
        }
        line_put(line, kinds[steps.items[i].kind].word);
        kinds[steps.items[i].kind].print(formatter, line, &steps.items[i]);
        options(formatter, line, &steps.items[i]);
    }
}
