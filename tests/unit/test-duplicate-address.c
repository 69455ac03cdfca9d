/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/duplicate-address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dp-packet.h"
#include "frames.h"
#include "pipeline/inject.h"
#include "service/datagram.h"
#include "service/dispatch.h"

#define NETWORK_KEY 43
#define ASKER 7

static const struct in6_addr target = {.s6_addr = {0xfd, 0, 0, 1, [15] = 0x99}};

/* fa:16:3e:00:00:0b has the address; the answers as scapy writes them. */
#define OWNER_MAC ETH_ADDR_C(fa, 16, 3e, 00, 00, 0b)
#define ANSWER_HEX                                                                                 \
    "333300000001fa163e00000b86dd6000000000203afffd000001000000000000"                             \
    "000000000099ff0200000000000000000000000000018800234820000000fd00"                             \
    "00010000000000000000000000990201fa163e00000b"
#define ROUTER_ANSWER_HEX                                                                          \
    "333300000001fa163e00000b86dd6000000000203afffd000001000000000000"                             \
    "000000000099ff0200000000000000000000000000018800a347a0000000fd00"                             \
    "00010000000000000000000000990201fa163e00000b"
/* With the source link-layer address option, which a probe does not have. */
#define DAD_SLL_HEX                                                                                \
    "3333ff000099fa163e00000a86dd6000000000203aff00000000000000000000"                             \
    "000000000000ff0200000000000000000001ff0000998700434a00000000fd00"                             \
    "00010000000000000000000000990101fa163e00000a"

/* The surroundings of the service under test. */
struct fixture {
    struct duplicate_address *da;
    struct dispatch *dispatch;
    struct duplicate_address_owner owner;
    bool has_owner;
    int n_injected;
    struct dp_packet *last; /* Injected last. */
};

static bool
fake_owner(void *aux, uint64_t network_key, const struct in6_addr *address,
           struct duplicate_address_owner *owner)
{
    struct fixture *fx = aux;

    assert_int_equal(network_key, NETWORK_KEY);
    assert_memory_equal(address, &target, sizeof target);
    *owner = fx->owner;
    return fx->has_owner;
}

static void
fake_inject(void *aux, const struct injection *injection, const struct dp_packet *packet)
{
    struct fixture *fx = aux;

    assert_ptr_equal(injection->stage, &stage_to_port);
    assert_int_equal(ofp_to_u16(injection->outport), ASKER);
    assert_int_equal(injection->router_key, 0);
    fx->n_injected++;
    dp_packet_delete(fx->last);
    fx->last = dp_packet_clone(packet);
}

static const struct duplicate_address_ops fake_ops = {.owner = fake_owner, .inject = fake_inject};

static int
setup(void **state)
{
    struct fixture *fx = xzalloc(sizeof *fx);

    fx->owner.mac = (struct eth_addr) OWNER_MAC;
    fx->has_owner = true;
    fx->da = duplicate_address_create(&fake_ops, fx);
    fx->dispatch = dispatch_create();
    duplicate_address_register(fx->da, fx->dispatch);
    *state = fx;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fx = *state;

    duplicate_address_destroy(fx->da);
    dispatch_destroy(fx->dispatch);
    dp_packet_delete(fx->last);
    free(fx);
    return 0;
}

static void
probe(struct fixture *fx, const struct frame *f, long long int now)
{
    const struct pipeline_packet_in pin = {
        .reason = PIN_DAD,
        .network_key = NETWORK_KEY,
        .inport = ASKER,
    };

    dispatch_packet_in(fx->dispatch, &pin, f->data, f->len, now);
}

static void
assert_outcome(struct fixture *fx, const struct frame *f, enum packet_outcome outcome)
{
    uint64_t before = dispatch_count(fx->dispatch, PIN_DAD, outcome);
    int injected = fx->n_injected;

    probe(fx, f, 0);
    assert_int_equal(dispatch_count(fx->dispatch, PIN_DAD, outcome), before + 1);
    assert_int_equal(fx->n_injected - injected, outcome == PACKET_ANSWERED);
}

static void
assert_answer(const struct fixture *fx, const char *hex)
{
    struct frame expected = frame_from_hex(hex);

    assert_int_equal(dp_packet_size(fx->last), expected.len);
    assert_memory_equal(dp_packet_data(fx->last), expected.data, expected.len);
}

/* RFC 4861 7.2.4: to all nodes, S=0, O=1, with the owner's link-layer address. */
static void
a_probe_is_answered_with_the_owners_advertisement(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(DAD_HEX);

    assert_outcome(fx, &f, PACKET_ANSWERED);
    assert_answer(fx, ANSWER_HEX);
    f = frame_from_hex(DAD_NONCE_HEX);
    assert_outcome(fx, &f, PACKET_ANSWERED);
    assert_answer(fx, ANSWER_HEX);
}

static void
a_router_says_that_it_is_one(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(DAD_HEX);

    fx->owner.is_router = true;
    assert_outcome(fx, &f, PACKET_ANSWERED);
    assert_answer(fx, ROUTER_ANSWER_HEX);
}

