/* What the files of the engine share: a running agent, its partitions, and one event on its way through it.
 *
 *   interest ─► mail ─► agent_run ─► contexts (level by level) ─► leaf (the agent's kind) ─► derive
 *                          ▲ due timers, merged by order key
 *
 * A partition is a path of nodes, one per level of the context, from the agent's root to a leaf that holds
 * the kind's state:
 *
 *   root ──by card──► node "a1" ──from A to B──► window 1 (leaf: counts, open matches, clocks, …)
 *                                            └─► window 2
 *        └──────────► node "b7" ──► …
 *
 * (node.h.) Nodes, records, timers and the kinds' own cells live in the engine's pool and are named by handles.
 * Inside the agents/ folder only. */
#ifndef AGENTS_AGENT_H
#define AGENTS_AGENT_H

#include "agents/due.h"
#include "agents/engine.h"
#include "agents/wheel.h"
#include "cep/pool.h"

typedef struct Agent Agent;
typedef struct Write Write;

/* One event for one agent, with the roles whose filters it passed. */
typedef struct Mail {
    uint32_t type, row;
    uint32_t input;  /* of the agent's plan */
    uint32_t roles;  /* bit r: passed the filter of roles[r] of that input */
    uint32_t failed; /* bit r: the filter of roles[r] gave an error */
    uint32_t order;  /* position among the batch's inputs; UINT32_MAX for a derived event */
} Mail;

enum { ROLES_MAX = 32 };

/* One event on its way through one agent. */
typedef struct Arrival {
    const Rows *rows;
    uint32_t row;
    const InputPlan *input;
    uint32_t roles;
    uint32_t failed;
    int64_t time;            /* occurrence */
    const OrderKey *key;
    EventId id;
    const Text *key_parts;   /* one encoded part per `by` level, in level order; len 0 = null: no partition */
    uint32_t first_hash;     /* node_hash(root, key_parts[0]) */
} Arrival;

/* ── The levels of an agent's context ── */

/* A step of the plan's context as the engine applies it: neighbouring `by` steps are one level, `last D` and
 * a closing `last N` have become properties of the leaf (Trailing). */
typedef struct Level {
    ContextKind kind;
    const ContextStep *step;  /* of `by`: the first of its steps */
    uint32_t step_index;      /* index in the plan */
    uint32_t part;            /* of `by`: index into Arrival.key_parts */
    uint32_t nkeys, key_first;/* of `by`: InputPlan.keys[key_first …] */
} Level;

/* What a trailing context leaves to the leaf. */
typedef struct Trailing {
    int64_t last;      /* ns; 0 = members do not age */
    bool inclusive;
    uint32_t count;    /* members at most; 0 = any number */
    bool members;      /* members may leave one by one: by age, by count, or as an outer `last N` moves on */
} Trailing;

typedef struct NodeSlot {
    uint32_t hash;
    Handle node;
} NodeSlot;

/* ── Kinds ── */

/* What an agent kind does with a leaf. Functions get handles because nodes' pool may grow; blocks of the pool
 * never move, so a pointer stays good for the call. */
typedef struct KindOps {
    /* Bytes of state in a leaf. Called once. Zeroed bytes must be a valid empty state. */
    uint32_t (*state_size)(const Agent *agent);
    /* An event for this leaf, after the contexts; only roles of participants and of `expect` matter here. */
    void (*event)(Agent *agent, Handle leaf, const Arrival *arrival);
    /* A timer that this kind set; NULL = sets none. */
    void (*timer)(Agent *agent, Handle leaf, const Timer *timer);
    /* The window around the leaf closes: deferred output. NULL = has none. */
    void (*close)(Agent *agent, Handle leaf);
    /* Gives back what the state holds. NULL = holds nothing. */
    void (*release)(Agent *agent, Handle leaf);
    /* The state is as good as new, so the leaf may be forgotten. NULL = always. */
    bool (*blank)(const Agent *agent, Handle leaf);
    /* A timer of the leaf has yet to fire, so the leaf is not idle however long nothing comes. NULL = never. */
    bool (*pending)(const Agent *agent, Handle leaf);
    /* ns without an event after which the state is as good as new; INT64_MAX = never. NULL = never. */
    int64_t (*lasts)(const Agent *agent);
    /* All the mail at once, for an agent without contexts, quiet and state. NULL = event by event. */
    void (*mail)(Agent *agent);
    /* Asks for the memory beside the leaf that an event will need. NULL = there is none. */
    void (*prefetch)(const Agent *agent, Handle leaf);
    /* Sets up Agent.own. NULL = needs nothing. */
    void (*init)(Agent *agent);
} KindOps;

