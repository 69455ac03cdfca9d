/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FRAMES_H
#define TESTS_UNIT_FRAMES_H 1

/* Ethernet frames for the tests of service/, written by scapy, and the means to
 * spoil them.
 *
 * All come from fa:16:3e:00:00:0a, 10.0.1.5.  Datagrams to elsewhere go to 10.0.2.7,
 * those to the router to 10.0.1.1. */

#include <stdint.h>
#include <string.h>

#include "csum.h"
#include "openvswitch/compiler.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "util.h"

#define UDP_HEX                                                                                    \
    "fa163e000001fa163e00000a080045000021123400000111908d0a0001050a00"                             \
    "02070fa00035000d890b7175657279"
#define UDP_PADDED_HEX UDP_HEX "00000000000000000000000000"
#define UDP_VLAN_HEX                                                                               \
    "fa163e000001fa163e00000a81006064080045000021123400000111908d0a00"                             \
    "01050a0002070fa00035000d890b7175657279"
#define UDP_QINQ_HEX                                                                               \
    "fa163e000001fa163e00000a88a8000781000064080045000021123400000111"                             \
    "908d0a0001050a0002070fa00035000d890b7175657279"
/* Record Route option, so that IHL is 7. */
#define UDP_OPTIONS_HEX                                                                            \
    "fa163e000001fa163e00000a080047000029123400000111837e0a0001050a00"                             \
    "020707070400000000000fa00035000d890b7175657279"
/* SYN, sequence number 0xfffffffe, with an MSS option. */
#define TCP_SYN_HEX                                                                                \
    "fa163e000001fa163e00000a08004500002c00770000400664500a0001050a00"                             \
    "01019c400016fffffffe0000000060022000c5cb0000020405b4"
/* SYN|FIN, sequence number 0xfffffffe, with four bytes of data. */
#define TCP_SYN_FIN_HEX                                                                            \
    "fa163e000001fa163e00000a08004500002c00770000400664500a0001050a00"                             \
    "01019c400016fffffffe000000005003200004c0000064617461"
/* PSH|ACK, acknowledging 0xcafebabe. */
#define TCP_ACK_HEX                                                                                \
    "fa163e000001fa163e00000a08004500002c00770000400664500a0001050a00"                             \
    "01019c40001600000007cafebabe501820007ee5000064617461"
#define TCP_RST_HEX                                                                                \
    "fa163e000001fa163e00000a0800450000280077000040066454"                                         \
    "0a0001050a0001019c400016000000070000000050042000dd7d0000"
/* TOS 0x10. */
#define ECHO_HEX                                                                                   \
    "fa163e000001fa163e00000a080045100025007700004001644c0a0001050a00"                             \
    "010108007763beef000370696e672064617461"

/* Where things are in the frames without VLAN tag. */
enum {
    ETH_DST_OFS = 0,
    ETH_TYPE_OFS = 12,
    IP_OFS = 14,
    IP_TOT_LEN_OFS = IP_OFS + 2,
    IP_FRAG_OFS = IP_OFS + 6,
    IP_TTL_OFS = IP_OFS + 8,
    IP_PROTO_OFS = IP_OFS + 9,
    IP_CSUM_OFS = IP_OFS + 10,
    IP_SRC_OFS = IP_OFS + 12,
    IP_DST_OFS = IP_OFS + 16,
    L4_OFS = IP_OFS + 20,
};

struct frame {
    uint8_t data[2048];
    size_t len;
};

static inline struct frame
frame_from_hex(const char *hex)
{
    struct frame f = {.len = strlen(hex) / 2};

    ovs_assert(f.len <= sizeof f.data);
    for (size_t i = 0; i < f.len; i++) {
        bool ok;

        f.data[i] = hexits_value(hex + 2 * i, 2, &ok);
        ovs_assert(ok);
    }
    return f;
}

static inline void
frame_put8(struct frame *f, size_t ofs, uint8_t value)
{
    f->data[ofs] = value;
}

static inline void
frame_put16(struct frame *f, size_t ofs, uint16_t value)
{
    f->data[ofs] = value >> 8;
    f->data[ofs + 1] = value;
}

static inline void
frame_put32(struct frame *f, size_t ofs, uint32_t value)
{
    frame_put16(f, ofs, value >> 16);
    frame_put16(f, ofs + 2, value);
}

/* Makes the IPv4 header's checksum right again. */
static inline void
frame_fix_csum(struct frame *f)
{
    ovs_be16 sum;

    frame_put16(f, IP_CSUM_OFS, 0);
    sum = csum(f->data + IP_OFS, (f->data[IP_OFS] & 15) * 4);
    memcpy(f->data + IP_CSUM_OFS, &sum, sizeof sum);
}

/* Appends zeros to the datagram until it has 'total_len' bytes, and says so in its
 * header. */
static inline void
frame_set_total_len(struct frame *f, uint16_t total_len)
{
    ovs_assert(IP_OFS + total_len <= sizeof f->data);
    f->len = IP_OFS + total_len;
    frame_put16(f, IP_TOT_LEN_OFS, total_len);
    frame_fix_csum(f);
}

/* A frame like 'hex' with 'value' as the byte, 16-bit word or 32-bit word at 'ofs',
 * and a correct IPv4 checksum. */
static inline struct frame
frame_with8(const char *hex, size_t ofs, uint8_t value)
{
    struct frame f = frame_from_hex(hex);

    frame_put8(&f, ofs, value);
    frame_fix_csum(&f);
    return f;
}

static inline struct frame
frame_with16(const char *hex, size_t ofs, uint16_t value)
{
    struct frame f = frame_from_hex(hex);

    frame_put16(&f, ofs, value);
    frame_fix_csum(&f);
    return f;
}

static inline struct frame
frame_with32(const char *hex, size_t ofs, uint32_t value)
{
    struct frame f = frame_from_hex(hex);

    frame_put32(&f, ofs, value);
    frame_fix_csum(&f);
    return f;
}

#endif /* tests/unit/frames.h */
