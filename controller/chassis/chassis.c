/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/chassis.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chassis/bootstrap.h"
#include "chassis/bridges.h"
#include "chassis/local-vlans.h"
#include "chassis/stock-agent.h"
#include "chassis/uplinks.h"
#include "chassis/vifs.h"
#include "lib/vswitch-idl.h"
#include "nb/ip.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/token-bucket.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(chassis);

/* How long to wait after a transaction that failed: for a passing reason, and for one
 * that lasts until something is repaired by hand. */
#define RETRY_MS 200
#define ERROR_RETRY_MS 5000

/* Repairs are limited to TOKEN_COST ms of credit each: should another program undo what
 * we do, we argue at this rate and not as fast as the database can. */
#define TOKEN_COST 250
#define TOKEN_BURST (20 * TOKEN_COST)

struct chassis_db {
    struct ovsdb_idl *idl;
    unsigned int idl_seqno; /* Of the IDL when it was last looked at. */

    struct chassis_view view;
    struct local_vlan_set vlan_set;

    /* Of chassis_set_ofports(). */
    const struct simap *ofports;
    uint64_t ofports_seqno;
    bool ofports_changed; /* Since chassis_run(). */

    struct bfd_wanted bfd;

    /* Repairs. */
    struct ovsdb_idl_txn *txn; /* In flight, or NULL. */
    bool dirty;                /* Something may be missing. */
    bool closing;              /* chassis_cleanup() has begun. */
    bool ours;                 /* See chassis_is_ours(). */
    bool contended;            /* Another one has the lock. */
    long long int retry_at;    /* No transaction before this time. */
    struct token_bucket tokens;

    /* What has been logged and still holds: configuration, repairs, and our ports. */
    struct sset problems;
    struct sset repair_warnings;
    struct sset port_warnings;
};

struct chassis_db *
chassis_create(const char *remote)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &ovsrec_open_vswitch_col_bridges,
        &ovsrec_open_vswitch_col_external_ids,
        &ovsrec_open_vswitch_col_iface_types,
        &ovsrec_open_vswitch_col_ssl,
        &ovsrec_ssl_col_private_key,
        &ovsrec_ssl_col_certificate,
        &ovsrec_ssl_col_ca_cert,
        &ovsrec_ssl_col_bootstrap_ca_cert,
        &ovsrec_bridge_col_name,
        &ovsrec_bridge_col_ports,
        &ovsrec_bridge_col_fail_mode,
        &ovsrec_bridge_col_datapath_type,
        &ovsrec_port_col_name,
        &ovsrec_port_col_interfaces,
        &ovsrec_port_col_external_ids,
        &ovsrec_port_col_other_config,
        &ovsrec_port_col_tag,
        &ovsrec_port_col_vlan_mode,
        &ovsrec_interface_col_name,
        &ovsrec_interface_col_type,
        &ovsrec_interface_col_options,
        &ovsrec_interface_col_external_ids,
        &ovsrec_interface_col_ofport,
        &ovsrec_interface_col_error,
        &ovsrec_interface_col_link_state,
        &ovsrec_interface_col_bfd,
        &ovsrec_interface_col_bfd_status,
    };
    struct chassis_db *db = xzalloc(sizeof *db);

    db->idl = ovsdb_idl_create(remote, &ovsrec_idl_class, false, true);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_track_add_column(db->idl, columns[i]);
    }
    ovsdb_idl_set_lock(db->idl, CHASSIS_LOCK);
    db->idl_seqno = ovsdb_idl_get_seqno(db->idl);

    chassis_settings_init(&db->view.settings);
    shash_init(&db->view.provider_ofports);
    shash_init(&db->view.local_vlans);
    shash_init(&db->view.sessions);
    sset_init(&db->view.physnets_down);
    bfd_wanted_init(&db->bfd);
    sset_init(&db->view.changed_local_vlans);
    vif_set_init(&db->view.vifs);
    local_vlan_set_init(&db->vlan_set);
    sset_init(&db->problems);
    sset_init(&db->repair_warnings);
    sset_init(&db->port_warnings);
    token_bucket_init(&db->tokens, 1, TOKEN_BURST);
    return db;
}

