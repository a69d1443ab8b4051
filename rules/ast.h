/* AST: what a rule file says, as the parser read it. Nothing is resolved and nothing is defaulted.
 *
 * Every node lies in the arena of its file and carries the Span it was read from; literals and names keep
 * the text as written. Lists are plain arrays with a count, in written order. An optional part that is not
 * written is NULL, a count of 0, `set` = false, or the 0 of its enumeration, as its line says.
 *
 * The parser bounds the depth of every tree to AST_DEPTH_MAX, so walking one recursively is safe.
 *
 * `type`, `note` and `ref` are reserved for the checker: the parser leaves them 0.
 *
 *   AstModule ── AstFile ── Declaration ─┬─ AstEvent ── AstAttribute ── WrittenType, Expr
 *                                     ├─ AstContext ── AstContextStep ── AstNamedEvent, AstShape
 *                                     ├─ AstAgent ── AstOn, AstEnrich, AstDetect ── AstPattern, AstDerive, …
 *                                     └─ AstTest ── AstStatement
 *
 * Durations (D of the grammar) and distances (L) are Exprs: EXPR_QUANTITY of the right dimension, or
 * EXPR_NAME of a param. Counts (N) are AstCount. */
#ifndef RULES_AST_H
#define RULES_AST_H

#include "rules/source.h"

enum {
    AST_NESTING_MAX = 256, /* brackets within brackets */
    AST_DEPTH_MAX = 1024,  /* nodes from the root of an expression to its deepest leaf: `a + b + c + …` */
};

struct Type;

typedef struct Expr Expr;
typedef struct AstPattern AstPattern;
typedef struct WrittenType WrittenType;
typedef struct Declaration Declaration;

/* ---- names ---------------------------------------------------------------------------------------- */

typedef struct Name {
    Text text;   /* without back-ticks; a header has its `$`: "$time"; empty = not written */
    Span span;
    bool quoted; /* stood in back-ticks */
    bool header; /* is a HEADER: $id $type $source $time … */
} Name;

/* An event type (`cep.Late`), an attribute (`place.city`), a channel. At least one part. */
typedef struct Path {
    Name *parts;
    uint32_t n;
    Span span;
    void *note;
    uint32_t ref;
} Path;

typedef struct AstString {
    Text value; /* decoded */
    Span span;
    bool set;
} AstString;

typedef struct AstCount {
    int64_t value;
    Span span;
    bool set;
} AstCount;

/* ---- expressions ---------------------------------------------------------------------------------- */

typedef enum ExprKind {
#define X(kind, text) EXPR_##kind,
#include "rules/expr.def"
#undef X
    EXPR_KIND_COUNT
} ExprKind;

typedef enum Unit { /* the units in the order of the grammar; day and days are one */
    UNIT_NONE,
    UNIT_NS, UNIT_US, UNIT_MS, UNIT_S, UNIT_MIN, UNIT_H, UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_YEAR,
    UNIT_M, UNIT_KM,
    UNIT_KB, UNIT_MB, UNIT_GB, UNIT_TB,
} Unit;

typedef enum Dimension {
    DIMENSION_DURATION, /* total_ns */
    DIMENSION_DISTANCE, /* metres */
    DIMENSION_SIZE,     /* bytes; KB = 1000 */
    DIMENSION_CALENDAR, /* month(s), year(s): only after `every` in a fixed context; see calendar */
} Dimension;

typedef struct QuantityPart {
    Text number; /* as written */
    Unit unit;
    Span span;
} QuantityPart;

typedef struct Quantity {
    Dimension dimension;
    int64_t total_ns; /* 1 day = 24 h, 1 week = 7 days */
    double metres;
    int64_t bytes;
    /* For one whole number of days, weeks, months or years: the unit and how many, else UNIT_NONE. After
     * `every` in a fixed context these are calendar units of the zone. */
    Unit calendar;
    int64_t calendar_count;
    QuantityPart *parts; /* 1 h 30 min has two */
    uint32_t n;
} Quantity;