/* RFC 4861 7.2.7. */
static void
an_address_that_routers_share_overrides_nothing(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(DAD_HEX);

    fx->owner.is_router = fx->owner.is_anycast = true;
    assert_outcome(fx, &f, PACKET_ANSWERED);

    const struct ovs_nd_msg *na = dp_packet_at_assert(fx->last, L4_IP6_OFS, sizeof *na);
    assert_int_equal(ntohl(get_16aligned_be32(&na->rso_flags)), ND_RSO_ROUTER);
}

static void
nobody_answers_for_an_address_that_is_not_known(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(DAD_HEX);

    fx->has_owner = false;
    assert_outcome(fx, &f, PACKET_NO_SOURCE);
}

static void
a_ports_probe_for_its_own_address_is_not_answered(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(DAD_HEX);

    fx->owner.ofport = OFP_PORT_C(ASKER);
    assert_outcome(fx, &f, PACKET_NOT_ALLOWED);
    fx->owner.ofport = OFP_PORT_C(ASKER + 1);
    assert_outcome(fx, &f, PACKET_ANSWERED);
}

/* Makes the checksum right again. */
static void
fix_csum(struct frame *f)
{
    struct in6_addr src, dst;

    memcpy(&src, f->data + IP6_SRC_OFS, sizeof src);
    memcpy(&dst, f->data + IP6_DST_OFS, sizeof dst);
    frame_put16(f, L4_IP6_OFS + 2, 0);
    ovs_be16 sum =
        datagram_csum(&src, &dst, IPPROTO_ICMPV6, f->data + L4_IP6_OFS, f->len - L4_IP6_OFS);
    memcpy(f->data + L4_IP6_OFS + 2, &sum, sizeof sum);
}

/* RFC 4861 7.1.1, one condition after the other. */
static void
what_is_no_valid_probe_is_discarded(void **state)
{
    static const struct {
        const char *hex;
        size_t ofs;
        uint8_t value;
    } invalid[] = {
        {DAD_HEX, IP6_HLIM_OFS, 254},        /* Hop limit other than 255. */
        {DAD_HEX, L4_IP6_OFS + 1, 1},        /* Code other than 0. */
        {DAD_HEX, L4_IP6_OFS, 136},          /* No solicitation. */
        {DAD_HEX, L4_IP6_OFS + 8, 0xff},     /* The target is a group. */
        {DAD_HEX, IP6_DST_OFS + 15, 0x98},   /* Not to the target's solicited-node group. */
        {DAD_HEX, IP6_DST_OFS + 12, 0xfe},   /* To no solicited-node group. */
        {DAD_HEX, IP6_SRC_OFS, 0xfd},        /* From an address. */
        {DAD_NONCE_HEX, L4_IP6_OFS + 25, 0}, /* An option of length 0. */
        {DAD_NONCE_HEX, L4_IP6_OFS + 25, 2}, /* An option longer than the message. */
        {DAD_NONCE_HEX, L4_IP6_OFS + 24, 1}, /* With the sender's link-layer address. */
        {DAD_SLL_HEX, L4_IP6_OFS + 4, 0},
    };
    struct fixture *fx = *state;

    for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
        struct frame f = frame_with_byte(invalid[i].hex, invalid[i].ofs, invalid[i].value);

        fix_csum(&f);
        assert_outcome(fx, &f, PACKET_MALFORMED);
    }

    struct frame f = frame_from_hex(DAD_HEX); /* Wrong checksum. */
    frame_put8(&f, L4_IP6_OFS + 3, f.data[L4_IP6_OFS + 3] ^ 1);
    assert_outcome(fx, &f, PACKET_MALFORMED);
    f = frame_from_hex(DAD_HEX); /* Shorter than 24 bytes. */
    f.len--;
    frame_put16(&f, IP6_PLEN_OFS, 23);
    fix_csum(&f);
    assert_outcome(fx, &f, PACKET_MALFORMED);
    f = frame_from_hex(UDP_HEX);
    assert_outcome(fx, &f, PACKET_MALFORMED);
    f.len = 0;
    assert_outcome(fx, &f, PACKET_MALFORMED);
}

static void
a_flooding_port_is_limited(void **state)
{
    struct fixture *fx = *state;
    struct frame f = frame_from_hex(DAD_HEX);

    for (int i = 0; i < 10 * DUPLICATE_ADDRESS_BURST; i++) {
        probe(fx, &f, 0);
    }
    assert_int_equal(fx->n_injected, DUPLICATE_ADDRESS_BURST);
    for (int i = 0; i < 10 * DUPLICATE_ADDRESS_BURST; i++) {
        probe(fx, &f, 1000);
    }
    assert_int_equal(fx->n_injected, DUPLICATE_ADDRESS_BURST + DUPLICATE_ADDRESS_RATE);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_probe_is_answered_with_the_owners_advertisement),
        TEST(a_router_says_that_it_is_one),
        TEST(an_address_that_routers_share_overrides_nothing),
        TEST(nobody_answers_for_an_address_that_is_not_known),
        TEST(a_ports_probe_for_its_own_address_is_not_answered),
        TEST(what_is_no_valid_probe_is_discarded),
        TEST(a_flooding_port_is_limited),
    };

    return cmocka_run_group_tests_name("duplicate-address", tests, NULL, NULL);
}
