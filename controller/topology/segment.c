/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/segment.h"

#include "hash.h"
#include "topology/private.h"
#include "util.h"

/* The networks that may have become active or inactive. */
static void
segment_changed(struct topology *t, struct segment *segment)
{
    struct network *n;

    t->interest_seqno++;
    LIST_FOR_EACH (n, segment_node, &segment->networks) {
        fact_changed(t->engine, &n->fact);
        advertisements_changed(t, n);
    }
}

/* A network that has ports precedes one that has none: a row added by mistake must
 * not disable one that is in use.  Then the lower UUID. */
static bool
network_precedes(const struct network *a, const struct network *b)
{
    bool a_used = a->refs > 1; /* Being defined counts as one. */
    bool b_used = b->refs > 1;

    return a_used != b_used ? a_used : uuid_compare_3way(&a->uuid, &b->uuid) < 0;
}

void
segment_join(struct topology *t, struct network *network)
{
    const struct network_config *c = &network->config;
    const char *physnet = network_type_is_provider(c->type) ? c->physical_network : NULL;
    uint32_t hash = hash_string(physnet ? physnet : "", hash_2words(c->type, c->segmentation_id));
    struct segment *s;
    struct network *other;

    if (c->type == NETWORK_LOCAL) {
        return;
    }

    HMAP_FOR_EACH_WITH_HASH (s, node, hash, &t->segments) {
        if (s->type == c->type && s->id == c->segmentation_id
            && nullable_string_is_equal(s->physical_network, physnet)) {
            goto found;
        }
    }
    s = xzalloc(sizeof *s);
    s->type = c->type;
    s->id = c->segmentation_id;
    s->physical_network = nullable_xstrdup(physnet);
    ovs_list_init(&s->networks);
    hmap_insert(&t->segments, &s->node, hash);

found:
    network->segment = s;
    LIST_FOR_EACH (other, segment_node, &s->networks) {
        if (network_precedes(network, other)) {
            ovs_list_insert(&other->segment_node, &network->segment_node);
            segment_changed(t, s);
            return;
        }
    }
    ovs_list_push_back(&s->networks, &network->segment_node);
    segment_changed(t, s);
}

void
segment_leave(struct topology *t, struct network *network)
{
    struct segment *s = network->segment;

    if (!s) {
        return;
    }
    fact_changed(t->engine, &network->fact);
    advertisements_changed(t, network);
    ovs_list_remove(&network->segment_node);
    network->segment = NULL;
    segment_changed(t, s);
    if (ovs_list_is_empty(&s->networks)) {
        hmap_remove(&t->segments, &s->node);
        free(s->physical_network);
        free(s);
    }
}

void
segment_rank(struct topology *t, struct network *network)
{
    if (network->segment && !ovs_list_is_short(&network->segment->networks)) {
        segment_leave(t, network);
        segment_join(t, network);
    }
}

bool
network_is_active(const struct network *network)
{
    return network->defined
           && (!network->segment
               || ovs_list_front(&network->segment->networks) == &network->segment_node);
}
