/* Model: what a rule file means, once every name is resolved and every expression has a type.
 *
 * check_module makes it from the tree; lowering reads it and never looks a name up again. It lives in the
 * arena it was given, points into the tree, and exists only where there was no error: whoever holds a Model
 * may rely on every invariant below.
 *
 *   Model ─┬─ ModelParam[] ModelFunction[]
 *          ├─ ModelEvent[] ── ModelAttribute[]      own attributes behind the inherited ones
 *          ├─ ModelTable[] ── ModelAttribute[]      columns
 *          ├─ ModelContext[] ModelProducer[] ModelChannel[] ModelConsumer[]
 *          ├─ ModelAgent[] ─┬─ ModelAlias*[]        its scope: every participant, with common attributes
 *          │                ├─ ModelInput[]         every event type it hears
 *          │                ├─ ModelStep[]          its contexts, named ones expanded, in order
 *          │                └─ ModelLet[] ModelEnrich[] ModelDerive[] ModelWrite[] ModelAggregate*[]
 *          └─ ModelTest[]
 *
 * Expressions. A checked Expr has `type` set, and NAME, MEMBER, INDEX, CALL and IN have `ref` (a Reference)
 * and `note`, whose meaning stands beside each Reference. Types of operands are as checked, with exactly one
 * implicit conversion left for lowering: where arithmetic, a comparison, `in`, `between`, `??`, `if` or
 * `any [..]` combines an int with a float, the int is converted; model_common_kind tells the kind that both
 * are brought to. Literals already have the type they take: the `100` of `w.amount > 100` is an EXPR_INT of
 * type float. `null` has the (optional) type that its place asks for.
 * A subtree that one declaration shares between agents (contexts) is copied for each agent, so an Expr
 * reached through a ModelAgent is annotated for that agent; those still hanging in an AstContext are not
 * annotated. */
#ifndef RULES_MODEL_H
#define RULES_MODEL_H

#include "cep/function.h"
#include "cep/plan.h"
#include "rules/ast.h"
#include "rules/compile.h"
#include "rules/diagnostic.h"

typedef struct ModelAlias ModelAlias;
typedef struct ModelAttribute ModelAttribute;
typedef struct ModelAgent ModelAgent;
typedef struct ModelContext ModelContext;
typedef struct ModelEvent ModelEvent;
typedef struct ModelTable ModelTable;

/* ---- types ---------------------------------------------------------------------------------------- */

typedef enum TypeClass {
    CLASS_VALUE,   /* a value: kind, optional, … */
    CLASS_NULL,    /* the literal null where nothing asks for a type */
    CLASS_EVENT,   /* a bare alias: `count(w)`, `a is null`; note of the Expr tells which */
    CLASS_ROW,     /* a bare row alias, T[key], context.entity */
    CLASS_TABLE,   /* a table's name: right of `in`, before `[` and `.` */
    CLASS_TUPLE,   /* (a, b): a composite key */
    CLASS_REGEX,   /* /…/: right of `matches`, first argument of capture */
    CLASS_NETS,    /* cidr("…"): right of `in` */
    CLASS_CONTEXT, /* `context`, `context.key` */
    CLASS_ERROR,   /* only while checking: fits everything, says nothing */
} TypeClass;

typedef struct TypeField {
    Text name;
    struct Type *type;
} TypeField;

/* Interned: two types are the same exactly when their pointers are equal. */
typedef struct Type {
    TypeClass class;
    TypeKind kind;         /* of CLASS_VALUE */
    bool optional;
    struct Type *element;  /* LIST, MAP */
    TypeField *fields;     /* RECORD */
    uint32_t nfields;
} Type;

/* Writes a type as the rule language does: "list<int>?". */
Text type_text(const Type *type, Arena *arena);

/* ---- what a name stands for ----------------------------------------------------------------------- */

