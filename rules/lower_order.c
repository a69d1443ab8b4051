/* The order of agents in the plan: behind all that feed them, else as declared.
 *
 *   agent ──derives──► event type ──is heard by──► agent
 *
 * Event types are nodes of the graph, so that a thousand agents that derive what a thousand hear are two thousand
 * edges. An agent does not see its own output: where it hears what it derives, the others that derive it lead to it
 * directly. Kahn's algorithm; of the agents that are ready the first declared comes first.
 *
 * The checker refuses cycles without delay; one through a timer has no topological order either, and is refused
 * here: it does not run yet. `quiet` derives cep.Suppressed. */
#include "rules/lower.h"

enum { ECHOES_MAX = 16 }; /* agents that hear what they derive, of one event type, for which edges are made */

typedef struct Edge {
    uint32_t from, to;
} Edge;

typedef struct Graph {
    Lowering *lowering;
    const ModelEvent *suppressed; /* what `quiet` derives */
    uint32_t nagents, n; /* agents, then event types */
    Edge *edges;
    uint32_t nedges;
    uint32_t *first, *to; /* edges by their start: to[first[i] … first[i + 1]) */
    uint32_t *waits;      /* edges into a node whose start is not placed yet */
    bool *placed;
    uint32_t *heap;       /* agents that are ready, the first declared on top */
    uint32_t nheap;
} Graph;

static void edge_add(Graph *graph, uint32_t from, uint32_t to)
{
    graph->edges = arena_grow(graph->lowering->scratch, graph->edges, graph->nedges, sizeof *graph->edges);
    graph->edges[graph->nedges++] = (Edge){from, to};
}

/* ── Edges ── */

static bool derives(const ModelAgent *agent, const ModelEvent *event)
{
    for (uint32_t i = 0; i < agent->ast->derive_count; i++)
        if (agent->derives[i].event == event)
            return true;
    return agent->ast->quiet && text_is_c(event->name, "cep.Suppressed");
}

static void edges_from(Graph *graph, const ModelAgent *agent)
{
    for (uint32_t i = 0; i < agent->ast->derive_count; i++) {
        const ModelEvent *event = agent->derives[i].event;
        bool again = false;
        for (uint32_t k = 0; k < i; k++)
            again |= agent->derives[k].event == event;
        if (!again)
            edge_add(graph, agent->index, graph->nagents + event->index);
    }
    if (agent->ast->quiet && graph->suppressed)
        edge_add(graph, agent->index, graph->nagents + graph->suppressed->index);
}

/* echoes[type]: how many agents hear what they derive. */
static void edges_to(Graph *graph, const ModelAgent *agent, uint32_t *echoes, Edge **echo, uint32_t *necho)
{
    for (uint32_t i = 0; i < agent->ninputs; i++) {
        const ModelEvent *event = agent->inputs[i].event;
        if (!derives(agent, event)) {
            edge_add(graph, graph->nagents + event->index, agent->index);
        } else if (echoes[event->index]++ < ECHOES_MAX) {
            *echo = arena_grow(graph->lowering->scratch, *echo, *necho, sizeof **echo);
            (*echo)[(*necho)++] = (Edge){graph->nagents + event->index, agent->index};
        }
    }
}

/* An edge from each other agent that derives what an agent both hears and derives. */
static void edges_past_echoes(Graph *graph, const Edge *echo, uint32_t necho)
{
    uint32_t n = graph->nedges;
    uint32_t *last = ARENA_ARRAY(graph->lowering->scratch, uint32_t, graph->n); /* edge into a node, + 1 */
    uint32_t *before = ARENA_ARRAY(graph->lowering->scratch, uint32_t, n);      /* the one before it */
    for (uint32_t i = 0; i < n; i++) {
        before[i] = last[graph->edges[i].to];
        last[graph->edges[i].to] = i + 1;
    }
    for (uint32_t e = 0; e < necho; e++)
        for (uint32_t i = last[echo[e].from]; i; i = before[i - 1])
            if (graph->edges[i - 1].from != echo[e].to)
                edge_add(graph, graph->edges[i - 1].from, echo[e].to);
}

static void edges_make(Graph *graph)
{
    const Model *model = graph->lowering->model;
    uint32_t *echoes = ARENA_ARRAY(graph->lowering->scratch, uint32_t, model->nevents);
    Edge *echo = NULL;
    uint32_t necho = 0;
    for (uint32_t i = 0; i < model->nevents; i++)
        if (model->events[i]->builtin && text_is_c(model->events[i]->name, "cep.Suppressed"))
            graph->suppressed = model->events[i];
    for (uint32_t i = 0; i < model->nagents; i++)
        if (!model->agents[i]->placement) {
            edges_from(graph, model->agents[i]);
            edges_to(graph, model->agents[i], echoes, &echo, &necho);
        }
    if (necho)
        edges_past_echoes(graph, echo, necho);
}

