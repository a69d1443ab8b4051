/* The network: who feeds whom.
 *
 *   agent ──derives──► event type ──heard by──► agent         zero delay, unless the agent waits for a timer
 *   agent ──updates──► table ──────read by────► agent
 *
 * Event types and tables are nodes of the graph too, so that 5,000 agents that derive one type and 5,000 that
 * hear it are 10,000 edges. Agents that are strongly connected (Tarjan) without delay are an error, unless the
 * cycle goes only through tables by whose key all its agents are keyed: such a table has a second node, fed by
 * the keyed writers, that only the other readers hear. What remains is sorted topologically, agents without an
 * order between them as declared. An agent does not see its own events: where one derives what it hears, it
 * hears the other derivers directly. */
#include <stdlib.h>

#include "rules/check.h"

#define APPEND(check, list, n, item) \
    ((list) = arena_grow((check)->arena, (list), (n), sizeof *(list)), (list)[(n)++] = (item))

typedef struct Node {
    uint32_t *to;            /* without delay */
    uint32_t n;
    Text name;
    uint32_t index, low, component;
    bool on_stack;
} Node;

/* What an agent does with tables. */
typedef struct TableUse {
    uint32_t *reads;
    uint32_t nreads;
    bool reads_keyed;        /* every read is by the agent's context key */
    bool writes_keyed;
} TableUse;

/* Nodes: agents, then event types, then tables, then the second nodes of the tables. */
typedef struct Network {
    Checker *check;
    Model *model;
    TableUse *uses;
    Node *nodes;
    uint32_t n;
    uint32_t *stack;
    uint32_t depth, next, components;
} Network;

/* ---- tables that an agent reads -------------------------------------------------------------------- */

typedef struct Reading {
    Network *network;
    const ModelAgent *agent;
    TableUse *use;
    Names functions; /* those looked into */
} Reading;

/* Whether an expression is a key of the agent's context: context.key.k, or the attribute that `by` names. */
static bool is_key(const ModelAgent *agent, const Expr *expr)
{
    while (expr->kind == EXPR_NAME && expr->ref == REF_LET && expr->note)
        expr = ((const ModelLet *)expr->note)->value;
    if (expr->kind != EXPR_MEMBER)
        return false;
    if (expr->ref == REF_CONTEXT_KEY)
        return true;
    if (expr->ref != REF_ATTRIBUTE)
        return false;
    const ModelAccess *access = expr->note;
    if (!access || !access->alias->nevents || access->attribute == INDEX_NONE)
        return false;
    for (uint32_t i = 0; i < agent->nsteps; i++)
        for (uint32_t k = 0; k < agent->steps[i].nkeys; k++)
            for (uint32_t n = 0; n < agent->ninputs; n++) {
                const Expr *key = agent->steps[i].keys[k].exprs[n];
                if (key && agent->inputs[n].event == access->alias->events[0] &&
                    (key->ref == REF_BARE_ATTRIBUTE || key->ref == REF_EVENT_ATTRIBUTE) &&
                    text_is(((const ModelAttribute *)key->note)->name, access->alias->attributes[access->attribute].name))
                    return true;
            }
    return false;
}

static void read_table(Reading *reading, const ModelTable *table, Expr *const *keys, uint32_t n)
{
    TableUse *use = reading->use;
    bool keyed = n > 0;
    for (uint32_t i = 0; i < n; i++)
        keyed &= keys[i] && is_key(reading->agent, keys[i]);
    use->reads_keyed &= keyed;
    for (uint32_t i = 0; i < use->nreads; i++)
        if (use->reads[i] == table->index)
            return;
    APPEND(reading->network->check, use->reads, use->nreads, table->index);
}

