/* Patterns: which aliases a pattern binds, how often, and what its expressions may say.
 *
 * pattern_check walks the tree once before any expression is read and leaves in every alias whether it stands
 * for several events (`several`, `least`), may be unbound (`optional`), or never has an event (`negated`).
 * Sets of aliases are bit masks over their index: participants of `on` lines come first. */
#include "rules/check.h"

typedef struct Walk {
    Checker *check;
    AgentCheck *work;
    Names positive;  /* alias → the first place it stands at */
    Names negative;
    bool strict;     /* some step is `next` or `strict` */
} Walk;

typedef uint64_t Mask;

static Mask bit(const ModelAlias *alias)
{
    return alias->index < 64 ? UINT64_C(1) << alias->index : 0;
}

bool pattern_is_level(const AstPattern *pattern)
{
    return pattern->kind <= AST_PATTERN_WAIT;
}

bool pattern_defers(const AstPattern *pattern)
{
    switch (pattern->kind) {
    case AST_PATTERN_ABSENT: case AST_PATTERN_ALWAYS: case AST_PATTERN_SOMETIMES: case AST_PATTERN_LAST:
    case AST_PATTERN_RANDOM: case AST_PATTERN_HIGHEST: case AST_PATTERN_LOWEST: case AST_PATTERN_MOVING:
    case AST_PATTERN_STATIONARY:
        return true;
    case AST_PATTERN_INCREASING: case AST_PATTERN_DECREASING: case AST_PATTERN_STABLE: case AST_PATTERN_NONINCREASING:
    case AST_PATTERN_NONDECREASING: case AST_PATTERN_MIXED:
        return !pattern->count.set;
    default:
        return false;
    }
}

static void shape_bad(Checker *check, Span span, const char *message, const char *hint)
{
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_PATTERN_SHAPE, span, "%s", message);
    if (hint)
        diagnostics_hint(d, "%s", hint);
}

/* The `on` alias of a name; reports anything else. */
static ModelAlias *participant(Walk *walk, Name name)
{
    Checker *check = walk->check;
    NameEntry *entry = names_find(&walk->work->aliases, name.text);
    ModelAlias *alias = entry ? entry->what : NULL;
    if (alias && alias->kind == ALIAS_ON)
        return alias;
    walk->work->failed = true;
    if (alias) {
        diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_PARTICIPANT, name.span,
                                         "`%.*s` is no participant: it is not introduced by an `on` line",
                                         TEXT_ARGS(name.text)),
                         entry->span, "it is introduced here");
        return NULL;
    }
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ALIAS, name.span, "unknown alias `%.*s` in the pattern",
                                    TEXT_ARGS(name.text));
    TextList list = {0};
    for (uint32_t i = 0; i < walk->work->agent->naliases; i++)
        if (walk->work->agent->aliases[i]->kind == ALIAS_ON)
            text_list_add(&list, check->arena, walk->work->agent->aliases[i]->name);
    diagnostics_near(d, name.text, list.items, list.n);
    return NULL;
}

/* ---- loops ----------------------------------------------------------------------------------------- */

