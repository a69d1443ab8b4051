/* Check, from the inside: what the check_*.c files share. Callers of the checker want model.h.
 *
 *   check.c              the order of things: use, registration, declarations, agents, network, tests
 *   check_names.c        name tables, look-ups, "did you mean"
 *   check_types.c        interned types
 *   check_declarations.c params, functions, event types, tables
 *   check_channels.c     producers, channels, consumers
 *   check_references.c   names, members and indexes in expressions
 *   check_expr.c         literals, values, whether a value fits its place
 *   check_tree.c         copies and walks
 *   check_operators.c    operators
 *   check_calls.c        functions, aggregates
 *   check_contexts.c     context steps, for an agent and its inputs
 *   check_agents.c       an agent's scope and clauses
 *   check_derives.c      derive, update, delete
 *   check_patterns.c     what detect says, and which aliases it binds
 *   check_policies.c     which policies mean something where
 *   check_bounds.c       what bounds the state
 *   check_network.c      who feeds whom: cycles, writers, order
 *   check_tests.c        test blocks
 *
 * A mistake is reported once, where it stands: an expression with a mistake gets the error type, which fits
 * everything, and a declaration with one is left out of nothing. */
#ifndef RULES_CHECK_H
#define RULES_CHECK_H

#include "rules/model.h"
#include "rules/parser.h"

/* ---- names ---------------------------------------------------------------------------------------- */

/* Text → pointer, with where the name was introduced. Open addressing; keeps the order of insertion. */
typedef struct NameEntry {
    Text name;
    Span span;
    void *what;
} NameEntry;

typedef struct Names {
    NameEntry *entries; /* in order of insertion */
    uint32_t n;
    uint32_t *slots;    /* index + 1 into entries; 0 = free */
    uint32_t room;      /* of slots, a power of two */
} Names;

NameEntry *names_find(const Names *names, Text name);

/* Adds a name; of one that is already there, returns the first entry and adds nothing. NULL = added. */
NameEntry *names_add(Names *names, Arena *arena, Text name, Span span, void *what);

/* What declarations are looked up by. */
typedef enum Space {
    SPACE_EVENT, SPACE_TABLE, SPACE_PARAM, SPACE_FUNCTION, SPACE_CONTEXT, SPACE_PRODUCER, SPACE_CHANNEL,
    SPACE_CONSUMER, SPACE_AGENT, SPACE_NETWORK, SPACES,
} Space;

/* The declarations of a network; those of a nested one see the outer ones. */
typedef struct Level {
    struct Level *outer;
    Names spaces[SPACES];
    Model *model;
    const AstNetwork *nested; /* NULL = the file's network */
} Level;

/* ---- types ---------------------------------------------------------------------------------------- */

typedef struct Types {
    Type *plain[TYPE_KINDS][2];  /* [kind][optional] */
    Type *whole[2], *real[2];    /* numeric literals that have not met another type yet */
    Type *null, *error, *event, *row, *table, *tuple, *regex, *nets, *context;
    Names composed;              /* by type_text */
} Types;

/* ---- the checker ---------------------------------------------------------------------------------- */

typedef struct Checker {
    Sources *sources;
    Diagnostics *diagnostics;
    Arena *arena;
    const CompileOptions *options;
    Level *level;
    Types types;
    Names aggregate_names, function_names;
} Checker;

/* Where an expression stands: what it may name there. */
typedef struct Scope {
    ModelAgent *agent;
    const Names *aliases;       /* → ModelAlias */
    const Names *lets;          /* → LetState */
    uint32_t kinds;             /* bit per AliasKind that may be read */
    uint32_t unbound;           /* bit per AliasKind whose aliases are null here */
    const ModelAlias *own;      /* of all event aliases of the bits in `own_kinds`, only this one */
    uint32_t own_kinds;
    ModelFunction *function;    /* its arguments */
    ModelEvent *event;          /* bare attributes */
    ModelTable *table;          /* bare columns */
    bool event_names;           /* Payment.card */
    bool severity;              /* `severity >= high` */
    bool negated;               /* negated aliases may be read: the pattern's where */
    const char *aggregates;     /* NULL = may stand here; else says why not */
    ModelAggregate *aggregate;  /* inside this one */
    Names *reads;               /* NULL, or collects the bare attributes that are read */
    const char *place;          /* "the `where` of an `on` line" */
} Scope;

