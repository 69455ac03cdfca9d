/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_ANSWERS_H
#define TESTS_UNIT_ANSWERS_H 1

/* What the tests of answers to datagrams share.  Include cmocka.h first. */

#include "dp-packet.h"
#include "frames.h"
#include "service/datagram.h"
#include "service/icmp.h"
#include "service/icmp6.h"
#include "service/tcp-reset.h"

/* Checks that 'packet' is the frame 'hex', and frees it. */
static inline void
assert_packet(struct dp_packet *packet, const char *hex)
{
    struct frame expected = frame_from_hex(hex);

    assert_non_null(packet);
    assert_int_equal(dp_packet_size(packet), expected.len);
    assert_memory_equal(dp_packet_data(packet), expected.data, expected.len);
    dp_packet_delete(packet);
}

/* The functions of the services for frames: NULL, or false, if there is no datagram in it. */

static inline bool
frame_is_datagram(const struct frame *f)
{
    struct datagram d;

    return datagram_parse(f->data, f->len, &d);
}

/* Whether an error about it is allowed, which composing one must agree with. */
static inline bool
frame_error_allowed(const struct frame *f, enum icmp_error error, const struct in6_addr *src)
{
    struct datagram d;

    if (!datagram_parse(f->data, f->len, &d)) {
        return false;
    }

    bool is_ipv4 = datagram_is_ipv4(&d);
    bool allowed = is_ipv4 ? icmp_error_allowed(&d) : icmp6_error_allowed(error, &d);
    struct dp_packet *p = (is_ipv4 ? icmp_compose_error(error, &d, src, 1400)
                                   : icmp6_compose_error(error, &d, src, 1400));
    assert_int_equal(allowed, p != NULL);
    dp_packet_delete(p);
    return allowed;
}

static inline struct dp_packet *
frame_compose_error(const struct frame *f, enum icmp_error error, const struct in6_addr *src,
                    uint16_t mtu)
{
    struct datagram d;

    return (!datagram_parse(f->data, f->len, &d) ? NULL
            : datagram_is_ipv4(&d)               ? icmp_compose_error(error, &d, src, mtu)
                                                 : icmp6_compose_error(error, &d, src, mtu));
}

static inline struct dp_packet *
frame_compose_echo_reply(const struct frame *f)
{
    struct datagram d;

    return (!datagram_parse(f->data, f->len, &d) ? NULL
            : datagram_is_ipv4(&d)               ? icmp_compose_echo_reply(&d)
                                                 : icmp6_compose_echo_reply(&d, &d.dst));
}

static inline struct dp_packet *
frame_compose_reset(const struct frame *f)
{
    struct datagram d;

    return datagram_parse(f->data, f->len, &d) ? tcp_compose_reset(&d) : NULL;
}

/* Runs everything on the first 'len' bytes of the frame, which end where the sanitizer watches, at
 * an odd address if 'odd'. */
static inline void
try_all(const struct frame *f, size_t len, bool odd, const struct in6_addr *src)
{
    uint8_t *buffer = xmalloc(len + odd);
    uint8_t *frame = buffer + odd;
    struct datagram d;

    memcpy(frame, f->data, len);
    if (datagram_parse(frame, len, &d)) {
        assert_true(d.data >= frame && d.data + d.len <= frame + len);
        assert_true(d.payload >= d.data && d.payload + d.payload_len == d.data + d.len);
        assert_true(d.protocol_ofs < d.payload - d.data && d.data[d.protocol_ofs] == d.protocol);
        for (enum icmp_error e = 0; e <= ICMP_ERROR_TTL_EXCEEDED; e++) {
            struct dp_packet *p = (datagram_is_ipv4(&d) ? icmp_compose_error(e, &d, src, 1400)
                                                        : icmp6_compose_error(e, &d, src, 1400));
            dp_packet_delete(p);
        }
        dp_packet_delete(tcp_compose_reset(&d));
        dp_packet_delete(icmp_compose_echo_reply(&d));
        dp_packet_delete(icmp6_compose_echo_reply(&d, &d.dst));
    }
    free(buffer);
}

static inline void
try_each_truncation_and_alignment(const char *const frames[], size_t n, const struct in6_addr *src)
{
    for (size_t i = 0; i < n; i++) {
        struct frame f = frame_from_hex(frames[i]);

        for (size_t len = 0; len <= f.len; len++) {
            try_all(&f, len, false, src);
            try_all(&f, len, true, src);
        }
    }
}

#endif /* tests/unit/answers.h */
