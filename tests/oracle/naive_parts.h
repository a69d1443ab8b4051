/* What the files of the naive matcher share.
 *
 *   naive.c           the network: one event or timer after another, through the agents in topological order
 *   naive_context.c   partitions (E)
 *   naive_due.c       timers (0.3)
 *   naive_stateless.c filter, translate, project, enrich (B.1 to B.4)
 *   naive_set.c       aggregates and thresholds (B.6, C.2)
 *   naive_sequence.c  candidates, pick, consume (K.1 to K.3)
 *   naive_expect.c    clocks (K.5)
 *   naive_derive.c    outputs, evidence, quiet (B.9, K.9)
 *   naive_value.c     expressions (K.13)
 *   naive_function.c  operators and functions
 *   naive_key.c       order keys, and what ids stand for
 *   naive_ingest.c    what becomes of lines, and their order (K.7); naive_ingest.h
 */
#ifndef TESTS_ORACLE_NAIVE_PARTS_H
#define TESTS_ORACLE_NAIVE_PARTS_H

#include "tests/oracle/naive.h"

/* Where the documents leave a choice open, or the lead has not decided yet: what is taken here. */
enum {
    OPEN_SEEN_BY_PARTICIPANTS = 0, /* E.9: a key is seen in a fixed window by events that pass their `where`; 0 = by any on its line */
    OPEN_LATEST_STAYS = 0,         /* K.6: an alias whose events have left `last D` still is the latest of them; 0 = null */
    OPEN_STATELESS_ALL_ALIASES = 0, /* several `on` lines of one type: one output, every alias bound; 0 = those whose `where` holds */
    OPEN_CAUSES_BY_ROLE = 0,         /* C.0: an event that is two participants is listed twice; 0 = once */
    OPEN_INITIATOR_MAKES_NO_KEY = 0, /* E.9: `from A a …, by k`: the opener's key is no partition until a participant comes; 0 = it is */
    OPEN_FIRST_TICK_LATER = 0,       /* `emit every D inclusive`, first event at a tick: the next one is the first; 0 = that one */
    OPEN_LAST_COUNTS_ASSIGNED = 0,   /* E.9: `last N events, by k`: events without key do not count; 0 = they do */
    OPEN_ELSE_HIDDEN_BY_ROLE = 0,    /* an event that opens a window and fails its `where` takes no `else`; 0 = it does */
    OPEN_COUNT_ALL_HEARD = 0,        /* E.2: `at most N events` counts every event that is heard; 0 = participants and the opener */
    OPEN_ON_NEEDS_NEWEST = 0,        /* 0.4: `evaluate on a` of a sequence reports only sets with the newest event; 0 = those with an event since the last evaluation */
    OPEN_ORDER_BY_KEY = 1,           /* D.5: the steps of a sequence are ordered by order key; 0 = by occurrence time */
    OPEN_SET_WITH_ROLES = 1,         /* K.3: the same events in other roles are another set; 0 = they are the same */
};

typedef struct Scope Scope;

/* What an agent is doing something because of: an event that arrives, or a timer. Outputs are numbered per cause. */
typedef struct Cause {
    NaiveKey key;
    int64_t now;             /* logical time */
    const NaiveEvent *event; /* NULL = a timer */
    uint32_t outputs;
} Cause;

/* One event among the participants of a partition. */
typedef struct Member {
    const NaiveEvent *event;
    uint64_t roles; /* bit p: it is participant p */
    bool gone;      /* consumed */
} Member;

/* The events that stand for one participant, in order. */
typedef struct Bound {
    const NaiveEvent **items;
    uint32_t n;
} Bound;

/* A running `expect`. */
typedef struct Clock {
    const NaiveEvent *on;
    uint32_t participant;
    int64_t deadline;
    uint64_t serial;
    bool done;
} Clock;

/* Matching sets that were reported: the events in pattern order. */
typedef struct Reported {
    const NaiveEvent **items;
    uint32_t n;
    const Bound *bound; /* by participant */
} Reported;

/* A partition, or a part of one: what the first `level` steps of the agent's context make of an event. */
struct Scope {
    Scope *up;
    uint32_t level;
    uint64_t serial; /* order of creation */
    bool closed;
    Scope **children;
    uint32_t nchildren;
    /* by */
    uint32_t nkeys; /* all keys from the root down to here */
    NaiveValue *keys;
    TypeKind *key_types;
    int64_t touched;  /* of a `by`: when the last event came by */
    /* fixed, interval */
    bool window;
    int64_t start, end; /* of an interval its expiry; TIME_NONE = none */
    const NaiveEvent *opener;
    uint32_t opener_participant;
    int64_t last_event; /* of an interval */
    uint64_t set, idle_set; /* of an interval: when its timers were set, in the order of serials */
    uint32_t count;     /* of an interval, sliding: events towards `at most N events`; of each: counted events */
    bool full;          /* of sliding: closed by its number of events */
    uint64_t counted;   /* above windows of each: counted events so far */
    /* last: the participants that came by, in order */
    const NaiveEvent **seen;
    uint32_t nseen;
    /* a leaf, level == ncontexts */
    Member *members;
    uint32_t nmembers;
    bool held, run_reported; /* of edges: it was true; of runs: this one was */
    const NaiveEvent **latest; /* by participant: the latest of it that ever came */
    uint64_t matches;
    Reported *reported;
    uint32_t nreported;
    uint32_t evaluated; /* `evaluate on`: the members there were at the last evaluation */
    Clock *clocks;
    uint32_t nclocks;
    NaiveValue **emitted; /* `emit on change`: by derive, the values of the last output */
    int64_t next_emit;    /* `emit every`; TIME_NONE = not running */
    uint64_t tick_set;    /* … and when it was set */
};

