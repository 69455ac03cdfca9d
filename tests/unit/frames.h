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

/* IPv6: from fd00:1::5; to elsewhere is fd00:2::7, the router is fd00:1::1. */
#define UDP6_HEX                                                                                   \
    "fa163e000001fa163e00000a86dd60000000000d1101fd000001000000000000"                             \
    "000000000005fd0000020000000000000000000000070fa00035000da6067175"                             \
    "657279"
/* To the router: hop-by-hop options, destination options, a routing header, the header of a first
 * fragment. */
#define UDP6_EXTENSIONS_HEX                                                                        \
    "fa163e000001fa163e00000a86dd6000000000430040fd000001000000000000"                             \
    "000000000005fd0000010000000000000000000000013c000104000000002b01"                             \
    "010c0000000000000000000000002c02000000000000fd000000000000000000"                             \
    "00000000000111000001000000070fa00035000b1f84717565"
/* Fragments other than the first. */
#define UDP6_LATER_HEX                                                                             \
    "fa163e000001fa163e00000a86dd6000000000102c01fd000001000000000000"                             \
    "000000000005fd00000200000000000000000000000711000050000000077468"                             \
    "652072657374"
#define ICMP6_LATER_HEX                                                                            \
    "fa163e000001fa163e00000a86dd6000000000112c01fd000001000000000000"                             \
    "000000000005fd0000020000000000000000000000073a000050000000078074"                             \
    "68652072657374"
#define TCP6_SYN_HEX                                                                               \
    "fa163e000001fa163e00000a86dd6000000000180640fd000001000000000000"                             \
    "000000000005fd0000010000000000000000000000019c400016fffffffe0000"                             \
    "000060022000e1db0000020405a0"
#define TCP6_RST_HEX                                                                               \
    "fa163e000001fa163e00000a86dd6000000000140640fd000001000000000000"                             \
    "000000000005fd0000010000000000000000000000019c400016000000070000"                             \
    "000050042000f9790000"
/* Traffic class 0x10. */
#define ECHO6_HEX                                                                                  \
    "fa163e000001fa163e00000a86dd6100000000113a40fd000001000000000000"                             \
    "000000000005fd0000010000000000000000000000018000050ebeef00037069"                             \
    "6e672064617461"
/* With a fragment header, but not a fragment (RFC 6946). */
#define ECHO6_ATOMIC_HEX                                                                           \
    "fa163e000001fa163e00000a86dd6100000000192c40fd000001000000000000"                             \
    "000000000005fd0000010000000000000000000000013a000000000000078000"                             \
    "050ebeef000370696e672064617461"
/* With hop-by-hop options. */
#define ECHO6_HBH_HEX                                                                              \
    "fa163e000001fa163e00000a86dd6100000000190040fd000001000000000000"                             \
    "000000000005fd0000010000000000000000000000013a000104000000008000"                             \
    "050ebeef000370696e672064617461"
/* Protocol 253, to the router. */
#define PROTO6_HEX                                                                                 \
    "fa163e000001fa163e00000a86dd600000000004fd40fd000001000000000000"                             \
    "000000000005fd00000100000000000000000000000164617461"
/* A probe for fd00:1::99, without option, and with a nonce (RFC 7527). */
#define DAD_HEX                                                                                    \
    "3333ff000099fa163e00000a86dd6000000000183aff00000000000000000000"                             \
    "000000000000ff0200000000000000000001ff00009987007c7400000000fd00"                             \
    "0001000000000000000000000099"
#define DAD_NONCE_HEX                                                                              \
    "3333ff000099fa163e00000a86dd6000000000203aff00000000000000000000"                             \
    "000000000000ff0200000000000000000001ff0000998700655f00000000fd00"                             \
    "00010000000000000000000000990e01010203040506"

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
    IP6_PLEN_OFS = IP_OFS + 4,
    IP6_NXT_OFS = IP_OFS + 6,
    IP6_HLIM_OFS = IP_OFS + 7,
    IP6_SRC_OFS = IP_OFS + 8,
    IP6_DST_OFS = IP_OFS + 24,
    L4_IP6_OFS = IP_OFS + 40,
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

/* A frame like 'hex', of IPv6, with 'address' at 'ofs'. */
static inline struct frame
frame_with_ip6(const char *hex, size_t ofs, const char *address)
{
    struct frame f = frame_from_hex(hex);
    struct in6_addr ip;

    ovs_assert(ipv6_parse(address, &ip));
    memcpy(f.data + ofs, &ip, sizeof ip);
    return f;
}

/* A frame like 'hex' with 'value' as the byte at 'ofs', and nothing else changed. */
static inline struct frame
frame_with_byte(const char *hex, size_t ofs, uint8_t value)
{
    struct frame f = frame_from_hex(hex);

    frame_put8(&f, ofs, value);
    return f;
}

#endif /* tests/unit/frames.h */
