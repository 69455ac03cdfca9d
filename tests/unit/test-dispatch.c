/* SPDX-License-Identifier: Apache-2.0 */

/* What the pipeline says about a packet reaches the service of its reason, and what it did not
 * say reaches none. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofpbuf.h"
#include "pipeline/rules.h"
#include "service/dispatch.h"
#include "util.h"

static const uint8_t frame[] = {1, 2, 3};

/* A service, as the packets that come to it want it. */
struct service {
    enum packet_outcome outcome;
    size_t n;       /* Packets that it got. */
    uint32_t value; /* Payload of the last one, if it has any. */
};

static enum packet_outcome
handle(void *service_, const struct pipeline_packet_in *pin, const void *data, size_t len,
       long long int now)
{
    struct service *service = service_;

    assert_ptr_equal(data, frame);
    assert_int_equal(len, sizeof frame);
    assert_int_equal(now, 4711);
    if (pin->payload_len) {
        assert_int_equal(pin->payload_len, sizeof service->value);
        memcpy(&service->value, pin->payload, sizeof service->value);
    }
    service->n++;
    return service->outcome;
}

static const struct packet_service to_router = {PIN_TO_ROUTER, "to_router", 0, handle};
static const struct packet_service no_route = {PIN_NO_ROUTE, "no_route", 4, handle};

/* 'userdata' is copied, so that a memory checker sees where it ends. */
static void
packet_in(struct dispatch *d, const void *userdata, size_t len)
{
    struct match metadata = MATCH_CATCHALL_INITIALIZER;
    uint8_t *copy = xmemdup(userdata, len);
    struct pipeline_packet_in pin;

    packet_in_parse(copy, len, &metadata, &pin);
    dispatch_packet_in(d, &pin, frame, sizeof frame, 4711);
    free(copy);
}

static uint64_t
n_unknown(const struct dispatch *d)
{
    return dispatch_count(d, 0, PACKET_MALFORMED);
}

static void
a_packet_goes_to_the_service_of_its_reason_and_is_counted(void **state OVS_UNUSED)
{
    struct dispatch *d = dispatch_create();
    struct service one = {.outcome = PACKET_ANSWERED}, other = {.outcome = PACKET_NOT_ALLOWED};

    dispatch_register(d, &to_router, &one);
    dispatch_register(d, &no_route, &other);
    packet_in(d, ((uint8_t[]){PIN_TO_ROUTER, 0}), 2);
    packet_in(d, ((uint8_t[]){PIN_NO_ROUTE, 4, 0xa, 0xb, 0xc, 0xd}), 6);
    packet_in(d, ((uint8_t[]){PIN_TO_ROUTER, 0}), 2);
    assert_int_equal(one.n, 2);
    assert_int_equal(other.n, 1);
    assert_int_equal(other.value, htonl(0x0a0b0c0d));
    assert_int_equal(dispatch_count(d, PIN_TO_ROUTER, PACKET_ANSWERED), 2);
    assert_int_equal(dispatch_count(d, PIN_NO_ROUTE, PACKET_NOT_ALLOWED), 1);
    assert_int_equal(dispatch_count(d, PIN_NO_ROUTE, PACKET_ANSWERED), 0);
    assert_int_equal(n_unknown(d), 0);
    dispatch_destroy(d);
}

static void
userdata_of_another_version_reaches_no_service(void **state OVS_UNUSED)
{
    static const struct {
        uint8_t userdata[8];
        size_t len;
    } strange[] = {
        {{0}, 0},
        {{PIN_TO_ROUTER}, 1}, /* As it was before there was a header. */
        {{PIN_TO_ROUTER, 1}, 2},
        {{PIN_TO_ROUTER, 0, 0}, 3},
        {{PIN_TO_ROUTER, 1, 0}, 3}, /* That reason has no payload. */
        {{PIN_TO_ROUTER, 255}, 2},
        {{PIN_NO_ROUTE, 0}, 2},
        {{PIN_NO_ROUTE, 3, 0, 0, 0}, 5},
        {{PIN_NO_ROUTE, 4, 0, 0, 0}, 5},
        {{PIN_NO_ROUTE, 4, 0, 0, 0, 0, 0}, 7},
        {{PIN_NO_ROUTE, 5, 0, 0, 0, 0, 0}, 7},
        {{0, 0}, 2},
        {{PIN_TTL_EXCEEDED, 0}, 2}, /* No service takes it here. */
        {{PIN_N_REASONS, 0}, 2},
        {{255, 0}, 2},
    };
    struct dispatch *d = dispatch_create();
    struct service service = {.outcome = PACKET_ANSWERED};

    dispatch_register(d, &to_router, &service);
    dispatch_register(d, &no_route, &service);
    for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
        packet_in(d, strange[i].userdata, strange[i].len);
        assert_int_equal(n_unknown(d), i + 1);
    }
    assert_int_equal(service.n, 0);
    dispatch_destroy(d);
}

