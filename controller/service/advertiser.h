/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_ADVERTISER_H
#define SERVICE_ADVERTISER_H 1

/* When router advertisements are sent, and where to (RFC 4861 6.2).
 *
 * Each chassis advertises to its own local ports, of those networks that have any, so nothing
 * crosses the underlay or a physical network.
 *
 *  - All machines: three times in a row when a router is new or says something else than before,
 *    then every 200 to 600 seconds (6.2.4).
 *  - One machine, when it solicits, up to half a second later (6.2.6); if it has no address yet,
 *    all of its network, at most every three seconds.
 *  - All machines, three times with a lifetime of 0, when a router goes (6.2.5): not when the
 *    daemon ends, as the router stays.
 *  - Prefixes, DNS servers and domains that the router does not tell any more are withdrawn by the
 *    three advertisements of the change, unless another router on the network tells them.
 *
 * Hosts know a router by its link-local address, and so does this module.
 *
 * Times are random, so networks spread out; beside that, what is due at once is sent in batches
 * with pauses, so that tens of thousands of networks keep the switch from nothing, and periodic
 * advertisements are due at whole seconds only, so that they wake machines no more often.
 *
 * It does no I/O of its own: time (monotonic, in milliseconds) and the way out are the caller's.
 *
 * Thread-safety: an advertiser must be used by one thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct advertisement;
struct advertiser;
struct dispatch;
struct dp_packet;
struct injection;
struct svec;

/* RFC 4861 6.2.1 and 10, in milliseconds. */
#define RA_MIN_INTERVAL 200000
#define RA_MAX_INTERVAL 600000
#define RA_MAX_INITIAL_INTERVAL 16000
#define RA_MIN_DELAY_BETWEEN 3000
#define RA_MAX_DELAY 500
#define RA_N_INITIAL 3
#define RA_N_FINAL 3

/* The most that are sent at once, and the pause after that, in milliseconds. */
#define RA_BATCH 16
#define RA_PAUSE 20

/* Machines that have solicited and wait for their answers; more are not answered. */
#define RA_MAX_SOLICITORS 4096

/* Sends the packet, which stays the caller's, into the pipeline. */
typedef void advertiser_inject(void *aux, const struct injection *, const struct dp_packet *);

struct advertiser *advertiser_create(advertiser_inject *, void *aux);
void advertiser_destroy(struct advertiser *);

/* Takes the packets that come for PIN_ROUTER_SOLICITATION. */
void advertiser_register(struct advertiser *, struct dispatch *);

/* The routers on a network and what they say, one element each, which is copied: instead of what
 * was said before.  If not 'local', the network has no local ports, and nothing is sent. */
void advertiser_set_network(struct advertiser *, uint64_t network_key, bool local,
                            const struct advertisement *, size_t n, long long int now);

/* Forgets all networks, and sends nothing. */
void advertiser_clear(struct advertiser *);

/* Sends what is due.  Returns when there is more to send; LLONG_MAX: never. */
long long int advertiser_run(struct advertiser *, long long int now);

/* How many advertisements have been sent. */
uint64_t advertiser_count(const struct advertiser *);

/* Adds a sentence for each router whose advertisements cannot hold all that it is to tell. */
void advertiser_problems(const struct advertiser *, struct svec *);

#endif /* service/advertiser.h */