static void loop_check(Walk *walk, const AstPattern *pattern)
{
    Checker *check = walk->check;
    const AstLoop *loop = &pattern->loop;
    if (!loop->set)
        return;
    const char *why = NULL, *hint = NULL;
    if (loop->least > loop->most)
        why = "the loop ends before it begins: its lower bound is above its upper bound";
    else if (loop->most == 0)
        why = "a loop of nothing";
    else if (loop->strict && loop->any)
        why = "`strict` and `any` cannot both hold", hint = "`strict` forbids what `any` leaves out";
    else if (loop->greedy && loop->any)
        why = "`greedy` and `any` cannot both hold";
    if (why) {
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_LOOP, loop->span, "%s", why);
        if (hint)
            diagnostics_hint(d, "%s", hint);
        walk->work->failed = true;
    } else if (loop->each_length && (loop->exact || loop->least == loop->most)) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_CHANGES_NOTHING, loop->span,
                        "`each length` changes nothing: the loop has one length");
    } else if (loop->each_length && loop->any) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_CHANGES_NOTHING, loop->span, "`each length` changes nothing: `any` implies it");
    }
    walk->strict |= loop->strict;
    if (!loop->until.text.len)
        return;
    ModelAlias *until = participant(walk, loop->until);
    if (until && pattern->kind == AST_PATTERN_PARTICIPANT && text_is(until->name, pattern->alias.text)) {
        diagnostics_add(check->diagnostics, DIAGNOSTIC_LOOP, loop->until.span, "the loop over `%.*s` cannot end at itself",
                        TEXT_ARGS(until->name));
        walk->work->failed = true;
    } else if (until) {
        names_add(&walk->negative, check->arena, until->name, loop->until.span, until);
    }
}

/* ---- what is bound --------------------------------------------------------------------------------- */

typedef struct Bound {
    Mask all;    /* every positive alias below */
    Mask always; /* those bound in every match */
    bool empty;  /* may match without any event */
} Bound;

static Bound walk_pattern(Walk *walk, AstPattern *pattern, bool several, uint32_t least);

static uint32_t times(uint32_t a, uint32_t b)
{
    uint64_t product = (uint64_t)a * b;
    return product > UINT32_MAX ? UINT32_MAX : (uint32_t)product;
}

static void same_alias(Walk *walk, const AstPattern *pattern, Mask seen, Mask more)
{
    if (!(seen & more))
        return;
    for (uint32_t i = 0; i < walk->work->agent->naliases && i < 64; i++) {
        if (!(seen & more & (UINT64_C(1) << i)))
            continue;
        const ModelAlias *alias = walk->work->agent->aliases[i];
        NameEntry *first = names_find(&walk->positive, alias->name);
        Span span = pattern->kind == AST_PATTERN_PARTICIPANT ? pattern->alias.span : pattern->span;
        Diagnostic *d = diagnostics_add(walk->check->diagnostics, DIAGNOSTIC_PARTICIPANT, span,
                                        "`%.*s` already takes part in the pattern, and one alias is one event",
                                        TEXT_ARGS(alias->name));
        diagnostics_hint(d, "write a second `on` line with an alias of its own, or a loop `%.*s{2}`", TEXT_ARGS(alias->name));
        if (first)
            diagnostics_note(d, first->span, "the first stands here");
        walk->work->failed = true;
    }
}

static Bound walk_not(Walk *walk, AstPattern *pattern)
{
    Checker *check = walk->check;
    ModelAlias **aliases = ARENA_ARRAY(check->arena, ModelAlias *, pattern->alias_count);
    for (uint32_t i = 0; i < pattern->alias_count; i++) {
        aliases[i] = participant(walk, pattern->aliases[i]);
        if (aliases[i]) {
            aliases[i]->negated = true;
            names_add(&walk->negative, check->arena, aliases[i]->name, pattern->aliases[i].span, aliases[i]);
        }
    }
    pattern->note = aliases;
    walk->strict |= pattern->next;
    expr_duration(check, pattern->duration);
    return (Bound){0, 0, true};
}

static Bound walk_or(Walk *walk, AstPattern *pattern, bool several, uint32_t least)
{
    Bound bound = {0, ~UINT64_C(0), false};
    for (uint32_t i = 0; i < pattern->child_count; i++) {
        AstPattern *child = pattern->children[i];
        Bound one = walk_pattern(walk, child, several, least);
        if (child->kind == AST_PATTERN_NOT && !child->duration && !child->next)
            shape_bad(walk->check, child->span, "a `not` as a branch of `or` needs a time after which it holds", "write `not x for 10 min`");
        bound.all |= one.all;
        bound.always &= one.always;
        bound.empty |= one.empty && child->kind != AST_PATTERN_NOT;
    }
    return bound;
}