static void read_expr(Expr *expr, void *context)
{
    Reading *reading = context;
    if (expr->kind == EXPR_INDEX && expr->ref == REF_ROW && expr->note)
        read_table(reading, expr->note, expr->args, expr->arg_count);
    else if (expr->kind == EXPR_IN && expr->ref == REF_IN_TABLE && expr->note)
        read_table(reading, expr->note, expr->a->kind == EXPR_TUPLE ? expr->a->args : &expr->a,
                   expr->a->kind == EXPR_TUPLE ? expr->a->arg_count : 1);
    else if (expr->kind == EXPR_MEMBER && expr->ref == REF_WHOLE_COLUMN && expr->note)
        read_table(reading, ((ModelAttribute *)expr->note)->table, NULL, 0);
    else if (expr->kind == EXPR_CALL && expr->ref == REF_USER_FUNCTION && expr->note) {
        const ModelFunction *function = expr->note;
        if (!names_add(&reading->functions, reading->network->check->arena, function->name, expr->span, reading))
            expr_walk(function->body, read_expr, reading);
    }
}

static void read_pattern(const AstPattern *pattern, Reading *reading)
{
    if (pattern->shape.note)
        read_table(reading, ((ModelAttribute *)pattern->shape.note)->table, NULL, 0);
    expr_walk(pattern->expr, read_expr, reading);
    for (uint32_t i = 0; i < pattern->child_count; i++)
        read_pattern(pattern->children[i], reading);
}

static void agent_reads(Network *network, ModelAgent *agent, TableUse *use)
{
    const AstAgent *ast = agent->ast;
    Reading reading = {.network = network, .agent = agent, .use = use};
    use->reads_keyed = use->writes_keyed = agent->keyed;
    for (uint32_t i = 0; i < agent->naliases; i++)
        expr_walk(agent->aliases[i]->where.condition, read_expr, &reading);
    for (uint32_t i = 0; i < agent->nlets; i++)
        expr_walk(agent->lets[i].value, read_expr, &reading);
    for (uint32_t i = 0; i < ast->enrich_count; i++) {
        const ModelEnrich *enrich = &agent->enriches[i];
        if (enrich->table)
            read_table(&reading, enrich->table, enrich->keys, enrich->keys[0] ? enrich->table->nkeys : 0);
    }
    for (uint32_t i = 0; i < agent->nsteps; i++) {
        const ModelStep *step = &agent->steps[i];
        for (uint32_t k = 0; step->conditions && k < agent->ninputs; k++)
            expr_walk(step->conditions[k], read_expr, &reading);
        if (step->table)
            read_table(&reading, step->table, NULL, 0);
    }
    if (ast->detect) {
        expr_walk(ast->detect->condition, read_expr, &reading);
        expr_walk(ast->detect->where.condition, read_expr, &reading);
        if (ast->detect->pattern)
            read_pattern(ast->detect->pattern, &reading);
    }
    if (ast->join)
        expr_walk(ast->join->where.condition, read_expr, &reading);
    for (uint32_t i = 0; i < ast->derive_count; i++) {
        for (uint32_t k = 0; k < ast->derives[i].fields.n; k++)
            expr_walk(ast->derives[i].fields.items[k].value, read_expr, &reading);
        expr_walk(ast->derives[i].when, read_expr, &reading);
    }
    for (uint32_t i = 0; i < ast->write_count; i++) {
        const ModelWrite *write = &agent->writes[i];
        for (uint32_t k = 0; k < ast->writes[i].fields.n; k++)
            expr_walk(ast->writes[i].fields.items[k].value, read_expr, &reading);
        for (uint32_t k = 0; write->table && k < write->table->nkeys; k++)
            use->writes_keyed &= write->keys[k] && is_key(agent, write->keys[k]);
    }
}

/* ---- edges ----------------------------------------------------------------------------------------- */

/* Whether what the agent derives at the close of its context comes by a timer, never by an event. */
static bool closes_by_timer(const ModelAgent *agent)
{
    for (uint32_t i = 0; i < agent->nsteps; i++) {
        const AstContextStep *step = agent->steps[i].ast;
        switch (step->kind) {
        case AST_CONTEXT_BY: case AST_CONTEXT_FIXED: case AST_CONTEXT_SLIDING: case AST_CONTEXT_SESSION: case AST_CONTEXT_BANDS:
            if (step->limit.set)
                return false;
            break;
        case AST_CONTEXT_FROM:
            if (step->closes.n || step->limit.set)
                return false;
            break;
        default:
            return false;
        }
    }
    return agent->closes;
}

