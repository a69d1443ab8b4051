/* Test blocks: their events, rows and expectations against the declarations.
 *
 * Values are constants. A test may leave out or null an attribute that must be there: that is how one tests
 * what happens to such an event. */
#include "rules/check.h"

static const char constants_only[] = "a test has only constants";

static Scope test_scope(const char *place)
{
    return (Scope){.place = place, .aggregates = constants_only};
}

static void fields_once(Checker *check, const AstFields *fields)
{
    Names seen = {0};
    for (uint32_t i = 0; i < fields->n; i++) {
        const Name *name = &fields->items[i].name;
        NameEntry *first = names_add(&seen, check->arena, name->text, name->span, &seen);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, name->span, "`%.*s` is given twice",
                                             TEXT_ARGS(name->text)),
                             first->span, "the first stands here");
    }
}

typedef struct Reads {
    bool table;
} Reads;

static void find_read(Expr *expr, void *context)
{
    if (expr->ref == REF_ROW || expr->ref == REF_IN_TABLE)
        ((Reads *)context)->table = true;
}

static void value_check(Checker *check, const Scope *scope, Expr *value, Type *type, const char *what, Text name)
{
    uint32_t errors = check->diagnostics->errors;
    expr_assign(check, scope, value, type_with(check, type, true), what, name);
    Reads reads = {false};
    expr_walk(value, find_read, &reads);
    if (reads.table && check->diagnostics->errors == errors)
        diagnostics_add(check->diagnostics, DIAGNOSTIC_CONSTANT, value->span, "%s", constants_only);
}

static void event_fields(Checker *check, const AstFields *fields, ModelEvent *event, bool sent, const char *place)
{
    Scope scope = test_scope(place);
    fields_once(check, fields);
    for (uint32_t i = 0; i < fields->n; i++) {
        AstField *field = &fields->items[i];
        Text name = field->name.text;
        if (field->name.header) {
            Type *type = header_type(check, name);
            if (type) {
                value_check(check, &scope, field->value, type, "header attribute", name);
                continue;
            }
            expr_final(check, &scope, field->value);
            diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_HEADER, field->name.span, "events have no header attribute `%.*s`",
                            TEXT_ARGS(name));
            continue;
        }
        uint32_t at = event ? model_attribute(event, name) : INDEX_NONE;
        if (at == INDEX_NONE) {
            expr_final(check, &scope, field->value);
            if (event)
                check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, field->name.span,
                                                            "unknown attribute `%.*s` of event `%.*s`", TEXT_ARGS(name),
                                                            TEXT_ARGS(event->name)),
                                     name, event, NULL);
            continue;
        }
        if (sent && event->attributes[at]->compute)
            diagnostics_add(check->diagnostics, DIAGNOSTIC_COMPUTED_SET, field->name.span, "attribute `%.*s` is computed by its event type",
                            TEXT_ARGS(name));
        value_check(check, &scope, field->value, event->attributes[at]->type, "attribute", name);
    }
}

static void row_check(Checker *check, AstStatement *statement)
{
    Scope scope = test_scope("a row of a test");
    ModelTable *table = check_find(check, SPACE_TABLE, statement->table.text, statement->table.span);
    statement->note = table;
    fields_once(check, &statement->fields);
    for (uint32_t i = 0; i < statement->fields.n; i++) {
        AstField *field = &statement->fields.items[i];
        uint32_t at = table ? model_column(table, field->name.text) : INDEX_NONE;
        if (at != INDEX_NONE) {
            expr_assign(check, &scope, field->value, table->columns[at]->type, "column", field->name.text);
            continue;
        }
        expr_final(check, &scope, field->value);
        if (table)
            check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_COLUMN, field->name.span,
                                                        "unknown column `%.*s` of table `%.*s`", TEXT_ARGS(field->name.text),
                                                        TEXT_ARGS(table->name)),
                                 field->name.text, NULL, table);
    }
    for (uint32_t k = 0; table && k < table->nkeys; k++) {
        bool given = table->columns[table->keys[k]]->fill != NULL;
        for (uint32_t i = 0; i < statement->fields.n; i++)
            given |= text_is(statement->fields.items[i].name.text, table->columns[table->keys[k]]->name);
        if (!given)
            diagnostics_add(check->diagnostics, DIAGNOSTIC_ATTRIBUTE_UNSET, statement->table.span, "the row needs a value for the key `%.*s`",
                            TEXT_ARGS(table->columns[table->keys[k]]->name));
    }
}