void
chassis_destroy(struct chassis_db *db)
{
    if (!db) {
        return;
    }
    if (db->txn) {
        ovsdb_idl_txn_destroy(db->txn);
    }
    ovsdb_idl_destroy(db->idl);

    shash_destroy_free_data(&db->view.provider_ofports);
    shash_destroy_free_data(&db->view.local_vlans);
    bfd_sessions_destroy(&db->view.sessions);
    sset_destroy(&db->view.physnets_down);
    bfd_wanted_destroy(&db->bfd);
    sset_destroy(&db->view.changed_local_vlans);
    chassis_settings_destroy(&db->view.settings);
    chassis_tls_destroy(&db->view.tls);
    vif_set_destroy(&db->view.vifs);
    local_vlan_set_destroy(&db->vlan_set);
    sset_destroy(&db->problems);
    sset_destroy(&db->repair_warnings);
    sset_destroy(&db->port_warnings);
    free(db);
}

/* Makes 'current' what is wrong, and logs what was not in 'known' yet. */
static void
log_news(struct sset *known, struct sset *current)
{
    const char *sentence;

    SSET_FOR_EACH (sentence, current) {
        if (!sset_contains(known, sentence)) {
            VLOG_WARN("%s", sentence);
        }
    }
    sset_swap(known, current);
    sset_destroy(current);
}

/* --- Reading ------------------------------------------------------------- */

static void
read_tls(struct chassis_db *db, const struct ovsrec_open_vswitch *cfg)
{
    const struct ovsrec_ssl *ssl = cfg->ssl;
    struct chassis_tls tls = {.private_key = NULL};

    if (ssl) {
        tls.private_key = ssl->private_key[0] ? ssl->private_key : NULL;
        tls.certificate = ssl->certificate[0] ? ssl->certificate : NULL;
        tls.ca_cert = ssl->ca_cert[0] ? ssl->ca_cert : NULL;
        tls.bootstrap = ssl->bootstrap_ca_cert;
    }
    chassis_tls_destroy(&db->view.tls);
    chassis_tls_clone(&db->view.tls, &tls);
}

/* Returns true if the settings changed. */
static bool
read_settings(struct chassis_db *db, const struct ovsrec_open_vswitch *cfg)
{
    struct chassis_settings settings;
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct sset current = SSET_INITIALIZER(&current);
    const char *problem;
    char hostname[256];
    bool changed;
    size_t i;

    chassis_settings_clone(&settings, &db->view.settings);
    chassis_settings_parse(&settings, &cfg->external_ids, &problems);
    if (!settings.hostname && !gethostname(hostname, sizeof hostname)) {
        hostname[sizeof hostname - 1] = '\0';
        settings.hostname = xstrdup(hostname);
    }
    SVEC_FOR_EACH (i, problem, &problems) {
        sset_add_and_free(&current, text_format("ignoring external_ids:%.1024s", problem));
    }
    svec_destroy(&problems);

    if (!settings.system_id) {
        sset_add(&current, "external_ids:system-id is not set: nothing is done");
    } else if (!settings.remote) {
        sset_add(&current, "external_ids:dragonflow-remote is not set: nothing is done");
    }
    log_news(&db->problems, &current);

    changed = !chassis_settings_equal(&settings, &db->view.settings);
    if (changed) {
        chassis_settings_destroy(&db->view.settings);
        chassis_settings_clone(&db->view.settings, &settings);
    }
    chassis_settings_destroy(&settings);
    return changed;
}

static bool
ofport_maps_equal(const struct shash *a, const struct shash *b)
{
    const struct shash_node *node;

    if (shash_count(a) != shash_count(b)) {
        return false;
    }
    SHASH_FOR_EACH (node, a) {
        const ofp_port_t *x = node->data;
        const ofp_port_t *y = shash_find_data(b, node->name);

        if (!y || *x != *y) {
            return false;
        }
    }
    return true;
}

