/* Lowering: small rule texts and what the plan says about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "rules/compile.h"
#include "rules/parser.h"

#define SECOND NS_PER_SECOND
#define MINUTE (60 * SECOND)
#define HOUR (3600 * SECOND)

/* What most rules of this file speak of. */
#define SCHEMA \
    "network t\n" \
    "event Login { user : string  ip : string?  tries : int  score : float  at : time  good : bool  time at }\n" \
    "event Pay { user : string  amount : float  to : string  n : int?  place : point?  at : time  time at }\n" \
    "event Answer { user : string  code : int  at : time  time at }\n" \
    "alert Hit { user : string?  n : int?  x : float? }\n" \
    "table Account key id { id : string  owner : string  most : int?  site : point? }\n" \
    "table Limit key user, kind { user : string  kind : int  most : float }\n"

/* ── Compiling ── */

typedef struct Rules {
    Memory memory;
    Arena arena;
    Sources sources;
    Diagnostics diagnostics;
    Plan *plan;
} Rules;

static void compile_files(Rules *r, const char *const *texts, uint32_t n, const CompileOptions *options)
{
    memset(r, 0, sizeof *r);
    arena_init(&r->arena, &r->memory);
    sources_init(&r->sources, &r->arena);
    diagnostics_init(&r->diagnostics, &r->sources, &r->arena);
    AstModule *module = ARENA_NEW(&r->arena, AstModule);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t file = sources_add(&r->sources, TEXT("folder/rules.cep"), text_of(texts[i]));
        AstFile *ast = ARENA_NEW(&r->arena, AstFile);
        if (!parse_source(&r->sources, file, &r->diagnostics, &r->arena, ast)) {
            diagnostics_print_text(&r->diagnostics, stderr);
            fail_msg("the rules do not parse");
        }
        module_add(module, &r->arena, ast);
    }
    r->plan = compile(&r->sources, module, options, &r->diagnostics, &r->memory);
}

static void compile_text(Rules *r, const char *text)
{
    compile_files(r, &text, 1, NULL);
    if (!r->plan) {
        diagnostics_print_text(&r->diagnostics, stderr);
        fail_msg("the rules do not compile");
    }
}

static void done(Rules *r)
{
    plan_free(r->plan);
    arena_fini(&r->arena);
    assert_int_equal(r->memory.bytes, 0);
}

/* Opens and closes a test: `RULES("…")` gives plan and agent (the first one). */
#define RULES(text) \
    Rules r; \
    compile_text(&r, text); \
    Plan *plan = r.plan; \
    AgentPlan *agent = plan->nagents ? &plan->agents[0] : NULL; \
    (void)agent

#define DONE done(&r)

static AgentPlan *agent_named(Plan *plan, const char *name)
{
    uint32_t i = plan_agent(plan, text_of(name));
    assert_int_not_equal(i, INDEX_NONE);
    return &plan->agents[i];
}

/* ── Looking at programs ── */

static uint32_t count_op(const Program *program, Op op)
{
    uint32_t n = 0;
    for (uint32_t i = 0; program && i < program->n; i++)
        n += program->code[i].op == op;
    return n;
}

#define assert_text(text, expected) \
    do { \
        Text assert_text_ = (text); \
        if (!text_is_c(assert_text_, expected)) \
            fail_msg("`%.*s` is not `%s`", TEXT_ARGS(assert_text_), expected); \
    } while (0)

/* The value of a constant program. */
static Cell constant(const Program *program)
{
    Cell value = {0};
    State state = STATE_ERROR;
    assert_non_null(program);
    assert_true(program_is_constant(program, &value, &state));
    assert_int_equal(state, STATE_OK);
    return value;
}

/* The shape's slot of a name. */
static const Slot *slot_named(const Shape *shape, const char *name)
{
    for (uint32_t i = 0; i < shape->nslots; i++)
        if (text_is_c(shape->slots[i].name, name))
            return &shape->slots[i];
    return NULL;
}

static const RolePlan *role_of(const Plan *plan, const AgentPlan *agent, const char *type, RoleKind kind)
{
    uint32_t index = plan_type(plan, text_of(type));
    for (uint32_t i = 0; i < agent->ninputs; i++)
        for (uint32_t k = 0; agent->inputs[i].type == index && k < agent->inputs[i].nroles; k++)
            if (agent->inputs[i].roles[k].kind == kind)
                return &agent->inputs[i].roles[k];
    fail_msg("no such role");
    return NULL;
}

/* Runs a program whose view 0 is a row of an event type: the attributes are given by name. */
typedef struct Given {
    const char *name;
    Cell value;
} Given;

static State run(Rules *r, const Program *program, const Shape *shape, const char *type, const Given *given, uint32_t n, Cell *value)
{
    uint32_t index = plan_type(r->plan, text_of(type));
    const EventType *event = &r->plan->types[index];
    TypeKind *kinds = ARENA_ARRAY(&r->arena, TypeKind, event->nattributes);
    for (uint32_t i = 0; i < event->nattributes; i++)
        kinds[i] = event->attributes[i].type;
    Rows rows;
    rows_init(&rows, &r->memory, index, kinds, event->nattributes);
    uint32_t row = rows_add(&rows, &r->memory);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < event->nattributes; k++)
            if (text_is_c(event->attributes[k].name, given[i].name))
                rows_set(&rows, row, k, given[i].value);
    Machine *machine = machine_new(&r->memory);
    View view = {.rows = &rows, .column = shape_columns(shape, index), .row = row};
    View views[64];
    for (int i = 0; i < 64; i++)
        views[i] = view;
    Surroundings around = {.plan = r->plan, .scratch = &r->arena, .machine = machine};
    State state = program_value(program, views, &around, value);
    if (state == STATE_OK && program->type == TYPE_STRING)
        value->s = arena_text(&r->arena, value->s);
    machine_free(machine);
    rows_fini(&rows, &r->memory);
    return state;
}

#define S(name, text) {name, {.s = {text, sizeof(text) - 1}}}
#define I(name, number) {name, {.i = number}}
#define F(name, number) {name, {.f = number}}
#define B(name, truth) {name, {.b = truth}}

/* Whether the filter of the agent's Login (or another type's) role holds. */
#define FILTERS(type, ...) \
    filters(&r, role_of(plan, agent, type, ROLE_PARTICIPANT), type, (const Given[]){__VA_ARGS__}, \
            sizeof((const Given[]){__VA_ARGS__}) / sizeof(Given))

static State filters_state(Rules *r, const RolePlan *role, const char *type, const Given *given, uint32_t n, Cell *value)
{
    assert_non_null(role->filter);
    const AgentPlan *agent = &r->plan->agents[0];
    return run(r, role->filter, &agent->participants[role->participant].shape, type, given, n, value);
}

static bool filters(Rules *r, const RolePlan *role, const char *type, const Given *given, uint32_t n)
{
    Cell value = {0};
    return filters_state(r, role, type, given, n, &value) == STATE_OK && value.b;
}

/* The value that the agent's first derive gives an attribute, for a Login with n attributes. */
static State derived(Rules *r, const char *type, const char *attribute, const Given *given, uint32_t n, Cell *value)
{
    const AgentPlan *agent = &r->plan->agents[0];
    const EventType *event = &r->plan->types[agent->derives[0].type];
    for (uint32_t i = 0; i < event->nattributes; i++)
        if (text_is_c(event->attributes[i].name, attribute))
            return run(r, agent->derives[0].values[i], &agent->participants[0].shape, type, given, n, value);
    fail_msg("no attribute %s", attribute);
    return STATE_ERROR;
}

#define DERIVED(type, attribute, value, ...) \
    derived(&r, type, attribute, (const Given[]){__VA_ARGS__}, sizeof((const Given[]){__VA_ARGS__}) / sizeof(Given), value)

/* ── Event types ── */

static void event_attributes(void **state)
{
    (void)state;
    RULES("network t event E { a : string  b : int?  ts : time in ms  c : float  time ts }");
    const EventType *e = &plan->types[plan_type(plan, TEXT("E"))];
    assert_int_equal(e->nattributes, 4);
    assert_text(e->attributes[0].name, "a");
    assert_int_equal(e->attributes[0].type, TYPE_STRING);
    assert_false(e->attributes[0].optional);
    assert_int_equal(e->attributes[1].type, TYPE_INT);
    assert_true(e->attributes[1].optional);
    assert_int_equal(e->attributes[2].unit, 1000000);
    assert_int_equal(e->attributes[0].unit, 0);
    assert_int_equal(e->time_attribute, 2);
    assert_text(plan->network, "t");
    DONE;
}

static void event_without_time(void **state)
{
    (void)state;
    RULES("network t event E as \"wire.e\" { a : string }");
    const EventType *e = &plan->types[plan_type(plan, TEXT("E"))];
    assert_int_equal(e->time_attribute, INDEX_NONE);
    assert_text(e->name, "E");
    assert_text(e->wire, "wire.e");
    assert_false(e->alert);
    DONE;
}

static void event_paths(void **state)
{
    (void)state;
    RULES("network t event E { image : string from \"Event.EventData.Image\"  first : string from \"list[0].name\"  b : int }");
    const EventType *e = &plan->types[plan_type(plan, TEXT("E"))];
    assert_int_equal(e->attributes[0].npath, 3);
    assert_text(e->attributes[0].path[1], "EventData");
    assert_int_equal(e->attributes[1].npath, 3);
    assert_text(e->attributes[1].path[0], "list");
    assert_text(e->attributes[1].path[1], "[0]");
    assert_text(e->attributes[1].path[2], "name");
    assert_int_equal(e->attributes[2].npath, 0);
    DONE;
}

static void event_defaults(void **state)
{
    (void)state;
    RULES("network t param k : int = 4 event E { a : int = 7  b : string = \"x\"  c : float = 2  d : int = k * 2 }");
    const EventType *e = &plan->types[plan_type(plan, TEXT("E"))];
    assert_int_equal(constant(e->attributes[0].fill).i, 7);
    assert_text(constant(e->attributes[1].fill).s, "x");
    assert_true(constant(e->attributes[2].fill).f == 2.0);
    assert_int_equal(constant(e->attributes[3].fill).i, 8);
    assert_null(e->attributes[0].compute);
    DONE;
}

static void event_computed(void **state)
{
    (void)state;
    RULES("network t event E { a : int  b : int = a + 1  c : int = b * 2  d : int = c + b }");
    const EventType *e = &plan->types[plan_type(plan, TEXT("E"))];
    assert_null(e->attributes[1].fill);
    assert_non_null(e->attributes[1].compute);
    /* whatever it is computed of is put in: only the plain attribute is read */
    for (uint32_t i = 0; i < e->attributes[3].compute->n; i++)
        if (e->attributes[3].compute->code[i].op == OP_LOAD)
            assert_int_equal(e->attributes[3].compute->code[i].immediate, 0);
    Cell value;
    assert_int_equal(run(&r, e->attributes[3].compute, &e->shape, "E", (const Given[]){I("a", 4)}, 1, &value), STATE_OK);
    assert_int_equal(value.i, 15);
    DONE;
}

static void event_constraints(void **state)
{
    (void)state;
    RULES("network t event E { a : int where a > 0  b : int }");
    const EventType *e = &plan->types[plan_type(plan, TEXT("E"))];
    Cell value;
    assert_text(e->attributes[0].constraint_text, "a > 0");
    assert_int_equal(run(&r, e->attributes[0].constraint, &e->shape, "E", (const Given[]){I("a", -1)}, 1, &value), STATE_OK);
    assert_false(value.b);
    assert_null(e->attributes[1].constraint);
    DONE;
}

static void event_shape_is_whole(void **state)
{
    (void)state;
    RULES("network t event D { x : int } event E { a : int  b : string }");
    uint32_t index = plan_type(plan, TEXT("E"));
    const Shape *shape = &plan->types[index].shape;
    assert_int_equal(shape->nslots, 2);
    assert_text(shape->slots[1].name, "b");
    assert_int_equal(shape_columns(shape, index)[1], 1);
    assert_null(shape_columns(shape, plan_type(plan, TEXT("D"))));
    DONE;
}

