/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "liveness.h"

#include <stdlib.h>

#include "chassis/chassis.h"
#include "control-plane.h"
#include "nb/ip.h"
#include "nb/text.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "svec.h"
#include "switch/switch.h"
#include "timeval.h"
#include "topology/interest.h"
#include "topology/topology.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(liveness);

/* How long a session may take to come up before the peer counts as dead. */
#define START_MSEC 3000
/* How long one must have been up before a peer that was dead lives again. */
#define REVIVAL_MSEC 2000
/* How long a session stays that nobody needs any more: networks come and go. */
#define GRACE_MSEC 10000
/* How long this chassis goes on as a gateway after it has told others to take over. */
#define DRAIN_MSEC 2000

struct peer {
    struct bfd_peer session;
    bool candidate;       /* It may be a gateway. */
    long long int unused; /* Since when nobody needs it (ms); 0: it is needed. */

    /* Of the session. */
    bool works, forwarding, peer_down;
    bool was_up;
    long long int since;   /* When 'works' or 'forwarding' last changed. */
    long long int revived; /* When the peer counts this chassis as alive again; 0: it does. */
    bool dead;
};

struct liveness {
    struct shash peers;       /* Name of chassis to "struct peer". */
    uint64_t liveness_seqno;  /* Of the chassis_view. */
    uint64_t topology_seqno;  /* Of the control plane, when its wishes were last asked for, */
    uint64_t interest_seqno;  /* of what the topology must know, */
    uint64_t view_seqno;      /* and the view's. */
    long long int free;       /* When they may be again (us): a tenth of the time at most. */
    bool waiting;             /* They are to be. */
    long long int next_event; /* When a time above is over (ms); LLONG_MAX: never. */

    char *self;              /* The name by which this chassis has been told to be dead, or NULL. */
    long long int drained;   /* Since when it is drained (ms); 0: it is not. */
    bool cut_off;            /* A physical network has no link. */
    bool connected;          /* The switch has had all flows. */
    bool lacks_flows;        /* It may have lost them since. */
    long long int expecting; /* Until when sessions that were up may be down, as it had (ms). */

    bool told;            /* The chassis has been told what sessions there shall be, */
    bool told_cpath_down; /* and this. */

    uint64_t seqno, n_deaths;
};

struct liveness *
liveness_create(void)
{
    struct liveness *l = xzalloc(sizeof *l);

    shash_init(&l->peers);
    l->next_event = LLONG_MAX;
    return l;
}

void
liveness_destroy(struct liveness *l)
{
    if (l) {
        shash_destroy_free_data(&l->peers);
        free(l->self);
        free(l);
    }
}

static void
note_event(struct liveness *l, long long int when)
{
    l->next_event = MIN(l->next_event, when);
}

/* --- Who lives ---------------------------------------------------------- */

static void
read_session(const struct liveness *l, struct peer *peer, const struct bfd_session *session,
             long long int now)
{
    bool works = session && session->works;
    bool forwarding = session && session->forwarding;

    if (works != peer->works || forwarding != peer->forwarding) {
        if (works && !peer->works) {
            peer->was_up = session->was_up; /* Perhaps before this daemon. */
        }
        peer->was_up |= forwarding || (peer->forwarding && now >= l->expecting);
        if (forwarding && !peer->forwarding) {
            peer->revived = now + REVIVAL_MSEC;
        }
        peer->works = works;
        peer->forwarding = forwarding;
        peer->since = now;
    }
    peer->peer_down = session && session->peer_down;
}

/* A peer for which this chassis was dead gives back late what it has taken over: only then is it
 * settled who has it. */
static void
note_revival(struct liveness *l, struct peer *peer, long long int now)
{
    if (peer->revived && now >= peer->revived) {
        peer->revived = 0;
        l->seqno++;
    } else if (peer->revived) {
        note_event(l, peer->revived);
    }
}

