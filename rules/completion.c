/* Completion: the declaration is read up to the place as tokens, and once more as a whole for its aliases.
 *
 *   declaration word … { line word … ( … | {
 *                        └ `first`: the word that begins the line's clause
 *
 * Nothing is hidden from the author for being of the wrong type: a list that is too long is narrowed by typing. */
#include "rules/completion.h"

#include "cep/function.h"
#include "rules/lexer.h"

typedef enum WordPlace { DECLARATION, HEADER, CLAUSE, CONTEXT, STATEMENT, PATTERN, OPTION } WordPlace;

static const struct {
    WordPlace place;
    const char *word, *what;
} words[] = {
#define W(place, word, what) {place, word, what},
#include "rules/words.def"
};

static const struct {
    const char *word, *what;
} aggregates[] = {
#define X(name, word, args, runs, what) {word, what},
#include "cep/aggregates.def"
#undef X
};

static const char *const types[] = {
#define X(kind, word) word,
#include "rules/written_type.def"
#undef X
};

static const char *const headers[] = {
    "$id", "$type", "$source", "$time", "$detected", "$certainty", "$annotation", "$causes", "$text",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { TOKENS_MAX = 20000, BASES_MAX = 64 };

/* The declaration around a place. */
typedef struct Spot {
    const Symbols *symbols;
    const Source *source;
    Token *tokens;      /* of the whole declaration */
    uint32_t n;
    uint32_t at;        /* tokens before the word that is being typed */
    uint32_t depth;     /* brackets open there */
    uint32_t opener;    /* token that opened the innermost; UINT32_MAX = none */
    uint32_t first;     /* token that begins the clause; UINT32_MAX = none yet */
    Completions out;
} Spot;

static Text text_at(const Spot *spot, uint32_t i)
{
    if (i >= spot->n)
        return TEXT("");
    return (Text){spot->source->text.p + spot->tokens[i].start, spot->tokens[i].end - spot->tokens[i].start};
}

static bool is_word(const Spot *spot, uint32_t i, const char *word)
{
    return i < spot->n && spot->tokens[i].kind == TOKEN_NAME && text_is_c(text_at(spot, i), word);
}

static bool is_any(Text text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text_is_c(text, list[i]))
            return true;
    return false;
}

/* ---- what is offered ------------------------------------------------------------------------------ */

static void offer(Spot *spot, CompletionKind kind, Text label, Text detail, const Symbol *symbol)
{
    for (uint32_t i = 0; i < spot->out.n; i++)
        if (text_is(spot->out.items[i].label, label))
            return;
    Arena *arena = spot->symbols->arena;
    spot->out.items = arena_grow(arena, spot->out.items, spot->out.n, sizeof *spot->out.items);
    spot->out.items[spot->out.n++] = (Completion){.kind = kind, .label = label, .detail = detail, .symbol = symbol};
}

static void offer_words(Spot *spot, WordPlace which)
{
    for (size_t i = 0; i < COUNT(words); i++)
        if (words[i].place == which)
            offer(spot, COMPLETION_WORD, text_of(words[i].word), text_of(words[i].what), NULL);
}

static void offer_symbols(Spot *spot, SymbolKind kind)
{
    for (uint32_t i = 0; i < spot->symbols->n; i++) {
        const Symbol *symbol = spot->symbols->items[i];
        if (symbol->kind == kind && !symbol->owner && symbol->name.len)
            offer(spot, COMPLETION_SYMBOL, symbol->name, text_of(symbol_word(kind)), symbol);
    }
}

static void offer_events(Spot *spot)
{
    offer_symbols(spot, SYMBOL_EVENT);
    offer_symbols(spot, SYMBOL_ALERT);
}

/* The members of an event, inherited ones too, or of a table. */
static void offer_members(Spot *spot, const Symbol *owner)
{
    for (uint32_t depth = 0; owner && depth < SYMBOLS_DEPTH_MAX; owner = owner->parent, depth++)
        for (uint32_t i = 0; i < spot->symbols->n; i++) {
            const Symbol *symbol = spot->symbols->items[i];
            if (symbol->owner == owner && (symbol->kind == SYMBOL_ATTRIBUTE || symbol->kind == SYMBOL_COLUMN))
                offer(spot, COMPLETION_SYMBOL, symbol->name, owner->name, symbol);
        }
}

