/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_RESOLVER_H
#define SERVICE_RESOLVER_H 1

/* Which MAC address a host of a provider network has that the NB database does not know: an
 * external neighbour.
 *
 * A packet for one that is not known comes here (PIN_NO_NEIGHBOUR).  The neighbour is asked for
 * (neighbour-message.h), and the packet waits for the answer; it then goes on as if it had been
 * forwarded, and so do later ones without coming here, as the caller learns of the neighbour.  The
 * states are those of RFC 4861 7.3.2, for IPv4 and IPv6:
 *
 *     INCOMPLETE  asked of all; after RESOLVER_TRIES questions in vain, FAILED
 *     REACHABLE   known; asked again, by itself, before it could age: PROBE
 *     STALE       known from before a restart; PROBE as soon as possible
 *     PROBE       as REACHABLE; after RESOLVER_TRIES questions in vain it is gone
 *     FAILED      nobody has the address: packets are answered by the router, for a while
 *
 * Nothing goes while no answer can come: a neighbour that is asked for when the switch is away, or
 * this program stops, is asked from the beginning afterwards.
 *
 * Whoever sends what says that a known neighbour has another MAC address (PIN_NEIGHBOUR), such as a
 * gratuitous ARP, is not believed: both addresses are asked.  The new one is taken if it answers,
 * and the old one does not within RESOLVER_VERIFY_MSEC.
 *
 * A static route's next hop that does not answer is a problem to tell, and is asked for now and
 * then, whether there are packets for it or not.
 *
 * It does no I/O of its own: networks, addresses, time and the way out are the caller's.
 *
 * Thread-safety: a resolver must be used by one thread at a time. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"
#include "service/dispatch.h"
#include "uuid.h"

struct dispatch;
struct dp_packet;
struct ds;
struct injection;
struct resolver;
struct svec;

/* Questions without an answer, and the time from one to the next (RFC 4861 section 10). */
#define RESOLVER_TRIES 3
#define RESOLVER_RETRANS_MSEC 1000

/* A known neighbour is asked again after this time, up to a quarter more or less. */
#define RESOLVER_REACHABLE_MSEC 60000

/* For so long nobody is asked for an address that nobody had; a next hop of a static route is
 * asked for again after the second time, another one forgotten after the third. */
#define RESOLVER_FAILED_MSEC 3000
#define RESOLVER_RETRY_MSEC 10000
#define RESOLVER_FORGET_MSEC 60000

/* How long the old MAC address may take to answer for itself. */
#define RESOLVER_VERIFY_MSEC 300

/* Questions a second, and at once, in all. */
#define RESOLVER_RATE 100

/* Neighbours that are asked for because of one source, a second, after a burst of so many. */
#define RESOLVER_SOURCE_RATE 20
#define RESOLVER_SOURCE_BURST 100

/* Packets that wait for one neighbour, and for all of them. */
#define RESOLVER_QUEUE 3
#define RESOLVER_QUEUE_TOTAL 512

/* Neighbours in all states, and in INCOMPLETE and FAILED. */
#define RESOLVER_MAX 4096
#define RESOLVER_MAX_UNKNOWN 1024

/* A provider network that this chassis is connected to. */
struct resolver_network {
    struct uuid uuid;
    uint64_t key;     /* facts.h: network_key(). */
    const char *name; /* Of the network: valid until the next call of the resolver. */
};

/* What the service needs of its surroundings.  'aux' is resolver_create()'s. */
struct resolver_ops {
    /* Set '*network'.  False if there is no such network that this chassis is connected to. */
    bool (*network_by_key)(void *aux, uint64_t key, struct resolver_network *network);
    bool (*network_by_uuid)(void *aux, const struct uuid *, struct resolver_network *network);

    /* True if the NB database says where on the network the address is. */
    bool (*is_known)(void *aux, uint64_t network_key, const struct in6_addr *ip);

