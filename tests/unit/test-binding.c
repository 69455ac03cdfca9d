/* SPDX-License-Identifier: Apache-2.0 */

/* A binding goes from state to state as binding.h draws it, and in the end depends only on
 * what is there, not on how it came. */
#include <config.h>

#include "binding/binding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model.h"
#include "openvswitch/vlog.h"
#include "random.h"
#include "topology/topology.h"

#define NAME "vm"
#define TAP "tap-vm"

static void
ignore_vif(const char *iface_id OVS_UNUSED, ofp_port_t ofport OVS_UNUSED,
           bool may_take_over OVS_UNUSED, void *aux OVS_UNUSED)
{
}

/* The only binding; NULL if there is none. */
static struct binding *
only(const struct bindings *bs)
{
    assert_true(hmap_count(&bs->by_name) <= 1);
    return hmap_is_empty(&bs->by_name)
               ? NULL
               : CONTAINER_OF(hmap_first(&bs->by_name), struct binding, name_node);
}

/* --- The table of transitions ------------------------------------------------ */

/* What may happen to a binding. */
enum event {
    NO_EVENT,
    PLUG,      /* The interface is there, with a number, wired. */
    UNNUMBER,  /* It has no OpenFlow port. */
    UNWIRE,    /* It has no VLAN. */
    UNPLUG,    /* It goes. */
    PORT_GONE, /* There is no such port. */
    HERE,      /* The port is for this chassis. */
    DISABLED,  /* It is disabled, and so on. */
    REQUESTED, /* Elsewhere. */
    BOUND,     /* Elsewhere. */
    UNUSED,    /* The topology has no interface for it. */
    HERE_CLAIMED,
    DISABLED_CLAIMED,
    UNUSED_CLAIMED,
    READ,      /* Its network has been read. */
    CONFIRMED, /* Its flows are in the switch. */
    WRITTEN,   /* The transaction is on its way. */
    REFUSED,   /* It would be refused. */
    DONE,      /* The transaction has succeeded, */
    FAILED,    /* or not. */
};

static void
set_port(struct bindings *bs, enum port_place place, bool claimed)
{
    struct own_port port = {
        .uuid = make_uuid(U_PORT, 1), .name = NAME, .place = place, .claimed = claimed};

    bindings_set_port(bs, &port);
}

static void
happen(struct bindings *bs, enum event event)
{
    const struct own_port none = {.uuid = make_uuid(U_PORT, 1)};

    switch (event) {
    case PLUG:
    case UNNUMBER:
    case UNWIRE:
    case UNPLUG:
        bindings_set_interface(bs, TAP, event == UNPLUG ? NULL : NAME,
                               u16_to_ofp(event == UNNUMBER ? 0 : 7), event != UNWIRE, NULL);
        bindings_for_each_changed_vif(bs, ignore_vif, NULL);
        break;

    case PORT_GONE:
        bindings_set_port(bs, &none);
        break;

    case HERE:
    case HERE_CLAIMED:
        set_port(bs, PLACE_HERE, event == HERE_CLAIMED);
        break;

    case DISABLED:
    case DISABLED_CLAIMED:
        set_port(bs, PLACE_DISABLED, event == DISABLED_CLAIMED);
        break;

    case REQUESTED:
        set_port(bs, PLACE_REQUESTED_ELSEWHERE, false);
        break;

    case BOUND:
        set_port(bs, PLACE_BOUND_ELSEWHERE, false);
        break;

    case UNUSED:
    case UNUSED_CLAIMED:
        set_port(bs, PLACE_UNPLUGGED, event == UNUSED_CLAIMED);
        break;

    case READ:
        binding_set_read(bs, only(bs), 5);
        break;

    case CONFIRMED:
        bindings_set_confirmed(bs, 4); /* Too early. */
        assert_int_not_equal(only(bs)->state, BINDING_INSTALLED);
        bindings_set_confirmed(bs, 5);
        break;

    case WRITTEN:
        binding_set_written(bs, only(bs));
        break;

    case REFUSED:
        binding_set_refused(bs, only(bs));
        break;

    case DONE:
    case FAILED:
        bindings_set_committed(bs, event == DONE);
        break;

    case NO_EVENT:
    default:
        fail();
    }
}

