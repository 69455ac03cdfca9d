/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_DISPATCH_H
#define SERVICE_DISPATCH_H 1

/* Which service answers which packet.
 *
 * A service registers the reasons (pipeline/packet-in.h) whose packets it takes.  A packet goes to
 * the service of its reason, and is counted by what became of it.  What flows of another version
 * send, and what no service takes, is counted as of unknown reason and dropped.
 *
 * Thread-safety: a dispatch, and the services in it, must be used by one thread at a time. */

#include <stddef.h>
#include <stdint.h>

#include "pipeline/packet-in.h"

struct dispatch;
struct ds;

/* What became of a packet. */
enum packet_outcome {
    PACKET_ANSWERED,
    PACKET_LIMITED,     /* The source has used up its share. */
    PACKET_NOT_ALLOWED, /* There must be no answer. */
    PACKET_MALFORMED,   /* It is not what its reason promises, or of unknown reason. */
    PACKET_NO_SOURCE,   /* There is no address to answer from. */
    PACKET_QUEUED,      /* What becomes of it is seen later. */
};
#define N_PACKET_OUTCOMES (PACKET_QUEUED + 1)

/* Takes a packet: the Ethernet frame 'frame' of 'len' bytes, which may be truncated and hold
 * anything, at the monotonic time 'now' in milliseconds.  The payload is as long as registered. */
typedef enum packet_outcome packet_handler(void *service, const struct pipeline_packet_in *,
                                           const void *frame, size_t len, long long int now);

/* A reason whose packets a service takes. */
struct packet_service {
    enum packet_in_reason reason;
    const char *name;   /* Of the reason, for counters and logs: lower case and underscores. */
    size_t payload_len; /* Of the reason, in bytes. */
    packet_handler *handle;
};

struct dispatch *dispatch_create(void);
void dispatch_destroy(struct dispatch *);

/* Packets that come for the reason go to '*entry', which is not copied, with 'service'.  No other
 * service may have that reason. */
void dispatch_register(struct dispatch *, const struct packet_service *entry, void *service);

/* Hands on a packet, of which packet_in_parse() has said this, with its frame: see
 * packet_handler. */
void dispatch_packet_in(struct dispatch *, const struct pipeline_packet_in *, const void *frame,
                        size_t len, long long int now);

/* The name of a reason, "unknown" for 0; NULL if no service takes its packets. */
const char *dispatch_reason_name(const struct dispatch *, enum packet_in_reason);

/* How many packets that came for 'reason' ended so. */
uint64_t dispatch_count(const struct dispatch *, enum packet_in_reason, enum packet_outcome);

/* Appends the counts to 'ds', a line for each reason seen so far, each indented by 'indent'
 * spaces; nothing if no packet came. */
void dispatch_format(const struct dispatch *, int indent, struct ds *);

#endif /* service/dispatch.h */