/* Of one whose session the switch does not make nothing is known. */
static bool
is_dead(struct liveness *l, const struct peer *peer, long long int now)
{
    long long int changes = peer->since + (peer->forwarding ? REVIVAL_MSEC : START_MSEC);

    if (!peer->works) {
        return false;
    } else if (l->lacks_flows) {
        return peer->dead; /* It is this chassis' own switch that has been away. */
    } else if (peer->forwarding) {
        if (!peer->dead || now >= changes) {
            return false;
        }
        note_event(l, changes);
        return true;
    } else if (peer->was_up || now >= changes) {
        return true;
    }
    note_event(l, changes);
    return peer->dead;
}

static void
set_dead(struct liveness *l, const char *name, struct peer *peer, bool dead)
{
    if (dead != peer->dead) {
        peer->dead = dead;
        l->seqno++;
        l->n_deaths += dead;
        if (peer->candidate) {
            TEXT_LOG(VLOG_INFO, "gateway chassis %s %s", name,
                     !dead             ? "answers again"
                     : peer->peer_down ? "does not forward"
                                       : "does not answer");
        }
    }
}

/* Whether this chassis counts itself as dead. */
static bool
is_out(struct liveness *l, const struct chassis_settings *settings, long long int now)
{
    if (!settings->gateway_drain) {
        l->drained = 0;
    } else if (!l->drained) {
        l->drained = now;
    }
    if (l->cut_off) {
        return true;
    }
    if (l->drained && now < l->drained + DRAIN_MSEC) {
        note_event(l, l->drained + DRAIN_MSEC);
    }
    return l->drained && now >= l->drained + DRAIN_MSEC;
}

static void
set_self(struct liveness *l, const char *name, struct topology *t)
{
    if (!nullable_string_is_equal(name, l->self)) {
        if (l->self) {
            topology_set_dead(t, l->self, false);
        }
        free(l->self);
        l->self = nullable_xstrdup(name);
        l->seqno++;
    }
}

void
liveness_run(struct liveness *l, const struct chassis_db *chassis, struct topology *t)
{
    const struct chassis_view *view = chassis_view(chassis);
    long long int now = time_msec();
    const struct shash_node *node;
    bool read = view->liveness_seqno != l->liveness_seqno;

    l->liveness_seqno = view->liveness_seqno;
    l->next_event = LLONG_MAX;
    SHASH_FOR_EACH (node, &l->peers) {
        struct peer *peer = node->data;

        if (read) {
            read_session(l, peer, shash_find_data(&view->sessions, node->name), now);
        }
        set_dead(l, node->name, peer, is_dead(l, peer, now));
        note_revival(l, peer, now);
        if (peer->unused) {
            note_event(l, peer->unused + GRACE_MSEC);
        }
    }
    l->cut_off = !view->settings.ml2 && !sset_is_empty(&view->physnets_down);
    set_self(l, is_out(l, &view->settings, now) ? view->settings.system_id : NULL, t);
    liveness_load(l, t);
}

void
liveness_load(const struct liveness *l, struct topology *t)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &l->peers) {
        const struct peer *peer = node->data;

        topology_set_dead(t, node->name, peer->dead);
    }
    if (l->self) {
        topology_set_dead(t, l->self, true);
    }
}

/* --- Whom to watch ------------------------------------------------------ */

struct watch {
    struct liveness *l;
    const struct chassis_settings *settings;
    struct sset seen;
};

/* The first way that both have: both ends come to the same one.  Returns false if there is none. */
static bool
find_way(const struct chassis_settings *s, const struct chassis_config *c, struct bfd_peer *way)
{
    for (enum network_type type = 0; type < N_ENCAPS; type++) {
        for (enum underlay u = 0; u < N_UNDERLAYS; u++) {
            if (chassis_settings_has_tunnel(s, type, u)
                && ipv6_addr_is_set(&c->encap_ip[type][u])) {
                *way = (struct bfd_peer){.type = type, .ip = c->encap_ip[type][u]};
                return true;
            }
        }
    }
    return false;
}