typedef enum Reference {
    REF_NONE,

    /* NAME */
    REF_ALIAS,          /* ModelAlias: a bare alias (CLASS_EVENT or CLASS_ROW) or the base of a MEMBER, INDEX;
                           a for-each item of a scalar list is a value */
    REF_BARE_ATTRIBUTE, /* ModelAttribute of the event (or table row) at hand: in computed attributes,
                           constraints, context keys, bands, `while`, `near`, channel routes */
    REF_LET,            /* ModelLet: stands for its value */
    REF_PARAM,          /* ModelParam: stands for its value */
    REF_ARGUMENT,       /* ModelArgument: parameter of the function whose body this is */
    REF_TABLE,          /* ModelTable */
    REF_EVENT_TYPE,     /* ModelEvent: the `Payment` of `by card = Payment.card | …` */
    REF_CONTEXT,        /* the word context */
    REF_SEVERITY,       /* NULL: `severity` in a consumer's where, an int as cep/plan.h Severity */
    REF_SEVERITY_VALUE, /* NULL: `high` beside it; integer holds the Severity */

    /* MEMBER */
    REF_ATTRIBUTE,      /* ModelAccess: attribute of an alias: w.amount, b[prev].price, context.initiator.x,
                           a.owner of a row alias */
    REF_HEADER,         /* ModelAccess: w.$time; header names the field */
    REF_EVENT_ATTRIBUTE,/* ModelAttribute: Payment.card in a context key */
    REF_COLUMN,         /* ModelAttribute: T[key].column; expr->a is the INDEX (REF_ROW) */
    REF_WHOLE_COLUMN,   /* ModelAttribute: Table.column without a key: nearest(Motel.site, p) */
    REF_FIELD,          /* NULL: field of a record, or of a row that a function returns; expr->integer is its
                           position (or column) */
    REF_CONTEXT_START,  /* NULL */
    REF_CONTEXT_END,    /* NULL */
    REF_CONTEXT_BAND,   /* ModelStep */
    REF_CONTEXT_ENTITY, /* ModelAlias (ALIAS_ENTITY): its row */
    REF_CONTEXT_INITIATOR, /* ModelAlias (ALIAS_INITIATOR) */
    REF_CONTEXT_KEYS,   /* NULL: context.key, before .NAME */
    REF_CONTEXT_KEY,    /* ModelKey: context.key.card */

    /* INDEX */
    REF_ROW,            /* ModelTable: T[key]; args are its keys, typed as the key columns */
    REF_MEMBER_AT,      /* ModelAccess without attribute: b[1], b[last], b[-2], b[prev] */
    REF_ELEMENT,        /* NULL: list[i] */
    REF_ENTRY,          /* NULL: map["k"] */

    /* CALL */
    REF_FUNCTION,       /* const Function of cep/function.h, the row that fits; NULL for an overload that is not
                           in that table and does not run. args have its types */
    REF_USER_FUNCTION,  /* ModelFunction */
    REF_AGGREGATE,      /* ModelAggregate */
    REF_PREVIOUS,       /* ModelAggregate of the call inside previous( … ) */

    /* IN */
    REF_IN_LIST,        /* NULL: b is a LIST literal, items have the common type */
    REF_IN_TABLE,       /* ModelTable: b is its NAME; a is the key (TUPLE for two) */
    REF_IN_NETS,        /* NULL: b is cidr(…) */
    REF_IN_COLLECTION,  /* NULL: b is an expression of type list or map (its keys) */
} Reference;

/* One read of a participant. Equal accesses are not shared. */
typedef struct ModelAccess {
    ModelAlias *alias;
    ViewWhich which;         /* VIEW_LATEST for plain `b`; VIEW_INITIATOR for openers; see plan.h */
    uint32_t k;              /* b[k] from 1; b[last] is 1 from the end, b[-2] is 2 */
    uint32_t attribute;      /* index into alias->attributes; INDEX_NONE for headers and bare members */
    Text header;             /* "$time" … */
} ModelAccess;

/* ---- declarations --------------------------------------------------------------------------------- */

struct ModelAttribute {
    Text name;
    Type *type;              /* a computed attribute of type T may still fail or be null if its type says so */
    uint32_t index;          /* in its event's (table's) attributes, the same in every descendant */
    int64_t unit;            /* of a time given as a number: ns per unit; 0 = RFC 3339 text only */
    Expr *fill;              /* default, a constant; NULL = none */
    Expr *compute;           /* over bare attributes; NULL = none */
    Where constraint;        /* over bare attributes; condition NULL = none */
    const AstAttribute *ast; /* NULL for built-in event types */
    ModelEvent *event;       /* which declares it, or */
    ModelTable *table;
};