static void alert_header(void **state)
{
    (void)state;
    RULES("network t alert A severity critical tags [\"x\", \"y\"] note \"why\" { a : int } alert B { a : int } event E { a : int }");
    const EventType *a = &plan->types[plan_type(plan, TEXT("A"))];
    assert_true(a->alert);
    assert_int_equal(a->severity, SEVERITY_CRITICAL);
    assert_int_equal(a->ntags, 2);
    assert_text(a->tags[1], "y");
    assert_text(a->note, "why");
    assert_int_equal(plan->types[plan_type(plan, TEXT("B"))].severity, SEVERITY_MEDIUM);
    assert_false(plan->types[plan_type(plan, TEXT("E"))].alert);
    DONE;
}

static void event_origin(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l derive Hit { user: l.user } }");
    assert_true(plan->types[plan_type(plan, TEXT("Hit"))].derived);
    assert_false(plan->types[plan_type(plan, TEXT("Hit"))].input);
    assert_true(plan->types[plan_type(plan, TEXT("Login"))].input);
    assert_false(plan->types[plan_type(plan, TEXT("Login"))].derived);
    DONE;
}

/* ── Tables, producers, the clock ── */

static void tables(void **state)
{
    (void)state;
    RULES("network t table A key id from csv \"a.csv\" { id : int  x : string? = \"none\" } "
          "table B key a, b from tsv \"/data/b.tsv\" { a : string  b : string  c : float } table C key k { v : int  k : string }");
    assert_int_equal(plan->ntables, 3);
    const TablePlan *a = &plan->tables[0], *b = &plan->tables[1], *c = &plan->tables[2];
    assert_text(a->source_path, "folder/a.csv");
    assert_text(a->source_format, "csv");
    assert_int_equal(a->nkeys, 1);
    assert_text(constant(a->columns[1].fill).s, "none");
    assert_text(b->source_path, "/data/b.tsv");
    assert_int_equal(b->nkeys, 2);
    assert_int_equal(b->keys[1], 1);
    assert_int_equal(b->columns[2].type, TYPE_FLOAT);
    assert_int_equal(c->keys[0], 1);
    assert_int_equal(c->source_format.len, 0);
    DONE;
}

static void producers(void **state)
{
    (void)state;
    RULES("network t event A { x : int } event B { x : int } "
          "producer p of A from \"file:a.ndjson\" "
          "producer q from \"stdin:\" format json type field \"id\" { 1 => A \"two\" => B }");
    assert_int_equal(plan->nproducers, 2);
    const ProducerPlan *p = &plan->producers[0], *q = &plan->producers[1];
    assert_text(p->uri, "file:a.ndjson");
    assert_text(p->format, "json");
    assert_text(p->type_field, "type");
    assert_int_equal(p->ntypes, 1);
    assert_int_equal(p->types[0], plan_type(plan, TEXT("A")));
    assert_int_equal(q->ntypes, 0);
    assert_text(q->type_field, "id");
    assert_int_equal(q->nnames, 2);
    assert_text(q->names[0].wire, "1");
    assert_text(q->names[1].wire, "two");
    assert_int_equal(q->names[1].type, plan_type(plan, TEXT("B")));
    DONE;
}

static void clock_of_the_network(void **state)
{
    (void)state;
    RULES("network t time detection lateness 10 s idle after 1 min late drop event E { a : int }");
    assert_true(plan->by_detection);
    assert_int_equal(plan->lateness, 10 * SECOND);
    assert_int_equal(plan->idle_after, MINUTE);
    assert_int_equal(plan->late, LATE_DROP);
    DONE;
}

static void clock_by_default(void **state)
{
    (void)state;
    RULES("network t event E { a : int }");
    assert_false(plan->by_detection);
    assert_int_equal(plan->lateness, 0);
    assert_int_equal(plan->idle_after, 0);
    assert_int_equal(plan->late, LATE_DIVERT);
    DONE;
}

/* ── Filters ── */

static void filter_agent(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { note \"why\" on Login l where l.tries > 3 and l.good derive Hit { user: l.user, n: l.tries } }");
    assert_int_equal(plan->nagents, 1);
    assert_text(agent->name, "f");
    assert_int_equal(agent->kind, AGENT_TRANSLATE);
    assert_int_equal(agent->nevents, 1);
    assert_int_equal(agent->nparticipants, 1);
    assert_text(agent->participants[0].alias, "l");
    assert_int_equal(agent->ninputs, 1);
    const RolePlan *role = role_of(plan, agent, "Login", ROLE_PARTICIPANT);
    assert_int_equal(role->participant, 0);
    assert_int_equal(role->equal_column, INDEX_NONE);
    assert_null(role->when);
    assert_true(FILTERS("Login", I("tries", 4), B("good", 1)));
    assert_false(FILTERS("Login", I("tries", 4), B("good", 0)));
    assert_false(FILTERS("Login", I("tries", 3), B("good", 1)));
    assert_text(agent->bound, "no state");
    assert_text(agent->file, "folder/rules.cep");
    assert_int_equal(agent->line, 8);
    DONE;
}

static void filter_none(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l derive Hit { user: l.user } }");
    assert_int_equal(agent->kind, AGENT_TRANSLATE);
    assert_null(role_of(plan, agent, "Login", ROLE_PARTICIPANT)->filter);
    DONE;
}

static void equality_is_split(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l where l.tries > 3 and l.user == \"root\" and l.good derive Hit { user: l.user } }");
    const RolePlan *role = role_of(plan, agent, "Login", ROLE_PARTICIPANT);
    assert_int_equal(role->equal_column, 0);
    assert_text(role->equal_value.s, "root");
    assert_int_equal(count_op(role->filter, OP_EQ_STRING), 1);
    assert_int_equal(count_op(role->rest, OP_EQ_STRING), 0);
    assert_int_equal(count_op(role->rest, OP_GT_INT), 1);
    assert_true(FILTERS("Login", I("tries", 4), B("good", 1), S("user", "root")));
    assert_false(FILTERS("Login", I("tries", 4), B("good", 1), S("user", "joe")));
    DONE;
}

static void equality_alone(void **state)
{
    (void)state;
    RULES(SCHEMA "param who : string = \"root\" agent f { on Login l where who == l.user derive Hit { user: l.user } }");
    const RolePlan *role = role_of(plan, agent, "Login", ROLE_PARTICIPANT);
    assert_int_equal(role->equal_column, 0);
    assert_text(role->equal_value.s, "root");
    assert_non_null(role->filter);
    assert_null(role->rest);
    DONE;
}

static void equality_prefers_strings(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l where l.tries == -3 and l.user == \"a\" and l.ip == \"b\" derive Hit { user: l.user } }"
                 "agent g { on Login l where l.tries == -3 and l.score == 1.5 derive Hit { user: l.user } }");
    assert_int_equal(role_of(plan, agent, "Login", ROLE_PARTICIPANT)->equal_column, 0);
    const RolePlan *g = role_of(plan, agent_named(plan, "g"), "Login", ROLE_PARTICIPANT);
    assert_int_equal(g->equal_column, 2);
    assert_int_equal(g->equal_value.i, -3);
    assert_int_equal(count_op(g->rest, OP_EQ_FLOAT), 1);
    DONE;
}

static void equality_that_is_none(void **state)
{
    (void)state;
    RULES(SCHEMA "agent a { on Login l where l.user == \"x\" ignoring case derive Hit { user: l.user } }"
                 "agent b { on Login l where l.user == \"x\" or l.good derive Hit { user: l.user } }"
                 "agent c { on Login l where l.user == l.ip derive Hit { user: l.user } }"
                 "agent d { on Login l where l.score == 1.0 derive Hit { user: l.user } }"
                 "agent e { on Login l where l.user != \"x\" derive Hit { user: l.user } }"
                 "agent f { on Login l where l.user == any [\"x\", \"y\"] derive Hit { user: l.user } }");
    for (uint32_t i = 0; i < plan->nagents; i++)
        assert_int_equal(role_of(plan, &plan->agents[i], "Login", ROLE_PARTICIPANT)->equal_column, INDEX_NONE);
    DONE;
}

static void equality_through_let(void **state)
{
    (void)state;
    RULES(SCHEMA "param name : string = \"x\" agent f in by user { on Login l on Pay p let suits = l.user == name and l.tries > 1 and p.user == l.user "
                 "detect l -> p where suits within 1 min derive Hit { user: l.user } }");
    const RolePlan *role = role_of(plan, agent, "Login", ROLE_PARTICIPANT);
    assert_int_equal(role->equal_column, 0);
    assert_int_equal(count_op(role->rest, OP_GT_INT), 1);
    assert_int_equal(agent->nconjuncts, 1);
    DONE;
}

static void equality_not_beside_else(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l where l.user == \"x\" derive Hit { user: l.user } else derive Hit { n: 1 } }"
                 "agent g { on Login l where l.user == \"x\" derive Hit { user: l.user } on error derive Hit { n: 2 } }");
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(role_of(plan, &plan->agents[i], "Login", ROLE_PARTICIPANT)->equal_column, INDEX_NONE);
    assert_int_equal(agent->derives[1].port, PORT_ELSE);
    assert_int_equal(plan->agents[1].derives[1].port, PORT_ERROR);
    DONE;
}

static void several_types_one_alias(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login | Answer e where e.user == \"x\" derive Hit { user: e.user, x: 1.0 } }"
                 "event Other { z : int  user : string }"
                 "agent g { on Login | Other e where e.user == \"x\" derive Hit { user: e.user } }");
    assert_int_equal(agent->ninputs, 2);
    const AgentPlan *g = agent_named(plan, "g");
    const RolePlan *login = role_of(plan, g, "Login", ROLE_PARTICIPANT), *other = role_of(plan, g, "Other", ROLE_PARTICIPANT);
    assert_ptr_equal(login->filter, other->filter);
    assert_int_equal(login->equal_column, 0);
    assert_int_equal(other->equal_column, 1);
    const Shape *shape = &g->participants[0].shape;
    assert_int_equal(shape->nslots, 1);
    assert_int_equal(shape->nsources, 2);
    assert_int_equal(shape_columns(shape, plan_type(plan, TEXT("Other")))[0], 1);
    assert_int_equal(shape_columns(shape, plan_type(plan, TEXT("Login")))[0], 0);
    DONE;
}

static void slots_on_first_use(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l where l.tries > 1 derive Hit { user: l.user, n: l.tries } }");
    const Shape *shape = &agent->participants[0].shape;
    assert_int_equal(shape->nslots, 2);
    assert_non_null(slot_named(shape, "tries"));
    assert_non_null(slot_named(shape, "user"));
    assert_null(slot_named(shape, "score"));
    assert_false(slot_named(shape, "user")->kept);
    assert_int_equal(agent->nviews, 1);
    assert_int_equal(agent->views[0].which, VIEW_LATEST);
    DONE;
}

/* ── Expressions ── */

/* A filter over Login with this condition. */
#define CONDITION(condition) \
    RULES(SCHEMA "function twice(a: int) = a * 2 function near(a: float, b: float) = abs(a - b) < 1.0 " \
          "agent f { on Login l where " condition " derive Hit { user: l.user } }"); \
    const RolePlan *role = role_of(plan, agent, "Login", ROLE_PARTICIPANT); \
    (void)role

static void unknown_is_not_true(void **state)
{
    (void)state;
    CONDITION("not l.ip == \"x\"");
    Cell value;
    assert_int_equal(filters_state(&r, role, "Login", (const Given[]){S("ip", "y")}, 1, &value), STATE_OK);
    assert_true(value.b);
    assert_int_equal(filters_state(&r, role, "Login", (const Given[]){S("user", "y")}, 1, &value), STATE_NULL);
    DONE;
}

