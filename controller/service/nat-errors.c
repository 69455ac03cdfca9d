/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/nat-errors.h"

#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "nb/ip.h"
#include "packets.h"
#include "pipeline/inject.h"
#include "service/datagram.h"
#include "service/dispatch.h"
#include "service/limiter.h"
#include "util.h"

struct nat_errors {
    const struct nat_errors_ops *ops;
    void *aux;               /* For 'ops'. */
    struct limiter *limiter; /* Keyed by OpenFlow port. */
};

struct nat_errors *
nat_errors_create(const struct nat_errors_ops *ops, void *aux)
{
    struct nat_errors *ne = xzalloc(sizeof *ne);

    ne->ops = ops;
    ne->aux = aux;
    ne->limiter = limiter_create(NAT_ERRORS_RATE, NAT_ERRORS_BURST, NAT_ERRORS_MAX_PORTS);
    return ne;
}

void
nat_errors_destroy(struct nat_errors *ne)
{
    if (ne) {
        limiter_destroy(ne->limiter);
        free(ne);
    }
}

/* --- Bytes at any alignment --------------------------------------------- */

static ovs_be16
get16(const uint8_t *p)
{
    ovs_be16 value;

    memcpy(&value, p, sizeof value);
    return value;
}

static ovs_be32
get32(const uint8_t *p)
{
    ovs_be32 value;

    memcpy(&value, p, sizeof value);
    return value;
}

static void
put16(uint8_t *p, ovs_be16 value)
{
    memcpy(p, &value, sizeof value);
}

/* Brings the checksum at 'p' up to date (RFC 1624): a wrong one stays wrong. */
static void
update_csum(uint8_t *p, ovs_be32 from, ovs_be32 to)
{
    put16(p, recalc_csum32(get16(p), from, to));
}

/* --- Translation -------------------------------------------------------- */

static bool
is_error(uint8_t type)
{
    return (type == ICMP4_DST_UNREACH || type == ICMP4_SOURCEQUENCH || type == ICMP4_TIME_EXCEEDED
            || type == ICMP4_PARAM_PROB);
}

/* The checksum of a transport protocol counts addresses, as far as it is quoted. */
static void
translate_transport(uint8_t protocol, uint8_t *l4, size_t len, ovs_be32 from, ovs_be32 to)
{
    size_t ofs = (protocol == IPPROTO_TCP   ? offsetof(struct tcp_header, tcp_csum)
                  : protocol == IPPROTO_UDP ? offsetof(struct udp_header, udp_csum)
                                            : SIZE_MAX);

    if (ofs == SIZE_MAX || len < ofs + sizeof(ovs_be16)) {
        return;
    }
    if (protocol == IPPROTO_UDP && !get16(l4 + ofs)) {
        return; /* RFC 768: the sender has computed none. */
    }
    update_csum(l4 + ofs, from, to);
    if (protocol == IPPROTO_UDP && !get16(l4 + ofs)) {
        put16(l4 + ofs, OVS_BE16_MAX);
    }
}

/* The quoted datagram of which 'len' bytes are there.  Returns false if it has not the address. */
static bool
translate_quotation(uint8_t *ip, size_t len, bool outward, ovs_be32 from, ovs_be32 to)
{
    if (len < IP_HEADER_LEN || IP_VER(ip[0]) != IP_VERSION) {
        return false;
    }

    size_t header_len = IP_IHL(ip[0]) * 4;
    size_t address_ofs =
        outward ? offsetof(struct ip_header, ip_dst) : offsetof(struct ip_header, ip_src);
    if (header_len < IP_HEADER_LEN || header_len > len || get32(ip + address_ofs) != from) {
        return false;
    }

    memcpy(ip + address_ofs, &to, sizeof to);
    update_csum(ip + offsetof(struct ip_header, ip_csum), from, to);
    if (!(get16(ip + offsetof(struct ip_header, ip_frag_off)) & htons(IP_FRAG_OFF_MASK))) {
        translate_transport(ip[offsetof(struct ip_header, ip_proto)], ip + header_len,
                            len - header_len, from, to);
    }
    return true;
}

struct dp_packet *
nat_error_translate(const void *frame, size_t len, bool outward,
                    const struct nat_errors_translation *t)
{
    ovs_be32 from = in6_addr_get_mapped_ipv4(&t->from);
    ovs_be32 to = in6_addr_get_mapped_ipv4(&t->to);
    struct datagram d;

    if (!datagram_parse(frame, len, &d) || !datagram_is_ipv4(&d) || d.is_fragment
        || d.protocol != IPPROTO_ICMP || d.payload_len < ICMP_HEADER_LEN || !is_error(d.payload[0])
        || csum(d.payload, d.payload_len)
        || !ipv6_addr_equals(outward ? &d.src : &d.dst, &t->from)) {
        return NULL;
    }

    struct dp_packet *packet = dp_packet_clone_data(frame, len);
    uint8_t *ip = (uint8_t *) dp_packet_data(packet) + (d.data - (const uint8_t *) frame);
    uint8_t *icmp = ip + (d.payload - d.data);
    if (!translate_quotation(icmp + ICMP_HEADER_LEN, d.payload_len - ICMP_HEADER_LEN, outward, from,
                             to)) {
        dp_packet_delete(packet);
        return NULL;
    }

    put16(icmp + offsetof(struct icmp_header, icmp_csum), 0);
    put16(icmp + offsetof(struct icmp_header, icmp_csum), csum(icmp, d.payload_len));
    memcpy(ip + (outward ? offsetof(struct ip_header, ip_src) : offsetof(struct ip_header, ip_dst)),
           &to, sizeof to);
    update_csum(ip + offsetof(struct ip_header, ip_csum), from, to);
    if (outward) {
        memcpy((uint8_t *) dp_packet_data(packet) + ETH_ADDR_LEN, &t->mac, sizeof t->mac);
    }
    return packet;
}

/* --- The service -------------------------------------------------------- */

static enum packet_outcome
handle(void *ne_, const struct pipeline_packet_in *pin, const void *frame, size_t len,
       long long int now)
{
    bool outward = pin->reason == PIN_NAT_ERROR_OUT;
    struct nat_errors_translation translation;
    const struct nat_errors *ne = ne_;
    struct datagram d;

    if (!datagram_parse(frame, len, &d)) {
        return PACKET_MALFORMED;
    }
    if (!ne->ops->translation(ne->aux, pin->router_key, pin->network_key, outward ? &d.src : &d.dst,
                              outward, &translation)) {
        return PACKET_NO_SOURCE;
    }

    struct dp_packet *packet = nat_error_translate(frame, len, outward, &translation);
    if (!packet) {
        return PACKET_NOT_ALLOWED;
    }

    enum packet_outcome outcome = PACKET_LIMITED;
    if (limiter_allow(ne->limiter, pin->inport, now)) {
        struct injection injection = {.stage = outward ? &stage_fdb : &stage_router};

        injection.network_key = outward ? pin->network_key : 0;
        injection.router_key = outward ? 0 : pin->router_key;
        ne->ops->inject(ne->aux, &injection, packet);
        outcome = PACKET_ANSWERED;
    }
    dp_packet_delete(packet);
    return outcome;
}

void
nat_errors_register(struct nat_errors *ne, struct dispatch *d)
{
    static const struct packet_service entries[] = {
        {PIN_NAT_ERROR_IN, "nat_error_in", 0, handle},
        {PIN_NAT_ERROR_OUT, "nat_error_out", 0, handle},
    };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        dispatch_register(d, &entries[i], ne);
    }
}
