/* Lowering: what its files share. From the checked model to the immutable plan.
 *
 *   lower_network   the whole: events, tables, producers, agents in topological order, hashes
 *   lower_order     which agent stands behind which
 *   lower_events    event types, tables, producers
 *   lower_consumers what each consumer takes, and where to
 *   lower_agents    one agent: participants, roles and filters, enrichments, derives, policies
 *   lower_roles     what each event type may be to it, with the filters
 *   lower_policies  its policies, defaults filled in; what bounds its state
 *   lower_contexts  its context steps and the keys of its inputs
 *   lower_patterns  thresholds, sequences, expectations
 *   lower_views     what its programs read: slots, views, aggregates
 *   lower_expr      a typed expression to a Program, with lower_calls, lower_access, lower_compare, lower_composite;
 *                   lower_emit.h
 *   lower_constant  constants of tests
 *   lower_reads     what an expression reads, and how a condition falls into conjuncts
 *   lower_hash      definition hashes
 *   lower_refuse    what does not run yet; zones, times, durations
 *
 * A construct that the engine does not run yet is reported with lower_refuse; lowering goes on, so that all of
 * a file's are reported in one run, and the half-made plan is thrown away. Everything that the plan points to
 * is in the plan's arena; what is needed on the way only is in scratch. */
#ifndef RULES_LOWER_H
#define RULES_LOWER_H

#include "rules/model.h"

enum {
    LOWER_VIEWS_MAX = 64,         /* of an agent: Program.views is a bit set */
    LOWER_PARTICIPANTS_MAX = 64,  /* of an agent: so is Reads */
    LOWER_ANNOTATIONS = 2,        /* attributes that follow those of an event: $certainty, $annotation */
    LOWER_ANCESTORS_MAX = 64,     /* of an event type whose `extends` has a `where` */
    LOWER_ROLES_MAX = 32,         /* of one event type in one agent */
    LOWER_NODES_MAX = 20000,      /* of a program, with lets and functions put in */
    LOWER_DEPTH_MAX = 3000,       /* the same, from root to leaf */
    LOWER_KEPT_MAX = 4000,        /* slots of a participant that outlive their batch */
};

typedef struct LowerRegex {
    Text pattern, flags;
    struct Regex *regex;
} LowerRegex;

/* What a declaration's meaning depends on besides its own text: params, functions, tables, contexts, events.
 * Collected while its programs are made; see lower_hash.c. */
typedef struct Depends {
    const Declaration **items;
    uint32_t n;
} Depends;

typedef struct LowerDigest {
    const Declaration *declaration;
    uint8_t hash[16];
} LowerDigest;

/* What was made so far, to be shared: open addressing by hash. */
typedef struct LowerSharedSlot {
    uint64_t hash;
    const void *item;
} LowerSharedSlot;

typedef struct LowerShared {
    LowerSharedSlot *slots;
    uint32_t room, n;
} LowerShared;

typedef struct Lowering {
    Plan *plan;
    Arena *arena;   /* the plan's */
    Arena *scratch; /* dies with the compilation */
    Arena building; /* programs while they are built; reset when none is */
    uint32_t nbuilding;
    const Model *model;
    const AstModule *module;
    const Sources *sources;
    Diagnostics *diagnostics;
    LowerRegex *regexes; /* open addressing: equal patterns are compiled once */
    uint32_t regex_room, nregexes;
    const Zone **zones;
    uint32_t nzones;
    uint32_t operator_rows[EXPR_KIND_COUNT]; /* first row of functions.def, + 1; 0 = not looked up yet */
    const Expr *space; /* an expression that measures distances; NULL = none */
    const ModelContext **contexts; /* by name */
    const ModelAgent **order;      /* parallel to the plan's agents */
    Depends *depends;  /* of the declaration that is being lowered; NULL = nobody asks */
    Depends *event_depends, *table_depends, *agent_depends; /* by index; of agents by place in the plan */
    LowerDigest *digests; /* open addressing */
    uint32_t digest_room, ndigests;
    LowerShared programs, shape_sources;
} Lowering;

/* The plan's program equal to one that was built, copied with `copy` if there is none yet. */
Program *lower_shared_program(Lowering *lowering, const Program *program, Program *(*copy)(Arena *, const Program *));
/* Lets a shape use the column maps of an equal one. */
void lower_shared_sources(Lowering *lowering, Shape *shape);