static void without_unknowns(void **state)
{
    (void)state;
    CONDITION("not l.ip == \"x\" and not l.ip contains \"z\" without unknowns");
    assert_int_equal(count_op(role->filter, OP_COALESCE), 2);
    assert_true(FILTERS("Login", S("user", "y")));
    assert_false(FILTERS("Login", S("ip", "x")));
    DONE;
}

static void decided_by_coalesce(void **state)
{
    (void)state;
    CONDITION("(l.ip == \"x\") ?? true");
    assert_true(FILTERS("Login", S("user", "y")));
    assert_true(FILTERS("Login", S("ip", "x")));
    assert_false(FILTERS("Login", S("ip", "y")));
    DONE;
}

static void in_a_list(void **state)
{
    (void)state;
    CONDITION("l.user in [\"a\", \"b\", \"c\"]");
    assert_int_equal(count_op(role->filter, OP_IN_SET), 1);
    assert_true(FILTERS("Login", S("user", "b")));
    assert_false(FILTERS("Login", S("user", "d")));
    DONE;
}

static void in_a_list_of_expressions(void **state)
{
    (void)state;
    CONDITION("l.tries in [1, twice(l.tries), 7]");
    assert_int_equal(count_op(role->filter, OP_IN_SET), 0);
    assert_true(FILTERS("Login", I("tries", 0)));
    assert_true(FILTERS("Login", I("tries", 7)));
    assert_false(FILTERS("Login", I("tries", 3)));
    DONE;
}

static void in_a_list_ignoring_case(void **state)
{
    (void)state;
    CONDITION("l.user in [\"a\", \"B\"] ignoring case");
    assert_int_equal(count_op(role->filter, OP_EQ_STRING_FOLD), 2);
    assert_true(FILTERS("Login", S("user", "b")));
    DONE;
}

static void in_a_list_param(void **state)
{
    (void)state;
    RULES(SCHEMA "param bad : list<string> = [\"a\", \"b\"] agent f { on Login l where l.user in bad derive Hit { user: l.user } }");
    assert_int_equal(count_op(role_of(plan, agent, "Login", ROLE_PARTICIPANT)->filter, OP_IN_SET), 1);
    assert_true(FILTERS("Login", S("user", "b")));
    assert_false(FILTERS("Login", S("user", "c")));
    DONE;
}

static void any_and_all(void **state)
{
    (void)state;
    CONDITION("l.user contains any [\"x\", \"y\"] and l.user contains all [\"a\", \"b\"] and l.user != all [\"xab\", \"q\"]");
    assert_int_equal(count_op(role->filter, OP_IN_SET), 1);
    assert_true(FILTERS("Login", S("user", "bay")));
    assert_false(FILTERS("Login", S("user", "xab")));
    assert_false(FILTERS("Login", S("user", "ab")));
    assert_false(FILTERS("Login", S("user", "xa")));
    DONE;
}

static void string_tests(void **state)
{
    (void)state;
    CONDITION("l.user starts with \"A\" ignoring case and l.user ends with \"z\" and l.user like \"a?m*\"");
    assert_true(FILTERS("Login", S("user", "abmxz")));
    assert_false(FILTERS("Login", S("user", "abxxz")));
    DONE;
}

static void regexes(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l where l.user matches /^ro+t$/i derive Hit { user: l.user } }"
                 "agent g { on Login l where l.user matches /^ro+t$/i derive Hit { user: l.user } }"
                 "agent h { on Login l where l.user matches any [/^a/, /b$/] ignoring case derive Hit { user: l.user } }");
    assert_true(FILTERS("Login", S("user", "ROOOT")));
    assert_false(FILTERS("Login", S("user", "rt")));
    const Program *f = role_of(plan, agent, "Login", ROLE_PARTICIPANT)->filter;
    const Program *g = role_of(plan, agent_named(plan, "g"), "Login", ROLE_PARTICIPANT)->filter;
    const RolePlan *h = role_of(plan, agent_named(plan, "h"), "Login", ROLE_PARTICIPANT);
    assert_ptr_equal(f->regexes[0], g->regexes[0]);
    assert_int_equal(h->filter->nregexes, 2);
    assert_true(filters(&r, h, "Login", (const Given[]){S("user", "AX")}, 1));
    DONE;
}

static void between_and_numbers(void **state)
{
    (void)state;
    CONDITION("l.tries between 2 and 4 and l.score > l.tries");
    assert_int_equal(count_op(role->filter, OP_FLOAT_OF_INT), 1);
    assert_true(FILTERS("Login", I("tries", 4), F("score", 4.5)));
    assert_false(FILTERS("Login", I("tries", 4), F("score", 3.5)));
    assert_false(FILTERS("Login", I("tries", 5), F("score", 9)));
    DONE;
}

static void null_tests(void **state)
{
    (void)state;
    CONDITION("l.ip is null or l.ip is not null and l.tries == 1");
    assert_true(FILTERS("Login", I("tries", 2)));
    assert_true(FILTERS("Login", I("tries", 1), S("ip", "x")));
    assert_false(FILTERS("Login", I("tries", 2), S("ip", "x")));
    DONE;
}

static void conditionals(void **state)
{
    (void)state;
    CONDITION("(if l.good then 1 else l.score) > 2");
    assert_int_equal(count_op(role->filter, OP_SELECT), 1);
    assert_true(FILTERS("Login", B("good", 0), F("score", 3)));
    assert_false(FILTERS("Login", B("good", 1), F("score", 3)));
    DONE;
}

static void functions_of_the_file(void **state)
{
    (void)state;
    CONDITION("twice(l.tries) + twice(twice(1)) == 10 and near(l.score, 2)");
    assert_true(FILTERS("Login", I("tries", 3), F("score", 2.5)));
    assert_false(FILTERS("Login", I("tries", 2), F("score", 2.5)));
    assert_false(FILTERS("Login", I("tries", 3), F("score", 3.5)));
    DONE;
}

static void functions_of_the_language(void **state)
{
    (void)state;
    CONDITION("max(l.tries, 2, 3) == 3 and len(lower(l.user)) == 2 and hour(l.at, \"Europe/Lisbon\") == 1 and hour(l.at) == 0");
    Given good[] = {I("tries", 1), S("user", "AB"), I("at", INT64_C(1782864000) * SECOND)}; /* 2026-07-01T00:00:00Z */
    assert_true(filters(&r, role, "Login", good, 3));
    good[0].value.i = 9;
    assert_false(filters(&r, role, "Login", good, 3));
    DONE;
}

static void captures(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l derive Hit { user: capture(/(\\w+)@/, l.user, 1) } }");
    Cell value;
    assert_int_equal(DERIVED("Login", "user", &value, S("user", "joe@x")), STATE_OK);
    assert_text(value.s, "joe");
    assert_int_equal(DERIVED("Login", "user", &value, S("user", "joe")), STATE_NULL);
    DONE;
}

static void concatenation(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l derive Hit { user: concat(l.user, \"-\", l.tries, \"/\", l.good) } }");
    Cell value;
    assert_int_equal(DERIVED("Login", "user", &value, S("user", "joe"), I("tries", 3), B("good", 1)), STATE_OK);
    assert_text(value.s, "joe-3/true");
    DONE;
}

static void time_arithmetic(void **state)
{
    (void)state;
    CONDITION("l.at - 2026-01-01T00:00:00Z < 1 h 30 min and l.at + 1 day > 2026-01-01T00:00:00Z");
    assert_true(FILTERS("Login", I("at", INT64_C(1767225600) * SECOND + HOUR)));
    assert_false(FILTERS("Login", I("at", INT64_C(1767225600) * SECOND + 2 * HOUR)));
    DONE;
}

static void distances(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Pay p where distance(p.place, point(0, 0)) < 2 km derive Hit { user: p.user } }");
    assert_true(FILTERS("Pay", {"place", {.p = {0.01, 0}}}));
    assert_false(FILTERS("Pay", {"place", {.p = {1, 0}}}));
    DONE;
}

static void networks(void **state)
{
    (void)state;
    CONDITION("l.ip in cidr(\"10.0.0.0/8\")");
    assert_true(FILTERS("Login", S("ip", "10.2.3.4")));
    assert_false(FILTERS("Login", S("ip", "11.2.3.4")));
    DONE;
}

static void headers(void **state)
{
    (void)state;
    CONDITION("l.$time > 2026-01-01T00:00:00Z and l.$type == \"Login\"");
    assert_int_equal(count_op(role->filter, OP_HEADER), 2);
    DONE;
}

static void logical_time(void **state)
{
    (void)state;
    CONDITION("now() - l.at > 1 h");
    assert_true(role->filter->reads_time);
    DONE;
}

static void lets(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l let double = l.tries * 2 let quad = double + double derive Hit { user: l.user, n: quad } when quad > 4 }");
    Cell value;
    assert_int_equal(DERIVED("Login", "n", &value, I("tries", 3)), STATE_OK);
    assert_int_equal(value.i, 12);
    assert_int_equal(count_op(agent->derives[0].values[1], OP_MUL_INT), 1);
    assert_non_null(agent->derives[0].when);
    DONE;
}

static void lets_that_double(void **state)
{
    (void)state;
    char text[8192];
    int n = snprintf(text, sizeof text, SCHEMA "agent f { on Login l let a0 = l.tries ");
    for (int i = 1; i < 60; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "let a%d = a%d + a%d ", i, i - 1, i - 1);
    snprintf(text + n, sizeof text - (size_t)n, "derive Hit { user: l.user, n: a59 } }");
    RULES(text);
    assert_int_equal(count_op(agent->derives[0].values[1], OP_ADD_INT), 59);
    DONE;
}

static void params_from_outside(void **state)
{
    (void)state;
    const char *text = SCHEMA "param most : int = 3 agent f { on Login l where l.tries > most derive Hit { user: l.user } }";
    ParamValue given = {TEXT("most"), TEXT("5")};
    CompileOptions options = {&given, 1};
    Rules r;
    compile_files(&r, &text, 1, &options);
    Plan *plan = r.plan;
    assert_non_null(plan);
    AgentPlan *agent = &plan->agents[0];
    assert_false(FILTERS("Login", I("tries", 5)));
    assert_true(FILTERS("Login", I("tries", 6)));
    DONE;
}

/* ── Tables in expressions ── */

static void table_reads(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l where Account[l.user].most > 3 and l.user in Account derive Hit { user: Account[l.user].owner } }");
    const Program *filter = role_of(plan, agent, "Login", ROLE_PARTICIPANT)->filter;
    assert_int_equal(count_op(filter, OP_FIND), 1); /* shared by both conjuncts */
    assert_int_equal(count_op(filter, OP_CELL), 1);
    assert_int_equal(count_op(filter, OP_IS_NOT_NULL), 1);
    assert_int_equal(count_op(agent->derives[0].values[0], OP_CELL), 1);
    DONE;
}

static void table_of_two_keys(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l where Limit[l.user, l.tries].most > 3 or (l.ip, l.tries) in Limit derive Hit { user: l.user } }");
    const Program *filter = role_of(plan, agent, "Login", ROLE_PARTICIPANT)->filter;
    assert_int_equal(count_op(filter, OP_FIND), 2);
    assert_int_equal(count_op(filter, OP_SELECT), 1); /* l.ip may be missing: then it is unknown */
    DONE;
}

/* ── Derives ── */

static void derived_values(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l derive Hit { user: l.user, x: l.score, $time: l.at + 1 s } when l.good derive Hit { n: 2 } }");
    assert_int_equal(agent->nderives, 2);
    const DerivePlan *derive = &agent->derives[0];
    assert_int_equal(derive->type, plan_type(plan, TEXT("Hit")));
    assert_int_equal(derive->port, PORT_MAIN);
    assert_non_null(derive->values[0]);
    assert_null(derive->values[1]);
    assert_non_null(derive->values[2]);
    assert_int_equal(derive->time->type, TYPE_TIME);
    assert_non_null(derive->when);
    assert_int_equal(constant(agent->derives[1].values[1]).i, 2);
    assert_null(agent->derives[1].when);
    DONE;
}

