/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "flow/canonical.h"

#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-match.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(canonical);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

/* True if 'mask' looks at the frame: everything in "struct flow" from 'dl_dst' on
 * has the Ethernet packet type as prerequisite. */
static bool
looks_at_frame(const struct flow *mask)
{
    const uint64_t *words = (const uint64_t *) mask;

    BUILD_ASSERT_DECL(offsetof(struct flow, dl_dst) % sizeof *words == 0);
    for (size_t i = offsetof(struct flow, dl_dst) / sizeof *words; i < FLOW_U64S; i++) {
        if (words[i]) {
            return true;
        }
    }
    return false;
}

void
canonical_match(struct match *match)
{
    if (looks_at_frame(&match->wc.masks)) {
        match_set_default_packet_type(match);
    }
    ofputil_normalize_match(match);
    match_zero_wildcarded_fields(match);
}

/* The oldest version of OpenFlow that the session speaks.  What has been encoded to it and
 * decoded once survives all others as well.  The reverse is not true: see
 * set_field_is_one_action(). */
#define OLDEST_VERSION OFP13_VERSION

/* True if every version has one action for 'sf'.  Before OpenFlow 1.5, a field is set as a
 * whole, or else in runs of up to 64 bits, one action each. */
static bool
set_field_is_one_action(const struct ofpact_set_field *sf)
{
    const struct mf_field *field = sf->field;
    const union mf_value *mask = ofpact_set_field_mask(sf);

    if (is_all_ones(mask, field->n_bytes)) {
        return true;
    }
    unsigned int start = bitwise_scan(mask, field->n_bytes, 1, 0, field->n_bits);
    unsigned int end = bitwise_scan(mask, field->n_bytes, 0, start, field->n_bits);
    return start < end && end - start <= 64
           && bitwise_scan(mask, field->n_bytes, 1, end, field->n_bits) == field->n_bits;
}

/* True if decoding gives back 'a' as it is, but for what neutralize() levels. */
static bool
reads_back_as_is(const struct ofpact *a)
{
    switch (a->type) {
    case OFPACT_OUTPUT:
    case OFPACT_GROUP:
    case OFPACT_CONTROLLER:
    case OFPACT_REG_MOVE:
    case OFPACT_OUTPUT_REG:
    case OFPACT_RESUBMIT:
    case OFPACT_PUSH_VLAN:
    case OFPACT_STRIP_VLAN:
    case OFPACT_CT_CLEAR:
    case OFPACT_MULTIPATH:
    case OFPACT_CHECK_PKT_LARGER:
    case OFPACT_CONJUNCTION:
    case OFPACT_EXIT:
        return true;

    case OFPACT_SET_FIELD:
        return set_field_is_one_action(ofpact_get_SET_FIELD(a));

    case OFPACT_DEC_TTL: {
        const struct ofpact_cnt_ids *ids = ofpact_get_DEC_TTL(a);
        return ids->n_controllers == 1 && !ids->cnt_ids[0];
    }

    case OFPACT_ENQUEUE:
    case OFPACT_BUNDLE:
    case OFPACT_SET_VLAN_VID:
    case OFPACT_SET_VLAN_PCP:
    case OFPACT_SET_ETH_SRC:
    case OFPACT_SET_ETH_DST:
    case OFPACT_SET_IPV4_SRC:
    case OFPACT_SET_IPV4_DST:
    case OFPACT_SET_IP_DSCP:
    case OFPACT_SET_IP_ECN:
    case OFPACT_SET_IP_TTL:
    case OFPACT_SET_L4_SRC_PORT:
    case OFPACT_SET_L4_DST_PORT:
    case OFPACT_STACK_PUSH:
    case OFPACT_STACK_POP:
    case OFPACT_SET_MPLS_LABEL:
    case OFPACT_SET_MPLS_TC:
    case OFPACT_SET_MPLS_TTL:
    case OFPACT_DEC_MPLS_TTL:
    case OFPACT_PUSH_MPLS:
    case OFPACT_POP_MPLS:
    case OFPACT_DEC_NSH_TTL:
    case OFPACT_DELETE_FIELD:
    case OFPACT_ENCAP:
    case OFPACT_DECAP:
    case OFPACT_SET_TUNNEL:
    case OFPACT_SET_QUEUE:
    case OFPACT_POP_QUEUE:
    case OFPACT_FIN_TIMEOUT:
    case OFPACT_LEARN:
    case OFPACT_NOTE:
    case OFPACT_SAMPLE:
    case OFPACT_UNROLL_XLATE:
    case OFPACT_CT:
    case OFPACT_NAT:
    case OFPACT_OUTPUT_TRUNC:
    case OFPACT_CLONE:
    case OFPACT_DEBUG_RECIRC:
    case OFPACT_DEBUG_SLOW:
    case OFPACT_METER:
    case OFPACT_CLEAR_ACTIONS:
    case OFPACT_WRITE_ACTIONS:
    case OFPACT_WRITE_METADATA:
    case OFPACT_GOTO_TABLE:
    default:
        return false;
    }
}

