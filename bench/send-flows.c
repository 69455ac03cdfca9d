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

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "of-bundle.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

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
    of_put_bundle(out, fms, n);
    for (size_t i = 0; i < n; i++) {
        minimatch_destroy(&fms[i].match);
        free(CONST_CAST(struct ofpact *, fms[i].ofpacts));
    }
    free(fms);
    return n;
}

static void
note_commit(enum ofptype type, const struct ofp_header *oh, void *confirmed)
{
    *(bool *) confirmed |= of_is_committed(type, oh);
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
        of_send(stream, out);
        of_receive(stream, &in, note_commit, &confirmed);
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
    of_put_hello(&out);
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
