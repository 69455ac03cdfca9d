/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Rows of the NB database, which any client with access may write past dfctl.
 *
 * Each line of the input is a row: the kind and number of an object, then its
 * columns, separated by '|', the members of a set by ','; a line with nothing but
 * kind and number deletes it.  Properties: nothing crashes or leaks; and the flows
 * after the whole sequence are those of the rows that it leaves behind, read in
 * another order. */

#include <stdlib.h>
#include <string.h>

#include "dp-packet.h"
#include "flow/engine.h"
#include "nb/advertisement.h"
#include "nb/dragonflow-idl.h"
#include "nb/parse.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "pipeline/pipeline.h"
#include "service/router-advertisement.h"
#include "svec.h"
#include "topology/advertisement.h"
#include "topology/nat.h"
#include "topology/topology.h"
#include "util.h"
#include "uuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_ROWS 64
#define MAX_COLUMNS 8
#define MAX_SET 16

/* A row as text: the columns of "struct row" point into 'line'. */
struct row {
    char *line; /* NULL: no such row. */
    char *columns[MAX_COLUMNS];
    char *sets[MAX_COLUMNS][MAX_SET];
    size_t n[MAX_COLUMNS];
};

/* What the kinds share the numbers of. */
enum kind { NETWORK, PORT, ROUTER, ROUTER_PORT, CHASSIS, STATIC_ROUTE, SUBNET, NAT, N_KIND };
static const char kind_letters[] = "nprtcsua";

struct database {
    struct row rows[N_KIND][MAX_ROWS];
    struct nbrec_network networks[MAX_ROWS];
    struct nbrec_router routers[MAX_ROWS];
    struct nbrec_chassis chassis[MAX_ROWS];
};

static struct uuid
row_uuid(enum kind kind, unsigned int n)
{
    return (struct uuid){.parts = {kind + 1, n + 1, kind * 31 + n, n * 2654435761u + kind}};
}

static void
row_parse(struct row *row, const char *text)
{
    char *save = NULL;

    free(row->line);
    memset(row, 0, sizeof *row);
    row->line = xstrdup(text);
    char *p = row->line;
    for (int i = 0; i < MAX_COLUMNS; i++) {
        char *column = strsep(&p, "|");
        row->columns[i] = column ? column : row->line + strlen(text);
        if (column && i >= 2) {
            for (char *s = strtok_r(column, ",", &save); s && row->n[i] < MAX_SET;
                 s = strtok_r(NULL, ",", &save)) {
                row->sets[i][row->n[i]++] = s;
            }
        }
    }
}

static unsigned int
row_ref(const struct row *row, int column)
{
    return strtoul(row->columns[column], NULL, 10) % MAX_ROWS;
}

/* The referred row as the IDL presents it: NULL if it is not there. */
#define REF(DB, KIND, ARRAY, ROW, COLUMN)                                                          \
    ((DB)->rows[KIND][row_ref(ROW, COLUMN)].line ? &(DB)->ARRAY[row_ref(ROW, COLUMN)] : NULL)

static void
set_network(struct topology *t, struct database *db, unsigned int n, const struct uuid *uuid)
{
    struct row *row = &db->rows[NETWORK][n];
    int64_t segment = strtoll(row->columns[2], NULL, 10);
    int64_t mtu = strtoll(row->columns[4], NULL, 10);
    bool external = row->columns[5][0] == 't';
    struct nbrec_network rec = {
        .name = row->columns[0],
        .type = row->columns[1],
        .segmentation_id = &segment,
        .n_segmentation_id = row->n[2] > 0,
        .physical_network = row->n[3] ? row->sets[3][0] : NULL,
        .mtu = &mtu,
        .n_mtu = row->n[4] > 0,
        .external = &external,
        .n_external = row->columns[5][0] != '\0',
    };
    struct network_config config = {.name = NULL};
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    topology_set_network(t, uuid, nb_parse_network(&rec, &config, &problems) ? &config : NULL);
    svec_destroy(&problems);
}

static void
set_port(struct topology *t, struct database *db, unsigned int n, const struct uuid *uuid)
{
    struct row *row = &db->rows[PORT][n];
    bool enabled = row->n[3] && row->sets[3][0][0] == 't';
    struct nbrec_port rec = {
        .name = row->columns[0],
        .network = REF(db, NETWORK, networks, row, 1),
        .mac = row->columns[2],
        .enabled = &enabled,
        .n_enabled = row->n[3] > 0,
        .addresses = row->sets[4],
        .n_addresses = row->n[4],
        .requested_chassis = row->n[5] ? row->sets[5][0] : NULL,
        .chassis = row->n[6] ? REF(db, CHASSIS, chassis, row, 6) : NULL,
    };
    struct port_config config = {.name = NULL};
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    topology_set_port(t, uuid, nb_parse_port(&rec, &config, &problems) ? &config : NULL);
    svec_destroy(&problems);
}

