/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H 1

/* External neighbours in the daemon: between the resolver, the topology, the switch and the file
 * that outlasts a restart.
 *
 * Not thread-safe. */

#include <stdbool.h>

struct dispatch;
struct ds;
struct neighbours;
struct ofsession;
struct resolver_stats;
struct router_service;
struct svec;
struct topology;

/* Takes the packets of the resolver; 'router_service', which must live longer, answers those whose
 * next hop is not there. */
struct neighbours *neighbours_create(struct dispatch *, struct router_service *);
void neighbours_destroy(struct neighbours *);

/* Who has the networks, and gets to know the neighbours; where questions and packets go. */
void neighbours_set_peers(struct neighbours *, struct topology *, struct ofsession *);

/* Does what is due.  If not 'native', there are none.  'able': see resolver_run(). */
void neighbours_run(struct neighbours *, bool native, bool able);
void neighbours_wait(const struct neighbours *);

/* Appends a line "NETWORK ADDRESS MAC STATE SECONDS" for each neighbour, with "-" for a MAC address
 * that is not known, by network and address. */
void neighbours_format(const struct neighbours *, struct ds *);

void neighbours_get_stats(const struct neighbours *, struct resolver_stats *);
void neighbours_problems(const struct neighbours *, struct svec *);

#endif /* neighbours.h */