bool pattern_ends_by_timer(const AstPattern *pattern)
{
    switch (pattern->kind) {
    case AST_PATTERN_STAYS:
        return true;
    case AST_PATTERN_SEQUENCE: {
        const AstPattern *last = pattern->child_count ? pattern->children[pattern->child_count - 1] : NULL;
        return last && (last->kind == AST_PATTERN_WAIT || (last->kind == AST_PATTERN_NOT && last->duration));
    }
    default:
        return false;
    }
}

static bool derive_is_delayed(const ModelAgent *agent, const AstDerive *derive)
{
    const AstAgent *ast = agent->ast;
    const AstPolicies *p = &ast->policies;
    if (derive && (derive->kind == AST_DERIVE_ELSE || derive->kind == AST_DERIVE_ON_ERROR))
        return false;
    if (derive && derive->kind == AST_DERIVE_OTHERWISE)
        return true;
    if (ast->detect) {
        bool at_close = p->evaluate.set ? p->evaluate.value == AST_EVALUATE_AT_CLOSE
                                        : ast->detect->pattern && pattern_defers(ast->detect->pattern);
        return (at_close && closes_by_timer(agent)) || (ast->detect->pattern && pattern_ends_by_timer(ast->detect->pattern));
    }
    if (agent->kind != AGENT_AGGREGATE)
        return ast->sort != NULL;
    if (ast->emit)
        return ast->emit->kind == AST_EMIT_EVERY || (ast->emit->kind == AST_EMIT_AT_CLOSE && closes_by_timer(agent));
    return closes_by_timer(agent);
}

static void edge_add(Network *network, uint32_t from, uint32_t to)
{
    Node *node = &network->nodes[from];
    APPEND(network->check, node->to, node->n, to);
}

static bool hears(const ModelAgent *agent, const ModelEvent *event)
{
    for (uint32_t i = 0; i < agent->ninputs; i++)
        if (agent->inputs[i].event == event)
            return true;
    return false;
}

/* Of each event type: the only agent that derives it at once and hears it. */
typedef struct Echo {
    uint32_t agent, n;
} Echo;

static bool of_model(const Model *model, const ModelEvent *event)
{
    return event && event->index < model->nevents && model->events[event->index] == event;
}

static bool derives_now(const ModelAgent *agent, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++) /* once for each event type */
        if (agent->derives[k].event == agent->derives[i].event && !derive_is_delayed(agent, &agent->ast->derives[k]))
            return false;
    return !derive_is_delayed(agent, &agent->ast->derives[i]);
}

static void event_edges(Network *network)
{
    Model *model = network->model;
    uint32_t first = model->nagents;
    Echo *echoes = ARENA_ARRAY(network->check->arena, Echo, model->nevents);
    for (uint32_t i = 0; i < model->nagents; i++)
        for (uint32_t k = 0; !model->agents[i]->placement && k < model->agents[i]->ast->derive_count; k++) {
            const ModelEvent *event = model->agents[i]->derives[k].event;
            if (!of_model(model, event) || !derives_now(model->agents[i], k))
                continue;
            edge_add(network, i, first + event->index);
            if (hears(model->agents[i], event)) {
                echoes[event->index].agent = i;
                echoes[event->index].n++;
            }
        }
    for (uint32_t i = 0; i < model->nagents; i++) {
        const ModelAgent *agent = model->agents[i];
        for (uint32_t k = 0; k < agent->ninputs; k++) {
            const ModelEvent *event = agent->inputs[k].event;
            if (!of_model(model, event))
                continue;
            const Echo *echo = &echoes[event->index];
            if (echo->n != 1 || echo->agent != i) {
                edge_add(network, first + event->index, i);
                continue;
            }
            for (uint32_t a = 0; a < model->nagents; a++) {
                const ModelAgent *other = model->agents[a];
                for (uint32_t d = 0; a != i && !other->placement && d < other->ast->derive_count; d++)
                    if (other->derives[d].event == event && derives_now(other, d))
                        edge_add(network, a, i);
            }
        }
    }
}

