/* The plan: an event processing network as plain immutable data.
 *
 * rules/ makes it from text, agents/ runs it; neither knows the other. Everything lives in the plan's own
 * arena and refers to other parts by index:
 *
 *   Plan ─┬─ EventType[]   attributes, constraints, computed attributes, which attribute is the time
 *         ├─ TablePlan[]   columns, keys, where rows are loaded from
 *         └─ AgentPlan[]   in topological order: an agent stands behind all that feed it
 *              ├─ participants[]  what its `on`, `expect`, `enrich` lines name; shapes with slots
 *              ├─ views[]         what its programs read: a participant's latest event, b[1], b[prev], …
 *              ├─ inputs[]        one per event type it listens to: roles and their filters
 *              ├─ contexts[]      applied left to right
 *              ├─ enriches[] aggregates[] steps[] conjuncts[] expect derives[] emit quiet
 *              └─ policies        all of them, defaults filled in
 *
 * Durations and times are ns, distances metres. */
#ifndef CEP_PLAN_H
#define CEP_PLAN_H

#include "cep/program.h"
#include "cep/zone.h"

#define INDEX_NONE UINT32_MAX
#define TIME_NONE INT64_MIN

/* ── Event types ── */

typedef enum Severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL } Severity;

typedef enum InvalidTime { INVALID_TIME_FAIL, INVALID_TIME_SKIP, INVALID_TIME_PREVIOUS } InvalidTime;

/* The parts of a type that has any: what a list or map holds, the fields of a record. */
typedef struct ValueType {
    TypeKind kind;
    bool optional;
    const struct ValueType *element; /* LIST, MAP */
    Text *names;              /* RECORD, in the order of the declaration */
    const struct ValueType *fields;
    uint32_t nfields;
} ValueType;

typedef struct Attribute {
    Text name;
    TypeKind type;
    const ValueType *of;      /* of a list, record or map; else NULL */
    bool optional;
    int64_t unit;             /* of a time given as a number: ns per unit; 0 = RFC 3339 text only */
    uint32_t npath;           /* JSON path; 0 = the field `name` at top level */
    Text *path;               /* field names, or "[3]" for an index */
    Program *fill;            /* default: no views; NULL = none */
    Program *compute;         /* computed from other attributes: view 0 is the event; NULL = none */
    Program *constraint;      /* bool over view 0; NULL = none */
    Text constraint_text;     /* as written, for messages */
} Attribute;

typedef struct EventType {
    Text name;
    Text wire;                /* the name on the wire; = name unless `as` */
    bool alert;
    bool derived;             /* some agent derives it */
    bool input;               /* no agent derives it, or it may also come from outside */
    Severity severity;
    Text *tags;
    uint32_t ntags;
    Text note;
    Attribute *attributes;    /* column i of its Rows is attribute i; header attributes that rules use and that no
                                 other place has, "$certainty" and "$annotation", stand behind the others */
    uint32_t nattributes;
    Program *where;           /* of `extends`: what every event of the type fulfils; view 0 is the event; NULL = none */
    Text where_text;
    InvalidTime invalid_time; /* what an event without a usable time is */
    uint32_t sent_attribute;  /* by the device's clock, when it was sent; INDEX_NONE = the time is not corrected */
    int64_t chronon;          /* times are multiples of it; 0 = as they are */
    Program *identity;        /* list over view 0, of which the id is made; duplicates are dropped; NULL = none */
    uint32_t time_attribute;  /* INDEX_NONE: occurrence time = $time on the wire, else detection time */
    Shape shape;              /* slot i = attribute i; for compute and constraint programs, source: itself */
} EventType;

/* ── Tables ── */

typedef struct TablePlan {
    Text name;
    bool written;             /* some agent updates it, or deletes from it */
    bool scanned;             /* some enrichment looks at all its rows */
    Attribute *columns;
    uint32_t ncolumns;
    uint32_t *keys;           /* column indexes, 1 or 2 */
    uint32_t nkeys;
    Text source_format;       /* "csv" "tsv" "ndjson" "redis"; empty = none */
    Text source_path;         /* resolved against the rule file's folder; of "redis" the form of its keys: "acct:{id}" */
} TablePlan;

/* ── Producers ── */

typedef struct TypeName {
    Text wire;                /* the value of the type field */
    uint32_t type;
} TypeName;

typedef struct ProducerPlan {
    Text name;
    uint32_t *types;          /* what it may send; none = any input type */
    uint32_t ntypes;
    Text uri;
    Text format;              /* "json" unless written */
    Text type_field;          /* "type" unless written */
    TypeName *names;          /* mapping of the type field; none = the types' wire names */
    uint32_t nnames;
} ProducerPlan;

/* ── Consumers ── */