struct ModelEvent {
    Text name, wire;         /* `cep.Late` for built-in ones */
    uint32_t index;          /* in Model.events */
    const Declaration *declaration; /* NULL = built in; its own headers stand in ->event */
    const AstEvent *ast;     /* NULL = built in */
    bool builtin;
    bool alert;
    bool derived;            /* some agent derives it */
    bool input;              /* no agent derives it, or a producer names it */
    ModelEvent *parent;      /* extends */
    Where parent_where;      /* over bare attributes: which events of the parent are of this type */
    ModelEvent **descendants; /* all, not only children; in order of declaration */
    uint32_t ndescendants;
    ModelAttribute **attributes; /* those of the parent first; an inherited one is the parent's object */
    uint32_t nattributes;
    uint32_t *compute_order; /* indexes of the computed attributes, each behind all that it reads */
    uint32_t ncomputed;
    uint32_t time_attribute; /* INDEX_NONE = none; inherited unless written */
    uint32_t sent_attribute;
    uint32_t source_attribute;
    AstInvalid invalid;
    Expr *id;                /* over bare attributes; NULL = none */
    Expr *chronon;           /* D or NULL */
    ModelEvent **retracts;
    uint32_t nretracts;
    uint32_t retracts_by;    /* attribute, in this type; the retracted types have one of that name */
};

struct ModelTable {
    Text name;
    uint32_t index;
    const Declaration *declaration;
    const AstTable *ast;
    ModelAttribute **columns;
    uint32_t ncolumns;
    uint32_t keys[2];        /* column indexes */
    uint32_t nkeys;
    Expr *history;           /* D or NULL */
    bool written;            /* some agent updates it */
};

typedef struct ModelParam {
    Text name;
    Type *type;
    Expr *value;             /* constant, of that type; from outside where given */
    const Declaration *declaration;
} ModelParam;

typedef struct ModelArgument {
    Text name;
    Type *type;
    uint32_t index;
} ModelArgument;

typedef struct ModelFunction {
    Text name;
    ModelArgument *arguments;
    uint32_t narguments;
    Type *result;            /* type of body; optional if the body may be */
    Expr *body;
    const Declaration *declaration;
} ModelFunction;

struct ModelContext {
    Text name;
    const Declaration *declaration;
    const AstContext *ast;
};

typedef struct ModelProducer {
    const Declaration *declaration;
    ModelEvent **types;      /* parallel to ast->types */
    ModelEvent **code_types; /* parallel to ast->codes */
} ModelProducer;

typedef struct ModelChannel {
    const Declaration *declaration;
    ModelEvent **types;      /* parallel to ast->types */
} ModelChannel;

typedef struct ModelSource {
    ModelChannel *channel;   /* or */
    ModelEvent *event;
    Text errors;             /* a built-in channel `atm.errors`, `atm.warnings`; else empty */
} ModelSource;

typedef struct ModelConsumer {
    const Declaration *declaration;
    ModelSource *sources;    /* parallel to ast->sources */
} ModelConsumer;

/* ---- agents --------------------------------------------------------------------------------------- */

typedef enum AliasKind {
    ALIAS_ON,        /* of an `on` line */
    ALIAS_EXPECTED,  /* of `expect` */
    ALIAS_CANCELLER, /* of `or discard on` of `expect` */
    ALIAS_OPENER,    /* of a context step: from, each, near … to each */
    ALIAS_CLOSER,    /* to */
    ALIAS_DISCARDER, /* or discard on */
    ALIAS_ROW,       /* of enrich */
    ALIAS_ITEM,      /* of for each */
    ALIAS_ZONE,      /* the row of enters, leaves, stays */
    ALIAS_ENTITY,    /* context.entity; not in ModelAgent.aliases */
    ALIAS_INITIATOR, /* context.initiator; not in ModelAgent.aliases */
} AliasKind;

/* An attribute of an alias: what is common to all its event types. */
typedef struct ModelCommon {
    Text name;
    Type *type;              /* optional where it is in one of the types; not because the alias is */
    ModelAttribute **of;     /* parallel to alias->events; of a row: one column */
} ModelCommon;