static void
set_router(struct topology *t, struct database *db, unsigned int n, const struct uuid *uuid)
{
    struct row *row = &db->rows[ROUTER][n];
    bool enabled = row->columns[1][0] == 't';
    struct nbrec_router rec = {
        .name = row->columns[0],
        .enabled = &enabled,
        .n_enabled = row->columns[1][0] != '\0',
        .static_routes = row->sets[2],
        .n_static_routes = row->n[2],
    };
    struct router_config config = {.name = NULL};
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    topology_set_router(t, uuid, nb_parse_router(&rec, &config, &problems) ? &config : NULL);
    svec_destroy(&problems);
}

static void
set_router_port(struct topology *t, struct database *db, unsigned int n, const struct uuid *uuid)
{
    struct row *row = &db->rows[ROUTER_PORT][n];
    struct nbrec_router_port rec = {
        .name = row->columns[0],
        .router = REF(db, ROUTER, routers, row, 1),
        .network = REF(db, NETWORK, networks, row, 2),
        .mac = row->columns[3],
        .addresses = row->sets[4],
        .n_addresses = row->n[4],
    };
    struct router_port_config config = {.name = NULL};
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    topology_set_router_port(t, uuid,
                             nb_parse_router_port(&rec, &config, &problems) ? &config : NULL);
    svec_destroy(&problems);
}

static void
set_static_route(struct topology *t, struct database *db, unsigned int n, const struct uuid *uuid)
{
    struct row *row = &db->rows[STATIC_ROUTE][n];
    struct nbrec_static_route rec = {
        .router = REF(db, ROUTER, routers, row, 0),
        .prefix = row->columns[1],
        .next_hop = row->columns[2],
    };
    struct static_route_config config;
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    topology_set_static_route(t, uuid,
                              nb_parse_static_route(&rec, &config, &problems) ? &config : NULL);
    svec_destroy(&problems);
}

static void
set_subnet(struct topology *t, struct database *db, unsigned int n, const struct uuid *uuid)
{
    struct row *row = &db->rows[SUBNET][n];
    struct nbrec_subnet rec = {
        .name = row->columns[0],
        .network = REF(db, NETWORK, networks, row, 1),
        .cidr = row->columns[2],
        .ra_mode = row->n[3] ? row->sets[3][0] : NULL,
        .address_mode = row->n[4] ? row->sets[4][0] : NULL,
        .dns_servers = row->sets[5],
        .n_dns_servers = row->n[5],
        .dns_search = row->sets[6],
        .n_dns_search = row->n[6],
    };
    struct subnet_config config = {.name = NULL};
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    topology_set_subnet(t, uuid, nb_parse_subnet(&rec, &config, &problems) ? &config : NULL);
    svec_destroy(&problems);
}

static void
set_nat(struct topology *t, struct database *db, unsigned int n, const struct uuid *uuid)
{
    struct row *row = &db->rows[NAT][n];
    struct nbrec_nat rec = {
        .name = row->columns[0],
        .router = REF(db, ROUTER, routers, row, 1),
        .type = row->columns[2],
        .external_ip = row->columns[3],
        .logical_ip = row->columns[4],
        .external_mac = row->n[5] ? row->sets[5][0] : NULL,
    };
    struct nat_config config = {.name = NULL};
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    topology_set_nat(t, uuid, nb_parse_nat(&rec, &config, &problems) ? &config : NULL);
    svec_destroy(&problems);
}

static void
set_chassis(struct topology *t, struct database *db, unsigned int n, const struct uuid *uuid)
{
    static const char *const types[] = {"geneve", "vxlan", "gre"};
    struct row *row = &db->rows[CHASSIS][n];
    bool gateway = row->columns[4][0] == 't';
    struct nbrec_chassis rec = {
        .name = row->columns[0],
        .gateway = &gateway,
        .n_gateway = row->columns[4][0] != '\0',
    };
    struct chassis_config config = {.name = NULL};
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    smap_init(&rec.encaps);
    smap_init(&rec.encaps_ipv6);
    smap_init(&rec.bridge_mappings);
    for (size_t i = 0; i < row->n[3]; i++) {
        smap_replace(&rec.bridge_mappings, row->sets[3][i], "br");
    }
    for (size_t i = 0; i < row->n[2] && i < ARRAY_SIZE(types); i++) {
        smap_add(&rec.encaps, types[i], row->sets[2][i]);
        smap_add(&rec.encaps_ipv6, types[i], row->sets[2][row->n[2] - 1 - i]);
    }
    topology_set_chassis(t, uuid, nb_parse_chassis(&rec, &config, &problems) ? &config : NULL);
    smap_destroy(&rec.encaps);
    smap_destroy(&rec.encaps_ipv6);
    smap_destroy(&rec.bridge_mappings);
    svec_destroy(&problems);
}

