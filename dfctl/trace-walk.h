/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_TRACE_WALK_H
#define DFCTL_TRACE_WALK_H 1

/* The walk of a packet through the flow tables: reads what ovs-vswitchd's
 * "ofproto/trace" prints, names each step by stage and logical object, and gathers
 * what becomes of the packet. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/hmap.h"

struct ds;

/* What df-controller says about its pipeline. */
struct trace_map {
    char *stages[256];  /* By table: name, NULL if not Dragonflow's. */
    struct hmap owners; /* Contains "struct trace_owner": cookie to owner. */
};

/* 'stages' and 'flows' are the output of df-controller's commands of these names. */
void trace_map_init(struct trace_map *, const char *stages, const char *flows);
void trace_map_destroy(struct trace_map *);

/* A packet that leaves the integration bridge. */
struct trace_output {
    int64_t ofport;
    bool to_input; /* An answer, back to where the packet came from. */
    char *tun_dst; /* NULL if not set. */
    uint64_t tun_id;
    unsigned int vlan; /* 0: untagged. */
};

struct trace_walk {
    struct trace_output *outputs;
    size_t n_outputs, allocated_outputs;
    int packet_in;       /* The first byte of a controller action's userdata, 0: none. */
    unsigned int mtu;    /* Larger IP packets are answered, 0: none are. */
    bool ipv6;           /* The packet, when it entered. */
    bool icmp_reply;     /* A router turned an echo request into its reply. */
    uint64_t router_key; /* Of the last router that the packet was in, 0: none. */
    char *neighbour;     /* Owner of the last flow of stage "neighbour", or NULL. */
    char *last_stage;    /* Where it was last, NULL if nowhere. */
    char *last_owner;
};

/* Reads 'trace', the output of "ofproto/trace" for a packet that enters 'bridge' by
 * port 'in_port', and prints it, annotated, to 'out'. */
void trace_walk_init(struct trace_walk *, const struct trace_map *, const char *bridge,
                     int64_t in_port, const char *trace, struct ds *out);
void trace_walk_destroy(struct trace_walk *);

#endif /* dfctl/trace-walk.h */
