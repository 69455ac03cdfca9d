/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_SETTINGS_H
#define CHASSIS_SETTINGS_H 1

/* What an operator has configured in the local Open vSwitch database.
 *
 * Pure: no database, no switch.  Not thread-safe. */

#include <stdbool.h>

#include <netinet/in.h>

#include "nb/model.h"
#include "smap.h"

struct svec;

/* The configuration in force. */
struct chassis_settings {
    char *system_id; /* NULL until configured. */
    char *hostname;
    char *remote;        /* NB connection methods, comma-separated; NULL until configured. */
    char *relays;        /* Likewise, to be preferred; NULL if there are none. */
    char *bridge;        /* "br-int". */
    char *datapath_type; /* NULL: what the bridge has. */
    bool encap_enabled[N_ENCAPS];
    struct in6_addr encap_ip[N_UNDERLAYS]; /* All-zero where not configured. */
    struct smap bridge_mappings;           /* Physical network to bridge. */
    bool gateway;                          /* To be preferred as a gateway. */
    bool ml2;                              /* dragonflow-l2=ml2. */
    unsigned int fallback_timeout;         /* Seconds, at most 65535; 0: never. */
    int probe_interval;                    /* Of the NB connection, in ms; 0: never. */
    bool monitor_all;                      /* Read the whole NB database. */
    unsigned int bfd_interval;             /* In ms, from 20 to 10000; 0: no BFD. */
    bool gateway_drain;                    /* Others are to take over as gateways. */
    char *metrics;                         /* Passive connection method; NULL: none are served. */
};

/* The settings in force while no key is set. */
void chassis_settings_init(struct chassis_settings *);
void chassis_settings_destroy(struct chassis_settings *);
void chassis_settings_clone(struct chassis_settings *, const struct chassis_settings *);
bool chassis_settings_equal(const struct chassis_settings *, const struct chassis_settings *);

/* Parses the Open_vSwitch row's external_ids into '*settings', starting from what
 * '*settings' holds: a value that makes no sense leaves its member as it is and
 * appends "KEY=VALUE: reason" to 'problems'.  A key that is absent gets its
 * default (NULL for the host's name, which is not in external_ids everywhere).  A key that
 * begins as ours do but is none is such a problem as well. */
void chassis_settings_parse(struct chassis_settings *, const struct smap *external_ids,
                            struct svec *problems);

/* True if tunnels are possible: the encapsulation is enabled and this chassis has
 * an address for it. */
bool chassis_settings_has_tunnel(const struct chassis_settings *, enum network_type, enum underlay);

/* Files for ssl: connections, from the SSL table; NULL where there is none. */
struct chassis_tls {
    char *private_key;
    char *certificate;
    char *ca_cert;
    bool bootstrap; /* Take the first authority that shows up, if 'ca_cert' is no file yet. */
};

void chassis_tls_clone(struct chassis_tls *, const struct chassis_tls *);
void chassis_tls_destroy(struct chassis_tls *);

#endif /* chassis/settings.h */
