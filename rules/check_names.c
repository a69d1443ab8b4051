/* Names: tables of them, look-ups of declarations, and "did you mean".
 *
 * A network of 10,000 rules has some 50,000 names; every look-up is one probe of a hash table. Candidates
 * for "did you mean" are compared one by one, which is done for the mistakes that are shown and no others. */
#include "rules/check.h"

static uint32_t hash(Text name)
{
    uint32_t h = 2166136261u;
    for (uint32_t i = 0; i < name.len; i++)
        h = (h ^ (uint8_t)name.p[i]) * 16777619u;
    return h;
}

NameEntry *names_find(const Names *names, Text name)
{
    if (!names->room)
        return NULL;
    for (uint32_t at = hash(name) & (names->room - 1);; at = (at + 1) & (names->room - 1)) {
        if (!names->slots[at])
            return NULL;
        NameEntry *entry = &names->entries[names->slots[at] - 1];
        if (text_is(entry->name, name))
            return entry;
    }
}

static void place(Names *names, uint32_t index)
{
    uint32_t at = hash(names->entries[index].name) & (names->room - 1);
    while (names->slots[at])
        at = (at + 1) & (names->room - 1);
    names->slots[at] = index + 1;
}

NameEntry *names_add(Names *names, Arena *arena, Text name, Span span, void *what)
{
    NameEntry *first = names_find(names, name);
    if (first)
        return first;
    names->entries = arena_grow(arena, names->entries, names->n, sizeof *names->entries);
    names->entries[names->n++] = (NameEntry){name, span, what};
    if (names->n * 2 > names->room) {
        names->room = names->room ? names->room * 2 : 8;
        names->slots = ARENA_ARRAY(arena, uint32_t, names->room);
        for (uint32_t i = 0; i < names->n; i++)
            place(names, i);
    } else {
        place(names, names->n - 1);
    }
    return NULL;
}

void text_list_add(TextList *list, Arena *arena, Text text)
{
    list->items = arena_grow(arena, list->items, list->n, sizeof *list->items);
    list->items[list->n++] = text;
}

/* ---- did you mean ---------------------------------------------------------------------------------- */

Diagnostic *check_near_names(Checker *check, Diagnostic *diagnostic, Text word, const Names *names)
{
    if (!diagnostic_is_seen(diagnostic))
        return diagnostic;
    TextList list = {0};
    for (uint32_t i = 0; i < names->n; i++)
        text_list_add(&list, check->arena, names->entries[i].name);
    return diagnostics_near(diagnostic, word, list.items, list.n);
}

Diagnostic *check_near_attribute(Checker *check, Diagnostic *diagnostic, Text word, const ModelEvent *event,
                                 const ModelTable *table)
{
    TextList list = {0};
    for (uint32_t i = 0; event && i < event->nattributes; i++)
        text_list_add(&list, check->arena, event->attributes[i]->name);
    for (uint32_t i = 0; table && i < table->ncolumns; i++)
        text_list_add(&list, check->arena, table->columns[i]->name);
    return diagnostics_near(diagnostic, word, list.items, list.n);
}

Text check_quote(Checker *check, Span span)
{
    Text text = sources_text(check->sources, span);
    for (uint32_t i = 0; i < text.len; i++)
        if (text.p[i] == '\n')
            text.len = i;
    if (text.len <= 40)
        return text;
    uint32_t end = 37;
    while (end > 0 && ((uint8_t)text.p[end] & 0xC0) == 0x80)
        end--;
    return arena_printf(check->arena, "%.*s…", (int)end, text.p);
}

/* ---- declarations ---------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    DiagnosticCode unknown;
} space_rows[SPACES] = {
    [SPACE_EVENT] = {"event type", DIAGNOSTIC_UNKNOWN_EVENT},
    [SPACE_TABLE] = {"table", DIAGNOSTIC_UNKNOWN_TABLE},
    [SPACE_PARAM] = {"param", DIAGNOSTIC_UNKNOWN_PARAM},
    [SPACE_FUNCTION] = {"function", DIAGNOSTIC_UNKNOWN_FUNCTION},
    [SPACE_CONTEXT] = {"context", DIAGNOSTIC_UNKNOWN_CONTEXT},
    [SPACE_PRODUCER] = {"producer", DIAGNOSTIC_UNKNOWN_NAME},
    [SPACE_CHANNEL] = {"channel", DIAGNOSTIC_UNKNOWN_CHANNEL},
    [SPACE_CONSUMER] = {"consumer", DIAGNOSTIC_UNKNOWN_NAME},
    [SPACE_AGENT] = {"agent", DIAGNOSTIC_UNKNOWN_AGENT},
    [SPACE_NETWORK] = {"network", DIAGNOSTIC_UNKNOWN_NETWORK},
};

const char *space_word(Space space)
{
    return space_rows[space].word;
}

static NameEntry *look(const Checker *check, Space space, Text name)
{
    for (const Level *level = check->level; level; level = level->outer) {
        NameEntry *entry = names_find(&level->spaces[space], name);
        if (entry)
            return entry;
    }
    return NULL;
}

void *check_look(const Checker *check, Space space, Text name)
{
    NameEntry *entry = look(check, space, name);
    return entry ? entry->what : NULL;
}

void *check_find(Checker *check, Space space, Text name, Span span)
{
    NameEntry *entry = look(check, space, name);
    if (entry)
        return entry->what;
    for (Space other = 0; other < SPACES; other++) {
        NameEntry *wrong = look(check, other, name);
        if (!wrong)
            continue;
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_NAME_KIND, span, "`%.*s` is %s %s, and %s %s is needed",
                                        TEXT_ARGS(name), strchr("aeiou", *space_word(other)) ? "an" : "a",
                                        space_word(other), strchr("aeiou", *space_word(space)) ? "an" : "a",
                                        space_word(space));
        if (wrong->span.end)
            diagnostics_note(d, wrong->span, "`%.*s` is declared here", TEXT_ARGS(name));
        return NULL;
    }
    Diagnostic *d = diagnostics_add(check->diagnostics, space_rows[space].unknown, span, "unknown %s `%.*s`",
                                    space_word(space), TEXT_ARGS(name));
    if (diagnostic_is_seen(d)) {
        TextList list = {0};
        for (const Level *level = check->level; level; level = level->outer)
            for (uint32_t i = 0; i < level->spaces[space].n; i++)
                text_list_add(&list, check->arena, level->spaces[space].entries[i].name);
        diagnostics_near(d, name, list.items, list.n);
    }
    return NULL;
}

Text path_text(Checker *check, const Path *path)
{
    if (path->n == 0)
        return TEXT("");
    Text text = path->parts[0].text;
    for (uint32_t i = 1; i < path->n; i++)
        text = arena_printf(check->arena, "%.*s.%.*s", TEXT_ARGS(text), TEXT_ARGS(path->parts[i].text));
    return text;
}

ModelEvent *check_event(Checker *check, const Path *path)
{
    Text name = path_text(check, path);
    if (path->n > 1 && !check_look(check, SPACE_EVENT, name)) {
        ModelEvent *event = event_built_in(check, name);
        if (event)
            return event;
    }
    return check_find(check, SPACE_EVENT, name, path->span);
}