/* K.9: an alert type of an agent and a key. */
typedef struct Silence {
    uint32_t type;
    const Scope *scope; /* of `per` nothing … */
    NaiveValue per;     /* … or this */
    Scope *key;         /* the partition, or as if the value of `per` were its key */
    int64_t until;
    uint64_t suppressed;
    bool over;          /* its time has come */
    int64_t due;        /* … which is at `until`, or now if that is past */
    uint32_t due_kind;
    uint64_t set;       /* in the order of serials */
} Silence;

/* How many timers of one partition fired at one instant. A window that all keys share has one timer. */
typedef struct Tally {
    NaiveKey key;
    uint32_t fired;
    int64_t shared; /* the number of that timer; −1 = it has not fired */
} Tally;

struct NaiveAgent {
    const AgentPlan *plan;
    Tally *tallies;
    uint32_t ntallies;
    uint32_t index;
    Scope *root;
    Silence *silences;
    uint32_t nsilences;
};

/* What programs see. */
typedef struct Look {
    const Naive *naive;
    const AgentPlan *agent;
    const Scope *scope;
    int64_t now;
    const NaiveEvent *self; /* view 0 is this event alone; NULL = the agent's views */
    const Shape *self_shape;
    const Bound *bound;   /* by participant */
    const uint32_t *rows; /* by participant: the row of a table; ROW_NONE = none */
    const NaiveValue *aggregates;
} Look;

/* naive_key.c */
int naive_key_compare(const NaiveKey *a, const NaiveKey *b);
/* D.5: by occurrence time, ties by the order key. */
int naive_event_compare(const NaiveEvent *a, const NaiveEvent *b);
/* The keys of a partition as a person reads them, with commas between. */
Text naive_key_words(Naive *naive, const Scope *scope);

/* naive_value.c */
NaiveValue naive_value(const Program *program, const Look *look);
/* naive_function.c: an instruction all of whose operands are present. */
NaiveValue naive_operate(Naive *naive, const Instruction *step, const NaiveValue *regs);
/* K.13: takes unknown as not true. NULL is true. */
bool naive_holds(const Program *program, const Look *look);
bool naive_same(TypeKind type, NaiveValue a, NaiveValue b);
/* The row of a table by its key, or ROW_NONE. */
uint32_t naive_find(const Naive *naive, uint32_t table, const NaiveValue *key);

/* naive_context.c */
Scope **naive_children(Naive *naive, const Scope *scope); /* a copy of the list */
/* Partition keys: numbers by value, texts by length and then by bytes (key.h). */
int naive_keys_compare(const Scope *a, const Scope *b);
int naive_scope_compare(const void *a, const void *b); /* of Scope *: from the root down by key, or as the windows opened */
/* Appends the open partitions at or below a scope to a list of n; returns how many there are now. */
uint32_t naive_leaves(Naive *naive, const AgentPlan *plan, Scope *scope, Scope ***list, uint32_t n);
/* Ends partitions; time is that of what is derived. */
void naive_scope_close(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time, Cause *cause, bool deferred);
void naive_scope_remove(Scope *scope); /* from its parent's list */
/* The time of what a window derives that closes when it is due; of a partition the earliest of its windows. */
int64_t naive_closing_time(const AgentPlan *plan, const Scope *scope, int64_t due);
int64_t naive_scope_end(const AgentPlan *plan, const Scope *window);
Scope *naive_fixed_open(Naive *naive, Scope *scope, int64_t start, int64_t end);
Scope *naive_fixed_at(const Scope *scope, int64_t start);
/* One event on its way down. */
typedef struct Walk {
    const NaiveEvent *event;
    const InputPlan *input;
    uint64_t passed;  /* bit r: the filter of input->roles[r] holds */
    bool on;          /* its type stands on an `on` line: K.1, the partition stream */
    bool participant; /* and it passes the `where` there */
    bool opened;      /* it passed the opener of an interval higher up */
    Cause *cause;
} Walk;
void naive_visit(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk);
/* E.9: whether the event makes a partition below a scope. */
bool naive_makes(const NaiveAgent *agent, const Scope *scope, const Walk *walk);
void naive_deliver(Naive *naive, NaiveAgent *agent, const NaiveEvent *event, Cause *cause);

