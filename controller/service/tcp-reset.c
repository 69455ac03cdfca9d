/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/tcp-reset.h"

#include <netinet/in.h>
#include <string.h>

#include "packets.h"
#include "service/datagram.h"

struct dp_packet *
tcp_compose_reset(const struct datagram *d)
{
    if (!datagram_is_from_host(d) || !datagram_is_to_host(d) || d->is_fragment
        || d->protocol != IPPROTO_TCP || d->payload_len < TCP_HEADER_LEN) {
        return NULL;
    }

    struct tcp_header seg;
    memcpy(&seg, d->payload, sizeof seg);
    uint16_t flags = TCP_FLAGS(seg.tcp_ctl);
    size_t seg_header_len = TCP_OFFSET(seg.tcp_ctl) * 4;
    if (flags & TCP_RST || seg_header_len < TCP_HEADER_LEN || seg_header_len > d->payload_len) {
        return NULL;
    }

    void *payload;
    struct dp_packet *b =
        datagram_compose(&d->dst, &d->src, IPPROTO_TCP, 0, TCP_HEADER_LEN, &payload);
    struct tcp_header *tcp = payload;
    tcp->tcp_src = seg.tcp_dst;
    tcp->tcp_dst = seg.tcp_src;
    if (flags & TCP_ACK) {
        tcp->tcp_seq = seg.tcp_ack;
        tcp->tcp_ctl = TCP_CTL(TCP_RST, TCP_HEADER_LEN / 4);
    } else {
        uint32_t seq = ntohl(get_16aligned_be32(&seg.tcp_seq));
        uint32_t seg_len =
            d->payload_len - seg_header_len + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);

        put_16aligned_be32(&tcp->tcp_ack, htonl(seq + seg_len));
        tcp->tcp_ctl = TCP_CTL(TCP_RST | TCP_ACK, TCP_HEADER_LEN / 4);
    }
    tcp->tcp_csum = datagram_csum(&d->dst, &d->src, IPPROTO_TCP, tcp, TCP_HEADER_LEN);
    return b;
}