/* Looks at the ports on the integration bridge (NULL: there is none) that are no logical
 * ports.  Returns true if the view changed. */
static bool
read_infrastructure(struct chassis_db *db, const struct ovsrec_bridge *bridge)
{
    struct chassis_view *view = &db->view;
    struct shash provider = SHASH_INITIALIZER(&provider);
    struct sset warnings = SSET_INITIALIZER(&warnings);
    ofp_port_t tunnel[N_ENCAPS][N_UNDERLAYS];
    ofp_port_t reinject = 0;
    bool changed;

    bootstrap_get_ofports(bridge, &view->settings, tunnel, &provider, &warnings);
    if (bridge && view->settings.ml2) {
        stock_agent_get_ofports(db->idl, bridge, &view->settings, &reinject, &provider, &warnings);
    }
    log_news(&db->port_warnings, &warnings);

    changed = (view->bridge_ready != (bridge != NULL) || view->reinject_ofport != reinject
               || memcmp(tunnel, view->tunnel_ofport, sizeof tunnel)
               || !ofport_maps_equal(&provider, &view->provider_ofports));
    view->bridge_ready = bridge != NULL;
    view->reinject_ofport = reinject;
    memcpy(view->tunnel_ofport, tunnel, sizeof tunnel);
    shash_swap(&provider, &view->provider_ofports);
    shash_destroy_free_data(&provider);
    return changed;
}

/* What the tracked rows say has changed. */
struct changes {
    bool any;
    bool settings; /* Open_vSwitch.external_ids. */
    bool members;  /* The ports of a bridge. */
    bool own;      /* A bridge itself, one of our ports, or one with the name of ours. */
    bool patches;  /* A patch port, of any owner. */
    bool liveness; /* A link, or a BFD session. */
};

/* Whether what is configured of an interface, or what became of that, has changed. */
static bool
is_altered(const struct ovsrec_interface *iface)
{
    return (ovsrec_interface_is_new(iface) || ovsrec_interface_is_deleted(iface)
            || ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_NAME)
            || ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_TYPE)
            || ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_OPTIONS)
            || ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_EXTERNAL_IDS)
            || ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_OFPORT)
            || ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_ERROR)
            || ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_BFD));
}

/* A row is also tracked when one that it refers to changed, which does not count. */
static void
find_changes(const struct chassis_db *db, struct changes *changes)
{
    const struct ovsrec_open_vswitch *cfg;
    const struct ovsrec_bridge *bridge;
    const struct ovsrec_port *port;
    const struct ovsrec_interface *iface;
    bool ports = false;

    memset(changes, 0, sizeof *changes);
    changes->any = ovsrec_ssl_track_get_first(db->idl) != NULL;
    OVSREC_OPEN_VSWITCH_FOR_EACH_TRACKED (cfg, db->idl) {
        bool whole = ovsrec_open_vswitch_is_new(cfg) || ovsrec_open_vswitch_is_deleted(cfg);

        changes->any = true;
        changes->settings |=
            whole || ovsrec_open_vswitch_is_updated(cfg, OVSREC_OPEN_VSWITCH_COL_EXTERNAL_IDS);
        changes->own |=
            whole || ovsrec_open_vswitch_is_updated(cfg, OVSREC_OPEN_VSWITCH_COL_BRIDGES);
    }
    OVSREC_BRIDGE_FOR_EACH_TRACKED (bridge, db->idl) {
        changes->any = true;
        changes->members |= ovsrec_bridge_is_updated(bridge, OVSREC_BRIDGE_COL_PORTS);
        changes->own |= (ovsrec_bridge_is_new(bridge) || ovsrec_bridge_is_deleted(bridge)
                         || ovsrec_bridge_is_updated(bridge, OVSREC_BRIDGE_COL_FAIL_MODE)
                         || ovsrec_bridge_is_updated(bridge, OVSREC_BRIDGE_COL_DATAPATH_TYPE));
    }
    OVSREC_PORT_FOR_EACH_TRACKED (port, db->idl) {
        bool whole = ovsrec_port_is_new(port) || ovsrec_port_is_deleted(port);

        changes->any = true;
        ports |= whole;
        changes->members |= ovsrec_port_is_updated(port, OVSREC_PORT_COL_INTERFACES);
        changes->own |= (ovsrec_port_is_updated(port, OVSREC_PORT_COL_EXTERNAL_IDS)
                         || ((whole || ovsrec_port_is_updated(port, OVSREC_PORT_COL_TAG)
                              || ovsrec_port_is_updated(port, OVSREC_PORT_COL_VLAN_MODE))
                             && bridges_is_own(port->name, &port->external_ids)));
        changes->patches |= (!whole && ovsrec_port_is_updated(port, OVSREC_PORT_COL_TAG)
                             && port->n_interfaces && !strcmp(port->interfaces[0]->type, "patch"));
    }
    OVSREC_INTERFACE_FOR_EACH_TRACKED (iface, db->idl) {
        changes->any = true;
        changes->liveness |=
            (ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_BFD_STATUS)
             || ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_LINK_STATE));
        if (!is_altered(iface)) {
            continue;
        }
        changes->own |= bridges_is_own(iface->name, &iface->external_ids);
        changes->patches |= (!strcmp(iface->type, "patch")
                             || ovsrec_interface_is_updated(iface, OVSREC_INTERFACE_COL_TYPE));
    }

    /* Ports that only moved between bridges may be ours. */
    changes->own |= changes->members && !ports;
    /* What is in the way of a repair may be gone, whatever its name. */
    changes->own |= changes->members && !sset_is_empty(&db->repair_warnings);
}