typedef struct TimeLiteral {
    int64_t time_ns; /* since 1970 UTC; if local: as if the zone were UTC */
    bool local;      /* written without Z or an offset, or a date */
    bool date;       /* @2026-01-31 */
    int32_t year;    /* what is written, before the offset is applied */
    uint8_t month, day, hour, minute, second;
    uint32_t nanosecond;
    int32_t offset_minutes;
} TimeLiteral;

typedef enum Quantifier { QUANTIFIER_NONE, QUANTIFIER_ANY, QUANTIFIER_ALL } Quantifier;

typedef struct Where {
    Expr *condition; /* NULL = not written */
    bool without_unknowns;
    Span span; /* from the word `where` */
} Where;

typedef struct AstField {
    Name name; /* in derive and in tests it may be a header */
    Expr *value;
    Span span;
} AstField;

typedef struct AstFields {
    AstField *items;
    uint32_t n;
    Span span; /* with the braces */
    bool set;  /* false = no braces are written */
} AstFields;

struct Expr {
    ExprKind kind;
    Span span;     /* without the parentheses around it */
    Span outer;    /* with them, if parenthesised */
    Expr *a, *b, *c;
    Expr **args;
    uint32_t arg_count;
    uint16_t depth; /* 1 for a leaf */
    bool parenthesised;
    bool ignoring_case;
    bool negated;
    bool truth;
    Quantifier quantifier;
    Name name;     /* NAME, CALL, MEMBER */
    Text text;     /* literals: as written */
    Text string;   /* STRING, REGEX: decoded */
    Text options;  /* REGEX: the letters behind the second slash */
    int64_t integer;
    double real;
    TimeLiteral *time;
    Quantity *quantity;
    AstFields fields; /* RECORD */
    Where where;      /* of an argument: count(w where w.amount > 10); condition NULL = none */

    struct Type *type;
    void *note;
    uint32_t ref;
};

/* ---- types ---------------------------------------------------------------------------------------- */

typedef enum WrittenTypeKind {
#define X(kind, text) WRITTEN_##kind,
#include "rules/written_type.def"
#undef X
    WRITTEN_TYPE_COUNT
} WrittenTypeKind;

typedef struct WrittenField {
    Name name;
    WrittenType *type;
} WrittenField;

struct WrittenType {
    WrittenTypeKind kind;
    bool optional;        /* `?` */
    Unit time_unit;       /* time in s|ms|us|ns, else UNIT_NONE */
    WrittenType *element; /* list, map */
    WrittenField *fields; /* record */
    uint32_t field_count;
    Span span;
    struct Type *type;
};

/* ---- declarations --------------------------------------------------------------------------------- */

typedef enum DeclarationKind {
#define X(kind, word, member) DECLARATION_##kind,
#include "rules/declaration.def"
#undef X
    DECLARATION_COUNT
} DeclarationKind;

typedef struct AstTerminal {
    bool out; /* else in */
    Name name;
} AstTerminal;

typedef struct AstNetwork {
    bool nested; /* has terminals and declarations of its own; else the name of the file's network */
    AstTerminal *terminals;
    uint32_t terminal_count;
    Declaration *declarations;
    uint32_t declaration_count;
} AstNetwork;

typedef struct AstUse {
    AstString path;
} AstUse;

typedef enum AstLate { AST_LATE_UNSET, AST_LATE_DROP, AST_LATE_DIVERT, AST_LATE_CORRECT } AstLate;

typedef struct AstClock {
    bool detection;   /* time detection, else time occurrence */
    Expr *lateness;   /* D */
    Expr *idle_after; /* D */
    AstLate late;
    Span late_span;
    Expr *correct_for; /* D */
} AstClock;

typedef enum AstMetricKind { AST_METRIC_SPHERE, AST_METRIC_WGS84, AST_METRIC_PLANE } AstMetricKind;

typedef struct AstMetric {
    AstMetricKind kind;
} AstMetric;

typedef struct AstParam {
    WrittenType *type;
    Expr *value; /* NULL = must be given */
} AstParam;

typedef struct AstFunction {
    WrittenField *params;
    uint32_t param_count;
    Expr *body;
} AstFunction;

