/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_PRIVATE_H
#define TOPOLOGY_PRIVATE_H 1

/* The topology's structures, for the files of this folder only.
 *
 * An object exists while it is defined (set from outside) or referred to by
 * another one ('refs'), so inputs may come in any order. */

#include <string.h>

#include "flow/engine.h"
#include "hash.h"
#include "nb/model.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"
#include "simap.h"
#include "sset.h"
#include "topology/host.h"
#include "topology/types.h"
#include "topology/uuid-list.h"
#include "uuid.h"

/* One object's claim on an index entry.  The claimant is a port, a router port,
 * a static route, a translation or an external neighbour: the pointers to the other kinds are NULL.
 * Entries keep their claims sorted, best first. */
struct claim {
    struct ovs_list node; /* In the entry's 'claims'. */
    struct port *port;
    struct router_port *router_port;
    struct static_route *route;
    struct router *router; /* Of 'route'. */
    struct nat *nat;
    struct external_neighbour *neighbour;
    bool anycast; /* Shared by all router ports that claim it; others precede it. */
    struct entry *entry;
};

/* (network, type-specific segment): at most one network may have it. */
struct segment {
    struct hmap_node node;  /* In topology->segments. */
    char *physical_network; /* NULL for overlays. */
    enum network_type type;
    uint32_t id;
    struct ovs_list networks; /* Contains "struct network"s, best first. */
};

struct network {
    struct hmap_node node; /* In topology->networks, by key. */
    struct uuid uuid;
    unsigned int refs;
    bool defined;
    struct network_config config;
    struct segment *segment;      /* NULL for local and undefined networks. */
    struct ovs_list segment_node; /* In segment->networks. */

    struct subject subject;
    struct fact fact; /* 'defined', 'config' and the segment's winner. */

    struct ovs_list router_ports; /* Contains "struct router_port"s, by 'in_network'. */
    struct fact router_ports_fact;
    struct fact subnets_fact;    /* Which subnets it has (topology->subnets_by_network). */
    bool advertisements_changed; /* In topology->advertisements_changed. */

    struct ovs_list local_ports; /* Contains "struct port"s, by 'local_node'. */
    struct fact local_ports_fact;

    struct hmap members; /* Contains "struct member"s: the other chassis that have ports. */
    struct fact members_fact;

    bool local, needed;
    struct fact local_fact; /* Whether it is local: apart, as few rules look at it. */
    struct fact reach_fact; /* 'needed'. */
    uint64_t reach_mark;

    struct fact local_vlan_fact; /* Its entry in topology->local_vlans. */
};

static inline bool
network_is_external(const struct network *n)
{
    return n->defined && n->config.external;
}

/* It is found by its network, which need not be known. */
struct subnet {
    struct hmap_node node;         /* In topology->subnets, by UUID. */
    struct hmap_node network_node; /* In topology->subnets_by_network, by config.network. */
    struct uuid uuid;
    struct subnet_config config;
};

struct member {
    struct hmap_node node; /* In network->members, by hash of 'chassis'. */
    struct chassis *chassis;
    size_t n_ports;
};

struct port {
    struct hmap_node node;      /* In topology->ports, by UUID. */
    struct hmap_node name_node; /* In topology->ports_by_name. */
    struct uuid uuid;
    struct port_config config;
    struct network *network;
    struct chassis *chassis; /* The one that the NB database names, or NULL. */

    struct subject local_subject; /* Added while the port is local. */
    struct fact fact;             /* 'config' and where it is. */
    enum location location;
    ofp_port_t ofport;          /* While local. */
    struct chassis *remote;     /* While remote; counted in network->members. */
    enum port_place place;      /* Why it is here, or is not. */
    bool own;                   /* It is plugged in here, or claimed by this chassis. */
    bool own_changed;           /* In topology->own_changed. */
    struct ovs_list local_node; /* In network->local_ports while local. */

    bool claiming; /* Whether it has its claims. */
    struct claim mac_claim;
    struct claim *address_claims; /* config.n_addresses elements. */
};

/* The ports with this name: more than one only while a row replaces another. */
#define PORT_FOR_EACH_NAMED(PORT, NAME, TOPOLOGY)                                                  \
    HMAP_FOR_EACH_WITH_HASH (PORT, name_node, hash_string(NAME, 0), &(TOPOLOGY)->ports_by_name)    \
        if (!strcmp((PORT)->config.name, NAME))

struct router {
    struct hmap_node node; /* In topology->routers, by key. */
    struct uuid uuid;
    unsigned int refs;
    bool defined;
    struct router_config config;
    struct hmap routes; /* Contains "struct route"s. */

    struct ovs_list router_ports; /* Contains "struct router_port"s, by 'in_router'. */
    struct fact router_ports_fact;

    struct ovs_list nats;   /* Contains "struct nat"s, by 'in_router'. */
    struct fact snats_fact; /* Which ones of type NAT_SNAT, and what they are. */

    uint16_t zone; /* Of conntrack, for its translations; 0: none. */
    struct fact zone_fact;

    bool needed;
    struct fact reach_fact; /* 'needed', and 'defined' and 'config.enabled'. */
    uint64_t reach_mark;
};

/* A static route of a router: of any number of rows, and of the deprecated column. */
struct route {
    struct hmap_node node; /* In router->routes. */
    struct static_route value;
    unsigned int refs;
    bool claiming; /* Whether it has its claim. */
    struct claim claim;
};

#define ROUTE_FOR_EACH(ROUTE, ROUTER) HMAP_FOR_EACH (ROUTE, node, &(ROUTER)->routes)

