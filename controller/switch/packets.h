/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_PACKETS_H
#define SWITCH_PACKETS_H 1

/* Packets from and to the pipeline. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "switch/types.h"

struct ofp_header;
struct ofpbuf;
struct rconn_packet_counter;
struct session;

struct packets {
    struct session *session;
    packet_in_cb *cb;                    /* Gets packets from the pipeline, or NULL. */
    void *aux;                           /* For 'cb'. */
    struct rconn_packet_counter *queued; /* Those to the pipeline that wait for the socket. */
};

void packets_init(struct packets *, struct session *, packet_in_cb *, void *aux);
void packets_destroy(struct packets *);
/* Handles OFPT_PACKET_IN. */
void packets_handle_in(struct packets *, const struct ofp_header *);
/* See switch_packet_out(). */
void packets_send_out(struct packets *, const void *packet, size_t len,
                      const struct ofpbuf *actions);
/* See switch_flush_zone(). */
bool packets_flush_zone(struct packets *, uint16_t zone);

#endif /* switch/packets.h */
