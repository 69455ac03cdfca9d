/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology/host.h"

#include <string.h>

#include "util.h"

void
host_init(struct host *host)
{
    memset(host->tunnel_ofport, 0, sizeof host->tunnel_ofport);
    host->reinject_ofport = 0;
    shash_init(&host->provider_ofports);
}

void
host_destroy(struct host *host)
{
    shash_destroy_free_data(&host->provider_ofports);
}

void
host_set_provider(struct host *host, const char *physnet, ofp_port_t ofport)
{
    ofp_port_t *p = xmalloc(sizeof *p);

    *p = ofport;
    free(shash_replace(&host->provider_ofports, physnet, p));
}

bool
host_equal(const struct host *a, const struct host *b)
{
    const struct shash_node *node;

    if (memcmp(a->tunnel_ofport, b->tunnel_ofport, sizeof a->tunnel_ofport)
        || a->reinject_ofport != b->reinject_ofport
        || shash_count(&a->provider_ofports) != shash_count(&b->provider_ofports)) {
        return false;
    }
    SHASH_FOR_EACH (node, &a->provider_ofports) {
        const ofp_port_t *x = node->data;
        const ofp_port_t *y = shash_find_data(&b->provider_ofports, node->name);
        if (!y || *x != *y) {
            return false;
        }
    }
    return true;
}

void
host_copy(struct host *dst, const struct host *src)
{
    const struct shash_node *node;

    host_init(dst);
    memcpy(dst->tunnel_ofport, src->tunnel_ofport, sizeof dst->tunnel_ofport);
    dst->reinject_ofport = src->reinject_ofport;
    SHASH_FOR_EACH (node, &src->provider_ofports) {
        host_set_provider(dst, node->name, *(const ofp_port_t *) node->data);
    }
}