struct route_row {
    struct hmap_node node; /* In topology->route_rows, by UUID. */
    struct uuid uuid;
    struct router *router;
    struct route *route;
};

struct router_port {
    struct hmap_node node; /* In topology->router_ports, by UUID. */
    struct uuid uuid;
    struct router_port_config config;
    struct router *router;
    struct network *network;
    struct ovs_list in_router, in_network;

    struct subject subject;
    struct fact fact; /* 'config'. */

    bool claiming; /* Whether it has its claims on address, MAC and prefix entries. */
    struct claim mac_claim;
    struct claim *address_claims;  /* config.n_addresses elements each. */
    struct claim *prefix_claims;   /* Those of link-local addresses claim nothing. */
    struct claim *anycast_claims;  /* As far as there is an anycast address. */
    struct claim link_local_claim; /* If its link-local address is none of config's. */
};

struct nat {
    struct hmap_node node; /* In topology->nats, by UUID. */
    struct uuid uuid;
    struct nat_config config;
    struct eth_addr mac; /* Of a floating IP. */
    struct router *router;
    struct ovs_list in_router;

    struct subject subject;
    struct fact fact; /* 'config', 'port'. */

    struct hmap_node logical_node; /* In topology->nats_by_logical. */
    struct fact logical_fact;      /* Who else has 'config.logical': translations, entries. */

    struct router_port *port;              /* On the network outside; NULL: it is not in force. */
    struct network *network;               /* That network, or NULL. */
    struct claim address_claim, mac_claim; /* Of a floating IP with 'port'. */
};

struct external_neighbour {
    struct hmap_node node; /* In topology->neighbours, by 'network'. */
    struct uuid network;   /* Which need not be known. */
    struct in6_addr ip;
    struct eth_addr mac;
    struct claim claim; /* While the network is defined. */
};

struct chassis {
    struct hmap_node node; /* In topology->chassis, by UUID. */
    struct uuid uuid;
    unsigned int refs;
    bool defined;
    struct chassis_config config;
    struct subject subject; /* Added while defined. */
    struct fact fact;
};

/* An index entry: the owner of an address or MAC in a network, or the routes of
 * a router to a prefix.  It exists while it has a claim. */
struct entry {
    struct hmap_node node;  /* In topology->entries. */
    struct subject subject; /* KIND_ADDRESS, KIND_MAC or KIND_PREFIX. */
    struct fact fact;       /* 'claims'. */
    union {
        struct network *network; /* KIND_ADDRESS, KIND_MAC. */
        struct router *router;   /* KIND_PREFIX. */
    };
    struct entry_key {       /* Hashed into cookies, so its form must stay as it is. */
        struct in6_addr ip;  /* KIND_ADDRESS, KIND_PREFIX; else zero. */
        struct eth_addr mac; /* KIND_MAC; else zero. */
        uint8_t length;      /* KIND_PREFIX: prefix_length(); else zero. */
        uint8_t pad;         /* Zero. */
    } key;
    struct ovs_list claims; /* Contains "struct claim"s, best first. */

    /* KIND_ADDRESS. */
    struct ovs_list unsettled; /* In topology->unsettled, or empty. */
    struct eth_addr mac;       /* Its MAC address when last settled; zero: never. */
};

struct vif {
    struct hmap_node node; /* In topology->vifs, by 'iface_id'. */
    char *iface_id;
    ofp_port_t ofport;
    bool claiming;
};

struct topology {
    struct engine *engine;
    bool forwards_outside;   /* topology_forward_outside(). */
    struct subject pipeline; /* Of KIND_PIPELINE. */

    struct hmap networks, ports, ports_by_name, routers, router_ports, route_rows, chassis;
    struct hmap subnets, subnets_by_network;
    struct hmap nats, nats_by_logical;
    uint64_t nats_seqno;    /* Raised whenever one comes or goes. */
    struct hmap neighbours; /* Contains "struct external_neighbour"s. */
    struct hmap segments, entries, vifs;

    struct simap local_vlans; /* Network name to VLAN. */
    char *self_name;
    struct host host;
    struct fact host_fact; /* 'host' and 'self_name'. */

    struct shash gateways; /* Physical network to "struct gateways" (gateway.c). */
    bool gateways_dirty;
    struct sset dead;          /* Names of chassis. */
    struct fact gateways_fact; /* 'gateways', 'dead', and the names of the chassis in them. */

    struct uuid_list own_changed;            /* Own ports, also former ones, that have changed. */
    struct uuid_list advertisements_changed; /* Networks, also former ones, of which that has. */

    struct ovs_list unsettled;       /* Contains "struct entry"s with changed claims. */
    struct hmap vanished;            /* Contains "struct vanished"es (moves.c). */
    struct ovs_list vanished_by_age; /* The same, the oldest first. */
    struct address_move *moves;      /* Until topology_take_moves(). */
    size_t n_moves, allocated_moves;

    bool reach_dirty;
    uint64_t reach_generation;
    uint64_t interest_seqno, n_losses;
    size_t n_local_ports, n_needed_networks;
};

/* The MAC address of what claims an address: a port, router port, floating IP or external
 * neighbour. */
static inline struct eth_addr
claim_holder_mac(const struct claim *c)
{
    return (c->router_port ? c->router_port->config.mac
            : c->nat       ? c->nat->mac
            : c->neighbour ? c->neighbour->mac
                           : c->port->config.mac);
}

/* What is advertised on the network (advertisement.h) may have changed. */
static inline void
advertisements_changed(struct topology *t, struct network *n)
{
    if (!n->advertisements_changed) {
        n->advertisements_changed = true;
        uuid_list_add(&t->advertisements_changed, &n->uuid);
    }
}

#endif /* topology/private.h */
