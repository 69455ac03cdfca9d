/* SPDX-License-Identifier: Apache-2.0 */

/* The switch's own limit: how fast it takes flows from a sender that has nothing
 * else to do.
 *
 *     send-flows SOCKET FILE
 *
 * reads flows as "ovs-ofctl dump-flows --no-stats" prints them, encodes one atomic
 * OpenFlow 1.5 bundle of them, and only then starts the clock: the messages go to
 * the switch as fast as it reads them, and the clock stops when it has confirmed the
 * commit.  Prints one line of JSON: the number of flows, the bytes sent, and the
 * seconds for parsing and encoding and those for sending until confirmed.
 *
 * "ovs-ofctl --bundle add-flows" parses and encodes in between and waits after each
 * message whether there is an error: what it takes is not the switch's limit alone. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "openflow/openflow.h"
#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-match.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

#define OF_VERSION OFP15_VERSION
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

/* Appends the bundle for the flows in 'file' to 'out'.  Returns the number of flows. */
static size_t
encode(const char *file, struct ofpbuf *out)
{
    enum ofputil_protocol usable;
    struct ofputil_flow_mod *fms;
    size_t n;

    char *error = parse_ofp_flow_mod_file(file, NULL, NULL, OFPFC_ADD, &fms, &n, &usable);
    if (error) {
        ovs_fatal(0, "%s: %s", file, error);
    }
    put_control(out, OFPBCT_OPEN_REQUEST);
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
        minimatch_destroy(&fms[i].match);
        free(CONST_CAST(struct ofpact *, fms[i].ofpacts));
    }
    free(fms);
    put_control(out, OFPBCT_COMMIT_REQUEST);
    return n;
}

/* Reads what the switch has sent into 'in'.  Returns true once it has confirmed the
 * commit; does not return if it has refused anything. */
static bool
receive(struct stream *stream, struct ofpbuf *in)
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
        struct ofputil_bundle_ctrl_msg reply;
        if (!ofptype_decode(&type, oh)) {
            if (type == OFPTYPE_ERROR) {
                ovs_fatal(0, "the switch says: %s", ofperr_to_string(ofperr_decode_msg(oh, NULL)));
            } else if (type == OFPTYPE_BUNDLE_CONTROL && !ofputil_decode_bundle_ctrl(oh, &reply)
                       && reply.type == OFPBCT_COMMIT_REPLY) {
                return true;
            }
        }
        ofpbuf_pull(in, length);
    }
    return false;
}

/* Sends 'out' and waits for the confirmation. */
static void
send_all(struct stream *stream, struct ofpbuf *out)
{
    struct ofpbuf in;
    bool confirmed = false;

    ofpbuf_init(&in, 65536);
    while (!confirmed) {
        stream_run(stream);
        if (out->size) {
            int sent = stream_send(stream, out->data, MIN(out->size, CHUNK));
            if (sent > 0) {
                ofpbuf_pull(out, sent);
            } else if (sent != -EAGAIN) {
                ovs_fatal(-sent, "cannot send to the switch");
            }
        }
        confirmed = receive(stream, &in);
        if (!confirmed) {
            stream_run_wait(stream);
            stream_recv_wait(stream);
            if (out->size) {
                stream_send_wait(stream);
            }
            poll_block();
        }
    }
    ofpbuf_uninit(&in);
}

int
main(int argc, char *argv[])
{
    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    if (argc != 3) {
        ovs_fatal(0, "usage: %s SOCKET FILE", program_name);
    }

    struct ofpbuf out;
    ofpbuf_init(&out, 1 << 20);
    put_message(&out, ofputil_encode_hello(1u << OF_VERSION));
    long long int started = time_usec();
    size_t n = encode(argv[2], &out);
    size_t bytes = out.size;
    long long int encoded = time_usec();

    struct stream *stream;
    int error = stream_open_block(stream_open(argv[1], &stream, 0), -1, &stream);
    if (error) {
        ovs_fatal(error, "%s", argv[1]);
    }
    long long int connected = time_usec();
    send_all(stream, &out);
    long long int confirmed = time_usec();

    printf("{\"flows\": %" PRIuSIZE ", \"bytes\": %" PRIuSIZE
           ", \"encode\": %.6f, \"apply\": %.6f}\n",
           n, bytes, (encoded - started) / 1e6, (confirmed - connected) / 1e6);
    stream_close(stream);
    ofpbuf_uninit(&out);
    return 0;
}
