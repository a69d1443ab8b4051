/* The whole network: the parts in order, the agents topologically, the clock, and what stands around them. */
#include "rules/lower.h"

static void refuse_declaration(Lowering *lowering, const Declaration *declaration)
{
    Span span = declaration->name.text.len ? declaration->name.span : declaration->span;
    switch (declaration->kind) {
    case DECLARATION_NETWORK:
        if (declaration->network->nested)
            lower_refuse(lowering, span, "write its agents in the file's network", "a nested network does not run yet");
        break;
    case DECLARATION_CHANNEL: {
        AstRoute route = declaration->channel->route;
        if (route != AST_ROUTE_UNSET && route != AST_ROUTE_FIXED && route != AST_ROUTE_TYPE)
            lower_refuse(lowering, span, "consumers choose with `where`", "a channel with this route does not run yet");
        break;
    }
    case DECLARATION_METRIC:
        if (declaration->metric->kind != AST_METRIC_SPHERE && lowering->space)
            lower_refuse(lowering, span, "`metric sphere` is the default", "`metric %s` does not run yet",
                         declaration->metric->kind == AST_METRIC_WGS84 ? "wgs84" : "plane");
        break;
    default:
        break;
    }
}

static void lower_clock(Lowering *lowering)
{
    const AstClock *clock = lowering->model->clock;
    Plan *plan = lowering->plan;
    if (!clock)
        return;
    plan->by_detection = clock->detection;
    if (clock->lateness)
        plan->lateness = lower_duration(lowering, clock->lateness);
    if (clock->idle_after)
        plan->idle_after = lower_duration(lowering, clock->idle_after);
    if (clock->late == AST_LATE_CORRECT)
        lower_refuse(lowering, clock->late_span, "write `late drop` or `late divert`", "`late correct` does not run yet");
    plan->late = clock->late == AST_LATE_DROP ? LATE_DROP : LATE_DIVERT;
}

void lower_network(Lowering *lowering)
{
    const Model *model = lowering->model;
    Plan *plan = lowering->plan;
    plan->network = arena_text(lowering->arena, model->network);
    lower_clock(lowering);
    lower_context_names(lowering);
    lower_events(lowering);
    lower_tables(lowering);
    lower_producers(lowering);
    lower_consumers(lowering);
    plan->nagents = model->nagents;
    plan->agents = ARENA_ARRAY(lowering->arena, AgentPlan, model->nagents);
    lowering->agent_depends = ARENA_ARRAY(lowering->scratch, Depends, model->nagents);
    lowering->order = lower_order(lowering);
    for (uint32_t i = 0; i < model->nagents; i++) {
        lowering->depends = &lowering->agent_depends[i];
        lower_agent(lowering, lowering->order[i], &plan->agents[i]);
    }
    lowering->depends = NULL;
    for (uint32_t i = 0; i < lowering->module->n; i++)
        refuse_declaration(lowering, lowering->module->declarations[i]);
}
