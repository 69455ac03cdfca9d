/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BINDING_H
#define BINDING_H 1

/* Bindings: how far each port that is plugged in here is on its way from an interface of the
 * integration bridge to "up" in the NB database.
 *
 * A binding stands for one name: the interfaces with this iface-id, of which one is used, and
 * the port of this name.  It exists while there is such an interface, or while the NB database
 * says that the port is here.
 *
 *     NO_OFPORT, UNWIRED                         an interface that cannot be used (yet)
 *           |   ^
 *           v   |
 *     NO_PORT, DISABLED,                         plugged in, and the port is not for us
 *     REQUESTED_ELSEWHERE, BOUND_ELSEWHERE
 *           |   ^
 *           v   | (1)
 *        READING --> INSTALLING --> INSTALLED --> CLAIMING --> UP
 *                                    |  ^  ^  (2)    |         |
 *                                    v  |  +---------+---------+
 *                                   REFUSED
 *
 *     (1) From each state of this line, and of the one below, on what takes the port away: the
 *         interface goes, or the port is somewhere else.  If the NB database says that it is
 *         here, the claim is given up first:  --> RELEASE <--> RELEASING --> (1)
 *     (2) The transaction has failed, or something else has undone the claim.
 *
 * Where a port is, the topology decides (topology/location.h); a binding follows that
 * decision.  It gets
 *
 *     - interfaces from the local database (local.c), and tells the topology which of them have
 *       which port, and whether this chassis may take the port over;
 *     - ports from the topology;
 *     - from announce.c, which writes the claims, what has become of them.
 *
 * Pure, but for the log and the clock: no database, no switch.  Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"
#include "topology/location.h"

enum binding_state {
    /* There is no interface that can be used. */
    BINDING_UNPLUGGED, /* No interface at all: for the rest of a turn of the loop. */
    BINDING_NO_OFPORT, /* The switch has given none of them an OpenFlow port (yet). */
    BINDING_UNWIRED,   /* ml2 mode: Neutron's agent has not put it into its network's VLAN. */

    /* Plugged in, but the port is not for this chassis. */
    BINDING_NO_PORT,             /* No port of this name is known (yet). */
    BINDING_DISABLED,            /* Port.enabled is false. */
    BINDING_REQUESTED_ELSEWHERE, /* Port.requested_chassis names another chassis. */
    BINDING_BOUND_ELSEWHERE,     /* Another chassis has claimed it. */

    /* The port is here. */
    BINDING_READING,    /* What is on its network has not been read. */
    BINDING_INSTALLING, /* The switch has not confirmed the flows that follow. */
    BINDING_INSTALLED,  /* It has: the claim (Port.chassis, Port.up) is to be written. */
    BINDING_REFUSED,    /* The NB database would refuse the claim: it is not requested here. */
    BINDING_CLAIMING,   /* The claim is in the transaction in flight. */
    BINDING_UP,         /* The NB database has it. */

    /* The port is not here, but the NB database says so. */
    BINDING_RELEASE,   /* This is to be taken back. */
    BINDING_RELEASING, /* It is in the transaction in flight. */

    N_BINDING_STATES
};

struct binding {
    struct hmap_node name_node;   /* In bindings->by_name. */
    struct hmap_node port_node;   /* In bindings->by_port, while 'port.name' is nonnull. */
    struct ovs_list state_node;   /* In bindings->in_state[state]. */
    struct ovs_list changed_node; /* In bindings->changed, or empty. */
    char *name;                   /* Of the port, iface-id of the interfaces. */
    enum binding_state state;
    long long int since; /* When it got into this state, or another interface into use
                          * (time_msec()). */

    struct ovs_list plugs;   /* "struct plug"s: the interfaces with this iface-id. */
    const struct plug *used; /* The one that is used, as last decided; NULL: none can be. */
    ofp_port_t ofport;       /* Its; 0: none can be used. */
    bool warned;             /* That several could be. */
    bool may_take_over;      /* Plugged in while this daemon was watching, and not claimed since:
                              * this chassis may take the port from another one (live migration). */

    struct own_port port; /* What the topology says; 'name' is NULL if it knows none. */
    uint64_t seqno;       /* From BINDING_INSTALLING on: the flows are in the switch once this
                           * state of the topology is confirmed. */
};

/* An interface with an iface-id. */
struct plug {
    const char *interface; /* Its name. */
    struct binding *binding;
    struct ovs_list node; /* In binding->plugs. */
    ofp_port_t ofport;    /* 0 if it has none. */
    char *error;          /* Why the switch cannot open it; NULL if it can, or has not tried. */
    bool wired;           /* See chassis/vifs.h. */
};

/* To be changed by the functions below only. */
struct bindings {
    struct hmap by_name, by_port;
    struct shash plugs; /* Name of the interface to "struct plug". */
    struct ovs_list in_state[N_BINDING_STATES];
    size_t n_in_state[N_BINDING_STATES];
    struct ovs_list changed; /* What the topology does not know yet. */
    bool watching;           /* What is plugged in from now on may take over. */
};

struct bindings *bindings_create(void);
void bindings_destroy(struct bindings *);

/* --- Interfaces ---------------------------------------------------------- */

/* 'interface' has 'iface_id' (NULL: none, or there is no such interface any more), OpenFlow
 * port 'ofport' (0: none), and is 'wired'; the switch cannot open it because of 'error' (NULL:
 * it can, or has not tried). */
void bindings_set_interface(struct bindings *, const char *interface, const char *iface_id,
                            ofp_port_t ofport, bool wired, const char *error);

/* Whether what is plugged in from now on has been plugged in while this daemon was watching. */
void bindings_set_watching(struct bindings *, bool);

/* This chassis gets another name.  Its claims are in the old one, which may be another host's
 * as well: then that row stays, and the ports are claimed anew. */
void bindings_rename_chassis(struct bindings *);

/* For topology_set_vif(). */
typedef void binding_vif_cb(const char *iface_id, ofp_port_t ofport, bool may_take_over, void *aux);

/* Decides which interface has which port, where that may have changed, and calls 'cb' for it:
 * of several that can be used the one whose name sorts first, so that every run decides alike. */
void bindings_for_each_changed_vif(struct bindings *, binding_vif_cb *, void *aux);
/* Calls 'cb' for all with an interface that is used, as last decided. */
void bindings_for_each_vif(const struct bindings *, binding_vif_cb *, void *aux);

/* --- Ports ---------------------------------------------------------------- */

/* Takes over what the topology says of a port (topology_for_each_changed_own_port()). */
void bindings_set_port(struct bindings *, const struct own_port *);
/* A new topology will say everything again. */
void bindings_forget_ports(struct bindings *);

/* --- Progress ------------------------------------------------------------- */

/* BINDING_READING: all on its network has been read; the flows are those of state 'seqno'. */
void binding_set_read(struct bindings *, struct binding *, uint64_t seqno);

/* The switch has confirmed the flows of the states up to 'confirmed'. */
void bindings_set_confirmed(struct bindings *, uint64_t confirmed);

/* BINDING_INSTALLED, BINDING_REFUSED, BINDING_RELEASE: what is to be written is in a transaction;
 * or it would be refused. */
void binding_set_written(struct bindings *, struct binding *);
void binding_set_refused(struct bindings *, struct binding *);

/* That transaction has ended. */
void bindings_set_committed(struct bindings *, bool success);

#endif /* binding/binding.h */
