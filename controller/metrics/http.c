/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "metrics/http.h"

#include <errno.h>
#include <string.h>

#include "metrics/exposition.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "stream.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(http);

/* How long to wait before another attempt to listen, and to accept after an error that
 * will probably stay for a while (no file descriptors left). */
#define LISTEN_RETRY_MS 10000
#define ACCEPT_RETRY_MS 1000

struct http_connection {
    struct ovs_list node; /* In the server's 'connections'. */
    struct stream *stream;
    long long int deadline;
    char request[HTTP_MAX_REQUEST];
    size_t n_request;
    struct ds answer; /* Empty until the request is complete. */
    size_t n_sent;
};

struct http_server {
    http_page_cb *page;
    void *aux;

    char *target;
    struct pstream *listener; /* NULL if not listening. */
    bool failure_logged;
    int listen_error;        /* Of the last attempt to listen; 0: none. */
    long long int listen_at; /* Not before, if not listening. */
    long long int accept_at; /* Not before. */
    long long int rest_until;

    struct ovs_list connections; /* Oldest first. */
    size_t n_connections;
    struct http_stats stats;
};

/* --- One request -------------------------------------------------------- */

/* Where the header ends, or 0 if it does not yet.  Lines may end without CR (RFC 9112
 * 2.2). */
static size_t
find_end(const char *request, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (request[i] == '\n'
            && (request[i + 1] == '\n'
                || (i + 2 < len && request[i + 1] == '\r' && request[i + 2] == '\n'))) {
            return i + 1;
        }
    }
    return 0;
}

static bool
word_is(const char *start, const char *end, const char *word)
{
    return (size_t) (end - start) == strlen(word) && !memcmp(start, word, end - start);
}

int
http_parse_request(const char *request, size_t len, bool *head)
{
    const char *line_end = memchr(request, '\n', len);

    if (!find_end(request, len)) {
        return len >= HTTP_MAX_REQUEST ? 431 : 0;
    }
    if (line_end > request && line_end[-1] == '\r') {
        line_end--;
    }

    /* METHOD SP TARGET SP VERSION */
    const char *method_end = memchr(request, ' ', line_end - request);
    if (!method_end || method_end == request) {
        return 400;
    }
    const char *target = method_end + 1;
    const char *target_end = memchr(target, ' ', line_end - target);
    if (!target_end || target_end == target) {
        return 400;
    }
    const char *version = target_end + 1;
    if (line_end - version != strlen("HTTP/1.1") || memcmp(version, "HTTP/", strlen("HTTP/"))) {
        return 400;
    }
    if (!word_is(version, line_end, "HTTP/1.1") && !word_is(version, line_end, "HTTP/1.0")) {
        return 505;
    }

    const char *query = memchr(target, '?', target_end - target);
    if (!word_is(target, query ? query : target_end, "/metrics")) {
        return 404;
    }
    *head = word_is(request, method_end, "HEAD");
    return *head || word_is(request, method_end, "GET") ? 200 : 405;
}

static const char *
reason_phrase(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 431:
        return "Request Header Fields Too Large";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Bad Request";
    }
}

static void
compose_answer(struct http_connection *c, int status, bool head, const struct ds *page)
{
    struct ds text = DS_EMPTY_INITIALIZER;

    if (status != 200) {
        ds_put_format(&text, "%s. The metrics are at /metrics.\n", reason_phrase(status));
    }
    ds_put_format(&c->answer,
                  "HTTP/1.1 %d %s\r\n"
                  "Content-Type: %s\r\n"
                  "Content-Length: %zu\r\n"
                  "%s"
                  "Connection: close\r\n"
                  "\r\n",
                  status, reason_phrase(status),
                  status == 200 ? METRICS_CONTENT_TYPE : "text/plain; charset=utf-8",
                  status == 200 ? page->length : text.length,
                  status == 405 ? "Allow: GET, HEAD\r\n" : "");
    if (status != 200) {
        ds_put_buffer(&c->answer, text.string, text.length);
    } else if (!head) {
        ds_put_buffer(&c->answer, page->string, page->length);
    }
    ds_destroy(&text);
}

/* --- Connections -------------------------------------------------------- */

static void
connection_close(struct http_server *s, struct http_connection *c)
{
    ovs_list_remove(&c->node);
    s->n_connections--;
    stream_close(c->stream);
    ds_destroy(&c->answer);
    free(c);
}

/* Reads what has arrived.  Returns false if the connection is of no more use; sets
 * '*active' if there was anything. */
static bool
connection_read(struct http_server *s, struct http_connection *c, struct ds *page, bool *active)
{
    size_t room = sizeof c->request - c->n_request;
    int n = stream_recv(c->stream, c->request + c->n_request, room);

    if (n == -EAGAIN) {
        return true;
    }
    *active = true;
    if (n <= 0) {
        return false;
    }
    c->n_request += n;

    bool head = false;
    int status = http_parse_request(c->request, c->n_request, &head);
    if (status) {
        if (status != 200) {
            s->stats.refused++;
        } else if (!page->length) {
            s->page(s->aux, page);
        }
        compose_answer(c, status, head, page);
    }
    return true;
}

/* Returns false if the connection is of no more use, either because everything was sent
 * (then '*done' becomes true) or because it is broken. */
