/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "service/dispatch.h"

#include <inttypes.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(dispatch);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

struct dispatch {
    /* By reason; that of 0, and of what no service takes, is NULL. */
    const struct packet_service *entries[PIN_N_REASONS];
    void *services[PIN_N_REASONS];
    uint64_t counts[PIN_N_REASONS][N_PACKET_OUTCOMES];
};

struct dispatch *
dispatch_create(void)
{
    return xzalloc(sizeof(struct dispatch));
}

void
dispatch_destroy(struct dispatch *d)
{
    free(d);
}

void
dispatch_register(struct dispatch *d, const struct packet_service *entry, void *service)
{
    ovs_assert(entry->reason && entry->reason < PIN_N_REASONS && !d->entries[entry->reason]);
    d->entries[entry->reason] = entry;
    d->services[entry->reason] = service;
}

void
dispatch_packet_in(struct dispatch *d, const struct pipeline_packet_in *pin, const void *frame,
                   size_t len, long long int now)
{
    const struct packet_service *entry = d->entries[pin->reason];

    if (!entry || pin->payload_len != entry->payload_len) {
        VLOG_DBG_RL(&rl, "a packet came for no known reason (%s, %" PRIuSIZE " bytes of payload)",
                    entry ? entry->name : "unknown", pin->payload_len);
        d->counts[0][PACKET_MALFORMED]++;
        return;
    }
    d->counts[pin->reason][entry->handle(d->services[pin->reason], pin, frame, len, now)]++;
}

const char *
dispatch_reason_name(const struct dispatch *d, enum packet_in_reason reason)
{
    const struct packet_service *entry = d->entries[reason];

    return entry ? entry->name : reason ? NULL : "unknown";
}

uint64_t
dispatch_count(const struct dispatch *d, enum packet_in_reason reason, enum packet_outcome outcome)
{
    return d->counts[reason][outcome];
}

static void
format_reason(const char *name, const uint64_t counts[N_PACKET_OUTCOMES], int indent, struct ds *ds)
{
    static const char *const outcomes[N_PACKET_OUTCOMES] = {
        [PACKET_ANSWERED] = "sent",
        [PACKET_LIMITED] = "rate-limited",
        [PACKET_NOT_ALLOWED] = "not allowed",
        [PACKET_MALFORMED] = "malformed",
        [PACKET_NO_SOURCE] = "without source address",
        [PACKET_QUEUED] = "queued",
    };

    ds_put_char_multiple(ds, ' ', indent);
    for (const char *p = name; *p; p++) {
        ds_put_char(ds, *p == '_' ? ' ' : *p);
    }
    ds_put_char(ds, ':');
    for (size_t i = 0; i < N_PACKET_OUTCOMES; i++) {
        ds_put_format(ds, "%s %" PRIu64 " %s", i ? "," : "", counts[i], outcomes[i]);
    }
    ds_put_char(ds, '\n');
}

void
dispatch_format(const struct dispatch *d, int indent, struct ds *ds)
{
    for (size_t i = 1; i < PIN_N_REASONS; i++) {
        uint64_t total = 0;

        for (size_t j = 0; j < N_PACKET_OUTCOMES; j++) {
            total += d->counts[i][j];
        }
        if (total) {
            format_reason(d->entries[i]->name, d->counts[i], indent, ds);
        }
    }
    if (d->counts[0][PACKET_MALFORMED]) {
        ds_put_char_multiple(ds, ' ', indent);
        ds_put_format(ds, "not of this pipeline: %" PRIu64 "\n", d->counts[0][PACKET_MALFORMED]);
    }
}
