/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_PORT_H
#define TOPOLOGY_PORT_H 1

/* Ports of networks. */

struct port;
struct port_config;
struct topology;
struct uuid;

/* As the other inputs (topology.h). */
void topology_set_port(struct topology *, const struct uuid *, struct port_config *);

/* --- For the files of this folder only ---------------------------------- */

void port_destroy(struct topology *, struct port *);

#endif /* topology/port.h */