static Bound walk_group(Walk *walk, AstPattern *pattern, bool several, uint32_t least)
{
    Bound bound = {0, 0, true};
    for (uint32_t i = 0; i < pattern->child_count; i++) {
        AstPattern *child = pattern->children[i];
        Bound one = walk_pattern(walk, child, several, least);
        same_alias(walk, child, bound.all, one.all);
        bound.all |= one.all;
        bound.always |= one.always;
        bound.empty &= one.empty;
        walk->strict |= child->mode == AST_STEP_NEXT;
    }
    return bound;
}

static Bound walk_pattern(Walk *walk, AstPattern *pattern, bool several, uint32_t least)
{
    loop_check(walk, pattern);
    bool loops = pattern->loop.set && !(pattern->loop.least == 0 && pattern->loop.most == 1);
    several |= loops;
    least = times(least, pattern->loop.set ? pattern->loop.least : 1);
    Bound bound = {0};
    switch (pattern->kind) {
    case AST_PATTERN_PARTICIPANT: {
        ModelAlias *alias = participant(walk, pattern->alias);
        pattern->note = alias;
        if (!alias)
            break;
        bool again = names_add(&walk->positive, walk->check->arena, alias->name, pattern->alias.span, alias) != NULL;
        alias->several |= several;
        alias->least = again && alias->least < least ? alias->least : least;
        bound = (Bound){bit(alias), bit(alias), false};
        break;
    }
    case AST_PATTERN_NOT:
        bound = walk_not(walk, pattern);
        break;
    case AST_PATTERN_OR:
        bound = walk_or(walk, pattern, several, least);
        break;
    case AST_PATTERN_WAIT:
        expr_duration(walk->check, pattern->duration);
        bound.empty = true;
        break;
    default:
        bound = walk_group(walk, pattern, several, least);
    }
    if (pattern->loop.set && pattern->loop.least == 0) {
        bound.always = 0;
        bound.empty = true;
    }
    if (pattern->within)
        expr_duration(walk->check, pattern->within);
    return bound;
}

/* `within D of a`: a takes part in the pattern. */
static void within_of(Walk *walk, const AstPattern *pattern)
{
    if (pattern->within && pattern->within_of.text.len && participant(walk, pattern->within_of) &&
        !names_find(&walk->positive, pattern->within_of.text)) {
        diagnostics_add(walk->check->diagnostics, DIAGNOSTIC_PARTICIPANT, pattern->within_of.span,
                        "`%.*s` has no event in the pattern from which the time could count", TEXT_ARGS(pattern->within_of.text));
        walk->work->failed = true;
    }
    for (uint32_t i = 0; i < pattern->child_count; i++)
        within_of(walk, pattern->children[i]);
}

/* Negations: a trailing one needs an end, one that repeats needs a bound, and so on. */
static void negations(Walk *walk, const AstPattern *pattern, bool last, bool closes)
{
    Checker *check = walk->check;
    for (uint32_t i = 0; i < pattern->child_count; i++) {
        const AstPattern *child = pattern->children[i];
        bool end = last && i + 1 == pattern->child_count;
        bool sequence = pattern->kind == AST_PATTERN_SEQUENCE;
        if (child->kind == AST_PATTERN_NOT && sequence && end && !child->duration && !child->next && !closes) {
            Text name = child->alias_count ? child->aliases[0].text : TEXT("x");
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_PATTERN_SHAPE, child->span,
                                             "nothing says when a negation at the end has held"),
                             "write `not %.*s for 10 min`", TEXT_ARGS(name));
        }
        if (child->kind == AST_PATTERN_NOT && child->each && !(sequence && end))
            shape_bad(check, child->span, "`each` can stand only behind the last negation of a sequence", NULL);
        if (sequence && end && i > 0 && child->loop.set && child->loop.least == 0 &&
            pattern->children[i - 1]->kind == AST_PATTERN_NOT && !pattern->children[i - 1]->duration)
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_OPTIONAL_LAST, child->span,
                                             "an optional last step behind a negation completes only when it is bound"),
                             "write `for D` behind the negation");
        negations(walk, child, end, closes);
    }
}

