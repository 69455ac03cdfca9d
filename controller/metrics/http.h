/* SPDX-License-Identifier: Apache-2.0 */
#ifndef METRICS_HTTP_H
#define METRICS_HTTP_H 1

/* A web server with one page, for collectors of metrics: GET or HEAD of /metrics, one request a
 * connection.
 *
 * HTTP is libmicrohttpd's.  It runs in the daemon's main loop, which waits for the descriptor of
 * its epoll set, so that there is neither a thread nor locking.  Whatever the clients do, the main
 * loop gives them little:
 *
 *   - at most HTTP_MAX_CONNECTIONS connections; one more ends the oldest, so that clients
 *     that connect and send nothing do not keep others out;
 *   - at most HTTP_MAX_REQUEST bytes of memory for a connection's request, and HTTP_TIMEOUT_S
 *     of silence;
 *   - after having done something the server rests for HTTP_REST_MS, and the page is made
 *     at most once in that time.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct ds;
struct http_server;

#define HTTP_MAX_CONNECTIONS 8
#define HTTP_MAX_REQUEST 4096
#define HTTP_TIMEOUT_S 5
#define HTTP_REST_MS 10

/* Appends the page, of type METRICS_CONTENT_TYPE. */
typedef void http_page_cb(void *aux, struct ds *page);

struct http_server *http_server_create(http_page_cb *, void *aux);
void http_server_destroy(struct http_server *);

/* Listens on 'target' (a passive connection method of Open vSwitch: "ptcp:PORT:IP" or
 * "punix:FILE"), NULL for not at all.  The same again is no change.  Where that is not
 * possible now, it is tried again every few seconds. */
void http_server_set_target(struct http_server *, const char *target);

/* 'now' is the monotonic time in milliseconds. */
void http_server_run(struct http_server *, long long int now);
void http_server_wait(const struct http_server *, long long int now);

/* The errno value of the last attempt to listen; 0 if the server listens or has no
 * target. */
int http_server_listen_error(const struct http_server *);

struct http_stats {
    uint64_t connections; /* Connections accepted. */
    uint64_t served;      /* Requests answered with the page. */
    uint64_t refused;     /* Requests for something else, answered with an error. */
    uint64_t dropped;     /* All other connections: too slow, too many, no HTTP, or lost. */
};
void http_server_get_stats(const struct http_server *, struct http_stats *);

#endif /* metrics/http.h */
