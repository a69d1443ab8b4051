/* URLs: which of them may be used, and what is said about the others. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/net_nng.h"

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return strcmp(host, "localhost") == 0;
}

static bool is_one_of(const char *word, const char *list)
{
    size_t len = strlen(word);
    for (const char *p = strstr(list, word); len && p; p = strstr(p + 1, word))
        if ((p == list || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
            return true;
    return false;
}

/* Returns the parsed URL, or NULL and says why. */
static nng_url *url_parse(const char *url, const char *schemes, char error[NET_ERROR_ROOM])
{
    nng_url *parsed;
    if (strlen(url) >= NNG_MAXADDRLEN || nng_url_parse(&parsed, url) != 0) {
        snprintf(error, NET_ERROR_ROOM, "`%.200s` is no URL of at most %d bytes; one looks like tcp://127.0.0.1:5000",
                 url, NNG_MAXADDRLEN - 1);
        return NULL;
    }
    if (is_one_of(parsed->u_scheme, schemes))
        return parsed;
    if (is_one_of(parsed->u_scheme, "tls+tcp wss https"))
        snprintf(error, NET_ERROR_ROOM,
                 "`%.200s`: this version has no TLS; use tcp:// on loopback, ipc://, or a tunnel between the hosts",
                 url);
    else
        snprintf(error, NET_ERROR_ROOM, "`%.200s`: the URL must begin with one of these, and ://: %s", url, schemes);
    nng_url_free(parsed);
    return NULL;
}

static bool has_port(const nng_url *parsed)
{
    const char *port = parsed->u_port ? parsed->u_port : "";
    return *port && strspn(port, "0123456789") == strlen(port) && strlen(port) <= 5;
}

static bool over_tcp(const nng_url *parsed)
{
    return is_one_of(parsed->u_scheme, "tcp ws http");
}

static bool url_check(const nng_url *parsed, const char *url, char error[NET_ERROR_ROOM])
{
    if (over_tcp(parsed) && !has_port(parsed)) {
        snprintf(error, NET_ERROR_ROOM, "`%.200s` has no port; write %s://HOST:PORT", url, parsed->u_scheme);
        return false;
    }
    if (strcmp(parsed->u_scheme, "ipc") == 0 && parsed->u_path && strlen(parsed->u_path) > 107) {
        snprintf(error, NET_ERROR_ROOM, "`%.200s`: a socket's path has at most 107 bytes; use a shorter folder", url);
        return false;
    }
    return true;
}

bool url_may_listen(const char *url, const char *schemes, bool insecure, char error[NET_ERROR_ROOM])
{
    nng_url *parsed = url_parse(url, schemes, error);
    if (!parsed)
        return false;
    bool may = url_check(parsed, url, error);
    const char *host = parsed->u_hostname ? parsed->u_hostname : "";
    if (may && over_tcp(parsed) && !insecure && !is_loopback(host)) {
        snprintf(error, NET_ERROR_ROOM,
                 "refused to listen at `%.200s`: %.64s can be reached from other machines, and %s is neither encrypted "
                 "nor asks who is there. Listen on 127.0.0.1, or say --insecure (in a configuration, "
                 "`insecure: true`) on a network that you trust",
                 url, *host && strcmp(host, "*") != 0 ? host : "the address", parsed->u_scheme);
        may = false;
    }
    nng_url_free(parsed);
    return may;
}

bool url_may_dial(const char *url, const char *schemes, char error[NET_ERROR_ROOM])
{
    nng_url *parsed = url_parse(url, schemes, error);
    if (!parsed)
        return false;
    bool may = url_check(parsed, url, error);
    if (may && over_tcp(parsed) && (!*parsed->u_hostname || atoi(parsed->u_port) == 0)) {
        snprintf(error, NET_ERROR_ROOM, "`%.200s` names no peer: host and port are needed", url);
        may = false;
    }
    nng_url_free(parsed);
    return may;
}

void url_with_port(const char *url, int port, char bound[NET_URL_ROOM])
{
    nng_url *parsed;
    snprintf(bound, NET_URL_ROOM, "%s", url);
    if (nng_url_parse(&parsed, url) != 0)
        return;
    const char *host = parsed->u_hostname ? parsed->u_hostname : "";
    bool six = strchr(host, ':');
    snprintf(bound, NET_URL_ROOM, "%s://%s%s%s:%d%s", parsed->u_scheme, six ? "[" : "", host, six ? "]" : "", port,
             parsed->u_path && strcmp(parsed->u_scheme, "tcp") != 0 ? parsed->u_path : "");
    nng_url_free(parsed);
}

bool url_failed(const char *verb, const char *url, int nng_error, char error[NET_ERROR_ROOM])
{
    const char *hint = "";
    if (nng_error == NNG_EADDRINUSE)
        hint = "; another process listens there, or choose port 0 for any free one";
    else if (nng_error == NNG_EADDRINVAL)
        hint = "; the host is not known, or not an address of this machine";
    snprintf(error, NET_ERROR_ROOM, "cannot %s %.200s: %s%s", verb, url, nng_strerror(nng_error), hint);
    return false;
}

int http_server_listen(const char *url, nng_http_server **server, int *port)
{
    nng_url *parsed;
    nng_sockaddr address;
    int failed = nng_url_parse(&parsed, url);
    if (failed)
        return failed;
    failed = nng_http_server_hold(server, parsed);
    nng_url_free(parsed);
    if (failed)
        return failed;
    if ((failed = nng_http_server_start(*server)) || (failed = nng_http_server_get_addr(*server, &address))) {
        nng_http_server_release(*server);
        return failed;
    }
    *port = ntohs(address.s_family == NNG_AF_INET6 ? address.s_in6.sa_port : address.s_in.sa_port);
    return 0;
}

void http_server_release(nng_http_server *server)
{
    nng_http_server_stop(server);
    nng_http_server_release(server);
}
