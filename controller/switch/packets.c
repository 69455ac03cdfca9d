/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/packets.h"

#include "byte-order.h"
#include "openflow/nicira-ext.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-packet.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/rconn.h"
#include "openvswitch/vlog.h"
#include "switch/session.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofpacketin);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

/* Packets to the switch that may wait for the socket; what is more is dropped, as
 * a congested link would do. */
#define MAX_QUEUED_PACKETS 256

void
packets_init(struct packets *p, struct session *session, packet_in_cb *cb, void *aux)
{
    p->session = session;
    p->cb = cb;
    p->aux = aux;
    p->queued = rconn_packet_counter_create();
}

void
packets_destroy(struct packets *p)
{
    rconn_packet_counter_destroy(p->queued);
}

void
packets_handle_in(struct packets *p, const struct ofp_header *oh)
{
    struct session *s = p->session;
    struct ofputil_packet_in pin;
    enum ofperr error;

    error = ofputil_decode_packet_in(oh, true, NULL, NULL, &pin, NULL, NULL, NULL);
    if (error || !pin.packet) {
        s->stats.malformed++;
        VLOG_WARN_RL(&rl, "%s: packet-in that cannot be decoded (%s)", s->bridge,
                     error ? ofperr_to_string(error) : "no packet");
        return;
    }

    s->stats.packet_ins++;
    if (p->cb) {
        struct packet_in packet = {
            .packet = pin.packet,
            .len = pin.packet_len,
            .userdata = pin.userdata,
            .userdata_len = pin.userdata_len,
            .metadata = &pin.flow_metadata,
            .cookie = ntohll(pin.cookie),
        };
        p->cb(&packet, p->aux);
    }
}

void
packets_send_out(struct packets *p, const void *packet, size_t len, const struct ofpbuf *actions)
{
    struct session *s = p->session;

    if (s->state <= S_CONNECTING || s->give_up) {
        s->stats.packet_outs_dropped++;
        return;
    }

    struct ofputil_packet_out po = {
        .packet = packet,
        .packet_len = len,
        .buffer_id = UINT32_MAX,
        .ofpacts = actions->data,
        .ofpacts_len = actions->size,
    };
    match_init_catchall(&po.flow_metadata);
    match_set_in_port(&po.flow_metadata, OFPP_CONTROLLER);

    struct ofpbuf *msg = ofputil_encode_packet_out(&po, s->protocol);
    if (msg->size > UINT16_MAX) {
        ofpbuf_delete(msg);
    } else if (!rconn_send_with_limit(s->rconn, msg, p->queued, MAX_QUEUED_PACKETS)) {
        s->stats.packet_outs++;
        return;
    }
    s->stats.packet_outs_dropped++;
}

bool
packets_flush_zone(struct packets *p, uint16_t zone)
{
    struct session *s = p->session;

    if (s->state <= S_CONNECTING || s->give_up) {
        return false;
    }

    enum ofp_version version = ofputil_protocol_to_ofp_version(s->protocol);
    struct ofpbuf *msg = ofpraw_alloc(OFPRAW_NXT_CT_FLUSH_ZONE, version, 0);
    struct nx_zone_id *body = ofpbuf_put_zeros(msg, sizeof *body);
    body->zone_id = htons(zone);
    return !rconn_send_with_limit(s->rconn, msg, p->queued, MAX_QUEUED_PACKETS);
}
