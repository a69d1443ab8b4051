/* Patterns. Groups stand in parentheses where the author put them. */
#include "rules/formatting.h"

static void count(Formatter *formatter, Line *line, const char *before, AstCount count)
{
    if (!count.set)
        return;
    line_put(line, before);
    format_written(formatter, line, count.span);
}

static void aliases(Line *line, const AstPattern *pattern, const char *open, const char *separator, const char *close)
{
    line_put(line, open);
    for (uint32_t i = 0; i < pattern->alias_count; i++) {
        line_put(line, i ? separator : "");
        format_name(line, pattern->aliases[i]);
    }
    line_put(line, close);
}

static void loop(Line *line, const AstLoop *loop)
{
    if (!loop->set)
        return;
    if (loop->sign != '{')
        line_printf(line, "%c", loop->sign);
    else if (loop->exact)
        line_printf(line, "{%u}", loop->least);
    else if (loop->most == UINT32_MAX)
        line_printf(line, "{%u,}", loop->least);
    else
        line_printf(line, "{%u,%u}", loop->least, loop->most);
    line_put(line, loop->strict ? " strict" : "");
    line_put(line, loop->any ? " any" : "");
    line_put(line, loop->each_length ? " each length" : "");
    if (loop->until.text.len) {
        line_put(line, " until ");
        format_name(line, loop->until);
    }
    line_put(line, loop->greedy ? " greedy" : "");
}

static void children(Formatter *formatter, Line *line, const AstPattern *pattern, const char *separator)
{
    for (uint32_t i = 0; i < pattern->child_count; i++) {
        if (i && separator[0] == ',')
            line_put(line, ",");
        if (i)
            line_break(line);
        if (i && separator[0] != ',')
            line_put(line, separator);
        format_pattern(formatter, line, pattern->children[i]);
    }
}

static void negation(Formatter *formatter, Line *line, const AstPattern *pattern)
{
    line_put(line, pattern->next ? "not next " : "not ");
    bool many = pattern->alias_count > 1;
    aliases(line, pattern, many ? "(" : "", " or ", many ? ")" : "");
    format_part(formatter, line, "for", pattern->duration);
    line_put(line, pattern->each ? " each" : "");
}

static void movement(Formatter *formatter, Line *line, const AstPattern *pattern)
{
    static const char *const ways[] = {" constant", " mixed", " toward "};
    static const char *const directions[] = {"", " north", " ne", " east", " se", " south", " sw", " west", " nw"};
    if (pattern->kind == AST_PATTERN_MOVING)
        line_put(line, ways[pattern->moving]);
    line_put(line, directions[pattern->direction]);
    if (pattern->toward)
        format_expression(formatter, line, pattern->toward);
    format_part(formatter, line, "tolerance", pattern->tolerance);
}

/* A pattern that begins with a word of its own: `word [count] [expr] …`. */
static void worded(Formatter *formatter, Line *line, const AstPattern *pattern)
{
    static const char *const words[] = {
#define X(kind, word, class) word,
#include "rules/pattern.def"
#undef X
    };
    line_put(line, words[pattern->kind]);
    switch (pattern->kind) {
    case AST_PATTERN_ABSENT: aliases(line, pattern, "(", ", ", ")"); break;
    case AST_PATTERN_FIRST:
    case AST_PATTERN_LAST:
    case AST_PATTERN_RANDOM:
    case AST_PATTERN_HIGHEST:
    case AST_PATTERN_LOWEST:
        count(formatter, line, " ", pattern->count);
        line_put(line, " ");
        format_name(line, pattern->alias);
        count(formatter, line, " seed ", pattern->seed);
        format_part(formatter, line, "by", pattern->expr);
        break;
    case AST_PATTERN_ENTERS:
    case AST_PATTERN_LEAVES:
    case AST_PATTERN_STAYS:
        line_put(line, " ");
        format_shape(formatter, line, &pattern->shape);
        line_put(line, " ");
        format_name(line, pattern->alias);
        format_part(formatter, line, "at", pattern->expr);
        format_part(formatter, line, "for", pattern->duration);
        line_put(line, pattern->inclusive ? " inclusive" : "");
        break;
    default: /* modal, trend, motion */
        line_put(line, " ");
        format_expression(formatter, line, pattern->expr);
        count(formatter, line, " run ", pattern->count);
        if (pattern->percent) {
            format_part(formatter, line, "by", pattern->percent);
            line_put(line, " %");
        }
        movement(formatter, line, pattern);
    }
}

static void bare(Formatter *formatter, Line *line, const AstPattern *pattern)
{
    switch (pattern->kind) {
    case AST_PATTERN_PARTICIPANT: format_name(line, pattern->alias); break;
    case AST_PATTERN_SEQUENCE: children(formatter, line, pattern, "-> "); break;
    case AST_PATTERN_OR: children(formatter, line, pattern, "or "); break;
    case AST_PATTERN_ALL:
        line_put(line, pattern->infix ? "" : "all(");
        children(formatter, line, pattern, pattern->infix ? "and " : ",");
        line_put(line, pattern->infix ? "" : ")");
        break;
    case AST_PATTERN_NOT: negation(formatter, line, pattern); break;
    case AST_PATTERN_WAIT:
        line_put(line, "wait ");
        format_expression(formatter, line, pattern->duration);
        break;
    default: worded(formatter, line, pattern);
    }
}

void format_pattern(Formatter *formatter, Line *line, const AstPattern *pattern)
{
    static const char *const modes[] = {"", "next ", "first ", "any "};
    line_put(line, modes[pattern->mode]);
    line_put(line, pattern->grouped ? "(" : "");
    line->depth += pattern->grouped;
    bare(formatter, line, pattern);
    line->depth -= pattern->grouped;
    line_put(line, pattern->grouped ? ")" : "");
    loop(line, &pattern->loop);
    if (pattern->within) {
        format_part(formatter, line, "within", pattern->within);
        line_put(line, " of ");
        format_name(line, pattern->within_of);
    }
}
