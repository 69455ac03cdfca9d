/* SPDX-License-Identifier: Apache-2.0 */
/* Proves which bytes router advertisements are, and which router solicitations are believed. */
#include <config.h>

#include "service/router-advertisement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "csum.h"
#include "dp-packet.h"
#include "frames.h"
#include "model.h"
#include "nb/advertisement.h"
#include "openvswitch/dynamic-string.h"
#include "random.h"
#include "util.h"

/* Written by scapy, from fa:16:3e:00:00:01.  To all: SLAAC, 2001:db8:0:1::/64, MTU 1442. */
#define SLAAC_HEX                                                                                  \
    "333300000001fa163e00000186dd6000000000403afffe80000000000000f816"                             \
    "3efffe000001ff0200000000000000000000000000018600c0e3400007080000"                             \
    "0000000000000101fa163e00000105010000000005a2030440c0000151800000"                             \
    "38400000000020010db8000000010000000000000000"
/* To fe80::5: M, O, preference high, MTU 1500, 2001:db8:0:1::/64 and fd00:1::/64 autonomous,
 * 2001:db8:0:2::/64 not, two DNS servers and two domains. */
#define EVERYTHING_HEX                                                                             \
    "fa163e00000afa163e00000186dd6000000000d03afffe80000000000000f816"                             \
    "3efffe000001fe8000000000000000000000000000058600476c40c807080000"                             \
    "0000000000000101fa163e00000105010000000005dc030440c0000151800000"                             \
    "38400000000020010db800000001000000000000000003044080000151800000"                             \
    "38400000000020010db8000000020000000000000000030440c0000151800000"                             \
    "384000000000fd00000100000000000000000000000019050000000007082001"                             \
    "0db800000000000000000000005320010db80000000000000000000000541f05"                             \
    "000000000708076578616d706c65036f726700036c6162076578616d706c6503"                             \
    "6f7267000000"
/* Options: 2001:db8:0:1::/64, 2001:db8:0:2::/64 withdrawn, a DNS server, one withdrawn, and a
 * domain withdrawn (RFC 4861 4.6.2, RFC 8106 5.1 and 5.2). */
#define WITHDRAWN_OPTIONS_HEX                                                                      \
    "030440c000015180000038400000000020010db8000000010000000000000000"                             \
    "030440c000000000000000000000000020010db8000000020000000000000000"                             \
    "190300000000070820010db8000000000000000000000053"                                             \
    "190300000000000020010db8000000000000000000000054"                                             \
    "1f03000000000000036c6162076578616d706c6500000000"
/* To all, the last one. */
#define LAST_HEX                                                                                   \
    "333300000001fa163e00000186dd6000000000203afffe80000000000000f816"                             \
    "3efffe000001ff0200000000000000000000000000018600c311400000000000"                             \
    "0000000000000101fa163e00000105010000000005dc"

/* Solicitations of fa:16:3e:00:00:0a: with its link-local address and that option, and without
 * either. */
#define RS_HEX                                                                                     \
    "333300000002fa163e00000a86dd6000000000103afffe80000000000000f816"                             \
    "3efffe00000aff02000000000000000000000000000285000eec000000000101"                             \
    "fa163e00000a"
#define RS_UNSPECIFIED_HEX                                                                         \
    "333300000002fa163e00000a86dd6000000000083aff00000000000000000000"                             \
    "000000000000ff02000000000000000000000000000285007bb800000000"

/* Where things are in these. */
enum {
    ICMP6_CSUM_OFS = L4_IP6_OFS + 2,
    OPTION_OFS = L4_IP6_OFS + 8,
};

static const struct ra_receiver all = {.ip = IN6ADDR_ANY_INIT};

static struct in6_addr
ip6(const char *s)
{
    struct in6_addr ip;

    assert_true(ipv6_parse(s, &ip));
    return ip;
}

static struct advertisement
make_advertisement(uint16_t mtu)
{
    return (struct advertisement){
        .mac = {.ea = {0xfa, 0x16, 0x3e, 0, 0, 1}},
        .source = ip6("fe80::f816:3eff:fe00:1"),
        .mtu = mtu,
    };
}

