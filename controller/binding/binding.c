/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "binding/binding.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "nb/text.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(binding);

struct bindings *
bindings_create(void)
{
    struct bindings *bs = xzalloc(sizeof *bs);

    hmap_init(&bs->by_name);
    hmap_init(&bs->by_port);
    shash_init(&bs->plugs);
    ovs_list_init(&bs->changed);
    for (size_t i = 0; i < N_BINDING_STATES; i++) {
        ovs_list_init(&bs->in_state[i]);
    }
    return bs;
}

static struct binding *
find_by_name(const struct bindings *bs, const char *name)
{
    struct binding *b;

    HMAP_FOR_EACH_WITH_HASH (b, name_node, hash_string(name, 0), &bs->by_name) {
        if (!strcmp(b->name, name)) {
            return b;
        }
    }
    return NULL;
}

static struct binding *
find_by_port(const struct bindings *bs, const struct uuid *port)
{
    struct binding *b;

    HMAP_FOR_EACH_WITH_HASH (b, port_node, uuid_hash(port), &bs->by_port) {
        if (uuid_equals(&b->port.uuid, port)) {
            return b;
        }
    }
    return NULL;
}

static struct binding *
get_binding(struct bindings *bs, const char *name)
{
    struct binding *b = find_by_name(bs, name);

    if (!b) {
        b = xzalloc(sizeof *b);
        b->name = xstrdup(name);
        b->state = BINDING_UNPLUGGED;
        b->since = time_msec();
        ovs_list_init(&b->plugs);
        ovs_list_init(&b->changed_node);
        ovs_list_push_back(&bs->in_state[b->state], &b->state_node);
        bs->n_in_state[b->state]++;
        hmap_insert(&bs->by_name, &b->name_node, hash_string(name, 0));
    }
    return b;
}

static void
binding_destroy(struct bindings *bs, struct binding *b)
{
    hmap_remove(&bs->by_name, &b->name_node);
    ovs_list_remove(&b->changed_node);
    ovs_list_remove(&b->state_node);
    bs->n_in_state[b->state]--;
    free(b->name);
    free(b);
}

/* Destroys 'b' if it stands for nothing any more. */
static void
binding_put(struct bindings *bs, struct binding *b)
{
    if (ovs_list_is_empty(&b->plugs) && !b->port.name && ovs_list_is_empty(&b->changed_node)) {
        binding_destroy(bs, b);
    }
}

static void
plug_destroy(struct plug *plug)
{
    free(plug->error);
    free(plug);
}

void
bindings_destroy(struct bindings *bs)
{
    const struct shash_node *node;
    struct binding *b;

    if (bs) {
        HMAP_FOR_EACH_SAFE (b, name_node, &bs->by_name) {
            binding_destroy(bs, b);
        }
        hmap_destroy(&bs->by_name);
        hmap_destroy(&bs->by_port);
        SHASH_FOR_EACH (node, &bs->plugs) {
            plug_destroy(node->data);
        }
        shash_destroy(&bs->plugs);
        free(bs);
    }
}

/* --- States --------------------------------------------------------------- */

static void
set_state(struct bindings *bs, struct binding *b, enum binding_state state)
{
    if (b->state != state) {
        ovs_list_remove(&b->state_node);
        bs->n_in_state[b->state]--;
        b->state = state;
        b->since = time_msec();
        ovs_list_push_back(&bs->in_state[state], &b->state_node);
        bs->n_in_state[state]++;
    }
}

static enum binding_state
state_without_ofport(const struct binding *b)
{
    const struct plug *plug;

    LIST_FOR_EACH (plug, node, &b->plugs) {
        if (plug->ofport) {
            return BINDING_UNWIRED;
        }
    }
    return ovs_list_is_empty(&b->plugs) ? BINDING_UNPLUGGED : BINDING_NO_OFPORT;
}

/* The state that follows from interfaces and port alone, where the way through the states
 * begins: BINDING_READING for each port that is here. */