    /* True if the router would take the address for the broadcast address of a subnet. */
    bool (*is_broadcast)(void *aux, uint64_t router_key, const struct in6_addr *ip);

    /* The name of a router with a static route by this next hop, valid until the next call; NULL
     * if there is none. */
    const char *(*next_hop_of)(void *aux, const struct uuid *network, const struct in6_addr *ip);

    /* The MAC address to ask from. */
    struct eth_addr (*own_mac)(void *aux);

    /* A neighbour has this MAC address now; zero: it is gone. */
    void (*learned)(void *aux, const struct uuid *network, const struct in6_addr *ip,
                    struct eth_addr mac);

    /* The router's answer to a packet of PIN_NO_NEIGHBOUR whose next hop is not there. */
    enum packet_outcome (*unreachable)(void *aux, const struct pipeline_packet_in *,
                                       const void *frame, size_t len, long long int now);

    /* Sends the packet, which stays the caller's, into the pipeline. */
    void (*inject)(void *aux, const struct injection *, const struct dp_packet *);
};

enum neighbour_state {
    NEIGHBOUR_INCOMPLETE,
    NEIGHBOUR_REACHABLE,
    NEIGHBOUR_STALE,
    NEIGHBOUR_PROBE,
    NEIGHBOUR_FAILED,
};
#define N_NEIGHBOUR_STATES (NEIGHBOUR_FAILED + 1)

/* Its name, as in RFC 4861, in lower case. */
const char *neighbour_state_name(enum neighbour_state);

struct resolver_stats {
    size_t neighbours[N_NEIGHBOUR_STATES];
    size_t waiting;       /* Packets. */
    uint64_t forwarded;   /* Packets that have waited, and have gone on. */
    uint64_t dropped;     /* Packets that have waited, and made room for others. */
    uint64_t unreachable; /* Packets that have waited in vain. */
    uint64_t failed;      /* Neighbours that did not answer: asked for in vain, or gone. */
    uint64_t moved;       /* Neighbours that have got another MAC address, */
    uint64_t unverified;  /* and those of which that was said, and not found. */
    uint64_t questions;   /* Sent. */
};

/* A new resolver that works through 'ops', which it does not copy. */
struct resolver *resolver_create(const struct resolver_ops *ops, void *aux);
void resolver_destroy(struct resolver *);

/* Takes the packets that come for PIN_NO_NEIGHBOUR and PIN_NEIGHBOUR. */
void resolver_register(struct resolver *, struct dispatch *);

/* A neighbour of a previous run; the caller is told that it is learned.  One that is there already
 * stays. */
void resolver_restore(struct resolver *, const struct uuid *network, const struct in6_addr *ip,
                      struct eth_addr mac, long long int now);

/* Forgets all neighbours, and what waits for them; the caller is told. */
void resolver_clear(struct resolver *);

/* Does what is due at the monotonic time 'now' in milliseconds.  Returns when to call it again;
 * LLONG_MAX: not before something comes in.  'able': questions reach the switch, and the networks
 * are known; otherwise nothing is due. */
long long int resolver_run(struct resolver *, long long int now, bool able);

/* Number that is raised whenever a neighbour is learned, or is gone. */
uint64_t resolver_seqno(const struct resolver *);

/* One neighbour. */
struct resolver_neighbour {
    const struct uuid *network;
    const struct in6_addr *ip;
    struct eth_addr mac; /* Zero: not known. */
    enum neighbour_state state;
    long long int since; /* When that last became, or was found to be so. */
};
typedef void resolver_cb(const struct resolver_neighbour *, void *aux);
/* Calls 'cb' for each neighbour, by network and address. */
void resolver_for_each(const struct resolver *, resolver_cb *cb, void *aux);

void resolver_get_stats(const struct resolver *, struct resolver_stats *);

/* Adds a sentence for each static route's next hop that does not answer, up to a few. */
void resolver_problems(const struct resolver *, struct svec *);

#endif /* service/resolver.h */