#define X(name, word, runs, what) extern const KindOps KIND_##name;
#include "cep/agents.def"
#undef X

/* What a context kind does with a node of the level before its own. */
typedef struct ContextOps {
    uint32_t size;  /* bytes that its nodes hold beside their header: a Window, a Counter, nothing */
    bool windows;   /* that is a Window: its nodes open and close */
    bool calendar;  /* windows that do not depend on events: what closing one derives belongs to its last instant */
    /* Hands the event on to the nodes of this level below parent. */
    void (*route)(Agent *agent, uint32_t level, Handle parent, const Arrival *arrival);
    /* A timer of one of its windows. NULL = sets none. */
    void (*timer)(Agent *agent, Handle node, const Timer *timer);
    /* The parent was made (or the engine's time began): opens what is open without any event. May be NULL. */
    void (*begin)(Agent *agent, uint32_t level, Handle parent, int64_t now);
} ContextOps;

/* ── A running agent ── */

typedef struct Quiet Quiet;

/* What every event touches comes first: of ten thousand agents each is cold when its turn comes. */
struct Agent {
    const AgentPlan *plan;
    Engine *engine;
    const KindOps *kind;
    uint32_t index;
    ShareHow how;
    uint32_t nmail, mail_first, mail_last; /* a chain of letters */
    Mail *mail;               /* the same as an array, while the agent runs */
    uint32_t nlevels, nparts; /* of which kind `by` */
    bool by_column;           /* a kind with `mail` gets the mail at once */
    bool reads_context;       /* some program does */
    bool narrows;             /* some `on … where` reads the partition, and is tested there */
    bool terminals;           /* with state, and something to say of events that are no participants */
    bool reads_time;          /* some program of a derive or enrichment calls now() */
    uint16_t leaf_level;      /* the level whose nodes are leaves; NODE_ROOT: the root is the only one */
    uint32_t leaf_state;      /* byte offset of the kind's state in a leaf */
    Handle root;
    bool counts;              /* a `last N events` stands before other members of the context */
    bool ending;              /* agent_close: nothing more comes */
    uint64_t number;          /* of the event at hand in it */
    View *views;              /* plan->nviews, set up for each evaluation */
    Quiet *quiet;
    void *own;                /* the kind's own data about the agent, from the engine's arena */
    Due due;

    /* The trigger of what is being derived: an event or a timer. */
    OrderKey cause;
    EventId cause_id;         /* zero for a timer */
    uint32_t outputs;         /* derived from this cause so far */
    Occasion occasion;        /* what is being handled: of `for each` the item that is derived from */
    uint64_t serial;          /* counts arrivals, windows, … of this agent */
    DueEntry timer;           /* of those that fired at the instant the one with the greatest key */
    uint32_t timer_nth;       /* of its key */
    uint32_t timer_strays;    /* that fired behind one with a greater key */
    EngineStats stats;

    Level *levels;
    Trailing trailing;
    uint32_t *window_offset;  /* per level: of the Window in a node; 0 = none */
    uint32_t *node_size;      /* per level: bytes before the key; [nlevels] is the root */
    NodeSlot *table;          /* `by` nodes: open addressing, found by parent and part */
    uint32_t table_room, table_count, sweep;
    int64_t forget_after;     /* ns without an event after which a key's state is as good as none */

    Cell *aggregates;         /* plan->naggregates, their values for the evaluation at hand */
    uint8_t *aggregate_states;
    Cell *context;            /* ContextField → value, if any program reads it */
    uint8_t *context_states;
};

/* A mail on its way: chained per agent, so that ten thousand agents share one warm array. */
typedef struct Letter {
    Mail mail;
    uint32_t next;
} Letter;

/* The rows of a type on their way to its readers: once all that derive it have run. An agent that reads what it
 * derives itself, its echo, does not see its own: it gets the rows before it runs, the others after. */