static enum binding_state
first_state(const struct binding *b)
{
    if (b->port.name && b->port.claimed && b->port.place != PLACE_HERE) {
        return BINDING_RELEASE;
    } else if (!b->ofport) {
        return state_without_ofport(b);
    } else if (!b->port.name) {
        return BINDING_NO_PORT;
    }
    switch (b->port.place) {
    case PLACE_HERE:
        return BINDING_READING;

    case PLACE_DISABLED:
        return BINDING_DISABLED;

    case PLACE_REQUESTED_ELSEWHERE:
        return BINDING_REQUESTED_ELSEWHERE;

    case PLACE_BOUND_ELSEWHERE:
        return BINDING_BOUND_ELSEWHERE;

    case PLACE_UNPLUGGED:
    default:
        return BINDING_NO_PORT;
    }
}

/* Whether 'state' is on the way that begins with 'first'. */
static bool
is_on_way(enum binding_state state, enum binding_state first)
{
    switch (first) {
    case BINDING_READING:
        return state >= BINDING_READING && state <= BINDING_UP;

    case BINDING_RELEASE:
        return state == BINDING_RELEASING;

    default:
        return false;
    }
}

/* Interfaces or port of 'b' may have changed. */
static void
update_state(struct bindings *bs, struct binding *b)
{
    enum binding_state first = first_state(b);

    if (!is_on_way(b->state, first)) {
        set_state(bs, b, first);
    } else if (b->state == BINDING_UP && !b->port.claimed) {
        set_state(bs, b, BINDING_INSTALLED);
    }
}

/* --- Interfaces ------------------------------------------------------------ */

static void
note_change(struct bindings *bs, struct binding *b)
{
    if (ovs_list_is_empty(&b->changed_node)) {
        ovs_list_push_back(&bs->changed, &b->changed_node);
    }
}

static void
unplug(struct bindings *bs, struct shash_node *node)
{
    struct plug *plug = node->data;

    note_change(bs, plug->binding);
    if (plug->binding->used == plug) {
        plug->binding->used = NULL;
    }
    ovs_list_remove(&plug->node);
    shash_delete(&bs->plugs, node);
    plug_destroy(plug);
}

void
bindings_set_interface(struct bindings *bs, const char *interface, const char *iface_id,
                       ofp_port_t ofport, bool wired, const char *error)
{
    struct shash_node *node = shash_find(&bs->plugs, interface);
    struct plug *plug = node ? node->data : NULL;

    if (plug && !nullable_string_is_equal(plug->binding->name, iface_id)) {
        unplug(bs, node);
        plug = NULL;
    }
    if (!iface_id) {
        return;
    }
    if (!plug) {
        plug = xzalloc(sizeof *plug);
        plug->binding = get_binding(bs, iface_id);
        plug->interface = shash_add(&bs->plugs, interface, plug)->name;
        ovs_list_push_back(&plug->binding->plugs, &plug->node);
    }
    plug->ofport = ofport;
    plug->wired = wired;
    if (!nullable_string_is_equal(error, plug->error)) {
        free(plug->error);
        plug->error = nullable_xstrdup(error);
    }
    note_change(bs, plug->binding);
}

void
bindings_set_watching(struct bindings *bs, bool watching)
{
    bs->watching = watching;
}

void
bindings_rename_chassis(struct bindings *bs)
{
    struct binding *b;

    HMAP_FOR_EACH (b, name_node, &bs->by_name) {
        if (b->ofport && b->port.name && b->port.claimed && b->port.place == PLACE_HERE) {
            b->may_take_over = true;
            note_change(bs, b);
        }
    }
}

/* Returns the interface that 'b' is to use, or NULL; and in '*loser' another one that could
 * be used. */
static const struct plug *
elect(const struct binding *b, const struct plug **loser)
{
    const struct plug *winner = NULL;
    const struct plug *plug;

    *loser = NULL;
    LIST_FOR_EACH (plug, node, &b->plugs) {
        if (!plug->ofport || !plug->wired) {
            continue;
        } else if (!winner || strcmp(plug->interface, winner->interface) < 0) {
            *loser = winner;
            winner = plug;
        } else {
            *loser = plug;
        }
    }
    return winner;
}

