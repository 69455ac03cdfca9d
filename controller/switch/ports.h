/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_PORTS_H
#define SWITCH_PORTS_H 1

/* The ports that the switch announces: see switch_new_ports(). */

#include <stdint.h>

#include "simap.h"

struct ofp_header;
struct session;

struct ports {
    struct session *session;
    struct simap announced; /* OpenFlow port numbers by name. */
    uint64_t seqno;         /* Raised whenever 'announced' changes. */
};

void ports_init(struct ports *, struct session *);
void ports_destroy(struct ports *);
/* The connection is lost: so are its announcements. */
void ports_disconnected(struct ports *);
/* Handles OFPT_PORT_STATUS. */
void ports_handle_status(struct ports *, const struct ofp_header *);

#endif /* switch/ports.h */