static void count_check(Checker *check, const AstCount *count, const char *what)
{
    if (count->set && (count->value < 1 || count->value > UINT32_MAX))
        diagnostics_add(check->diagnostics, DIAGNOSTIC_TEST_REPEAT, count->span, "`%s` needs a number from 1 on", what);
}

static void expected_check(Checker *check, AstExpected *expected)
{
    Scope scope = test_scope("an expectation");
    if (expected->at)
        expr_final(check, &scope, expected->at);
    ModelEvent *event = check_event(check, &expected->type);
    expected->note = event;
    event_fields(check, &expected->fields, event, false, "an expectation");
    count_check(check, &expected->times, "times");
}

static void statement_check(Checker *check, AstStatement *statement)
{
    Scope scope = test_scope("a test");
    switch (statement->kind) {
    case AST_STATEMENT_TABLE:
        row_check(check, statement);
        break;
    case AST_STATEMENT_AT: {
        if (statement->time)
            expr_final(check, &scope, statement->time);
        expr_duration(check, statement->after);
        ModelEvent *event = check_event(check, &statement->type);
        statement->note = event;
        if (event && event->builtin)
            diagnostics_add(check->diagnostics, DIAGNOSTIC_TEST_EVENT, statement->type.span, "`%.*s` is made by the engine and cannot be sent",
                            TEXT_ARGS(event->name));
        event_fields(check, &statement->fields, event, true, "an event of a test");
        count_check(check, &statement->repeat, "repeat");
        expr_duration(check, statement->every);
        break;
    }
    case AST_STATEMENT_ADVANCE:
        expr_duration(check, statement->after);
        break;
    default:
        for (uint32_t i = 0; i < statement->expected_count; i++)
            expected_check(check, &statement->expected[i]);
    }
}

static void with_check(Checker *check, ModelTest *test)
{
    const AstFields *with = &test->ast->with;
    Scope scope = test_scope("`with`");
    fields_once(check, with);
    test->with = ARENA_ARRAY(check->arena, ModelWith, with->n);
    for (uint32_t i = 0; i < with->n; i++) {
        AstField *field = &with->items[i];
        ModelParam *param = check_find(check, SPACE_PARAM, field->name.text, field->name.span);
        if (!param) {
            expr_final(check, &scope, field->value);
            continue;
        }
        expr_assign(check, &scope, field->value, param->type, "param", param->name);
        test->with[test->nwith++] = (ModelWith){param, field->value};
    }
}

void tests_check(Checker *check)
{
    Model *model = check->level->model;
    Names titles = {0};
    for (uint32_t i = 0; i < model->ntests; i++) {
        ModelTest *test = model->tests[i];
        const AstTest *ast = test->ast;
        NameEntry *first = names_add(&titles, check->arena, ast->title.value, ast->title.span, test);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_DECLARED_TWICE, ast->title.span, "two tests have this name"),
                             first->span, "the first stands here");
        test->agents = ARENA_ARRAY(check->arena, ModelAgent *, ast->agent_count);
        for (uint32_t k = 0; k < ast->agent_count; k++) {
            ModelAgent *agent = check_find(check, SPACE_AGENT, ast->agents[k].text, ast->agents[k].span);
            if (agent)
                test->agents[test->nagents++] = agent;
        }
        with_check(check, test);
        for (uint32_t k = 0; k < ast->statement_count; k++)
            statement_check(check, (AstStatement *)&ast->statements[k]);
    }
}
