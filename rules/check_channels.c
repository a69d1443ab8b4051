/* Producers, channels, consumers: their event types, and the attributes that routes and conditions name. */
#include "rules/check.h"

static ModelEvent **types_of(Checker *check, const Path *types, uint32_t n)
{
    ModelEvent **events = ARENA_ARRAY(check->arena, ModelEvent *, n);
    Names seen = {0};
    for (uint32_t i = 0; i < n; i++) {
        events[i] = check_event(check, &types[i]);
        NameEntry *first = names_add(&seen, check->arena, path_text(check, &types[i]), types[i].span, events);
        if (first && events[i])
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, types[i].span,
                                             "`%.*s` is named twice", TEXT_ARGS(events[i]->name)),
                             first->span, "the first stands here");
    }
    return events;
}

/* An event with what all of several have in common, for bare attributes; NULL if there is none of them. */
static ModelEvent *common_event(Checker *check, ModelEvent **events, uint32_t n)
{
    ModelAlias alias = {.events = ARENA_ARRAY(check->arena, ModelEvent *, n + 1)};
    for (uint32_t i = 0; i < n; i++)
        if (events[i])
            alias.events[alias.nevents++] = events[i];
    if (alias.nevents <= 1)
        return alias.nevents ? alias.events[0] : NULL;
    alias_commons(check, &alias);
    ModelEvent *event = ARENA_NEW(check->arena, ModelEvent);
    *event = *alias.events[0];
    event->attributes = ARENA_ARRAY(check->arena, ModelAttribute *, alias.nattributes);
    event->nattributes = alias.nattributes;
    for (uint32_t i = 0; i < alias.nattributes; i++)
        event->attributes[i] = alias.attributes[i].of[0];
    return event;
}

static void path_check(Checker *check, const Scope *scope, const Path *path)
{
    if (path->n && scope->event)
        expr_final(check, scope, expr_of_path(check, path));
}

static void producer_check(Checker *check, ModelProducer *producer)
{
    const AstProducer *ast = producer->declaration->producer;
    producer->types = types_of(check, ast->types, ast->type_count);
    producer->code_types = ARENA_ARRAY(check->arena, ModelEvent *, ast->code_count);
    Names seen = {0};
    for (uint32_t i = 0; i < ast->code_count; i++) {
        const AstTypeCode *code = &ast->codes[i];
        producer->code_types[i] = check_event(check, &code->type);
        Text text = code->is_text ? code->text : arena_printf(check->arena, "%lld", (long long)code->integer);
        NameEntry *first = names_add(&seen, check->arena, text, code->code_span, producer);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, code->code_span,
                                             "`%.*s` stands for two event types", TEXT_ARGS(text)),
                             first->span, "the first stands here");
    }
    for (uint32_t i = 0; i < ast->type_count; i++)
        if (producer->types[i])
            producer->types[i]->input = true;
    for (uint32_t i = 0; i < ast->code_count; i++)
        if (producer->code_types[i])
            producer->code_types[i]->input = true;
}

static void channel_check(Checker *check, ModelChannel *channel)
{
    const AstChannel *ast = channel->declaration->channel;
    channel->types = types_of(check, ast->types, ast->type_count);
    Scope scope = {.event = common_event(check, channel->types, ast->type_count), .place = "a route",
                   .aggregates = "a route is taken for one event"};
    for (uint32_t i = 0; i < ast->route_where.n && scope.event; i++)
        expr_condition(check, &scope, ast->route_where.items[i].value, "a route");
    path_check(check, &scope, &ast->route_path);
    expr_duration(check, ast->keep);
    if (ast->spill)
        expr_final(check, &scope, ast->spill);
}

static void consumer_check(Checker *check, ModelConsumer *consumer)
{
    const AstConsumer *ast = consumer->declaration->consumer;
    consumer->sources = ARENA_ARRAY(check->arena, ModelSource, ast->source_count);
    ModelEvent **events = NULL;
    uint32_t nevents = 0;
    bool whole = true;
    for (uint32_t i = 0; i < ast->source_count; i++) {
        ModelSource *source = &consumer->sources[i];
        Text name = path_text(check, &ast->sources[i]);
        source->channel = check_look(check, SPACE_CHANNEL, name);
        if (!source->channel && !check_look(check, SPACE_EVENT, name) && ast->sources[i].n == 1) {
            check_near_names(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_CHANNEL, ast->sources[i].span,
                                                    "`%.*s` is neither a channel nor an event type", TEXT_ARGS(name)),
                             name, &check->level->spaces[SPACE_CHANNEL]);
            whole = false;
            continue;
        }
        if (!source->channel)
            source->event = check_event(check, &ast->sources[i]);
        if (source->event && source->event->builtin && source->event->name.p[0] != 'c')
            source->errors = source->event->name;
        uint32_t n = source->channel ? source->channel->declaration->channel->type_count : 1;
        for (uint32_t k = 0; k < n; k++) {
            ModelEvent *event = source->channel ? source->channel->types[k] : source->event;
            whole &= event != NULL;
            events = arena_grow(check->arena, events, nevents, sizeof *events);
            events[nevents++] = event;
        }
    }
    if (!ast->where.condition || !whole)
        return;
    Scope scope = {.event = common_event(check, events, nevents), .severity = true, .place = "the `where` of a consumer",
                   .aggregates = "a consumer looks at one event"};
    Where where = ast->where;
    where_check(check, &scope, &where, "`where`");
}



void channels_check(Checker *check)
{
    Model *model = check->level->model;
    for (uint32_t i = 0; i < model->nproducers; i++)
        producer_check(check, model->producers[i]);
    for (uint32_t i = 0; i < model->nchannels; i++)
        channel_check(check, model->channels[i]);
    for (uint32_t i = 0; i < model->nconsumers; i++)
        consumer_check(check, model->consumers[i]);
}