typedef struct AstAttribute {
    Name name;
    WrittenType *type;
    AstString from;
    Expr *value; /* default, or computed where it reads other attributes; NULL = none */
    Where where;
    Span span;
    void *note;
    uint32_t ref;
} AstAttribute;

typedef enum AstHeaderKind {
    AST_HEADER_TIME,     /* path [sent path2] */
    AST_HEADER_INVALID,  /* invalid */
    AST_HEADER_ID,       /* expr */
    AST_HEADER_SOURCE,   /* path */
    AST_HEADER_CHRONON,  /* expr = D */
    AST_HEADER_RETRACTS, /* types by path */
} AstHeaderKind;

typedef enum AstInvalid { AST_INVALID_FAIL, AST_INVALID_SKIP, AST_INVALID_PREVIOUS } AstInvalid;

typedef struct AstHeader {
    AstHeaderKind kind;
    Span span;
    Path path;
    Path sent; /* n 0 = none */
    Expr *expr;
    AstInvalid invalid;
    Path *types;
    uint32_t type_count;
} AstHeader;

typedef enum AstSeverity {
    AST_SEVERITY_UNSET, AST_SEVERITY_INFO, AST_SEVERITY_LOW, AST_SEVERITY_MEDIUM, AST_SEVERITY_HIGH,
    AST_SEVERITY_CRITICAL,
} AstSeverity;

/* event and alert */
typedef struct AstEvent {
    bool alert;
    AstString wire_name; /* as "…" */
    Path extends;        /* n 0 = none */
    Where extends_where;
    AstSeverity severity; /* alert only, as are tags and remark */
    Span severity_span;
    Expr *tags;           /* EXPR_LIST or NULL */
    AstString remark;     /* note "…" */
    AstAttribute *attributes;
    uint32_t attribute_count;
    AstHeader *headers; /* a body may mix both; the spans tell the written order */
    uint32_t header_count;
    Span body;          /* with the braces */
} AstEvent;

typedef enum AstTableSource {
    AST_TABLE_CSV, AST_TABLE_TSV, AST_TABLE_NDJSON, AST_TABLE_GEOJSON, AST_TABLE_REDIS,
} AstTableSource;

typedef struct AstTable {
    Name *keys;
    uint32_t key_count;
    Expr *history; /* D or NULL */
    bool shared;
    AstTableSource source_kind; /* if source.set */
    AstString source;
    AstAttribute *columns;
    uint32_t column_count;
    Span body;
} AstTable;

typedef struct AstTypeCode {
    bool is_text;
    int64_t integer;
    Text text; /* decoded, if is_text */
    Span code_span;
    Path type;
} AstTypeCode;

typedef struct AstProducer {
    Path *types; /* `of`; 0 = any */
    uint32_t type_count;
    AstString uri;
    Name format;
    AstString type_field;
    AstTypeCode *codes;
    uint32_t code_count;
    Span codes_span; /* with the braces; end 0 = none written */
} AstProducer;

typedef struct AstConsumer {
    Path *sources; /* channels or event types */
    uint32_t source_count;
    Where where;
    AstString uri;
    Name format;
} AstConsumer;

typedef enum AstRoute {
    AST_ROUTE_UNSET, AST_ROUTE_FIXED, AST_ROUTE_TYPE, AST_ROUTE_WHERE, AST_ROUTE_ITINERARY, AST_ROUTE_BY,
} AstRoute;

typedef enum AstDelivery {
    AST_DELIVERY_UNSET, AST_DELIVERY_AT_MOST_ONCE, AST_DELIVERY_AT_LEAST_ONCE, AST_DELIVERY_EXACTLY_ONCE,
} AstDelivery;

typedef enum AstOverflow {
    AST_OVERFLOW_UNSET, AST_OVERFLOW_BLOCK, AST_OVERFLOW_DROP_NEWEST, AST_OVERFLOW_DROP_OLDEST, AST_OVERFLOW_SPILL,
} AstOverflow;

typedef struct AstChannel {
    Path *types;
    uint32_t type_count;
    AstRoute route;
    AstFields route_where; /* TARGET: EXPR */
    Path route_path;       /* itinerary, by */
    AstDelivery delivery;
    AstOverflow overflow;
    Expr *spill; /* EXPR_QUANTITY of a size */
    Expr *keep;  /* D */
    Span route_span, delivery_span, overflow_span, keep_span; /* end 0 = not written */
    Span body;
} AstChannel;