static void derived_copies(void **state)
{
    (void)state;
    RULES(SCHEMA "event Copy { user : string  tries : int  k : int = 9 } agent f { on Login l derive Copy from l }"
                 "event Less { user : string } agent g { on Login l derive Less from l only user }");
    const AgentPlan *f = agent_named(plan, "f");
    assert_non_null(f->derives[0].values[0]);
    assert_non_null(f->derives[0].values[1]);
    assert_int_equal(constant(f->derives[0].values[2]).i, 9);
    assert_int_equal(f->kind, AGENT_FILTER);
    assert_int_equal(agent_named(plan, "g")->kind, AGENT_PROJECT);
    DONE;
}

static void derived_computed_attributes(void **state)
{
    (void)state;
    RULES(SCHEMA "alert Sum { a : int  b : int  c : int = a + b  d : int = c * 2 } agent f { on Login l derive Sum { a: l.tries, b: 5 } }");
    Cell value;
    assert_int_equal(DERIVED("Login", "c", &value, I("tries", 3)), STATE_OK);
    assert_int_equal(value.i, 8);
    assert_int_equal(DERIVED("Login", "d", &value, I("tries", 3)), STATE_OK);
    assert_int_equal(value.i, 16);
    DONE;
}

/* ── Enrichment ── */

static void enrich_by_key(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l enrich Account a by l.user derive Hit { user: a.owner, n: a.most } }");
    assert_int_equal(agent->kind, AGENT_ENRICH);
    assert_int_equal(agent->nenriches, 1);
    const EnrichPlan *enrich = &agent->enriches[0];
    assert_int_equal(enrich->participant, 1);
    assert_int_equal(enrich->table, plan_table(plan, TEXT("Account")));
    assert_non_null(enrich->keys[0]);
    assert_null(enrich->keys[1]);
    assert_false(enrich->drop);
    assert_false(enrich->per_match);
    assert_true(agent->participants[1].row);
    assert_int_equal(agent->nevents, 1);
    assert_int_equal(shape_columns(&agent->participants[1].shape, 0)[0], 1);
    assert_int_equal(agent->views[1].participant, 1);
    DONE;
}

static void enrich_by_equality(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l enrich Limit m where m.kind == l.tries and l.user == m.user or drop derive Hit { x: m.most } }");
    const EnrichPlan *enrich = &agent->enriches[0];
    assert_int_equal(enrich->keys[0]->type, TYPE_STRING);
    assert_int_equal(enrich->keys[1]->type, TYPE_INT);
    assert_true(enrich->drop);
    DONE;
}

static void enrich_per_match(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user, last 1 h { on Login l detect count(l) > 3 match every time enrich Account a by l.user "
                 "derive Hit { user: a.owner } }");
    assert_int_equal(agent->nenriches, 1);
    assert_true(agent->enriches[0].per_match);
    assert_false(slot_named(&agent->participants[1].shape, "owner")->kept);
    DONE;
}

/* The condition runs before the row is looked up for the match. */
static void enrich_per_match_in_conditions(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user, last 1 h { on Login l detect count(l) > a.most match every time enrich Account a by l.user derive Hit { user: a.owner } }"
                 "agent g in by user { on Login l on Pay p on Answer c detect l -> p -> c where a.most > l.tries within 1 min enrich Account a by p.to derive Hit { user: a.owner } }");
    assert_int_equal(count_op(agent->condition, OP_FIND), 1);
    assert_int_equal(count_op(agent->derives[0].values[0], OP_FIND), 0);
    const AgentPlan *g = agent_named(plan, "g");
    assert_int_equal(g->nconjuncts, 1);
    assert_int_equal(g->conjuncts[0].step, 1);
    assert_int_equal(count_op(g->conjuncts[0].program, OP_CELL), 1);
    DONE;
}

static void enrich_before_detect_is_inline(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user { on Login l on Pay p enrich Account a by l.user or drop "
                 "detect l -> p where p.amount > a.most within 1 min derive Hit { user: a.owner } }");
    assert_int_equal(agent->nenriches, 0);
    assert_int_equal(count_op(agent->conjuncts[0].program, OP_CELL), 1);
    assert_int_equal(agent->conjuncts[0].step, 1);
    assert_int_equal(count_op(agent->derives[0].values[0], OP_FIND), 1);
    /* no row: the login takes no part */
    assert_int_equal(count_op(role_of(plan, agent, "Login", ROLE_PARTICIPANT)->filter, OP_FIND), 1);
    assert_null(role_of(plan, agent, "Pay", ROLE_PARTICIPANT)->filter);
    DONE;
}

static void enrich_inside_an_aggregate(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in fixed every 1 day { on Login l enrich Account a by l.user derive Hit { n: sum(l.tries * a.most) } }");
    assert_int_equal(agent->naggregates, 1);
    assert_int_equal(count_op(agent->aggregates[0].value, OP_FIND), 1);
    DONE;
}

/* ── Thresholds and aggregates ── */

static void threshold(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user, fixed every 1 day { on Login l detect count(l) > 3 and sum(l.tries) >= 10 "
                 "derive Hit { user: l.user, n: count(l) } }");
    assert_int_equal(agent->kind, AGENT_THRESHOLD);
    assert_int_equal(agent->naggregates, 2); /* count(l) once */
    assert_int_equal(agent->aggregates[0].kind, AGGREGATE_COUNT);
    assert_null(agent->aggregates[0].value);
    assert_int_equal(agent->aggregates[1].kind, AGGREGATE_SUM);
    assert_int_equal(agent->aggregates[1].type, TYPE_INT);
    assert_int_equal(agent->aggregates[1].value_type, TYPE_INT);
    assert_int_equal(count_op(agent->condition, OP_AGGREGATE), 2);
    assert_int_equal(agent->policies.match, MATCH_ONCE);
    assert_int_equal(agent->policies.consume, CONSUME_NONE);
    assert_int_equal(agent->policies.evaluate, EVALUATE_IMMEDIATELY);
    assert_int_equal(agent->policies.order, ORDER_OCCURRENCE);
    assert_int_equal(agent->policies.evidence, EVIDENCE_ENDS);
    assert_int_equal(agent->ncontexts, 2);
    /* the latest login is the one that arrives: nothing is kept */
    assert_false(slot_named(&agent->participants[0].shape, "user")->kept);
    DONE;
}

static void threshold_trailing(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user { on Login l detect count(l) > 3 within 60 s inclusive derive Hit { user: l.user } "
                 "quiet 5 min after last per l.ip }");
    assert_int_equal(agent->ncontexts, 2);
    assert_int_equal(agent->contexts[1].kind, CONTEXT_LAST);
    assert_int_equal(agent->contexts[1].last, 60 * SECOND);
    assert_true(agent->contexts[1].last_inclusive);
    assert_int_equal(agent->within, 0);
    assert_int_equal(agent->policies.match, MATCH_EVERY_TIME);
    assert_int_equal(agent->quiet.duration, 5 * MINUTE);
    assert_true(agent->quiet.after_last);
    assert_int_equal(agent->quiet.per->type, TYPE_STRING);
    assert_text(agent->bound, "1 min of events per key; a key idle for 7 days is forgotten");
    DONE;
}

static void threshold_assertion(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in fixed every 1 h { on Login l detect count(l) > 3 where not l.ip == \"x\" without unknowns derive Hit { user: l.user } }");
    assert_int_equal(count_op(agent->condition, OP_AGGREGATE), 1);
    assert_int_equal(count_op(agent->condition, OP_EQ_STRING), 1);
    assert_int_equal(count_op(agent->condition, OP_COALESCE), 1);
    DONE;
}

static void threshold_policies(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in fixed every 1 h { on Login l detect count(l) > 3 match at most 5 consume everything evidence last 7 derive Hit { user: l.user } }"
                 "agent g in fixed every 1 h { on Login l detect count(l) > 3 evaluate at close evidence none derive Hit { user: l.user } }"
                 "agent h in fixed every 1 h { on Login l on Pay p detect count(l) > count(p) evaluate on p derive Hit { user: l.user, x: p.amount } }");
    assert_int_equal(agent->policies.match, MATCH_AT_MOST);
    assert_int_equal(agent->policies.match_at_most, 5);
    assert_int_equal(agent->policies.consume, CONSUME_EVERYTHING);
    assert_int_equal(agent->policies.evidence, EVIDENCE_LAST);
    assert_int_equal(agent->policies.evidence_last, 7);
    const AgentPlan *g = agent_named(plan, "g"), *h = agent_named(plan, "h");
    assert_int_equal(g->policies.evaluate, EVALUATE_AT_CLOSE);
    assert_int_equal(g->policies.evidence, EVIDENCE_NONE);
    assert_true(slot_named(&g->participants[0].shape, "user")->kept); /* read when the hour ends */
    assert_int_equal(h->policies.evaluate, EVALUATE_ON);
    assert_int_equal(h->policies.evaluate_on, 1);
    assert_true(slot_named(&h->participants[0].shape, "user")->kept); /* read when a pay arrives */
    DONE;
}

static void aggregate_kinds(void **state)
{
    (void)state;
    RULES(SCHEMA "alert All { a : int  b : float?  c : int?  d : float?  e : string?  f : string?  g : int }"
                 "agent f in fixed every 1 h { on Login l derive All { a: count(l where l.good), b: avg(l.tries), c: min(l.tries), "
                 "d: max(l.score), e: first(l.user), f: last(l.user), g: distinct(l.user) } }");
    assert_int_equal(agent->kind, AGENT_AGGREGATE);
    assert_int_equal(agent->naggregates, 7);
    assert_non_null(agent->aggregates[0].where);
    assert_int_equal(agent->aggregates[1].type, TYPE_FLOAT);
    assert_int_equal(agent->aggregates[1].value_type, TYPE_INT);
    assert_int_equal(agent->aggregates[2].type, TYPE_INT);
    assert_int_equal(agent->aggregates[4].type, TYPE_STRING);
    assert_int_equal(agent->aggregates[6].type, TYPE_INT);
    assert_int_equal(agent->aggregates[6].value_type, TYPE_STRING);
    assert_int_equal(agent->policies.match, MATCH_EVERY_TIME);
    DONE;
}

