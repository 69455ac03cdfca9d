/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_TOPOLOGY_FILE_H
#define DFCTL_TOPOLOGY_FILE_H 1

/* The YAML file of "dfctl apply" and "dfctl export".
 *
 *     networks:
 *     - name: blue
 *       type: vxlan                   # default: geneve
 *       segmentation-id: 10           # default: what it has, or a free one
 *       physical-network: physnet1    # or ~: none; vlan and flat only
 *       mtu: 1450                     # default: 1500
 *       external-ids: {key: value}
 *       subnets:
 *       - name: blue-v4
 *         cidr: 10.0.1.0/24
 *         gateway: 10.0.1.1           # or ~: none
 *       ports:
 *       - name: vm1
 *         mac: fa:16:3e:00:00:01
 *         addresses: [10.0.1.5]       # default: none
 *         enabled: false              # default: true
 *         requested-chassis: c1       # or ~: none
 *     routers:
 *     - name: r1
 *       enabled: false                # default: true
 *       ports:
 *       - name: r1-blue
 *         network: blue
 *         mac: fa:16:3e:00:01:01
 *         addresses: [10.0.1.1/24]
 *       routes:
 *       - 10.9.0.0/16 via 10.0.1.254
 *
 * Every object takes "external-ids".  The defaults are those of an object that is created;
 * see apply.c for what becomes of one that exists.  Unknown and repeated keys, repeated names and
 * malformed values are errors, which name file and line.  Whatever needs other
 * objects to judge (an address outside the subnets) is left to nb_check().
 *
 * The parser reads a memory buffer, knows nothing of the database, and holds for
 * any input. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nb/model.h"
#include "openvswitch/shash.h"
#include "smap.h"
#include "svec.h"

enum file_kind {
    FILE_NETWORK,
    FILE_SUBNET,
    FILE_PORT,
    FILE_ROUTER,
    FILE_ROUTER_PORT,
    FILE_N_KINDS,
};

/* Keys that an object may have or not; the others it always has. */
enum {
    GIVEN_EXTERNAL_IDS = 1 << 0,
    GIVEN_TYPE = 1 << 1,
    GIVEN_PHYSICAL_NETWORK = 1 << 2,
    GIVEN_MTU = 1 << 3,
    GIVEN_GATEWAY = 1 << 4,
    GIVEN_ADDRESSES = 1 << 5,
    GIVEN_ENABLED = 1 << 6,
    GIVEN_REQUESTED_CHASSIS = 1 << 7,
    GIVEN_ROUTES = 1 << 8,
    GIVEN_ALL = (1 << 9) - 1,
};

/* What all objects have. */
struct file_object {
    char *name;
    int line;           /* Where it begins, from 1. */
    unsigned int given; /* GIVEN_*: which keys the file has; what it has not is the default. */
    struct smap external_ids;
};

struct file_network {
    struct file_object object;
    enum network_type type;
    int64_t segmentation_id; /* 0 if not given. */
    char *physical_network;  /* NULL if not given. */
    int64_t mtu;             /* DEFAULT_MTU if not given. */
};

struct file_subnet {
    struct file_object object;
    char *network; /* Name. */
    char *cidr;
    char *gateway; /* NULL if not given. */
};

struct file_port {
    struct file_object object;
    char *network; /* Name. */
    char *mac;
    struct svec addresses;
    bool enabled;
    char *requested_chassis; /* NULL if not given. */
};

struct file_router {
    struct file_object object;
    bool enabled;
    struct svec routes;
};

struct file_router_port {
    struct file_object object;
    char *router;  /* Name. */
    char *network; /* Name. */
    char *mac;
    struct svec addresses;
};

/* The first and the last line of what "export" writes.  A file that has the first must have
 * the last one, or it was cut off, and --prune would delete what is missing. */
#define EXPORT_BEGIN "# exported by dfctl; complete only with its last line\n"
#define EXPORT_END "# end of export\n"

/* All values are well-formed and in their canonical spelling.  Objects are by name. */
struct topology_file {
    char *name;                         /* Of the file, for messages. */
    struct shash objects[FILE_N_KINDS]; /* Contain the structs of the same names. */
};

/* Parses the 'size' bytes at 'data'.  'name' is for messages.  Returns NULL and
 * sets '*filep' on success, otherwise a one-line message "NAME:LINE: ..." that the
 * caller must free(). */
char *topology_file_parse(const char *name, const void *data, size_t size,
                          struct topology_file **filep) OVS_WARN_UNUSED_RESULT;

/* The same for the file 'name'; "-" is standard input. */
char *topology_file_read(const char *name, struct topology_file **filep) OVS_WARN_UNUSED_RESULT;

void topology_file_destroy(struct topology_file *);

#endif /* dfctl/topology-file.h */