/* ---- contexts ------------------------------------------------------------------------------------- */

/* Type Alias [where]: an event with a name for it. */
typedef struct AstNamedEvent {
    Path type;
    Name alias;
    Where where;
    Span span;
    void *note;
} AstNamedEvent;

typedef struct AstNamedEvents {
    AstNamedEvent *items; /* separated by | */
    uint32_t n;
} AstNamedEvents;

typedef enum AstOrderKind {
    AST_ORDER_UNSET, AST_ORDER_OCCURRENCE, AST_ORDER_DETECTION, AST_ORDER_BY, AST_ORDER_STREAM, /* policy only */
} AstOrderKind;

typedef struct AstOrder {
    AstOrderKind kind;
    Path path; /* BY */
    Span span;
} AstOrder;

typedef enum AstAgain {
    AST_AGAIN_UNSET, AST_AGAIN_ADD, AST_AGAIN_IGNORE, AST_AGAIN_REFRESH, AST_AGAIN_EXTEND,
} AstAgain;

/* Table[key, …].column; without key the whole column: a partition a row. */
typedef struct AstShape {
    Name table;
    Expr **keys;
    uint32_t key_count;
    Name column;
    Span span;
    void *note;
} AstShape;

typedef enum AstRelation {
    AST_RELATION_WITHIN, AST_RELATION_CONTAINS, AST_RELATION_OVERLAPS, AST_RELATION_DISJOINT,
    AST_RELATION_EQUALS, AST_RELATION_TOUCHES,
} AstRelation;

typedef struct AstDistanceBand {
    Name name;
    Expr *from, *to; /* L */
    Span span;
} AstDistanceBand;

typedef enum AstContextKind {
#define X(kind, text) AST_CONTEXT_##kind,
#include "rules/context.def"
#undef X
    AST_CONTEXT_KIND_COUNT
} AstContextKind;

/* One member of a context list. Which members a kind reads stands in context.def. */
typedef struct AstContextStep {
    AstContextKind kind;
    Span span;

    Expr *from_time, *to_time; /* EXPR_TIME */
    Expr *size;                /* D: `for` of fixed, the length of sliding, gap of session, `last D` */
    Expr *every;               /* D */
    AstCount count;            /* N events: each, last */
    AstCount every_count;      /* each … every N */
    AstString zone;

    AstNamedEvents opens; /* from, each, near … to each */
    AstNamedEvents closes; /* to */

    Path path;            /* by: the one attribute; near, location: whose place */
    Path *key_paths;      /* by (a, b) and by a */
    uint32_t key_count;
    Name key_name;        /* by NAME = expr | expr */
    Expr **key_exprs;
    uint32_t key_expr_count;

    AstFields bands;            /* bands { NAME: EXPR … } */
    AstDistanceBand *distance_bands;
    uint32_t distance_band_count;
    Expr *condition;            /* while */
    AstOrderKind condition_at;  /* OCCURRENCE, DETECTION or UNSET */
    AstRelation relation;
    AstShape shape;
    Path at;                    /* near … to each … at PATH */
    Expr *distance_min, *distance_max; /* within L or within L .. L: min NULL if one */
    Name name;                  /* a declared context, `outside NAME` */

    AstOrder order;
    AstCount limit;             /* at most N events */
    Expr *expiry, *expiry_since; /* for at most D [since sum] */
    Expr *idle;                 /* D */
    AstAgain again;
    AstNamedEvents discard;        /* or discard on */
    Span again_span, discard_span;

    void *note;
    uint32_t ref;
} AstContextStep;

typedef struct AstContextSteps {
    AstContextStep *items; /* applied in this order */
    uint32_t n;
} AstContextSteps;

typedef struct AstContext {
    AstContextSteps steps;
} AstContext;

/* ---- patterns ------------------------------------------------------------------------------------- */

typedef enum AstPatternKind {
#define X(kind, word, class) AST_PATTERN_##kind,
#include "rules/pattern.def"
#undef X
    AST_PATTERN_KIND_COUNT
} AstPatternKind;

