/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/rules.h"

#include "multipath.h"
#include "nb/ip.h"
#include "packets.h"
#include "util.h"

static void
value_from_uint(const struct mf_field *mf, uint64_t integer, union mf_value *value)
{
    memset(value, 0, sizeof *value);
    bitwise_put(integer, value, mf->n_bytes, 0, MIN(mf->n_bits, 64));
}

void
act_set(struct ofpbuf *actions, enum mf_field_id id, uint64_t value)
{
    const struct mf_field *mf = mf_from_id(id);
    union mf_value field;

    value_from_uint(mf, value, &field);
    ofpact_put_set_field(actions, mf, &field, NULL);
}

void
act_set_flags(struct ofpbuf *actions, uint32_t value, uint32_t mask)
{
    const struct mf_field *mf = mf_from_id(REG_FLAGS);
    union mf_value field, field_mask;

    value_from_uint(mf, value, &field);
    value_from_uint(mf, mask, &field_mask);
    ofpact_put_set_field(actions, mf, &field, &field_mask);
}

void
act_set_mac(struct ofpbuf *actions, enum mf_field_id id, struct eth_addr mac)
{
    ofpact_put_set_field(actions, mf_from_id(id), &mac, NULL);
}

void
act_set_ipv6(struct ofpbuf *actions, enum mf_field_id id, const struct in6_addr *ip)
{
    ofpact_put_set_field(actions, mf_from_id(id), ip, NULL);
}

void
act_set_tunnel_dst(struct ofpbuf *actions, const struct in6_addr *ip)
{
    ovs_be32 ip4 = in6_addr_get_mapped_ipv4(ip);

    if (ip4) {
        ofpact_put_set_field(actions, mf_from_id(MFF_TUN_DST), &ip4, NULL);
    } else {
        ofpact_put_set_field(actions, mf_from_id(MFF_TUN_IPV6_DST), ip, NULL);
    }
}

void
act_set_chassis(struct ofpbuf *actions, const struct in6_addr *tunnel)
{
    uint32_t flag = underlay_of(tunnel) == UNDERLAY_IPV4 ? FLAG_KNOWN : FLAG_KNOWN_IPV6;

    act_set_flags(actions, flag, flag);
    act_set_tunnel_dst(actions, tunnel);
}

void
act_move(struct ofpbuf *actions, enum mf_field_id src, enum mf_field_id dst)
{
    const struct mf_field *from = mf_from_id(src);
    const struct mf_field *to = mf_from_id(dst);
    unsigned int n_bits = MIN(from->n_bits, to->n_bits);
    struct ofpact_reg_move *move = ofpact_put_REG_MOVE(actions);

    move->src = (struct mf_subfield){.field = from, .ofs = 0, .n_bits = n_bits};
    move->dst = (struct mf_subfield){.field = to, .ofs = 0, .n_bits = n_bits};
}

void
act_resubmit(struct ofpbuf *actions, const struct stage *stage)
{
    struct ofpact_resubmit *resubmit = ofpact_put_RESUBMIT(actions);

    resubmit->in_port = OFPP_IN_PORT;
    resubmit->table_id = stage->table;
}

void
act_output(struct ofpbuf *actions, ofp_port_t port)
{
    ofpact_put_OUTPUT(actions)->port = port;
}

void
act_to_port(struct ofpbuf *actions, ofp_port_t port)
{
    act_set(actions, REG_OUTPORT, ofp_to_u16(port));
    act_resubmit(actions, &stage_to_port);
}

void
act_dec_ttl(struct ofpbuf *actions)
{
    uint16_t controller_id = 0;
    struct ofpact_cnt_ids *ids;

    ids = ofpact_put_DEC_TTL(actions);
    ids->n_controllers = 1;
    ofpbuf_put(actions, &controller_id, sizeof controller_id);
    ids = actions->header;
    ofpact_finish_DEC_TTL(actions, &ids);
}

void
act_push_vlan(struct ofpbuf *actions, uint16_t vid)
{
    ofpact_put_PUSH_VLAN(actions)->ethertype = htons(ETH_TYPE_VLAN_8021Q);

    const struct mf_field *mf = mf_from_id(MFF_VLAN_VID);
    union mf_value value = {.be16 = htons(vid | VLAN_CFI)};
    ofpact_put_set_field(actions, mf, &value, NULL);
}

void
act_strip_vlan(struct ofpbuf *actions)
{
    ofpact_put_STRIP_VLAN(actions);
}

void
act_to_daemon(struct ofpbuf *actions, enum packet_in_reason reason, const void *payload,
              size_t payload_len)
{
    const struct packet_in_header header = {.reason = reason, .length = payload_len};

    ovs_assert(header.length == payload_len);
    act_resubmit(actions, &stage_limit_port);

    struct ofpact_controller *controller = ofpact_put_CONTROLLER(actions);
    controller->max_len = UINT16_MAX;
    controller->controller_id = 0;
    controller->reason = OFPR_ACTION;
    ofpbuf_put(actions, &header, sizeof header);
    ofpbuf_put(actions, payload, payload_len);
    controller = actions->header;
    controller->userdata_len = sizeof header + payload_len;
    ofpact_finish_CONTROLLER(actions, &controller);
}