#define MAX_EVENTS 8
#define NONE N_BINDING_STATES /* No binding at all. */

/* What happens, and which state it ends in.  The way to a state has PLUG before it. */
#define INSTALLING_WAY PLUG, HERE, READ
#define INSTALLED_WAY INSTALLING_WAY, CONFIRMED
#define CLAIMING_WAY INSTALLED_WAY, WRITTEN
#define UP_WAY CLAIMING_WAY, HERE_CLAIMED, DONE
static const struct {
    enum binding_state end;
    enum event events[MAX_EVENTS]; /* Up to the first NO_EVENT. */
} transitions[] = {
    /* Interfaces. */
    {BINDING_NO_OFPORT, {UNNUMBER}},
    {BINDING_UNWIRED, {UNWIRE}},
    {BINDING_UNWIRED, {UNNUMBER, UNWIRE}},
    {BINDING_NO_PORT, {UNNUMBER, PLUG}},
    {BINDING_NO_OFPORT, {PLUG, UNNUMBER}},
    {BINDING_UNWIRED, {PLUG, UNWIRE}},
    {NONE, {UNNUMBER, UNPLUG}},
    {NONE, {PLUG, UNPLUG}},

    /* Plugged in, and the port is not for this chassis. */
    {BINDING_NO_PORT, {PLUG}},
    {BINDING_NO_PORT, {PLUG, HERE, PORT_GONE}},
    {BINDING_DISABLED, {PLUG, DISABLED}},
    {BINDING_REQUESTED_ELSEWHERE, {PLUG, REQUESTED}},
    {BINDING_BOUND_ELSEWHERE, {PLUG, BOUND}},
    {BINDING_DISABLED, {PLUG, REQUESTED, DISABLED}},
    {NONE, {PLUG, BOUND, UNPLUG, UNUSED}},
    {NONE, {PLUG, BOUND, UNPLUG, PORT_GONE}},

    /* The port comes before the interface, which the topology is told first. */
    {BINDING_READING, {PLUG, HERE}},
    {BINDING_READING, {PLUG, BOUND, HERE}},

    /* From reading to up. */
    {BINDING_READING, {PLUG, HERE_CLAIMED}},
    {BINDING_INSTALLING, {INSTALLING_WAY}},
    {BINDING_INSTALLING, {INSTALLING_WAY, HERE_CLAIMED}},
    {BINDING_INSTALLED, {INSTALLED_WAY}},
    {BINDING_REFUSED, {INSTALLED_WAY, REFUSED}},
    {BINDING_CLAIMING, {INSTALLED_WAY, REFUSED, WRITTEN}},
    {BINDING_CLAIMING, {CLAIMING_WAY}},
    {BINDING_CLAIMING, {CLAIMING_WAY, HERE_CLAIMED}},
    {BINDING_INSTALLED, {CLAIMING_WAY, FAILED}},
    {BINDING_INSTALLED, {CLAIMING_WAY, HERE_CLAIMED, FAILED}},
    {BINDING_INSTALLED, {CLAIMING_WAY, DONE}}, /* And not seen in the database. */
    {BINDING_UP, {UP_WAY}},
    {BINDING_UP, {PLUG, HERE_CLAIMED, READ, CONFIRMED, WRITTEN, DONE}}, /* After a restart. */

    /* A port that is up. */
    {BINDING_UP, {UP_WAY, PLUG}},
    {BINDING_INSTALLED, {UP_WAY, HERE}}, /* The claim has been undone. */

    /* The port is taken away. */
    {BINDING_DISABLED, {INSTALLING_WAY, DISABLED}},
    {BINDING_NO_PORT, {INSTALLED_WAY, PORT_GONE}},
    {BINDING_REQUESTED_ELSEWHERE, {CLAIMING_WAY, REQUESTED}},
    {BINDING_REQUESTED_ELSEWHERE, {CLAIMING_WAY, REQUESTED, DONE}},
    {BINDING_RELEASE, {CLAIMING_WAY, REQUESTED, DISABLED_CLAIMED}},
    {BINDING_RELEASE, {INSTALLED_WAY, DISABLED_CLAIMED}},
    {BINDING_NO_OFPORT, {INSTALLED_WAY, UNNUMBER}},
    {BINDING_NO_OFPORT, {INSTALLED_WAY, UNNUMBER, UNUSED}},

    /* A claim is given up. */
    {BINDING_RELEASE, {UNUSED_CLAIMED}},
    {BINDING_RELEASE, {UNUSED_CLAIMED, REFUSED}},
    {BINDING_RELEASING, {UNUSED_CLAIMED, WRITTEN}},
    {BINDING_RELEASE, {UNUSED_CLAIMED, WRITTEN, FAILED}},
    {BINDING_RELEASE, {UNUSED_CLAIMED, WRITTEN, DONE}},
    {NONE, {UNUSED_CLAIMED, WRITTEN, UNUSED}},
    {NONE, {UNUSED_CLAIMED, WRITTEN, PORT_GONE}},
    {BINDING_DISABLED, {PLUG, DISABLED_CLAIMED, WRITTEN, DISABLED}},
    {BINDING_READING, {PLUG, DISABLED_CLAIMED, HERE_CLAIMED}},
    {BINDING_READING, {PLUG, DISABLED_CLAIMED, WRITTEN, HERE_CLAIMED}},
};

