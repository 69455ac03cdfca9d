/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "switch/cork.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fatal-signal.h"
#include "openvswitch/compiler.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vconn.h"
#include "socket-util.h"
#include "util.h"

#define VERSIONS (1u << OFP14_VERSION)
#define PAYLOAD 1000

/* A connection beyond its hello, and the other end of it. */
struct pair {
    struct vconn *vconn;
    int peer;
};

static struct pair
pair_open(void)
{
    char dir[] = "/tmp/cork-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char *path = xasprintf("%s/socket", dir);
    char *target = xasprintf("unix:%s", path);
    int listener = make_unix_socket(SOCK_STREAM, false, path, NULL);
    assert_true(listener >= 0);
    assert_int_equal(listen(listener, 1), 0);

    struct pair p;
    assert_int_equal(corked_vconn_open(target, VERSIONS, &p.vconn), 0);
    p.peer = accept(listener, NULL, NULL);
    assert_true(p.peer >= 0);
    close(listener);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    free(path);
    free(target);

    struct ofpbuf *hello = ofputil_encode_hello(VERSIONS);
    assert_int_equal(write(p.peer, hello->data, hello->size), hello->size);
    vconn_run(p.vconn);
    assert_int_equal(vconn_connect(p.vconn), 0);
    vconn_run(p.vconn);
    char theirs[64];
    assert_int_equal(read(p.peer, theirs, sizeof theirs), hello->size);
    ofpbuf_delete(hello);
    return p;
}

static void
pair_close(struct pair *p)
{
    vconn_close(p->vconn);
    close(p->peer);
}

static int
send_echo(struct vconn *vconn, uint32_t xid)
{
    struct ofpbuf *msg = ofpraw_alloc_xid(OFPRAW_OFPT_ECHO_REQUEST, OFP14_VERSION, htonl(xid), 0);

    ofpbuf_put_zeros(msg, PAYLOAD);
    int error = vconn_send(vconn, msg);
    if (error) {
        ofpbuf_delete(msg);
    }
    return error;
}

static bool
has_arrived(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};

    return poll(&pfd, 1, 0) == 1;
}

/* The xid of the next message, which must be complete and as sent. */
static uint32_t
receive_echo(int fd)
{
    char msg[sizeof(struct ofp_header) + PAYLOAD];
    struct ofp_header oh;

    assert_int_equal(recv(fd, msg, sizeof msg, MSG_WAITALL), sizeof msg);
    memcpy(&oh, msg, sizeof oh);
    assert_int_equal(oh.version, OFP14_VERSION);
    assert_int_equal(ntohs(oh.length), sizeof msg);
    assert_true(is_all_zeros(msg + sizeof oh, PAYLOAD));
    return ntohl(oh.xid);
}

static void
nothing_is_written_before_it_runs(void **state OVS_UNUSED)
{
    struct pair p = pair_open();

    for (uint32_t xid = 0; xid < 3; xid++) {
        assert_int_equal(send_echo(p.vconn, xid), 0);
    }
    assert_false(has_arrived(p.peer));
    vconn_run(p.vconn);
    for (uint32_t xid = 0; xid < 3; xid++) {
        assert_int_equal(receive_echo(p.peer), xid);
    }
    assert_false(has_arrived(p.peer));
    pair_close(&p);
}

static void
much_is_written_at_once(void **state OVS_UNUSED)
{
    struct pair p = pair_open();

    for (uint32_t xid = 0; xid < 40; xid++) {
        assert_int_equal(send_echo(p.vconn, xid), 0);
    }
    for (uint32_t xid = 0; xid < 30; xid++) {
        assert_int_equal(receive_echo(p.peer), xid);
    }
    pair_close(&p);
}

static void
a_full_socket_takes_no_more_and_loses_nothing(void **state OVS_UNUSED)
{
    struct pair p = pair_open();
    uint32_t n = 0;
    uint32_t xid = 0;

    while (!send_echo(p.vconn, n)) {
        assert_true(++n < 100000);
    }
    vconn_run(p.vconn);
    assert_int_equal(send_echo(p.vconn, n), EAGAIN);

    while (xid < n) {
        while (has_arrived(p.peer)) {
            assert_int_equal(receive_echo(p.peer), xid);
            xid++;
        }
        vconn_run(p.vconn);
    }
    assert_int_equal(send_echo(p.vconn, n), 0);
    vconn_run(p.vconn);
    assert_int_equal(receive_echo(p.peer), n);
    pair_close(&p);
}

static void
what_is_left_is_written_when_it_is_closed(void **state OVS_UNUSED)
{
    struct pair p = pair_open();
    char rest;

    assert_int_equal(send_echo(p.vconn, 7), 0);
    vconn_close(p.vconn);
    assert_int_equal(receive_echo(p.peer), 7);
    assert_int_equal(read(p.peer, &rest, sizeof rest), 0);
    close(p.peer);
}

static void
who_receives_gets_to_know_that_the_peer_has_gone(void **state OVS_UNUSED)
{
    struct pair p = pair_open();
    struct ofpbuf *msg;

    assert_int_equal(vconn_recv(p.vconn, &msg), EAGAIN);
    close(p.peer);
    assert_int_equal(send_echo(p.vconn, 1), 0);
    vconn_run(p.vconn);
    assert_int_equal(vconn_recv(p.vconn, &msg), EOF);
    vconn_close(p.vconn);
}

static void
no_listener_is_an_error(void **state OVS_UNUSED)
{
    struct vconn *vconn;

    assert_int_equal(corked_vconn_open("unix:/nonexistent/socket", VERSIONS, &vconn), ENOENT);
    assert_null(vconn);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_written_before_it_runs),
        cmocka_unit_test(much_is_written_at_once),
        cmocka_unit_test(a_full_socket_takes_no_more_and_loses_nothing),
        cmocka_unit_test(what_is_left_is_written_when_it_is_closed),
        cmocka_unit_test(who_receives_gets_to_know_that_the_peer_has_gone),
        cmocka_unit_test(no_listener_is_an_error),
    };

    fatal_ignore_sigpipe();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
