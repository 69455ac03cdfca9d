/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/cork.h"

#include <errno.h>

#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vconn.h"
#include "openvswitch/vlog.h"
#include "util.h"
#include "vconn-provider.h"

VLOG_DEFINE_THIS_MODULE(ofcork);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

/* What may wait for the rest, in bytes: one write takes it all, and the switch has enough to do
 * while the next is being made. */
#define MAX_CORKED_BYTES (32 * 1024)

/* The stock connection writes each message by itself.  The first wakes up the switch, and the
 * kernel, which takes the write for the end of this daemon's turn, often puts it in place of
 * this daemon, on the same core: there it deals with that message alone, housekeeping included,
 * before the next one is written.  So it was 60 microseconds for each flow instead of 6. */
struct corked_vconn {
    struct vconn up;
    struct vconn *stream;  /* Its class does everything else; it sends no hello of its own. */
    struct ofpbuf *corked; /* Messages, one after the other; or NULL. */
    bool blocked;          /* The socket does not take them yet. */
};

static const struct vconn_class corked_vconn_class;

static struct corked_vconn *
corked_vconn_cast(struct vconn *vconn)
{
    vconn_assert_class(vconn, &corked_vconn_class);
    return CONTAINER_OF(vconn, struct corked_vconn, up);
}

int
corked_vconn_open(const char *target, uint32_t versions, struct vconn **vconnp)
{
    struct vconn *stream;
    int error = vconn_open(target, versions, 0, &stream);

    *vconnp = NULL;
    if (error) {
        return error;
    }
    error = stream->vclass->connect(stream);
    if (error && error != EAGAIN) {
        vconn_close(stream);
        return error;
    }

    struct corked_vconn *c = xzalloc(sizeof *c);
    vconn_init(&c->up, &corked_vconn_class, error, target, versions);
    c->stream = stream;
    *vconnp = &c->up;
    return 0;
}

/* Returns 0 if nothing is corked any more, EAGAIN if the socket takes nothing yet, otherwise
 * another positive errno value. */
static int
uncork(struct corked_vconn *c)
{
    int error = c->corked ? c->stream->vclass->send(c->stream, c->corked) : 0;

    c->blocked = error == EAGAIN;
    if (!error) {
        c->corked = NULL; /* The stream has taken it. */
    } else if (!c->blocked) {
        ofpbuf_delete(c->corked);
        c->corked = NULL;
    }
    return error;
}

static void
corked_vconn_close(struct vconn *vconn)
{
    struct corked_vconn *c = corked_vconn_cast(vconn);

    uncork(c);
    ofpbuf_delete(c->corked);
    vconn_close(c->stream);
    free(c);
}

static int
corked_vconn_connect(struct vconn *vconn)
{
    struct vconn *stream = corked_vconn_cast(vconn)->stream;

    return stream->vclass->connect(stream);
}

static int
corked_vconn_recv(struct vconn *vconn, struct ofpbuf **msgp)
{
    struct vconn *stream = corked_vconn_cast(vconn)->stream;

    return stream->vclass->recv(stream, msgp);
}

static int
corked_vconn_send(struct vconn *vconn, struct ofpbuf *msg)
{
    struct corked_vconn *c = corked_vconn_cast(vconn);

    if (c->blocked) {
        return EAGAIN;
    }
    if (c->corked && c->corked->size + msg->size > MAX_CORKED_BYTES) {
        int error = uncork(c);
        if (error) {
            return error;
        }
    }
    if (!c->corked) {
        c->corked = msg;
    } else {
        /* Twice the size each time: ofpbuf_put() alone makes room for this message only. */
        if (msg->size > ofpbuf_tailroom(c->corked)) {
            ofpbuf_prealloc_tailroom(c->corked, msg->size + c->corked->size);
        }
        ofpbuf_put(c->corked, msg->data, msg->size);
        ofpbuf_delete(msg);
    }
    return 0;
}

static void
corked_vconn_run(struct vconn *vconn)
{
    struct corked_vconn *c = corked_vconn_cast(vconn);

    c->stream->vclass->run(c->stream);

    /* The next receive reports a broken connection. */
    int error = uncork(c);
    if (error && error != EAGAIN) {
        VLOG_WARN_RL(&rl, "%s: send: %s", vconn_get_name(vconn), ovs_strerror(error));
    }
}

static void
corked_vconn_run_wait(struct vconn *vconn)
{
    struct corked_vconn *c = corked_vconn_cast(vconn);

    c->stream->vclass->run_wait(c->stream);
    if (c->corked && !c->blocked) {
        poll_immediate_wake();
    }
}

static void
corked_vconn_wait(struct vconn *vconn, enum vconn_wait_type wait)
{
    struct vconn *stream = corked_vconn_cast(vconn)->stream;

    stream->vclass->wait(stream, wait);
}

static const struct vconn_class corked_vconn_class = {
    .name = "corked",
    .close = corked_vconn_close,
    .connect = corked_vconn_connect,
    .recv = corked_vconn_recv,
    .send = corked_vconn_send,
    .run = corked_vconn_run,
    .run_wait = corked_vconn_run_wait,
    .wait = corked_vconn_wait,
};
