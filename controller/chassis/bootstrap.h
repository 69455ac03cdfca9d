/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHASSIS_BOOTSTRAP_H
#define CHASSIS_BOOTSTRAP_H 1

/* What must exist in the local database, and the changes that make it so.
 *
 * Stateless: compares what the settings ask for with what the database holds and
 * writes the difference into a transaction.  Some repairs take several rounds (the
 * bridge, then its ports; a port is removed from one bridge before it is added to
 * another), so the caller repeats until a round changes nothing. */

#include <stdbool.h>

#include "nb/model.h"
#include "openvswitch/types.h"

struct bfd_wanted;
struct chassis_settings;
struct ovsdb_idl;
struct ovsrec_bridge;
struct shash;
struct sset;

/* With a transaction open on 'idl', writes what it takes to get from the database's
 * contents to what 'settings' and 'bfd' ask for.  Adds a sentence to 'warnings' for each thing
 * that cannot be done.
 *
 * With 'settings' NULL, removes all our ports. */
void bootstrap_repair(const struct ovsdb_idl *idl, const struct chassis_settings *settings,
                      const struct bfd_wanted *bfd, struct sset *warnings);

/* Reports the OpenFlow port numbers of our ports on 'bridge' (NULL: there is none):
 * 'tunnel' as in struct chassis_view; 'provider' maps physical networks to
 * "ofp_port_t *"s, which the caller must free.  Adds a sentence to 'warnings' for each
 * port that the switch could not make. */
void bootstrap_get_ofports(const struct ovsrec_bridge *bridge,
                           const struct chassis_settings *settings,
                           ofp_port_t tunnel[N_ENCAPS][N_UNDERLAYS], struct shash *provider,
                           struct sset *warnings);

#endif /* chassis/bootstrap.h */