static void
each_transition_is_as_drawn(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(transitions); i++) {
        struct bindings *bs = bindings_create();

        for (size_t j = 0; j < MAX_EVENTS && transitions[i].events[j]; j++) {
            happen(bs, transitions[i].events[j]);
        }

        const struct binding *b = only(bs);
        enum binding_state end = b ? b->state : NONE;
        if (end != transitions[i].end) {
            fail_msg("row %zu ends in state %d instead of %d", i, end, transitions[i].end);
        }
        for (size_t j = 0; j < N_BINDING_STATES; j++) {
            assert_int_equal(bs->n_in_state[j], j == end);
            assert_int_equal(ovs_list_is_empty(&bs->in_state[j]), j != end);
        }
        bindings_destroy(bs);
    }
}

/* --- Interfaces --------------------------------------------------------------- */

static void
of_several_interfaces_the_first_by_name_is_used(void **state OVS_UNUSED)
{
    struct bindings *bs = bindings_create();
    const struct binding *b;

    bindings_set_interface(bs, "tap-b", NAME, u16_to_ofp(2), true, NULL);
    bindings_for_each_changed_vif(bs, ignore_vif, NULL);
    b = only(bs);
    assert_int_equal(ofp_to_u16(b->ofport), 2);
    bindings_set_interface(bs, "tap-a", NAME, u16_to_ofp(1), true, NULL);
    bindings_set_interface(bs, "tap-0", NAME, u16_to_ofp(0), true, NULL);
    bindings_set_interface(bs, "tap-1", NAME, u16_to_ofp(9), false, NULL);
    bindings_for_each_changed_vif(bs, ignore_vif, NULL);
    assert_int_equal(ofp_to_u16(b->ofport), 1);
    assert_string_equal(b->used->interface, "tap-a");

    bindings_set_interface(bs, "tap-a", "other", u16_to_ofp(1), true, NULL);
    bindings_for_each_changed_vif(bs, ignore_vif, NULL);
    assert_int_equal(ofp_to_u16(b->ofport), 2);
    assert_int_equal(hmap_count(&bs->by_name), 2);
    bindings_destroy(bs);
}

