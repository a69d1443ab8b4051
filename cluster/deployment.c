/* Deployments: rules come into service on all nodes at one order time, or on none.
 *
 *   the node asked            lowest name              others
 *   compile ──prepare──────►  compile, hold
 *           ◄──prepared, time──┘
 *           ──prepare──────────────────────────────►   compile, hold
 *           ◄──────────────────────────prepared, time──┘
 *   T = behind the greatest time
 *           ──commit T, until each has answered────►   switch, go on
 *
 * A node holds one deployment of a network at a time and answers `taken` to any other. The lowest name is asked
 * first, so of two deployers one has it and the other gets nothing. While a node holds, it takes in no events of the
 * network, so nothing passes T; what it holds it forgets when nobody comes back to it.
 *
 * Each compilation runs in a thread of its own, which touches its bundle and nothing else. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cluster/node_parts.h"

enum { PEERS_WAIT_MS = 3000, PREPARE_MS = 60000, COMMIT_MS = 1000, COMMIT_PATIENCE_MS = 10000, HOLD_MS = 90000, MS = 1000000 };

typedef enum Stage {
    STAGE_COMPILING,
    STAGE_GATHERING,  /* the node asked: waits for peers that have not answered yet */
    STAGE_PREPARING,  /* … for nodes to prepare */
    STAGE_HOLDING,    /* another node: prepared */
    STAGE_COMMITTING, /* the node asked: until each has answered */
    STAGE_OVER,
} Stage;

struct Deployment {
    Deployment *next;
    Node *node;
    char id[128];
    char network[256];
    Stage stage;
    int64_t since;        /* monotonic ns of the stage's beginning */
    Bundle *bundle;       /* NULL once it is in service */
    pthread_t thread;
    _Atomic bool compiled;
    bool good;
    bool here;            /* this node was asked to deploy; else to prepare */
    bool locks;           /* this node waits for it, and no other deployment of the network */
    uint64_t handle;      /* who is to be answered; 0 = answered */
    Text *names;          /* of all nodes, sorted; point into room */
    char room[NODE_PEERS_MAX + 1][NODE_NAME_ROOM];
    uint32_t nnodes;
    uint32_t waiting;     /* answers that are awaited */
    int64_t time;         /* the greatest of all nodes */
    uint64_t epoch, version;
    char state[NET_URL_ROOM];
};

/* ── Compiling ── */

static void *compile_thread(void *argument)
{
    Deployment *d = argument;
    d->good = bundle_compile(d->bundle, d->state);
    d->compiled = true;
    net_wake(d->node->net);
    return NULL;
}

static Deployment *deployment_new(Node *node, Bundle *take, uint64_t handle)
{
    Deployment *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    d->node = node;
    d->bundle = take;
    d->handle = handle;
    d->since = node->now;
    d->time = TIME_NONE;
    d->names = calloc(NODE_PEERS_MAX + 1, sizeof *d->names);
    snprintf(d->state, sizeof d->state, "%s", node_state(node));
    if (!d->names || pthread_create(&d->thread, NULL, compile_thread, d) != 0)
        abort();
    d->next = node->deployments;
    node->deployments = d;
    return d;
}

static void answer(Deployment *d, json_t *take)
{
    if (d->handle)
        node_answer(d->node, d->handle, take);
    else
        json_decref(take);
    d->handle = 0;
}

static void stage(Deployment *d, Stage stage)
{
    d->stage = stage;
    d->since = d->node->now;
}

static int64_t waited_ms(const Deployment *d)
{
    return (d->node->now - d->since) / MS;
}

static uint32_t count_deployments(const Node *node)
{
    uint32_t n = 0;
    for (const Deployment *d = node->deployments; d; d = d->next)
        n++;
    return n;
}

/* Promises this node to the deployment; false = it is promised to another one of the network. */
static bool lock(Deployment *d)
{
    for (const Deployment *other = d->node->deployments; other; other = other->next)
        if (other != d && other->locks && other->stage != STAGE_OVER && strcmp(other->network, d->network) == 0)
            return false;
    d->locks = true;
    return true;
}

