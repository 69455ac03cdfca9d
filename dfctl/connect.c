/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jsonrpc.h"
#include "nb/dragonflow-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-session.h"
#include "socket-util.h"
#include "stream.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(connect);

/* For all servers together. */
#define PROBE_TIMEOUT_MS 3000

/* How far a server got. */
enum verdict {
    UNREACHABLE, /* Or of no use: wrong database, wrong certificate. */
    NOT_LEADER,
    NO_MAJORITY,
    USABLE,
};

static void
parse_remotes(const char *remotes, struct svec *v)
{
    struct uuid cid;

    svec_init(v);
    ovsdb_session_parse_remote(remotes, v, &cid);
}

static bool
is_tls(const char *remote)
{
    return !strncmp(remote, "ssl:", 4);
}

/* --- Before connecting -------------------------------------------------- */

/* What is wrong with the form of one remote, which the parser may not have split: it
 * leaves a comma alone that no type of connection follows. */
static char *
check_form(const char *remote)
{
    static const char form[] = "--db takes unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT";
    const char *comma = strncmp(remote, "unix:", 5) ? strchr(remote, ',') : NULL;

    if (stream_verify_name(remote)) {
        return xasprintf("%s is not a database: %s%s", remote, form,
                         pstream_verify_name(remote) ? "" : " (without the p of a server's)");
    } else if (comma) {
        return xasprintf("%s is not a database: %s", comma + 1, form);
    } else if (strncmp(remote, "unix:", 5) && !strrchr(strchr(remote, ':') + 1, ':')) {
        return xasprintf("%s: the port is missing (%s:6641)", remote, remote);
    }
    return NULL;
}

char *
connect_check(const char *remotes, const struct tls_files *files)
{
    if (!remotes[strspn(remotes, ", ")]) {
        return xstrdup("--db is empty: give unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT, or leave it "
                       "out");
    }

    struct svec v;
    parse_remotes(remotes, &v);
    bool tls = false;
    char *error = NULL;
    for (size_t i = 0; i < v.n && !error; i++) {
        error = check_form(v.names[i]);
        tls = tls || is_tls(v.names[i]);
    }
    svec_destroy(&v);
    return error ? error : tls ? tls_check_files(files) : NULL;
}

/* --- After a failure ---------------------------------------------------- */

static char *
explain_errno(const char *remote, int error)
{
    const char *text = ovs_strerror(error);

    if (!strncmp(remote, "unix:", 5)) {
        return (error == ENOENT ? xasprintf("%s: is the database server running on this host? --db "
                                            "or DF_NB_DB name another",
                                            text)
                : error == ECONNREFUSED
                    ? xasprintf("%s: the database server that made this socket does not run", text)
                : error == EACCES ? xasprintf("%s: run this as root", text)
                                  : xstrdup(text));
    }
    return (error == ECONNREFUSED ? xasprintf("%s: no server listens there", text)
            : error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH
                ? xasprintf("%s: is the host up, and does no firewall drop this?", text)
                : xstrdup(text));
}

/* Shakes hands with an ssl: remote on a connection of its own.  Returns what is wrong
 * with that, NULL if nothing is. */
static char *
probe_tls(const char *remote, const struct tls_files *files, long long int deadline)
{
    struct sockaddr_storage ss;
    int fd;
    int error = inet_open_active(SOCK_STREAM, remote + 4, -1, &ss, &fd, 0);

    if (error && error != EAGAIN) {
        return explain_errno(remote, error);
    }
    struct pollfd pfd = {.fd = fd, .events = POLLOUT};
    if (poll(&pfd, 1, MAX(deadline - time_msec(), 0)) <= 0) {
        error = ETIMEDOUT;
    } else {
        error = check_connection_completion(fd);
    }
    char *why = (error ? explain_errno(remote, error) : tls_probe(files, fd, deadline));
    close(fd);
    return why;
}