static void
the_age_starts_anew_when_another_interface_is_used(void **state OVS_UNUSED)
{
    struct bindings *bs = bindings_create();
    struct binding *b;

    bindings_set_interface(bs, "tap-b", NAME, u16_to_ofp(2), true, NULL);
    bindings_for_each_changed_vif(bs, ignore_vif, NULL);
    b = CONTAINER_OF(hmap_first(&bs->by_name), struct binding, name_node);
    b->since = 0;
    bindings_set_interface(bs, "tap-c", NAME, u16_to_ofp(3), true, NULL);
    bindings_for_each_changed_vif(bs, ignore_vif, NULL);
    assert_true(b->since == 0);
    bindings_set_interface(bs, "tap-a", NAME, u16_to_ofp(1), true, NULL);
    bindings_for_each_changed_vif(bs, ignore_vif, NULL);
    assert_true(b->since > 0);
    assert_int_equal(b->state, BINDING_NO_PORT);
    bindings_destroy(bs);
}

static void
what_is_plugged_in_while_watching_may_take_over_once(void **state OVS_UNUSED)
{
    struct bindings *bs = bindings_create();

    happen(bs, PLUG);
    assert_false(only(bs)->may_take_over);
    bindings_set_watching(bs, true);
    happen(bs, PLUG);
    assert_false(only(bs)->may_take_over);
    happen(bs, UNNUMBER);
    happen(bs, PLUG);
    assert_true(only(bs)->may_take_over);

    happen(bs, HERE);
    assert_true(only(bs)->may_take_over);
    happen(bs, HERE_CLAIMED);
    assert_false(only(bs)->may_take_over);
    assert_false(ovs_list_is_empty(&bs->changed)); /* The topology is told. */

    /* The claim is in another name now. */
    bindings_rename_chassis(bs);
    assert_true(only(bs)->may_take_over);
    happen(bs, UNPLUG);
    assert_false(only(bs)->may_take_over);
    bindings_destroy(bs);
}

static void
a_port_that_is_renamed_or_replaced_leaves_its_binding(void **state OVS_UNUSED)
{
    struct own_port port = {.uuid = make_uuid(U_PORT, 1), .name = NAME, .place = PLACE_HERE};
    const struct own_port gone = {.uuid = port.uuid};
    struct bindings *bs = bindings_create();

    happen(bs, PLUG);
    bindings_set_port(bs, &port);
    binding_set_read(bs, only(bs), 1);

    /* A row of the same name is seen before its predecessor goes. */
    port.uuid = make_uuid(U_PORT, 2);
    bindings_set_port(bs, &port);
    bindings_set_port(bs, &gone);
    assert_int_equal(only(bs)->state, BINDING_READING);
    assert_true(uuid_equals(&only(bs)->port.uuid, &port.uuid));
    assert_int_equal(hmap_count(&bs->by_port), 1);

    port.name = "other";
    port.place = PLACE_UNPLUGGED;
    bindings_set_port(bs, &port);
    assert_int_equal(only(bs)->state, BINDING_NO_PORT);
    port.claimed = true;
    bindings_set_port(bs, &port);
    assert_int_equal(bs->n_in_state[BINDING_RELEASE], 1);

    bindings_forget_ports(bs);
    assert_int_equal(only(bs)->state, BINDING_NO_PORT);
    assert_true(hmap_is_empty(&bs->by_port));
    bindings_destroy(bs);
}

/* --- Any sequence --------------------------------------------------------------- */

#define N_PORTS 4
#define N_INTERFACES 6
enum { NO_CHASSIS, SELF, OTHER, N_CHASSIS };
static const char *const chassis_names[N_CHASSIS] = {NULL, "chassis1", "chassis2"};

/* Both databases, and what is known of them. */
struct cloud {
    struct {
        int port; /* -1: it has no iface-id. */
        uint16_t ofport;
        bool wired;
    } interfaces[N_INTERFACES];
    struct {
        bool exists, enabled;
        int requested, chassis;
    } ports[N_PORTS];

    struct topology *topology;
    struct bindings *bindings;
};

