/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "service/strangers.h"

#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "service/dispatch.h"
#include "svec.h"
#include "util.h"

/* Of more at a time the least recent one is forgotten. */
#define MAX_STRANGERS 8

/* A chassis whose row is only on its way is no stranger. */
#define PATIENCE_MSEC 3000
#define MEMORY_MSEC 60000

struct stranger {
    struct in6_addr ip; /* All-zero: none. */
    long long int first, last;
};

struct strangers {
    struct stranger strangers[MAX_STRANGERS];
    uint64_t count;
};

struct strangers *
strangers_create(void)
{
    return xzalloc(sizeof(struct strangers));
}

void
strangers_destroy(struct strangers *s)
{
    free(s);
}

/* A packet came from 'ip', an IPv4-mapped or IPv6 address. */
static void
strangers_add(struct strangers *s, const struct in6_addr *ip, long long int now)
{
    struct stranger *found = &s->strangers[0];

    s->count++;
    for (size_t i = 0; i < MAX_STRANGERS; i++) {
        struct stranger *stranger = &s->strangers[i];

        if (ipv6_addr_equals(&stranger->ip, ip)) {
            found = stranger;
            break;
        }
        if (stranger->last < found->last) {
            found = stranger;
        }
    }
    if (!ipv6_addr_equals(&found->ip, ip) || now - found->last > MEMORY_MSEC) {
        *found = (struct stranger){.ip = *ip, .first = now};
    }
    found->last = now;
}

static enum packet_outcome
handle(void *s, const struct pipeline_packet_in *pin, const void *frame OVS_UNUSED,
       size_t len OVS_UNUSED, long long int now)
{
    strangers_add(s, &pin->tunnel_source, now);
    return PACKET_NOT_ALLOWED;
}

void
strangers_register(struct strangers *s, struct dispatch *d)
{
    static const struct packet_service entry = {PIN_STRANGER, "stranger", 0, handle};

    dispatch_register(d, &entry, s);
}

uint64_t
strangers_count(const struct strangers *s)
{
    return s->count;
}

void
strangers_problems(const struct strangers *s, long long int now, struct svec *problems)
{
    for (size_t i = 0; i < MAX_STRANGERS; i++) {
        const struct stranger *stranger = &s->strangers[i];
        struct ds problem = DS_EMPTY_INITIALIZER;

        if (!ipv6_addr_is_set(&stranger->ip) || stranger->last - stranger->first < PATIENCE_MSEC
            || now - stranger->last > MEMORY_MSEC) {
            continue;
        }
        ds_put_cstr(&problem, "tunnel packets from ");
        ipv6_format_mapped(&stranger->ip, &problem);
        ds_put_cstr(&problem, " are dropped, as that is the tunnel address of no chassis; if a "
                              "chassis sends them, its row in the NB database is missing or has "
                              "another address (dragonflow-encap-ip there)");
        svec_add_nocopy(problems, ds_steal_cstr(&problem));
    }
}
