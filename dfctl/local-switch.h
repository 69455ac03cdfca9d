/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_LOCAL_SWITCH_H
#define DFCTL_LOCAL_SWITCH_H 1

/* The Open vSwitch of the host that dfctl runs on, read only. */

#include "openvswitch/types.h"
#include "vswitch-idl.h"

struct local_switch;

/* Connects to the OVSDB server in Open vSwitch's run directory and reads what is
 * needed.  Returns NULL and sets '*lsp' on success, otherwise a message that the
 * caller must free(). */
char *local_switch_open(struct local_switch **lsp) OVS_WARN_UNUSED_RESULT;
void local_switch_close(struct local_switch *);

/* The chassis' name (external_ids:system-id); an empty string if it has none. */
const char *local_switch_chassis(const struct local_switch *);
/* The name of the integration bridge. */
const char *local_switch_bridge(const struct local_switch *);

/* The interface of the integration bridge with this external_ids:iface-id, or with
 * this OpenFlow port; NULL if there is none. */
const struct ovsrec_interface *local_switch_vif(const struct local_switch *, const char *iface_id);
const struct ovsrec_interface *local_switch_ofport(const struct local_switch *, int64_t ofport);

/* The name of the bridge at the other end of patch port 'iface', NULL if none. */
const char *local_switch_patch_bridge(const struct local_switch *,
                                      const struct ovsrec_interface *iface);

/* Runs 'command' in daemon 'program', which runs on this host, as ovs-appctl does.
 * Returns NULL and sets '*result' on success, otherwise a message.  The caller must
 * free() either. */
char *local_appctl(const char *program, const char *command, int argc, char *argv[],
                   char **result) OVS_WARN_UNUSED_RESULT;

#endif /* dfctl/local-switch.h */
