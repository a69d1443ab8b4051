/* Requests: what comes over the control socket is a JSON object with `do`, or a producer's frame. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/node_parts.h"

static const struct RequestRow {
    const char *word;
    json_t *(*function)(Node *node, const json_t *request, uint64_t handle);
} rows[] = {
#define REQUEST(word, function, what) {word, function},
#include "cluster/requests.def"
};

void node_answer(Node *node, uint64_t handle, json_t *take)
{
    char *bytes = json_dumps(take, JSON_COMPACT);
    json_decref(take);
    if (!bytes)
        abort();
    net_answer(node->net, handle, bytes, strlen(bytes));
    free(bytes);
}

json_t *answer_ok(void)
{
    return json_pack("{s:b}", "ok", 1);
}

json_t *answer_refused(const char *format, ...)
{
    char error[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(error, sizeof error, format, args);
    va_end(args);
    json_t *answer = json_pack("{s:b,s:s}", "ok", 0, "error", error);
    return answer ? answer : json_pack("{s:b,s:s}", "ok", 0, "error", "the request names something that is no text");
}

const char *request_text(const json_t *request, const char *key)
{
    return json_string_value(json_object_get(request, key));
}

static json_t *answer_json_request(Node *node, Text bytes, uint64_t handle)
{
    json_error_t error;
    json_t *request = json_loadb(bytes.p, bytes.len, JSON_REJECT_DUPLICATES, &error), *answer = NULL;
    const char *word = request_text(request, "do");
    const struct RequestRow *row = NULL;
    for (size_t i = 0; word && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].word, word) == 0)
            row = &rows[i];
    if (!request)
        answer = answer_refused("this is no JSON object and no frame: %s", error.text);
    else if (!word)
        answer = answer_refused("a request is an object with `do`");
    else if (!row)
        answer = answer_refused("there is no request `%.64s` here; a newer program may know it", word);
    else
        answer = row->function(node, request, handle);
    json_decref(request);
    return answer;
}

static json_t *answer_frame(Node *node, NetMessage *message)
{
    Frame frame;
    FrameError error = frame_open(&frame, (Text){(const char *)message->bytes, (uint32_t)message->size});
    if (error != FRAME_OK) {
        node->refused_frames++;
        return answer_refused("the frame is refused: %s", frame_error_text(error));
    }
    for (uint32_t i = 0; i < node->nservices; i++)
        if (!node->services[i]->retired && node->services[i]->intake == frame.channel)
            return service_feed(node->services[i], &frame, message);
    return answer_refused("no network in service takes events from this channel");
}

void node_request(Node *node, NetMessage *message)
{
    uint64_t handle = message->handle;
    bool is_json = message->size && message->bytes[0] == '{';
    json_t *answer = is_json ? answer_json_request(node, (Text){(const char *)message->bytes, (uint32_t)message->size}, handle)
                             : answer_frame(node, message);
    if (answer)
        node_answer(node, handle, answer);
}
