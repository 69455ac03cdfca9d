/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "switch/setup.h"

#include "openvswitch/ofp-connection.h"
#include "openvswitch/ofp-meter.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-packet.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofp-switch.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vlog.h"
#include "switch/session.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofsetup);

/* Asks for nothing but packets that a flow sends to us on purpose (no table misses, no
 * packets with a TTL decremented to zero by a foreign flow), and for reports of added
 * and removed ports and of removed flows.  Not of evictions: to put back what a full
 * table has evicted would evict another one. */
static struct ofpbuf *
encode_async_config(enum ofp_version version)
{
    struct ofputil_async_cfg cfg = OFPUTIL_ASYNC_CFG_INIT;

    cfg.primary[OAM_PACKET_IN] = (1u << OFPR_ACTION | 1u << OFPR_ACTION_SET | 1u << OFPR_GROUP
                                  | 1u << OFPR_PACKET_OUT | 1u << OFPR_EXPLICIT_MISS);
    cfg.secondary[OAM_PACKET_IN] = cfg.primary[OAM_PACKET_IN];
    cfg.primary[OAM_FLOW_REMOVED] = (1u << OFPRR_HARD_TIMEOUT | 1u << OFPRR_DELETE
                                     | 1u << OFPRR_GROUP_DELETE | 1u << OFPRR_METER_DELETE);
    cfg.secondary[OAM_FLOW_REMOVED] = cfg.primary[OAM_FLOW_REMOVED];
    cfg.primary[OAM_PORT_STATUS] = 1u << OFPPR_ADD | 1u << OFPPR_DELETE;
    cfg.secondary[OAM_PORT_STATUS] = cfg.primary[OAM_PORT_STATUS];
    return ofputil_encode_set_async_config(&cfg, (1u << OAM_N_TYPES) - 1, version);
}

void
setup_init(struct setup *setup, struct session *session, const struct meter *meters, size_t n)
{
    *setup = (struct setup){.session = session, .meters = meters, .n_meters = n};
}

static void
send_meter_mod(struct session *s, const struct meter *meter, uint16_t command, uint32_t xid)
{
    struct ofputil_meter_band band = {
        .type = OFPMBT13_DROP,
        .rate = meter->rate,
        .burst_size = meter->burst,
    };
    struct ofputil_meter_mod mod = {
        .command = command,
        .meter =
            {
                .meter_id = meter->id,
                .flags = OFPMF13_PKTPS | OFPMF13_BURST | OFPMF13_STATS,
                .n_bands = 1,
                .bands = &band,
            },
    };

    struct ofpbuf *msg = ofputil_encode_meter_mod(s->version, &mod);
    struct ofp_header *oh = msg->data;
    oh->xid = htonl(xid);
    session_send(s, msg);
}

void
setup_start(struct setup *setup)
{
    struct session *s = setup->session;

    session_set_state(s, S_SETUP);

    /* A connection to the management socket gets packet-ins only after it has
     * asked for a part of the packet. */
    struct ofputil_switch_config config = {
        .frag = OFPUTIL_FRAG_NORMAL,
        .invalid_ttl_to_controller = -1,
        .miss_send_len = UINT16_MAX,
    };
    session_send(s, ofputil_encode_set_config(&config, s->version));
    session_send(s, ofputil_encode_set_packet_in_format(s->version, OFPUTIL_PACKET_IN_NXT2));
    session_send(s, encode_async_config(s->version));

    setup->has_meters = true;
    setup->add_xid = s->next_xid;
    for (size_t i = 0; i < setup->n_meters; i++) {
        send_meter_mod(s, &setup->meters[i], OFPMC13_ADD, session_new_xid(s));
    }
    setup->modify_xid = s->next_xid;
    for (size_t i = 0; i < setup->n_meters; i++) {
        session_new_xid(s);
    }

    setup->barrier_xid = session_send_request(s, ofputil_encode_barrier_request(s->version));
    session_expect_reply(s);
}

bool
setup_handle_barrier(const struct setup *setup, uint32_t xid)
{
    return setup->session->state == S_SETUP && xid == setup->barrier_xid;
}

bool
setup_handle_meter_exists(struct setup *setup, uint32_t xid, enum ofperr error)
{
    uint32_t added = xid - setup->add_xid;

    if (added >= setup->n_meters || error != OFPERR_OFPMMFC_METER_EXISTS) {
        return false;
    }
    send_meter_mod(setup->session, &setup->meters[added], OFPMC13_MODIFY,
                   setup->modify_xid + added);
    return true;
}

bool
setup_handle_error(struct setup *setup, uint32_t xid, enum ofperr error)
{
    uint32_t added = xid - setup->add_xid;
    uint32_t modified = xid - setup->modify_xid;

    if (added >= setup->n_meters && modified >= setup->n_meters) {
        return xid == setup->barrier_xid;
    }

    /* Without meters the daemon is protected by its own limits only, but
     * everything works. */
    setup->has_meters = false;
    if (!setup->no_meters_logged) {
        setup->no_meters_logged = true;
        VLOG_WARN("%s: the datapath refuses meters (%s); packets to the daemon are not limited "
                  "in the switch",
                  setup->session->bridge, ofperr_to_string(error));
    }
    return true;
}

size_t
setup_count_meter(const struct setup *setup, const struct ofputil_meter_config *config)
{
    size_t n = 0;

    for (size_t i = 0; i < setup->n_meters; i++) {
        const struct meter *meter = &setup->meters[i];

        n += (config->meter_id == meter->id && config->n_bands == 1
              && config->bands[0].rate == meter->rate
              && config->bands[0].burst_size == meter->burst);
    }
    return n;
}