static void table_edges(Network *network)
{
    Model *model = network->model;
    uint32_t tables = model->nagents + model->nevents, keyed = tables + model->ntables;
    for (uint32_t i = 0; i < model->nagents; i++) {
        ModelAgent *agent = model->agents[i];
        TableUse *use = &network->uses[i];
        if (agent->placement)
            continue;
        agent_reads(network, agent, use);
        for (uint32_t k = 0; k < use->nreads; k++) {
            if (use->reads[k] >= model->ntables)
                continue;
            edge_add(network, tables + use->reads[k], i);
            if (!use->reads_keyed)
                edge_add(network, keyed + use->reads[k], i);
        }
        for (uint32_t k = 0; k < agent->ast->write_count && !derive_is_delayed(agent, NULL); k++) {
            const ModelTable *table = agent->writes[k].table;
            if (table && table->index < model->ntables && model->tables[table->index] == table)
                edge_add(network, i, (use->writes_keyed ? keyed : tables) + table->index);
        }
    }
}

static void graph_make(Network *network)
{
    Model *model = network->model;
    Arena *arena = network->check->arena;
    network->n = model->nagents + model->nevents + 2 * model->ntables;
    network->nodes = ARENA_ARRAY(arena, Node, network->n);
    network->stack = ARENA_ARRAY(arena, uint32_t, network->n);
    network->uses = ARENA_ARRAY(arena, TableUse, model->nagents);
    uint32_t n = 0;
    for (uint32_t i = 0; i < model->nagents; i++)
        network->nodes[n++].name = model->agents[i]->name;
    for (uint32_t i = 0; i < model->nevents; i++)
        network->nodes[n++].name = model->events[i]->name;
    for (uint32_t twice = 0; twice < 2; twice++)
        for (uint32_t i = 0; i < model->ntables; i++)
            network->nodes[n++].name = model->tables[i]->name;
    event_edges(network);
    table_edges(network);
}

/* ---- cycles ---------------------------------------------------------------------------------------- */

typedef struct Visit {
    uint32_t node, edge;
} Visit;

/* Tarjan's algorithm with a stack of its own: chains of agents may be long. */
static void components(Network *network, uint32_t root)
{
    Checker *check = network->check;
    Visit *visits = NULL;
    uint32_t n = 0;
    APPEND(check, visits, n, ((Visit){root, 0}));
    while (n) {
        Visit *visit = &visits[n - 1];
        Node *node = &network->nodes[visit->node];
        if (!node->index) {
            node->index = node->low = ++network->next;
            network->stack[network->depth++] = visit->node;
            node->on_stack = true;
        }
        if (visit->edge < node->n) {
            uint32_t next = node->to[visit->edge++];
            Node *to = &network->nodes[next];
            if (!to->index)
                APPEND(check, visits, n, ((Visit){next, 0}));
            else if (to->on_stack && to->index < node->low)
                node->low = to->index;
            continue;
        }
        if (node->low == node->index) {
            uint32_t component = ++network->components, popped;
            do {
                popped = network->stack[--network->depth];
                network->nodes[popped].on_stack = false;
                network->nodes[popped].component = component;
            } while (popped != visit->node);
        }
        n--;
        if (n && node->low < network->nodes[visits[n - 1].node].low)
            network->nodes[visits[n - 1].node].low = node->low;
    }
}

/* The shortest way from an agent back to itself inside its component, without its own events. */
static Text cycle_text(Network *network, uint32_t start)
{
    Arena *arena = network->check->arena;
    uint32_t nagents = network->model->nagents, nevents = network->model->nevents;
    uint32_t *from = ARENA_ARRAY(arena, uint32_t, network->n);
    bool *seen = ARENA_ARRAY(arena, bool, network->n);
    uint32_t *queue = ARENA_ARRAY(arena, uint32_t, network->n + 1);
    uint32_t head = 0, tail = 0, last = UINT32_MAX;
    queue[tail++] = start;
    while (head < tail && last == UINT32_MAX) {
        uint32_t at = queue[head++];
        const Node *node = &network->nodes[at];
        for (uint32_t i = 0; i < node->n && last == UINT32_MAX; i++) {
            uint32_t to = node->to[i];
            bool echo = to == start && at >= nagents && at < nagents + nevents && from[at] == start;
            if (network->nodes[to].component != node->component || echo)
                continue;
            if (to == start) {
                last = at;
            } else if (!seen[to]) {
                seen[to] = true;
                from[to] = at;
                queue[tail++] = to;
            }
        }
    }
    Text text = network->nodes[start].name;
    uint32_t n = 0;
    for (uint32_t at = last; at != UINT32_MAX && at != start && n < 40; at = from[at], n++)
        text = arena_printf(arena, "%.*s → %.*s", TEXT_ARGS(network->nodes[at].name), TEXT_ARGS(text));
    if (last == UINT32_MAX) { /* all ways lead through what the agent itself hears: name the others */
        for (uint32_t i = 0; i < nagents && n < 20; i++)
            if (i != start && network->nodes[i].component == network->nodes[start].component) {
                text = arena_printf(arena, "%.*s, %.*s", TEXT_ARGS(text), TEXT_ARGS(network->nodes[i].name));
                n++;
            }
        return text;
    }
    return arena_printf(arena, "%.*s → %s%.*s", TEXT_ARGS(network->nodes[start].name), n >= 40 ? "… → " : "", TEXT_ARGS(text));
}

