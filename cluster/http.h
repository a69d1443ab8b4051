/* Http: a few pages for machines on one port: /metrics, /healthz, /readyz.
 *
 *   static const HttpPage pages[] = {{"/healthz", "text/plain", health, node}, …};
 *   Http *http = http_open(&memory, url, (HttpOptions){.metrics = metrics}, pages, 3, bound, error);
 *
 * GET and HEAD only; a request's body is refused; any other path gets 404 and a line that lists the pages.
 * net_listen(net, NET_DATA, "ws://HOST:PORT/data", …) with the same HOST and the port in bound shares the port,
 * so that a browser finds everything at one address.
 *
 * Pages are made on the library's threads, at any time between http_open and the end of http_close: what they read of
 * the loop's is atomic or locked. */
#ifndef CLUSTER_HTTP_H
#define CLUSTER_HTTP_H

#include "cluster/net.h"

typedef struct Http Http;

typedef struct HttpPage {
    const char *path;
    const char *type;                           /* the Content-Type */
    unsigned (*write)(void *owner, Out *body);  /* writes the page, at most LIMIT_HTTP_PAGE_BYTES; returns the status */
    void *owner;
} HttpPage;

typedef struct HttpOptions {
    Metrics *metrics; /* borrowed; lives longer */
    bool insecure;    /* other interfaces than loopback are allowed */
} HttpOptions;

/* Serves the pages (borrowed, with their texts, until http_close) at http://HOST:PORT. bound receives the URL with the
 * real port. Returns NULL and says why and what helps. */
Http *http_open(Memory *memory, const char *url, HttpOptions options, const HttpPage *pages, uint32_t npages,
                char bound[NET_URL_ROOM], char error[NET_ERROR_ROOM]);

/* Stops serving; no page is being made when it returns. Before net_stop. */
void http_close(Http *http);

/* A page of all metrics; owner is the Metrics. Its type is HTTP_METRICS_TYPE. */
unsigned http_metrics_page(void *owner, Out *body);
#define HTTP_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