typedef enum AstStepMode { /* how a step of a sequence takes its event */
    AST_STEP_RELAXED, /* others may lie between */
    AST_STEP_NEXT,
    AST_STEP_FIRST,
    AST_STEP_ANY,
} AstStepMode;

typedef struct AstLoop {
    bool set;
    uint32_t least, most;     /* `+` is 1, UINT32_MAX; `*` 0, UINT32_MAX; `?` 0, 1 */
    char sign;                /* + * ? { as written */
    bool exact;               /* {3}, without a comma */
    bool strict, any, each_length, greedy;
    Name until;
    Span span;
} AstLoop;

typedef enum AstDirection {
    AST_DIRECTION_UNSET, AST_DIRECTION_NORTH, AST_DIRECTION_NE, AST_DIRECTION_EAST, AST_DIRECTION_SE,
    AST_DIRECTION_SOUTH, AST_DIRECTION_SW, AST_DIRECTION_WEST, AST_DIRECTION_NW,
} AstDirection;

typedef enum AstMoving { AST_MOVING_CONSTANT, AST_MOVING_MIXED, AST_MOVING_TOWARD } AstMoving;

/* A pattern or an element of one. Which members a kind reads stands in pattern.def. */
struct AstPattern {
    AstPatternKind kind;
    Span span;

    /* Elements of a level: how this element is taken, repeated and limited. */
    AstStepMode mode;
    AstLoop loop;
    Expr *within;    /* D: within D of NAME; NULL = none */
    Name within_of;
    bool grouped;    /* stood in parentheses */

    Name alias;      /* the participant; of zones the row */
    Name *aliases;   /* NOT, ABSENT */
    uint32_t alias_count;
    AstPattern **children; /* SEQUENCE, ALL, OR; `(a+){2}` is a SEQUENCE of one child */
    uint32_t child_count;
    bool infix;      /* ALL written `a and b` */
    bool next;       /* not next x */
    bool each;       /* not x for D each */
    Expr *duration;  /* D: wait, not … for, stays … for */
    bool inclusive;  /* stays */

    Expr *expr;      /* modal, edges, trends, moving, stationary, `by` of highest and lowest, `at` of zones */
    AstCount count;  /* run N, first N, … */
    Expr *percent;   /* run N by P %: EXPR_INT or EXPR_FLOAT */
    AstCount seed;
    AstShape shape;
    AstMoving moving;
    AstDirection direction;
    Expr *toward;
    Expr *tolerance; /* L */

    void *note;
    uint32_t ref;
};

/* ---- agents --------------------------------------------------------------------------------------- */

typedef struct AstOn {
    Path *types; /* separated by | */
    uint32_t type_count;
    Name alias;
    Where where;
    Span span;
    void *note;
    uint32_t ref;
} AstOn;

typedef struct AstLet {
    Name name;
    Expr *value;
    Span span;
    void *note;
    uint32_t ref;
} AstLet;

typedef enum AstEnrichTake {
    AST_ENRICH_UNSET, AST_ENRICH_FIRST, AST_ENRICH_LAST, AST_ENRICH_EVERY, AST_ENRICH_COMBINE,
} AstEnrichTake;

typedef struct AstEnrich {
    Name table;
    Name alias;
    Expr *key;   /* by EXPR, or */
    Where where;
    Expr *ordered_by;
    bool descending;
    AstEnrichTake take;
    bool or_drop;
    bool as_of_occurrence;
    bool per_match; /* stands behind `detect` or `expect`: looks up once a match */
    Span span;
    void *note;
    uint32_t ref;
} AstEnrich;

typedef enum AstUnmatchedTo { AST_UNMATCHED_DISCARD, AST_UNMATCHED_OUTPUT, AST_UNMATCHED_TERMINAL } AstUnmatchedTo;

typedef struct AstUnmatched {
    bool both;
    Name alias; /* unless both */
    AstUnmatchedTo to;
    Span span;
} AstUnmatched;