static void cycles_check(Network *network)
{
    Model *model = network->model;
    Arena *arena = network->check->arena;
    for (uint32_t i = 0; i < network->n; i++)
        if (!network->nodes[i].index)
            components(network, i);
    uint32_t *agents = ARENA_ARRAY(arena, uint32_t, network->components + 1);
    bool *tables = ARENA_ARRAY(arena, bool, network->components + 1);
    bool *reported = ARENA_ARRAY(arena, bool, network->components + 1);
    for (uint32_t i = 0; i < network->n; i++) {
        agents[network->nodes[i].component] += i < model->nagents;
        tables[network->nodes[i].component] |= i >= model->nagents + model->nevents;
    }
    for (uint32_t i = 0; i < model->nagents; i++) {
        uint32_t component = network->nodes[i].component;
        if (reported[component] || (agents[component] < 2 && !tables[component]))
            continue;
        reported[component] = true;
        Text text = network->check->diagnostics->errors <= DIAGNOSTICS_ERRORS_MAX ? cycle_text(network, i) : model->agents[i]->name;
        diagnostics_hint(diagnostics_add(network->check->diagnostics, DIAGNOSTIC_CYCLE, model->agents[i]->declaration->name.span,
                                         "agents feed one another without delay: %.*s", TEXT_ARGS(text)),
                         "%s", tables[component] ? "key the agents by the key of the table, or put a delay into the cycle"
                                                 : "put a delay into the cycle: `emit at close`, `otherwise`, `not … for`");
    }
}

/* ---- order, writers, reach ------------------------------------------------------------------------- */

/* A heap of nodes that wait for nothing: event types and tables first, then agents as declared. */
typedef struct Ready {
    uint32_t *items;
    uint32_t n, nagents;
} Ready;

static bool before(const Ready *ready, uint32_t a, uint32_t b)
{
    bool a_agent = a < ready->nagents, b_agent = b < ready->nagents;
    return a_agent != b_agent ? b_agent : a < b;
}

static void ready_put(Ready *ready, uint32_t node)
{
    uint32_t at = ready->n++;
    for (; at && before(ready, node, ready->items[(at - 1) / 2]); at = (at - 1) / 2)
        ready->items[at] = ready->items[(at - 1) / 2];
    ready->items[at] = node;
}

static uint32_t ready_take(Ready *ready)
{
    uint32_t first = ready->items[0], last = ready->items[--ready->n], at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < ready->n && before(ready, ready->items[child + 1], ready->items[child]))
            child++;
        if (child >= ready->n || !before(ready, ready->items[child], last))
            break;
        ready->items[at] = ready->items[child];
        at = child;
    }
    ready->items[at] = last;
    return first;
}