/* Sends a request and waits for its reply.  Returns 0 and the result, which the caller
 * must destroy, or a positive errno value or EOF. */
static int
ask(struct jsonrpc *rpc, const char *method, struct json *params, long long int deadline,
    struct json **result)
{
    struct json *id;
    struct jsonrpc_msg *reply = NULL;
    int error = jsonrpc_send(rpc, jsonrpc_create_request(method, params, &id));

    while (!error && !reply) {
        jsonrpc_run(rpc);
        error = jsonrpc_recv(rpc, &reply);
        if (!error && (reply->type != JSONRPC_REPLY || !json_equal(reply->id, id))) {
            jsonrpc_msg_destroy(reply);
            reply = NULL;
        } else if (error == EAGAIN && time_msec() < deadline) {
            error = 0;
            jsonrpc_wait(rpc);
            jsonrpc_recv_wait(rpc);
            poll_timer_wait_until(deadline);
            poll_block();
        }
    }
    json_destroy(id);
    if (!error) {
        *result = json_nullable_clone(reply->result);
        jsonrpc_msg_destroy(reply);
        if (!*result) {
            error = EPROTO;
        }
    }
    return error == EAGAIN ? ETIMEDOUT : error;
}

static bool
has_database(const struct json *list, char **others)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    bool found = false;

    for (size_t i = 0; list->type == JSON_ARRAY && i < json_array(list)->n; i++) {
        const struct json *name = json_array(list)->elems[i];
        if (name->type == JSON_STRING) {
            found = found || !strcmp(json_string(name), nbrec_idl_class.database);
            if (json_string(name)[0] != '_') {
                svec_add(&names, json_string(name));
            }
        }
    }
    svec_sort(&names);
    *others = svec_join(&names, ", ", "");
    svec_destroy(&names);
    return found;
}

static bool
row_bool(const struct json *row, const char *column)
{
    const struct json *value = shash_find_data(json_object(row), column);
    return value && value->type == JSON_TRUE;
}

static bool
row_is(const struct json *row, const char *column, const char *value)
{
    const struct json *json = shash_find_data(json_object(row), column);
    return json && json->type == JSON_STRING && !strcmp(json_string(json), value);
}

/* The row of the database in what _Server answered, NULL if there is none. */
static const struct json *
server_row(const struct json *result)
{
    const struct json *op =
        (result->type == JSON_ARRAY && json_array(result)->n ? json_array(result)->elems[0] : NULL);
    const struct json *rows =
        op && op->type == JSON_OBJECT ? shash_find_data(json_object(op), "rows") : NULL;
    return (rows && rows->type == JSON_ARRAY && json_array(rows)->n
                    && json_array(rows)->elems[0]->type == JSON_OBJECT
                ? json_array(rows)->elems[0]
                : NULL);
}

/* Judges a member of a cluster, or a relay, by the row that it has of itself. */
static enum verdict
judge_server(const struct json *row, bool leader_only, char **why)
{
    bool connected = row_bool(row, "connected");

    if (row_is(row, "model", "relay")) {
        *why = xstrdup(connected ? "a relay, which cannot be asked like a leader: add "
                                   "--no-leader-only"
                                 : "a relay that is not connected to the servers");
        return connected && !leader_only ? USABLE : connected ? UNREACHABLE : NO_MAJORITY;
    } else if (!row_is(row, "model", "clustered")) {
        return USABLE;
    } else if (!connected) {
        *why = xstrdup("this member of the cluster belongs to no majority: start the others");
        return NO_MAJORITY;
    } else if (leader_only && !row_bool(row, "leader")) {
        *why =
            xstrdup("this member of the cluster is not its leader: give --db all of its servers, "
                    "or --no-leader-only");
        return NOT_LEADER;
    }
    return USABLE;
}