static json_t *answer_taken(void)
{
    return json_pack("{s:b,s:b,s:s}", "ok", 0, "taken", 1, "error", "another deployment of this network is under way");
}

/* While a node holds, nothing of the network is taken in. */
static void hold(Node *node, const char *network, bool held)
{
    Service *service = node_service(node, network);
    if (service)
        service->held = held;
}

static void give_up(Deployment *d)
{
    if (d->stage == STAGE_HOLDING)
        hold(d->node, d->network, false);
    stage(d, STAGE_OVER);
}

/* ── In service ── */

static void retire(Node *node, const char *network)
{
    Service *service = node_service(node, network);
    if (service)
        service_retire(service);
}

/* T lies behind whatever this or another node has taken in. */
static void put_into_service(Deployment *d)
{
    Node *node = d->node;
    Service *old = node_service(node, d->network);
    Service *service = service_new(node, d->bundle, d->epoch, d->names, d->nnodes);
    d->bundle = NULL;
    if (old) {
        if (d->time != TIME_NONE)
            service_inherit(service, old, d->time + 1);
        old->replaced = true;
        service_retire(old);
    }
    node_add_service(node, service);
    char version[17];
    version_text(d->version, version);
    node_say(node, "network %s, version %s, is in service", d->network, version);
}

/* ── The node that was asked ── */

static void refuse(Deployment *d, const char *node, const json_t *said)
{
    const char *error = answer_fault(said), *diagnostics = json_string_value(json_object_get(said, "diagnostics"));
    json_t *json = answer_refused("%s%s%s", node ? node : "", node ? ": " : "", error ? error : "it was refused");
    if (diagnostics)
        json_object_set_new(json, "diagnostics", json_string(diagnostics));
    if (json_is_true(json_object_get(said, "taken")))
        json_object_set_new(json, "taken", json_true());
    answer(d, json);
}

typedef struct Asked {
    char id[128];
    char node[NODE_NAME_ROOM];
} Asked;

static Deployment *asked_deployment(Node *node, const Asked *asked)
{
    for (Deployment *d = node->deployments; d; d = d->next)
        if (strcmp(d->id, asked->id) == 0)
            return d;
    return NULL;
}

/* Asks a node about this deployment; the JSON is taken. */
static void ask(Deployment *d, const char *name, json_t *take, uint32_t deadline_ms, AskDone *done)
{
    Asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        abort();
    snprintf(asked->id, sizeof asked->id, "%s", d->id);
    snprintf(asked->node, sizeof asked->node, "%s", name);
    const Peer *peer = peer_named(d->node, name);
    node_ask(d->node, peer ? peer->requester : NET_NO_LINK, take, deadline_ms, done, asked);
}

static void forget(Node *node, void *owner, Text text)
{
    (void)node;
    (void)owner;
    (void)text;
}

static void abort_all(Deployment *d)
{
    for (uint32_t i = 0; i < d->nnodes; i++)
        if (strcmp(d->room[i], d->node->name) != 0)
            ask(d, d->room[i], json_pack("{s:s,s:s}", "do", "abort", "id", d->id), COMMIT_MS, forget);
    give_up(d);
}

static json_t *names_json(const Deployment *d)
{
    json_t *names = json_array();
    for (uint32_t i = 0; i < d->nnodes; i++)
        json_array_append_new(names, json_string(d->room[i]));
    return names;
}

static void note_time(Deployment *d, int64_t time)
{
    if (time != TIME_NONE && time > d->time)
        d->time = time;
}

static void committed(Node *node, void *owner, Text text);

static void commit(Deployment *d, const char *name)
{
    json_t *json = json_pack("{s:s,s:s,s:I,s:o}", "do", "commit", "id", d->id, "epoch", (json_int_t)d->epoch, "nodes",
                             names_json(d));
    if (d->time != TIME_NONE)
        json_object_set_new(json, "time", json_integer(d->time));
    ask(d, name, json, COMMIT_MS, committed);
}

