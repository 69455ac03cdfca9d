/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "service/packet-queue.h"

#include <stdlib.h>

#include "dp-packet.h"
#include "util.h"

void
packet_queue_init(struct packet_queue *q, size_t max_each, size_t max_all)
{
    *q = (struct packet_queue){.max_each = max_each, .max_all = max_all};
    ovs_list_init(&q->all);
}

static void
remove_packet(struct packet_queue *q, struct queued_packet *p)
{
    ovs_list_remove(&p->in_one);
    ovs_list_remove(&p->in_all);
    q->n--;
}

void
packet_queue_add(struct packet_queue *q, struct ovs_list *one, const struct pipeline_packet_in *pin,
                 const void *frame, size_t len)
{
    struct queued_packet *oldest = NULL;

    if (ovs_list_size(one) >= q->max_each) {
        oldest = CONTAINER_OF(ovs_list_front(one), struct queued_packet, in_one);
    } else if (q->n >= q->max_all) {
        oldest = CONTAINER_OF(ovs_list_front(&q->all), struct queued_packet, in_all);
    }
    if (oldest) {
        remove_packet(q, oldest);
        queued_packet_destroy(oldest);
        q->n_dropped++;
    }

    struct queued_packet *p = xmalloc(sizeof *p);
    *p = (struct queued_packet){.pin = *pin, .packet = dp_packet_clone_data(frame, len)};
    p->pin.payload = NULL;
    p->pin.payload_len = 0;
    ovs_list_push_back(one, &p->in_one);
    ovs_list_push_back(&q->all, &p->in_all);
    q->n++;
}

struct queued_packet *
packet_queue_take(struct packet_queue *q, struct ovs_list *one)
{
    if (ovs_list_is_empty(one)) {
        return NULL;
    }

    struct queued_packet *p = CONTAINER_OF(ovs_list_front(one), struct queued_packet, in_one);
    remove_packet(q, p);
    return p;
}

void
queued_packet_destroy(struct queued_packet *p)
{
    dp_packet_delete(p->packet);
    free(p);
}
