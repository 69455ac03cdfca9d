/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_TYPES_H
#define SWITCH_TYPES_H 1

/* The types that the callers of switch.h share with the files of this folder: see
 * switch.h for the functions. */

#include <stddef.h>
#include <stdint.h>

struct match;
struct ofpact;

/* A packet that the pipeline sent to the daemon. */
struct packet_in {
    const void *packet;   /* Ethernet frame as it was when the controller action ran. */
    size_t len;           /* Bytes present in 'packet'. */
    const void *userdata; /* The controller action's userdata. */
    size_t userdata_len;
    const struct match *metadata; /* Pipeline fields: in_port, metadata, registers, tunnel. */
    uint64_t cookie;              /* Of the flow that sent it. */
};
typedef void packet_in_cb(const struct packet_in *, void *aux);

/* A meter that must exist before the flows that name it (packets per second,
 * dropping). */
struct meter {
    uint32_t id;
    uint32_t rate;  /* Packets per second. */
    uint32_t burst; /* Packets. */
};

/* A dead-man's switch: a flow that the switch forgets unless the daemon renews it.
 * No rule may write a flow with the same table, priority and match. */
struct lease {
    uint8_t table;
    uint16_t priority;
    const struct match *match;
    const struct ofpact *ofpacts;
    size_t ofpacts_len; /* In bytes. */
    uint16_t seconds;   /* Until it expires; 0 for never. */
};

/* How a comparison of what is installed with what should be is doing. */
enum check_state {
    CHECK_RUNNING,
    CHECK_DONE,
    CHECK_FAILED, /* The connection was lost meanwhile. */
};

/* What a session has done so far. */
struct session_stats {
    uint64_t connections;
    uint64_t flows_read;
    uint64_t bundles;
    uint64_t flow_mods;
    uint64_t largest_bundle;    /* The flow-mods in the largest confirmed bundle. */
    uint64_t largest_bundle_ms; /* The time that it took up to its barrier. */
    uint64_t flows_rejected;
    uint64_t bundles_failed;
    uint64_t errors; /* OFPT_ERROR messages. */
    uint64_t malformed;
    uint64_t flows_put_back; /* Flows that another program had removed or changed. */
    uint64_t meddlings;      /* Detected changes by other programs. */
    uint64_t lease_renewals;
    uint64_t lease_losses; /* Leases that expired or were removed by another program. */
    uint64_t packet_ins;
    uint64_t packet_outs;
    uint64_t packet_outs_dropped;
};

#endif /* switch/types.h */