#define KIND_BIT(kind) (1u << (kind))
enum {
    KINDS_ON = 1u << ALIAS_ON,
    KINDS_OPENER = 1u << ALIAS_OPENER,
    KINDS_ROW = 1u << ALIAS_ROW,
    KINDS_ALL = (1u << (ALIAS_INITIATOR + 1)) - 1,
    KINDS_DERIVE = KINDS_ALL & ~(1u << ALIAS_CANCELLER | 1u << ALIAS_DISCARDER),
};

typedef enum LetProgress { LET_NEW, LET_OPEN, LET_DONE } LetProgress;

typedef struct LetState {
    ModelLet *let;
    LetProgress progress;
    const Scope *scope;
} LetState;

/* ---- check_names.c */

/* Finds a declaration; reports an unknown name (or one of another kind) and returns NULL. */
void *check_find(Checker *check, Space space, Text name, Span span);
/* The same without a report. */
void *check_look(const Checker *check, Space space, Text name);
const char *space_word(Space space);
ModelEvent *check_event(Checker *check, const Path *path);
Text path_text(Checker *check, const Path *path);

/* "did you mean", unless nobody sees the diagnostic. */
Diagnostic *check_near_names(Checker *check, Diagnostic *diagnostic, Text word, const Names *names);
Diagnostic *check_near_attribute(Checker *check, Diagnostic *diagnostic, Text word, const ModelEvent *event,
                                 const ModelTable *table);
/* A list of texts that grows. */
typedef struct TextList {
    Text *items;
    uint32_t n;
} TextList;
void text_list_add(TextList *list, Arena *arena, Text text);

/* The source of an expression, shortened for a message. */
Text check_quote(Checker *check, Span span);

/* Hints what was meant by a number where a duration is needed. */
void check_hint_duration(Checker *check, Diagnostic *diagnostic, const Expr *expr);

/* ---- check_types.c */

void types_init(Checker *check);
Type *type_plain(const Checker *check, TypeKind kind, bool optional);
Type *type_list(Checker *check, Type *element, bool optional);
Type *type_map(Checker *check, Type *element, bool optional);
Type *type_record(Checker *check, TypeField *fields, uint32_t n, bool optional);
/* The same type with another optional flag. */
Type *type_with(Checker *check, Type *type, bool optional);
Type *type_written(Checker *check, WrittenType *written);
bool type_is_error(const Type *type);
bool type_is_literal(const Checker *check, const Type *type); /* a numeric literal without a type yet */
bool type_is(const Type *type, TypeKind kind);                /* a value of that kind, optional or not */
bool type_is_numeric(const Type *type);
bool type_is_ordered(const Type *type);
/* The type that both sides take; NULL = there is none. */
Type *type_join(Checker *check, Type *a, Type *b);
/* "a string", "an int that may be missing". */
Text type_phrase(Checker *check, const Type *type);

/* ---- check_expr.c */

/* Checks an expression of any class; its type may be that of a numeric literal. */
Type *expr_check(Checker *check, const Scope *scope, Expr *expr);
/* Checks an expression that must be a value. */
Type *expr_value(Checker *check, const Scope *scope, Expr *expr);
/* The same, and literals take their own type. */
Type *expr_final(Checker *check, const Scope *scope, Expr *expr);
/* Gives the literals in a checked expression a type. */
void expr_settle(Checker *check, Expr *expr, Type *type);
/* Checks that an expression fits a type: `what` names the place in the message ("attribute `count`"). */
bool expr_assign(Checker *check, const Scope *scope, Expr *expr, Type *want, const char *what, Text name);
/* Checks a condition: bool or bool?. */
void expr_condition(Checker *check, const Scope *scope, Expr *expr, const char *what);
void where_check(Checker *check, const Scope *scope, Where *where, const char *what);
/* Checks D and L: a quantity, or a param of the type. */
void expr_duration(Checker *check, Expr *expr);
void expr_distance(Checker *check, Expr *expr);

