/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_HOST_H
#define TOPOLOGY_HOST_H 1

#include "nb/model.h"
#include "openvswitch/shash.h"
#include "openvswitch/types.h"

/* What the topology must know of this chassis' own switch. */
struct host {
    ofp_port_t tunnel_ofport[N_ENCAPS][N_UNDERLAYS]; /* 0: no such tunnel port. */
    struct shash provider_ofports;                   /* Physical network to "ofp_port_t *". */
    ofp_port_t reinject_ofport;                      /* As which packets enter the stock agent's
                                                      * pipeline again; 0 if there is no such
                                                      * port. */
};
void host_init(struct host *);
void host_destroy(struct host *);
void host_set_provider(struct host *, const char *physnet, ofp_port_t);
void host_copy(struct host *, const struct host *);
bool host_equal(const struct host *, const struct host *);

#endif /* topology/host.h */