void
act_check_larger(struct ofpbuf *actions, uint16_t len, enum mf_field_id id, unsigned int bit)
{
    struct ofpact_check_pkt_larger *check = ofpact_put_CHECK_PKT_LARGER(actions);

    check->pkt_len = len;
    check->dst = (struct mf_subfield){.field = mf_from_id(id), .ofs = bit, .n_bits = 1};
}

void
act_ecmp_slot(struct ofpbuf *actions)
{
    struct ofpact_multipath *mp = ofpact_put_MULTIPATH(actions);

    mp->fields = NX_HASH_FIELDS_SYMMETRIC_L3L4_UDP;
    mp->basis = 0;
    mp->algorithm = NX_MP_ALG_MODULO_N;
    mp->max_link = ECMP_SLOTS - 1;
    mp->dst = (struct mf_subfield){.field = mf_from_id(REG_SLOT), .ofs = 0, .n_bits = 32};
}

void
act_ct_nat(struct ofpbuf *actions, uint16_t zone, enum ct_nat kind, const struct in6_addr *ip,
           const struct stage *next)
{
    const size_t ct_offset = actions->size;
    ofpbuf_pull(actions, ct_offset);
    struct ofpact_conntrack *ct = ofpact_put_CT(actions);

    ct->flags = kind != CT_NAT_NONE ? NX_CT_F_COMMIT : 0;
    ct->zone_imm = zone;
    ct->recirc_table = next->table;

    const size_t nat_offset = actions->size;
    ofpbuf_pull(actions, nat_offset);
    struct ofpact_nat *nat = ofpact_put_NAT(actions);
    nat->range_af = AF_UNSPEC;
    if (kind != CT_NAT_NONE) {
        nat->flags = kind == CT_NAT_SRC ? NX_NAT_F_SRC : NX_NAT_F_DST;
        nat->range_af = AF_INET;
        nat->range.addr.ipv4.min = in6_addr_get_mapped_ipv4(ip);
    }
    ct = actions->header = ofpbuf_push_uninit(actions, nat_offset);
    ofpact_finish_CT(actions, &ct);
    ofpbuf_push_uninit(actions, ct_offset);
}

/* --- Matches ------------------------------------------------------------ */

unsigned int
reg_index(enum mf_field_id id)
{
    return id - MFF_REG0;
}

void
match_flags(struct match *match, uint32_t value, uint32_t mask)
{
    match_set_reg_masked(match, reg_index(REG_FLAGS), value, mask);
}

void
match_network(struct match *match, const struct network *network)
{
    match_set_metadata(match, htonll(network_key(network)));
}

void
match_router(struct match *match, const struct router *router)
{
    match_set_xreg(match, XREG_ROUTER - MFF_XREG0, router_key(router));
}

void
match_ipv4(struct match *match)
{
    match_set_dl_type(match, htons(ETH_TYPE_IP));
}

void
match_arp_request(struct match *match)
{
    match_set_dl_type(match, htons(ETH_TYPE_ARP));
    match_set_nw_proto(match, ARP_OP_REQUEST);
}

void
match_ipv6(struct match *match)
{
    match_set_dl_type(match, htons(ETH_TYPE_IPV6));
}

void (*const match_family[N_FAMILIES])(struct match *) = {match_ipv4, match_ipv6};

void
match_icmpv6(struct match *match, uint8_t type)
{
    match_ipv6(match);
    match_set_nw_proto(match, IPPROTO_ICMPV6);
    match_set_icmp_type(match, type);
}

void
match_dst_prefix(struct match *match, const struct in6_addr *address, unsigned int length)
{
    if (address_is_ipv4(address)) {
        match_ipv4(match);
        match_set_nw_dst_masked(match, in6_addr_get_mapped_ipv4(address), be32_prefix_mask(length));
    } else {
        struct in6_addr mask = ipv6_create_mask(length);

        match_ipv6(match);
        match_set_ipv6_dst_masked(match, address, &mask);
    }
}

void
match_dst_address(struct match *match, const struct in6_addr *address)
{
    match_dst_prefix(match, address, address_max_length(address));
}

void
match_src_prefix(struct match *match, const struct in6_addr *address, unsigned int length)
{
    if (address_is_ipv4(address)) {
        match_ipv4(match);
        match_set_nw_src_masked(match, in6_addr_get_mapped_ipv4(address), be32_prefix_mask(length));
    } else {
        const struct in6_addr mask = ipv6_create_mask(length);

        match_ipv6(match);
        match_set_ipv6_src_masked(match, address, &mask);
    }
}

void
match_src_address(struct match *match, const struct in6_addr *address)
{
    match_src_prefix(match, address, address_max_length(address));
}