static bool
all_read_back_as_is(const struct ofpbuf *ofpacts)
{
    const struct ofpact *first = ofpacts->data;
    const struct ofpact *end = ofpact_end(first, ofpacts->size);
    const struct ofpact *a;

    OFPACT_FOR_EACH (a, first, ofpacts->size) {
        bool in_place = ((a->type == OFPACT_METER && a == first)
                         || (a->type == OFPACT_GOTO_TABLE && ofpact_next(a) == end));
        if (!in_place && !reads_back_as_is(a)) {
            return false;
        }
    }
    return true;
}

/* ofpact_put_set_field() leaves the padding behind value and mask as it was. */
static void
clear_padding(struct ofpact_set_field *sf)
{
    size_t n = sf->field->n_bytes;
    size_t padding = ROUND_UP(n, OFPACT_ALIGNTO) - n;

    memset((uint8_t *) sf->value + n, 0, padding);
    memset((uint8_t *) ofpact_set_field_mask(sf) + n, 0, padding);
}

/* Levels what says where an action came from, or what has been found out about
 * it, rather than what it does. */
static void
neutralize(struct ofpbuf *ofpacts)
{
    const struct ofpact *pos;

    OFPACT_FOR_EACH_FLATTENED(pos, ofpacts->data, ofpacts->size)
    {
        struct ofpact *a = CONST_CAST(struct ofpact *, pos);

        a->raw = UINT8_MAX;
        if (a->type == OFPACT_METER) {
            ofpact_get_METER(a)->provider_meter_id = UINT32_MAX;
        } else if (a->type == OFPACT_CONTROLLER) {
            ofpact_get_CONTROLLER(a)->provider_meter_id = 0;
        } else if (a->type == OFPACT_SET_FIELD) {
            struct ofpact_set_field *sf = ofpact_get_SET_FIELD(a);

            sf->flow_has_vlan = false;
            clear_padding(sf);
        }
    }
}

bool
canonical_actions(struct ofpbuf *ofpacts)
{
    enum ofperr error = 0;

    if (!ofpacts->size) {
        return true; /* "drop". */
    }
    if (!all_read_back_as_is(ofpacts)) {
        uint64_t openflow_stub[1024 / 8], decoded_stub[1024 / 8];
        struct ofpbuf openflow = OFPBUF_STUB_INITIALIZER(openflow_stub);
        struct ofpbuf decoded = OFPBUF_STUB_INITIALIZER(decoded_stub);

        ofpacts_put_openflow_instructions(ofpacts->data, ofpacts->size, &openflow, OLDEST_VERSION);
        error = ofpacts_pull_openflow_instructions(&openflow, openflow.size, OLDEST_VERSION, NULL,
                                                   NULL, &decoded);
        if (!error) {
            ofpbuf_clear(ofpacts);
            ofpbuf_put(ofpacts, decoded.data, decoded.size);
        } else {
            VLOG_WARN_RL(&rl, "a rule's actions cannot be expressed in OpenFlow (%s)",
                         ofperr_to_string(error));
        }
        ofpbuf_uninit(&openflow);
        ofpbuf_uninit(&decoded);
    }
    neutralize(ofpacts);
    return !error;
}