/* What does not concern flows by itself has a number of its own. */
static void
read_liveness(struct chassis_db *db)
{
    struct chassis_view *view = &db->view;
    bool changed = bfd_sessions_read(&view->sessions, bridges_find(db->idl, view->settings.bridge));

    if (uplinks_find_down(db->idl, &view->settings.bridge_mappings, &view->physnets_down)
        || changed) {
        view->liveness_seqno++;
    }
}

/* Brings vifs and local VLANs up to date with the rows that were tracked. */
static void
read_ports(struct chassis_db *db)
{
    struct chassis_view *view = &db->view;
    const struct ovsrec_interface *iface;
    const struct ovsrec_port *port;

    OVSREC_INTERFACE_FOR_EACH_TRACKED (iface, db->idl) {
        if (!ovsrec_interface_is_deleted(iface)) {
            vif_set_update(&db->view.vifs, iface);
        }
    }
    if (view->settings.ml2) {
        OVSREC_PORT_FOR_EACH_TRACKED (port, db->idl) {
            if (!ovsrec_port_is_deleted(port)) {
                vif_set_update_port(&db->view.vifs, port);
                local_vlan_set_update(&db->vlan_set, port);
            }
        }
    }
    local_vlan_set_elect(&db->vlan_set, &view->local_vlans, &view->changed_local_vlans);
}

static void
read_changes(struct chassis_db *db)
{
    const struct ovsrec_open_vswitch *cfg = ovsrec_open_vswitch_first(db->idl);
    struct changes changes;
    bool changed = false;
    bool ml2;

    find_changes(db, &changes);
    if (!changes.any || !db->view.seqno) {
        /* The first time, or the database came back empty, which is not tracked. */
        changes.settings = changes.own = true;
        changed = !db->view.seqno;
    }
    /* Without a row (a database just created) the settings stay in force. */
    if (changes.settings && cfg && read_settings(db, cfg)) {
        changed = true;
        changes.own = true;
    }
    if (cfg && (changes.any || !db->view.seqno)) {
        read_tls(db, cfg);
    }
    ml2 = db->view.settings.ml2;
    if (changes.own || changes.members || (changes.patches && ml2)) {
        const struct ovsrec_bridge *bridge = bridges_find(db->idl, db->view.settings.bridge);

        vif_set_scan(&db->view.vifs, bridge, ml2);
        local_vlan_set_scan(&db->vlan_set, ml2 ? bridge : NULL);
        if (changes.own || ml2) {
            changed |= read_infrastructure(db, bridge);
        }
        db->dirty |= changes.own;
    }
    if (changes.liveness || changes.own || changes.members) {
        read_liveness(db);
    }
    read_ports(db);
    if (changed || !sset_is_empty(&db->view.vifs.changed)
        || !sset_is_empty(&db->view.changed_local_vlans)) {
        db->view.seqno++;
    }
}

