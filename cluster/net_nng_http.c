/* Http over nng's server. A handler may still be running, or about to, when the server lets go of it, so what handlers
 * use (the Site) is counted: one for the Http, one for each handler that the library still keeps. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/http.h"
#include "cluster/limits.h"
#include "cluster/net_nng.h"

typedef struct Site {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t users, busy; /* busy: pages being made now */
    bool closed;
    Metrics *metrics;
    const HttpPage *pages;
    uint32_t npages;
} Site;

/* What one handler knows. */
typedef struct Place {
    Site *site;
    const HttpPage *page; /* NULL = every other path */
} Place;

struct Http {
    Memory *memory;
    nng_http_server *server;
    nng_http_handler **handlers;
    uint32_t n, room;
    Site *site;
};

/* ── A site's life ── */

static Site *site_new(Metrics *metrics, const HttpPage *pages, uint32_t npages)
{
    Site *site = calloc(1, sizeof *site); /* freed by whichever thread is last */
    if (!site)
        abort();
    *site = (Site){.users = 1, .metrics = metrics, .pages = pages, .npages = npages};
    pthread_mutex_init(&site->lock, NULL);
    pthread_cond_init(&site->changed, NULL);
    return site;
}

static void site_leave(Site *site)
{
    pthread_mutex_lock(&site->lock);
    bool last = --site->users == 0;
    pthread_mutex_unlock(&site->lock);
    if (!last)
        return;
    pthread_cond_destroy(&site->changed);
    pthread_mutex_destroy(&site->lock);
    free(site);
}

static void place_free(void *argument)
{
    Place *place = argument;
    site_leave(place->site);
    free(place);
}

static Place *place_new(Site *site, const HttpPage *page)
{
    Place *place = calloc(1, sizeof *place);
    if (!place)
        abort();
    *place = (Place){site, page};
    pthread_mutex_lock(&site->lock);
    site->users++;
    pthread_mutex_unlock(&site->lock);
    return place;
}

/* Returns false when the site is closed; else site_exit follows. */
static bool site_enter(Site *site)
{
    pthread_mutex_lock(&site->lock);
    bool open = !site->closed;
    site->busy += open;
    pthread_mutex_unlock(&site->lock);
    return open;
}

static void site_exit(Site *site)
{
    pthread_mutex_lock(&site->lock);
    if (--site->busy == 0)
        pthread_cond_broadcast(&site->changed);
    pthread_mutex_unlock(&site->lock);
}

/* ── Pages ── */

static unsigned write_not_found(const Site *site, Out *body)
{
    out_text(body, "there is no such page; there are:");
    for (uint32_t i = 0; i < site->npages; i++) {
        out_char(body, ' ');
        out_text(body, site->pages[i].path);
    }
    out_char(body, '\n');
    return NNG_HTTP_STATUS_NOT_FOUND;
}

static unsigned write_page(const Place *place, const char *method, Out *body)
{
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        out_text(body, "pages are read only: use GET\n");
        return NNG_HTTP_STATUS_METHOD_NOT_ALLOWED;
    }
    unsigned status = place->page ? place->page->write(place->page->owner, body) : write_not_found(place->site, body);
    if (body->n <= (size_t)limit_default(LIMIT_HTTP_PAGE_BYTES))
        return status;
    out_clear(body);
    out_text(body, limit_message(LIMIT_HTTP_PAGE_BYTES));
    out_char(body, '\n');
    return NNG_HTTP_STATUS_INTERNAL_SERVER_ERROR;
}

static void count_status(Metrics *metrics, unsigned status)
{
    char word[16];
    snprintf(word, sizeof word, "%u", status);
    metrics_series_add(metrics, metrics_series(metrics, METRIC_HTTP_REQUESTS, word), 1);
}

