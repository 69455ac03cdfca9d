/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "of-bundle.h"

#include <errno.h>

#include "openflow/openflow.h"
#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofp-switch.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "stream.h"
#include "util.h"

#define OF_PROTOCOL OFPUTIL_P_OF15_OXM
#define BUNDLE_ID 1
#define BUNDLE_FLAGS (OFPBF_ATOMIC | OFPBF_ORDERED)

/* Bytes for each call of write(). */
#define CHUNK (256 * 1024)

/* Appends a message to 'out' and frees it. */
static void
put_message(struct ofpbuf *out, struct ofpbuf *message)
{
    ofpmsg_update_length(message);
    ofpbuf_put(out, message->data, message->size);
    ofpbuf_delete(message);
}

static void
put_control(struct ofpbuf *out, uint16_t type)
{
    struct ofputil_bundle_ctrl_msg control = {
        .bundle_id = BUNDLE_ID,
        .type = type,
        .flags = BUNDLE_FLAGS,
    };
    put_message(out, ofputil_encode_bundle_ctrl_request(OF_VERSION, &control));
}

void
of_put_hello(struct ofpbuf *out)
{
    put_message(out, ofputil_encode_hello(1u << OF_VERSION));
}

/* Without it the switch tells a local connection nothing by itself. */
void
of_put_config(struct ofpbuf *out)
{
    struct ofputil_switch_config config = {.miss_send_len = UINT16_MAX};

    put_message(out, ofputil_encode_set_config(&config, OF_VERSION));
}

/* The first message that is added opens the bundle. */
void
of_put_bundle(struct ofpbuf *out, const struct ofputil_flow_mod *fms, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ofpbuf *fm = ofputil_encode_flow_mod(&fms[i], OF_PROTOCOL);
        ofpmsg_update_length(fm);

        struct ofputil_bundle_add_msg add = {
            .bundle_id = BUNDLE_ID,
            .flags = BUNDLE_FLAGS,
            .msg = fm->data,
        };
        put_message(out, ofputil_encode_bundle_add(OF_VERSION, &add));
        ofpbuf_delete(fm);
    }
    put_control(out, OFPBCT_COMMIT_REQUEST);
}

void
of_put_barrier(struct ofpbuf *out)
{
    put_message(out, ofputil_encode_barrier_request(OF_VERSION));
}

void
of_receive(struct stream *stream, struct ofpbuf *in, of_message_cb *cb, void *aux)
{
    ofpbuf_prealloc_tailroom(in, 65536);
    int received = stream_recv(stream, ofpbuf_tail(in), 65536);
    if (received == 0 || (received < 0 && received != -EAGAIN)) {
        ovs_fatal(received ? -received : 0, "the switch has closed the connection");
    }
    in->size += MAX(received, 0);

    while (in->size >= sizeof(struct ofp_header)) {
        const struct ofp_header *oh = in->data;
        size_t length = ntohs(oh->length);
        if (length < sizeof *oh) {
            ovs_fatal(0, "a malformed message from the switch");
        }
        if (in->size < length) {
            break;
        }

        enum ofptype type;
        if (!ofptype_decode(&type, oh)) {
            if (type == OFPTYPE_ERROR) {
                ovs_fatal(0, "the switch says: %s", ofperr_to_string(ofperr_decode_msg(oh, NULL)));
            }
            cb(type, oh, aux);
        }
        ofpbuf_pull(in, length);
    }
}

void
of_send(struct stream *stream, struct ofpbuf *out)
{
    while (out->size) {
        int sent = stream_send(stream, out->data, MIN(out->size, CHUNK));
        if (sent == -EAGAIN) {
            break;
        } else if (sent <= 0) {
            ovs_fatal(-sent, "cannot send to the switch");
        }
        ofpbuf_pull(out, sent);
    }
}

bool
of_is_committed(enum ofptype type, const struct ofp_header *oh)
{
    struct ofputil_bundle_ctrl_msg reply;

    return (type == OFPTYPE_BUNDLE_CONTROL && !ofputil_decode_bundle_ctrl(oh, &reply)
            && reply.type == OFPBCT_COMMIT_REPLY);
}