static bool has_group_not(const AstPattern *pattern)
{
    if (pattern->kind == AST_PATTERN_ALL)
        for (uint32_t i = 0; i < pattern->child_count; i++)
            if (pattern->children[i]->kind == AST_PATTERN_NOT && !pattern->children[i]->duration)
                return true;
    for (uint32_t i = 0; i < pattern->child_count; i++)
        if (has_group_not(pattern->children[i]))
            return true;
    return false;
}

static void level_check(Walk *walk, AstPattern *pattern)
{
    Checker *check = walk->check;
    ModelAgent *agent = walk->work->agent;
    const AstAgent *ast = agent->ast;
    Bound bound = walk_pattern(walk, pattern, false, 1);
    within_of(walk, pattern);
    for (uint32_t i = 0; i < walk->negative.n; i++) {
        ModelAlias *alias = walk->negative.entries[i].what;
        NameEntry *both = names_find(&walk->positive, alias->name);
        if (both && alias->negated) {
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_PARTICIPANT, walk->negative.entries[i].span,
                                             "`%.*s` is both a participant and negated", TEXT_ARGS(alias->name)),
                             both->span, "it takes part here");
            walk->work->failed = true;
            alias->negated = false;
        } else if (!both) {
            alias->negated = true;
        }
    }
    if (walk->work->failed)
        return;
    if (!walk->positive.n) {
        shape_bad(check, pattern->span, "the pattern has no participant, so nothing can begin a match",
                  "a negation stands behind a participant: `a -> not x for 10 min`");
        return;
    }
    if (bound.empty)
        shape_bad(check, pattern->span, "every participant may be left out, so the pattern also matches nothing",
                  "write `+` for the loop that must have an event");
    bool at_close = ast->policies.evaluate.set && ast->policies.evaluate.value == AST_EVALUATE_AT_CLOSE;
    negations(walk, pattern, true, at_close && agent->closes);
    if (has_group_not(pattern) && !ast->detect->within && !(at_close && agent->closes))
        shape_bad(check, pattern->span, "nothing says when the negation beside the other participants has held",
                  "write `within 10 min` behind the pattern");
    for (uint32_t i = 0; i < agent->naliases; i++) {
        ModelAlias *alias = agent->aliases[i];
        if (alias->kind != ALIAS_ON)
            continue;
        if ((bound.all & bit(alias)) && !(bound.always & bit(alias)))
            alias->optional = true;
        if (!names_find(&walk->positive, alias->name) && !names_find(&walk->negative, alias->name)) {
            alias->optional = true;
            if (!walk->strict)
                diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_UNUSED_PARTICIPANT, alias->span,
                                                 "the pattern does not name `%.*s`", TEXT_ARGS(alias->name)),
                                 "its events only count where `next` or `strict` forbids what lies between");
        }
    }
}

/* ---- the other patterns ---------------------------------------------------------------------------- */

static void absent_check(Walk *walk, AstPattern *pattern)
{
    ModelAlias **aliases = ARENA_ARRAY(walk->check->arena, ModelAlias *, pattern->alias_count);
    Names seen = {0};
    for (uint32_t i = 0; i < pattern->alias_count; i++) {
        aliases[i] = participant(walk, pattern->aliases[i]);
        NameEntry *first = names_add(&seen, walk->check->arena, pattern->aliases[i].text, pattern->aliases[i].span, walk);
        if (first)
            diagnostics_note(diagnostics_add(walk->check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, pattern->aliases[i].span,
                                             "`%.*s` is named twice", TEXT_ARGS(pattern->aliases[i].text)),
                             first->span, "the first stands here");
        if (aliases[i])
            aliases[i]->negated = true;
    }
    pattern->note = aliases;
}

