/* Requests, both ways.
 *
 *   an Answer     RECEIVING ─request came─► OPEN ─net_answer, or too late─► SENDING ─gone─► RECEIVING …
 *   a Question    FREE ─net_request─► ASKING ─sent─► WAITING ─reply, failure─► SETTLED ─taken─► FREE
 *
 * The loop moves what stands still (OPEN, FREE, SETTLED), the library's callbacks what is on its way. All live
 * in two arrays of requests_max, so that the inbox of calls has room for all of them. */
#include <assert.h>

#include "cluster/net_nng.h"

enum { RECEIVING, OPEN, SENDING, ENDED };          /* an Answer's states */
enum { FREE, ASKING, WAITING, SETTLED };           /* a Question's */
enum { RETRY_MS_NEVER = 24 * 60 * 60 * 1000 };     /* a lost connection makes it sent again all the same */
enum { PLACE_BITS = 16 };                          /* of a handle: generation, then place in the array */

/* ── Answers ── */

static void answer_receive(Answer *answer)
{
    if (answer->net->stopping) {
        answer->state = ENDED;
        return;
    }
    answer->state = RECEIVING;
    nng_aio_set_timeout(answer->aio, NNG_DURATION_INFINITE);
    nng_ctx_recv(answer->context, answer->aio);
}

static void answer_received(Answer *answer)
{
    Net *net = answer->net;
    answer->generation++;
    answer->taken = false;
    answer->deadline_ms = net_now_ms() + net->options.answer_ms;
    uint64_t handle = (uint64_t)answer->generation << PLACE_BITS | (uint64_t)(answer - net->answers);
    NetMessage message = message_of(NET_REQUEST, NET_NO_LINK, handle, nng_aio_get_msg(answer->aio));
    answer->state = OPEN;
    inbox_put(&net->calls, &message);
    net_wake(net);
}

static void answer_moved(void *argument)
{
    Answer *answer = argument;
    int failed = nng_aio_result(answer->aio);
    if (answer->state == RECEIVING) {
        if (failed)
            answer->state = ENDED; /* the socket is closed */
        else
            answer_received(answer);
        return;
    }
    assert(answer->state == SENDING);
    if (failed)
        nng_msg_free(nng_aio_get_msg(answer->aio)); /* the requester is gone, or does not read */
    answer_receive(answer);
}

bool answers_start(Net *net, nng_socket socket)
{
    assert(!net->answers && net->requests_max < 1u << PLACE_BITS);
    net->answers = memory_new(net->memory, net->requests_max * sizeof *net->answers);
    for (uint32_t i = 0; i < net->requests_max; i++) {
        Answer *answer = &net->answers[i];
        answer->net = net;
        answer->state = ENDED;
        if (nng_ctx_open(&answer->context, socket) != 0 || nng_aio_alloc(&answer->aio, answer_moved, answer) != 0)
            return false;
    }
    for (uint32_t i = 0; i < net->requests_max; i++)
        answer_receive(&net->answers[i]);
    return true;
}

static void answer_send(Answer *answer, const void *bytes, size_t size)
{
    answer->state = SENDING;
    nng_aio_set_msg(answer->aio, message_copy(bytes, size));
    nng_aio_set_timeout(answer->aio, ANSWER_SEND_MS);
    nng_ctx_send(answer->context, answer->aio);
}

static Answer *answer_of(const Net *net, uint64_t handle)
{
    uint64_t place = handle & ((1u << PLACE_BITS) - 1);
    assert(net->answers && place < net->requests_max);
    return &net->answers[place];
}

void answer_taken(Net *net, uint64_t handle)
{
    answer_of(net, handle)->taken = true;
}

bool net_answer(Net *net, uint64_t handle, const void *bytes, size_t size)
{
    Answer *answer = answer_of(net, handle);
    if (answer->state != OPEN || answer->generation != handle >> PLACE_BITS)
        return false;
    answer_send(answer, bytes, size);
    return true;
}