static void
tell_vif(const char *iface_id, ofp_port_t ofport, bool may_take_over, void *topology)
{
    topology_set_vif(topology, iface_id, ofport, may_take_over);
}

static void
note_port(const struct own_port *port, void *bindings)
{
    bindings_set_port(bindings, port);
}

/* What follows from what has changed, as in one turn of the loop. */
static void
turn(struct cloud *c)
{
    bindings_for_each_changed_vif(c->bindings, tell_vif, c->topology);
    topology_for_each_changed_own_port(c->topology, note_port, c->bindings);
}

static void
put_interface(struct cloud *c, unsigned int i)
{
    char name[16], iface_id[16];

    snprintf(name, sizeof name, "tap%u", i);
    snprintf(iface_id, sizeof iface_id, "port%d", c->interfaces[i].port);
    bindings_set_interface(c->bindings, name, c->interfaces[i].port < 0 ? NULL : iface_id,
                           u16_to_ofp(c->interfaces[i].ofport), c->interfaces[i].wired, NULL);
}

static void
put_port(struct cloud *c, unsigned int i)
{
    struct port_config config = make_port(i, 1, make_ip(10, 0, 0, i + 1));
    struct uuid uuid = make_uuid(U_PORT, i);

    config.enabled = c->ports[i].enabled;
    config.requested_chassis = nullable_xstrdup(chassis_names[c->ports[i].requested]);
    if (c->ports[i].chassis) {
        config.chassis = make_uuid(U_CHASSIS, c->ports[i].chassis);
    }
    topology_set_port(c->topology, &uuid, c->ports[i].exists ? &config : NULL);
    if (!c->ports[i].exists) {
        port_config_destroy(&config);
    }
}

static void
start(struct cloud *c)
{
    c->topology = topology_create(NULL, 0);
    c->bindings = bindings_create();
    topology_set_self(c->topology, chassis_names[SELF]);
    for (unsigned int i = SELF; i < N_CHASSIS; i++) {
        struct chassis_config config = make_chassis(i);
        struct uuid uuid = make_uuid(U_CHASSIS, i);

        topology_set_chassis(c->topology, &uuid, &config);
    }
    for (unsigned int i = 0; i < N_INTERFACES; i++) {
        put_interface(c, i);
    }
    for (unsigned int i = 0; i < N_PORTS; i++) {
        put_port(c, i);
    }
    turn(c);
    bindings_set_watching(c->bindings, true);
}

static void
stop(struct cloud *c)
{
    topology_destroy(c->topology);
    bindings_destroy(c->bindings);
}

/* The transaction that has the states CLAIMING and RELEASING ends. */
static void
end_transaction(struct cloud *c, bool success)
{
    for (unsigned int i = 0; success && i < N_PORTS; i++) {
        const struct uuid uuid = make_uuid(U_PORT, i);
        const struct binding *b;

        HMAP_FOR_EACH (b, port_node, &c->bindings->by_port) {
            if (uuid_equals(&b->port.uuid, &uuid) && b->state == BINDING_CLAIMING) {
                c->ports[i].chassis = SELF;
            } else if (uuid_equals(&b->port.uuid, &uuid) && b->state == BINDING_RELEASING) {
                c->ports[i].chassis = NO_CHASSIS;
            }
        }
        put_port(c, i);
    }
    turn(c);
    bindings_set_committed(c->bindings, success);
}

/* Everything that can go on goes on, one step each; 'pick' says whether for a binding. */
static void
go_on(struct cloud *c, bool (*pick)(void))
{
    struct binding *b;

    HMAP_FOR_EACH (b, name_node, &c->bindings->by_name) {
        if (!pick()) {
            continue;
        } else if (b->state == BINDING_READING) {
            binding_set_read(c->bindings, b, 1);
        } else if (b->state == BINDING_INSTALLING) {
            bindings_set_confirmed(c->bindings, 1);
        } else if (b->state == BINDING_INSTALLED || b->state == BINDING_REFUSED
                   || b->state == BINDING_RELEASE) {
            binding_set_written(c->bindings, b);
        }
    }
}

