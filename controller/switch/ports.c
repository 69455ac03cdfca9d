/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/ports.h"

#include <inttypes.h>
#include <string.h>

#include "flow.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/vlog.h"
#include "switch/session.h"

VLOG_DEFINE_THIS_MODULE(ofports);

void
ports_init(struct ports *p, struct session *session)
{
    p->session = session;
    p->seqno = 0;
    simap_init(&p->announced);
}

void
ports_destroy(struct ports *p)
{
    simap_destroy(&p->announced);
}

void
ports_disconnected(struct ports *p)
{
    if (!simap_is_empty(&p->announced)) {
        simap_clear(&p->announced);
        p->seqno++;
    }
}

void
ports_handle_status(struct ports *p, const struct ofp_header *oh)
{
    struct session *s = p->session;
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
        simap_put(&p->announced, ps.desc.name, ofp_to_u16(ps.desc.port_no));
    } else if (ps.reason != OFPPR_DELETE || !simap_find_and_delete(&p->announced, ps.desc.name)) {
        return;
    }
    p->seqno++;
}