static json_t *deployed(const Deployment *d)
{
    char version[17];
    version_text(d->version, version);
    json_t *missing = json_array();
    for (uint32_t i = 0; i < d->node->npeers; i++)
        if (!d->node->peers[i].answers)
            json_array_append_new(missing, json_string(d->node->peers[i].control));
    return json_pack("{s:b,s:s,s:s,s:o,s:o,s:i}", "ok", 1, "network", d->network, "version", version, "nodes",
                     names_json(d), "missing", missing, "unconfirmed", (int)d->waiting);
}

static void committed(Node *node, void *owner, Text text)
{
    Asked *asked = owner;
    Deployment *d = asked_deployment(node, asked);
    json_t *json = answer_json(text);
    if (d && d->stage == STAGE_COMMITTING) {
        const char *fault = answer_fault(json);
        if (!json && waited_ms(d) < COMMIT_PATIENCE_MS)
            commit(d, asked->node);
        else if (fault)
            node_say(node, "network %s: node %s has not switched: %s", d->network, asked->node, fault);
        else
            d->waiting--;
    }
    json_decref(json);
}

static void commit_all(Deployment *d)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    d->epoch = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    const Service *service = node_service(d->node, d->network);
    note_time(d, service ? service_greatest(service) : TIME_NONE);
    stage(d, STAGE_COMMITTING);
    d->waiting = 0;
    for (uint32_t i = 0; i < d->nnodes; i++)
        if (strcmp(d->room[i], d->node->name) != 0) {
            d->waiting++;
            commit(d, d->room[i]);
        }
    put_into_service(d);
}

static void prepare_next(Deployment *d);

static void prepared(Node *node, void *owner, Text text)
{
    Asked *asked = owner;
    Deployment *d = asked_deployment(node, asked);
    json_t *json = answer_json(text);
    if (d && d->stage == STAGE_PREPARING) {
        const char *version = json_string_value(json_object_get(json, "version"));
        const json_t *time = json_object_get(json, "time");
        if (answer_fault(json)) {
            refuse(d, asked->node, json);
            abort_all(d);
        } else if (!version || strtoull(version, NULL, 16) != d->version) {
            answer(d, answer_refused("%s: it makes another plan of the same rules; all nodes need one version of cep",
                                     asked->node));
            abort_all(d);
        } else {
            note_time(d, json_is_integer(time) ? json_integer_value(time) : TIME_NONE);
            d->waiting--;
            if (d->waiting == 0)
                prepare_next(d);
        }
    }
    json_decref(json);
}

static void prepare(Deployment *d, const char *name)
{
    d->waiting++;
    ask(d, name, json_pack("{s:s,s:s,s:s,s:O}", "do", "prepare", "id", d->id, "network", d->network, "bundle", d->bundle->json),
        PREPARE_MS, prepared);
}

