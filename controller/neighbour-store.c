/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "neighbour-store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nb/ip.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "service/resolver.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(neighbour_store);

#define INTERVAL_MSEC 1000

/* A line: UUID, address, MAC address, and what is between. */
#define LINE_LEN (UUID_LEN + INET6_ADDRSTRLEN + 17 + 4)

struct neighbour_store {
    char *path, *new_path;
    uint64_t written;   /* resolver_seqno() of what the file has. */
    long long int next; /* When it may be written again. */
};

struct neighbour_store *
neighbour_store_create(const char *path)
{
    struct neighbour_store *s = xzalloc(sizeof *s);

    s->path = xstrdup(path);
    s->new_path = xasprintf("%s.new", path);
    return s;
}

/* --- Writing ------------------------------------------------------------ */

static void
write_line(const struct resolver_neighbour *n, void *file)
{
    if (!eth_addr_is_zero(n->mac)) {
        char *ip = address_format(n->ip);

        fprintf(file, UUID_FMT " %s " ETH_ADDR_FMT "\n", UUID_ARGS(n->network), ip,
                ETH_ADDR_ARGS(n->mac));
        free(ip);
    }
}

/* Returns 0 or an errno. */
static int
write_file(const struct neighbour_store *s, const struct resolver *r)
{
    FILE *file = fopen(s->new_path, "w");

    if (!file) {
        return errno;
    }
    resolver_for_each(r, write_line, file);

    int error = ferror(file) ? EIO : 0;
    if (fclose(file) && !error) {
        error = errno;
    }
    return error ? error : rename(s->new_path, s->path) ? errno : 0;
}

static void
save(struct neighbour_store *s, const struct resolver *r)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);
    int error = write_file(s, r);

    if (error) {
        VLOG_WARN_RL(&rl,
                     "%s: could not be written (%s): the next run of this program will not know "
                     "the physical hosts that routers send to, until it has asked for them",
                     s->path, ovs_strerror(error));
    }
    s->written = resolver_seqno(r);
}

long long int
neighbour_store_run(struct neighbour_store *s, const struct resolver *r, long long int now)
{
    if (resolver_seqno(r) == s->written) {
        return LLONG_MAX;
    }
    if (now >= s->next) {
        save(s, r);
        s->next = now + INTERVAL_MSEC;
        return LLONG_MAX;
    }
    return s->next;
}

void
neighbour_store_destroy(struct neighbour_store *s, const struct resolver *r)
{
    if (s) {
        if (resolver_seqno(r) != s->written) {
            save(s, r);
        }
        free(s->path);
        free(s->new_path);
        free(s);
    }
}

/* --- Reading ------------------------------------------------------------ */

static void
load_line(char *line, struct resolver *r, long long int now)
{
    char *save_ptr = NULL;
    const char *network = strtok_r(line, " \n", &save_ptr);
    const char *address = strtok_r(NULL, " \n", &save_ptr);
    const char *mac = strtok_r(NULL, " \n", &save_ptr);
    struct eth_addr ea;
    struct in6_addr ip;
    struct uuid uuid;

    if (mac && uuid_from_string(&uuid, network) && eth_addr_from_string(mac, &ea)) {
        char *error = address_parse(address, &ip);

        if (!error) {
            resolver_restore(r, &uuid, &ip, ea, now);
        }
        free(error);
    }
}

void
neighbour_store_load(struct neighbour_store *s, struct resolver *r, long long int now)
{
    FILE *file = fopen(s->path, "r");
    char line[LINE_LEN];

    if (file) {
        while (fgets(line, sizeof line, file)) {
            load_line(line, r, now);
        }
        fclose(file);
    }
    s->written = resolver_seqno(r);
}
