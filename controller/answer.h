/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANSWER_H
#define ANSWER_H 1

/* From packet-ins to the services and back into the pipeline. */

#include <stdbool.h>
#include <stdint.h>

struct advertiser;
struct answer;
struct dispatch;
struct ds;
struct neighbours;
struct ofsession;
struct packet_in;
struct strangers;
struct topology;

struct answer *answer_create(void);
void answer_destroy(struct answer *);

/* What is asked about addresses, and where answers go. */
void answer_set_peers(struct answer *, struct topology *, struct ofsession *);

/* Takes what routers advertise from 'topology', and sends the advertisements that are due, and
 * questions for external neighbours if 'able': the switch is there, and both databases have been
 * read.  If not 'native', there are neither: beside Neutron's stock agent they are the legacy
 * router's. */
void answer_run(struct answer *, struct topology *, bool native, bool able);
void answer_wait(const struct answer *);

/* How many router advertisements have been sent. */
uint64_t answer_advertisements(const struct answer *);

/* A packet_in_cb (switch/switch.h); 'answer' is a "struct answer". */
void answer_packet_in(const struct packet_in *, void *answer);

/* Which count, and have problems. */
const struct dispatch *answer_dispatch(const struct answer *);
const struct strangers *answer_strangers(const struct answer *);
const struct advertiser *answer_advertiser(const struct answer *);

/* The external neighbours of this chassis. */
const struct neighbours *answer_neighbours(const struct answer *);

void answer_format_status(const struct answer *, struct ds *);

#endif /* answer.h */