static void edges_sort(Graph *graph)
{
    Arena *scratch = graph->lowering->scratch;
    graph->first = ARENA_ARRAY(scratch, uint32_t, graph->n + 2);
    graph->to = ARENA_ARRAY(scratch, uint32_t, graph->nedges);
    graph->waits = ARENA_ARRAY(scratch, uint32_t, graph->n);
    for (uint32_t i = 0; i < graph->nedges; i++)
        graph->first[graph->edges[i].from + 2]++;
    for (uint32_t i = 2; i < graph->n + 2; i++)
        graph->first[i] += graph->first[i - 1];
    for (uint32_t i = 0; i < graph->nedges; i++) {
        graph->to[graph->first[graph->edges[i].from + 1]++] = graph->edges[i].to;
        graph->waits[graph->edges[i].to]++;
    }
}

/* ── The heap ── */

static void heap_push(Graph *graph, uint32_t agent)
{
    uint32_t i = graph->nheap++;
    for (; i && graph->heap[(i - 1) / 2] > agent; i = (i - 1) / 2)
        graph->heap[i] = graph->heap[(i - 1) / 2];
    graph->heap[i] = agent;
}

static uint32_t heap_pop(Graph *graph)
{
    uint32_t top = graph->heap[0], last = graph->heap[--graph->nheap], i = 0;
    for (uint32_t child; (child = 2 * i + 1) < graph->nheap; i = child) {
        child += child + 1 < graph->nheap && graph->heap[child + 1] < graph->heap[child];
        if (graph->heap[child] >= last)
            break;
        graph->heap[i] = graph->heap[child];
    }
    graph->heap[i] = last;
    return top;
}

/* ── The order ── */

static void arrive(Graph *graph, uint32_t node);

static void leave(Graph *graph, uint32_t node)
{
    graph->placed[node] = true;
    for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
        if (--graph->waits[graph->to[i]] == 0)
            arrive(graph, graph->to[i]);
}

/* A node waits for nothing any more. Event types lead to agents only, so this nests no further than once. */
static void arrive(Graph *graph, uint32_t node)
{
    if (graph->placed[node])
        return;
    if (node < graph->nagents)
        heap_push(graph, node);
    else
        leave(graph, node);
}

/* An agent of a cycle in front of one that cannot be placed: backwards from it, until a node comes again. */
static uint32_t cycle_member(const Graph *graph, uint32_t node)
{
    uint32_t *before = ARENA_ARRAY(graph->lowering->scratch, uint32_t, graph->n);
    bool *seen = ARENA_ARRAY(graph->lowering->scratch, bool, graph->n);
    for (uint32_t i = 0; i < graph->nedges; i++)
        if (!graph->placed[graph->edges[i].from])
            before[graph->edges[i].to] = graph->edges[i].from;
    for (; !seen[node] || node >= graph->nagents; node = before[node])
        seen[node] = true;
    return node;
}

static void cycle_refuse(Lowering *lowering, const ModelAgent *agent)
{
    lower_refuse(lowering, agent->declaration->name.span, "send the events out and feed them in again as inputs",
                 "a cycle of agents through a timer does not run yet: `%.*s` is fed by what it derives", TEXT_ARGS(agent->name));
}

const ModelAgent **lower_order(Lowering *lowering)
{
    const Model *model = lowering->model;
    Arena *scratch = lowering->scratch;
    Graph graph = {.lowering = lowering, .nagents = model->nagents, .n = model->nagents + model->nevents};
    edges_make(&graph);
    edges_sort(&graph);
    graph.placed = ARENA_ARRAY(scratch, bool, graph.n);
    graph.heap = ARENA_ARRAY(scratch, uint32_t, graph.nagents);
    const ModelAgent **order = ARENA_ARRAY(scratch, const ModelAgent *, model->nagents);
    bool *waiting = ARENA_ARRAY(scratch, bool, graph.n), refused = false;
    for (uint32_t i = 0; i < graph.n; i++)
        waiting[i] = graph.waits[i] > 0;
    for (uint32_t i = 0; i < graph.n; i++)
        if (!waiting[i])
            arrive(&graph, i);
    for (uint32_t placed = 0, next = 0; placed < model->nagents; placed++) {
        while (!graph.nheap) { /* what is left stands in cycles or behind them */
            uint32_t agent = model->order[next++]->index;
            if (graph.placed[agent])
                continue;
            if (!refused)
                cycle_refuse(lowering, model->agents[cycle_member(&graph, agent)]);
            refused = true;
            heap_push(&graph, agent);
        }
        uint32_t agent = heap_pop(&graph);
        order[placed] = model->agents[agent];
        leave(&graph, agent);
    }
    return order;
}
