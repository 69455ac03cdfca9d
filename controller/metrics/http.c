/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "metrics/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dirs.h"
#include "fatal-signal.h"
#include "metrics/exposition.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "socket-util.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(http);

/* How long to wait before another attempt to listen. */
#define LISTEN_RETRY_MS 10000

/* Connections that the library accepts before those that are over have been closed. */
#define SPARE_CONNECTIONS 8

enum progress {
    CONNECTION_OPEN,
    CONNECTION_REFUSED,  /* An answer that is not the page is on its way. */
    CONNECTION_SERVED,   /* The page is. */
    CONNECTION_COMPLETE, /* It was sent. */
};

/* The library's context of a connection. */
struct connection {
    struct ovs_list node; /* In the server's 'connections', or empty. */
    int fd;               /* The library's. */
    enum progress progress;
};

struct http_server {
    http_page_cb *page;
    void *aux;

    char *target;
    char *socket_file;          /* To be removed with 'library'; NULL: none. */
    struct MHD_Daemon *library; /* NULL if not listening. */
    int epoll_fd;               /* The library's. */
    bool failure_logged;
    int listen_error;        /* Of the last attempt to listen; 0: none. */
    long long int listen_at; /* Not before, if not listening. */
    long long int rest_until;

    struct MHD_Response *answer; /* The page, within one turn of the loop; NULL: not made. */
    struct ovs_list connections; /* Oldest first, without those that had to make room. */
    size_t n_connections;        /* Their number. */
    struct http_stats stats;
};

/* --- Requests ----------------------------------------------------------- */

static void
add_header(struct MHD_Response *answer, const char *name, const char *value)
{
    if (MHD_add_response_header(answer, name, value) != MHD_YES) {
        out_of_memory();
    }
}

/* Takes ownership of 'text'. */
static struct MHD_Response *
make_answer(char *text, size_t len, const char *type)
{
    struct MHD_Response *answer = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);

    if (!answer) {
        out_of_memory();
    }
    add_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    add_header(answer, MHD_HTTP_HEADER_CONNECTION, "close");
    return answer;
}

static struct MHD_Response *
page_answer(struct http_server *s)
{
    if (!s->answer) {
        struct ds page = DS_EMPTY_INITIALIZER;

        s->page(s->aux, &page);
        ds_cstr(&page);
        s->answer = make_answer(page.string, page.length, METRICS_CONTENT_TYPE);
    }
    return s->answer;
}

static enum MHD_Result
send_error(struct MHD_Connection *connection, unsigned int status)
{
    char *text = xasprintf("%s. The metrics are at /metrics.\n",
                           status == MHD_HTTP_NOT_FOUND ? "Not Found" : "Method Not Allowed");
    struct MHD_Response *answer = make_answer(text, strlen(text), "text/plain; charset=utf-8");

    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        add_header(answer, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, status, answer);
    MHD_destroy_response(answer);
    return result;
}

static struct connection *
context_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Called by the library when the header of a request is there; an answer now spares it the body. */
static enum MHD_Result
handle_request(void *s_, struct MHD_Connection *connection, const char *url, const char *method,
               const char *version OVS_UNUSED, const char *upload OVS_UNUSED,
               size_t *upload_size OVS_UNUSED, void **request OVS_UNUSED)
{
    struct connection *c = context_of(connection);
    struct http_server *s = s_;

    c->progress = CONNECTION_REFUSED;
    if (strcmp(url, "/metrics")) {
        return send_error(connection, MHD_HTTP_NOT_FOUND);
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
        return send_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
    }
    c->progress = CONNECTION_SERVED;
    return MHD_queue_response(connection, MHD_HTTP_OK, page_answer(s));
}

/* Called by the library when a request that was handled is over. */
static void
end_request(void *s_, struct MHD_Connection *connection, void **request OVS_UNUSED,
            enum MHD_RequestTerminationCode why)
{
    struct connection *c = context_of(connection);
    struct http_server *s = s_;

    if (why == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        *(c->progress == CONNECTION_SERVED ? &s->stats.served : &s->stats.refused) += 1;
        c->progress = CONNECTION_COMPLETE;
    }
}

/* --- Connections -------------------------------------------------------- */

static void
leave_list(struct http_server *s, struct connection *c)
{
    if (!ovs_list_is_empty(&c->node)) {
        ovs_list_remove(&c->node);
        ovs_list_init(&c->node);
        s->n_connections--;
    }
}

/* The library must close the connection itself, which it does when it finds it at its end. */
static void
make_room(struct http_server *s)
{
    while (s->n_connections > HTTP_MAX_CONNECTIONS) {
        struct connection *oldest =
            CONTAINER_OF(ovs_list_front(&s->connections), struct connection, node);

        shutdown(oldest->fd, SHUT_RDWR);
        leave_list(s, oldest);
    }
}