static nng_http_res *respond(const Place *place, const char *method)
{
    Memory memory = {0}; /* this thread's own */
    Out body;
    nng_http_res *response = NULL;
    out_init(&body, &memory, -1);
    unsigned status = write_page(place, method, &body);
    const char *type = place->page && status < 400 ? place->page->type : "text/plain; charset=utf-8";
    if (nng_http_res_alloc(&response) == 0) {
        nng_http_res_set_status(response, (uint16_t)status);
        nng_http_res_set_header(response, "Content-Type", type);
        nng_http_res_set_header(response, "Cache-Control", "no-store");
        nng_http_res_set_header(response, "Allow", "GET, HEAD");
        nng_http_res_copy_data(response, body.bytes, body.n);
        count_status(place->site->metrics, status);
    }
    out_fini(&body);
    return response;
}

static void page_asked(nng_aio *aio)
{
    nng_http_handler *handler = nng_aio_get_input(aio, 1);
    Place *place = nng_http_handler_get_data(handler);
    nng_http_res *response = NULL;
    if (site_enter(place->site)) {
        response = respond(place, nng_http_req_get_method(nng_aio_get_input(aio, 0)));
        site_exit(place->site);
    }
    nng_aio_set_output(aio, 0, response);
    nng_aio_finish(aio, response ? 0 : NNG_ECLOSED);
}

unsigned http_metrics_page(void *owner, Out *body)
{
    metrics_write(owner, body);
    return NNG_HTTP_STATUS_OK;
}

/* ── The server ── */

/* page is NULL for the handler of all other paths. Handlers take all methods: the library would give HEAD to the last
 * GET handler that matches. */
static int handler_add(Http *http, const HttpPage *page)
{
    nng_http_handler *handler;
    int failed = nng_http_handler_alloc(&handler, page ? page->path : "/", page_asked);
    if (failed)
        return failed;
    Place *place = place_new(http->site, page);
    nng_http_handler_set_data(handler, place, place_free);
    nng_http_handler_set_method(handler, NULL);
    nng_http_handler_collect_body(handler, true, 0);
    if (!page)
        nng_http_handler_set_tree(handler);
    failed = nng_http_server_add_handler(http->server, handler);
    if (failed)
        nng_http_handler_free(handler);
    else
        http->handlers[http->n++] = handler;
    return failed;
}

Http *http_open(Memory *memory, const char *url, HttpOptions options, const HttpPage *pages, uint32_t npages,
                char bound[NET_URL_ROOM], char error[NET_ERROR_ROOM])
{
    if (!url_may_listen(url, "http", options.insecure, error))
        return NULL;
    nng_begin();
    nng_http_server *server;
    int port, failed = http_server_listen(url, &server, &port);
    if (failed) {
        url_failed("listen at", url, failed, error);
        return NULL;
    }
    Http *http = memory_new(memory, sizeof *http);
    *http = (Http){.memory = memory, .server = server, .room = npages + 1};
    http->handlers = memory_new(memory, http->room * sizeof *http->handlers);
    http->site = site_new(options.metrics, pages, npages);
    for (uint32_t i = 0; i < npages && !failed; i++)
        failed = handler_add(http, &pages[i]);
    if (!failed)
        failed = handler_add(http, NULL);
    if (failed) {
        url_failed("serve pages at", url, failed, error);
        http_close(http);
        return NULL;
    }
    url_with_port(url, port, bound);
    return http;
}

void http_close(Http *http)
{
    Site *site = http->site;
    for (uint32_t i = 0; i < http->n; i++)
        if (nng_http_server_del_handler(http->server, http->handlers[i]) == 0)
            nng_http_handler_free(http->handlers[i]);
    pthread_mutex_lock(&site->lock);
    site->closed = true;
    while (site->busy)
        pthread_cond_wait(&site->changed, &site->lock);
    pthread_mutex_unlock(&site->lock);
    http_server_release(http->server);
    site_leave(site);
    memory_free(http->memory, http->handlers, http->room * sizeof *http->handlers);
    memory_free(http->memory, http, sizeof *http);
}