static enum verdict
probe_session(struct jsonrpc *rpc, bool leader_only, long long int deadline, char **why)
{
    struct json *result;
    char *others;
    int error = ask(rpc, "list_dbs", json_array_create_empty(), deadline, &result);

    if (error) {
        *why = (error == ETIMEDOUT
                    ? xstrdup("connected, but it does not answer: is it a database "
                              "server that is alive?")
                    : xasprintf("%s: not a database server?", ovs_retval_to_string(error)));
        return UNREACHABLE;
    }
    bool found = has_database(result, &others);
    json_destroy(result);
    if (!found) {
        *why = xasprintf("the server there has no database %s%s%s%s: is this the right port?",
                         nbrec_idl_class.database, others[0] ? ", but " : "", others,
                         others[0] ? "" : " nor any other");
        free(others);
        return UNREACHABLE;
    }
    free(others);

    char *request = xasprintf("[\"_Server\",{\"op\":\"select\",\"table\":\"Database\","
                              "\"where\":[[\"name\",\"==\",\"%s\"]],"
                              "\"columns\":[\"model\",\"connected\",\"leader\"]}]",
                              nbrec_idl_class.database);
    error = ask(rpc, "transact", json_from_string(request), deadline, &result);
    free(request);
    if (error) {
        return USABLE;
    }
    const struct json *row = server_row(result);
    enum verdict verdict = row ? judge_server(row, leader_only, why) : USABLE;
    json_destroy(result);
    return verdict;
}

/* Finds out about one server within 'timeout' ms.  Sets '*why' unless it is usable. */
static enum verdict
probe(const char *remote, const struct tls_files *files, bool leader_only, int timeout, char **why)
{
    long long int deadline = time_msec() + timeout;
    struct stream *stream;

    if (strncmp(remote, "unix:", 5)) {
        struct sockaddr_storage ss;
        bool dns_failure = false;
        if (!inet_parse_active(strchr(remote, ':') + 1, -1, &ss, true, &dns_failure)) {
            *why = xstrdup(dns_failure ? "the host's name cannot be resolved: is it spelled right, "
                                         "and is it in /etc/hosts or DNS?"
                                       : "not of the form HOST:PORT");
            return UNREACHABLE;
        }
    }
    *why = is_tls(remote) ? probe_tls(remote, files, deadline) : NULL;
    if (*why) {
        return UNREACHABLE;
    }
    int error = stream_open_block(stream_open(remote, &stream, DSCP_DEFAULT),
                                  MAX(deadline - time_msec(), 1), &stream);
    if (error) {
        *why = explain_errno(remote, error);
        return UNREACHABLE;
    }
    struct jsonrpc *rpc = jsonrpc_open(stream);
    enum verdict verdict = probe_session(rpc, leader_only, deadline, why);
    jsonrpc_close(rpc);
    return verdict;
}

char *
connect_explain(const char *remotes, const struct tls_files *files, bool leader_only, bool *waits)
{
    struct ds reasons = DS_EMPTY_INITIALIZER;
    enum verdict best = UNREACHABLE;
    struct svec v;

    parse_remotes(remotes, &v);
    for (size_t i = 0; i < v.n && best < USABLE; i++) {
        char *why = NULL;
        enum verdict verdict = probe(v.names[i], files, leader_only, PROBE_TIMEOUT_MS / v.n, &why);
        best = MAX(best, verdict);
        if (why) {
            ds_put_format(&reasons, "%s%s%s%s", reasons.length ? "; " : "",
                          v.n > 1 ? v.names[i] : "", v.n > 1 ? ": " : "", why);
        }
        free(why);
    }
    if (best < USABLE && v.n > 1) {
        char *list = ds_steal_cstr(&reasons);
        ds_put_format(&reasons, "no server is %s: %s",
                      leader_only ? "the leader of a majority" : "part of a majority", list);
        free(list);
    }
    *waits = best > UNREACHABLE;
    svec_destroy(&v);
    if (best == USABLE) {
        ds_destroy(&reasons);
        return NULL;
    }
    return ds_steal_cstr(&reasons);
}