static bool
always(void)
{
    return true;
}

static bool
sometimes(void)
{
    return random_range(2);
}

static void
change(struct cloud *c)
{
    unsigned int i = random_range(N_INTERFACES);
    unsigned int p = random_range(N_PORTS);
    struct binding *b;

    switch (random_range(8)) {
    case 0:
        c->interfaces[i].port = (int) random_range(N_PORTS + 1) - 1;
        put_interface(c, i);
        break;

    case 1:
        c->interfaces[i].ofport = random_range(2) ? i + 1 : 0;
        c->interfaces[i].wired = random_range(4);
        put_interface(c, i);
        break;

    case 2:
        c->ports[p].exists = random_range(4);
        c->ports[p].enabled = random_range(4);
        put_port(c, p);
        break;

    case 3:
        c->ports[p].requested = random_range(N_CHASSIS);
        put_port(c, p);
        break;

    case 4:
        c->ports[p].chassis = random_range(N_CHASSIS);
        put_port(c, p);
        break;

    case 5:
        LIST_FOR_EACH_SAFE (b, state_node, &c->bindings->in_state[BINDING_INSTALLED]) {
            binding_set_refused(c->bindings, b);
        }
        break;

    case 6:
        end_transaction(c, random_range(2));
        break;

    default:
        go_on(c, sometimes);
        break;
    }
    if (random_range(3)) {
        turn(c);
    }
}

/* Until there is nothing left to do. */
static void
settle(struct cloud *c)
{
    turn(c);
    for (unsigned int i = 0; i < 20; i++) {
        end_transaction(c, true);
        turn(c);
        go_on(c, always);
    }
    end_transaction(c, true);
    turn(c);
}

static void
assert_same_states(const struct bindings *a, const struct bindings *b, unsigned int round)
{
    const struct binding *x, *y;

    assert_int_equal(hmap_count(&a->by_name), hmap_count(&b->by_name));
    HMAP_FOR_EACH (x, name_node, &a->by_name) {
        bool found = false;

        HMAP_FOR_EACH (y, name_node, &b->by_name) {
            if (!strcmp(x->name, y->name)) {
                if (x->state != y->state || x->ofport != y->ofport) {
                    fail_msg("round %u: %s is in state %d instead of %d", round, x->name, x->state,
                             y->state);
                }
                found = true;
            }
        }
        assert_true(found);
    }
}

static void
any_sequence_ends_where_a_fresh_start_ends(void **state OVS_UNUSED)
{
    struct cloud c = {.topology = NULL};
    size_t n_up = 0;

    random_set_seed(1);
    for (unsigned int i = 0; i < N_INTERFACES; i++) {
        c.interfaces[i].port = -1;
    }
    start(&c);
    for (unsigned int round = 0; round < 2000; round++) {
        for (unsigned int n = random_range(30); n; n--) {
            change(&c);
        }
        settle(&c);

        struct cloud fresh = c;
        start(&fresh);
        settle(&fresh);
        assert_same_states(c.bindings, fresh.bindings, round);
        n_up += c.bindings->n_in_state[BINDING_UP];
        for (size_t i = BINDING_READING; i < N_BINDING_STATES; i++) {
            assert_true(i == BINDING_UP || !c.bindings->n_in_state[i]);
        }
        stop(&fresh);
    }
    assert_true(n_up > 1000);
    stop(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_transition_is_as_drawn),
        cmocka_unit_test(of_several_interfaces_the_first_by_name_is_used),
        cmocka_unit_test(the_age_starts_anew_when_another_interface_is_used),
        cmocka_unit_test(what_is_plugged_in_while_watching_may_take_over_once),
        cmocka_unit_test(a_port_that_is_renamed_or_replaced_leaves_its_binding),
        cmocka_unit_test(any_sequence_ends_where_a_fresh_start_ends),
    };

    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