struct ModelAlias {
    Text name;
    Span span;
    AliasKind kind;
    uint32_t index;          /* in ModelAgent.aliases */
    uint32_t step;           /* openers, closers, discarders, initiator, entity: of ModelAgent.steps */
    uint32_t entry;          /* which of the events of that list */
    ModelEvent **events;     /* as written; each is heard with all its descendants */
    uint32_t nevents;
    ModelTable *table;       /* of rows */
    Type *item;              /* of ALIAS_ITEM: the list's element; attributes are its fields if a record */
    ModelCommon *attributes; /* events: in order of the first type; rows: the columns */
    uint32_t nattributes;
    Where where;             /* its own condition, checked; condition NULL = none */
    bool several;            /* stands for several events: a loop, a set, `combine` rows */
    bool optional;           /* may be unbound, so that reading it gives `T?` */
    bool negated;            /* stands only behind `not` or in `absent` */
    uint32_t least;          /* at least so many members where it is bound by a loop; else 1 */
};

typedef struct ModelLet {
    Text name;
    Type *type;
    Expr *value;
    bool aggregates;         /* holds an aggregate */
    const AstLet *ast;
} ModelLet;

typedef struct ModelInput {
    ModelEvent *event;
} ModelInput;

/* One key of a `by`. */
typedef struct ModelKey {
    Text name;               /* of context.key.NAME */
    Type *type;              /* not optional: a missing key is in no partition */
    Expr **exprs;            /* parallel to ModelAgent.inputs: over bare attributes of that type */
} ModelKey;

typedef struct ModelBand {
    Text name;
    Expr **exprs;            /* parallel to ModelAgent.inputs */
} ModelBand;

typedef struct ModelStep {
    const AstContextStep *ast; /* options that need no resolving (durations, counts, zone, order) are read here */
    ModelContext *context;     /* the declared context it came from; NULL = written in the agent */
    bool outside;              /* the complement of this step: `outside NAME` */
    ModelKey *keys;            /* BY */
    uint32_t nkeys;
    ModelBand *bands;          /* BANDS */
    uint32_t nbands;
    Expr **places;             /* parallel to ModelAgent.inputs; NEAR_*, LOCATION: whose place */
    Expr **conditions;         /* parallel to ModelAgent.inputs; WHILE */
    Expr **order_by;           /* parallel to ModelAgent.inputs; `order by PATH`; NULL = not written */
    ModelAlias **opens, **closes, **discards; /* parallel to the lists of ast; aliases shadowed by an `on`
                                                 alias of the same name and types are that alias's namesakes:
                                                 they exist here and not in ModelAgent.aliases */
    Expr **at;                 /* NEAR_EACH: parallel to opens */
    Expr *since;               /* expiry_since, over the openers */
    ModelTable *table;         /* shape: table, column, keys (checked copies) */
    ModelAttribute *column;
    Expr **shape_keys;
    uint32_t nshape_keys;
} ModelStep;

typedef struct ModelEnrich {
    const AstEnrich *ast;
    ModelTable *table;
    ModelAlias *row;
    Expr *keys[2];           /* one per key column of the table; NULL where `where` is written */
} ModelEnrich;

typedef struct ModelAggregate {
    AggregateKind kind;
    ModelAlias *alias;       /* an event alias, or rows of `combine` */
    Expr *value;             /* NULL for count(w) */
    Where where;             /* condition NULL = all */
    Expr **arguments;        /* besides the value: the p of percentile(x, p) */
    uint32_t narguments;
    Expr *call;
    bool previous;           /* of the preceding window */
} ModelAggregate;

typedef struct ModelDerive {
    const AstDerive *ast;
    ModelEvent *event;
    Expr **values;           /* parallel to event->attributes, with `from a` and constant defaults filled in;
                                NULL = computed by the type, or null */
    bool *defaulted;         /* parallel: the value is the attribute's default */
    Expr *time, *certainty, *annotation; /* $time … ; NULL = not written */
    Expr *when;              /* NULL = always */
    ModelChannel *channel;   /* of `to`; NULL = implicit */
} ModelDerive;

typedef struct ModelWrite {
    const AstWrite *ast;
    ModelTable *table;
    Expr **values;           /* update: parallel to table->columns; NULL = not named */
    Expr *keys[2];           /* delete; update: the values of the key columns */
} ModelWrite;

