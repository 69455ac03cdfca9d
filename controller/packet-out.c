/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "packet-out.h"

#include "dp-packet.h"
#include "openvswitch/ofpbuf.h"
#include "pipeline/inject.h"
#include "switch/switch.h"

void
packet_out(struct ofsession *session, const struct dp_packet *packet,
           const struct injection *injection)
{
    uint64_t stub[256 / 8];
    struct ofpbuf actions = OFPBUF_STUB_INITIALIZER(stub);

    pipeline_put_injection(&actions, injection);
    switch_packet_out(session, dp_packet_data(packet), dp_packet_size(packet), &actions);
    ofpbuf_uninit(&actions);
}