typedef struct ConsumerSource {
    uint32_t type;
    Program *where;           /* view 0 is the event; NULL = all */
} ConsumerSource;

typedef struct ConsumerPlan {
    Text name;
    ConsumerSource *sources;  /* types that come from several channels come once */
    uint32_t nsources;
    Text path;                /* of the file to write to */
    bool cloudevents;         /* in place of alert JSON */
} ConsumerPlan;

/* ── Agents ── */

typedef enum AgentKind {
#define X(name, word, runs, what) AGENT_##name,
#include "cep/agents.def"
#undef X
    AGENT_KINDS
} AgentKind;

typedef enum ContextKind {
#define X(name, keyword, dimension, runs, what) CONTEXT_##name,
#include "cep/contexts.def"
#undef X
    CONTEXT_KINDS
} ContextKind;

typedef enum AggregateKind {
#define X(name, word, args, runs, what) AGGREGATE_##name,
#include "cep/aggregates.def"
#undef X
    AGGREGATE_KINDS
} AggregateKind;

typedef enum PatternKind {
#define X(name, word, what) PATTERN_##name,
#include "cep/patterns.def"
#undef X
    PATTERN_KINDS
} PatternKind;

typedef enum PolicyKind {
#define POLICY(name, clause) POLICY_##name,
#include "cep/policies.def"
    POLICY_KINDS
} PolicyKind;

typedef enum PolicyValue {
#define VALUE(policy, name, words, runs) policy##_##name,
#include "cep/policies.def"
    POLICY_VALUES
} PolicyValue;

/* What an alias stands for. The first nevents participants of an agent are events in the order of their
 * `on` lines and then of `expect`; behind them stand the openers, closers and discarders of its contexts
 * that have an alias of their own, then the rows of its enrichments. */
typedef struct Participant {
    Text alias;
    bool row;        /* a row of a table */
    bool expected;   /* named by `expect` (or its `or discard`), not by `on` */
    Shape shape;
} Participant;

typedef enum ViewWhich {
    VIEW_LATEST,     /* the event itself; of a loop or a set its latest member; of `each member` the current */
    VIEW_PREV,       /* b[prev]: the member before the current one */
    VIEW_FROM_FIRST, /* b[k], k from 1 */
    VIEW_FROM_LAST,  /* b[last] is k = 1, b[-2] is k = 2 */
    VIEW_INITIATOR,  /* the opener of the innermost event interval, read under its alias */
} ViewWhich;

typedef struct ViewPlan {
    uint32_t participant;
    ViewWhich which;
    uint32_t k;
} ViewPlan;

/* What an event of one type may be to an agent. */
typedef enum RoleKind {
    ROLE_PARTICIPANT, /* index = participant */
    ROLE_OPENER,      /* index = context step; entry = which of its events */
    ROLE_CLOSER,
    ROLE_DISCARDER,   /* of a context step */
    ROLE_EXPECTED,    /* index = participant: answers `expect` */
    ROLE_CANCELLER,   /* index = participant: `or discard on` of `expect` */
} RoleKind;

typedef struct RolePlan {
    RoleKind kind;
    uint32_t index, entry;
    uint32_t participant;    /* its alias; INDEX_NONE if nothing reads it */
    Program *filter;         /* conjuncts over the event alone: view 0 with the participant's shape; NULL = all */
    uint32_t equal_column;   /* filter has the conjunct column == equal_value; INDEX_NONE if no such conjunct, and
                                beside `else derive`, `on error derive`, which want what fails it, too */
    Cell equal_value;
    Program *rest;           /* filter without that conjunct; NULL = nothing is left */
    Program *when;           /* conjuncts that read other views (the opener, the `on` event); NULL = none */
} RolePlan;

typedef struct InputPlan {
    uint32_t type;           /* event type */
    RolePlan *roles;
    uint32_t nroles;
    Program **keys;          /* [context step × its keys, concatenated]: `by` key expressions for this type,
                                view 0 = the event, shape = participant 0 of this type; see key_first */
    Program **conditions;    /* [context step × its conditions, concatenated], likewise; see condition_first */
    Shape shape;             /* slots of key programs: slot i = attribute i of the type */
} InputPlan;

typedef enum CalendarUnit { CALENDAR_NS, CALENDAR_DAY, CALENDAR_WEEK, CALENDAR_MONTH, CALENDAR_YEAR } CalendarUnit;

typedef enum Again { AGAIN_ADD, AGAIN_IGNORE, AGAIN_REFRESH, AGAIN_EXTEND } Again;

