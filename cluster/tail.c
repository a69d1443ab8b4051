#include "cluster/tail.h"

#include <jansson.h>

void tail_init(Tail *tail, uint64_t epoch, uint64_t next)
{
    *tail = (Tail){.epoch = epoch, .next = next, .last = next - 1};
}

void tail_fini(Tail *tail)
{
    for (uint32_t i = 0; i < tail->nkept; i++)
        net_message_free(&tail->kept[i]);
    tail->nkept = 0;
}

TailVerdict tail_see(Tail *tail, const Frame *frame)
{
    if (tail->epoch == 0)
        tail->epoch = frame->epoch;
    if (frame->epoch != tail->epoch)
        return TAIL_FOREIGN;
    if (frame->sequence > tail->last)
        tail->last = frame->sequence;
    if (frame->kind == FRAME_HEARTBEAT)
        return frame->sequence + 1 == tail->next ? TAIL_DELIVER : frame->sequence < tail->next ? TAIL_OLD : TAIL_AHEAD;
    if (frame->sequence < tail->next) {
        tail->duplicates++;
        return TAIL_OLD;
    }
    if (frame->sequence > tail->next)
        return TAIL_AHEAD;
    tail->next++;
    tail->delivered++;
    return TAIL_DELIVER;
}

void tail_keep(Tail *tail, uint64_t sequence, NetMessage *message)
{
    for (uint32_t i = 0; i < tail->nkept; i++)
        if (tail->kept_sequence[i] == sequence)
            return;
    if (tail->nkept == TAIL_KEPT_MAX)
        return;
    tail->kept[tail->nkept] = *message;
    tail->kept_sequence[tail->nkept++] = sequence;
    message->buffer = NULL;
}

bool tail_kept(Tail *tail, NetMessage *message)
{
    for (uint32_t i = 0; i < tail->nkept;) {
        if (tail->kept_sequence[i] > tail->next) {
            i++;
            continue;
        }
        bool found = tail->kept_sequence[i] == tail->next;
        if (found)
            *message = tail->kept[i];
        else
            net_message_free(&tail->kept[i]);
        tail->nkept--;
        tail->kept[i] = tail->kept[tail->nkept];
        tail->kept_sequence[i] = tail->kept_sequence[tail->nkept];
        if (found)
            return true;
    }
    return false;
}

bool tail_missing(const Tail *tail, uint64_t *from, uint64_t *to)
{
    if (tail->last < tail->next)
        return false;
    *from = tail->next;
    *to = tail->last;
    for (uint32_t i = 0; i < tail->nkept; i++)
        if (tail->kept_sequence[i] >= tail->next && tail->kept_sequence[i] <= *to)
            *to = tail->kept_sequence[i] - 1;
    return *to >= *from;
}

void tail_skip(Tail *tail, uint64_t to)
{
    if (to <= tail->next)
        return;
    tail->lost += to - tail->next;
    tail->next = to;
    if (tail->last < to - 1)
        tail->last = to - 1;
}

/* ── Replays ── */

bool replay_open(Replay *replay, Text answer)
{
    const char *end = answer.len ? memchr(answer.p, '\n', answer.len) : NULL;
    json_t *head = end ? json_loadb(answer.p, (size_t)(end - answer.p), 0, NULL) : NULL;
    bool good = json_is_true(json_object_get(head, "ok"));
    replay->first = (uint64_t)json_integer_value(json_object_get(head, "first"));
    replay->last = (uint64_t)json_integer_value(json_object_get(head, "last"));
    replay->gone = (uint64_t)json_integer_value(json_object_get(head, "gone"));
    json_decref(head);
    if (good)
        replay->frames = (Text){end + 1, (uint32_t)(answer.p + answer.len - end - 1)};
    return good;
}

bool replay_next(Replay *replay, Text *frame)
{
    enum { PREFIX = 4 };
    if (replay->frames.len < PREFIX)
        return false;
    const uint8_t *p = (const uint8_t *)replay->frames.p;
    uint32_t size = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    if (size > replay->frames.len - PREFIX)
        return false;
    *frame = (Text){replay->frames.p + PREFIX, size};
    replay->frames.p += PREFIX + size;
    replay->frames.len -= PREFIX + size;
    return true;
}