struct ModelAgent {
    Text name;
    uint32_t index;          /* in Model.agents */
    uint32_t rank;           /* place in Model.order: behind every agent that feeds it */
    const Declaration *declaration;
    const AstAgent *ast;
    AgentKind kind;
    bool placement;          /* agent f = Fraud(…): network and nothing else is filled */
    const Declaration *network;
    ModelAlias **aliases;    /* in the order of AliasKind, each kind in written order */
    uint32_t naliases;
    ModelLet *lets;
    uint32_t nlets;
    ModelInput *inputs;      /* event types heard in any role, descendants included; by ModelEvent.index */
    uint32_t ninputs;
    ModelStep *steps;
    uint32_t nsteps;
    ModelEnrich *enriches;   /* parallel to ast->enriches */
    ModelDerive *derives;    /* parallel to ast->derives */
    ModelWrite *writes;      /* parallel to ast->writes */
    ModelAggregate **aggregates; /* every call of an aggregate, in the order they were met */
    uint32_t naggregates;
    bool closes;             /* a context step closes its partitions: fixed, sliding, each, session, from … */
    bool trailing;           /* a `last` step, or `within` behind a threshold or set */
    bool keyed;              /* a `by` step */
    Text zone;               /* of its fixed contexts, for times written without an offset; empty = none */
};

/* Beside the arrays above, the tree carries: AstOn.note, AstNamedEvent.note (only of expect), AstEnrich.note
 * → ModelAlias; AstLet.note → ModelLet; AstPattern.note → ModelAlias for PARTICIPANT, subsets and zones (the
 * row), ModelAlias** parallel to aliases for NOT and ABSENT; AstShape.note of a pattern → ModelAttribute (the
 * column); AstForEach has its ModelAlias last of kind ALIAS_ITEM; Declaration.note → the Model… it became. */

/* ---- tests ---------------------------------------------------------------------------------------- */

typedef struct ModelWith {
    ModelParam *param;
    Expr *value;
} ModelWith;

/* AstStatement.note: ModelEvent of AT, ModelTable of TABLE; AstExpected.note: ModelEvent. Field values are
 * constants of the attribute's type. */
typedef struct ModelTest {
    const Declaration *declaration;
    const AstTest *ast;
    ModelAgent **agents;     /* `of`; 0 = all */
    uint32_t nagents;
    ModelWith *with;
    uint32_t nwith;
} ModelTest;

/* ---- all of it ------------------------------------------------------------------------------------ */

typedef struct Model {
    Arena *arena;
    Text network;            /* name; the file's name without folder and ending if none is written */
    const AstClock *clock;   /* NULL = not written */
    AstMetricKind metric;
    bool annotated;          /* some rule reads or sets $certainty or $annotation */
    ModelParam **params;
    uint32_t nparams;
    ModelFunction **functions;
    uint32_t nfunctions;
    ModelEvent **events;     /* declared, then those built in */
    uint32_t nevents;
    ModelTable **tables;
    uint32_t ntables;
    ModelContext **contexts;
    uint32_t ncontexts;
    ModelProducer **producers;
    uint32_t nproducers;
    ModelChannel **channels;
    uint32_t nchannels;
    ModelConsumer **consumers;
    uint32_t nconsumers;
    ModelAgent **agents;     /* in order of declaration; those inside nested networks are checked only */
    uint32_t nagents;
    ModelAgent **order;      /* the same, topologically sorted */
    ModelTest **tests;
    uint32_t ntests;
} Model;

/* Resolves and checks a module, with every `use` in it (the files are read into sources and appended to the
 * module). Returns NULL when it reported an error; warnings may be there in both cases. Everything lives in
 * the arena, which must outlive the model; so must the module and the sources. */
Model *check_module(Sources *sources, AstModule *module, const CompileOptions *options, Diagnostics *diagnostics,
                    Arena *arena);

/* A duration in ns or a distance in metres, of a checked constant: a quantity, a param, sums of them. */
int64_t model_duration(const Expr *expr);
double model_distance(const Expr *expr);

/* The kind to which both operands are brought: the float of int and float, else their kind. */
TypeKind model_common_kind(const Expr *a, const Expr *b);

/* Where a kind of event may be found among those of its parent: the parent, if the type is the parent's with a `where`
 * and adds nothing that every event must have; else NULL. */
ModelEvent *model_general(const ModelEvent *event);

/* Finds an attribute by name; INDEX_NONE if there is none. */
uint32_t model_attribute(const ModelEvent *event, Text name);
uint32_t model_column(const ModelTable *table, Text name);

#endif