static void offer_functions(Spot *spot)
{
    const Function *function;
    for (size_t i = 0; i < COUNT(aggregates); i++)
        offer(spot, COMPLETION_FUNCTION, text_of(aggregates[i].word), text_of(aggregates[i].what), NULL);
    for (uint32_t i = 0; (function = function_at(i)); i++) {
        char c = function->name[0];
        if (((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && !strchr(function->name, ' '))
            offer(spot, COMPLETION_FUNCTION, text_of(function->name), text_of(function->what), NULL);
    }
}

static const Symbol *find_base(const Spot *spot, Text name)
{
    const Symbol *event = symbols_event(spot->symbols, name);
    return event ? event : symbols_find(spot->symbols, SYMBOL_TABLE, name);
}

/* ---- aliases: by the tokens of the declaration ------------------------------------------------------ */

/* The alias that an `on`, `expect`, `enrich`, `from`, `to` at token i introduces, and its events or table. */
static uint32_t read_alias(const Spot *spot, uint32_t i, Text *alias, const Symbol **bases)
{
    static const char *const introduce[] = {"on", "expect", "enrich", "from", "to", "each"};
    uint32_t n = 0;
    if (!is_any(text_at(spot, i), introduce, COUNT(introduce)))
        return 0;
    for (uint32_t at = i + 1; at < spot->n && spot->tokens[at].kind == TOKEN_NAME; at += 2) {
        const Symbol *base = find_base(spot, text_at(spot, at));
        if (base && n < BASES_MAX)
            bases[n++] = base;
        if (at + 1 < spot->n && spot->tokens[at + 1].kind == TOKEN_BAR)
            continue;
        *alias = at + 1 < spot->n && spot->tokens[at + 1].kind == TOKEN_NAME ? text_at(spot, at + 1) : TEXT("");
        return n;
    }
    return 0;
}

static void offer_aliases(Spot *spot)
{
    const Symbol *bases[BASES_MAX];
    for (uint32_t i = 0; i < spot->n; i++) {
        Text alias = {0};
        uint32_t n = read_alias(spot, i, &alias, bases);
        if (n && alias.len)
            offer(spot, COMPLETION_SYMBOL, alias, bases[0]->name, NULL);
        if (is_word(spot, i, "let") && i + 1 < spot->n)
            offer(spot, COMPLETION_SYMBOL, text_at(spot, i + 1), TEXT("let"), NULL);
    }
}

static void offer_alias_members(Spot *spot, Text name)
{
    const Symbol *bases[BASES_MAX];
    for (uint32_t i = 0; i < spot->n; i++) {
        Text alias = {0};
        uint32_t n = read_alias(spot, i, &alias, bases);
        for (uint32_t k = 0; k < n && text_is(alias, name); k++)
            offer_members(spot, bases[k]);
    }
}

/* The attributes of all that the declaration hears. */
static void offer_heard(Spot *spot)
{
    const Symbol *bases[BASES_MAX];
    for (uint32_t i = 0; i < spot->n; i++) {
        Text alias;
        uint32_t n = is_word(spot, i, "enrich") ? 0 : read_alias(spot, i, &alias, bases);
        for (uint32_t k = 0; k < n; k++)
            offer_members(spot, bases[k]);
    }
}

static void offer_expression(Spot *spot)
{
    offer_aliases(spot);
    offer_symbols(spot, SYMBOL_PARAM);
    offer_symbols(spot, SYMBOL_FUNCTION);
    offer_symbols(spot, SYMBOL_TABLE);
    offer_functions(spot);
    offer_words(spot, OPTION);
}

/* ---- where the place is --------------------------------------------------------------------------- */

/* Behind a dot: the members of what stands before it. */
static void complete_member(Spot *spot)
{
    uint32_t base = spot->at - 2;
    if (base < spot->n && spot->tokens[base].kind == TOKEN_BRACKET_CLOSE)
        while (base > 0 && spot->tokens[base].kind != TOKEN_BRACKET_OPEN)
            base--;
    if (base > 0 && base < spot->n && spot->tokens[base].kind == TOKEN_BRACKET_OPEN)
        base--;
    Text name = text_at(spot, base);
    if (text_is_c(name, "context")) {
        static const char *const members[] = {"key", "start", "end", "band", "entity", "initiator"};
        for (size_t i = 0; i < COUNT(members); i++)
            offer(spot, COMPLETION_WORD, text_of(members[i]), TEXT("of the agent's context"), NULL);
        return;
    }
    if (text_is_c(name, "key") && base >= 2 && is_word(spot, base - 2, "context")) {
        offer_heard(spot);
        return;
    }
    offer_alias_members(spot, name);
    bool alias = spot->out.n > 0;
    if (!alias)
        offer_members(spot, find_base(spot, name));
    for (size_t i = 0; i < COUNT(headers) && alias; i++)
        offer(spot, COMPLETION_HEADER, text_of(headers[i]), TEXT("header attribute"), NULL);
}

/* In { … } behind the name of an event or a table: its members, unless a value is due. */
static bool complete_field(Spot *spot)
{
    if (spot->opener == UINT32_MAX || spot->opener == 0 || spot->tokens[spot->opener].kind != TOKEN_BRACE_OPEN)
        return false;
    const Symbol *of = find_base(spot, text_at(spot, spot->opener - 1));
    bool params = is_word(spot, spot->opener - 1, "with");
    TokenKind before = spot->tokens[spot->at - 1].kind;
    if ((!of && !params) || (before != TOKEN_BRACE_OPEN && before != TOKEN_COMMA))
        return false;
    offer_members(spot, of);
    if (params)
        offer_symbols(spot, SYMBOL_PARAM);
    return true;
}

static void complete_context(Spot *spot)
{
    offer_words(spot, CONTEXT);
    offer_symbols(spot, SYMBOL_CONTEXT);
    offer_heard(spot); /* `place within …` */
}

static void complete_head(Spot *spot)
{
    uint32_t last = spot->at - 1;
    if (is_word(spot, last, "by"))
        offer_heard(spot);
    else if (is_word(spot, last, "from") || is_word(spot, last, "to") || is_word(spot, last, "extends") ||
             is_word(spot, last, "of"))
        offer_events(spot);
    else if (is_word(spot, last, "in") || is_word(spot, last, "outside") || spot->tokens[last].kind == TOKEN_COMMA ||
             spot->tokens[last].kind == TOKEN_ASSIGN)
        complete_context(spot);
    else
        offer_expression(spot);
}

static bool complete_reference(Spot *spot)
{
    static const char *const events[] = {"on", "derive", "expect", "from", "to"};
    uint32_t last = spot->at - 1;
    TokenKind before = spot->tokens[last].kind;
    bool clause = spot->first != UINT32_MAX && spot->first == last;
    if (before == TOKEN_BAR || (clause && is_any(text_at(spot, last), events, COUNT(events))) || is_word(spot, last, "derive"))
        offer_events(spot);
    else if (clause && (is_word(spot, last, "enrich") || is_word(spot, last, "update") || is_word(spot, last, "delete")))
        offer_symbols(spot, SYMBOL_TABLE);
    else if (clause && is_word(spot, last, "detect")) {
        offer_words(spot, PATTERN);
        offer_expression(spot);
    } else
        return false;
    return true;
}

static void complete_agent(Spot *spot)
{
    if (spot->depth == 0)
        complete_head(spot);
    else if (spot->first == UINT32_MAX)
        offer_words(spot, CLAUSE);
    else if (!complete_field(spot) && !complete_reference(spot))
        offer_expression(spot);
}

static void complete_body(Spot *spot)
{
    if (spot->depth == 0)
        complete_head(spot);
    else if (spot->tokens[spot->at - 1].kind == TOKEN_COLON || spot->tokens[spot->at - 1].kind == TOKEN_LESS)
        for (size_t i = 0; i < COUNT(types); i++)
            offer(spot, COMPLETION_TYPE, text_of(types[i]), TEXT("type"), NULL);
    else if (spot->first == UINT32_MAX)
        offer_words(spot, HEADER);
    else {
        offer_members(spot, find_base(spot, text_at(spot, 1)));
        offer_functions(spot);
        offer_words(spot, OPTION);
    }
}

static void complete_test(Spot *spot)
{
    if (spot->depth == 0) {
        offer_symbols(spot, SYMBOL_AGENT);
        return;
    }
    if (spot->first == UINT32_MAX)
        offer_words(spot, STATEMENT);
    else if (is_word(spot, spot->first, "table") && spot->first + 1 == spot->at)
        offer_symbols(spot, SYMBOL_TABLE);
    else if (!complete_field(spot))
        offer_events(spot);
}

static void complete(Spot *spot)
{
    if (spot->at == 0)
        offer_words(spot, DECLARATION);
    else if (spot->tokens[spot->at - 1].kind == TOKEN_DOT && spot->at >= 2)
        complete_member(spot);
    else if (is_word(spot, 0, "agent"))
        complete_agent(spot);
    else if (is_word(spot, 0, "event") || is_word(spot, 0, "alert") || is_word(spot, 0, "table"))
        complete_body(spot);
    else if (is_word(spot, 0, "test"))
        complete_test(spot);
    else if (is_word(spot, 0, "context"))
        complete_head(spot);
    else {
        offer_events(spot);
        offer_expression(spot);
    }
}

/* ---- finding the place ----------------------------------------------------------------------------- */

static bool begins_declaration(const Source *source, const Token *token)
{
    Text text = {source->text.p + token->start, token->end - token->start};
    if (token->kind != TOKEN_NAME || token->start != token->line_start)
        return false;
    for (size_t i = 0; i < COUNT(words); i++)
        if (words[i].place == DECLARATION && text_is_c(text, words[i].word))
            return true;
    return false;
}

/* Reads the tokens of the declaration around an offset. One begins with its word in the first column: a bracket that
 * is not closed yet does not swallow what follows. */
static void read_declaration(Spot *spot, uint32_t offset)
{
    Lexer lexer = {.text = spot->source->text};
    for (Token token; (token = lexer_next(&lexer, false)).kind != TOKEN_END && spot->n < TOKENS_MAX;) {
        bool begins = begins_declaration(spot->source, &token);
        if (begins && token.start >= offset)
            break;
        if (begins && token.end < offset)
            spot->n = 0;
        spot->tokens = arena_grow(spot->symbols->arena, spot->tokens, spot->n, sizeof token);
        spot->tokens[spot->n++] = token;
    }
}

/* Where the brackets, the clause and the word of the place are. */
static void read_place(Spot *spot, uint32_t offset)
{
    enum { DEPTH_MAX = 256 };
    uint32_t openers[DEPTH_MAX] = {0};
    spot->first = spot->opener = UINT32_MAX;
    for (spot->at = 0; spot->at < spot->n; spot->at++) {
        const Token *token = &spot->tokens[spot->at];
        if (token->end > offset || (token->end == offset && (token->kind == TOKEN_NAME || token->kind == TOKEN_HEADER)))
            break;
        bool opens = token->kind == TOKEN_BRACE_OPEN || token->kind == TOKEN_PAREN_OPEN || token->kind == TOKEN_BRACKET_OPEN;
        bool closes = token->kind == TOKEN_BRACE_CLOSE || token->kind == TOKEN_PAREN_CLOSE || token->kind == TOKEN_BRACKET_CLOSE;
        if (spot->depth == 1 && token->kind == TOKEN_NAME && (token->opens_line || spot->first == UINT32_MAX))
            spot->first = spot->at;
        if (opens && spot->depth < DEPTH_MAX)
            openers[spot->depth++] = spot->at;
        else if (closes && spot->depth > 0)
            spot->depth--;
    }
    spot->opener = spot->depth ? openers[spot->depth - 1] : UINT32_MAX;
    const Token *typed = spot->at < spot->n ? &spot->tokens[spot->at] : NULL;
    bool inside = typed && typed->start < offset && offset <= typed->end;
    spot->out.from = inside ? typed->start : offset;
    uint32_t line = offset;
    while (line > 0 && spot->source->text.p[line - 1] != '\n')
        line--;
    bool opens_line = true; /* nothing stands before the word on its line */
    for (uint32_t i = line; i < spot->out.from; i++)
        opens_line &= spot->source->text.p[i] == ' ' || spot->source->text.p[i] == '\t';
    if (opens_line && spot->depth == 1)
        spot->first = UINT32_MAX;
    bool over = spot->depth == 0 && spot->at > 0 && spot->tokens[spot->at - 1].kind == TOKEN_BRACE_CLOSE;
    if ((opens_line && spot->depth == 0) || over)
        spot->at = 0; /* the next declaration */
}

/* Whether an offset lies in a comment or a string: nothing is offered there. */
static bool is_silent(const Source *source, uint32_t offset)
{
    uint32_t line = offset;
    while (line > 0 && source->text.p[line - 1] != '\n')
        line--;
    char quote = 0;
    for (uint32_t i = line; i < offset; i++) {
        char c = source->text.p[i];
        if (quote && c == '\\' && quote == '"')
            i++;
        else if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '#')
            return true;
    }
    return quote != 0;
}

Completions completions_at(const Symbols *symbols, const Source *source, uint32_t offset)
{
    Spot spot = {.symbols = symbols, .source = source};
    spot.out.from = offset;
    if (is_silent(source, offset))
        return spot.out;
    read_declaration(&spot, offset);
    read_place(&spot, offset);
    complete(&spot);
    return spot.out;
}

Text completion_explain(Text word, Arena *arena)
{
    Text text = {0};
    for (size_t i = 0; i < COUNT(words) && !text.len; i++)
        if (text_is_c(word, words[i].word))
            text = text_of(words[i].what);
    for (size_t i = 0; i < COUNT(aggregates); i++)
        if (text_is_c(word, aggregates[i].word))
            text = text.len ? arena_printf(arena, "%.*s; over an alias: %s", TEXT_ARGS(text), aggregates[i].what)
                            : text_of(aggregates[i].what);
    const Function *function;
    for (uint32_t i = 0; (function = function_at(i)) && !text.len; i++)
        if (text_is_c(word, function->name))
            text = text_of(function->what);
    return text;
}
