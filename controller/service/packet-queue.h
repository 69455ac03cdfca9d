/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_PACKET_QUEUE_H
#define SERVICE_PACKET_QUEUE_H 1

/* Packets that wait for something, in a bounded number of each thing and in all.
 *
 * Not thread-safe. */

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/list.h"
#include "pipeline/packet-in.h"

struct dp_packet;

struct packet_queue {
    struct ovs_list all; /* Contains "struct queued_packet"s, the oldest first. */
    size_t n;
    size_t max_each, max_all;
    uint64_t n_dropped; /* Those that have made room for others. */
};

struct queued_packet {
    struct ovs_list in_one;        /* In the list of what it waits for. */
    struct ovs_list in_all;        /* In packet_queue->all. */
    struct pipeline_packet_in pin; /* Without payload. */
    struct dp_packet *packet;
};

/* At most 'max_each' packets wait in one list, and 'max_all' in all of them. */
void packet_queue_init(struct packet_queue *, size_t max_each, size_t max_all);

/* Puts a copy of the frame of 'len' bytes at the end of 'one', which is a list of packets of this
 * queue: the oldest one there makes room for it, or the oldest of all. */
void packet_queue_add(struct packet_queue *, struct ovs_list *one,
                      const struct pipeline_packet_in *, const void *frame, size_t len);

/* Takes the oldest packet out of 'one'.  Returns NULL if there is none; otherwise the caller must
 * pass it to queued_packet_destroy(). */
struct queued_packet *packet_queue_take(struct packet_queue *, struct ovs_list *one);
void queued_packet_destroy(struct queued_packet *);

#endif /* service/packet-queue.h */