/* naive_windows.c: the windows that need no keys and no closing event. */
void naive_sliding(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk);
void naive_each(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk);
void naive_session(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk);
/* The sliding windows that hold an instant or, in a gap, the next one come to be without an event. */
void naive_sliding_exist(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time);
void naive_bands(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk);
Scope *naive_band(Naive *naive, NaiveAgent *agent, Scope *scope, uint32_t band); /* made if it is not there */
void naive_while(Naive *naive, NaiveAgent *agent, Scope *scope, Walk *walk);

/* naive_due.c */
/* The next thing that is due in an agent. */
typedef struct Due {
    NaiveAgent *agent;
    Scope *scope;
    Clock *clock;   /* NULL = the scope closes or emits */
    bool emits;
    Silence *silence; /* NULL = none of it */
    const Scope *owner; /* the partition that it is ordered by: none, of a window that all keys share */
    int64_t time;
    uint32_t kind;  /* ORDER_TIMER or ORDER_TIMER_INCLUSIVE */
    uint64_t serial;
    uint64_t behind; /* asked for: serials above it */
} Due;
void naive_due_add(Due *first, const Due *due);
void naive_due(Naive *naive, NaiveAgent *agent, Due *first);
/* The same among windows and clocks that were set behind a serial. */
void naive_due_behind(Naive *naive, NaiveAgent *agent, uint64_t serial, Due *first);
void naive_fire(Naive *naive, const Due *due, Cause *cause);
void naive_close_all(Naive *naive, NaiveAgent *agent);
/* Whether windows of an agent exist without events; and what then exists below a scope. */
bool naive_exists(const AgentPlan *plan);
void naive_exist(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time);
/* The same when time begins. */
void naive_begin(Naive *naive, NaiveAgent *agent, int64_t time);

/* naive_context.c again */
Scope *naive_scope_new(Naive *naive, Scope *up);
/* The participants that are in the partition now: in range of `last`, not consumed unless gone is asked for. */
uint32_t naive_live(Naive *naive, const AgentPlan *plan, const Scope *scope, int64_t at, bool gone, Member **live);
/* The window of the innermost `fixed` or `from`; NULL if there is none. */
const Scope *naive_window(const Scope *scope);

/* By agent kind: an event for a leaf, with the roles it passed (bit p: participant p), and the close of one. */
void naive_stateless_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, Cause *cause);
void naive_set_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, uint64_t roles, Cause *cause);
void naive_set_close(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time, Cause *cause);
void naive_pattern_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, uint64_t roles, Cause *cause);
void naive_pattern(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t at, int64_t time, Cause *cause);
void naive_member_add(Naive *naive, const AgentPlan *plan, Scope *scope, const NaiveEvent *event, uint64_t roles);
bool naive_spent(const AgentPlan *plan, const Scope *scope);
void naive_set_tick(Naive *naive, NaiveAgent *agent, Scope *scope, Cause *cause);
void naive_sequence_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, uint64_t roles, Cause *cause);
void naive_sequence_close(Naive *naive, NaiveAgent *agent, Scope *scope, int64_t time, Cause *cause);
void naive_expect_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, uint64_t roles, Cause *cause);
void naive_expect_due(Naive *naive, NaiveAgent *agent, Scope *scope, Clock *clock, Cause *cause);

/* The roles of an event whose filters it passes, bit r by InputPlan.roles; NULL input = it is not heard. */
const InputPlan *naive_input(const AgentPlan *plan, uint32_t type);
NaiveValue naive_role(const Naive *naive, const AgentPlan *plan, const RolePlan *role, const NaiveEvent *event, int64_t now);

/* naive_derive.c */
typedef struct Match {
    const Scope *scope;
    Bound *bound;               /* by participant */
    const NaiveEvent **events;  /* the causes, in order */
    uint32_t n;
    int64_t time;               /* occurrence of what is derived */
} Match;

/* C.0: all that is in the partition. */
Match naive_whole_set(Naive *naive, const AgentPlan *plan, const Scope *scope, int64_t at, int64_t time);
/* One Bound per participant, all empty. */
Bound *naive_bounds(Naive *naive, const AgentPlan *plan);
void naive_bound_add(Naive *naive, Bound *bound, const NaiveEvent *event);
/* C.2, B.6: all aggregates of the agent over the bound events. */
NaiveValue *naive_aggregates(Naive *naive, const AgentPlan *plan, const Bound *bound, const Scope *scope, int64_t now);
/* What came of a port. */
typedef struct Derived {
    uint32_t n;      /* whose `when` held */
    bool unknown;    /* some `when` was unknown or an error */
    bool dropped;    /* `or drop` */
} Derived;
Derived naive_derive(Naive *naive, NaiveAgent *agent, const Match *match, DerivePort port, Cause *cause);
/* K.9: the time of a silence is over. */
void naive_silence_due(Naive *naive, NaiveAgent *agent, Silence *silence, Cause *cause);

#endif
