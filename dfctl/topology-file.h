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
 *       external: true                # default: false; vlan and flat only
 *       external-ids: {key: value}
 *       subnets:
 *       - name: blue-v4
 *         cidr: 10.0.1.0/24
 *         gateway: 10.0.1.1           # or ~: none
 *       - name: blue-v6
 *         cidr: 2001:db8:1::/64
 *         ra-mode: slaac              # or ~: no router advertisements
 *         address-mode: slaac         # or ~: none
 *         dns-servers: [2001:db8::53] # default: none
 *         dns-search: [example.org]   # default: none
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
 *         router-preference: high     # or ~: medium
 *       nat:
 *       - name: fip
 *         type: dnat_and_snat         # or snat
 *         external-ip: 203.0.113.5
 *         logical-ip: 10.0.1.5        # or a prefix, of snat
 *         external-mac: fa:16:3e:00:02:05  # or ~: none
 *       routes:
 *       - 10.9.0.0/16 via 10.0.1.254
 *
 * Every object takes "external-ids".  The keys are those of nb/tables.h.  The defaults are those of
 * an object that is created; see apply.c for what becomes of one that exists.  Unknown and repeated
 * keys, repeated names and malformed values are errors, which name file and line.  Whatever needs
 * other objects to judge (an address outside the subnets) is left to nb_check().
 *
 * The parser reads a memory buffer, knows nothing of the database, and holds for
 * any input. */

#include <stdbool.h>
#include <stddef.h>

#include "nb/tables.h"
#include "openvswitch/shash.h"
#include "smap.h"
#include "svec.h"

struct file_object {
    const struct nb_table *table;
    const char *name;         /* The value of its first column. */
    int line;                 /* Where it begins, from 1. */
    unsigned int given;       /* Bit i: the file has the key of column i of the table. */
    struct svec *values;      /* By column, canonical; what is not given is the default. */
    struct smap external_ids; /* Of column NB_EXTERNAL_IDS, which has no 'values'. */
};

/* Whether the file has the key of 'column', which is one of the object's table. */
bool file_object_has(const struct file_object *, const struct nb_column *column);

/* The first and the last line of what "export" writes.  A file that has the first must have
 * the last one, or it was cut off, and --prune would delete what is missing. */
#define EXPORT_BEGIN "# exported by dfctl; complete only with its last line\n"
#define EXPORT_END "# end of export\n"

/* All values are well-formed.  References to what is not in the file are possible. */
struct topology_file {
    char *name;                        /* Of the file, for messages. */
    struct shash objects[NB_N_TABLES]; /* By name, struct file_object. */
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
