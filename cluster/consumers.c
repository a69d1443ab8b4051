#include "cluster/consumers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cluster/alert_json.h"
#include "cluster/out.h"

struct Consumers {
    const Plan *plan;
    Memory *memory;
    struct Table *const *tables;
    Machine *machine;
    Arena scratch;
    Out *outs; /* one per consumer */
};

static bool open_file(Consumers *consumers, uint32_t i, FILE *messages)
{
    const ConsumerPlan *plan = &consumers->plan->consumers[i];
    const char *path = arena_copy(&consumers->scratch, plan->path.p, plan->path.len);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        fprintf(messages, "cep: consumer `%.*s`: %s: %s\n", TEXT_ARGS(plan->name), path, strerror(errno));
    else
        out_init(&consumers->outs[i], consumers->memory, fd);
    return fd >= 0;
}

Consumers *consumers_open(const Plan *plan, Memory *memory, struct Table *const *tables, FILE *messages)
{
    Consumers *consumers = memory_new(memory, sizeof *consumers);
    *consumers = (Consumers){.plan = plan, .memory = memory, .tables = tables, .machine = machine_new(memory)};
    arena_init(&consumers->scratch, memory);
    consumers->outs = memory_new(memory, plan->nconsumers * sizeof *consumers->outs);
    for (uint32_t i = 0; i < plan->nconsumers; i++)
        if (!open_file(consumers, i, messages)) {
            consumers_close(consumers);
            return NULL;
        }
    return consumers;
}

void consumers_close(Consumers *consumers)
{
    if (!consumers)
        return;
    Memory *memory = consumers->memory;
    uint32_t n = consumers->plan->nconsumers;
    for (uint32_t i = 0; i < n; i++) {
        if (!consumers->outs[i].memory)
            continue;
        out_flush(&consumers->outs[i]);
        close(consumers->outs[i].fd);
        out_fini(&consumers->outs[i]);
    }
    memory_free(memory, consumers->outs, n * sizeof *consumers->outs);
    machine_free(consumers->machine);
    arena_fini(&consumers->scratch);
    memory_free(memory, consumers, sizeof *consumers);
}

bool consumers_want_all(const Consumers *consumers)
{
    for (uint32_t i = 0; i < consumers->plan->nconsumers; i++)
        for (uint32_t k = 0; k < consumers->plan->consumers[i].nsources; k++)
            if (!consumers->plan->types[consumers->plan->consumers[i].sources[k].type].alert)
                return true;
    return false;
}

static bool wants(Consumers *consumers, const ConsumerSource *source, const EventType *type, const Rows *rows, uint32_t row)
{
    if (!source->where)
        return true;
    Surroundings around = {.plan = consumers->plan, .tables = consumers->tables, .now = rows->time[row],
                           .scratch = &consumers->scratch, .machine = consumers->machine};
    View view = {.rows = rows, .column = type->shape.sources[0].column, .row = row};
    Cell value;
    bool wanted = program_value(source->where, &view, &around, &value) == STATE_OK && value.b;
    arena_reset(&consumers->scratch);
    return wanted;
}

void consumers_take(Consumers *consumers, const EventType *type, const Rows *rows, uint32_t row)
{
    uint32_t index = (uint32_t)(type - consumers->plan->types);
    for (uint32_t i = 0; i < consumers->plan->nconsumers; i++) {
        const ConsumerPlan *plan = &consumers->plan->consumers[i];
        for (uint32_t k = 0; k < plan->nsources; k++) {
            if (plan->sources[k].type != index || !wants(consumers, &plan->sources[k], type, rows, row))
                continue;
            if (plan->cloudevents)
                cloudevent_json(&consumers->outs[i], consumers->plan, type, rows, row);
            else
                alert_json(&consumers->outs[i], consumers->plan, type, rows, row);
            break;
        }
    }
}

int consumers_flush(Consumers *consumers)
{
    int error = 0;
    for (uint32_t i = 0; i < consumers->plan->nconsumers; i++) {
        int failed = out_flush(&consumers->outs[i]);
        error = error ? error : failed;
    }
    return error;
}
