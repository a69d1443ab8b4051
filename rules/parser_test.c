/* Test blocks: statements that feed events and say what must come out. */
#include "rules/parsing.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

static void statement_table(Parser *parser, AstStatement *statement)
{
    statement->kind = AST_STATEMENT_TABLE;
    statement->table = parser_name(parser, "a table");
    statement->fields = parser_fields(parser, false, false);
}

static void statement_at(Parser *parser, AstStatement *statement)
{
    statement->kind = AST_STATEMENT_AT;
    if (parser_take_sign(parser, TOKEN_PLUS))
        statement->after = parse_duration(parser);
    else if (parser_at_sign(parser, TOKEN_TIME) || parser_at_sign(parser, TOKEN_INT))
        statement->time = parse_time(parser);
    else
        parser_fail_expected(parser, "a time or `+` and a duration");
    statement->type = parser_path(parser, "an event type");
    statement->fields = parser_fields(parser, true, false);
    if (parser_take(parser, "repeat")) {
        statement->repeat = parser_count(parser);
        if (parser_take(parser, "every"))
            statement->every = parse_duration(parser);
    }
    if (parser_take(parser, "id"))
        statement->id = parser_string(parser, "a string");
}

static void statement_advance(Parser *parser, AstStatement *statement)
{
    statement->kind = AST_STATEMENT_ADVANCE;
    statement->after = parse_duration(parser);
}

static void read_expected(Parser *parser, AstStatement *statement)
{
    AstExpected expected = {0};
    uint32_t start = parser->token.start;
    if (parser_take(parser, "at"))
        expected.at = parse_time(parser);
    expected.type = parser_path(parser, "an event type");
    expected.fields = parser_fields(parser, true, false);
    if (parser_take(parser, "times"))
        expected.times = parser_count(parser);
    expected.span = parser_since(parser, start);
    APPEND(parser, statement->expected, statement->expected_count, expected);
}

static void statement_expect(Parser *parser, AstStatement *statement)
{
    if (parser_at(parser, "error") && parser->next.kind == TOKEN_STRING) { /* mark ⑪ */
        parser_advance(parser);
        statement->kind = AST_STATEMENT_EXPECT_ERROR;
        statement->error = parser_string(parser, "a string");
    } else if (parser_take(parser, "nothing")) {
        statement->kind = AST_STATEMENT_EXPECT_NOTHING;
    } else if (parser_take(parser, "exactly")) {
        statement->kind = AST_STATEMENT_EXPECT_EXACTLY;
        parser_expect_sign(parser, TOKEN_BRACE_OPEN);
        while (!parser_at_sign(parser, TOKEN_BRACE_CLOSE))
            read_expected(parser, statement);
        parser_advance(parser);
    } else {
        statement->kind = AST_STATEMENT_EXPECT;
        read_expected(parser, statement);
    }
}

static const char *const statement_words[] = {"table", "at", "advance", "expect"};
static void (*const statement_rules[])(Parser *, AstStatement *) = {
    statement_table, statement_at, statement_advance, statement_expect,
};

static const Starts statement_starts = {statement_words, COUNT(statement_words), "a statement of a test", false};

static void read_statement(Parser *parser, void *argument)
{
    AstTest *test = argument;
    AstStatement statement = {0};
    uint32_t start = parser->token.start, i = parser_take_any(parser, statement_words, COUNT(statement_words));
    if (i == COUNT(statement_words))
        parser_fail_unknown(parser, DIAGNOSTIC_UNKNOWN_CLAUSE, &statement_starts);
    statement_rules[i](parser, &statement);
    statement.span = parser_since(parser, start);
    APPEND(parser, test->statements, test->statement_count, statement);
}

AstTest *parse_test(Parser *parser)
{
    AstTest *test = ARENA_NEW(parser->arena, AstTest);
    test->title = parser_string(parser, "the name of the test, a string,");
    if (parser_take(parser, "of"))
        do {
            Name agent = parser_name(parser, "an agent");
            APPEND(parser, test->agents, test->agent_count, agent);
        } while (parser_take_sign(parser, TOKEN_COMMA));
    if (parser_take(parser, "with"))
        test->with = parser_fields(parser, false, false);
    Span opened = parser_open_block(parser);
    parser_members(parser, &statement_starts, opened, read_statement, test);
    test->body = parser_since(parser, opened.start);
    return test;
}