static void
watch_chassis(const struct chassis_config *c, bool candidate, void *watch_)
{
    struct watch *watch = watch_;
    struct peer *peer = shash_find_data(&watch->l->peers, c->name);
    struct bfd_peer way;

    if (!find_way(watch->settings, c, &way) || !sset_add(&watch->seen, c->name)) {
        return;
    }
    if (!peer) {
        peer = xzalloc(sizeof *peer);
        shash_add(&watch->l->peers, c->name, peer);
        watch->l->liveness_seqno = UINT64_MAX; /* There may be a session already. */
    } else if (peer->session.type != way.type || !ipv6_addr_equals(&peer->session.ip, &way.ip)) {
        peer->was_up = false;
        peer->since = time_msec();
    }
    peer->session = way;
    peer->candidate = candidate;
    peer->unused = 0;
}

/* Returns false while it is not yet known whom to watch. */
static bool
find_peers(struct liveness *l, const struct control_plane *plane, const struct chassis_view *view)
{
    struct watch watch = {l, &view->settings, SSET_INITIALIZER(&watch.seen)};
    bool ready = plane->started || view->settings.ml2;
    long long int now = time_msec();
    struct shash_node *node;

    if (!ready) {
        return false;
    }
    if (view->settings.bfd_interval && !view->settings.ml2) {
        topology_for_each_watched_chassis(plane->topology, watch_chassis, &watch);
    }
    SHASH_FOR_EACH_SAFE (node, &l->peers) {
        struct peer *peer = node->data;

        if (sset_contains(&watch.seen, node->name)) {
            continue;
        }
        peer->unused = peer->unused ? peer->unused : now;
        note_event(l, peer->unused + GRACE_MSEC);
        if (!view->settings.bfd_interval || view->settings.ml2
            || now >= peer->unused + GRACE_MSEC) {
            topology_set_dead(plane->topology, node->name, false);
            free(peer);
            shash_delete(&l->peers, node);
            l->seqno++;
        }
    }
    sset_destroy(&watch.seen);
    return true;
}

/* All sessions are to come up anew. */
static void
expect_sessions(struct liveness *l)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &l->peers) {
        struct peer *peer = node->data;

        peer->was_up = false;
        peer->since = time_msec();
    }
    l->expecting = time_msec() + START_MSEC;
}

/* A switch that was restarted has its sessions at once, but no flows. */
static void
note_flows(struct liveness *l, const struct ofsession *session)
{
    if (switch_confirmed(session)) {
        if (l->lacks_flows) {
            expect_sessions(l);
        }
        l->connected = true;
        l->lacks_flows = false;
    } else if (l->connected && !switch_is_connected(session)) {
        l->lacks_flows = true;
    }
}

static bool
is_due(const struct liveness *l, const struct control_plane *plane, const struct chassis_view *view)
{
    bool grace_is_over = false;
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &l->peers) {
        const struct peer *peer = node->data;

        grace_is_over |= peer->unused && time_msec() >= peer->unused + GRACE_MSEC;
    }
    return (control_plane_latest(plane) != l->topology_seqno || view->seqno != l->view_seqno
            || topology_interest_seqno(plane->topology) != l->interest_seqno || grace_is_over);
}

static void
set_sessions(struct liveness *l, struct chassis_db *chassis)
{
    bool cpath_down = l->drained || l->cut_off || l->lacks_flows;
    struct shash wanted = SHASH_INITIALIZER(&wanted);
    const struct shash_node *node;

    if (l->told && l->told_cpath_down == cpath_down) {
        return;
    }
    SHASH_FOR_EACH (node, &l->peers) {
        const struct peer *peer = node->data;

        shash_add(&wanted, node->name, &peer->session);
    }
    chassis_set_sessions(chassis, &wanted, cpath_down);
    shash_destroy(&wanted);
    l->told = true;
    l->told_cpath_down = cpath_down;
}

