/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_BFD_H
#define CHASSIS_BFD_H 1

/* BFD sessions with other chassis (RFC 5880), which the switch runs by itself.
 *
 * Open vSwitch has a session for a tunnel port with a remote address and a key of its own, so there
 * is such a port for each peer beside the flow-based ones.  The port carries nothing but the
 * session.
 *
 * Not thread-safe. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "nb/model.h"
#include "openvswitch/shash.h"

struct ovsrec_bridge;

/* With whom there shall be a session, and by what tunnel. */
struct bfd_peer {
    enum network_type type;
    struct in6_addr ip; /* The peer's. */
};

/* What shall be. */
struct bfd_wanted {
    bool known;         /* Until it is, what sessions there are stay. */
    bool cpath_down;    /* Tell the peers that this chassis does not forward. */
    struct shash peers; /* Name of chassis to "struct bfd_peer *". */
};

void bfd_wanted_init(struct bfd_wanted *);
void bfd_wanted_destroy(struct bfd_wanted *);
/* Makes '*wanted' this, by copies.  Returns true if it was anything else. */
bool bfd_wanted_set(struct bfd_wanted *, const struct shash *peers, bool cpath_down);

/* A name for the port of the session with 'chassis': always the same on this chassis.  The caller
 * must free it. */
char *bfd_port_name(const char *chassis);

/* What the switch says of a session. */
struct bfd_session {
    bool works;      /* The switch has made the port. */
    bool forwarding; /* The session is up, and the peer says that it forwards. */
    bool was_up;     /* It has been up since the switch made it. */
    bool peer_down;  /* It is up, but the peer says that it does not forward. */
    char *state;     /* "up", "down", "init", "admin_down"; NULL: not known. */
};

/* Makes 'sessions', a map from the name of a chassis to "struct bfd_session *", what the ports on
 * 'bridge' (which may be NULL) say.  Returns true if it was anything else. */
bool bfd_sessions_read(struct shash *sessions, const struct ovsrec_bridge *bridge);
void bfd_sessions_destroy(struct shash *sessions);

#endif /* chassis/bfd.h */