/* --- Repairing ----------------------------------------------------------- */

/* Moves the transaction in flight forward.  Returns its status. */
static enum ovsdb_idl_txn_status
run_txn(struct chassis_db *db)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(db->txn);

    switch (status) {
    case TXN_INCOMPLETE:
        return status;

    case TXN_UNCHANGED:
        db->dirty = false;
        break;

    case TXN_SUCCESS:
        /* Another round: it may have been the first of several. */
        break;

    case TXN_TRY_AGAIN:
    case TXN_NOT_LOCKED:
        db->retry_at = time_msec() + RETRY_MS;
        break;

    case TXN_UNCOMMITTED:
    case TXN_ABORTED:
    case TXN_ERROR:
    default:
        TEXT_LOG_RL(VLOG_WARN_RL, &rl,
                    "the local database refused a change (%.1024s): trying again",
                    ovsdb_idl_txn_get_error(db->txn));
        db->retry_at = time_msec() + ERROR_RETRY_MS;
        break;
    }
    ovsdb_idl_txn_destroy(db->txn);
    db->txn = NULL;
    return status;
}

/* Begins a transaction with all that can be repaired in one round; with 'settings' NULL
 * our ports are removed. */
static enum ovsdb_idl_txn_status
begin_repair(struct chassis_db *db, const struct chassis_settings *settings)
{
    struct sset warnings = SSET_INITIALIZER(&warnings);

    db->txn = ovsdb_idl_txn_create(db->idl);
    ovsdb_idl_txn_add_comment(db->txn, "df-controller");
    bootstrap_repair(db->idl, settings, &db->bfd, &warnings);
    log_news(&db->repair_warnings, &warnings);
    return run_txn(db);
}

/* True if a repair is due, apart from the limits on how often. */
static bool
wants_repair(const struct chassis_db *db)
{
    return (db->dirty && !db->txn && !db->closing && db->view.seqno && db->view.settings.system_id
            && db->view.settings.remote && ovsdb_idl_has_lock(db->idl));
}

/* Without a connection nothing is known of the lock, and nothing changes. */
static void
see_lock(struct chassis_db *db)
{
    bool contended = ovsdb_idl_is_lock_contended(db->idl);

    if (ovsdb_idl_has_lock(db->idl)) {
        db->ours = true;
    } else if (contended) {
        db->ours = false;
    }
    if (contended && !db->contended) {
        VLOG_WARN("another df-controller has the local database: waiting until it ends");
    }
    db->contended = contended;
}

/* Returns true if anything was read. */
static bool
run_idl(struct chassis_db *db)
{
    unsigned int seqno;
    bool read;

    ovsdb_idl_run(db->idl);
    see_lock(db);
    sset_clear(&db->view.vifs.changed);
    sset_clear(&db->view.changed_local_vlans);

    if (db->ofports_changed) {
        vif_set_announce(&db->view.vifs, db->ofports);
    }
    seqno = ovsdb_idl_get_seqno(db->idl);
    read = seqno != db->idl_seqno;
    if (read) {
        db->idl_seqno = seqno;
        read_changes(db);
        ovsdb_idl_track_clear(db->idl);
    } else if (!sset_is_empty(&db->view.vifs.changed)) {
        db->view.seqno++; /* Only the switch has news, of its ports. */
    }
    db->ofports_changed = false;
    if (db->txn) {
        run_txn(db);
    }
    return read;
}

