/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ARP_ANNOUNCE_H
#define ARP_ANNOUNCE_H 1

/* ARP announcements (RFC 5227 section 3) to the local machines of a network, on behalf of an
 * address that the NB database has given another MAC address: they would keep the old one for half
 * a minute.  Each chassis tells its own machines.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct arp_announcer;
struct ofsession;
struct topology;

struct arp_announcer *arp_announcer_create(void);
void arp_announcer_destroy(struct arp_announcer *);

/* Takes what has moved in 'topology', with 'seqno' as the number of its present flows, and
 * sends what is due: what the switch has the flows for, up to 'confirmed'.  If not 'native', what
 * has moved is dropped: Neutron's stock agent keeps layer 2 there. */
void arp_announcer_run(struct arp_announcer *, struct topology *, struct ofsession *, bool native,
                       uint64_t seqno, uint64_t confirmed);
void arp_announcer_wait(const struct arp_announcer *, uint64_t confirmed);

uint64_t arp_announcer_count(const struct arp_announcer *);

#endif /* arp-announce.h */