static void equal_aggregates_are_one(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in fixed every 1 h { on Login l derive Hit { n: sum(l.tries + 1) - sum(l.tries + 1), "
                 "x: sum(l.score) + sum(l.score * 2.0) } when sum(l.tries + 2) > count(l where l.tries > 1) - count(l where l.tries > 1) }");
    assert_int_equal(agent->naggregates, 5);
    DONE;
}

static void emissions(void **state)
{
    (void)state;
    RULES(SCHEMA "agent a in fixed every 1 h { on Login l derive Hit { n: count(l) } }"
                 "agent b in last 1 h { on Login l derive Hit { n: count(l) } }"
                 "agent c in fixed every 1 h { on Login l derive Hit { n: count(l) } emit immediately }"
                 "agent d in fixed every 1 h { on Login l derive Hit { n: count(l) } emit on change }"
                 "agent e in fixed every 1 h { on Login l derive Hit { n: count(l) } emit every 10 s inclusive }"
                 "agent f in fixed every 1 h { on Login l derive Hit { n: count(l), user: l.user } emit at close }");
    static const EmitKind kinds[] = {EMIT_AT_CLOSE, EMIT_IMMEDIATELY, EMIT_IMMEDIATELY, EMIT_ON_CHANGE, EMIT_EVERY, EMIT_AT_CLOSE};
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(plan->agents[i].emit.kind, kinds[i]);
    assert_int_equal(plan->agents[4].emit.every, 10 * SECOND);
    assert_true(plan->agents[4].emit.inclusive);
    assert_true(slot_named(&plan->agents[5].participants[0].shape, "user")->kept);
    (void)agent;
    DONE;
}

/* ── Contexts ── */

static void context_by(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user { on Login l on Pay p detect l -> p within 1 min derive Hit { user: l.user } }"
                 "agent g in by (user, to) idle 2 days, last 5 events { on Pay p detect count(p) > 3 match every time derive Hit { user: p.user } }");
    assert_int_equal(agent->ncontexts, 1);
    const ContextStep *by = &agent->contexts[0];
    assert_int_equal(by->kind, CONTEXT_BY);
    assert_int_equal(by->nkeys, 1);
    assert_int_equal(by->key_first, 0);
    assert_text(by->key_names[0], "user");
    assert_int_equal(by->key_types[0], TYPE_STRING);
    assert_int_equal(by->key_idle, 7 * NS_PER_DAY);
    assert_int_equal(agent->ninputs, 2);
    assert_int_equal(agent->inputs[0].keys[0]->type, TYPE_STRING);
    assert_int_equal(agent->inputs[1].shape.nslots, 6);
    const AgentPlan *g = agent_named(plan, "g");
    assert_int_equal(g->contexts[0].nkeys, 2);
    assert_int_equal(g->contexts[0].key_idle, 2 * NS_PER_DAY);
    Cell value;
    assert_int_equal(run(&r, g->inputs[0].keys[1], &g->inputs[0].shape, "Pay", (const Given[]){S("to", "x")}, 1, &value), STATE_OK);
    assert_text(value.s, "x");
    assert_int_equal(g->contexts[1].last_count, 5);
    assert_int_equal(g->contexts[1].last, 0);
    DONE;
}

static void context_by_several_names(void **state)
{
    (void)state;
    RULES(SCHEMA "event Refund { who : string  at : time  time at } context Person = by person = Pay.user | Refund.who "
                 "agent f in Person { on Pay p on Refund b detect p -> b within 1 min derive Hit { user: context.key.person } }");
    assert_text(agent->contexts[0].name, "Person");
    assert_text(agent->contexts[0].key_names[0], "person");
    for (uint32_t i = 0; i < agent->ninputs; i++) {
        bool refund = agent->inputs[i].type == plan_type(plan, TEXT("Refund"));
        Cell value;
        Given who = {refund ? "who" : "user", {.s = TEXT("joe")}};
        assert_int_equal(run(&r, agent->inputs[i].keys[0], &agent->inputs[i].shape, refund ? "Refund" : "Pay", &who, 1, &value), STATE_OK);
        assert_text(value.s, "joe");
    }
    DONE;
}

static void context_fixed(void **state)
{
    (void)state;
    RULES(SCHEMA "context Day = fixed every 1 day zone \"Europe/Lisbon\""
                 "agent a in Day { on Login l derive Hit { n: count(l) } }"
                 "agent b in fixed every 15 min { on Login l derive Hit { n: count(l) } }"
                 "agent c in fixed from 2026-01-05T08:00:00Z for 9 h every 1 week { on Login l derive Hit { n: count(l) } }"
                 "agent d in fixed from @2026-01-30 to @2026-01-31 zone \"Europe/Lisbon\" { on Login l derive Hit { n: count(l) } }"
                 "agent e in fixed from 2026-01-05T08:00:00Z for 9 h { on Login l derive Hit { n: count(l) } }"
                 "agent f in fixed every 3 months { on Login l derive Hit { n: count(l) } }");
    const ContextStep *a = &plan->agents[0].contexts[0], *b = &plan->agents[1].contexts[0], *c = &plan->agents[2].contexts[0];
    const ContextStep *d = &plan->agents[3].contexts[0], *e = &plan->agents[4].contexts[0], *f = &plan->agents[5].contexts[0];
    assert_int_equal(a->kind, CONTEXT_FIXED);
    assert_text(a->name, "Day");
    assert_int_equal(a->every, 1);
    assert_int_equal(a->every_unit, CALENDAR_DAY);
    assert_int_equal(a->from, TIME_NONE);
    assert_int_equal(a->to, TIME_NONE);
    assert_text(a->zone->name, "Europe/Lisbon");
    assert_ptr_equal(a->zone, d->zone);
    assert_int_equal(b->every, 15 * MINUTE);
    assert_int_equal(b->every_unit, CALENDAR_NS);
    assert_null(b->zone);
    assert_int_equal(b->name.len, 0);
    assert_int_equal(c->from, INT64_C(1767600000) * SECOND);
    assert_int_equal(c->length, 9 * HOUR);
    assert_int_equal(c->every_unit, CALENDAR_WEEK);
    assert_int_equal(d->from, INT64_C(1769731200) * SECOND); /* Lisbon is on UTC in winter */
    assert_int_equal(d->to, d->from + 2 * NS_PER_DAY);       /* the day of the end belongs to it */
    assert_int_equal(d->every, 0);
    assert_int_equal(e->to, e->from + 9 * HOUR);
    assert_int_equal(f->every, 3);
    assert_int_equal(f->every_unit, CALENDAR_MONTH);
    (void)agent;
    DONE;
}

static void context_last(void **state)
{
    (void)state;
    RULES(SCHEMA "param d : duration = 90 s context Trailing = last d "
                 "agent f in by user, Trailing { on Login l detect count(l) > 3 match every time derive Hit { user: l.user } }");
    assert_int_equal(agent->contexts[1].kind, CONTEXT_LAST);
    assert_int_equal(agent->contexts[1].last, 90 * SECOND);
    assert_false(agent->contexts[1].last_inclusive);
    assert_text(agent->contexts[1].name, "Trailing");
    DONE;
}

static void context_interval(void **state)
{
    (void)state;
    RULES(SCHEMA "context Stay = from Login a where a.good to Answer z where z.user == a.user and z.code == 7 "
                 "for at most 2 h since a.at + 1 h at most 100 events idle 10 min again refresh or discard on Answer d where d.code == 9 "
                 "agent f in Stay { on Pay p detect count(p) > 3 derive Hit { user: a.user, n: count(p) } }");
    const ContextStep *stay = &agent->contexts[0];
    assert_int_equal(stay->kind, CONTEXT_INTERVAL);
    assert_true(stay->has_closer);
    assert_int_equal(stay->for_at_most, 2 * HOUR);
    assert_int_equal(stay->at_most, 100);
    assert_int_equal(stay->idle, 10 * MINUTE);
    assert_int_equal(stay->again, AGAIN_REFRESH);
    assert_int_equal(stay->since->type, TYPE_TIME);
    const RolePlan *opener = role_of(plan, agent, "Login", ROLE_OPENER), *closer = role_of(plan, agent, "Answer", ROLE_CLOSER);
    const RolePlan *discarder = role_of(plan, agent, "Answer", ROLE_DISCARDER);
    assert_non_null(opener->filter);
    assert_null(opener->when);
    assert_int_equal(opener->index, 0);
    assert_int_equal(count_op(closer->filter, OP_EQ_INT), 1);
    assert_int_equal(closer->equal_column, 1);
    assert_int_equal(closer->equal_value.i, 7);
    assert_null(closer->rest);
    assert_int_equal(count_op(closer->when, OP_EQ_STRING), 1);
    assert_int_equal(discarder->equal_value.i, 9);
    assert_int_equal(agent->nevents, 1);
    assert_int_equal(agent->nparticipants, 4);
    assert_text(agent->participants[opener->participant].alias, "a");
    assert_true(slot_named(&agent->participants[opener->participant].shape, "user")->kept);
    assert_true(slot_named(&agent->participants[opener->participant].shape, "at")->kept);
    assert_false(slot_named(&agent->participants[closer->participant].shape, "user")->kept);
    uint32_t initiators = 0;
    for (uint32_t i = 0; i < agent->nviews; i++)
        if (agent->views[i].which == VIEW_INITIATOR) {
            initiators++;
            assert_int_equal(agent->views[i].participant, opener->participant);
        }
    assert_int_equal(initiators, 1);
    DONE;
}

static void context_interval_defaults(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in from Login a for at most 1 h { on Pay p derive Hit { n: count(p) } }");
    assert_false(agent->contexts[0].has_closer);
    assert_int_equal(agent->contexts[0].again, AGAIN_IGNORE);
    assert_null(agent->contexts[0].since);
    assert_int_equal(agent->emit.kind, EMIT_AT_CLOSE);
    DONE;
}

static void context_opener_is_a_participant(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user, from Login l where l.good to Answer z { on Login l detect count(l) > 3 derive Hit { user: l.user } }");
    assert_int_equal(agent->ninputs, 2);
    const RolePlan *opener = role_of(plan, agent, "Login", ROLE_OPENER), *on = role_of(plan, agent, "Login", ROLE_PARTICIPANT);
    assert_int_equal(opener->participant, on->participant);
    assert_non_null(opener->filter);
    assert_null(on->filter);
    DONE;
}

/* The context's `a` is a Login and the agent's `a` a Pay: two participants of one name. */
static void context_alias_is_hidden(void **state)
{
    (void)state;
    RULES(SCHEMA "context Session = from Login a where a.good to Answer b where b.user == a.user for at most 1 h "
                 "agent f in Session { on Pay a where a.amount > 3.0 derive Hit { n: count(a), x: a.amount } }");
    assert_int_equal(agent->nevents, 1);
    assert_int_equal(agent->nparticipants, 3);
    const RolePlan *opener = role_of(plan, agent, "Login", ROLE_OPENER), *closer = role_of(plan, agent, "Answer", ROLE_CLOSER);
    assert_int_not_equal(opener->participant, 0);
    assert_text(agent->participants[opener->participant].alias, "a");
    assert_non_null(slot_named(&agent->participants[opener->participant].shape, "good"));
    assert_null(slot_named(&agent->participants[0].shape, "user"));
    for (uint32_t i = 0; i < agent->nviews; i++)
        if (agent->views[i].which == VIEW_INITIATOR)
            assert_int_equal(agent->views[i].participant, opener->participant);
    assert_non_null(closer->when);
    DONE;
}

/* The opener of an outer interval closes its own window, though nothing else may read it. */
static void context_intervals_nested(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user, from Login a to Answer b where b.code == a.tries for at most 2 h, from Pay c to Answer d where d.code == c.n for at most 1 h "
                 "{ on Pay p derive Hit { n: count(p), user: c.user } }");
    const InputPlan *answer = NULL;
    for (uint32_t i = 0; i < agent->ninputs; i++)
        if (agent->inputs[i].type == plan_type(plan, TEXT("Answer")))
            answer = &agent->inputs[i];
    assert_int_equal(answer->nroles, 2);
    assert_int_equal(answer->roles[0].index, 1);
    assert_int_equal(answer->roles[1].index, 2);
    assert_non_null(answer->roles[0].when);
    assert_non_null(answer->roles[1].when);
    DONE;
}

static void context_initiator(void **state)
{
    (void)state;
    RULES(SCHEMA "context Session = from Login a to Answer b for at most 1 h "
                 "agent f in by user, Session { on Pay p derive Hit { n: count(p), user: context.initiator.user } }");
    bool seen = false;
    for (uint32_t i = 0; i < agent->nviews; i++)
        seen |= agent->views[i].which == VIEW_INITIATOR;
    assert_true(seen);
    DONE;
}

static void context_values(void **state)
{
    (void)state;
    RULES(SCHEMA "alert Day { user : string  kind : int  from : time  to : time }"
                 "context A = by user context B = by n = Answer.code "
                 "agent f in by user, B, fixed every 1 day { on Answer a derive Day { user: context.key.user, kind: context.key.n, "
                 "from: context.start, to: context.end } when count(a) > 2 }");
    const DerivePlan *derive = &agent->derives[0];
    assert_int_equal(derive->values[0]->code[0].op, OP_CONTEXT);
    assert_int_equal(derive->values[0]->code[0].immediate, CONTEXT_KEY);
    assert_int_equal(derive->values[1]->code[0].immediate, CONTEXT_KEY + 1);
    assert_int_equal(derive->values[2]->code[0].immediate, CONTEXT_START);
    assert_int_equal(derive->values[3]->code[0].immediate, CONTEXT_END);
    assert_int_equal(agent->contexts[1].key_first, 1);
    DONE;
}