/* Kahn's algorithm; where agents wait for one another (after a mistake), any order will do. */
static void order_make(Network *network)
{
    Model *model = network->model;
    Arena *arena = network->check->arena;
    uint32_t n = network->n, placed = 0, stuck = 0;
    uint32_t *waits = ARENA_ARRAY(arena, uint32_t, n);
    bool *done = ARENA_ARRAY(arena, bool, n);
    Ready ready = {ARENA_ARRAY(arena, uint32_t, n + 1), 0, model->nagents};
    model->order = ARENA_ARRAY(arena, ModelAgent *, model->nagents);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < network->nodes[i].n; k++)
            waits[network->nodes[i].to[k]]++;
    for (uint32_t i = 0; i < n; i++)
        if (!waits[i])
            ready_put(&ready, i);
    for (uint32_t left = n; left; left--) {
        if (!ready.n) {
            while (done[stuck] || !waits[stuck])
                stuck++;
            waits[stuck] = 0;
            ready_put(&ready, stuck);
        }
        uint32_t i = ready_take(&ready);
        done[i] = true;
        if (i < model->nagents) {
            model->agents[i]->rank = placed;
            model->order[placed++] = model->agents[i];
        }
        for (uint32_t k = 0; k < network->nodes[i].n; k++) {
            uint32_t to = network->nodes[i].to[k];
            if (!done[to] && waits[to] && --waits[to] == 0)
                ready_put(&ready, to);
        }
    }
}

static void writers_check(Checker *check, Model *model)
{
    const ModelAgent **first = ARENA_ARRAY(check->arena, const ModelAgent *, model->ntables);
    for (uint32_t i = 0; i < model->nagents; i++) {
        ModelAgent *agent = model->agents[i];
        for (uint32_t k = 0; !agent->placement && k < agent->ast->write_count; k++) {
            const ModelTable *table = agent->writes[k].table;
            if (!table || table->ast->shared || table->index >= model->ntables || model->tables[table->index] != table)
                continue;
            if (!first[table->index]) {
                first[table->index] = agent;
            } else if (first[table->index] != agent) {
                diagnostics_note(
                    diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_TABLE_WRITERS, agent->ast->writes[k].table.span,
                                                     "table `%.*s` is also written by agent `%.*s`", TEXT_ARGS(table->name),
                                                     TEXT_ARGS(first[table->index]->name)),
                                     "declare it `shared` if that is meant"),
                    table->declaration->name.span, "the table is declared here");
            }
        }
    }
}

static void own_output(Checker *check, Model *model)
{
    for (uint32_t i = 0; i < model->nagents; i++) {
        const ModelAgent *agent = model->agents[i];
        for (uint32_t k = 0; !agent->placement && k < agent->ast->derive_count; k++) {
            const ModelEvent *event = agent->derives[k].event;
            bool heard = false;
            for (uint32_t n = 0; event && n < agent->ninputs; n++)
                heard |= agent->inputs[n].event == event;
            if (heard)
                diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_OWN_OUTPUT, agent->ast->derives[k].type.span,
                                                 "agent `%.*s` listens to `%.*s` and derives it", TEXT_ARGS(agent->name),
                                                 TEXT_ARGS(event->name)),
                                 "it does not see its own output");
        }
    }
}

/* Where every producer says what it sends, a type that none sends and no agent derives never comes. */
static void reach_check(Checker *check, Model *model)
{
    if (!model->nproducers)
        return;
    for (uint32_t i = 0; i < model->nproducers; i++) {
        const AstProducer *ast = model->producers[i]->declaration->producer;
        if (!ast->type_count && !ast->code_count)
            return;
    }
    for (uint32_t i = 0; i < model->nagents; i++) {
        const ModelAgent *agent = model->agents[i];
        bool reached = agent->placement || !agent->ninputs;
        for (uint32_t k = 0; k < agent->ninputs && !reached; k++) {
            const ModelEvent *event = agent->inputs[k].event;
            reached = event->derived || event->builtin || event->input;
        }
        if (!reached)
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_UNREACHABLE, agent->declaration->name.span,
                                             "no event reaches agent `%.*s`", TEXT_ARGS(agent->name)),
                             "no producer sends `%.*s` and no agent derives it", TEXT_ARGS(agent->inputs[0].event->name));
    }
}

void network_check(Checker *check)
{
    Model *model = check->level->model;
    Network network = {.check = check, .model = model};
    graph_make(&network);
    cycles_check(&network);
    order_make(&network);
    writers_check(check, model);
    own_output(check, model);
    reach_check(check, model);
    for (uint32_t i = 0; i < model->nevents; i++)
        model->events[i]->input |= !model->events[i]->derived;
}