static void counted(Checker *check, const AstCount *count, int64_t least, const char *what)
{
    if (count->set && (count->value < least || count->value >= UINT32_MAX))
        diagnostics_add(check->diagnostics, DIAGNOSTIC_PATTERN_SHAPE, count->span, "%s must be %lld or more", what, (long long)least);
}

static void set_check(Walk *walk, AstPattern *pattern)
{
    ModelAgent *agent = walk->work->agent;
    switch (pattern->kind) {
    case AST_PATTERN_FIRST: case AST_PATTERN_LAST: case AST_PATTERN_RANDOM: case AST_PATTERN_HIGHEST: case AST_PATTERN_LOWEST: {
        ModelAlias *alias = participant(walk, pattern->alias);
        pattern->note = alias;
        if (alias)
            alias->several = true;
        counted(walk->check, &pattern->count, 1, "the number of events");
        break;
    }
    case AST_PATTERN_BECOMES: case AST_PATTERN_CEASES:
        for (uint32_t i = 0; i < agent->naliases && expr_has_aggregate(walk->check, pattern->expr); i++)
            agent->aliases[i]->several |= agent->aliases[i]->kind == ALIAS_ON;
        break;
    case AST_PATTERN_ENTERS: case AST_PATTERN_LEAVES: case AST_PATTERN_STAYS:
        break;
    case AST_PATTERN_ABSENT:
        absent_check(walk, pattern);
        break;
    default: /* modal, trends, motion: each member in turn */
        counted(walk->check, &pattern->count, 2, "the length of a run");
        for (uint32_t i = 0; i < agent->naliases; i++)
            agent->aliases[i]->several |= agent->aliases[i]->kind == ALIAS_ON;
    }
}

void pattern_check(Checker *check, AgentCheck *work)
{
    AstDetect *detect = work->agent->ast->detect;
    if (!detect || !detect->pattern)
        return;
    Walk *walk = ARENA_NEW(check->arena, Walk);
    walk->check = check;
    walk->work = work;
    if (pattern_is_level(detect->pattern))
        level_check(walk, detect->pattern);
    else
        set_check(walk, detect->pattern);
}

/* ---- expressions ----------------------------------------------------------------------------------- */

typedef struct Named { /* the aliases that an expression names */
    ModelAlias *negated, *second, *positive[16];
    uint32_t n;
    Checker *check;
    Names lets;     /* those looked into */
} Named;

static void name_alias(Expr *expr, void *context)
{
    Named *named = context;
    if (expr->kind == EXPR_NAME && expr->ref == REF_LET && expr->note) {
        const ModelLet *let = expr->note;
        if (!names_add(&named->lets, named->check->arena, let->name, expr->span, named))
            expr_walk(let->value, name_alias, named);
        return;
    }
    if (expr->kind != EXPR_NAME || expr->ref != REF_ALIAS || !expr->note)
        return;
    ModelAlias *alias = expr->note;
    if (alias->kind != ALIAS_ON)
        return;
    if (!alias->negated) {
        if (named->n < 16)
            named->positive[named->n++] = alias;
    } else if (!named->negated || named->negated == alias) {
        named->negated = alias;
    } else {
        named->second = alias;
    }
}

/* The step of a sequence in which an alias stands; UINT32_MAX = in none. */
static uint32_t step_of(const AstPattern *pattern, const ModelAlias *alias)
{
    for (uint32_t i = 0; i < pattern->child_count; i++) {
        const AstPattern *child = pattern->children[i];
        if (child->kind == AST_PATTERN_PARTICIPANT && child->note == alias)
            return i;
        for (uint32_t k = 0; child->kind == AST_PATTERN_NOT && k < child->alias_count; k++)
            if (text_is(child->aliases[k].text, alias->name))
                return i;
        if (child->child_count && step_of(child, alias) != UINT32_MAX)
            return i;
    }
    return UINT32_MAX;
}

