/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_PARSE_H
#define NB_PARSE_H 1

/* From rows of the NB database to values.
 *
 * Whatever the schema cannot express is checked here, by df-controller for
 * rows that somebody wrote past dfctl, and by dfctl before it commits.  A row
 * that makes no sense is disabled as a whole (false is returned and the config
 * is left untouched); where only a part of it is wrong (one malformed static
 * route among good ones, one malformed or repeated address) that part alone is
 * left out and true is returned.
 * Either way each fault is appended to 'problems' as one sentence that does not
 * name the object (the caller knows it). */

#include <stdbool.h>

#include "nb/model.h"

struct nbrec_network;
struct nbrec_subnet;
struct nbrec_port;
struct nbrec_router;
struct nbrec_router_port;
struct nbrec_static_route;
struct nbrec_nat;
struct nbrec_chassis;
struct svec;

bool nb_parse_network(const struct nbrec_network *, struct network_config *, struct svec *problems);
bool nb_parse_subnet(const struct nbrec_subnet *, struct subnet_config *, struct svec *problems);
bool nb_parse_port(const struct nbrec_port *, struct port_config *, struct svec *problems);
bool nb_parse_router(const struct nbrec_router *, struct router_config *, struct svec *problems);
bool nb_parse_router_port(const struct nbrec_router_port *, struct router_port_config *,
                          struct svec *problems);
bool nb_parse_static_route(const struct nbrec_static_route *, struct static_route_config *,
                           struct svec *problems);
bool nb_parse_nat(const struct nbrec_nat *, struct nat_config *, struct svec *problems);
bool nb_parse_chassis(const struct nbrec_chassis *, struct chassis_config *, struct svec *problems);

/* "PREFIX via NEXTHOP", as the row has them.  The caller must free() it. */
char *nb_static_route_text(const struct nbrec_static_route *);

#endif /* nb/parse.h */
