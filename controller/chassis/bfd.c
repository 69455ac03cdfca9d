/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/bfd.h"

#include <stdlib.h>

#include "chassis/bridges.h"
#include "hash.h"
#include "lib/vswitch-idl.h"
#include "packets.h"
#include "smap.h"
#include "util.h"

/* --- What shall be ------------------------------------------------------ */

void
bfd_wanted_init(struct bfd_wanted *wanted)
{
    *wanted = (struct bfd_wanted){.known = false};
    shash_init(&wanted->peers);
}

void
bfd_wanted_destroy(struct bfd_wanted *wanted)
{
    shash_destroy_free_data(&wanted->peers);
}

static bool
peers_equal(const struct shash *a, const struct shash *b)
{
    const struct shash_node *node;

    if (shash_count(a) != shash_count(b)) {
        return false;
    }
    SHASH_FOR_EACH (node, a) {
        const struct bfd_peer *x = node->data;
        const struct bfd_peer *y = shash_find_data(b, node->name);

        if (!y || x->type != y->type || !ipv6_addr_equals(&x->ip, &y->ip)) {
            return false;
        }
    }
    return true;
}

bool
bfd_wanted_set(struct bfd_wanted *wanted, const struct shash *peers, bool cpath_down)
{
    const struct shash_node *node;

    if (wanted->known && wanted->cpath_down == cpath_down && peers_equal(&wanted->peers, peers)) {
        return false;
    }
    wanted->known = true;
    wanted->cpath_down = cpath_down;
    shash_clear_free_data(&wanted->peers);
    SHASH_FOR_EACH (node, peers) {
        shash_add(&wanted->peers, node->name, xmemdup(node->data, sizeof(struct bfd_peer)));
    }
    return true;
}

/* An interface's name has 15 characters at most. */
char *
bfd_port_name(const char *chassis)
{
    return xasprintf(OWN_BFD_PREFIX "%08" PRIx32 "%02" PRIx32, hash_string(chassis, 0),
                     hash_string(chassis, 1) & 0xff);
}

/* --- What is ------------------------------------------------------------ */

static struct bfd_session *
read_session(const struct ovsrec_interface *iface)
{
    const struct smap *status = &iface->bfd_status;
    const char *state = smap_get(status, "state");
    struct bfd_session *session = xmalloc(sizeof *session);
    bool is_up = state && !strcmp(state, "up");

    *session = (struct bfd_session){
        .works = iface->n_ofport && iface->ofport[0] > 0 && state,
        .forwarding = is_up && smap_get_bool(status, "forwarding", false),
        /* It counts how often "forwarding" has changed. */
        .was_up = is_up || smap_get_int(status, "flap_count", 0) > 0,
        .state = nullable_xstrdup(state),
    };
    session->peer_down = is_up && !session->forwarding;
    return session;
}

static bool
sessions_equal(const struct bfd_session *a, const struct bfd_session *b)
{
    return (a->works == b->works && a->forwarding == b->forwarding && a->was_up == b->was_up
            && a->peer_down == b->peer_down && nullable_string_is_equal(a->state, b->state));
}

static void
session_destroy(struct bfd_session *session)
{
    if (session) {
        free(session->state);
        free(session);
    }
}

void
bfd_sessions_destroy(struct shash *sessions)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, sessions) {
        session_destroy(node->data);
    }
    shash_destroy(sessions);
}

bool
bfd_sessions_read(struct shash *sessions, const struct ovsrec_bridge *bridge)
{
    struct shash now = SHASH_INITIALIZER(&now);
    bool changed = false;

    for (size_t i = 0; bridge && i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];
        const char *peer = smap_get(&port->external_ids, MARK_BFD);

        if (peer && port->n_interfaces == 1 && !shash_find(&now, peer)) {
            struct bfd_session *session = read_session(port->interfaces[0]);
            const struct bfd_session *before = shash_find_data(sessions, peer);

            changed |= !before || !sessions_equal(session, before);
            shash_add(&now, peer, session);
        }
    }
    changed |= shash_count(&now) != shash_count(sessions);
    shash_swap(&now, sessions);
    bfd_sessions_destroy(&now);
    return changed;
}
