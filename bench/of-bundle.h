/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_OF_BUNDLE_H
#define BENCH_OF_BUNDLE_H 1

/* OpenFlow for programs that send flows as fast as they can, over a plain stream. */

#include <stdbool.h>
#include <stddef.h>

#include "openvswitch/ofp-msgs.h"

struct ofp_header;
struct ofpbuf;
struct ofputil_flow_mod;
struct stream;

#define OF_VERSION OFP15_VERSION

/* Appends a hello to 'out'. */
void of_put_hello(struct ofpbuf *out);

/* Appends what makes the switch tell of its ports to 'out'. */
void of_put_config(struct ofpbuf *out);

/* Appends an atomic bundle of the 'n' flow-mods to 'out', its commit included. */
void of_put_bundle(struct ofpbuf *out, const struct ofputil_flow_mod *fms, size_t n);

/* Appends a barrier request to 'out'. */
void of_put_barrier(struct ofpbuf *out);

/* Reads what the switch has sent into 'in', and calls 'cb' for each whole message.  Ends the
 * program if the switch has refused anything, or has gone. */
typedef void of_message_cb(enum ofptype, const struct ofp_header *, void *aux);
void of_receive(struct stream *, struct ofpbuf *in, of_message_cb *, void *aux);

/* Sends of 'out' what the socket takes. */
void of_send(struct stream *, struct ofpbuf *out);

/* True if 'oh', of 'type', says that the bundle has been committed. */
bool of_is_committed(enum ofptype type, const struct ofp_header *oh);

#endif /* of-bundle.h */