void
chassis_set_ofports(struct chassis_db *db, const struct simap *ofports, uint64_t seqno)
{
    if (ofports != db->ofports || seqno != db->ofports_seqno) {
        db->ofports = ofports;
        db->ofports_seqno = seqno;
        db->ofports_changed = true;
    }
}

void
chassis_set_sessions(struct chassis_db *db, const struct shash *peers, bool cpath_down)
{
    db->dirty |= bfd_wanted_set(&db->bfd, peers, cpath_down);
}

bool
chassis_run(struct chassis_db *db)
{
    bool read = run_idl(db);

    if (wants_repair(db) && time_msec() >= db->retry_at
        && token_bucket_withdraw(&db->tokens, TOKEN_COST)) {
        begin_repair(db, &db->view.settings);
    }
    return read;
}

void
chassis_wait(struct chassis_db *db)
{
    ovsdb_idl_wait(db->idl);
    if (db->txn) {
        ovsdb_idl_txn_wait(db->txn);
    } else if (wants_repair(db)) {
        if (time_msec() < db->retry_at) {
            poll_timer_wait_until(db->retry_at);
        } else {
            token_bucket_wait(&db->tokens, TOKEN_COST);
        }
    }
}

bool
chassis_has_read(const struct chassis_db *db)
{
    return db->view.seqno != 0;
}

bool
chassis_is_ours(const struct chassis_db *db)
{
    return db->ours;
}

bool
chassis_is_connected(const struct chassis_db *db)
{
    return ovsdb_idl_is_connected(db->idl);
}

const struct chassis_view *
chassis_view(const struct chassis_db *db)
{
    return &db->view;
}

bool
chassis_cleanup(struct chassis_db *db, int timeout_ms)
{
    long long int deadline = time_msec() + timeout_ms;

    db->closing = true;
    for (;;) {
        run_idl(db);
        if (!db->txn && chassis_has_read(db) && ovsdb_idl_is_connected(db->idl)
            && begin_repair(db, NULL) == TXN_UNCHANGED) {
            return true;
        }
        if (time_msec() >= deadline) {
            VLOG_WARN("no answer from the local database: our ports stay in the bridges");
            return false;
        }
        ovsdb_idl_wait(db->idl);
        if (db->txn) {
            ovsdb_idl_txn_wait(db->txn);
        } else {
            poll_timer_wait(RETRY_MS);
        }
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

/* --- Status -------------------------------------------------------------- */

static void
add_sentences(const struct sset *sentences, struct svec *problems)
{
    const char *sentence;

    SSET_FOR_EACH (sentence, sentences) {
        svec_add(problems, sentence);
    }
}

/* True if 'ip' is an address of an interface of this host, or if that cannot be found out. */
static bool
host_has_address(const struct in6_addr *ip)
{
    struct ifaddrs *list;
    bool found = false;

    if (getifaddrs(&list)) {
        return true;
    }
    for (const struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET) {
            const struct sockaddr_in *sin = ALIGNED_CAST(const struct sockaddr_in *, i->ifa_addr);
            struct in6_addr mapped = in6_addr_mapped_ipv4(sin->sin_addr.s_addr);

            found = ipv6_addr_equals(&mapped, ip);
        } else if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET6) {
            const struct sockaddr_in6 *sin6 =
                ALIGNED_CAST(const struct sockaddr_in6 *, i->ifa_addr);

            found = ipv6_addr_equals(&sin6->sin6_addr, ip);
        }
    }
    freeifaddrs(list);
    return found;
}

static void
check_encap_ip(const struct chassis_db *db, struct svec *problems)
{
    const struct chassis_settings *s = &db->view.settings;

    /* A switch with dummy interfaces has addresses of which the host knows nothing. */
    if (!s->system_id || bridges_has_dummies(ovsrec_open_vswitch_first(db->idl))) {
        return;
    }
    for (enum underlay u = 0; u < N_UNDERLAYS; u++) {
        if (ipv6_addr_is_set(&s->encap_ip[u]) && !host_has_address(&s->encap_ip[u])) {
            char *ip = address_format(&s->encap_ip[u]);
            svec_add_nocopy(problems,
                            xasprintf("tunnel address %s (dragonflow-encap-ip): no interface of "
                                      "this host has it, so nothing arrives",
                                      ip));
            free(ip);
        }
    }
}

