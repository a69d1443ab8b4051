/* Consumers: the event types that each takes, directly or through a channel, with its condition for each of them. */
#include "rules/lower.h"

static void add_source(Lowering *lowering, const AstConsumer *ast, const ModelEvent *event, ConsumerPlan *consumer)
{
    for (uint32_t i = 0; i < consumer->nsources; i++)
        if (consumer->sources[i].type == event->index)
            return;
    consumer->sources = arena_grow(lowering->arena, consumer->sources, consumer->nsources, sizeof *consumer->sources);
    ConsumerSource *source = &consumer->sources[consumer->nsources++];
    *source = (ConsumerSource){.type = event->index};
    if (!ast->where.condition)
        return;
    Conjunct condition = {ast->where.condition, ast->where.without_unknowns, {0}};
    LowerScope scope = {.lowering = lowering, .event = event, .received = event, .computed = true};
    source->where = lower_conjunction(&scope, &condition, 1);
}

/* An event and those that extend it. */
static void add_family(Lowering *lowering, const AstConsumer *ast, const ModelEvent *event, ConsumerPlan *consumer)
{
    add_source(lowering, ast, event, consumer);
    for (uint32_t i = 0; i < event->ndescendants; i++)
        add_source(lowering, ast, event->descendants[i], consumer);
}

static void lower_consumer(Lowering *lowering, const ModelConsumer *model, ConsumerPlan *consumer)
{
    const AstConsumer *ast = model->declaration->consumer;
    Text uri = ast->uri.value, format = ast->format.text;
    bool file = uri.len > 5 && memcmp(uri.p, "file:", 5) == 0;
    *consumer = (ConsumerPlan){.name = arena_text(lowering->arena, model->declaration->name.text),
                               .cloudevents = text_is_c(format, "cloudevents")};
    if (!file)
        lower_refuse(lowering, ast->uri.span, "write \"file:…\"", "a consumer that writes to `%.*s` does not run yet", TEXT_ARGS(uri));
    else
        consumer->path = arena_text(lowering->arena, (Text){uri.p + 5, uri.len - 5});
    if (format.len && !consumer->cloudevents && !text_is_c(format, "json"))
        lower_refuse(lowering, ast->format.span, "write `format json` or `format cloudevents`",
                     "the format `%.*s` of a consumer does not run yet", TEXT_ARGS(format));
    for (uint32_t i = 0; i < ast->source_count; i++) {
        const ModelSource *source = &model->sources[i];
        const ModelChannel *channel = source->channel;
        if (source->errors.len)
            lower_refuse(lowering, ast->sources[i].span, "`cep run --errors FILE` writes what was rejected",
                         "a consumer of `%.*s` does not run yet", TEXT_ARGS(source->errors));
        else if (source->event)
            add_family(lowering, ast, source->event, consumer);
        for (uint32_t k = 0; channel && k < channel->declaration->channel->type_count; k++)
            add_family(lowering, ast, channel->types[k], consumer);
    }
}

void lower_consumers(Lowering *lowering)
{
    const Model *model = lowering->model;
    Plan *plan = lowering->plan;
    plan->nconsumers = model->nconsumers;
    plan->consumers = ARENA_ARRAY(lowering->arena, ConsumerPlan, model->nconsumers);
    for (uint32_t i = 0; i < model->nconsumers; i++)
        lower_consumer(lowering, model->consumers[i], &plan->consumers[i]);
}