typedef struct Posting {
    uint32_t after;   /* the last agent that adds rows; UINT32_MAX = none */
    bool read;        /* there is a reader */
    bool pending;     /* there are rows */
} Posting;

struct Engine {
    const Plan *plan;
    Memory *memory;
    Table *const *tables;
    EngineOptions options;
    Sink sink;
    Arena arena;              /* as long as the engine */
    Arena scratch;            /* as long as one evaluation or one batch step */
    Arena held;               /* of an input that waits while timers run */
    Pool pool;
    Wheel wheel;
    Machine *machine;
    Batch batch;
    Agent *agents;
    struct Interest *interest;
    Letter *letters;          /* of this batch */
    uint32_t nletters, letters_room;
    uint64_t *active;         /* bit per agent: has mail or due timers */
    Posting *postings;        /* [type] to all readers but its echo, [ntypes + type] to its echo */
    uint32_t *pending;        /* indexes of postings that are due */
    uint32_t npending;
    uint32_t **positions;     /* per type: of each input row in the batch's order; NULL = its own index */
    uint32_t *ninputs;        /* per type: rows of the batch that are inputs; behind them stand those derived here */
    Write *writes, **writes_end; /* the log: write.h */
    uint64_t id_seed;         /* from the network's name */
    int64_t now;              /* time reached */
    int64_t frontier;         /* of the batch at hand: timers up to here belong to it */
    bool started;
    EngineStats stats;
};

/* ── engine.c ── */
/* Rows of the type were added to the batch, by an agent or (UINT32_MAX) as inputs: they are to be posted. */
void engine_pending(Engine *engine, uint32_t type, uint32_t agent);
/* Whether the engine runs an agent of the plan. */
bool engine_has(const Engine *engine, uint32_t agent);
/* Whether an agent derives events of a type. */
bool agent_derives(const Plan *plan, uint32_t agent, uint32_t type);

/* ── agent.c ── */
void agent_init(Engine *engine, Agent *agent, uint32_t index);
void agent_fini(Agent *agent);
/* Processes the mail and the due timers up to the frontier, merged by order key. */
void agent_run(Agent *agent);
/* Begins a trigger: what is derived from now on is derived from it. */
void agent_trigger(Agent *agent, OrderKey cause, EventId id);
/* The trigger is the closing of a leaf: of one by a timer of several, each is a trigger of its own. */
void agent_trigger_close(Agent *agent, Handle leaf);
/* Hands a timer that fires to the context, the kind or `quiet` that set it. */
void agent_timer(Agent *agent, const Timer *timer);
/* Opens the windows of a level that exist without events; for level 0 once, when time begins. */
void agent_begin(Agent *agent, uint32_t level, Handle parent, int64_t now);
/* What a context kind does. */
const ContextOps *context_ops(ContextKind kind);
/* Closes every window now. */
void agent_close(Agent *agent);
/* Hands the event to the next level, or to the kind if node is a leaf. */
void agent_descend(Agent *agent, Handle node, const Arrival *arrival);
void agent_activate(Agent *agent);
/* Asks for the plan of an agent that will run soon. */
void agent_prefetch(const Agent *agent);
/* Reports that an evaluation failed. */
void agent_reject(Agent *agent, const char *reason, Text detail, const Rows *rows, uint32_t row);

/* Whether the close of a window has an output that needs no event: aggregates and thresholds. */
bool agent_speaks_at_close(const AgentPlan *plan);
/* Whether windows of a level are to be opened though nothing has come into them: nothing before them in the context
 * asks for a key, and the agent has something to say at their close. */
bool agent_keeps_empty(const Agent *agent, uint32_t level);
/* The event's next role of a kind toward a step of the context, behind `last`, which is NULL at first; NULL if there
 * is no more. */
const RolePlan *arrival_role(const Arrival *arrival, RoleKind kind, uint32_t step, const RolePlan *last);
/* Whether the event belongs to the partition stream or opens a window: what makes partitions exist. */
bool arrival_is_seen(const Arrival *arrival);
/* Whether the event is a participant, or one that `expect` waits for: what windows count. */
bool arrival_takes_part(const Arrival *arrival);

#endif