/* ── Sequences ── */

static void sequence(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user { on Login l on Pay p on Answer a detect l -> first p -> any a within 2 min inclusive "
                 "derive Hit { user: l.user, x: p.amount, n: a.code } }");
    assert_int_equal(agent->kind, AGENT_SEQUENCE);
    assert_int_equal(agent->nsteps, 3);
    assert_int_equal(agent->steps[0].link, LINK_FOLLOWED);
    assert_int_equal(agent->steps[1].link, LINK_FIRST);
    assert_int_equal(agent->steps[2].link, LINK_ANY);
    assert_false(agent->steps[1].loop);
    assert_int_equal(agent->steps[1].min, 1);
    assert_int_equal(agent->steps[1].max, 1);
    assert_int_equal(agent->steps[2].participant, 2);
    assert_int_equal(agent->within, 2 * MINUTE);
    assert_true(agent->within_inclusive);
    assert_int_equal(agent->policies.match, MATCH_EVERY_TIME);
    assert_int_equal(agent->policies.consume, CONSUME_MATCHED);
    assert_int_equal(agent->policies.pick[0], PICK_FIRST);
    assert_int_equal(agent->policies.pick[2], PICK_EACH);
    assert_int_equal(agent->policies.pick_order[2], 2);
    assert_true(slot_named(&agent->participants[0].shape, "user")->kept);
    assert_true(slot_named(&agent->participants[2].shape, "code")->kept);
    assert_text(agent->bound, "2 min of events per key; a key idle for 7 days is forgotten");
    DONE;
}

static void sequence_of_one(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user { on Login l detect l{3} within 1 min derive Hit { user: l.user } }"
                 "agent g in by user { on Login l detect l+ within 1 min derive Hit { user: l.user } }"
                 "agent h in by user { on Login l detect l within 1 min derive Hit { user: l.user } }");
    assert_int_equal(agent->nsteps, 1);
    assert_true(agent->steps[0].loop);
    assert_int_equal(agent->steps[0].min, 3);
    assert_int_equal(agent->steps[0].max, 3);
    assert_int_equal(agent_named(plan, "g")->steps[0].max, UINT32_MAX);
    assert_int_equal(agent_named(plan, "h")->nsteps, 1);
    assert_false(agent_named(plan, "h")->steps[0].loop);
    DONE;
}

static void conjunct_of_two_steps(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l on Pay p on Answer a detect l -> p -> a where l.user == a.user and p.user == l.user within 1 min "
                 "derive Hit { user: l.user } }");
    assert_int_equal(agent->nconjuncts, 2);
    assert_int_equal(agent->conjuncts[0].step, 2);
    assert_int_equal(agent->conjuncts[1].step, 1);
    assert_false(agent->conjuncts[0].each_member || agent->conjuncts[0].at_end || agent->conjuncts[0].skip_first);
    assert_int_equal(__builtin_popcountll(agent->conjuncts[0].program->views), 2);
    DONE;
}

static void conjunct_of_one_event_is_a_filter(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login l where l.good on Pay p detect l -> p where l.tries > 3 and p.to == \"x\" and p.user == l.user within 1 min "
                 "derive Hit { user: l.user } }");
    assert_int_equal(agent->nconjuncts, 1);
    assert_int_equal(count_op(role_of(plan, agent, "Login", ROLE_PARTICIPANT)->filter, OP_GT_INT), 1);
    const RolePlan *pay = role_of(plan, agent, "Pay", ROLE_PARTICIPANT);
    assert_int_equal(pay->equal_column, 2);
    assert_null(pay->rest);
    assert_false(slot_named(&agent->participants[0].shape, "tries")->kept); /* the filter reads it at once */
    DONE;
}

static void conjunct_stays_where_a_context_counts(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in last 10 events { on Login l on Pay p detect l -> p where l.tries > 3 derive Hit { user: l.user } }");
    assert_int_equal(agent->nconjuncts, 1);
    assert_int_equal(agent->conjuncts[0].step, 0);
    assert_null(role_of(plan, agent, "Login", ROLE_PARTICIPANT)->filter);
    DONE;
}

static void conjuncts_of_a_loop(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login a on Pay b on Answer c detect a -> b{2,5} -> c where b.amount > b[prev].amount and b.user == a.user "
                 "and b[1].amount > 3.0 and sum(b.amount) > 10.0 and b[last].user == c.user and count(b) < c.code within 1 min "
                 "derive Hit { user: b.user, x: b[1].amount } }");
    assert_int_equal(agent->nconjuncts, 6);
    const ConjunctPlan *c = agent->conjuncts;
    assert_true(c[0].each_member && c[0].skip_first && !c[0].at_end && c[0].step == 1);
    assert_true(c[1].each_member && !c[1].skip_first && c[1].step == 1);
    assert_true(c[2].at_end && !c[2].each_member && c[2].step == 1);
    assert_true(c[3].at_end && c[3].step == 1);
    assert_true(!c[4].at_end && !c[4].each_member && c[4].step == 2);
    assert_true(!c[5].at_end && c[5].step == 2);
    bool seen[5] = {false};
    for (uint32_t i = 0; i < agent->nviews; i++)
        seen[agent->views[i].which] = true;
    assert_true(seen[VIEW_LATEST] && seen[VIEW_PREV] && seen[VIEW_FROM_FIRST] && seen[VIEW_FROM_LAST] && !seen[VIEW_INITIATOR]);
    assert_true(slot_named(&agent->participants[1].shape, "amount")->kept);
    DONE;
}

static void picks(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f { on Login a on Pay b on Answer c detect a -> b -> c within 1 min pick c last, a each consume none derive Hit { user: a.user } }"
                 "agent g { on Login a on Pay b detect a -> b within 1 min pick last match once derive Hit { user: a.user } }");
    const Policies *p = &agent->policies;
    assert_int_equal(p->pick[0], PICK_EACH);
    assert_int_equal(p->pick[1], PICK_FIRST);
    assert_int_equal(p->pick[2], PICK_LAST);
    assert_int_equal(p->pick_order[0], 2);
    assert_int_equal(p->pick_order[1], 0);
    assert_int_equal(p->pick_order[2], 1);
    assert_int_equal(p->consume, CONSUME_NONE);
    const Policies *g = &agent_named(plan, "g")->policies;
    assert_int_equal(g->pick[0], PICK_LAST);
    assert_int_equal(g->pick[1], PICK_LAST);
    assert_int_equal(g->pick_order[0], 0);
    assert_int_equal(g->match, MATCH_ONCE);
    DONE;
}

/* ── expect ── */

static void expectation(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user { on Login l expect Answer a where a.code == l.tries and a.code > 0 within 30 s since l.at + 1 s inclusive "
                 "again extend or discard on Pay x where x.amount > l.score derive Hit { user: l.user, n: a.code } "
                 "otherwise derive Hit { user: l.user } }");
    assert_int_equal(agent->kind, AGENT_EXPECT);
    assert_int_equal(agent->expect.within, 30 * SECOND);
    assert_true(agent->expect.inclusive);
    assert_int_equal(agent->expect.again, AGAIN_EXTEND);
    assert_true(agent->expect.has_discard);
    assert_int_equal(agent->expect.since->type, TYPE_TIME);
    assert_int_equal(agent->nevents, 3);
    assert_false(agent->participants[0].expected);
    assert_true(agent->participants[1].expected);
    assert_true(agent->participants[2].expected);
    const RolePlan *answer = role_of(plan, agent, "Answer", ROLE_EXPECTED), *pay = role_of(plan, agent, "Pay", ROLE_CANCELLER);
    assert_int_equal(answer->index, 1);
    assert_int_equal(count_op(answer->filter, OP_GT_INT), 1);
    assert_int_equal(count_op(answer->when, OP_EQ_INT), 1);
    assert_null(pay->filter);
    assert_non_null(pay->when);
    assert_true(slot_named(&agent->participants[0].shape, "tries")->kept);
    assert_int_equal(agent->derives[0].port, PORT_MAIN);
    assert_int_equal(agent->derives[1].port, PORT_OTHERWISE);
    assert_text(agent->bound, "30 s of waiting events per key; a key idle for 7 days is forgotten");
    DONE;
}

static void expectation_defaults(void **state)
{
    (void)state;
    RULES(SCHEMA "agent f in by user { on Login l expect Answer a within 30 s otherwise derive Hit { user: l.user } }");
    assert_int_equal(agent->expect.again, AGAIN_ADD);
    assert_false(agent->expect.has_discard);
    assert_null(agent->expect.since);
    assert_int_equal(agent->policies.match, MATCH_EVERY_TIME);
    DONE;
}

/* ── The network ── */

#define CHAIN_TYPES "network t event A { x : int } event B { x : int } event C { x : int } event D { x : int } "

static void topological_order(void **state)
{
    (void)state;
    RULES(CHAIN_TYPES "agent last { on C c derive D { x: c.x } } agent free1 { on A a derive D { x: a.x } } "
                      "agent mid { on B b derive C { x: b.x } } agent first { on A a derive B { x: a.x } } agent free2 { on A a derive D { x: 1 } }");
    uint32_t last = plan_agent(plan, TEXT("last")), mid = plan_agent(plan, TEXT("mid")), first = plan_agent(plan, TEXT("first"));
    assert_true(first < mid && mid < last);
    assert_true(plan_agent(plan, TEXT("free1")) < plan_agent(plan, TEXT("free2")));
    (void)agent;
    DONE;
}

static void order_past_echoes(void **state)
{
    (void)state;
    /* `echo` hears what it derives: it stands behind the others that derive B, and before who hears it */
    RULES(CHAIN_TYPES "agent reader { on B b derive C { x: b.x } } agent echo { on B b where b.x > 3 derive B { x: 0 } } "
                      "agent source { on A a derive B { x: a.x } }");
    assert_text(plan->agents[0].name, "source");
    assert_text(plan->agents[1].name, "echo");
    assert_text(plan->agents[2].name, "reader");
    (void)agent;
    DONE;
}

static void order_with_timers(void **state)
{
    (void)state;
    RULES(CHAIN_TYPES "agent reader { on B b derive D { x: b.x } } agent late in by x { on A a expect C c within 1 min otherwise derive B { x: a.x } }");
    assert_text(plan->agents[0].name, "late");
    (void)agent;
    DONE;
}

static void order_behind_quiet(void **state)
{
    (void)state;
    RULES(CHAIN_TYPES "agent counts { on cep.Suppressed s derive D { x: 1 } } agent loud { on A a derive B { x: a.x } quiet 1 min }");
    assert_text(plan->agents[0].name, "loud");
    (void)agent;
    DONE;
}

static void order_of_a_cycle_through_a_timer(void **state)
{
    (void)state;
    const char *text = CHAIN_TYPES "agent reader { on B b derive D { x: b.x } } agent back { on B b derive A { x: b.x } } "
                       "agent late in by x { on A a expect C c within 1 min otherwise derive B { x: a.x } }";
    Rules r;
    compile_files(&r, &text, 1, NULL);
    assert_null(r.plan);
    assert_int_equal(r.diagnostics.errors, 1);
    assert_int_equal(r.diagnostics.items[0]->code, DIAGNOSTIC_NOT_YET);
    Text place = sources_text(&r.sources, r.diagnostics.items[0]->span);
    assert_true(text_is_c(place, "back") || text_is_c(place, "late")); /* not `reader`, which only stands behind them */
    done(&r);
}

