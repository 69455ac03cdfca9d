/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/session.h"

#include <inttypes.h>
#include <string.h>

#include "flow.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/vlog.h"

VLOG_DEFINE_THIS_MODULE(ofports);

void
ports_forget(struct ofsession *s)
{
    if (!simap_is_empty(&s->new_ports)) {
        simap_clear(&s->new_ports);
        s->ports_seqno++;
    }
}

/* Handles OFPT_PORT_STATUS. */
void
ports_handle_status(struct ofsession *s, const struct ofp_header *oh)
{
    struct ofputil_port_status ps;

    if (ofputil_decode_port_status(oh, &ps)) {
        s->stats.malformed++;
        return;
    }
    if (strlen(ps.desc.name) >= OFP_MAX_PORT_NAME_LEN - 1) {
        return; /* The beginning of a name, maybe. */
    }
    if (ps.reason == OFPPR_ADD && ofp_to_u16(ps.desc.port_no) < ofp_to_u16(OFPP_MAX)) {
        VLOG_DBG("%s: port %s is %" PRIu16, s->bridge, ps.desc.name, ofp_to_u16(ps.desc.port_no));
        simap_put(&s->new_ports, ps.desc.name, ofp_to_u16(ps.desc.port_no));
    } else if (ps.reason != OFPPR_DELETE || !simap_find_and_delete(&s->new_ports, ps.desc.name)) {
        return;
    }
    s->ports_seqno++;
}

const struct simap *
switch_new_ports(const struct ofsession *s)
{
    return &s->new_ports;
}

uint64_t
switch_new_ports_seqno(const struct ofsession *s)
{
    return s->ports_seqno;
}