void
chassis_problems(const struct chassis_db *db, struct svec *problems)
{
    const struct chassis_settings *s = &db->view.settings;

    if (!ovsdb_idl_is_connected(db->idl)) {
        svec_add(problems, chassis_has_read(db)
                               ? "local database: lost; is ovsdb-server running?"
                               : "local database: not read yet; is ovsdb-server running?");
    }
    if (db->contended) {
        svec_add(problems, "local database: another df-controller of this chassis runs; this one "
                           "does nothing until that ends");
    }
    if (s->system_id && s->remote && chassis_has_read(db) && !db->view.bridge_ready) {
        svec_add_nocopy(problems, text_format("bridge %s: it does not exist yet%s", s->bridge,
                                              s->ml2 ? "; Neutron's agent makes it" : ""));
    }
    check_encap_ip(db, problems);
    add_sentences(&db->problems, problems);
    add_sentences(&db->repair_warnings, problems);
    add_sentences(&db->port_warnings, problems);
}

static void
format_tunnels(const struct chassis_view *view, struct ds *ds)
{
    for (int i = 0; i < N_ENCAPS * N_UNDERLAYS; i++) {
        enum network_type type = i / N_UNDERLAYS;
        enum underlay underlay = i % N_UNDERLAYS;
        ofp_port_t ofport = view->tunnel_ofport[type][underlay];

        if (chassis_settings_has_tunnel(&view->settings, type, underlay)) {
            char *ip = address_format(&view->settings.encap_ip[underlay]);

            ds_put_format(ds, "  tunnel: %s from %s, port %" PRIu32 "%s\n",
                          network_type_to_string(type), ip, (uint32_t) ofport,
                          ofport ? "" : " (does not work)");
            free(ip);
        }
    }
}

void
chassis_format_status(const struct chassis_db *db, struct ds *ds)
{
    const struct chassis_view *view = &db->view;
    const struct chassis_settings *s = &view->settings;
    const struct smap_node **mappings;

    ds_put_format(ds, "chassis: %s (%s)\n", s->system_id ? s->system_id : "(no system-id)",
                  s->hostname ? s->hostname : "no host name");
    ds_put_format(ds, "  local database: %s\n",
                  !chassis_has_read(db)             ? "not read yet"
                  : ovsdb_idl_is_connected(db->idl) ? "connected"
                                                    : "lost, reconnecting");
    ds_put_format(ds, "  remote: %s\n", s->remote ? s->remote : "(not configured)");
    if (s->relays) {
        ds_put_format(ds, "  relays: %s\n", s->relays);
    }
    ds_put_format(ds, "  bridge: %s (%s, %s mode)\n", s->bridge,
                  view->bridge_ready ? "ready" : "absent", s->ml2 ? "ml2" : "native");
    format_tunnels(view, ds);
    mappings = smap_sort(&s->bridge_mappings);
    for (size_t i = 0; i < smap_count(&s->bridge_mappings); i++) {
        const ofp_port_t *ofport = shash_find_data(&view->provider_ofports, mappings[i]->key);

        ds_put_format(ds, "  physical network: %s on %s, port %" PRIu32 "%s\n", mappings[i]->key,
                      mappings[i]->value, ofport ? (uint32_t) *ofport : 0,
                      ofport ? "" : " (does not work)");
    }
    free(mappings);
    if (s->gateway) {
        ds_put_cstr(ds, "  gateway: yes\n");
    }
    if (s->ml2) {
        ds_put_format(ds, "  networks with a local VLAN: %" PRIuSIZE "\n",
                      shash_count(&view->local_vlans));
        ds_put_format(ds, "  re-injection: port %" PRIu32 "%s\n", (uint32_t) view->reinject_ofport,
                      view->reinject_ofport ? "" : " (impossible)");
    }
}
