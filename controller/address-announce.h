/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADDRESS_ANNOUNCE_H
#define ADDRESS_ANNOUNCE_H 1

/* Announcements (service/announcement.h) to the local machines of a network, on behalf of an
 * address that the NB database has given another MAC address: they would keep the old one for half
 * a minute.  Each chassis tells its own machines.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct address_announcer;
struct ofsession;
struct topology;

struct address_announcer *address_announcer_create(void);
void address_announcer_destroy(struct address_announcer *);

/* Takes what has moved in 'topology', with 'seqno' as the number of its present flows, and
 * sends what is due: what the switch has the flows for, up to 'confirmed'.  If not 'native', what
 * has moved is dropped: Neutron's stock agent keeps layer 2 there. */
void address_announcer_run(struct address_announcer *, struct topology *, struct ofsession *,
                           bool native, uint64_t seqno, uint64_t confirmed);
void address_announcer_wait(const struct address_announcer *, uint64_t confirmed);

/* How many have been sent, and how many not because too many were waiting. */
uint64_t address_announcer_count(const struct address_announcer *);
uint64_t address_announcer_dropped(const struct address_announcer *);

#endif /* address-announce.h */