/* Adds subnet PREFIX with the comma-separated lists, "" for none. */
static void
add_subnet(struct advertisement *a, const char *prefix, enum address_mode mode,
           const char *dns_servers, const char *dns_search)
{
    struct subnet_config c = {.ra_mode = mode};
    char *servers = xstrdup(dns_servers), *names = xstrdup(dns_search), *save = NULL;

    assert_null(prefix_parse(prefix, &c.prefix));
    for (char *s = strtok_r(servers, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
        c.dns_servers = xrealloc(c.dns_servers, (c.n_dns_servers + 1) * sizeof *c.dns_servers);
        c.dns_servers[c.n_dns_servers++] = ip6(s);
    }
    for (char *s = strtok_r(names, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
        c.dns_search = xrealloc(c.dns_search, (c.n_dns_search + 1) * sizeof *c.dns_search);
        c.dns_search[c.n_dns_search++] = xstrdup(s);
    }
    advertisement_add_subnet(a, &c);
    subnet_config_destroy(&c);
    free(servers);
    free(names);
}

static void
assert_composes(const struct advertisement *a, bool lasting, const struct ra_receiver *to,
                const char *hex)
{
    struct dp_packet *packet = router_advertisement_compose(a, lasting, NULL, to);
    struct ds got = DS_EMPTY_INITIALIZER;

    ds_put_hex(&got, dp_packet_data(packet), dp_packet_size(packet));
    assert_string_equal(ds_cstr(&got) + 2, hex); /* After "0x". */
    ds_destroy(&got);
    dp_packet_delete(packet);
}

static void
an_advertisement_is_these_bytes(void **state OVS_UNUSED)
{
    struct advertisement a = make_advertisement(1442);

    add_subnet(&a, "2001:db8:0:1::/64", ADDRESS_MODE_SLAAC, "", "");
    assert_composes(&a, true, &all, SLAAC_HEX);
    advertisement_destroy(&a);
}

static void
it_has_all_modes_of_the_subnets(void **state OVS_UNUSED)
{
    struct ra_receiver to = {.mac = {.ea = {0xfa, 0x16, 0x3e, 0, 0, 0xa}}, .ip = ip6("fe80::5")};
    struct advertisement a = make_advertisement(1500);

    a.preference = PREFERENCE_HIGH;
    add_subnet(&a, "fd00:1::/64", ADDRESS_MODE_STATELESS, "2001:db8::54", "lab.example.org");
    add_subnet(&a, "2001:db8:0:2::/64", ADDRESS_MODE_STATEFUL, "2001:db8::54,2001:db8::53", "");
    add_subnet(&a, "2001:db8:0:1::/64", ADDRESS_MODE_SLAAC, "", "example.org,lab.example.org");
    assert_composes(&a, true, &to, EVERYTHING_HEX);
    advertisement_destroy(&a);
}

static void
the_last_one_says_that_the_router_is_none(void **state OVS_UNUSED)
{
    struct advertisement a = make_advertisement(1500);

    a.preference = PREFERENCE_HIGH;
    add_subnet(&a, "2001:db8:0:1::/64", ADDRESS_MODE_STATELESS, "2001:db8::53", "example.org");
    assert_composes(&a, false, &all, LAST_HEX);
    advertisement_destroy(&a);
}

/* With lifetimes of 0, behind what holds. */
static void
what_is_withdrawn_has_no_lifetime(void **state OVS_UNUSED)
{
    struct advertisement a = make_advertisement(1500);
    struct advertisement withdrawn = make_advertisement(1500);
    struct ds got = DS_EMPTY_INITIALIZER;

    add_subnet(&a, "2001:db8:0:1::/64", ADDRESS_MODE_SLAAC, "2001:db8::53", "");
    add_subnet(&withdrawn, "2001:db8:0:2::/64", ADDRESS_MODE_SLAAC, "2001:db8::54", "lab.example");
    struct dp_packet *packet = router_advertisement_compose(&a, true, &withdrawn, &all);
    ds_put_hex(&got, dp_packet_data(packet), dp_packet_size(packet));
    assert_non_null(strstr(ds_cstr(&got), WITHDRAWN_OPTIONS_HEX));
    assert_string_equal(strstr(ds_cstr(&got), WITHDRAWN_OPTIONS_HEX), WITHDRAWN_OPTIONS_HEX);
    ds_destroy(&got);
    dp_packet_delete(packet);
    advertisement_destroy(&a);
    advertisement_destroy(&withdrawn);
}

/* --- Whatever is composed can be read ----------------------------------- */

/* What an advertisement says, read by the RFCs' text. */
struct reading {
    size_t len; /* Of the IP packet. */
    size_t n_prefixes, n_dns_servers, n_names;
    uint32_t mtu; /* 0: no option. */
    bool source_option;
};

static void
read_names(const uint8_t *p, size_t len, struct reading *r)
{
    const uint8_t *end = p + len;

    while (p < end && *p) { /* Zeros at the end are padding. */
        while (*p) {
            assert_in_range(*p, 1, 63);
            p += 1 + *p;
            assert_true(p < end);
        }
        p++;
        r->n_names++;
    }
}

static struct reading
read_advertisement(const struct dp_packet *packet)
{
    const uint8_t *ip = (const uint8_t *) dp_packet_data(packet) + IP_OFS;
    const uint8_t *icmp = ip + 40, *end = dp_packet_tail(packet);
    struct reading r = {.len = end - ip};

    assert_int_equal(ip[4] << 8 | ip[5], end - icmp);
    assert_int_equal(ip[7], 255);
    assert_int_equal(icmp[0], 134);
    assert_int_equal(
        csum_finish(csum_continue(packet_csum_pseudoheader6((const void *) ip), icmp, end - icmp)),
        0);
    for (const uint8_t *p = icmp + 16; p < end; p += p[1] * 8) {
        assert_in_range(p[1], 1, (end - p) / 8);
        switch (p[0]) {
        case 1:
            r.source_option = true;
            break;
        case 3:
            assert_int_equal(p[1], 4);
            r.n_prefixes++;
            break;
        case 5:
            r.mtu = ntohl(get_unaligned_be32((const void *) (p + 4)));
            break;
        case 25:
            assert_int_equal(p[1] % 2, 1);
            r.n_dns_servers += (p[1] - 1) / 2;
            break;
        case 31:
            read_names(p + 8, p[1] * 8 - 8, &r);
            break;
        default:
            fail_msg("option %u", p[0]);
        }
    }
    return r;
}

static struct reading
compose_and_read(const struct advertisement *a)
{
    struct dp_packet *packet = router_advertisement_compose(a, true, NULL, &all);
    struct reading r = read_advertisement(packet);

    dp_packet_delete(packet);
    return r;
}

static void
an_mtu_that_ipv6_does_not_allow_is_not_advertised(void **state OVS_UNUSED)
{
    struct advertisement a = make_advertisement(1279);

    add_subnet(&a, "2001:db8::/64", ADDRESS_MODE_SLAAC, "", "");
    assert_int_equal(compose_and_read(&a).mtu, 0);
    a.mtu = 1280;
    assert_int_equal(compose_and_read(&a).mtu, 1280);
    a.mtu = 65535;
    assert_int_equal(compose_and_read(&a).mtu, 65535);
    advertisement_destroy(&a);
}

/* Prefixes come first, then servers, then names: what does not fit is left out. */
static void
any_number_of_things_makes_a_whole_packet(void **state OVS_UNUSED)
{
    random_set_seed(42);
    for (int i = 0; i < 2000; i++) {
        struct advertisement a = make_advertisement(1500);
        size_t n_prefixes = 1 + random_range(i % 10 ? 4 : 60);
        size_t n_servers = random_range(i % 7 ? 5 : 150), n_names = random_range(i % 3 ? 4 : 60);

        for (size_t j = 0; j < n_prefixes; j++) {
            char *prefix = xasprintf("2001:db8:0:%" PRIxSIZE "::/64", j);
            add_subnet(&a, prefix, 1 + random_range(3), "", "");
            free(prefix);
        }
        for (size_t j = 0; j < n_servers; j++) {
            char *server = xasprintf("2001:db8::%" PRIxSIZE, j + 1);
            add_subnet(&a, "2001:db8::/64", ADDRESS_MODE_SLAAC, server, "");
            free(server);
        }
        for (size_t j = 0; j < n_names; j++) {
            char *name = xasprintf("%0*" PRIuSIZE ".example", 1 + random_range(63), j);
            add_subnet(&a, "2001:db8::/64", ADDRESS_MODE_SLAAC, "", name);
            free(name);
        }

        struct reading r = compose_and_read(&a);
        assert_true(r.source_option && r.len <= RA_MAX_LEN);
        assert_int_equal(r.n_prefixes, MIN(n_prefixes, 37));
        assert_true(r.n_dns_servers <= a.n_dns_servers && r.n_names <= a.n_dns_search);
        assert_int_equal(r.n_prefixes, router_advertisement_room(&a).n_prefixes);
        assert_int_equal(r.n_dns_servers, router_advertisement_room(&a).n_dns_servers);
        assert_int_equal(r.n_names, router_advertisement_room(&a).n_dns_search);
        if (n_prefixes < 5 && n_servers < 5) {
            assert_int_equal(r.n_dns_servers, n_servers);
        }
        if (n_prefixes < 5 && n_servers < 5 && n_names < 5) {
            assert_int_equal(r.n_names, a.n_dns_search);
        }
        advertisement_destroy(&a);
    }
}

/* --- Solicitations ------------------------------------------------------ */

static struct frame
fixed(struct frame f)
{
    const struct ovs_16aligned_ip6_hdr *ip = (const void *) (f.data + IP_OFS);
    size_t len = f.data[IP6_PLEN_OFS] << 8 | f.data[IP6_PLEN_OFS + 1];
    ovs_be16 sum;

    frame_put16(&f, ICMP6_CSUM_OFS, 0);
    sum = csum_finish(csum_continue(packet_csum_pseudoheader6(ip), f.data + L4_IP6_OFS, len));
    memcpy(f.data + ICMP6_CSUM_OFS, &sum, sizeof sum);
    return f;
}

/* A frame like 'hex' with 'value' at 'ofs' and a correct checksum. */
static struct frame
with8(const char *hex, size_t ofs, uint8_t value)
{
    struct frame f = frame_from_hex(hex);

    frame_put8(&f, ofs, value);
    return fixed(f);
}

static bool
parses(const struct frame *f)
{
    struct ra_receiver sender;
    uint8_t *data = xmemdup(f->data, f->len); /* So that a sanitizer sees its end. */
    bool ok = router_solicitation_parse(data, f->len, &sender);

    free(data);
    return ok;
}

static void
a_solicitation_says_who_asks(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(RS_HEX);
    struct ra_receiver sender;
    struct eth_addr mac = {.ea = {0xfa, 0x16, 0x3e, 0, 0, 0xa}};
    struct in6_addr ip = ip6("fe80::f816:3eff:fe00:a");

    assert_true(router_solicitation_parse(f.data, f.len, &sender));
    assert_true(eth_addr_equals(sender.mac, mac));
    assert_memory_equal(&sender.ip, &ip, sizeof ip);

    f = frame_from_hex(RS_UNSPECIFIED_HEX);
    assert_true(router_solicitation_parse(f.data, f.len, &sender));
    assert_true(eth_addr_equals(sender.mac, mac));
    assert_false(ipv6_addr_is_set(&sender.ip));
}

static void
a_solicitation_that_is_not_valid_is_none(void **state OVS_UNUSED)
{
    struct frame f;

    /* RFC 4861 6.1.1, line by line. */
    f = with8(RS_HEX, IP6_HLIM_OFS, 254);
    assert_false(parses(&f));
    f = with8(RS_HEX, IP6_HLIM_OFS, 255);
    assert_true(parses(&f));
    f = frame_from_hex(RS_HEX);
    f.data[ICMP6_CSUM_OFS] ^= 1;
    assert_false(parses(&f));
    f = with8(RS_HEX, L4_IP6_OFS + 1, 1); /* Code. */
    assert_false(parses(&f));
    f = with8(RS_UNSPECIFIED_HEX, IP6_PLEN_OFS + 1, 7); /* Less than 8 bytes. */
    assert_false(parses(&f));
    f = with8(RS_HEX, OPTION_OFS + 1, 0); /* An option of length 0. */
    assert_false(parses(&f));
    f = frame_from_hex(RS_HEX); /* No source address, but an option that has one. */
    memset(f.data + IP6_SRC_OFS, 0, 16);
    f = fixed(f);
    assert_false(parses(&f));
    frame_put8(&f, OPTION_OFS, 14); /* Any other option may be there. */
    f = fixed(f);
    assert_true(parses(&f));

    f = with8(RS_HEX, OPTION_OFS + 1, 2); /* An option beyond the end. */
    assert_false(parses(&f));
    f = with8(RS_HEX, IP6_SRC_OFS, 0xff); /* From a multicast address. */
    assert_false(parses(&f));
    f = with8(RS_HEX, L4_IP6_OFS, 134); /* Another message. */
    assert_false(parses(&f));
    f = with8(RS_HEX, IP6_NXT_OFS, 17);
    assert_false(parses(&f));
    f = with8(RS_HEX, IP_OFS, 0x40);
    assert_false(parses(&f));
}

static void
a_truncated_one_is_none(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(RS_HEX);

    for (size_t len = f.len; len--;) {
        f.len = len;
        assert_false(parses(&f));
    }
}

static void
what_follows_is_padding(void **state OVS_UNUSED)
{
    struct frame f = frame_from_hex(RS_UNSPECIFIED_HEX "010203");

    assert_true(parses(&f));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_advertisement_is_these_bytes),
        cmocka_unit_test(it_has_all_modes_of_the_subnets),
        cmocka_unit_test(the_last_one_says_that_the_router_is_none),
        cmocka_unit_test(what_is_withdrawn_has_no_lifetime),
        cmocka_unit_test(an_mtu_that_ipv6_does_not_allow_is_not_advertised),
        cmocka_unit_test(any_number_of_things_makes_a_whole_packet),
        cmocka_unit_test(a_solicitation_says_who_asks),
        cmocka_unit_test(a_solicitation_that_is_not_valid_is_none),
        cmocka_unit_test(a_truncated_one_is_none),
        cmocka_unit_test(what_follows_is_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