void answers_end_late(Net *net)
{
    if (!net->answers)
        return;
    int64_t now = net_now_ms();
    const char *text = net->options.answer_late ? net->options.answer_late : "";
    for (uint32_t i = 0; i < net->requests_max; i++) {
        Answer *answer = &net->answers[i];
        if (answer->state != OPEN || !answer->taken || now < answer->deadline_ms)
            continue;
        metrics_add(net->options.metrics, METRIC_REQUESTS_LATE, 1);
        answer_send(answer, text, strlen(text));
    }
}

uint32_t answers_leaving(const Net *net)
{
    uint32_t n = 0;
    for (uint32_t i = 0; net->answers && i < net->requests_max; i++)
        n += net->answers[i].state == SENDING;
    return n;
}

void answers_stop(Net *net)
{
    if (!net->answers)
        return;
    for (uint32_t i = 0; i < net->requests_max; i++)
        nng_aio_free(net->answers[i].aio);
}

/* ── Questions ── */

static Question *question_of(const Net *net, uint64_t handle)
{
    for (uint32_t i = 0; i < net->requests_max; i++)
        if (net->questions[i].handle == handle)
            return &net->questions[i];
    return NULL;
}

static void question_settle(Question *question, nng_msg *reply, NetFailure failure)
{
    Net *net = question->net;
    NetMessage message = {.kind = NET_REPLY, .link = question->link, .handle = question->handle, .failure = failure};
    if (reply)
        message = message_of(NET_REPLY, question->link, question->handle, reply);
    if (failure == NET_TIMED_OUT)
        metrics_add(net->options.metrics, METRIC_REQUESTS_UNANSWERED, 1);
    question->state = SETTLED;
    inbox_put(&net->calls, &message);
    net_wake(net);
}

static void question_moved(void *argument)
{
    Question *question = argument;
    int failed = nng_aio_result(question->aio);
    NetFailure failure = failed == NNG_ETIMEDOUT ? NET_TIMED_OUT : NET_GONE;
    if (question->state == ASKING) {
        int64_t left = question->deadline_ms - net_now_ms();
        if (failed) {
            nng_msg_free(nng_aio_get_msg(question->aio));
            question_settle(question, NULL, failure);
            return;
        }
        question->state = WAITING;
        nng_aio_set_timeout(question->aio, left > 1 ? (nng_duration)left : 1);
        nng_ctx_recv(question->context, question->aio);
        return;
    }
    assert(question->state == WAITING);
    if (failed)
        question_settle(question, NULL, failure);
    else
        question_settle(question, nng_aio_get_msg(question->aio), NET_ANSWERED);
}

uint64_t net_request(Net *net, NetLink requester, const void *bytes, size_t size, uint32_t deadline_ms,
                     uint32_t retry_ms)
{
    Link *link = link_of(net, requester);
    assert(!link || link->kind == NET_REQUESTER);
    Question *question = NULL;
    for (uint32_t i = 0; i < net->requests_max && !question; i++)
        if (net->questions[i].state == FREE)
            question = &net->questions[i];
    if (!link || !question || nng_ctx_open(&question->context, link->socket) != 0)
        return 0;
    question->net = net;
    if (!question->aio && nng_aio_alloc(&question->aio, question_moved, question) != 0) {
        nng_ctx_close(question->context);
        return 0;
    }
    question->link = requester;
    question->handle = ++net->question_next;
    question->deadline_ms = net_now_ms() + deadline_ms;
    nng_ctx_set_ms(question->context, NNG_OPT_REQ_RESENDTIME, retry_ms ? (nng_duration)retry_ms : RETRY_MS_NEVER);
    nng_aio_set_timeout(question->aio, deadline_ms ? (nng_duration)deadline_ms : 1);
    nng_aio_set_msg(question->aio, message_copy(bytes, size));
    question->state = ASKING;
    nng_ctx_send(question->context, question->aio);
    return net->question_next;
}

void question_settled(Net *net, uint64_t handle)
{
    Question *question = question_of(net, handle);
    assert(question && question->state == SETTLED);
    nng_ctx_close(question->context);
    question->state = FREE;
}

void questions_stop(Net *net)
{
    for (uint32_t i = 0; i < net->requests_max; i++)
        nng_aio_free(net->questions[i].aio);
}