/* ---- check_references.c */

Type *name_check(Checker *check, const Scope *scope, Expr *expr);
Type *member_check(Checker *check, const Scope *scope, Expr *expr);
Type *index_check(Checker *check, const Scope *scope, Expr *expr);
/* The common attribute of an alias; INDEX_NONE. */
uint32_t alias_attribute(const ModelAlias *alias, Text name);
void alias_commons(Checker *check, ModelAlias *alias);
Type *header_type(Checker *check, Text header);

/* ---- check_tree.c */

/* A copy of a tree that is not checked yet. */
Expr *expr_copy(Checker *check, const Expr *expr);
Where where_copy(Checker *check, const Where *where);
/* An expression for a path of bare attributes, and for alias.attribute. */
Expr *expr_of_path(Checker *check, const Path *path);
Expr *expr_of_member(Checker *check, Text alias, Text attribute, Span span);
/* Calls a function for every node, parents first. */
void expr_walk(Expr *expr, void (*visit)(Expr *expr, void *context), void *context);

/* ---- check_operators.c */

Type *operator_check(Checker *check, const Scope *scope, Expr *expr);

/* ---- check_calls.c */

void calls_init(Checker *check);
Type *call_check(Checker *check, const Scope *scope, Expr *expr);
bool call_is_aggregate(const Checker *check, const Expr *expr);
/* Whether an unchecked tree holds a call of an aggregate. */
bool expr_has_aggregate(const Checker *check, Expr *expr);

/* ---- check_declarations.c */

void declarations_register(Checker *check, Declaration **declarations, uint32_t n);
void declarations_check(Checker *check);
void channels_check(Checker *check); /* check_channels.c */
/* NULL for a function that calls itself. */
ModelFunction *function_ready(Checker *check, ModelFunction *function);
ModelParam *param_ready(Checker *check, ModelParam *param);
/* Reports params that are given from outside and not declared. */
void params_given(Checker *check);
/* The built-in event type of a name (`cep.Late`), made when first asked for; NULL if there is none. */
ModelEvent *event_built_in(Checker *check, Text name);
bool event_is(const ModelEvent *event, const ModelEvent *ancestor);

/* ---- check_contexts.c */

enum { STEPS_MAX = 64 };

typedef struct AgentCheck {
    ModelAgent *agent;
    Names aliases, lets;
    bool failed;             /* something said so: no follow-up reports about structure */
    bool broken[STEPS_MAX];  /* a step with a mistake of its own */
    Scope wide;              /* what derive may read */
} AgentCheck;

void contexts_declared(Checker *check);
/* Expands the context list of an agent into steps and makes the aliases of openers, closers, discarders. */
void contexts_expand(Checker *check, AgentCheck *work);
/* Resolves keys, bands, places against the agent's inputs. */
void contexts_resolve(Checker *check, AgentCheck *work);

/* ---- check_agents.c, check_derives.c */

void agents_check(Checker *check);
ModelAlias *alias_new(Checker *check, AgentCheck *work, AliasKind kind, Name name, Path *types, uint32_t ntypes);
void derives_check(Checker *check, AgentCheck *work);

/* ---- check_patterns.c, check_policies.c, check_bounds.c */

void pattern_check(Checker *check, AgentCheck *work);       /* structure: before any expression reads an alias */
void pattern_expressions(Checker *check, AgentCheck *work);
void policies_check(Checker *check, AgentCheck *work);
void bounds_check(Checker *check, AgentCheck *work);
/* Whether the pattern, written like this, is tested when the context closes unless `evaluate` says otherwise. */
bool pattern_defers(const AstPattern *pattern);
/* Whether a pattern is a level: participants, sequences, all, or, not. */
bool pattern_is_level(const AstPattern *pattern);
bool pattern_ends_by_timer(const AstPattern *pattern);

/* ---- check_network.c, check_tests.c */

void network_check(Checker *check);
void tests_check(Checker *check);

#endif