typedef struct AstJoin {
    Name *aliases; /* at least two */
    uint32_t alias_count;
    Where where;
    Expr *within; /* D or NULL */
    AstUnmatched *unmatched;
    uint32_t unmatched_count;
    Span span;
} AstJoin;

typedef struct AstSort {
    Expr *by;
    Expr *within; /* D */
    Span span;
} AstSort;

typedef struct AstDetect {
    AstPattern *pattern; /* or */
    Expr *condition;  /* a Boolean */
    Where where;
    Expr *within; /* D or NULL */
    bool inclusive;
    Span span;
} AstDetect;

typedef enum AstMatch { AST_MATCH_EVERY_TIME, AST_MATCH_ONCE, AST_MATCH_ONCE_PER_RUN, AST_MATCH_AT_MOST } AstMatch;

typedef enum AstPick {
    AST_PICK_FIRST, AST_PICK_LAST, AST_PICK_EACH, AST_PICK_NEWEST, AST_PICK_MAX, AST_PICK_MIN,
} AstPick;

typedef struct AstPickItem {
    Name alias; /* empty = all participants */
    AstPick pick;
    Expr *by; /* MAX, MIN */
    Span span;
} AstPickItem;

typedef enum AstConsume {
    AST_CONSUME_MATCHED, AST_CONSUME_NONE, AST_CONSUME_TIMES, AST_CONSUME_EVERYTHING, AST_CONSUME_THROUGH_LAST,
    AST_CONSUME_TO_NEXT, AST_CONSUME_BEFORE, AST_CONSUME_BEFORE_LAST,
} AstConsume;

typedef enum AstEvaluate { AST_EVALUATE_IMMEDIATELY, AST_EVALUATE_AT_CLOSE, AST_EVALUATE_ON } AstEvaluate;

typedef enum AstEvidence { AST_EVIDENCE_LAST, AST_EVIDENCE_ALL, AST_EVIDENCE_NONE } AstEvidence;

/* `set` = written; each at most once. */
typedef struct AstPolicies {
    struct {
        bool set;
        Span span;
        AstMatch value;
        AstCount at_most;
    } match;
    struct {
        bool set;
        Span span;
        AstPickItem *items; /* applied in this order */
        uint32_t n;
    } pick;
    struct {
        bool set;
        Span span;
        AstConsume value;
        AstCount times;
        Name alias; /* before [last] ALIAS */
    } consume;
    struct {
        bool set;
        Span span;
        AstEvaluate value;
        Name alias; /* on ALIAS */
    } evaluate;
    struct {
        bool set;
        Span span;
        AstOrder value;
    } order;
    struct {
        bool set;
        Span span;
        AstEvidence value;
        AstCount count;
    } evidence;
} AstPolicies;

typedef struct AstExpect {
    AstNamedEvents events;
    Expr *within; /* D */
    Expr *since;
    bool inclusive;
    AstAgain again;
    AstNamedEvents discard;
    Span span;
} AstExpect;

typedef struct AstForEach {
    Name alias;
    Expr *list; /* a postfix expression */
    Span span;
} AstForEach;

typedef enum AstCopyKind { AST_COPY_NONE, AST_COPY_ALL, AST_COPY_EXCEPT, AST_COPY_ONLY } AstCopyKind;

typedef enum AstDeriveKind { /* the terminal */
    AST_DERIVE_PLAIN, AST_DERIVE_OTHERWISE, AST_DERIVE_ELSE, AST_DERIVE_ON_ERROR,
} AstDeriveKind;

typedef struct AstDerive {
    AstDeriveKind kind;
    Path type;
    AstFields fields;
    AstCopyKind copy;
    Name copy_from;
    Name *copy_names;
    uint32_t copy_name_count;
    Expr *when;
    Path to; /* n 0 = none */
    Span span;
    void *note;
    uint32_t ref;
} AstDerive;

typedef struct AstWrite { /* update TABLE { … } or delete TABLE by KEY */
    bool delete;
    Name table;
    AstFields fields;
    Expr *key;
    Span span;
    void *note;
} AstWrite;

typedef enum AstEmitKind { AST_EMIT_IMMEDIATELY, AST_EMIT_AT_CLOSE, AST_EMIT_ON_CHANGE, AST_EMIT_EVERY } AstEmitKind;