typedef struct ContextStep {
    ContextKind kind;
    Text name;               /* of the declared context it came from; empty = written in the agent */

    /* by */
    uint32_t nkeys;
    uint32_t key_first;      /* InputPlan.keys[key_first + i] is its i-th key */
    Text *key_names;
    TypeKind *key_types;
    int64_t key_idle;        /* 7 days unless written */

    /* fixed: [from + k × every, … + length) */
    bool outside;            /* what lies between these */
    int64_t from;            /* TIME_NONE: aligned to the calendar of the zone (1970-01-01, weeks on Monday) */
    int64_t length;          /* of one interval; 0 = as long as `every` */
    int64_t to;              /* end of the only interval; TIME_NONE = recurring */
    int64_t every;           /* of CALENDAR_NS ns, or so many calendar units; 0 = no recurrence */
    CalendarUnit every_unit;
    const Zone *zone;        /* NULL = UTC */

    /* last */
    int64_t last;            /* ns; 0 = by count */
    bool last_inclusive;     /* [t − last, t] in place of (t − last, t] */
    uint32_t last_count;

    /* sliding: [origin + k × every, … + length), k from 0; at_most */
    int64_t origin;

    /* each */
    uint32_t size;           /* counted events of a window */
    uint32_t period;         /* counted events between openings; 0 = a window opens when the one before closes */

    /* session */
    int64_t gap;

    /* bands: one condition a band, and the key is its name; while: one. For each input type:
     * InputPlan.conditions[condition_first + i] */
    Text *bands;
    uint32_t nconditions, condition_first;

    /* from … to …; expiry of each window */
    bool has_closer;
    int64_t for_at_most;     /* ns; 0 = none */
    Program *since;          /* time over the opener's VIEW_INITIATOR; NULL = from its occurrence */
    uint32_t at_most;        /* events; 0 = none */
    int64_t idle;            /* ns; 0 = none */
    Again again;
} ContextStep;

typedef struct AggregatePlan {
    AggregateKind kind;
    uint32_t participant;
    TypeKind type;           /* of the result */
    TypeKind value_type;     /* of value */
    Program *value;          /* over the participant's view alone (as view 0); NULL for count(w) */
    Program *where;          /* same view; NULL = all */
} AggregatePlan;

typedef enum EnrichMany { ENRICH_FIRST, ENRICH_LAST, ENRICH_EVERY, ENRICH_COMBINE } EnrichMany;

typedef struct EnrichPlan {
    uint32_t participant;    /* the row's alias */
    uint32_t table;
    Program *keys[2];        /* one per key of the table, unless there is a condition */
    Program *where;          /* every row is looked at, as its participant; NULL = by key */
    Program *order;          /* `ordered by`, over the same; NULL = in the order of the table */
    bool descending;
    EnrichMany many;
    bool drop;               /* no row: no event */
    bool per_match;          /* stands behind `detect` or `expect`, and is for the derives; without it only in stateless
                                agents: elsewhere, and in all conditions, reads of a row are look-ups in the
                                programs, and `or drop` before `detect` is in a role's filter */
} EnrichPlan;

typedef enum StepLink { LINK_FOLLOWED, LINK_FIRST, LINK_NEXT, LINK_ANY } StepLink;

/* One step of a sequence. */
typedef struct StepPlan {
    uint32_t participant;
    StepLink link;           /* to the step before; of the first step FOLLOWED, or FIRST for `first a -> …` */
    bool loop;
    uint32_t min, max;       /* of a loop; UINT32_MAX = unbounded; 1, 1 otherwise */
} StepPlan;

/* One conjunct of a pattern's `where`. */
typedef struct ConjunctPlan {
    Program *program;
    uint32_t step;           /* the latest step that it names: tested when that one is bound … */
    bool each_member;        /* … for every member as it is taken (a loop named plainly, or b[prev]) … */
    bool at_end;             /* … or when the loop `step` has ended: aggregates, b[1], b[last] of it */
    bool skip_first;         /* names b[prev]: from the second member on */
} ConjunctPlan;

typedef struct ExpectPlan {
    int64_t within;
    bool inclusive;
    Program *since;          /* time over the `on` view; NULL = its occurrence */
    Again again;
    bool has_discard;
} ExpectPlan;

/* A pattern over the set of a partition. */
typedef struct PatternPlan {
    PatternKind kind;
    uint32_t participant;    /* whose value; of absent INDEX_NONE */
    Program *value;          /* of trends, and the condition of modal ones, over the participant's view alone (as view
                                0); NULL for the others */
    Program *condition;      /* edges: bool, as of a threshold */
    uint64_t absent;         /* absent: a bit per participant that must not come */
    uint32_t run;            /* `run N`; 0 = the whole set */
    double by;               /* `by P %`: P / 100 */
} PatternPlan;

typedef enum DerivePort { PORT_MAIN, PORT_OTHERWISE, PORT_ELSE, PORT_ERROR } DerivePort;