/* A conjunct of the pattern's where that names a negated participant says which of its events count. */
static void conjunct_check(Checker *check, const AstPattern *pattern, Expr *expr)
{
    if (expr->kind == EXPR_AND) {
        conjunct_check(check, pattern, expr->a);
        conjunct_check(check, pattern, expr->b);
        return;
    }
    Named named = {.check = check};
    expr_walk(expr, name_alias, &named);
    if (named.second) {
        diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_NEGATION, expr->span,
                                         "a condition over the two negated participants `%.*s` and `%.*s` cannot be decided",
                                         TEXT_ARGS(named.negated->name), TEXT_ARGS(named.second->name)),
                         "write a condition for each, joined by `and`");
        return;
    }
    if (!named.negated || pattern->kind != AST_PATTERN_SEQUENCE)
        return;
    uint32_t at = step_of(pattern, named.negated);
    for (uint32_t i = 0; i < named.n && at != UINT32_MAX; i++) {
        uint32_t other = step_of(pattern, named.positive[i]);
        if (other == UINT32_MAX || other <= at)
            continue;
        diagnostics_add(check->diagnostics, DIAGNOSTIC_NEGATION, expr->span,
                        "`%.*s` is bound behind the negation of `%.*s`, which is decided before", TEXT_ARGS(named.positive[i]->name),
                        TEXT_ARGS(named.negated->name));
        return;
    }
}

static void point_expr(Checker *check, const Scope *scope, Expr *expr, const char *what)
{
    if (!expr)
        return;
    Type *type = expr_final(check, scope, expr);
    if (type_is_error(type) || type_is(type, TYPE_POINT) || type_is(type, TYPE_LINE) || type_is(type, TYPE_AREA))
        return;
    Text phrase = type_phrase(check, type);
    diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, expr->span, "%s needs a place, and this is %.*s", what, TEXT_ARGS(phrase));
}

static void ordered_expr(Checker *check, const Scope *scope, Expr *expr, const char *what)
{
    Type *type = expr_final(check, scope, expr);
    if (type_is_error(type) || type_is_ordered(type))
        return;
    Text phrase = type_phrase(check, type);
    diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, expr->span, "%s needs values with an order, and this is %.*s", what,
                    TEXT_ARGS(phrase));
}

static void zone_shape(Checker *check, AgentCheck *work, AstPattern *pattern, const Scope *scope)
{
    AstShape *shape = &pattern->shape;
    ModelTable *table = check_look(check, SPACE_TABLE, shape->table.text);
    if (!table)
        return;
    uint32_t at = model_column(table, shape->column.text);
    if (at == INDEX_NONE) {
        check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_COLUMN, shape->column.span,
                                                    "unknown column `%.*s` of table `%.*s`", TEXT_ARGS(shape->column.text),
                                                    TEXT_ARGS(table->name)),
                             shape->column.text, NULL, table);
        work->failed = true;
        return;
    }
    shape->note = table->columns[at];
    Type *type = table->columns[at]->type;
    if (!type_is_error(type) && !type_is(type, TYPE_AREA)) {
        Text phrase = type_phrase(check, type);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_OPERAND, shape->column.span, "a zone is an area, and `%.*s` is %.*s",
                        TEXT_ARGS(shape->column.text), TEXT_ARGS(phrase));
    }
    for (uint32_t i = 0; i < shape->key_count; i++)
        if (i < table->nkeys) {
            ModelAttribute *key = table->columns[table->keys[i]];
            expr_assign(check, scope, shape->keys[i], type_with(check, key->type, true), "key", key->name);
        }
}

