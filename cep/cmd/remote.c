#include "cep/cmd/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cep/cmd/verb.h"

bool remote_open(Remote *remote, const char *verb, const char *url)
{
    char error[NET_ERROR_ROOM];
    const char *set = getenv("CEP_NODE");
    *remote = (Remote){.verb = verb, .url = url ? url : set && *set ? set : REMOTE_URL};
    remote->net = net_new(&remote->memory, (NetOptions){0});
    remote->link = net_dial(remote->net, NET_REQUESTER, remote->url, error);
    if (remote->link != NET_NO_LINK)
        return true;
    fprintf(stderr, "%s: %s\n", verb, error);
    remote_close(remote, EXIT_USAGE);
    return false;
}

json_t *remote_ask(Remote *remote, json_t *take, uint32_t deadline_ms)
{
    char *bytes = json_dumps(take, JSON_COMPACT);
    json_decref(take);
    if (!bytes)
        abort();
    NetMessage message = net_call(remote->net, remote->link, bytes, strlen(bytes), deadline_ms);
    free(bytes);
    json_t *answer = NULL;
    if (message.failure == NET_ANSWERED)
        answer = json_loadb((const char *)message.bytes, message.size, 0, NULL);
    net_message_free(&message);
    return answer;
}

int remote_code(const Remote *remote, const json_t *answer)
{
    if (!answer) {
        fprintf(stderr, "%s: no node answers at %s\n", remote->verb, remote->url);
        return EXIT_UNREACHABLE;
    }
    if (json_is_true(json_object_get(answer, "ok")))
        return EXIT_DONE;
    const char *error = json_string_value(json_object_get(answer, "error"));
    const char *diagnostics = json_string_value(json_object_get(answer, "diagnostics"));
    if (diagnostics)
        fputs(diagnostics, stderr);
    fprintf(stderr, "%s: %s\n", remote->verb, error ? error : "refused");
    return EXIT_WRONG;
}

int remote_close(Remote *remote, int code)
{
    enum { STOP_MS = 1000 };
    fflush(stdout);
    if (!net_stop(remote->net, STOP_MS))
        _exit(code);
    return code;
}