/* First the node of the lowest name, then the others, then it is decided. */
static void prepare_next(Deployment *d)
{
    Node *node = d->node;
    bool lowest = strcmp(d->room[0], node->name) == 0, first = d->stage != STAGE_PREPARING;
    if (first)
        stage(d, STAGE_PREPARING);
    if (first && !lowest) {
        prepare(d, d->room[0]);
        return;
    }
    if (d->locks) {
        commit_all(d);
        return;
    }
    if (!lock(d)) {
        answer(d, answer_taken());
        abort_all(d);
        return;
    }
    for (uint32_t i = lowest ? 0 : 1; i < d->nnodes; i++)
        if (strcmp(d->room[i], node->name) != 0)
            prepare(d, d->room[i]);
    if (d->waiting == 0)
        commit_all(d);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* All that are configured should be there; those that do not answer in time are left out. */
static void gather(Deployment *d)
{
    Node *node = d->node;
    if (node->missing && waited_ms(d) < PEERS_WAIT_MS)
        return;
    snprintf(d->room[d->nnodes++], NODE_NAME_ROOM, "%s", node->name);
    for (uint32_t i = 0; i < node->npeers; i++)
        if (node->peers[i].answers && !node->peers[i].self)
            snprintf(d->room[d->nnodes++], NODE_NAME_ROOM, "%s", node->peers[i].name);
    qsort(d->room, d->nnodes, sizeof *d->room, compare_names);
    for (uint32_t i = 0; i < d->nnodes; i++)
        d->names[i] = text_of(d->room[i]);
    prepare_next(d);
}

static void compiled_here(Deployment *d)
{
    if (!d->good) {
        json_t *json = answer_refused("the rules are wrong");
        json_object_set_new(json, "diagnostics", json_string(d->bundle->diagnostics));
        answer(d, json);
        stage(d, STAGE_OVER);
        return;
    }
    snprintf(d->network, sizeof d->network, "%.*s", TEXT_ARGS(d->bundle->plan->network));
    d->version = bundle_version(d->bundle);
    stage(d, STAGE_GATHERING);
}

json_t *request_deploy(Node *node, const json_t *request, uint64_t handle)
{
    char error[256];
    if (count_deployments(node) >= NODE_CANDIDATES_MAX)
        return answer_refused("%d deployments are under way here; try again", NODE_CANDIDATES_MAX);
    Bundle *bundle = bundle_read(json_object_get(request, "bundle"), error, sizeof error);
    if (!bundle)
        return answer_refused("the bundle is none: %s", error);
    Deployment *d = deployment_new(node, bundle, handle);
    d->here = true;
    snprintf(d->id, sizeof d->id, "%s-%llu-%llu", node->name, (unsigned long long)node->epoch,
             (unsigned long long)++node->deployed);
    return NULL;
}

/* ── The others ── */

static Deployment *deployment_of(Node *node, const json_t *request)
{
    const char *id = request_text(request, "id");
    for (Deployment *d = node->deployments; d && id; d = d->next)
        if (strcmp(d->id, id) == 0 && d->stage != STAGE_OVER)
            return d;
    return NULL;
}

json_t *request_prepare(Node *node, const json_t *request, uint64_t handle)
{
    char error[256];
    const char *id = request_text(request, "id"), *network = request_text(request, "network");
    Bundle *bundle = bundle_read(json_object_get(request, "bundle"), error, sizeof error);
    if (!bundle || !id || !network || strlen(id) >= sizeof((Deployment){0}.id)) {
        bundle_free(bundle);
        return answer_refused("`prepare` needs an id, a network and a bundle");
    }
    if (deployment_of(node, request) || count_deployments(node) >= NODE_CANDIDATES_MAX) {
        bundle_free(bundle);
        return answer_refused("this deployment is under way here already, or too many others are");
    }
    Deployment *d = deployment_new(node, bundle, handle);
    snprintf(d->id, sizeof d->id, "%s", id);
    snprintf(d->network, sizeof d->network, "%s", network);
    if (lock(d))
        return NULL;
    d->handle = 0;
    d->stage = STAGE_OVER;
    return answer_taken();
}

static void compiled_there(Deployment *d)
{
    char version[17];
    if (!d->good) {
        json_t *json = answer_refused("the rules are wrong");
        json_object_set_new(json, "diagnostics", json_string(d->bundle->diagnostics));
        answer(d, json);
        give_up(d);
        return;
    }
    d->version = bundle_version(d->bundle);
    version_text(d->version, version);
    json_t *json = json_pack("{s:b,s:s}", "ok", 1, "version", version);
    const Service *service = node_service(d->node, d->network);
    int64_t greatest = service ? service_greatest(service) : TIME_NONE;
    if (greatest != TIME_NONE)
        json_object_set_new(json, "time", json_integer(greatest));
    answer(d, json);
    stage(d, STAGE_HOLDING);
    hold(d->node, d->network, true);
}

json_t *request_commit(Node *node, const json_t *request, uint64_t handle)
{
    (void)handle;
    const json_t *names = json_object_get(request, "nodes"), *time = json_object_get(request, "time");
    uint64_t epoch = (uint64_t)json_integer_value(json_object_get(request, "epoch"));
    for (uint32_t i = 0; i < node->nservices; i++)
        if (node->services[i]->epoch == epoch)
            return answer_ok();
    Deployment *d = deployment_of(node, request);
    if (!d || d->stage != STAGE_HOLDING)
        return answer_refused("nothing of this deployment is prepared here");
    bool self = false;
    for (size_t i = 0; i < json_array_size(names) && i <= NODE_PEERS_MAX; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        snprintf(d->room[d->nnodes], NODE_NAME_ROOM, "%s", name ? name : "");
        self |= strcmp(d->room[d->nnodes], node->name) == 0;
        d->names[d->nnodes] = text_of(d->room[d->nnodes]);
        d->nnodes++;
    }
    if (!self)
        return answer_refused("this node is none of those that are to switch");
    d->epoch = epoch;
    d->time = json_is_integer(time) ? json_integer_value(time) : TIME_NONE;
    put_into_service(d);
    stage(d, STAGE_OVER);
    return answer_ok();
}

json_t *request_abort(Node *node, const json_t *request, uint64_t handle)
{
    (void)handle;
    Deployment *d = deployment_of(node, request);
    if (d && !d->here)
        give_up(d);
    return answer_ok();
}

json_t *request_undeploy(Node *node, const json_t *request, uint64_t handle)
{
    (void)handle;
    const char *network = request_text(request, "network");
    Service *service = network ? node_service(node, network) : NULL;
    bool spread = !json_is_false(json_object_get(request, "spread"));
    for (uint32_t i = 0; spread && network && i < node->npeers; i++) {
        const Peer *peer = &node->peers[i];
        if (!peer->self && peer->answers)
            node_ask(node, peer->requester,
                     json_pack("{s:s,s:s,s:b}", "do", "undeploy", "network", network, "spread", 0), COMMIT_PATIENCE_MS,
                     forget, NULL);
    }
    if (!service)
        return answer_refused("no network `%.256s` is in service here", network ? network : "");
    retire(node, network);
    node_say(node, "network %s is out of service", network);
    return answer_ok();
}

/* ── Every turn ── */

static void tick(Deployment *d)
{
    switch (d->stage) {
    case STAGE_COMPILING:
        if (!d->compiled)
            return;
        if (d->here)
            compiled_here(d);
        else
            compiled_there(d);
        return;
    case STAGE_GATHERING:
        gather(d);
        return;
    case STAGE_HOLDING:
        if (waited_ms(d) >= HOLD_MS) {
            node_say(d->node, "network %s: the node that had it prepared did not come back", d->network);
            give_up(d);
        }
        return;
    case STAGE_COMMITTING:
        if (d->waiting == 0 || waited_ms(d) >= COMMIT_PATIENCE_MS) {
            answer(d, deployed(d));
            stage(d, STAGE_OVER);
        }
        return;
    case STAGE_PREPARING:
    case STAGE_OVER:
        return;
    }
}

static void deployment_free(Deployment *d)
{
    pthread_join(d->thread, NULL);
    bundle_free(d->bundle);
    free(d->names);
    free(d);
}

void deployments_tick(Node *node)
{
    for (Deployment *d = node->deployments; d; d = d->next)
        tick(d);
    for (Deployment **link = &node->deployments, *d; (d = *link);) {
        if (d->stage != STAGE_OVER || !d->compiled) {
            link = &d->next;
            continue;
        }
        *link = d->next;
        deployment_free(d);
    }
}

void deployments_drop(Node *node)
{
    for (Deployment *d; (d = node->deployments);) {
        node->deployments = d->next;
        answer(d, answer_refused("the node is stopping"));
        deployment_free(d);
    }
}