static void pattern_expr(Checker *check, AgentCheck *work, AstPattern *pattern)
{
    Scope scope = work->wide;
    scope.kinds = KINDS_ON | KINDS_OPENER | KINDS_ROW;
    scope.place = "the pattern";
    scope.aggregates = "each event is looked at in turn";
    switch (pattern->kind) {
    case AST_PATTERN_BECOMES: case AST_PATTERN_CEASES:
        scope.aggregates = NULL;
        expr_condition(check, &scope, pattern->expr, pattern->kind == AST_PATTERN_BECOMES ? "`becomes`" : "`ceases`");
        break;
    case AST_PATTERN_ALWAYS: case AST_PATTERN_SOMETIMES:
        expr_condition(check, &scope, pattern->expr, pattern->kind == AST_PATTERN_ALWAYS ? "`always`" : "`sometimes`");
        break;
    case AST_PATTERN_INCREASING: case AST_PATTERN_DECREASING: case AST_PATTERN_STABLE: case AST_PATTERN_NONINCREASING:
    case AST_PATTERN_NONDECREASING: case AST_PATTERN_MIXED:
        ordered_expr(check, &scope, pattern->expr, "a trend");
        if (pattern->percent)
            expr_final(check, &scope, pattern->percent);
        break;
    case AST_PATTERN_HIGHEST: case AST_PATTERN_LOWEST:
        ordered_expr(check, &scope, pattern->expr, "`by`");
        break;
    case AST_PATTERN_ENTERS: case AST_PATTERN_LEAVES: case AST_PATTERN_STAYS:
        zone_shape(check, work, pattern, &scope);
        point_expr(check, &scope, pattern->expr, "`at`");
        expr_duration(check, pattern->duration);
        break;
    case AST_PATTERN_MOVING: case AST_PATTERN_STATIONARY:
        point_expr(check, &scope, pattern->expr, pattern->kind == AST_PATTERN_MOVING ? "`moving`" : "`stationary`");
        point_expr(check, &scope, pattern->toward, "`toward`");
        expr_distance(check, pattern->tolerance);
        break;
    default:
        break;
    }
}

static void within_check(Checker *check, AgentCheck *work, AstDetect *detect)
{
    if (!detect->within)
        return;
    expr_duration(check, detect->within);
    if (detect->within->type && !type_is_error(detect->within->type) && model_duration(detect->within) <= 0)
        diagnostics_add(check->diagnostics, DIAGNOSTIC_PATTERN_SHAPE, detect->within->span, "nothing fits into a time of nothing");
    if (detect->pattern && pattern_is_level(detect->pattern))
        return;
    work->agent->trailing = true;
    if (!detect->pattern)
        return;
    switch (detect->pattern->kind) {
    case AST_PATTERN_ABSENT: case AST_PATTERN_BECOMES: case AST_PATTERN_CEASES: case AST_PATTERN_ENTERS:
    case AST_PATTERN_LEAVES: case AST_PATTERN_STAYS:
        diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_CLAUSE_PLACE, detect->within->span,
                                         "`within` means nothing for this pattern"),
                         detect->pattern->kind == AST_PATTERN_ABSENT ? "absence is over a context that closes: `in fixed every 10 min`"
                                                                     : "it looks at one event and the one before");
        break;
    default:
        break;
    }
}

void pattern_expressions(Checker *check, AgentCheck *work)
{
    AstDetect *detect = work->agent->ast->detect;
    if (!detect)
        return;
    within_check(check, work, detect);
    Scope scope = work->wide;
    scope.kinds = KINDS_ON | KINDS_OPENER | KINDS_ROW | KIND_BIT(ALIAS_ZONE);
    scope.place = "`detect`";
    scope.negated = true;
    if (detect->condition)
        expr_condition(check, &scope, detect->condition, "`detect`");
    else
        pattern_expr(check, work, detect->pattern);
    if (!detect->where.condition)
        return;
    scope.place = "the `where` of the pattern";
    uint32_t errors = check->diagnostics->errors;
    where_check(check, &scope, &detect->where, "`where`");
    if (check->diagnostics->errors == errors && detect->pattern && pattern_is_level(detect->pattern))
        conjunct_check(check, detect->pattern, detect->where.condition);
}
