/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/local-switch.h"

#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "dirs.h"
#include "jsonrpc.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

#define CONNECT_TIMEOUT_MS 5000

struct local_switch {
    struct ovsdb_idl *idl;
    const struct ovsrec_open_vswitch *root;
    const struct ovsrec_bridge *bridge;
};

static struct ovsdb_idl *
create_idl(void)
{
    static struct ovsdb_idl_column *const columns[] = {
        &ovsrec_open_vswitch_col_external_ids,
        &ovsrec_open_vswitch_col_bridges,
        &ovsrec_bridge_col_name,
        &ovsrec_bridge_col_ports,
        &ovsrec_port_col_interfaces,
        &ovsrec_interface_col_name,
        &ovsrec_interface_col_type,
        &ovsrec_interface_col_ofport,
        &ovsrec_interface_col_options,
        &ovsrec_interface_col_external_ids,
    };
    struct ovsdb_idl *idl = ovsdb_idl_create_unconnected(&ovsrec_idl_class, false);

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
    return idl;
}

char *
local_switch_open(struct local_switch **lsp)
{
    char *remote = xasprintf("unix:%s/db.sock", ovs_rundir());
    struct local_switch *ls = xzalloc(sizeof *ls);
    long long int deadline = time_msec() + CONNECT_TIMEOUT_MS;
    char *error = NULL;

    ls->idl = create_idl();
    ovsdb_idl_set_remote(ls->idl, remote, false);
    while (!ovsdb_idl_has_ever_connected(ls->idl) && !error) {
        ovsdb_idl_run(ls->idl);
        if (!ovsdb_idl_is_alive(ls->idl)) {
            error = xasprintf("%s: %s", remote,
                              ovs_retval_to_string(ovsdb_idl_get_last_error(ls->idl)));
        } else if (time_msec() >= deadline) {
            error = xasprintf("%s: no answer", remote);
        } else if (!ovsdb_idl_has_ever_connected(ls->idl)) {
            ovsdb_idl_wait(ls->idl);
            poll_timer_wait_until(deadline);
            poll_block();
        }
    }

    ls->root = error ? NULL : ovsrec_open_vswitch_first(ls->idl);
    if (ls->root) {
        const char *name = local_switch_bridge(ls);
        for (size_t i = 0; i < ls->root->n_bridges; i++) {
            if (!strcmp(ls->root->bridges[i]->name, name)) {
                ls->bridge = ls->root->bridges[i];
            }
        }
        if (!ls->bridge) {
            error = xasprintf("%s: bridge %s does not exist", remote, name);
        }
    } else if (!error) {
        error = xasprintf("%s: the database is empty", remote);
    }
    free(remote);
    if (error) {
        local_switch_close(ls);
    } else {
        *lsp = ls;
    }
    return error;
}

void
local_switch_close(struct local_switch *ls)
{
    if (ls) {
        ovsdb_idl_destroy(ls->idl);
        free(ls);
    }
}

const char *
local_switch_chassis(const struct local_switch *ls)
{
    return smap_get_def(&ls->root->external_ids, "system-id", "");
}

const char *
local_switch_bridge(const struct local_switch *ls)
{
    return smap_get_def(&ls->root->external_ids, "dragonflow-bridge", "br-int");
}

static const struct ovsrec_interface *
find_interface(const struct ovsrec_bridge *bridge,
               bool (*matches)(const struct ovsrec_interface *, const void *aux), const void *aux)
{
    for (size_t i = 0; i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];
        for (size_t j = 0; j < port->n_interfaces; j++) {
            if (matches(port->interfaces[j], aux)) {
                return port->interfaces[j];
            }
        }
    }
    return NULL;
}

static bool
has_iface_id(const struct ovsrec_interface *iface, const void *iface_id)
{
    const char *id = smap_get(&iface->external_ids, "iface-id");
    return id && !strcmp(id, iface_id) && iface->n_ofport && *iface->ofport > 0;
}

static bool
has_ofport(const struct ovsrec_interface *iface, const void *ofport_)
{
    const int64_t *ofport = ofport_;
    return iface->n_ofport && *iface->ofport == *ofport;
}

static bool
has_name(const struct ovsrec_interface *iface, const void *name)
{
    return !strcmp(iface->name, name);
}

const struct ovsrec_interface *
local_switch_vif(const struct local_switch *ls, const char *iface_id)
{
    return find_interface(ls->bridge, has_iface_id, iface_id);
}

const struct ovsrec_interface *
local_switch_ofport(const struct local_switch *ls, int64_t ofport)
{
    return find_interface(ls->bridge, has_ofport, &ofport);
}

const char *
local_switch_patch_bridge(const struct local_switch *ls, const struct ovsrec_interface *iface)
{
    const char *peer = smap_get(&iface->options, "peer");

    for (size_t i = 0; peer && i < ls->root->n_bridges; i++) {
        if (find_interface(ls->root->bridges[i], has_name, peer)) {
            return ls->root->bridges[i]->name;
        }
    }
    return NULL;
}

char *
local_appctl(const char *program, const char *command, int argc, char *argv[], char **result)
{
    char *pidfile = xasprintf("%s/%s.pid", ovs_rundir(), program);
    pid_t pid = read_pidfile(pidfile);
    if (pid < 0) {
        char *error = xasprintf("%s does not run on this host (%s: %s)", program, pidfile,
                                ovs_strerror(-pid));
        free(pidfile);
        return error;
    }
    free(pidfile);

    char *path = xasprintf("%s/%s.%ld.ctl", ovs_rundir(), program, (long int) pid);
    struct jsonrpc *client;
    char *failure = NULL;
    int retval = unixctl_client_create(path, &client);
    if (!retval) {
        *result = NULL;
        retval = unixctl_client_transact(client, command, argc, argv, result, &failure);
        jsonrpc_close(client);
    }
    char *error = (retval     ? xasprintf("%s: %s: %s", path, command, ovs_retval_to_string(retval))
                   : failure  ? xasprintf("%s: %s: %.*s", program, command,
                                          (int) strcspn(failure, "\n"), failure)
                   : !*result ? xasprintf("%s: %s: no answer", program, command)
                              : NULL);
    if (error && !retval) {
        free(*result);
    }
    free(failure);
    free(path);
    return error;
}