/* Called by the library when a connection comes and goes. */
static void
note_connection(void *s_, struct MHD_Connection *connection, void **context,
                enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = s_;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct connection *c = xzalloc(sizeof *c);

        c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        ovs_list_push_back(&s->connections, &c->node);
        s->n_connections++;
        s->stats.connections++;
        *context = c;
        make_room(s);
    } else {
        struct connection *c = *context;

        s->stats.dropped += c->progress != CONNECTION_COMPLETE;
        leave_list(s, c);
        free(c);
        *context = NULL;
    }
}

/* --- The server --------------------------------------------------------- */

struct http_server *
http_server_create(http_page_cb *page, void *aux)
{
    struct http_server *s = xzalloc(sizeof *s);

    s->page = page;
    s->aux = aux;
    s->listen_at = s->rest_until = LLONG_MIN;
    ovs_list_init(&s->connections);
    return s;
}

static void
stop(struct http_server *s)
{
    if (s->library) {
        MHD_stop_daemon(s->library);
        s->library = NULL;
    }
    if (s->socket_file) {
        fatal_signal_unlink_file_now(s->socket_file);
        free(s->socket_file);
        s->socket_file = NULL;
    }
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
        s->listen_at = s->rest_until = LLONG_MIN;
    }
}

/* Returns a listening socket, or a negative errno value. */
static int
open_socket(struct http_server *s)
{
    const char *name = strchr(s->target, ':') + 1;

    if (strncmp(s->target, "punix:", strlen("punix:"))) {
        return inet_open_passive(SOCK_STREAM, name, -1, NULL, 0, true);
    }
    s->socket_file = abs_file_name(ovs_rundir(), name);
    int fd = make_unix_socket(SOCK_STREAM, true, s->socket_file, NULL);
    if (fd >= 0 && listen(fd, HTTP_MAX_CONNECTIONS * 2)) {
        int error = errno;
        close(fd);
        fd = -error;
    }
    return fd;
}

static void OVS_PRINTF_FORMAT(2, 0)
    log_library(void *s OVS_UNUSED, const char *format, va_list args)
{
    char *message = xvasprintf(format, args);

    VLOG_DBG("libmicrohttpd: %s", message);
    free(message);
}

/* Returns 0, or an errno value. */
static int
start(struct http_server *s)
{
    int fd = open_socket(s);

    if (fd < 0) {
        return -fd;
    }
    s->library = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle_request, s,
        MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned int) HTTP_MAX_CONNECTIONS + SPARE_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) HTTP_MAX_REQUEST,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int) HTTP_TIMEOUT_S, MHD_OPTION_NOTIFY_CONNECTION,
        note_connection, s, MHD_OPTION_NOTIFY_COMPLETED, end_request, s, MHD_OPTION_END);
    if (!s->library) {
        close(fd);
        return EADDRNOTAVAIL;
    }
    s->epoll_fd = MHD_get_daemon_info(s->library, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return 0;
}

static void
listen_on_target(struct http_server *s, long long int now)
{
    s->listen_error = start(s);
    if (!s->listen_error) {
        VLOG_INFO("metrics are served on %s", s->target);
        s->failure_logged = false;
        return;
    }
    stop(s);
    s->listen_at = now + LISTEN_RETRY_MS;
    if (!s->failure_logged) {
        s->failure_logged = true;
        VLOG_WARN("cannot serve metrics on %s (%s), will go on trying", s->target,
                  ovs_strerror(s->listen_error));
    }
}

/* How long the library may wait for events, in milliseconds; LLONG_MAX: for ever. */
static long long int
patience(const struct http_server *s)
{
    MHD_UNSIGNED_LONG_LONG msec;

    return MHD_get_timeout(s->library, &msec) == MHD_YES ? msec : LLONG_MAX;
}

static bool
has_events(const struct http_server *s)
{
    struct pollfd pollfd = {.fd = s->epoll_fd, .events = POLLIN};

    return poll(&pollfd, 1, 0) > 0;
}

void
http_server_run(struct http_server *s, long long int now)
{
    if (!s->target || now < s->rest_until) {
        return;
    }
    if (!s->library && now >= s->listen_at) {
        listen_on_target(s, now);
    }
    if (!s->library || (!has_events(s) && patience(s))) {
        return;
    }

    MHD_run(s->library);
    if (s->answer) {
        MHD_destroy_response(s->answer);
        s->answer = NULL;
    }
    s->rest_until = now + HTTP_REST_MS;
}

void
http_server_wait(const struct http_server *s, long long int now)
{
    if (!s->target) {
        return;
    }
    if (!s->library) {
        poll_timer_wait_until(s->listen_at);
    } else if (now < s->rest_until) {
        poll_timer_wait_until(s->rest_until);
    } else {
        long long int msec = patience(s);

        poll_fd_wait(s->epoll_fd, POLLIN);
        if (msec != LLONG_MAX) {
            poll_timer_wait(msec);
        }
    }
}

int
http_server_listen_error(const struct http_server *s)
{
    return s->target && !s->library ? s->listen_error : 0;
}

void
http_server_get_stats(const struct http_server *s, struct http_stats *stats)
{
    *stats = s->stats;
}