static void
the_pipeline_s_fields_come_with_the_packet(void **state OVS_UNUSED)
{
    struct match metadata = MATCH_CATCHALL_INITIALIZER;
    struct pipeline_packet_in pin;

    match_set_xreg(&metadata, XREG_ROUTER - MFF_XREG0, UINT64_C(0x123456789abcdef0));
    match_set_metadata(&metadata, htonll(42));
    match_set_reg(&metadata, reg_index(REG_INPORT), 7);
    match_set_tun_src(&metadata, htonl(0xc0000201));
    packet_in_parse((uint8_t[]){PIN_STRANGER, 0}, 2, &metadata, &pin);
    assert_int_equal(pin.reason, PIN_STRANGER);
    assert_int_equal(pin.router_key, UINT64_C(0x123456789abcdef0));
    assert_int_equal(pin.network_key, 42);
    assert_int_equal(pin.inport, 7);
    assert_int_equal(in6_addr_get_mapped_ipv4(&pin.tunnel_source), htonl(0xc0000201));
}

static void
what_a_stage_states_is_what_the_daemon_reads(void **state OVS_UNUSED)
{
    const ovs_be32 payload = htonl(0x0a0b0c0d);
    struct match metadata = MATCH_CATCHALL_INITIALIZER;
    struct pipeline_packet_in pin = {.reason = 0};
    const struct ofpact *a;
    ACTIONS(actions);

    act_to_daemon(&actions, PIN_NO_ROUTE, &payload, sizeof payload);
    OFPACT_FOR_EACH (a, actions.data, actions.size) {
        if (a->type == OFPACT_CONTROLLER) {
            const struct ofpact_controller *c = ofpact_get_CONTROLLER(a);

            packet_in_parse(c->userdata, c->userdata_len, &metadata, &pin);
        }
    }
    assert_int_equal(pin.reason, PIN_NO_ROUTE);
    assert_int_equal(pin.payload_len, sizeof payload);
    assert_memory_equal(pin.payload, &payload, sizeof payload);
    ofpbuf_uninit(&actions);
}

static void
reasons_that_have_a_service_have_a_name(void **state OVS_UNUSED)
{
    struct dispatch *d = dispatch_create();

    dispatch_register(d, &to_router, NULL);
    assert_string_equal(dispatch_reason_name(d, PIN_TO_ROUTER), "to_router");
    assert_string_equal(dispatch_reason_name(d, 0), "unknown");
    assert_null(dispatch_reason_name(d, PIN_NO_ROUTE));
    dispatch_destroy(d);
}

static void
status_has_a_line_for_each_reason_seen(void **state OVS_UNUSED)
{
    struct dispatch *d = dispatch_create();
    struct service service = {.outcome = PACKET_ANSWERED};
    struct ds ds = DS_EMPTY_INITIALIZER;

    dispatch_register(d, &to_router, &service);
    dispatch_register(d, &no_route, &service);
    dispatch_format(d, 2, &ds);
    assert_string_equal(ds_cstr(&ds), "");

    packet_in(d, ((uint8_t[]){PIN_TO_ROUTER, 0}), 2);
    packet_in(d, ((uint8_t[]){PIN_TO_ROUTER, 0}), 2);
    service.outcome = PACKET_LIMITED;
    packet_in(d, ((uint8_t[]){PIN_TO_ROUTER, 0}), 2);
    packet_in(d, ((uint8_t[]){PIN_TO_ROUTER}), 1);
    dispatch_format(d, 2, &ds);
    assert_string_equal(ds_cstr(&ds),
                        "  to router: 2 sent, 1 rate-limited, 0 not allowed, 0 malformed, "
                        "0 without source address, 0 queued\n"
                        "  not of this pipeline: 1\n");
    ds_destroy(&ds);
    dispatch_destroy(d);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_goes_to_the_service_of_its_reason_and_is_counted),
        cmocka_unit_test(userdata_of_another_version_reaches_no_service),
        cmocka_unit_test(the_pipeline_s_fields_come_with_the_packet),
        cmocka_unit_test(what_a_stage_states_is_what_the_daemon_reads),
        cmocka_unit_test(reasons_that_have_a_service_have_a_name),
        cmocka_unit_test(status_has_a_line_for_each_reason_seen),
    };
    return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