static void
put_row(struct topology *t, struct database *db, enum kind kind, unsigned int n)
{
    typedef void setter(struct topology *, struct database *, unsigned int, const struct uuid *);
    static setter *const setters[] = {set_network, set_port,         set_router, set_router_port,
                                      set_chassis, set_static_route, set_subnet, set_nat};
    struct uuid uuid = row_uuid(kind, n);

    if (db->rows[kind][n].line) {
        setters[kind](t, db, n, &uuid);
        return;
    }
    switch (kind) {
    case NETWORK:
        topology_set_network(t, &uuid, NULL);
        break;
    case PORT:
        topology_set_port(t, &uuid, NULL);
        break;
    case ROUTER:
        topology_set_router(t, &uuid, NULL);
        break;
    case ROUTER_PORT:
        topology_set_router_port(t, &uuid, NULL);
        break;
    case CHASSIS:
        topology_set_chassis(t, &uuid, NULL);
        break;
    case STATIC_ROUTE:
        topology_set_static_route(t, &uuid, NULL);
        break;
    case SUBNET:
        topology_set_subnet(t, &uuid, NULL);
        break;
    case NAT:
        topology_set_nat(t, &uuid, NULL);
        break;
    case N_KIND:
    default:
        OVS_NOT_REACHED();
    }
}

/* What is advertised can be sent. */
static void
compose_advertised(const struct advertised_network *n, void *aux OVS_UNUSED)
{
    const struct ra_receiver all = {.ip = IN6ADDR_ANY_INIT};

    for (size_t i = 0; i < n->n; i++) {
        struct dp_packet *packet =
            router_advertisement_compose(&n->advertisements[i], true, NULL, &all);

        ovs_assert(dp_packet_size(packet) <= ETH_HEADER_LEN + RA_MAX_LEN);
        dp_packet_delete(packet);
    }
}

/* The rows that refer to a row see it come and go. */
static void
put_all(struct topology *t, struct database *db, bool backwards)
{
    for (int i = 0; i < N_KIND * MAX_ROWS; i++) {
        int j = backwards ? N_KIND * MAX_ROWS - 1 - i : i;
        put_row(t, db, j / MAX_ROWS, j % MAX_ROWS);
    }
    topology_settle(t);
    engine_run(topology_engine(t));
    topology_for_each_changed_advertised(t, compose_advertised, NULL);
}

static struct topology *
new_topology(void)
{
    struct topology *t = pipeline_create_topology(&pipeline_native);
    struct host host;

    host_init(&host);
    for (int type = 0; type < N_ENCAPS; type++) {
        host.tunnel_ofport[type][UNDERLAY_IPV4] = 100 + type;
        host.tunnel_ofport[type][UNDERLAY_IPV6] = 110 + type;
    }
    host_set_provider(&host, "p", 200);
    topology_set_host(t, &host);
    host_destroy(&host);
    topology_set_self(t, "c0");
    for (int i = 0; i < 8; i++) {
        char name[] = {'v', '0' + i, '\0'};
        topology_set_vif(t, name, 1 + i, i & 1);
    }
    return t;
}

static void
count_problem(const char *kind, const char *name, const struct uuid *uuid OVS_UNUSED,
              const char *reason, void *n)
{
    *(size_t *) n += strlen(kind) + strlen(name) + strlen(reason);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct database *db = xzalloc(sizeof *db);
    char *text = xmemdup0((const char *) data, size);
    char *lines = text, *line;
    struct topology *t = new_topology();
    size_t n_problems = 0;

    for (int i = 0; i < MAX_ROWS; i++) {
        db->networks[i].header_.uuid = row_uuid(NETWORK, i);
        db->routers[i].header_.uuid = row_uuid(ROUTER, i);
        db->chassis[i].header_.uuid = row_uuid(CHASSIS, i);
    }
    while ((line = strsep(&lines, "\n")) != NULL) {
        const char *letter = line[0] ? strchr(kind_letters, line[0]) : NULL;
        if (!letter || !line[1]) {
            continue;
        }

        enum kind kind = letter - kind_letters;
        unsigned int n = (uint8_t) line[1] % MAX_ROWS;
        struct row *row = &db->rows[kind][n];
        if (line[2]) {
            row_parse(row, line + 2);
        } else {
            free(row->line);
            memset(row, 0, sizeof *row);
        }
        put_all(t, db, false);
    }
    put_all(t, db, false);
    topology_problems(t, count_problem, &n_problems);

    struct topology *fresh = new_topology();
    struct ds diff = DS_EMPTY_INITIALIZER;
    put_all(fresh, db, true);
    if (!flow_table_desired_equal(engine_flows(topology_engine(t)),
                                  engine_flows(topology_engine(fresh)), 10, &diff)) {
        fprintf(stderr, "incremental differs from scratch:\n%s", ds_cstr(&diff));
        abort();
    }
    ds_destroy(&diff);
    topology_destroy(fresh);
    topology_destroy(t);
    for (int i = 0; i < N_KIND * MAX_ROWS; i++) {
        free(db->rows[i / MAX_ROWS][i % MAX_ROWS].line);
    }
    free(db);
    free(text);
    return 0;
}
