/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "zones.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bitmap.h"
#include "hash.h"
#include "openvswitch/hmap.h"
#include "openvswitch/vlog.h"
#include "topology/nat.h"
#include "topology/topology.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(zones);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);

/* Zone 0 is that of what has none; those from here on belong to the same routers. */
#define N_ZONES ZONE_FRAGMENTS_IN

/* A line of the file. */
#define LINE_LEN (UUID_LEN + 16)

struct zone {
    struct hmap_node node; /* In 'zones', by router. */
    struct uuid router;
    uint16_t number;
    bool used; /* By the last look. */
};

struct zones {
    char *path, *new_path; /* NULL: no file. */
    struct hmap zones;
    unsigned long *taken; /* Bitmap: those in 'zones', and */
    unsigned long *stale; /* those that are to be flushed. */
    size_t n_stale;
    uint64_t seqno; /* Of the topology's translations when they were last looked at. */
    bool complete;
};

static struct zone *
find(const struct zones *z, const struct uuid *router)
{
    struct zone *zone;

    HMAP_FOR_EACH_WITH_HASH (zone, node, uuid_hash(router), &z->zones) {
        if (uuid_equals(&zone->router, router)) {
            return zone;
        }
    }
    return NULL;
}

static struct zone *
add(struct zones *z, const struct uuid *router, uint16_t number)
{
    struct zone *zone = xzalloc(sizeof *zone);

    zone->router = *router;
    zone->number = number;
    hmap_insert(&z->zones, &zone->node, uuid_hash(router));
    bitmap_set1(z->taken, number);
    return zone;
}

/* --- The file ----------------------------------------------------------- */

static void
load_line(struct zones *z, char *line)
{
    char *save_ptr = NULL;
    const char *router = strtok_r(line, " \n", &save_ptr);
    const char *number = strtok_r(NULL, " \n", &save_ptr);
    struct uuid uuid;
    int value;

    if (number && uuid_from_string(&uuid, router) && str_to_int(number, 10, &value) && value > 0
        && value < N_ZONES && !bitmap_is_set(z->taken, value) && !find(z, &uuid)) {
        add(z, &uuid, value);
    }
}

static void
load(struct zones *z)
{
    FILE *file = z->path ? fopen(z->path, "r") : NULL;
    char line[LINE_LEN];

    if (file) {
        while (fgets(line, sizeof line, file)) {
            load_line(z, line);
        }
        fclose(file);
    }
}

/* Returns 0 or an errno. */
static int
write_file(const struct zones *z)
{
    FILE *file = fopen(z->new_path, "w");
    const struct zone *zone;

    if (!file) {
        return errno;
    }
    HMAP_FOR_EACH (zone, node, &z->zones) {
        fprintf(file, UUID_FMT " %u\n", UUID_ARGS(&zone->router), zone->number);
    }

    int error = ferror(file) ? EIO : 0;
    if (fclose(file) && !error) {
        error = errno;
    }
    return error ? error : rename(z->new_path, z->path) ? errno : 0;
}

static void
save(const struct zones *z)
{
    int error = z->path ? write_file(z) : 0;

    if (error) {
        VLOG_WARN_RL(&rl,
                     "%s: could not be written (%s): connections that are translated will be cut "
                     "when this program is started anew",
                     z->path, ovs_strerror(error));
    }
}

/* --- Life --------------------------------------------------------------- */

struct zones *
zones_create(const char *path)
{
    struct zones *z = xzalloc(sizeof *z);

    hmap_init(&z->zones);
    z->taken = bitmap_allocate(N_ZONES);
    z->stale = bitmap_allocate(N_ZONES);
    bitmap_set1(z->taken, 0);
    if (path) {
        z->path = xstrdup(path);
        z->new_path = xasprintf("%s.new", path);
    }
    load(z);
    return z;
}

void
zones_destroy(struct zones *z)
{
    struct zone *zone;

    if (z) {
        HMAP_FOR_EACH_SAFE (zone, node, &z->zones) {
            free(zone);
        }
        hmap_destroy(&z->zones);
        bitmap_free(z->taken);
        bitmap_free(z->stale);
        free(z->path);
        free(z->new_path);
        free(z);
    }
}

/* --- Who has which ------------------------------------------------------ */

struct look {
    struct zones *zones;
    struct topology *topology;
    bool changed;
};

static void
take(const struct uuid *router, void *look_)
{
    struct look *look = look_;
    struct zones *z = look->zones;
    struct zone *zone = find(z, router);

    if (!zone) {
        size_t number = bitmap_scan(z->taken, 0, 0, N_ZONES);

        if (number == N_ZONES) {
            VLOG_WARN_RL(&rl, "there are no conntrack zones left: a router translates no sources");
            return;
        }
        zone = add(z, router, number);
        look->changed = true;
    }
    zone->used = true;
    topology_set_zone(look->topology, router, zone->number);
}

static void
give_back(struct zones *z, struct zone *zone, struct topology *t)
{
    topology_set_zone(t, &zone->router, 0);
    bitmap_set1(z->stale, zone->number);
    z->n_stale++;
    hmap_remove(&z->zones, &zone->node);
    free(zone);
}

void
zones_run(struct zones *z, struct topology *t, bool complete)
{
    struct look look = {.zones = z, .topology = t};
    struct zone *zone;

    if (z->seqno == topology_translations_seqno(t) && z->complete == complete) {
        return;
    }
    z->seqno = topology_translations_seqno(t);
    z->complete = complete;

    HMAP_FOR_EACH (zone, node, &z->zones) {
        zone->used = false;
    }
    topology_for_each_translating_router(t, take, &look);
    HMAP_FOR_EACH_SAFE (zone, node, &z->zones) {
        if (!zone->used && complete) {
            give_back(z, zone, t);
            look.changed = true;
        }
    }
    if (look.changed) {
        save(z);
    }
}

void
zones_load(const struct zones *z, struct topology *t)
{
    const struct zone *zone;

    HMAP_FOR_EACH (zone, node, &z->zones) {
        if (zone->used) {
            topology_set_zone(t, &zone->router, zone->number);
        }
    }
}

void
zones_flush(struct zones *z, zones_flush_cb *flush, void *aux)
{
    size_t number;

    if (!z->n_stale) {
        return;
    }
    BITMAP_FOR_EACH_1(number, N_ZONES, z->stale)
    {
        if (!flush(aux, number) || !flush(aux, number + ZONE_FRAGMENTS_IN)
            || !flush(aux, number + ZONE_FRAGMENTS_OUT)) {
            return;
        }
        bitmap_set0(z->stale, number);
        bitmap_set0(z->taken, number);
        z->n_stale--;
    }
}