/* Hashes of the agents of a text, by name. */
typedef struct Hash {
    uint8_t bytes[16];
} Hash;

static Hash hash_in(const char *text, const char *name)
{
    RULES(text);
    Hash hash;
    memcpy(hash.bytes, *name ? agent_named(plan, name)->hash : plan->version, sizeof hash.bytes);
    (void)agent;
    DONE;
    return hash;
}

static bool same_hash(const char *a, const char *b, const char *name)
{
    Hash x = hash_in(a, name), y = hash_in(b, name);
    return memcmp(&x, &y, sizeof x) == 0;
}

#define HASHED \
    CHAIN_TYPES "param k : int = 1 function g(v: int) = v + 1 context Inner = by x context Keyed = Inner table T key id { id : int  v : int } " \
    "agent up { on A a derive B { x: g(a.x) } } " \
    "agent down in Keyed, last 1 min { on B b let y = b.x + k detect count(b) > 3 where T[y].v == 1 match every time derive C { x: y } }"

static void hash_of_neighbours(void **state)
{
    (void)state;
    assert_true(same_hash(HASHED, HASHED " agent other { on D d derive C { x: d.x } } param z : int = 3 event Z { a : int }", "down"));
    assert_true(same_hash(HASHED, HASHED " agent other { on D d derive C { x: d.x } }", "up"));
}

static void hash_of_meaning(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        bool up, down; /* whether these stay as they are */
    } cases[] = {
        {"count(b) > 3", "count(b) > 4", true, false},
        {"last 1 min", "last 2 min", true, false},
        {"= by x", "= by x idle 1 day", true, false},
        {"k : int = 1", "k : int = 2", true, false},
        {"v + 1", "v + 2", false, false},          /* the function of `up`, which feeds `down` */
        {"on A a derive", "on A a where a.x > 1 derive", false, false},
        {"event C { x : int }", "event C { x : int  y : int? }", true, false},
        {"event A { x : int }", "event A { x : int  y : int? }", false, false},
        {"event D { x : int }", "event D { x : int  y : int? }", true, true},
        {"id : int  v : int", "id : int  v : int  w : int", true, false},
        {"T[y].v == 1", "T[y].v == 2", true, false},
        {"network t", "network u", true, true},
        {" agent down", " # note\n\n  agent   down", true, true},
        {"b.x + k", "(b.x + k)", true, true},
        {"last 1 min", "last 60 s", true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[4096];
        const char *hashed = HASHED, *at = strstr(hashed, cases[i].from);
        assert_non_null(at);
        size_t head = (size_t)(at - hashed);
        snprintf(text, sizeof text, "%.*s%s%s", (int)head, hashed, cases[i].to, hashed + head + strlen(cases[i].from));
        if (same_hash(hashed, text, "up") != cases[i].up || same_hash(hashed, text, "down") != cases[i].down)
            fail_msg("`%s` for `%s`", cases[i].to, cases[i].from);
    }
}

static void hash_of_the_network(void **state)
{
    (void)state;
    assert_true(same_hash(HASHED, HASHED, ""));
    assert_true(same_hash(HASHED, HASHED " # comment", ""));
    assert_false(same_hash(HASHED, HASHED " agent other { on D d derive C { x: d.x } }", ""));
    assert_false(same_hash(HASHED, HASHED " time occurrence lateness 1 s", ""));
}

/* ── What does not run yet ── */

typedef struct Refusal {
    const char *rules;   /* behind the schema */
    const char *message; /* part of it */
    const char *place;   /* the text that it points to; NULL = not looked at */
} Refusal;

static const Refusal refusals[] = {
    {"agent two_counts in last 100 events, by user, last 10 events, by ip { on Login l derive Hit { user: l.user } }",
     "a second `last N events`", NULL},
    {"event X { user : string  retracts Login by user }", "`retracts` of an event", NULL},
    {"event X { a : area }", "the type `area`", "area"},
    {"event X { a : int from \"b[*].c\" }", "`[*]` does not run yet", "\"b[*].c\""},
    {"time occurrence late correct for 1 h", "`late correct`", NULL},
    {"table X key a history 1 day { a : string }", "the history of a table", NULL},
    {"table X key a from geojson \"x.json\" { a : string }", "GeoJSON", NULL},
    {"producer p of Login from \"tcp://0.0.0.0:7001\"", "a producer that reads `tcp://0.0.0.0:7001`", "\"tcp://0.0.0.0:7001\""},
    {"producer p of Login from \"file:${HOME}/x\"", "`${…}` in an address", "\"file:${HOME}/x\""},
    {"producer p of Login from \"file:x\" format msgpack", "the format `msgpack`", "msgpack"},
    {"consumer c of Hit to \"https://x.example/\"", "a consumer that writes to", NULL},
    {"network Sub(in Login, out Hit) { agent g { on Login l derive Hit { user: l.user } } }", "a nested network", NULL},
    {"network Sub(in Tx, out Sum) { event Tx { v : int } alert Sum { n : int } agent g in fixed every 1 h { on Tx t derive Sum { n: count(t) } } } "
     "event V { v : int } alert W { n : int } agent s = Sub(V -> Tx, Sum -> W)", "placing a network", NULL},
    {"metric wgs84 agent f { on Pay p where distance(p.place, point(0, 0)) > 1 m derive Hit { user: p.user } }", "`metric wgs84`", NULL},
    {"agent f in from Login a for at most 2 h, from Pay c for at most 1 h { on Answer x derive Hit { n: count(x), user: a.user } }", "an outer event interval", "a.user"},
    {"context Day = from Login a to Pay b agent f in outside Day { on Login l derive Hit { user: l.user } }", "`outside` a context that is not `fixed`", NULL},
    {"agent f in near place to Account.site bands { close: 0 m .. 2 km } { on Pay p derive Hit { user: p.user } }", "a `near` context", NULL},
    {"agent f in last 1 h order detection { on Login l derive Hit { n: count(l) } }", "another order", "detection"},
    {"agent f { on Login l on Pay p join l, p where l.user == p.user within 1 min derive Hit { user: l.user } }", "`join` does not run yet", NULL},
    {"agent f { on Login l sort by l.tries within 5 s derive Hit { user: l.user } }", "`sort` does not run yet", NULL},
    {"agent f in by user { on Login l on Pay p detect l -> next p within 1 min derive Hit { user: l.user } }", "`-> next` does not run yet", NULL},
    {"agent f in by user { on Login l on Pay p on Answer a detect l -> not a -> p within 1 min derive Hit { user: l.user } }", "`not` in a pattern", "not a"},
    {"agent f in by user { on Login l on Pay p detect l -> wait 5 s -> p within 1 min derive Hit { user: l.user } }", "`wait` does not run yet", NULL},
    {"agent f in by user { on Login l on Pay p detect all(l, p) within 1 min derive Hit { user: l.user } }", "`all` does not run yet", NULL},
    {"agent f in by user { on Login l on Pay p detect l or p derive Hit { user: l.user } }", "`or` in a pattern", NULL},
    {"agent f in by user { on Login l on Pay p on Answer a detect l -> (p -> a) within 1 min derive Hit { user: l.user } }", "a group of steps", NULL},
    {"agent f in by user { on Login l on Pay p detect l+ strict -> p within 1 min derive Hit { user: l.user } }", "a loop with `strict`", NULL},
    {"agent f in by user { on Login l on Pay p detect l+ any -> p within 1 min derive Hit { user: l.user } }", "a loop with `any`", NULL},
    {"agent f in by user { on Login l on Pay p detect l+ each length -> p within 1 min derive Hit { user: l.user } }", "a loop with `each length`", NULL},
    {"agent f in by user { on Login l on Pay p on Answer a detect l+ until a -> p within 1 min derive Hit { user: l.user } }", "a loop with `until`", NULL},
    {"agent f in by user { on Login l on Pay p detect l -> p* within 1 min derive Hit { user: l.user } }", "a loop that may be empty", NULL},
    {"agent f in by user { on Login l on Pay p on Answer a detect l -> p within 5 s of l -> a within 1 min derive Hit { user: l.user } }", "`within … of …`", NULL},
    {"agent f { on Login l on Pay p detect l+ -> p where l.user == p.user within 1 min derive Hit { user: p.user } }", "every member of the loop `l`", "l.user == p.user"},
    {"agent f in fixed every 1 h { on Login l detect highest 3 l by l.tries derive Hit { user: l.user } }", "a subset pattern", NULL},
    {"agent f in by user { on Login l on Pay p detect l -> p within 1 min pick max(l.tries) derive Hit { user: l.user } }", "`pick max`", NULL},
    {"agent f in by user { on Login l on Pay p detect l -> p within 1 min consume to next derive Hit { user: l.user } }", "`consume to next`", NULL},
    {"agent f in by user { on Login l on Pay p detect l -> p within 1 min consume 2 times derive Hit { user: l.user } }", "`consume times`", NULL},
    {"agent f in by user { on Login l on Pay p detect l -> p within 1 min order detection derive Hit { user: l.user } }", "`order detection`", NULL},
    {"agent f in by user { on Login l on Pay p detect l -> p within 1 min evidence all derive Hit { user: l.user } }", "`evidence all`", NULL},
    {"agent f in fixed every 1 h { on Login l derive Hit { x: median(l.tries) } }", "`median` does not run yet", "median(l.tries)"},
    {"agent f in fixed every 1 h { on Login l derive Hit { x: stdev(l.tries) } }", "`stdev` does not run yet", NULL},
    {"agent f in fixed every 1 h { on Login l derive Hit { n: previous(count(l)) } }", "`previous` does not run yet", NULL},
    {"agent f in fixed every 1 h { on Login l detect count(l) > 3 derive Hit { user: l[1].user } }", "one member of a set", "l[1].user"},
    {"agent f { on Pay p where inside(p.place, circle(point(0, 0), 3 km)) derive Hit { user: p.user } }", "does not run yet", NULL},
};

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        char text[4096];
        snprintf(text, sizeof text, SCHEMA "%s", refusals[i].rules);
        const char *texts[] = {text};
        Rules r;
        compile_files(&r, texts, 1, NULL);
        bool found = false;
        for (uint32_t d = 0; d < r.diagnostics.n; d++) {
            const Diagnostic *diagnostic = r.diagnostics.items[d];
            Text message = arena_printf(&r.arena, "%.*s", TEXT_ARGS(diagnostic->message));
            Text place = sources_text(&r.sources, diagnostic->span);
            bool right_place = !refusals[i].place || text_is_c(place, refusals[i].place);
            found |= diagnostic->code == DIAGNOSTIC_NOT_YET && strstr(message.p, refusals[i].message) && right_place && place.len > 0;
        }
        if (!found || r.plan) {
            diagnostics_print_text(&r.diagnostics, stderr);
            fail_msg("refusal %zu: %s", i, refusals[i].rules);
        }
        done(&r);
    }
}

static void refusals_of_one_run(void **state)
{
    (void)state;
    const char *text = SCHEMA "agent f in near place to Account.site bands { close: 0 m .. 2 km } { on Pay p derive Hit { user: p.user } } "
                              "agent g in by user { on Login l on Pay p detect all(l, p) within 1 min derive Hit { user: l.user } } "
                              "consumer c of Hit to \"https://x.example/\"";
    Rules r;
    compile_files(&r, &text, 1, NULL);
    assert_null(r.plan);
    assert_int_equal(r.diagnostics.errors, 3);
    done(&r);
}

static void unused_metric_is_fine(void **state)
{
    (void)state;
    RULES(SCHEMA "metric plane agent f { on Login l derive Hit { user: l.user } }");
    (void)agent;
    DONE;
}