static void
update_ofport(struct bindings *bs, struct binding *b)
{
    const struct plug *loser;
    const struct plug *winner = elect(b, &loser);

    if (loser && !b->warned) {
        TEXT_LOG(VLOG_WARN, "interfaces %s and %s both have iface-id %s: using %s",
                 winner->interface, loser->interface, b->name, winner->interface);
    }
    b->warned = loser != NULL;
    if (!winner) {
        b->may_take_over = false;
    } else if (!b->ofport) {
        b->may_take_over = bs->watching;
    }
    if (winner && winner != b->used) {
        b->since = time_msec();
    }
    b->used = winner;
    b->ofport = winner ? winner->ofport : 0;
    update_state(bs, b);
}

void
bindings_for_each_changed_vif(struct bindings *bs, binding_vif_cb *cb, void *aux)
{
    struct binding *b;

    LIST_FOR_EACH_POP (b, changed_node, &bs->changed) {
        ovs_list_init(&b->changed_node);
        update_ofport(bs, b);
        cb(b->name, b->ofport, b->may_take_over, aux);
        binding_put(bs, b);
    }
}

void
bindings_for_each_vif(const struct bindings *bs, binding_vif_cb *cb, void *aux)
{
    const struct binding *b;

    HMAP_FOR_EACH (b, name_node, &bs->by_name) {
        if (b->ofport) {
            cb(b->name, b->ofport, b->may_take_over, aux);
        }
    }
}

/* --- Ports ----------------------------------------------------------------- */

static void
forget_port(struct bindings *bs, struct binding *b)
{
    hmap_remove(&bs->by_port, &b->port_node);
    b->port.name = NULL;
}

void
bindings_set_port(struct bindings *bs, const struct own_port *port)
{
    bool own = port->name && (port->place != PLACE_UNPLUGGED || port->claimed);
    struct binding *before = find_by_port(bs, &port->uuid);
    struct binding *b = own ? get_binding(bs, port->name) : NULL;

    if (before && before != b) {
        forget_port(bs, before);
        update_state(bs, before);
        binding_put(bs, before);
    }
    if (!b) {
        return;
    }
    if (b != before) {
        /* Another port of that name, if there is one, is about to go. */
        if (b->port.name) {
            forget_port(bs, b);
            update_state(bs, b);
        }
        hmap_insert(&bs->by_port, &b->port_node, uuid_hash(&port->uuid));
    }
    b->port = *port;
    b->port.name = b->name;
    update_state(bs, b);

    /* A port that has been claimed must not be claimed again if another chassis takes it over. */
    if (b->may_take_over && port->place == PLACE_HERE && port->claimed) {
        b->may_take_over = false;
        note_change(bs, b);
    }
}

void
bindings_forget_ports(struct bindings *bs)
{
    struct binding *b;

    HMAP_FOR_EACH_SAFE (b, port_node, &bs->by_port) {
        forget_port(bs, b);
        update_state(bs, b);
        binding_put(bs, b);
    }
}

/* --- Progress --------------------------------------------------------------- */

void
binding_set_read(struct bindings *bs, struct binding *b, uint64_t seqno)
{
    ovs_assert(b->state == BINDING_READING);
    b->seqno = seqno;
    set_state(bs, b, BINDING_INSTALLING);
}

void
bindings_set_confirmed(struct bindings *bs, uint64_t confirmed)
{
    struct binding *b;

    LIST_FOR_EACH_SAFE (b, state_node, &bs->in_state[BINDING_INSTALLING]) {
        if (b->seqno <= confirmed) {
            set_state(bs, b, BINDING_INSTALLED);
        }
    }
}

void
binding_set_written(struct bindings *bs, struct binding *b)
{
    set_state(bs, b, b->state == BINDING_RELEASE ? BINDING_RELEASING : BINDING_CLAIMING);
}

void
binding_set_refused(struct bindings *bs, struct binding *b)
{
    if (b->state == BINDING_INSTALLED) {
        set_state(bs, b, BINDING_REFUSED);
    }
}

/* What has been written and is not seen in the database is written again. */
void
bindings_set_committed(struct bindings *bs, bool success)
{
    struct binding *b;

    LIST_FOR_EACH_SAFE (b, state_node, &bs->in_state[BINDING_CLAIMING]) {
        set_state(bs, b, success && b->port.claimed ? BINDING_UP : BINDING_INSTALLED);
    }
    LIST_FOR_EACH_SAFE (b, state_node, &bs->in_state[BINDING_RELEASING]) {
        set_state(bs, b, BINDING_RELEASE);
    }
}
