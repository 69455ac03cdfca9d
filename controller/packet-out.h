/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PACKET_OUT_H
#define PACKET_OUT_H 1

/* Packets of the daemon's own, into the pipeline. */

struct dp_packet;
struct injection;
struct ofsession;

/* Sends 'packet', which stays the caller's, into the pipeline.  Dropped silently if the switch is
 * not connected. */
void packet_out(struct ofsession *, const struct dp_packet *packet, const struct injection *);

#endif /* packet-out.h */