static bool
connection_write(struct http_connection *c, bool *done, bool *active)
{
    while (c->n_sent < c->answer.length) {
        int n = stream_send(c->stream, c->answer.string + c->n_sent, c->answer.length - c->n_sent);

        if (n == -EAGAIN) {
            return true;
        }
        *active = true;
        if (n <= 0) {
            return false;
        }
        c->n_sent += n;
    }
    *done = true;
    return false;
}

/* 'page' is made for the first connection that needs it. */
static void
connection_run(struct http_server *s, struct http_connection *c, long long int now, struct ds *page,
               bool *active)
{
    bool done = false;
    bool keep = now < c->deadline;

    stream_run(c->stream);
    if (keep && !c->answer.length) {
        keep = connection_read(s, c, page, active);
    }
    if (keep && c->answer.length) {
        keep = connection_write(c, &done, active);
    }
    if (done) {
        s->stats.served += !strncmp(ds_cstr(&c->answer), "HTTP/1.1 200", 12);
    } else if (!keep) {
        s->stats.dropped++;
    }
    if (!keep) {
        connection_close(s, c);
    }
}

/* --- The server --------------------------------------------------------- */

struct http_server *
http_server_create(http_page_cb *page, void *aux)
{
    struct http_server *s = xzalloc(sizeof *s);

    s->page = page;
    s->aux = aux;
    s->listen_at = s->accept_at = s->rest_until = LLONG_MIN;
    ovs_list_init(&s->connections);
    return s;
}

static void
stop(struct http_server *s)
{
    struct http_connection *c;

    LIST_FOR_EACH_SAFE (c, node, &s->connections) {
        s->stats.dropped++;
        connection_close(s, c);
    }
    pstream_close(s->listener);
    s->listener = NULL;
}

void
http_server_destroy(struct http_server *s)
{
    if (s) {
        stop(s);
        free(s->target);
        free(s);
    }
}

void
http_server_set_target(struct http_server *s, const char *target)
{
    if (!nullable_string_is_equal(s->target, target)) {
        stop(s);
        free(s->target);
        s->target = nullable_xstrdup(target);
        s->failure_logged = false;
        s->listen_at = s->accept_at = s->rest_until = LLONG_MIN;
    }
}

static void
listen_on_target(struct http_server *s, long long int now)
{
    /* The library may lose the error's number, but leaves 'listener' alone then. */
    int error = pstream_open(s->target, &s->listener, 0);

    s->listen_error = s->listener ? 0 : error ? error : EADDRNOTAVAIL;
    if (s->listener) {
        VLOG_INFO("metrics are served on %s", s->target);
        s->failure_logged = false;
        return;
    }
    s->listen_at = now + LISTEN_RETRY_MS;
    if (!s->failure_logged) {
        s->failure_logged = true;
        VLOG_WARN("cannot serve metrics on %s (%s), will go on trying", s->target,
                  error ? ovs_strerror(error) : "see above");
    }
}

static void
accept_connections(struct http_server *s, long long int now, bool *active)
{
    for (int i = 0; i < HTTP_MAX_CONNECTIONS && now >= s->accept_at; i++) {
        struct stream *stream;
        int error = pstream_accept(s->listener, &stream);

        if (error == EAGAIN) {
            return;
        }
        *active = true;
        if (error) {
            s->accept_at = now + ACCEPT_RETRY_MS;
            return;
        }

        struct http_connection *c = xmalloc(sizeof *c);
        c->stream = stream;
        c->deadline = now + HTTP_TIMEOUT_MS;
        c->n_request = c->n_sent = 0;
        ds_init(&c->answer);
        ovs_list_push_back(&s->connections, &c->node);
        s->n_connections++;
        s->stats.connections++;
    }
}

void
http_server_run(struct http_server *s, long long int now)
{
    if (!s->target || now < s->rest_until) {
        return;
    }
    if (!s->listener && now >= s->listen_at) {
        listen_on_target(s, now);
    }
    if (!s->listener) {
        return;
    }

    struct ds page = DS_EMPTY_INITIALIZER;
    struct http_connection *c;
    bool active = false;

    accept_connections(s, now, &active);
    LIST_FOR_EACH_SAFE (c, node, &s->connections) {
        if (s->n_connections > HTTP_MAX_CONNECTIONS) {
            c->deadline = LLONG_MIN; /* Makes room for the connection just accepted. */
        }
        connection_run(s, c, now, &page, &active);
    }
    ds_destroy(&page);
    if (active) {
        s->rest_until = now + HTTP_REST_MS;
    }
}

void
http_server_wait(const struct http_server *s, long long int now)
{
    const struct http_connection *c;

    if (!s->target) {
        return;
    }
    if (!s->listener) {
        poll_timer_wait_until(s->listen_at);
        return;
    }
    if (now < s->rest_until) {
        poll_timer_wait_until(s->rest_until);
        return;
    }

    if (now >= s->accept_at) {
        pstream_wait(s->listener);
    } else {
        poll_timer_wait_until(s->accept_at);
    }
    LIST_FOR_EACH (c, node, &s->connections) {
        poll_timer_wait_until(c->deadline);
        stream_run_wait(c->stream);
        if (c->answer.length) {
            stream_send_wait(c->stream);
        } else {
            stream_recv_wait(c->stream);
        }
    }
}

int
http_server_listen_error(const struct http_server *s)
{
    return s->target && !s->listener ? s->listen_error : 0;
}

void
http_server_get_stats(const struct http_server *s, struct http_stats *stats)
{
    *stats = s->stats;
}