void
liveness_watch(struct liveness *l, const struct control_plane *plane, struct chassis_db *chassis,
               const struct ofsession *session)
{
    const struct chassis_view *view = chassis_view(chassis);
    long long int start = time_usec();

    note_flows(l, session);
    l->waiting = is_due(l, plane, view);
    if (l->waiting && start >= l->free && find_peers(l, plane, view)) {
        long long int end = time_usec();

        l->waiting = false;
        l->told = false;
        l->free = end + 9 * (end - start);
        l->topology_seqno = control_plane_latest(plane);
        l->interest_seqno = topology_interest_seqno(plane->topology);
        l->view_seqno = view->seqno;
    }
    if (l->topology_seqno) {
        set_sessions(l, chassis);
    }
}

void
liveness_wait(const struct liveness *l)
{
    if (l->liveness_seqno == UINT64_MAX) {
        poll_immediate_wake();
    }
    if (l->next_event != LLONG_MAX) {
        poll_timer_wait_until(l->next_event);
    }
    if (l->waiting && l->topology_seqno) {
        poll_timer_wait_until(l->free / 1000 + 1);
    }
}

/* --- Status ------------------------------------------------------------- */

uint64_t
liveness_seqno(const struct liveness *l)
{
    return l->seqno;
}

void
liveness_count(const struct liveness *l, struct liveness_counts *counts)
{
    const struct shash_node *node;

    *counts = (struct liveness_counts){
        .n_sessions = shash_count(&l->peers),
        .n_deaths = l->n_deaths,
        .draining = l->drained,
        .cut_off = l->cut_off,
    };
    SHASH_FOR_EACH (node, &l->peers) {
        const struct peer *peer = node->data;

        counts->n_up += peer->forwarding;
    }
}

const char *
liveness_describe(const struct liveness *l, const char *chassis)
{
    const struct peer *peer = shash_find_data(&l->peers, chassis);

    if (!peer) {
        return "not watched";
    } else if (!peer->works) {
        return "no BFD session yet";
    } else if (peer->forwarding) {
        return peer->dead ? "BFD up again" : "BFD up";
    } else if (peer->peer_down) {
        return "says that it does not forward";
    }
    return peer->was_up ? "BFD down" : peer->dead ? "BFD was never up" : "BFD not up yet";
}

static char *
describe_problem(const char *name, const struct peer *peer)
{
    if (peer->peer_down) {
        return text_format("gateway chassis %s says that it does not forward: others take its "
                           "place; see \"status\" there",
                           name);
    }

    char *ip = address_format(&peer->session.ip);
    char *problem = text_format("gateway chassis %s does not answer (BFD, %s to %s): others take "
                                "its place; is ovs-vswitchd running there, does the underlay "
                                "pass, and does its df-controller know of BFD?",
                                name, network_type_to_string(peer->session.type), ip);
    free(ip);
    return problem;
}

void
liveness_problems(const struct liveness *l, const struct chassis_db *chassis, struct svec *problems)
{
    const struct chassis_view *view = chassis_view(chassis);
    const struct shash_node *node;
    const char *physnet;

    SHASH_FOR_EACH (node, &l->peers) {
        const struct peer *peer = node->data;

        if (peer->dead && !peer->forwarding && peer->candidate) {
            svec_add_nocopy(problems, describe_problem(node->name, peer));
        }
    }
    SSET_FOR_EACH (physnet, &view->physnets_down) {
        if (l->cut_off) {
            svec_add_nocopy(
                problems,
                text_format("physical network %s: no uplink of bridge %s has a link, so other "
                            "gateways take this chassis' place; check cable, port and bond",
                            physnet, smap_get_def(&view->settings.bridge_mappings, physnet, "")));
        }
    }
    if (l->drained) {
        svec_add(problems, "this chassis is drained as a gateway: others take its place until "
                           "external_ids:dragonflow-gateway-drain is removed");
    }
}