typedef struct DerivePlan {
    uint32_t type;           /* event type derived */
    DerivePort port;
    Program **values;        /* per attribute of the type; NULL = null */
    Program *when;           /* NULL = always */
    Program *time;           /* `$time:`; NULL = as SEMANTICS A.1 */
} DerivePlan;

/* `update`, `delete`. */
typedef struct WritePlan {
    uint32_t table;
    bool remove;             /* delete */
    bool at_once;            /* the agent is keyed by the table's key, and sees its own writes before others do */
    Program *keys[2];        /* one per key of the table */
    Program **values;        /* per column; NULL = not named */
} WritePlan;

typedef enum EmitKind { EMIT_IMMEDIATELY, EMIT_AT_CLOSE, EMIT_ON_CHANGE, EMIT_EVERY } EmitKind;

typedef struct EmitPlan {
    EmitKind kind;
    int64_t every;           /* ns */
    bool inclusive;
} EmitPlan;

typedef struct QuietPlan {
    int64_t duration;        /* ns; 0 = none */
    bool after_last;
    Program *per;            /* NULL = per partition */
} QuietPlan;

typedef struct Policies {
    PolicyValue evaluate, match, consume, order, evidence;
    uint32_t evaluate_on;    /* participant */
    uint32_t match_at_most;
    uint32_t evidence_last;
    PolicyValue *pick;       /* per step of a sequence */
    uint32_t *pick_order;    /* steps in the order in which they are compared */
} Policies;

typedef struct AgentPlan {
    Text name, note;
    AgentKind kind;
    uint8_t hash[16];        /* its definition and all that feeds it */
    uint32_t nevents;
    Participant *participants;
    uint32_t nparticipants;
    ViewPlan *views;
    uint32_t nviews;
    InputPlan *inputs;
    uint32_t ninputs;
    ContextStep *contexts;
    uint32_t ncontexts;
    EnrichPlan *enriches;
    uint32_t nenriches;
    Program *split;          /* `for each`: the list; its items are OP_ITEM; NULL = none */
    AggregatePlan *aggregates; /* over events, or over the rows of `combine` */
    uint32_t naggregates;
    PatternPlan pattern;     /* pattern */
    Program *condition;      /* threshold: the Boolean over aggregates; reads VIEW_LATEST views; pattern: its `where` */
    StepPlan *steps;         /* sequence */
    uint32_t nsteps;
    ConjunctPlan *conjuncts; /* of the pattern's where, sequence */
    uint32_t nconjuncts;
    int64_t within;          /* of a sequence, ns; 0 = none */
    bool within_inclusive;
    ExpectPlan expect;
    DerivePlan *derives;
    uint32_t nderives;
    WritePlan *writes;       /* of each match, or answer to an `expect` in time */
    uint32_t nwrites;
    EmitPlan emit;           /* aggregate */
    QuietPlan quiet;
    Policies policies;
    Text bound;              /* what bounds its state, in words, for `cep explain` */
    Text file;               /* where it stands */
    uint32_t line;
} AgentPlan;

/* ── The network ── */

typedef enum LatePolicy { LATE_DIVERT, LATE_DROP, LATE_CORRECT } LatePolicy;

typedef struct Plan {
    Arena arena;
    Text network;
    uint8_t version[16];     /* hash of the whole network */
    bool by_detection;       /* `time detection`: detection time orders events */
    int64_t lateness;
    int64_t idle_after;      /* 0 = never */
    LatePolicy late;
    EventType *types;
    uint32_t ntypes;
    TablePlan *tables;
    uint32_t ntables;
    ProducerPlan *producers;
    uint32_t nproducers;
    ConsumerPlan *consumers;
    uint32_t nconsumers;
    AgentPlan *agents;
    uint32_t nagents;
    bool writes;             /* some agent writes a table: one event a batch */
    struct Regex *regexes;   /* all that its programs use; made by plan_regex, freed by plan_free */
} Plan;

/* Finds by name; INDEX_NONE if there is none. */
uint32_t plan_type(const Plan *plan, Text name);
uint32_t plan_table(const Plan *plan, Text name);
uint32_t plan_agent(const Plan *plan, Text name);

/* The words of enum values, as the rule language and `cep explain` print them. */
const char *agent_kind_word(AgentKind kind);
const char *context_kind_word(ContextKind kind);
const char *aggregate_word(AggregateKind kind);
const char *pattern_word(PatternKind kind);
const char *policy_word(PolicyValue value);
const char *severity_word(Severity severity);

/* Compiles a regex that lives as long as the plan; NULL and a message if the pattern is refused: see regex_new. */
struct Regex *plan_regex(Plan *plan, Text pattern, Text flags, char *error, size_t error_size, uint32_t *error_offset);

void plan_free(Plan *plan); /* the plan stands in its own arena */

#endif