/* Reports that something does not run yet: "sessions do not run yet". hint may be NULL. */
void lower_refuse(Lowering *lowering, Span span, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Reports that a limit is passed. */
void lower_limit(Lowering *lowering, Span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The zone of a name, loaded once; NULL and an error at the span if there is none. Empty = UTC = NULL. */
const Zone *lower_zone(Lowering *lowering, Text name, Span span);
/* A time as written; a local one in the zone. */
int64_t lower_time(const TimeLiteral *time, const Zone *zone);

/* A constant duration in ns, or distance. */
int64_t lower_duration(Lowering *lowering, const Expr *expr);
/* Notes that what is being lowered depends on a declaration; NULL is fine. */
void lower_depends(Lowering *lowering, const Declaration *declaration);

/* ── What an expression reads ── */

/* Bits by participant of the agent. */
typedef struct Reads {
    uint64_t latest;     /* plainly: the event itself, or the latest of several */
    uint64_t prev;       /* b[prev] */
    uint64_t at;         /* b[1], b[last] */
    uint64_t initiator;  /* the opener of a window */
    uint64_t aggregated;
    uint64_t rows;       /* rows of enrichments that have a view */
    bool context;        /* context.key, start, end */
} Reads;

/* One conjunct of a condition. */
typedef struct Conjunct {
    const Expr *expr;
    bool without_unknowns;
    Reads reads;
} Conjunct;

typedef struct Conjuncts {
    Conjunct *items;
    uint32_t n;
} Conjuncts;

/* ── Agents ── */

/* How the rows of an enrichment are read. */
typedef enum RowReading {
    ROW_VIEW,   /* the engine looks the row up and points a view at it: stateless agents, and behind `detect` */
    ROW_INLINE, /* every read looks it up by the key: before `detect`, where the row belongs to one event */
} RowReading;

/* A participant while its slots are being found. */
typedef struct LowerParticipant {
    const ModelAlias *alias;
    uint16_t *slot_of;        /* attribute of the alias → slot + 1; 0 = none */
    uint32_t *attribute_of;   /* slot → attribute of the alias */
    bool *kept;               /* by slot */
    bool header;              /* a header attribute is kept */
    uint32_t nkept;
    uint32_t nslots;
    Conjuncts filter;         /* conjuncts from elsewhere that belong to the filter of its role */
    const ModelEnrich *enrich; /* of a row … */
    Expr *keys[2];             /* … its key, also where `where` gives it; NULL after a mistake */
    RowReading reading;
} LowerParticipant;

typedef struct LowerAgent {
    Lowering *lowering;
    const ModelAgent *model;
    const AstAgent *ast;
    AgentPlan *plan;
    LowerParticipant *participants; /* parallel to the plan's */
    bool stateful;
    bool keeps_all;           /* every event may be read after its batch */
    uint64_t on_events;       /* participants of `on` lines */
    uint32_t initiator_step;  /* the innermost event interval; INDEX_NONE = none */
} LowerAgent;

/* The participant of an alias: its own, or that of its namesake. INDEX_NONE if the plan has none for it. */
uint32_t lower_participant(const LowerAgent *agent, const ModelAlias *alias);
/* Whether two aliases have one name and the same event types, so that one participant does for both. */
bool lower_namesakes(const ModelAlias *a, const ModelAlias *b);
/* The slot of an alias's attribute in its participant's shape, made at its first use. Behind the attributes of the alias
 * stand the LOWER_ANNOTATIONS. */
uint32_t lower_slot(LowerAgent *agent, uint32_t participant, const ModelAlias *alias, uint32_t attribute, bool kept);
/* The view of the agent, made at its first use; INDEX_NONE, reported, if there are too many. */
uint32_t lower_view(LowerAgent *agent, uint32_t participant, ViewWhich which, uint32_t k, Span span);
/* The aggregate of the agent, made at its first use; INDEX_NONE after an error. */
uint32_t lower_aggregate(LowerAgent *agent, const ModelAggregate *aggregate);
/* Whether what a view reads is read after the batch of the event. */
bool lower_keeps(const LowerAgent *agent, uint32_t participant, ViewWhich which);
/* The event types that an alias hears: as written, their descendants, and types of which its own are special cases. */
typedef struct LowerSource {
    const ModelEvent *event;
    uint32_t entry;              /* in alias->events */
    const ModelEvent *special;   /* the event is one of these if it passes the `where` of its `extends`; NULL = it is */
} LowerSource;

typedef struct LowerSources {
    LowerSource *items;
    uint32_t n;
} LowerSources;

LowerSources lower_sources(LowerAgent *agent, const ModelAlias *alias);

/* Writes the participants' shapes into the plan. */
void lower_seal(LowerAgent *agent);

Reads lower_reads(const LowerAgent *agent, const Expr *expr);
/* Appends the conjuncts of a condition; a `let` that is a conjunction is taken apart, too. */
void lower_conjuncts(const LowerAgent *agent, Conjuncts *list, Where where);

/* ── Expressions ── */

typedef struct LowerFrame LowerFrame;

/* Where an expression stands: what its names mean. One scope makes one program at a time. */
typedef struct LowerScope {
    Lowering *lowering;
    LowerAgent *agent;          /* whose aliases are named; NULL = none */
    const ModelAlias *self;     /* view 0 is this alias, and there is no other view; NULL = the agent's views */
    bool self_kept;
    const ModelAlias *own;      /* among the agent's views, this alias is the event itself, also where it opens a
                                   window; NULL = none */
    bool condition;             /* runs before rows are looked up for a match: every row is read inline */
    uint32_t initiator_step;    /* the event interval whose opener can be read; INDEX_NONE = none */
    const ModelEvent *event;    /* of bare attributes: slots of view 0; NULL = see derive */
    bool computed;              /* computed attributes are there already, in their columns */
    const ModelEvent *received; /* of a consumer: bare attributes are those of this type with their names; else NULL */
    const ModelTable *table;    /* the same for a table's columns */
    const ModelDerive *derive;  /* bare attributes stand for what this derives; NULL = none */
    Text zone;                  /* of times without an offset */

    ProgramBuilder *builder;
    bool without_unknowns;
    bool failed;                /* a mistake was reported: the program is none */
    uint32_t nodes, depth;
    const LowerFrame *frame;    /* the function whose body this is */
    Reg *lets;                  /* by ModelAgent.lets: value + 1 */
    Reg *bare;                  /* by attribute: computed value + 1 */
} LowerScope;

void lower_begin(LowerScope *scope);
/* Emits the expression, brought to a type (TYPE_KINDS = as it comes). REG_NONE after a mistake. */
Reg lower_expr(LowerScope *scope, const Expr *expr, TypeKind type);
/* The same with all of a type, whose element or fields say what the members of a literal become; NULL = any. */
Reg lower_expr_as(LowerScope *scope, const Expr *expr, const Type *type);
/* NULL after a mistake. */
Program *lower_end(LowerScope *scope, Reg result);

/* lower_begin, lower_expr, lower_end. */
Program *lower_program(LowerScope *scope, const Expr *expr, TypeKind type);
/* The conjunction of conjuncts; NULL if there are none. */
Program *lower_conjunction(LowerScope *scope, const Conjunct *items, uint32_t n);

/* The cell of a literal of that type, without a program; params and lets are followed. */
bool lower_literal(Lowering *lowering, const Expr *expr, TypeKind type, Cell *value);
/* A constant without any names (of a test): see compile_constant. */
bool lower_constant(Lowering *lowering, const Expr *expr, TypeKind type, Cell *value, State *state);

/* ── The parts ── */

void lower_events(Lowering *lowering);
void lower_tables(Lowering *lowering);
void lower_producers(Lowering *lowering);
void lower_consumers(Lowering *lowering);
void lower_network(Lowering *lowering);
/* All agents, each behind those that feed it. */
const ModelAgent **lower_order(Lowering *lowering);
void lower_agent(Lowering *lowering, const ModelAgent *model, AgentPlan *plan);
/* Sorts the declared contexts by name, once. */
void lower_context_names(Lowering *lowering);
void lower_contexts(LowerAgent *agent);
void lower_keys(LowerAgent *agent, uint32_t input);
/* The conditions of `bands` and `while` for an input. */
void lower_conditions(LowerAgent *agent, uint32_t input);
/* The pattern's steps and conjuncts, the threshold's condition, the expectation. Conditions on one participant
 * alone go into its filter. */
/* Whether a pattern is one over the set of a partition. */
bool lower_set_pattern(const AstPattern *pattern);
void lower_detect(LowerAgent *agent);
void lower_expect(LowerAgent *agent);
void lower_policies(LowerAgent *agent);
void lower_roles(LowerAgent *agent);
/* What bounds the agent's state, in words. */
Text lower_bound(const LowerAgent *agent);
/* Definition hashes of all agents, and the plan's version. */
void lower_hashes(Lowering *lowering);

static inline LowerScope lower_agent_scope(LowerAgent *agent)
{
    return (LowerScope){.lowering = agent->lowering, .agent = agent, .initiator_step = agent->initiator_step,
                        .zone = agent->model->zone};
}

#endif