static void views_are_limited(void **state)
{
    (void)state;
    char text[16384];
    int n = snprintf(text, sizeof text, SCHEMA "agent f in by user { on Login l on Pay p detect l{70,} -> p where p.n == 0");
    for (int i = 1; i <= 70; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, " + l[%d].tries", i);
    snprintf(text + n, sizeof text - (size_t)n, " within 1 min derive Hit { user: p.user } }");
    const char *texts[] = {text};
    Rules r;
    compile_files(&r, texts, 1, NULL);
    assert_null(r.plan);
    assert_int_equal(r.diagnostics.errors, 1);
    assert_int_equal(r.diagnostics.items[0]->code, DIAGNOSTIC_PLAN_LIMIT);
    done(&r);
}

static void long_lists(void **state)
{
    (void)state;
    enum { N = 20000, ROOM = N * 16 };
    char *text = malloc(ROOM);
    assert_non_null(text);
    int n = snprintf(text, ROOM, SCHEMA "agent f { on Login l where l.user in [\"u\"");
    for (int i = 0; i < N; i++)
        n += snprintf(text + n, (size_t)(ROOM - n), ", \"u%d\"", i);
    snprintf(text + n, (size_t)(ROOM - n), "] derive Hit { user: l.user } }");
    RULES(text);
    assert_true(FILTERS("Login", S("user", "u19999")));
    assert_false(FILTERS("Login", S("user", "u20000")));
    DONE;
    free(text);
}

static void functions_that_double(void **state)
{
    (void)state;
    char text[8192];
    int n = snprintf(text, sizeof text, SCHEMA "function f0(a: int) = a + a ");
    for (int i = 1; i < 40; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "function f%d(a: int) = f%d(a) + f%d(a + 1) ", i, i - 1, i - 1);
    snprintf(text + n, sizeof text - (size_t)n, "agent g { on Login l derive Hit { user: l.user, n: f39(l.tries) } }");
    const char *texts[] = {text};
    Rules r;
    compile_files(&r, texts, 1, NULL);
    assert_null(r.plan);
    assert_int_equal(r.diagnostics.errors, 1);
    assert_int_equal(r.diagnostics.items[0]->code, DIAGNOSTIC_PLAN_LIMIT);
    done(&r);
}

static void mistakes_stay_the_checkers(void **state)
{
    (void)state;
    const char *text = SCHEMA "agent f { on Login l derive Hit { user: l.usr } }";
    Rules r;
    compile_files(&r, &text, 1, NULL);
    assert_null(r.plan);
    assert_int_equal(r.diagnostics.errors, 1);
    assert_int_not_equal(r.diagnostics.items[0]->code, DIAGNOSTIC_NOT_YET);
    done(&r);
}

/* ── Constants of tests ── */

static bool constant_of(const char *expression, TypeKind type, Cell *value, State *state, Rules *r)
{
    char text[512];
    snprintf(text, sizeof text, "function f() = %s", expression);
    memset(r, 0, sizeof *r);
    arena_init(&r->arena, &r->memory);
    sources_init(&r->sources, &r->arena);
    diagnostics_init(&r->diagnostics, &r->sources, &r->arena);
    uint32_t file = sources_add(&r->sources, TEXT("x.cep"), arena_printf(&r->arena, "%s", text));
    AstFile ast = {0};
    assert_true(parse_source(&r->sources, file, &r->diagnostics, &r->arena, &ast));
    return compile_constant(NULL, ast.declarations[0].function->body, type, &r->diagnostics, &r->arena, value, state);
}

static void constants(void **state)
{
    (void)state;
    Rules r;
    Cell v = {0};
    State s = STATE_ERROR;
#define CONSTANT(text, type, condition) \
    assert_true(constant_of(text, TYPE_##type, &v, &s, &r)); \
    assert_true(condition); \
    done(&r)
    CONSTANT("7", INT, s == STATE_OK && v.i == 7);
    CONSTANT("-7", INT, v.i == -7);
    CONSTANT("7", FLOAT, v.f == 7.0);
    CONSTANT("-7", FLOAT, v.f == -7.0);
    CONSTANT("2 * 3 + 0.5", FLOAT, v.f == 6.5);
    CONSTANT("true", BOOL, v.b == 1);
    CONSTANT("\"x\"", STRING, text_is_c(v.s, "x"));
    CONSTANT("2026-01-05T08:00:00Z", TIME, v.i == INT64_C(1767600000) * SECOND);
    CONSTANT("2026-01-05T08:00:00Z + 1 h", TIME, v.i == INT64_C(1767603600) * SECOND);
    CONSTANT("90 s", DURATION, v.i == 90 * SECOND);
    CONSTANT("2 km", FLOAT, v.f == 2000.0);
    CONSTANT("point(1.5, -2)", POINT, v.p.x == 1.5 && v.p.y == -2);
    CONSTANT("null", STRING, s == STATE_NULL);
#undef CONSTANT
    assert_false(constant_of("x + 1", TYPE_INT, &v, &s, &r));
    assert_int_equal(r.diagnostics.errors, 1);
    done(&r);
    assert_false(constant_of("\"x\"", TYPE_INT, &v, &s, &r));
    assert_int_equal(r.diagnostics.errors, 1);
    done(&r);
}

/* ── Size ── */

static void ten_thousand_rules(void **state)
{
    (void)state;
    enum { N = 10000, ROOM = N * 400 };
    char *text = malloc(ROOM);
    assert_non_null(text);
    int n = snprintf(text, ROOM, SCHEMA);
    for (int i = 0; i < N; i++)
        n += snprintf(text + n, (size_t)(ROOM - n),
                      "agent f%d in by user { on Login l where l.user == \"u%d\" and l.tries > %d and not l.ip contains any [\"a%d\", \"b\"] "
                      "detect count(l) > %d within 60 s derive Hit { user: l.user, n: count(l) } quiet 1 min }\n",
                      i, i, i % 7, i, i % 5);
    clock_t before = clock();
    RULES(text);
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    assert_int_equal(plan->nagents, N);
    assert_text(plan->agents[N - 1].name, "f9999");
    assert_int_equal(agent->kind, AGENT_THRESHOLD);
    if (getenv("TEST_TIMES"))
        print_message("10,000 rules: %.0f ms, %.1f MB\n", seconds * 1e3, (double)r.memory.bytes / 1e6);
    assert_true(seconds < 20); /* under sanitizers; release: well under one */
    DONE;
    free(text);
}

/* A chain in which each agent feeds the next, written backwards. */
static void long_chain(void **state)
{
    (void)state;
    enum { N = 2000, ROOM = N * 120 };
    char *text = malloc(ROOM);
    assert_non_null(text);
    int n = snprintf(text, ROOM, "network t ");
    for (int i = N; i-- > 0;)
        n += snprintf(text + n, (size_t)(ROOM - n), "event E%d { x : int } agent a%d { on E%d e derive E%d { x: e.x } }\n", i, i, i, i + 1);
    snprintf(text + n, (size_t)(ROOM - n), "event E%d { x : int }", N);
    RULES(text);
    for (uint32_t i = 0; i < N; i += 97)
        assert_text(plan->agents[i].name, arena_printf(&r.arena, "a%u", i).p);
    (void)agent;
    DONE;
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_attributes),
        cmocka_unit_test(event_without_time),
        cmocka_unit_test(event_paths),
        cmocka_unit_test(event_defaults),
        cmocka_unit_test(event_computed),
        cmocka_unit_test(event_constraints),
        cmocka_unit_test(event_shape_is_whole),
        cmocka_unit_test(alert_header),
        cmocka_unit_test(event_origin),
        cmocka_unit_test(tables),
        cmocka_unit_test(producers),
        cmocka_unit_test(clock_of_the_network),
        cmocka_unit_test(clock_by_default),
        cmocka_unit_test(filter_agent),
        cmocka_unit_test(filter_none),
        cmocka_unit_test(equality_is_split),
        cmocka_unit_test(equality_alone),
        cmocka_unit_test(equality_prefers_strings),
        cmocka_unit_test(equality_that_is_none),
        cmocka_unit_test(equality_through_let),
        cmocka_unit_test(equality_not_beside_else),
        cmocka_unit_test(several_types_one_alias),
        cmocka_unit_test(slots_on_first_use),
        cmocka_unit_test(unknown_is_not_true),
        cmocka_unit_test(without_unknowns),
        cmocka_unit_test(decided_by_coalesce),
        cmocka_unit_test(in_a_list),
        cmocka_unit_test(in_a_list_of_expressions),
        cmocka_unit_test(in_a_list_ignoring_case),
        cmocka_unit_test(in_a_list_param),
        cmocka_unit_test(any_and_all),
        cmocka_unit_test(string_tests),
        cmocka_unit_test(regexes),
        cmocka_unit_test(between_and_numbers),
        cmocka_unit_test(null_tests),
        cmocka_unit_test(conditionals),
        cmocka_unit_test(functions_of_the_file),
        cmocka_unit_test(functions_of_the_language),
        cmocka_unit_test(captures),
        cmocka_unit_test(concatenation),
        cmocka_unit_test(time_arithmetic),
        cmocka_unit_test(distances),
        cmocka_unit_test(networks),
        cmocka_unit_test(headers),
        cmocka_unit_test(logical_time),
        cmocka_unit_test(lets),
        cmocka_unit_test(lets_that_double),
        cmocka_unit_test(params_from_outside),
        cmocka_unit_test(table_reads),
        cmocka_unit_test(table_of_two_keys),
        cmocka_unit_test(derived_values),
        cmocka_unit_test(derived_copies),
        cmocka_unit_test(derived_computed_attributes),
        cmocka_unit_test(enrich_by_key),
        cmocka_unit_test(enrich_by_equality),
        cmocka_unit_test(enrich_per_match),
        cmocka_unit_test(enrich_per_match_in_conditions),
        cmocka_unit_test(enrich_before_detect_is_inline),
        cmocka_unit_test(enrich_inside_an_aggregate),
        cmocka_unit_test(threshold),
        cmocka_unit_test(threshold_trailing),
        cmocka_unit_test(threshold_assertion),
        cmocka_unit_test(threshold_policies),
        cmocka_unit_test(aggregate_kinds),
        cmocka_unit_test(equal_aggregates_are_one),
        cmocka_unit_test(emissions),
        cmocka_unit_test(context_by),
        cmocka_unit_test(context_by_several_names),
        cmocka_unit_test(context_fixed),
        cmocka_unit_test(context_last),
        cmocka_unit_test(context_interval),
        cmocka_unit_test(context_interval_defaults),
        cmocka_unit_test(context_opener_is_a_participant),
        cmocka_unit_test(context_alias_is_hidden),
        cmocka_unit_test(context_intervals_nested),
        cmocka_unit_test(context_initiator),
        cmocka_unit_test(context_values),
        cmocka_unit_test(sequence),
        cmocka_unit_test(sequence_of_one),
        cmocka_unit_test(conjunct_of_two_steps),
        cmocka_unit_test(conjunct_of_one_event_is_a_filter),
        cmocka_unit_test(conjunct_stays_where_a_context_counts),
        cmocka_unit_test(conjuncts_of_a_loop),
        cmocka_unit_test(picks),
        cmocka_unit_test(expectation),
        cmocka_unit_test(expectation_defaults),
        cmocka_unit_test(topological_order),
        cmocka_unit_test(order_past_echoes),
        cmocka_unit_test(order_with_timers),
        cmocka_unit_test(order_behind_quiet),
        cmocka_unit_test(order_of_a_cycle_through_a_timer),
        cmocka_unit_test(hash_of_neighbours),
        cmocka_unit_test(hash_of_meaning),
        cmocka_unit_test(hash_of_the_network),
        cmocka_unit_test(refused),
        cmocka_unit_test(refusals_of_one_run),
        cmocka_unit_test(unused_metric_is_fine),
        cmocka_unit_test(views_are_limited),
        cmocka_unit_test(long_lists),
        cmocka_unit_test(functions_that_double),
        cmocka_unit_test(mistakes_stay_the_checkers),
        cmocka_unit_test(constants),
        cmocka_unit_test(ten_thousand_rules),
        cmocka_unit_test(long_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