typedef struct AstEmit {
    AstEmitKind kind;
    Expr *every; /* D */
    bool inclusive;
    Span span;
} AstEmit;

typedef struct AstQuiet {
    Expr *duration; /* D */
    bool after_last;
    Expr *per;
    Span span;
} AstQuiet;

typedef struct AstMapping { /* of a placement: outer -> inner */
    Path from, to;
} AstMapping;

typedef struct AstAgent {
    bool placement; /* agent f1 = Fraud(Payment -> Tx, …): network and mappings, nothing else */
    Path network;
    AstMapping *mappings;
    uint32_t mapping_count;

    AstContextSteps contexts; /* n 0 = none written */
    AstString remark;      /* note "…" */
    AstOn *ons;
    uint32_t on_count;
    AstLet *lets;
    uint32_t let_count;
    AstEnrich *enriches; /* those before and those behind `detect`: see per_match */
    uint32_t enrich_count;
    AstJoin *join;
    AstSort *sort;
    AstDetect *detect;
    AstPolicies policies;
    AstExpect *expect;
    AstForEach *for_each;
    AstDerive *derives; /* of all four kinds, in written order */
    uint32_t derive_count;
    AstWrite *writes;
    uint32_t write_count;
    AstEmit *emit;
    AstQuiet *quiet;
    Span body; /* with the braces */
} AstAgent;

/* ---- tests ---------------------------------------------------------------------------------------- */

typedef enum AstStatementKind {
    AST_STATEMENT_TABLE, AST_STATEMENT_AT, AST_STATEMENT_ADVANCE, AST_STATEMENT_EXPECT, AST_STATEMENT_EXPECT_NOTHING,
    AST_STATEMENT_EXPECT_ERROR, AST_STATEMENT_EXPECT_EXACTLY,
} AstStatementKind;

typedef struct AstExpected {
    Expr *at; /* EXPR_TIME or NULL */
    Path type;
    AstFields fields;
    AstCount times; /* set = false: once */
    Span span;
    void *note;
} AstExpected;

typedef struct AstStatement {
    AstStatementKind kind;
    Span span;
    Name table;       /* TABLE */
    AstFields fields; /* TABLE, AT */
    Expr *time;       /* AT: EXPR_TIME, or */
    Expr *after;      /* AT +D; ADVANCE D */
    Path type;        /* AT */
    AstCount repeat;
    Expr *every;      /* D */
    AstString id;     /* AT … id "x" */
    AstString error;  /* EXPECT_ERROR */
    AstExpected *expected; /* EXPECT: one; EXPECT_EXACTLY: any number */
    uint32_t expected_count;
    void *note;
} AstStatement;

typedef struct AstTest {
    AstString title;
    Name *agents; /* `of`; 0 = all */
    uint32_t agent_count;
    AstFields with; /* params */
    AstStatement *statements;
    uint32_t statement_count;
    Span body;
} AstTest;

/* ---- files ---------------------------------------------------------------------------------------- */

struct Declaration {
    DeclarationKind kind;
    Name name; /* empty for use, clock, metric and test */
    Span span;
    union {
        AstNetwork *network;
        AstUse *use;
        AstClock *clock;
        AstMetric *metric;
        AstParam *param;
        AstFunction *function;
        AstEvent *event; /* EVENT and ALERT */
        AstTable *table;
        AstProducer *producer;
        AstConsumer *consumer;
        AstChannel *channel;
        AstContext *context;
        AstAgent *agent;
        AstTest *test;
    };
    void *note;
    uint32_t ref;
};

typedef struct Comment {
    Span span;     /* from the # to the end of the line, without blanks at the end */
    bool own_line; /* nothing stands before it on its line */
} Comment;

typedef struct AstFile {
    uint32_t file; /* index into Sources */
    Declaration *declarations;
    uint32_t n;
    Comment *comments; /* in written order */
    uint32_t comment_count;
} AstFile;

/* Several files as one list of declarations, in the order the files were added. */
typedef struct AstModule {
    AstFile **files;
    uint32_t file_count;
    Declaration **declarations;
    uint32_t n;
} AstModule;

#endif
